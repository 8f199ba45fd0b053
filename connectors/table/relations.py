"""Rows of appointments and assignments: which authenticated person is named where, and who guides whom.

What a row does not say for certain appoints nobody: such rows were taken out, and counted, when the drop was loaded.
"""

from collections.abc import Collection
from datetime import date

from connectors.table.cells import Row
from connectors.table.settings import RowSettings
from connectors.table.snapshot import Snapshot, grouped
from hoks.caller import Role
from hoks.identifiers import LearnerOid, PersonOid, StudyRightOid
from hoks.relations import Appointment, AppointmentKind, Assignment

_APPOINTMENTS = "SELECT * FROM appointments WHERE person_oid IN ({keys}) ORDER BY rowid"
_ASSIGNMENTS = "SELECT * FROM assignments WHERE person_oid IN ({keys}) ORDER BY rowid"

_EVERY_ASSIGNMENT = "SELECT * FROM assignments ORDER BY rowid"

_KINDS = {"instructor": AppointmentKind.INSTRUCTOR, "assessor": AppointmentKind.ASSESSOR}


def read_appointments(
    snapshot: Snapshot, people: Collection[PersonOid], settings: RowSettings
) -> dict[str, tuple[Appointment, ...]]:
    """What each person is appointed to, by the OID that was asked."""
    rows = grouped(snapshot.ask(_APPOINTMENTS, people), "person_oid")
    return {
        person: tuple(dict.fromkeys(_appointment(row, settings) for row in of_one)) for person, of_one in rows.items()
    }


def read_assignments(
    snapshot: Snapshot, people: Collection[PersonOid], settings: RowSettings
) -> dict[str, tuple[Assignment, ...]]:
    """Whom each person guides, by the OID that was asked."""
    rows = grouped(snapshot.ask(_ASSIGNMENTS, people), "person_oid")
    return {
        person: tuple(dict.fromkeys(_assignment(row, settings) for row in of_one)) for person, of_one in rows.items()
    }


def every_assignment(snapshot: Snapshot, settings: RowSettings) -> tuple[Assignment, ...]:
    """Everybody whom anybody guides."""
    return tuple(dict.fromkeys(_assignment(row, settings) for row in snapshot.rows(_EVERY_ASSIGNMENT)))


def _appointment(row: Row, settings: RowSettings) -> Appointment:
    return Appointment(
        person=PersonOid(row["person_oid"] or ""),
        kind=_KINDS[row["kind"] or ""],
        learner=LearnerOid(row["learner_oid"] or ""),
        right=StudyRightOid(row["right_oid"] or ""),
        part_key=row["part_key"],
        unit_uri=_unit_uri(row["unit_code"], settings.code_prefixes.appointed_unit),
        start_date=_day(row["start"]),
        end_date=_day(row["end"]),
        environment=row["environment"],
    )


def _assignment(row: Row, settings: RowSettings) -> Assignment:
    return Assignment(
        person=PersonOid(row["person_oid"] or ""),
        role=Role(row["role"] or ""),
        learner=LearnerOid(row["learner_oid"] or ""),
        provider=settings.provider,
        group=row["group"],
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _unit_uri(code: str | None, prefix: str) -> str | None:
    """A unit's code in full; one that names its set already may be of another set than the prefix."""
    return prefix + code if code and "_" not in code else code

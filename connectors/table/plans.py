"""Rows to whole plans (HOKS): a fixed number of queries for a batch, then each plan from its own rows alone."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar, get_args

import msgspec

from connectors.table.cells import Cells, Notes, Row, own_key
from connectors.table.competence import PlanRows, Reading, under
from connectors.table.settings import PlannedKind, PriorKind, RowSettings
from connectors.table.snapshot import Snapshot, grouped
from connectors.table.statements import sql
from connectors.table.units import (
    learning_support,
    planned_common_unit,
    planned_local_unit,
    planned_vocational_unit,
    preparatory_part,
    prior_common_unit,
    prior_local_unit,
    prior_vocational_unit,
    study_skills,
)
from hoks.findings import FindingCode
from hoks.identifiers import Check, LearnerOid, StudyRightOid, check_learner_oid, check_study_right_oid
from hoks.items import Item
from hoks.plan import Hoks

T = TypeVar("T")

# The student of a plan is the person of its right; of a copy of a partner's plan, of our right that is included in it.
# INVARIANT: rows that point at two persons name nobody.
_PLANS = """
SELECT plans.*, (
    SELECT CASE WHEN count(DISTINCT people.oid) = 1 THEN max(people.oid) END
    FROM rights JOIN people ON people.key = rights.person_key
    WHERE rights.oid = plans.for_right
) AS student_oid, (
    SELECT CASE WHEN count(DISTINCT people.oid) = 1 THEN max(people.oid) END
    FROM rights JOIN people ON people.key = rights.person_key
    WHERE rights.included_in_oid = plans.for_right
) AS linked_student_oid
FROM plans WHERE for_right IN ({keys}) ORDER BY rowid"""
_UNITS = "SELECT * FROM units WHERE plan_key IN ({keys}) ORDER BY rowid"
_PRIOR_UNITS = "SELECT * FROM prior_units WHERE plan_key IN ({keys}) ORDER BY rowid"
_OF_UNITS = "(SELECT key FROM units WHERE plan_key IN ({keys}))"
_OF_PRIOR_UNITS = "(SELECT key FROM prior_units WHERE plan_key IN ({keys}))"
_PERIODS = sql("SELECT * FROM periods WHERE unit_key IN {units} ORDER BY rowid", units=_OF_UNITS)
_OF_PERIODS = sql("(SELECT key FROM periods WHERE unit_key IN {units})", units=_OF_UNITS)
_ENVIRONMENTS = sql("SELECT * FROM environments WHERE period_key IN {periods} ORDER BY rowid", periods=_OF_PERIODS)
_INTERRUPTIONS = sql("SELECT * FROM interruptions WHERE period_key IN {periods} ORDER BY rowid", periods=_OF_PERIODS)
_SHOWN = sql("unit_key IN {units} OR prior_key IN {prior_units}", units=_OF_UNITS, prior_units=_OF_PRIOR_UNITS)
_DEMONSTRATIONS = sql("SELECT * FROM demonstrations WHERE {shown} ORDER BY rowid", shown=_SHOWN)
_ASSESSORS = sql(
    """
SELECT * FROM assessors
WHERE demonstration_key IN (SELECT key FROM demonstrations WHERE {shown}) OR prior_key IN {prior_units}
ORDER BY rowid""",
    shown=_SHOWN,
    prior_units=_OF_PRIOR_UNITS,
)


def read_plans(
    snapshot: Snapshot, rights: Collection[StudyRightOid], settings: RowSettings
) -> dict[str, tuple[Hoks, ...]]:
    """The plans of each right that has one."""
    plans = snapshot.ask(_PLANS, rights)
    rows = _plan_rows(snapshot, [key for plan in plans if (key := plan["key"]) is not None])
    return {
        right: tuple(_plan(row, rows, settings) for row in of_right)
        for right, of_right in grouped(plans, "for_right").items()
    }


def _plan_rows(snapshot: Snapshot, keys: Collection[str]) -> PlanRows:
    demonstrations = snapshot.ask(_DEMONSTRATIONS, keys)
    assessors = snapshot.ask(_ASSESSORS, keys)
    return PlanRows(
        units=grouped(snapshot.ask(_UNITS, keys), "plan_key"),
        prior_units=grouped(snapshot.ask(_PRIOR_UNITS, keys), "plan_key"),
        periods=grouped(snapshot.ask(_PERIODS, keys), "unit_key"),
        environments=grouped(snapshot.ask(_ENVIRONMENTS, keys), "period_key"),
        interruptions=grouped(snapshot.ask(_INTERRUPTIONS, keys), "period_key"),
        demonstrations=grouped(demonstrations, "unit_key"),
        prior_demonstrations=grouped(demonstrations, "prior_key"),
        assessors=grouped(assessors, "demonstration_key"),
        prior_assessors=grouped(assessors, "prior_key"),
    )


def _plan(row: Row, rows: PlanRows, settings: RowSettings) -> Hoks:
    reading = Reading(rows=rows, settings=settings, notes=Notes())
    cells = reading.cells(row)
    units = _Kinds(under(rows.units, row), reading)
    prior = _Kinds(under(rows.prior_units, row), reading)
    plan = Hoks(
        study_right_oid=_study_right(row, cells),
        student_oid=_student(cells),
        preparatory_study_right_oid=cells.study_right_oid("preparatory_right_oid", "preparatory_study_right_oid"),
        source_id=own_key(row),
        student_email=cells.text("student_email"),
        student_phone=cells.text("student_phone"),
        career_plan_goal=cells.code("career_plan_goal", "career_plan_goal", settings.code_prefixes.career_goal),
        version=cells.whole("version", "version"),
        first_approved_on=cells.day("first_approved_on", "first_approved_on"),
        approved_at=cells.moment("approved_at", "approved_at"),
        updated_at=cells.moment("updated_at", "updated_at"),
        competence_achieved_on=cells.day("competence_achieved_on", "competence_achieved_on"),
        competence_acquisition_needed=cells.truth("competence_acquisition_needed", "competence_acquisition_needed"),
        entered_manually=cells.truth("entered_manually", "entered_manually"),
        prior_vocational_units=prior.read("vocational", prior_vocational_unit),
        prior_common_units=prior.read_common(prior_common_unit),
        prior_local_units=prior.read("local", prior_local_unit),
        learning_support=units.read("learning_support", learning_support),
        studies_supporting_study_skills=units.read("study_skills", study_skills),
        planned_vocational_units=units.read("vocational", planned_vocational_unit),
        planned_common_units=units.read_common(planned_common_unit),
        planned_local_units=units.read("local", planned_local_unit),
        planned_preparatory_parts=units.read("preparatory", preparatory_part),
    )
    cells.settle(plan, "", reading.notes)
    if units.has_others_than(get_args(PlannedKind)):
        reading.notes.add(FindingCode.UNKNOWN_CODE, "plannedVocationalUnits", Item.D2u)
    if prior.has_others_than(get_args(PriorKind)):
        reading.notes.add(FindingCode.UNKNOWN_CODE, "priorVocationalUnits", Item.D5)
    return msgspec.structs.replace(plan, findings=reading.notes.all())


class _Kinds:
    """The units of one plan, by kind. A unit of an unknown kind is in no list of a plan."""

    def __init__(self, rows: Sequence[Row], reading: Reading) -> None:
        self._reading = reading
        self._by_kind = grouped(rows, "kind")
        self._without_kind = any(row["kind"] is None for row in rows)
        self._subareas = grouped(self._by_kind.get("subarea", ()), "parent_key")

    def read(self, kind: str, read: Callable[[Row, Reading], T]) -> tuple[T, ...]:
        """The units of a kind."""
        return tuple(read(row, self._reading) for row in self._by_kind.get(kind, ()))

    def read_common(self, read: Callable[[Row, Sequence[Row], Reading], T]) -> tuple[T, ...]:
        """The common units, each with its own subareas; a subarea of another plan's unit is nobody's."""
        return tuple(read(row, under(self._subareas, row), self._reading) for row in self._by_kind.get("common", ()))

    def has_others_than(self, kinds: Collection[str]) -> bool:
        """Whether a unit has another kind than these."""
        return self._without_kind or not self._by_kind.keys() <= set(kinds)


def _study_right(row: Row, cells: Cells) -> StudyRightOid:
    oid = row["for_right"] or ""
    if check_study_right_oid(oid) is Check.BAD_CHECK_DIGIT:
        cells.note(FindingCode.BAD_CHECK_DIGIT, "study_right_oid")
    return StudyRightOid(oid)


def _student(cells: Cells) -> LearnerOid | None:
    oid = cells.text("student_oid") or cells.text("linked_student_oid")
    if oid and check_learner_oid(oid) is Check.BAD_CHECK_DIGIT:
        cells.note(FindingCode.BAD_CHECK_DIGIT, "student_oid")
    return LearnerOid(oid) if oid else None

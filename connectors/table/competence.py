"""Rows to ways of acquiring competence and to demonstrations, with the people and places named in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.table.cells import Cells, Notes, Row, own_key, prefixed
from connectors.table.settings import RowSettings
from hoks.codes import AcquisitionMode, mode_of
from hoks.competence import (
    CompetenceAcquisition,
    CompetenceDemonstration,
    DemonstrationEnvironment,
    Interruption,
    OtherLearningEnvironment,
    ProviderAssessor,
    ProviderPerson,
    WorkingLifeAssessor,
    WorkplaceInstructor,
    WorkplaceLearning,
)
from hoks.findings import FindingCode
from hoks.values import Code

Groups = Mapping[str, Sequence[Row]]
"""Rows by the key of what they belong to."""

_ASSESSORS = frozenset({"provider", "working_life", "prior"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRows:
    """The rows of the plans that were asked for, each kind by the key of what it belongs to."""

    units: Groups
    prior_units: Groups
    periods: Groups
    environments: Groups
    interruptions: Groups
    demonstrations: Groups
    prior_demonstrations: Groups
    assessors: Groups
    prior_assessors: Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One plan being read: its rows, how they are written, and what was found wrong."""

    rows: PlanRows
    settings: RowSettings
    notes: Notes

    def cells(self, row: Row) -> Cells:
        """A row to be read as one record."""
        return Cells(row, self.settings)


def under(groups: Groups, row: Row) -> Sequence[Row]:
    """The rows that belong to a row; to one without a key, none."""
    key = row["key"]
    return groups.get(key, ()) if key is not None else ()


# --- acquiring competence -------------------------------------------------------------------------------------


def acquisitions(unit: Row, place: str, reading: Reading) -> tuple[CompetenceAcquisition, ...]:
    """The periods of a unit."""
    place = f"{place}.acquisitions"
    return tuple(_acquisition(row, place, reading) for row in under(reading.rows.periods, unit))


def _acquisition(row: Row, place: str, reading: Reading) -> CompetenceAcquisition:
    cells = reading.cells(row)
    mode_code = cells.translated("mode", "mode_code", reading.settings.codes.mode, required=True)
    mode = mode_of(mode_code)
    if mode is AcquisitionMode.UNKNOWN:
        cells.note(FindingCode.UNKNOWN_CODE, "mode_code")
    acquisition = CompetenceAcquisition(
        source_key=cells.text("source_key") or own_key(row),
        start_date=cells.day("start", "start_date", required=True),
        end_date=cells.day("end", "end_date", required=True),
        period_detail=cells.text("detail"),
        mode_code=mode_code,
        mode=mode,
        provider_representative=_representative(cells, "representative", "provider_representative"),
        procuring_provider_representative=_representative(cells, "procuring", "procuring_provider_representative"),
        workplace_learning=_workplace_learning(row, f"{place}.workplace_learning", reading),
        other_learning_environments=_environments(row, cells, reading),
        working_time_percent=cells.whole("working_time_percent", "working_time_percent"),
        apprenticeship_basis=cells.code(
            "apprenticeship_basis", "apprenticeship_basis", reading.settings.code_prefixes.apprenticeship_basis
        ),
        interruptions=_interruptions(row, cells, reading),
    )
    return cells.settle(acquisition, place, reading.notes)


def _representative(cells: Cells, columns: str, field: str) -> ProviderPerson | None:
    if not cells.any(f"{columns}_name", f"{columns}_role", f"{columns}_org"):
        return None
    return ProviderPerson(
        name=cells.text(f"{columns}_name"),
        role=cells.text(f"{columns}_role"),
        organisation_oid=cells.organisation_oid(f"{columns}_org", f"{field}.organisation_oid"),
    )


def _workplace_learning(row: Row, place: str, reading: Reading) -> WorkplaceLearning | None:
    cells = reading.cells(row)
    instructor = _instructor(cells)
    if instructor is None and not cells.any("workplace_name", "workplace_business_id", "key_tasks"):
        return None
    learning = WorkplaceLearning(
        responsible_workplace_instructor=instructor,
        workplace_name=cells.text("workplace_name"),
        workplace_business_id=cells.business_id("workplace_business_id", "workplace_business_id"),
        key_tasks=cells.texts("key_tasks"),
    )
    return cells.settle(learning, place, reading.notes)


def _instructor(cells: Cells) -> WorkplaceInstructor | None:
    if not cells.any("instructor_name", "instructor_email", "instructor_phone"):
        return None
    return WorkplaceInstructor(
        name=cells.text("instructor_name"),
        email=cells.text("instructor_email"),
        phone=cells.text("instructor_phone"),
    )


def _environments(period: Row, of_period: Cells, reading: Reading) -> tuple[OtherLearningEnvironment, ...]:
    prefix = reading.settings.code_prefixes.environment
    field = "other_learning_environments"
    found = []
    for row in under(reading.rows.environments, period):
        cells = reading.cells(row)
        found.append(
            OtherLearningEnvironment(
                environment=cells.code("code", f"{field}.environment", prefix, required=True),
                start_date=cells.day("start", f"{field}.start_date", required=True),
                end_date=cells.day("end", f"{field}.end_date", required=True),
            )
        )
        of_period.take_over(cells)
    return tuple(found)


def _interruptions(period: Row, of_period: Cells, reading: Reading) -> tuple[Interruption, ...]:
    found = []
    for row in under(reading.rows.interruptions, period):
        cells = reading.cells(row)
        found.append(
            Interruption(
                start_date=cells.day("start", "interruptions.start_date", required=True),
                end_date=cells.day("end", "interruptions.end_date"),
            )
        )
        of_period.take_over(cells)
    return tuple(found)


# --- demonstrating competence ---------------------------------------------------------------------------------


def demonstrations(unit: Row, place: str, reading: Reading) -> tuple[CompetenceDemonstration, ...]:
    """The demonstrations of a planned unit."""
    place = f"{place}.demonstrations"
    return tuple(_demonstration(row, place, reading) for row in under(reading.rows.demonstrations, unit))


def prior_demonstrations(unit: Row, place: str, reading: Reading) -> tuple[CompetenceDemonstration, ...]:
    """The demonstrations that verify a prior unit."""
    place = f"{place}.skills_demonstrations"
    return tuple(_demonstration(row, place, reading) for row in under(reading.rows.prior_demonstrations, unit))


def _demonstration(row: Row, place: str, reading: Reading) -> CompetenceDemonstration:
    cells = reading.cells(row)
    assessors = under(reading.rows.assessors, row)
    if any(each["kind"] not in _ASSESSORS for each in assessors):
        cells.note(FindingCode.UNKNOWN_CODE, "provider_assessors")
    prefix = reading.settings.code_prefixes.demonstration_subarea
    demonstration = CompetenceDemonstration(
        source_key=own_key(row),
        start_date=cells.day("start", "start_date", required=True),
        end_date=cells.day("end", "end_date", required=True),
        organiser_oid=cells.organisation_oid("organiser_oid", "organiser_oid"),
        subareas=tuple(Code(uri=prefixed(each, prefix)) for each in cells.texts("subareas")),
        environment=_environment(cells),
        content_descriptions=cells.texts("contents"),
        provider_assessors=tuple(
            provider_assessor(each, "provider_assessors", cells, reading)
            for each in assessors
            if each["kind"] == "provider"
        ),
        working_life_assessors=tuple(
            _working_life_assessor(each, cells, reading) for each in assessors if each["kind"] == "working_life"
        ),
        deviation_from_requirements=cells.text("deviation"),
        individual_assessment_criteria=cells.texts("criteria"),
    )
    return cells.settle(demonstration, place, reading.notes)


def _environment(cells: Cells) -> DemonstrationEnvironment | None:
    if not cells.any("environment_name", "environment_business_id", "environment_description"):
        return None
    return DemonstrationEnvironment(
        name=cells.text("environment_name"),
        business_id=cells.business_id("environment_business_id", "environment.business_id"),
        description=cells.text("environment_description"),
    )


def provider_assessor(row: Row, field: str, holder: Cells, reading: Reading) -> ProviderAssessor:
    """An assessor from a provider; what is wrong is noted on the record that holds it, in ``field``."""
    cells = reading.cells(row)
    assessor = ProviderAssessor(
        name=cells.text("name"),
        organisation_oid=cells.organisation_oid("organisation_oid", f"{field}.organisation_oid"),
    )
    holder.take_over(cells)
    return assessor


def _working_life_assessor(row: Row, holder: Cells, reading: Reading) -> WorkingLifeAssessor:
    cells = reading.cells(row)
    assessor = WorkingLifeAssessor(
        name=cells.text("name"),
        organisation_name=cells.text("organisation_name"),
        organisation_business_id=cells.business_id(
            "organisation_business_id", "working_life_assessors.organisation_business_id"
        ),
    )
    holder.take_over(cells)
    return assessor

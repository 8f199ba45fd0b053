"""Rows to the units of a plan, planned and prior, and to the support beside them."""

from collections.abc import Sequence
from typing import TypedDict

from connectors.table.cells import Cells, Row, own_key
from connectors.table.competence import (
    Reading,
    acquisitions,
    demonstrations,
    prior_demonstrations,
    provider_assessor,
    under,
)
from hoks.codes import RecognitionProcess, UnitGroup, group_of, process_of
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration
from hoks.findings import FindingCode
from hoks.identifiers import OrganisationOid
from hoks.units import (
    AssessorReferral,
    LearningSupport,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorLocalUnit,
    PriorVocationalUnit,
    StudySkillsStudies,
)
from hoks.values import Code

# --- planned units --------------------------------------------------------------------------------------------


class _PlannedFields(TypedDict):
    source_key: str | None
    deviation_from_requirements: str | None
    acquisitions: tuple[CompetenceAcquisition, ...]
    demonstrations: tuple[CompetenceDemonstration, ...]
    provider_oid: OrganisationOid | None
    essential_circumstance_exists: bool | None
    teaching_and_guidance_hours: float | None


def _planned(row: Row, cells: Cells, place: str, reading: Reading) -> _PlannedFields:
    return {
        "source_key": own_key(row),
        "deviation_from_requirements": cells.text("deviation"),
        "acquisitions": acquisitions(row, place, reading),
        "demonstrations": demonstrations(row, place, reading),
        "provider_oid": cells.organisation_oid("provider_oid", "provider_oid"),
        "essential_circumstance_exists": cells.truth("essential_circumstance", "essential_circumstance_exists"),
        "teaching_and_guidance_hours": cells.number("hours", "teaching_and_guidance_hours"),
    }


def _code(cells: Cells, field: str, prefix: str) -> Code | None:
    return cells.code("code", field, prefix, version="code_version", required=True)


def planned_vocational_unit(row: Row, reading: Reading) -> PlannedVocationalUnit:
    """A planned vocational unit."""
    cells, place = reading.cells(row), "planned_vocational_units"
    unit = PlannedVocationalUnit(
        unit=_code(cells, "unit", reading.settings.code_prefixes.vocational),
        requirements_register_number=cells.text("requirements_number"),
        **_planned(row, cells, place, reading),
    )
    return cells.settle(unit, place, reading.notes)


def planned_local_unit(row: Row, reading: Reading) -> PlannedLocalUnit:
    """A planned local unit."""
    cells, place = reading.cells(row), "planned_local_units"
    unit = PlannedLocalUnit(
        amosaa_id=cells.text("amosaa_id"),
        name=cells.text("name"),
        extent_in_competence_points=cells.whole("extent", "extent_in_competence_points"),
        goals_and_contents=cells.text("goals"),
        **_planned(row, cells, place, reading),
    )
    return cells.settle(unit, place, reading.notes)


def planned_common_unit(row: Row, subareas: Sequence[Row], reading: Reading) -> PlannedCommonUnit:
    """A planned common unit with its subareas."""
    cells, place = reading.cells(row), "planned_common_units"
    unit = PlannedCommonUnit(
        source_key=own_key(row),
        unit=_code(cells, "unit", reading.settings.code_prefixes.common),
        provider_oid=cells.organisation_oid("provider_oid", "provider_oid"),
        subareas=tuple(_planned_subarea(each, f"{place}.subareas", reading) for each in subareas),
    )
    return cells.settle(unit, place, reading.notes)


def _planned_subarea(row: Row, place: str, reading: Reading) -> PlannedCommonUnitSubarea:
    cells = reading.cells(row)
    subarea = PlannedCommonUnitSubarea(
        subarea=_code(cells, "subarea", reading.settings.code_prefixes.subarea),
        **_planned(row, cells, place, reading),
    )
    return cells.settle(subarea, place, reading.notes)


def preparatory_part(row: Row, reading: Reading) -> PreparatoryEducationPart:
    """A planned part of preparatory education."""
    cells = reading.cells(row)
    part = PreparatoryEducationPart(
        source_key=own_key(row),
        part=_code(cells, "part", reading.settings.code_prefixes.preparatory),
        start_date=cells.day("start", "start_date", required=True),
        end_date=cells.day("end", "end_date", required=True),
        extent_in_weeks=cells.number("extent", "extent_in_weeks", required=True),
    )
    return cells.settle(part, "planned_preparatory_parts", reading.notes)


# --- support --------------------------------------------------------------------------------------------------


def study_skills(row: Row, reading: Reading) -> StudySkillsStudies:
    """Studies supporting study skills."""
    cells = reading.cells(row)
    studies = StudySkillsStudies(
        source_key=own_key(row),
        name=cells.text("name", required=True),
        description=cells.text("description", required=True),
        start_date=cells.day("start", "start_date", required=True),
        end_date=cells.day("end", "end_date", required=True),
    )
    return cells.settle(studies, "studies_supporting_study_skills", reading.notes)


def learning_support(row: Row, reading: Reading) -> LearningSupport:
    """Learning support."""
    cells, prefixes = reading.cells(row), reading.settings.code_prefixes
    group_code = cells.code("unit_group", "unit_group_code", prefixes.unit_group)
    group = group_of(group_code)
    if group is UnitGroup.UNKNOWN:
        cells.note(FindingCode.UNKNOWN_CODE, "unit_group_code")
    support = LearningSupport(
        source_key=own_key(row),
        support_type=cells.code("support_type", "support_type", prefixes.support_type, required=True),
        start_date=cells.day("start", "start_date"),
        end_date=cells.day("end", "end_date"),
        unit_group_code=group_code,
        unit_group=group,
    )
    return cells.settle(support, "learning_support", reading.notes)


# --- prior competence -----------------------------------------------------------------------------------------


class _PriorFields(TypedDict):
    source_key: str | None
    recognition_process_code: Code | None
    recognition_process: RecognitionProcess | None
    skills_demonstrations: tuple[CompetenceDemonstration, ...]
    assessor_referral: AssessorReferral | None
    provider_oid: OrganisationOid | None


class _VerifiedFields(TypedDict):
    essential_circumstance_exists: bool | None
    deviation_from_requirements: str | None


def _prior(row: Row, cells: Cells, place: str, reading: Reading, *, required: bool = False) -> _PriorFields:
    field = "recognition_process_code"
    code = cells.translated("process", field, reading.settings.codes.process, required=required)
    process = process_of(code)
    if process is RecognitionProcess.UNKNOWN:
        cells.note(FindingCode.UNKNOWN_CODE, field)
    return {
        "source_key": own_key(row),
        "recognition_process_code": code,
        "recognition_process": process,
        "skills_demonstrations": prior_demonstrations(row, place, reading),
        "assessor_referral": _referral(row, f"{place}.assessor_referral", reading),
        "provider_oid": cells.organisation_oid("provider_oid", "provider_oid"),
    }


def _verified(cells: Cells) -> _VerifiedFields:
    return {
        "essential_circumstance_exists": cells.truth("essential_circumstance", "essential_circumstance_exists"),
        "deviation_from_requirements": cells.text("deviation"),
    }


def _referral(row: Row, place: str, reading: Reading) -> AssessorReferral | None:
    assessors = [each for each in under(reading.rows.prior_assessors, row) if each["kind"] == "prior"]
    cells = reading.cells(row)
    if not assessors and not cells.any("sent_on"):
        return None
    referral = AssessorReferral(
        sent_for_assessment_on=cells.day("sent_on", "sent_for_assessment_on"),
        assessors=tuple(provider_assessor(each, "assessors", cells, reading) for each in assessors),
    )
    return cells.settle(referral, place, reading.notes)


def prior_vocational_unit(row: Row, reading: Reading) -> PriorVocationalUnit:
    """A prior vocational unit."""
    cells, place = reading.cells(row), "prior_vocational_units"
    unit = PriorVocationalUnit(
        unit=_code(cells, "unit", reading.settings.code_prefixes.vocational),
        requirements_register_number=cells.text("requirements_number"),
        **_prior(row, cells, place, reading),
        **_verified(cells),
    )
    return cells.settle(unit, place, reading.notes)


def prior_local_unit(row: Row, reading: Reading) -> PriorLocalUnit:
    """A prior local unit."""
    cells, place = reading.cells(row), "prior_local_units"
    unit = PriorLocalUnit(
        amosaa_id=cells.text("amosaa_id"),
        name=cells.text("name"),
        extent_in_competence_points=cells.whole("extent", "extent_in_competence_points"),
        goals_and_contents=cells.text("goals"),
        **_prior(row, cells, place, reading, required=True),
        **_verified(cells),
    )
    return cells.settle(unit, place, reading.notes)


def prior_common_unit(row: Row, subareas: Sequence[Row], reading: Reading) -> PriorCommonUnit:
    """A prior common unit with its subareas."""
    cells, place = reading.cells(row), "prior_common_units"
    unit = PriorCommonUnit(
        unit=_code(cells, "unit", reading.settings.code_prefixes.common),
        subareas=tuple(_prior_subarea(each, f"{place}.subareas", reading) for each in subareas),
        **_prior(row, cells, place, reading),
    )
    return cells.settle(unit, place, reading.notes)


def _prior_subarea(row: Row, place: str, reading: Reading) -> PriorCommonUnitSubarea:
    cells = reading.cells(row)
    subarea = PriorCommonUnitSubarea(
        subarea=_code(cells, "subarea", reading.settings.code_prefixes.subarea),
        **_prior(row, cells, place, reading, required=True),
        **_verified(cells),
    )
    return cells.settle(subarea, place, reading.notes)

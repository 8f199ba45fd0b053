"""Which law item each field of a person's data is: written by hand from ehoks.md 10.1, apart from the records' own.

A field is an item, a question to the record, or one of the two marks: ``HOLDS`` for what only holds records, ``GOES``
for what goes with its record.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.items import Item

HOLDS: Final = "holds records"
GOES: Final = "goes with its record"

Said = Item | str | Callable[[Any], Item]


def timing(period: Any) -> Item:
    """W4 under a training agreement, W5 under an apprenticeship, otherwise G."""
    named = {AcquisitionMode.TRAINING_AGREEMENT: Item.W4, AcquisitionMode.APPRENTICESHIP: Item.W5}
    return named.get(period.mode, Item.G)


def places(period: Any) -> Item:
    """W5 under an apprenticeship, otherwise G."""
    return Item.W5 if period.mode is AcquisitionMode.APPRENTICESHIP else Item.G


def prior(unit: Any) -> Item:
    """D3 recognised directly, D4 sent to assessors, D5 with a demonstration, an unknown process or none."""
    named = {RecognitionProcess.DIRECT: Item.D3, RecognitionProcess.VIA_ASSESSORS: Item.D4}
    return named.get(unit.recognition_process, Item.D5)


def _all(names: str, said: Said) -> dict[str, Said]:
    return dict.fromkeys(names.split(), said)


def _joined(*tables: Mapping[str, Said]) -> dict[str, Said]:
    return {name: said for table in tables for name, said in table.items()}


_PART = _joined(_all("id provenance", GOES), _all("module_id source_key", Item.X))
_PLANNED = _joined(
    _PART,
    _all("acquisitions demonstrations", HOLDS),
    _all("provider_oid provider_name", Item.D2u),
    _all("deviation_from_requirements", Item.D6u),
    _all("essential_circumstance_exists", Item.D8),
    _all("teaching_and_guidance_hours", Item.G),
)
_PRIOR = _joined(
    _PART,
    _all("skills_demonstrations assessor_referral", HOLDS),
    _all("recognition_process_code recognition_process provider_oid provider_name", prior),
)
_PRIOR_MARKED = _joined(
    _PRIOR, _all("deviation_from_requirements", Item.D6u), _all("essential_circumstance_exists", Item.D8)
)

LAW_ITEMS: Mapping[str, Mapping[str, Said]] = {
    "StudyRight": _joined(
        _all("student_oid", Item.ID),
        _all("oid provider school site type type_code phase state periods start_date", Item.SR),
        _all("estimated_end_date end_date included_in purchased", Item.SR),
        _all("qualifications competence_areas", Item.D2q),
        _all("version updated_at source_system source_system_id", Item.X),
        _all("findings", HOLDS),
        _all("provenance", GOES),
    ),
    "Hoks": _joined(
        _all("student_oid", Item.ID),
        _all("study_right_oid provider preparatory_study_right_oid included_study_right_oids", Item.SR),
        _all("source_id external_id version deleted_at competence_achieved_on entered_manually", Item.X),
        _all("student_email student_phone", Item.Cs),
        _all("career_plan_goal", Item.D13),
        _all("first_approved_on approved_at updated_at", Item.D1),
        _all("competence_acquisition_needed", Item.D7),
        _all("learning_support studies_supporting_study_skills", Item.D9),
        _all("study_right prior_vocational_units prior_common_units prior_local_units", HOLDS),
        _all("planned_vocational_units planned_common_units planned_local_units", HOLDS),
        _all("planned_preparatory_parts guidance_phase progress findings", HOLDS),
        _all("provenance", GOES),
    ),
    "Finding": _joined(_all("item place severity message", GOES), {"code": lambda finding: finding.item}),
    "PlannedVocationalUnit": _joined(_PLANNED, _all("unit requirements_register_number competence_points", Item.D2u)),
    "PlannedLocalUnit": _joined(
        _PLANNED,
        _all("amosaa_id name registered_name extent_in_competence_points", Item.D2u),
        _all("goals_and_contents", Item.G),
    ),
    "PlannedCommonUnitSubarea": _joined(_PLANNED, _all("subarea", Item.D2u)),
    "PlannedCommonUnit": _joined(_PART, _all("unit provider_oid provider_name", Item.D2u), _all("subareas", HOLDS)),
    "PreparatoryEducationPart": _joined(
        _PART, _all("part extent_in_weeks", Item.D2u), _all("start_date end_date", Item.G)
    ),
    "PriorVocationalUnit": _joined(_PRIOR_MARKED, _all("unit requirements_register_number competence_points", prior)),
    "PriorLocalUnit": _joined(
        _PRIOR_MARKED, _all("amosaa_id name registered_name extent_in_competence_points goals_and_contents", prior)
    ),
    "PriorCommonUnitSubarea": _joined(_PRIOR_MARKED, _all("subarea", prior)),
    "PriorCommonUnit": _joined(_PRIOR, _all("unit", prior), _all("subareas", HOLDS)),
    "AssessorReferral": {"sent_for_assessment_on": Item.D4, "assessors": Item.D12},
    "CompetenceAcquisition": _joined(
        _PART,
        _all("start_date end_date", timing),
        _all("other_learning_environments", places),
        _all("period_detail mode_code mode", Item.G),
        _all("provider_representative", Item.W1),
        _all("procuring_provider_representative", Item.W2),
        _all("working_time_percent apprenticeship_basis", Item.X),
        _all("interruptions", Item.Gi),
        _all("workplace_learning", HOLDS),
    ),
    "WorkplaceLearning": _joined(
        _all("responsible_workplace_instructor", HOLDS),
        _all("workplace_name workplace_business_id", Item.W1),
        _all("key_tasks", Item.W3),
    ),
    "WorkplaceInstructor": _joined(_all("name", Item.W1), _all("email phone", Item.Ci)),
    "CompetenceDemonstration": _joined(
        _PART,
        _all("start_date end_date organiser_oid organiser_name subareas environment content_descriptions", Item.D10),
        _all("provider_assessors working_life_assessors", Item.D12),
        _all("deviation_from_requirements", Item.D6d),
        _all("individual_assessment_criteria", Item.D11b),
    ),
    "StudySkillsStudies": _joined(_PART, _all("name description start_date end_date", Item.D9)),
    "LearningSupport": _joined(_PART, _all("support_type start_date end_date unit_group_code unit_group", Item.D9)),
}

SEEN_BY_ITS_OWN = frozenset(
    {"PriorVocationalUnit", "PriorLocalUnit", "PriorCommonUnit", "PriorCommonUnitSubarea", "Finding"}
)
"""Records of which nothing is seen without the record's own item, but a common unit's subareas by theirs."""


DO_NOT_OPEN = frozenset({"module_id", "source_key", "working_time_percent", "apprenticeship_basis"})
"""Technical data of a part: seen with the part, and no reason to see it."""


def item_of(record: object, field: str) -> Item | str:
    """The item of one field of one record, or its mark."""
    said = LAW_ITEMS[type(record).__name__][field]
    return said(record) if callable(said) else said


def own_item(record: Any) -> Item:
    """The item by which the whole record is seen."""
    return Item(record.item) if type(record).__name__ == "Finding" else prior(record)


def known() -> Iterable[str]:
    """The record types that the table speaks of."""
    return LAW_ITEMS.keys()

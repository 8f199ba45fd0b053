"""What a plan or a right says, field by field with its item, written by hand; and changing what is not to be seen.

``ITEMS`` repeats ``ehoks.md`` 10 and not the model's own classification, so that a field classified too widely shows.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from hoks.codes import AcquisitionMode, RecognitionProcess
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
from hoks.findings import FindingCode, finding
from hoks.identifiers import BusinessId
from hoks.items import Item
from hoks.plan import Hoks
from hoks.study_right import CompetenceArea, Qualification, StudyRight
from hoks.units import (
    AssessorReferral,
    LearningSupport,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorLocalUnit,
    PriorVocationalUnit,
    StudySkillsStudies,
)
from hoks.values import Code, Text
from tests.world.places import UNHEARD_OF
from tests.world.rights import TODAY

Kind = Literal["name", "date", "other"]
Sees = Callable[[Item, str, Kind], bool]
"""Whether somebody sees an item of a part, or of it the names or days."""


class Style(StrEnum):
    """How a hidden value becomes another."""

    OTHER = "others"
    LONGER = "longer"
    NULL = "null"


class Leaf(msgspec.Struct, frozen=True):
    """A field that holds data: its item, another value for it, and what kind of value it is."""

    item: Item
    other: Any
    kind: Kind = "other"


_CODE, _TEXT, _DAY = Code(uri="another_0001"), "another text", date(2001, 2, 3)
_TIME = datetime(2001, 2, 3, 4, tzinfo=UTC)
_TEACHER = (ProviderAssessor(name="Another Teacher", organisation_oid=UNHEARD_OF),)
_UNIT = {
    "deviation_from_requirements": Leaf(Item.D6u, _TEXT),
    "essential_circumstance_exists": Leaf(Item.D8, False),
    "teaching_and_guidance_hours": Leaf(Item.G, 7777.5),
    "provider_oid": Leaf(Item.D2u, UNHEARD_OF),
}

ITEMS: dict[type, dict[str, Leaf]] = {
    StudyRight: {
        "type_code": Leaf(Item.SR, _CODE),
        "estimated_end_date": Leaf(Item.SR, _DAY, "date"),
        "purchased": Leaf(Item.SR, True),
        "qualifications": Leaf(Item.D2q, (Qualification(code=_CODE, requirements_register_number=_TEXT),)),
        "competence_areas": Leaf(Item.D2q, (CompetenceArea(area=_CODE, start_date=_DAY),)),
        "version": Leaf(Item.X, 9),
        "updated_at": Leaf(Item.X, _TIME),
        "source_system": Leaf(Item.X, _CODE),
        "source_system_id": Leaf(Item.X, _TEXT),
    },
    Hoks: {
        "source_id": Leaf(Item.X, _TEXT),
        "external_id": Leaf(Item.X, _TEXT),
        "student_email": Leaf(Item.Cs, _TEXT),
        "student_phone": Leaf(Item.Cs, _TEXT),
        "career_plan_goal": Leaf(Item.D13, _CODE),
        "version": Leaf(Item.X, 9),
        "approved_at": Leaf(Item.D1, _TIME),
        "updated_at": Leaf(Item.D1, _TIME),
        "deleted_at": Leaf(Item.X, _TIME),
        "competence_achieved_on": Leaf(Item.X, _DAY, "date"),
        "competence_acquisition_needed": Leaf(Item.D7, False),
        "entered_manually": Leaf(Item.X, True),
        "learning_support": Leaf(Item.D9, (LearningSupport(support_type=_CODE, start_date=_DAY),)),
        "studies_supporting_study_skills": Leaf(Item.D9, (StudySkillsStudies(name=_TEXT, start_date=_DAY),)),
        "included_study_right_oids": Leaf(Item.SR, ()),
    },
    PlannedVocationalUnit: {
        **_UNIT,
        "unit": Leaf(Item.D2u, _CODE),
        "requirements_register_number": Leaf(Item.D2u, _TEXT),
    },
    PlannedLocalUnit: {
        **_UNIT,
        "name": Leaf(Item.D2u, _TEXT),
        "amosaa_id": Leaf(Item.D2u, _TEXT),
        "extent_in_competence_points": Leaf(Item.D2u, 99),
        "goals_and_contents": Leaf(Item.G, _TEXT),
    },
    PlannedCommonUnit: {"unit": Leaf(Item.D2u, _CODE), "provider_oid": Leaf(Item.D2u, UNHEARD_OF)},
    PlannedCommonUnitSubarea: {**_UNIT, "subarea": Leaf(Item.D2u, _CODE)},
    PreparatoryEducationPart: {
        "part": Leaf(Item.D2u, _CODE),
        "start_date": Leaf(Item.G, _DAY, "date"),
        "end_date": Leaf(Item.G, _DAY, "date"),
        "extent_in_weeks": Leaf(Item.D2u, 77.5),
    },
    CompetenceAcquisition: {
        "period_detail": Leaf(Item.G, _TEXT),
        "mode_code": Leaf(Item.G, _CODE),
        "provider_representative": Leaf(Item.W1, ProviderPerson(name="Another Teacher", organisation_oid=UNHEARD_OF)),
        "procuring_provider_representative": Leaf(Item.W2, ProviderPerson(name="Another", organisation_oid=UNHEARD_OF)),
        "working_time_percent": Leaf(Item.X, 40),
        "apprenticeship_basis": Leaf(Item.X, _CODE),
        "interruptions": Leaf(Item.Gi, (Interruption(start_date=_DAY, end_date=_DAY),)),
    },
    WorkplaceLearning: {
        "workplace_name": Leaf(Item.W1, _TEXT),
        "workplace_business_id": Leaf(Item.W1, BusinessId("0000000-0")),
        "key_tasks": Leaf(Item.W3, (_TEXT, _TEXT)),
    },
    WorkplaceInstructor: {
        "name": Leaf(Item.W1, "Another Instructor", "name"),
        "email": Leaf(Item.Ci, _TEXT),
        "phone": Leaf(Item.Ci, _TEXT),
    },
    CompetenceDemonstration: {
        "start_date": Leaf(Item.D10, _DAY, "date"),
        "end_date": Leaf(Item.D10, _DAY, "date"),
        "organiser_oid": Leaf(Item.D10, UNHEARD_OF),
        "subareas": Leaf(Item.D10, (_CODE,)),
        "environment": Leaf(Item.D10, DemonstrationEnvironment(name=_TEXT)),
        "content_descriptions": Leaf(Item.D10, (_TEXT,)),
        "provider_assessors": Leaf(Item.D12, _TEACHER),
        "working_life_assessors": Leaf(Item.D12, (WorkingLifeAssessor(name="Another", organisation_name=_TEXT),)),
        "deviation_from_requirements": Leaf(Item.D6d, _TEXT),
        "individual_assessment_criteria": Leaf(Item.D11b, (_TEXT,)),
    },
    PriorVocationalUnit: {
        "unit": Leaf(Item.D3, _CODE),
        "deviation_from_requirements": Leaf(Item.D6u, _TEXT),
        "essential_circumstance_exists": Leaf(Item.D8, True),
    },
    PriorLocalUnit: {
        "name": Leaf(Item.D4, _TEXT),
        "goals_and_contents": Leaf(Item.D4, _TEXT),
        "deviation_from_requirements": Leaf(Item.D6u, _TEXT),
        "essential_circumstance_exists": Leaf(Item.D8, True),
    },
    PriorCommonUnit: {"unit": Leaf(Item.D5, _CODE), "provider_oid": Leaf(Item.D5, UNHEARD_OF)},
    AssessorReferral: {
        "sent_for_assessment_on": Leaf(Item.D4, _DAY, "date"),
        "assessors": Leaf(Item.D12, _TEACHER),
    },
}
"""Left out are what decides who sees what (keys, dates of approval, states, the plan's right) and what is told of its
source; a period's mode and days are added by ``_timing``."""

_NAMES: dict[type, str] = {
    Qualification: "code",
    CompetenceArea: "area",
    ProviderPerson: "name",
    ProviderAssessor: "name",
    WorkingLifeAssessor: "name",
}
"""Values of which a name may be given without the rest, and the field that is the name."""

_RECORDS = (
    "planned_vocational_units",
    "planned_local_units",
    "planned_common_units",
    "planned_preparatory_parts",
    "prior_vocational_units",
    "prior_local_units",
    "prior_common_units",
    "subareas",
    "acquisitions",
    "demonstrations",
    "skills_demonstrations",
    "assessor_referral",
    "workplace_learning",
    "responsible_workplace_instructor",
)
_GATES: dict[type, Item] = {PriorVocationalUnit: Item.D3, PriorLocalUnit: Item.D4, PriorCommonUnit: Item.D5}
_TIMING = {
    AcquisitionMode.TRAINING_AGREEMENT: Item.W4,
    AcquisitionMode.APPRENTICESHIP: Item.W5,
    AcquisitionMode.INSTITUTION_BASED: Item.G,
}


def leaves(record: Any, *, periods_are_facts: bool = False) -> dict[str, Leaf]:
    """The fields of a record that hold data; the days of periods at workplaces not where they are facts."""
    plain = ITEMS[type(record)]
    if not isinstance(record, CompetenceAcquisition):
        return plain
    mode = record.mode or AcquisitionMode.INSTITUTION_BASED
    places = Item.W5 if mode is AcquisitionMode.APPRENTICESHIP else Item.G
    elsewhere = Leaf(places, (OtherLearningEnvironment(environment=_CODE, start_date=_DAY),))
    days = {name: Leaf(_TIMING[mode], _DAY, "date") for name in ("start_date", "end_date")}
    fixed = periods_are_facts and _TIMING[mode] is not Item.G
    return {**plain, "other_learning_environments": elsewhere, **({} if fixed else days)}


def part_of(record: Any, above: str) -> str:
    """The part of the plan that a record is, by what it was drawn with."""
    if isinstance(record, PlannedCommonUnit):
        return "common"
    for text in _told(record):
        if text is not None and text.count("/") == 4:
            return text.split("/")[2]
    return above


def _told(record: Any) -> Iterable[str | None]:
    for name in ("source_key", "name", "goals_and_contents"):
        yield getattr(record, name, None)
    for name in ("unit", "subarea", "part"):
        code = getattr(record, name, None)
        yield code.uri if isinstance(code, Code) else None
    environment = getattr(record, "environment", None)
    yield environment.name if environment is not None else None


def is_seen(record: Any, sees: Sees, above: str = "") -> bool:
    """Whether anything of a record is seen."""
    part = part_of(record, above)
    gate = _GATES.get(type(record))
    if gate is not None:
        return sees(gate, part, "other")
    if any(_something(leaf, sees, part) for leaf in leaves(record).values()):
        return True
    return any(is_seen(each, sees, part) for name in _records_of(record) for each in _each(record, name))


def _something(leaf: Leaf, sees: Sees, part: str) -> bool:
    """Whether a field is seen at all, whatever it holds: that a part is there is told by any field of it."""
    kinds: tuple[Kind, ...] = (leaf.kind, "name") if _is_named(leaf.other) else (leaf.kind,)
    return any(sees(leaf.item, part, kind) for kind in kinds)


def _records_of(record: Any) -> tuple[str, ...]:
    fields = record.__struct_fields__
    codes = isinstance(record, CompetenceDemonstration)
    return tuple(name for name in _RECORDS if name in fields and not (codes and name == "subareas"))


def _each(record: Any, name: str) -> tuple[Any, ...]:
    value = getattr(record, name)
    return value or () if isinstance(value, tuple) or value is None else (value,)


def _is_named(value: Any) -> bool:
    first = value[0] if isinstance(value, tuple) and value else value
    return type(first) in _NAMES


# --- changing -------------------------------------------------------------------------------------------------


def changed(record: Any, sees: Sees, style: Style, *, periods_are_facts: bool = False, above: str = "") -> Any:
    """The record with everything in it that is not seen in another form."""
    part = part_of(record, above)
    here = sees if is_seen(record, sees, above) else _nothing
    changes: dict[str, Any] = {}
    for name, leaf in leaves(record, periods_are_facts=periods_are_facts).items():
        changes[name] = _leaf(getattr(record, name), leaf, here, part, style)
    for name in _records_of(record):
        value = getattr(record, name)
        if value is not None:
            each = [
                changed(one, here, style, periods_are_facts=periods_are_facts, above=part)
                for one in _each(record, name)
            ]
            changes[name] = tuple(each) if isinstance(value, tuple) else each[0]
    return msgspec.structs.replace(record, **changes)


def _nothing(item: Item, part: str, kind: Kind) -> bool:
    return False


def _leaf(value: Any, leaf: Leaf, sees: Sees, part: str, style: Style) -> Any:
    if sees(leaf.item, part, leaf.kind):
        return value
    if _is_named(value) and sees(leaf.item, part, "name"):
        return tuple(_but_its_name(each) for each in value) if isinstance(value, tuple) else _but_its_name(value)
    return {Style.NULL: None, Style.OTHER: leaf.other, Style.LONGER: _longer(leaf.other)}[style]


def _but_its_name(value: Any) -> Any:
    name = _NAMES[type(value)]
    gone = {field: None for field in value.__struct_fields__ if field not in (name, "titles")}
    return msgspec.structs.replace(value, **gone)


def _longer(value: Any) -> Any:
    if isinstance(value, Code):
        return Code(uri="long" * 100, version=3, name=Text(fi="long " * 100))
    if isinstance(value, tuple):
        return tuple(_longer(each) for each in value) * 5
    return value * 50 if isinstance(value, str) and value is not UNHEARD_OF else value


# --- elements -------------------------------------------------------------------------------------------------


def elements(
    record: Any, sees: Sees, edit: Callable[[tuple[Any, ...], tuple[bool, ...]], tuple[Any, ...]], above: str = ""
) -> Any:
    """The record with every list of parts edited; ``edit`` is told which of them are seen."""
    part = part_of(record, above)
    here = sees if is_seen(record, sees, above) else _nothing
    changes: dict[str, Any] = {}
    for name in _records_of(record):
        value = getattr(record, name)
        if isinstance(value, tuple):
            seen = tuple(is_seen(each, here, part) for each in value)
            changes[name] = edit(tuple(elements(each, here, edit, part) for each in value), seen)
    return msgspec.structs.replace(record, **changes)


def runs_at_a_workplace(record: Any) -> bool:
    """Whether a period at a workplace that is going on today stands in a record: a fact about who instructs."""
    if isinstance(record, CompetenceAcquisition):
        running = (record.start_date or TODAY) <= TODAY <= (record.end_date or TODAY)
        return running and record.mode is not AcquisitionMode.INSTITUTION_BASED
    return any(runs_at_a_workplace(each) for name in _records_of(record) for each in _each(record, name))


HIDDEN_UNIT = PlannedVocationalUnit(
    unit=_CODE,
    module_id="hidden unit",
    essential_circumstance_exists=True,
    acquisitions=(
        CompetenceAcquisition(
            mode=AcquisitionMode.INSTITUTION_BASED, source_key="hidden period", start_date=_DAY, end_date=_DAY
        ),
    ),
    demonstrations=(CompetenceDemonstration(source_key="hidden demonstration", start_date=_DAY),),
)
"""A unit that nobody to whom units are given one by one has anything to do with."""
HIDDEN_PRIOR = PriorVocationalUnit(unit=_CODE, recognition_process=RecognitionProcess.DIRECT)
"""Recognised competence, which is seen by its item alone."""


def with_findings(plan: Hoks, sees: Sees) -> Hoks:
    """The plan with a finding on every item of which nothing is seen."""
    hidden = [item for item in Item if not any(sees(item, part, "other") for part in ("", "u1", "b1", "p1", "n1"))]
    found = tuple(finding(FindingCode.UNREADABLE_VALUE, "hidden.place", item) for item in hidden)
    return msgspec.structs.replace(plan, findings=(*found, *(plan.findings or ())))

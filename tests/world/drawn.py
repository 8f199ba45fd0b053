"""Rights and plans drawn from short descriptions, in which every text says whose right, which item and which part.

A text is ``right/item/part/kind/what``; the kind says whether it is a name, a date or anything else. Values that are
not texts are listed beside them, so that all that a plan says can be told by its marks.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Literal

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
from hoks.identifiers import BusinessId, LearnerOid, OrganisationOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.study_right import CompetenceArea, Qualification, StudyRight
from hoks.units import (
    AssessorReferral,
    LearningSupport,
    Planned,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorLocalUnit,
    PriorVocationalUnit,
)
from hoks.values import Code, Text
from tests.world.marked import tokens

Mode = Literal["agreement", "apprenticeship", "school"]

MODES: dict[Mode, tuple[AcquisitionMode, Item]] = {
    "agreement": (AcquisitionMode.TRAINING_AGREEMENT, Item.W4),
    "apprenticeship": (AcquisitionMode.APPRENTICESHIP, Item.W5),
    "school": (AcquisitionMode.INSTITUTION_BASED, Item.G),
}

COMMON = "common"
"""The part key of the one common unit, in which every subarea stands."""

GATES = {"prior-3": Item.D3, "prior-4": Item.D4, "prior-5": Item.D5}
"""Prior competence is seen as a whole by its own item and not at all without it (``ehoks.md`` 1.7)."""


class Period(msgspec.Struct, frozen=True):
    """A way of acquiring competence."""

    key: str
    mode: Mode = "agreement"
    start: date | None = date(2026, 9, 1)
    end: date | None = date(2026, 12, 18)


class Demo(msgspec.Struct, frozen=True):
    """A demonstration."""

    key: str
    start: date | None = date(2026, 12, 7)
    end: date | None = date(2026, 12, 8)
    keyed: bool = True
    """Whether the source gives it a key of its own."""


class Unit(msgspec.Struct, frozen=True):
    """A planned unit; a subarea stands in the common unit."""

    key: str
    kind: Literal["vocational", "local", "subarea"] = "vocational"
    periods: tuple[Period, ...] = ()
    demos: tuple[Demo, ...] = ()


class Mark(msgspec.Struct, frozen=True):
    """One thing that is said: how it reads, of which item and part, and what kind of value it is."""

    token: str
    item: Item
    part: str = ""
    kind: str = "other"


def text(tag: str, item: Item, part: str, what: str, kind: str = "other") -> str:
    """A text that says what it is."""
    return f"{tag}/{item}/{part}/{kind}/{what}"


def part_key(tag: str, part: str) -> str:
    """The source's own key of a part."""
    return text(tag, Item.X, part, "key")


def unit_uri(tag: str, unit: str) -> str:
    """The code of a unit."""
    return text(tag, Item.D2u, unit, "code")


def environment_of(tag: str, demo: str) -> str:
    """The name of a demonstration's environment."""
    return text(tag, Item.D10, demo, "environment")


def _number(tag: str) -> int:
    """A number from 1 to 28 that tells the rights of a small world apart."""
    return (ord(tag[0]) + 5 * int(tag[1:])) % 28 + 1


def _code(uri: str) -> Code:
    return Code(uri=uri)


# --- drawing --------------------------------------------------------------------------------------------------


def draw_right(tag: str, alias: LearnerOid, plain: StudyRight) -> StudyRight:
    """The right with marks, told under an alias of its own."""
    return msgspec.structs.replace(
        plain,
        student_oid=alias,
        type_code=_code(text(tag, Item.SR, "", "type")),
        estimated_end_date=date(2033, 3, _number(tag)),
        qualifications=(
            Qualification(
                code=Code(
                    uri=text(tag, Item.D2q, "", "qualification", "name"),
                    name=Text(fi=text(tag, Item.D2q, "", "qualification in words", "name")),
                ),
                requirements_register_number=text(tag, Item.D2q, "", "requirements"),
                language=_code(text(tag, Item.D2q, "", "language")),
            ),
        ),
        competence_areas=(
            CompetenceArea(area=_code(text(tag, Item.D2q, "", "area", "name")), start_date=date(2017, 8, _number(tag))),
        ),
        version=2500 + _number(tag),
        source_system_id=text(tag, Item.X, "", "system"),
    )


def draw_plan(
    tag: str, alias: LearnerOid, right: StudyRight, units: tuple[Unit, ...], *, approved: bool = True
) -> Hoks:
    """The plan of a right with these units, and something of everything else."""
    subareas = tuple(_subarea(tag, unit) for unit in units if unit.kind == "subarea")
    return Hoks(
        study_right_oid=right.oid,
        student_oid=alias,
        source_id=text(tag, Item.X, "", "source id"),
        version=2500,
        student_email=text(tag, Item.Cs, "", "email"),
        student_phone=text(tag, Item.Cs, "", "phone"),
        career_plan_goal=_code(text(tag, Item.D13, "", "goal")),
        first_approved_on=date(2016, 9, 1) if approved else None,
        approved_at=datetime(2016, 9, 2, 8, tzinfo=UTC),
        updated_at=datetime(2016, 9, 3, 8, tzinfo=UTC),
        competence_acquisition_needed=True,
        prior_vocational_units=(
            PriorVocationalUnit(
                unit=_code(text(tag, Item.D3, "prior-3", "unit")),
                recognition_process=RecognitionProcess.DIRECT,
                deviation_from_requirements=text(tag, Item.D6u, "prior-3", "deviation"),
            ),
        ),
        prior_local_units=(
            PriorLocalUnit(
                name=text(tag, Item.D4, "prior-4", "name", "name"),
                recognition_process=RecognitionProcess.VIA_ASSESSORS,
                assessor_referral=AssessorReferral(
                    sent_for_assessment_on=date(2016, 10, 4),
                    assessors=(_provider_assessor(tag, "prior-4"),),
                ),
            ),
        ),
        prior_common_units=(
            PriorCommonUnit(
                unit=_code(text(tag, Item.D5, "prior-5", "unit")),
                recognition_process=RecognitionProcess.DEMONSTRATION,
                skills_demonstrations=(_demonstration(tag, Demo("prior-5", date(2016, 10, 6), date(2016, 10, 7))),),
            ),
        ),
        learning_support=(
            LearningSupport(support_type=_code(text(tag, Item.D9, "", "support")), start_date=date(2016, 10, 8)),
        ),
        planned_vocational_units=tuple(_vocational(tag, unit) for unit in units if unit.kind == "vocational"),
        planned_local_units=tuple(_local(tag, unit) for unit in units if unit.kind == "local"),
        planned_common_units=(PlannedCommonUnit(unit=_code(unit_uri(tag, COMMON)), subareas=subareas),),
        planned_preparatory_parts=(
            PreparatoryEducationPart(
                part=_code(text(tag, Item.D2u, "preparatory", "part")), start_date=date(2016, 10, 9)
            ),
        ),
    )


def _vocational(tag: str, unit: Unit) -> PlannedVocationalUnit:
    return PlannedVocationalUnit(
        unit=_code(unit_uri(tag, unit.key)),
        requirements_register_number=text(tag, Item.D2u, unit.key, "register"),
        module_id=text(tag, Item.X, unit.key, "module"),
        deviation_from_requirements=text(tag, Item.D6u, unit.key, "deviation"),
        essential_circumstance_exists=True,
        teaching_and_guidance_hours=_hours(unit),
        acquisitions=_periods(tag, unit),
        demonstrations=_demos(tag, unit),
    )


def _local(tag: str, unit: Unit) -> PlannedLocalUnit:
    return PlannedLocalUnit(
        name=text(tag, Item.D2u, unit.key, "name", "name"),
        goals_and_contents=text(tag, Item.G, unit.key, "goals"),
        deviation_from_requirements=text(tag, Item.D6u, unit.key, "deviation"),
        teaching_and_guidance_hours=_hours(unit),
        acquisitions=_periods(tag, unit),
        demonstrations=_demos(tag, unit),
    )


def _subarea(tag: str, unit: Unit) -> PlannedCommonUnitSubarea:
    return PlannedCommonUnitSubarea(
        subarea=_code(unit_uri(tag, unit.key)),
        deviation_from_requirements=text(tag, Item.D6u, unit.key, "deviation"),
        teaching_and_guidance_hours=_hours(unit),
        acquisitions=_periods(tag, unit),
        demonstrations=_demos(tag, unit),
    )


def _hours(unit: Unit) -> float:
    """Hours unlike those of any other unit of the plan."""
    return ord(unit.key[0]) * 10 + int(unit.key[1:]) + 0.5


def _periods(tag: str, unit: Unit) -> tuple[CompetenceAcquisition, ...]:
    return tuple(_period(tag, each) for each in unit.periods)


def _demos(tag: str, unit: Unit) -> tuple[CompetenceDemonstration, ...]:
    return tuple(_demonstration(tag, each) for each in unit.demos)


def _period(tag: str, period: Period) -> CompetenceAcquisition:
    mode, timing = MODES[period.mode]
    places = Item.W5 if period.mode == "apprenticeship" else Item.G
    drawn = CompetenceAcquisition(
        mode=mode,
        source_key=part_key(tag, period.key),
        start_date=period.start,
        end_date=period.end,
        period_detail=text(tag, Item.G, period.key, "detail"),
        mode_code=_code(text(tag, Item.G, period.key, "mode")),
        other_learning_environments=(
            OtherLearningEnvironment(environment=_code(text(tag, places, period.key, "place"))),
        ),
    )
    return drawn if timing is Item.G else _at_a_workplace(tag, period.key, drawn)


def _at_a_workplace(tag: str, key: str, drawn: CompetenceAcquisition) -> CompetenceAcquisition:
    return msgspec.structs.replace(
        drawn,
        provider_representative=_provider_person(tag, Item.W1, key),
        procuring_provider_representative=_provider_person(tag, Item.W2, key),
        workplace_learning=WorkplaceLearning(
            responsible_workplace_instructor=WorkplaceInstructor(
                name=text(tag, Item.W1, key, "instructor", "name"),
                email=text(tag, Item.Ci, key, "email"),
                phone=text(tag, Item.Ci, key, "phone"),
            ),
            workplace_name=text(tag, Item.W1, key, "workplace"),
            workplace_business_id=BusinessId(text(tag, Item.W1, key, "business")),
            key_tasks=(text(tag, Item.W3, key, "task"),),
        ),
        apprenticeship_basis=_code(text(tag, Item.X, key, "basis")),
        interruptions=(Interruption(start_date=date(2016, 10, 10)),),
    )


def _provider_person(tag: str, item: Item, key: str) -> ProviderPerson:
    return ProviderPerson(
        name=text(tag, item, key, "teacher", "name"),
        organisation_oid=OrganisationOid(text(tag, item, key, "school")),
    )


def _provider_assessor(tag: str, part: str) -> ProviderAssessor:
    return ProviderAssessor(
        name=text(tag, Item.D12, part, "teacher", "name"),
        organisation_oid=OrganisationOid(text(tag, Item.D12, part, "school")),
    )


def _demonstration(tag: str, demo: Demo) -> CompetenceDemonstration:
    key = demo.key
    return CompetenceDemonstration(
        source_key=part_key(tag, key) if demo.keyed else None,
        start_date=demo.start,
        end_date=demo.end,
        environment=DemonstrationEnvironment(name=environment_of(tag, key)),
        content_descriptions=(text(tag, Item.D10, key, "content"),),
        provider_assessors=(_provider_assessor(tag, key),),
        working_life_assessors=(
            WorkingLifeAssessor(
                name=text(tag, Item.D12, key, "working life", "name"),
                organisation_name=text(tag, Item.D12, key, "workplace"),
            ),
        ),
        deviation_from_requirements=text(tag, Item.D6d, key, "deviation"),
        individual_assessment_criteria=(text(tag, Item.D11b, key, "criterion"),),
    )


# --- telling --------------------------------------------------------------------------------------------------


def marks_of_right(right: StudyRight) -> frozenset[Mark]:
    """Everything by which a right is told."""
    return frozenset(
        {
            *_of_texts(right),
            Mark(f"{right.student_oid}", Item.ID),
            Mark(f"{right.oid}", Item.SR),
            Mark(f"estimated_end_date={right.estimated_end_date}", Item.SR, kind="date"),
            *((Mark(f"{right.included_in.oid}", Item.SR),) if right.included_in else ()),
            *(Mark(f"start_date={each.start_date}", Item.D2q) for each in right.competence_areas or ()),
            Mark(f"version={right.version}", Item.X),
        }
    )


def marks_of_plan(plan: Hoks) -> frozenset[Mark]:
    """Everything by which a drawn plan is told."""
    first = {Mark("first_approved_on=2016-09-01", Item.D1, kind="date")} if plan.first_approved_on else set()
    return frozenset(
        {
            *_of_texts(plan),
            *first,
            Mark(f"{plan.student_oid}", Item.ID),
            Mark(f"{plan.study_right_oid}", Item.SR),
            Mark("approved_at=2016-09-02 08:00:00+00:00", Item.D1),
            Mark("updated_at=2016-09-03 08:00:00+00:00", Item.D1),
            Mark("competence_acquisition_needed=True", Item.D7),
            Mark("sent_for_assessment_on=2016-10-04", Item.D4, "prior-4", "date"),
            Mark("start_date=2016-10-06", Item.D10, "prior-5", "date"),
            Mark("end_date=2016-10-07", Item.D10, "prior-5", "date"),
            Mark("start_date=2016-10-08", Item.D9, kind="date"),
            Mark("start_date=2016-10-09", Item.G, "preparatory", "date"),
            Mark("version=2500", Item.X),
            *(mark for unit in planned_units(plan) for mark in _of_unit(unit)),
        }
    )


def planned_units(plan: Hoks) -> tuple[Planned, ...]:
    """The planned units of a drawn plan, with subareas in the place of their unit."""
    subareas = (subarea for unit in plan.planned_common_units or () for subarea in unit.subareas or ())
    return (*(plan.planned_vocational_units or ()), *(plan.planned_local_units or ()), *subareas)


def _of_unit(unit: Planned) -> Iterator[Mark]:
    key = _part_of(unit.deviation_from_requirements)
    yield Mark(f"teaching_and_guidance_hours={unit.teaching_and_guidance_hours}", Item.G, key)
    if unit.essential_circumstance_exists:
        yield Mark("essential_circumstance_exists=True", Item.D8, key)
    for period in unit.acquisitions or ():
        yield from _of_days(period.timing_item, _part_of(period.source_key), period.start_date, period.end_date)
        if period.interruptions:
            yield Mark("start_date=2016-10-10", Item.Gi, _part_of(period.source_key))
    for demo in unit.demonstrations or ():
        place = demo.environment.name if demo.environment else None
        yield from _of_days(Item.D10, _part_of(place), demo.start_date, demo.end_date)


def _of_days(item: Item, part: str, start: date | None, end: date | None) -> Iterator[Mark]:
    if start is not None:
        yield Mark(f"start_date={start}", item, part, "date")
    if end is not None:
        yield Mark(f"end_date={end}", item, part, "date")


def _of_texts(drawn: StudyRight | Hoks) -> Iterator[Mark]:
    for said in tokens(drawn):
        if said.count("/") == 4:
            _, item, part, kind, _ = said.split("/")
            yield Mark(said, Item(item), part, kind)


def _part_of(said: str | None) -> str:
    assert said is not None, "a drawn plan says it of every part"
    return said.split("/")[2]

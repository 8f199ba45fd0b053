from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.access.redact import days_of, items_of, redact, shape_of
from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceInstructor, WorkplaceLearning
from hoks.findings import Finding, FindingCode, finding
from hoks.guidance_phase import Guidance
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item, classification, item, structure
from hoks.plan import Hoks
from hoks.progress import Progress
from hoks.records import Part, Record
from hoks.student import Student
from hoks.study_right import StudyRight
from hoks.units import (
    AssessorReferral,
    LearningSupport,
    Planned,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    Prior,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorVocationalUnit,
    Verified,
)
from hoks.values import Code, Organisation
from tests.hoks.access.law_items import DO_NOT_OPEN, GOES, HOLDS, SEEN_BY_ITS_OWN, item_of, known, own_item
from tests.hoks.stories import A1, DAY
from tests.strategies import LAW, item_sets, plans, records

RIGHT = StudyRightOid("1.2.246.562.15.10000000017")
EVERYTHING = frozenset(Item)
SCHOOL = Organisation(oid=OrganisationOid("1.2.246.562.99.10000000017"))
UNIT = Code(uri="tutkinnonosat_100001")
OTHER_UNIT = Code(uri="tutkinnonosat_100002")
DRAWN_AFTERWARDS = {
    Student.__name__,
    "WorkplacePeriod",
    "UnitOccurrence",
    "CombinedUnit",
    "GuidanceStudent",
    "DataQualityFinding",
    "PlanChange",
    "Hint",
    "HintEvidence",
    "Guidance",
    "Progress",
    "TimelineEntry",
}

Leaf = tuple[str, Any]


# --- reading a record by the hand-written table ---------------------------------------------------------------


def held_in(value: object) -> list[Record]:
    """The records that a field's value is or lists."""
    if isinstance(value, Record):
        return [value]
    return [each for each in value if isinstance(each, Record)] if isinstance(value, tuple) else []


def visible(record: Record, path: str = "") -> Iterator[Leaf]:
    """Every value in a record, but what goes with it, by the path of names to it."""
    for name in record.__struct_fields__:
        value, said = getattr(record, name), item_of(record, name)
        held = held_in(value)
        for each in held:
            yield from visible(each, f"{path}.{name}")
        if said not in (GOES, HOLDS) and value is not None and not held:
            yield (f"{path}.{name}", value)


def gate_is_open(record: Record, items: frozenset[Item]) -> bool:
    """Whether something of the record may be seen as far as its own item goes."""
    return type(record).__name__ not in SEEN_BY_ITS_OWN or own_item(record) in items


def entered(record: Record, items: frozenset[Item]) -> Iterator[str]:
    """The fields that may be looked into: those of granted items, and those that only hold records."""
    for name in record.__struct_fields__:
        said = item_of(record, name)
        past_gate = isinstance(record, PriorCommonUnit) and name == "subareas"
        if said != GOES and (gate_is_open(record, items) or past_gate) and (said == HOLDS or said in items):
            yield name


def is_seen(record: Record, items: frozenset[Item]) -> bool:
    """Whether the record is seen at all: by a field of its own that opens it, or by what it holds."""
    if type(record).__name__ in SEEN_BY_ITS_OWN and gate_is_open(record, items):
        return True
    return any(
        any(is_seen(each, items) for each in held_in(getattr(record, name)))
        or (item_of(record, name) != HOLDS and name not in DO_NOT_OPEN)
        for name in entered(record, items)
    )


def permitted(record: Record, items: frozenset[Item], path: str = "") -> Iterator[Leaf]:
    """Every value in a record whose item is among ``items``, as the law's table says it."""
    seen = is_seen(record, items)
    for name in entered(record, items):
        value = getattr(record, name)
        for each in held_in(value):
            yield from permitted(each, items, f"{path}.{name}")
        is_leaf = item_of(record, name) != HOLDS and value is not None and not held_in(value)
        if is_leaf and (seen or name not in DO_NOT_OPEN):
            yield (f"{path}.{name}", value)


def with_hidden_changed(record: Any, items: frozenset[Item], closed: bool = False) -> Any:
    """The record with every hidden value another, but what says which item a neighbour is."""
    changes: dict[str, object] = {}
    closed = closed or not gate_is_open(record, items)
    for name in record.__struct_fields__:
        value, said = getattr(record, name), item_of(record, name)
        if said == GOES or name in ("mode", "recognition_process"):
            continue
        past_gate = isinstance(record, PriorCommonUnit) and name == "subareas"
        hidden = (closed and not past_gate) or (said != HOLDS and said not in items)
        if held_in(value):
            seen = [with_hidden_changed(each, items, hidden) for each in held_in(value)]
            changes[name] = tuple(seen) if isinstance(value, tuple) else seen[0]
        elif hidden and said != HOLDS:
            changes[name] = "there was nothing" if value is None else None
    return msgspec.structs.replace(record, **changes)


def record_types(kind: type[Record] = Record) -> list[type[Record]]:
    """Every record type of the domain."""
    below = [found for each in kind.__subclasses__() for found in record_types(each)]
    return [each for each in (kind, *below) if each.__module__.startswith("hoks.")]


# --- laws -----------------------------------------------------------------------------------------------------


@LAW
@given(plans())
def test_with_every_item_granted_the_plan_is_whole(plan: Hoks) -> None:
    assert redact(plan, EVERYTHING) == plan


@LAW
@given(records(StudyRight))
def test_with_every_item_granted_the_right_is_whole(right: StudyRight) -> None:
    assert redact(right, EVERYTHING) == right


@LAW
@given(plans(), records(StudyRight), records(Finding))
def test_with_no_item_granted_there_is_nothing(plan: Hoks, right: StudyRight, found: Finding) -> None:
    assert redact(plan, frozenset()) is None
    assert redact(right, frozenset()) is None
    assert redact(found, frozenset()) is None


@LAW
@given(plans(), item_sets)
def test_exactly_the_values_of_granted_items_are_kept(plan: Hoks, items: frozenset[Item]) -> None:
    seen = redact(plan, items)
    assert Counter(visible(seen) if seen else ()) == Counter(permitted(plan, items))


@LAW
@given(plans(), st.sampled_from(Item))
def test_of_one_item_alone_exactly_its_values_are_kept(plan: Hoks, only: Item) -> None:
    seen = redact(plan, frozenset({only}))
    assert Counter(visible(seen) if seen else ()) == Counter(permitted(plan, frozenset({only})))


@LAW
@given(plans(), st.sampled_from(Item))
def test_of_all_items_but_one_everything_else_is_kept(plan: Hoks, lacking: Item) -> None:
    items = EVERYTHING - {lacking}
    seen = redact(plan, items)
    assert seen is not None
    assert Counter(visible(seen)) == Counter(permitted(plan, items))


@LAW
@given(plans(), item_sets, item_sets)
def test_fewer_items_never_show_more(plan: Hoks, some: frozenset[Item], others: frozenset[Item]) -> None:
    fewer, more = redact(plan, some), redact(plan, some | others)
    assert fewer is None or more is not None
    assert Counter(visible(fewer) if fewer else ()) <= Counter(visible(more) if more else ())


@LAW
@given(plans(), item_sets)
def test_redacting_again_changes_nothing(plan: Hoks, items: frozenset[Item]) -> None:
    # The way of acquiring (G) says whether dates are W4 or W5: once it is hidden, that cannot be told a second time.
    items = items if Item.G in items else items - {Item.W4, Item.W5}
    once = redact(plan, items)
    assert (redact(once, items) if once else None) == once


@LAW
@given(plans(), item_sets)
def test_a_hidden_value_never_changes_what_is_seen(plan: Hoks, items: frozenset[Item]) -> None:
    assert redact(with_hidden_changed(plan, items), items) == redact(plan, items)


@LAW
@given(plans(), st.sampled_from(Item))
def test_one_hidden_item_never_changes_what_is_seen(plan: Hoks, hidden: Item) -> None:
    items = EVERYTHING - {hidden}
    assert redact(with_hidden_changed(plan, items), items) == redact(plan, items)


# --- classification -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", record_types(), ids=lambda kind: kind.__name__)
def test_every_record_classifies_every_field(kind: type[Record]) -> None:
    assert set(classification(kind)) == set(kind.__struct_fields__)


@pytest.mark.parametrize(
    "kind",
    [
        each
        for each in record_types()
        if each not in (Record, Part, Planned, Prior, Verified) and each.__name__ not in DRAWN_AFTERWARDS
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_field_of_a_record_stands_in_the_table_of_the_law(kind: type[Record]) -> None:
    assert kind.__name__ in known()
    record = kind(**dict.fromkeys(kind.__struct_fields__)) if kind is not Finding else a_finding(Item.D9)
    for name, shown in classification(kind).items():
        said = item_of(record, name)
        assert (said == GOES) == shown.attached
        assert said in shown.items or said in (HOLDS, GOES)


def test_what_is_drawn_afterwards_does_not_pass_from_before() -> None:
    plan = Hoks(study_right_oid=A1, progress=Progress(planned=7), guidance_phase=Guidance(), first_approved_on=DAY)
    redacted = redact(plan, frozenset(Item))
    assert redacted is not None
    assert (redacted.first_approved_on, redacted.progress, redacted.guidance_phase) == (DAY, None, None)


def test_a_field_without_a_classification_stops_the_build() -> None:
    class Bare(msgspec.Struct):
        name: str | None = None

    with pytest.raises(TypeError, match=r"Bare\.name has 0 classifications"):
        classification(Bare)


def test_a_field_with_two_classifications_stops_the_build() -> None:
    class Torn(msgspec.Struct):
        name: Annotated[str | None, item(Item.D1, "One."), item(Item.D9, "Other.")] = None

    with pytest.raises(TypeError, match=r"Torn\.name has 2 classifications"):
        classification(Torn)


def test_structure_that_holds_no_records_stops_the_build() -> None:
    class Hollow(Record, frozen=True):
        names: Annotated[tuple[str, ...], structure("Names that nobody classified.")] = ()

    with pytest.raises(TypeError, match=r"Hollow\.names is classified as structure but holds no records"):
        shape_of(Hollow)


def test_a_list_says_every_item_that_can_open_it() -> None:
    assert items_of(Hoks)["learning_support"] == {Item.D9}
    assert items_of(WorkplaceLearning)["responsible_workplace_instructor"] == {Item.W1, Item.Ci}
    assert items_of(Hoks)["student_email"] == {Item.Cs}
    assert items_of(Hoks)["provenance"] == {Item.SR}
    assert items_of(PlannedLocalUnit)["id"] == frozenset()


# --- examples -------------------------------------------------------------------------------------------------


def a_finding(about: Item) -> Finding:
    return finding(FindingCode.UNREADABLE_VALUE, "somewhere", about)


def test_a_hidden_value_is_null_and_its_neighbour_is_kept() -> None:
    plan = Hoks(study_right_oid=RIGHT, student_email="mieli@example.fi", career_plan_goal=UNIT, provider=SCHOOL)
    seen = redact(plan, frozenset({Item.D13}))
    assert seen is not None
    assert seen.career_plan_goal == UNIT
    assert seen.student_email is None
    assert seen.provider is None


def test_a_list_of_records_is_null_when_no_item_beneath_is_granted_whatever_it_holds() -> None:
    unit = PlannedVocationalUnit(unit=UNIT)
    for plan in (Hoks(study_right_oid=RIGHT), Hoks(study_right_oid=RIGHT, planned_vocational_units=(unit,))):
        seen = redact(plan, frozenset({Item.SR}))
        assert seen is not None
        assert seen.planned_vocational_units is None


def test_an_empty_list_stays_empty_where_an_item_beneath_is_granted() -> None:
    seen = redact(Hoks(study_right_oid=RIGHT), frozenset({Item.D2u, Item.SR}))
    assert seen is not None
    assert seen.planned_vocational_units == ()


@pytest.mark.parametrize(
    ("process", "own"),
    [
        (RecognitionProcess.DIRECT, Item.D3),
        (RecognitionProcess.VIA_ASSESSORS, Item.D4),
        (RecognitionProcess.DEMONSTRATION, Item.D5),
        (RecognitionProcess.UNKNOWN, Item.D5),
        (None, Item.D5),
    ],
)
def test_a_prior_unit_is_seen_by_its_own_item_and_by_no_other(process: RecognitionProcess | None, own: Item) -> None:
    unit = PriorVocationalUnit(
        id="p", unit=UNIT, recognition_process=process, essential_circumstance_exists=True, source_key="17"
    )
    assert redact(unit, EVERYTHING - {own}) is None
    assert redact(unit, frozenset({own})) == PriorVocationalUnit(
        id="p", unit=UNIT, recognition_process=process, skills_demonstrations=None
    )
    assert redact(unit, EVERYTHING) == unit


def test_what_stands_under_a_hidden_prior_unit_is_hidden_with_it() -> None:
    unit = PriorVocationalUnit(
        recognition_process=RecognitionProcess.VIA_ASSESSORS,
        skills_demonstrations=(CompetenceDemonstration(start_date=date(2026, 9, 1)),),
        assessor_referral=AssessorReferral(sent_for_assessment_on=date(2026, 8, 20)),
    )
    assert redact(unit, frozenset({Item.D10, Item.D12, Item.D3, Item.D5, Item.D6u, Item.D8, Item.X})) is None


def test_a_subarea_is_seen_by_its_own_item_under_a_hidden_common_unit() -> None:
    subarea = PriorCommonUnitSubarea(id="s", subarea=OTHER_UNIT, recognition_process=RecognitionProcess.DIRECT)
    unit = PriorCommonUnit(id="u", unit=UNIT, recognition_process=RecognitionProcess.VIA_ASSESSORS, subareas=(subarea,))
    seen = redact(unit, frozenset({Item.D3}))
    assert seen is not None
    assert seen.id == "u"
    assert seen.unit is None
    assert seen.recognition_process is None
    assert seen.subareas is not None
    assert [each.subarea for each in seen.subareas] == [OTHER_UNIT]


def test_a_hidden_subarea_is_not_in_the_list_of_a_common_unit_that_is_seen() -> None:
    subarea = PriorCommonUnitSubarea(subarea=OTHER_UNIT, recognition_process=RecognitionProcess.DIRECT)
    unit = PriorCommonUnit(unit=UNIT, recognition_process=RecognitionProcess.VIA_ASSESSORS, subareas=(subarea,))
    seen = redact(unit, frozenset({Item.D4}))
    assert seen is not None
    assert (seen.unit, seen.subareas) == (UNIT, ())


def test_a_common_unit_whose_own_and_whose_subareas_items_are_hidden_is_not_seen_at_all() -> None:
    subarea = PriorCommonUnitSubarea(subarea=OTHER_UNIT, recognition_process=RecognitionProcess.DIRECT)
    unit = PriorCommonUnit(unit=UNIT, recognition_process=RecognitionProcess.VIA_ASSESSORS, subareas=(subarea,))
    assert redact(unit, frozenset({Item.D5, Item.D2u})) is None


@pytest.mark.parametrize(
    ("mode", "by"),
    [
        (AcquisitionMode.TRAINING_AGREEMENT, Item.W4),
        (AcquisitionMode.APPRENTICESHIP, Item.W5),
        (AcquisitionMode.INSTITUTION_BASED, Item.G),
        (AcquisitionMode.UNKNOWN, Item.G),
        (None, Item.G),
    ],
)
def test_the_dates_of_a_period_are_the_item_of_its_mode(mode: AcquisitionMode | None, by: Item) -> None:
    period = CompetenceAcquisition(mode=mode, start_date=date(2026, 9, 1), end_date=date(2026, 10, 30))
    seen = redact(period, frozenset({by}))
    assert seen is not None
    assert (seen.start_date, seen.end_date) == (date(2026, 9, 1), date(2026, 10, 30))
    without = redact(period, frozenset({Item.Gi, Item.G, Item.W4, Item.W5} - {by}))
    assert without is not None
    assert (without.start_date, without.end_date) == (None, None)


def test_an_instructor_s_name_and_contact_are_seen_apart() -> None:
    learning = WorkplaceLearning(
        responsible_workplace_instructor=WorkplaceInstructor(name="Veikko", email="v@example.fi", phone="040"),
        workplace_name="Konepaja",
        key_tasks=("hitsaus",),
    )
    named = redact(learning, frozenset({Item.W1}))
    assert named == WorkplaceLearning(
        responsible_workplace_instructor=WorkplaceInstructor(name="Veikko"), workplace_name="Konepaja", key_tasks=None
    )
    reached = redact(learning, frozenset({Item.Ci}))
    assert reached == WorkplaceLearning(
        responsible_workplace_instructor=WorkplaceInstructor(email="v@example.fi", phone="040"), key_tasks=None
    )


@pytest.mark.parametrize("items", [{Item.X}, {Item.X, Item.G, Item.D2u}])
def test_technical_data_do_not_tell_that_there_is_learning_support(items: set[Item]) -> None:
    plan = Hoks(
        study_right_oid=RIGHT,
        learning_support=(LearningSupport(id="a", module_id="m", support_type=UNIT),),
        version=3,
    )
    seen = redact(plan, frozenset(items))
    assert seen is not None
    assert seen.version == 3
    assert seen.learning_support is None


def test_technical_data_of_a_part_are_seen_with_the_part_and_do_not_open_it() -> None:
    unit = PlannedVocationalUnit(id="u", module_id="m", source_key="k", unit=UNIT)
    assert redact(unit, frozenset({Item.X})) is None
    assert redact(unit, frozenset({Item.X, Item.D2u})) == msgspec.structs.replace(
        unit, acquisitions=None, demonstrations=None
    )
    without = redact(unit, frozenset({Item.D2u}))
    assert without is not None
    assert (without.unit, without.module_id, without.source_key) == (UNIT, None, None)


def test_a_finding_is_seen_with_the_item_it_is_about() -> None:
    plan = Hoks(study_right_oid=RIGHT, findings=(a_finding(Item.D9), a_finding(Item.SR), a_finding(Item.D8)))
    seen = redact(plan, frozenset({Item.SR, Item.D8}))
    assert seen is not None
    assert seen.findings == (a_finding(Item.SR), a_finding(Item.D8))


def test_the_right_inside_a_plan_is_redacted_with_it() -> None:
    right = StudyRight(oid=RIGHT, student_oid=None, school=SCHOOL, source_system_id="secret")
    seen = redact(Hoks(study_right_oid=RIGHT, study_right=right), frozenset({Item.X}))
    assert seen is not None
    assert seen.study_right is not None
    assert seen.study_right.source_system_id == "secret"
    assert seen.study_right.school is None


# --- shapes ---------------------------------------------------------------------------------------------------


def test_the_days_of_a_record_are_its_fields_of_days_alone() -> None:
    assert days_of(CompetenceAcquisition) == {"start_date", "end_date"}
    assert days_of(AssessorReferral) == {"sent_for_assessment_on"}
    assert days_of(PlannedLocalUnit) == frozenset()


class _Shaped(Record, frozen=True, gc=False):
    """A record of every shape of field."""

    day: Annotated[date, item(Item.D1, "A day.")]
    perhaps: Annotated[date | None, item(Item.D1, "Perhaps a day.")] = None
    text: Annotated[str | None, item(Item.D1, "A text.")] = None
    texts: Annotated[tuple[str, ...] | None, item(Item.D1, "Texts.")] = None
    one: Annotated[LearningSupport | None, structure("One record.")] = None
    several: Annotated[tuple[LearningSupport, ...], structure("Records.")] = ()
    perhaps_several: Annotated[tuple[LearningSupport, ...] | None, structure("Perhaps records.")] = None


def test_the_shape_of_a_record_tells_days_from_other_data_and_lists_from_single_records() -> None:
    shape = shape_of.__wrapped__(_Shaped)
    assert [(name, is_day) for name, _, is_day in shape.leaves] == [
        ("day", True),
        ("perhaps", True),
        ("text", False),
        ("texts", False),
    ]
    assert [(name, is_list) for name, _, is_list in shape.records] == [
        ("one", False),
        ("several", True),
        ("perhaps_several", True),
    ]
    assert shape.beneath == {Item.D1, Item.D9}

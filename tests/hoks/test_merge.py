from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.links import find_links
from hoks.merge import StudentRecord, ToldPlan, content_of, merge
from hoks.plan import Hoks
from hoks.student import Person
from hoks.study_right import StudyRight
from hoks.units import PlannedVocationalUnit
from hoks.values import Code, Organisation
from tests.hoks.parts import parts_in, with_parts
from tests.hoks.stories import (
    A1,
    A2,
    AINO,
    B1,
    C1,
    DAY,
    KEY,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    SCHOOL_A,
    SCHOOL_B,
    a_right,
    merged,
    provenance,
)
from tests.strategies import LAW, plans

BOTH = [a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B)]
LINKED = [a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A)]
DIFFERENT_IN_UNITS = finding(FindingCode.DIFFERENT_COPY, "hoksit", Item.D2u)
DIFFERENT_IN_CONTACTS = finding(FindingCode.DIFFERENT_COPY, "hoksit", Item.Cs)

MERGING = settings(LAW, max_examples=15)

PRECEDENCE = {"a-first": 0, "a-second": 1, "b-plans": 2}
OWNER = {"a-first": A1, "a-second": A1, "b-plans": B1}


def told(plan: Hoks, source: str = "a-first", *, is_owners: bool | None = None) -> ToldPlan:
    return ToldPlan(
        plan=plan,
        provenance=provenance(source),
        is_owners=OWNER.get(source) == plan.study_right_oid if is_owners is None else is_owners,
        precedence=PRECEDENCE[source],
    )


def record(plans: Iterable[ToldPlan], rights: Sequence[StudyRight] = BOTH) -> StudentRecord:
    known = merged(rights)
    return merge(
        Person(oid=AINO),
        known,
        find_links(known, DAY),
        plans,
        key=KEY,
    )


def a_plan(oid: StudyRightOid, *units: str, **fields: object) -> Hoks:
    planned = tuple(PlannedVocationalUnit(unit=Code(uri=each)) for each in units)
    return msgspec.structs.replace(Hoks(study_right_oid=oid, planned_vocational_units=planned), **fields)


def bare(plan: Hoks) -> Hoks:
    """The plan without what merging puts on it."""
    plain = msgspec.structs.replace(plan, study_right=None, provider=None, provenance=None, findings=())
    return with_parts(plain, id="", provenance=None)


def findings(merged_record: StudentRecord) -> dict[StudyRightOid, list[tuple[Finding, ...]]]:
    found: dict[StudyRightOid, list[tuple[Finding, ...]]] = {}
    for plan in merged_record.plans:
        found.setdefault(plan.study_right_oid, []).append(plan.findings or ())
    return found


# --- laws -----------------------------------------------------------------------------------------------------

told_plans = st.lists(
    st.tuples(st.sampled_from((A1, B1)).flatmap(lambda oid: plans(oid)), st.sampled_from(sorted(PRECEDENCE))).map(
        lambda each: told(*each)
    ),
    max_size=3,
)


@MERGING
@given(told_plans, st.data())
def test_the_order_and_repetition_of_answers_do_not_matter(given_: list[ToldPlan], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(given_))
    assert record([*turned, *given_[:2]], LINKED) == record(given_, LINKED)


@MERGING
@given(told_plans)
def test_merging_loses_nothing_of_the_owner_s_first_source_and_invents_nothing(given_: list[ToldPlan]) -> None:
    result = record(given_).plans
    for oid in (A1, B1):
        own = [each for each in given_ if each.is_owners and each.plan.study_right_oid == oid]
        first = min((each.precedence for each in own), default=None)
        distinct = {each.plan: each.plan for each in own if each.precedence == first}
        shown = [plan for plan in result if plan.study_right_oid == oid]
        assert Counter(map(bare, shown)) == Counter(map(bare, distinct))
        assert sum(len(list(parts_in(plan))) for plan in shown) == sum(len(list(parts_in(plan))) for plan in distinct)


@MERGING
@given(told_plans)
def test_every_part_says_the_source_its_plan_came_from(given_: list[ToldPlan]) -> None:
    for plan in record(given_).plans:
        assert plan.provenance is not None
        assert OWNER[plan.provenance.source] == plan.study_right_oid
        assert {part.provenance for part in parts_in(plan)} <= {plan.provenance}


@MERGING
@given(told_plans)
def test_what_a_source_found_doubtful_stays_said(given_: list[ToldPlan]) -> None:
    for plan in record(given_).plans:
        sources = [each.plan for each in given_ if bare(each.plan) == bare(plan)]
        assert any(set(each.findings or ()) <= set(plan.findings or ()) for each in sources)


@MERGING
@given(told_plans)
def test_a_copy_changes_nothing_in_the_owner_s_plan(given_: list[ToldPlan]) -> None:
    own = [each for each in given_ if each.is_owners]
    assert [bare(plan) for plan in record(given_).plans] == [bare(plan) for plan in record(own).plans]


# --- plans side by side ---------------------------------------------------------------------------------------


def test_plans_stand_side_by_side_in_order_of_their_rights() -> None:
    result = record([told(a_plan(B1, "y"), "b-plans"), told(a_plan(A1, "x"))])
    assert [plan.study_right_oid for plan in result.plans] == [A1, B1]
    assert result.person == Person(oid=AINO)


def test_a_plan_carries_its_right_and_its_provider_as_the_rights_tell_them() -> None:
    (plan,) = record([told(a_plan(A1, provider=Organisation(oid=PROVIDER_C)))]).plans
    assert plan.study_right is not None
    assert plan.study_right.oid == A1
    assert plan.provider == Organisation(oid=PROVIDER_A)


def test_the_owner_s_first_source_wins_over_its_second() -> None:
    result = record([told(a_plan(A1, "second"), "a-second"), told(a_plan(A1, "first"), "a-first")])
    assert [[each.unit for each in plan.planned_vocational_units or ()] for plan in result.plans] == [
        [Code(uri="first")]
    ]


# --- copies ---------------------------------------------------------------------------------------------------


def test_an_identical_copy_is_not_worth_a_word() -> None:
    result = record([told(a_plan(A1, "x")), told(a_plan(A1, "x"), "b-plans")])
    assert findings(result) == {A1: [()]}


def test_a_copy_with_other_keys_ids_and_findings_is_identical() -> None:
    copy = with_parts(
        a_plan(A1, "x", source_id="77", external_id="abc", findings=(finding(FindingCode.UNKNOWN_CODE, "x", Item.X),)),
        id="b",
        module_id="m",
        source_key="k",
        provenance=provenance("b-plans"),
    )
    assert findings(record([told(a_plan(A1, "x")), told(copy, "b-plans")])) == {A1: [()]}


def test_a_different_copy_is_a_finding_and_the_owner_s_plan_is_shown() -> None:
    result = record([told(a_plan(A1, "x")), told(a_plan(A1, "z"), "b-plans")])
    assert findings(result) == {A1: [(DIFFERENT_IN_UNITS,)]}
    assert [each.unit for each in result.plans[0].planned_vocational_units or ()] == [Code(uri="x")]


def test_a_copy_that_differs_in_contact_data_is_a_finding_to_those_who_see_contact_data() -> None:
    own, copy = (a_plan(A1, "x", student_email=each) for each in ("a@example.fi", "b@example.fi"))
    assert findings(record([told(own), told(copy, "b-plans")])) == {A1: [(DIFFERENT_IN_CONTACTS,)]}


def test_a_different_second_source_of_the_owner_is_a_finding_too() -> None:
    result = record([told(a_plan(A1, "x")), told(a_plan(A1, "z"), "a-second")])
    assert findings(result) == {A1: [(DIFFERENT_IN_UNITS,)]}


def test_a_copy_without_the_owner_s_own_is_no_plan() -> None:
    assert record([told(a_plan(A1, "x"), "b-plans")]).plans == ()


def test_the_content_of_a_plan_is_without_what_each_system_counts_for_itself() -> None:
    one = a_plan(A1, "x", source_id="1", version=1)
    other = a_plan(A1, "x", source_id="2", version=2)
    assert content_of(one) == content_of(other)
    assert content_of(one) != content_of(a_plan(A1, "z"))


# --- several plans for one right ------------------------------------------------------------------------------


def units_of(plan: Hoks) -> set[str]:
    return {unit.unit.uri for unit in plan.planned_vocational_units or () if unit.unit}


def test_several_plans_for_one_right_are_all_kept() -> None:
    result = record([told(a_plan(A1, "x")), told(a_plan(A1, "z"))])
    assert sorted(uri for plan in result.plans for uri in units_of(plan)) == ["x", "z"]


@pytest.mark.parametrize("numbers", [(None, None), ("17", "17"), ("17", "18")])
def test_the_order_in_which_several_plans_of_one_right_were_told_does_not_matter(
    numbers: tuple[str | None, str | None],
) -> None:
    one, other = (told(a_plan(A1, unit, source_id=number)) for unit, number in zip(("x", "z"), numbers, strict=True))
    assert record([one, other]) == record([other, one])


def test_the_same_plan_given_twice_by_its_source_is_one() -> None:
    assert findings(record([told(a_plan(A1, "x")), told(a_plan(A1, "x"))])) == {A1: [()]}


def test_identical_copies_of_several_plans_are_not_different() -> None:
    both = [a_plan(A1, "x"), a_plan(A1, "z")]
    result = record([*(told(plan) for plan in both), *(told(plan, "b-plans") for plan in both)])
    codes = {each.code for plan in result.plans for each in plan.findings or ()}
    assert FindingCode.DIFFERENT_COPY not in codes


# --- procurement ----------------------------------------------------------------------------------------------


def test_plans_on_both_sides_of_a_link_are_both_kept() -> None:
    result = record([told(a_plan(A1, "x")), told(a_plan(B1, "y"), "b-plans")], LINKED)
    assert [plan.study_right_oid for plan in result.plans] == [A1, B1]


def test_a_copy_of_the_procurer_s_plan_is_not_a_plan_of_its_own() -> None:
    result = record([told(a_plan(A1, "x")), told(a_plan(A1, "x"), "b-plans")], LINKED)
    assert findings(result) == {A1: [()]}


def covering(result: StudentRecord, oid: StudyRightOid) -> list[StudyRightOid]:
    return [plan.study_right_oid for plan in result.plans_covering(oid)]


def test_a_plan_covers_its_own_right_and_over_a_valid_link_the_implementing_one() -> None:
    result = record([told(a_plan(A1, "x"))], [*LINKED, a_right(C1, PROVIDER_C)])
    assert [covering(result, oid) for oid in (A1, B1, C1)] == [[A1], [A1], []]


def test_a_plan_does_not_cover_the_procuring_right_from_the_implementing_side() -> None:
    result = record([told(a_plan(B1, "y"), "b-plans")], LINKED)
    assert [covering(result, oid) for oid in (A1, B1)] == [[], [B1]]


def test_a_wrong_link_covers_nothing() -> None:
    wrong = [a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_B)]
    assert covering(record([told(a_plan(A1, "x"))], wrong), B1) == []


@pytest.mark.parametrize(("procuring", "implementing"), [(A1, A2), (A2, A1)])
def test_with_a_plan_on_both_sides_the_right_s_own_comes_first_whichever_oid_is_smaller(
    procuring: StudyRightOid, implementing: StudyRightOid
) -> None:
    rights = [
        a_right(procuring, PROVIDER_A),
        a_right(implementing, PROVIDER_B, included_in=procuring, link_school=SCHOOL_A),
    ]
    plans_ = [told(a_plan(each, "x"), is_owners=True) for each in (procuring, implementing)]
    result = record(plans_, sorted(rights, key=lambda right: right.oid))
    assert covering(result, implementing) == [implementing, procuring]
    assert covering(result, procuring) == [procuring]

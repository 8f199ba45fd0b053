from collections.abc import Mapping

import msgspec

from hoks.access.decide import Allowance, Grant
from hoks.findings import FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.links import find_links
from hoks.merge import StudentRecord, ToldPlan, merge
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from hoks.showing import PLAN_ITEMS, LinkFindings, View, show
from hoks.student import Person, SourceStatus
from hoks.units import LearningSupport, PlannedVocationalUnit
from hoks.values import Code
from tests.hoks.stories import (
    A1,
    AINO,
    ALONE,
    B1,
    DAY,
    KEY,
    PROVIDER_A,
    PROVIDER_B,
    SCHOOL_A,
    a_right,
    merged,
    provenance,
)

APPROVED = ("the plan has been approved",)
CODE = Code(uri="tutkinnonosat_100001")
EVERYTHING = frozenset(Item)


def grant(oid: StudyRightOid, items: frozenset[Item], when_plan: tuple[str, ...] = ()) -> Grant:
    allowances = (Allowance("a-rule", items, when_plan),) if items else ()
    return Grant(right=oid, allowances=allowances, refusals={})


def a_plan(oid: StudyRightOid, *, approved: bool = True) -> Hoks:
    return Hoks(
        study_right_oid=oid,
        first_approved_on=DAY if approved else None,
        student_email="aino@example.fi",
        planned_vocational_units=(PlannedVocationalUnit(unit=CODE),),
        learning_support=(LearningSupport(support_type=CODE),),
        findings=(finding(FindingCode.UNKNOWN_CODE, "learningSupport", Item.D9),),
    )


def record(*plans: Hoks, linked: bool = False) -> StudentRecord:
    b = a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A) if linked else a_right(B1, PROVIDER_B)
    rights = merged([a_right(A1, PROVIDER_A), b])
    told = [ToldPlan(plan=plan, provenance=provenance("a-plans"), is_owners=True, precedence=0) for plan in plans]
    return merge(
        Person(oid=AINO, name="Aino Testinen"),
        rights,
        find_links(rights, DAY),
        told,
        key=KEY,
    )


def shown(
    given: Mapping[StudyRightOid, frozenset[Item]],
    *plans: Hoks,
    person_items: frozenset[Item] = frozenset(),
    when_plan: tuple[str, ...] = (),
    linked: bool = False,
) -> View | None:
    grants = {oid: grant(oid, given.get(oid, frozenset()), when_plan) for oid in (A1, B1)}
    return show(record(*plans, linked=linked), grants, person_items, ALONE, key=KEY)


def seen(view: View | None) -> View:
    assert view is not None
    return view


def test_without_any_grant_there_is_no_student() -> None:
    assert shown({}, a_plan(A1), a_plan(B1)) is None


def test_only_granted_rights_and_plans_are_in_the_answer() -> None:
    view = seen(shown({A1: EVERYTHING}, a_plan(A1), a_plan(B1)))
    assert [each.oid for each in view.student.study_rights or ()] == [A1]
    assert [each.study_right_oid for each in view.student.hoksit or ()] == [A1]
    assert set(view.grants) == {A1}
    assert view.came_from == {"koski", "a-plans"}


def test_each_plan_is_redacted_by_its_own_grant() -> None:
    view = seen(shown({A1: EVERYTHING, B1: EVERYTHING - {Item.Cs, Item.D9}}, a_plan(A1), a_plan(B1)))
    first, second = view.student.hoksit or ()
    assert (first.student_email, len(first.learning_support or ())) == ("aino@example.fi", 1)
    assert second.student_email is None
    assert first.findings
    assert second.findings == ()


def test_the_student_s_findings_are_those_that_are_seen_somewhere() -> None:
    assert seen(shown({A1: EVERYTHING}, a_plan(A1))).student.findings
    assert seen(shown({A1: EVERYTHING - {Item.D9}}, a_plan(A1))).student.findings == ()


def test_the_name_is_seen_where_it_is_granted_for_something_that_is_shown() -> None:
    named = seen(shown({A1: frozenset({Item.ID, Item.SR})}))
    assert (named.student.oid, named.student.name) == (AINO, "Aino Testinen")
    nameless = seen(shown({A1: frozenset({Item.SR})}))
    assert nameless.student.oid is None
    assert nameless.student.name is None


def test_a_person_who_may_be_seen_is_seen_without_any_right() -> None:
    view = seen(shown({}, person_items=frozenset({Item.ID})))
    assert view.student.oid == AINO
    assert (view.student.study_rights, view.student.hoksit) == ((), ())
    assert view.grants == {}


def test_a_draft_under_a_grant_for_approved_plans_shows_neither_plan_nor_right_nor_person() -> None:
    assert shown({A1: EVERYTHING}, a_plan(A1, approved=False), when_plan=APPROVED) is None
    assert shown({A1: EVERYTHING}, when_plan=APPROVED) is None
    assert shown({A1: EVERYTHING}, a_plan(A1), when_plan=APPROVED) is not None


def test_the_right_under_a_link_is_judged_by_the_plan_that_covers_it() -> None:
    both = {A1: EVERYTHING, B1: EVERYTHING}
    view = seen(shown(both, a_plan(A1), when_plan=APPROVED, linked=True))
    assert [each.oid for each in view.student.study_rights or ()] == [A1, B1]
    assert shown(both, a_plan(A1, approved=False), when_plan=APPROVED, linked=True) is None


def test_a_shared_plan_that_is_not_shown_itself_shows_no_right_under_the_link() -> None:
    assert shown({B1: EVERYTHING}, a_plan(A1), when_plan=APPROVED, linked=True) is None


def test_a_right_without_plan_items_shows_no_plan() -> None:
    view = seen(shown({A1: EVERYTHING - PLAN_ITEMS}, a_plan(A1)))
    assert [each.oid for each in view.student.study_rights or ()] == [A1]
    assert view.student.hoksit == ()


def test_a_plan_carries_its_right_as_it_is_shown() -> None:
    view = seen(shown({A1: EVERYTHING - {Item.SR}}, a_plan(A1)))
    (plan,) = view.student.hoksit or ()
    assert plan.study_right == (view.student.study_rights or ())[0]
    assert plan.study_right is not None
    assert plan.study_right.school is None


def test_views_are_drawn_of_what_is_shown_and_of_nothing_else() -> None:
    view = seen(shown({A1: EVERYTHING, B1: frozenset({Item.D1, Item.SR})}, a_plan(A1), a_plan(B1)))
    occurrences = [
        each.study_right_oid for unit in view.student.combined_units or () for each in unit.occurrences or ()
    ]
    assert occurrences == [A1]


def test_a_right_and_the_plan_that_covers_it_are_found_in_the_view() -> None:
    view = seen(shown({A1: EVERYTHING, B1: EVERYTHING}, a_plan(A1), linked=True))
    found = view.right(B1)
    assert found is not None
    assert found.oid == B1
    plan = view.plan(B1)
    assert plan is not None
    assert plan.study_right_oid == A1
    assert view.right(StudyRightOid("1.2.246.562.15.90000000016")) is None


def test_a_plan_that_is_not_shown_is_not_found_either() -> None:
    view = seen(shown({A1: EVERYTHING}, a_plan(A1), a_plan(B1)))
    assert view.plan(B1) is None
    assert view.right(B1) is None


def test_a_hidden_right_does_not_lead_to_the_plan_that_covers_it() -> None:
    view = seen(shown({A1: EVERYTHING}, a_plan(A1), linked=True))
    assert view.plan(A1) is not None
    assert view.right(B1) is None
    assert view.plan(B1) is None


def findings_of(view: View) -> list[set[FindingCode]]:
    return [
        {each.code for each in plan.findings or ()} - {FindingCode.UNKNOWN_CODE} for plan in view.student.hoksit or ()
    ]


def test_a_plan_on_both_sides_of_a_link_is_a_finding_on_the_implementing_one() -> None:
    view = seen(shown({A1: EVERYTHING, B1: EVERYTHING}, a_plan(A1), a_plan(B1), linked=True))
    assert findings_of(view) == [set(), {FindingCode.PLAN_ON_BOTH_SIDES_OF_LINK}]


def test_two_plans_without_a_link_are_as_they_should_be() -> None:
    assert findings_of(seen(shown({A1: EVERYTHING, B1: EVERYTHING}, a_plan(A1), a_plan(B1)))) == [set(), set()]


def test_that_there_is_a_plan_on_the_other_side_is_told_only_where_that_plan_is_shown() -> None:
    view = seen(shown({B1: EVERYTHING}, a_plan(A1), a_plan(B1), linked=True))
    assert findings_of(view) == [set()]


def second(plan: Hoks, *, approved: bool = True) -> Hoks:
    return msgspec.structs.replace(plan, source_id="2", first_approved_on=DAY if approved else None)


def test_several_plans_of_one_right_each_say_so() -> None:
    view = seen(shown({A1: EVERYTHING}, a_plan(A1), second(a_plan(A1))))
    assert findings_of(view) == [{FindingCode.SEVERAL_PLANS_FOR_ONE_RIGHT}] * 2
    assert FindingCode.SEVERAL_PLANS_FOR_ONE_RIGHT in {each.code for each in view.student.findings or ()}


def test_that_there_are_several_plans_is_told_only_where_several_are_shown() -> None:
    plans = (a_plan(A1), second(a_plan(A1), approved=False))
    view = seen(shown({A1: EVERYTHING}, *plans, when_plan=APPROVED))
    assert findings_of(view) == [set()]
    assert [each.oid for each in view.student.study_rights or ()] == [A1]


def test_doubts_about_a_plan_are_told_with_its_right() -> None:
    view = seen(shown({A1: EVERYTHING - {Item.SR}}, a_plan(A1), second(a_plan(A1))))
    assert findings_of(view) == [set(), set()]


def test_sources_are_added_to_a_view_and_change_nothing_else() -> None:
    view = seen(shown({A1: EVERYTHING}, a_plan(A1)))
    status = SourceStatus(source="a-plans", outcome=Outcome.OK)
    added = view.with_sources((status,))
    assert added.student.sources == (status,)
    assert msgspec.structs.replace(added.student, sources=()) == view.student


def test_what_a_plan_is_made_of_leaves_out_the_person_the_right_contacts_and_technical_data() -> None:
    left_out = {Item.ID, Item.SR, Item.D2q, Item.Cs, Item.Ci, Item.X}
    assert frozenset(Item) - left_out == PLAN_ITEMS


def told_of_the_link(*, is_own: bool, target_is_shown: bool) -> list[FindingCode]:
    """What is said of B1's link to A1, with B1 shown."""
    given = {B1: EVERYTHING, A1: EVERYTHING if target_is_shown else frozenset[Item]()}
    grants = {oid: grant(oid, items, ()) for oid, items in given.items()}
    codes = (finding(FindingCode.LINK_TARGET_ENDED, "includedIn", Item.SR),)
    links = (LinkFindings(right=B1, target=A1, is_own=is_own, findings=codes),)
    right = seen(show(record(a_plan(A1), linked=True), grants, frozenset(), ALONE, links, key=KEY)).right(B1)
    assert right is not None
    return [each.code for each in right.findings or ()]


def test_what_a_link_s_target_is_like_is_told_to_those_whose_link_it_is_or_who_see_the_target() -> None:
    assert told_of_the_link(is_own=True, target_is_shown=False) == [FindingCode.LINK_TARGET_ENDED]
    assert told_of_the_link(is_own=False, target_is_shown=True) == [FindingCode.LINK_TARGET_ENDED]
    assert told_of_the_link(is_own=False, target_is_shown=False) == []

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hoks.access
from hoks.access.decide import Allowance, Grant, Reason, Refusal, conclude, decide, decide_person
from hoks.access.facts import PLAN_CONDITIONS, Situation
from hoks.access.rules import Ground, Limit, Policy, Rule, read_policy
from hoks.caller import Role
from hoks.codes import StudyRightState
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item, Seen
from hoks.merged import MergedRight
from hoks.narrow import Scope
from hoks.organisations import Known
from hoks.plan import Hoks
from hoks.relations import Statute
from hoks.study_right import StudyRight
from tests.hoks.stories import (
    A1,
    ALONE,
    B1,
    C1,
    DAY,
    OTHER_SCHOOL_A,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    SCHOOL_A,
    SCHOOL_B,
    SITE_A,
    TREE,
    UNKNOWN,
    a_right,
    periods,
    situation,
)
from tests.strategies import LAW

POLICY = read_policy((Path(hoks.access.__file__).parent / "rules.toml").read_text(encoding="utf-8"))
APPROVED = Hoks(study_right_oid=A1, first_approved_on=DAY)
DRAFT = Hoks(study_right_oid=A1)
PLANS = (None, DRAFT, APPROVED)
YES, NO, UNSURE = Known.YES, Known.NO, Known.UNKNOWN

ALL_BUT_CONTACTS = frozenset(Item) - {Item.Cs, Item.Ci}


def a_rule(name: str, *items: Item, when_plan: tuple[str, ...] = ()) -> Rule:
    return Rule(
        id=name,
        title=name,
        who=frozenset({Role.STAFF}),
        about="plan",
        when=("the right is valid today",),
        when_plan=when_plan,
        items=frozenset(items),
        ground=Ground(law="531/2017", source=("004:36",), code="P1"),
        interpretation=False,
        examples=(),
    )


rules = st.lists(
    st.builds(
        lambda name, items, when_plan: a_rule(name, *items, when_plan=when_plan),
        st.sampled_from("abcdefgh"),
        st.frozensets(st.sampled_from(Item), min_size=1, max_size=5),
        st.sampled_from(((), tuple(PLAN_CONDITIONS))),
    ),
    max_size=6,
    unique_by=lambda rule: rule.id,
).map(tuple)
"""Random sets of rules with ids of their own."""

facts = st.fixed_dictionaries({name: st.sampled_from(Known) for name in "abcdefgh"})
"""Whether the conditions of each rule hold."""


# --- laws of concluding ---------------------------------------------------------------------------------------


@given(rules, facts)
def test_nothing_is_given_unless_a_rule_that_is_known_to_hold_names_it(
    chosen: tuple[Rule, ...], held: Mapping[str, Known]
) -> None:
    grant = conclude(chosen, held, A1)
    holding = {item for rule in chosen if held[rule.id] is YES for item in rule.items}
    for plan in PLANS:
        assert grant.items(plan, ALONE) <= holding
    assert grant.items(APPROVED, ALONE) == holding
    assert grant.anything == bool(holding)


@given(rules)
def test_without_a_fact_nothing_is_given(chosen: tuple[Rule, ...]) -> None:
    for answer in (NO, UNSURE):
        grant = conclude(chosen, {rule.id: answer for rule in chosen}, A1)
        assert not grant.anything
        assert grant.items(APPROVED, ALONE) == frozenset()
        assert grant.rules(APPROVED, ALONE) == ()


@given(rules, facts)
def test_every_item_is_either_allowed_or_refused(chosen: tuple[Rule, ...], held: Mapping[str, Known]) -> None:
    grant = conclude(chosen, held, A1)
    allowed = {item for allowance in grant.allowances for item in allowance.items}
    assert allowed | set(grant.refusals) == set(Item)
    assert allowed.isdisjoint(grant.refusals)


@given(rules, facts, st.data())
def test_the_order_of_rules_and_facts_does_not_matter(
    chosen: tuple[Rule, ...], held: Mapping[str, Known], data: st.DataObject
) -> None:
    others = tuple(data.draw(st.permutations(chosen)))
    turned = {name: held[name] for name in sorted(held, reverse=True)}
    assert conclude(others, turned, A1) == conclude(chosen, held, A1)


@given(rules, facts, st.data())
def test_losing_a_fact_never_gives_more(
    chosen: tuple[Rule, ...], held: Mapping[str, Known], data: st.DataObject
) -> None:
    fewer = {name: data.draw(st.sampled_from((known, UNSURE))) for name, known in held.items()}
    for plan in PLANS:
        assert conclude(chosen, fewer, A1).items(plan, ALONE) <= conclude(chosen, held, A1).items(plan, ALONE)


@given(rules, facts, st.data())
def test_adding_a_rule_never_hides_and_removing_one_never_shows(
    chosen: tuple[Rule, ...], held: Mapping[str, Known], data: st.DataObject
) -> None:
    fewer = tuple(rule for rule in chosen if data.draw(st.booleans()))
    for plan in PLANS:
        assert conclude(fewer, held, A1).items(plan, ALONE) <= conclude(chosen, held, A1).items(plan, ALONE)


@given(rules, facts)
def test_less_of_a_plan_never_gives_more(chosen: tuple[Rule, ...], held: Mapping[str, Known]) -> None:
    grant = conclude(chosen, held, A1)
    assert grant.items(None, ALONE) <= grant.items(APPROVED, ALONE)
    assert grant.items(DRAFT, ALONE) <= grant.items(APPROVED, ALONE)


# --- reasons --------------------------------------------------------------------------------------------------


def test_an_item_that_no_rule_gives_is_refused_for_want_of_a_rule() -> None:
    grant = conclude((a_rule("a", Item.D1),), {"a": YES}, A1)
    assert grant.refusals[Item.D9] == Refusal(Reason.NO_RULE, ())
    assert Item.D1 not in grant.refusals


def test_an_item_whose_conditions_do_not_hold_names_the_rules_that_would_give_it() -> None:
    chosen = (a_rule("b", Item.D1), a_rule("a", Item.D1, Item.D9), a_rule("c", Item.D9))
    grant = conclude(chosen, {"a": NO, "b": NO, "c": NO}, A1)
    assert grant.refusals[Item.D1] == Refusal(Reason.CONDITION_NOT_MET, ("a", "b"))
    assert grant.refusals[Item.D9] == Refusal(Reason.CONDITION_NOT_MET, ("a", "c"))


def test_an_unknown_fact_is_the_reason_where_one_rule_hangs_on_it() -> None:
    chosen = (a_rule("a", Item.D1), a_rule("b", Item.D1))
    grant = conclude(chosen, {"a": NO, "b": UNSURE}, A1)
    assert grant.refusals[Item.D1] == Refusal(Reason.UNKNOWN_FACT, ("a", "b"))


def test_a_rule_that_holds_silences_the_others_doubt() -> None:
    chosen = (a_rule("a", Item.D1), a_rule("b", Item.D1))
    grant = conclude(chosen, {"a": YES, "b": UNSURE}, A1)
    assert Item.D1 not in grant.refusals


def test_a_grant_tells_which_rules_let_something_through() -> None:
    chosen = (a_rule("b", Item.D1), a_rule("a", Item.D9, when_plan=tuple(PLAN_CONDITIONS)), a_rule("c", Item.X))
    grant = conclude(chosen, {"a": YES, "b": YES, "c": NO}, A1)
    assert grant.rules(APPROVED, ALONE) == ("a", "b")
    assert grant.rules(DRAFT, ALONE) == ("b",)
    assert grant.allowances == (
        Allowance("a", frozenset({Item.D9}), tuple(PLAN_CONDITIONS)),
        Allowance("b", frozenset({Item.D1})),
    )


# --- laws of the whole decision, over the policy itself -------------------------------------------------------

states = st.sampled_from(StudyRightState)
starts = st.sampled_from(("2019-08-01", "2021-10-05", "2025-08-01", "2026-10-05", "2026-11-01"))
timelines = st.lists(st.tuples(starts, states), max_size=3)


@st.composite
def student_rights(draw: st.DrawFn) -> list[StudyRight]:
    """One right each of A, B and C, in any state, linked among themselves in any way."""
    made: list[StudyRight] = []
    for oid, provider in ((A1, PROVIDER_A), (B1, PROVIDER_B), (C1, PROVIDER_C)):
        told = draw(timelines) or [("2025-08-01", PRESENT)]
        target = draw(st.sampled_from((None, None, A1, B1, C1)))
        school = draw(st.sampled_from((SCHOOL_A, SCHOOL_B, None)))
        made.append(a_right(oid, provider, *told, included_in=target, link_school=school))
    return made


actings = st.sampled_from((PROVIDER_A, SCHOOL_A, SITE_A, OTHER_SCHOOL_A, PROVIDER_B, None))
roles = st.sampled_from(Role)


def seen(role: Role, known: Situation, policy: Policy = POLICY) -> dict[tuple[StudyRightOid, Hoks | None], Seen]:
    """What may be seen of each right, whatever its plan is like."""
    return {
        (right.oid, plan): decide(policy, role, known, right).items(plan, ALONE)
        for right in known.rights
        for plan in PLANS
    }


def never_more(
    fewer: Mapping[tuple[StudyRightOid, Hoks | None], Seen],
    more: Mapping[tuple[StudyRightOid, Hoks | None], Seen],
) -> bool:
    return all(items <= more[key] for key, items in fewer.items())


@LAW
@given(student_rights(), actings, st.sampled_from(Known), st.sampled_from(sorted(TREE)))
def test_an_organisation_that_the_tree_forgets_never_opens_anything(
    rights: list[StudyRight], acting: OrganisationOid | None, is_the_student: Known, forgotten: OrganisationOid
) -> None:
    less = {oid: node for oid, node in TREE.items() if oid != forgotten}
    for role in (Role.STAFF, Role.SYSTEM, Role.STUDENT):
        known = situation(rights, acting, is_the_student=is_the_student)
        doubtful = situation(rights, acting, is_the_student=is_the_student, tree=less)
        assert never_more(seen(role, doubtful), seen(role, known))


@LAW
@given(student_rights(), actings, st.sampled_from((A1, B1, C1)))
def test_a_right_whose_state_is_unknown_opens_nothing_to_a_provider(
    rights: list[StudyRight], acting: OrganisationOid | None, unknown: StudyRightOid
) -> None:
    doubtful = [
        msgspec.structs.replace(right, periods=periods(("2019-08-01", UNKNOWN))) if right.oid == unknown else right
        for right in rights
    ]
    after = seen(Role.STAFF, situation(doubtful, acting))
    assert all(not items for (oid, _), items in after.items() if oid == unknown)
    assert never_more(after, seen(Role.STAFF, situation(rights, acting)))


@LAW
@given(student_rights(), actings, st.sampled_from((A1, B1, C1)))
def test_a_right_that_is_not_told_never_opens_another(
    rights: list[StudyRight], acting: OrganisationOid | None, untold: StudyRightOid
) -> None:
    fewer = [right for right in rights if right.oid != untold]
    assert never_more(seen(Role.STAFF, situation(fewer, acting)), seen(Role.STAFF, situation(rights, acting)))


@LAW
@given(student_rights(), actings)
def test_a_link_that_is_not_told_never_opens_anything(rights: list[StudyRight], acting: OrganisationOid | None) -> None:
    known = situation(rights, acting)
    unlinked = msgspec.structs.replace(known, links=())
    assert never_more(seen(Role.STAFF, unlinked), seen(Role.STAFF, known))


@LAW
@given(student_rights(), actings, roles, st.sampled_from([rule.id for rule in POLICY.rules]))
def test_striking_a_rule_from_the_policy_never_shows_anything(
    rights: list[StudyRight], acting: OrganisationOid | None, role: Role, struck: str
) -> None:
    fewer = msgspec.structs.replace(POLICY, rules=tuple(rule for rule in POLICY.rules if rule.id != struck))
    known = situation(rights, acting)
    assert never_more(seen(role, known, fewer), seen(role, known))


@LAW
@given(student_rights(), actings)
def test_a_provider_without_any_right_of_the_student_sees_nothing(
    rights: list[StudyRight], acting: OrganisationOid | None
) -> None:
    foreign = [right for right in rights if right.oid != A1]
    known = situation(foreign, acting if acting != PROVIDER_B else PROVIDER_A)
    assert all(not items for items in seen(Role.STAFF, known).values())


@LAW
@given(student_rights(), actings)
def test_a_draft_is_seen_by_its_own_provider_alone(rights: list[StudyRight], acting: OrganisationOid | None) -> None:
    known = situation(rights, acting)
    for right in known.rights:
        if known.owns(right) is not YES:
            assert decide(POLICY, Role.STAFF, known, right).items(DRAFT, ALONE) == frozenset()


@LAW
@given(student_rights(), actings, roles)
def test_roles_without_a_rule_see_nothing(rights: list[StudyRight], acting: OrganisationOid | None, role: Role) -> None:
    if role not in (Role.STAFF, Role.SYSTEM, Role.STUDENT):
        known = situation(rights, acting, is_the_student=YES)
        assert all(not items for items in seen(role, known).values())
        assert decide_person(POLICY, role, known) == frozenset()


# --- the decision by example ----------------------------------------------------------------------------------


def grant(role: Role, known: Situation, oid: StudyRightOid) -> Grant:
    right: MergedRight = next(each for each in known.rights if each.oid == oid)
    return decide(POLICY, role, known, right)


def test_own_provider_sees_everything_of_its_valid_right_even_a_draft() -> None:
    found = grant(Role.STAFF, situation([a_right(A1, PROVIDER_A)]), A1)
    assert found.right == A1
    assert found.items(DRAFT, ALONE) == frozenset(Item)
    assert found.refusals == {}


def test_a_concurrent_provider_sees_the_approved_plan_without_contact_data() -> None:
    known = situation([a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B)], PROVIDER_B)
    found = grant(Role.STAFF, known, A1)
    assert found.items(APPROVED, ALONE) == ALL_BUT_CONTACTS
    assert found.items(DRAFT, ALONE) == frozenset()
    assert set(found.refusals) == {Item.Cs, Item.Ci}


def test_a_wrong_link_leaves_concurrent_visibility_and_takes_the_contact_data() -> None:
    right, wrong = (
        situation([a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B, included_in=A1, link_school=school)], PROVIDER_B)
        for school in (SCHOOL_A, SCHOOL_B)
    )
    assert grant(Role.STAFF, right, A1).items(APPROVED, ALONE) == frozenset(Item)
    assert grant(Role.STAFF, wrong, A1).items(APPROVED, ALONE) == ALL_BUT_CONTACTS
    assert grant(Role.STAFF, wrong, A1).refusals[Item.Cs].reason is Reason.CONDITION_NOT_MET


def test_an_unknown_organisation_is_the_reason_why_nothing_is_shown() -> None:
    known = situation([a_right(A1, PROVIDER_A)], tree={})
    found = grant(Role.STAFF, known, A1)
    assert not found.anything
    assert found.refusals[Item.D1].reason is Reason.UNKNOWN_FACT


def test_a_student_sees_themselves_without_any_right() -> None:
    for is_the_student, items in ((YES, {Item.ID}), (NO, set()), (UNSURE, set())):
        known = situation([], None, is_the_student=is_the_student)
        assert decide_person(POLICY, Role.STUDENT, known) == items


def test_staff_sees_nobody_apart_from_a_right() -> None:
    assert decide_person(POLICY, Role.STAFF, situation([], PROVIDER_A)) == frozenset()


@pytest.mark.parametrize(
    "role", [each for each in Role if each not in (Role.STAFF, Role.SYSTEM, Role.HEAD_OF_TRAINING)]
)
def test_a_role_without_its_relation_gets_nothing_at_the_own_provider(role: Role) -> None:
    found = grant(role, situation([a_right(A1, PROVIDER_A)]), A1)
    assert found.items(APPROVED, ALONE) == frozenset()
    assert set(found.refusals) == set(Item)


@pytest.mark.parametrize(
    ("role", "item"), [(Role.INSTRUCTOR, Item.D9), (Role.STUDENT, None), (Role.HEAD_OF_TRAINING, Item.D9)]
)
def test_an_item_that_a_role_never_gets_is_refused_for_want_of_a_rule(role: Role, item: Item | None) -> None:
    refusals = grant(role, situation([a_right(A1, PROVIDER_A)]), A1).refusals
    for_want = {each for each, refusal in refusals.items() if refusal.reason is Reason.NO_RULE}
    assert item in for_want if item else not for_want


# --- how far a grant reaches ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "of_one_plan", "scope"),
    [
        ({}, False, Scope.ALL),
        ({"limited_to": Limit.STATUTE}, False, Scope.ALL),
        ({"limited_to": Limit.EXPRESS_STATUTE}, False, Scope.ALL),
        ({"limited_to": Limit.CONSENT}, True, Scope.ALL),
        ({"scope": Scope.NAMED_PERIODS}, True, Scope.NAMED_PERIODS),
        ({"scope": Scope.NAMED_DEMONSTRATION}, True, Scope.NAMED_DEMONSTRATION),
    ],
    ids=str,
)
def test_a_grant_is_of_one_plan_when_it_rests_on_an_appointment_or_a_consent(
    changes: Mapping[str, object], of_one_plan: bool, scope: Scope
) -> None:
    rule = msgspec.structs.replace(a_rule("a", Item.D1), **changes)
    grant = conclude((rule,), {"a": YES}, A1)
    assert (grant.is_of_one_plan, grant.scope) == (of_one_plan, scope)


def test_where_no_rule_is_about_a_role_the_grant_gives_nothing_and_reaches_as_any_other() -> None:
    grant = conclude((), {}, A1)
    assert (grant.anything, grant.is_of_one_plan, grant.scope) == (False, False, Scope.ALL)


@pytest.mark.parametrize("limit", Limit)
def test_a_limited_rule_gives_nothing_where_nothing_is_named(limit: Limit) -> None:
    rule = msgspec.structs.replace(a_rule("a", Item.D1), limited_to=limit)
    assert not conclude((rule,), {"a": YES}, A1).anything
    assert conclude((rule,), {"a": YES}, A1, {limit: frozenset({Item.D1})}).anything


def test_a_secret_item_is_given_by_statute_when_it_is_named_expressly_and_among_the_statutes_items() -> None:
    named, express = frozenset({Item.D1, Item.D9}), frozenset({Item.D8, Item.D9})
    statute = Statute(organisation=PROVIDER_A, citation="Act 1 §", items=named, express=express)
    known = msgspec.structs.replace(situation([a_right(A1, PROVIDER_B)]), statutes=(statute,))
    grant = decide(POLICY, Role.AUTHORITY, known, known.rights[0])
    assert grant.possible & {Item.D1, Item.D8, Item.D9} == {Item.D1, Item.D9}

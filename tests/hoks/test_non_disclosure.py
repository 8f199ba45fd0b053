"""A student with a non-disclosure order (turvakielto): where they can be met is told to those who meet them anyway.

What is withheld: the workplace and who instructs there (W1); of demonstrations all but the days (D10), for their
environment, organiser and contents tell the place; of assessors all but the names (D12), for they come from somewhere.
"""

import re

import msgspec
import pytest

from hoks.access.decide import Reason, conclude
from hoks.access.rules import PolicyError, Rule, read_policy
from hoks.caller import Caller, Role
from hoks.items import Aspect, Item, Slice
from hoks.organisations import Known
from hoks.outcomes import Outcome
from hoks.showing import View
from tests.running import run
from tests.world.drawn import marks_of_plan
from tests.world.places import A_SCHOOL, A, B
from tests.world.ports import Fault
from tests.world.rights import CURRENT, THREE_YEARS_AGO, ended
from tests.world.role_scene import (
    ASSESSOR,
    INSTRUCTOR,
    MASTER,
    RECIPIENT,
    RIGHTS,
    assesses,
    assigned,
    at_b,
    consent,
    instructs,
    of_authority,
    role_world,
    statute,
)
from tests.world.shown import shown_in
from tests.world.world import World, caller, real_policy, staff, student

WHEREABOUTS = {Item.W1, Item.D10, Item.D12}
"""The items of which something is withheld."""
EVEN_SO = {
    "student-own-plan",
    "provider-own-valid",
    "provider-own-upcoming",
    "provider-own-suspended",
    "provider-own-ended",
    "procurement-shared",
    "teacher-own",
    "teacher-procurement",
    "counsellor-own",
    "counsellor-procurement",
    "special-needs-own",
    "special-needs-procurement",
    "instructor-periods",
    "assessor-demonstration",
}
"""Rules for those who meet the student anyway: themselves, those who arrange the training, those named for a part."""


def in_hiding(made: World) -> World:
    return made.but(people=tuple(msgspec.structs.replace(each, non_disclosure=True) for each in made.people))


def shown_of(made: World, by: Caller) -> set[tuple[Item, str]]:
    """The items of A's plan of which something is shown, and which kinds of value."""
    view = run(made.reader().students(by, [MASTER]))[MASTER]
    (plan,) = (plan for _, plan in made.plans if plan.study_right_oid == RIGHTS["A1"])
    marks = marks_of_plan(plan)
    said = shown_in(
        view.student if isinstance(view, View) else None,
        of_person=(),
        of_rights=(),
        of_plans={each.token for each in marks},
    )
    tokens = frozenset[str]().union(*said.plans)
    return {(each.item, each.kind) for each in marks if each.token in tokens}


EVERYTHING = frozenset(Item)
LINK = (RIGHTS["A1"], A_SCHOOL)
NEAR: dict[str, tuple[World, Caller]] = {
    "the student": (role_world(), student(MASTER)),
    "staff of the provider": (role_world(), staff(A)),
    "staff of the provider, after the end": (role_world(ended(THREE_YEARS_AGO)), staff(A)),
    "a teacher of the student": (
        role_world(assigned=assigned(Role.RESPONSIBLE_TEACHER)),
        caller(Role.RESPONSIBLE_TEACHER, A),
    ),
    "the provider that gives the training": (role_world(CURRENT, at_b(included_in=LINK)), staff(B)),
    **{
        f"a {role.value} of the provider that gives the training": (
            role_world(CURRENT, at_b(included_in=LINK), assigned=assigned(role, provider=B), told_by=B),
            caller(role, B),
        )
        for role in (Role.RESPONSIBLE_TEACHER, Role.GUIDANCE_COUNSELLOR, Role.SPECIAL_NEEDS_TEACHER)
    },
    "the instructor of a period": (role_world(named=instructs("p1")), INSTRUCTOR),
    "the assessor of a demonstration": (role_world(named=assesses("n1")), ASSESSOR),
}
FAR: dict[str, tuple[World, Caller]] = {
    "a provider with a right of its own": (role_world(CURRENT, at_b()), staff(B)),
    "its system": (role_world(CURRENT, at_b()), caller(Role.SYSTEM, B)),
    "a provider after a right that has ended": (role_world(ended(THREE_YEARS_AGO), at_b()), staff(B)),
    "the provider that gave the training once": (
        role_world(CURRENT, at_b(ended(THREE_YEARS_AGO), included_in=LINK)),
        staff(B),
    ),
    "a teacher elsewhere": (
        role_world(CURRENT, at_b(), assigned=assigned(Role.RESPONSIBLE_TEACHER, provider=B), told_by=B),
        caller(Role.RESPONSIBLE_TEACHER, B),
    ),
    "whom the student gave consent": (role_world(consents=[consent(EVERYTHING)]), RECIPIENT),
    "an authority with a provision": (role_world(statutes=[statute(EVERYTHING, EVERYTHING)]), of_authority()),
}


@pytest.mark.parametrize("who", NEAR)
def test_who_meets_the_student_anyway_sees_what_they_saw(who: str) -> None:
    made, by = NEAR[who]
    assert shown_of(made, by), "there is something to see"
    assert shown_of(in_hiding(made), by) == shown_of(made, by)


@pytest.mark.parametrize("who", FAR)
def test_to_everybody_else_it_is_not_told_where_the_student_can_be_met(who: str) -> None:
    made, by = FAR[who]
    before, after = shown_of(made, by), shown_of(in_hiding(made), by)
    assert {item for item, _ in before} >= WHEREABOUTS, "without an order it is told"
    assert {(item, kind) for item, kind in after if item in WHEREABOUTS} <= {(Item.D10, "date"), (Item.D12, "name")}
    assert after == before - {each for each in before if each[0] in WHEREABOUTS} | {
        each for each in before if each in {(Item.D10, "date"), (Item.D12, "name")}
    }


@pytest.mark.parametrize("who", FAR)
def test_while_the_register_is_down_it_counts_as_if_there_were_an_order(who: str) -> None:
    made, by = FAR[who]
    down = made.but(faults={**made.faults, "onr": Fault(outcome=Outcome.UNAVAILABLE)})
    assert shown_of(down, by) <= shown_of(in_hiding(made), by)


# --- the rules --------------------------------------------------------------------------------------------------


def test_the_rules_that_tell_it_even_so_are_these_and_no_others() -> None:
    rules = [rule for rule in real_policy().rules if any(each in rule.items for each in WHEREABOUTS)]
    assert {rule.id for rule in rules if rule.items_in_hiding == rule.items} == EVEN_SO
    for rule in rules:
        if rule.id not in EVEN_SO:
            assert rule.items_in_hiding.isdisjoint(WHEREABOUTS), rule.id
            assert Slice(Item.W1, Aspect.NAMES) not in rule.items_in_hiding, rule.id


@pytest.mark.parametrize("rule", real_policy().rules, ids=lambda rule: rule.id)
def test_an_order_never_makes_a_rule_give_more(rule: Rule) -> None:
    whole = {each.item if isinstance(each, Slice) else each for each in rule.items}
    assert {each for each in rule.items_in_hiding if not isinstance(each, Slice)} <= rule.items
    assert {each.item for each in rule.items_in_hiding if isinstance(each, Slice)} <= whole


@pytest.mark.parametrize(
    ("known", "reason"), [(Known.YES, Reason.CONDITION_NOT_MET), (Known.UNKNOWN, Reason.UNKNOWN_FACT)]
)
def test_what_an_order_withholds_is_told_as_withheld(known: Known, reason: Reason) -> None:
    (rule,) = (each for each in real_policy().rules if each.id == "provider-concurrent")
    grant = conclude((rule,), {rule.id: Known.YES}, RIGHTS["A1"], is_in_hiding=known)
    assert grant.refusals[Item.W1].reason is grant.refusals[Item.D10].reason is reason
    assert grant.refusals[Item.W1].rules == ("provider-concurrent",)
    assert grant.sides == {Slice(Item.D10, Aspect.DATES), Slice(Item.D12, Aspect.NAMES)}
    assert Item.D9 not in grant.refusals
    assert grant.refusals[Item.Cs].reason is Reason.NO_RULE


ROWS = """
[[rule]]
id = "a"
title = "A"
who = ["student"]
about = "person"
when = ["the caller is the student"]
items = ["ID"]
ground = { law = "1 §", source = ["004:1"], code = "A" }
interpretation = false
[[rule.example]]
story = "one"
given = ["the caller is the student"]
gets = ["ID"]
[[rule.example]]
story = "another"
given = []
gets = []
"""


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('withheld = ["W9"]', "unknown item `W9`"),
        ('hidden = ["W1"]', "unknown key `hidden`; accepted are `withheld` and `kept`"),
        ('withheld = "W1"', "non_disclosure.withheld: expected a list"),
        ('withheld = ["W1"]\nkept = ["D10.dates"]', "`D10.dates` is no side of an item that is withheld"),
        ('withheld = ["D10"]\nkept = ["D10"]', "`D10` is no side of an item that is withheld"),
    ],
)
def test_a_table_that_makes_no_sense_refuses_the_start(table: str, complaint: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(complaint)):
        read_policy(f"[non_disclosure]\n{table}\n{ROWS}")


def test_without_the_table_an_order_changes_nothing() -> None:
    (rule,) = read_policy(ROWS).rules
    assert rule.items_in_hiding == rule.items

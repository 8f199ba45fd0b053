"""The tables of ``ehoks.md`` 10 notice every single change of the rules.

Each rule is changed in one place at a time, and the cases of the hand-written matrices are read under the changed
rules. A change that no cell notices must be listed here with the reason why nobody could; a listed one that is noticed
is refused as well. ``HOKS_PROVE=1`` tries all changes instead of a sample.
"""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache, partial
from pathlib import Path

import msgspec
import pytest

from hoks.access.rules import Policy, Rule
from hoks.caller import Caller, Role
from hoks.items import Item
from hoks.narrow import Scope
from hoks.showing import View
from hoks.student import Student
from tests.hoks import test_matrix, test_matrix_roles
from tests.running import run
from tests.world.marked import MARKS, tokens
from tests.world.matrix_cases import CASES, Case
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, A, B
from tests.world.rights import SUSPENDED, THREE_YEARS_AGO, TOMORROW, UPCOMING, ended
from tests.world.role_scene import INSTRUCTOR, RIGHTS, assigned, held, instructs, role_world
from tests.world.scene import ANOTHER, LINK, MASTER, STUDENT_SELF, at_a_too, at_b, world
from tests.world.shown import shown_in
from tests.world.workplace_cases import RoleCase
from tests.world.world import World, caller, real_policy, staff, student

SEED, SAMPLED = 3, 160

Change = Callable[[Rule], Rule | None]
Read = Callable[[Policy], Student | None]
"""What is seen of the student under some rules; a failure to tell shows nothing either."""


class Mutant(msgspec.Struct, frozen=True):
    """The rules with one of them changed in one place."""

    rule: str
    what: str
    policy: Policy
    roles: frozenset[Role]

    @property
    def name(self) -> str:
        """The rule and what was changed in it."""
        return f"{self.rule}: {self.what}"


def changes(rule: Rule) -> Iterator[tuple[str, Rule | None]]:
    """Every change of one rule; nothing in place of a rule that is dropped."""
    yield "dropped", None
    for condition in rule.when:
        yield f"without `{condition}`", _but(rule, when=tuple(each for each in rule.when if each != condition))
    for condition in rule.when_plan:
        kept = tuple(each for each in rule.when_plan if each != condition)
        yield f"without `{condition}`", _but(rule, when_plan=kept)
    for item in Item:
        if item not in rule.items:
            yield f"with {item}", _but(rule, items=rule.items | {item})
    for seen in sorted(rule.items, key=str):
        said = seen.value if isinstance(seen, Item) else f"{seen.item}.{seen.aspect}"
        yield f"without {said}", _but(rule, items=rule.items - {seen})
    if rule.limited_to is not None:
        yield "without its limit", _but(rule, limited_to=None)


def _but(rule: Rule, **change: object) -> Rule:
    return msgspec.structs.replace(rule, **change)


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Every change of every rule, and of each role's scope: the rules of a role reach equally far."""
    for rule in policy.rules:
        for what, changed in changes(rule):
            others = (changed if each is rule else each for each in policy.rules)
            rules = tuple(each for each in others if each is not None)
            yield Mutant(rule.id, what, msgspec.structs.replace(policy, rules=rules), rule.who)
    for role in Role:
        narrow = [each for each in policy.rules if role in each.who and each.scope is not Scope.ALL]
        if narrow:
            rules = tuple(_but(each, scope=Scope.ALL) if each in narrow else each for each in policy.rules)
            yield Mutant(role.value, "reaching all", msgspec.structs.replace(policy, rules=rules), frozenset({role}))


# --- the judges: cells written by hand ------------------------------------------------------------------------


class Judge:
    """A case of a matrix: who looks, and whether what is seen of the student is what the table says."""

    def __init__(self, name: str, role: Role, read: Read, says: Callable[[Student | None], bool]) -> None:
        self.name = name
        self.role = role
        self._read = read
        self._says = says
        self._agreed: list[Student | None] = []
        """What was seen last that is as the table says: its equal is not looked through again."""

    def agrees(self, policy: Policy) -> bool:
        """Whether what is seen under these rules is what the table says."""
        seen = self._read(policy)
        if self._agreed and seen == self._agreed[0]:
            return True
        is_as_said = self._says(seen)
        if is_as_said:
            self._agreed = [seen]
        return is_as_said


def _reads(world: World, caller: Caller) -> Read:
    def read(policy: Policy) -> Student | None:
        seen = run(world.reader(policy=policy).students(caller, [MASTER]))[MASTER]
        return seen.student if isinstance(seen, View) else None

    return read


def _of_10_2(case: Case) -> Judge:
    """Every item whole where the table gives it, and not at all elsewhere."""

    held = test_matrix.held_in(case.name)

    def agrees(seen: Student | None) -> bool:
        said = frozenset(tokens(seen))
        return all(
            marks & said == (marks & held if item in case.gets else frozenset()) for item, marks in MARKS.items()
        )

    return Judge(case.name, case.caller.role, _reads(case.world, case.caller), agrees)


def _of_the_roles(case: RoleCase) -> Judge:
    """Every mark of the person, the right and the plan that the cell of its item gives, and no other."""
    marks = test_matrix_roles.marks_in(case.name)
    texts = {place: frozenset(mark.token for mark in of_place) for place, of_place in marks.items()}
    expected = {place: _expected(case, place) for place in marks}

    def agrees(seen: Student | None) -> bool:
        said = shown_in(
            seen,
            of_person=texts["person"],
            of_rights=texts["right"],
            of_plans=texts["plan"],
            but_not_of=[f"{tag}/" for tag in RIGHTS if tag != "A1"],
        )
        places = {"person": (said.person,), "right": said.rights, "plan": said.plans}
        return all(frozenset[str]().union(*places[place]) == tokens for place, tokens in expected.items())

    return Judge(case.name, case.caller.role, _reads(case.world, case.caller), agrees)


def _expected(case: RoleCase, place: str) -> frozenset[str]:
    if not test_matrix_roles.is_shown(case.name, place):
        return frozenset()
    marks = test_matrix_roles.marks_in(case.name)[place]
    of_person = place == "person" and case.person is not None
    cells = msgspec.structs.replace(case, column={Item.ID: case.person}) if of_person else case
    return frozenset(mark.token for mark in marks if test_matrix_roles.allowed(cells, mark))


def _without_a_right() -> Judge:
    """``design.md`` 11, Items: a student sees who they are, with or without a right."""
    nowhere = world().but(rights=(), plans=())

    def agrees(seen: Student | None) -> bool:
        return seen is not None and (seen.oid, seen.name) == (MASTER, "Some One")

    return Judge("student without any right", Role.STUDENT, _reads(nowhere, STUDENT_SELF), agrees)


def _untold(name: str, caller: Caller, world: World, *begins: str) -> Judge:
    """Nothing is told that begins so: if nothing else is said, no text of A's right and plan, and no approval."""
    texts = begins or ("A1/", "mark:", "first_approved_on=")

    def agrees(seen: Student | None) -> bool:
        return not any(said.startswith(texts) for said in tokens(seen))

    return Judge(name, caller.role, _reads(world, caller), agrees)


def _further() -> Iterator[Judge]:
    """Cells in which one condition alone closes, where the matrices have none of their own."""
    over, linked = ended(THREE_YEARS_AGO), at_b(included_in=LINK)
    yield _without_a_right()
    yield _untold("another student", student(ANOTHER), world(), MASTER, "Some One")
    yield _untold("earlier plan of the same provider", staff(A_SECOND_SCHOOL), world(over, at_a_too()))
    yield _untold("procured, not begun", staff(B), world(UPCOMING, linked))
    yield _untold("procured, suspended", staff(B), world(SUSPENDED, linked, suspended_is_valid=False))
    approved_tomorrow = role_world(named=instructs("p1"))
    yield _untold("approved tomorrow", INSTRUCTOR, _approved_on(TOMORROW, approved_tomorrow))
    for role in (Role.RESPONSIBLE_TEACHER, Role.GUIDANCE_COUNSELLOR, Role.SPECIAL_NEEDS_TEACHER):
        here, there = caller(role, A), caller(role, B)
        at_a_now, at_b_now = held("A2", A, school=A_SECOND_SCHOOL), held("B1", B)
        yield _untold("earlier plan here", here, role_world(over, at_a_now, assigned=assigned(role)))
        yield _untold("earlier plan, not assigned", there, role_world(over, at_b_now))
        guided = partial(role_world, assigned=assigned(role, provider=B), told_by=B)
        yield _untold("earlier plan, no right there", there, guided(over))
        yield _untold("earlier plan, not approved", there, guided(over, at_b_now, approved=False))
        included = held("B1", B, included_in=(RIGHTS["A1"], A_SCHOOL))
        yield _untold("procured, not begun", there, guided(UPCOMING, included))


def _approved_on(day: date, world: World) -> World:
    plans = tuple((holder, msgspec.structs.replace(plan, first_approved_on=day)) for holder, plan in world.plans)
    return world.but(plans=plans)


@cache
def judges(role: Role) -> list[Judge]:
    """The cases of a role; whoever noticed a change last comes first."""
    of_roles = [_of_the_roles(each) for each in test_matrix_roles.CASES if each.caller.role is role]
    of_10_2 = [_of_10_2(each) for each in CASES if each.caller.role is role]
    return [*of_10_2, *of_roles, *(each for each in _further() if each.role is role)]


def notices(mutant: Mutant) -> str | None:
    """The first case whose table the changed rules break."""
    for role in sorted(mutant.roles):
        row = judges(role)
        for place, judge in enumerate(row):
            if not judge.agrees(mutant.policy):
                row.insert(0, row.pop(place))
                return judge.name
    return None


# --- what nobody could notice ---------------------------------------------------------------------------------


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of some rules that leave every possible answer as it is, and why."""

    rules: tuple[str, ...]
    changes: tuple[str, ...]
    reason: str


class Equivalents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of ``mutations.toml``."""

    equivalent: tuple[Listed, ...]


LISTED = msgspec.toml.decode((Path(__file__).parent / "mutations.toml").read_bytes(), type=Equivalents).equivalent
EQUIVALENT: Mapping[str, str] = {
    f"{rule}: {change}": each.reason for each in LISTED for rule in each.rules for change in each.changes
}

EVERY = tuple(mutants(real_policy()))


def tried() -> list[Mutant]:
    """All changes when proving; otherwise every change that is not of items, and a sample of those that are."""
    if os.environ.get("HOKS_PROVE") == "1":
        return list(EVERY)
    about_items = [each for each in EVERY if _is_about_items(each)]
    sampled = {each.name for each in random.Random(SEED).sample(about_items, SAMPLED)}
    return [each for each in EVERY if each.name in sampled or not _is_about_items(each)]


def _is_about_items(mutant: Mutant) -> bool:
    return mutant.what.partition(" ")[2].partition(".")[0] in set(Item)


@pytest.mark.parametrize("role", Role)
def test_every_case_agrees_with_the_rules_as_they_are(role: Role) -> None:
    assert [judge.name for judge in judges(role) if not judge.agrees(real_policy())] == []


@pytest.mark.proves("a changed rule is noticed, or is listed with the reason why it changes nothing")
@pytest.mark.parametrize("mutant", tried(), ids=lambda mutant: mutant.name)
def test_a_change_of_a_rule_is_noticed_by_a_cell_of_the_table(mutant: Mutant) -> None:
    noticed = notices(mutant)
    if mutant.name in EQUIVALENT:
        assert noticed is None, f"listed as equivalent, but noticed by `{noticed}`"
    else:
        assert noticed is not None


def test_only_changes_that_exist_are_listed_as_equivalent() -> None:
    assert EQUIVALENT.keys() <= {each.name for each in EVERY}
    assert all(reason.strip() for reason in EQUIVALENT.values())
    assert len(EQUIVALENT) == sum(len(each.rules) * len(each.changes) for each in LISTED)

"""Who guides the student inside a provider, in which world, and which column of 10.4 then applies."""

from collections.abc import Mapping

from hoks.caller import Role
from hoks.identifiers import OrganisationOid, StudyRightOid
from tests.hoks.matrix_10_3 import NOTHING
from tests.hoks.matrix_10_4 import (
    COUNSELLOR,
    COUNSELLOR_ELSEWHERE,
    HEAD,
    SOCIAL_WORKER,
    SPECIAL_NEEDS,
    SPECIAL_NEEDS_ELSEWHERE,
    TEACHER,
    TEACHER_ELSEWHERE,
    Column,
)
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, B_SCHOOL, A, B, C, D
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    FIVE_YEARS_AGO,
    FIVE_YEARS_AND_A_DAY_AGO,
    LAST_DAY,
    ON_LEAVE,
    ONE_YEAR_AGO,
    SUSPENDED,
    THREE_YEARS_AGO,
    UNKNOWN,
    UPCOMING,
    WITHOUT_STATE,
    YESTERDAY,
    Periods,
    ended,
)
from tests.world.role_scene import (
    ALIASES,
    ANOTHER,
    RIGHTS,
    SOMEBODY_ELSE,
    Held,
    assigned,
    at_b,
    held,
    role_world,
)
from tests.world.workplace_cases import RoleCase
from tests.world.world import World, caller, staff_source

OWN: Mapping[Role, Column] = {
    Role.RESPONSIBLE_TEACHER: TEACHER,
    Role.GUIDANCE_COUNSELLOR: COUNSELLOR,
    Role.SPECIAL_NEEDS_TEACHER: SPECIAL_NEEDS,
    Role.SCHOOL_SOCIAL_WORKER: SOCIAL_WORKER,
    Role.HEAD_OF_TRAINING: HEAD,
}
ELSEWHERE: Mapping[Role, Column] = {
    Role.RESPONSIBLE_TEACHER: TEACHER_ELSEWHERE,
    Role.GUIDANCE_COUNSELLOR: COUNSELLOR_ELSEWHERE,
    Role.SPECIAL_NEEDS_TEACHER: SPECIAL_NEEDS_ELSEWHERE,
    Role.SCHOOL_SOCIAL_WORKER: NOTHING,
    Role.HEAD_OF_TRAINING: NOTHING,
}
SHARED: Mapping[Role, Column] = {
    Role.RESPONSIBLE_TEACHER: TEACHER,
    Role.GUIDANCE_COUNSELLOR: COUNSELLOR,
    Role.SPECIAL_NEEDS_TEACHER: SPECIAL_NEEDS,
    Role.SCHOOL_SOCIAL_WORKER: NOTHING,
    Role.HEAD_OF_TRAINING: NOTHING,
}

ASSIGNED = tuple(role for role in OWN if role is not Role.HEAD_OF_TRAINING)
LINK = (RIGHTS["A1"], A_SCHOOL)
WRONG_LINK = (RIGHTS["A1"], A_SECOND_SCHOOL)

UNKNOWN_AT_B = frozenset(
    {
        "own ended a year ago",
        "own annulled",
        "procured, own ended",
        "no right at B",
        "a right at C only",
        "organisations unknown",
    }
)
"""Rows in which no right of B's own shows who the student is."""


def _at_b(states: Periods = CURRENT, included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None) -> Held:
    return at_b(states, units=None, included_in=included_in)


def _own(role: Role) -> list[RoleCase]:
    mine = assigned(role)
    rows: list[tuple[str, OrganisationOid, Column, str, World]] = [
        ("current right", A, OWN[role], "P4", role_world(assigned=mine)),
        ("from the school", A_SCHOOL, OWN[role], "P4", role_world(assigned=mine)),
        ("from another school", A_SECOND_SCHOOL, NOTHING, "design 11: own", role_world(assigned=mine)),
        ("on leave", A, OWN[role], "P4", role_world(ON_LEAVE, assigned=mine)),
        ("upcoming right", A, OWN[role], "design 11: as current", role_world(UPCOMING, assigned=mine)),
        ("suspended right", A, OWN[role], "design 11: current", role_world(SUSPENDED, assigned=mine)),
        (
            "suspended right, set not to be valid",
            A,
            OWN[role],
            "the setting closes claims between providers",
            role_world(SUSPENDED, assigned=mine, suspended_is_valid=False),
        ),
        ("last day", A, OWN[role], "design 11: current", role_world(LAST_DAY, assigned=mine)),
        ("plan not approved", A, OWN[role], "design 5", role_world(approved=False, assigned=mine)),
        ("twice assigned", A, OWN[role], "security 3.3", role_world(assigned=(*mine, *mine))),
        ("assigned under an alias", A, OWN[role], "P4", role_world(assigned=assigned(role, learner=ALIASES["B1"]))),
        ("beside B's right", A, OWN[role], "P4", role_world(CURRENT, _at_b(), assigned=mine)),
        ("plan procured from B", A, OWN[role], "P5", role_world(CURRENT, _at_b(CURRENT, LINK), assigned=mine)),
        ("ended yesterday", A, NOTHING, "10.4: its students", role_world(ended(YESTERDAY), assigned=mine)),
        ("ended 3 years ago", A, NOTHING, "10.4: its students", role_world(ended(THREE_YEARS_AGO), assigned=mine)),
        ("annulled", A, NOTHING, "design 11", role_world(ANNULLED, assigned=mine)),
        ("unknown", A, NOTHING, "design 11", role_world(UNKNOWN, assigned=mine)),
        ("without state", A, NOTHING, "design 11", role_world(WITHOUT_STATE, assigned=mine)),
        ("organisations unknown", A, NOTHING, "unknown tree", role_world(assigned=mine).but(tree=())),
        ("acting for B, with no right there", B, NOTHING, "10.4: own provider", role_world(assigned=mine)),
    ]
    return [
        RoleCase(f"{role.value}, own: {name}", caller(role, org), column, ground, world)
        for name, org, column, ground, world in rows
    ]


def _not_assigned(role: Role) -> list[RoleCase]:
    others = [other for other in ASSIGNED if other is not role]
    rows: list[tuple[str, World]] = [
        ("nobody's", role_world()),
        ("somebody else's", role_world(assigned=assigned(role, person=SOMEBODY_ELSE))),
        ("another student", role_world(assigned=assigned(role, learner=ANOTHER))),
        ("in every other role", role_world(assigned=[each for other in others for each in assigned(other)])),
        ("at B", role_world(assigned=assigned(role, provider=B))),
        ("at B, by B's list", role_world(assigned=assigned(role, provider=B), told_by=B)),
        ("at A, by D's list", role_world(assigned=assigned(role), told_by=D)),
        ("by a list that fails", role_world(assigned=assigned(role), down=[staff_source(A)])),
    ]
    return [
        RoleCase(f"{role.value}, assigned: {name}", caller(role, A), NOTHING, "10.4: own students", world)
        for name, world in rows
    ]


def _elsewhere(role: Role) -> list[RoleCase]:
    """The plan of A, looked at from B; the student is assigned at B unless the row says otherwise."""
    other, shared = ELSEWHERE[role], SHARED[role]
    rows: list[tuple[str, Column, str, World]] = [
        ("both current", other, "P6", _from_b(role, CURRENT, _at_b())),
        ("A's suspended", other, "P6", _from_b(role, SUSPENDED, _at_b())),
        ("A's last day", other, "P6", _from_b(role, LAST_DAY, _at_b())),
        ("A's upcoming", NOTHING, "10.2", _from_b(role, UPCOMING, _at_b())),
        ("own upcoming", NOTHING, "design 11: no claim", _from_b(role, CURRENT, _at_b(UPCOMING))),
        ("own suspended", other, "P6", _from_b(role, CURRENT, _at_b(SUSPENDED))),
        (
            "own suspended, set not to be valid",
            NOTHING,
            "P3",
            _from_b(role, CURRENT, _at_b(SUSPENDED)).but(suspended_is_valid=False),
        ),
        ("A's ended 3 years ago", other, "P2", _from_b(role, ended(THREE_YEARS_AGO), _at_b())),
        ("A's ended exactly 5 years ago", other, "P2", _from_b(role, ended(FIVE_YEARS_AGO), _at_b())),
        ("A's ended 5 years and a day ago", NOTHING, "P2*", _from_b(role, ended(FIVE_YEARS_AND_A_DAY_AGO), _at_b())),
        ("own ended a year ago", NOTHING, "P3 P4", _from_b(role, CURRENT, _at_b(ended(ONE_YEAR_AGO)))),
        ("A's annulled", NOTHING, "design 11", _from_b(role, ANNULLED, _at_b())),
        ("own annulled", NOTHING, "design 11", _from_b(role, CURRENT, _at_b(ANNULLED))),
        ("A's plan not approved", NOTHING, "X3", _from_b(role, CURRENT, _at_b(), approved=False)),
        ("procured", shared, "P5", _from_b(role, CURRENT, _at_b(CURRENT, LINK))),
        ("procured, own suspended", shared, "P5", _from_b(role, CURRENT, _at_b(SUSPENDED, LINK))),
        ("procured, not approved", NOTHING, "X3", _from_b(role, CURRENT, _at_b(CURRENT, LINK), approved=False)),
        ("procured by a wrong link", other, "design 11", _from_b(role, CURRENT, _at_b(CURRENT, WRONG_LINK))),
        ("procured, A's ended", other, "P2", _from_b(role, ended(ONE_YEAR_AGO), _at_b(CURRENT, LINK))),
        (
            "procured, own ended",
            NOTHING,
            "10.4: current rights",
            _from_b(role, CURRENT, _at_b(ended(ONE_YEAR_AGO), LINK)),
        ),
        ("no right at B", NOTHING, "P4", _from_b(role, CURRENT)),
        ("a right at C only", NOTHING, "P4", _from_b(role, CURRENT, held("C1", C))),
        ("organisations unknown", NOTHING, "unknown tree", _from_b(role, CURRENT, _at_b()).but(tree=())),
    ]
    cases = [
        RoleCase(
            f"{role.value}, elsewhere: {name}",
            caller(role, B),
            column,
            ground,
            world,
            person=None if name in UNKNOWN_AT_B else "F",
        )
        for name, column, ground, world in rows
    ]
    from_the_school = RoleCase(
        f"{role.value}, elsewhere: from B's school",
        caller(role, B_SCHOOL),
        other,
        "P6, provider level",
        _from_b(role, CURRENT, _at_b()),
        person="F",
    )
    return [*cases, from_the_school]


def _from_b(role: Role, a1: Periods, *others: Held, approved: bool = True) -> World:
    return role_world(a1, *others, approved=approved, assigned=assigned(role, provider=B), told_by=B)


def _within_one_provider(role: Role) -> list[RoleCase]:
    """A right at A's second school, included in the one at its first: no procurement, and each school has its own."""
    at_the_second = held("A2", A, school=A_SECOND_SCHOOL, included_in=LINK)
    place = role_world(CURRENT, at_the_second, assigned=assigned(role))
    ground = "case D of 6.4: procurement is between two providers"
    return [
        RoleCase(
            f"{role.value}, linked within one provider: at the second school",
            caller(role, A_SECOND_SCHOOL),
            NOTHING,
            ground,
            place,
            person="F",
        ),
        RoleCase(
            f"{role.value}, linked within one provider: at the provider", caller(role, A), OWN[role], ground, place
        ),
    ]


def _elsewhere_not_assigned(role: Role) -> list[RoleCase]:
    both = (CURRENT, _at_b(CURRENT, LINK))
    rows: list[tuple[str, World]] = [
        ("nobody's", role_world(*both)),
        ("A's list says so", role_world(*both, assigned=assigned(role))),
        ("A's list says so of B", role_world(*both, assigned=assigned(role, provider=B))),
        ("another student", role_world(*both, assigned=assigned(role, provider=B, learner=ANOTHER), told_by=B)),
    ]
    return [
        RoleCase(f"{role.value}, elsewhere, assigned: {name}", caller(role, B), NOTHING, "10.4: own students", world)
        for name, world in rows
    ]


def _head_without_assignment() -> list[RoleCase]:
    role = Role.HEAD_OF_TRAINING
    return [
        RoleCase(f"{role.value}: no assignment needed", caller(role, A), HEAD, "G6", role_world()),
        RoleCase(f"{role.value}: lists fail", caller(role, A), HEAD, "G6", role_world(down=[staff_source(A)])),
    ]


GUIDANCE_CASES = (
    *(case for role in OWN for case in _own(role)),
    *(case for role in ASSIGNED for case in _not_assigned(role)),
    *(case for role in OWN for case in _elsewhere(role)),
    *(case for role in OWN for case in _within_one_provider(role)),
    *(case for role in ASSIGNED for case in _elsewhere_not_assigned(role)),
    *_head_without_assignment(),
)

"""Who looks at the marked plan of provider A's right, in which world, and which column of the table then applies.

The right of the plan is always ``A1``, at the school and the site of provider A. Each case names its ground.
"""

from datetime import date

import msgspec

from hoks.caller import Caller, Role
from hoks.codes import StudyRightState
from hoks.identifiers import OrganisationOid
from hoks.items import Item
from tests.hoks.matrix_10_2 import (
    CONCURRENT,
    ENDED_ELSEWHERE,
    NOTHING,
    OTHERS_AFTER_OWN_ENDED,
    OVER_FIVE_YEARS,
    OWN,
    OWN_ENDED,
    PROCURED,
    STATE_WITHOUT_PLAN,
    STUDENT,
)
from tests.world.places import (
    A_SCHOOL,
    A_SECOND_SCHOOL,
    A_SITE,
    B_SCHOOL,
    B_SECOND_SCHOOL,
    C_SCHOOL,
    D_SCHOOL,
    UNHEARD_OF,
    A,
    B,
    C,
    D,
)
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    FIVE_YEARS_AGO,
    FIVE_YEARS_AND_A_DAY_AGO,
    GRADUATES_TOMORROW,
    LAST_DAY,
    ON_LEAVE,
    ONE_YEAR_AGO,
    SIX_YEARS_AGO,
    SUSPENDED,
    THREE_YEARS_AGO,
    TWO_YEARS_AGO,
    UNKNOWN,
    UPCOMING,
    WITHOUT_STATE,
    YESTERDAY,
    ended,
    right,
    right_oid,
)
from tests.world.scene import (
    A1,
    ANOTHER,
    B1,
    D1,
    LINK,
    MASTER,
    SECOND_ALIAS,
    STUDENT_SELF,
    WRONG_LINK,
    at_a_too,
    at_b,
    at_c,
    without,
    world,
)
from tests.world.world import World, caller, staff, student


class Case(msgspec.Struct, frozen=True):
    """One row of the matrix: who, in which world, gets which column, and why."""

    name: str
    caller: Caller
    gets: frozenset[Item]
    ground: str
    world: World


def _student() -> list[Case]:
    rows: list[tuple[str, frozenset[Item], str, World]] = [
        ("current right", STUDENT, "S1", world()),
        ("on leave", STUDENT, "S1", world(ON_LEAVE)),
        ("upcoming right", STUDENT, "S1", world(UPCOMING)),
        ("last day", STUDENT, "S1", world(LAST_DAY)),
        ("suspended right", STUDENT, "S1", world(SUSPENDED)),
        ("suspended right, which is set not to be valid", STUDENT, "S1", world(SUSPENDED, suspended_is_valid=False)),
        ("right ended yesterday", STUDENT, "S1", world(ended(YESTERDAY))),
        ("right ended 3 years ago", STUDENT, "S1", world(ended(THREE_YEARS_AGO))),
        ("right ended exactly 5 years ago", STUDENT, "S1", world(ended(FIVE_YEARS_AGO))),
        ("right ended 5 years and a day ago", OVER_FIVE_YEARS, "P2*", world(ended(FIVE_YEARS_AND_A_DAY_AGO))),
        ("plan not approved", STUDENT, "S1, design 5", world(approved=False)),
        ("annulled right", STATE_WITHOUT_PLAN, "design 11", world(ANNULLED)),
        ("right in an unknown state", STATE_WITHOUT_PLAN, "design 11", world(UNKNOWN)),
        ("right without any state", STATE_WITHOUT_PLAN, "design 11", world(WITHOUT_STATE)),
        ("organisations unknown", STUDENT, "S1", world(tree=())),
        ("plan procured from B", STUDENT, "S1", world(CURRENT, at_b(included_in=LINK))),
        ("right elsewhere annulled", STUDENT, "S1", world(CURRENT, at_b(ANNULLED))),
    ]
    cases = [Case(f"student, {name}", STUDENT_SELF, gets, ground, world) for name, gets, ground, world in rows]
    return [
        *cases,
        Case("student logged in under an alias", student(SECOND_ALIAS), STUDENT, "S1", world()),
        Case("another student", student(ANOTHER), NOTHING, "S1: own data", world()),
    ]


def _own_provider() -> list[Case]:
    both_at_a = world(CURRENT, at_a_too())
    rows: list[tuple[str, OrganisationOid, frozenset[Item], str, World]] = [
        ("current right", A, OWN, "P1 P4", world()),
        ("on leave", A, OWN, "P1 P4", world(ON_LEAVE)),
        ("current right, from its school", A_SCHOOL, OWN, "design 11, Organisations", world()),
        ("current right, from its site", A_SITE, OWN, "design 11, Organisations", world()),
        ("current right, from another school", A_SECOND_SCHOOL, NOTHING, "design 11, Organisations", world()),
        ("upcoming right", A, OWN, "design 11: as current", world(UPCOMING)),
        ("upcoming right, from its school", A_SCHOOL, OWN, "design 11: as current", world(UPCOMING)),
        ("last day", A, OWN, "design 11: current", world(LAST_DAY)),
        ("graduation entered for tomorrow", A, OWN, "person 4 of 21.4", world(GRADUATES_TOMORROW)),
        ("suspended right", A, OWN, "design 11: current", world(SUSPENDED)),
        (
            "suspended right, which is set not to be valid",
            A,
            OWN,
            "P4 P7: the setting closes claims between providers",
            world(SUSPENDED, suspended_is_valid=False),
        ),
        ("plan not approved", A, OWN, "design 5", world(approved=False)),
        ("plan not approved, from the school", A_SCHOOL, OWN, "design 5", world(approved=False)),
        ("plan of an upcoming right not approved", A, OWN, "design 5, 11", world(UPCOMING, approved=False)),
        ("plan not approved, right ended", A, OWN_ENDED, "P7, design 5", world(ended(ONE_YEAR_AGO), approved=False)),
        ("right ended yesterday", A, OWN_ENDED, "P7", world(ended(YESTERDAY))),
        ("right ended 3 years ago", A, OWN_ENDED, "P7", world(ended(THREE_YEARS_AGO))),
        ("right ended 3 years ago, from its school", A_SCHOOL, OWN_ENDED, "P7", world(ended(THREE_YEARS_AGO))),
        ("right ended exactly 5 years ago", A, OWN_ENDED, "P7", world(ended(FIVE_YEARS_AGO))),
        ("right ended 5 years and a day ago", A, OVER_FIVE_YEARS, "P2*", world(ended(FIVE_YEARS_AND_A_DAY_AGO))),
        (
            "right ended on 29 February, seen on 28 February five years later",
            A,
            OWN_ENDED,
            "security 4.1",
            world(ended(date(2024, 2, 29)), day=date(2029, 2, 28)),
        ),
        (
            "right ended on 29 February, seen on 1 March five years later",
            A,
            OVER_FIVE_YEARS,
            "security 4.1",
            world(ended(date(2024, 2, 29)), day=date(2029, 3, 1)),
        ),
        (
            "right whose entered end is earlier than its terminal state",
            A,
            OVER_FIVE_YEARS,
            "ehoks, open questions: the earlier",
            world(ended(ONE_YEAR_AGO), a1_end_date=FIVE_YEARS_AND_A_DAY_AGO),
        ),
        *(
            (
                f"right {state.value.lower()} a year ago",
                A,
                OWN_ENDED,
                "design 11: ended",
                world(ended(ONE_YEAR_AGO, state)),
            )
            for state in (
                StudyRightState.DISCONTINUED,
                StudyRightState.CONSIDERED_DISCONTINUED,
                StudyRightState.REVOKED,
            )
        ),
        ("annulled right", A, NOTHING, "design 11", world(ANNULLED)),
        ("right in an unknown state", A, NOTHING, "design 11", world(UNKNOWN)),
        ("right without any state", A, NOTHING, "design 11", world(WITHOUT_STATE)),
        ("annulled right beside a current one at A", A, NOTHING, "design 11", world(ANNULLED, at_a_too())),
        ("organisations unknown", A, NOTHING, "design 11: unknown tree", world(tree=())),
        ("acting organisation unknown", A, NOTHING, "design 11: unknown tree", world(tree=without(A))),
        (
            "only the acting organisation known",
            A,
            NOTHING,
            "design 11: unknown tree",
            world(tree=without(A_SCHOOL, A_SITE, A_SECOND_SCHOOL, A)),
        ),
        ("organisation that nobody has heard of", UNHEARD_OF, NOTHING, "design 11: unknown tree", world()),
        ("two rights at A", A, OWN, "case D of 6.4", both_at_a),
        ("right ended, another current at A", A, OWN_ENDED, "P7", world(ended(THREE_YEARS_AGO), at_a_too())),
        (
            "right ended 6 years ago, another current at A",
            A,
            OVER_FIVE_YEARS,
            "P2*",
            world(ended(SIX_YEARS_AGO), at_a_too()),
        ),
        ("plan procured from B", A, PROCURED, "P5", world(CURRENT, at_b(included_in=LINK))),
        ("plan procured from B, whose right ended", A, OWN, "P4", world(CURRENT, at_b(ended(ONE_YEAR_AGO), LINK))),
        (
            "plan procured from B, not approved",
            A,
            OWN,
            "design 5",
            world(CURRENT, at_b(included_in=LINK), approved=False),
        ),
        ("linked from B by a wrong link", A, OWN, "P4", world(CURRENT, at_b(included_in=WRONG_LINK))),
    ]
    cases = [Case(f"staff of A: {name}", staff(org), gets, ground, world) for name, org, gets, ground, world in rows]
    return [
        *cases,
        Case("system account of A", caller(Role.SYSTEM, A), OWN, "design 11: staff of its organisation", world()),
        Case(
            "system account of A, right ended",
            caller(Role.SYSTEM, A),
            OWN_ENDED,
            "design 11: staff of its organisation",
            world(ended(ONE_YEAR_AGO)),
        ),
    ]


def _concurrent() -> list[Case]:
    rows: list[tuple[str, frozenset[Item], str, World]] = [
        ("both current", CONCURRENT, "P3 P6", world(CURRENT, at_c())),
        ("A's on leave", CONCURRENT, "P3 P6", world(ON_LEAVE, at_c())),
        ("own on leave", CONCURRENT, "P3 P6", world(CURRENT, at_c(ON_LEAVE))),
        ("A's suspended", CONCURRENT, "P3 P6", world(SUSPENDED, at_c())),
        ("own suspended", CONCURRENT, "P3 P6", world(CURRENT, at_c(SUSPENDED))),
        ("A's suspended, set not to be valid", NOTHING, "P3", world(SUSPENDED, at_c(), suspended_is_valid=False)),
        (
            "own suspended, set not to be valid",
            NOTHING,
            "P3",
            world(CURRENT, at_c(SUSPENDED), suspended_is_valid=False),
        ),
        ("A's upcoming", NOTHING, "10.2: start date not in the future", world(UPCOMING, at_c())),
        ("own upcoming", NOTHING, "design 11: no claim", world(CURRENT, at_c(UPCOMING))),
        ("A's last day", CONCURRENT, "design 11", world(LAST_DAY, at_c())),
        ("own last day", CONCURRENT, "design 11", world(CURRENT, at_c(LAST_DAY))),
        ("A's ended yesterday", ENDED_ELSEWHERE, "P2", world(ended(YESTERDAY), at_c())),
        ("A's ended 3 years ago", ENDED_ELSEWHERE, "P2", world(ended(THREE_YEARS_AGO), at_c())),
        ("A's ended exactly 5 years ago", ENDED_ELSEWHERE, "P2", world(ended(FIVE_YEARS_AGO), at_c())),
        ("A's ended 5 years and a day ago", OVER_FIVE_YEARS, "P2*", world(ended(FIVE_YEARS_AND_A_DAY_AGO), at_c())),
        (
            "A's revoked a year ago",
            ENDED_ELSEWHERE,
            "design 11: ended",
            world(ended(ONE_YEAR_AGO, StudyRightState.REVOKED), at_c()),
        ),
        ("A's ended, own suspended", ENDED_ELSEWHERE, "P2", world(ended(THREE_YEARS_AGO), at_c(SUSPENDED))),
        ("A's ended, own upcoming", NOTHING, "design 11: no claim", world(ended(THREE_YEARS_AGO), at_c(UPCOMING))),
        ("own ended yesterday", OTHERS_AFTER_OWN_ENDED, "P3 P4", world(CURRENT, at_c(ended(YESTERDAY)))),
        ("own ended 3 years ago", OTHERS_AFTER_OWN_ENDED, "P3 P4", world(CURRENT, at_c(ended(THREE_YEARS_AGO)))),
        (
            "both ended",
            OTHERS_AFTER_OWN_ENDED,
            "P3 P4",
            world(ended(ONE_YEAR_AGO), at_c(ended(THREE_YEARS_AGO))),
        ),
        ("own over for 6 years", OVER_FIVE_YEARS, "P2*", world(CURRENT, at_c(ended(SIX_YEARS_AGO)))),
        ("A's annulled", NOTHING, "design 11", world(ANNULLED, at_c())),
        ("A's in an unknown state", NOTHING, "design 11", world(UNKNOWN, at_c())),
        ("A's without any state", NOTHING, "design 11", world(WITHOUT_STATE, at_c())),
        ("own annulled", NOTHING, "design 11", world(CURRENT, at_c(ANNULLED))),
        ("own in an unknown state", NOTHING, "design 11", world(CURRENT, at_c(UNKNOWN))),
        ("A's plan not approved", NOTHING, "design 5, X3", world(CURRENT, at_c(), approved=False)),
        (
            "A's plan not approved, its right ended",
            NOTHING,
            "design 5, X3",
            world(ended(ONE_YEAR_AGO), at_c(), approved=False),
        ),
        ("no right at all", NOTHING, "P3 P4", world()),
        ("only B has another", NOTHING, "P3 P4", world(CURRENT, at_b())),
        ("organisations unknown", NOTHING, "design 11: unknown tree", world(CURRENT, at_c(), tree=())),
        ("own tree unknown", NOTHING, "design 11: unknown tree", world(CURRENT, at_c(), tree=without(C, C_SCHOOL))),
        (
            "A's plan procured from B",
            CONCURRENT,
            "P3; registries 21.3",
            world(CURRENT, at_b(included_in=LINK), at_c()),
        ),
    ]
    cases = [Case(f"staff of C: {name}", staff(C), gets, ground, world) for name, gets, ground, world in rows]
    return [
        *cases,
        Case("staff of C's school: both current", staff(C_SCHOOL), CONCURRENT, "P3 P6", world(CURRENT, at_c())),
        Case("system account of C", caller(Role.SYSTEM, C), CONCURRENT, "P3 P6", world(CURRENT, at_c())),
        Case("staff of D: no right, others have", staff(D), NOTHING, "P4", world(CURRENT, at_b(), at_c())),
        Case("staff of D's school: no right", staff(D_SCHOOL), NOTHING, "P4", world()),
    ]


def _linked() -> list[Case]:
    elsewhere = (D1, D_SCHOOL)
    at_d = right(D1, MASTER, D, CURRENT)
    rows: list[tuple[str, frozenset[Item], str, World]] = [
        ("both current", PROCURED, "P5", world(CURRENT, at_b(included_in=LINK))),
        ("own suspended", PROCURED, "P5, design 11", world(CURRENT, at_b(SUSPENDED, LINK))),
        ("A's suspended", PROCURED, "P5, design 11", world(SUSPENDED, at_b(included_in=LINK))),
        ("own last day", PROCURED, "P5, design 11", world(CURRENT, at_b(LAST_DAY, LINK))),
        ("A's last day", PROCURED, "P5, design 11", world(LAST_DAY, at_b(included_in=LINK))),
        ("own upcoming", NOTHING, "design 11: no claim", world(CURRENT, at_b(UPCOMING, LINK))),
        ("plan not approved", NOTHING, "design 5", world(CURRENT, at_b(included_in=LINK), approved=False)),
        ("own ended 3 years ago", OWN_ENDED, "10.2 note", world(CURRENT, at_b(ended(THREE_YEARS_AGO), LINK))),
        ("own ended exactly 5 years ago", OWN_ENDED, "10.2 note", world(CURRENT, at_b(ended(FIVE_YEARS_AGO), LINK))),
        (
            "own ended 5 years and a day ago",
            OVER_FIVE_YEARS,
            "10.2 note",
            world(CURRENT, at_b(ended(FIVE_YEARS_AND_A_DAY_AGO), LINK)),
        ),
        (
            "own ended, plan not approved",
            NOTHING,
            "design 5",
            world(CURRENT, at_b(ended(ONE_YEAR_AGO), LINK), approved=False),
        ),
        (
            "own ended 3 years ago, A's a year ago",
            OWN_ENDED,
            "design 11: keeps the one HOKS",
            world(ended(ONE_YEAR_AGO), at_b(ended(THREE_YEARS_AGO), LINK)),
        ),
        (
            "A's ended 2 years ago, own a year ago",
            OTHERS_AFTER_OWN_ENDED,
            "design 11: by then an ended HOKS of another provider",
            world(ended(TWO_YEARS_AGO), at_b(ended(ONE_YEAR_AGO), LINK)),
        ),
        ("own annulled", NOTHING, "design 11", world(CURRENT, at_b(ANNULLED, LINK))),
        ("own in an unknown state", NOTHING, "design 11", world(CURRENT, at_b(UNKNOWN, LINK))),
        ("A's ended", ENDED_ELSEWHERE, "design 11, 17b", world(ended(THREE_YEARS_AGO), at_b(included_in=LINK))),
        (
            "A's ended 5 years and a day ago",
            OVER_FIVE_YEARS,
            "P2*",
            world(ended(FIVE_YEARS_AND_A_DAY_AGO), at_b(included_in=LINK)),
        ),
        ("A's annulled", NOTHING, "design 11, 17a", world(ANNULLED, at_b(included_in=LINK))),
        ("A's in an unknown state", NOTHING, "design 11", world(UNKNOWN, at_b(included_in=LINK))),
        ("wrong school", CONCURRENT, "design 11, 14", world(CURRENT, at_b(included_in=WRONG_LINK))),
        ("no school in the link", CONCURRENT, "design 11, 14", world(CURRENT, at_b(included_in=(A1, None)))),
        (
            "school outside the tree in the link",
            CONCURRENT,
            "design 11, 14",
            world(CURRENT, at_b(included_in=(A1, UNHEARD_OF))),
        ),
        (
            "wrong school, own ended",
            OTHERS_AFTER_OWN_ENDED,
            "design 11: no shared ownership",
            world(CURRENT, at_b(ended(ONE_YEAR_AGO), WRONG_LINK)),
        ),
        (
            "wrong school, plan not approved",
            NOTHING,
            "design 5",
            world(CURRENT, at_b(included_in=WRONG_LINK), approved=False),
        ),
        (
            "link to a right that does not exist",
            CONCURRENT,
            "design 11: dead link",
            world(CURRENT, at_b(included_in=(right_oid(999), A_SCHOOL))),
        ),
        (
            "link in a cycle",
            CONCURRENT,
            "design 4",
            world(CURRENT, at_b(included_in=LINK), a1_included_in=(B1, B_SCHOOL)),
        ),
        (
            "linked to D, looking at A's",
            CONCURRENT,
            "10.2 note: third provider",
            world(CURRENT, at_b(included_in=elsewhere), at_d),
        ),
        (
            "linked to D and ended, looking at A's",
            OTHERS_AFTER_OWN_ENDED,
            "design 11: loses every other",
            world(CURRENT, at_b(ended(ONE_YEAR_AGO), elsewhere), at_d),
        ),
        ("organisations unknown", NOTHING, "design 11", world(CURRENT, at_b(included_in=LINK), tree=())),
        (
            "two sellers",
            PROCURED,
            "person 11 of 21.4",
            world(CURRENT, at_b(included_in=LINK), at_c(included_in=LINK)),
        ),
        (
            "middle of a chain",
            PROCURED,
            "person 16 of 21.4",
            world(CURRENT, at_b(included_in=LINK), at_c(included_in=(B1, B_SCHOOL))),
        ),
    ]
    cases = [Case(f"staff of B, linked: {name}", staff(B), gets, ground, world) for name, gets, ground, world in rows]
    return [
        *cases,
        Case(
            "staff of B's school, linked: both current",
            staff(B_SCHOOL),
            PROCURED,
            "P5",
            world(CURRENT, at_b(included_in=LINK)),
        ),
        Case(
            "staff of C, second seller",
            staff(C),
            PROCURED,
            "person 11 of 21.4",
            world(CURRENT, at_b(included_in=LINK), at_c(included_in=LINK)),
        ),
        Case(
            "staff of C, end of a chain",
            staff(C),
            CONCURRENT,
            "person 16 of 21.4: one step only",
            world(CURRENT, at_b(included_in=LINK), at_c(included_in=(B1, B_SCHOOL))),
        ),
    ]


def _provider_level() -> list[Case]:
    """Concurrent, procurement and 5-year relations compare at provider level (design 11, Organisations)."""
    ground = "design 11: relations compare at provider level"
    return [
        Case(
            "staff of B's second school: both current",
            staff(B_SECOND_SCHOOL),
            CONCURRENT,
            ground,
            world(CURRENT, at_b()),
        ),
        Case(
            "staff of B's second school, linked: both current",
            staff(B_SECOND_SCHOOL),
            PROCURED,
            ground,
            world(CURRENT, at_b(included_in=LINK)),
        ),
        Case(
            "staff of A's second school, with a right there: no plan of another provider",
            staff(A_SECOND_SCHOOL),
            NOTHING,
            ground,
            world(CURRENT, at_a_too()),
        ),
        *_within_one_provider(),
    ]


def _within_one_provider() -> list[Case]:
    """A link from one school's right to another's is no procurement: each school sees what is its own."""
    ground = "case D of 6.4; P5 and source 004:227-230 speak of two providers"
    linked, over = world(CURRENT, at_a_too(CURRENT, LINK)), world(CURRENT, at_a_too(ended(ONE_YEAR_AGO), LINK))
    both = world(CURRENT, at_a_too(CURRENT, LINK), at_b(included_in=LINK))
    rows: list[tuple[str, OrganisationOid, frozenset[Item], World]] = [
        ("staff of A", A, OWN, linked),
        ("staff of A's school", A_SCHOOL, OWN, linked),
        ("staff of A's second school", A_SECOND_SCHOOL, NOTHING, linked),
        ("staff of A, the second school's ended", A, OWN, over),
        ("staff of A's school, the second school's ended", A_SCHOOL, OWN, over),
        ("staff of A's second school, whose right ended", A_SECOND_SCHOOL, NOTHING, over),
        ("staff of A's second school, beside B's", A_SECOND_SCHOOL, NOTHING, both),
        ("staff of B, beside A's second school's", B, PROCURED, both),
        (
            "staff of A's second school, where A's school is unknown",
            A_SECOND_SCHOOL,
            NOTHING,
            world(CURRENT, at_a_too(CURRENT, LINK), tree=without(A_SCHOOL, A_SITE)),
        ),
    ]
    return [
        Case(f"linked within one provider: {name}", staff(acting), gets, ground, place)
        for name, acting, gets, place in rows
    ]


def _others() -> list[Case]:
    ground = "10.3, 10.4: without an appointment, assignment, consent or statute nobody"
    roles_in_an_organisation = (
        Role.RESPONSIBLE_TEACHER,
        Role.GUIDANCE_COUNSELLOR,
        Role.SPECIAL_NEEDS_TEACHER,
        Role.SCHOOL_SOCIAL_WORKER,
        Role.AUTHORITY,
        Role.EMPLOYMENT_FUND,
        Role.OPH,
    )
    linked = world(CURRENT, at_b(included_in=LINK), at_c())
    return [
        *(Case(f"{role.value} at A", caller(role, A), NOTHING, ground, linked) for role in roles_in_an_organisation),
        *(
            Case(f"{role.value}", caller(role), NOTHING, ground, linked)
            for role in (Role.INSTRUCTOR, Role.ASSESSOR, Role.CONSENT_RECIPIENT)
        ),
        Case(
            "staff of D who is the student",
            caller(Role.STAFF, D, MASTER),
            NOTHING,
            "design 11: no union across roles",
            linked,
        ),
        Case(
            "instructor who is the student",
            caller(Role.INSTRUCTOR, None, MASTER),
            NOTHING,
            "design 11: no union across roles",
            linked,
        ),
    ]


CASES = (*_student(), *_own_provider(), *_concurrent(), *_linked(), *_provider_level(), *_others())

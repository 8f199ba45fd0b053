"""The world of one student with the marked right and plan at provider A, and what a matrix case adds to it."""

from collections.abc import Sequence
from datetime import date

import msgspec

from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.world.marked import ALIAS_IN_THE_PLAN, marked_plan, marked_right
from tests.world.places import (
    A_SCHOOL,
    A_SECOND_SCHOOL,
    A_SITE,
    TREE,
    A,
    B,
    C,
)
from tests.world.rights import (
    CURRENT,
    TODAY,
    Periods,
    learner,
    right,
    right_oid,
)
from tests.world.world import World, student

MASTER, SECOND_ALIAS, ANOTHER = learner(1), learner(778), learner(2)
A1, A2, B1, C1, D1 = right_oid(1), right_oid(2), right_oid(11), right_oid(21), right_oid(31)

STUDENT_SELF = student(MASTER)
LINK = (A1, A_SCHOOL)
"""A link as it should be: the procuring right, and that right's school."""
WRONG_LINK = (A1, A_SECOND_SCHOOL)


def world(
    a1: Periods = CURRENT,
    *others: StudyRight,
    approved: bool = True,
    day: date = TODAY,
    tree: Sequence[TreeNode] = TREE,
    suspended_is_valid: bool = True,
    a1_included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None,
    a1_end_date: date | None = None,
) -> World:
    """A student with the marked right and plan at A, and other rights elsewhere."""
    own = marked_right(
        right(A1, MASTER, A, a1, site=A_SITE, included_in=a1_included_in, end_date=a1_end_date),
    )
    plan = marked_plan(own)
    if not approved:
        plan = msgspec.structs.replace(plan, first_approved_on=None)
    return World(
        people=(
            Person(oid=MASTER, aliases=frozenset({ALIAS_IN_THE_PLAN, SECOND_ALIAS}), name="Some One"),
            Person(oid=ANOTHER, name="Another"),
        ),
        rights=(own, *others),
        plans=((A, plan),),
        day=day,
        tree=tuple(tree),
        suspended_is_valid=suspended_is_valid,
    )


def at_a_too(
    states: Periods = CURRENT, included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None
) -> StudyRight:
    """A second right at provider A, at its second school, linked or not."""
    return right(A2, MASTER, A, states, school=A_SECOND_SCHOOL, included_in=included_in)


def at_b(
    states: Periods = CURRENT, included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None
) -> StudyRight:
    """A right at provider B, linked or not."""
    return right(B1, MASTER, B, states, included_in=included_in)


def at_c(
    states: Periods = CURRENT, included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None
) -> StudyRight:
    """A right at provider C, linked or not."""
    return right(C1, MASTER, C, states, included_in=included_in)


def without(*oids: OrganisationOid) -> tuple[TreeNode, ...]:
    """The tree where some organisations could not be found."""
    return tuple(each for each in TREE if each.organisation.oid not in oids)

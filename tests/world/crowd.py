"""A crowd: so many students of one school, all in one group, each with a right and a plan in one of a few states."""

from datetime import UTC, date, datetime

from hoks.caller import Role
from hoks.identifiers import PersonOid
from hoks.plan import Hoks
from hoks.relations import Assignment
from hoks.student import Person
from hoks.units import PlannedVocationalUnit
from hoks.values import Code
from tests.world.places import A
from tests.world.rights import CURRENT, learner, right, right_oid
from tests.world.world import World

COUNSELLOR = PersonOid("1.2.246.562.98.19999999950")
TEACHERS = tuple(PersonOid(f"1.2.246.562.98.199999998{number}") for number in range(60, 65))

_UPDATED = (datetime(2026, 9, 28, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC), None)


def crowd(size: int) -> World:
    """The world of a crowd; of three students in turn one is up to date, one late and one not approved."""
    numbers = range(1, size + 1)
    oids = {number: learner(100 * number) for number in numbers}
    return World(
        people=tuple(Person(oid=oid, name=f"Person {number}") for number, oid in oids.items()),
        rights=tuple(right(right_oid(100 * number), oids[number], A, CURRENT) for number in numbers),
        plans=tuple(
            (
                A,
                Hoks(
                    study_right_oid=right_oid(100 * number),
                    student_oid=oids[number],
                    first_approved_on=date(2026, 1, 12) if _UPDATED[number % 3] else None,
                    updated_at=_UPDATED[number % 3],
                    planned_vocational_units=(PlannedVocationalUnit(unit=Code(uri="tutkinnonosat_100001")),),
                ),
            )
            for number in numbers
        ),
        assignments=tuple(
            (A, Assignment(person=person, role=role, learner=oids[number], provider=A, group="all"))
            for number in numbers
            for person, role in (
                (COUNSELLOR, Role.GUIDANCE_COUNSELLOR),
                (TEACHERS[number % len(TEACHERS)], Role.RESPONSIBLE_TEACHER),
            )
        ),
    )

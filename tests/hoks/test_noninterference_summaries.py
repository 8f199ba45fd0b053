"""A unit in counts says nothing of what it is not made of: consents, appointments, other providers, other values.

With ``HOKS_PROVE=1`` everyone who is told counts asks in every changed world, otherwise a few of them do.
"""

import os
from collections.abc import Callable, Mapping
from datetime import date
from random import Random
from typing import Any

import msgspec
import pytest

from hoks.caller import Caller, Role
from hoks.identifiers import OrganisationOid, PersonOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.student import Person
from hoks.units import LearningSupport
from hoks.values import Code
from tests.world.asking import ask, graph
from tests.world.crowd import crowd
from tests.world.places import A_SCHOOL, A, B, C
from tests.world.ports import Fault
from tests.world.rights import ANNULLED, CURRENT, FIVE_YEARS_AND_A_DAY_AGO, TODAY, ended, learner, right, right_oid
from tests.world.world import SOMEBODY, World, caller, plans_source, rights_source

PROVE = os.environ.get("HOKS_PROVE") == "1"
SIZE = 30
"""Students, of whom each of five teachers has six: enough that every teacher is told of."""


def _unit() -> World:
    """A crowd in which all plans of one teacher's students are in one state, so that every count of them is told."""
    world = crowd(SIZE)
    up_to_date, late, draft = (world.plans[place][1] for place in (2, 0, 1))
    like = (up_to_date, late, draft, up_to_date, late)
    return world.but(
        plans=tuple(
            (
                holder,
                msgspec.structs.replace(
                    plan,
                    first_approved_on=like[number % 5].first_approved_on,
                    updated_at=like[number % 5].updated_at,
                ),
            )
            for number, (holder, plan) in enumerate(world.plans, start=1)
        )
    )


UNIT = _unit()
SOMEBODY_ELSE = PersonOid("1.2.246.562.98.19999999913")
TOLD: Mapping[str, Caller] = {
    "a head of training at the provider": caller(Role.HEAD_OF_TRAINING, A),
    "a head of training at a school": caller(Role.HEAD_OF_TRAINING, A_SCHOOL),
    "staff": caller(Role.STAFF, A),
    "the provider's system": caller(Role.SYSTEM, A),
}
COUNTS = """query ($oid: OrganisationOid!) { guidanceSummary(organisationOid: $oid) { notRead teachers {
  responsibleTeacher isFolded students approved updated states { state students } phases { phase students } } } }"""
Change = Callable[[World], World]


async def counts(world: World, who: str) -> Any:
    """The whole answer, extensions and all."""
    return await ask(COUNTS, {"oid": TOLD[who].organisation}, TOLD[who], graph(world))


def _consents(*, withdrawn: bool = False, start: date = date(2026, 1, 1), end: date = date(2026, 12, 1)) -> Change:
    """Of every student to the caller, to the acting organisations and to others."""
    return lambda world: world.but(
        consents=tuple(
            Consent(
                id=f"{place}-{to}",
                learner=person.oid,
                right=right_oid(100 * place),
                recipient=to,
                items=frozenset(Item),
                start_date=start,
                end_date=end,
                withdrawn=withdrawn,
            )
            for place, person in enumerate(world.people, start=1)
            for to in (SOMEBODY, SOMEBODY_ELSE, A, A_SCHOOL, B)
        )
    )


def _plans(**values: Any) -> Change:
    """Values that no count is made of."""
    return lambda world: world.but(
        plans=tuple((holder, msgspec.structs.replace(plan, **values)) for holder, plan in world.plans)
    )


def _elsewhere(state: Any, **plan: Any) -> Change:
    """Every student has a right and a plan at B and at C too."""

    def change(world: World) -> World:
        rights, plans = list(world.rights), list(world.plans)
        for number, person in enumerate(world.people, start=1):
            for place, provider in enumerate((B, C), start=1):
                held = right(right_oid(100 * number + place), person.oid, provider, state)
                rights.append(held)
                plans.append((provider, Hoks(study_right_oid=held.oid, student_oid=person.oid, **plan)))
        return world.but(rights=tuple(rights), plans=tuple(plans))

    return change


def _strangers(provider: OrganisationOid, state: Any) -> Change:
    """People with a plan who are nobody of the unit's, before, between and after its own."""

    def change(world: World) -> World:
        people, rights, plans = list(world.people), list(world.rights), list(world.plans)
        for number in (1, 2, 150, 151, 152, 153, 9_001, 9_002):
            held = right(right_oid(80_000 + number), learner(number), provider, state)
            people.append(Person(oid=learner(number), name="Stranger"))
            rights.append(held)
            plans.append((provider, Hoks(study_right_oid=held.oid, student_oid=learner(number))))
        return world.but(people=tuple(people), rights=tuple(rights), plans=tuple(plans))

    return change


def _appointments(world: World) -> World:
    named = tuple(
        Appointment(person=person, kind=kind, learner=each.oid, right=right_oid(100 * place), part_key="p")
        for place, each in enumerate(world.people, start=1)
        for person in (PersonOid(SOMEBODY), SOMEBODY_ELSE)
        for kind in AppointmentKind
    )
    made = tuple(msgspec.structs.replace(each, told_by=A, id=f"m{place}") for place, each in enumerate(named))
    return world.but(appointments=tuple((A, each) for each in named), made_here=made)


def _guides(role: Role, at: Any) -> Change:
    """Everybody is guided by others too; those who are no responsible teachers of the unit's own."""
    return lambda world: world.but(
        assignments=(
            *world.assignments,
            *(
                (at, Assignment(person=SOMEBODY_ELSE, role=role, learner=each.oid, provider=at, group="other"))
                for each in world.people
            ),
        )
    )


CHANGES: Mapping[str, Change] = {
    "consents in force": _consents(),
    "consents withdrawn": _consents(withdrawn=True),
    "consents over": _consents(end=date(2026, 1, 2)),
    "consents to come": _consents(start=date(2026, 11, 1)),
    "statutes": lambda world: world.but(
        statutes=tuple(
            Statute(organisation=each, citation="Act 1 §", items=frozenset(Item), express=frozenset(Item))
            for each in (A, A_SCHOOL, B)
        )
    ),
    "others are appointed": _appointments,
    "others counsel": _guides(Role.GUIDANCE_COUNSELLOR, A),
    "heads are assigned": _guides(Role.HEAD_OF_TRAINING, A),
    "others are responsible elsewhere": _guides(Role.RESPONSIBLE_TEACHER, B),
    "other names": lambda world: world.but(
        people=tuple(msgspec.structs.replace(each, name="Another And Longer Name") for each in world.people)
    ),
    "other contact data": _plans(student_email="a@b.example", student_phone="+358 40 000"),
    "other support": _plans(learning_support=(LearningSupport(support_type=Code(uri="x_1")),)),
    "other keys": _plans(source_id="7", external_id="8", version=9, entered_manually=True),
    "approved plans elsewhere": _elsewhere(CURRENT, first_approved_on=date(2026, 1, 12)),
    "drafts elsewhere": _elsewhere(CURRENT),
    "ended plans elsewhere": _elsewhere(ended(TODAY.replace(year=2025)), first_approved_on=date(2024, 1, 12)),
    "annulled rights elsewhere": _elsewhere(ANNULLED, first_approved_on=date(2024, 1, 12)),
    "strangers at another provider": _strangers(B, CURRENT),
    "strangers whose rights are annulled": _strangers(A, ANNULLED),
    "strangers whose rights are long over": _strangers(A, ended(FIVE_YEARS_AND_A_DAY_AGO)),
    "other sources of plans are down": lambda world: world.but(
        faults={plans_source(each): Fault(outcome=Outcome.UNAVAILABLE) for each in (B, C)}
    ),
    "other sources of rights are down": lambda world: world.but(
        faults={rights_source(each): Fault(raises=True) for each in (B, C)}
    ),
    "another order": lambda world: world.but(
        people=world.people[::-1],
        rights=world.rights[::-1],
        plans=world.plans[::-1],
        assignments=world.assignments[::-1],
    ),
}
PAIRS = [(who, kind) for who in TOLD for kind in CHANGES]
_BEFORE: dict[str, Any] = {}


@pytest.mark.proves("what a count is not made of does not show in it")
@pytest.mark.parametrize(("who", "kind"), PAIRS if PROVE else Random(7).sample(PAIRS, 3))
async def test_what_a_count_is_not_made_of_does_not_show_in_it(who: str, kind: str) -> None:
    if who not in _BEFORE:
        _BEFORE[who] = await counts(UNIT, who)
    teachers = _BEFORE[who]["data"]["guidanceSummary"]["teachers"]
    assert [each["students"] for each in teachers] == [6] * 5
    # Of teachers in the order of their OIDs: not approved, not updated, up to date.
    assert [[each["states"][place]["students"] for place in (0, 1, 4)] for each in teachers] == [
        [0, 0, 6],
        [0, 6, 0],
        [6, 0, 0],
        [0, 0, 6],
        [0, 6, 0],
    ]
    assert CHANGES[kind](UNIT) != UNIT
    assert await counts(CHANGES[kind](UNIT), who) == _BEFORE[who]


async def test_what_it_is_made_of_does_show() -> None:
    """Six more plans that have not been approved, all of one teacher's students."""

    def draft(plan: Hoks, number: int) -> Hoks:
        return msgspec.structs.replace(plan, first_approved_on=None) if number % 5 == 0 else plan

    world = UNIT.but(plans=tuple((at, draft(plan, number)) for number, (at, plan) in enumerate(UNIT.plans, start=1)))
    answer = await counts(world, "a head of training at the provider")

    teachers = answer["data"]["guidanceSummary"]["teachers"]
    assert [each["approved"] for each in teachers] == [0, 6, 0, 6, 6]

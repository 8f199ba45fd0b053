"""The world of one student with a drawn plan at provider A, and what makes somebody something to that student."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

import msgspec

from hoks.caller import Caller, Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.world.drawn import Demo, Period, Unit, draw_plan, draw_right, environment_of, part_key, unit_uri
from tests.world.places import LETTER_OF, TREE, A, B, C
from tests.world.ports import Fault
from tests.world.rights import CURRENT, TODAY, Periods, learner, right, right_oid
from tests.world.world import SOMEBODY, World, caller

P = TypeVar("P", Period, Demo)

MASTER, ANOTHER, ANOTHER_ALIAS = learner(1), learner(2), learner(799)
SOMEBODY_ELSE = PersonOid("1.2.246.562.98.19999999986")
AUTHORITY, OTHER_AUTHORITY, FUND = (OrganisationOid(f"1.2.246.562.99.100000000{number}") for number in (81, 82, 83))

RIGHTS: Mapping[str, StudyRightOid] = {"A1": right_oid(1), "A2": right_oid(2), "B1": right_oid(11), "C1": right_oid(21)}
ALIASES: Mapping[str, LearnerOid] = {"A1": learner(701), "A2": learner(702), "B1": learner(711), "C1": learner(721)}
OWNERS: Mapping[StudyRightOid, OrganisationOid] = {
    RIGHTS[tag]: provider for tag, provider in (("A1", A), ("A2", A), ("B1", B), ("C1", C))
}

UNITS = (
    Unit(
        "u1",
        periods=(Period("p1"), Period("s1", "school", date(2026, 8, 3), date(2026, 8, 28))),
        demos=(Demo("n1", date(2026, 12, 7), date(2026, 12, 8)),),
    ),
    Unit(
        "u2",
        periods=(Period("p2", "apprenticeship", date(2027, 1, 11), date(2027, 5, 28)),),
        demos=(Demo("n2", date(2027, 5, 24), date(2027, 5, 25)),),
    ),
    Unit(
        "u3",
        "local",
        periods=(Period("p3", "agreement", date(2026, 1, 7), date(2026, 3, 31)),),
        demos=(Demo("n3", date(2026, 3, 25), date(2026, 3, 26)),),
    ),
    Unit(
        "u4",
        "subarea",
        periods=(Period("s4", "school", date(2026, 8, 17), date(2026, 12, 20)),),
        demos=(Demo("n4", date(2026, 9, 15), date(2026, 9, 16)),),
    ),
)
"""Of the plan at A: ``p1`` is the only workplace period that is going on, ``p2`` is to come, ``p3`` is long over."""

AT_B = (Unit("b1", periods=(Period("q1", "agreement", date(2026, 9, 7), date(2026, 12, 11)),)),)
"""Of a plan at B: one workplace period that is going on."""


def changed(
    *,
    periods: Mapping[str, tuple[date | None, date | None]] | None = None,
    demos: Mapping[str, tuple[date | None, date | None]] | None = None,
    more: Mapping[str, Period] | None = None,
    without: Iterable[str] = (),
    keyless: Iterable[str] = (),
    units: tuple[Unit, ...] = UNITS,
) -> tuple[Unit, ...]:
    """The units with other days, with a period more in a unit, without some periods, some demonstrations keyless."""
    days, gone, no_key = {**(periods or {}), **(demos or {})}, set(without), set(keyless)
    made: list[Unit] = []
    for unit in units:
        kept = [each for each in unit.periods if each.key not in gone]
        added = [more[unit.key]] if more and unit.key in more else []
        made.append(
            Unit(
                unit.key,
                unit.kind,
                tuple(_dated(each, days) for each in (*kept, *added)),
                tuple(msgspec.structs.replace(_dated(each, days), keyed=each.key not in no_key) for each in unit.demos),
            )
        )
    return tuple(made)


def _dated(part: P, days: Mapping[str, tuple[date | None, date | None]]) -> P:
    start, end = days.get(part.key, (part.start, part.end))
    return msgspec.structs.replace(part, start=start, end=end)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A right beside the one at A, and its plan where it has one."""

    tag: str
    right: StudyRight
    plan: Hoks | None = None


def held(
    tag: str,
    provider: OrganisationOid,
    states: Periods = CURRENT,
    *,
    units: tuple[Unit, ...] | None = None,
    approved: bool = True,
    school: OrganisationOid | None = None,
    included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None,
) -> Held:
    """A drawn right at a provider, and with units its plan."""
    plain = right(RIGHTS[tag], MASTER, provider, states, school=school, included_in=included_in)
    drawn = draw_right(tag, ALIASES[tag], plain)
    plan = None if units is None else draw_plan(tag, ALIASES[tag], drawn, units, approved=approved)
    return Held(tag=tag, right=drawn, plan=plan)


def at_b(
    states: Periods = CURRENT,
    *,
    units: tuple[Unit, ...] | None = AT_B,
    approved: bool = True,
    included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None,
) -> Held:
    """The right at B with its plan."""
    return held("B1", B, states, units=units, approved=approved, included_in=included_in)


def role_world(
    a1: Periods = CURRENT,
    *others: Held,
    units: tuple[Unit, ...] | None = UNITS,
    approved: bool = True,
    day: date = TODAY,
    named: Iterable[Appointment] = (),
    assigned: Iterable[Assignment] = (),
    told_by: OrganisationOid | None = None,
    consents: Iterable[Consent] = (),
    statutes: Iterable[Statute] = (),
    down: Iterable[str] = (),
    faults: Mapping[str, Fault] | None = None,
    suspended_is_valid: bool = True,
    school: OrganisationOid | None = None,
) -> World:
    """The student with the drawn right and plan at A, others beside it, and the relations of whoever looks.

    Appointments are told by the provider whose plan it is, assignments by A, unless ``told_by`` says otherwise.
    """
    everything = (held("A1", A, a1, units=units, approved=approved, school=school), *others)
    return World(
        people=(
            Person(oid=MASTER, aliases=frozenset(ALIASES.values()), name="Some One"),
            Person(oid=ANOTHER, aliases=frozenset({ANOTHER_ALIAS}), name="Another"),
        ),
        rights=tuple(each.right for each in everything),
        plans=tuple(
            (each.right.provider.oid, each.plan)
            for each in everything
            if each.plan is not None and each.right.provider is not None
        ),
        day=day,
        tree=TREE,
        appointments=tuple((told_by or OWNERS[each.right], each) for each in named),
        assignments=tuple((told_by or A, each) for each in assigned),
        consents=tuple(consents),
        statutes=tuple(statutes),
        faults={**(faults or {}), **{source: Fault(raises=True) for source in down}},
        suspended_is_valid=suspended_is_valid,
    )


# --- relations ------------------------------------------------------------------------------------------------


def instructs(
    *parts: str,
    tag: str = "A1",
    right: str | None = None,
    person: PersonOid = SOMEBODY,
    learner: LearnerOid = MASTER,
    kind: AppointmentKind = AppointmentKind.INSTRUCTOR,
) -> tuple[Appointment, ...]:
    """Somebody named as responsible workplace instructor of these periods."""
    return tuple(
        Appointment(person=person, kind=kind, learner=learner, right=RIGHTS[right or tag], part_key=part_key(tag, part))
        for part in parts
    )


def assesses(
    *parts: str,
    tag: str = "A1",
    right: str | None = None,
    person: PersonOid = SOMEBODY,
    learner: LearnerOid = MASTER,
    kind: AppointmentKind = AppointmentKind.ASSESSOR,
) -> tuple[Appointment, ...]:
    """Somebody named as working-life assessor of these demonstrations."""
    return instructs(*parts, tag=tag, right=right, person=person, learner=learner, kind=kind)


def assesses_without_key(
    unit: str, start: date, end: date, environment: str | None, *, tag: str = "A1"
) -> tuple[Appointment, ...]:
    """Somebody named as assessor of a demonstration that is known by its unit, days and environment."""
    return (
        Appointment(
            person=SOMEBODY,
            kind=AppointmentKind.ASSESSOR,
            learner=MASTER,
            right=RIGHTS[tag],
            unit_uri=unit_uri(tag, unit),
            start_date=start,
            end_date=end,
            environment=environment_of(tag, environment) if environment else None,
        ),
    )


def assigned(
    role: Role,
    *,
    provider: OrganisationOid = A,
    person: PersonOid = SOMEBODY,
    learner: LearnerOid = MASTER,
    group: str | None = "group",
) -> tuple[Assignment, ...]:
    """The student assigned to somebody in a role."""
    return (Assignment(person=person, role=role, learner=learner, provider=provider, group=group),)


def consent(
    items: Iterable[Item],
    *,
    tag: str = "A1",
    start: date = date(2026, 9, 1),
    end: date = date(2026, 12, 31),
    withdrawn: bool = False,
    recipient: str = SOMEBODY,
    learner: LearnerOid = MASTER,
    number: int = 1,
) -> Consent:
    """A consent of the student to somebody."""
    return Consent(
        id=f"consent-{number}",
        learner=learner,
        right=RIGHTS[tag],
        recipient=recipient,
        items=frozenset(items),
        start_date=start,
        end_date=end,
        withdrawn=withdrawn,
    )


def statute(
    items: Iterable[Item], express: Iterable[Item] = (), *, organisation: OrganisationOid = AUTHORITY
) -> Statute:
    """A provision that gives an authority items."""
    return Statute(organisation=organisation, citation="Act 1 §", items=frozenset(items), express=frozenset(express))


INSTRUCTOR, ASSESSOR, RECIPIENT = (caller(role) for role in (Role.INSTRUCTOR, Role.ASSESSOR, Role.CONSENT_RECIPIENT))


def of_authority(organisation: OrganisationOid = AUTHORITY, role: Role = Role.AUTHORITY) -> Caller:
    """Somebody who acts for an authority."""
    return caller(role, organisation)


def plans_of(provider: OrganisationOid) -> str:
    """The name of a provider's source of plans."""
    return f"plans-{LETTER_OF[provider]}"

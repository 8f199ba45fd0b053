"""Small random worlds as plain descriptions, and the same worlds built for the reader.

A description says in words what is the case; ``built`` turns it into records, sources and relations.
"""

import random
from datetime import date, timedelta
from typing import Literal

import msgspec

from hoks.caller import Caller, Role
from hoks.codes import StudyRightState
from hoks.identifiers import OPH, OrganisationOid
from hoks.items import Item
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.world.drawn import Demo, Mode, Period, Unit, draw_plan, draw_right, part_key
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, B_SCHOOL, B_SECOND_SCHOOL, C_SCHOOL, A, B, C
from tests.world.ports import Fault
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    SUSPENDED,
    TODAY,
    UNKNOWN,
    UPCOMING,
    Periods,
    ended,
    right,
)
from tests.world.role_scene import ALIASES, AUTHORITY, FUND, MASTER, OTHER_AUTHORITY, RIGHTS, SOMEBODY_ELSE
from tests.world.world import SOMEBODY, World, caller, plans_source

Phase = Literal["current", "suspended", "upcoming", "ended", "annulled", "unknown"]

STATES: dict[Phase, Periods] = {
    "current": CURRENT,
    "suspended": SUSPENDED,
    "upcoming": UPCOMING,
    "annulled": ANNULLED,
    "unknown": UNKNOWN,
}
SCHOOLS = {"A1": (A, A_SCHOOL), "A2": (A, A_SECOND_SCHOOL), "B1": (B, B_SCHOOL), "C1": (C, C_SCHOOL)}
ACTING = (A, A, A_SCHOOL, A_SECOND_SCHOOL, B, B, B_SCHOOL, B_SECOND_SCHOOL, C)
PROVIDER_OF = {A_SCHOOL: A, A_SECOND_SCHOOL: A, B_SCHOOL: B, B_SECOND_SCHOOL: B, C_SCHOOL: C}
WITHOUT_ORGANISATION = (Role.STUDENT, Role.INSTRUCTOR, Role.ASSESSOR, Role.CONSENT_RECIPIENT)
AUTHORITIES = (Role.AUTHORITY, Role.EMPLOYMENT_FUND)


class SmallRight(msgspec.Struct, frozen=True, kw_only=True):
    """A right, and the units of its plan where it has one."""

    tag: str
    provider: OrganisationOid
    school: OrganisationOid
    phase: Phase
    ended: date | None = None
    included_in: str | None = None
    link_is_right: bool = True
    units: tuple[Unit, ...] | None = None
    approved: bool = True


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment: to which part of whose plan, and who says so."""

    mine: bool
    kind: AppointmentKind
    tag: str
    part: str
    told_by: OrganisationOid


class Guiding(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment of the student, and who says so."""

    mine: bool
    role: Role
    provider: OrganisationOid
    told_by: OrganisationOid


class Giving(msgspec.Struct, frozen=True, kw_only=True):
    """A consent."""

    to_me: bool
    tag: str
    items: frozenset[Item]
    start: date
    end: date
    withdrawn: bool


class SmallWorld(msgspec.Struct, frozen=True, kw_only=True):
    """One student, what everybody is to them, and one caller."""

    role: Role
    acting: OrganisationOid | None
    rights: tuple[SmallRight, ...]
    appointments: tuple[Naming, ...] = ()
    assignments: tuple[Guiding, ...] = ()
    consents: tuple[Giving, ...] = ()
    statutes: tuple[Statute, ...] = ()
    plans_down: frozenset[OrganisationOid] = frozenset()
    suspended_is_valid: bool = True
    in_hiding: bool = False
    """Whether the student has a non-disclosure order."""
    day: date = TODAY

    @property
    def provider(self) -> OrganisationOid | None:
        """The provider for which the caller acts."""
        return PROVIDER_OF.get(self.acting, self.acting) if self.acting is not None else None

    @property
    def caller(self) -> Caller:
        """Who is asking."""
        return caller(self.role, self.acting, MASTER if self.role is Role.STUDENT else SOMEBODY)


# --- drawing lots ---------------------------------------------------------------------------------------------

_DAYS = (-400, -120, -93, -92, -91, -40, -1, 0, 1, 30, 90, 200)


def random_world(seed: int) -> SmallWorld:
    """The world of a seed."""
    lots = random.Random(seed)
    role = lots.choice(list(Role))
    rights = tuple(
        _right(tag, lots)
        for tag, chance in (("A1", 1.0), ("A2", 0.3), ("B1", 0.7), ("C1", 0.4))
        if lots.random() < chance
    )
    acting = _acting(role, lots)
    return SmallWorld(
        role=role,
        acting=acting,
        rights=_linked(rights, lots),
        appointments=tuple(_naming(each, lots) for each in _parts(rights) if lots.random() < 0.6),
        assignments=tuple(_guiding(role, acting, lots) for _ in range(lots.randrange(5))),
        consents=tuple(_giving(lots) for _ in range(lots.randrange(5))),
        statutes=tuple(_statute(lots) for _ in range(lots.randrange(4))),
        plans_down=frozenset(each for each in (A, B, C) if lots.random() < 0.05),
        suspended_is_valid=lots.random() < 0.7,
        in_hiding=lots.random() < 0.3,
    )


def _guiding(role: Role, acting: OrganisationOid | None, lots: random.Random) -> Guiding:
    own = PROVIDER_OF.get(acting, acting) if acting is not None else None
    provider = own if own is not None and lots.random() < 0.6 else lots.choice((A, B, C))
    return Guiding(
        mine=lots.random() < 0.8,
        role=role if lots.random() < 0.7 else lots.choice(list(Role)),
        provider=provider,
        told_by=provider if lots.random() < 0.8 else lots.choice((A, B, C)),
    )


def _acting(role: Role, lots: random.Random) -> OrganisationOid | None:
    if role in WITHOUT_ORGANISATION:
        return None
    if role is Role.OPH:
        return OPH
    return lots.choice((AUTHORITY, FUND)) if role in AUTHORITIES else lots.choice(ACTING)


def _right(tag: str, lots: random.Random) -> SmallRight:
    provider, school = SCHOOLS[tag]
    phases: tuple[Phase, ...] = (
        "current",
        "current",
        "current",
        "suspended",
        "upcoming",
        "ended",
        "annulled",
        "unknown",
    )
    phase = "ended" if lots.random() < 0.15 else lots.choice(phases)
    over = TODAY.replace(year=TODAY.year - lots.choice((1, 3, 5, 6))) - timedelta(days=lots.choice((0, 1)))
    return SmallRight(
        tag=tag,
        provider=provider,
        school=school,
        phase=phase,
        ended=over if phase == "ended" else None,
        units=_units(lots) if lots.random() < 0.85 else None,
        approved=lots.random() < 0.85,
    )


def _linked(rights: tuple[SmallRight, ...], lots: random.Random) -> tuple[SmallRight, ...]:
    """The same rights, where B's may be part of A's; never of an upcoming one, of which no text speaks."""
    if rights[0].phase == "upcoming" or lots.random() < 0.5:
        return rights
    is_right = lots.random() < 0.8
    return tuple(
        msgspec.structs.replace(each, included_in="A1", link_is_right=is_right) if each.tag == "B1" else each
        for each in rights
    )


def _units(lots: random.Random) -> tuple[Unit, ...]:
    kinds: list[Literal["vocational", "local", "subarea"]] = ["vocational", "local", "subarea"]
    made: list[Unit] = []
    for place in range(lots.randrange(1, 4)):
        periods = tuple(_period(f"p{place}{each}", lots) for each in range(lots.randrange(3)))
        demos = tuple(Demo(f"n{place}{each}", *_days(lots), keyed=True) for each in range(lots.randrange(3)))
        made.append(Unit(f"u{place}", lots.choice(kinds), periods, demos))
    return tuple(made)


def _period(key: str, lots: random.Random) -> Period:
    modes: tuple[Mode, ...] = ("agreement", "agreement", "apprenticeship", "school")
    return Period(key, lots.choice(modes), *_days(lots))


def _days(lots: random.Random) -> tuple[date | None, date | None]:
    first, last = sorted((lots.choice(_DAYS), lots.choice(_DAYS)))
    start = TODAY + timedelta(days=first) if lots.random() < 0.95 else None
    return start, TODAY + timedelta(days=last) if lots.random() < 0.9 else None


def _parts(rights: tuple[SmallRight, ...]) -> list[tuple[SmallRight, AppointmentKind, str]]:
    return [
        (right, kind, each.key)
        for right in rights
        for unit in right.units or ()
        for kind, parts in ((AppointmentKind.INSTRUCTOR, unit.periods), (AppointmentKind.ASSESSOR, unit.demos))
        for each in parts
    ]


def _naming(part: tuple[SmallRight, AppointmentKind, str], lots: random.Random) -> Naming:
    right, kind, key = part
    teller = right.provider if lots.random() < 0.95 else lots.choice((A, B, C))
    return Naming(mine=lots.random() < 0.8, kind=kind, tag=right.tag, part=key, told_by=teller)


def _items(lots: random.Random) -> frozenset[Item]:
    return frozenset(item for item in Item if lots.random() < lots.choice((0.1, 0.5, 0.9)))


def _giving(lots: random.Random) -> Giving:
    return Giving(
        to_me=lots.random() < 0.8,
        tag=lots.choice(list(RIGHTS)),
        items=_items(lots),
        start=TODAY + timedelta(days=lots.choice((-30, -1, 0, 1))),
        end=TODAY + timedelta(days=lots.choice((-1, 0, 1, 30))),
        withdrawn=lots.random() < 0.2,
    )


def _statute(lots: random.Random) -> Statute:
    items = _items(lots)
    return Statute(
        organisation=lots.choice((AUTHORITY, AUTHORITY, FUND, OTHER_AUTHORITY)),
        citation="Act 1 §",
        items=items,
        express=frozenset(item for item in items if lots.random() < 0.4),
    )


# --- building -------------------------------------------------------------------------------------------------


def built(small: SmallWorld) -> World:
    """The world for the reader."""
    rights = {each.tag: _built_right(small, each) for each in small.rights}
    return World(
        people=(
            Person(oid=MASTER, aliases=frozenset(ALIASES.values()), name="Some One", non_disclosure=small.in_hiding),
        ),
        rights=tuple(rights.values()),
        plans=tuple(
            (
                each.provider,
                draw_plan(each.tag, ALIASES[each.tag], rights[each.tag], each.units, approved=each.approved),
            )
            for each in small.rights
            if each.units is not None
        ),
        day=small.day,
        appointments=tuple(
            (
                each.told_by,
                Appointment(
                    person=SOMEBODY if each.mine else SOMEBODY_ELSE,
                    kind=each.kind,
                    learner=MASTER,
                    right=RIGHTS[each.tag],
                    part_key=part_key(each.tag, each.part),
                ),
            )
            for each in small.appointments
        ),
        assignments=tuple(
            (
                each.told_by,
                Assignment(
                    person=SOMEBODY if each.mine else SOMEBODY_ELSE,
                    role=each.role,
                    learner=MASTER,
                    provider=each.provider,
                ),
            )
            for each in small.assignments
        ),
        consents=tuple(
            Consent(
                id=f"consent-{number}",
                learner=MASTER,
                right=RIGHTS[each.tag],
                recipient=SOMEBODY if each.to_me else SOMEBODY_ELSE,
                items=each.items,
                start_date=each.start,
                end_date=each.end,
                withdrawn=each.withdrawn,
            )
            for number, each in enumerate(small.consents)
        ),
        statutes=small.statutes,
        faults={plans_source(each): Fault(raises=True) for each in small.plans_down},
        suspended_is_valid=small.suspended_is_valid,
    )


def _built_right(small: SmallWorld, each: SmallRight) -> StudyRight:
    link = None
    if each.included_in is not None:
        target = next(right for right in small.rights if right.tag == each.included_in)
        link = (RIGHTS[target.tag], target.school if each.link_is_right else A_SECOND_SCHOOL)
    states = ended(each.ended, StudyRightState.GRADUATED) if each.ended is not None else STATES[each.phase]
    plain = right(RIGHTS[each.tag], MASTER, each.provider, states, school=each.school, included_in=link)
    return draw_right(each.tag, ALIASES[each.tag], plain)

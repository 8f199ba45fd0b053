"""Who has been given items by a consent or a statute, in which world, and which column of 10.3 then applies."""

from collections.abc import Iterable

from hoks.caller import Role
from hoks.identifiers import OPH
from hoks.items import Item
from hoks.relations import Consent, Statute
from tests.hoks.matrix_10_3 import AUTHORITY, CONSENT, NOTHING, OPH_AFTER_THE_END
from tests.world.places import A
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    FIVE_YEARS_AGO,
    FIVE_YEARS_AND_A_DAY_AGO,
    LAST_DAY,
    ONE_YEAR_AGO,
    SUSPENDED,
    TODAY,
    TOMORROW,
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
    FUND,
    MASTER,
    OTHER_AUTHORITY,
    RECIPIENT,
    SOMEBODY_ELSE,
    at_b,
    consent,
    of_authority,
    plans_of,
    role_world,
    statute,
)
from tests.world.workplace_cases import RoleCase
from tests.world.world import World, caller

ALL = frozenset(Item)
SOME = frozenset({Item.D1, Item.D2q, Item.D2u, Item.D3, Item.D10})
"""What recipient-1 of the sandbox's cast is given."""
PEOPLE = frozenset({Item.D12, Item.W1, Item.W2})
SECRET = frozenset({Item.D6u, Item.D6d, Item.D8, Item.D9, Item.D11b, Item.Gi})
NEVER = frozenset({Item.Cs, Item.Ci, Item.X})
NONE: frozenset[Item] = frozenset()

_STANDING: tuple[tuple[str, Periods], ...] = (
    ("current", CURRENT),
    ("upcoming", UPCOMING),
    ("suspended", SUSPENDED),
    ("on its last day", LAST_DAY),
    ("ended a year ago", ended(ONE_YEAR_AGO)),
    ("ended exactly 5 years ago", ended(FIVE_YEARS_AGO)),
)
_FALLEN: tuple[tuple[str, Periods], ...] = (
    ("annulled", ANNULLED),
    ("unknown", UNKNOWN),
    ("without state", WITHOUT_STATE),
    ("ended 5 years and a day ago", ended(FIVE_YEARS_AND_A_DAY_AGO)),
)


def _recipient() -> list[RoleCase]:
    rows: list[tuple[str, frozenset[Item], str, World]] = [
        ("of some items", SOME, "C1", _given(consent(SOME))),
        ("of everything", ALL, "C1", _given(consent(ALL))),
        ("of secret items", SECRET, "C1, *: explicit", _given(consent(SECRET))),
        ("of people", PEOPLE, "*: names only", _given(consent(PEOPLE))),
        (
            "of assessors and of what they assess",
            PEOPLE | {Item.D4, Item.D5},
            "*",
            _given(consent(PEOPLE | {Item.D4, Item.D5})),
        ),
        ("of contact and technical data", NEVER, "*: not the student's to give", _given(consent(NEVER))),
        *((f"of {item} alone", frozenset({item}), "C1", _given(consent({item}))) for item in Item),
        ("from today", SOME, "security 4.1", _given(consent(SOME, start=TODAY))),
        ("until today", SOME, "security 4.1", _given(consent(SOME, end=TODAY))),
        ("of today alone", SOME, "security 4.1", _given(consent(SOME, start=TODAY, end=TODAY))),
        (
            "of two consents",
            SOME | PEOPLE,
            "C1",
            _given(consent(SOME), consent(PEOPLE, number=2)),
        ),
        (
            "of two consents, one withdrawn",
            SOME,
            "C1",
            _given(consent(SOME), consent(ALL, number=2, withdrawn=True)),
        ),
        ("under an alias", SOME, "C1", _given(consent(SOME, learner=ALIASES["B1"]))),
        (
            "of A's plan and B's other items",
            SOME,
            "C1: that plan",
            _given(consent(SOME), consent(ALL - {Item.ID}, tag="B1", number=2)),
        ),
        ("twice the same", SOME, "security 3.3", _given(consent(SOME), consent(SOME))),
        *(
            (f"of a right {name}", SOME, "C1, C3", role_world(states, consents=[consent(SOME)]))
            for name, states in _STANDING
        ),
    ]
    nothing: list[tuple[str, str, World]] = [
        ("no consent", "C1", role_world()),
        ("from tomorrow", "security 4.1", _given(consent(ALL, start=TOMORROW))),
        ("until yesterday", "security 4.1", _given(consent(ALL, end=YESTERDAY))),
        ("ends before it starts", "security 4.1", _given(consent(ALL, start=TOMORROW, end=YESTERDAY))),
        ("withdrawn", "C1", _given(consent(ALL, withdrawn=True))),
        ("to somebody else", "C1", _given(consent(ALL, recipient=SOMEBODY_ELSE))),
        ("to an organisation", "C1", _given(consent(ALL, recipient=A))),
        ("of another student", "C1", _given(consent(ALL, learner=ANOTHER))),
        ("of B's plan", "C1: that plan", _given(consent(ALL - {Item.ID}, tag="B1"))),
        ("of nothing", "C1", _given(consent(NONE))),
        ("plan not approved", "X3", role_world(approved=False, consents=[consent(ALL)])),
        ("no plan", "C1", role_world(units=None, consents=[consent(ALL)])),
        ("consents fail", "unknown closes", role_world(consents=[consent(ALL)], down=["consents"])),
        ("plans of A fail", "unknown closes", role_world(consents=[consent(ALL)], down=[plans_of(A)])),
        *((f"right {name}", "design 11, P2*", role_world(states, consents=[consent(ALL)])) for name, states in _FALLEN),
    ]
    return [
        *(
            RoleCase(f"recipient {name}", RECIPIENT, CONSENT, why, world, named=items)
            for name, items, why, world in rows
        ),
        *(RoleCase(f"no recipient: {name}", RECIPIENT, NOTHING, why, world) for name, why, world in nothing),
        RoleCase(
            "no recipient: the student acting as one",
            caller(Role.CONSENT_RECIPIENT, None, MASTER),
            NOTHING,
            "no union",
            _given(consent(ALL)),
        ),
    ]


def _given(*consents: Consent) -> World:
    return role_world(CURRENT, at_b(), consents=consents)


def _authority() -> list[RoleCase]:
    all_express = statute(ALL, ALL)
    rows: list[tuple[str, frozenset[Item], frozenset[Item], str, World]] = [
        ("some items", SOME, NONE, "A1", _by(statute(SOME))),
        ("everything, nothing expressly", ALL, NONE, "A1: secret only if express", _by(statute(ALL))),
        ("everything, expressly", ALL, SECRET, "A1", _by(all_express)),
        ("everything, one secret item expressly", ALL, frozenset({Item.D8}), "A1", _by(statute(ALL, {Item.D8}))),
        ("secret items, not expressly", SECRET, NONE, "A1", _by(statute(SECRET))),
        ("people", PEOPLE, NONE, "A1", _by(statute(PEOPLE))),
        ("contact and technical data", NEVER, NONE, "10.3: nothing", _by(statute(NEVER, NEVER))),
        *(
            (f"{item} alone, expressly", frozenset({item}), frozenset({item}), "A1", _by(statute({item}, {item})))
            for item in Item
        ),
        ("two provisions", SOME | PEOPLE, NONE, "A1", _by(statute(SOME), statute(PEOPLE))),
        (
            "beside another authority's provision",
            SOME,
            NONE,
            "A1",
            _by(statute(SOME), statute(ALL, ALL, organisation=OTHER_AUTHORITY)),
        ),
        *(
            (f"a right {name}", SOME, NONE, "A1", role_world(states, statutes=[statute(SOME)]))
            for name, states in _STANDING
        ),
    ]
    nothing: list[tuple[str, str, World]] = [
        ("no provision", "A1", role_world()),
        ("only another authority has one", "A1", _by(statute(ALL, ALL, organisation=OTHER_AUTHORITY))),
        (
            "a consent to the authority, which is no statute",
            "A1",
            _given(consent(ALL, recipient=of_authority().organisation or "")),
        ),
        ("plan not approved", "X3", role_world(approved=False, statutes=[all_express])),
        ("no plan", "design 11", role_world(units=None, statutes=[all_express])),
        *((f"right {name}", "design 11, P2*", role_world(states, statutes=[all_express])) for name, states in _FALLEN),
    ]
    fund = of_authority(FUND, Role.EMPLOYMENT_FUND)
    return [
        *(
            RoleCase(f"authority with {name}", of_authority(), AUTHORITY, why, world, named=items, express=express)
            for name, items, express, why, world in rows
        ),
        *(RoleCase(f"authority: {name}", of_authority(), NOTHING, why, world) for name, why, world in nothing),
        RoleCase("Employment Fund without a provision", fund, NOTHING, "A2", role_world()),
        RoleCase("Employment Fund beside an authority's provision", fund, NOTHING, "A2", _by(all_express)),
        RoleCase(
            "Employment Fund with a provision",
            fund,
            AUTHORITY,
            "A2",
            _by(statute(ALL, {Item.D9}, organisation=FUND)),
            named=ALL,
            express=frozenset({Item.D9}),
        ),
    ]


def _by(*statutes: Statute) -> World:
    return role_world(CURRENT, at_b(), statutes=statutes)


def _oph() -> list[RoleCase]:
    oph, over = caller(Role.OPH, OPH), ended(ONE_YEAR_AGO)
    somebodys = consent(SOME, recipient=SOMEBODY_ELSE)
    rows: list[tuple[str, frozenset[Item], World]] = [
        ("a consent to somebody", SOME, role_world(over, consents=[somebodys])),
        ("a consent to an organisation", SOME, role_world(over, consents=[consent(SOME, recipient=A)])),
        ("everything consented", ALL, role_world(over, consents=[consent(ALL)])),
        ("two consents", SOME | PEOPLE, role_world(over, consents=[somebodys, consent(PEOPLE, number=2)])),
        ("right ended yesterday", SOME, role_world(ended(YESTERDAY), consents=[somebodys])),
        ("right ended exactly 5 years ago", SOME, role_world(ended(FIVE_YEARS_AGO), consents=[somebodys])),
        ("consent until today", SOME, role_world(over, consents=[consent(SOME, end=TODAY)])),
        (
            "another right of the student current",
            SOME,
            role_world(over, at_b(), consents=[somebodys, consent(ALL - {Item.ID}, tag="B1", number=2)]),
        ),
    ]
    nothing: list[tuple[str, str, World]] = [
        *(
            (f"right {name}", "O1", role_world(states, consents=[consent(ALL)]))
            for name, states in (*_STANDING[:4], *_FALLEN)
        ),
        ("no consent", "C3", role_world(over)),
        ("consent withdrawn", "C3", role_world(over, consents=[consent(ALL, withdrawn=True)])),
        ("consent over", "C3", role_world(over, consents=[consent(ALL, end=YESTERDAY)])),
        ("consent to come", "C3", role_world(over, consents=[consent(ALL, start=TOMORROW)])),
        ("consent of B's plan", "C3", role_world(over, at_b(), consents=[consent(ALL, tag="B1")])),
        ("consent of another student", "C3", role_world(over, consents=[consent(ALL, learner=ANOTHER)])),
        ("plan not approved", "X3", role_world(over, approved=False, consents=[consent(ALL)])),
        ("consents fail", "unknown closes", role_world(over, consents=[consent(ALL)], down=["consents"])),
    ]
    return [
        *(RoleCase(f"OPH: {name}", oph, OPH_AFTER_THE_END, "C3", world, named=items) for name, items, world in rows),
        *(RoleCase(f"OPH, nothing: {name}", oph, NOTHING, why, world) for name, why, world in nothing),
    ]


GIVEN_CASES: Iterable[RoleCase] = (*_recipient(), *_authority(), *_oph())

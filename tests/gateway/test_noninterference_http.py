"""Non-interference over HTTP: what a caller may not see changes, and no status, header, byte or log record does.

Alone, after a stronger caller's same requests and beside them. With ``HOKS_PROVE=1`` each caller and change under every
history, otherwise a sample.
"""

import os
from collections.abc import Mapping
from functools import cache
from random import Random

import pytest

from hoks.caller import Caller, Role
from tests.hoks.test_noninterference_roles import EVERYONE, QUERIES, VARIABLES
from tests.world import queries
from tests.world.cast import CALLERS, HIDDEN, cast
from tests.world.everyone import LOOKING
from tests.world.perturb import OF_PLANS, OF_RIGHTS
from tests.world.perturb_everyone import EVERY
from tests.world.places import A
from tests.world.ports import Fault
from tests.world.served import HISTORIES as UNDER
from tests.world.served import Asked, Exchanges, bodies_differing, differing, exchanges, requests
from tests.world.served_leaks import HISTORIES, LEAKS
from tests.world.world import World, caller, plans_source

PROVE = os.environ.get("HOKS_PROVE") == "1"
SEED = 11
TURNS = 5 if PROVE else 17
"""In how many turns the requests are sent."""
OF_ROLES = requests(QUERIES, VARIABLES)
OF_THE_CAST = requests(queries.QUERIES, queries.VARIABLES)
STRONGER: Mapping[str, Caller] = {"staff of A": caller(Role.STAFF, A), "student": LOOKING["student"].caller}
CAST = cast()
OF_CAST = {**OF_PLANS, **OF_RIGHTS}

ROLES = [(who, kind, history) for who in LOOKING for kind in EVERY for history in UNDER]
PEOPLE = [(who, kind, history) for who in CALLERS for kind in OF_CAST for history in UNDER]


def turn(asked: Mapping[str, Asked], part: int) -> dict[str, Asked]:
    """The requests of one turn."""
    return {name: each for place, (name, each) in enumerate(asked.items()) if place % TURNS == part % TURNS}


def stronger_than(who: str) -> Caller:
    """Somebody who sees more."""
    return STRONGER["student" if who == "head of training" else "staff of A"]


def of_roles(who: str, history: str, part: int, world: World = EVERYONE) -> Exchanges:
    """What comes of the requests of one of the roles."""
    return exchanges(history, world, LOOKING[who].caller, turn(OF_ROLES, part), stronger_than(who))


@cache
def before(who: str, history: str, part: int) -> Exchanges:
    """The same from the world as it is, once for all tests."""
    return of_roles(who, history, part)


@cache
def before_in_the_cast(who: str, history: str, part: int) -> Exchanges:
    """What comes of the requests of a member of staff or a student."""
    return exchanges(history, CAST.world(), CALLERS[who], turn(OF_THE_CAST, part), CALLERS["staff of A"])


@pytest.mark.proves("over HTTP no status, header, byte or log record shows what a caller may not see")
@pytest.mark.parametrize(("who", "kind", "history"), ROLES if PROVE else Random(SEED).sample(ROLES, 36))
def test_nothing_that_leaves_shows_what_somebody_may_not_see(who: str, kind: str, history: str) -> None:
    part = (list(EVERY).index(kind) + list(LOOKING).index(who) + list(UNDER).index(history)) % TURNS
    other = EVERY[kind](EVERYONE, LOOKING[who])
    assert differing(before(who, history, part), of_roles(who, history, part, other)) == []


@pytest.mark.proves("over HTTP no status, header, byte or log record shows what a caller may not see")
@pytest.mark.parametrize(("who", "kind", "history"), PEOPLE if PROVE else Random(SEED).sample(PEOPLE, 16))
def test_nothing_that_leaves_shows_what_staff_or_a_student_may_not_see(who: str, kind: str, history: str) -> None:
    part = (list(OF_CAST).index(kind) + list(CALLERS).index(who) + list(UNDER).index(history)) % TURNS
    other = OF_CAST[kind](CAST, HIDDEN[who]).world()
    after = exchanges(history, other, CALLERS[who], turn(OF_THE_CAST, part), CALLERS["staff of A"])
    assert differing(before_in_the_cast(who, history, part), after) == []


@pytest.mark.proves("over HTTP no status, header, byte or log record shows who asked before")
@pytest.mark.parametrize("history", [each for each in UNDER if each != "alone"])
@pytest.mark.parametrize("who", LOOKING if PROVE else ["instructor", "consent recipient", "authority"])
def test_nothing_that_leaves_shows_what_a_stronger_caller_asks(who: str, history: str) -> None:
    parts = range(TURNS) if PROVE else [list(LOOKING).index(who) % TURNS]
    assert [differing(before(who, "alone", part), before(who, history, part)) for part in parts] == [[]] * len(parts)


# --- the exchanges themselves -----------------------------------------------------------------------------------


def test_the_requests_come_to_every_kind_of_exchange() -> None:
    refused = {name: each for name, each in OF_ROLES.items() if "," in name}
    came = exchanges("alone", EVERYONE, LOOKING["instructor"].caller, refused, STRONGER["staff of A"])
    assert {each.status for each in came.values()} == {200, 400, 403}
    assert {dict(each.headers)[b"content-type"] for each in came.values()} == {
        b"application/json; charset=utf-8",
        b"application/graphql-response+json; charset=utf-8",
    }
    assert all(int(dict(each.headers)[b"content-length"]) == len(each.body) for each in came.values())


def test_what_is_logged_is_heard() -> None:
    faults = {plans_source(A): Fault(raises=True)}
    asked = {"everything": OF_ROLES["everything"]}
    came = exchanges("alone", EVERYONE.but(faults=faults), LOOKING["assessor"].caller, asked, STRONGER["staff of A"])
    ((logger, level, message, arguments, *_),) = came["everything"].events
    assert (logger, level, message) == ("hoks.asking", "WARNING", "source %s: broke its contract with %s")
    assert arguments == "('plans-a', 'RuntimeError')"


# --- the test of the test ---------------------------------------------------------------------------------------

TELLING = {name: OF_ROLES[name] for name in ("everything", "whether each is there", "all students")}


def told(who: str, history: str, world: World = EVERYONE) -> Exchanges:
    """What comes of the requests that show most."""
    return exchanges(history, world, LOOKING[who].caller, TELLING, stronger_than(who))


@pytest.mark.proves("a leak put in on purpose is caught")
@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_that_no_body_shows_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    who, kind = LEAKS[leak].who, LEAKS[leak].kind
    LEAKS[leak].install(monkeypatch)
    one, other = told(who, "alone"), told(who, "alone", EVERY[kind](EVERYONE, LOOKING[who]))
    assert bodies_differing(one, other) == []
    assert differing(one, other) != []


@pytest.mark.parametrize(("who", "kind"), sorted({(leak.who, leak.kind) for leak in LEAKS.values()}))
def test_what_catches_such_a_leak_finds_nothing_where_there_is_none(who: str, kind: str) -> None:
    assert differing(told(who, "alone"), told(who, "alone", EVERY[kind](EVERYONE, LOOKING[who]))) == []


@pytest.mark.parametrize("leak", HISTORIES)
def test_what_tells_of_others_in_no_body_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    HISTORIES[leak](monkeypatch)
    one, other = told("instructor", "alone"), told("instructor", "after a stronger caller")
    assert bodies_differing(one, other) == []
    assert differing(one, other) != []

"""The test of the non-interference test: leaks put in on purpose are caught, and without them nothing is."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
import pytest

from hoks.caller import Caller, Role
from hoks.items import Item
from resolvers.graph import Graph
from tests.hoks.test_noninterference_roles import EVERYONE, PROVE, VARIABLES, questions
from tests.world.compared import KEY, SCHEMA, answers, differences, records
from tests.world.everyone import ALIASES, LOOKING, OIDS, RIGHTS, copied
from tests.world.leaks import HISTORIES, IN_CLEAR, LEAKS, OF_COPIES, REDACTED_FOR_ANYBODY
from tests.world.perturb_everyone import EVERY, newer_copies
from tests.world.places import A
from tests.world.world import World, caller

TELLING = ("everything", "one student", "twelve students")
"""The questions that show most."""


CAUGHT = sorted({(leak.who, leak.kind) for leak in LEAKS.values()})
"""By whom and by which change a leak is caught."""


async def told(world: World, who: str) -> dict[str, bytes]:
    """The answers to the questions that show most, and everything that any question could select."""
    reader, asks = world.reader(), LOOKING[who].caller
    asked = {name: questions()[name] for name in TELLING}
    shown = await records(reader, asks, OIDS.values(), list(RIGHTS.values())[:3])
    return {**await answers(reader, asks, asked, VARIABLES), **shown}


@cache
def undisturbed(who: str) -> dict[str, bytes]:
    """What a caller is told of the world as it is, by the gateway as it is."""
    with asyncio.Runner() as runner:
        return runner.run(told(EVERYONE, who))


async def interferes(who: str, kind: str) -> list[str]:
    """Where a caller's answers from the changed world differ."""
    return differences(await told(EVERYONE, who), await told(EVERY[kind](EVERYONE, LOOKING[who]), who))


@pytest.mark.proves("a leak put in on purpose is caught")
@pytest.mark.parametrize("leak", LEAKS)
async def test_a_leak_put_in_on_purpose_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    LEAKS[leak].install(monkeypatch)
    assert await interferes(LEAKS[leak].who, LEAKS[leak].kind) != []


@pytest.mark.parametrize(("who", "kind"), CAUGHT if PROVE else CAUGHT[::3])
def test_what_catches_a_leak_finds_nothing_where_there_is_none(who: str, kind: str) -> None:
    with asyncio.Runner() as runner:
        after = runner.run(told(EVERY[kind](EVERYONE, LOOKING[who]), who))
    assert differences(undisturbed(who), after) == []


# --- copies -----------------------------------------------------------------------------------------------------

COPIED = copied()
WITHOUT_TIMES = [
    who for who, looking in LOOKING.items() if "A1" in looking.columns and not looking.sees("A1")(Item.D1, "", "other")
]
"""Who sees something of the plan that is copied, and not when it was updated."""


async def told_of_copies(who: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What a caller is told where the copy is older than the plan, and where it is newer."""
    return await told(COPIED, who), await told(newer_copies(COPIED), who)


@pytest.mark.proves("what one of the roles may not see does not show in an answer")
@pytest.mark.parametrize("who", WITHOUT_TIMES)
async def test_a_hidden_time_does_not_decide_which_of_two_copies_is_shown(who: str) -> None:
    assert differences(*await told_of_copies(who)) == []


@pytest.mark.proves("a leak put in on purpose is caught")
@pytest.mark.parametrize("leak", OF_COPIES)
async def test_a_copy_that_wins_by_a_hidden_time_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    OF_COPIES[leak](monkeypatch)
    assert "authority" in WITHOUT_TIMES
    assert any("plannedLocalUnits" in each for each in differences(*await told_of_copies("authority")))


# --- what may never be said, not even in another form -----------------------------------------------------------

_TOKEN = re.compile(rb"[A-Za-z0-9_+/=-]{16,}")


def says_an_oid(said: Mapping[str, bytes]) -> bool:
    """Whether answers say the OID of anybody, in clear or in a cursor."""
    oids = [oid.encode() for oid in (*OIDS.values(), *ALIASES.values())]
    texts = [text for answer in said.values() for text in (answer, *map(_decoded, _TOKEN.findall(answer)))]
    return any(oid in text for text in texts for oid in oids)


def _decoded(token: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(token)
    except binascii.Error:
        return b""


async def lists(who: str) -> dict[str, bytes]:
    """A caller's lists of students."""
    asked = {name: questions()[name] for name in ("one student", "all students")}
    return await answers(EVERYONE.reader(), LOOKING[who].caller, asked, VARIABLES)


@pytest.mark.parametrize("who", ["instructor", "assessor"])
async def test_a_workplace_is_told_no_oid_in_any_form(who: str) -> None:
    assert not says_an_oid(await lists(who))


async def test_an_oid_in_a_cursor_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    IN_CLEAR(monkeypatch)
    assert says_an_oid(await lists("instructor"))


# --- histories --------------------------------------------------------------------------------------------------

STRONGER: Mapping[str, Caller] = {"staff of A": caller(Role.STAFF, A), "student": LOOKING["student"].caller}
Answers = dict[str, bytes]


async def alone(who: str) -> Answers:
    """A caller's answers from a graph that nobody else asks and that keeps nothing."""
    return await in_turn(graph(kept=False), LOOKING[who].caller)


async def after(who: str, stronger: Caller) -> Answers:
    """A caller's answers from a graph that a stronger caller has asked the same before."""
    shared = graph()
    await in_turn(shared, stronger)
    return await in_turn(shared, LOOKING[who].caller)


async def beside(who: str, stronger: Caller) -> Answers:
    """A caller's answers from a graph that a stronger caller asks the same at the same time."""
    shared = graph()
    _, own, _ = await asyncio.gather(
        in_turn(shared, stronger), in_turn(shared, LOOKING[who].caller), in_turn(shared, stronger)
    )
    return own


def graph(*, kept: bool = True) -> Graph:
    """A graph over the world as it is, with what is kept and shared between callers before its sources."""
    return Graph(SCHEMA, EVERYONE.reader(kept=kept), cursor_key=KEY)


async def in_turn(over: Graph, by: Caller) -> Answers:
    """The answers to the questions that show most, one after another."""
    asked = {name: questions()[name] for name in TELLING}
    return {name: orjson.dumps((await over.answer(each, None, VARIABLES, by)).content) for name, each in asked.items()}


@pytest.mark.parametrize("history", [after, beside])
@pytest.mark.parametrize("stronger", STRONGER)
@pytest.mark.parametrize("who", LOOKING if PROVE else ["instructor", "consent recipient"])
async def test_what_a_stronger_caller_asks_does_not_show(who: str, stronger: str, history: Any) -> None:
    assert differences(await alone(who), await history(who, STRONGER[stronger])) == []


@pytest.mark.parametrize("leak", HISTORIES)
async def test_what_is_shared_between_callers_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = await alone("instructor")
    HISTORIES[leak](monkeypatch)
    assert differences(own, await after("instructor", STRONGER["staff of A"])) != []


async def test_a_redacted_plan_kept_for_those_who_see_something_else_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    own = await alone("consent recipient")
    REDACTED_FOR_ANYBODY(monkeypatch)
    assert differences(own, await after("consent recipient", STRONGER["student"])) != []

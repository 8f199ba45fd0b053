"""More is asked than can be answered: who waits, in which order, and who is refused at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admission import FEWEST_WAITING, Admission
from gateway.errors import Code, RefusedError
from gateway.noting import NOTE, Note
from gateway.settings import OverloadSettings

LONG = 60.0


def admission(*, working: int = 1, open_: int = 100, waiting: int = 100, seconds: float = LONG) -> Admission:
    settings = OverloadSettings(working=working, open=open_, waiting=waiting, waiting_seconds=seconds)
    return Admission(settings, jitter=lambda: 0.5)


class Crowd:
    """Requests that work until they are told to end, in the order in which they got their turn."""

    def __init__(self, door: Admission) -> None:
        self.door = door
        self.served: list[str] = []
        self.refused: list[tuple[str, RefusedError]] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def comes(self, *names: str) -> None:
        """One request each; who it is from is the first letter."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._one(name))
            await settled()

    async def ends(self, *names: str) -> None:
        """They are answered."""
        for name in names:
            self._ends[name].set()
            await settled()

    async def goes_away(self, name: str) -> None:
        """Its caller has gone."""
        self._tasks[name].cancel()
        await settled()

    async def _one(self, name: str) -> None:
        try:
            async with self.door.turn(name[0]):
                self.served.append(name)
                await self._ends[name].wait()
        except RefusedError as refused:
            self.refused.append((name, refused))


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_many_work_at_once_as_the_settings_say_and_the_next_when_one_is_done() -> None:
    crowd = Crowd(admission(working=2))
    await crowd.comes("a1", "a2", "a3")
    assert crowd.served == ["a1", "a2"]
    await crowd.ends("a1")
    assert crowd.served == ["a1", "a2", "a3"]


async def test_callers_are_let_in_one_line_after_the_other() -> None:
    crowd = Crowd(admission())
    await crowd.comes("x1", "a1", "a2", "a3", "a4", "b1", "c1", "c2")
    await crowd.ends("x1", "a1", "b1", "c1", "a2", "c2", "a3", "a4")
    assert crowd.served == ["x1", "a1", "b1", "c1", "a2", "c2", "a3", "a4"]


async def test_where_no_more_may_wait_the_last_of_the_longest_line_is_refused_and_a_newcomer_waits() -> None:
    crowd = Crowd(admission(waiting=3))
    await crowd.comes("x1", "a1", "a2", "a3")
    await crowd.comes("b1")
    assert [name for name, _ in crowd.refused] == ["a3"]
    await crowd.comes("a4")
    assert [name for name, _ in crowd.refused] == ["a3", "a4"]
    await crowd.ends("x1", "a1")
    assert crowd.served == ["x1", "a1", "b1"]


async def test_a_refusal_has_its_code_and_the_seconds_after_which_to_come_again() -> None:
    crowd = Crowd(admission(waiting=1))
    await crowd.comes("x1", "a1", "a2")
    ((_, refused),) = crowd.refused
    assert (refused.code, refused.status, refused.headers) == (Code.OVERLOADED, 503, {"retry-after": "2"})
    assert crowd.door.refused == 1


async def test_who_waits_for_a_source_leaves_the_place_to_another_and_comes_back_without_waiting() -> None:
    door = admission()
    crowd = Crowd(door)
    note = Note()
    NOTE.set(note)
    async with door.turn("a"):
        began = note.waits.begin()
        token = NOTE.set(Note())
        await crowd.comes("b1")
        NOTE.reset(token)
        assert (crowd.served, door.working, door.open) == (["b1"], 1, 2)
        note.waits.end("a-koski", began, None)
        assert door.working == 2
        await crowd.comes("b2")
        assert crowd.served == ["b1"]
    assert (door.working, door.open, door.waiting) == (1, 1, 1)


async def test_those_who_wait_for_sources_are_no_more_than_may_be_open() -> None:
    door = admission(open_=1)
    crowd = Crowd(door)
    note = Note()
    NOTE.set(note)
    async with door.turn("a"):
        note.waits.begin()
        await crowd.comes("b1")
        assert (crowd.served, door.waiting) == ([], 1)


async def test_who_waited_too_long_is_refused() -> None:
    crowd = Crowd(admission(seconds=0.01))
    await crowd.comes("x1", "a1")
    await asyncio.sleep(0.03)
    assert [name for name, _ in crowd.refused] == ["a1"]
    assert crowd.door.waiting == 0


async def test_where_the_pace_would_make_the_last_wait_too_long_it_is_refused_at_once() -> None:
    door = admission(seconds=0.2)
    crowd = Crowd(door)
    await crowd.comes("x1", "a1", "b1", "c1")
    for name in ("x1", "a1"):
        await asyncio.sleep(0.05)
        await crowd.ends(name)
    # A tenth of fifty milliseconds is the pace so far: room for 0.14 s of it, and for no more.
    names = [f"d{place}" for place in range(60)]
    await crowd.comes(*names)
    assert FEWEST_WAITING <= door.waiting < 60
    assert crowd.refused


async def test_who_goes_away_while_waiting_or_at_the_very_moment_of_the_turn_leaves_no_hole() -> None:
    door = admission()
    crowd = Crowd(door)
    await crowd.comes("x1", "a1", "a2", "b1")
    await crowd.goes_away("a2")
    crowd._ends["x1"].set()
    await asyncio.sleep(0)  # x1 has ended and a1 is let in, but has not run yet
    await crowd.goes_away("a1")
    assert crowd.served[-1] == "b1"
    await crowd.ends("b1")
    assert (door.working, door.open, door.waiting) == (0, 0, 0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["ends", "leaves", "rests", "stays"])), max_size=25))
def test_whatever_comes_and_goes_everybody_is_counted_out_again(steps: list[tuple[str, str]]) -> None:
    async def played() -> None:
        door = admission(working=2, open_=4, waiting=5)
        crowd = Crowd(door)
        done: dict[str, Callable[[str], Awaitable[None]]] = {"ends": crowd.ends, "leaves": crowd.goes_away}
        names = []
        for place, (who, then) in enumerate(steps):
            name = f"{who}{place}"
            names.append(name)
            NOTE.set(note := Note())
            await crowd.comes(name)
            if then == "rests" and name in crowd.served:
                note.waits.begin()
            elif then in done:
                await done[then](name)
            assert 0 <= door.working <= 2 and 0 <= door.open <= 4 and 0 <= door.waiting <= 5
        while door.waiting or door.open:
            await crowd.ends(*names)
        assert (door.working, door._lines) == (0, {})
        assert len(crowd.served) + len(crowd.refused) + sum(then == "leaves" for _, then in steps) >= len(steps)

    asyncio.run(played())


@pytest.mark.parametrize("key", ["working", "open", "waiting", "waiting_seconds"])
def test_every_bound_has_a_default(key: str) -> None:
    assert getattr(OverloadSettings(), key) > 0

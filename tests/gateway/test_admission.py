"""More is asked than can be answered: who waits, in which order, and who is refused at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import load
from gateway.admission import Admission
from gateway.errors import Code, RefusedError
from gateway.load import LOOKED_SECONDS, Room
from gateway.noting import NOTE, Note
from gateway.settings import OverloadSettings

LONG = 60.0


def admission(
    *,
    working: int = 1,
    open_: int = 100,
    waiting: int = 100,
    seconds: float = LONG,
    crowded: int = 8,
    each: int = 100,
    clock: Callable[[], float] = lambda: 0.0,
    busy: Callable[[], float] = lambda: 0.0,
) -> Admission:
    settings = OverloadSettings(
        working=working, open=open_, waiting=waiting, waiting_seconds=seconds, crowded=crowded, each=each
    )
    return Admission(settings, jitter=lambda: 0.5, clock=clock, busy=busy)


LOOK = 1.02 * LOOKED_SECONDS
"""After so long there is another look for certain."""


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


async def test_who_waits_for_a_source_leaves_the_place_to_another_and_then_waits_to_work_on() -> None:
    door = admission()
    crowd = Crowd(door)
    note = Note()
    NOTE.set(note)
    async with door.turn("a"):
        began = note.waits.begin()
        token = NOTE.set(Note())
        await crowd.comes("b1", "b2")
        NOTE.reset(token)
        assert (crowd.served, door.working, door.open) == (["b1"], 1, 2)
        note.waits.end("a-koski", began, None)
        back = asyncio.create_task(note.waits.resumed())
        await settled()
        assert not back.done()
        await crowd.ends("b1")
        # Before whoever has not begun.
        assert back.done()
        assert (crowd.served, door.working) == (["b1"], 1)
    await settled()
    assert crowd.served == ["b1", "b2"]


@asynccontextmanager
async def back_from_a_source() -> AsyncIterator[tuple[Admission, Note]]:
    """The turn of one who has waited for a source, in whose only place another works now."""
    door = admission()
    NOTE.set(note := Note())
    async with door.turn("a"):
        began = note.waits.begin()
        await door.enter("b")
        note.waits.end("a-koski", began, None)
        yield door, note


async def test_parts_of_a_request_come_back_together_and_one_that_waits_again_holds_no_place() -> None:
    async with back_from_a_source() as (door, note):
        parts = [asyncio.create_task(note.waits.resumed()) for _ in range(3)]
        await settled()
        parts.pop().cancel()
        began = note.waits.begin()
        door.rests()
        await asyncio.gather(*parts)
        assert (door.working, door.open) == (0, 2)
        note.waits.end("a-koski", began, None)
        await note.waits.resumed()
        assert door.working == 1


async def test_who_began_first_works_on_first_whosever_source_answers_first_and_whatever_else_they_have_begun() -> None:
    door, order = admission(working=1), list[str]()

    async def waits_and_works_on(name: str, answered: asyncio.Event) -> None:
        NOTE.set(note := Note())
        async with door.turn(name[0]):
            began = note.waits.begin()
            await answered.wait()
            note.waits.end("a-koski", began, None)
            await note.waits.resumed()
            order.append(name)

    sources = {name: asyncio.Event() for name in ("a1", "a2", "b1")}
    tasks = [asyncio.create_task(waits_and_works_on(*each)) for each in sources.items()]
    await settled()
    await door.enter("c")
    for answered in reversed(sources.values()):
        answered.set()
        await settled()
    assert order == []
    door.leaves("c")
    await asyncio.gather(*tasks)
    assert order == ["a1", "a2", "b1"]


async def test_a_part_that_comes_back_when_its_request_is_over_finds_no_turn_and_waits_for_none() -> None:
    async with back_from_a_source() as (door, note):
        late = asyncio.create_task(note.waits.resumed())
        await settled()
    await late
    await note.waits.resumed()
    assert (door.working, door.open, list(door._back)) == (1, 1, [])


async def test_who_has_less_under_way_comes_first() -> None:
    crowd = Crowd(admission(working=2))
    await crowd.comes("a1", "a2", "a3", "b1")
    await crowd.ends("a1")
    assert crowd.served == ["a1", "a2", "b1"]


async def test_nobody_has_more_under_way_than_one_may() -> None:
    crowd = Crowd(admission(each=2))
    await crowd.comes("a1", "a2", "a3", "b1")
    assert [name for name, _ in crowd.refused] == ["a3"]
    await crowd.ends("a1", "a2", "b1")
    await crowd.comes("a4")
    assert crowd.served == ["a1", "a2", "b1", "a4"]


class Hands:
    """A clock that goes as told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_burst_may_wait_and_where_more_come_than_go_hardly_anybody_may() -> None:
    hands = Hands()
    crowd = Crowd(admission(crowded=2, clock=hands))
    await crowd.comes("x1", *(f"a{place}" for place in range(9)))
    for name in ("x1", "a0", "a1", "a2"):
        hands.now += LOOK
        await crowd.ends(name)
    # It became smaller by itself.
    assert (crowd.door.waiting, crowd.refused) == (5, [])
    for places in ("012", "345", "678"):
        await crowd.comes(*(f"b{place}" for place in places))
        hands.now += LOOK
    await crowd.ends("a3")
    assert crowd.door.waiting == 2
    # Of whoever asks the most: of b, 9 under way and 7.4 asked of late; and of a, 5 and 4.4, who have waited longer,
    # too when b has no more than a quarter more than a.
    assert [name for name, _ in crowd.refused] == ["b0", "b1", "b2", "b3", "b4", "a5", "b5", "a6", "b6", "b7", "a7"]
    # Not so soon again that it would be told later.
    hands.now += LOOKED_SECONDS / 2
    # For who asks little there are not too many; of those who ask about as much the newest waits.
    await crowd.comes("c1", "a9", "d1", "b9")
    assert crowd.door.waiting == 4
    assert [name for name, _ in crowd.refused][11:] == ["a8", "b8"]


async def test_in_a_crowd_the_newest_waits_in_place_of_who_waited_longest_unless_it_asks_more_than_they() -> None:
    hands = Hands()
    crowd = Crowd(admission(crowded=2, clock=hands))
    await crowd.comes("x1")
    for look in range(5):
        hands.now += LOOK
        await crowd.comes(f"y{look}", f"y{look + 5}", *(f"{name}{look}" for name in "abcdefghi"))
    assert crowd.door.waiting == 2
    known = len(crowd.refused)
    # Each of the others has asked five times, this one ten times.
    await crowd.comes("y10", "y11")
    assert [name for name, _ in crowd.refused[known:]] == ["y10", "y11"]
    await crowd.comes("a5", "b5")
    assert [name[0] in "abcdefghi" and name[1] == "4" for name, _ in crowd.refused[known + 2 :]] == [True, True]
    await crowd.ends("x1")
    assert crowd.served == ["x1", "a5"]


async def test_those_who_are_too_many_are_sent_away_at_the_cost_of_a_look_at_each() -> None:
    class Looked(Hands):
        looks = 0

        def __call__(self) -> float:
            self.looks += 1
            return self.now

    hands = Looked()
    crowd = Crowd(admission(waiting=300, crowded=2, clock=hands))
    await crowd.comes("x")
    for first in range(0x400, 0x4C8, 50):
        await crowd.comes(*map(chr, range(first, first + 50)))
        hands.now += LOOK
    looks = hands.looks
    await crowd.comes("y")
    assert crowd.door.waiting == 2
    # Two hundred are refused: a look at each for every one of them would be twenty thousand.
    assert hands.looks - looks < 2000


async def test_who_asked_much_of_late_is_refused_before_others_although_nothing_of_theirs_is_under_way() -> None:
    hands = Hands()
    crowd = Crowd(admission(waiting=1, clock=hands))
    for place in range(9):
        await crowd.comes(f"a{place}")
        await crowd.ends(f"a{place}")
    await crowd.comes("x1", "a9", "b1", "a10")
    assert [name for name, _ in crowd.refused] == ["a9", "a10"]
    await crowd.ends("x1")
    hands.now += 10.0
    await crowd.comes("a11", "b2")
    # What is long ago counts no more: both have as much now, and who comes later is refused.
    assert [name for name, _ in crowd.refused] == ["a9", "a10", "b2"]


async def more_than_go() -> tuple[Hands, Crowd]:
    """A crowd, of which one may wait, and the clock."""
    hands = Hands()
    crowd = Crowd(admission(crowded=1, clock=hands))
    await crowd.comes("x1", "a1")
    for look in range(4):
        hands.now += LOOK
        await crowd.comes(*(f"{name}{look}" for name in "bcdef"))
    return hands, crowd


async def test_a_crowd_is_over_when_nobody_has_waited_for_a_while() -> None:
    hands, crowd = await more_than_go()
    assert crowd.door.waiting == 1
    refused = len(crowd.refused)
    await crowd.ends("x1", "a1")
    assert crowd.door.waiting == 0
    hands.now += 2 * LOOKED_SECONDS
    await crowd.comes("g1", "h1", "i1", "j1")
    assert (crowd.door.waiting, len(crowd.refused)) == (3, refused)


async def test_those_who_are_refused_come_too() -> None:
    hands = Hands()
    crowd = Crowd(admission(waiting=6, crowded=1, clock=hands))
    for look in range(6):
        await crowd.comes(*(f"{name}{look}" for name in "abcdefgh"))
        hands.now += LOOK
        await crowd.ends(crowd.served[-1])
    assert crowd.door.waiting <= 1


async def test_a_machine_that_halts_now_and_then_while_a_burst_waits_makes_no_crowd() -> None:
    hands = Hands()
    crowd = Crowd(admission(crowded=1, clock=hands))
    await crowd.comes("x1", *(f"a{place}" for place in range(20)))
    for halt in range(5):
        # Fifteen come while it does nothing, then each look finds five fewer.
        await crowd.comes(*(f"b{15 * halt + place}" for place in range(15)))
        hands.now += LOOK
        for _ in range(3):
            for _ in range(5):
                await crowd.ends(crowd.served[-1])
            hands.now += LOOK
    assert (crowd.door.waiting, crowd.door.refused) == (20, 0)


def test_that_ever_more_wait_is_known_after_a_twentieth_of_a_second() -> None:
    hands, waiting = Hands(), 5
    crowd = load.Crowd(hands)
    crowd.sees(waiting, 1, 0, 0)
    while not crowd.stands:
        hands.now, waiting = hands.now + 0.013, waiting + 5
        crowd.sees(waiting, 1, 0, 0)
    assert hands.now <= 0.06


class Found:
    """A crowd that has just been found."""

    def __init__(self) -> None:
        self._hands = Hands()
        self.crowd = load.Crowd(self._hands)
        self._refused = self._came = 0
        self.becomes_more()
        assert self.crowd.stands

    def _looks(self, waiting: int) -> None:
        self.crowd.sees(waiting, 1, self._refused, self._came)
        self._hands.now += LOOK

    def becomes_more(self) -> None:
        """Those who wait become more and more."""
        for waiting in (10, 20, 30, 40, 50):
            self._looks(waiting)

    def refuses(self) -> None:
        """One is refused."""
        self._refused += 1

    def half_a_second(self, refused_of_ten: int) -> None:
        """In each look ten come, of whom so many are refused; one always waits."""
        for _ in range(10):
            self._refused, self._came = self._refused + refused_of_ten, self._came + 10
            self._looks(1)


def test_a_crowd_is_over_when_nobody_is_refused_any_more_although_some_always_wait() -> None:
    found = Found()
    found.half_a_second(1)
    assert found.crowd.stands
    found.half_a_second(0)
    found.half_a_second(0)
    assert not found.crowd.stands


def test_where_few_are_refused_twice_as_many_may_wait_until_many_are() -> None:
    found, times = Found(), []
    for refused_of_ten in (1, 1, 1, 1, 1, 1, 2, 1):
        found.half_a_second(refused_of_ten)
        times.append(found.crowd.times)
    # Counted from the first look after it was found, so that half a second is told in the next.
    assert (times, found.crowd.stands) == ([1, 2, 4, 8, 16, 16, 16, 1], True)


def test_one_who_is_refused_in_half_a_second_is_enough_for_a_crowd_to_stand() -> None:
    found = Found()
    found.half_a_second(0)
    found.refuses()
    found.half_a_second(0)
    assert found.crowd.stands
    found.half_a_second(0)
    assert not found.crowd.stands


def test_where_a_crowd_is_found_again_hardly_anybody_may_wait_from_then_on() -> None:
    found = Found()
    for refused_of_ten in (1, 1, 1, 0, 0):
        found.half_a_second(refused_of_ten)
    assert (found.crowd.stands, found.crowd.times) == (False, 1)
    found.becomes_more()
    assert (found.crowd.stands, found.crowd.times) == (True, 1)


async def test_where_fewer_may_wait_again_those_are_refused_who_are_too_many() -> None:
    hands, crowd = await more_than_go()
    assert (crowd.door._crowd.stands, crowd.door.waiting) == (True, 1)
    # One of ten is refused for half a second, and for another half.
    for half in range(22):
        for place in range(9):
            await crowd.ends(crowd.served[-1])
            await crowd.comes(f"b{half}-{place}")
        hands.now += LOOKED_SECONDS
        await crowd.comes(f"b{half}-refused")
    assert crowd.door._crowd.times == 4
    await crowd.comes(*(f"b-{place}" for place in range(9)))
    assert crowd.door.waiting == 4
    for look in range(12):
        await crowd.comes(*(f"b--{look}-{place}" for place in range(9)))
        hands.now += LOOKED_SECONDS
    assert (crowd.door.waiting, crowd.door._crowd.times) == (1, 1)


async def test_the_time_in_which_nobody_waited_is_no_pace() -> None:
    hands = Hands()
    crowd = Crowd(admission(crowded=1, clock=hands))
    await crowd.comes("x1", "a1", "a2")
    for name in ("x1", "a1"):
        hands.now += 0.02
        await crowd.ends(name)
    assert crowd.door._pace == pytest.approx(0.1 * 0.02)
    await crowd.ends("a2")
    hands.now += 10.0
    await crowd.comes("y1", "b1")
    await crowd.ends("y1")
    assert crowd.door._pace == pytest.approx(0.1 * 0.02)


async def test_the_time_since_a_crowd_is_no_pace() -> None:
    hands, crowd = await more_than_go()
    assert crowd.door._crowd.stands
    while crowd.door.open:
        await crowd.ends(crowd.served[-1])
    hands.now += 10.0
    pace = crowd.door._pace
    await crowd.comes("y1", "z1")
    assert (crowd.door._crowd.stands, crowd.door.waiting) == (False, 1)
    await crowd.ends("y1")
    assert crowd.door._pace == pace


async def test_in_a_crowd_in_which_hardly_anybody_waits_the_pace_is_known_all_the_same() -> None:
    hands, crowd = await more_than_go()
    assert (crowd.door._crowd.stands, crowd.door.waiting, crowd.door._pace) == (True, 1, 0.0)
    for place in range(40):
        hands.now += 0.02
        await crowd.ends(crowd.served[-1])
        assert crowd.door.waiting == 0
        await crowd.comes(f"b-{place}", f"c-{place}")
    # The first of forty has none before it: a tenth of the way each, thirty-nine times.
    assert crowd.door._pace == pytest.approx(0.02 * (1 - 0.9**39))


async def test_who_need_not_wait_in_a_crowd_is_of_its_pace_unless_nobody_has_waited_for_long() -> None:
    hands, crowd = await more_than_go()
    while crowd.door.open:
        await crowd.ends(crowd.served[-1])
    assert (crowd.door._crowd.stands, crowd.door.waiting) == (True, 0)
    for apart in (0.02, 0.02, 1.0):
        hands.now += apart
        await crowd.comes(f"y{apart}{hands.now}")
        await crowd.ends(crowd.served[-1])
    # The moment of the one before the first is that of those that were let in; a second is longer than a look.
    assert crowd.door._pace == pytest.approx(0.02 * (1 - 0.9**2))


async def test_others_follow_while_some_wait_and_are_no_crowd() -> None:
    crowd = Crowd(admission())
    await crowd.comes("x1")
    assert not crowd.door.others_follow()
    await crowd.comes("y1")
    assert crowd.door.others_follow()
    await crowd.ends("x1")
    assert not crowd.door.others_follow()
    _, found = await more_than_go()
    assert (found.door.waiting, found.door.others_follow()) == (1, False)


async def test_a_few_more_now_and_then_are_no_crowd() -> None:
    hands = Hands()
    crowd = Crowd(admission(crowded=1, clock=hands))
    await crowd.comes("x1", "y1")
    for place in range(30):
        hands.now += LOOK
        await crowd.ends(crowd.served[-1])
        await crowd.comes(f"a{place}", *([f"b{place}"] if place % 3 == 0 else []))
    assert (crowd.door.waiting, crowd.door.refused) == (11, 0)


async def test_those_who_wait_for_sources_are_no_more_than_may_be_open() -> None:
    door = admission(open_=1)
    crowd = Crowd(door)
    note = Note()
    NOTE.set(note)
    async with door.turn("a"):
        note.waits.begin()
        await crowd.comes("b1")
        assert (crowd.served, door.waiting) == ([], 1)


class Resting:
    """Requests that are begun and wait for a slow source; the thread works for a share of its time."""

    def __init__(self, share: float) -> None:
        self.now = 0.0
        self.door = admission(
            working=2, crowded=4, clock=lambda: self.now, busy=lambda: share * self.now, open_=100, seconds=LONG
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, number: int) -> None:
        """So many requests come, a hundredth of a second apart."""
        for _ in range(number):
            self.now += 0.01
            self._tasks.append(asyncio.create_task(self._one()))
            await settled()

    async def _one(self) -> None:
        NOTE.set(note := Note())
        with suppress(RefusedError):
            async with self.door.turn(f"student-{len(self._tasks) % 20}"):
                began = note.waits.begin()
                await asyncio.sleep(0)
                await asyncio.Event().wait()
                note.waits.end("a-koski", began, None)

    def leave(self) -> None:
        """They all go away."""
        for each in self._tasks:
            each.cancel()


async def test_while_the_thread_could_do_more_ever_more_are_begun_that_wait_for_slow_sources() -> None:
    crowd = Resting(share=0.1)
    await crowd.come(32)
    assert (crowd.door.open, crowd.door.waiting) == (32, 0)
    await crowd.come(400)
    assert crowd.door.open == 100
    crowd.leave()


async def test_who_asks_little_is_begun_although_another_has_begun_all_that_may_be_and_waits_for_slow_sources() -> None:
    crowd = Resting(share=1.0)
    await crowd.come(400)
    assert crowd.door.open == 32
    async with crowd.door.turn("newcomer"):
        assert crowd.door.open == 33
    crowd.leave()


async def test_who_asks_little_is_let_in_past_one_for_whom_there_is_no_room() -> None:
    door, entered = admission(working=1, open_=100, each=64, clock=lambda: 0.0, seconds=LONG), list[str]()

    async def enters(caller: str) -> None:
        await door.enter(caller)
        entered.append(caller)

    for _ in range(12):
        await door.enter("much")
        door.leaves("much")
    for _ in range(16):
        await door.enter("slow")
        door.rests()
    # All that may be begun is begun, and waits; this one asks little.
    await door.enter("works")
    waiting = [asyncio.create_task(enters(each)) for each in ("much", "little")]
    await settled()
    assert entered == []
    door.leaves("works")
    await settled()
    assert entered == ["little"]
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


class Looking:
    """A room at which is looked while some wait, and the thread has worked for a share of the time since."""

    def __init__(self, *, open_: int = 100) -> None:
        self._hands = Hands()
        self._busy = 0.0
        self.room = Room(OverloadSettings(open=open_), self._hands, lambda: self._busy)

    def looks(self, *shares: float, is_crowd: bool) -> int:
        """So many may be begun after as many looks."""
        for share in shares:
            self.room.sees(5, self.room.most(is_crowd=is_crowd), is_crowd=is_crowd)
            self._hands.now += LOOK
            self._busy += share * LOOK
        return self.room.most(is_crowd=is_crowd)


@pytest.mark.parametrize(("share", "in_the_end"), [(1.0, 2), (0.9, 3), (0.8, 16), (0.5, 100)])
def test_in_a_crowd_as_many_may_be_begun_as_keep_the_thread_at_work(share: float, in_the_end: int) -> None:
    assert Looking().looks(*(share,) * 40, is_crowd=True) == in_the_end


@pytest.mark.parametrize(("share", "in_the_end"), [(1.0, 16), (0.9, 16), (0.8, 16), (0.5, 100)])
def test_where_some_wait_and_are_no_crowd_no_fewer_are_begun_than_at_the_outset(share: float, in_the_end: int) -> None:
    assert Looking().looks(*(share,) * 40, is_crowd=False) == in_the_end


def test_how_many_may_be_begun_in_a_crowd_is_known_when_it_is_found() -> None:
    looking = Looking()
    looking.looks(*(0.9,) * 20, is_crowd=False)
    assert looking.room.most(is_crowd=True) == 3
    assert looking.looks(0.5, 0.5, is_crowd=False) == 20


def test_with_each_look_that_finds_the_thread_busy_a_quarter_fewer_are_begun_in_a_crowd() -> None:
    looking = Looking()
    begun = [looking.looks(0.9, is_crowd=True) for _ in range(9)]
    # What is found is told in the next look.
    assert begun == [16, 12, 9, 7, 6, 5, 4, 3, 3]


def test_the_fewest_are_begun_where_three_looks_in_a_row_find_that_the_thread_has_all_it_can_do() -> None:
    looking = Looking()
    assert looking.looks(*(0.9,) * 20, is_crowd=True) == 3
    assert looking.looks(*(1.0, 1.0, 0.9) * 10, is_crowd=True) == 3
    # What is found is told in the next look.
    assert looking.looks(1.0, 1.0, 1.0, is_crowd=True) == 3
    assert looking.looks(1.0, is_crowd=True) == 2


@pytest.mark.parametrize("share", [1.0, 0.9])
@pytest.mark.parametrize("is_crowd", [True, False])
def test_no_more_are_begun_than_may_be_open_however_busy_the_thread_is(share: float, *, is_crowd: bool) -> None:
    assert Looking(open_=1).looks(*(share,) * 10, is_crowd=is_crowd) == 1


async def test_while_the_thread_has_all_it_can_do_no_more_are_begun() -> None:
    crowd = Resting(share=1.0)
    await crowd.come(400)
    assert crowd.door.open == 32
    assert crowd.door.waiting == 4
    assert crowd.door.refused == 400 - 32 - 4
    crowd.leave()


async def test_who_waited_too_long_is_refused() -> None:
    crowd = Crowd(admission(seconds=0.01))
    await crowd.comes("x1", "a1")
    await asyncio.sleep(0.03)
    await settled()
    assert [name for name, _ in crowd.refused] == ["a1"]
    assert crowd.door.waiting == 0


async def test_where_the_pace_would_make_the_last_wait_too_long_it_is_refused_at_once() -> None:
    hands = Hands()
    door = admission(seconds=0.2, crowded=1, clock=hands)
    crowd = Crowd(door)
    await crowd.comes("x1", "a1", "b1", "c1")
    for name in ("x1", "a1"):
        hands.now += 0.05
        await crowd.ends(name)
    # A tenth of fifty milliseconds is the pace so far: room for 0.14 s of it, and for no more.
    await crowd.comes(*(f"d{place}" for place in range(60)))
    assert (door.waiting, len(crowd.refused)) == (28, 33)


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


@pytest.mark.parametrize("key", ["working", "open", "waiting", "waiting_seconds", "crowded", "each"])
def test_every_bound_has_a_default(key: str) -> None:
    assert getattr(OverloadSettings(), key) > 0


class Unhurried(asyncio.SelectorEventLoop):
    """An event loop whose time goes on when there is nothing left to do: seconds pass in no time, and always alike."""

    _moment = 0.0

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]  # the loop's own two lists
            self._moment = max(self._moment, self._scheduled[0].when())  # type: ignore[attr-defined]  # as above
        super()._run_once()  # type: ignore[misc]  # not for everybody, but there is no other


class Played(NamedTuple):
    """How long the others had to wait for their answers, and for being refused (sorted seconds)."""

    answered: list[float]
    refused: list[float]

    @property
    def longest(self) -> float:
        """Of a hundred answers the ninety-ninth longest (seconds)."""
        return self.answered[int(0.99 * len(self.answered))]


OTHERS = tuple(f"student-{number}" for number in range(8))
GREEDY = "greedy"
WORK, RECORDING, REFUSING, SECONDS = 0.004, 0.005, 0.0004, 1.0
"""Of processor time for an answer, for recording it, of processor time for a refusal, and of all that is played."""
OWN = 0.87
"""Of all that the processor works, under full load: 72 to 87 of 100 were measured."""


class Processor:
    """Works on one thing at a time; so much of that is the loop's thread's, and the rest others' that it waits for."""

    def __init__(self, own: float = 1.0) -> None:
        self._own = own
        self._worked = 0.0
        self._is_free = asyncio.Lock()

    def busy(self) -> float:
        """For how long the loop's thread worked (seconds)."""
        return self._own * self._worked

    async def works(self, seconds: float) -> None:
        """Work for so long, once it is free."""
        async with self._is_free:
            await asyncio.sleep(seconds)
            self._worked += seconds


async def answered(door: Admission, processor: Processor, who: str, source_seconds: float | None) -> None:
    """One request, with a source that takes so long or none. Raises ``RefusedError``."""
    NOTE.set(note := Note())

    async def waits(seconds: float) -> None:
        began = note.waits.begin()
        await asyncio.sleep(seconds)
        note.waits.end("a-koski", began, None)
        await note.waits.resumed()

    async with door.turn(who):
        await processor.works(0.25 * WORK)
        if source_seconds is not None:
            await waits(source_seconds)
        await processor.works(0.5 * WORK)
        await waits(RECORDING)
        await processor.works(0.25 * WORK)


def played(share: float, *, often: float = 0.0, source_seconds: float = 0.0, by_chance: bool = False) -> Played:
    """The others ask for a share of what can be answered; and one beside them so many times as often as each of them,
    of a source that takes so long. Everybody evenly, or by chance."""
    told = Played([], [])
    each = share / WORK / len(OTHERS)
    rates = dict.fromkeys(OTHERS, each) | {GREEDY: often * each}

    async def everybody() -> None:
        loop, processor = asyncio.get_running_loop(), Processor()
        door = Admission(OverloadSettings(), jitter=lambda: 0.5, clock=loop.time, busy=processor.busy)

        async def asks(who: str) -> None:
            came, where = loop.time(), told.answered
            try:
                await answered(door, processor, who, source_seconds if who == GREEDY else None)
            except RefusedError:
                where = told.refused
            if who != GREEDY:
                where.append(loop.time() - came)

        drawn = random.Random(5) if by_chance else None
        due = sorted(
            (drawn.uniform(0, SECONDS) if drawn else (count + place / len(rates)) / rate, who)
            for place, (who, rate) in enumerate(rates.items())
            for count in range(int(SECONDS * rate))
        )
        asked = []
        for moment, who in due:
            await asyncio.sleep(moment - loop.time())
            asked.append(asyncio.create_task(asks(who)))
        await asyncio.gather(*asked)

    unhurried(everybody())
    return Played(sorted(told.answered), sorted(told.refused))


def taking_turns(number: int, source_seconds: float | None = None, apart: float = 0.0) -> Played:
    """So many ask again as soon as they are answered, or refused; each begins so long after the one before."""
    told = Played([], [])
    drawn = random.Random(number)

    async def everybody() -> None:
        loop, processor = asyncio.get_running_loop(), Processor(OWN)
        door = Admission(OverloadSettings(), jitter=lambda: 0.5, clock=loop.time, busy=processor.busy)

        async def asks(who: str, begins: float) -> None:
            await asyncio.sleep(begins)
            while loop.time() < SECONDS:
                await asyncio.sleep(drawn.uniform(0, 0.002))
                came = loop.time()
                try:
                    await answered(door, processor, who, source_seconds)
                except RefusedError:
                    told.refused.append(loop.time() - came)
                    await processor.works(REFUSING)
                else:
                    told.answered.append(loop.time() - came)

        await asyncio.gather(*(asks(OTHERS[place % len(OTHERS)], place * apart) for place in range(number)))

    unhurried(everybody())
    return Played(sorted(told.answered), sorted(told.refused))


def unhurried(everything: Coroutine[None, None, None]) -> None:
    """Run it to its end in no time."""
    with asyncio.Runner(loop_factory=Unhurried) as runner:
        runner.run(everything)


@pytest.mark.parametrize("source_seconds", [None, 0.02])
@pytest.mark.parametrize("number", [6, 8, 16, 32])
def test_those_who_ask_again_only_when_they_are_answered_are_not_too_many(
    number: int, source_seconds: float | None
) -> None:
    told = taking_turns(number, source_seconds)
    assert told.refused == []
    assert told.answered[-1] <= OverloadSettings().waiting_seconds


def test_those_who_ask_again_only_when_they_are_answered_may_become_more_in_time() -> None:
    assert taking_turns(10, apart=0.1).refused == []


@pytest.mark.parametrize("number", [100, 200])
def test_those_who_ask_again_as_soon_as_they_are_refused_leave_time_to_answer_somebody(number: int) -> None:
    told = taking_turns(number)
    assert len(told.answered) >= 0.5 * SECONDS / WORK


def test_a_refusal_is_told_no_later_than_one_may_wait_for_a_turn() -> None:
    async def refused() -> None:
        hands = Hands()
        crowd = Crowd(admission(seconds=0.5, crowded=1, clock=hands))
        await crowd.comes("x1", "a1", "b1")
        for name in ("x1", "a1"):
            hands.now += 20.0
            await crowd.ends(name)
        # The pace is two seconds, a sixth of it the time from one refusal to the next.
        await crowd.comes(*(f"c{place}" for place in range(11)))
        assert (crowd.door.waiting, crowd.door.refused, len(crowd.refused)) == (1, 10, 1)
        await asyncio.sleep(0.4)
        assert len(crowd.refused) == 2
        await asyncio.sleep(0.11)
        assert len(crowd.refused) == 10

    unhurried(refused())


@pytest.mark.parametrize("source_seconds", [0.0, 1.0])
def test_who_asks_ten_times_as_often_even_of_a_slow_source_delays_and_displaces_nobody(source_seconds: float) -> None:
    alone = played(0.5)
    beside = played(0.5, often=10, source_seconds=source_seconds)
    assert beside.refused == []
    assert beside.longest <= 1.8 * alone.longest


@pytest.mark.parametrize("often", [10, 30])
def test_who_asks_little_is_not_refused_because_another_asks_much_however_requests_fall(often: float) -> None:
    beside = played(0.7, often=often, by_chance=True)
    assert len(beside.refused) <= 0.01 * len(beside.answered)


def test_of_twice_as_much_as_can_be_answered_nine_tenths_of_what_can_are_and_nobody_waits_long() -> None:
    told = played(2.0)
    assert len(told.answered) >= 0.9 * SECONDS / WORK
    # A burst is borne for a tenth of a second; whoever comes afterwards waits behind a handful, or not at all.
    assert told.longest <= 0.08
    assert told.answered[len(told.answered) // 2] <= 0.03
    assert told.refused[-1] <= 0.06

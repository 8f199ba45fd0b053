"""What is to be recorded on its way to the scribe: in groups, in order, each told its own, and a scribe that is lost.

The far end is played by hand, over a real line: what it hears and says is the protocol.
"""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway.records import dictation, scribe
from gateway.records.dictation import Dictation
from gateway.records.faults import Health, StoreBroken
from gateway.records.opening import File
from gateway.records.releases import Release, Told
from gateway.records.scribe import Begun, Done, Group, Outcome, Post, Ready, Said, framed
from tests.patience import PATIENCE_SECONDS

RECORDED, OVER, FAILED = Outcome.RECORDED, Outcome.OVER, Outcome.FAILED


def release(number: int) -> Release:
    return Release((Told("nobody", b"%d" % number, (), ()),), number)


class Far:
    """The far end of one line after the other: notes each group, and says what it is given for it."""

    def __init__(self, say: Callable[[Group], Sequence[Said | threading.Event | None]]) -> None:
        self._say = say
        self.groups: list[list[int]] = []
        self.begun = 0
        self._hears = threading.Event()

    async def hears(self) -> None:
        """Return when it has heard of a group."""
        await asyncio.to_thread(self._hears.wait)

    def begin(self, line: socket.socket) -> threading.Thread:
        self.begun += 1
        thread = threading.Thread(target=self._play, args=(line,), daemon=True)
        thread.start()
        return thread

    def _play(self, line: socket.socket) -> None:
        with line:
            assert scribe._next(line, Post) is not None
            line.sendall(framed(Ready()))
            while (group := scribe._next(line, Group)) is not None:
                self.groups.append([each.now for each in group.releases])
                self._hears.set()
                for each in self._say(group):
                    if each is None:
                        return
                    if isinstance(each, threading.Event):
                        each.wait(30)
                    else:
                        line.sendall(framed(each))


def all_well(group: Group) -> Done:
    return Done((RECORDED,) * len(group.releases))


@asynccontextmanager
async def dictating(far: Far) -> AsyncIterator[Dictation]:
    one = Dictation(File("nowhere"), "a", Health(), far.begin)
    await one.start()
    yield one
    await one.aclose()


async def broken(waiting: "asyncio.Task[bool]") -> str:
    with pytest.raises(StoreBroken) as told:
        await waiting
    return str(told.value)


async def test_what_comes_in_one_turn_is_one_group_and_what_comes_while_the_scribe_writes_is_the_next() -> None:
    writing = threading.Event()
    far = Far(lambda group: [writing, all_well(group)])
    async with dictating(far) as one:
        first = [asyncio.create_task(one.record(release(number))) for number in range(50)]
        await far.hears()
        then = [asyncio.create_task(one.record(release(number))) for number in range(50, 60)]
        await asyncio.sleep(0.05)
        later = [asyncio.create_task(one.record(release(number))) for number in range(60, 65)]
        await asyncio.sleep(0.05)
        writing.set()
        assert await asyncio.gather(*first, *then, *later) == [True] * 65
    assert far.groups == [[*range(50)], [*range(50, 65)]]


async def one_each_turn(one: Dictation, turns: Sequence[bool]) -> None:
    """In each of these turns of the loop one more comes, or none does; then none more for a while."""
    coming = []
    for number, comes in enumerate(turns):
        if comes:
            coming.append(asyncio.create_task(one.record(release(number))))
        await asyncio.sleep(0)
    assert await asyncio.gather(*coming) == [True] * len(coming)


@pytest.mark.parametrize(("turns", "groups"), [((1, 1, 1, 1), [[0, 1, 2, 3]]), ((1, 1, 0, 0, 1, 1), [[0, 1], [4, 5]])])
async def test_what_comes_turn_by_turn_while_others_follow_is_one_group(
    turns: Sequence[bool], groups: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictation, "GATHERING_SECONDS", 60.0)
    far = Far(lambda group: [all_well(group)])
    async with dictating(far) as one:
        one.is_followed = lambda: True
        await one_each_turn(one, turns)
    assert far.groups == groups


async def test_where_nobody_follows_what_comes_first_waits_for_no_other() -> None:
    far = Far(lambda group: [all_well(group)])
    async with dictating(far) as one:
        await one_each_turn(one, (True, True, True))
    assert far.groups[0] == [0]


async def test_what_gathers_waits_no_longer_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictation, "GATHERING_SECONDS", -1.0)
    far = Far(lambda group: [all_well(group)])
    async with dictating(far) as one:
        one.is_followed = lambda: True
        await one_each_turn(one, (True, True, True))
    assert far.groups[0] == [0]


async def test_a_scribe_is_a_process_where_there_is_a_processor_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert dictation.fitting() is dictation.in_thread
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    assert dictation.fitting() is dictation.in_process


async def test_a_group_takes_no_more_than_a_transaction_should() -> None:
    far = Far(lambda group: [all_well(group)])
    async with dictating(far) as one:
        await asyncio.gather(*(one.record(release(number)) for number in range(300)))
    assert [len(each) for each in far.groups] == [128, 128, 44]
    assert [number for group in far.groups for number in group] == [*range(300)]


async def test_each_is_told_what_became_of_its_own() -> None:
    far = Far(lambda _: [Done((RECORDED, OVER, FAILED, RECORDED), "OperationalError 40P01")])
    async with dictating(far) as one:
        told = await asyncio.gather(*(one.record(release(number)) for number in range(4)), return_exceptions=True)
    assert (told[0], told[1], told[3]) == (True, False, True)
    assert isinstance(told[2], StoreBroken)
    assert str(told[2]) == "OperationalError 40P01"


async def test_who_gives_up_neither_stops_nor_doubles_what_is_recorded() -> None:
    far = Far(lambda group: [all_well(group)])
    async with dictating(far) as one:
        gone = asyncio.create_task(one.record(release(1)))
        await asyncio.sleep(0)
        gone.cancel()
        assert await one.record(release(2))
    assert [number for group in far.groups for number in group] == [1, 2]


async def test_more_than_may_wait_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictation, "WAITING", 3)
    writing = threading.Event()
    far = Far(lambda group: [writing, all_well(group)])
    async with dictating(far) as one:
        first = asyncio.create_task(one.record(release(0)))
        await far.hears()
        waiting = [asyncio.create_task(one.record(release(number))) for number in range(1, 4)]
        await asyncio.sleep(0)
        with pytest.raises(StoreBroken, match="too many"):
            await one.record(release(4))
        writing.set()
        assert await asyncio.gather(first, *waiting) == [True] * 4


@pytest.mark.usefixtures("as_in_service")
async def test_a_group_that_is_not_begun_in_time_is_given_up_and_so_is_who_waits_behind_it() -> None:
    never = threading.Event()
    far = Far(lambda group: [never, all_well(group)])
    async with dictating(far) as one:
        given_up = asyncio.create_task(one.record(release(0)))
        await asyncio.sleep(0.05)
        behind = asyncio.create_task(one.record(release(1)))
        begun = asyncio.get_running_loop().time()
        assert await broken(given_up) == await broken(behind) == "no turn in time"
        assert asyncio.get_running_loop().time() - begun < 2 * PATIENCE_SECONDS
        assert not await one.is_writable()
        never.set()
        assert await one.record(release(2))
        assert await one.is_writable()
    assert far.groups[0] == [0]
    assert [1] not in far.groups


@pytest.mark.usefixtures("as_in_service")
async def test_a_group_that_was_begun_is_waited_for_however_long_it_takes() -> None:
    slow = threading.Event()
    far = Far(lambda group: [Begun(), slow, all_well(group)])
    async with dictating(far) as one:
        waiting = asyncio.create_task(one.record(release(0)))
        await asyncio.sleep(3 * PATIENCE_SECONDS)
        assert not waiting.done()
        slow.set()
        assert await waiting


@pytest.mark.usefixtures("as_in_service")
async def test_who_waits_behind_a_scribe_that_gets_on_however_slowly_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dictation, "LARGEST_GROUP", 1)
    pauses = [threading.Event() for _ in range(5)]
    far = Far(lambda group: [pauses[group.releases[0].now], all_well(group)])
    async with dictating(far) as one:
        waiting = [asyncio.create_task(one.record(release(number))) for number in range(5)]
        for each in pauses:
            await asyncio.sleep(0.6 * PATIENCE_SECONDS)
            each.set()
        assert await asyncio.gather(*waiting) == [True] * 5


@pytest.mark.usefixtures("as_in_service")
async def test_a_scribe_that_ends_is_replaced_and_what_it_had_lets_nothing_leave(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dictation, "AGAIN_SECONDS", 0.1)
    far = Far(lambda group: [None] if group.releases[0].now == 1 else [all_well(group)])
    async with dictating(far) as one:
        assert await one.record(release(0))
        assert await broken(asyncio.create_task(one.record(release(1)))) == "the scribe has ended"
        assert await one.record(release(2))
    assert far.begun == 2
    assert far.groups == [[0], [1], [2]]
    assert [each.levelname for each in caplog.records if each.name == "gateway.records.faults"] == ["ERROR", "WARNING"]


async def test_a_scribe_that_cannot_begin_is_a_store_that_cannot_be_written() -> None:
    def cannot(line: socket.socket) -> threading.Thread:
        line.close()
        raise FileNotFoundError(2, "no such program")

    with pytest.raises(StoreBroken, match=r"the scribe does not begin \(FileNotFoundError ENOENT\)"):
        await Dictation(File("nowhere"), "a", Health(), cannot).start()


async def test_what_waits_is_recorded_before_the_line_is_closed() -> None:
    far = Far(lambda group: [all_well(group)])
    async with dictating(far) as one:
        waiting = [asyncio.create_task(one.record(release(number))) for number in range(200)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [True] * 200

"""What is to be recorded, dictated to the scribe: what waits goes together, and each is told what became of its own.

A scribe that ends is replaced. What it had begun may be recorded; that nobody was told of it lets no answer leave.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import msgspec

from gateway.records import opening
from gateway.records.faults import Health, StoreBroken, named
from gateway.records.opening import Place
from gateway.records.releases import Release
from gateway.records.scribe import (
    HEAD_BYTES,
    NO_TURN,
    Begun,
    Done,
    Group,
    Outcome,
    Post,
    Ready,
    Said,
    framed,
    length_of,
    write_for,
)  # fmt: skip
from hoks.waiting import waiting_for

RECORDS = "records"
"""What requests wait for beside the sources, as it is told to whoever runs the gateway."""
LARGEST_GROUP = 128
"""A transaction of so many releases takes no more."""
GATHERING_SECONDS = 0.004
"""For no longer what is to be recorded gathers while each turn of the loop brings more of it."""
WAITING = 10_000
"""How many may wait; more is a store that cannot keep up, and they are refused at once."""
STARTING_SECONDS = 20.0
AGAIN_SECONDS = 1.0
"""A scribe is not replaced sooner after the last one began."""
CLOSING_SECONDS = 5.0
PROBED_SECONDS = 1.0
"""For how long a store that could be written is taken to be writable still."""


# --- who writes -------------------------------------------------------------------------------------------------


class Hand(Protocol):
    """A scribe that runs."""

    def join(self, timeout: float) -> None:
        """Wait until it has ended, but no longer (seconds)."""
        ...


Beginning = Callable[[socket.socket], Hand]
"""Lets a scribe begin at this end of a line, of which it becomes the owner."""


def in_thread(line: socket.socket) -> Hand:
    """A scribe in this process."""

    def write() -> None:
        with line:
            write_for(line)

    thread = threading.Thread(target=write, name="records-scribe", daemon=True)
    thread.start()
    return thread


_FOR_WHOEVER_DICTATES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PROGRAM = """import sys
sys.path[:] = sys.argv[2:]
from gateway.records.scribe import main
main(int(sys.argv[1]))"""


def in_process(line: socket.socket) -> Hand:
    """A scribe in a process of its own, which loads as little as it needs. Raises ``OSError``."""
    # Whoever tells all of us to stop must not stop it before everybody has had an answer: it ends with its line.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_WHOEVER_DICTATES)
    try:
        with line:
            return _Process(
                subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
                    [sys.executable, "-I", "-c", _PROGRAM, str(line.fileno()), *sys.path],
                    pass_fds=[line.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def fitting() -> Beginning:
    """A scribe in a process of its own, where there is a processor for it beside this one's; else in this process."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return in_process if own > 1 else in_thread


class _Process:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def join(self, timeout: float) -> None:
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


# --- who dictates -----------------------------------------------------------------------------------------------


class _Waiting:
    """What waits to be recorded."""

    __slots__ = ("answer", "is_dictated", "release")

    def __init__(self, release: Release | None, answer: "asyncio.Future[Outcome]") -> None:
        self.release = release
        """None where it is only to be found out whether anything can be."""
        self.answer = answer
        self.is_dictated = False


class Dictation:
    """Dictates to one scribe at a time, within one event loop."""

    def __init__(self, place: Place, stream: str, health: Health, begin: Beginning = in_thread) -> None:
        self._post = Post(place, stream)
        self._health = health
        self._begin = begin
        self._hand: Hand | None = None
        self._line: _Line | None = None
        self._opening: asyncio.Task[None] | None = None
        self._opened_at = self._recorded_at = float("-inf")
        self._coming: list[_Waiting] = []
        """What has come in this turn of the loop."""
        self._waits: deque[_Waiting] = deque()
        self._dictated: Sequence[_Waiting] = ()
        """The group that the scribe has."""
        self._is_begun = False
        self._done = 0
        """How many groups the scribe is done with; that it grows shows that it is getting on."""
        self._is_closing = False
        self.is_followed: Callable[[], bool] = lambda: False
        """Whether more may come in the next turn of the loop: then it is waited for."""

    async def start(self) -> None:
        """Let a scribe begin, where there is none. Raises ``StoreBroken`` where none can."""
        if self._line is not None:
            return
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                await self._open()
        except (TimeoutError, OSError) as fault:
            raise StoreBroken(f"the scribe does not begin ({named(fault)})") from None

    async def record(self, release: Release) -> bool:
        """Record a release, durably, and say whether it may leave; or else what it rests on is over.

        Raises ``StoreBroken``. Whoever gives up waiting does not stop what is being written.
        """
        return await self._in_turn(release) is Outcome.RECORDED

    async def is_writable(self) -> bool:
        """Whether the store takes something that is durable; tried, where it has not just been seen."""
        if time.monotonic() - self._recorded_at > PROBED_SECONDS:
            try:
                await self._in_turn(None)
            except StoreBroken:
                return False
        return True

    async def aclose(self) -> None:
        """Have written what waits, then stop."""
        if left := [each.answer for each in (*self._dictated, *self._waits, *self._coming)]:
            await asyncio.wait(left, timeout=CLOSING_SECONDS)
        self._is_closing = True
        if self._opening is not None:
            self._opening.cancel()
        if self._line is not None:
            self._line.close()
        if self._hand is not None:
            await asyncio.to_thread(self._hand.join, CLOSING_SECONDS)

    async def _in_turn(self, release: Release | None) -> Outcome:
        if len(self._waits) + len(self._coming) >= WAITING:
            raise StoreBroken("too many are waiting for the store")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(release, loop.create_future())
        if not self._coming:
            loop.call_soon(self._gather, 0, time.monotonic() + GATHERING_SECONDS)
        self._coming.append(waiting)
        async with waiting_for(RECORDS):
            return await waiting.answer

    def _gather(self, before: int, until: float) -> None:
        """Take up what came in one turn of the loop, together: begun with the first, it would be split.

        What the next turns bring as well, where each brings some and the scribe has nothing to do but these: many
        transactions of one release each take more of the processor than answers do.
        """
        number = len(self._coming)
        if number > before and not self._dictated and self.is_followed() and time.monotonic() < until:
            asyncio.get_running_loop().call_soon(self._gather, number, until)
        else:
            self._take_up()

    def _take_up(self) -> None:
        coming, self._coming = self._coming, []
        self._waits += coming
        asyncio.get_running_loop().call_later(opening.PATIENCE_SECONDS, self._look_after, coming, self._done)
        self._dictate()

    def _dictate(self) -> None:
        """Dictate what waits, unless the scribe still has something."""
        if self._dictated or not self._waits:
            return
        if self._line is None:
            self._open_soon()
            return
        loop = asyncio.get_running_loop()
        self._dictated = group = [self._waits.popleft() for _ in range(min(LARGEST_GROUP, len(self._waits)))]
        self._is_begun = False
        for each in group:
            each.is_dictated = True
        releases = tuple(each.release for each in group if each.release is not None)
        self._line.say(Group(releases, time.monotonic() + opening.PATIENCE_SECONDS))
        # By then it has been begun, or never is; what was said of it until then is heard in the turn after that.
        loop.call_later(opening.PATIENCE_SECONDS, loop.call_soon, loop.call_soon, self._give_up, group)

    def heard(self, said: Said) -> None:
        """The scribe says something."""
        match said:
            case Begun():
                self._is_begun = True
            case Done():
                self._tell(said)
                self._dictate()
            case Ready():
                self._dictate()

    def _tell(self, done: Done) -> None:
        dictated, self._dictated = self._dictated, ()
        self._done += 1
        if done.fault is None:
            self._health.succeeded()
            self._recorded_at = time.monotonic()
        else:
            self._health.failed(done.fault)
        outcomes = iter(done.outcomes)
        for each in dictated:
            outcome = next(outcomes) if each.release is not None else Outcome.RECORDED
            is_failed = outcome is Outcome.FAILED or (each.release is None and done.fault is not None)
            _answer(each, StoreBroken(done.fault) if is_failed else outcome)

    def _look_after(self, waiting: Sequence[_Waiting], done: int) -> None:
        """Give up what has waited for long while the scribe got on with nobody's."""
        left = [each for each in waiting if not each.is_dictated and not each.answer.done()]
        if left and self._done == done:
            given_up = set(left)
            self._waits = deque(each for each in self._waits if each not in given_up)
            self._fail(left, NO_TURN)
        elif left:
            asyncio.get_running_loop().call_later(opening.PATIENCE_SECONDS, self._look_after, left, self._done)

    def _give_up(self, dictated: Sequence[_Waiting]) -> None:
        """Give up a group that was not begun in time."""
        if self._dictated is dictated and not self._is_begun:
            self._fail(dictated, NO_TURN)

    def _fail(self, failed: Sequence[_Waiting], fault: str) -> None:
        self._health.failed(fault)
        for each in failed:
            _answer(each, StoreBroken(fault))

    # --- the scribe

    def _open_soon(self) -> None:
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open_while_anybody_waits())

    async def _open_while_anybody_waits(self) -> None:
        while self._waits and self._line is None:
            await asyncio.sleep(self._opened_at + AGAIN_SECONDS - time.monotonic())
            try:
                await self._open()
            except (StoreBroken, OSError) as fault:
                self._health.failed(named(fault))

    async def _open(self) -> None:
        self._opened_at = time.monotonic()
        if self._hand is not None:
            await asyncio.to_thread(self._hand.join, CLOSING_SECONDS)
        mine, its = socket.socketpair()
        mine.setblocking(False)
        try:
            self._hand = self._begin(its)
        except OSError:
            mine.close()
            raise
        loop = asyncio.get_running_loop()
        _, line = await loop.create_unix_connection(lambda: _Line(self), sock=mine)
        line.say(self._post)
        if not await line.ready:
            raise StoreBroken("the scribe ended before it began")
        self._line = line
        self._dictate()

    def ended(self, line: "_Line") -> None:
        """A line has ended."""
        if self._line is line:
            self._line = None
        if self._is_closing:
            return
        dictated, self._dictated = self._dictated, ()
        if dictated:
            self._fail(dictated, "the scribe has ended")
        self._dictate()


def _answer(waiting: _Waiting, answer: Outcome | StoreBroken) -> None:
    if waiting.answer.done():
        return
    if isinstance(answer, StoreBroken):
        waiting.answer.set_exception(answer)
    else:
        waiting.answer.set_result(answer)


class _Line(asyncio.Protocol):
    """This end of the line."""

    def __init__(self, dictation: Dictation) -> None:
        self._dictation = dictation
        self._heard = bytearray()
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def say(self, message: msgspec.Struct) -> None:
        """Say something to the scribe."""
        self._transport.write(framed(message))

    def close(self) -> None:
        """End the line, once everything is said."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (at := self._whole()) is not None:
            message = bytes(self._heard[HEAD_BYTES:at])
            del self._heard[:at]
            said = _decode(message)
            if isinstance(said, Ready) and not self.ready.done():
                self.ready.set_result(True)
            else:
                self._dictation.heard(said)

    def _whole(self) -> int | None:
        """Where the first message ends, once it is there."""
        if len(self._heard) < HEAD_BYTES:
            return None
        end = HEAD_BYTES + length_of(bytes(self._heard[:HEAD_BYTES]))
        return end if len(self._heard) >= end else None

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_result(False)
        self._dictation.ended(self)


_decode = msgspec.msgpack.Decoder(Said).decode

"""The store: one writer in a thread of its own that takes everybody who waits into one durable transaction.

Whoever is told that something was written can rely on it after a power cut; where it cannot be written,
``StoreBroken`` is raised and nothing was.
"""

import asyncio
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from gateway.records import opening
from gateway.records.dictation import CLOSING_SECONDS, PROBED_SECONDS, RECORDS, Beginning, Dictation, in_thread
from gateway.records.faults import CROSSED, READ_ONLY, Health, StoreBroken, code_of, named
from gateway.records.files import Files
from gateway.records.opening import (
    File,
    Place,
    Server,
    is_open_to_others,
    open_file,
    turn_at,
    turn_in,
    turn_of,
)  # fmt: skip
from hoks.waiting import waiting_for

T = TypeVar("T")

_WRITER = "records-write"
LARGEST_GROUP = 128
"""A transaction of so many jobs takes no more."""
WAITING = 10_000
"""How many may wait for the writer; more is a store that cannot keep up, and they are refused at once."""
READERS = 4
READING_SECONDS = 2.0

Job = Callable[[Connection], T]
"""Work inside a transaction. It may run again in another one, so it changes nothing outside the connection."""


class _Waiting:
    """What waits for the writer: begun by it, or given up by whoever waits, but not both."""

    def __init__(self, job: Job[Any], answer: "asyncio.Future[Any]") -> None:
        self.job = job
        self.answer = answer
        self._taken = threading.Lock()
        self._is_begun = False

    def begin(self) -> bool:
        """Begin it, for the writer, and say whether that was still to be done: from then on nobody can give it up."""
        self._is_begun = self._is_begun or self._taken.acquire(blocking=False)
        return self._is_begun

    def give_up(self) -> bool:
        """Give it up, for whoever waits, and say whether that could still be done: what is begun may be durable."""
        return self._taken.acquire(blocking=False)


class _Result(NamedTuple):
    """What something that waited comes to."""

    waiting: _Waiting
    value: Any
    refused: BaseException | None = None


class Store:
    """A store over one database. Safe to use from one event loop; several processes may share the database."""

    def __init__(
        self,
        engine: Engine,
        place: Place,
        *,
        scribe: Beginning = in_thread,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        files: Files | None = None,
    ) -> None:
        self._engine = engine
        self._place = place
        self._scribe = scribe
        self._turn = turn
        self._files = files
        self._dictations: list[Dictation] = []
        self.stream: str | None = None
        """The stream of whoever appends to the log: on a server, a turn in it is waited for before a transaction."""
        self._health = Health()
        self._done = 0
        """How many jobs have been tried; that it grows shows that the writer is getting on."""
        self._written = float("-inf")
        self._come = self._taken = 0
        """How many jobs ever came, and how many the writer has taken."""
        self._coming: list[_Waiting] = []
        """What has come in this turn of the loop."""
        self._jobs: queue.SimpleQueue[Sequence[_Waiting] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="records-read")
        self._writer = threading.Thread(target=self._write_all, name=_WRITER, daemon=True)
        self._writer.start()

    @property
    def engine(self) -> Engine:
        """The database, for migrations and for tools."""
        return self._engine

    def dictation(self, stream: str) -> Dictation:
        """A way past the one writer, for what every answer waits for: to a scribe of one stream."""
        self.stream = stream
        self._dictations.append(Dictation(self._place, stream, self._health, self._scribe))
        return self._dictations[-1]

    async def write(self, job: Job[T]) -> T:
        """Do a job in a transaction that is durable when this returns. What the job raises undoes the job alone."""
        if self._come - self._taken >= WAITING:
            raise StoreBroken("too many are waiting for the store")
        loop = asyncio.get_running_loop()
        # INVARIANT: a caller that gives up does not stop what is being written: it may be durable already.
        waiting = _Waiting(job, loop.create_future())
        if not self._coming:
            loop.call_soon(self._hand_over)
        self._come += 1
        self._coming.append(waiting)
        async with waiting_for(RECORDS):
            answer: T = await waiting.answer
        return answer

    def _hand_over(self) -> None:
        """Give the writer what came in one turn of the loop, together: begun with the first, it would split them."""
        coming, self._coming = self._coming, []
        if coming:
            self._jobs.put(coming)
            asyncio.get_running_loop().call_later(opening.PATIENCE_SECONDS, self._look_after, coming, self._done)

    def _look_after(self, waiting: Sequence[_Waiting], done: int) -> None:
        """Give up what has waited for long while the writer got on with nobody's."""
        left = [each for each in waiting if not each.answer.done()]
        if self._done == done and (given_up := [each for each in left if each.give_up()]):
            self._health.failed("no turn in time")
            _told([_Result(each, None, StoreBroken("no turn in time")) for each in given_up])
            left = [each for each in left if not each.answer.done()]
        if left:
            asyncio.get_running_loop().call_later(opening.PATIENCE_SECONDS, self._look_after, left, self._done)

    async def read(self, job: Job[T]) -> T:
        """Do a job that only reads."""

        def reading() -> T:
            try:
                with self._engine.connect() as connection:
                    return job(connection)
            except (SQLAlchemyError, OSError) as fault:
                raise StoreBroken(named(fault)) from None

        try:
            async with waiting_for(RECORDS), asyncio.timeout(READING_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._readers, reading)
        except TimeoutError:
            raise StoreBroken("no answer in time") from None

    async def is_writable(self) -> bool:
        """Whether the store takes something that is durable; tried, where it has not just been seen."""
        if time.monotonic() - self._written > PROBED_SECONDS:
            try:
                await self.write(_probe)
            except StoreBroken:
                return False
            self._written = time.monotonic()
        return True

    async def aclose(self) -> None:
        """Write what waits, then stop."""
        for each in self._dictations:
            await each.aclose()
        self._hand_over()
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join, CLOSING_SECONDS)
        self._readers.shutdown(wait=not self._writer.is_alive())
        self._engine.dispose()

    def _write_all(self) -> None:
        coming = self._jobs.get()
        while coming is not None:
            group = [*coming]
            while len(group) < LARGEST_GROUP and not self._jobs.empty() and (coming := self._jobs.get()) is not None:
                group += coming
            self._taken += len(group)
            self._write(group)
            coming = coming and self._jobs.get()

    def _write(self, group: Sequence[_Waiting]) -> None:
        """One transaction for all of a group. Each learns its own result only once all is durable."""
        left, fault = self._tried(group)
        if fault is not None and code_of(fault) in CROSSED:
            # Groups of two instances can wait for each other where no two jobs would.
            while left and (fault := self._tried(left[:1])[1]) is None:
                left = left[1:]
        if fault is not None:
            self._failed(left, fault)

    def _tried(self, group: Sequence[_Waiting]) -> tuple[Sequence[_Waiting], Exception | None]:
        """Do the group's jobs in a transaction and tell each its result; or who is left, and what the store says."""
        begun: list[_Waiting] = []
        results: list[_Result] = []
        try:
            with self._turn():
                with self._engine.begin() as connection:
                    # From here on nobody can give up a job any more: it may come to be durable.
                    begun.extend(each for each in group if each.begin())
                    for each in begun:
                        results.append(_done(each, connection, is_alone=len(begun) == 1))
                        self._done += 1
                if self._files is not None:
                    self._files.check()
        except (SQLAlchemyError, OSError) as fault:
            return begun or group, fault
        # Whoever has an answer finds in the log what came before it.
        self._health.succeeded()
        _tell(results)
        return (), None

    def _failed(self, group: Sequence[_Waiting], fault: Exception) -> None:
        name = named(fault)
        self._health.failed(name)
        if code_of(fault) == READ_ONLY:
            # What was the primary no longer is: new connections look for the one that is.
            self._engine.dispose()
        _tell([_Result(each, None, StoreBroken(name)) for each in group if each.begin()])


def _tell(results: Sequence[_Result]) -> None:
    """Tell everybody in a group at once: to wake a loop costs more than most of what it is woken for."""
    for loop, told in groupby(results, key=lambda each: each.waiting.answer.get_loop()):
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_told, list(told))


def _told(results: Sequence[_Result]) -> None:
    for waiting, value, refused in results:
        if waiting.answer.done():
            continue
        if refused is not None:
            waiting.answer.set_exception(refused)
        else:
            waiting.answer.set_result(value)


def _done(waiting: _Waiting, connection: Connection, *, is_alone: bool) -> _Result:
    """What a job comes to, in a savepoint of its own where others stand beside it."""
    savepoint = connection.begin_nested() if not is_alone else None
    try:
        value = waiting.job(connection)
    except SQLAlchemyError:
        # The whole transaction is in doubt, not only this job.
        raise
    except Exception as refused:
        (savepoint or connection).rollback()
        return _Result(waiting, None, refused)
    if savepoint is not None:
        savepoint.commit()
    return _Result(waiting, value)


def _probe(connection: Connection) -> None:
    """Something durable that nobody reads."""
    connection.exec_driver_sql(_PROBES[connection.dialect.name])


_PROBES = {
    "sqlite": "PRAGMA user_version = 1",
    "postgresql": "SELECT pg_logical_emit_message(true, 'hoks-gateway', '')",
}


# --- the two databases ------------------------------------------------------------------------------------------


def sqlite(file: Path, *, scribe: Beginning = in_thread) -> Store:
    """A store in one file on this machine, readable by its owner alone. Not for network file systems.

    The file is made when it is first used, not when it is only looked whether it could be. Raises ``StoreBroken``.
    """
    if file.exists():
        if is_open_to_others(file):
            raise StoreBroken(f"{file}: others can read it; expected mode 0600")
    elif not os.access(next(each for each in file.absolute().parents if each.exists()), os.W_OK | os.X_OK):
        raise StoreBroken(f"{file}: cannot be made here")
    files = Files(file)
    engine = create_engine(f"sqlite:///{file}", creator=lambda: open_file(file, files))

    @event.listens_for(engine, "close")
    def close(*_: object) -> None:
        files.closed()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _is_writer() else "BEGIN")

    return Store(engine, File(str(file.absolute())), scribe=scribe, turn=lambda: turn_at(turn_of(file)), files=files)


def postgresql(url: URL, *, scribe: Beginning = in_thread) -> Store:
    """A store that several instances share."""
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=READERS + 1,
        connect_args=opening.CLIENT,
    )
    _, parameters = engine.dialect.create_connect_args(url)
    # Where there is more than libpq's own, it is SQLAlchemy's way to see values.
    libpq = {name: value for name, value in parameters.items() if isinstance(value, str | int)}
    store = Store(engine, Server({**libpq, **opening.CLIENT}), scribe=scribe)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if _is_writer() and store.stream is not None:
            connection.exec_driver_sql(turn_in(store.stream))

    return store


def _is_writer() -> bool:
    return threading.current_thread().name == _WRITER

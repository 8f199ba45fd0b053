"""The store: one writer in a thread of its own that takes everybody who waits into one durable transaction.

Whoever is told that something was written can rely on it after a power cut; where it cannot be written,
``StoreBroken`` is raised and nothing was.
"""

import asyncio
import errno
import fcntl
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.records.driver import said
from gateway.records.files import Files
from hoks.waiting import waiting_for

S = TypeVar("S")
T = TypeVar("T")

RECORDS = "records"
"""What requests wait for beside the sources, as it is told to whoever runs the gateway."""
LARGEST_GROUP = 128
"""A transaction of so many jobs takes no more."""
WAITING = 10_000
"""How many may wait for the writer; more is a store that cannot keep up, and they are refused at once."""
READERS = 4
PATIENCE_SECONDS = 0.5
"""How long a job waits while the writer does not get on with anybody's; then the store counts as broken."""
READING_SECONDS = 2.0
CLOSING_SECONDS = 5.0
PROBED_SECONDS = 1.0
"""For how long a store that could be written is taken to be writable still."""

log = logging.getLogger(__name__)

Job = Callable[[Connection], T]
"""Work inside a transaction. It may run again in another one, so it changes nothing outside the connection."""
JointJob = Callable[[Connection, Sequence[S]], Sequence[T | Exception]]
"""The same for several who wait side by side, in one go: for each, in order, its result, or what speaks against it, of
which nothing was written then."""


class StoreBroken(Exception):
    """The store cannot be read or written; nothing that depends on it may happen."""


class _Waiting:
    """What waits for the writer: begun by it, or given up by whoever waits, but not both."""

    def __init__(self, job: JointJob[Any, Any], item: object, answer: "asyncio.Future[Any]", *, is_joint: bool) -> None:
        self.job = job
        self.item = item
        self.answer = answer
        self.kin: object = job if is_joint else self
        """Neighbours of the same kin are done in one go."""
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

    def __init__(self, engine: Engine, *, lock: Path | None = None, files: Files | None = None) -> None:
        self._engine = engine
        self._lock = lock
        self._files = files
        self._is_broken = False
        self._done = 0
        """How many jobs have been tried; that it grows shows that the writer is getting on."""
        self._written = float("-inf")
        self._come = self._taken = 0
        """How many jobs ever came, and how many the writer has taken."""
        self._coming: list[_Waiting] = []
        """What has come in this turn of the loop."""
        self._jobs: queue.SimpleQueue[Sequence[_Waiting] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="records-read")
        self._writer = threading.Thread(target=self._write_all, name="records-write", daemon=True)
        self._writer.start()

    @property
    def engine(self) -> Engine:
        """The database, for migrations and for tools."""
        return self._engine

    async def write(self, job: Job[T]) -> T:
        """Do a job in a transaction that is durable when this returns. What the job raises undoes the job alone."""

        def alone(connection: Connection, _: Sequence[None]) -> tuple[T]:
            return (job(connection),)

        return await self._in_turn(alone, None, is_joint=False)

    async def write_together(self, job: JointJob[S, T], item: S) -> T:
        """The same of a job that is done for all at once who wait for it side by side, in their order."""
        return await self._in_turn(job, item, is_joint=True)

    async def _in_turn(self, job: JointJob[S, T], item: S, *, is_joint: bool) -> T:
        if self._come - self._taken >= WAITING:
            raise StoreBroken("too many are waiting for the store")
        loop = asyncio.get_running_loop()
        # INVARIANT: a caller that gives up does not stop what is being written: it may be durable already.
        waiting = _Waiting(job, item, loop.create_future(), is_joint=is_joint)
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
            asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._look_after, coming, self._done)

    def _look_after(self, waiting: Sequence[_Waiting], done: int) -> None:
        """Give up what has waited for long while the writer got on with nobody's."""
        left = [each for each in waiting if not each.answer.done()]
        if self._done == done and (given_up := [each for each in left if each.give_up()]):
            self._note("no turn in time")
            _told([_Result(each, None, StoreBroken("no turn in time")) for each in given_up])
            left = [each for each in left if not each.answer.done()]
        if left:
            asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._look_after, left, self._done)

    async def read(self, job: Job[T]) -> T:
        """Do a job that only reads."""

        def reading() -> T:
            try:
                with self._engine.connect() as connection:
                    return job(connection)
            except (SQLAlchemyError, OSError) as fault:
                raise StoreBroken(_named(fault)) from None

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
        if fault is not None and _code_of(fault) in _CROSSED:
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
            with _locked(self._lock):
                with self._engine.begin() as connection:
                    # From here on nobody can give up a job any more: it may come to be durable.
                    begun.extend(each for each in group if each.begin())
                    runs = [list(kin) for _, kin in groupby(begun, key=lambda each: each.kin)]
                    for kin in runs:
                        results += _done(kin, connection, is_alone=len(runs) == 1)
                        self._done += 1
                if self._files is not None:
                    self._files.check()
        except (SQLAlchemyError, OSError) as fault:
            return begun or group, fault
        # Whoever has an answer finds in the log what came before it.
        self._succeeded()
        _tell(results)
        return (), None

    def _failed(self, group: Sequence[_Waiting], fault: Exception) -> None:
        name = _named(fault)
        self._note(name)
        if _code_of(fault) == _READ_ONLY:
            # What was the primary no longer is: new connections look for the one that is.
            self._engine.dispose()
        _tell([_Result(each, None, StoreBroken(name)) for each in group if each.begin()])

    def _note(self, fault: str) -> None:
        """Log a fault when it begins."""
        if not self._is_broken:
            log.error("the records cannot be written (%s)", fault)
        self._is_broken = True

    def _succeeded(self) -> None:
        if self._is_broken:
            log.warning("the records can be written again")
        self._is_broken = False


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


def _named(fault: BaseException) -> str:
    """A fault by its kind and the system's own code for it, never by its text: that may hold what was written."""
    code = _code_of(fault)
    return f"{type(fault).__name__} {code}" if code else type(fault).__name__


def _code_of(fault: BaseException) -> str | None:
    origin = fault.orig if isinstance(fault, DBAPIError) else fault
    if isinstance(origin, OSError):
        return errno.errorcode.get(origin.errno or 0)
    if "authentication failed" in str(origin):
        return "28P01"  # PostgreSQL's client does not pass it on before there is a connection
    return getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)


_CROSSED = frozenset({"40P01", "40001", "55P03"})
"""PostgreSQL's codes for transactions that wait for each other."""
_READ_ONLY = "25006"


def _done(kin: Sequence[_Waiting], connection: Connection, *, is_alone: bool) -> list[_Result]:
    """What one job comes to for those who wait for it, in a savepoint of its own where others stand beside it."""
    savepoint = connection.begin_nested() if not is_alone else None
    try:
        values = kin[0].job(connection, [each.item for each in kin])
    except SQLAlchemyError:
        # The whole transaction is in doubt, not only this job.
        raise
    except Exception as refused:
        (savepoint or connection).rollback()
        return [_Result(each, None, refused) for each in kin]
    if savepoint is not None:
        savepoint.commit()
    return [
        _Result(each, None, value) if isinstance(value, Exception) else _Result(each, value)
        for each, value in zip(kin, values, strict=True)
    ]


def _probe(connection: Connection) -> None:
    """Something durable that nobody reads."""
    connection.exec_driver_sql(_PROBES[connection.dialect.name])


_PROBES = {
    "sqlite": "PRAGMA user_version = 1",
    "postgresql": "SELECT pg_logical_emit_message(true, 'hoks-gateway', '')",
}


@contextmanager
def _locked(file: Path | None) -> Iterator[None]:
    """A turn among the processes on this machine: SQLite's own waiting is not fair, and starves writers."""
    if file is None:
        yield
        return
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


# --- the two databases ------------------------------------------------------------------------------------------


def sqlite(file: Path) -> Store:
    """A store in one file on this machine, readable by its owner alone. Not for network file systems.

    The file is made when it is first used, not when it is only looked whether it could be. Raises ``StoreBroken``.
    """
    if file.exists():
        if _is_open_to_others(file):
            raise StoreBroken(f"{file}: others can read it; expected mode 0600")
    elif not os.access(next(each for each in file.absolute().parents if each.exists()), os.W_OK | os.X_OK):
        raise StoreBroken(f"{file}: cannot be made here")
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": PATIENCE_SECONDS})
    files = Files(file)

    @event.listens_for(engine, "do_connect")
    def _(*_: object) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        if _is_open_to_others(file):
            raise PermissionError(errno.EPERM, "others can read the store")

    @event.listens_for(engine, "connect")
    def _(connection: Any, _: object) -> None:
        # The driver is kept from beginning transactions by itself: a writer's must begin as IMMEDIATE.
        connection.isolation_level = None
        # Two that bring a new file into WAL mode at once do not wait for each other: SQLite refuses one.
        with _locked(file.with_name(file.name + ".opening")):
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        files.connected()

    @event.listens_for(engine, "close")
    def _(*_: object) -> None:
        files.closed()

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        immediate = threading.current_thread().name == "records-write"
        said(connection, "BEGIN IMMEDIATE" if immediate else "BEGIN")

    return Store(engine, lock=file.with_name(file.name + ".lock"), files=files)


def _is_open_to_others(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o077)


_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "secure_delete = ON",
)


def postgresql(url: URL) -> Store:
    """A store that several instances share."""
    return Store(
        create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_size=READERS + 1,
            connect_args={**_CLIENT, "options": " ".join(f"-c {name}" for name in _SERVER)},
        )
    )


_SERVER = (
    "synchronous_commit=on",
    "lock_timeout=450",
    "statement_timeout=5000",
    "idle_in_transaction_session_timeout=10000",
)
"""In milliseconds: who waits for a lock in vain is refused within a second, having tried twice."""
_CLIENT = {
    "connect_timeout": 2,
    "target_session_attrs": "read-write",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5_000,
}
"""Of several hosts in the address the one is taken that can be written to."""

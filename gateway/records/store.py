"""The store: one writer in a thread of its own that takes everybody who waits into one durable transaction.

Whoever is told that something was written can rely on it after a power cut; where it cannot be written,
``StoreBroken`` is raised and nothing was.
"""

import asyncio
import fcntl
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")

LARGEST_GROUP = 128
"""How many jobs share one transaction at the most."""
WAITING = 10_000
"""How many may wait for the writer; more is a store that cannot keep up, and they are refused at once."""
READERS = 4

Job = Callable[[Connection], T]
"""Work inside a transaction. It may run again in another one, so it changes nothing outside the connection."""


class StoreBroken(Exception):
    """The store cannot be read or written; nothing that depends on it may happen."""


class _Waiting(NamedTuple):
    job: Job[Any]
    done: "Future[Any]"


class Store:
    """A store over one database. Safe to use from one event loop; several processes may share the database."""

    def __init__(self, engine: Engine, *, lock: Path | None = None) -> None:
        self._engine = engine
        self._lock = lock
        self._jobs: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="records-read")
        self._writer = threading.Thread(target=self._write_all, name="records-write", daemon=True)
        self._writer.start()

    @property
    def engine(self) -> Engine:
        """The database, for migrations and for tools."""
        return self._engine

    async def write(self, job: Job[T]) -> T:
        """Do a job in a transaction that is durable when this returns. What the job raises undoes the job alone."""
        if self._jobs.qsize() >= WAITING:
            raise StoreBroken("too many are waiting for the store")
        waiting = _Waiting(job, Future())
        self._jobs.put(waiting)
        # INVARIANT: a caller that gives up does not stop what is being written: it may be durable already.
        result: T = await asyncio.shield(asyncio.wrap_future(waiting.done))
        return result

    async def read(self, job: Job[T]) -> T:
        """Do a job that only reads."""

        def reading() -> T:
            try:
                with self._engine.connect() as connection:
                    return job(connection)
            except (SQLAlchemyError, OSError) as fault:
                raise StoreBroken(type(fault).__name__) from None

        return await asyncio.get_running_loop().run_in_executor(self._readers, reading)

    async def aclose(self) -> None:
        """Write what waits, then stop."""
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        self._engine.dispose()

    def _write_all(self) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            stop = False
            while len(group) < LARGEST_GROUP and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._write(group)
            if stop:
                return

    def _write(self, group: list[_Waiting]) -> None:
        """One transaction for all of a group. Each learns its own result only once all is durable."""
        results: list[tuple[_Waiting, Any, BaseException | None]] = []
        try:
            with _locked(self._lock), self._engine.begin() as connection:
                for waiting in group:
                    results.append((waiting, *_done(waiting.job, connection)))
        except (SQLAlchemyError, OSError, StoreBroken) as fault:
            broken = fault if isinstance(fault, StoreBroken) else StoreBroken(type(fault).__name__)
            for waiting in group:
                waiting.done.set_exception(broken)
            return
        for waiting, value, refused in results:
            if refused is not None:
                waiting.done.set_exception(refused)
            else:
                waiting.done.set_result(value)


def _done(job: Job[Any], connection: Connection) -> tuple[Any, BaseException | None]:
    """What a job comes to, in a savepoint of its own."""
    savepoint = connection.begin_nested()
    try:
        value = job(connection)
    except SQLAlchemyError:
        # The whole transaction is in doubt, not only this job.
        raise
    except Exception as refused:
        savepoint.rollback()
        return None, refused
    savepoint.commit()
    return value, None


@contextmanager
def _locked(file: Path | None) -> Iterator[None]:
    """A turn among the processes on this machine: SQLite's own waiting is not fair, and starves writers."""
    if file is None:
        yield
        return
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
        _refuse_readable(file)
    elif not os.access(next(each for each in file.absolute().parents if each.exists()), os.W_OK | os.X_OK):
        raise StoreBroken(f"{file}: cannot be made here")
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 5.0})

    @event.listens_for(engine, "do_connect")
    def _(*_: object) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        _refuse_readable(file)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _: object) -> None:
        # The driver is kept from beginning transactions by itself: a writer's must begin as IMMEDIATE.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        immediate = threading.current_thread().name == "records-write"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return Store(engine, lock=file.with_name(file.name + ".lock"))


def _refuse_readable(file: Path) -> None:
    if file.stat().st_mode & 0o077:
        raise StoreBroken(f"{file}: others can read it; expected mode 0600")


_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "secure_delete = ON",
)


def postgresql(url: URL) -> Store:
    """A store that several instances share."""
    return Store(create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True, pool_size=READERS + 1))

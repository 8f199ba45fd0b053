"""The scribe: records what answers tell, group by group, each group in one durable transaction.

Where a gateway serves it is a process of its own, so that neither the answers nor their records wait for the other's
turn at the interpreter. It knows one connection to the store and the line to whoever dictates; when that ends, so does
it. ``dictation`` is the other end.
"""

import socket
import sqlite3
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol

import msgspec

from gateway.records.driver import Driver
from gateway.records.faults import CROSSED, READ_ONLY, code_of, named
from gateway.records.files import Files
from gateway.records.opening import File, Place, Server, open_file, turn_at, turn_in, turn_of
from gateway.records.releases import Release, record
from gateway.records.stream import Stream

NO_TURN = "no turn in time"


class Outcome(IntEnum):
    """What became of a release."""

    RECORDED = 0
    OVER = 1
    """What it rests on is over; nothing of it was recorded."""
    FAILED = 2
    """The store could not be written; nothing of it was recorded."""


class Post(msgspec.Struct, frozen=True, tag=True):
    """What a scribe is told first: where to write, and in which stream."""

    place: Place
    stream: str


class Group(msgspec.Struct, frozen=True, tag=True):
    """What is to be recorded in one transaction; none at all is to find out whether anything could be."""

    releases: tuple[Release, ...]
    until: float
    """INVARIANT: after that moment (``time.monotonic``, which all processes of a machine share) it is not begun: it has
    been given up."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Said once it can take a group."""


class Begun(msgspec.Struct, frozen=True, tag=True):
    """Said of each group before its ``until``: it is not to be given up any more, however long it takes."""


class Done(msgspec.Struct, frozen=True, tag=True):
    """What became of each release of a group, all durable; and what the store said, where it failed."""

    outcomes: tuple[Outcome, ...]
    fault: str | None = None


Said = Ready | Begun | Done


# --- one group --------------------------------------------------------------------------------------------------


class Book(Protocol):
    """The store, open for one who writes."""

    def transaction(self) -> Any:
        """A context with a ``Driver``: what is said in it is durable when it is left, or was never said."""
        ...

    def close(self) -> None:
        """Let go of the connection; the next transaction makes another."""
        ...


class _Late(Exception):
    """A group could not be begun in time."""


class Scribe:
    """Writes one stream of the log into one store."""

    def __init__(self, book: Book, stream: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._book = book
        self._stream = Stream(stream)
        self._clock = clock
        self._has_begun = False

    def record(self, group: Group, begun: Callable[[], None]) -> Done:
        """Record a group; ``begun`` is called once that cannot be given up any more."""
        done = self._recorded(group.releases, group.until, begun)
        if done.fault is None or not self._has_begun:
            return done
        if self._fault_code in CROSSED:
            # Groups of two instances can wait for each other where no two releases would.
            alone = [self._recorded([each], float("inf"), lambda: None) for each in group.releases]
            return Done(
                tuple(outcome for each in alone for outcome in each.outcomes),
                next((each.fault for each in alone if each.fault is not None), None),
            )
        return done

    def _recorded(self, releases: Sequence[Release], until: float, begun: Callable[[], None]) -> Done:
        self._has_begun, self._fault_code = False, None
        try:
            with self._book.transaction() as driver:
                if self._clock() > until:
                    raise _Late
                begun()
                self._has_begun = True
                may_leave = record(driver, self._stream, releases) if releases else _probed(driver)
        except _Late:
            return _failed(releases, NO_TURN)
        except Exception as fault:
            self._fault_code = code_of(fault)
            if self._fault_code == READ_ONLY:
                # What was the primary no longer is: a new connection looks for the one that is.
                self._book.close()
            return _failed(releases, named(fault))
        return Done(tuple(Outcome.RECORDED if may else Outcome.OVER for may in may_leave))


def _failed(releases: Sequence[Release], fault: str) -> Done:
    return Done((Outcome.FAILED,) * len(releases), fault)


def _probed(driver: Driver) -> list[bool]:
    """Something durable that nobody reads."""
    driver.say("SELECT pg_logical_emit_message(true, 'hoks-gateway', '')" if driver.is_shared else _PROBE)
    return []


_PROBE = "PRAGMA user_version = 1"


# --- the two databases ------------------------------------------------------------------------------------------


def book_at(place: Place, stream: str) -> Book:
    """The book in which a stream is written."""
    return InFile(Path(place.path)) if isinstance(place, File) else OnServer(place, stream)


class InFile:
    """A book in a file of SQLite. Raises ``sqlite3.Error`` and ``OSError``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._files = Files(file)
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Driver]:
        """In turn with every other who writes to the file."""
        with turn_at(turn_of(self._file)):
            if self._connection is None:
                self._connection = open_file(self._file, self._files)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Driver(self._connection, "?")
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise
            self._files.check()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._files.closed()
        self._connection = None


class OnServer:
    """A book in a database of PostgreSQL. Raises ``psycopg.Error``."""

    def __init__(self, server: Server, stream: str) -> None:
        # Imported where there is such a server: it takes as much memory as all the rest.
        import psycopg

        self._connect: Callable[..., Any] = psycopg.connect
        self._fault = psycopg.OperationalError
        self._server = server
        self._begin = f"BEGIN ISOLATION LEVEL READ COMMITTED; {turn_in(stream)}"
        self._connection: Any = None

    @contextmanager
    def transaction(self) -> Iterator[Driver]:
        """In turn with every other who writes to the stream."""
        self._begun()
        try:
            yield Driver(self._connection, "%s")
            self._connection.execute("COMMIT")
        except BaseException:
            self._give_up()
            raise

    def _begun(self) -> None:
        if self._connection is not None:
            try:
                self._connection.execute(self._begin)
                return
            except self._fault:
                self._give_up()
                if self._connection is not None:
                    raise
        # There is none, or it has ended while nobody used it.
        self._connection = self._connect(autocommit=True, **self._server.parameters)
        try:
            self._connection.execute(self._begin)
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """End the transaction, or the connection where that cannot be done."""
        with suppress(self._fault):
            self._connection.execute("ROLLBACK")
        if self._connection.broken or self._connection.closed:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


# --- the line ---------------------------------------------------------------------------------------------------


_HEAD = struct.Struct("!I")
HEAD_BYTES = _HEAD.size


def framed(message: msgspec.Struct) -> bytes:
    """A message as it goes over the line: its length in four bytes, and itself."""
    encoded = msgspec.msgpack.encode(message)
    return _HEAD.pack(len(encoded)) + encoded


def length_of(head: bytes) -> int:
    """How many bytes follow a head."""
    length: int = _HEAD.unpack(head)[0]
    return length


def write_for(line: socket.socket) -> None:
    """Be the scribe at this end of a line, until the other end is closed."""
    post = _next(line, Post)
    if post is None:
        return
    book = book_at(post.place, post.stream)
    scribe = Scribe(book, post.stream)

    def begun() -> None:
        line.sendall(framed(Begun()))

    with suppress(OSError):  # nobody hears any more what was written
        line.sendall(framed(Ready()))
        while (group := _next(line, Group)) is not None:
            line.sendall(framed(scribe.record(group, begun)))
    book.close()


def _next(line: socket.socket, kind: type[Any]) -> Any:
    head = _received(line, HEAD_BYTES)
    message = _received(line, length_of(head)) if head is not None else None
    return msgspec.msgpack.decode(message, type=kind) if message is not None else None


def _received(line: socket.socket, length: int) -> bytes | None:
    received = bytearray()
    while len(received) < length:
        try:
            more = line.recv(length - len(received))
        except ConnectionError:
            return None
        if not more:
            return None
        received += more
    return bytes(received)


def main(line: int) -> None:
    """Be the scribe in a process of its own, at a line that it was given."""
    # A text could hold what was to be written.
    sys.excepthook = lambda kind, *_: print(f"hoks-gateway scribe: {kind.__name__}", file=sys.stderr)
    with socket.socket(fileno=line) as end:
        write_for(end)

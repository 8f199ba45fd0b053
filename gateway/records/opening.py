"""How either database is opened, and whose turn it is to write: the same for the store and for the scribe beside it."""

import errno
import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gateway.records.files import Files

PATIENCE_SECONDS = 0.5
"""How long whoever wants to write waits while nobody gets on; then the store counts as broken."""


class File(msgspec.Struct, frozen=True, tag=True):
    """A store in one file on this machine (SQLite)."""

    path: str


class Server(msgspec.Struct, frozen=True, tag=True):
    """A store in a database of PostgreSQL."""

    parameters: Mapping[str, str | int]
    """As libpq has them, the password among them: never to be logged."""


Place = File | Server


# --- a file -----------------------------------------------------------------------------------------------------


def open_file(file: Path, files: Files) -> sqlite3.Connection:
    """A connection that begins no transactions by itself; the file is made where there is none.

    Raises ``OSError`` where others can read it, and ``sqlite3.Error``.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    if is_open_to_others(file):
        raise PermissionError(errno.EPERM, "others can read the store")
    # The driver is kept from beginning transactions by itself: a writer's must begin as IMMEDIATE.
    connection = sqlite3.connect(file, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # Two that bring a new file into WAL mode at once do not wait for each other: SQLite refuses one.
        with turn_at(file.with_name(file.name + ".opening")):
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    files.connected()
    return connection


def is_open_to_others(file: Path) -> bool:
    """Whether others than its owner can do anything with a file."""
    return bool(file.stat().st_mode & 0o077)


_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "secure_delete = ON",
)


def turn_of(file: Path) -> Path:
    """Where those who write to a file have their turn."""
    return file.with_name(file.name + ".lock")


@contextmanager
def turn_at(file: Path) -> Iterator[None]:
    """A turn among the processes on this machine: SQLite's own waiting is not fair, and starves writers."""
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


# --- a server ---------------------------------------------------------------------------------------------------


CLIENT: dict[str, str | int] = {
    "connect_timeout": 2,
    "target_session_attrs": "read-write",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5_000,
    "options": "-c synchronous_commit=on -c lock_timeout=450 -c statement_timeout=5000"
    " -c idle_in_transaction_session_timeout=10000",
}
"""Of several hosts in the address the one is taken that can be written to. The options are in milliseconds: who waits
for a lock in vain is refused within a second, having tried twice."""


def turn_in(stream: str) -> str:
    """The statement that waits, in a transaction, for the turn of all who append to a stream."""
    number = int.from_bytes(hashlib.sha256(b"hoks-gateway stream " + stream.encode()).digest()[:8], signed=True)
    return f"SELECT pg_advisory_xact_lock({number})"

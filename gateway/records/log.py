"""The log: records appended in the transaction that lets the answer go, found again by the person they are about."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Dialect, select

from gateway.records.chain import START, Body, Sealed, opened, seal_all
from gateway.records.driver import insert, mark, said
from gateway.records.tables import LOG, SUBJECT


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be recorded: its body, and the person it is about, where it is about one."""

    body: Body
    subject: str | None = None


class Head(NamedTuple):
    """Number, hash and moment of a stream's last record."""

    seq: int
    hash: bytes
    at: int


class Log:
    """One stream of the log. With several instances each has a stream of its own, so that none waits for another."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    def append(
        self, connection: Connection, entries: Sequence[Entry], at: int, after: Head | None = None
    ) -> tuple[Sealed, ...]:
        """Append to the stream, inside the caller's transaction; ``at`` in milliseconds since 1970.

        ``after`` is the head of the stream, where the transaction has read it already.

        INVARIANT: a stream's time never goes back, whatever the clock does: ``at`` is at least the last record's.
        """
        if not entries:
            return ()
        seq, prev, latest = after or self.head(connection)
        at = max(at, latest)
        sealed = seal_all([each.body for each in entries], stream=self._stream, after=seq, at=at, prev=prev)
        insert(connection, LOG, [msgspec.structs.astuple(each) for each in sealed])
        subjects = [
            (self._stream, record.seq, entry.subject, at)
            for entry, record in zip(entries, sealed, strict=True)
            if entry.subject is not None
        ]
        insert(connection, SUBJECT, subjects)
        return sealed

    def latest(self, connection: Connection) -> int:
        """The moment of the stream's last record; 0 before the first."""
        return self.head(connection).at

    def head(self, connection: Connection) -> Head:
        """Where the stream stands."""
        row = said(connection, _head_of(connection.dialect), (self._stream,)).fetchone()
        return Head(*row) if row is not None else Head(0, START, 0)


@cache
def _head_of(dialect: Dialect) -> str:
    quoted = dialect.identifier_preparer
    seq, prev, at, stream = (quoted.format_column(LOG.c[name]) for name in ("seq", "hash", "at", "stream"))
    log = quoted.format_table(LOG)
    return f"SELECT {seq}, {prev}, {at} FROM {log} WHERE {stream} = {mark(dialect)} ORDER BY {seq} DESC LIMIT 1"  # noqa: S608 - our own names alone


def bodies_of(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Everything recorded of a person that has not been erased, oldest first."""
    rows = connection.execute(
        select(LOG.c.body)
        .join(SUBJECT, (SUBJECT.c.stream == LOG.c.stream) & (SUBJECT.c.seq == LOG.c.seq))
        .where(SUBJECT.c.subject == subject, LOG.c.body.is_not(None))
        .order_by(LOG.c.at, LOG.c.stream, LOG.c.seq)
    )
    return [opened(row.body) for row in rows]

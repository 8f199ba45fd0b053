"""The log: records appended in the transaction that lets the answer go, found again by the person they are about."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from gateway.records.chain import START, Sealed, opened, seal_all
from gateway.records.tables import LOG, SUBJECT


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be recorded: its body, and the person it is about, where it is about one."""

    body: Mapping[str, Any]
    subject: str | None = None


class Log:
    """One stream of the log. With several instances each has a stream of its own, so that none waits for another."""

    def __init__(self, stream: str) -> None:
        self._stream = stream

    def append(self, connection: Connection, entries: Sequence[Entry], at: int) -> tuple[Sealed, ...]:
        """Append to the stream, inside the caller's transaction; ``at`` in milliseconds since 1970.

        INVARIANT: a stream's time never goes back, whatever the clock does: ``at`` is at least the last record's.
        """
        if not entries:
            return ()
        seq, prev, latest = self._head(connection)
        at = max(at, latest)
        sealed = seal_all([each.body for each in entries], stream=self._stream, after=seq, at=at, prev=prev)
        connection.execute(insert(LOG), [msgspec.structs.asdict(each) for each in sealed])
        subjects = [
            {"stream": self._stream, "seq": record.seq, "subject": entry.subject, "at": at}
            for entry, record in zip(entries, sealed, strict=True)
            if entry.subject is not None
        ]
        if subjects:
            connection.execute(insert(SUBJECT), subjects)
        return sealed

    def latest(self, connection: Connection) -> int:
        """The moment of the stream's last record; 0 before the first."""
        return self._head(connection)[2]

    def _head(self, connection: Connection) -> tuple[int, bytes, int]:
        """Number, hash and moment of the stream's last record."""
        row = connection.execute(
            select(LOG.c.seq, LOG.c.hash, LOG.c.at)
            .where(LOG.c.stream == self._stream)
            .order_by(LOG.c.seq.desc())
            .limit(1)
        ).first()
        return (row.seq, row.hash, row.at) if row is not None else (0, START, 0)


def bodies_of(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Everything recorded of a person that has not been erased, oldest first."""
    rows = connection.execute(
        select(LOG.c.body)
        .join(SUBJECT, (SUBJECT.c.stream == LOG.c.stream) & (SUBJECT.c.seq == LOG.c.seq))
        .where(SUBJECT.c.subject == subject, LOG.c.body.is_not(None))
        .order_by(LOG.c.at, LOG.c.stream, LOG.c.seq)
    )
    return [opened(row.body) for row in rows]

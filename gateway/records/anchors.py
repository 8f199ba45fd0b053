"""Anchors: signed statements of where the log stands, kept in it and handed outside.

Only against an anchor that is kept outside does a log that was cut at its end, or put back to an earlier day, show.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, func, insert, select, update

from gateway.records.chain import merkle_root
from gateway.records.tables import ANCHOR, LOG

MOST_RECORDS = 1_000
"""Records under one anchor."""
MOST_SECONDS = 60
"""How long a record waits for its anchor."""

_ANCHOR = b"hoks-gateway log anchor 1\n"


class Anchor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The records of a stream from ``first`` to ``last`` have this root, and end in this hash."""

    stream: str
    first: int
    last: int
    at: int
    root: bytes
    head: bytes
    signature: bytes

    def line(self) -> str:
        """The anchor as one line of JSON, its bytes in base64: the form in which it is kept outside."""
        return msgspec.json.encode(self).decode()


class Sink(Protocol):
    """A place outside, which whoever can change the log cannot change."""

    def keep(self, anchor: Anchor) -> None:
        """Keep the anchor. Raises ``OSError`` where it could not be kept."""
        ...


class FileSink:
    """Anchors as lines of a file that is only appended to, on another host or a medium that is written once."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def keep(self, anchor: Anchor) -> None:
        """Append the anchor durably."""
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            # Over a network to append is not one step; where there are no locks, there is one that writes.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            os.write(handle, (anchor.line() + "\n").encode())
            os.fsync(handle)
        finally:
            os.close(handle)


class Anchors:
    """Makes the anchors of one stream."""

    def __init__(self, stream: str, key: Ed25519PrivateKey) -> None:
        self._stream = stream
        self._key = key

    def due(self, connection: Connection, at: int, *, at_once: bool = False) -> Anchor | None:
        """The next anchor over what has none yet, where that is many or old enough, or is to be anchored ``at_once``.

        It is only made here: to read and to sign takes nobody's turn to write. A clock that was set back behind the log
        tells nobody how old a record is: then it is old enough.
        """
        anchored = self._anchored(connection)
        rows = connection.execute(
            select(LOG.c.seq, LOG.c.at, LOG.c.hash)
            .where(LOG.c.stream == self._stream, LOG.c.seq > anchored)
            .order_by(LOG.c.seq)
            .limit(MOST_RECORDS)
        ).all()
        is_young = bool(rows) and rows[-1].at <= at < rows[0].at + MOST_SECONDS * 1000
        if not rows or (len(rows) < MOST_RECORDS and is_young and not at_once):
            return None
        at = max(at, rows[-1].at)
        return self._signed(rows[0].seq, rows[-1].seq, at, [row.hash for row in rows])

    def keep(self, connection: Connection, anchor: Anchor) -> None:
        """Keep an anchor in the log's own database, unless another has come before it."""
        if self._anchored(connection) == anchor.first - 1:
            connection.execute(insert(ANCHOR), [msgspec.structs.asdict(anchor)])

    def _anchored(self, connection: Connection) -> int:
        """The last record that is under an anchor."""
        last: int = connection.execute(
            select(func.coalesce(func.max(ANCHOR.c.last), 0)).where(ANCHOR.c.stream == self._stream)
        ).scalar_one()
        return last

    def waiting(self, connection: Connection) -> list[Anchor]:
        """The anchors that are not yet kept outside, oldest first."""
        columns = [ANCHOR.c[name] for name in Anchor.__struct_fields__]
        rows = connection.execute(
            select(*columns)
            .where(ANCHOR.c.stream == self._stream, ANCHOR.c.handed_out_at.is_(None))
            .order_by(ANCHOR.c.last)
        )
        return [Anchor(**row._mapping) for row in rows]

    def handed_out(self, connection: Connection, anchor: Anchor, at: int) -> None:
        """Note that an anchor is kept outside."""
        connection.execute(
            update(ANCHOR)
            .where(ANCHOR.c.stream == anchor.stream, ANCHOR.c.last == anchor.last)
            .values(handed_out_at=at)
        )

    def _signed(self, first: int, last: int, at: int, hashes: list[bytes]) -> Anchor:
        root, head = merkle_root(hashes), hashes[-1]
        numbers = b"%d\n%d\n%d\n" % (first, last, at)
        signature = self._key.sign(_ANCHOR + self._stream.encode() + b"\n" + numbers + root + head)
        return Anchor(stream=self._stream, first=first, last=last, at=at, root=root, head=head, signature=signature)

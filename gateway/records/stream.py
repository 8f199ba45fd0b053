"""A stream of the log: records appended to it in the transaction that lets the answer go."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from gateway.records.chain import START, Body, Sealed, seal_all
from gateway.records.driver import Columns, Driver

LOG = Columns("log", ("stream", "seq", "at", "prev", "body_hash", "hash", "salt", "body"))
SUBJECT = Columns("log_subject", ("stream", "seq", "subject", "at"))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be recorded: its body, and the person it is about, where it is about one."""

    body: Body
    subject: str | None = None


class Head(NamedTuple):
    """Number, hash and moment of a stream's last record."""

    seq: int
    hash: bytes
    at: int


class Stream:
    """One stream. With several instances each has one of its own, so that none waits for another."""

    def __init__(self, name: str) -> None:
        self.name = name

    def append(
        self, driver: Driver, entries: Sequence[Entry], at: int, after: Head | None = None
    ) -> tuple[Sealed, ...]:
        """Append to the stream, inside the caller's transaction; ``at`` in milliseconds since 1970.

        ``after`` is the head of the stream, where the transaction has read it already.

        INVARIANT: a stream's time never goes back, whatever the clock does: ``at`` is at least the last record's.
        """
        if not entries:
            return ()
        seq, prev, latest = after or self.head(driver)
        at = max(at, latest)
        sealed = seal_all([each.body for each in entries], stream=self.name, after=seq, at=at, prev=prev)
        driver.insert(LOG, [msgspec.structs.astuple(each) for each in sealed])
        subjects = [
            (self.name, record.seq, entry.subject, at)
            for entry, record in zip(entries, sealed, strict=True)
            if entry.subject is not None
        ]
        driver.insert(SUBJECT, subjects)
        return sealed

    def head(self, driver: Driver) -> Head:
        """Where the stream stands."""
        row = driver.say(_HEAD, (self.name,)).fetchone()
        return Head(*row) if row is not None else Head(0, START, 0)


_HEAD = "SELECT seq, hash, at FROM log WHERE stream = ? ORDER BY seq DESC LIMIT 1"

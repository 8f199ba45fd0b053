#!/usr/bin/env python3
"""Verifies a disclosure log by itself: every record chained to the one before, every anchor signed, nothing missing.

It shares no code with the gateway and only reads. Give it the store (an SQLite file, or ``-`` for records as JSON lines
exported from another database), the public key of the anchors, and the last anchors kept outside: without those, a log
cut at its end, or put back as it was yesterday, looks whole.

Exit codes: 0 whole, 1 the first fault, printed in one line, 2 it could not be verified.
"""

import argparse
import base64
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

RECORD = b"hoks-gateway log record 1\n"
ANCHOR = b"hoks-gateway log anchor 1\n"
START = bytes(32)

Place = tuple[str, int]
"""A stream and a number in it."""


class Fault(Exception):
    """The first thing that is wrong with the log."""


class Record(NamedTuple):
    """One row of the log; body and salt are gone where their time is over."""

    stream: str
    seq: int
    at: int
    prev: bytes
    body_hash: bytes
    hash: bytes
    salt: bytes | None
    body: bytes | None

    @property
    def place(self) -> str:
        """The record in words."""
        return f"record {self.stream} {self.seq}"


class Anchor(NamedTuple):
    """A signed statement: the records of a stream from ``first`` to ``last`` have this root, and end in this hash."""

    stream: str
    first: int
    last: int
    at: int
    root: bytes
    head: bytes
    signature: bytes

    @property
    def place(self) -> str:
        """The anchor in words."""
        return f"anchor of {self.stream} {self.first}-{self.last}"

    def signed(self) -> bytes:
        """The bytes under the signature."""
        numbers = b"%d\n%d\n%d\n" % (self.first, self.last, self.at)
        return ANCHOR + self.stream.encode() + b"\n" + numbers + self.root + self.head


class Verified(NamedTuple):
    """What was verified."""

    records: int
    erased: int
    anchors: int
    streams: int


class _Streams:
    """Where each stream stands while the log is gone through."""

    def __init__(self, inside: dict[Place, list[Anchor]] | None, outside: dict[Place, list[Anchor]]) -> None:
        self._inside, self._outside = inside, outside
        self._before: Record | None = None
        self._unanchored: list[bytes] = []
        self.ends: dict[str, int] = {}
        self.records = self.erased = self.anchors = 0
        self._last_erased: Record | None = None
        self._erased_before = 0

    def take(self, record: Record) -> None:
        """The next record, in order."""
        before = self._before
        if before is None or before.stream != record.stream:
            if record.stream in self.ends:
                raise Fault(f"stream {record.stream} comes twice")
            before, self._unanchored = None, []
        _check(record, before)
        self._unanchored.append(record.hash)
        self._check_anchors(record)
        self._note_erasure(record)
        self.records += 1
        self.ends[record.stream] = record.seq
        self._before = record

    def end(self) -> None:
        """The log has ended: nothing that an anchor speaks of may be missing."""
        for anchors, whose in ((self._outside, "outside is kept"), (self._inside or {}, "the log itself has")):
            for stream, last in sorted(anchors):
                raise Fault(f"stream {stream} ends at {self.ends.get(stream, 0)}, and {whose} an anchor of {last}")
        if (gone := self._last_erased) is not None and gone.at >= self._erased_before:
            raise Fault(f"{gone.place}: its body is gone, and no record tells of an erasure up to its time")

    def _check_anchors(self, record: Record) -> None:
        place = (record.stream, record.seq)
        within = (self._inside or {}).pop(place, [])
        beyond = self._outside.pop(place, [])
        if beyond and self._inside is not None and not within:
            raise Fault(f"{beyond[0].place}: kept outside, and the log itself has lost it")
        found = [*within, *beyond]
        for anchor in found:
            if anchor.head != record.hash:
                raise Fault(f"{anchor.place}: another record stands at its end")
            if len(self._unanchored) == anchor.last - anchor.first + 1 and merkle_root(self._unanchored) != anchor.root:
                raise Fault(f"{anchor.place}: its root is not the root of these records")
        if found:
            self._unanchored = []
            self.anchors += len(found)

    def _note_erasure(self, record: Record) -> None:
        if record.body is None:
            self.erased += 1
            if self._last_erased is None or record.at > self._last_erased.at:
                self._last_erased = record
        elif b'"retention.erased"' in record.body:
            told = json.loads(record.body.partition(b"\n")[0])
            if told.get("event") == "retention.erased":
                self._erased_before = max(self._erased_before, int(told.get("before", 0)))


def verify(
    records: Iterable[Record], inside: Iterable[Anchor] | None, outside: Iterable[Anchor], key: Ed25519PublicKey
) -> Verified:
    """Go through a log, in order of stream and number; ``inside`` are its own anchors, where they were exported too.

    Raises ``Fault`` for the first thing that is wrong.
    """
    streams = _Streams(None if inside is None else _signed_by(key, inside), _signed_by(key, outside))
    for record in records:
        streams.take(record)
    streams.end()
    return Verified(streams.records, streams.erased, streams.anchors, len(streams.ends))


def _check(record: Record, before: Record | None) -> None:
    expected = 1 if before is None else before.seq + 1
    if record.seq != expected:
        raise Fault(f"{record.place}: expected number {expected}")
    if record.prev != (START if before is None else before.hash):
        raise Fault(f"{record.place}: it does not follow the record before it")
    erased = record.body is None
    if erased != (record.salt is None):
        raise Fault(f"{record.place}: half of its body is gone")
    if not erased and hashlib.sha256((record.salt or b"") + proven(record.body or b"")).digest() != record.body_hash:
        raise Fault(f"{record.place}: its body was changed")
    header = b"%s%s\n%d\n%d\n%s%s" % (
        RECORD,
        record.stream.encode(),
        record.seq,
        record.at,
        record.prev,
        record.body_hash,
    )
    if hashlib.sha256(header).digest() != record.hash:
        raise Fault(f"{record.place}: its header was changed")


def proven(body: bytes) -> bytes:
    """What of a body is hashed: its first line, and the hash of the second, which its person is not shown."""
    shown, newline, apart = body.partition(b"\n")
    return shown + newline + hashlib.sha256(apart).digest() if newline else shown


def merkle_root(hashes: list[bytes]) -> bytes:
    """The root over records' hashes, as in RFC 6962."""
    level = [hashlib.sha256(b"\x00" + each).digest() for each in hashes]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[place] + level[place + 1]).digest() for place in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


def _signed_by(key: Ed25519PublicKey, anchors: Iterable[Anchor]) -> dict[Place, list[Anchor]]:
    """The anchors by the record at their end. Raises ``Fault`` for one that the key did not sign."""
    by_end: dict[Place, list[Anchor]] = {}
    for anchor in anchors:
        try:
            key.verify(anchor.signature, anchor.signed())
        except InvalidSignature:
            raise Fault(f"{anchor.place}: its signature is wrong") from None
        by_end.setdefault((anchor.stream, anchor.last), []).append(anchor)
    return by_end


# --- reading ----------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """What was given cannot be verified at all."""


def records_of(store: Path) -> Iterator[Record]:
    """The records of an SQLite store, which is opened for reading alone."""
    with _opened(store) as database:
        for row in database.execute(
            "SELECT stream, seq, at, prev, body_hash, hash, salt, body FROM log ORDER BY stream, seq"
        ):
            if tuple(map(type, row)) not in _TYPES:
                raise Fault(f"record {row[0]} {row[1]}: a column holds a value of another kind")
            yield Record(*row)


_HEADER = (str, int, int, bytes, bytes, bytes)
_TYPES = {(*_HEADER, *rest) for rest in ((bytes, bytes), (bytes, type(None)), (type(None), bytes), (type(None),) * 2)}


def anchors_of(store: Path) -> list[Anchor]:
    """The anchors that the store holds itself."""
    with _opened(store) as database:
        rows = database.execute(
            "SELECT stream, first, last, at, root, head, signature FROM anchor ORDER BY stream, last"
        )
        return [Anchor(*row) for row in rows]


def _opened(store: Path) -> Any:
    from contextlib import closing

    if not store.is_file():
        raise Unreadable(f"{store}: no such file")
    return closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True))


def lines_of(lines: Iterable[str]) -> Iterator[Record]:
    """Records as JSON lines: the columns by name, bytes in base64."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _from_json(Record, line, f"line {number}")


def outside_anchors(file: Path) -> list[Anchor]:
    """Anchors kept outside: JSON lines."""
    with file.open(encoding="utf-8") as lines:
        return [
            _from_json(Anchor, line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()
        ]


_BYTES = frozenset({"prev", "body_hash", "hash", "salt", "body", "root", "head", "signature"})


def _from_json(kind: Any, line: str, place: str) -> Any:
    try:
        told = json.loads(line)
        return kind(*(_value(name, told[name]) for name in kind._fields))
    except (ValueError, KeyError, TypeError) as fault:
        raise Fault(f"{place}: not a record of this form ({type(fault).__name__})") from None


def _value(name: str, value: Any) -> Any:
    if name in _BYTES:
        return None if value is None else base64.b64decode(value, validate=True)
    return str(value) if name == "stream" else int(value)


# --- the command ------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Verify what the arguments name; the exit code."""
    parser = argparse.ArgumentParser(prog="hoks-log-verify", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", help="the SQLite file of the gateway's records, or - for JSON lines on standard input")
    parser.add_argument("--key", type=Path, required=True, help="the public key of the anchors (PEM, Ed25519)")
    parser.add_argument("--anchors", type=Path, help="the anchors kept outside (JSON lines)")
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    try:
        key = _key(chosen.key)
        outside = outside_anchors(chosen.anchors) if chosen.anchors else []
        from_lines = chosen.store == "-"
        records = lines_of(sys.stdin) if from_lines else records_of(Path(chosen.store))
        inside = None if from_lines else anchors_of(Path(chosen.store))
        verified = verify(records, inside, outside, key)
    except Fault as fault:
        print(f"NOT WHOLE: {fault}")
        return 1
    except (Unreadable, OSError, sqlite3.Error, ValueError) as fault:
        print(f"hoks-log-verify: {fault}", file=sys.stderr)
        return 2
    seconds = time.monotonic() - begun
    print(
        f"whole: {verified.records} records in {verified.streams} streams, {verified.erased} of them with their bodies"
        f" erased, {verified.anchors} anchors; {seconds:.1f} s"
    )
    if not outside:
        print(
            "no anchors from outside were given: a log cut at its end, or put back to an earlier day, looks whole too"
        )
    return 0


def _key(file: Path) -> Ed25519PublicKey:
    key = load_pem_public_key(file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise Unreadable(f"{file}: expected an Ed25519 public key")
    return key


if __name__ == "__main__":
    sys.exit(main())

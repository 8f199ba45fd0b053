#!/usr/bin/env python3
"""Verifies a disclosure log by itself: every record chained to the one before, every anchor signed, nothing missing.

It shares no code with the gateway and only reads. Give it the store (an SQLite file, or ``-`` for records on standard
input, as PostgreSQL copies them out in binary or as JSON lines), the public key of the anchors, and the last anchors
kept outside: without those, a log cut at its end, or put back as it was yesterday, looks whole.

Or give it an export that a person has taken along, with ``--export``, and the same key.

Exit codes: 0 whole, 1 the first fault, printed in one line, 2 it could not be verified.
"""

import argparse
import base64
import gc
import hashlib
import json
import sqlite3
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import groupby, islice
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

RECORD = b"hoks-gateway log record 1\n"
ANCHOR = b"hoks-gateway log anchor 1\n"
START = bytes(32)
ERASURE = b'{"before":'
"""How a record begins that tells of bodies erased: the keys of a body stand in order."""

NOTHING_ERASED = (-1, "")
PIECE = 2_000
"""Records that are looked through at a time."""
PIECES_AHEAD = 16

Place = tuple[str, int]
"""A stream and a number in it."""
Row = tuple[str, int, int, bytes, bytes, bytes, bytes | None, bytes | None]
"""A record as it is read: the fields of ``Record`` in their order."""


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


class _Piece(NamedTuple):
    """What was found in some records of a stream that follow each other."""

    fault: str | None
    leaves: list[bytes]
    """Their hashes as leaves of an anchor's tree."""
    erased: int
    last_erased: tuple[int, str]
    """The latest moment of a record whose body is gone, and its place."""
    erased_before: int
    """The latest moment up to which one of them tells that bodies were erased."""


def _looked_through(stream: str, before: tuple[int, bytes], rows: list[Row]) -> _Piece:
    """Look through the records after the one with this number and hash."""
    seq, head = before
    leaves, erased, erased_before, last_erased = list[bytes](), 0, 0, NOTHING_ERASED

    def found(fault: str | None) -> _Piece:
        return _Piece(fault, leaves, erased, last_erased, erased_before)

    try:
        # In one piece, for a call for each record would cost as much as its hashes.
        sha256, name = hashlib.sha256, RECORD + stream.encode()
        for _, number, at, prev, body_hash, own, salt, body in rows:
            expected, seq = seq + 1, number
            if seq != expected:
                return found(f"record {stream} {seq}: expected number {expected}")
            if type(seq) is not int or type(at) is not int:
                raise TypeError
            if prev != head:
                return found(f"record {stream} {seq}: it does not follow the record before it")
            if body is not None and salt is not None:
                # Of a body the first line is hashed, and the hash of the second, which its person is not shown.
                shown, newline, apart = body.partition(b"\n")
                proven = (salt, shown, newline, sha256(apart).digest()) if newline else (salt, shown)
                if sha256(b"".join(proven)).digest() != body_hash:
                    return found(f"record {stream} {seq}: its body was changed")
                if shown.startswith(ERASURE):
                    erased_before = max(erased_before, _erasure(shown))
            elif body is not salt:
                return found(f"record {stream} {seq}: half of its body is gone")
            else:
                erased += 1
                last_erased = max(last_erased, (at, f"record {stream} {seq}"))
            if sha256(b"%s\n%d\n%d\n%s%s" % (name, seq, at, prev, body_hash)).digest() != own:
                return found(f"record {stream} {seq}: its header was changed")
            leaves.append(sha256(b"\x00" + own).digest())
            head = own
    except (TypeError, AttributeError):
        return found(f"record {stream} {seq}: a column holds a value of another kind")
    return found(None)


def _erasure(shown: bytes) -> int:
    told = json.loads(shown)
    return int(told.get("before", 0)) if told.get("event") == "retention.erased" else 0


def _pieces(records: Iterable[Row]) -> Iterator[tuple[str, tuple[int, bytes], list[Row]]]:
    """Records that follow each other, some at a time: their stream, and the number and hash that stand before them."""
    for stream, own in groupby(records, key=itemgetter(0)):
        before = (0, START)
        while rows := list(islice(own, PIECE)):
            yield stream, before, rows
            before = (rows[-1][1], rows[-1][5])


def _found_in(records: Iterable[Row]) -> Iterator[tuple[str, list[Row], _Piece]]:
    """All pieces of a log in order, looked through: those of a long log by a second process, as this one reads on."""
    waiting: deque[tuple[str, list[Row], Future[_Piece]]] = deque()
    pool: ProcessPoolExecutor | None = None

    def looked_through(at_most: int) -> Iterator[tuple[str, list[Row], _Piece]]:
        while len(waiting) > at_most:
            stream, rows, piece = waiting.popleft()
            yield stream, rows, piece.result()

    try:
        for stream, before, rows in _pieces(records):
            if pool is None and len(rows) < PIECE:
                yield stream, rows, _looked_through(stream, before, rows)
                continue
            pool = pool or ProcessPoolExecutor(1, get_context("spawn"))
            waiting.append((stream, rows, pool.submit(_looked_through, stream, before, rows)))
            yield from looked_through(PIECES_AHEAD)
        yield from looked_through(0)
    except Exception:
        # What cannot be read on may have had a fault before that.
        yield from looked_through(0)
        raise
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


class _Streams:
    """Where each stream stands while the log is gone through."""

    def __init__(self, inside: dict[Place, list[Anchor]] | None, outside: dict[Place, list[Anchor]]) -> None:
        self._inside, self._outside = inside, outside
        self.ends: dict[str, int] = {}
        self.records = self.erased = self.anchors = 0
        self._last_erased = NOTHING_ERASED
        self._erased_before = 0
        self._stream: str | None = None
        self._anchored: set[int] = set()
        self._unanchored: list[bytes] = []

    def take(self, stream: str, rows: list[Row], piece: _Piece) -> None:
        """The next records of a stream, looked through."""
        if stream != self._stream:
            self._begin(stream)
        if piece.fault is not None:
            raise Fault(piece.fault)
        for (_, seq, _, _, _, own, _, _), leaf in zip(rows, piece.leaves, strict=True):
            self._unanchored.append(leaf)
            if seq in self._anchored:
                self._check_anchors((stream, seq), own, self._unanchored)
                self._unanchored = []
        self.records += len(rows)
        self.erased += piece.erased
        self.ends[stream] += len(rows)
        self._last_erased = max(self._last_erased, piece.last_erased)
        self._erased_before = max(self._erased_before, piece.erased_before)

    def _begin(self, stream: str) -> None:
        """A stream comes."""
        if stream in self.ends:
            raise Fault(f"stream {stream} comes twice")
        self._stream, self.ends[stream] = stream, 0
        self._anchored = {
            last for kept in (self._outside, self._inside or ()) for whose, last in kept if whose == stream
        }
        self._unanchored = []

    def end(self) -> None:
        """The log has ended: nothing that an anchor speaks of may be missing."""
        for anchors, whose in ((self._outside, "outside is kept"), (self._inside or {}, "the log itself has")):
            for stream, last in sorted(anchors):
                raise Fault(f"stream {stream} ends at {self.ends.get(stream, 0)}, and {whose} an anchor of {last}")
        at, place = self._last_erased
        if at >= self._erased_before:
            raise Fault(f"{place}: its body is gone, and no record tells of an erasure up to its time")

    def _check_anchors(self, place: Place, head: bytes, unanchored: list[bytes]) -> None:
        within = (self._inside or {}).pop(place, [])
        beyond = self._outside.pop(place, [])
        if beyond and self._inside is not None and not within:
            raise Fault(f"{beyond[0].place}: kept outside, and the log itself has lost it")
        for anchor in (*within, *beyond):
            if anchor.head != head:
                raise Fault(f"{anchor.place}: another record stands at its end")
            if len(unanchored) == anchor.last - anchor.first + 1 and _root_over(unanchored) != anchor.root:
                raise Fault(f"{anchor.place}: its root is not the root of these records")
        self.anchors += len(within) + len(beyond)


def verify(
    records: Iterable[Row], inside: Iterable[Anchor] | None, outside: Iterable[Anchor], key: Ed25519PublicKey
) -> Verified:
    """Go through a log, in order of stream and number; ``inside`` are its own anchors, where they were exported too.

    Raises ``Fault`` for the first thing that is wrong.
    """
    streams = _Streams(None if inside is None else _signed_by(key, inside), _signed_by(key, outside))
    for stream, rows, piece in _found_in(records):
        streams.take(stream, rows, piece)
    streams.end()
    return Verified(streams.records, streams.erased, streams.anchors, len(streams.ends))


def merkle_root(hashes: list[bytes]) -> bytes:
    """The root over records' hashes, as in RFC 6962."""
    return _root_over([hashlib.sha256(b"\x00" + each).digest() for each in hashes])


def _root_over(level: list[bytes]) -> bytes:
    sha256 = hashlib.sha256
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + one + other).digest() for one, other in pairs] + level[len(level) & ~1 :]
    return level[0]


def _signed_by(key: Ed25519PublicKey, anchors: Iterable[Anchor]) -> dict[Place, list[Anchor]]:
    """The anchors by the record at their end. Raises ``Fault`` for one that the key did not sign."""
    by_end: dict[Place, list[Anchor]] = {}
    for anchor in anchors:
        try:
            key.verify(anchor.signature, anchor.signed())
        except (InvalidSignature, TypeError, AttributeError):
            raise Fault(f"{anchor.place}: its signature is wrong") from None
        by_end.setdefault((anchor.stream, anchor.last), []).append(anchor)
    return by_end


# --- an export --------------------------------------------------------------------------------------------------

EXPORT = "hoks-gateway log export 1"


class VerifiedExport(NamedTuple):
    """What an export was found to hold."""

    records: int
    anchors: int
    unanchored: int
    since: int
    until: int


def verify_export(text: str, outside: Iterable[Anchor], key: Ed25519PublicKey) -> VerifiedExport:
    """Go through an export; where there are anchors kept ``outside``, its own must be among them.

    Raises ``Fault`` for the first thing that is wrong.
    """
    document = _signed_document(text, key)
    try:
        return _verify_document(document, list(outside), key)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
        raise Fault(f"the export has not the form that it names ({type(fault).__name__})") from None


def _signed_document(text: str, key: Ed25519PublicKey) -> dict[str, Any]:
    try:
        told = json.loads(text, object_pairs_hook=_once, parse_float=_refused, parse_constant=_refused)
        document, signature = told["document"], _strict_base64(told["signature"])
        written = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if set(told) != {"document", "signature"} or document["form"] != EXPORT:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise Fault(f"this is no export ({type(fault).__name__})") from None
    try:
        key.verify(signature, EXPORT.encode() + b"\n" + written)
    except InvalidSignature:
        raise Fault("the signature of the export is wrong: it was changed, or another key made it") from None
    signed: dict[str, Any] = document
    return signed


def _verify_document(document: dict[str, Any], outside: list[Anchor], key: Ed25519PublicKey) -> VerifiedExport:
    subjects, since, until = document["subjects"], document["since"], document["until"]
    records = document["records"]
    if document["count"] != len(records):
        raise Fault(f"it says {document['count']} records and holds {len(records)}")
    anchors = [Anchor(*(_value(name, each[name]) for name in Anchor._fields)) for each in document["anchors"]]
    for (stream, last), kept in _signed_by(key, anchors).items():
        if outside and not set(kept) <= set(outside):
            raise Fault(f"anchor of {stream} up to {last}: it is not among those kept outside")
    seen: set[Place] = set()
    for told in records:
        record, shown = _exported(told)
        if (record.stream, record.seq) in seen:
            raise Fault(f"{record.place}: it is there twice")
        seen.add((record.stream, record.seq))
        if shown["subject"] not in subjects:
            raise Fault(f"{record.place}: it is another person's")
        if not since <= record.at <= until:
            raise Fault(f"{record.place}: it is outside the time that the export claims")
        if told["anchor"] is not None:
            _check_way(record, anchors[told["anchor"]], list(map(_strict_base64, told["proof"])))
    unanchored = sum(told["anchor"] is None for told in records)
    return VerifiedExport(len(records), len(anchors), unanchored, since, until)


def _exported(told: dict[str, Any]) -> tuple[Record, dict[str, Any]]:
    """A record of an export, its hashes made anew from what is shown; and what is shown."""
    shown = json.dumps(told["shown"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    apart = b"" if told["apart_hash"] is None else b"\n" + _strict_base64(told["apart_hash"])
    salt, prev = _strict_base64(told["salt"]), _strict_base64(told["prev"])
    stream, seq, at = str(told["stream"]), int(told["seq"]), int(told["at"])
    body_hash = hashlib.sha256(salt + shown + apart).digest()
    header = b"%s%s\n%d\n%d\n%s%s" % (RECORD, stream.encode(), seq, at, prev, body_hash)
    record = Record(stream, seq, at, prev, body_hash, hashlib.sha256(header).digest(), salt, None)
    return record, told["shown"]


def _check_way(record: Record, anchor: Anchor, proof: list[bytes]) -> None:
    """Raise ``Fault`` unless the proof leads from the record, at its own place, to the anchor's root."""
    place, last = record.seq - anchor.first, anchor.last - anchor.first
    if record.stream != anchor.stream or not 0 <= place <= last:
        raise Fault(f"{record.place}: it does not stand under the {anchor.place}")
    root, steps = hashlib.sha256(b"\x00" + record.hash).digest(), iter(proof)
    try:
        while last:
            if place % 2:
                root = hashlib.sha256(b"\x01" + next(steps) + root).digest()
            elif place < last:
                root = hashlib.sha256(b"\x01" + root + next(steps)).digest()
            place, last = place // 2, last // 2
    except StopIteration:
        root = b""
    if root != anchor.root or next(steps, None) is not None:
        raise Fault(f"{record.place}: it is not among the records of the {anchor.place}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are each there once: of two, a reader and this program might see different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refused(_: str) -> Any:
    raise ValueError("a number that is not whole")


def _strict_base64(text: str) -> bytes:
    """The bytes of a text in base64, of which there is only one for each."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("not the one form of these bytes")
    return found


# --- reading ----------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """What was given cannot be verified at all."""


def records_of(store: Path) -> Iterator[Record]:
    """The records of an SQLite store, their fields by name."""
    return map(Record._make, rows_of(store))


def rows_of(store: Path) -> Iterator[Row]:
    """The same as they are read. The store is opened for reading alone."""
    with _opened(store) as database:
        yield from database.execute(
            "SELECT stream, seq, at, prev, body_hash, hash, salt, body FROM log ORDER BY stream, seq"
        )


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


def copied_of(source: BinaryIO) -> Iterator[Row]:
    """Records as PostgreSQL copies them out in binary, the columns in the order of ``Row``."""
    read, number = source.read, int.from_bytes
    if read(len(COPIED)) != COPIED:
        raise Unreadable("neither JSON lines nor a binary copy")
    read(4)
    read(number(read(4), "big"))
    while (columns := number(read(2), "big")) == len(Record._fields):
        row: list[Any] = [read(size) if (size := number(read(4), "big")) != _NULL else None for _ in range(columns)]
        stream, seq, at, prev, body_hash, own, salt, body = row
        yield stream.decode(), number(seq, "big"), number(at, "big", signed=True), prev, body_hash, own, salt, body
    if columns != _COPIED_WHOLE:
        raise Unreadable("the copy is cut off, or has other columns")


COPIED = b"PGCOPY\n\xff\r\n\x00"
"""How a binary copy begins."""
_NULL, _COPIED_WHOLE = 0xFFFFFFFF, 0xFFFF


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
    parser.add_argument(
        "store", nargs="?", help="the SQLite file of the gateway's records, or - for records on standard input"
    )
    parser.add_argument("--key", type=Path, required=True, help="the public key of the anchors (PEM, Ed25519)")
    parser.add_argument("--anchors", type=Path, help="the anchors kept outside (JSON lines)")
    parser.add_argument("--export", type=Path, help="instead of a store, the file that a person has exported")
    chosen = parser.parse_args(arguments)
    if (chosen.store is None) == (chosen.export is None):
        parser.error("name either a store or an --export")
    begun = time.monotonic()
    try:
        key = _key(chosen.key)
        outside = outside_anchors(chosen.anchors) if chosen.anchors else []
        if chosen.export is not None:
            print(_told_of(verify_export(chosen.export.read_text("utf-8", "surrogateescape"), outside, key)))
            return 0
        is_piped = chosen.store == "-"
        records = _piped() if is_piped else rows_of(Path(chosen.store))
        inside = None if is_piped else anchors_of(Path(chosen.store))
        verified = verify(records, inside, outside, key)
    except Fault as fault:
        print(f"NOT WHOLE: {fault}")
        return 1
    except (Unreadable, OSError, sqlite3.Error, ValueError, BrokenExecutor) as fault:
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


def _piped() -> Iterator[Row]:
    """The records on standard input: no line of JSON begins as a copy does."""
    with open(sys.stdin.fileno(), "rb", closefd=False) as source:
        is_copied = source.peek(1).startswith(COPIED[:1])
        yield from copied_of(source) if is_copied else lines_of(TextIOWrapper(source, "utf-8"))


def _told_of(verified: VerifiedExport) -> str:
    since = f"from {_moment(verified.since)}" if verified.since else "from the beginning"
    return (
        f"whole: {verified.records} records {since} to {_moment(verified.until)}, each proven by one of"
        f" {verified.anchors} anchors but for {verified.unanchored} that had none yet"
    )


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _key(file: Path) -> Ed25519PublicKey:
    key = load_pem_public_key(file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise Unreadable(f"{file}: expected an Ed25519 public key")
    return key


if __name__ == "__main__":
    gc.disable()  # nothing here holds itself, and to look for that takes a tenth of the time
    sys.exit(main())

"""The log and its separate verifier: what was changed, cut, swapped or put back is found."""

import hashlib
import os
import random
import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine, update

from deploy import log_verify
from gateway.records import chain
from gateway.records.anchors import Anchors
from gateway.records.log import Log
from gateway.records.stream import Entry
from gateway.records.tables import LOG, METADATA
from tests.postgres import PostgresServer
from tests.shown import command as command_of
from tests.shown import lines, program, shown

AT = 1_790_000_000_000
RECORDS = 60

Kept = tuple[Path, list[log_verify.Anchor]]
"""A log in a file, and its anchors outside."""
Records = list[log_verify.Record]


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, key: Ed25519PrivateKey) -> Kept:
    """A log of two streams, some bodies erased, anchored to its end; and the anchors kept outside."""
    file = tmp_path_factory.mktemp("log") / "records.db"
    engine = create_engine(f"sqlite:///{file}")
    METADATA.create_all(engine)
    outside = []
    for stream in ("a", "b"):
        log, anchors = Log(stream), Anchors(stream, key)
        for number in range(RECORDS // 2):
            with engine.begin() as connection:
                told, subject = {"event": "disclosed", "number": number}, f"person-{number % 5}"
                apart = {**told, "apart": {"viewer": f"person-{number % 3}"}}
                entries = [Entry(body=told, subject=subject), Entry(body=apart, subject=subject)]
                log.append(connection, entries, at=AT + number * 20_000)
        with engine.begin() as connection:
            old = (LOG.c.stream == stream, LOG.c.at < AT + 100_000)
            assert connection.execute(update(LOG).where(*old).values(salt=None, body=None)).rowcount == 10
            told = {"event": "retention.erased", "before": AT + 100_000, "bodies": 10}
            log.append(connection, [Entry(body=told)], at=AT + 700_000)
        with engine.begin() as connection:
            anchor = anchors.due(connection, AT + 800_000)
            assert anchor is not None
            anchors.keep(connection, anchor)
        outside.append(log_verify.Anchor(*(getattr(anchor, name) for name in log_verify.Anchor._fields)))
    engine.dispose()
    return file, outside


def look(file: Path, outside: list[log_verify.Anchor], key: Ed25519PrivateKey) -> log_verify.Verified:
    return log_verify.verify(log_verify.records_of(file), log_verify.anchors_of(file), outside, key.public_key())


def test_a_log_that_nobody_touched_is_whole(whole: Kept, key: Ed25519PrivateKey) -> None:
    assert look(*whole, key) == log_verify.Verified(records=2 * RECORDS + 2, erased=20, anchors=4, streams=2)


def as_read(sealed: chain.Sealed) -> log_verify.Record:
    """A record as the verifier reads it."""
    return log_verify.Record(*(getattr(sealed, name) for name in log_verify.Record._fields))


# --- edits ------------------------------------------------------------------------------------------------------


def flip(records: Records, dice: random.Random) -> Records:
    """One bit of one column of one record is another."""
    place = dice.randrange(len(records))
    record = records[place]
    column = dice.choice([name for name, value in zip(record._fields, record, strict=True) if value is not None])
    changed = _flipped(getattr(record, column), dice)
    return [*records[:place], record._replace(**{column: changed}), *records[place + 1 :]]


def _flipped(value: Any, dice: random.Random) -> Any:
    match value:
        case int():
            return value ^ (1 << dice.randrange(40))
        case str():
            return chr(ord(value[0]) ^ (1 << dice.randrange(4))) + value[1:]
        case _:
            place = dice.randrange(len(value))
            return value[:place] + bytes([value[place] ^ (1 << dice.randrange(8))]) + value[place + 1 :]


def delete(records: Records, dice: random.Random) -> Records:
    place = dice.randrange(len(records))
    return records[:place] + records[place + 1 :]


def swap(records: Records, dice: random.Random) -> Records:
    one, other = dice.sample(range(len(records)), 2)
    edited = list(records)
    edited[one], edited[other] = edited[other], edited[one]
    return edited


def exchange_bodies(records: Records, dice: random.Random) -> Records:
    one, other = dice.sample([place for place, each in enumerate(records) if each.body is not None], 2)
    edited = list(records)
    for place, donor in ((one, other), (other, one)):
        edited[place] = records[place]._replace(body=records[donor].body, salt=records[donor].salt)
    return edited


def duplicate(records: Records, dice: random.Random) -> Records:
    place = dice.randrange(len(records))
    return records[: place + 1] + records[place:]


def truncate(records: Records, dice: random.Random) -> Records:
    return records[: dice.randrange(len(records))]


def drop_a_stream(records: Records, dice: random.Random) -> Records:
    gone = dice.choice(["a", "b"])
    return [each for each in records if each.stream != gone]


def roll_back(records: Records, dice: random.Random) -> Records:
    """A stream is as it was some records ago, and has gone on with other ones since, properly chained."""
    own = [each for each in records if each.stream == "b"]
    since = dice.randrange(1, len(own))
    kept = own[:-since]
    head = kept[-1].hash if kept else chain.START
    forged = chain.seal_all(
        [{"event": "disclosed", "forged": dice.random() < 2}] * since, stream="b", after=len(kept), at=AT, prev=head
    )
    others = [each for each in records if each.stream != "b"]
    return (
        others + kept + [log_verify.Record(*(getattr(f, name) for name in log_verify.Record._fields)) for f in forged]
    )


def erase_a_body(records: Records, dice: random.Random) -> Records:
    """A body younger than any erasure that the log tells of is gone."""
    place = dice.choice([place for place, each in enumerate(records) if each.at >= AT + 100_000])
    return [*records[:place], records[place]._replace(body=None, salt=None), *records[place + 1 :]]


EDITS: list[Callable[[Records, random.Random], Records]] = [
    flip, delete, swap, exchange_bodies, duplicate, truncate, drop_a_stream, roll_back, erase_a_body
]  # fmt: skip
TIMES = 10_000 if os.environ.get("HOKS_PROVE") else 900


@pytest.mark.proves("an edit of the log is found by its verifier")
@pytest.mark.parametrize("number", range(TIMES // 100))
def test_whatever_is_edited_is_found_against_the_last_anchors_from_outside(
    number: int, whole: Kept, key: Ed25519PrivateKey, record_property: Callable[[str, object], None]
) -> None:
    record_property("cases", 100)
    file, outside = whole
    records, inside = list(log_verify.records_of(file)), log_verify.anchors_of(file)
    public, dice = key.public_key(), random.Random(number)
    missed: list[str] = []
    for time_ in range(100):
        edit = EDITS[(number + time_) % len(EDITS)]
        edited = edit(records, dice)
        try:
            log_verify.verify(edited, inside, outside, public)
        except log_verify.Fault:
            continue
        missed.append(edit.__name__)
    assert missed == []


KINDS: dict[type, list[Callable[[Any], Any]]] = {
    str: [str.encode],
    int: [float, str, lambda value: value + 0.5],
    bytes: [bytes.hex, lambda value: value.decode("latin-1"), len],
}


@pytest.mark.parametrize("column", log_verify.Record._fields)
def test_a_value_of_another_kind_is_found_even_where_it_reads_alike(
    column: str, whole: Kept, key: Ed25519PrivateKey
) -> None:
    file, outside = whole
    place, records = 40, list(log_verify.records_of(file))
    value = getattr(records[place], column)
    for other in (None, *(of(value) for of in KINDS[type(value)])):
        changed: Any = records[place]._replace(**{column: other})
        edited = [*records[:place], changed, *records[place + 1 :]]
        with pytest.raises(log_verify.Fault):
            log_verify.verify(edited, log_verify.anchors_of(file), outside, key.public_key())


def told(records: list[log_verify.Record], kept: Kept, key: Ed25519PrivateKey) -> str | log_verify.Verified:
    """What the verifier says of a log: that it is whole, or its first fault."""
    file, outside = kept
    try:
        return log_verify.verify(records, log_verify.anchors_of(file), outside, key.public_key())
    except log_verify.Fault as fault:
        return str(fault)


@pytest.mark.parametrize("column", ["seq", "prev", "hash", None])
def test_a_long_log_that_two_processes_look_through_has_the_same_first_fault(
    column: str | None, whole: Kept, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = list(log_verify.records_of(whole[0]))
    if column is not None:
        for place in (23, 40):
            value = getattr(records[place], column)
            changed: Any = value + 1 if isinstance(value, int) else bytes(32)
            records[place] = records[place]._replace(**{column: changed})
    alone = told(records, whole, key)
    assert isinstance(alone, str) is (column is not None)
    monkeypatch.setattr(log_verify, "PIECE", 4)
    begun = mock.Mock(wraps=ProcessPoolExecutor)
    monkeypatch.setattr(log_verify, "ProcessPoolExecutor", begun)
    assert told(records, whole, key) == alone
    assert begun.call_count == 1


def test_an_anchor_that_was_changed_forged_or_lost_is_found(whole: Kept, key: Ed25519PrivateKey) -> None:
    file, outside = whole
    records, inside = list(log_verify.records_of(file)), log_verify.anchors_of(file)
    dice = random.Random(1)
    for _ in range(200):
        anchor = dice.choice(inside)
        column = dice.choice(anchor._fields)
        changed = anchor._replace(**{column: _flipped(getattr(anchor, column), dice)})
        with pytest.raises(log_verify.Fault):
            log_verify.verify(
                records, [each if each is not anchor else changed for each in inside], outside, key.public_key()
            )
    with pytest.raises(log_verify.Fault, match="has lost it"):
        log_verify.verify(records, inside[1:], outside, key.public_key())
    with pytest.raises(log_verify.Fault, match="signature is wrong"):
        log_verify.verify(records, inside, outside, Ed25519PrivateKey.generate().public_key())


def test_without_anchors_from_outside_a_log_put_back_whole_looks_whole_as_the_verifier_says(
    tmp_path: Path, key: Ed25519PrivateKey, whole: Kept
) -> None:
    public = tmp_path / "anchors.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    told = command(str(whole[0]), "--key", str(public))
    assert told.returncode == 0
    assert told.stdout.splitlines()[1].startswith("no anchors from outside were given")


# --- the command ------------------------------------------------------------------------------------------------


def command(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
    program = Path(log_verify.__file__)
    done = subprocess.run(
        [sys.executable, "-I", str(program), *words], input=given, capture_output=True, check=False, timeout=60
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_program_shares_nothing_with_the_gateway() -> None:
    text = Path(log_verify.__file__).read_text()
    imported = {
        line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_first_fault_is_told_in_one_line_and_by_the_exit_code(
    tmp_path: Path, key: Ed25519PrivateKey, whole: Kept
) -> None:
    public, copy = tmp_path / "anchors.pem", tmp_path / "copy.db"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    copy.write_bytes(whole[0].read_bytes())
    with sqlite3.connect(copy) as database:
        database.execute(
            "UPDATE log SET body = CAST(replace(body, 'disclosed', 'closed') AS BLOB) WHERE stream = 'b' AND seq = 41"
        )
    told = command(str(copy), "--key", str(public))
    assert (told.returncode, told.stdout) == (1, "NOT WHOLE: record b 41: its body was changed\n")
    with sqlite3.connect(copy) as database:
        database.execute("UPDATE log SET at = 'yesterday' WHERE stream = 'a' AND seq = 3")
    told = command(str(copy), "--key", str(public))
    assert (told.returncode, told.stdout) == (1, "NOT WHOLE: record a 3: a column holds a value of another kind\n")
    missing = command(str(tmp_path / "nothing.db"), "--key", str(public))
    assert (missing.returncode, missing.stdout) == (2, "")


def test_records_exported_as_lines_are_verified_alike(tmp_path: Path, key: Ed25519PrivateKey, whole: Kept) -> None:
    file, outside = whole
    public, kept = tmp_path / "anchors.pem", tmp_path / "anchors.jsonl"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    kept.write_text("".join(_line(each) for each in outside))
    exported = [_line(each) for each in log_verify.records_of(file)]
    good = command("-", "--key", str(public), "--anchors", str(kept), given="".join(exported).encode())
    assert good.stdout.startswith("whole: 122 records in 2 streams, 20 of them with their bodies erased, 2 anchors")
    cut = command("-", "--key", str(public), "--anchors", str(kept), given="".join(exported[:-3]).encode())
    assert (cut.returncode, cut.stdout) == (1, "NOT WHOLE: stream b ends at 58, and outside is kept an anchor of 61\n")


def test_a_file_is_verified_by_the_command_of_the_page(tmp_path: Path, key: Ed25519PrivateKey, whole: Kept) -> None:
    public, kept = tmp_path / "anchors.pem", tmp_path / "anchors.jsonl"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    kept.write_text("".join(_line(each) for each in whole[1]))
    places = {"records/records.db": whole[0], "anchors.pub": public, "/mnt/outside/anchors.jsonl": kept}
    good = command(*command_of("docs/records.md", "hoks-log-verify records/records.db", places))
    assert good.stdout.startswith("whole: 122 records in 2 streams")


def copying() -> tuple[str, list[str]]:
    """The question and the verifier's words of the page's command for a PostgreSQL database."""
    (words,) = (
        shlex.split(line) for each in shown("docs/records.md", "") for line in lines(each) if program(line) == "psql"
    )
    piped = words.index("|")
    assert words[piped + 1] == "hoks-log-verify"
    return words[piped - 1], words[piped + 2 :]


def test_records_that_postgresql_copies_out_are_verified_alike(
    postgres: PostgresServer, tmp_path: Path, key: Ed25519PrivateKey, whole: Kept
) -> None:
    file, outside = whole
    public, kept = tmp_path / "anchors.pem", tmp_path / "anchors.jsonl"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    kept.write_text("".join(_line(each) for each in outside))
    columns = ", ".join(log_verify.Record._fields)
    with postgres.database() as database, postgres.connect(database) as connection:
        LOG.create(
            create_engine("postgresql+psycopg://", creator=lambda: postgres.connect(database), poolclass=NullPool)
        )
        with connection.cursor().copy(f"COPY log ({columns}) FROM STDIN") as copy:
            for record in log_verify.records_of(file):
                copy.write_row(record)
        asked, words = copying()
        with connection.cursor().copy(asked) as copy:
            copied = b"".join(copy)
    assert [*log_verify.copied_of(BytesIO(copied))] == [*log_verify.records_of(file)]
    places = {"anchors.pub": str(public), "anchors.jsonl": str(kept)}
    good = command(*(places.get(word, word) for word in words), given=copied)
    assert good.stdout.startswith("whole: 122 records in 2 streams, 20 of them with their bodies erased, 2 anchors")
    for cut in (copied[:-2], b"P"):
        with pytest.raises(log_verify.Unreadable):
            list(log_verify.copied_of(BytesIO(cut)))


def _line(row: log_verify.Record | log_verify.Anchor) -> str:
    return msgspec.json.encode(row._asdict()).decode() + "\n"


RATED = 100_000 if os.environ.get("HOKS_PROVE") else 20_000


def test_records_are_verified_at_a_hundred_thousand_a_second(key: Ed25519PrivateKey) -> None:
    body = {
        "event": "disclosed",
        "subject": "1.2.246.562.98.98000000079",
        "items": ["D1", "D2u", "W1"],
        "role": "staff",
    }
    sealed = chain.seal_all([body] * RATED, stream="a", after=0, at=AT, prev=chain.START)
    records = list(map(as_read, sealed))
    taken = []
    # The best of a few: what else the machine does is not the verifier's time.
    for _ in range(3):
        begun = time.process_time()
        assert log_verify.verify(records, [], [], key.public_key()).records == RATED
        taken.append(time.process_time() - begun)
    assert RATED / min(taken) > 100_000


# --- the chain --------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70), st.data())
def test_a_records_way_to_the_root_proves_that_it_is_there(hashes: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(hashes) - 1))
    assert log_verify.merkle_root(hashes) == chain.merkle_root(hashes)
    proof = chain.inclusion_proof(hashes, place)
    assert len(proof) <= (len(hashes) - 1).bit_length()
    assert _walked(hashes[place], place, len(hashes), proof) == chain.merkle_root(hashes)


def _walked(leaf: bytes, place: int, count: int, proof: tuple[bytes, ...]) -> bytes:
    """The root by RFC 6962 2.1.1, from the leaf upwards."""
    root = hashlib.sha256(b"\x00" + leaf).digest()
    last = count - 1
    steps = list(proof)
    while last:
        if place % 2 or place == last:
            if place % 2:
                root = hashlib.sha256(b"\x01" + steps.pop(0) + root).digest()
        else:
            root = hashlib.sha256(b"\x01" + root + steps.pop(0)).digest()
        place, last = place // 2, last // 2
    assert steps == []
    return root


def test_what_stands_apart_is_bound_by_a_hash_that_tells_nothing_of_it() -> None:
    body = {"event": "disclosed", "apart": {"viewer": "A"}}
    one, other = (chain.seal(body, stream="a", seq=1, at=AT, prev=chain.START, salt=bytes(16)) for _ in "ab")
    assert one.body is not None
    assert chain.opened(one.body)["apart"]["viewer"] == "A"
    assert chain.proven(one.body).startswith(b'{"event":"disclosed"}\n')
    assert len(chain.proven(one.body)) == len(b'{"event":"disclosed"}\n') + 32
    assert one.body_hash != other.body_hash, "the same viewer under the same salt is hashed with a nonce"
    changed = one.body.replace(b'"A"', b'"B"')
    assert hashlib.sha256(bytes(16) + chain.proven(changed)).digest() != one.body_hash


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [{"b": 0.0}]}])
def test_a_float_has_no_one_form_and_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        chain.canonical(body)

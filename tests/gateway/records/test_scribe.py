"""The scribe: a group durable or not at all, none begun too late, in turn with whoever else writes, in either room."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row, select

from gateway.records import dictation, migration, opening, scribe, stream, tables
from gateway.records.chain import START
from gateway.records.dictation import in_process, in_thread
from gateway.records.driver import Driver
from gateway.records.faults import StoreBroken
from gateway.records.gate import Gate
from gateway.records.log import Log
from gateway.records.releases import CONSENT_USE, Disclosure, Release, Told
from gateway.records.scribe import Done, Group, Outcome, Scribe
from gateway.records.store import Store, sqlite
from gateway.records.stream import Entry
from gateway.records.tables import LOG
from tests.gateway.records.test_consents import Clock

PATIENCE_SECONDS = 20.0
RECORDED, FAILED = Outcome.RECORDED, Outcome.FAILED


def disclosed(number: int) -> Disclosure:
    return Disclosure(subject=f"person-{number % 3}", body={"event": "disclosed", "number": number})


def release(number: int) -> Release:
    return Release((Told("nobody", b"%d" % number, (), ()),), number)


def rows(connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(select(LOG).order_by(LOG.c.seq)).all()


# --- one group, with the book and the clock by hand --------------------------------------------------------------


class Crossed(Exception):
    """As PostgreSQL says that two transactions wait for each other."""

    sqlstate = "40P01"


class Book:
    """A book that takes no more than so many releases at once, and so long to begin."""

    def __init__(self, most: int = 100, takes: float = 0.0, fault: type[Exception] = Crossed) -> None:
        self.written: list[int] = []
        self.now = 0.0
        self._most, self._takes, self._fault = most, takes, fault

    @contextmanager
    def transaction(self) -> Iterator[Driver]:
        self.now += self._takes
        written: list[int] = []
        yield _Note(written)
        if len(written) > self._most:
            raise self._fault
        self.written += written

    def close(self) -> None:
        """Nothing."""


class _Note(Driver):
    """Notes which bodies are inserted into the log."""

    def __init__(self, written: list[int]) -> None:
        super().__init__(None, "?")
        self._written = written

    def say(self, statement: str, values: Sequence[object] = ()) -> "_Note":
        if statement.startswith("INSERT INTO log "):
            self._written += [int(str(each, "ascii")) for each in values[7::8] if isinstance(each, bytes)]
        return self

    def fetchone(self) -> None:
        """No record stands before the first."""


def group(*numbers: int, until: float = 10.0) -> Group:
    return Group(tuple(release(number) for number in numbers), until)


def told(book: Book, one: Group) -> tuple[Done, int]:
    begun: list[None] = []
    return Scribe(book, "a", lambda: book.now).record(one, lambda: begun.append(None)), len(begun)


def test_a_group_that_waits_for_another_is_done_release_by_release() -> None:
    book = Book(most=1)
    assert told(book, group(1, 2, 3))[0] == Done((RECORDED,) * 3)
    assert book.written == [1, 2, 3]


def test_where_the_store_fails_otherwise_nothing_is_tried_again() -> None:
    book = Book(most=1, fault=ValueError)
    assert told(book, group(1, 2, 3))[0] == Done((FAILED,) * 3, "ValueError")
    assert book.written == []


@pytest.mark.parametrize(("takes", "is_written"), [(0.0, True), (9.9, True), (10.1, False)])
def test_a_group_is_begun_in_time_or_never_and_one_that_is_begun_is_said_to_be(takes: float, is_written: bool) -> None:
    book = Book(takes=takes)
    done, said = told(book, group(1))
    assert (book.written == [1]) == is_written
    assert done == (Done((RECORDED,)) if is_written else Done((FAILED,), "no turn in time"))
    assert said == is_written


def test_what_is_said_to_the_driver_names_the_columns_of_the_tables() -> None:
    for named, table in ((stream.LOG, LOG), (stream.SUBJECT, tables.SUBJECT), (CONSENT_USE, tables.CONSENT_USE)):
        assert named.table == table.name
        assert named.names == tuple(table.columns.keys())


def test_a_process_of_its_own_loads_no_more_than_it_needs() -> None:
    program = "import sys, gateway.records.scribe; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {each.partition(".")[0] for each in loaded} & {"sqlalchemy", "psycopg", "asyncio", "starlette"} == set()
    assert {each for each in loaded if each.startswith("gateway")} == {
        "gateway", "gateway.clock", "gateway.records",
        *(f"gateway.records.{each}" for each in
          ("chain", "driver", "faults", "files", "opening", "releases", "scribe", "stream")),
    }  # fmt: skip


# --- real stores, in either room ---------------------------------------------------------------------------------


@pytest.fixture(params=[in_thread, in_process])
async def gate(store: Store, request: pytest.FixtureRequest) -> AsyncIterator[Gate]:
    store._scribe = request.param
    gate = Gate(store, Log("a"), Clock())
    await gate.start()
    yield gate
    await store.aclose()


async def test_what_the_scribe_and_the_store_append_at_the_same_time_is_one_chain_without_gap(
    gate: Gate, store: Store
) -> None:
    def appended(number: int) -> Callable[[Connection], object]:
        return lambda connection: Log("a").append(connection, [Entry(body={"number": number})], at=number)

    for turn in range(20):
        await asyncio.gather(
            *(gate.release([disclosed(turn * 20 + each), disclosed(1000)]) for each in range(15)),
            *(store.write(appended(turn * 20 + each)) for each in range(15, 20)),
        )
    records = await store.read(rows)
    assert [row.seq for row in records] == [*range(1, 20 * 35 + 1)]
    assert records[0].prev == START
    for before, after in itertools.pairwise(records):
        assert after.prev == before.hash


@pytest.mark.usefixtures("as_in_service")
@pytest.mark.parametrize("gate", [in_thread], indirect=True)
async def test_a_record_that_takes_long_to_become_durable_is_waited_for(
    gate: Gate, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (scribe.InFile, scribe.OnServer):
        monkeypatch.setattr(kind, "transaction", slow(kind.transaction))
    await gate.release([disclosed(1)])
    assert len(await store.read(rows)) == 1


def slow(transaction: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A transaction that becomes durable only after everybody's patience is over."""

    @contextmanager
    def slowly(book: Any) -> Iterator[Driver]:
        with transaction(book) as driver:
            yield driver
            time.sleep(2 * opening.PATIENCE_SECONDS)

    return slowly


async def test_a_group_larger_than_a_line_holds_at_once_arrives_whole(gate: Gate, store: Store) -> None:
    large = Disclosure(subject="nobody", body=b'{"event":"' + b"x" * 20_000 + b'"}')
    await asyncio.gather(*(gate.release([large]) for _ in range(128)))
    assert {bytes(row.body) for row in await store.read(rows)} == {large.body}


@pytest.mark.parametrize("gate", [in_process], indirect=True)
async def test_a_scribe_that_is_killed_at_any_moment_is_replaced_and_nothing_left_that_is_not_recorded(
    gate: Gate, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictation, "AGAIN_SECONDS", 0.0)
    released: set[int] = set()
    numbers = itertools.count()
    is_over = False

    async def one() -> None:
        while not is_over:
            number = next(numbers)
            try:
                await gate.release([disclosed(number)])
            except StoreBroken:
                continue
            released.add(number)

    async def more(number: int) -> None:
        until = len(released) + number
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(released) < until:  # noqa: ASYNC110 - many tell, and none of them knows that it is the last
                await asyncio.sleep(0.002)

    asking = [asyncio.create_task(one()) for _ in range(4)]
    for turn in range(6):
        await more(20)
        await asyncio.sleep(0.0007 * turn)
        os.kill(pid_of(gate), signal.SIGKILL)
    await more(20)
    is_over = True
    await asyncio.gather(*asking)
    records = await store.read(rows)
    assert [row.seq for row in records] == [*range(1, len(records) + 1)]
    written = {json.loads(row.body)["number"] for row in records}
    assert released - written == set()
    assert len(released) > 100


def pid_of(gate: Gate) -> int:
    hand = gate._dictation._hand
    assert isinstance(hand, dictation._Process)
    return hand._process.pid


async def test_a_process_of_its_own_is_stopped_by_its_line_alone_and_shows_no_secret(tmp_path: Path) -> None:
    store = sqlite(tmp_path / "records.db", scribe=in_process)
    await store.write(migration.upgrade)
    gate = Gate(store, Log("a"), Clock())
    await gate.start()
    pid = pid_of(gate)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, each)
    await gate.release([disclosed(1)])
    assert str(tmp_path) not in arguments_of(pid)
    await store.aclose()
    assert not runs(pid)


async def test_a_process_of_its_own_ends_when_whoever_dictates_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from gateway.records import migration
from gateway.records.dictation import in_process
from gateway.records.gate import Gate
from gateway.records.log import Log
from gateway.records.store import sqlite
from gateway.clock import SystemClock

async def main():
    store = sqlite(Path({str(tmp_path / "records.db")!r}), scribe=in_process)
    await store.write(migration.upgrade)
    gate = Gate(store, Log("a"), SystemClock())
    await gate.start()
    print(gate._dictation._hand._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    dictates = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert dictates.stdout is not None
    pid = int(await dictates.stdout.readline())
    dictates.kill()
    await dictates.wait()
    async with asyncio.timeout(20):
        while runs(pid):  # noqa: ASYNC110 - a process of somebody else's tells nobody
            await asyncio.sleep(0.02)


def arguments_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def runs(pid: int) -> bool:
    """One that has ended may still stand in the table, where nobody waits for it."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_the_line_takes_the_head_apart_as_it_was_put_together() -> None:
    framed = scribe.framed(Done((RECORDED,), None))
    assert scribe.length_of(framed[: scribe.HEAD_BYTES]) == len(framed) - scribe.HEAD_BYTES

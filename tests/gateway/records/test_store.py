"""The store: durable when told so, one writer for everybody, and nothing half done; on both databases."""

import asyncio
import fcntl
import itertools
import stat
import threading
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import Connection, event, func, select, text

from deploy import log_verify
from gateway.records import chain, migration
from gateway.records.faults import StoreBroken
from gateway.records.log import Log, bodies_of
from gateway.records.store import Job, Store, sqlite
from gateway.records.stream import Entry
from gateway.records.tables import LOG
from tests.patience import PATIENCE_SECONDS


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(LOG)).scalar_one()


def appended(number: int, at: int | None = None) -> Job[object]:
    """The job that appends a record of that number to stream ``a``."""
    return lambda connection: Log("a").append(connection, [entry(number)], at=number if at is None else at)


def entry(number: int) -> Entry:
    return Entry(body={"event": "disclosed", "number": number}, subject=f"person-{number % 3}")


async def test_records_appended_at_once_by_many_are_one_chain_without_gap(store: Store) -> None:
    await asyncio.gather(*(store.write(appended(n)) for n in range(300)))
    rows = await store.read(lambda connection: connection.execute(select(LOG).order_by(LOG.c.seq)).all())
    assert [row.seq for row in rows] == list(range(1, 301))
    prev = chain.START
    for row in rows:
        assert row.prev == prev
        prev = row.hash


async def test_more_records_than_one_statement_takes_stand_in_order_each_found_by_its_person(store: Store) -> None:
    await store.write(lambda connection: Log("a").append(connection, [entry(n) for n in range(70)], at=1))
    rows = await store.read(lambda connection: connection.execute(select(LOG.c.body).order_by(LOG.c.seq)).all())
    assert [chain.opened(row.body)["number"] for row in rows] == list(range(70))
    theirs = await store.read(lambda connection: bodies_of(connection, "person-1"))
    assert [each["number"] for each in theirs] == list(range(1, 70, 3))


async def test_what_comes_in_one_turn_of_the_loop_is_one_transaction(store: Store) -> None:
    begun: list[object] = []
    event.listen(store.engine, "begin", begun.append)
    await asyncio.gather(*(store.write(appended(number)) for number in range(50)))
    assert len(begun) == 1


async def test_what_a_job_raises_undoes_that_job_alone(store: Store) -> None:

    def refuse(connection: Connection) -> NoReturn:
        Log("a").append(connection, [entry(1)], at=1)
        raise ValueError("the consent was withdrawn")

    results = await asyncio.gather(
        store.write(appended(0)),
        store.write(refuse),
        store.write(appended(2)),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert await store.read(lambda connection: [each["number"] for each in bodies_of(connection, "person-2")]) == [2]
    assert await store.read(count) == 2


async def test_what_a_job_raises_that_is_alone_in_its_transaction_undoes_it_too(store: Store) -> None:
    def refuse(connection: Connection) -> NoReturn:
        Log("a").append(connection, [entry(1)], at=1)
        raise ValueError("the consent was withdrawn")

    with pytest.raises(ValueError, match="withdrawn"):
        await store.write(refuse)
    assert await store.read(count) == 0
    await store.write(appended(1))
    assert await store.read(count) == 1


async def test_where_the_database_refuses_everybody_in_the_group_is_told_and_nothing_is_written(store: Store) -> None:
    results = await asyncio.gather(
        store.write(appended(0)),
        store.write(lambda connection: connection.execute(text("INSERT INTO nowhere VALUES (1)"))),
        return_exceptions=True,
    )
    assert isinstance(results[1], StoreBroken)
    written = [each for each in results if not isinstance(each, BaseException)]
    assert await store.read(count) == len(written)


async def test_a_caller_that_gives_up_neither_stops_nor_doubles_the_write(store: Store) -> None:
    writing = asyncio.create_task(store.write(appended(0)))
    await asyncio.sleep(0)
    writing.cancel()
    await store.write(appended(1))
    assert await store.read(count) == 2


async def test_a_table_that_is_gone_is_a_broken_store_and_no_answer(bare: Store) -> None:
    with pytest.raises(StoreBroken):
        await bare.read(count)
    with pytest.raises(StoreBroken):
        await bare.write(count)
    with pytest.raises(StoreBroken, match=r"^(OperationalError SQLITE_ERROR|ProgrammingError 42P01)$"):
        await bare.write(appended(0))


@pytest.mark.usefixtures("as_in_service")
async def test_groups_of_two_instances_that_wait_for_each_other_are_done_job_by_job(store: Store, other: Store) -> None:
    await store.write(lambda connection: connection.exec_driver_sql("CREATE TABLE pair (id INTEGER, n INTEGER)"))
    await store.write(lambda connection: connection.exec_driver_sql("INSERT INTO pair VALUES (1, 0), (2, 0)"))

    def raised(which: int, after: float) -> Job[object]:
        def job(connection: Connection) -> None:
            time.sleep(after)
            connection.exec_driver_sql(f"UPDATE pair SET n = n + 1 WHERE id = {which}")

        return job

    def together(store: Store, *jobs: Job[object]) -> list[Awaitable[object]]:
        """What comes while the writer is busy goes into one transaction."""
        return [store.write(lambda _: time.sleep(0.1)), *(store.write(job) for job in jobs)]

    await asyncio.gather(
        *together(store, raised(1, 0.0), raised(2, 0.3)), *together(other, raised(2, 0.0), raised(1, 0.3))
    )
    found = await store.read(lambda connection: connection.exec_driver_sql("SELECT n FROM pair").scalars().all())
    assert found == [2, 2]


@pytest.mark.usefixtures("as_in_service")
async def test_a_writer_that_gets_on_however_slowly_is_waited_for(store: Store) -> None:
    slow = [store.write(lambda _: time.sleep(0.1)) for _ in range(8)]
    begun = time.monotonic()
    await asyncio.gather(*slow, store.write(appended(0)))
    assert time.monotonic() - begun > PATIENCE_SECONDS
    assert await store.read(count) == 1


# --- SQLite alone -----------------------------------------------------------------------------------------------


async def test_the_file_is_the_owners_alone_and_written_with_full_care(tmp_path: Path) -> None:
    file = tmp_path / "records" / "records.db"
    store = sqlite(file)
    await store.write(migration.upgrade)
    settings = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}
    told = await store.write(
        lambda connection: {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in settings}
    )
    assert told == settings
    for each in file.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) & 0o077 == 0, each.name
    await store.aclose()


async def test_the_file_is_made_when_it_is_first_used_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "records.db"
    store = sqlite(file)
    assert not file.parent.exists()
    await store.write(migration.upgrade)
    await store.aclose()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_file_that_others_came_to_read_meanwhile_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    store = sqlite(file)
    file.touch(mode=0o644)
    file.chmod(0o644)
    with pytest.raises(StoreBroken, match="PermissionError EPERM"):
        await store.write(migration.upgrade)
    await store.aclose()


async def test_of_those_who_open_a_new_file_at_the_same_moment_none_is_refused(tmp_path: Path) -> None:
    def opens(store: Store, moment: threading.Barrier) -> None:
        moment.wait()
        store.engine.connect().close()

    with ThreadPoolExecutor(5) as threads:
        for number in range(120):
            moment = threading.Barrier(5)
            stores = [sqlite(tmp_path / f"{number}.db") for _ in range(5)]
            at_once = [asyncio.wrap_future(threads.submit(opens, store, moment)) for store in stores]
            await asyncio.gather(*at_once)
            for store in stores:
                await store.aclose()


@pytest.mark.usefixtures("as_in_service")
async def test_who_gave_up_waiting_for_a_turn_left_nothing_to_be_written(tmp_path: Path) -> None:
    store = sqlite(tmp_path / "records.db")
    await store.write(migration.upgrade)
    with (tmp_path / "records.db.lock").open("r+") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        begun = asyncio.get_running_loop().time()
        for outcome in await asyncio.gather(*(store.write(appended(n)) for n in range(3)), return_exceptions=True):
            assert isinstance(outcome, StoreBroken)
        assert asyncio.get_running_loop().time() - begun < 2 * PATIENCE_SECONDS
        assert not await store.is_writable()
    await store.write(appended(3))
    assert await store.read(count) == 1
    await store.aclose()


async def test_a_file_that_was_replaced_while_it_was_open_is_not_written_to_any_more(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    store = sqlite(file)
    await store.write(migration.upgrade)
    await store.write(appended(0))
    file.rename(tmp_path / "aside")
    file.write_bytes((tmp_path / "aside").read_bytes())
    with pytest.raises(StoreBroken, match="FileNotFoundError"):
        await store.write(appended(1))
    (tmp_path / "aside").rename(file)
    await store.write(appended(2))
    await store.aclose()
    # SQLite takes its log away with its last connection, and whoever opens the store next makes another.
    again = sqlite(file)
    await again.write(appended(3))
    await again.aclose()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "records.db"
    file.touch(0o644)
    file.chmod(0o644)
    with pytest.raises(StoreBroken, match="0600"):
        sqlite(file)


async def test_two_stores_on_one_file_take_turns_and_keep_one_chain(tmp_path: Path) -> None:
    one, other = sqlite(tmp_path / "records.db"), sqlite(tmp_path / "records.db")
    await one.write(migration.upgrade)
    await asyncio.gather(*(store.write(appended(n)) for n in range(100) for store in (one, other)))
    await one.aclose()
    await other.aclose()
    records = list(log_verify.records_of(tmp_path / "records.db"))
    assert [record.seq for record in records] == list(range(1, 201))
    for before, record in itertools.pairwise(records):
        assert record.prev == before.hash

"""The tables: what the migrations make is what the code means, on both databases, and a filled store survives."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from gateway.records import migration
from gateway.records.log import Log
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import LOG, METADATA


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


async def test_migrated_tables_are_the_tables_of_the_code(store: Store) -> None:
    assert await store.read(differences) == []
    assert await store.read(migration.is_current)


def test_the_latest_revision_is_alembics_only_head() -> None:
    scripts = Path(migration.__file__).with_name("migrations")
    assert ScriptDirectory(str(scripts)).get_heads() == [migration.latest()]


async def test_a_store_without_tables_is_not_current(bare: Store) -> None:
    assert not await bare.read(migration.is_current)


async def test_migrating_again_keeps_what_is_there(store: Store) -> None:
    await store.write(lambda connection: Log("a").append(connection, [Entry(body={"event": "disclosed"})], at=1))
    await store.write(migration.upgrade)
    assert len(await store.read(lambda connection: connection.execute(select(LOG)).all())) == 1


async def test_down_and_up_again_leaves_empty_tables_of_the_same_form(store: Store) -> None:
    await store.write(lambda connection: Log("a").append(connection, [Entry(body={"event": "disclosed"})], at=1))
    await store.write(lambda connection: migration.downgrade(connection, "base"))
    assert await store.read(lambda connection: set(inspect(connection).get_table_names())) <= {"alembic_version"}
    await store.write(migration.upgrade)
    assert await store.read(differences) == []
    assert await store.read(lambda connection: connection.execute(select(LOG)).all()) == []

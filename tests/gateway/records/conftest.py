"""Every store that there is: a file of SQLite, and a database of a real PostgreSQL server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.postgres import PostgresServer

from gateway.records import migration
from gateway.records.store import Store, postgresql, sqlite


@pytest.fixture(params=["sqlite", "postgresql"])
async def bare(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store without tables."""
    if request.param == "sqlite":
        store = sqlite(tmp_path / "records.db")
        yield store
        await store.aclose()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as name:
        url = make_url(server.address(name)).set(drivername="postgresql+psycopg", password=server.password)
        store = postgresql(url)
        yield store
        await store.aclose()


@pytest.fixture
async def store(bare: Store) -> Store:
    """A store with its tables."""
    await bare.write(migration.upgrade)
    return bare

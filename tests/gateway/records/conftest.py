"""Every store that there is: a file of SQLite, and a database of a real PostgreSQL server."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from gateway.records import migration
from gateway.records.store import Store, postgresql, sqlite
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    """Opens a store on one database, as often as it is asked: as several workers or instances do."""
    stores: list[Store] = []
    with ExitStack() as stack:
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres")
            address = make_url(server.address(stack.enter_context(server.database())))
            url = address.set(drivername="postgresql+psycopg", password=server.password)

        def another() -> Store:
            stores.append(sqlite(tmp_path / "records.db") if request.param == "sqlite" else postgresql(url))
            return stores[-1]

        yield another
        for each in stores:
            await each.aclose()


@pytest.fixture
def bare(opened: Callable[[], Store]) -> Store:
    """A store without tables."""
    return opened()


@pytest.fixture
async def store(bare: Store) -> Store:
    """A store with its tables."""
    await bare.write(migration.upgrade)
    return bare


@pytest.fixture
async def other(store: Store, opened: Callable[[], Store]) -> Store:
    """The same database, as another worker or instance has it."""
    return opened()

"""Every way in which the store fails under a running gateway: nothing leaves, nothing is lost, and it comes back.

What is broken is real: files on disk and a PostgreSQL server, with the gateway's own connections to them.
"""

import fcntl
import logging
import os
import re
import resource
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import sql
from psycopg.rows import tuple_row

from deploy import log_verify
from gateway.cli import main
from gateway.records import chain
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import World
from tests.postgres import PostgresServer
from tests.schedule import waited_by_all
from tests.stories.conftest import Gateway, running

pytestmark = pytest.mark.usefixtures("as_in_service")

ELIAS = "1.2.246.562.98.98000000079"
QUERY = f'{{ student(oid: "{ELIAS}") {{ name hoksit {{ studyRightOid firstApprovedOn }} }} }}'
REQUEST_SECONDS = 1.5
REFUSED_SECONDS = 1.0
"""Within which a refusal comes (R10b), apart from the time in which the machine was busy with something else."""

REFUSALS = 3 if os.environ.get("HOKS_PROVE") == "1" else 1

Fault = Callable[[Any], AbstractContextManager[None]]


def shorter(settings: str) -> str:
    return settings.replace("request_seconds = 5.0", f"request_seconds = {REQUEST_SECONDS}")


async def answered(gateway: Gateway) -> int:
    """An answer; how many records it must have left."""
    response = await gateway.post("staff-a", QUERY)
    assert response.status_code == 200, response.text
    student = response.json()["data"]["student"]
    assert student["name"] and len(student["hoksit"]) == 2
    return 1 + len(student["hoksit"])


async def refused(gateway: Gateway, within: float = REFUSED_SECONDS) -> None:
    """Nothing but a stable code, and not ready, though alive."""
    begun, kept = time.perf_counter(), waited_by_all()
    response = await gateway.post("staff-a", QUERY)
    took = time.perf_counter() - begun - (waited_by_all() - kept)
    assert took < within
    assert response.status_code == 503
    told = response.json()
    assert set(told) == {"errors"}
    assert told["errors"] == [
        {"message": "the gateway cannot answer now: try again later", "extensions": {"code": "UNAVAILABLE"}}
    ]
    assert (await gateway.get("/ready")).status_code == 503
    assert (await gateway.get("/health")).status_code == 200


async def played(
    gateway: Gateway, fault: AbstractContextManager[None], caplog: pytest.LogCaptureFixture, within: float
) -> int:
    """An answer, refusals while the fault lasts, answers again; how many records were released."""
    caplog.set_level(logging.DEBUG, logger="gateway")
    expected = await answered(gateway)
    with fault:
        for _ in range(REFUSALS):
            await refused(gateway, within)
    expected += await answered(gateway)
    assert (await gateway.get("/ready")).status_code == 200
    # The writer says so when it has told those who wait, and they need not wait for that.
    until(lambda: any("the records can be written again" in line for line in caplog.messages))
    assert sum("the records cannot be written" in line for line in caplog.messages) == 1
    assert sum("the records can be written again" in line for line in caplog.messages) == 1
    for line in caplog.messages:
        assert not re.search(r"1\.2\.246|Elias|INSERT|SELECT|disclosed", line), line
    return expected


def whole(records: list[log_verify.Record], expected: int) -> None:
    """The log is whole, and holds what was released, once."""
    key = Ed25519PublicKey.from_public_bytes(bytes(32))
    assert log_verify.verify(records, [], [], key).records == len(records)
    bodies = [chain.opened(each.body or b"{}") for each in records]
    told = Counter((body["apart"]["request"], body["plan"]) for body in bodies if body["event"] == "disclosed")
    assert set(told.values()) == {1}
    # What was written though its answer did not leave may be more, never less.
    assert len(told) >= expected


# --- a file -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def on_file(tmp_path: Path, world: World) -> AsyncIterator[Gateway]:
    async with running(tmp_path / "sandbox", world, shorter) as gateway:
        yield gateway


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "sandbox" / "records" / "records.db"


@contextmanager
def full(store: Path) -> Iterator[None]:
    """No file may grow beyond what the write-ahead log has: writing fails, in the middle of a page."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = store.with_name(store.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 2_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Another process is writing, and does not end."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def turn_taken(store: Path) -> Iterator[None]:
    """Another worker has its turn, and does not end."""
    with store.with_name(store.name + ".lock").open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def gone(store: Path) -> Iterator[None]:
    """The folder was moved away; an empty one stands in its place."""
    aside = store.parent.with_name("aside")
    store.parent.rename(aside)
    store.parent.mkdir()
    yield
    shutil.rmtree(store.parent)
    aside.rename(store.parent)


@contextmanager
def without_its_log(store: Path) -> Iterator[None]:
    """The write-ahead log alone was deleted: what is committed would be found by nobody."""
    log = store.with_name(store.name + "-wal")
    aside = log.with_name("aside")
    log.rename(aside)
    yield
    aside.rename(log)


@contextmanager
def replaced(store: Path) -> Iterator[None]:
    """A copy of yesterday stands in the file's place."""
    aside = store.with_name("aside")
    store.rename(aside)
    shutil.copy(aside, store)
    yield
    aside.rename(store)


@contextmanager
def read_only(store: Path) -> Iterator[None]:
    """A trigger stands for a medium that cannot be written: to root, every file can."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'read-only'); END")
        yield
        other.execute("DROP TRIGGER no")


@contextmanager
def corrupt(store: Path) -> Iterator[None]:
    """Every page but the first is full of noise, and so is what the write-ahead log had of them."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.execute("PRAGMA user_version = 2")
    good = store.read_bytes()
    with store.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (len(good) - 4096))
    yield
    with store.open("r+b") as file:
        file.write(good)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("PRAGMA user_version = 2")


@pytest.mark.parametrize("fault", [full, locked, turn_taken, gone, without_its_log, replaced, read_only, corrupt])
async def test_while_the_file_fails_nothing_leaves_and_then_nothing_is_missing(
    on_file: Gateway, store: Path, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    expected = await played(on_file, fault(store), caplog, within=REFUSED_SECONDS)
    whole(list(log_verify.records_of(store)), expected)


# --- a server ---------------------------------------------------------------------------------------------------


class Database:
    """The records' database of one gateway, and who can break it."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name
        self.role = f"gateway_{name}"

    def do(self, *statements: str) -> list[Any]:
        """As the owner of the server; the rows of the last statement."""
        with self.server.connect(self.name, row_factory=tuple_row) as admin:
            for statement in statements:
                found = admin.execute(sql.SQL(statement))
            return found.fetchall() if found.description else []

    def backends(self) -> list[int]:
        return [row[0] for row in self.do(f"SELECT pid FROM pg_stat_activity WHERE usename = '{self.role}'")]

    def cut(self) -> None:
        """End every connection of the gateway, and wait until they are ended."""
        self.do(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{self.role}'")

    def records(self) -> list[log_verify.Record]:
        rows = self.do("SELECT stream, seq, at, prev, body_hash, hash, salt, body FROM log ORDER BY stream, seq")
        return [log_verify.Record(*row) for row in rows]


@pytest.fixture
def database_(postgres: PostgresServer) -> Iterator[Database]:
    with postgres.database() as name:
        database = Database(postgres, name)
        database.do(f"CREATE ROLE {database.role} LOGIN SUPERUSER PASSWORD '{postgres.password}'")
        yield database
        database.cut()
        database.do(f"REASSIGN OWNED BY {database.role} TO postgres", f"DROP ROLE {database.role}")


def in_database(database: Database, folder: Path) -> Callable[[str], str]:
    """Settings with the records in the database."""
    url = database.server.address(database.name, database.role).replace("postgresql:", "postgresql+psycopg:")
    password = folder / "password"
    password.write_text(database.server.password)
    password.chmod(0o600)
    records = f'database = "{url}"\npassword_file = "{password}"'
    return lambda settings: shorter(re.sub(r"(?m)^store_path = .*$", lambda _: records, settings))


@pytest.fixture
async def on_server(tmp_path: Path, world: World, database_: Database) -> AsyncIterator[Gateway]:
    async with running(tmp_path / "sandbox", world, in_database(database_, tmp_path)) as gateway:
        yield gateway


@contextmanager
def stopped(database: Database) -> Iterator[None]:
    """The server is down."""
    database.server.stop()
    yield
    database.server.start()


@contextmanager
def failed_over(database: Database) -> Iterator[None]:
    """What was the primary takes no writes any more, with every connection as it was."""
    database.do("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    until(lambda: database.do("SHOW default_transaction_read_only") == [("on",)])
    yield
    database.do("SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()")  # fmt: skip
    until(lambda: database.do("SHOW default_transaction_read_only") == [("off",)])


@contextmanager
def table_locked(database: Database) -> Iterator[None]:
    """Somebody works on the log's table and does not end."""
    with database.server.connect(database.name) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE log IN EXCLUSIVE MODE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def password_changed(database: Database) -> Iterator[None]:
    database.do(f"ALTER ROLE {database.role} PASSWORD 'another'")
    database.cut()
    yield
    database.do(f"ALTER ROLE {database.role} PASSWORD '{database.server.password}'")


@contextmanager
def rights_taken(database: Database) -> Iterator[None]:
    database.do(f"ALTER ROLE {database.role} NOSUPERUSER", "ALTER TABLE log OWNER TO postgres")
    yield
    database.do(f"ALTER ROLE {database.role} SUPERUSER")


@contextmanager
def silent(database: Database) -> Iterator[None]:
    """The server's processes for the gateway stand still, with their connections open."""
    stopped = database.backends()
    for each in stopped:
        os.kill(each, signal.SIGSTOP)
    yield
    for each in stopped:
        os.kill(each, signal.SIGCONT)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("fault", [stopped, failed_over, table_locked, password_changed, rights_taken, silent])
async def test_while_the_server_fails_nothing_leaves_and_then_nothing_is_missing(
    on_server: Gateway, database_: Database, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    # A server that says nothing at all is waited for until the request's own end.
    within = REFUSED_SECONDS if fault is not silent else REQUEST_SECONDS + REFUSED_SECONDS
    expected = await played(on_server, fault(database_), caplog, within)
    whole(database_.records(), expected)


@pytest.mark.parametrize("cut", ["connections", "server"])
async def test_a_server_that_goes_and_comes_back_in_the_middle_of_a_request_costs_at_most_that_request(
    on_server: Gateway, database_: Database, cut: str
) -> None:
    expected = await answered(on_server)
    done: list[str] = []

    def now(_: httpx.Request) -> None:
        if not done:
            done.append(cut)
            if cut == "connections":
                database_.cut()
            else:
                database_.server.stop()
                database_.server.start()

    on_server.later(3600)
    on_server.loopback.faults["eHOKS"] = now
    response = await on_server.post("staff-a", QUERY)
    assert done == [cut]
    assert response.status_code in (200, 503)
    if response.status_code == 200:
        expected += 1 + len(response.json()["data"]["student"]["hoksit"])
    expected += await answered(on_server)
    whole(database_.records(), expected)


# --- at the start -----------------------------------------------------------------------------------------------


def laid_out(folder: Path, world: World, settled: Callable[[str], str] = str) -> Path:
    lay_out(folder, world)
    config = folder / "gateway.toml"
    config.write_text(settled(settings_text(8080, folder)))
    return config


def refused_to_start(config: Path, printed: pytest.CaptureFixture[str]) -> str:
    """The one line with which it does."""
    assert main(["serve", "--config", str(config)]) == 2
    last = printed.readouterr().err.splitlines()[-1]
    assert last.startswith(f"hoks-gateway: {config}: ")
    return last


def noise(store: Path) -> None:
    store.write_bytes(b"\xa5" * 8192)


def half(store: Path) -> None:
    with closing(sqlite3.connect(store)) as other:
        other.execute("CREATE TABLE more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 9999)"
                      " SELECT i FROM n")  # fmt: skip
    with store.open("r+b") as file:
        file.truncate(store.stat().st_size // 2)


def of_a_later_version(store: Path) -> None:
    with closing(sqlite3.connect(store)) as other:
        other.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        other.execute("INSERT INTO alembic_version VALUES ('9999')")
        other.commit()


@pytest.mark.parametrize(
    ("broken", "told"), [(noise, "NOTADB"), (half, "CORRUPT"), (of_a_later_version, "later version")]
)
def test_a_file_that_is_no_store_is_refused_at_the_start_in_one_line(
    tmp_path: Path, world: World, broken: Callable[[Path], None], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = laid_out(tmp_path / "sandbox", world)
    store = tmp_path / "sandbox" / "records" / "records.db"
    store.parent.mkdir(exist_ok=True)
    store.touch(0o600)
    broken(store)
    before = store.read_bytes()
    assert told in refused_to_start(config, capsys)
    assert store.read_bytes()[4096:] == before[4096:]


@pytest.mark.parametrize("fault", [stopped, password_changed])
def test_a_server_that_is_not_there_or_refuses_us_is_told_at_the_start_in_one_line(
    tmp_path: Path, world: World, database_: Database, fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    config = laid_out(tmp_path / "sandbox", world, in_database(database_, tmp_path))
    with fault(database_):
        line = refused_to_start(config, capsys)
    assert database_.server.password not in line
    assert database_.role not in line

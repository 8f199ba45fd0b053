"""The roles of a PostgreSQL database: the gateway's own can add to the log and cannot change it, whatever it tries."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import Connection, make_url
from sqlalchemy.engine import URL

from gateway.cli import main
from gateway.records import migration, roles
from gateway.records.consents import Consents
from gateway.records.faults import StoreBroken
from gateway.records.gate import Gate, GroundChanged
from gateway.records.log import Log, bodies_of
from gateway.records.releases import Disclosure
from gateway.records.retention import Erased, Kept, Retention
from gateway.records.roles import RoleRefused
from gateway.records.shares import Shares
from gateway.records.store import Store, postgresql
from gateway.records.stream import Entry
from gateway.records.tables import METADATA
from hoks.identifiers import PersonOid
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import build_world
from tests.gateway.records.test_consents import AINO, EERO, WISH, Clock
from tests.gateway.records.test_shares import BAKER, LINK
from tests.postgres import PostgresServer
from tests.shown import command

Opened = Callable[[str], Store]


@pytest.fixture
def names(postgres: PostgresServer) -> Iterator[dict[str, str]]:
    """Roles that exist for one test: the owner of the tables, the gateway's, the one that erases, and a stranger."""
    made = {kind: f"{kind} {secrets.token_hex(4)}" for kind in ("owner", "gateway", "erasure", "stranger")}
    with postgres.connect("postgres") as admin:
        for name in made.values():
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(postgres.password))
            )
        yield made
        for name in made.values():
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
async def opened(names: dict[str, str], postgres: PostgresServer) -> AsyncIterator[Opened]:
    """Opens the one database as one of the roles; it belongs to the owner."""
    stores: list[Store] = []
    with postgres.database() as database:
        with postgres.connect(database) as admin:
            owner = sql.Identifier(names["owner"])
            admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), owner))

        def as_role(kind: str) -> Store:
            stores.append(postgresql(url(postgres, database, names[kind])))
            return stores[-1]

        yield as_role
        for store in stores:
            await store.aclose()


def url(postgres: PostgresServer, database: str, role: str) -> URL:
    return make_url(postgres.address(database, "someone")).set(
        drivername="postgresql+psycopg", username=role, password=postgres.password
    )


@pytest.fixture
async def prepared(opened: Opened, names: dict[str, str]) -> Opened:
    """The database after the owner's preparation."""
    await opened("owner").write(lambda connection: roles.prepare(connection, names["gateway"], names["erasure"]))
    return opened


def statement(text: str) -> Callable[[Connection], object]:
    return lambda connection: connection.exec_driver_sql(text).rowcount


FORBIDDEN = (
    "UPDATE log SET at = at",
    "UPDATE log SET body = NULL, salt = NULL",
    "UPDATE log SET hash = prev WHERE false",
    "DELETE FROM log",
    "TRUNCATE log",
    "DROP TABLE log",
    "ALTER TABLE log ADD COLUMN more INTEGER",
    "DELETE FROM log_subject",
    "UPDATE log_subject SET subject = subject",
    "DELETE FROM anchor",
    "UPDATE anchor SET signature = signature",
    "DELETE FROM consent",
    "UPDATE consent SET items = items",
    "UPDATE consent SET \"end\" = \"end\"",
    "DELETE FROM consent_use",
    "UPDATE consent_use SET at = at",
    "UPDATE alembic_version SET version_num = version_num",
    "CREATE TABLE public.more (id INTEGER)",
    "CREATE FUNCTION public.more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
)  # fmt: skip


async def test_everything_the_gateway_does_works_with_its_own_role(prepared: Opened) -> None:
    store, log, clock = prepared("gateway"), Log("a"), Clock()
    await store.write(migration.upgrade)
    assert await store.read(migration.is_current)
    consents, gate = Consents(store, log, clock), Gate(store, log, clock)
    given = await consents.give(WISH)
    told = Disclosure(subject=AINO, body={"event": "disclosed"}, consents=frozenset({given.id}))
    await gate.release([told])
    assert (await consents.withdraw(given.id, [AINO])) is not None
    with pytest.raises(GroundChanged):
        await gate.release([told])
    events = [each["event"] for each in await store.read(lambda connection: bodies_of(connection, AINO))]
    assert events == ["consent.given", "disclosed", "consent.withdrawn"]
    # Who may not grant is told so by a mere notice.
    await store.write(statement("GRANT UPDATE ON log TO CURRENT_USER"))
    assert not await store.read(roles.may_change_the_log)


async def test_links_are_made_accepted_and_revoked_with_the_gateways_own_role(prepared: Opened) -> None:
    store, log, clock = prepared("gateway"), Log("a"), Clock()
    shares = Shares(store, log, clock)
    consent = await Consents(store, log, clock).give(LINK)
    made = await shares.make(consent.id, [AINO], provider=None, by=PersonOid(AINO))
    assert made is not None
    assert await shares.accept("x" * 43, BAKER) is None
    assert await shares.accept(made[1], BAKER) is not None
    assert await shares.revoke(made[0].id, PersonOid(AINO), subjects=[AINO]) is not None


@pytest.mark.parametrize("wrong", FORBIDDEN)
async def test_whatever_would_change_the_log_or_the_past_is_refused_to_the_gateways_role(
    prepared: Opened, wrong: str
) -> None:
    store = prepared("gateway")
    with pytest.raises(StoreBroken):
        await store.write(statement(wrong))
    # It is no mistake in the statement: the owner of the tables may.
    await prepared("owner").write(statement(wrong))


async def test_bodies_are_erased_by_a_role_of_its_own_that_changes_no_header(prepared: Opened) -> None:
    store, log, gateway = prepared("erasure"), Log("a"), prepared("gateway")
    await gateway.write(lambda connection: log.append(connection, [Entry(body={"event": "x"})], at=1))
    await Consents(gateway, log, Clock()).give(WISH)
    clock = Clock()
    clock.moment = clock.moment.replace(year=2040)
    assert await Retention(store, log, clock, Kept()).run() == Erased(bodies=2, consents=1)
    for wrong in (
        "UPDATE log SET at = at",
        "UPDATE log SET body_hash = hash",
        "DELETE FROM log",
        "UPDATE consent SET withdrawn_at = NULL",
    ):
        with pytest.raises(StoreBroken):
            await store.write(statement(wrong))


async def test_who_was_granted_nothing_reads_nothing(prepared: Opened) -> None:
    for table in (*METADATA.tables, "alembic_version"):
        with pytest.raises(StoreBroken):
            await prepared("stranger").read(statement(f"SELECT * FROM {table}"))


async def test_preparing_again_takes_back_what_was_granted_beyond(prepared: Opened, names: dict[str, str]) -> None:
    owner, store = prepared("owner"), prepared("gateway")
    await owner.write(statement(f'GRANT ALL ON log TO "{names["gateway"]}"'))
    assert await store.read(roles.may_change_the_log)
    await owner.write(lambda connection: roles.prepare(connection, names["gateway"]))
    assert not await store.read(roles.may_change_the_log)


def test_every_table_says_what_the_gateways_role_may_do_to_it() -> None:
    assert set(roles.GATEWAY) == {*METADATA.tables, "alembic_version"}
    assert set(roles.ERASURE) <= set(roles.GATEWAY)


async def test_a_role_that_could_do_everything_anyway_or_is_not_there_is_refused(
    opened: Opened, names: dict[str, str]
) -> None:
    owner = opened("owner")
    for role, fault in ((names["owner"], "neither a superuser nor"), ("postgres", "neither a super"), ("no", "exists")):
        with pytest.raises(RoleRefused, match=fault):
            await owner.write(lambda connection, role=role: roles.prepare(connection, role))  # type: ignore[misc]  # mypy infers no lambda with a default
    assert not await owner.read(migration.is_current), "and nothing is half prepared"


# --- the command and the start ----------------------------------------------------------------------------------


def settings_of(folder: Path, address: URL) -> Path:
    """Settings of a gateway whose records stand in the database, with the password in a file."""
    lay_out(folder, build_world())
    (folder / "password").write_text(address.password or "")
    (folder / "password").chmod(0o600)
    config = folder / "gateway.toml"
    in_database = f'database = "{address.set(password=None).render_as_string()}"\npassword_file = "password"'
    text, changed = re.subn(r"(?m)^store_path = .*$", lambda _: in_database, settings_text(8080, folder))
    assert changed == 1
    config.write_text(text)
    return config


async def test_the_command_prepares_and_a_gateway_that_may_not_prepare_says_so(
    opened: Opened, names: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = opened("gateway").engine.url
    config = settings_of(tmp_path / "sandbox", gateway)

    async def run(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, list(words))
        told = capsys.readouterr()
        return code, told.out + told.err

    code, text = await run("serve", "--config", str(config))
    assert code == 2
    assert "hoks-gateway records prepare" in text.splitlines()[-1]
    prepare = ("records", "prepare", "--config", str(config), "--owner", names["owner"])
    places = {
        "gateway.toml": config,
        "hoks_owner": names["owner"],
        "owner.password": tmp_path / "sandbox" / "password",
        "hoks_erasure": names["erasure"],
    }
    code, text = await run(*command("docs/records.md", "hoks-gateway records prepare", places))
    assert (code, text) == (0, f"prepared for the role `{names['gateway']}`\n")
    code, text = await run(*prepare, "--password-file", str(tmp_path / "nothing"))
    assert (code, text.count("\n")) == (2, 1)
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    wrong.chmod(0o600)
    code, text = await run(*prepare, "--password-file", str(wrong))
    assert (code, text.count("\n")) == (2, 1)
    assert "28P01" in text


async def test_the_command_has_nothing_to_do_for_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sandbox"
    lay_out(folder, build_world())
    (folder / "gateway.toml").write_text(settings_text(8080, folder))
    words = ["records", "prepare", "--config", str(folder / "gateway.toml"), "--owner", "o", "--password-file", "p"]
    assert await asyncio.to_thread(main, words) == 2
    assert "a database" in capsys.readouterr().err


async def test_the_commands_read_the_log_as_the_gateways_role_and_erase_as_the_one_that_may(
    prepared: Opened, names: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = prepared("gateway")
    config = settings_of(tmp_path / "sandbox", gateway.engine.url)
    entry = Entry(body={"event": "disclosed", "subject": EERO}, subject=EERO)
    await gateway.write(lambda connection: bool(Log("main").append(connection, [entry], at=1)))

    async def run(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, [*words, "--config", str(config)])
        told = capsys.readouterr()
        return code, told.out + told.err

    password = str(tmp_path / "sandbox" / "password")
    code, text = await run("log", "read", "--subject", EERO, "--reason", "a complaint")
    assert (code, text.count("\n")) == (0, 2), text
    code, text = await run("records", "retain")
    assert (code, text.count("\n")) == (2, 1), "the gateway's own role changes no record"
    retain = ("records", "retain", "--role", names["erasure"], "--password-file", password)
    assert await run(*retain) == (0, "erased: 1 bodies of records, 0 consents, 0 appointments\n")
    assert await run(*retain) == (0, "erased: 0 bodies of records, 0 consents, 0 appointments\n")

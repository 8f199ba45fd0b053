"""Several workers on one socket, as real processes: one that is killed is replaced, and the log stays whole."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy import log_verify
from gateway.hearsay import Everywhere, among
from tests.chaos.proxy import HOST
from tests.chaos.scene import Scene, scene
from tests.chaos.worker import ROOT, answers
from tests.postgres import PostgresServer
from tests.rows import free_ports

QUERY = '{ student(oid: "1.2.246.562.98.98000000079") { hoksit { studyRightOid } } }'
AT_ONCE = 4
REPLACED_SECONDS = 3.0
PATIENCE_SECONDS = 30.0
"""For a machine that does other work besides."""
KEY = Ed25519PrivateKey.generate().public_key()
"""No anchor is looked at here, and so no key needed."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("workers"), seconds=PATIENCE_SECONDS) as running:
        yield running


class Kept:
    """Where a gateway's records are, and by which signal its test ends it: one for each way."""

    def __init__(
        self, settings: Callable[[str], str], records: Callable[[], list[log_verify.Record]], end: signal.Signals
    ) -> None:
        self.settings = settings
        self.end = end
        self._records = records

    def records(self) -> list[log_verify.Record]:
        """The whole log, in order."""
        return self._records()


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param == "sqlite":
        file = tmp_path / "records.db"
        return Kept(
            lambda text: _stored(text, f'store_path = "{file}"'),
            lambda: list(log_verify.records_of(file)),
            signal.SIGTERM,
        )
    server: PostgresServer = request.getfixturevalue("postgres")
    database: str = request.getfixturevalue("database")
    password = tmp_path / "password"
    password.write_text(server.password)
    password.chmod(0o600)
    address = server.address(database).replace("postgresql:", "postgresql+psycopg:")

    def records() -> list[log_verify.Record]:
        with server.connect(database) as connection:
            found = connection.execute(
                "SELECT stream, seq, at, prev, body_hash, hash, salt, body FROM log ORDER BY stream, seq"
            )
            return [log_verify.Record(*row) for row in found]

    return Kept(
        lambda text: _stored(text, f'database = "{address}"\npassword_file = "{password}"'), records, signal.SIGKILL
    )


def _stored(text: str, where: str) -> str:
    return re.sub(r"(?m)^store_path = .*$", lambda _: where, text)


class Running:
    """A gateway with its workers, as an operator sees it."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, log: Path, token: str) -> None:
        self.process = process
        self.address = address
        self.told = self.failed = self.refused = 0
        """How many questions were answered, how many not, and how many refused: the disk does other work besides."""
        self._log = log
        self._headers = {"authorization": f"Bearer {token}"}

    def workers(self) -> list[tuple[int, int]]:
        """Who has come to serve so far: number and process."""
        found = re.findall(r"worker (\d+) serves \(process (\d+)\)", self._log.read_text())
        return [(int(number), int(pid)) for number, pid in found]

    async def serves(self, times: int) -> list[tuple[int, int]]:
        """Wait until so many workers have come to serve, one that replaces another counted too."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found := self.workers()) < times:
            assert time.monotonic() < deadline, self._log.read_text()
            await asyncio.sleep(0.02)
        return found

    async def has_told(self, more: int) -> None:
        """Wait until so many more questions have been answered."""
        enough, deadline = self.told + more, time.monotonic() + PATIENCE_SECONDS
        while self.told < enough:
            assert time.monotonic() < deadline, self._log.read_text()
            await asyncio.sleep(0.02)

    async def asks(self, until: asyncio.Event) -> None:
        """Ask again and again over a connection of its own."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            while not until.is_set():
                try:
                    answer = await client.post(f"{self.address}/graphql", json={"query": QUERY}, headers=self._headers)
                    if answer.status_code == 503:
                        self.refused += 1
                        continue
                    assert len(answer.json()["data"]["student"]["hoksit"]) == 2, answer.text
                    self.told += 1
                except httpx.TransportError:
                    self.failed += 1


@asynccontextmanager
async def running(here: Scene, kept: Kept, folder: Path) -> AsyncIterator[Running]:
    """Two workers that serve; at the end they are told to stop, and all are gone."""
    port, log = free_ports(1), folder / "gateway.log"
    config = here.settings(
        "workers",
        change=lambda text: kept.settings(re.sub(r"(?m)^port = \d+", f"port = {port}\nworkers = 2", text)),
        through_proxies=False,
    )
    with log.open("wb") as out:
        command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=here.folder, env=env, stderr=out)  # noqa: ASYNC220 - it runs besides
    gateway = Running(process, f"http://{HOST}:{port}", log, here.token("staff-a"))
    try:
        async with httpx.AsyncClient(base_url=gateway.address, trust_env=False, timeout=PATIENCE_SECONDS) as client:
            await answers(client)
            await gateway.serves(2)
            assert (await client.get("/ready")).status_code == 200
        yield gateway
    finally:
        process.send_signal(kept.end)
        code = process.wait(PATIENCE_SECONDS)
        # Workers whom nobody keeps any more stop by themselves.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := [pid for _, pid in gateway.workers() if is_there(pid)]:
            assert kept.end is signal.SIGKILL and time.monotonic() < deadline, left
            await asyncio.sleep(0.05)
    assert code == (0 if kept.end is signal.SIGTERM else -signal.SIGKILL), log.read_text()


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_killed_worker_is_replaced_no_record_is_missing_and_all_end_with_their_keeper(
    here: Scene, kept: Kept, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with running(here, kept, tmp_path) as gateway:
        enough = asyncio.Event()
        asking = [asyncio.create_task(gateway.asks(enough)) for _ in range(AT_ONCE)]
        await gateway.has_told(4 * AT_ONCE)
        killed = dict(gateway.workers())[2]
        os.kill(killed, signal.SIGKILL)
        begun = time.monotonic()
        *_, (number, pid) = await gateway.serves(3)
        record_property("seconds until it was replaced", time.monotonic() - begun)
        assert (number, pid != killed) == (2, True)
        await gateway.has_told(4 * AT_ONCE)
        enough.set()
        await asyncio.gather(*asking)
        told, failed, refused = gateway.told, gateway.failed, gateway.refused
    # Each asks one thing at a time: nobody loses more than what the killed worker was about to answer.
    assert failed <= AT_ONCE
    records = kept.records()
    verified = log_verify.verify(records, None, [], KEY)
    assert {each.stream for each in records} >= {"main"}
    assert {each.stream for each in records} <= {"main", "main.2"}
    plans = sum(b'"plan":"1.2' in (each.body or b"") for each in records)
    assert verified.records == len(records)
    assert 2 * told <= plans <= 2 * (told + failed + refused)


def test_what_keeps_a_gateway_from_starting_is_said_once(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[server]\nport = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config), "--workers", "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("hoks-gateway:") == 1


async def test_what_a_source_says_to_one_worker_the_others_forget_too() -> None:
    heard: list[tuple[str, set[str]]] = []

    class Keeps:
        def forget(self, source: str, oids: object) -> int:
            assert isinstance(oids, set | tuple)
            heard.append((source, {*oids}))
            return len(oids)

    with among(3) as (one, other, third):
        for each in (other, third):
            each.listen(Keeps().forget)
        oids = {f"1.2.246.562.15.{number:011d}" for number in range(1_000)}
        assert Everywhere(Keeps(), one).forget("a-primus", oids) == 1_000
        await asyncio.sleep(0.05)
        assert heard == [("a-primus", oids)] * 3
        for each in (other, third):
            each.close()


def test_a_worker_that_does_not_listen_holds_nobody_up() -> None:
    with among(2) as (one, _):
        for _ in range(1_000):
            one.tell("a-primus", ["1.2.246.562.15.00000000001"] * 100)

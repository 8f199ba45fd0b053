"""Two instances on one PostgreSQL behind the documented front, and what its clients see of a death, of a restart and of
slow clients beside them: measured for `bench.service`, and in a short form for `make conformance`.

All that stands in `deploy/` is used as it is: the front's configuration, the unit's command, the roles of the database.
"""

import asyncio
import configparser
import os
import re
import secrets
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from bench.arrivals import Answered, Target, asking, at_rate, closed, times
from bench.reliability import NO_LIMIT, TURNS, Chosen, Line, Told, Unjudged, Unmeasured, by_turns, judged
from tests.chaos.certificates import certified
from tests.chaos.names import DOMAIN
from tests.chaos.proxy import HOST
from tests.chaos.scene import Scene
from tests.chaos.worker import ROOT, worker
from tests.conformance.programs import program
from tests.postgres import PostgresServer, running_server
from tests.rows import free_ports

DEPLOY = ROOT / "deploy"
AT_A_TIME = 8
STARTING_SECONDS = 60.0
STOPPING_SECONDS = 20.0
TAKEN_IN_SECONDS = 1.0
"""After an instance serves, the front has seen it; a test of `deploy/haproxy.cfg` says why."""
PATIENCE_SECONDS = 15
_OVER_HTTP = re.compile(r'(?m)^(\[onr\]|\[organisaatio\]|kind = "(?:koski|ehoks|json|oneroster)")$')
"""Where the settings of each source over HTTP begin that an answer waits for."""
LIVELY_SECONDS = 0.05
"""A client may learn of a lost connection so much later than we."""
SLOW_CLIENTS = 500
CONNECTED = 32
"""Real clients that are connected before anything is timed."""
SETTLED_SECONDS = 0.5
GATHERING_SECONDS = 15.0
KINDS = {"headers": ("-H",), "bodies": ("-B", "-s", "8192", "-f", "application/json"), "reading": ("-X",)}
"""What is slow about a client, as slowhttptest has it."""
REPLACED_SECONDS = 3.0


class Noted(NamedTuple):
    """A request, the moment at which it was sent, and what came of it."""

    at: float
    answer: Answered

    @property
    def is_answered(self) -> bool:
        """Whether somebody was served."""
        return self.answer.status == 200


class Load:
    """So many clients that ask one thing after the other, from the first word to the last."""

    def __init__(self, targets: Sequence[Target], requests: Sequence[bytes], at_a_time: int = AT_A_TIME) -> None:
        self.told: list[Noted] = []
        self._targets = targets
        self._requests = requests
        self._at_a_time = at_a_time
        self._is_enough = False

    async def __aenter__(self) -> "Load":
        self._asking = [asyncio.create_task(self._ask(place)) for place in range(self._at_a_time)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_enough = True
        await asyncio.gather(*self._asking)

    async def _ask(self, place: int) -> None:
        target, turn = self._targets[place % len(self._targets)], place
        while not self._is_enough:
            began = time.perf_counter()
            self.told.append(Noted(began, await target.send(self._requests[turn % len(self._requests)])))
            turn += 1
            if not self.told[-1].is_answered:
                await asyncio.sleep(0.02)

    def failed(self) -> list[Noted]:
        """Who was not served."""
        return [each for each in self.told if not each.is_answered]

    @property
    def statuses(self) -> str:
        """How they were not, for the reader of a miss."""
        return ", ".join(sorted({str(each.answer.status) for each in self.failed()})) or "none"


class SecretTarget(Target):
    """A front under load, over TLS."""

    def __init__(self, address: str, authority: str) -> None:
        super().__init__(address)
        self._trusted = ssl.create_default_context(cadata=authority)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            self._host, self._port, limit=2**22, ssl=self._trusted, server_hostname=f"front.{DOMAIN}"
        )

    async def aclose(self) -> None:
        """Close the connections; returns when they are."""
        closing = [writer for _, writer in self._idle]
        self.close()
        for writer in closing:
            with suppress(OSError):
                await writer.wait_closed()


# --- what stands


class Instance:
    """One instance, started and stopped as systemd does by the unit in `deploy/`."""

    def __init__(self, port: int, metrics_port: int, config: Path, folder: Path) -> None:
        self.port = port
        self._folder = folder
        self._log = folder / f"instance-{port}.log"
        service = configparser.ConfigParser(interpolation=None, strict=False)
        service.read(DEPLOY / "hoks-gateway@.service")
        said = service["Service"]["ExecStart"].replace("1%i", str(metrics_port)).replace("%i", str(port))
        told = shlex.split(said.replace("%H", "here").replace("/etc/hoks-gateway/gateway.toml", str(config)))
        self._command = [sys.executable, "-m", "gateway.cli", *told[1:]]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it has said that it serves."""
        where = self._folder / f"notify-{self.port}"
        where.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, self._log.open("ab") as log:
            told.bind(str(where))
            told.settimeout(STARTING_SECONDS / 60)
            env = {**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": str(where)}
            self._process = subprocess.Popen(self._command, cwd=self._folder, env=env, stderr=log)
            for _ in range(60):
                assert self._process.poll() is None, self._log.read_text()
                with suppress(TimeoutError):
                    assert told.recv(100) == b"READY=1"
                    return
        raise AssertionError(self._log.read_text())

    def end(self, number: signal.Signals) -> int:
        """Send it a signal; returns with its exit code when it is gone."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(STOPPING_SECONDS)

    @property
    def requests(self) -> int:
        """How many lines of its log are about requests."""
        return self._log.read_text().count('"gateway.requests"')


class Fronted(NamedTuple):
    """Two instances behind the front."""

    address: str
    instances: tuple[Instance, Instance]
    authority: str
    """Whom its clients trust (PEM)."""
    log: Path
    """What the front has told, a line a request."""
    server: PostgresServer

    def target(self) -> SecretTarget:
        """The front, as a client sees it."""
        return SecretTarget(self.address, self.authority)


@contextmanager
def fronted(here: Scene) -> Iterator[Fronted]:
    """A PostgreSQL, its roles and tables, two instances and the front before them, until the block ends."""
    folder = here.folder / f"front-{secrets.token_hex(4)}"
    folder.mkdir()
    first = free_ports(5)
    ports = (first, first + 1)
    with ExitStack() as until:
        server = until.enter_context(running_server())
        config = recorded(here, server, folder)
        instances = (Instance(first, first + 3, config, folder), Instance(first + 1, first + 4, config, folder))
        for each in instances:
            until.callback(each.end, signal.SIGTERM)
            each.start()
        certificates = certified(folder)
        address, log = f"{HOST}:{first + 2}", folder / "front.log"
        until.enter_context(front(address, ports, folder / "good.pem", log))
        yield Fronted(f"https://{address}", instances, certificates.authority, log, server)


def recorded(here: Scene, server: PostgresServer, folder: Path) -> Path:
    """Settings with the records in a database of the server, which is made and prepared as an operator does."""
    for name in ("owner", "gateway", "erasure"):
        (folder / f"{name}.password").write_text(secrets.token_hex(16))
        (folder / f"{name}.password").chmod(0o600)
    subprocess.run(
        [server.program("psql"), "--quiet", "--no-psqlrc", f"--host={server.folder}", "--username=postgres",
         "--dbname=postgres",
         f"--file={DEPLOY / 'roles.sql'}"],
        env={"PATH": os.defpath, "HOKS_SECRETS": str(folder), "PGPASSWORD": server.password},
        timeout=60, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    database = f"postgresql+psycopg://hoks_gateway@/hoks?host={server.folder}"
    where = f'database = "{database}"\npassword_file = "{folder / "gateway.password"}"'

    def changed(text: str) -> str:
        text = re.sub(r"(?m)^store_path = .*$", lambda _: where, text)
        # As in the example for production: long enough for the front to see it.
        text = re.sub(r"(?m)^drain_seconds = .*$", "drain_seconds = 3", text)
        # What is measured here is the front, not whom a gateway refuses that has too little of a busy machine.
        text = re.sub(r"(?m)^request_seconds = .*$", f"request_seconds = {PATIENCE_SECONDS}", text)
        text = re.sub(_OVER_HTTP, rf"\1\nseconds = {PATIENCE_SECONDS}", text)
        return text + f"\n[overload]\nwaiting_seconds = {PATIENCE_SECONDS}\ncrowded = 256\neach = 256\n"

    config = here.settings(folder.name, change=changed, through_proxies=False)
    ours("records", "prepare", f"--config={config}", "--owner=hoks_owner", "--erasure=hoks_erasure",
         f"--password-file={folder / 'owner.password'}")  # fmt: skip
    return config


def ours(*words: str) -> None:
    """Run a command of ours to its good end."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@contextmanager
def front(address: str, ports: Sequence[int], certificate: Path, log: Path) -> Iterator[None]:
    """HAProxy with the configuration of `deploy/`, before gateways on these ports."""
    env = {
        "PATH": os.defpath,
        "HOKS_UNPRIVILEGED": "1",
        "HOKS_FRONT": address,
        "HOKS_CERTIFICATE": str(certificate),
        **{f"HOKS_GATEWAY_{place}": f"{HOST}:{port}" for place, port in enumerate(ports, start=1)},
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            [program("haproxy"), "-db", "-f", DEPLOY / "haproxy.cfg"], env=env, stdout=out, stderr=out
        )
    try:
        _listens(address, process, log)
        yield
    finally:
        process.terminate()
        process.wait(STOPPING_SECONDS)


def _listens(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        with suppress(OSError), socket.create_connection((host, int(port))):
            return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@asynccontextmanager
async def asked(standing: Fronted, requests: Sequence[bytes]) -> AsyncIterator[SecretTarget]:
    """The front, warm: every caller has been served."""
    target = standing.target()
    await asyncio.sleep(TAKEN_IN_SECONDS)
    for each in (*requests, *requests):
        answer = await target.send(each)
        assert answer.status == 200, answer
    yield target
    await target.aclose()


# --- R8: instances die and are restarted ----------------------------------------------------------------------


async def killed(standing: Fronted, requests: Sequence[bytes], seconds: float) -> list[Line]:
    """One of two instances is killed under load; it comes back, and the other is killed."""
    lines = []
    async with asked(standing, requests) as target:
        for name, instance in zip(("one", "the other"), standing.instances, strict=True):
            async with Load([target], requests) as load:
                await asyncio.sleep(seconds)
                at = time.perf_counter()
                await asyncio.to_thread(instance.end, signal.SIGKILL)
                gone = time.perf_counter() + LIVELY_SECONDS
                await asyncio.sleep(seconds + 2)
                before_return = len(load.told)
                await asyncio.to_thread(instance.start)
                await asyncio.sleep(TAKEN_IN_SECONDS + seconds)
            begun = [each for each in load.told if each.at <= gone and each.at + each.answer.seconds >= at]
            failed = load.failed()
            lines += [
                Line(
                    "R8",
                    f"{name} of two killed: failed ({load.statuses}), of {len(load.told)}",
                    len(failed),
                    min(AT_A_TIME, len(begun)),
                ),
                Line("R8", "of these, sent when it was gone already", sum(each.at > gone for each in failed), 0),
                Line("R8", "answered while there was one alone", before_return, NO_LIMIT, least=AT_A_TIME),
            ]
    return lines


async def rolled(standing: Fronted, requests: Sequence[bytes], seconds: float) -> list[Line]:
    """Both instances are restarted under load, one after the other, as `systemctl restart` does by the unit."""
    codes = []
    async with asked(standing, requests) as target, Load([target], requests, AT_A_TIME // 2) as load:
        await asyncio.sleep(seconds)
        for instance in standing.instances:
            codes.append(await asyncio.to_thread(instance.end, signal.SIGTERM))
            await asyncio.to_thread(instance.start)
        await asyncio.sleep(TAKEN_IN_SECONDS + seconds)
    return [
        Line("R8", f"both restarted in turn: failed ({load.statuses}), of {len(load.told)}", len(load.failed()), 0),
        Line("R8", "that did not end in order", sum(code != 0 for code in codes), 0),
    ]


# --- R9: a worker dies ----------------------------------------------------------------------------------------


async def worker_killed(here: Scene, requests: Sequence[bytes], seconds: float) -> list[Line]:
    """One of two workers of a gateway is killed under load, again and again one who has replaced another."""
    log = here.folder / "workers.log"
    with worker(here, log, through_proxies=False, change=_of_two) as (_, address):
        await _until(lambda: len(_workers(log)) >= 2)
        target = Target(address)
        for each in (*requests, *requests):
            await target.send(each)
        async with Load([target], requests) as load:
            await asyncio.sleep(seconds)
            at, pid = time.perf_counter(), dict(_workers(log))[2]
            os.kill(pid, signal.SIGKILL)
            await _until(lambda: not Path(f"/proc/{pid}").exists())
            gone = time.perf_counter() + LIVELY_SECONDS
            await _until(lambda: len(_workers(log)) >= 3)
            replaced = time.perf_counter() - at
            await asyncio.sleep(seconds)
        target.close()
    failed = load.failed()
    begun = [each for each in load.told if each.at <= gone and each.at + each.answer.seconds >= at]
    return [
        Line("R9", f"a worker of two killed: failed, of {len(load.told)}", len(failed), min(AT_A_TIME, len(begun))),
        Line("R9", "of these, sent when it was gone already", sum(each.at > gone for each in failed), 0),
        Line("R9", "another serves in its place after", replaced, REPLACED_SECONDS, "s"),
    ]


def _of_two(text: str) -> str:
    return text.replace("[server]\n", "[server]\nworkers = 2\n")


def _workers(log: Path) -> list[tuple[int, int]]:
    """Who has come to serve so far: number and process."""
    found = re.findall(r"worker (\d+) serves \(process (\d+)\)", log.read_text())
    return [(int(number), int(pid)) for number, pid in found]


async def _until(holds: Callable[[], bool], seconds: float = STARTING_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


# --- R16: slow clients ----------------------------------------------------------------------------------------


async def slow(standing: Fronted, requests: Sequence[bytes], chosen: Chosen) -> Told:
    """Real clients alone, and beside five hundred that are slow with their headers, their bodies or at reading.

    They ask for a quarter of what can be answered: the slow ones are on the same machine and, although they come last
    there, take their share of it.
    """
    lines, seconds = list[Line | Unmeasured | Unjudged](), chosen.seconds(20, 5)
    async with asked(standing, requests):
        pass
    with asking() as asks:
        where = standing.address, standing.authority
        rate = len(times(await asks.do(_full, *where, requests, seconds))) / seconds / 4
        for kind, words in KINDS.items():
            turns, beside, at_a_time = list[tuple[list[float], list[float]]](), list[Answered](), list[int]()
            for _ in range(TURNS):
                normal = await asks.do(_at_rate, *where, requests, rate, seconds)
                async with _slow_clients(standing.address, words) as most:
                    these = await asks.do(_at_rate, *where, requests, rate, seconds)
                turns.append((times(these), times(normal)))
                beside += these
                at_a_time.append(most())
            lines += [
                *judged(
                    chosen, Line("R16", f"slow {kind}: real clients' p99 of what it is alone", by_turns(turns), 2, "x")
                ),
                Line(
                    "R16",
                    f"slow {kind}: errors, of {len(beside)} at {rate:.0f} a second",
                    sum(e.status != 200 for e in beside),
                    0,
                ),
                Line("R16", f"slow {kind}: at a time", min(at_a_time), NO_LIMIT, "open", least=0.9 * SLOW_CLIENTS),
            ]
    return lines


async def _full(address: str, authority: str, requests: Sequence[bytes], seconds: float) -> list[Answered]:
    target = SecretTarget(address, authority)
    told = await closed(target, requests, AT_A_TIME, seconds)
    await target.aclose()
    return told


async def _at_rate(
    address: str, authority: str, requests: Sequence[bytes], rate: float, seconds: float
) -> list[Answered]:
    target = SecretTarget(address, authority)
    # Real clients are connected: that they come all at once is no part of what slow ones cost them.
    await asyncio.gather(*(target.send(requests[each % len(requests)]) for each in range(CONNECTED)))
    await asyncio.sleep(SETTLED_SECONDS)
    told = await at_rate(target.send, requests, rate, seconds)
    await target.aclose()
    return told


@asynccontextmanager
async def _slow_clients(address: str, words: Sequence[str]) -> AsyncIterator[Callable[[], int]]:
    """So many slow clients, anew when the front has closed them; how many there were at a time at most."""
    # Elsewhere they would have processors of their own: here they have what nobody else wants.
    command = [
        "chrt",
        "--idle",
        "0",
        program("slowhttptest"),
        *words,
        "-c",
        str(SLOW_CLIENTS),
        "-r",
        "150",
        "-i",
        "1",
        "-l",
        "60",
        "-p",
        "5",
    ]
    told = bytearray()
    process: asyncio.subprocess.Process | None = None

    async def keep() -> None:
        nonlocal process
        while True:
            process = await asyncio.create_subprocess_exec(
                *command, "-u", f"{address}/graphql", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            assert process.stdout is not None
            while some := await process.stdout.read(65_536):
                told.extend(some)
            await process.wait()

    keeping = asyncio.create_task(keep())
    try:
        with suppress(TimeoutError):
            await _until(lambda: _connected(told) >= 0.9 * SLOW_CLIENTS or keeping.done(), GATHERING_SECONDS)
        yield lambda: _connected(told)
    finally:
        keeping.cancel()
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


def _connected(told: bytearray) -> int:
    """The most that slowhttptest says were connected at a time."""
    plain = re.sub(rb"\x1b\[[\d;]*[A-Za-z]", b"", told)
    return max((int(each) for each in re.findall(rb"connected:\s*(\d+)", plain)), default=0)

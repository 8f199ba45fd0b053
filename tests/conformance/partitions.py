"""Two machines and a wire: a gateway on the near one, two of its sources on the far one, and what parts them.

Runs in a network of its own, made by ``unshare``, so that the host's is not touched, and prints as JSON what was seen.
"""

import asyncio
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO

import msgspec

from gateway.trial import asked, token_of
from sandbox.settings import url
from tests.chaos.faults import ELIAS
from tests.chaos.proxy import HEALTHY, Plan, Proxy
from tests.conformance.programs import program
from tests.connectors.loopback import certificate

ROOT = Path(__file__).parents[2]
NEAR, FAR = "10.99.0.1", "10.99.0.2"
PORT = 8080
FAR_SERVERS = ("eHOKS", "Koski")
SECONDS = 2.0
"""The deadline of a request."""
CUT = """
table ip cut {{
  chain out {{ type filter hook output priority 0; tcp dport {{ {ports} }} drop; }}
  chain in {{ type filter hook input priority 0; tcp sport {{ {ports} }} drop; }}
}}
"""
REBOOTS = 3
STARTING_SECONDS, HEALING_SECONDS = 60.0, 40.0
USUAL_CALLS = 10
"""So many good ones before each fault, that no breaker opens over one or two that fail."""
QUERY = f"""
{{ student(oid: "{ELIAS}") {{
    hoksit {{ provenance {{ source stale }} }}
    sources {{ source outcome }}
}} }}
"""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one question."""

    seconds: float
    """Without the time in which the gateway was ready and the machine did other work."""
    status: int
    outcomes: dict[str, str]
    stale: dict[str, bool]
    """Of each plan, by its source, whether it is marked as old."""
    gaps: dict[str, str]
    held: int
    """How many connections to the source that is parted stood before the question."""


@cache
def obstacle() -> str | None:
    """Why no network can be parted here."""
    try:
        for tool in ("ip", "ss", "nft", "unshare"):
            program(tool)
    except FileNotFoundError as missing:
        return str(missing)
    tried = subprocess.run([*alone(), "true"], check=False, capture_output=True, text=True)
    return f"no network of its own: {tried.stderr.strip()}" if tried.returncode else None


def alone() -> list[str]:
    """What goes before a command that is to run in a network of its own."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, "--net"]


# --- the two machines -----------------------------------------------------------------------------------------


class Machines:
    """The near machine, where this runs, and the far one: a process that has another network."""

    def __init__(self, folder: Path, until: ExitStack) -> None:
        self._folder = folder
        self._until = until
        far = self.start("unshare", "--net", "sleep", "infinity")
        _wait_for(lambda: os.readlink(f"/proc/{far.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        self._there = ("nsenter", f"--net=/proc/{far.pid}/ns/net")
        self.near("ip", "link", "set", "lo", "up")
        self.far("ip", "link", "set", "lo", "up")
        self.near("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(far.pid))
        self.near("ip", "address", "add", f"{NEAR}/24", "dev", "near")
        self.far("ip", "address", "add", f"{FAR}/24", "dev", "far")
        self.far("ip", "link", "set", "far", "up")
        self.near("ip", "link", "set", "near", "up")

    def near(self, *words: str, told: str | None = None) -> str:
        """Run a command on the near machine; what it prints."""
        return subprocess.run(words, input=told, check=True, stdout=subprocess.PIPE, text=True).stdout

    def far(self, *words: str) -> str:
        """Run a command on the far machine."""
        return self.near(*self._there, *words)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a program on the near machine, until the end."""
        process = subprocess.Popen(words, cwd=self._folder, stdout=subprocess.PIPE, text=True)
        self._until.enter_context(process)
        self._until.callback(process.send_signal, signal.SIGTERM)
        return process

    def start_far(self, *words: str) -> "subprocess.Popen[str]":
        """Start a program on the far machine, until the end."""
        return self.start(*self._there, *words)

    # --- what parts them ----------------------------------------------------------------------------------------

    @contextmanager
    def cut(self, *servers: str) -> Iterator[None]:
        """Let nothing through to these servers and back, and tell nobody."""
        ports = ",".join(str(_port(server)) for server in servers)
        self.near("nft", "--file", "-", told=CUT.format(ports=ports))
        try:
            yield
        finally:
            self.near("nft", "delete", "table", "ip", "cut")

    @contextmanager
    def near_link_down(self) -> Iterator[None]:
        """Unplug the near machine: it knows at once that there is no way."""
        self.near("ip", "link", "set", "near", "down")
        try:
            yield
        finally:
            self.near("ip", "link", "set", "near", "up")

    @contextmanager
    def far_link_down(self) -> Iterator[None]:
        """Unplug the far machine, of which the near one hears nothing."""
        mac = json.loads(self.far("ip", "--json", "link", "show", "far"))[0]["address"]
        # As behind a router: what is sent goes on its way, and nobody says that it does not arrive.
        self.near("ip", "neighbour", "replace", FAR, "lladdr", mac, "dev", "near", "nud", "permanent")
        self.far("ip", "link", "set", "far", "down")
        try:
            yield
        finally:
            self.far("ip", "link", "set", "far", "up")
            self.near("ip", "neighbour", "delete", FAR, "dev", "near")

    def held(self, server: str) -> int:
        """How many connections to a server stand, as the near machine has it."""
        told = self.near("ss", "-Htn", "state", "established", "dst", FAR, "dport", "=", f":{_port(server)}")
        return len(told.splitlines())


def _port(server: str) -> int:
    return int(url(PORT, server).rpartition(":")[2])


# --- what runs on them ----------------------------------------------------------------------------------------


class Network:
    """The gateway near, a sandbox near for the other servers, and one far, before which relays speak TLS."""

    def __init__(self, folder: Path, until: ExitStack) -> None:
        self.machines = Machines(folder, until)
        certificate(folder, FAR)
        command = (sys.executable, "-m", "gateway.cli")
        for start in (self.machines.start_far, self.machines.start):
            _line(start(*command, "sandbox", "--port", str(PORT)).stdout, "sandbox ready")
        self._folder = folder
        self._relay = self._spare = self._started_relay()
        _line(self._relay.stdout, "relaying")
        config = folder / f"var/sandbox-{PORT}/gateway.toml"
        config.write_text(_settings(config.read_text(), folder / f"{FAR}.pem"))
        self._gateway = self.machines.start(*command, "serve", "--config", str(config))
        _wait_for(lambda: asked(PORT, "GET", "/ready")[0] == 200)
        self._token = token_of("student-7", PORT)
        # The first answers read tables, and whole registers, that are then kept.
        _wait_for(lambda: not self.ask("Koski").gaps)

    def ask(self, server: str) -> Seen:
        """One question; what it finds of a server's connections."""
        held = self.machines.held(server)
        began, waited = time.perf_counter(), self._waited()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        connection.request("POST", "/graphql", json.dumps({"query": QUERY}), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        seconds = time.perf_counter() - began - (self._waited() - waited)
        connection.close()
        student = answer["data"]["student"]
        return Seen(
            seconds=seconds,
            status=response.status,
            outcomes={each["source"]: each["outcome"] for each in student["sources"]},
            stale={plan["provenance"]["source"]: plan["provenance"]["stale"] for plan in student["hoksit"]},
            gaps={each["source"]: each["outcome"] for each in answer["extensions"].get("gaps", ())},
            held=held,
        )

    def as_usual(self, server: str) -> list[Seen]:
        """Good answers, after which a connection to the server is kept; of those only the last."""
        for _ in range(USUAL_CALLS):
            seen = self.ask(server)
        return [seen]

    def twice(self, server: str) -> list[Seen]:
        """A question on the connection that is kept, and one when the gateway has let go of that."""
        first = self.ask(server)
        _wait_for(lambda: not self.machines.held(server))
        return [first, self.ask(server)]

    def healed(self, server: str) -> list[Seen]:
        """The first whole answer after a fault, or the last one before patience ends."""
        ends = time.monotonic() + HEALING_SECONDS
        while (seen := self.ask(server)).gaps and time.monotonic() < ends:
            time.sleep(0.2)
        return [seen]

    def ready_to_reboot(self) -> None:
        """Have another relay wait until the one that runs lets go of its ports."""
        self._spare = self._started_relay()
        _line(self._spare.stdout, "waiting")

    def reboot(self) -> None:
        """Let the far servers forget every connection and come back."""
        self._relay.kill()
        self._relay = self._spare
        _line(self._relay.stdout, "relaying")

    def _started_relay(self) -> "subprocess.Popen[str]":
        return self.machines.start_far(sys.executable, "-m", __spec__.name, "relay", str(self._folder))

    def _waited(self) -> float:
        """For how long the gateway's event loop has been ready and not running (seconds)."""
        pid = self._gateway.pid
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def _settings(text: str, authority: Path) -> str:
    """The sandbox's settings with the far servers where they are, and a deadline."""
    for server in FAR_SERVERS:
        for key in ("base_url", "cas_url"):
            text = text.replace(f'{key} = "{url(PORT, server)}', f'{key} = "https://{FAR}:{_port(server)}')
    reached = f'private_network = true\nroot_certificates = "{authority}"\n'
    for source, own in (("a-koski", "cache_seconds = 0"), ("a-ehoks", "cache_seconds = 1\nstale_seconds = 200")):
        head, found, rest = text.partition(f'id = "{source}"\n')
        assert found, source
        text = head + found + reached + rest.replace("cache_seconds = 2", own, 1)
    return text.replace("request_seconds = 5.0", f"request_seconds = {SECONDS}")


async def relay(folder: Path) -> None:
    """TLS before the far servers, which forgets its connections when it is killed."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / f"{FAR}.pem")
    proxies = [Proxy(_port(name), _port(name), {"good": tls}, (FAR,), forgets=True) for name in FAR_SERVERS]
    print("waiting", flush=True)
    for proxy in proxies:
        while True:
            try:
                await proxy.switch(Plan(HEALTHY))
                break
            except OSError:
                await asyncio.sleep(0.02)
    print("relaying", flush=True)
    await asyncio.Event().wait()


def _line(told: IO[str] | None, begins: str) -> None:
    """Read lines until one begins so."""
    assert told is not None
    while not (line := told.readline()).startswith(begins):
        assert line, f"ended before it said {begins!r}"


def _wait_for(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            if is_so():
                return
        except OSError:
            pass
        assert time.monotonic() < ends, "it took too long"
        time.sleep(0.1)


# --- what happens ---------------------------------------------------------------------------------------------


def cut_while_kept(network: Network) -> list[Seen]:
    """Nothing comes through any more on a connection that is kept; the next question opens another in vain."""
    seen = network.as_usual("Koski")
    with network.machines.cut("Koski"):
        seen += network.twice("Koski")
    return seen + network.healed("Koski")


def cut_with_an_answer_kept(network: Network) -> list[Seen]:
    """The same to a source of which an earlier answer may be shown."""
    seen = network.as_usual("eHOKS")
    time.sleep(1.2)
    with network.machines.cut("eHOKS"):
        seen.append(network.ask("eHOKS"))
    return seen + network.healed("eHOKS")


def rebooted(network: Network) -> list[Seen]:
    """The source comes back behind the partition and knows the kept connection no more: it resets it.

    Played again where the connection was lost before it could be asked on: then nothing was tried.
    """
    for _ in range(REBOOTS):
        network.ready_to_reboot()
        seen = network.as_usual("Koski")
        with network.machines.cut(*FAR_SERVERS):
            network.reboot()
        seen += network.healed("Koski")
        if seen[-1].held:
            break
    return seen


def near_unplugged(network: Network) -> list[Seen]:
    """The gateway's own machine has no network."""
    seen = network.as_usual("Koski")
    with network.machines.near_link_down():
        seen += network.twice("Koski")
    return seen + network.healed("Koski")


def far_unplugged(network: Network) -> list[Seen]:
    """The source's machine has no network, and nobody says so."""
    seen = network.as_usual("Koski")
    with network.machines.far_link_down():
        seen += network.twice("Koski")
    return seen + network.healed("Koski")


SCENES = (cut_while_kept, cut_with_an_answer_kept, rebooted, near_unplugged, far_unplugged)


def played(folder: Path) -> dict[str, list[Seen]]:
    """Everything that happens, one after the other."""
    with ExitStack() as until:
        network = Network(folder, until)
        return {scene.__name__: scene(network) for scene in SCENES}


if __name__ == "__main__":
    if sys.argv[1] == "relay":
        asyncio.run(relay(Path(sys.argv[2])))
    else:
        sys.stdout.buffer.write(msgspec.json.encode(played(Path(sys.argv[1]))))

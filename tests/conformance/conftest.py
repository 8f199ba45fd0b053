"""A real gateway as it is set by default, and one that takes GET, over one sandbox; and the counts of each suite."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from gateway.trial import token_of
from sandbox.settings import SERVERS
from tests.conformance.partitions import obstacle
from tests.rows import free_ports

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
READY_SECONDS = 120.0
AS_IN_THE_SANDBOX = "[graph]\nintrospection = true\n"
"""What the sandbox's settings switch on, and an operator's do not unless they say so."""


class Served(msgspec.Struct, frozen=True):
    """A running gateway, and the port beside which its sandbox stands."""

    url: str
    beside: int

    def token(self, persona: str) -> str:
        """A token of a persona of the cast."""
        return token_of(persona, self.beside)

    def client(self, persona: str = "staff-a") -> httpx.Client:
        """A client with a persona's token."""
        headers = {"authorization": f"Bearer {self.token(persona)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)


@contextmanager
def command(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """``hoks-gateway`` with these words, until the block ends."""
    with (
        (folder / f"{words[0]}.log").open("a") as told,
        subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)


@pytest.fixture(scope="session")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """The gateway as it is set by default, and the one that takes GET."""
    folder = tmp_path_factory.mktemp("conformance")
    port = free_ports(len(SERVERS) + 2)
    with ExitStack() as running:
        sandbox = running.enter_context(command(folder, "sandbox", "--port", str(port)))
        assert sandbox.stdout is not None
        assert "sandbox ready" in sandbox.stdout.readline()
        written = (folder / "var" / f"sandbox-{port}" / "gateway.toml").read_text()
        assert AS_IN_THE_SANDBOX in written
        served = []
        for name, graph, own in (
            ("default", "", port),
            ("get", "[graph]\nget_queries = true\n", port + 1 + len(SERVERS)),
        ):
            config = folder / f"{name}.toml"
            text = written.replace(AS_IN_THE_SANDBOX, graph).replace("/records/records.db", f"/{name}/records.db")
            config.write_text(text.replace(f"port = {port}\n", f"port = {own}\n"))
            config.chmod(0o600)
            running.enter_context(command(folder, "serve", "--config", str(config)))
            served.append(Served(f"http://{HOST}:{own}", port))
        for each in served:
            wait_for(each.url)
        yield served[0], served[1]


def wait_for(url: str) -> None:
    """Return once the gateway there is ready."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/ready", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"no gateway was ready at {url}")


@pytest.fixture(scope="session")
def by_default(gateways: tuple[Served, Served]) -> Served:
    return gateways[0]


@pytest.fixture(scope="session")
def taking_get(gateways: tuple[Served, Served]) -> Served:
    return gateways[1]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "suite(name): the suite of which a test is one check; cases may be recorded")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say first what cannot be tried on this machine."""
    if any(item.path.stem == "test_partitions" for item in session.items) and (why := obstacle()):
        session.config.get_terminal_writer().line(f"no partitions of a real network: {why}")


def pytest_itemcollected(item: pytest.Item) -> None:
    if mark := item.get_closest_marker("suite"):
        item.user_properties.append(("suite", mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per suite: how many of its checks hold, and in how many cases they were tried."""
    held: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            said = dict(getattr(report, "user_properties", ()))  # a module that cannot be read has none
            if "suite" in said:
                checks[said["suite"]] += 1
                held[said["suite"]] += outcome == "passed"
                cases[said["suite"]] += int(said.get("cases", 0))
    terminalreporter.section("conformance")
    for suite, count in checks.items():
        tried = f", {cases[suite]:,} cases" if cases[suite] else ""
        terminalreporter.line(f"{held[suite]:>4} of {count:<4} {suite}{tried}")

"""A gateway over the sandbox, each a process of its own, on free ports: what other people's programs talk to."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gateway.trial import asked, token_of
from sandbox.settings import SERVERS, url
from tests.patience import patiently
from tests.rows import free_ports

ROOT = Path(__file__).parents[2]
READY_SECONDS, SOURCES_SECONDS = 30.0, 60.0
EVERYBODY = "{ students(first: 50) { edges { node { hoksit { version } } } } }"


class Standing:
    """A running gateway."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/graphql"
        self.issuer = url(port, "issuer")

    def token(self, persona: str, client: str | None = None) -> str:
        """A token of a persona, issued to a client if one is named."""
        return token_of(persona, self.port, client)

    def headers(self, persona: str) -> dict[str, str]:
        """What shows a persona to the gateway."""
        return {"authorization": f"Bearer {self.token(persona)}"}

    def wait_for_every_source(self) -> None:
        """Until every source has been read once, which on a busy machine may take longer than one request waits."""
        deadline = time.monotonic() + SOURCES_SECONDS
        while self._lacks_some():
            assert time.monotonic() < deadline, "a source was not read in time"

    def _lacks_some(self) -> bool:
        answer = self.ask("staff-a", EVERYBODY)
        return bool({"errors", "gaps"} & (answer.keys() | answer.get("extensions", {}).keys()))

    def ask(self, persona: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to one operation, without anything between."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = json.dumps({"query": query, "variables": variables or {}})
        connection.request("POST", "/graphql", body, {"content-type": "application/json", **self.headers(persona)})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer


@contextmanager
def standing(folder: Path, *graph: str) -> Iterator[Standing]:
    """A gateway with some more settings of the graph, until the end of the block."""
    port = free_ports(1 + len(SERVERS))
    with ExitStack() as started:
        sandbox = _started(started, folder, "sandbox", "--port", str(port))
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline().startswith("sandbox ready")
        config = folder / f"var/sandbox-{port}/gateway.toml"
        usual = config.read_text()
        assert "[graph]\n" in usual
        config.write_text(patiently(usual.replace("[graph]\n", "\n".join(("[graph]", *graph, "")))))
        gateway = _started(started, folder, "serve", "--config", str(config))
        _wait_for(port, gateway)
        running = Standing(port)
        running.wait_for_every_source()
        yield running


def _started(until: ExitStack, folder: Path, *words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    until.enter_context(process)
    until.callback(process.send_signal, signal.SIGTERM)
    return process


def _wait_for(port: int, gateway: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            if asked(port, "GET", "/ready")[0] == 200:
                return
        except OSError:
            pass
        assert gateway.poll() is None, "the gateway ended"
        assert time.monotonic() < deadline, "the gateway was not ready in time"
        time.sleep(0.1)

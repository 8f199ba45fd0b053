"""The sandbox's real servers, each behind a fault proxy, in a thread of their own; and gateways in front of them."""

import asyncio
import gc
import logging
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from connectors.client import Transport
from gateway.app import create_app
from gateway.clock import FixedDayClock
from gateway.settings_file import load
from hoks.ports import Clock
from sandbox import BUSINESS_DAY
from sandbox.server import serve
from sandbox.settings import SERVERS, settings_text, url
from tests.chaos.faults import ELIAS, KINDS, path_of
from tests.chaos.names import host_of
from tests.chaos.proxy import HEALTHY, HOST, Fault, Plan, Proxy
from tests.rows import free_ports
from tests.schedule import ran_and_waited, waited_by_all

T = TypeVar("T")

SECONDS = 3.0
"""The deadline of a request, where nothing else is said."""
SLACK_SECONDS = 0.05
"""What an answer may be late by, in time in which its thread could run: ``Told.is_late``."""
BEAT_SECONDS = 0.01
PROXIED = ("eHOKS", "Koski", "ONR", "Organisaatio", "OneRoster", "issuer", "Koodisto", "ePerusteet", "AMOSAA")
QUERY = f"""
{{ student(oid: "{ELIAS}") {{
    name
    studyRights {{ oid state provenance {{ source }} }}
    hoksit {{
      studyRightOid firstApprovedOn updatedAt version competenceAcquisitionNeeded careerPlanGoal {{ uri }}
      provenance {{ source stale }}
      plannedVocationalUnits {{
        id moduleId unit {{ uri }} deviationFromRequirements
        acquisitions {{ id startDate endDate }}
        demonstrations {{ id startDate endDate }}
      }}
      priorVocationalUnits {{ unit {{ uri }} }}
      plannedCommonUnits {{ id unit {{ uri }} }}
    }}
    sources {{ source outcome }}
}} }}
"""


class Scene:
    """The sandbox behind proxies. Its methods may be called from any thread."""

    def __init__(self, folder: Path, port: int, contexts: Mapping[str, ssl.SSLContext] | None, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        self.port = port
        self.is_https = contexts is not None
        self.proxies = {name: Proxy(port + 1 + SERVERS.index(name), self.port_of(name), contexts) for name in PROXIED}
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tokens: dict[str, str] = {}

    def start(self) -> None:
        """Start everything; returns when it answers."""
        self._thread.start()
        assert self._ready.wait(20), "the sandbox did not start"
        self.heal()

    def stop(self) -> None:
        """Stop everything."""
        for proxy in self.proxies.values():
            self._do(proxy.close())
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def play(self, fault: Fault, kind: str, **how: Any) -> Plan:
        """Play a fault to one kind of call from now on."""
        plan = Plan(fault, kind=kind, path=path_of(kind), **how)
        self._do(self.proxies[KINDS[kind].server].switch(plan))
        return plan

    def play_all(self, fault: Fault, **how: Any) -> None:
        """Play a fault to every call of every source."""
        for kind in ("plan", "koski", "onr", "organisaatio"):
            self._do(self.proxies[KINDS[kind].server].switch(Plan(fault, kind=kind, **how)))

    def heal(self) -> None:
        """Let everything through."""
        for proxy in self.proxies.values():
            self._do(proxy.switch(Plan(HEALTHY)))

    def drop(self, server: str) -> None:
        """Drop every connection to a server; the next is served as ever."""
        proxy = self.proxies[server]
        self._do(proxy.close())
        self._do(proxy.switch(Plan(HEALTHY)))

    def calls(self) -> int:
        """How many requests have come through the proxies."""
        return sum(sum(proxy.calls.values()) for proxy in self.proxies.values())

    def port_of(self, server: str) -> int:
        """The port of the proxy before a server."""
        return self.port + 1 + len(SERVERS) + PROXIED.index(server)

    def settings(self, name: str, *, change: Callable[[str], str] = str, through_proxies: bool = True) -> Path:
        """Settings of a gateway: through the proxies, where it keeps nothing of the registers, or as they are."""
        text = settings_text(self.port, self.folder).replace(
            "request_seconds = 5.0", f"request_seconds = {self.seconds}"
        )
        file = self.folder / f"{name}.toml"
        file.write_text(change(self._through_proxies(text) if through_proxies else text))
        return file

    def _through_proxies(self, text: str) -> str:
        for server in PROXIED:
            origin = f"https://{host_of(server)}" if self.is_https else f"http://{HOST}"
            through = f"{origin}:{self.port_of(server)}"
            for key in ("base_url", "cas_url", "token_url", "jwks_url"):
                text = text.replace(f'{key} = "{url(self.port, server)}', f'{key} = "{through}')
        text = text.replace("cache_seconds = 2", "cache_seconds = 0").replace("kept_seconds = 2", "kept_seconds = 0")
        text = text.replace("[onr]", "[onr]\ncache_seconds = 0")
        # No question here needs a name, and a start waits for all of them.
        text = re.sub(r"(?m)^(sets|register_numbers) = .*", r"\1 = []", text)
        return text.replace("[organisaatio]", "[organisaatio]\ncache_seconds = 0\nstale_seconds = 0")

    def token(self, persona: str) -> str:
        """A token of a persona."""
        if persona not in self._tokens:
            answer = httpx.post(f"{url(self.port, 'issuer')}/token", json={"persona": persona}, trust_env=False)
            self._tokens[persona] = answer.json()["access_token"]
        return self._tokens[persona]

    def kept_waiting(self) -> float:
        """For how long threads of this process have been ready and not running, and the scene's own has run (seconds).

        Neither is the gateway's time: a machine that does other work beside the tests, and the servers and proxies
        that share an interpreter with it, must not decide whether an answer is late.
        """
        # All of them: whoever holds the interpreter and cannot run keeps the others waiting too.
        return waited_by_all() + ran_and_waited(self._thread.native_id)[0]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve(self.port, self.folder, stop=self._stop, ready=self._ready.set))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


@contextmanager
def scene(
    folder: Path, contexts: Mapping[str, ssl.SSLContext] | None = None, seconds: float = SECONDS
) -> Iterator[Scene]:
    """A running scene on free ports; its gateways have so many seconds for a request."""
    folder.mkdir(parents=True, exist_ok=True)
    here = Scene(folder, free_ports(1 + len(SERVERS) + len(PROXIED)), contexts, seconds)
    here.start()
    _clear_away()
    try:
        yield here
    finally:
        here.stop()


class Told:
    """What the gateway answered to one request, and how long that took (seconds)."""

    def __init__(self, response: httpx.Response, wall: float, waited: float, deadline: float) -> None:
        """``waited`` are the seconds in which this thread was ready and could not run."""
        self.status = response.status_code
        self.wall = wall
        self.seconds = wall - waited
        self.is_late = self.seconds > deadline + SLACK_SECONDS
        self.json: dict[str, Any] = response.json()
        self.student: dict[str, Any] | None = (self.json.get("data") or {}).get("student")

    @property
    def plans(self) -> dict[str, bytes]:
        """Each plan as bytes, by the source it came from."""
        plans = (self.student or {}).get("hoksit") or ()
        return {each["provenance"]["source"]: orjson.dumps(each) for each in plans}

    @property
    def sources(self) -> dict[str, str]:
        """How each source is said to have answered."""
        return {each["source"]: each["outcome"] for each in (self.student or {}).get("sources", ())}

    @property
    def gaps(self) -> dict[str, str]:
        """The gaps that stand beside the data."""
        return {each["source"]: each["outcome"] for each in self.json["extensions"].get("gaps", ())}

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.json.get("errors", ())]


class Front:
    """One gateway, as a front end sees it."""

    def __init__(self, here: Scene, client: httpx.AsyncClient) -> None:
        self.scene = here
        self._client = client

    async def ask(self, persona: str, query: str = QUERY, token: str | None = None) -> Told:
        """The answer to one operation as a persona, or as whoever a token says."""
        headers = {"authorization": f"Bearer {token or self.scene.token(persona)}"}
        started, kept = time.perf_counter(), self.scene.kept_waiting()
        response = await self._client.post("/graphql", json={"query": query}, headers=headers)
        waited = self.scene.kept_waiting() - kept
        return Told(response, time.perf_counter() - started, waited, self.scene.seconds)


@asynccontextmanager
async def gateway(
    here: Scene,
    transport: Transport | None = None,
    *,
    clock: Clock | None = None,
    seconds: Callable[[], float] = time.monotonic,
    change: Callable[[str], str] = str,
    knows_callers: bool = True,
) -> AsyncIterator[Front]:
    """The real application, in this event loop; its caller's keys are fetched, its sources not yet asked."""
    settings = load(here.settings("gateway", change=change))
    app = create_app(settings, clock or FixedDayClock(BUSINESS_DAY), transport=transport, seconds=seconds)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        front = Front(here, client)
        if knows_callers:
            await front.ask("staff-a", "{ viewer { role } }")
        yield front
    # One process has many gateways here: each is taken away when it is over, and not while the next is timed.
    del app, client, front
    _clear_away()


def _clear_away() -> None:
    """Collect what is garbage, and never look at the rest again, as a gateway that is served does when it starts.

    To look through all that a process of tests holds takes half a second, which would be no fault's doing.
    """
    gc.collect()
    gc.freeze()


class Heartbeat:
    """Beats every ten milliseconds and knows the longest time that this thread kept its event loop (seconds)."""

    def __init__(self, here: Scene) -> None:
        self._scene = here
        self.longest = 0.0

    async def __aenter__(self) -> "Heartbeat":
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _beat(self) -> None:
        began, kept = time.perf_counter(), self._scene.kept_waiting()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            late, before = time.perf_counter() - began - BEAT_SECONDS, kept
            began, kept = time.perf_counter(), self._scene.kept_waiting()
            self.longest = max(self.longest, late - (kept - before))


class Lines(logging.Handler):
    """Everything that anybody logs, as it would be written, with the text of any exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))


@contextmanager
def listening(level: int = logging.INFO) -> Iterator[Lines]:
    """All that is logged meanwhile, at the level at which a gateway serves."""
    lines, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(lines)
        root.setLevel(before)

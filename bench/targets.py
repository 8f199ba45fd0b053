"""A gateway of the comparison: how it is started, how it is asked, and where in its answer the plans stand."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.question import Json, Question

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "var" / "bench" / "logs"
STARTING_SECONDS = 60.0
LOAD_CORE, GATEWAY_CORE = 0, 1


class Missing(Exception):
    """The gateway cannot be run here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a comparison runs: its folder, the ports of its sources, and what sources are told to be."""

    folder: Path
    ports: Mapping[str, int]
    """Of A, B and the registers."""
    tokens: Callable[[str], str]
    """A token by whose it is: a learner's OID, or ``staff``."""
    seconds: float = 10.0
    """For how long every gateway waits for a source."""
    providers: int = 2
    """How many providers are configured; all but the first two have no students."""

    def url(self, provider: int) -> str:
        """Where a provider's services begin."""
        name = ("A", "B")[provider] if provider < 2 else "registers"
        return f"http://127.0.0.1:{self.ports[name]}/p{provider}"

    @property
    def registers(self) -> str:
        """Where the registers begin."""
        return f"http://127.0.0.1:{self.ports['registers']}"


class Command:
    """What starts a gateway, in which folder, and with what in its environment."""

    def __init__(self, words: Sequence[str | Path | int], folder: Path = ROOT, **environment: str) -> None:
        self.words = [str(each) for each in words]
        self.folder = folder
        self.environment = environment


class Dialect(Protocol):
    """How a gateway is asked, and where in its answer the plans stand."""

    def one(self, question: Question, oids: Sequence[str]) -> str:
        """The document about one student, or about the same one twice under two names."""
        ...

    def several(self, question: Question, first: int) -> str | None:
        """The document about the first students of A's list; nothing where it has no such question."""
        ...

    def plans(self, answer: Json, place: int = 0) -> list[Json | None]:
        """The plans of the student at a place of the answer, in order of provider; of one that failed, nothing."""
        ...

    def students(self, answer: Json) -> list[list[Json | None]]:
        """The plans of each listed student."""
        ...


class Merged:
    """Both plans in one list, under the student: the graph of the project, which peers with resolvers can have too."""

    def one(self, question: Question, oids: Sequence[str]) -> str:
        """See ``Dialect``."""
        fields = (
            f'{name}: student(oid: "{oid}") {{ hoksit {question.text} }}' for name, oid in zip("ab", oids, strict=False)
        )
        return "{ " + " ".join(fields) + " }"

    def several(self, question: Question, first: int) -> str | None:
        """See ``Dialect``."""
        return f"{{ students(first: {first}) {{ hoksit {question.text} }} }}"

    def plans(self, answer: Json, place: int = 0) -> list[Json | None]:
        """See ``Dialect``."""
        return self.of(answer["data"]["ab"[place]])

    def students(self, answer: Json) -> list[list[Json | None]]:
        """See ``Dialect``."""
        return [self.of(each) for each in answer["data"]["students"]]

    def of(self, student: Json) -> list[Json | None]:
        """The plans of one student."""
        return list(student["hoksit"])


class Relayed(Merged):
    """The same with the list as a connection, as Relay has it: the project's own."""

    def several(self, question: Question, first: int) -> str | None:
        """See ``Dialect``."""
        return self.page(question, first)

    def any_one(self, question: Question) -> str:
        """The document about the student whose OID is the variable ``oid``."""
        return f"query One($oid: LearnerOid!) {{ a: student(oid: $oid) {{ hoksit {question.text} }} }}"

    def page(self, question: Question, first: int, after: str = "") -> str:
        """The document about the students after a cursor."""
        where = f', after: "{after}"' if after else ""
        page = f"pageInfo {{ endCursor }} edges {{ node {{ hoksit {question.text} }} }}"
        return f"{{ students(first: {first}{where}) {{ {page} }} }}"

    def cursor(self, answer: Json) -> str:
        """Where a page ends."""
        return str(answer["data"]["students"]["pageInfo"]["endCursor"] or "")

    def students(self, answer: Json) -> list[list[Json | None]]:
        """See ``Dialect``."""
        return [self.of(each["node"]) for each in answer["data"]["students"]["edges"]]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A gateway of the comparison."""

    name: str
    what: str
    """What it is, in a line under the table."""
    command: Callable[[Place, int], Command]
    """What starts it on a port. Raises ``Missing``."""
    dialect: Dialect = field(default_factory=Merged)
    path: str = "/graphql"
    headers: Callable[[Place, str], tuple[tuple[str, str], ...]] = lambda _place, _who: ()
    """What a request carries besides, by whose it is."""
    is_floor: bool = False
    """Whether it answers the same bytes to everybody."""
    is_peer: bool = False
    keeps: bool = False
    """Whether it keeps for some seconds what sources told."""

    def body(self, document: str, variables: Mapping[str, str] | None = None) -> bytes:
        """A request's body."""
        return json.dumps({"query": document} | ({"variables": variables} if variables else {})).encode()


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that runs."""

    target: Target
    place: Place
    port: int
    pid: int


@contextmanager
def running(target: Target, place: Place, *, core: int | None = GATEWAY_CORE) -> Iterator[Running]:
    """The gateway, on the gateways' core, until the end; it may not listen yet. Raises ``Missing``."""
    port = free_port()
    with process(target.command(place, port), LOGS / f"{_slug(target.name)}.log", core=core) as pid:
        yield Running(target, place, port, pid)


@contextmanager
def process(command: Command, log: Path, *, core: int | None) -> Iterator[int]:
    """A process on one core, or on any, told to stop in the end; what it says goes to a file."""
    is_pinned = core is not None and core < (os.cpu_count() or 1) and shutil.which("taskset")
    pinned = ["taskset", "--cpu-list", str(core)] if is_pinned else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NODE_ENV": "production", **command.environment}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        started = subprocess.Popen(
            [*pinned, *command.words],
            cwd=command.folder,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield started.pid
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(5)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(5)


async def listens(port: int, pid: int) -> None:
    """Wait until something listens on a port. Raises ``Missing`` where the process ends first, or takes too long."""
    try:
        async with asyncio.timeout(STARTING_SECONDS):
            while True:
                if not is_alive(pid):
                    raise Missing("did not start: its log is in var/bench/logs")
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
    except TimeoutError:
        raise Missing("did not start in time: its log is in var/bench/logs") from None


async def started(targets: Sequence[Target], here: Place, stack: ExitStack) -> tuple[list[Running], dict[str, str]]:
    """Every gateway that runs here, and of every other why it does not."""
    begun: list[Running] = []
    up: list[Running] = []
    missing: dict[str, str] = {}
    for target in targets:
        try:
            begun.append(stack.enter_context(running(target, here)))
        except Missing as fault:
            missing[target.name] = str(fault)
    for one in begun:
        try:
            await listens(one.port, one.pid)
            up.append(one)
        except Missing as fault:
            missing[one.target.name] = str(fault)
    return up, missing


def is_alive(pid: int) -> bool:
    """Whether a process of ours still runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _slug(name: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in name)

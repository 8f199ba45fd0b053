"""The gateways that npm ships, each in a folder with its locked packages, installed on demand into an ignored folder.

yoga      graphql-yoga, graphql-jit and undici, with resolvers by hand
apollo    Apollo Server with the same resolvers over fetch
hive      Hive Gateway over what Mesh composes from two OpenAPI files
tailcall  Tailcall: over providers that speak the graph's names already, and with its JavaScript hook that renames
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from bench.peers import glibc, openapi
from bench.question import GRAPH, PEERS, WIRE, Json, Question, Tree, translated
from bench.targets import Command, Merged, Missing, Place, Target

INSTALLED = Path(__file__).parents[2] / "var" / "bench" / "peers"
INSTALLING_SECONDS = 900
NODE = ("node", "--max-semi-space-size=64")
"""A young heap that holds what a second of answers leaves behind; without it figures flip between two states."""
SHARED = ("plan.graphql", "names.json", "resolvers.mjs")


def installed(name: str) -> Path:
    """The folder of a peer with its packages. Raises ``Missing``."""
    if shutil.which("npm") is None:
        raise Missing("Node is not on this machine")
    folder, made_from = INSTALLED / name, PEERS / name
    mark = folder / "node_modules" / ".of"
    lock = hashlib.sha256((made_from / "package-lock.json").read_bytes()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*made_from.iterdir(), *(PEERS / each for each in SHARED)):
        shutil.copy(file, folder)
    if not mark.exists() or mark.read_text() != lock:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALLING_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as fault:
            raise Missing(f"its packages could not be installed ({type(fault).__name__})") from None
        mark.write_text(lock)
    return folder


def milliseconds(place: Place) -> str:
    """For how long a source is waited for."""
    return str(round(1000 * place.seconds))


def versions(name: str) -> str:
    """What a peer is made of, as its lock says."""
    wanted = json.loads((PEERS / name / "package.json").read_text())["dependencies"]
    return ", ".join(f"{package} {version}" for package, version in wanted.items())


# --- peers with resolvers by hand -------------------------------------------------------------------------------


def _node(name: str, place: Place, port: int) -> Command:
    sources = ",".join(f"{place.url(each)}/students" for each in range(place.providers))
    told = {"PORT": str(port), "SOURCES": sources, "TIMEOUT_MS": milliseconds(place)}
    return Command([*NODE, "server.mjs"], installed(name), **told)


YOGA = Target(
    name="graphql-yoga + jit",
    what=f"{versions('yoga')}: resolvers by hand, one pool a source",
    command=partial(_node, "yoga"),
    is_peer=True,
)
APOLLO = Target(
    name="Apollo Server",
    what=f"{versions('apollo')}: the same resolvers over the global fetch, as a Node team writes it",
    command=partial(_node, "apollo"),
    is_peer=True,
    path="/",
)


# --- Tailcall ---------------------------------------------------------------------------------------------------


class Beside(Merged):
    """Each plan in a field of its own: where a list cannot be put together from two sources."""

    def one(self, question: Question, oids: Any) -> str:
        """See ``Dialect``."""
        both = _both(question.text)
        return "{ " + " ".join(f'{n}: student(oid: "{oid}") {both}' for n, oid in zip("ab", oids, strict=False)) + " }"

    def several(self, question: Question, first: int) -> str | None:
        """See ``Dialect``."""
        return f"{{ students(first: {first}) {_both(question.text)} }}"

    def of(self, student: Json) -> list[Json | None]:
        """See ``Merged``."""
        return [student["a"], student["b"]]


def _both(text: str) -> str:
    return f"{{ a {text} b {text} }}"


def _tailcall(camel: bool, place: Place, port: int) -> Command:
    folder = installed("tailcall")
    program = _program(folder)
    hook = (folder / "hook.js").read_text().replace("NAMES_JSON", (folder / "names.json").read_text())
    (folder / "hook-named.js").write_text(hook)
    config = folder / f"{'camel' if camel else 'hook'}-{port}.graphql"
    config.write_text(_tailcall_config(place, port, camel=camel))
    return Command([*program, "start", config], folder, TAILCALL_TRACKER="false", TAILCALL_LOG_LEVEL="error")


@cache
def _program(folder: Path) -> tuple[str | Path, ...]:
    """What starts Tailcall: its newest, by itself or with a newer C library, else an older. Raises ``Missing``."""
    newest, older = (folder / "node_modules" / each / "bin" / "tailcall" for each in _TAILCALLS)
    if _runs([newest]):
        return (newest,)
    with suppress(Missing):
        if _runs(words := glibc.started_with(INSTALLED.parent / "glibc", newest)):
            return tuple(words)
    if _runs([older]):
        return (older,)
    raise Missing("its binary needs a newer C library than this machine has")


def tailcall_runs() -> str:
    """Which Tailcall runs here; nothing where none does."""
    with suppress(Missing):
        words = _program(installed("tailcall"))
        return subprocess.run([*words, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return ""


_TAILCALLS = ("@tailcallhq/core-linux-x64-gnu", "tailcall-for-older-glibc")


def _runs(words: Sequence[str | Path]) -> bool:
    Path(words[-1]).chmod(0o755)
    try:
        return subprocess.run([*words, "--version"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _tailcall_config(place: Place, port: int, *, camel: bool) -> str:
    """The graph with where each field comes from; nothing is kept, nothing shared between callers."""
    service, hook = ("camel", "") if camel else ("students", ', onResponseBody: "inTheGraphsNames"')
    a, b = (f"{place.url(n)}/{service}" for n in (0, 1))
    script = "" if camel else ' @link(src: "hook-named.js", type: Script)'
    head = f"""schema @server(port: {port}, hostname: "127.0.0.1", workers: 1)
  @upstream(poolMaxIdlePerHost: 200, timeout: {max(1, round(place.seconds))}){script} {{ query: Query }}
type Query {{
  student(oid: String!): Student @expr(body: {{oid: "{{{{.args.oid}}}}"}})
  students(first: Int!): [Student] @http(url: "{a}/first/{{{{.args.first}}}}")
}}
type Student {{
  oid: String!
  a: Hoks @http(url: "{a}/{{{{.value.oid}}}}/plan"{hook})
  b: Hoks @http(url: "{b}/{{{{.value.oid}}}}/plan"{hook})
}}
"""
    return head + GRAPH.read_text()[GRAPH.read_text().index("type Hoks ") :]


TAILCALL = Target(
    name="Tailcall, names as wanted",
    what=f"{versions('tailcall')}; its providers speak the graph's names already: an easier task, its upper bound",
    command=partial(_tailcall, True),
    dialect=Beside(),
    is_peer=True,
)
TAILCALL_HOOK = Target(
    name="Tailcall, hook",
    what="the same over the real wire: its JavaScript hook renames, which nothing else in it can do rightly",
    command=partial(_tailcall, False),
    dialect=Beside(),
    is_peer=True,
)


# --- Hive Gateway -----------------------------------------------------------------------------------------------


class Wired(Merged):
    """The wire's own names with underscores, each plan at the root: what Mesh makes of OpenAPI by itself."""

    def one(self, question: Question, oids: Any) -> str:
        """See ``Dialect``."""
        text = f"{{ data {_in_wire_names(question.tree)} }}"
        fields = (f'{n}{p}: {p}(oid: "{oid}") {text}' for n, oid in zip("ab", oids, strict=False) for p in "ab")
        return "{ " + " ".join(fields) + " }"

    def several(self, question: Question, first: int) -> str | None:
        """See ``Dialect``."""
        return None

    def plans(self, answer: Json, place: int = 0) -> list[Json | None]:
        """See ``Dialect``."""
        held = (answer["data"][f"{'ab'[place]}{p}"] for p in "ab")
        return [translated(_hyphenated(each["data"])) if each else None for each in held]


def _in_wire_names(tree: Tree) -> str:
    words = []
    for name, beneath in tree.items():
        key = WIRE[name].replace("-", "_")
        if "uri" in beneath:
            words += [key, key.removesuffix("uri") + "versio"]
        else:
            words += [key + (" " + _in_wire_names(beneath) if beneath else "")]
    return "{ " + " ".join(words) + " }"


def _hyphenated(value: Any) -> Any:
    if isinstance(value, list):
        return [_hyphenated(each) for each in value]
    if isinstance(value, dict):
        return {key.replace("_", "-"): _hyphenated(each) for key, each in value.items()}
    return value


COMPOSED_FOR = {"a": "http://127.0.0.1:11111", "b": "http://127.0.0.1:22222"}
"""The addresses for which the supergraph is composed; they are exchanged for those of the run."""


def _hive(place: Place, port: int) -> Command:
    folder = installed("hive")
    composed = folder / "supergraph.graphql"
    if not composed.exists():
        for name, url in COMPOSED_FOR.items():
            (folder / f"{name}.json").write_text(json.dumps(openapi.document(name, url)))
        command = ["npx", "--no-install", "mesh-compose", "-o", str(composed)]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALLING_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
            raise Missing(f"its graph could not be composed ({type(fault).__name__})") from None
    text = composed.read_text()
    for number, url in enumerate(COMPOSED_FOR.values()):
        text = text.replace(url, f"{place.url(number)}")
    (folder / f"supergraph-{port}.graphql").write_text(text)
    binary = "node_modules/@graphql-hive/gateway/dist/bin.js"
    return Command(
        [*NODE, binary, "supergraph", f"supergraph-{port}.graphql", "--port", port, "--host", "127.0.0.1", "--fork", 1],
        folder,
        TIMEOUT_MS=milliseconds(place),
    )


HIVE = Target(
    name="Hive Gateway + Mesh",
    what=f"{versions('hive')}: two root fields in the wire's own names; nothing kept or shared between callers",
    command=_hive,
    dialect=Wired(),
    is_peer=True,
)

PEERS_TO_BEAT = (TAILCALL, TAILCALL_HOOK, YOGA, APOLLO, HIVE)

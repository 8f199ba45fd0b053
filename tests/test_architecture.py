"""The shape of the project itself: maps are true, a grant is made in one place, generated files are fresh."""

import ast
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from resolvers.schema import build, sdl

ROOT = Path(__file__).parents[1]
ROOMS = ("hoks", "hoks.access", "connectors", "connectors.registries", "connectors.table", "resolvers", "gateway")


def modules_of(room: str) -> set[str]:
    folder = ROOT / room.replace(".", "/")
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def sources(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text())


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_its_promise_and_lists_its_modules(room: str) -> None:
    docstring = importlib.import_module(room).__doc__ or ""
    listed = set(re.findall(r"^-? ?`{0,2}(\w+)`{0,2}(?::|\s{2,}| - )", docstring, re.MULTILINE))
    assert docstring.splitlines()[0].endswith(".")
    assert listed == modules_of(room)


def test_every_module_says_its_promise() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path, tree in sources("hoks", "connectors", "resolvers", "gateway", "sandbox")
        if not ast.get_docstring(tree)
    ]
    assert silent == []


def test_a_grant_is_made_in_one_module_only() -> None:
    makers = {
        str(path.relative_to(ROOT))
        for path, tree in sources("hoks", "connectors", "resolvers", "gateway", "sandbox")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Grant"
    }
    assert makers == {"hoks/access/decide.py"}


def test_no_module_of_the_serving_path_holds_a_data_loader() -> None:
    shared = [
        str(path.relative_to(ROOT))
        for path, tree in sources("hoks", "connectors", "resolvers", "gateway")
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and "DataLoader(" in ast.unparse(node)
    ]
    assert shared == []


def test_the_domain_has_no_clock_of_its_own() -> None:
    clocks = re.compile(r"\b(datetime\.now|date\.today|time\.time|utcnow)\b")
    found = [str(path.relative_to(ROOT)) for path in (ROOT / "hoks").rglob("*.py") if clocks.search(path.read_text())]
    assert found == []


def test_the_printed_schema_is_fresh() -> None:
    assert (ROOT / "schema.graphql").read_text() == sdl(build()), "run `make schema`"


def test_the_lock_files_hold_hashes_and_no_address() -> None:
    extras = ("otel", "dev", "build", "mutate", "conformance", "view", "node")
    names = ("requirements", *(f"requirements-{extra}" for extra in extras))
    for name in (f"{each}.txt" for each in names):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|/(home|root|opt|tmp|work)/", text), name


def test_the_lock_files_of_other_peoples_programs_hold_hashes_and_no_address() -> None:
    locks = sorted((ROOT / "tests/conformance").rglob("package-lock.json"))
    assert locks
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        assert all("integrity" in each and "resolved" not in each for name, each in packages.items() if name), lock


def test_every_direct_dependency_is_locked() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[\[<>=!~ ]", each, maxsplit=1)[0].lower() for each in declared}
    locked = {
        line.split("==")[0].lower() for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert names <= locked

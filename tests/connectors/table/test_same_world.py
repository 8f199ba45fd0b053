"""One world as files and as views, texts or typed values, asked live or read whole: the answers are the same."""

import tomllib
from collections.abc import AsyncIterator, Collection, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.table import TableSettings, TableSource
from hoks.identifiers import LearnerOid, PersonOid, StudyRightOid
from hoks.outcomes import Outcome, Reply
from hoks.student import Person
from sandbox.cast import Letter
from sandbox.dialect import Dialect
from sandbox.dialects import DIALECTS
from sandbox.drop import write_drop
from sandbox.rows import Cell, Row, tables
from sandbox.settings import SOURCE_IDS, settings_text
from sandbox.staff import staff_tables
from sandbox.world import World, build_world
from tests.connectors.table.drops import FixedClock
from tests.connectors.table.views import ProvidersDatabase, source_over, unordered
from tests.postgres import PostgresServer

LETTERS: tuple[Letter, ...] = ("B", "C")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


def said_of(letter: Letter, folder: Path) -> dict[str, Any]:
    """The settings of a provider as the sandbox writes them."""
    written = tomllib.loads(settings_text(8080, folder))
    said: dict[str, Any] = next(each for each in written["source"] if each["id"] == SOURCE_IDS[letter])
    return said


def rows_of(world: World, letter: Letter) -> dict[str, list[Row]]:
    rows = tables(world, letter)
    return rows | staff_tables(world, letter, rows)


def as_texts(dialect: Dialect, table: str, column: str, row: Row) -> Any:
    return dialect.cell(table, column, row) or None


def as_typed(dialect: Dialect, table: str, column: str, row: Row) -> Any:
    match row[column]:
        case tuple():
            return dialect.cell(table, column, row).split(dialect.list_separator) if row[column] else None
        case str():
            return dialect.cell(table, column, row) or None
        case value:
            return value


def type_of(values: Collection[Cell]) -> str:
    kinds = {type(value) for value in values if value is not None}
    for kinds_of_python, type_of_sql in (
        ({bool}, "boolean"),
        ({datetime}, "timestamptz"),
        ({date}, "date"),
        ({int}, "bigint"),
        ({int, float}, "numeric"),
        ({tuple}, "text[]"),
    ):
        if kinds and kinds <= kinds_of_python:
            return type_of_sql
    return "text"


def lay_out(provider: ProvidersDatabase, world: World, letter: Letter, *, typed: bool) -> None:
    """The provider's rows as tables, and views of them."""
    dialect, written = DIALECTS[letter], as_typed if typed else as_texts
    for name, rows in rows_of(world, letter).items():
        if name not in dialect.tables:
            continue
        table = dialect.tables[name]
        types = {
            theirs: type_of([row[ours] for row in rows]) if typed else "text" for ours, theirs in table.columns.items()
        }
        cells = [{theirs: written(dialect, name, ours, row) for ours, theirs in table.columns.items()} for row in rows]
        provider.fill(table.file.removesuffix(".csv"), types, cells)


@pytest.fixture(scope="module", params=[(letter, typed) for letter in LETTERS for typed in (False, True)], ids=str)
def both(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    world: World,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TableSettings, ProvidersDatabase, dict[str, Any]]]:
    """The settings of a drop and, of the same rows, a database."""
    letter, typed = request.param
    folder = tmp_path_factory.mktemp("sandbox")
    said = said_of(letter, folder)
    write_drop(world, letter, Path(said["folder"]))
    with postgres.database() as name:
        provider = ProvidersDatabase(postgres, name)
        lay_out(provider, world, letter, typed=typed)
        yield msgspec.convert(said, TableSettings), provider, said


@pytest.fixture(params=["live", "snapshot"])
async def sources(
    request: pytest.FixtureRequest, both: tuple[TableSettings, ProvidersDatabase, dict[str, Any]]
) -> AsyncIterator[tuple[TableSource, TableSource]]:
    files, provider, said = both
    views = source_over(provider.settings(said, reads=request.param, seconds=30))
    yield TableSource(files, FixedClock()), views
    await views.aclose()


def same(of_files: Reply[Any, Any], of_views: Reply[Any, Any], *, some: int) -> None:
    """The answers are equal, record by record; some of them hold something."""
    assert of_views.answers.keys() == of_files.answers.keys()
    for key, answer in of_files.answers.items():
        assert unordered(of_views.answers[key]) == unordered(answer), key
    assert sum(answer.outcome is Outcome.OK for answer in of_files.answers.values()) >= some


async def test_everyones_rights_are_the_same(sources: tuple[TableSource, TableSource], world: World) -> None:
    files, views = sources
    (listed,) = (await files.learners()).answers.values()
    people = [Person(oid=LearnerOid(oid)) for oid in listed.value or ()]
    masters = [Person(oid=LearnerOid(p.oid), aliases=frozenset(map(LearnerOid, p.slaves))) for p in world.people]
    same(await files.rights(people), await views.rights(people), some=20)
    same(await files.rights(masters), await views.rights(masters), some=20)
    same(await files.learners(), await views.learners(), some=1)


async def test_every_plan_and_holder_is_the_same(sources: tuple[TableSource, TableSource], world: World) -> None:
    files, views = sources
    rights = [StudyRightOid(right.oid) for right in world.rights]
    same(await files.plans(rights), await views.plans(rights), some=20)
    same(await files.holders(rights), await views.holders(rights), some=20)


async def test_a_plan_asked_alone_is_as_one_asked_among_all(
    sources: tuple[TableSource, TableSource], world: World
) -> None:
    files, views = sources
    for right in [StudyRightOid(right.oid) for right in world.rights][::25]:
        same(await files.plans([right]), await views.plans([right]), some=0)


async def test_who_is_appointed_and_assigned_is_the_same(
    sources: tuple[TableSource, TableSource], world: World
) -> None:
    files, views = sources
    people = [
        PersonOid(str(row["person_oid"]))
        for letter in LETTERS
        for table in ("appointments", "assignments")
        for row in rows_of(world, letter)[table]
    ]
    same(await files.appointments(people), await views.appointments(people), some=1)
    same(await files.assignments(people), await views.assignments(people), some=1)

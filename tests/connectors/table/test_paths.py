"""Whatever rows share keys, a question to views takes every row that bears on its answer, for one key as for many."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from psycopg import sql

from connectors.table import TableSource
from connectors.table.paths import STEPS, WHOLE, Step
from connectors.table.settings import COLUMNS, TableSettings
from hoks.identifiers import PersonOid
from hoks.outcomes import Answer
from hoks.student import Person
from tests.connectors.table.drops import AINO, EERO, RIGHT_1, RIGHT_2, RIGHT_3, Files, FixedClock, write_drop
from tests.connectors.table.views import SCHEMA, ProvidersDatabase, source_over, unordered
from tests.postgres import PostgresServer

KEYS = st.sampled_from(["", "1", "2", "3"])
PEOPLE = st.sampled_from(["", AINO, EERO])
RIGHTS = st.sampled_from(["", RIGHT_1, RIGHT_2, RIGHT_3])


def rows(most: int, **cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(st.fixed_dictionaries(cells), max_size=most)


DROPS = st.fixed_dictionaries(
    {
        "opiskelijat.csv": rows(4, opnro=KEYS, oppijanumero=PEOPLE),
        "opinto_oikeudet.csv": rows(
            5,
            oo_id=KEYS,
            opnro=KEYS,
            oo_oid=RIGHTS,
            sisaltyy_oo_oid=RIGHTS,
            tila=st.just("L"),
            tila_alku=st.just("1.8.2026"),
        ),
        "hoks.csv": rows(4, hoks_id=KEYS, oo_id=KEYS, oo_oid=RIGHTS),
        "osat.csv": rows(4, osa_id=KEYS, hoks_id=KEYS, ylaosa_id=KEYS, laji=st.sampled_from(["AMM", "YTO", "YTOOSA"])),
        "jaksot.csv": rows(3, jakso_id=KEYS, osa_id=KEYS, tapa=st.just("KOSO")),
        "keskeytykset.csv": rows(2, jakso_id=KEYS, alku=st.just("1.9.2026")),
        "naytot.csv": rows(3, naytto_id=KEYS, osa_id=KEYS, aiempi_id=KEYS),
        "arvioijat.csv": rows(2, naytto_id=KEYS, aiempi_id=KEYS, laji=st.sampled_from(["J", "A"])),
        "aiemmat.csv": rows(3, aiempi_id=KEYS, hoks_id=KEYS, laji=st.just("AMM")),
        "nimitykset.csv": rows(
            2, henkilo_oid=PEOPLE, laji=st.just("OHJ"), oo_oid=RIGHTS, oppijanumero=PEOPLE, tunniste=st.just("wp-1")
        ),
        "ryhmat.csv": rows(2, henkilo_oid=PEOPLE, rooli=st.just("VO"), opnro=KEYS),
    }
)


SINCE_AUGUST = {"tila": "L", "tila_alku": "1.8.2026"}
TWO_LINKS_OF_ONE_DAY: Files = {
    "opiskelijat.csv": [{"opnro": "1", "oppijanumero": AINO}],
    "opinto_oikeudet.csv": [
        {"oo_id": own_key, "opnro": "1", "oo_oid": RIGHT_1, "sisaltyy_oo_oid": link} | SINCE_AUGUST
        for own_key, link in (("2", RIGHT_2), ("", RIGHT_3), ("1", ""))
    ],
}
"""The order of the file is not that of the cells, and the rows say different things of one day."""


@pytest.fixture(scope="module")
def provider(postgres: PostgresServer) -> Iterator[ProvidersDatabase]:
    with postgres.database() as name:
        yield ProvidersDatabase(postgres, name)


@pytest.fixture(scope="module")
def views(provider: ProvidersDatabase) -> TableSettings:
    return provider.filled("b", {}, seconds=30)


def refill(provider: ProvidersDatabase, views: TableSettings, files: Files) -> None:
    tables = {table.view: table for table in views.tables.values()}
    with provider.owner() as owner, owner.transaction():
        for view in tables:
            table = sql.Identifier(SCHEMA, f"{view} ")
            owner.execute(sql.SQL("DELETE FROM {}").format(table))
            for row in files.get(f"{view}.csv", ()):
                columns = sql.SQL(", ").join(map(sql.Identifier, row))
                marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
                insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(table, columns, marks)
                owner.execute(insert, [cell or None for cell in row.values()])


async def told(source: TableSource) -> list[Mapping[Any, Answer[Any]]]:
    """Everything that a source says of each key, asked alone."""
    said: list[Mapping[Any, Answer[Any]]] = []
    for person in (AINO, EERO):
        said.append((await source.rights([Person(oid=person)])).answers)
        said.append((await source.appointments([PersonOid(person)])).answers)
        said.append((await source.assignments([PersonOid(person)])).answers)
    said.append((await source.rights([Person(oid=AINO, aliases=frozenset({EERO}))])).answers)
    for right in (RIGHT_1, RIGHT_2, RIGHT_3):
        said.append((await source.holders([right])).answers)
        said.append((await source.plans([right])).answers)
    return said


@settings(
    max_examples=25,
    deadline=None,
    # Without shrinking: each try asks a server some thirty times.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(files=TWO_LINKS_OF_ONE_DAY)
@given(files=DROPS)
def test_what_is_read_for_one_key_says_what_all_rows_say(
    files: Files, provider: ProvidersDatabase, views: TableSettings, tmp_path: Path
) -> None:
    refill(provider, views, files)

    async def both() -> tuple[list[Any], list[Any]]:
        asked = source_over(views)
        try:
            return await told(TableSource(write_drop(tmp_path, "b", files), FixedClock())), await told(asked)
        finally:
            await asked.aclose()

    of_files, of_views = asyncio.run(both())
    for by_view, by_file in zip(of_views, of_files, strict=True):
        assert {key: unordered(answer) for key, answer in by_view.items()} == {
            key: unordered(answer) for key, answer in by_file.items()
        }


@pytest.mark.parametrize("step", [step for steps in (*STEPS.values(), WHOLE) for step in steps], ids=str)
def test_every_step_names_tables_and_columns_that_there_are(step: Step) -> None:
    assert not step.by or step.by in COLUMNS[step.table]
    assert not step.values or step.values in COLUMNS[step.table_of_values]

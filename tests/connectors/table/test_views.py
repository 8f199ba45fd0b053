"""Views of a real PostgreSQL server: what comes of each key, what cannot be done to them, and what goes wrong."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from connectors.table import TableSettings, TableSource, ViewsDoNotFit
from hoks.identifiers import LearnerOid, PersonOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.student import Person
from tests.connectors import contract
from tests.connectors.table.drops import (
    AINO,
    B_PROVIDER,
    EERO,
    RIGHT_1,
    RIGHT_2,
    RIGHT_3,
    UNKNOWN_RIGHT,
    FixedClock,
    described,
    of,
)
from tests.connectors.table.views import PASSWORD, READER, SCHEMA, ProvidersDatabase, source_over
from tests.postgres import PostgresServer

A_PERSON = Person(oid=AINO)
NOW = FixedClock().now()
Open = Callable[..., TableSource]


def files() -> dict[str, list[dict[str, str]]]:
    """Two students: one with two rights and a plan, one with a right."""
    return {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO), of(opnro="2", oppijanumero=EERO), of(opnro="3")],
        "opinto_oikeudet.csv": [
            of(oo_id="11", opnro="1", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024"),
            of(oo_id="12", opnro="1", oo_oid=RIGHT_2, tila="L", tila_alku="1.8.2025"),
            of(oo_id="13", opnro="2", oo_oid=RIGHT_3, tila="L", tila_alku="1.8.2026"),
        ],
        "hoks.csv": [of(hoks_id="21", oo_id="11", versio="1"), of(hoks_id="23", oo_id="13", versio="3")],
        "osat.csv": [of(osa_id="31", hoks_id="21", laji="AMM", koodi="105668", ohjaus_h="12,5")],
        "jaksot.csv": [of(jakso_id="41", osa_id="31", tapa="KOSO", alku="1.9.2026", loppu="1.10.2026")],
    }


@pytest.fixture
def provider(postgres: PostgresServer, database: str) -> ProvidersDatabase:
    return ProvidersDatabase(postgres, database)


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens sources that are closed at the end."""
    sources: list[TableSource] = []

    def open_source(settings: TableSettings, **how: Any) -> TableSource:
        sources.append(source_over(settings, **how))
        return sources[-1]

    yield open_source
    for source in sources:
        await source.aclose()


@pytest.fixture(params=["live", "snapshot"])
def source(request: pytest.FixtureRequest, provider: ProvidersDatabase, opened: Open) -> TableSource:
    return opened(provider.filled("b", files(), reads=request.param, seconds=10))


@pytest.fixture
def live(provider: ProvidersDatabase, opened: Open) -> TableSource:
    return opened(provider.filled("b", files(), seconds=10))


# --- contract -------------------------------------------------------------------------------------------------


async def test_rights_keep_the_contract(source: TableSource) -> None:
    people = [A_PERSON, Person(oid=EERO), Person(oid=LearnerOid("1.2.246.562.98.98000000038"))]
    await contract.rights_answer_everyone_who_was_asked_and_nobody_else(source, people)
    await contract.rights_survive_a_malformed_person(source, A_PERSON)
    await contract.rights_of_nobody_are_no_answers(source)


async def test_plans_keep_the_contract(source: TableSource) -> None:
    await contract.plans_answer_every_right_that_was_asked_and_no_other(source, [RIGHT_1, RIGHT_3, UNKNOWN_RIGHT])
    await contract.plans_survive_a_malformed_right(source, RIGHT_1)
    await contract.plans_of_no_right_are_no_answers(source)


async def test_it_tells_what_it_declares_and_nothing_else(source: TableSource) -> None:
    await contract.everything_declared_is_told(source)


@pytest.mark.parametrize("reads", ["live", "snapshot"])
async def test_a_broken_database_is_outcomes(reads: str, provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files(), reads=reads)
    provider.run(f'DROP SCHEMA "{SCHEMA}" CASCADE')
    source = opened(settings)
    await contract.broken_rights_are_outcomes(source, [A_PERSON, Person(oid=EERO)])
    await contract.broken_plans_are_outcomes(source, [RIGHT_1])
    await contract.everything_declared_fails_as_declared(source)


# --- what comes of each key -----------------------------------------------------------------------------------


async def test_every_key_is_answered_and_views_assert_absence(source: TableSource) -> None:
    nobody = Person(oid=LearnerOid("1.2.246.562.98.98000000038"))
    rights = await source.rights([A_PERSON, nobody])
    assert {oid: answer.outcome for oid, answer in rights.answers.items()} == {
        AINO: Outcome.OK,
        nobody.oid: Outcome.ABSENT,
    }
    assert [right.oid for right in rights.answers[AINO].value or ()] == [RIGHT_1, RIGHT_2]
    plans = await source.plans([RIGHT_1, UNKNOWN_RIGHT])
    assert {oid: answer.outcome for oid, answer in plans.answers.items()} == {
        RIGHT_1: Outcome.OK,
        UNKNOWN_RIGHT: Outcome.ABSENT,
    }
    (plan,) = plans.answers[RIGHT_1].value or ()
    (unit,) = plan.planned_vocational_units or ()
    (period,) = unit.acquisitions or ()
    assert (plan.student_oid, unit.unit and unit.unit.uri, period.end_date) == (
        AINO,
        "tutkinnonosat_105668",
        date(2026, 10, 1),
    )
    assert (rights.as_of, rights.stale) == (NOW, False)
    learners = await source.learners()
    assert learners.answers[B_PROVIDER].value == (AINO, EERO)


async def test_a_person_is_found_under_any_of_their_oids_and_answered_by_the_master(source: TableSource) -> None:
    reply = await source.rights([Person(oid=LearnerOid("1.2.246.562.98.98000000038"), aliases=frozenset({AINO}))])
    (answer,) = reply.answers.values()
    assert [(right.oid, right.student_oid) for right in answer.value or ()] == [(RIGHT_1, AINO), (RIGHT_2, AINO)]


async def test_a_right_that_is_somebody_elses_too_is_shown_to_neither(
    source: TableSource, provider: ProvidersDatabase
) -> None:
    provider.run(
        f'INSERT INTO {SCHEMA}."opinto_oikeudet " (oo_id, opnro, oo_oid, tila, tila_alku)'
        f" VALUES ('14', '2', '{RIGHT_1}', 'L', '1.8.2026')"
    )
    for people in ([A_PERSON], [Person(oid=EERO)]):
        reply = await source.rights(people)
        assert {(answer.outcome, answer.value) for answer in reply.answers.values()} == {(Outcome.INVALID, None)}


async def test_a_key_of_two_plans_leads_to_neither_even_when_one_is_asked(
    source: TableSource, provider: ProvidersDatabase
) -> None:
    provider.run(f"INSERT INTO {SCHEMA}.\"hoks \" (hoks_id, oo_id) VALUES ('21', '12')")
    reply = await source.plans([RIGHT_1])
    (plan,) = reply.answers[RIGHT_1].value or ()
    assert plan.planned_vocational_units == ()


@pytest.mark.parametrize(
    "nothing", ["", "x", "1.2.246.562.98.98000000013", "'; DROP TABLE people; --", "%s", "%(a)s", "a\0b", "\ud800"]
)
async def test_no_key_makes_it_raise(live: TableSource, nothing: str) -> None:
    rights = await live.rights([Person(oid=LearnerOid(nothing))])
    assert {answer.outcome for answer in rights.answers.values()} == {Outcome.ABSENT}
    plans = await live.plans([StudyRightOid(nothing)])
    assert {answer.outcome for answer in plans.answers.values()} == {Outcome.ABSENT}
    appointments = await live.appointments([PersonOid(nothing)])
    assert {answer.outcome for answer in appointments.answers.values()} == {Outcome.ABSENT}


# --- columns of every type ------------------------------------------------------------------------------------


async def test_keys_of_different_types_find_each_other(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files())
    provider.run(
        f"SET search_path = {SCHEMA}",
        "DROP VIEW opiskelijat, opinto_oikeudet, hoks",
        'ALTER TABLE "opiskelijat " ALTER opnro TYPE integer USING opnro::integer,'
        " ALTER oppijanumero TYPE character(40)",
        'ALTER TABLE "opinto_oikeudet " ALTER oo_id TYPE numeric(8) USING oo_id::numeric,'
        " ALTER oo_oid TYPE varchar(40)",
        'ALTER TABLE "hoks " ALTER oo_id TYPE bigint USING oo_id::bigint',
        'INSERT INTO "opinto_oikeudet " (oo_id, opnro, oo_oid, tila) VALUES'
        " (77, '99999999999999999999', '1.2.246.562.15.15000077771', 'L')",
        *(f'CREATE VIEW {view} AS SELECT * FROM "{view} "' for view in ("opiskelijat", "opinto_oikeudet", "hoks")),
    )
    source = opened(settings)
    await source.load()
    rights = await source.rights([A_PERSON])
    assert [right.oid for right in rights.answers[AINO].value or ()] == [RIGHT_1, RIGHT_2]
    plans = await source.plans([RIGHT_1, StudyRightOid("1.2.246.562.15.15000077771")])
    assert [answer.outcome for answer in plans.answers.values()] == [Outcome.OK, Outcome.ABSENT]
    (plan,) = plans.answers[RIGHT_1].value or ()
    assert (plan.source_id, plan.student_oid) == ("21", AINO)


async def test_a_cell_that_cannot_be_read_costs_itself_alone(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files())
    provider.run(
        f"SET search_path = {SCHEMA}",
        "DROP VIEW jaksot",
        "ALTER TABLE \"jaksot \" ALTER alku TYPE date USING to_date(alku, 'DD.MM.YYYY'),"
        " ALTER loppu TYPE timestamptz USING to_date(loppu, 'DD.MM.YYYY')",
        'INSERT INTO "jaksot " (jakso_id, osa_id, tapa, alku, loppu) VALUES'
        " ('42', '31', 'KOSO', 'infinity', '2026-10-31 22:30:00+00'),"
        " ('43', '31', 'KOSO', '0044-03-15 BC', 'infinity')",
        'CREATE VIEW jaksot AS SELECT * FROM "jaksot "',
    )
    reply = await opened(settings).plans([RIGHT_1])
    (plan,) = reply.answers[RIGHT_1].value or ()
    (unit,) = plan.planned_vocational_units or ()
    assert [(period.start_date, period.end_date) for period in unit.acquisitions or ()] == [
        (date(2026, 9, 1), date(2026, 10, 1)),
        (None, date(2026, 11, 1)),
        (None, None),
    ]
    assert {each.code.value for each in plan.findings or ()} >= {"UNREADABLE_VALUE"}


# --- nothing can be written, and no name or key becomes a statement -------------------------------------------


async def test_a_view_that_writes_is_refused_by_the_server(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files())
    provider.run(
        f"SET search_path = {SCHEMA}",
        "CREATE TABLE written (at timestamptz)",
        f"""CREATE FUNCTION mark() RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER
            AS $$ INSERT INTO {SCHEMA}.written VALUES (now()) RETURNING '1' $$""",
        "CREATE OR REPLACE VIEW hoks AS SELECT * FROM \"hoks \" WHERE mark() = '1'",
    )
    reply = await opened(settings).plans([RIGHT_1])
    with provider.owner() as owner:
        assert owner.execute(f"SELECT count(*) FROM {SCHEMA}.written".encode()).fetchone() == (0,)
        owner.execute(f"SELECT * FROM {SCHEMA}.hoks".encode())
        assert owner.execute(f"SELECT count(*) > 0 FROM {SCHEMA}.written".encode()).fetchone() == (True,)
    assert reply.answers[RIGHT_1].outcome is Outcome.INVALID


HOSTILE = (
    'x"; DROP TABLE opiskelijat; --',
    "100% %s %(a)s :b",
    '\'; DELETE FROM "opiskelijat "; --',
    "ä ö\\",
    "Select",
)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_is_only_a_name(name: str, provider: ProvidersDatabase, opened: Open) -> None:
    said = described("b")
    rename = {"opnro": name, "oppijanumero": f"{name}2"}
    said["tables"]["people"]["file"] = name
    said["tables"]["people"]["columns"] = {"key": name, "oid": f"{name}2"}
    settings = provider.settings(said)
    cells = [{rename[column]: cell for column, cell in row.items()} for row in files()["opiskelijat.csv"]]
    provider.fill_from(settings, files() | {f"{name}.csv": cells})
    source = opened(settings)
    await source.load()
    reply = await source.rights([A_PERSON, Person(oid=EERO)])
    assert {answer.outcome for answer in reply.answers.values()} == {Outcome.OK}


@pytest.mark.parametrize("key", ["'; DROP TABLE people; --", '"', "%s %(a)s :b", "\\", "1) OR (1=1", "é\n"])
async def test_a_hostile_key_is_only_a_value(key: str, provider: ProvidersDatabase, opened: Open) -> None:
    rows = {
        "opiskelijat.csv": [of(opnro=key, oppijanumero=AINO), of(opnro="2", oppijanumero=EERO)],
        "opinto_oikeudet.csv": [
            of(oo_id=key, opnro=key, oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024"),
            of(oo_id="12", opnro="2", oo_oid=RIGHT_2, tila="L", tila_alku="17.8.2024"),
        ],
        "hoks.csv": [of(hoks_id=key, oo_id=key)],
    }
    source = opened(provider.filled("b", rows))
    rights = await source.rights([A_PERSON])
    assert [right.oid for right in rights.answers[AINO].value or ()] == [RIGHT_1]
    plans = await source.plans([RIGHT_1])
    assert [plan.student_oid for plan in plans.answers[RIGHT_1].value or ()] == [AINO]


# --- limits ---------------------------------------------------------------------------------------------------


def asleep(provider: ProvidersDatabase, view: str, seconds: float) -> None:
    """Make a view take its time."""
    provider.run(
        f'CREATE OR REPLACE VIEW {SCHEMA}."{view}" AS'
        f' SELECT * FROM {SCHEMA}."{view} " WHERE (SELECT true FROM pg_sleep({seconds}))'
    )


def running(provider: ProvidersDatabase) -> int:
    with provider.owner() as owner:
        found = owner.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND state = 'active'", [READER])
        (count,) = found.fetchone() or (0,)
    return int(count)


def connections(provider: ProvidersDatabase) -> int:
    with provider.owner() as owner:
        found = owner.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()", [READER]
        )
        (count,) = found.fetchone() or (0,)
    return int(count)


async def test_the_server_itself_stops_a_statement_that_takes_too_long(
    provider: ProvidersDatabase, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    settings = provider.filled("b", files(), statement_seconds=0.3, seconds=30)
    asleep(provider, "opinto_oikeudet", 20)
    reply = await opened(settings).plans([RIGHT_1])
    assert reply.answers[RIGHT_1].outcome is Outcome.UNAVAILABLE
    assert running(provider) == 0
    assert "source b-primus: UNAVAILABLE (timeout) x 1" in caplog.messages


@pytest.mark.parametrize("by", ["setting", "until"])
async def test_an_answer_has_one_deadline_whatever_its_statements_take(
    by: str, provider: ProvidersDatabase, opened: Open
) -> None:
    settings = provider.filled("b", files(), statement_seconds=2, seconds=0.4 if by == "setting" else 30)
    asleep(provider, "opinto_oikeudet", 20)
    begun = asyncio.get_running_loop().time()
    reply = await opened(settings).plans([RIGHT_1], until=begun + 0.4 if by == "until" else None)
    assert reply.answers[RIGHT_1].outcome is Outcome.UNAVAILABLE
    assert asyncio.get_running_loop().time() - begun < 1.9


async def test_a_reading_that_outlives_its_source_leaves_no_connection_open(
    provider: ProvidersDatabase, opened: Open
) -> None:
    settings = provider.filled("b", files(), statement_seconds=4, seconds=0.3)
    source = opened(settings)
    await source.load()  # by a connection that is there from now on: what is left of the time is the statement's
    asleep(provider, "opinto_oikeudet", 20)
    await source.plans([RIGHT_1])
    await source.aclose()
    assert (running(provider), connections(provider)) == (1, 1)
    for _ in range(200):
        if not connections(provider):
            break
        await asyncio.sleep(0.05)
    # The source is still held here: its connection was closed, not merely forgotten.
    assert (connections(provider), source is None) == (0, False)


async def test_more_rows_than_are_allowed_are_refused(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files(), max_rows=20)
    source = opened(settings)
    assert (await source.learners()).outcome is Outcome.OK
    provider.run(f"INSERT INTO {SCHEMA}.\"opiskelijat \" (opnro) SELECT 'x' || n FROM generate_series(1, 500) AS n")
    assert (await source.learners()).outcome is Outcome.UNAVAILABLE
    assert (await source.rights([Person(oid=EERO)])).outcome is Outcome.OK


async def test_connections_are_bounded_and_everybody_gets_a_turn(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files(), connections=2, seconds=20)
    asleep(provider, "opiskelijat", 0.05)
    source = opened(settings)
    asking = asyncio.gather(*(source.rights([A_PERSON]) for _ in range(12)))
    most = 0
    while not asking.done():
        await asyncio.sleep(0.02)
        most = max(most, connections(provider))
    assert {reply.outcome for reply in await asking} == {Outcome.OK}
    assert most == 2


async def test_a_hundred_students_cost_no_more_statements_than_one(provider: ProvidersDatabase, opened: Open) -> None:
    oids = [LearnerOid(f"1.2.246.562.98.98{n:08}{c}") for n in range(100, 200) for c in range(10)]
    oids = [oid for oid in oids if len(oid.split(".")[-1]) == 11][:100]
    rights = [StudyRightOid(f"1.2.246.562.15.15{n:09}") for n in range(100)]
    rows = {
        "opiskelijat.csv": [of(opnro=str(n), oppijanumero=oid) for n, oid in enumerate(oids)],
        "opinto_oikeudet.csv": [
            of(oo_id=f"o{n}", opnro=str(n), oo_oid=oid, tila="L", tila_alku="1.8.2026") for n, oid in enumerate(rights)
        ],
        "hoks.csv": [of(hoks_id=f"h{n}", oo_id=f"o{n}") for n in range(100)],
        "osat.csv": [of(osa_id=f"u{n}-{m}", hoks_id=f"h{n}", laji="AMM") for n in range(100) for m in range(4)],
        "jaksot.csv": [of(jakso_id=f"j{n}", osa_id=f"u{n}-0", tapa="KOSO") for n in range(100)],
    }
    source = opened(provider.filled("b", rows, seconds=20))
    await source.load()
    counted = {}
    for many in (1, 100):
        with statements(provider) as told:
            replies = await source.rights([Person(oid=oid) for oid in oids[:many]])
            plans = await source.plans(rights[:many])
        assert {answer.outcome for answer in replies.answers.values()} == {Outcome.OK}
        assert sum(len(plan.planned_vocational_units or ()) for a in plans.answers.values() for plan in a.value or ())
        counted[many] = told()
    assert 10 < counted[1] == counted[100] <= 40


@contextmanager
def statements(provider: ProvidersDatabase) -> Iterator[Callable[[], int]]:
    """Counts everything that the server is told to do, by its own log."""
    log = provider.server.folder / "log"
    provider.run(
        f"ALTER ROLE {READER} SET log_statement = 'all'",
        f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{READER}'",
    )
    before = log.stat().st_size
    try:
        yield lambda: len(re.findall(rb"LOG:  (?:execute|statement)", log.read_bytes()[before:]))
    finally:
        provider.run(f"ALTER ROLE {READER} RESET log_statement")


async def test_one_answer_sees_one_state_of_all_views(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files(), seconds=20)
    asleep(provider, "opinto_oikeudet", 0.4)
    source = opened(settings)
    await source.load()
    asking = asyncio.create_task(source.plans([RIGHT_1]))
    while not running(provider):  # noqa: ASYNC110 - what is waited for is another process
        await asyncio.sleep(0.01)
    provider.run(f'DELETE FROM {SCHEMA}."osat "', f'DELETE FROM {SCHEMA}."hoks "')
    (plan,) = (await asking).answers[RIGHT_1].value or ()
    assert len(plan.planned_vocational_units or ()) == 1
    assert (await source.plans([RIGHT_1])).outcome is Outcome.ABSENT


# --- a server that goes away, and views that are not there ----------------------------------------------------


async def test_a_server_that_stops_is_unavailable_and_back_when_it_is_back(
    live: TableSource, postgres: PostgresServer
) -> None:
    assert (await live.plans([RIGHT_1])).outcome is Outcome.OK
    postgres.stop()
    try:
        assert (await live.plans([RIGHT_1])).outcome is Outcome.UNAVAILABLE
        assert (await live.rights([A_PERSON])).outcome is Outcome.UNAVAILABLE
    finally:
        postgres.start()
    assert (await live.plans([RIGHT_1])).outcome is Outcome.OK


async def test_a_connection_that_is_lost_is_made_anew(live: TableSource, provider: ProvidersDatabase) -> None:
    assert (await live.plans([RIGHT_1])).outcome is Outcome.OK
    with provider.owner() as owner:
        owner.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = %s", [READER])
    assert (await live.plans([RIGHT_1])).outcome is Outcome.OK


@pytest.mark.parametrize("reads", ["live", "snapshot"])
async def test_a_server_that_is_down_at_start_stops_nothing(
    reads: str, provider: ProvidersDatabase, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    settings = provider.filled("b", files(), reads=reads)
    source = opened(settings)
    provider.server.stop()
    try:
        await source.load()
        assert (await source.rights([A_PERSON])).outcome is Outcome.UNAVAILABLE
    finally:
        provider.server.start()
    assert (await source.rights([A_PERSON])).outcome is Outcome.OK
    assert "source b-primus: UNAVAILABLE at start (connect)" in caplog.messages


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP VIEW gateway.hoks", "source `b-primus`, table `plans`: there is no view `hoks`"),
        (
            "ALTER VIEW gateway.opiskelijat RENAME opnro TO numero",
            "source `b-primus`, table `people`: the view `opiskelijat` has no column `opnro`",
        ),
    ],
)
async def test_views_that_are_not_those_of_the_settings_stop_the_start_in_one_line(
    statement: str, words: str, provider: ProvidersDatabase, opened: Open
) -> None:
    settings = provider.filled("b", files())
    provider.run(statement)
    source = opened(settings)
    with pytest.raises(ViewsDoNotFit) as refused:
        await source.load()
    assert str(refused.value) == words


async def test_a_column_that_cannot_be_asked_by_key_stops_the_start(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files())
    provider.run(
        f"SET search_path = {SCHEMA}",
        "DROP VIEW opiskelijat",
        "CREATE VIEW opiskelijat AS SELECT to_jsonb(opnro) AS opnro, oppijanumero, sukunimi, etunimet"
        ' FROM "opiskelijat "',
    )
    with pytest.raises(ViewsDoNotFit, match="view `opiskelijat` cannot be asked by the column `opnro`"):
        await opened(settings).load()


async def test_a_schema_that_changes_half_way_is_invalid_until_it_is_whole_again(
    live: TableSource, provider: ProvidersDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    await live.load()
    provider.run(f"ALTER VIEW {SCHEMA}.osat RENAME laji TO tyyppi")
    for _ in range(2):
        assert (await live.plans([RIGHT_1])).outcome is Outcome.INVALID
    assert (await live.rights([A_PERSON])).outcome is Outcome.INVALID
    assert "source `b-primus`, table `units`: the view `osat` has no column `laji`" in caplog.messages
    provider.run(f"ALTER VIEW {SCHEMA}.osat RENAME tyyppi TO laji")
    assert (await live.plans([RIGHT_1])).outcome is Outcome.OK


async def test_a_view_that_the_reader_may_not_read_is_a_denial(live: TableSource, provider: ProvidersDatabase) -> None:
    provider.run(f"REVOKE SELECT ON {SCHEMA}.hoks FROM {READER}")
    assert (await live.plans([RIGHT_1])).outcome is Outcome.DENIED
    assert (await live.rights([A_PERSON])).outcome is Outcome.OK


async def test_a_wrong_password_is_a_denial_and_no_password_is_ever_told(
    provider: ProvidersDatabase, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = provider.filled("b", files())
    wrong = opened(settings, password="not-this-one")
    right = opened(settings)
    await wrong.load()
    assert (await wrong.rights([A_PERSON])).outcome is Outcome.DENIED
    assert (await right.rights([A_PERSON])).outcome is Outcome.OK
    told = caplog.text + repr(settings) + repr(vars(right)) + repr(vars(vars(right)["_rows"]))
    for secret in (PASSWORD, "not-this-one", AINO, str(provider.server.folder) + "/.s"):
        assert secret not in told


# --- how old the data are -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken_at", "kind", "as_of", "stale"),
    [
        ("2026-10-05T02:10:00+03:00", "timestamptz", datetime(2026, 10, 4, 23, 10, tzinfo=UTC), False),
        ("2026-10-02 02:10:00", "timestamp", datetime(2026, 10, 1, 23, 10, tzinfo=UTC), True),
        ("5.10.2026 02:10", "text", datetime(2026, 10, 4, 23, 10, tzinfo=UTC), False),
    ],
)
async def test_views_may_say_how_old_their_rows_are(
    taken_at: str, kind: str, as_of: datetime, stale: bool, provider: ProvidersDatabase, opened: Open
) -> None:
    settings = provider.filled("b", files(), as_of={"view": "ajo", "column": "aika"})
    provider.fill("ajo", {"aika": kind}, [{"aika": taken_at}])
    reply = await opened(settings).plans([RIGHT_1])
    assert (reply.outcome, reply.as_of, reply.stale) == (Outcome.OK, as_of, stale)


async def test_rows_of_an_age_that_nobody_can_tell_are_not_shown(provider: ProvidersDatabase, opened: Open) -> None:
    settings = provider.filled("b", files(), as_of={"view": "ajo", "column": "aika"})
    provider.fill("ajo", {"aika": "timestamptz"}, [])
    assert (await opened(settings).plans([RIGHT_1])).outcome is Outcome.INVALID


# --- views that are read whole --------------------------------------------------------------------------------


async def test_views_read_whole_answer_while_the_server_is_away_and_say_that_they_are_behind(
    provider: ProvidersDatabase, opened: Open
) -> None:
    source = opened(provider.filled("b", files(), reads="snapshot", every_minutes=0.0001))
    await source.load()
    assert ((await source.plans([RIGHT_1])).outcome, (await source.plans([RIGHT_1])).stale) == (Outcome.OK, False)
    provider.server.stop()
    try:
        await asyncio.sleep(0.01)
        reply = await source.plans([RIGHT_1])
        assert (reply.outcome, reply.stale) == (Outcome.OK, True)
    finally:
        provider.server.start()
    provider.run(f"UPDATE {SCHEMA}.\"hoks \" SET versio = '7'")
    async with asyncio.timeout(10):
        # A server that has just come up may take longer than a request waits for what is at hand already.
        while (reply := await source.plans([RIGHT_1])).stale:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.01)
    (plan,) = reply.answers[RIGHT_1].value or ()
    assert (plan.version, reply.stale) == (7, False)


async def test_many_requests_at_once_read_whole_views_once(provider: ProvidersDatabase, opened: Open) -> None:
    source = opened(provider.filled("b", files(), reads="snapshot"))
    replies = await asyncio.gather(*(source.plans([RIGHT_1]) for _ in range(20)))
    assert {reply.outcome for reply in replies} == {Outcome.OK}
    with provider.owner() as owner:
        found = owner.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [READER]).fetchone()
    assert found == (1,)


def test_the_reader_may_only_look(provider: ProvidersDatabase) -> None:
    provider.filled("b", files())
    with (
        psycopg.connect(provider.server.address(provider.name, READER), password=PASSWORD) as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute(f"DELETE FROM {SCHEMA}.hoks".encode())

"""The log as a student reads it: page by page, own records alone, whatever goes on beside; on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from gateway.records.chain import APART
from gateway.records.consents import Consents
from gateway.records.log import Log
from gateway.records.looks import Looks
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import LOG, METADATA
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid
from hoks.seen import Row, RowPage
from tests.gateway.records.test_consents import AINO, EERO, RIGHT, WISH, WORKPLACE, Clock

A = "1.2.246.562.99.99000000016"
NINE = int(datetime(2026, 10, 5, 9, tzinfo=UTC).timestamp() * 1000)
MINUTE, HOUR = 60_000, 3_600_000
AINO_BEFORE = LearnerOid("1.2.246.562.98.98000000095")


def body(subject: str, **change: object) -> dict[str, Any]:
    return {
        "v": 1,
        "event": "disclosed",
        "role": "staff",
        "acting_org": A,
        "subject": subject,
        "plan": RIGHT,
        "source": "a-ehoks",
        "provider": A,
        "discloser": A,
        "items": ["D1"],
        "rules": ["provider-own-valid"],
        "grounds": ["P1", "P4"],
        "laws": ["531/2017 109 a § 1 mom."],
        "consents": [],
        "purpose": "GUIDANCE",
        "policy": "0" * 64,
        "as_of": None,
        "fetched_at": None,
        "stale": False,
        APART: {"viewer": "1.2.246.562.98.98000009013", "request": "r", "op": "o"},
        **change,
    }


async def note(store: Store, at: int, *subjects: str, stream: str = "a", **change: object) -> None:
    """Records of one request about each of the subjects."""
    entries = [Entry(body=body(each, **change), subject=each) for each in subjects]
    await store.write(lambda connection: Log(stream).append(connection, entries, at))


async def everything(store: Store, *oids: LearnerOid, first: int = 2) -> list[Row]:
    """All rows of a person, gone through by pages."""
    looks, after, rows = Looks(store), None, list[Row]()
    for _ in range(1000):
        page = await looks.page(oids, after=after, first=first)
        rows += page.rows
        if not page.more:
            return rows
        assert len(page.rows) == first
        assert after is None or page.rows[-1].place < after, "a page goes on from the one before"
        after = page.rows[-1].place
    raise AssertionError("the pages do not end")


async def test_pages_put_together_are_all_rows_in_order_each_once(store: Store) -> None:
    for hour in range(3):
        for minute in (0, 10, 59):
            for role in ("staff", "head_of_training", "student"):
                await note(store, NINE + hour * HOUR + minute * MINUTE, AINO, EERO, role=role)
    whole = await Looks(store).page([AINO], after=None, first=100)
    assert not whole.more
    assert [(row.first, row.last, row.count) for row in whole.rows] == [
        (NINE + hour * HOUR, NINE + hour * HOUR + 59 * MINUTE, 3) for hour in (2, 1, 0) for _ in range(3)
    ]
    for first in (1, 2, 4, 9):
        assert await everything(store, AINO, first=first) == list(whole.rows)


async def test_a_page_that_ends_with_the_last_row_says_that_nothing_follows(store: Store) -> None:
    await note(store, NINE, AINO)
    assert await Looks(store).page([EERO], after=None, first=1) == RowPage((), more=False)
    page = await Looks(store).page([AINO], after=None, first=1)
    assert (len(page.rows), page.more) == (1, False)
    assert await Looks(store).page([AINO], after=page.rows[0].place, first=1) == RowPage((), more=False)


async def test_looks_that_come_while_somebody_reads_are_counted_and_move_no_row(store: Store) -> None:
    for minute, role in enumerate(("staff", "head_of_training", "student", "guidance_counsellor")):
        await note(store, NINE + minute * MINUTE, AINO, role=role)
    one = await Looks(store).page([AINO], after=None, first=2)
    await note(store, NINE + 30 * MINUTE, AINO, role="staff")
    await note(store, NINE + 31 * MINUTE, AINO, role="oph")
    two = await Looks(store).page([AINO], after=one.rows[-1].place, first=2)
    assert [(row.look.role, row.count) for row in (*one.rows, *two.rows)] == [
        ("guidance_counsellor", 1), ("student", 1), ("head_of_training", 1), ("staff", 2),
    ]  # fmt: skip


async def test_what_was_recorded_under_an_earlier_number_of_the_same_person_is_theirs(store: Store) -> None:
    await note(store, NINE, AINO_BEFORE)
    await note(store, NINE + MINUTE, AINO)
    assert [row.look.subject for row in await everything(store, AINO, AINO_BEFORE)] == [AINO, AINO_BEFORE]


async def test_records_of_several_streams_are_one_list(store: Store) -> None:
    await note(store, NINE, AINO, stream="a")
    await note(store, NINE + MINUTE, AINO, stream="b")
    await note(store, NINE + 2 * MINUTE, AINO, stream="a")
    (row,) = await everything(store, AINO)
    assert (row.count, row.first, row.last) == (3, NINE, NINE + 2 * MINUTE)


async def test_a_consent_given_and_withdrawn_is_read_beside_the_looks(store: Store) -> None:
    clock = Clock()
    consents = Consents(store, Log("a"), clock)
    given = await consents.give(WISH)
    await consents.withdraw(given.id, [AINO])
    rows = {row.look.event: row.look for row in await everything(store, AINO)}
    assert set(rows) == {"consent.given", "consent.withdrawn"}
    look = rows["consent.given"]
    assert (look.organisation, look.right, look.items, look.purpose) == (WORKPLACE, RIGHT, ("D1", "D2u"), "RECOGNITION")
    assert look.consents == (given.id,)


async def test_an_event_that_is_not_the_students_to_read_is_not_there(store: Store) -> None:
    await note(store, NINE, AINO, event="something.internal")
    assert await everything(store, AINO) == []


@pytest.mark.proves("what others were told of others changes no byte of a student's own view of the log")
async def test_what_others_are_told_of_others_changes_nothing(store: Store) -> None:
    await note(store, NINE, AINO)
    await note(store, NINE + HOUR, AINO, role="student")
    before = [row.place for row in await everything(store, AINO)], await everything(store, AINO)
    for hour in range(3):
        await note(store, NINE + hour * HOUR, EERO, role="staff")
        await note(store, NINE + hour * HOUR, EERO, stream="b")
    assert ([row.place for row in await everything(store, AINO)], await everything(store, AINO)) == before


@pytest.mark.proves("what others were told of others changes no byte of a student's own view of the log")
async def test_what_others_were_told_before_in_the_same_request_and_by_whom_changes_nothing(
    bare: Store,
) -> None:
    """Two logs that agree on what is about one student, and on nothing else."""
    told = []
    await bare.write(lambda connection: METADATA.create_all(connection))
    for others in (False, True):
        if others:
            await note(bare, NINE - HOUR, EERO, LearnerOid("1.2.246.562.98.98000000087"))
        await note(bare, NINE, *((EERO, AINO) if others else (AINO,)), **_seen_by("x" if others else "y"))
        await note(bare, NINE + 1, AINO, role="head_of_training")
        told.append(await everything(bare, AINO))
        await bare.write(_emptied)
    assert told[0] == told[1]
    assert [row.place for row in told[0]] == [row.place for row in told[1]]


def _seen_by(viewer: str) -> dict[str, Any]:
    return {APART: {"viewer": viewer, "request": viewer, "op": viewer}}


def _emptied(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(delete(table))


async def test_no_part_of_what_stands_apart_is_read(store: Store) -> None:
    await note(store, NINE, AINO)
    assert "98000009013" not in repr(await everything(store, AINO))


async def test_a_log_that_cannot_be_read_is_no_empty_list(store: Store) -> None:
    await store.write(lambda connection: LOG.drop(connection))
    with pytest.raises(SourcesUnavailable):
        await Looks(store).page([AINO], after=None, first=1)

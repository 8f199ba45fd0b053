"""What its time is over is erased by days in Helsinki, told of in the log, and nothing else goes; on both databases."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from deploy import log_verify
from gateway.clock import day_in_helsinki
from gateway.records import retention
from gateway.records.consents import Consents
from gateway.records.faults import StoreBroken
from gateway.records.gate import Gate
from gateway.records.keeping import RecordsSettings, open_records
from gateway.records.log import Log, bodies_of
from gateway.records.releases import Disclosure
from gateway.records.retention import Erased, Kept, Retention, years_before
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import APPOINTMENT, CONSENT, CONSENT_USE, FAILED_CODE, LOG, SHARE, SUBJECT
from tests.gateway.records.test_consents import AINO, WISH, Clock

NOBODYS_KEY = Ed25519PublicKey.from_public_bytes(bytes(32))


class HelsinkiClock(Clock):
    """A clock that a test sets, with the day in Helsinki."""

    def today(self) -> date:
        return day_in_helsinki(self.moment)


def clock_at(text: str) -> HelsinkiClock:
    clock = HelsinkiClock()
    clock.moment = datetime.fromisoformat(text)
    return clock


def retention_of(store: Store, clock: Clock, stream: str = "a") -> Retention:
    return Retention(store, Log(stream), clock, Kept())


async def note(store: Store, moment: str, number: int = 0, stream: str = "a", **more: Any) -> None:
    at = int(datetime.fromisoformat(moment).timestamp() * 1000)
    entry = Entry(body={"event": "disclosed", "number": number, **more}, subject=AINO)
    await store.write(lambda connection: Log(stream).append(connection, [entry], at))


async def numbers(store: Store) -> list[int]:
    bodies = await store.read(lambda connection: bodies_of(connection, AINO))
    return [each["number"] for each in bodies]


async def counted(store: Store, table: Any) -> int:
    return await store.read(lambda connection: connection.execute(select(func.count()).select_from(table)).scalar_one())


async def verified(store: Store) -> log_verify.Verified:
    """The log as the separate program sees it."""

    def read(connection: Connection) -> list[log_verify.Record]:
        rows = connection.execute(select(LOG).order_by(LOG.c.stream, LOG.c.seq)).all()
        return [log_verify.Record(*(getattr(row, name) for name in log_verify.Record._fields)) for row in rows]

    return log_verify.verify(await store.read(read), [], [], NOBODYS_KEY)


async def test_tries_of_codes_go_when_the_day_after_them_is_over(store: Store) -> None:
    tries = ("2026-10-03T20:59:59.999Z", "2026-10-03T21:00:00Z", "2026-10-04T20:30:00Z")
    rows = [
        {"id": str(number), "person": "somebody", "at": int(datetime.fromisoformat(each).timestamp() * 1000)}
        for number, each in enumerate(tries)
    ]
    await store.write(lambda connection: connection.execute(insert(FAILED_CODE), rows))
    # Ten minutes into 5 October in Helsinki, the last of them still counts against the person.
    await retention_of(store, clock_at("2026-10-04T21:10:00Z")).run()
    kept = select(FAILED_CODE.c.id).order_by(FAILED_CODE.c.id)
    assert await store.read(lambda connection: list(connection.scalars(kept))) == ["1", "2"]


# --- on which day -----------------------------------------------------------------------------------------------

AUTUMN = ("2026-10-24T20:59:59.999Z", "2026-10-24T21:00:00Z", "2026-10-25T21:59:59.999Z", "2026-10-25T22:00:00Z")
"""The last moment before 25 October in Helsinki, its first, its last an hour later than on other days, the next."""
SPRING = ("2026-03-28T21:59:59.999Z", "2026-03-28T22:00:00Z", "2026-03-29T20:59:59.999Z", "2026-03-29T21:00:00Z")
"""The same of 29 March, which has an hour less."""


@pytest.mark.parametrize(
    ("moments", "now", "left"),
    [
        (AUTUMN, "2031-10-24T20:59:59Z", [0, 1, 2, 3]),  # 24 October in Helsinki, for another second
        (AUTUMN, "2031-10-24T21:00:00Z", [1, 2, 3]),
        (AUTUMN, "2031-10-25T20:59:59Z", [1, 2, 3]),
        (AUTUMN, "2031-10-25T21:00:00Z", [3]),
        (SPRING, "2031-03-28T22:00:00Z", [1, 2, 3]),
        (SPRING, "2031-03-29T21:59:59Z", [1, 2, 3]),
        (SPRING, "2031-03-29T22:00:00Z", [3]),
        (("2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z"), "2029-02-28T12:00:00Z", [0, 1, 2]),
        (("2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z"), "2029-03-01T12:00:00Z", [2]),
        (("2023-02-28T12:00:00Z", "2023-03-01T12:00:00Z"), "2028-02-29T12:00:00Z", [1]),
    ],
)
async def test_a_body_is_kept_through_the_day_five_years_later_in_helsinki(
    store: Store, moments: tuple[str, ...], now: str, left: list[int]
) -> None:
    for number, moment in enumerate(moments):
        await note(store, moment, number)
    erased = await retention_of(store, clock_at(now)).run()
    assert erased == Erased(bodies=len(moments) - len(left))
    assert await numbers(store) == left
    assert await counted(store, SUBJECT) == len(left)


@given(st.dates(date(2024, 1, 1), date(2060, 1, 1)), st.integers(1, 30))
def test_the_first_day_that_is_kept_is_the_first_whose_years_are_not_over(today: date, years: int) -> None:
    first = years_before(today, years)
    before = first - timedelta(days=1)
    # By the calendar, month and day compared: 29 February has its last day on the 28th.
    assert (first.year + years, first.month, first.day) >= (today.year, today.month, today.day)
    assert (before.year + years, before.month, before.day) < (today.year, today.month, today.day) or (
        before.month,
        before.day,
    ) == (2, 29)


# --- what goes and what stays -----------------------------------------------------------------------------------


async def test_headers_stay_the_erasure_is_told_and_the_log_is_whole_for_its_verifier(store: Store) -> None:
    for number in range(3):
        await note(store, f"2020-01-0{number + 1}T12:00:00Z", number)
    await note(store, "2026-01-01T12:00:00Z", 3)
    assert (await retention_of(store, clock_at("2026-10-05T09:00:00Z")).run()).bodies == 3
    assert await verified(store) == log_verify.Verified(records=5, erased=3, anchors=0, streams=1)
    (last,) = await store.read(lambda connection: connection.execute(select(LOG.c.body).where(LOG.c.seq == 5)).all())
    # 5 October 2021 began in Helsinki at 21:00 UTC the day before.
    assert last.body == b'{"before":1633381200000,"bodies":3,"event":"retention.erased"}'


async def test_again_finds_nothing_and_says_nothing(store: Store) -> None:
    await note(store, "2020-01-01T12:00:00Z")
    erasing = retention_of(store, clock_at("2026-10-05T09:00:00Z"))
    assert await erasing.run() == Erased(bodies=1)
    assert await erasing.run() == Erased()
    assert await counted(store, LOG) == 2


async def test_an_erasure_that_the_log_tells_of_is_itself_never_erased(store: Store) -> None:
    await note(store, "2020-01-01T12:00:00Z")
    await retention_of(store, clock_at("2026-10-05T09:00:00Z")).run()
    assert await retention_of(store, clock_at("2040-10-05T09:00:00Z")).run() == Erased()
    assert (await verified(store)).erased == 1


async def test_streams_that_nobody_writes_any_more_are_erased_too(store: Store) -> None:
    for stream in ("a", "b", "gone"):
        await note(store, "2020-01-01T12:00:00Z", stream=stream)
    assert (await retention_of(store, clock_at("2026-10-05T09:00:00Z"), stream="b").run()).bodies == 3
    assert await verified(store) == log_verify.Verified(records=4, erased=3, anchors=0, streams=3)


async def test_what_the_log_says_of_a_consent_stays_until_the_consent_goes_five_years_after_it_was_over(
    store: Store,
) -> None:
    clock = clock_at("2026-10-05T09:00:00Z")
    log = Log("a")
    consents = Consents(store, log, clock)
    given = await consents.give(WISH)  # until 4 November 2026
    withdrawn = await consents.give(msgspec.structs.replace(WISH, recipient="1.2.246.562.99.1"))
    await Gate(store, log, clock).release(
        [Disclosure(subject=AINO, body={"event": "disclosed", "number": 1}, consents=frozenset({given.id}))]
    )
    share = {"id": "1" * 32, "consent": given.id, "token_hash": bytes(32), "created_at": 0, "failed_tries": 0}
    await store.write(lambda connection: connection.execute(insert(SHARE), share) and None)
    await consents.withdraw(withdrawn.id, [AINO])

    erasing = retention_of(store, clock)
    clock.moment = datetime(2031, 10, 5, 20, tzinfo=UTC)
    assert await erasing.run() == Erased()
    clock.moment = datetime(2031, 10, 6, 20, tzinfo=UTC)
    # The look and the withdrawn consent with both of its records; the other consent was over a month later.
    assert await erasing.run() == Erased(bodies=3, consents=1)
    bodies = await store.read(lambda connection: bodies_of(connection, AINO))
    assert [(each["event"], each["consent"]) for each in bodies] == [("consent.given", given.id)]
    clock.moment = datetime(2031, 11, 4, 20, tzinfo=UTC)
    assert await erasing.run() == Erased()
    clock.moment = datetime(2031, 11, 5, 20, tzinfo=UTC)
    assert await erasing.run() == Erased(bodies=1, consents=1)
    for table in (CONSENT, CONSENT_USE, SHARE, SUBJECT):
        assert await counted(store, table) == 0
    assert (await verified(store)).erased == 4


async def test_appointments_go_five_years_after_their_end_and_those_without_one_stay(store: Store) -> None:
    def row(number: int, **change: Any) -> dict[str, Any]:
        return {
            "id": f"{number:032}", "kind": "instructor", "provider": "p", "learner": AINO, "study_right": "r",
            "part_key": "k", "failed_tries": 0, "made_at": 0, "version": 1, "until": None, "end": None,
            "ended_on": None, "code_until": None, "person": None, **change,
        }  # fmt: skip

    rows = [
        row(1, end=date(2021, 10, 4)),
        row(2, end=date(2021, 10, 5)),
        row(3),
        row(4, end=date(2026, 1, 1), ended_on=date(2021, 10, 4)),
        row(5, end=date(2021, 10, 4), until=date(2021, 10, 5)),
        row(6, code_until=int(datetime(2021, 10, 4, 12, tzinfo=UTC).timestamp() * 1000)),
        row(7, code_until=0, person="p"),
    ]
    await store.write(lambda connection: connection.execute(insert(APPOINTMENT), rows) and None)
    assert await retention_of(store, clock_at("2026-10-05T09:00:00Z")).run() == Erased(appointments=3)
    left = await store.read(lambda connection: connection.scalars(select(APPOINTMENT.c.id)).all())
    assert sorted(each[-1] for each in left) == ["2", "3", "5", "7"]


# --- cut off, and beside others ---------------------------------------------------------------------------------


async def test_an_erasure_that_is_cut_off_has_told_of_what_is_gone_and_the_next_run_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    for number in range(10):
        await note(store, "2020-01-01T12:00:00Z", number)
    write, writes = store.write, 0

    async def cut_off(job: Callable[[Connection], Any]) -> Any:
        nonlocal writes
        writes += 1
        if writes > 3:  # two that find nothing over, one batch of bodies
            raise StoreBroken("cut off")
        return await write(job)

    monkeypatch.setattr(store, "write", cut_off)
    erasing = retention_of(store, clock_at("2026-10-05T09:00:00Z"))
    with pytest.raises(StoreBroken):
        await erasing.run()
    monkeypatch.undo()
    assert await verified(store) == log_verify.Verified(records=11, erased=4, anchors=0, streams=1)
    assert await erasing.run() == Erased(bodies=6)
    assert (await verified(store)).erased == 10


async def test_a_batch_that_fails_half_way_leaves_nothing_erased(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await note(store, "2020-01-01T12:00:00Z")
    log = Log("a")

    def fail(*_: object) -> None:
        raise ValueError("half way")

    monkeypatch.setattr(log, "append", fail)
    with pytest.raises(ValueError, match="half way"):
        await Retention(store, log, clock_at("2026-10-05T09:00:00Z"), Kept()).run()
    assert await numbers(store) == [0]
    assert await counted(store, SUBJECT) == 1


async def test_disclosures_go_on_while_much_is_erased(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    for number in range(100):
        await note(store, "2020-01-01T12:00:00Z", number)
    clock = clock_at("2026-10-05T09:00:00Z")
    gate = Gate(store, Log("a"), clock)

    async def disclose() -> None:
        for _ in range(30):
            await gate.release([Disclosure(subject=AINO, body={"event": "disclosed", "number": 1_000})])

    erased, _ = await asyncio.gather(retention_of(store, clock).run(), disclose())
    assert erased == Erased(bodies=100)
    assert await numbers(store) == [1_000] * 30
    assert (await verified(store)).records == 100 + 30 + 10


async def test_the_service_erases_once_a_day_where_it_is_asked_to(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "anchors.pem").write_bytes(key)
    clock = clock_at("2026-10-05T09:00:00Z")
    for daily, left in ((False, [0, 1]), (True, [])):
        keeping = open_records(
            RecordsSettings(
                anchor_key_file=tmp_path / "anchors.pem", store_path=tmp_path / "records.db", erase_daily=daily
            ),
            clock,
        )
        await keeping.start()
        if not daily:
            await note(keeping.store, "2020-01-01T12:00:00Z", 0, stream="main")
            await note(keeping.store, "2021-10-05T12:00:00Z", 1, stream="main")
        await keeping.erase()
        if daily:
            assert await numbers(keeping.store) == [1]
            clock.moment += timedelta(hours=10)
            await note(keeping.store, "2020-01-01T12:00:00Z", 2, stream="other")
            await keeping.erase()
            assert await numbers(keeping.store) == [2, 1], "today it has been done"
            clock.moment += timedelta(hours=3)
            await keeping.erase()
        assert await numbers(keeping.store) == left
        await keeping.aclose()

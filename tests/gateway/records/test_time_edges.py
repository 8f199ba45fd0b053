"""Edges of time at the gate and at the anchors: midnights in Helsinki, changed clocks, clocks that are set wrong."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy import log_verify
from gateway.clock import day_in_helsinki
from gateway.records import keeping, migration
from gateway.records.anchors import FileSink
from gateway.records.consents import Consents
from gateway.records.faults import StoreBroken
from gateway.records.gate import Gate, GroundChanged
from gateway.records.keeping import Keeping
from gateway.records.log import Log
from gateway.records.releases import Disclosure
from gateway.records.store import Store, sqlite
from gateway.records.stream import Entry
from tests.gateway.records.test_consents import AINO, WISH

TOLD = Disclosure(subject="nobody", body={"event": "disclosed"})


class Clock:
    """A clock that a test sets; its day is Helsinki's."""

    def __init__(self, moment: str) -> None:
        self.set(moment)

    def set(self, moment: str) -> None:
        self.moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)

    def today(self) -> date:
        return day_in_helsinki(self.moment)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def _somewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own clock is set to another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables and nothing in them, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "records.db"

    async def made() -> None:
        store = sqlite(file)
        await store.write(migration.upgrade)
        await store.aclose()

    asyncio.run(made())
    return file


@pytest.mark.usefixtures("_somewhere")
@pytest.mark.parametrize(
    ("start", "end", "moment", "lets_go"),
    [
        # Summer time: midnight is at 21 UTC.
        ("2026-10-01", "2026-10-24", "2026-10-24T20:59:59.999", True),
        ("2026-10-01", "2026-10-24", "2026-10-24T21:00:00.000", False),
        # The day of 25 hours: 3.30 comes twice, and its midnight is at 22 UTC.
        ("2026-10-25", "2026-10-25", "2026-10-24T20:59:59.999", False),
        ("2026-10-25", "2026-10-25", "2026-10-24T21:00:00.000", True),
        ("2026-10-25", "2026-10-25", "2026-10-25T00:30:00.000", True),
        ("2026-10-25", "2026-10-25", "2026-10-25T01:30:00.000", True),
        ("2026-10-25", "2026-10-25", "2026-10-25T21:59:59.999", True),
        ("2026-10-25", "2026-10-25", "2026-10-25T22:00:00.000", False),
        # The day of 23 hours: there is no 3.30.
        ("2027-03-28", "2027-03-28", "2027-03-27T21:59:59.999", False),
        ("2027-03-28", "2027-03-28", "2027-03-27T22:00:00.000", True),
        ("2027-03-28", "2027-03-28", "2027-03-28T00:59:59.999", True),
        ("2027-03-28", "2027-03-28", "2027-03-28T01:00:00.000", True),
        ("2027-03-28", "2027-03-28", "2027-03-28T20:59:59.999", True),
        ("2027-03-28", "2027-03-28", "2027-03-28T21:00:00.000", False),
        # The new year, and a leap day.
        ("2026-12-01", "2026-12-31", "2026-12-31T21:59:59.999", True),
        ("2026-12-01", "2026-12-31", "2026-12-31T22:00:00.000", False),
        ("2028-02-29", "2028-02-29", "2028-02-29T21:59:59.999", True),
        ("2028-02-29", "2028-02-29", "2028-02-29T22:00:00.000", False),
    ],
)
async def test_a_consent_holds_from_its_first_midnight_to_its_last_in_helsinki(
    tmp_path: Path, empty: Path, start: str, end: str, moment: str, lets_go: bool
) -> None:
    store, log, clock = sqlite(Path(shutil.copy(empty, tmp_path))), Log("a"), Clock("2026-10-01T00:00:00")
    wish = msgspec.structs.replace(WISH, start=date.fromisoformat(start), end=date.fromisoformat(end))
    given = await Consents(store, log, clock).give(wish)
    clock.set(moment)
    told = Disclosure(subject=AINO, body={"event": "disclosed"}, consents=frozenset({given.id}))
    released = True
    try:
        await Gate(store, log, clock).release([told])
    except GroundChanged:
        released = False
    assert released == lets_go
    await store.aclose()


async def test_a_consent_given_while_the_clock_is_set_back_revives_none_that_is_over(store: Store) -> None:
    log, clock = Log("a"), Clock("2026-10-05T09:00:00")
    consents, gate = Consents(store, log, clock), Gate(store, log, clock)
    given = await consents.give(WISH)  # to the 4th of November
    clock.set("2026-11-05T09:00:00")
    await gate.release([TOLD])
    clock.set("2026-10-06T09:00:00")
    await consents.give(msgspec.structs.replace(WISH, end=date(2027, 1, 4)))
    with pytest.raises(GroundChanged):
        await gate.release([Disclosure(subject=AINO, body={"event": "disclosed"}, consents=frozenset({given.id}))])


async def test_the_time_of_a_stream_does_not_go_back(store: Store) -> None:
    log = Log("a")
    for at in (5, 3, 7, 6):
        await store.write(lambda connection, at=at: log.append(connection, [Entry(body={"event": "x"})], at=at))  # type: ignore[misc]  # mypy infers no lambda with a default
    asked = "SELECT at FROM log ORDER BY seq"
    assert await store.read(lambda connection: connection.exec_driver_sql(asked).scalars().all()) == [5, 5, 7, 7]


# --- anchors ----------------------------------------------------------------------------------------------------


class Passing:
    """Time that passes, whatever the clock says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Kept:
    """What is kept, with a clock and a place outside that may be missing."""

    def __init__(self, folder: Path) -> None:
        self.outside = folder / "outside" / "anchors.jsonl"
        self.clock = Clock("2026-10-24T20:59:30")
        self.passed = Passing()
        key = Ed25519PrivateKey.generate()
        self.keeping = Keeping(
            sqlite(folder / "records.db"), "a", key, FileSink(self.outside), self.clock, seconds=self.passed
        )

    def anchored(self) -> list[tuple[int, int]]:
        """The records under each anchor outside."""
        return [(each.first, each.last) for each in log_verify.outside_anchors(self.outside)]


@pytest.fixture
async def kept(tmp_path: Path, empty: Path) -> Kept:
    shutil.copy(empty, tmp_path)
    return Kept(tmp_path)


@pytest.mark.parametrize(
    "moment",
    [
        "2026-10-24T20:59:31",  # a minute over midnight in summer time
        "2026-10-25T00:59:31",  # over the hour that comes twice
        "2027-03-28T00:59:31",  # over the hour that does not come
        "2026-12-31T21:59:31",
    ],
)
async def test_a_record_waits_a_minute_for_its_anchor_over_every_midnight_and_change_of_clocks(
    kept: Kept, moment: str
) -> None:
    kept.outside.parent.mkdir()
    kept.clock.set(moment)
    await kept.keeping.gate.release([TOLD])
    kept.clock.moment += timedelta(seconds=59)
    await kept.keeping.anchor()
    assert not kept.outside.exists()
    kept.clock.moment += timedelta(seconds=1)
    await kept.keeping.anchor()
    assert kept.anchored() == [(1, 1)]
    await kept.keeping.aclose()


async def test_more_than_a_thousand_records_have_as_many_anchors_as_they_need_and_the_rest_waits_a_minute(
    kept: Kept,
) -> None:
    kept.outside.parent.mkdir()
    await kept.keeping.gate.release([TOLD] * 2_500)
    await kept.keeping.anchor()
    assert kept.anchored() == [(1, 1000), (1001, 2000)]
    kept.clock.moment += timedelta(seconds=60)
    await kept.keeping.anchor()
    assert kept.anchored() == [(1, 1000), (1001, 2000), (2001, 2500)]
    await kept.keeping.aclose()


async def test_an_anchor_of_which_another_has_taken_the_place_is_not_kept(kept: Kept) -> None:
    kept.outside.parent.mkdir()
    await kept.keeping.gate.release([TOLD] * 3)
    kept.clock.moment += timedelta(minutes=2)
    await asyncio.gather(*(kept.keeping.anchor() for _ in range(3)))
    assert {*kept.anchored()} == {(1, 3)}
    await kept.keeping.aclose()


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=1), timedelta(days=400)])
async def test_a_clock_that_is_set_back_holds_up_no_anchor(kept: Kept, back: timedelta) -> None:
    kept.outside.parent.mkdir()
    await kept.keeping.gate.release([TOLD])
    kept.clock.moment -= back
    await kept.keeping.gate.release([TOLD])
    await kept.keeping.anchor()
    assert kept.anchored() == [(1, 2)]
    await kept.keeping.aclose()


async def test_a_clock_that_is_set_back_lengthens_no_grace(kept: Kept) -> None:
    await kept.keeping.gate.release([TOLD])
    kept.clock.moment += timedelta(minutes=2)
    with pytest.raises(FileNotFoundError):
        await kept.keeping.anchor()
    kept.clock.moment -= timedelta(days=30)
    kept.passed.seconds = keeping.GRACE_SECONDS - 1
    with pytest.raises(FileNotFoundError):
        await kept.keeping.anchor()
    await kept.keeping.gate.release([TOLD])
    kept.passed.seconds = keeping.GRACE_SECONDS + 1
    with pytest.raises(FileNotFoundError):
        await kept.keeping.anchor()
    with pytest.raises(StoreBroken):
        await kept.keeping.gate.release([TOLD])
    kept.outside.parent.mkdir()
    await kept.keeping.anchor()
    await kept.keeping.gate.release([TOLD])
    await kept.keeping.aclose()


async def test_anchors_that_were_kept_back_for_too_long_close_the_gate_before_anything_is_served(kept: Kept) -> None:
    await kept.keeping.gate.release([TOLD])
    kept.clock.moment += timedelta(minutes=2)
    with pytest.raises(FileNotFoundError):
        await kept.keeping.anchor()
    kept.clock.moment += timedelta(days=2)
    await kept.keeping.start()
    assert not await kept.keeping.is_ready()
    with pytest.raises(StoreBroken):
        await kept.keeping.gate.release([TOLD])
    await kept.keeping.aclose()


async def test_a_clock_that_leaps_ahead_closes_nothing_while_anchors_are_kept(kept: Kept) -> None:
    kept.outside.parent.mkdir()
    await kept.keeping.gate.release([TOLD])
    kept.clock.moment += timedelta(days=40)
    await kept.keeping.anchor()
    await kept.keeping.gate.release([TOLD])
    assert await kept.keeping.is_ready()
    await kept.keeping.aclose()

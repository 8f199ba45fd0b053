"""The store against a model of it that is a plain dictionary: whatever is done in whatever order, both say the same.

Consents are given, amended and withdrawn, the clock goes on and is set back, answers are let go alone and many at once,
and the store is closed and opened again. What the log says is read by itself, without the gateway.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)  # fmt: skip
from sqlalchemy import make_url

from deploy import log_verify
from gateway.records import migration
from gateway.records.anchors import FileSink
from gateway.records.gate import GroundChanged
from gateway.records.keeping import Keeping
from gateway.records.releases import Disclosure
from gateway.records.store import Store, postgresql, sqlite
from gateway.records.tables import METADATA
from hoks.consenting import Language, Purpose, RecipientKind, Wish
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from tests.postgres import PostgresServer

PROVE = os.environ.get("HOKS_PROVE") == "1"
EXAMPLES = {"sqlite": 150 if PROVE else 12, "postgresql": 50 if PROVE else 4}
STEPS = 50 if PROVE else 25

AINO = LearnerOid("1.2.246.562.98.98000000011")
RIGHT = StudyRightOid("1.2.246.562.15.15000010119")
BEGINNINGS = tuple(
    datetime.fromisoformat(f"{day}T12:00:00+00:00") for day in ("2026-10-23", "2027-03-26", "2026-12-30", "2028-02-27")
)
"""Before the days on which the clocks are changed, the new year, and a leap day."""
MS = timedelta(milliseconds=1)


def helsinki(moment: datetime) -> date:
    """The day of a moment in Helsinki, by the rule of the directive: summer between two Sundays at 1.00 UTC."""
    begins, ends = (_last_sunday(moment.year, month) for month in (3, 10))
    return (moment + timedelta(hours=3 if begins <= moment < ends else 2)).date()


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def midnight_after(day: date) -> datetime:
    """The moment in UTC at which a day in Helsinki is over."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return next(
        noon + timedelta(hours=hours)
        for hours in range(8, 14)
        if helsinki(noon + timedelta(hours=hours)) == day + timedelta(days=1)
    )


class Clock:
    """A clock that the machine sets."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return helsinki(self.moment)


class Given(NamedTuple):
    """A consent, as the model has it."""

    start: date
    end: date

    def covers(self, moment: datetime) -> bool:
        return self.start <= helsinki(moment) <= self.end


OpenStore = Callable[[], Store]


class Kept(RuleBasedStateMachine):
    """The gateway's own parts on one side, dictionaries on the other."""

    consents: Bundle[str] = Bundle("consents")
    opened: OpenStore
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.outside = Path(mkdtemp(dir=self.folder)) / "anchors.jsonl"
        self.key = Ed25519PrivateKey.generate()
        self.in_force: dict[str, Given] = {}
        self.withdrawn: set[str] = set()
        self.released: list[int] = []
        self.numbers = iter(range(1_000_000))
        self.latest = datetime.min.replace(tzinfo=UTC)
        """The latest moment that the log knows."""

    @initialize(beginning=st.sampled_from(BEGINNINGS))
    def begin(self, beginning: datetime) -> None:
        self.clock = Clock(beginning)
        self.open()
        for table in reversed(METADATA.sorted_tables):
            self.do(self.kept.store.write(lambda connection, table=table: connection.execute(table.delete())))

    def do(self, work: Any) -> Any:
        return self.loop.run(_awaited(work))

    def open(self) -> None:
        async def opening() -> Keeping:
            return Keeping(type(self).opened(), "main", self.key, FileSink(self.outside), self.clock)

        self.kept = self.do(opening())

    def recorded(self) -> None:
        self.latest = max(self.latest, self.clock.moment)

    # --- what may happen ------------------------------------------------------------------------------------------

    @rule(target=consents, begins=st.integers(0, 3), days=st.integers(0, 4))
    def give(self, begins: int, days: int) -> Any:
        start = helsinki(max(self.clock.moment, self.latest)) + timedelta(days=begins)
        wish = Wish(
            subject=AINO, recipient_kind=RecipientKind.ORGANISATION, recipient="1.2.246.562.99.99000000036",
            right=RIGHT, items=frozenset({Item.D1}), purpose=Purpose.RECOGNITION,
            start=start, end=start + timedelta(days=days), text_version="1", language=Language.FI,
        )  # fmt: skip
        made: str = self.do(self.kept.consents.give(wish)).id
        given = Given(wish.start, wish.end)
        known = {each for each, its in self.in_force.items() if its == given} - self.withdrawn
        assert {made} == (known or {made} - self.in_force.keys()), "the same again is the one that stands"
        self.in_force[made] = given
        if not known:
            self.recorded()
        return made

    @rule(consent=consents)
    def withdraw(self, consent: str) -> None:
        assert self.do(self.kept.consents.withdraw(consent, [AINO])) is not None
        if consent not in self.withdrawn:
            self.recorded()
        self.withdrawn.add(consent)

    @rule(target=consents, consent=consumes(consents), begins=st.integers(0, 1), days=st.integers(0, 4))
    def amend(self, consent: str, begins: int, days: int) -> Any:
        """A consent is amended by withdrawing it and giving another."""
        self.withdraw(consent)
        return multiple(consent, self.give(begins, days))

    @rule(seconds=st.integers(-3 * 86_400, 4 * 86_400))
    def set_the_clock(self, seconds: int) -> None:
        self.clock.moment += timedelta(seconds=seconds)

    @rule(
        consent=consents,
        edge=st.sampled_from(["start", "end"]),
        before=st.booleans(),
        others=st.lists(consents, max_size=1),
    )
    def read_at_an_edge(self, consent: str, edge: str, before: bool, others: list[str]) -> None:
        """A millisecond before the midnight at which a consent begins or ends, or at it."""
        given = self.in_force[consent]
        eve = given.end if edge == "end" else given.start - timedelta(days=1)
        self.clock.moment = midnight_after(eve) - (MS if before else timedelta())
        self.read([consent, *others])

    @rule(consent=consents, seconds=st.integers(1, 3 * 86_400))
    def set_the_clock_back_after_it_ended(self, consent: str, seconds: int) -> None:
        self.clock.moment = midnight_after(self.in_force[consent].end)
        self.read([])
        self.clock.moment -= timedelta(seconds=seconds)
        self.read([consent])

    @rule(of=st.lists(consents, max_size=2))
    def read(self, of: list[str]) -> None:
        """An answer is let go if, and only if, all that it rests on is in force, at no earlier time than the log's."""
        at = max(self.clock.moment, self.latest)
        expected = all(each not in self.withdrawn and self.in_force[each].covers(at) for each in of)
        assert self.do(self.release(of)) == expected
        if expected:
            self.recorded()

    @rule(consent=consents, readers=st.integers(1, 6), place=st.integers(0, 6))
    def read_while_it_is_withdrawn(self, consent: str, readers: int, place: int) -> None:
        async def all_at_once() -> None:
            work: list[Any] = [self.release([consent]) for _ in range(readers)]
            work.insert(min(place, readers), self.kept.consents.withdraw(consent, [AINO]))
            await asyncio.gather(*work)

        before = len(self.released)
        self.do(all_at_once())
        if len(self.released) > before or consent not in self.withdrawn:
            self.recorded()
        self.withdrawn.add(consent)
        assert self.do(self.release([consent])) is False

    @rule()
    def anchor(self) -> None:
        self.do(self.kept.anchor())

    @rule()
    def restart(self) -> None:
        self.do(self.kept.aclose())
        self.open()
        self.look_at_the_log()

    def teardown(self) -> None:
        try:
            self.look_at_the_log()
        finally:
            self.do(self.kept.aclose())
            self.loop.close()

    # --- what must hold -------------------------------------------------------------------------------------------

    async def release(self, of: list[str]) -> bool:
        number = next(self.numbers)
        body = {"event": "disclosed", "number": number, "consents": sorted(of)}
        try:
            await self.kept.gate.release([Disclosure(subject=AINO, body=body, consents=frozenset(of))])
        except GroundChanged:
            return False
        self.released.append(number)
        return True

    def look_at_the_log(self) -> None:
        """It is whole, has each released answer once, and none that rests on what was not in force at its time."""
        records, anchors = exported(self.do, self.kept.store)
        outside = log_verify.outside_anchors(self.outside) if self.outside.exists() else []
        assert log_verify.verify(records, anchors, outside, self.key.public_key()).records == len(records)
        in_force: dict[str, Given] = {}
        seen = []
        for before, record in zip([None, *records], records, strict=False):
            assert before is None or before.at <= record.at, "the log's time does not go back"
            body = json.loads((record.body or b"").partition(b"\n")[0])
            match body["event"]:
                case "consent.given":
                    in_force[body["consent"]] = Given(*(date.fromisoformat(body[name]) for name in ("start", "end")))
                case "consent.withdrawn":
                    del in_force[body["consent"]]
                case "disclosed":
                    seen.append(body["number"])
                    moment = datetime.fromtimestamp(record.at / 1000, UTC)
                    assert all(each in in_force and in_force[each].covers(moment) for each in body["consents"])
        assert len(seen) == len(set(seen))
        assert set(seen) == set(self.released)


async def _awaited(work: Any) -> Any:
    return await work


def exported(do: Callable[[Any], Any], store: Store) -> tuple[list[log_verify.Record], list[log_verify.Anchor]]:
    """The log and its anchors, column by column."""

    def rows(kind: Any, table: str, order: str) -> Any:
        columns = ", ".join(f'"{name}"' for name in kind._fields)
        asked = f"SELECT {columns} FROM {table} ORDER BY stream, {order}"
        found = do(store.read(lambda connection: connection.exec_driver_sql(asked).all()))
        return [kind(*(bytes(each) if isinstance(each, memoryview) else each for each in row)) for row in found]

    return rows(log_verify.Record, "log", "seq"), rows(log_verify.Anchor, "anchor", "last")


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the one store with its tables."""

    def migrated(opened: OpenStore) -> OpenStore:
        async def migrating() -> None:
            store = opened()
            await store.write(migration.upgrade)
            await store.aclose()

        asyncio.run(migrating())
        return opened

    if request.param == "sqlite":
        yield migrated(lambda: sqlite(tmp_path / "records.db"))
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database() as name:
            url = make_url(server.address(name)).set(drivername="postgresql+psycopg", password=server.password)
            yield migrated(lambda: postgresql(url))


@pytest.mark.proves("the store says what its model says, whatever is done in whatever order")
def test_the_store_agrees_with_its_model(
    opened: OpenStore, tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    examples = EXAMPLES[request.node.callspec.params["opened"]]
    record_property("cases", examples * STEPS)
    run_state_machine_as_test(
        type("KeptHere", (Kept,), {"opened": staticmethod(opened), "folder": tmp_path}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=not PROVE,
            database=None,
            phases=list(Phase) if PROVE else [Phase.generate],
        ),
    )

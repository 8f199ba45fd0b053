"""Hints from eHOKS: what is named with a newer change is asked again, and nothing that goes wrong does any harm."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.ehoks_changes import MAX_PAGES_ASKED, OVERLAP, PAGE_SIZE, EhoksChanges, changed_since
from connectors.failures import Reason, SourceFailure, SourceInvalid, SourceUnavailable
from connectors.kept_sources import KeptPlans
from connectors.limits import Remembered
from connectors.shelf import Shelf
from hoks.identifiers import StudyRightOid
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from hoks.ports import ChangedPlans
from tests.connectors import contract
from tests.connectors.ehoks_stub import Ehoks, a_plan
from tests.connectors.test_kept import Plans, Time
from tests.connectors.wires import NOW, PROVIDER, right

ONE, TWO, THREE = right(1), right(2), right(3)
WAS = datetime(2026, 10, 1, 12, tzinfo=UTC)


class National:
    """The list of changed plans as eHOKS pages it, and what was asked of it."""

    def __init__(self, *rows: tuple[str, str | None]) -> None:
        self.rows = [{"opiskeluoikeus-oid": oid, "paivitetty": moment, "eid": "x"} for oid, moment in rows]
        self.asked: list[dict[str, str]] = []
        self.instead: list[bytes | Exception | None] = []

    async def get(self, path: str) -> bytes | None:
        address = urlsplit(path)
        assert address.path == "/paged"
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.asked.append(asked)
        if self.instead:
            answer = self.instead.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        first = int(asked["from-id"])
        rows = self.rows[first : first + int(asked["amount"])]
        return page(rows, first + len(rows))


def page(rows: Any, last: Any, failed: Any = ()) -> bytes:
    return json.dumps({"meta": {}, "data": {"last-id": last, "failed-ids": list(failed), "result": rows}}).encode()


class Scene:
    """Plans that are kept, and the hints."""

    def __init__(self, national: National, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.time = Time()
        self.inner = Plans(self.time, "a-ehoks")
        self.inner.held = {oid: Hoks(study_right_oid=oid, updated_at=WAS) for oid in (ONE, TWO)}
        self.shelf = Shelf(seconds=self.time)
        self.plans = KeptPlans(self.inner, Remembered(), self.shelf, self.time)
        self.changes = EhoksChanges("a-ehoks", national.get, self.shelf, self.time, 20, sleep)

    async def asked_again(self, *oids: StudyRightOid) -> list[StudyRightOid]:
        """Which of the rights the source is asked for now."""
        self.inner.asked.clear()
        await self.plans.plans(oids)
        return [oid for batch in self.inner.asked for oid in batch]


@pytest.mark.parametrize(
    ("moment", "again"),
    [
        ("2026-10-01T12:00:01Z", True),
        ("2026-10-01T15:00:01+03:00", True),
        ("2026-10-01T12:00:01", True),
        (None, True),
        ("2026-10-01T12:00:00Z", False),
        ("2026-09-30T12:00:00Z", False),
    ],
)
async def test_a_plan_named_with_a_newer_change_is_asked_again(moment: str | None, again: bool) -> None:
    scene = Scene(National((ONE, moment), (right(77), "2026-10-05T00:00:00Z")))
    await scene.plans.plans([ONE, TWO])
    await scene.changes.look()
    assert await scene.asked_again(ONE, TWO) == ([ONE] if again else [])


async def test_that_there_was_no_plan_is_forgotten_when_one_is_named() -> None:
    scene = Scene(National((THREE, "2026-10-05T00:00:00Z")))
    await scene.plans.plans([THREE])
    await scene.changes.look()
    assert await scene.asked_again(THREE) == [THREE]


async def test_a_plan_that_is_on_its_way_when_it_is_named_is_not_kept() -> None:
    scene = Scene(National((ONE, "2026-10-05T00:00:00Z")))
    scene.inner.gate.clear()
    waiting = asyncio.create_task(scene.plans.plans([ONE]))
    await asyncio.sleep(0.01)
    await scene.changes.look()
    scene.inner.gate.set()
    assert (await waiting).answers[ONE].outcome is Outcome.OK
    assert await scene.asked_again(ONE) == [ONE]


async def test_all_pages_are_read_from_the_moment_of_the_last_look_and_a_little_before() -> None:
    others = [(right(number), "2026-10-05T00:00:00Z") for number in range(100, 100 + 2 * PAGE_SIZE)]
    national = National(*others, (ONE, "2026-10-05T00:00:00Z"))
    scene = Scene(national)
    await scene.plans.plans([ONE])
    scene.time.passed = 20
    await scene.changes.look()
    assert [each["from-id"] for each in national.asked] == ["0", "100", "200", "201"]
    assert {each["updated-after"] for each in national.asked} == {"2026-10-05T09:29:00Z"}
    assert await scene.asked_again(ONE) == [ONE]
    national.asked.clear()
    await scene.changes.look()
    moment = NOW + timedelta(seconds=20) - OVERLAP
    assert {each["updated-after"] for each in national.asked} == {moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.mark.parametrize(
    "row", [None, 1, {}, {"opiskeluoikeus-oid": 1}, {"opiskeluoikeus-oid": ONE, "paivitetty": "x"}]
)
async def test_a_row_that_cannot_be_read_costs_no_other(row: Any) -> None:
    national = National((TWO, "2026-10-05T00:00:00Z"))
    national.rows.insert(0, row)
    scene = Scene(national)
    await scene.plans.plans([ONE, TWO])
    await scene.changes.look()
    assert await scene.asked_again(ONE, TWO) == [TWO]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, Reason.STATUS),
        (b"nonsense", Reason.UNREADABLE),
        (b'{"data": []}', Reason.UNREADABLE),
        (b'{"data": {"result": 1}}', Reason.UNREADABLE),
        (page([{"opiskeluoikeus-oid": ONE}], None), Reason.UNREADABLE),
        (page([{"opiskeluoikeus-oid": ONE}], 0), Reason.MISMATCH),
        (page([], 0, [1]), Reason.MISMATCH),
        (page([{}] * (PAGE_SIZE + 1), 200), Reason.NESTING),
    ],
)
async def test_a_page_that_is_no_page_ends_the_look(body: bytes | None, reason: Reason) -> None:
    national = National()
    national.instead = [body]
    with pytest.raises(SourceFailure) as caught:
        await Scene(national).changes.look()
    assert caught.value.reason is reason


async def test_a_look_that_failed_is_made_up_for_by_the_next_one() -> None:
    national = National((ONE, "2026-10-05T00:00:00Z"))
    national.instead = [SourceUnavailable(Reason.TIMEOUT)]
    scene = Scene(national)
    await scene.plans.plans([ONE])
    scene.time.passed = 20
    with pytest.raises(SourceFailure):
        await scene.changes.look()
    await scene.changes.look()
    assert {each["updated-after"] for each in national.asked} == {"2026-10-05T09:29:00Z"}


async def test_failures_make_it_look_less_often_and_never_stop_it(caplog: pytest.LogCaptureFixture) -> None:
    pauses: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 10:
            enough.set()
        await asyncio.sleep(0 if len(pauses) < 10 else 60)

    national = National()
    national.instead = [
        *(SourceUnavailable(Reason.TIMEOUT) for _ in range(6)),
        RuntimeError("over 010203-999X"),
        page([], 0),
        SourceInvalid(Reason.LOGIN),
    ]
    following = asyncio.create_task(Scene(national, sleep).changes.follow())
    with caplog.at_level(logging.WARNING):
        await enough.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert pauses == [20, 40, 80, 160, 320, 600, 600, 600, 20, 40]
    assert "source a-ehoks: UNAVAILABLE (timeout) x 1" in caplog.messages
    assert "010203" not in caplog.text


# --- told to who asks -----------------------------------------------------------------------------------------


async def test_every_changed_plan_is_told_and_when_one_was_deleted() -> None:
    national = National((ONE, "2026-10-05T00:00:00Z"), (TWO, "2026-10-05T00:00:00Z"))
    national.rows[1]["poistettu"] = "2026-10-04T15:00:00+03:00"

    told = await changed_since(national.get, WAS)

    assert told == ChangedPlans(changed=frozenset({ONE, TWO}), gone={TWO: datetime(2026, 10, 4, 12, tzinfo=UTC)})
    assert [each["updated-after"] for each in national.asked] == ["2026-10-01T12:00:00Z"] * 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page([{"opiskeluoikeus-oid": 7}], 1), Reason.UNREADABLE),
        (page([], 1, failed=[1]), Reason.UNREADABLE),
        (page([{"opiskeluoikeus-oid": ONE, "poistettu": "lately"}], 1), Reason.UNREADABLE),
        (page([{"opiskeluoikeus-oid": ONE}], 0), Reason.MISMATCH),
        (b"[]", Reason.UNREADABLE),
        (None, Reason.STATUS),
    ],
)
async def test_what_cannot_be_read_whole_is_not_told_in_part(answer: bytes | None, reason: Reason) -> None:
    national = National()
    national.instead = [answer, page([], 0)]
    with pytest.raises(SourceInvalid) as caught:
        await changed_since(national.get, WAS)
    assert caught.value.reason is reason


async def test_more_changes_than_are_worth_reading_are_refused() -> None:
    many = [(right(number), "2026-10-05T00:00:00Z") for number in range(MAX_PAGES_ASKED * PAGE_SIZE)]
    with pytest.raises(SourceInvalid) as caught:
        await changed_since(National(*many).get, WAS)
    assert caught.value.reason is Reason.OVERSIZE


async def test_a_source_tells_changes_where_its_settings_say_so() -> None:
    ehoks = Ehoks(a_plan(ONE, 1), a_plan(TWO, 2, poistettu="2026-10-04T12:00:00Z"))
    source = ehoks.source(tell_changes=True)
    assert [each.gives for each in ehoks.source().capabilities.told] == ["plans", "holders"]
    assert [each.gives for each in source.capabilities.told] == ["plans", "holders", "changes"]

    await contract.everything_declared_is_told(source)
    told = (await source.changed(WAS)).answers[PROVIDER].value
    assert told is not None
    assert (sorted(told.changed), list(told.gone)) == ([ONE, TWO], [TWO])
    ehoks.password = "another"
    await contract.everything_declared_fails_as_declared(ehoks.source(tell_changes=True))

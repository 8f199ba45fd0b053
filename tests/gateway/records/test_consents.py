"""Consents: given, found by recipient and by plan, withdrawn at once, and nothing kept that cannot be right."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.records.consents import Consents, RecipientKind, Wish, WishRefused
from gateway.records.log import Log, bodies_of
from gateway.records.store import Store
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Outcome

DAY = date(2026, 10, 5)
AINO, EERO = LearnerOid("1.2.246.562.98.98000000011"), LearnerOid("1.2.246.562.98.98000000079")
RIGHT = StudyRightOid("1.2.246.562.15.15000010119")
WORKPLACE = "1.2.246.562.99.99000000036"
WISH = Wish(
    subject=AINO,
    recipient_kind=RecipientKind.ORGANISATION,
    recipient=WORKPLACE,
    right=RIGHT,
    items=frozenset({Item.D1, Item.D2u}),
    purpose="RECOGNITION",
    start=DAY,
    end=DAY + timedelta(days=30),
    text_version="2026-1",
    language="fi",
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)

    def today(self) -> date:
        return self.moment.date()

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def consents(store: Store, clock: Clock) -> Consents:
    return Consents(store, Log("a"), clock)


async def test_a_consent_is_found_by_its_recipient_and_by_its_plan_and_recorded(
    consents: Consents, store: Store
) -> None:
    given = await consents.give(WISH)
    received = await consents.received([WORKPLACE, "1.2.246.562.99.1"])
    assert received.answers[WORKPLACE].value == (given.consent,)
    assert received.answers["1.2.246.562.99.1"].outcome is Outcome.ABSENT
    assert (await consents.given([RIGHT])).answers[RIGHT].value == (given.consent,)
    (record,) = await store.read(lambda connection: bodies_of(connection, AINO))
    assert record["event"] == "consent.given"
    assert record["items"] == ["D1", "D2u"]
    assert record["text"] == "2026-1/fi"


async def test_a_withdrawal_holds_at_once_is_recorded_once_and_again_is_no_fault(
    consents: Consents, store: Store
) -> None:
    given = await consents.give(WISH)
    first = await consents.withdraw(given.consent.id, AINO)
    again = await consents.withdraw(given.consent.id, AINO)
    assert first is not None and first.withdrawn_at is not None
    assert again == first
    (left,) = (await consents.received([WORKPLACE])).answers[WORKPLACE].value or ()
    assert left.withdrawn and not left.is_in_force(DAY)
    records = await store.read(lambda connection: bodies_of(connection, AINO))
    assert [each["event"] for each in records] == ["consent.given", "consent.withdrawn"]


async def test_somebody_elses_consent_and_one_that_never_was_are_alike(consents: Consents) -> None:
    given = await consents.give(WISH)
    assert await consents.withdraw(given.consent.id, EERO) is None
    assert await consents.withdraw("0" * 32, EERO) is None
    assert [each.withdrawn_at for each in await consents.of([AINO])] == [None]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"end": DAY - timedelta(days=1), "start": DAY}, "the end is before the start"),
        ({"start": DAY - timedelta(days=9), "end": DAY - timedelta(days=1)}, "the end is in the past"),
        ({"end": DAY + timedelta(days=366)}, "a consent holds at most a year"),
        ({"end": date(9999, 12, 31)}, "a consent holds at most a year"),
        ({"start": DAY + timedelta(days=400), "end": DAY + timedelta(days=401)}, "more than a year away"),
        ({"items": frozenset()}, "no item is named"),
    ],
)
async def test_what_cannot_be_right_is_refused_in_words_and_nothing_is_kept(
    consents: Consents, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(WishRefused, match=told):
        await consents.give(msgspec.structs.replace(WISH, **change))
    assert await consents.of([AINO]) == ()


async def test_one_day_and_exactly_a_year_can_be_given(consents: Consents) -> None:
    await consents.give(msgspec.structs.replace(WISH, end=DAY))
    await consents.give(msgspec.structs.replace(WISH, end=DAY + timedelta(days=365)))
    assert len(await consents.of([AINO])) == 2


async def test_a_hundred_are_in_force_at_a_time_and_one_that_is_withdrawn_makes_room(consents: Consents) -> None:
    for _ in range(100):
        last = await consents.give(WISH)
    with pytest.raises(WishRefused, match="at most 100"):
        await consents.give(WISH)
    await consents.withdraw(last.consent.id, AINO)
    await consents.give(WISH)


async def test_a_broken_store_leaves_it_unknown_who_consented(store: Store, clock: Clock) -> None:
    consents = Consents(store, Log("a"), clock)
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE consent_use"))
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE share"))
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE consent"))
    assert (await consents.received([WORKPLACE])).answers[WORKPLACE].outcome is Outcome.UNAVAILABLE

"""Consents: given, found by recipient and by plan, withdrawn at once, and nothing kept that cannot be right."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.records.consents import Consents
from gateway.records.log import Log, bodies_of
from gateway.records.store import Store
from hoks.consenting import Language, Purpose, RecipientKind, Wish
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.relations import Consent

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
    purpose=Purpose.RECOGNITION,
    start=DAY,
    end=DAY + timedelta(days=30),
    text_version="2026-1",
    language=Language.FI,
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
    expected = Consent(
        id=given.id,
        learner=AINO,
        right=RIGHT,
        recipient=WORKPLACE,
        items=WISH.items,
        start_date=WISH.start,
        end_date=WISH.end,
    )
    assert received.answers[WORKPLACE].value == (expected,)
    assert received.answers["1.2.246.562.99.1"].outcome is Outcome.ABSENT
    assert (await consents.given([RIGHT])).answers[RIGHT].value == (expected,)
    (record,) = await store.read(lambda connection: bodies_of(connection, AINO))
    assert record["event"] == "consent.given"
    assert record["items"] == ["D1", "D2u"]
    assert record["text"] == "2026-1/fi"


async def test_a_withdrawal_holds_at_once_is_recorded_once_and_again_is_no_fault(
    consents: Consents, store: Store
) -> None:
    given = await consents.give(WISH)
    first = await consents.withdraw(given.id, [AINO])
    again = await consents.withdraw(given.id, [AINO])
    assert first is not None and (first.withdrawn_on, first.is_in_force) == (DAY, False)
    assert again == first
    (left,) = (await consents.received([WORKPLACE])).answers[WORKPLACE].value or ()
    assert left.withdrawn and not left.is_in_force(DAY)
    records = await store.read(lambda connection: bodies_of(connection, AINO))
    assert [each["event"] for each in records] == ["consent.given", "consent.withdrawn"]


async def test_somebody_elses_consent_and_one_that_never_was_are_alike(consents: Consents) -> None:
    given = await consents.give(WISH)
    assert await consents.withdraw(given.id, [EERO]) is None
    assert await consents.withdraw("0" * 32, [EERO]) is None
    assert [each.withdrawn_on for each in await consents.of([AINO])] == [None]


async def test_a_hundred_are_in_force_at_a_time_and_one_that_is_withdrawn_makes_room(consents: Consents) -> None:
    for number in range(100):
        last = await consents.give(to(number))
    with pytest.raises(BadRequest, match="at most 100"):
        await consents.give(to(100))
    assert (await consents.give(to(99))).id == last.id
    await consents.withdraw(last.id, [AINO])
    await consents.give(to(100))


def to(number: int) -> Wish:
    return msgspec.structs.replace(WISH, recipient=f"1.2.246.562.99.{number}")


async def test_the_same_consent_given_again_is_the_one_that_stands_on_every_instance(
    consents: Consents, store: Store, other: Store, clock: Clock
) -> None:
    instances = consents, Consents(other, Log("b"), clock)
    given = await asyncio.gather(*(each.give(WISH) for each in instances for _ in range(3)))
    assert len({each.id for each in given}) == 1
    assert [each.id for each in await consents.of([AINO])] == [given[0].id]
    events = [each["event"] for each in await store.read(lambda connection: bodies_of(connection, AINO))]
    assert events == ["consent.given"]
    await consents.withdraw(given[0].id, [AINO])
    assert (await consents.give(WISH)).id != given[0].id


async def test_a_consent_that_differs_in_anything_is_another(consents: Consents) -> None:
    differing: list[dict[str, Any]] = [
        {},
        {"end": WISH.end + timedelta(days=1)},
        {"start": WISH.start + timedelta(days=1)},
        {"items": frozenset({Item.D1})},
        {"purpose": Purpose.EMPLOYMENT},
        {"recipient": "1.2.246.562.99.1"},
        {"right": StudyRightOid("1.2.246.562.15.15000010120")},
        {"language": Language.SV},
        {"subject": EERO},
    ]
    given = [await consents.give(msgspec.structs.replace(WISH, **each)) for each in differing]
    assert len({each.id for each in given}) == len(differing)


async def test_two_consents_to_whoever_has_a_link_are_for_two_recipients(consents: Consents) -> None:
    link = msgspec.structs.replace(WISH, recipient_kind=RecipientKind.LINK, recipient="")
    assert (await consents.give(link)).id != (await consents.give(link)).id


async def test_a_broken_store_leaves_it_unknown_who_consented(store: Store, clock: Clock) -> None:
    consents = Consents(store, Log("a"), clock)
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE consent_use"))
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE share"))
    await store.write(lambda connection: connection.exec_driver_sql("DROP TABLE consent"))
    assert (await consents.received([WORKPLACE])).answers[WORKPLACE].outcome is Outcome.UNAVAILABLE

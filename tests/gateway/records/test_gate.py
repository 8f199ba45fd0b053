"""The gate: nothing leaves that is not recorded, and nothing is recorded after an acknowledged withdrawal."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Protocol

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from gateway.records.appointments import Appointments
from gateway.records.consents import Consents
from gateway.records.gate import Gate, GroundChanged
from gateway.records.log import Log, bodies_of
from gateway.records.releases import Disclosure
from gateway.records.shares import Shares
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import CONSENT, CONSENT_USE, LOG
from hoks.consenting import RecipientKind
from hoks.identifiers import PersonOid
from tests.gateway.records.test_appointments import PROVIDER, STAFF, accepted, wish
from tests.gateway.records.test_consents import AINO, WISH, Clock

BODY = {"v": 1, "event": "disclosed", "items": ["D1"]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def disclosed(*consents: str) -> Disclosure:
    return Disclosure(subject=AINO, body=BODY, consents=frozenset(consents))


def counted(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(LOG)).scalar_one()


async def test_what_is_released_is_recorded_with_each_use_of_a_consent(store: Store, clock: Clock) -> None:
    log = Log("a")
    given = await Consents(store, log, clock).give(WISH)
    await Gate(store, log, clock).release([disclosed(given.id), disclosed()])
    records = await store.read(lambda connection: bodies_of(connection, AINO))
    assert [each["event"] for each in records] == ["consent.given", "disclosed", "disclosed"]
    uses = await store.read(lambda connection: connection.execute(select(CONSENT_USE)).all())
    assert [(use.consent, use.seq) for use in uses] == [(given.id, 2)]


async def test_an_answer_that_rests_on_a_withdrawn_consent_is_not_released_and_leaves_no_record(
    store: Store, clock: Clock
) -> None:
    log = Log("a")
    consents = Consents(store, log, clock)
    kept = await consents.give(WISH)
    withdrawn = await consents.give(msgspec.structs.replace(WISH, recipient="1.2.246.562.99.1"))
    await consents.withdraw(withdrawn.id, [AINO])
    before = await store.read(counted)
    with pytest.raises(GroundChanged):
        await Gate(store, log, clock).release([disclosed(kept.id), disclosed(withdrawn.id)])
    with pytest.raises(GroundChanged):
        await Gate(store, log, clock).release([disclosed("0" * 32)])
    assert await store.read(counted) == before


async def test_a_consent_holds_through_its_last_day_in_helsinki(store: Store, clock: Clock) -> None:
    log = Log("a")
    given = await Consents(store, log, clock).give(WISH)  # ends on 4.11.2026, winter time
    gate = Gate(store, log, clock)
    clock.moment = datetime(2026, 11, 4, 21, 59, 59, tzinfo=UTC)
    await gate.release([disclosed(given.id)])
    clock.moment = datetime(2026, 11, 4, 22, 0, 0, tzinfo=UTC)
    with pytest.raises(GroundChanged):
        await gate.release([disclosed(given.id)])


async def test_a_clock_that_is_set_back_revives_no_consent(store: Store, clock: Clock) -> None:
    log = Log("a")
    given = await Consents(store, log, clock).give(WISH)
    gate = Gate(store, log, clock)
    clock.moment = datetime(2026, 12, 1, tzinfo=UTC)
    await gate.release([disclosed()])
    clock.moment = datetime(2026, 10, 6, tzinfo=UTC)
    with pytest.raises(GroundChanged):
        await gate.release([disclosed(given.id)])


# --- appointments -----------------------------------------------------------------------------------------------


def resting(*appointments: str) -> Disclosure:
    """A disclosure that rests on appointments."""
    return Disclosure(subject=AINO, body=BODY, appointments=frozenset(appointments))


async def test_an_answer_that_rests_on_an_ended_appointment_is_not_released_and_leaves_no_record(
    store: Store, clock: Clock
) -> None:
    log = Log("a")
    appointments, gate = Appointments(store, log, clock), Gate(store, log, clock)
    kept, ended = await accepted(appointments), await accepted(appointments)
    await gate.release([resting(kept.id, ended.id)])
    await appointments.end(ended.id, PROVIDER, STAFF)
    before = await store.read(counted)
    for gone in (resting(kept.id, ended.id), resting("0" * 32)):
        with pytest.raises(GroundChanged):
            await gate.release([gone])
    assert await store.read(counted) == before
    await gate.release([resting(kept.id)])


async def test_an_appointment_that_nobody_has_accepted_opens_no_gate(store: Store, clock: Clock) -> None:
    made, _ = await Appointments(store, Log("a"), clock).make(wish())
    with pytest.raises(GroundChanged):
        await Gate(store, Log("a"), clock).release([resting(made.id)])


async def test_an_appointment_holds_through_its_last_day_in_helsinki(store: Store, clock: Clock) -> None:
    log = Log("a")
    made = await accepted(Appointments(store, log, clock), until=date(2026, 11, 4))
    gate = Gate(store, log, clock)
    clock.moment = datetime(2026, 11, 4, 21, 59, 59, tzinfo=UTC)
    await gate.release([resting(made.id)])
    clock.moment = datetime(2026, 11, 4, 22, 0, 0, tzinfo=UTC)
    with pytest.raises(GroundChanged):
        await gate.release([resting(made.id)])
    # Nor does a clock that is set back revive it, once the log has seen a later moment.
    await gate.release([disclosed()])
    clock.moment = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)
    with pytest.raises(GroundChanged):
        await gate.release([resting(made.id)])


# --- the race ---------------------------------------------------------------------------------------------------

Release = Callable[[str], Awaitable[None]]


@pytest.mark.proves("no disclosure is recorded after an acknowledged withdrawal")
async def test_no_disclosure_is_recorded_after_an_acknowledged_withdrawal(
    store: Store, other: Store, clock: Clock, record_property: Callable[[str, object], None]
) -> None:
    gates = Gate(store, Log("a"), clock), Gate(other, Log("b"), clock)

    def right(gate: Gate) -> Release:
        return lambda consent: gate.release([disclosed(consent)])

    late, total = await raced(store, Withdrawn(store, clock), [right(each) for each in gates])
    record_property("cases", total)
    assert late == 0
    assert total > ROUNDS


@pytest.mark.proves("no disclosure is recorded after an acknowledged end of the appointment it rests on")
async def test_no_disclosure_is_recorded_after_an_acknowledged_end_of_its_appointment(
    store: Store, other: Store, clock: Clock, record_property: Callable[[str, object], None]
) -> None:
    gates = Gate(store, Log("a"), clock), Gate(other, Log("b"), clock)

    def right(gate: Gate) -> Release:
        return lambda appointment: gate.release([resting(appointment)])

    late, total = await raced(store, Ended(store, clock), [right(each) for each in gates])
    record_property("cases", total)
    assert late == 0
    assert total > ROUNDS


@pytest.mark.proves("no disclosure is recorded after an acknowledged revocation of the link it rests on")
async def test_no_disclosure_is_recorded_after_an_acknowledged_revocation_of_its_link(
    store: Store, other: Store, clock: Clock, record_property: Callable[[str, object], None]
) -> None:
    gates = Gate(store, Log("a"), clock), Gate(other, Log("b"), clock)

    def right(gate: Gate) -> Release:
        return lambda consent: gate.release([disclosed(consent)])

    late, total = await raced(store, Revoked(store, clock), [right(each) for each in gates])
    record_property("cases", total)
    assert late == 0
    assert total > ROUNDS


async def test_the_wrong_order_would_record_disclosures_after_the_withdrawal(
    store: Store, other: Store, clock: Clock
) -> None:
    """Looked at, waited, then recorded: if this were never late, the test above would prove nothing."""
    looked: list[str] = []

    def wrong(store: Store, log: Log) -> Release:
        async def release(consent: str) -> None:
            in_force = select(CONSENT.c.withdrawn_at).where(CONSENT.c.id == consent)
            if await store.read(lambda connection: connection.execute(in_force).scalar()) is not None:
                raise GroundChanged
            # In the first rounds until it is withdrawn for certain, which in the others is left to chance.
            looked.append(consent)
            await asyncio.sleep(0.2 if len(looked) <= 12 else 0.002)
            await store.write(lambda connection: log.append(connection, [Entry(body=BODY, subject=AINO)], at=0))

        return release

    late, _ = await raced(store, Withdrawn(store, clock), [wrong(store, Log("a")), wrong(other, Log("b"))])
    assert late > 0


ROUNDS = 200 if os.environ.get("HOKS_PROVE") == "1" else 8


class Ground(Protocol):
    """Something that answers rest on, which somebody ends."""

    async def begin(self) -> str:
        """Begin one; its id."""
        ...

    async def end(self, ground: str) -> None:
        """End it."""
        ...


class Withdrawn:
    """Consents, which a student withdraws."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._consents = Consents(store, Log("a"), clock)

    async def begin(self) -> str:
        return (await self._consents.give(WISH)).id

    async def end(self, ground: str) -> None:
        await self._consents.withdraw(ground, [AINO])


class Revoked:
    """Links that somebody has accepted, which their student revokes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._consents, self._shares = Consents(store, Log("a"), clock), Shares(store, Log("a"), clock)
        self._before: str | None = None

    async def begin(self) -> str:
        if self._before is not None:
            # Its link is revoked; so many may not be in force at a time.
            await self._consents.withdraw(self._before, [AINO])
        link = msgspec.structs.replace(WISH, recipient_kind=RecipientKind.LINK, recipient="")
        consent = (await self._consents.give(link)).id
        made = await self._shares.make(consent, [AINO], provider=None, by=PersonOid(AINO))
        assert made is not None and await self._shares.accept(made[1], STAFF) is not None
        self._before = consent
        return consent

    async def end(self, ground: str) -> None:
        (share,) = [each for each in await self._shares.of([AINO]) if each.consent_id == ground]
        await self._shares.revoke(share.id, PersonOid(AINO), subjects=[AINO])


class Ended:
    """Appointments, which staff end."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._appointments = Appointments(store, Log("a"), clock)

    async def begin(self) -> str:
        return (await accepted(self._appointments)).id

    async def end(self, ground: str) -> None:
        await self._appointments.end(ground, PROVIDER, STAFF)


async def raced(store: Store, ground: Ground, releases: Sequence[Release]) -> tuple[int, int]:
    """Readers of two instances and somebody who ends; the records after each end, and all records."""
    late = total = 0

    async def reading(release: Release, begun: str) -> None:
        while True:
            try:
                await release(begun)
            except GroundChanged:
                return

    for _ in range(ROUNDS):
        begun = await ground.begin()
        before = await store.read(counted)
        readers = [asyncio.create_task(reading(each, begun)) for each in releases for _ in range(3)]
        await asyncio.sleep(0.05)
        await ground.end(begun)
        acknowledged = await store.read(counted)
        await asyncio.gather(*readers)
        after = await store.read(counted)
        late += after - acknowledged
        total += after - before
    return late, total

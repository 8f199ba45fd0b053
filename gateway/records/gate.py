"""The release gate: what an answer discloses is recorded, and what it rests on looked at again, before a byte leaves.

One transaction does both. Whoever withdraws a consent, or ends an appointment, waits for the gates that have looked at
it, and every gate after that sees the change: no disclosure is recorded after an acknowledged withdrawal or end
(security 7.3).
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from gateway.clock import day_in_helsinki
from gateway.records.chain import Body
from gateway.records.driver import insert
from gateway.records.log import Entry, Log
from gateway.records.store import Store, StoreBroken
from gateway.records.tables import APPOINTMENT, CONSENT, CONSENT_USE
from hoks.ports import Clock

FAILED_SECONDS = 5.0
"""For how long an instance is not ready after it could not record; the next that it can makes it ready at once."""


class GroundChanged(Exception):
    """A consent or an appointment that the answer rests on is over: the answer must be made again without it."""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer tells of one plan of one person out of one source: which items, to whom, on which ground.

    Never a value, a name or a text of the plan.
    """

    subject: str
    """Learner OID, the master."""
    body: Body
    consents: frozenset[str] = frozenset()
    """The ids of the consents that it rests on."""
    appointments: frozenset[str] = frozenset()
    """The ids of the appointments, of those made through the gateway, that it rests on."""


class _Release(msgspec.Struct, frozen=True):
    """What is to be recorded of one answer, and when it was ready, in milliseconds since 1970."""

    disclosures: Sequence[Disclosure]
    now: int

    def grounds(self) -> set[tuple[str, str]]:
        """What it rests on, each with the name of its table."""
        return {
            *((CONSENT.name, each) for told in self.disclosures for each in told.consents),
            *((APPOINTMENT.name, each) for told in self.disclosures for each in told.appointments),
        }


class Gate:
    """The gate of one instance, over its store and its stream of the log."""

    def __init__(self, store: Store, log: Log, clock: Clock, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._seconds = seconds
        self._failed = float("-inf")
        self.is_closed = False
        """Whether anchors have been kept back for so long that nothing may be disclosed any more."""

    @property
    def is_well(self) -> bool:
        """Whether answers may be expected to leave."""
        return not self.is_closed and self._seconds() - self._failed > FAILED_SECONDS

    async def release(self, disclosures: Sequence[Disclosure]) -> None:
        """Record everything, durably, or nothing. Raises ``GroundChanged`` and ``StoreBroken``.

        INVARIANT: bytes leave only after this has returned.
        """
        if not disclosures:
            return
        if self.is_closed:
            raise StoreBroken("the log's anchors could not be kept outside for too long")
        release = _Release(disclosures, int(self._clock.now().timestamp() * 1000))
        try:
            await self._store.write_together(self._record, release)
        except (StoreBroken, asyncio.CancelledError):
            self._failed = self._seconds()
            raise
        self._failed = float("-inf")

    def _record(self, connection: Connection, releases: Sequence[_Release]) -> list[GroundChanged | None]:
        """Record what may be released of what waits side by side, with one look at the stream and at the grounds."""
        head = self._log.head(connection)
        # A clock that was set back revives nothing: the log has seen a later moment.
        at = max(head.at, *(each.now for each in releases))
        day = day_in_helsinki(datetime.fromtimestamp(at / 1000, UTC))
        grounds = [each.grounds() for each in releases]
        over = _over(connection, set().union(*grounds), day)
        changed = [not over.isdisjoint(each) for each in grounds]
        told = [
            one
            for each, is_changed in zip(releases, changed, strict=True)
            if not is_changed
            for one in each.disclosures
        ]
        records = self._log.append(connection, [Entry(body=each.body, subject=each.subject) for each in told], at, head)
        uses = [
            (consent, record.stream, record.seq, at)
            for each, record in zip(told, records, strict=True)
            for consent in sorted(each.consents)
        ]
        insert(connection, CONSENT_USE, uses)
        return [GroundChanged() if is_changed else None for is_changed in changed]


def _over(connection: Connection, grounds: Iterable[tuple[str, str]], day: date) -> set[tuple[str, str]]:
    """Those of the grounds that do not hold any more."""
    over = set(grounds)
    for table in (CONSENT, APPOINTMENT):
        wanted = sorted(each for name, each in over if name == table.name)
        if wanted:
            # In order of id, and shared: gates never wait for each other, who ends something waits for gates.
            locked = select(table).where(table.c.id.in_(wanted)).order_by(table.c.id).with_for_update(read=True)
            holding = [row.id for row in connection.execute(locked) if _HOLDS[table.name](row, day)]
            over -= {(table.name, each) for each in holding}
    return over


def _consent_holds(row: Row[Any], day: date) -> bool:
    # One without a recipient was shared, and nobody has accepted the share, or it was revoked.
    return row.withdrawn_at is None and row.recipient != "" and bool(row.start <= day <= row.end)


def _appointment_holds(row: Row[Any], day: date) -> bool:
    return row.person is not None and row.ended_on is None and (row.until is None or bool(day <= row.until))


_HOLDS: Mapping[str, Callable[[Row[Any], date], bool]] = {
    CONSENT.name: _consent_holds,
    APPOINTMENT.name: _appointment_holds,
}

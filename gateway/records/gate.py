"""The release gate: what an answer discloses is recorded, and what it rests on looked at again, before a byte leaves.

One transaction does both. Whoever withdraws a consent waits for the gates that have looked at it, and every gate after
that sees the withdrawal: no disclosure is recorded after an acknowledged withdrawal (security 7.3).
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from gateway.clock import day_in_helsinki
from gateway.records.log import Entry, Log
from gateway.records.store import Store, StoreBroken
from gateway.records.tables import CONSENT, CONSENT_USE
from hoks.ports import Clock

FAILED_SECONDS = 5.0
"""For how long an instance is not ready after it could not record; the next that it can makes it ready at once."""


class ConsentChanged(Exception):
    """A consent that the answer rests on was withdrawn, or is over: the answer must be made again without it."""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer tells of one plan of one person out of one source: which items, to whom, on which ground.

    Never a value, a name or a text of the plan.
    """

    subject: str
    """Learner OID, the master."""
    body: Mapping[str, Any]
    consents: frozenset[str] = frozenset()
    """The ids of the consents that it rests on."""


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
        """Record everything, durably, or nothing. Raises ``ConsentChanged`` and ``StoreBroken``.

        INVARIANT: bytes leave only after this has returned.
        """
        if not disclosures:
            return
        if self.is_closed:
            raise StoreBroken("the log's anchors could not be kept outside for too long")
        now = int(self._clock.now().timestamp() * 1000)

        def job(connection: Connection) -> None:
            # A clock that was set back revives no consent: the log has seen a later moment.
            at = max(now, self._log.latest(connection))
            _look_again(connection, {each for disclosed in disclosures for each in disclosed.consents}, at)
            entries = [Entry(body=each.body, subject=each.subject) for each in disclosures]
            records = self._log.append(connection, entries, at)
            uses = [
                {"consent": consent, "stream": record.stream, "seq": record.seq, "at": at}
                for each, record in zip(disclosures, records, strict=True)
                for consent in sorted(each.consents)
            ]
            if uses:
                connection.execute(insert(CONSENT_USE), uses)

        try:
            await self._store.write(job)
        except (StoreBroken, asyncio.CancelledError):
            self._failed = self._seconds()
            raise
        self._failed = float("-inf")


def _look_again(connection: Connection, consents: Collection[str], at: int) -> None:
    if not consents:
        return
    wanted = select(CONSENT.c.id, CONSENT.c.start, CONSENT.c.end, CONSENT.c.withdrawn_at)
    # In order of id, and shared: gates never wait for each other, withdrawals wait for gates.
    rows = connection.execute(
        wanted.where(CONSENT.c.id.in_(sorted(consents))).order_by(CONSENT.c.id).with_for_update(read=True)
    ).all()
    day = day_in_helsinki(datetime.fromtimestamp(at / 1000, UTC))
    in_force = {row.id for row in rows if row.withdrawn_at is None and row.start <= day <= row.end}
    if in_force != set(consents):
        raise ConsentChanged

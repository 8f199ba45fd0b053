"""The release gate: before a byte leaves, what it discloses is recorded and what it rests on is looked at again."""

import asyncio
import time
from collections.abc import Callable, Sequence

from gateway.records.chain import as_kept
from gateway.records.faults import StoreBroken
from gateway.records.log import Log
from gateway.records.releases import Disclosure, Release, Told
from gateway.records.store import Store
from hoks.ports import Clock

FAILED_SECONDS = 5.0
"""For how long an instance is not ready after it could not record; the next that it can makes it ready at once."""


class GroundChanged(Exception):
    """A consent or an appointment that the answer rests on is over: the answer must be made again without it."""


class Gate:
    """The gate of one instance, over its store and its stream of the log."""

    def __init__(self, store: Store, log: Log, clock: Clock, seconds: Callable[[], float] = time.monotonic) -> None:
        self._dictation = store.dictation(log.stream)
        self._clock = clock
        self._seconds = seconds
        self._failed = float("-inf")
        self.is_closed = False
        """Whether anchors have been kept back for so long that nothing may be disclosed any more."""

    @property
    def is_well(self) -> bool:
        """Whether answers may be expected to leave."""
        return not self.is_closed and self._seconds() - self._failed > FAILED_SECONDS

    async def start(self) -> None:
        """Have somebody there who records. Raises ``StoreBroken``."""
        await self._dictation.start()

    def gathers_while(self, is_followed: Callable[[], bool]) -> None:
        """Record together what comes one after the other while others follow."""
        self._dictation.is_followed = is_followed

    async def is_writable(self) -> bool:
        """Whether something can be recorded; tried, where it has not just been seen."""
        return await self._dictation.is_writable()

    async def release(self, disclosures: Sequence[Disclosure]) -> None:
        """Record everything, durably, or nothing. Raises ``GroundChanged`` and ``StoreBroken``.

        INVARIANT: bytes leave only after this has returned.
        """
        if not disclosures:
            return
        if self.is_closed:
            raise StoreBroken("the log's anchors could not be kept outside for too long")
        told = tuple(
            Told(each.subject, as_kept(each.body), tuple(sorted(each.consents)), tuple(sorted(each.appointments)))
            for each in disclosures
        )
        try:
            may_leave = await self._dictation.record(Release(told, int(self._clock.now().timestamp() * 1000)))
        except (StoreBroken, asyncio.CancelledError):
            self._failed = self._seconds()
            raise
        self._failed = float("-inf")
        if not may_leave:
            raise GroundChanged

"""Places for calls to one source: so many at a time, so many that wait, and nobody beyond that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.failures import Reason, SourceUnavailable


class Slots:
    """The calls to one source that run, and those that wait for their turn."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self._room = waiting
        self._waiting = 0

    @asynccontextmanager
    async def one(self, until: float) -> AsyncIterator[None]:
        """A place, on the event loop's clock not later than ``until``.

        Raises ``SourceUnavailable``: at once when too many wait already, and when the turn does not come in time.
        """
        await self._turn(until)
        try:
            yield
        finally:
            self._free.release()

    async def _turn(self, until: float) -> None:
        if self._free.locked() and self._waiting >= self._room:
            raise SourceUnavailable(Reason.BUSY)
        self._waiting += 1
        try:
            async with asyncio.timeout_at(until):
                await self._free.acquire()
        except TimeoutError:
            raise SourceUnavailable(Reason.BUSY) from None
        finally:
            self._waiting -= 1

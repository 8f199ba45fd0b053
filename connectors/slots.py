"""Places for calls to one source: so many at a time, so many that wait, and nobody beyond that."""

import asyncio

from connectors.failures import Reason, SourceUnavailable


class Slots:
    """The calls to one source that run, and those that wait for their turn."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self._room = waiting
        self._waiting = 0

    async def take(self, until: float) -> None:
        """Take a place, on the event loop's clock not later than ``until``; ``give_back`` follows.

        Raises ``SourceUnavailable``: at once when too many wait already, and when the turn does not come in time.
        """
        if not self._free.locked():
            await self._free.acquire()  # without waiting, and so without a clock
            return
        if self._waiting >= self._room:
            raise SourceUnavailable(Reason.BUSY)
        self._waiting += 1
        try:
            async with asyncio.timeout_at(until):
                await self._free.acquire()
        except TimeoutError:
            raise SourceUnavailable(Reason.BUSY) from None
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """Let the next one have the place."""
        self._free.release()

"""Whether requests should come, part by part: the records decide it, every source is told beside them.

A source that is down makes no instance unready: what others hold is served, and another instance would fare no better.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from connectors.breaker import State
from connectors.condition import Condition

RECORDS = "records"
STOPPING = "stopping"

Conditions = Callable[[], Iterable[tuple[str, Condition]]]


class Told(msgspec.Struct, frozen=True):
    """What an operator is told."""

    status: str
    """``ok``, or why requests should not come."""
    records: bool
    sources: dict[str, bool]
    """Whether each source is asked as ever."""

    @property
    def is_ready(self) -> bool:
        """Whether requests should come."""
        return self.status == "ok"


class Readiness:
    """The readiness of one gateway."""

    def __init__(self, records: Callable[[], Awaitable[bool]], conditions: Conditions) -> None:
        self._records = records
        self._conditions = conditions
        self.is_stopping = False

    async def told(self) -> Told:
        """How it stands now."""
        records = await self._records()
        status = STOPPING if self.is_stopping else "ok" if records else "records are not ready"
        sources = {name: condition.breaker is State.CLOSED for name, condition in self._conditions()}
        return Told(status, records, sources)

    async def stop_after(self, seconds: float, at_once: asyncio.Event | None = None) -> None:
        """Be unready from now on, and return when those who send requests have had so long to see it."""
        self.is_stopping = True
        waiting = asyncio.create_task(at_once.wait()) if at_once is not None else None
        if waiting is None:
            await asyncio.sleep(seconds)
            return
        await asyncio.wait([waiting], timeout=seconds)
        waiting.cancel()

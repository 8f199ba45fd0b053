"""For what a request waits, and how long: noted beside its work, for whoever runs the gateway; nothing reads it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from hoks.outcomes import Outcome


class Wait(NamedTuple):
    """One question to a source, on the event loop's clock (seconds)."""

    source: str
    began: float
    ended: float
    outcome: Outcome | None
    """The worst of its keys; nothing where the request went away first, or where it was no question."""


class Waits:
    """All for which one request waited."""

    __slots__ = ("_pending", "listener", "noted")

    def __init__(self) -> None:
        self.noted: list[Wait] = []
        self.listener: Callable[[bool], None] | None = None
        """Hears when the request begins to wait for somebody (true), and when it waits for nobody any more (false)."""
        self._pending = 0

    def begin(self) -> float:
        """Begin to wait; the moment."""
        self._pending += 1
        if self._pending == 1 and self.listener is not None:
            self.listener(True)
        return asyncio.get_running_loop().time()

    def end(self, source: str, began: float, outcome: Outcome | None) -> None:
        """End what began then."""
        self.noted.append(Wait(source, began, asyncio.get_running_loop().time(), outcome))
        self._pending -= 1
        if self._pending == 0 and self.listener is not None:
            self.listener(False)

    def seconds(self) -> float:
        """For how long somebody was waited for."""
        return _together(self.noted)

    def seconds_of(self) -> Mapping[str, float]:
        """For how long each source was waited for. What was waited for at once counts for each, and once for each."""
        sources: dict[str, list[Wait]] = {}
        for each in self.noted:
            sources.setdefault(each.source, []).append(each)
        return {source: _together(waits) for source, waits in sources.items()}


WAITS: ContextVar[Waits | None] = ContextVar("waits", default=None)
"""Of the request that this code works for. INVARIANT: it is only ever added to: no decision and no answer reads it."""


@contextmanager
def waiting_for(name: str) -> Iterator[None]:
    """A stage in which the request waits for somebody who is no source."""
    waits = WAITS.get()
    if waits is None:
        yield
        return
    began = waits.begin()
    try:
        yield
    finally:
        waits.end(name, began, None)


def _together(waits: Iterable[Wait]) -> float:
    """The time that is covered by any of them."""
    total, until = 0.0, 0.0
    for each in sorted(waits, key=lambda wait: wait.began):
        total += max(0.0, each.ended - max(each.began, until))
        until = max(until, each.ended)
    return total

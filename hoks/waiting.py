"""For what a request waits, and how long: noted beside its work, for whoever runs the gateway; nothing reads it.

While it waits somebody else may work, and before it works on it waits for its turn to.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from operator import itemgetter
from typing import NamedTuple, Protocol

from hoks.outcomes import Outcome

Wait = tuple[float, float, str, Outcome | None]
"""Of one question: when it began and ended (seconds), the source, and the worst outcome of its keys; none where the
request went away first, or where it was no question."""


class Split(NamedTuple):
    """For how long a request waited (seconds)."""

    together: float
    """For anybody; what was waited for at once is counted once."""
    by_source: dict[str, float]


class Working(Protocol):
    """Whose turn it is to work, as a request needs it."""

    def rests(self) -> None:
        """The request waits for somebody: another may work."""
        ...

    async def resumes(self) -> None:
        """The request waits for nobody any more; return when it may work on."""
        ...


class Waits:
    """All for which one request waited."""

    __slots__ = ("_clock", "noted", "pending", "working")

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` tells seconds from any beginning."""
        self.noted: list[Wait] = []
        self.working: Working | None = None
        self.pending = 0
        """For how many it waits now."""
        self._clock = clock

    def begin(self) -> float:
        """Begin to wait; the moment."""
        self.pending += 1
        if self.pending == 1 and self.working is not None:
            self.working.rests()
        return self._clock()

    def end(self, source: str, began: float, outcome: Outcome | None) -> None:
        """End what began then; whoever works on afterwards awaits ``resumed``."""
        self.noted.append((began, self._clock(), source, outcome))
        self.pending -= 1

    async def resumed(self) -> None:
        """Return when the request may work on."""
        if self.pending == 0 and self.working is not None:
            await self.working.resumes()

    def split(self) -> Split:
        """For how long anybody, and each source, was waited for."""
        together, until = 0.0, 0.0
        sources: dict[str, float] = {}
        untils: dict[str, float] = {}
        for began, ended, source, _ in sorted(self.noted, key=_BEGAN):
            if ended > until:
                together += ended - (until if until > began else began)
                until = ended
            own = untils.get(source, 0.0)
            if ended > own:
                sources[source] = sources.get(source, 0.0) + ended - (own if own > began else began)
                untils[source] = ended
        return Split(together, sources)


_BEGAN = itemgetter(0)
WAITS: ContextVar[Waits | None] = ContextVar("waits", default=None)
"""Of the request that this code works for. INVARIANT: it is only ever added to: no decision and no answer reads it."""


@asynccontextmanager
async def waiting_for(name: str) -> AsyncIterator[None]:
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
    await waits.resumed()

"""What sources told lately and what they are being asked right now, in one process: short-lived and bounded in bytes.

INVARIANT: only raw answers that a source gave to the gateway's own credential lie here, never anything filtered for a
caller; who may see what is decided anew for every request.
"""

import asyncio
import contextvars
import logging
import random
import time
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import cachetools
import cachetools.keys
import msgspec

from hoks.asking import awaited_where
from hoks.beside import Holding
from hoks.outcomes import Answer
from hoks.ports import Source
from hoks.records import Record

DEFAULT_BYTES = 64_000_000
ENTRY_BYTES = 1_000
"""What an entry takes beside its value: its key, its OIDs and their places in the tables."""
IN_MEMORY = 4
"""Bytes that a value takes in memory for each byte of it in msgpack: as records (plans 2.3, rights 2.7), and what is
made of it and let go with it (``hoks.beside``)."""

log = logging.getLogger(__name__)

Place = Hashable
"""Where an answer lies: source, connector's version, question, day and what was asked, each with its type."""
Flight = asyncio.Task[Mapping[Place, Answer[Any]]]
"""A fetch that runs, shared by all who wait for one of its answers. It comes to answers and never raises."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One answer that is kept."""

    answer: Answer[Any]
    renewed_from: float | None
    """From then on whoever asks has it asked anew and does not wait for that; nothing once it was asked anew."""
    fresh_until: float
    usable_until: float
    """As the others on the shelf's clock; until then the answer stands in for one that does not come."""
    names: tuple[str, ...]
    """The OIDs that were asked or that the answer tells of; none for a list of everybody."""
    size: int
    held: Holding | None = None
    """Has what is made of the records in it made once, as long as it is kept."""

    @property
    def stands_until(self) -> float:
        """Until when no other comes into its place: no longer, where it is being asked anew."""
        return float("-inf") if self.renewed_from is None else self.renewed_from


def held_in(answer: Answer[Any]) -> Holding | None:
    """The records of an answer, to be held with it; nothing where there are none."""
    records = [each for each in answer.value if isinstance(each, Record)] if isinstance(answer.value, tuple) else []
    return Holding(records) if records else None


def place(source: str, version: int, question: str, day: str, asked: Iterable[str]) -> Place:
    """Where the answer to a question lies."""
    key: Place = cachetools.keys.typedkey(source, version, question, day, *asked)
    return key


def size_of(value: object) -> int:
    """About how many bytes a value takes in memory."""
    return ENTRY_BYTES + IN_MEMORY * len(_PACKER.encode(value))


JOINED_SECONDS = 1.0
"""How old a fetch may be for somebody new to wait for it too."""

_PACKER = msgspec.msgpack.Encoder()


by_lot: Callable[[], float] = partial(random.uniform, 0.75, 0.95)
"""The share of its time after which an answer is asked anew: so early that it is seldom waited for, and what came at
one moment not all at one moment."""


class Shelf:
    """The answers of all sources of one gateway, the least used thrown out first."""

    def __init__(
        self,
        max_bytes: int = DEFAULT_BYTES,
        seconds: Callable[[], float] = time.monotonic,
        share: Callable[[], float] = by_lot,
    ) -> None:
        """``share`` draws after which share of its time an answer is asked anew; of 1 on, when its time is over."""
        self.seconds = seconds
        self._share = share
        self._kept: cachetools.TLRUCache[Place, Entry] = cachetools.TLRUCache(
            max_bytes, ttu=lambda _, entry, __: entry.usable_until, timer=seconds, getsizeof=lambda entry: entry.size
        )
        self._flights: dict[Place, Flight] = {}
        self._asked: dict[Place, frozenset[str]] = {}
        self._running: dict[Flight, float] = {}
        """Every fetch under way, with when it began."""
        self._besides: dict[str, list[Callable[[], None]]] = {}
        """What else forgets when something of a source is forgotten, by source id."""
        self._waiting: Counter[Flight] = Counter()
        """How many wait for each fetch under way."""

    @property
    def bytes(self) -> int:
        """How many bytes the kept answers are counted as."""
        return int(self._kept.currsize)

    def __len__(self) -> int:
        return len(self._kept)

    # --- kept ---------------------------------------------------------------------------------------------------

    def fresh(self, where: Place) -> Entry | None:
        """The answer at a place while it is as good as a new one."""
        entry = self.usable(where)
        return entry if entry is not None and self.seconds() < entry.fresh_until else None

    def settled(self, where: Place) -> Entry | None:
        """The same, unless it is due to be asked anew."""
        entry = self.fresh(where)
        return entry if entry is not None and not self.is_due(entry) else None

    def until_renewed(self, seconds: float) -> float:
        """After how long an answer is asked anew that is kept for so many seconds."""
        return seconds * self._share()

    def is_due(self, entry: Entry) -> bool:
        """Whether an answer that is as good as a new one is to be asked anew."""
        return entry.renewed_from is not None and self.seconds() >= entry.renewed_from

    def renews(self, places: Iterable[Place]) -> None:
        """What is kept at some places is being asked anew, which is done once, however it ends."""
        for where in places:
            if (entry := self.usable(where)) is not None and entry.renewed_from is not None:
                self._kept[where] = msgspec.structs.replace(entry, renewed_from=None)

    def usable(self, where: Place) -> Entry | None:
        """The answer at a place while it may at least stand in for one that does not come."""
        return self._kept.get(where)

    def keep(self, where: Place, entry: Entry, flight: Flight | None) -> None:
        """Keep what a flight brought, unless something was forgotten while it was on its way."""
        if flight is None or self._flights.get(where) is not flight or entry.size > self._kept.maxsize:
            return
        self._kept[where] = entry

    def sweep(self) -> None:
        """Let go of what is too old."""
        self._kept.expire()

    # --- on its way ---------------------------------------------------------------------------------------------

    def on_its_way(self, where: Place) -> Flight | None:
        """The fetch that will bring the answer to a place; not one that may be stuck: who comes later tries anew."""
        flight = self._flights.get(where)
        is_young = flight is not None and self.seconds() - self._running.get(flight, 0.0) <= JOINED_SECONDS
        return flight if is_young else None

    def start(
        self, fetch: Coroutine[Any, Any, Mapping[Place, Answer[Any]]], bound_for: Mapping[Place, frozenset[str]]
    ) -> Flight:
        """Start a fetch for some places, each with the OIDs that are asked.

        INVARIANT: it runs in a context of its own: no waiter's deadline, caller or anything else of a request is in it.
        """
        context = contextvars.Context()
        flight: Flight = asyncio.get_running_loop().create_task(fetch, context=context)
        # Not the flight itself, which holds the context: what it brought would wait for the collector of garbage.
        this = weakref.ref(flight)
        context.run(awaited_where, lambda: (still := this()) is not None and self._waiting[still] > 0)
        self._running[flight] = self.seconds()
        self._flights |= dict.fromkeys(bound_for, flight)
        self._asked |= bound_for
        flight.add_done_callback(lambda done: self._landed(done, bound_for))
        return flight

    @contextmanager
    def waiting_for(self, flights: Collection[Flight]) -> Iterator[None]:
        """Meanwhile somebody waits for these fetches; one for which nobody does fails in the background."""
        self._waiting.update(flights)
        try:
            yield
        finally:
            self._waiting.subtract(each for each in flights if each in self._running)

    def _landed(self, flight: Flight, bound_for: Iterable[Place]) -> None:
        self._running.pop(flight, None)
        self._waiting.pop(flight, None)
        for where in bound_for:
            if self._flights.get(where) is flight:
                del self._flights[where], self._asked[where]
        if not flight.cancelled() and (error := flight.exception()) is not None:
            log.error("a shared fetch broke with %s", type(error).__name__)

    # --- forgetting ---------------------------------------------------------------------------------------------

    def entries(self, source: str, questions: Collection[str]) -> list[Entry]:
        """What is kept of a source, in some kinds of question."""
        places = (each for each in list(self._kept) if _is_of(each, source, questions))
        return [entry for each in places if (entry := self._kept.get(each)) is not None]

    def asked(self, source: str, questions: Collection[str]) -> frozenset[str]:
        """The OIDs that a source is being asked for, in some kinds of question."""
        return frozenset().union(*(names for each, names in self._asked.items() if _is_of(each, source, questions)))

    def forget(self, source: str, oids: Collection[str]) -> int:
        """Drop what a source told of these OIDs, and its lists of everybody; how many answers that were.

        INVARIANT: nothing that was asked before this call is kept or joined after it. What is on its way may tell of
        any OID, so nobody joins it any more and it is not kept; those who wait for it still get it.
        """
        wanted = frozenset(oids)
        for forget in self._besides.get(source, ()):
            forget()
        forgotten = 0
        for each in list(self._kept):
            entry = self._kept.get(each)
            if entry is None or not _is_of(each, source) or (entry.names and wanted.isdisjoint(entry.names)):
                continue
            del self._kept[each]
            forgotten += 1
        for each in [each for each in self._flights if _is_of(each, source)]:
            del self._flights[each], self._asked[each]
        return forgotten

    def tell_what_is_forgotten(self, sources: Iterable[Source], forget: Callable[[], None]) -> None:
        """Have ``forget`` called whenever something is forgotten of one of these sources."""
        for source in sources:
            self._besides.setdefault(source.id, []).append(forget)

    async def aclose(self) -> None:
        """End what is on its way, and forget everything."""
        flights = list(self._running)
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        self._kept.clear()
        for forget in (forget for each in self._besides.values() for forget in each):
            forget()


def _is_of(where: Any, source: str, questions: Collection[str] | None = None) -> bool:
    return where[0] == source and (questions is None or where[2] in questions)

"""What a register has told, in memory: looked up without waiting, loaded and loaded again in the background.

A miss is noted and loaded later, one thing at a time; what is old is shown until the register has told anew.
"""

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from itertools import count
from typing import Generic, TypeVar

import cachetools

from connectors.failures import SourceFailure, report, unexpected
from hoks.asking import awaited_where, for_nobody

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

RETRY_SECONDS = 120.0
"""How long a thing is left alone after the register could not tell it."""
SPARE = 100
"""How many plans of what is no longer kept may lie about."""
PAUSE_SECONDS = 0.02
"""Between two calls, so that nobody's register and no request of ours is crowded out."""


class _Entry(Generic[V]):
    """What is known of one key, and from when it is to be loaded again."""

    __slots__ = ("due", "value")

    def __init__(self) -> None:
        self.value: V | None = None
        self.due = float("-inf")


class Almanac(Generic[K, V]):
    """Things of one register by key.

    ``load`` gives the thing, nothing where the register has none, or raises ``SourceFailure``, which is reported here
    and nowhere else. What is ``always``
    wanted is loaded from the start; of what is asked for besides, the ``most`` used last are kept.

    INVARIANT: looking up never waits and never fails; what is looked up is all that is ever loaded.
    """

    def __init__(
        self,
        source: str,
        load: Callable[[K], Awaitable[V | None]],
        *,
        refresh_seconds: float,
        always: Iterable[K] = (),
        most: int = 1_000,
        seconds: Callable[[], float] = time.monotonic,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._source = source
        self._load = load
        self._refresh_seconds = refresh_seconds
        self._always: dict[K, _Entry[V]] = {key: _Entry() for key in always}
        self._asked: cachetools.LRUCache[K, _Entry[V]] = cachetools.LRUCache(most)
        self._seconds = seconds
        self._pause_seconds = pause_seconds
        self._number = count()
        self._due = [(entry.due, next(self._number), key) for key, entry in self._always.items()]
        """A heap of what is to be loaded when; the number keeps keys from being compared."""
        self.told = 0
        """How often the register has told something."""
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()

    def get(self, key: K) -> V | None:
        """The thing, or nothing where it is not known; then it is loaded in the background."""
        entry = self._always.get(key) or self._asked.get(key)
        if entry is None:
            self._asked[key] = entry = _Entry()
            self._plan(key, entry)
            self._idle.clear()
            self._woken.set()
            return None
        return entry.value

    async def run(self) -> None:
        """Load what is due, for ever."""
        awaited_where(for_nobody)
        while True:
            self._woken.clear()
            await self.load_due()
            self._idle.set()
            try:
                async with asyncio.timeout(self._until_due()):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def load_due(self) -> None:
        """Load everything that is due now, one after another."""
        while (found := self._next()) is not None:
            await self._load_one(*found)
            await asyncio.sleep(self._pause_seconds)

    async def settled(self) -> None:
        """Wait until nothing is due."""
        await self._idle.wait()

    async def _load_one(self, key: K, entry: _Entry[V]) -> None:
        wait = self._refresh_seconds
        try:
            entry.value = await self._load(key)
            self.told += 1
        except SourceFailure as failure:
            report(self._source, [failure])
            wait = RETRY_SECONDS
        except Exception as error:
            unexpected(self._source, error)
            wait = RETRY_SECONDS
        entry.due = self._seconds() + wait
        self._plan(key, entry)

    def _plan(self, key: K, entry: _Entry[V]) -> None:
        heapq.heappush(self._due, (entry.due, next(self._number), key))
        if len(self._due) > 2 * (len(self._always) + len(self._asked)) + SPARE:
            # What has given way to others since is still planned; many such would outgrow what is kept.
            self._due = [each for each in self._due if self._is_planned(*each)]
            heapq.heapify(self._due)

    def _next(self) -> tuple[K, _Entry[V]] | None:
        while self._due and self._due[0][0] <= self._seconds():
            due, number, key = heapq.heappop(self._due)
            entry = self._entry(key)
            if entry is not None and self._is_planned(due, number, key):
                return key, entry
        return None

    def _is_planned(self, due: float, _: int, key: K) -> bool:
        entry = self._entry(key)
        return entry is not None and entry.due == due

    def _entry(self, key: K) -> _Entry[V] | None:
        """What is known of a key. Not by the cache's own way: that it is loaded again is no use of it."""
        entry = self._always.get(key)
        if entry is None and key in self._asked:
            entry = cachetools.Cache.__getitem__(self._asked, key)
        return entry

    def _until_due(self) -> float | None:
        """Seconds until the next thing is due; nothing when none will be."""
        return max(0.0, self._due[0][0] - self._seconds()) if self._due else None

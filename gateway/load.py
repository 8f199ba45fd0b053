"""How much is asked: whether more come than go, who asked how much of late, and how many may be begun at a time.

Nobody is let in or refused here; ``gateway.admission`` does that by what it is told.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from cachetools import LRUCache

from gateway.settings import OverloadSettings

LOOKED_SECONDS = 0.05
"""After so long it is looked again."""
_LOOK_SECONDS, _LOOKS = LOOKED_SECONDS / 4, 20
"""After so long it is looked whether there have come to be more, which so many of the last looks say."""
_COUNTED_SECONDS = 0.5
"""After so long it is counted how many of a crowd are refused."""
_SHARE, _FEW = 0.2, 4
"""More than that share of those under way, and so many, are not the same who ask again."""
_GREW, _LATELY = 3, 4
"""So many of the last so many looks each find more than the one before: a machine that halts once leaves one leap."""
_LOST = 1 / 6
"""Of those who come, the share that is refused although there is time for all, where hardly anybody may wait."""
_MOST_TIMES = 16
"""So many times as many may wait at the most while it is tried whether more waiting is enough."""


class Crowd:
    """Whether more come than go: from when those under way become more and more, until nobody waits for a while or
    nobody is refused any more.

    A burst becomes smaller by itself, and those who ask again only when they are answered never become more. Where few
    are refused twice as many may wait, again and again: if that was enough it was no crowd, and if not, the next that
    is refused does not have to be waited for.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._looked_at = 0.0
        self._came: deque[int] = deque(maxlen=_LOOKS)
        """How many were under way, or had been refused, when it was looked since some wait."""
        self._gone_at: float | None = -float("inf")
        """Since when nobody waits."""
        self._counted: tuple[float, int, int] | None = None
        """While it stands: when it was last looked how many are refused, and how many had been refused and had come."""
        self.stands = False
        self.times = 1
        """While it stands: how many times as many may wait as where hardly anybody may."""

    def sees(self, waiting: int, begun: int, refused: int, came: int) -> None:
        """So many wait now, so many are begun, and so many were ever refused, and came."""
        now = self._clock()
        if not self.stands:
            self._counted, self.times = None, 1
        elif self._counted is None:
            self._counted = now, refused, came
        elif now - self._counted[0] >= _COUNTED_SECONDS:
            lost, of_those = refused - self._counted[1], came - self._counted[2]
            self._counted = now, refused, came
            self.times = min(_MOST_TIMES, 2 * self.times) if lost <= _LOST * of_those else 1
            self.stands = lost > 0
            if not self.stands:
                # Those who were refused until now do not come any more.
                self._came.clear()
        if not waiting:
            self._gone_at = now
        elif self._gone_at is not None:
            self.stands = self.stands and now - self._gone_at <= LOOKED_SECONDS
            self._gone_at, self._looked_at = None, now
            self._came.clear()
        elif now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._came.append(waiting + begun + refused)
            more = self._came[-1] - min(self._came)
            grew = [after > before for before, after in pairwise(self._came)]
            are_more = sum(grew[-_LATELY:]) >= _GREW and more > _SHARE * (waiting + begun) + _FEW
            self.stands = self.stands or are_more


_FULL_SHARE, _BUSY_SHARE, _IDLE_SHARE = 0.95, 0.85, 0.7
"""Of its time, how much a thread works that has all it can do, one that has nearly, and one that could do more."""
_LATELY_SECONDS = 0.5
"""After so long a request counts a third of what it did: whoever begins to ask much is soon known for it."""
_REMEMBERED = 4_096
"""Callers, of whom it is known how much they asked."""
_FEWEST_BEGUN, _FEW_BEGUN, _BEGUN = 2, 3, 16
"""Times as many as may work: so many may be begun at the least where the thread has had all it can do for a while, or
has nearly, and at the outset."""
_FULL_LOOKS = 3
"""So many looks in a row find that it has all it can do before the fewest are begun: it may be only since one more
is."""


def busy_seconds() -> float:
    """How long this thread has worked, or was ready to and waited for a processor."""
    try:
        worked, waited, _ = Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()
        return (int(worked) + int(waited)) / 1e9
    except (OSError, ValueError):
        return time.thread_time()


class Asked:
    """How much each caller has asked of late: every request counts as one, and less the longer it is ago."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: LRUCache[str, tuple[float, float]] = LRUCache(_REMEMBERED)
        """The sum of each, and when it was that."""
        self._sum = self._squares = 0.0
        """Of what all count, and of the squares of it, as they were at that moment."""
        self._at = 0.0

    def note(self, caller: str) -> None:
        """One more."""
        now, before = self._clock(), self.of(caller)
        faded = math.exp((self._at - now) / _LATELY_SECONDS)
        # All fade alike, so that the sums do without a look at each.
        self._sum, self._squares = self._sum * faded + 1, self._squares * faded * faded + 2 * before + 1
        self._told[caller], self._at = (before + 1, now), now

    def of(self, caller: str) -> float:
        """What the requests of a caller still count."""
        told, at = self._told.get(caller, (0.0, 0.0))
        return told * math.exp((at - self._clock()) / _LATELY_SECONDS) if told else 0.0

    def is_little(self, caller: str) -> bool:
        """Whether a caller asks less than half as much as the one does of whom a request usually is."""
        if not self._sum:
            return False
        usual = self._squares / self._sum * math.exp((self._at - self._clock()) / _LATELY_SECONDS)
        return self.of(caller) < usual / 2


class Room:
    """How many may be begun at a time.

    In a crowd fewer where the processor has all it can do, for to begin more would only make each take longer. Those
    who ask again only when they are answered wait no longer begun than in line: of them as many as at the outset may be
    begun, and what is told at the same time is recorded together. More and more where the processor has not all it can
    do while some wait, for then those that are begun wait for slow sources.
    """

    def __init__(self, settings: OverloadSettings, clock: Callable[[], float], busy: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._busy = busy
        self._looked: tuple[float, float] | None = None
        """When it was last looked, and for how long the thread had been busy then; nothing where nobody waits."""
        self._outset = min(settings.open, _BEGUN * settings.working)
        self._in_crowd = self._outset
        self._full = 0
        """How many looks in a row found that the thread had all it could do."""

    def most(self, *, is_crowd: bool) -> int:
        """So many may be begun."""
        return self._in_crowd if is_crowd else max(self._in_crowd, self._outset)

    def sees(self, waiting: int, begun: int, *, is_crowd: bool) -> None:
        """So many wait now, and so many are begun."""
        if not waiting:
            self._looked = None
            return
        now = self._clock()
        if self._looked is None:
            self._looked = now, self._busy()
        elif now - self._looked[0] >= LOOKED_SECONDS:
            (then, before), after = self._looked, self._busy()
            share = (after - before) / (now - then)
            self._looked = now, after
            self._full = self._full + 1 if share > _FULL_SHARE else 0
            if share < _IDLE_SHARE:
                most = self.most(is_crowd=is_crowd)
                self._in_crowd = min(self._settings.open, most + max(1, most // 4))
            elif share > _BUSY_SHARE:
                # Found out before there is a crowd: then it is known how many may be begun in it.
                fewest = (_FEWEST_BEGUN if self._full >= _FULL_LOOKS else _FEW_BEGUN) * self._settings.working
                fewer = min(self._in_crowd, begun)
                self._in_crowd = min(self._settings.open, max(fewest, fewer - max(1, fewer // 4)))

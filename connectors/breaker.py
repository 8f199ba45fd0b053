"""Whether a source is asked at all: one that fails is left alone for a while, then tried with a single call at a time.

Nothing here waits: the clock is read, the moves are looked up in a table, and a refused call costs nothing.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

WINDOW_CALLS = 20
WINDOW_SECONDS = 60.0
"""Calls that are judged together: the last ones, and none that is older."""
FEWEST_CALLS = 5
"""Of fewer calls nothing is concluded."""
FAILING_SHARE = 0.5
PAUSE_SECONDS = 5.0
"""The least time between a failure and the next try, and between two tries."""
PAUSE_SPREAD = 0.5
"""By how much of itself a pause may be longer, so that workers do not try all at once."""
LONGEST_PAUSE_SECONDS = 30.0
GOOD_TRIES = 3
"""Good tries in a row after which the source is asked as before."""


CHANCE = random.SystemRandom().random
"""A number between 0 and 1 that no two workers share."""


class State(StrEnum):
    """How a source is asked."""

    CLOSED = "closed"
    """As ever."""
    OPEN = "open"
    """Not at all."""
    HALF_OPEN = "half_open"
    """With one call from time to time."""


class Event(StrEnum):
    """What moves a breaker."""

    TRIPPED = "tripped"
    """Too many calls failed, a try failed, or the source asked to be left alone."""
    DUE = "due"
    """The pause is over, and somebody calls."""
    CURED = "cured"
    """Enough tries in a row were good."""


NEXT: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.CLOSED, Event.TRIPPED): State.OPEN,
        (State.CLOSED, Event.DUE): State.CLOSED,
        (State.CLOSED, Event.CURED): State.CLOSED,
        (State.OPEN, Event.TRIPPED): State.OPEN,
        (State.OPEN, Event.DUE): State.HALF_OPEN,
        (State.OPEN, Event.CURED): State.OPEN,
        (State.HALF_OPEN, Event.TRIPPED): State.OPEN,
        (State.HALF_OPEN, Event.DUE): State.HALF_OPEN,
        (State.HALF_OPEN, Event.CURED): State.CLOSED,
    }
)


class Verdict(StrEnum):
    """What a call says about its source."""

    GOOD = "good"
    BAD = "bad"
    THROTTLED = "throttled"
    """Bad, for we ask too much."""
    LEFT = "left"
    """Nothing: whoever asked went away too early for the source to be blamed."""


class Admission(NamedTuple):
    """Leave to make one call, within the period in which it was given."""

    period: int


class Breaker:
    """The breaker of one source. Every admission is to be judged once, whatever became of the call."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = CHANCE,
    ) -> None:
        """``now`` in seconds; ``jitter`` between 0 and 1."""
        self._now = now
        self._jitter = jitter
        self._state = State.CLOSED
        self._throttled = False
        self._period = 0
        self._judged: deque[tuple[float, bool]] = deque()
        self._bad = 0
        self._good_tries = 0
        self._due = 0.0

    @property
    def state(self) -> State:
        """The state it is in."""
        return self._state

    @property
    def is_throttled(self) -> bool:
        """Whether it does not let calls through because we asked too much."""
        return self._state is not State.CLOSED and self._throttled

    def would_admit(self) -> bool:
        """Whether a call would be let through now."""
        return self._state is State.CLOSED or self._now() >= self._due

    def admit(self) -> Admission | None:
        """Leave to make a call, or nothing."""
        if not self.would_admit():
            return None
        self._move(Event.DUE)
        if self._state is State.HALF_OPEN:
            self._due = self._after(PAUSE_SECONDS)
        return Admission(self._period)

    def judge(self, admission: Admission, verdict: Verdict, rest: float | None = None) -> None:
        """Take in how a call went; ``rest`` is for how long the source itself asks to be left alone, in seconds."""
        if admission.period != self._period:
            # A call of an earlier period says nothing about this one, except how long to wait.
            if rest is not None and self._state is not State.CLOSED:
                self._due = max(self._due, self._after(rest))
        elif rest is not None:
            self._trip(verdict, rest)
        elif verdict is not Verdict.LEFT:
            self._weigh(verdict)

    def _weigh(self, verdict: Verdict) -> None:
        is_bad = verdict is not Verdict.GOOD
        if self._state is State.CLOSED:
            now = self._now()
            self._judged.append((now, is_bad))
            self._bad += is_bad
            if self._is_failing(now):
                self._trip(verdict, PAUSE_SECONDS)
        elif is_bad:
            self._trip(verdict, PAUSE_SECONDS)
        else:
            self._good_tries += 1
            if self._good_tries >= GOOD_TRIES:
                self._begin(Event.CURED)

    def _is_failing(self, now: float) -> bool:
        while len(self._judged) > WINDOW_CALLS or self._judged[0][0] < now - WINDOW_SECONDS:
            self._bad -= self._judged.popleft()[1]
        return len(self._judged) >= FEWEST_CALLS and self._bad >= FAILING_SHARE * len(self._judged)

    def _trip(self, verdict: Verdict, seconds: float) -> None:
        self._throttled = verdict is Verdict.THROTTLED
        self._due = self._after(seconds)
        self._begin(Event.TRIPPED)

    def _begin(self, event: Event) -> None:
        """A new period, in which nothing is known yet."""
        self._move(event)
        self._period += 1
        self._good_tries = 0
        self._judged.clear()
        self._bad = 0

    def _move(self, event: Event) -> None:
        self._state = NEXT[self._state, event]

    def _after(self, seconds: float) -> float:
        """The moment when a pause of about so many seconds is over."""
        pause = max(seconds, PAUSE_SECONDS) * (1 + PAUSE_SPREAD * self._jitter())
        return self._now() + min(pause, LONGEST_PAUSE_SECONDS)

"""When a source is asked again: once, seldom enough that retries never become the load, and not before it said so."""

import re
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from connectors.breaker import CHANCE, LONGEST_PAUSE_SECONDS, PAUSE_SECONDS

SHARE = 0.1
"""Retries for each call."""
FLOOR = 3
"""Retries that are allowed however few calls there are."""
WINDOW_SECONDS = 10.0
EARLIEST_SECONDS = 0.01
LATEST_SECONDS = 0.1
"""Between these a retry follows the call that failed."""


class RetryBudget:
    """How many calls of one source may be made again.

    INVARIANT: within any window no more than a tenth of its calls, or three; and no more than these run at a time.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = CHANCE,
    ) -> None:
        """``now`` in seconds; ``jitter`` between 0 and 1."""
        self._now = now
        self._jitter = jitter
        self._calls: deque[float] = deque()
        self._retries: deque[float] = deque()
        self._running = 0

    def call(self) -> None:
        """Count a call that is made for the first time."""
        self._forget()
        self._calls.append(self._now())

    def begin(self) -> bool:
        """Whether a call may be made again; where it may, ``end`` follows when it is over."""
        self._forget()
        if max(len(self._retries), self._running) >= max(FLOOR, int(SHARE * len(self._calls))):
            return False
        self._retries.append(self._now())
        self._running += 1
        return True

    def end(self) -> None:
        """A call that was made again is over."""
        self._running -= 1

    def pause(self) -> float:
        """How long to wait before a call is made again, in seconds."""
        return EARLIEST_SECONDS + self._jitter() * (LATEST_SECONDS - EARLIEST_SECONDS)

    def _forget(self) -> None:
        oldest = self._now() - WINDOW_SECONDS
        for times in (self._calls, self._retries):
            while times and times[0] <= oldest:
                times.popleft()


_SECONDS = re.compile(r"[0-9]+", re.ASCII)


def rest_asked(retry_after: str, now: float) -> float:
    """For how long a source asks to be left alone, in seconds, between a breaker's shortest and longest pause.

    ``now`` in seconds since 1970. What cannot be understood is a wish to be left alone for the shortest time.
    """
    return min(max(_asked(retry_after.strip(), now), PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


def _asked(text: str, now: float) -> float:
    if _SECONDS.fullmatch(text):
        return float(text[:20])
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0

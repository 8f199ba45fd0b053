"""Who is served now, who waits and who is refused at once when more is asked than can be answered.

So many requests work at a time; one that waits for a source does not work. Beyond that callers wait, each in a line of
their own, and are let in one line after the other: whoever asks ten times as much waits ten times as long, and nobody
else does. Where the wait would be too long the last of the longest line is refused.
"""

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from gateway.errors import Code, RefusedError
from gateway.noting import noted
from gateway.settings import OverloadSettings

FEWEST_WAITING = 8
"""So many may always wait: of so few nothing is known about the pace."""
_PACE_SHARE = 0.1
"""What the newest interval counts in the pace."""
_EXPECTED_SHARE = 0.7
"""Of the longest wait, how much may be expected at the outset: an expectation is often wrong."""


class Admission:
    """The admission of one process."""

    def __init__(self, settings: OverloadSettings, jitter: Callable[[], float] = random.random) -> None:
        """``jitter``, between 0 and 1, spreads the moments at which the refused may come again."""
        self._settings = settings
        self._jitter = jitter
        self._lines: OrderedDict[str, deque[asyncio.Future[bool]]] = OrderedDict()
        self._pace = 0.0
        """Seconds from one who is let in to the next, while some wait."""
        self._let_in_at: float | None = None
        self.working = 0
        self.open = 0
        self.waiting = 0
        self.refused = 0

    def turn(self, caller: str) -> "Turn":
        """A turn of a caller, to be entered. Entering raises ``RefusedError`` where there is none."""
        return Turn(self, caller)

    async def enter(self, caller: str) -> None:
        """Have the turn, now or after waiting. Raises ``RefusedError``."""
        if self.waiting or not self._has_room:
            await self._wait(caller)
        else:
            self._begin()

    # --- who works

    @property
    def _has_room(self) -> bool:
        return self.working < self._settings.working and self.open < self._settings.open

    def _begin(self) -> None:
        self.working += 1
        self.open += 1

    def works(self, by: int) -> None:
        """So many more, or fewer, work. Who comes back from a source does not wait again."""
        self.working += by
        if self.waiting:
            self._let_in()

    def leaves(self) -> None:
        """One that worked is done."""
        self.open -= 1
        self.works(-1)

    # --- who waits

    async def _wait(self, caller: str) -> None:
        if self.waiting >= self._most_waiting():
            self._refuse_for(caller)
        place = asyncio.get_running_loop().create_future()
        self._lines.setdefault(caller, deque()).append(place)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._settings.waiting_seconds):
                is_let_in = await place
        except (TimeoutError, asyncio.CancelledError) as left:
            if place.done() and not place.cancelled() and place.result():
                # Let in at the very moment of leaving.
                self.leaves()
            else:
                self._leave_line(caller, place)
            if isinstance(left, TimeoutError):
                raise self._refusal() from None
            raise
        if not is_let_in:
            raise self._refusal()

    def _let_in(self) -> None:
        """Let in who waits, one line after the other, as long as there is room."""
        while self.waiting and self._has_room:
            caller, line = next(iter(self._lines.items()))
            place = line.popleft()
            if line:
                self._lines.move_to_end(caller)
            else:
                del self._lines[caller]
            self.waiting -= 1
            if not place.done():
                self._keep_pace()
                self._begin()
                place.set_result(True)
        if not self.waiting:
            self._let_in_at = None

    def _leave_line(self, caller: str, place: asyncio.Future[bool]) -> None:
        line = self._lines.get(caller)
        if line is not None and place in line:
            line.remove(place)
            self.waiting -= 1
            if not line:
                del self._lines[caller]

    def _keep_pace(self) -> None:
        now = time.perf_counter()
        if self._let_in_at is not None:
            self._pace += _PACE_SHARE * (now - self._let_in_at - self._pace)
        self._let_in_at = now

    # --- who is refused

    def _most_waiting(self) -> float:
        if self._pace <= 0:
            return self._settings.waiting
        in_time = _EXPECTED_SHARE * self._settings.waiting_seconds / self._pace
        return max(FEWEST_WAITING, min(self._settings.waiting, in_time))

    def _refuse_for(self, caller: str) -> None:
        """Refuse the last of the longest line in favour of a caller whose own is shorter, or else the caller."""
        longest = max(self._lines, key=lambda each: len(self._lines[each]))
        own = len(self._lines.get(caller, ()))
        if own + 1 >= len(self._lines[longest]):
            raise self._refusal()
        place = self._lines[longest].pop()
        self.waiting -= 1
        if not place.done():
            place.set_result(False)

    def _refusal(self) -> RefusedError:
        self.refused += 1
        return RefusedError(Code.OVERLOADED, headers={"retry-after": str(1 + int(3 * self._jitter()))})


class Turn:
    """The turn of one request: it works, or rests while it waits for a source."""

    __slots__ = ("_admission", "_caller", "_rests", "_waits")

    def __init__(self, admission: Admission, caller: str) -> None:
        self._admission = admission
        self._caller = caller
        self._rests = False
        self._waits = noted().waits

    async def __aenter__(self) -> None:
        await self._admission.enter(self._caller)
        self._waits.listener = self._rest

    async def __aexit__(self, *_: object) -> None:
        # Whatever of the request is still under way is nobody's turn any more.
        self._waits.listener = None
        if self._rests:
            self._rest(False)
        self._admission.leaves()

    def _rest(self, rests: bool) -> None:
        self._rests = rests
        self._admission.works(-1 if rests else 1)

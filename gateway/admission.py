"""Who is served now, who waits and who is refused at once when more is asked than can be answered.

So many requests work at a time; one that waits for a source does not work, and works on before another begins. Callers
wait each in a line of their own, and who has the least under way comes first: whoever asks ten times as much waits ten
times as long, and nobody else does. A burst may wait for as long as the settings say; where more come than go hardly
anybody may, for everybody would only wait longer. While some wait, no more are begun than keep the processor at work.
Of who asks the most the last is refused, in a crowd the one who has waited longest, so that those who are answered are
answered soon; and they are told so at a pace that leaves time to answer the others.
"""

import asyncio
import random
import time
from bisect import insort
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from gateway.errors import Code, RefusedError
from gateway.load import LOOKED_SECONDS, Asked, Crowd, Room, busy_seconds
from gateway.noting import noted
from gateway.settings import OverloadSettings

_PACE_SHARE = 0.1
"""What the newest interval counts in the pace."""
_EXPECTED_SHARE = 0.7
"""Of the longest wait, how much may be expected at the outset: an expectation is often wrong."""
_ALIKE = 1.25
"""Who asks so many times as much as another asks about as much."""
_REFUSALS = 6
"""So many are told in the time of one answer; more wait."""

STRANGERS = "strangers"
"""The line of all whose token was never seen before: until it is verified they are nobody."""
SOURCES = "sources"
"""The line of the sources that say that something has changed."""
SHARED = frozenset({STRANGERS, SOURCES})

TurnOf = Callable[[str], AbstractAsyncContextManager[None]]
"""A turn of a caller, by their subject or line. Entering it raises ``RefusedError`` where there is none."""


def at_once(_: str) -> AbstractAsyncContextManager[None]:
    """The turn of everybody where nobody waits."""
    return nullcontext()


class _Place(NamedTuple):
    """A place in a line."""

    since: float
    answer: asyncio.Future[bool]
    """Whether it is let in, or refused."""


class Admission:
    """The admission of one process."""

    def __init__(
        self,
        settings: OverloadSettings,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.perf_counter,
        busy: Callable[[], float] = busy_seconds,
    ) -> None:
        """``jitter``, between 0 and 1, spreads the moments at which the refused may come again."""
        self._settings = settings
        self._jitter = jitter
        self._clock = clock
        self._crowd = Crowd(clock)
        self._room = Room(settings, clock, busy)
        self._lines: OrderedDict[str, deque[_Place]] = OrderedDict()
        self._back: list[Turn] = []
        """Those that have rested and wait to work on, who began first at the head."""
        self._asked = Asked(clock)
        self._begun: Counter[str] = Counter()
        """How many of each caller are open."""
        self._pace = 0.0
        """Seconds from one who is begun to the next, while some wait or in a crowd."""
        self._let_in_at: float | None = None
        self._told_at = 0.0
        """When the last refusal was due to be told."""
        self.numbers = count()
        """Of the turns, in the order in which they begin."""
        self.working = 0
        self.open = 0
        self.waiting = 0
        self.came = 0
        self.refused = 0

    def turn(self, caller: str) -> "Turn":
        """A turn of a caller, to be entered. Entering raises ``RefusedError`` where there is none."""
        return Turn(self, caller)

    async def enter(self, caller: str) -> None:
        """Have the turn, now or after waiting. Raises ``RefusedError``."""
        self._asked.note(caller)
        self.came += 1
        try:
            if self._under_way(caller) >= self._settings.each and caller not in SHARED:
                raise self._refusal()
            # INVARIANT: where there is room nobody waits.
            if self._has_room_for(caller):
                self._begin(caller)
            else:
                await self._wait(caller)
        except RefusedError:
            await self._hold_back()
            raise

    def others_follow(self) -> bool:
        """Whether others are begun one after the other as soon as those before them rest; in a crowd hardly any."""
        return self.waiting > 0 and not self._crowd.stands

    # --- who works

    def _has_room_for(self, caller: str) -> bool:
        # Who asks little need not wait until the many that another has begun have their slow sources' answers.
        most = self._settings.open if self._asked.is_little(caller) else self._most_begun
        return self.working < self._settings.working and self.open < most

    @property
    def _most_begun(self) -> int:
        return self._room.most(is_crowd=self._crowd.stands)

    def _begin(self, caller: str) -> None:
        if self.waiting or self._crowd.stands:
            self._keep_pace()
        self._begun[caller] += 1
        self.working += 1
        self.open += 1

    def rests(self) -> None:
        """One that worked does not, for a while or for good."""
        self.working -= 1
        self._let_in()

    def resumes(self, turn: "Turn") -> None:
        """Have one that rested work on, now or later. It has begun, and nobody refuses it any more."""
        insort(self._back, turn, key=attrgetter("number"))
        self._let_in()

    def leaves(self, caller: str, *, works: bool = True) -> None:
        """One that works, or rests, is done."""
        self._begun[caller] -= 1
        if not self._begun[caller]:
            del self._begun[caller]
        self.open -= 1
        self.working -= works
        self._let_in()

    def gives_up(self, turn: "Turn") -> None:
        """One that waits to work on need not."""
        self._back.remove(turn)

    # --- who waits

    async def _wait(self, caller: str) -> None:
        self._room.sees(self.waiting + 1, self.open, is_crowd=self._crowd.stands)
        self._let_in()
        if self._has_room_for(caller):
            self._begin(caller)
            return
        if self.waiting >= self._most_waiting(caller):
            self._refuse_for(caller)
        place = _Place(self._clock(), asyncio.get_running_loop().create_future())
        self._lines.setdefault(caller, deque()).append(place)
        self._are_waiting(self.waiting + 1)
        try:
            async with asyncio.timeout(self._settings.waiting_seconds):
                is_let_in = await place.answer
        except (TimeoutError, asyncio.CancelledError) as left:
            if place.answer.done() and not place.answer.cancelled() and place.answer.result():
                # Let in at the very moment of leaving.
                self.leaves(caller)
            else:
                self._leave_line(caller, place)
            if isinstance(left, TimeoutError):
                raise self._refusal() from None
            raise
        if not is_let_in:
            raise self._refusal()

    def _are_waiting(self, number: int) -> None:
        """So many wait from now on; fewer of them where they turn out to be a crowd."""
        self.waiting = number
        was_crowded, times = self._crowd.stands, self._crowd.times
        self._crowd.sees(number, self.open, self.refused, self.came)
        self._room.sees(number, self.open, is_crowd=self._crowd.stands)
        if self._crowd.stands and (not was_crowded or self._crowd.times < times):
            self._thin_out()
        if not self._crowd.stands and (was_crowded or not number):
            # In a crowd hardly anybody goes on waiting, and those who are let in keep pace all the same.
            self._let_in_at = None

    def _let_in(self) -> None:
        """Let whoever's turn it is work, as long as there is room."""
        while (self.waiting or self._back) and self.working < self._settings.working:
            # Who began first, so that one that must wait for several sources does not wait for all others each time.
            if self._back:
                self.working += self._back.pop(0).goes_on()
            elif (caller := self._next()) is not None:
                self._let_in_of(caller)
            else:
                break

    def _next(self) -> str | None:
        """Who of those that wait and for whom there is room has begun the least."""
        is_room_for_all = self.open < self._most_begun
        lines = self._lines if is_room_for_all else [each for each in self._lines if self._has_room_for(each)]
        return min(lines, key=self._begun.__getitem__, default=None)

    def _let_in_of(self, caller: str) -> None:
        """Let in the first of a line, which is the last to be looked at again."""
        place = self._lines[caller].popleft()
        if self._lines[caller]:
            self._lines.move_to_end(caller)
        else:
            del self._lines[caller]
        if not place.answer.done():
            self._begin(caller)
            place.answer.set_result(True)
        self._are_waiting(self.waiting - 1)

    def _leave_line(self, caller: str, place: _Place) -> None:
        line = self._lines.get(caller)
        if line is not None and place in line:
            line.remove(place)
            if not line:
                del self._lines[caller]
            self._are_waiting(self.waiting - 1)

    def _keep_pace(self) -> None:
        now = self._clock()
        # After a while in which nobody waits the next says nothing of how long an answer takes.
        if self._let_in_at is not None and (self.waiting or now - self._let_in_at <= LOOKED_SECONDS):
            self._pace += _PACE_SHARE * (now - self._let_in_at - self._pace)
        self._let_in_at = now

    # --- who is refused

    def _most_waiting(self, caller: str) -> float:
        if self._crowd.stands:
            # Not for who asks so little are there too many.
            return self._settings.waiting if self._asked.is_little(caller) else self._crowded
        if self._pace <= 0:
            return self._settings.waiting
        in_time = _EXPECTED_SHARE * self._settings.waiting_seconds / self._pace
        # Of few nothing is known about the pace.
        return max(self._settings.crowded, min(self._settings.waiting, in_time))

    @property
    def _crowded(self) -> int:
        """So many may wait in a crowd."""
        return self._settings.crowded * self._crowd.times

    def _refuse_for(self, caller: str) -> None:
        """Refuse one who waits in favour of a caller, or else the caller.

        In a crowd nobody is answered but in place of another, so that who asks about as much may take the place.
        """
        mine, weights = self._weight(caller), self._weights()
        most = max(weights.values())
        if mine > _ALIKE * most if self._crowd.stands else mine + 1 >= most:
            raise self._refusal()
        self._send_away(self._first_to_go(weights))

    def _thin_out(self) -> None:
        """Refuse those who are too many in a crowd, as long as they ask much."""
        # Looked at once: there may be hundreds, and nobody is answered meanwhile.
        weights = self._weights()
        while self.waiting > self._crowded and not self._asked.is_little(first := self._first_to_go(weights)):
            self._send_away(first)
            weights[first] -= 1
            if first not in self._lines:
                del weights[first]

    def _first_to_go(self, weights: Mapping[str, float]) -> str:
        """Who of those that wait is refused first: who asks the most.

        In a crowd the newest is answered soonest: of those who ask the most, or about as much, who has waited longest.
        """
        if not self._crowd.stands:
            return max(weights, key=weights.__getitem__)
        most = max(weights.values())
        alike = [each for each, weight in weights.items() if _ALIKE * weight >= most]
        return min(alike, key=lambda each: self._lines[each][0].since)

    def _weights(self) -> dict[str, float]:
        """Of all that wait."""
        return {each: self._weight(each) for each in self._lines}

    def _weight(self, caller: str) -> float:
        """What a caller has under way and asked of late: where hardly anybody may wait, the one alone says little."""
        return self._under_way(caller) + self._asked.of(caller)

    def _under_way(self, caller: str) -> int:
        return self._begun[caller] + len(self._lines.get(caller, ()))

    def _send_away(self, caller: str) -> None:
        """Refuse the last of a line, in a crowd the first."""
        line = self._lines[caller]
        place = line.popleft() if self._crowd.stands else line.pop()
        if not line:
            del self._lines[caller]
        self.waiting -= 1
        if not place.answer.done():
            place.answer.set_result(False)

    async def _hold_back(self) -> None:
        """Wait until a refusal may be told: who asks again at once would leave no time for anybody's answer."""
        now = self._clock()
        # What nobody was told in a while may be told at once.
        due = max(now - LOOKED_SECONDS, self._told_at + self._pace / _REFUSALS)
        self._told_at = min(due, now + self._settings.waiting_seconds)
        if self._told_at > now:
            await asyncio.sleep(self._told_at - now)

    def _refusal(self) -> RefusedError:
        self.refused += 1
        return RefusedError(Code.OVERLOADED, headers={"retry-after": str(1 + int(3 * self._jitter()))})


class Turn:
    """The turn of one request: it works, or rests while it waits for a source."""

    __slots__ = ("_admission", "_comes_back", "_rests", "_waits", "caller", "number")

    def __init__(self, admission: Admission, caller: str) -> None:
        self.caller = caller
        self.number = -1
        self._admission = admission
        self._rests = False
        self._comes_back: asyncio.Future[None] | None = None
        self._waits = noted().waits

    async def __aenter__(self) -> None:
        await self._admission.enter(self.caller)
        self.number = next(self._admission.numbers)
        self._waits.working = self

    async def __aexit__(self, *_: object) -> None:
        # Whatever of the request is still under way is nobody's turn any more.
        self._waits.working = None
        if self._comes_back is not None:
            self._admission.gives_up(self)
            self._comes_back.set_result(None)
        self._admission.leaves(self.caller, works=not self._rests)
        self._rests = False

    def rests(self) -> None:
        """Wait for somebody."""
        if not self._rests:
            self._rests = True
            self._admission.rests()

    async def resumes(self) -> None:
        """Return when the request may work on; several parts of it may wait for that at once."""
        if not self._rests:
            return
        if self._comes_back is None:
            self._comes_back = asyncio.get_running_loop().create_future()
            self._admission.resumes(self)
        if self._comes_back is not None:
            await asyncio.shield(self._comes_back)

    def goes_on(self) -> bool:
        """Have what waits for it work on; whether it works then, and does not wait for somebody else already."""
        if self._comes_back is not None:
            self._comes_back.set_result(None)
            self._comes_back = None
        self._rests = self._waits.pending > 0
        return not self._rests

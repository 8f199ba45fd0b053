"""Beside: what is made of a record alone, made once for as long as somebody holds the very record it was made of.

A plan that a source gave is kept for a moment; what has to be made of it for whoever asks is kept no longer.
"""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Generic, TypeVar

import msgspec

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")
MOST_HELD = 2_048
"""Records of which one function's work is held: more than a page shows, fewer than a walk over everybody looks at."""


class _Made(msgspec.Struct, gc=False):
    """What was made last, of what besides the record, and the records in it of which more may be made."""

    given: object
    made: Any
    records: tuple[Any, ...]


class _Besides(msgspec.Struct, gc=False):
    """What lies beside one record, by what made it, and how many hold it.

    As the collector looks into none of this and at no record, it need not be told of thousands of plans.
    """

    record: Any
    made: dict[int, _Made]
    """By the number of the function that made it."""
    holders: int = 0


# INVARIANT: it holds the records themselves, so that no other can have the place of one that is in it.
_besides: dict[int, _Besides] = {}
_functions: list["Beside[Any, Any]"] = []
_changing = Lock()
"""Whoever keeps records may be done with them in another thread."""
_done_with: deque[tuple[Any, ...]] = deque()
"""Records that somebody kept and no longer does, until they are let go."""


class Holding:
    """Records that somebody keeps: as long as they do, what is made of these is made once."""

    __slots__ = ("_records",)

    def __init__(self, records: Iterable[Any]) -> None:
        self._records = tuple(records)
        with _changing:
            _hold(self._records)
        _settle()

    def __del__(self) -> None:
        _done_with.append(self._records)
        _settle()


class Beside(Generic[R, T]):
    """What one function makes of records and of whatever else it is given; of each record, what was made last.

    Of a record that nobody holds it is made anew each time.

    INVARIANT: found by the very record and never by an equal one, and only where all else that it was made of is equal.
    So one that was made of more than another caller may see is not found by what that caller may see. What it made is
    held of no more than ``most`` records.
    """

    def __init__(
        self, make: Callable[..., T], records: Callable[[T], Iterable[Any]] = lambda _: (), most: int = MOST_HELD
    ) -> None:
        """``records`` are those in what was made of which more is made: they are held with it."""
        self._make = make
        self._records = records
        self._most = most
        self._number = len(_functions)
        self._latest: dict[int, None] = {}
        """The places of the records of which something is held, in order."""
        _functions.append(self)

    def __call__(self, record: R, *given: object) -> T:
        """What is made of the record and of what is given with it, always as many. It may be the record itself."""
        # What stands alone stands for itself: a tuple of one would be one thing more to collect.
        of = given[0] if len(given) == 1 else given
        place = id(record)
        besides = _besides.get(place)
        if besides is None:
            return self._make(record, *given)
        found = besides.made.get(self._number)
        if found is not None and found.given == of:
            known: T = found.made
            return known
        made = self._make(record, *given)
        records = tuple([each for each in self._records(made) if _is_another(each, record)])
        with _changing:
            if place not in self._latest:
                self._make_room()
            if _besides.get(place) is besides:
                self._keep(besides, _Made(of, made, records))
            # Else nobody holds the record any more: the room was made at its cost.
        _settle()
        return made

    def _keep(self, besides: _Besides, made: _Made) -> None:
        before = besides.made.get(self._number)
        _hold(made.records)
        besides.made[self._number] = made
        self._latest[id(besides.record)] = None
        if before is not None:
            _let_go(before.records)

    def _make_room(self) -> None:
        # The oldest goes: who walks over more than are held comes by none of them twice.
        while len(self._latest) >= self._most:
            oldest = next(iter(self._latest))
            self.forget(oldest)
            _let_go(_besides[oldest].made.pop(self._number).records)

    def forget(self, place: int) -> None:
        """Hold nothing of the record at a place any more."""
        del self._latest[place]


def _is_another(made: Any, record: Any) -> bool:
    return made is not None and made is not record


def itself(made: Any) -> tuple[Any, ...]:
    """Of a function that makes a record: the record."""
    return (made,)


def _settle() -> None:
    """Let go what nobody keeps any more.

    INVARIANT: never within a change, at any step of which the collector may come by with somebody who is done: whoever
    is changing does it afterwards.
    """
    while _done_with and _changing.acquire(blocking=False):
        try:
            while _done_with:
                _let_go(_done_with.popleft())
        finally:
            _changing.release()


def _hold(records: Iterable[Any]) -> None:
    for each in records:
        besides = _besides.get(id(each))
        if besides is None:
            besides = _besides[id(each)] = _Besides(each, {})
        besides.holders += 1


def _let_go(records: Iterable[Any]) -> None:
    for each in records:
        besides = _besides[id(each)]
        besides.holders -= 1
        if not besides.holders:
            del _besides[id(each)]
            for number, made in besides.made.items():
                _functions[number].forget(id(each))
                _let_go(made.records)

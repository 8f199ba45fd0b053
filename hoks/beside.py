"""Beside: what is made of a record alone, made once and let go with the very record that it was made of.

A plan that a source gave is kept for a moment; what has to be made of it for whoever asks is kept no longer.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import ref

import msgspec

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")
_ITSELF = object()
MOST_HELD = 2_048
"""Records of which one function's work is held: more than a page shows, fewer than a walk over everybody looks at."""


class Beside(Generic[R, T]):
    """What one function makes of records and of whatever else it is given; of each record, what was made last.

    INVARIANT: found by the very record and never by an equal one, and only where all else that it was made of is equal.
    So one that was made of more than another caller may see is not found by what that caller may see. It holds no
    record: the table is never longer than the list of records that somebody else holds, nor than ``most``.
    """

    def __init__(self, make: Callable[..., T], most: int = MOST_HELD) -> None:
        self._make = make
        self._most = most
        self._made: dict[int, tuple[ref[R], tuple[object, ...], Any]] = {}

    def __call__(self, record: R, *given: object) -> T:
        """What is made of the record and of what is given with it. It may be the record itself, but not hold it."""
        place = id(record)
        found = self._made.get(place)
        if found is not None and found[0]() is record and found[1] == given:
            made: Any = record if found[2] is _ITSELF else found[2]
        else:
            made = self._make(record, *given)
            while len(self._made) >= self._most and place not in self._made:
                # The oldest: who walks over more than are held comes by none of them twice.
                self._made.pop(next(iter(self._made)), None)
            # What is the record itself would keep it for ever.
            self._made[place] = (self._watching(record, place), given, _ITSELF if made is record else made)
        return made  # type: ignore[no-any-return]  # T, by how it was made

    def __len__(self) -> int:
        return len(self._made)

    def _watching(self, record: R, place: int) -> "ref[R]":
        made = self._made
        return ref(record, lambda _: made.pop(place, None))

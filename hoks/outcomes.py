"""What can come of asking a source for one key: a closed list, so that "failed" never looks like "nothing".

Connectors return an outcome per key and never raise for one bad key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

T_co = TypeVar("T_co", covariant=True)
K = TypeVar("K")


class Outcome(StrEnum):
    """How a source answered."""

    __hash__ = str.__hash__  # Enum's own is in Python, and many sets are looked into

    OK = "OK"
    ABSENT = "ABSENT"
    ABSENT_OR_DENIED = "ABSENT_OR_DENIED"
    DENIED = "DENIED"
    UNAVAILABLE = "UNAVAILABLE"
    STALE = "STALE"
    INVALID = "INVALID"
    THROTTLED = "THROTTLED"


FAILED = frozenset({Outcome.DENIED, Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.THROTTLED})
"""Outcomes that leave a gap: the source may hold data that were not read."""

HEALTHY = frozenset({Outcome.OK, Outcome.ABSENT, Outcome.ABSENT_OR_DENIED})
"""Outcomes of a source that answered: whether it held something is not told by its state."""

SEVERITY = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            Outcome.ABSENT,
            Outcome.ABSENT_OR_DENIED,
            Outcome.OK,
            Outcome.STALE,
            Outcome.THROTTLED,
            Outcome.UNAVAILABLE,
            Outcome.INVALID,
            Outcome.DENIED,
        )
    )
}
"""Which outcome stands for a source when several keys came out differently: the highest."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """When something was read, the moment it describes, and whether it stands in for what could not be read now."""

    fetched_at: datetime
    as_of: datetime
    stale: bool = False


class Answer(msgspec.Struct, Generic[T_co], frozen=True, gc=False):
    """What one key came to: an outcome, and the value where there is one."""

    outcome: Outcome
    value: T_co | None = None
    reading: Reading | None = None
    """When this key was read, where that differs from key to key; else the reply says it for all."""


class Reply(msgspec.Struct, Generic[K, T_co], frozen=True, kw_only=True):
    """A source's answer to one batch: an answer for every key that was asked, and for no other."""

    source: str
    fetched_at: datetime
    as_of: datetime
    answers: Mapping[K, Answer[T_co]]
    stale: bool = False

    @property
    def outcome(self) -> Outcome:
        """The outcome that stands for the whole batch."""
        return max((each.outcome for each in self.answers.values()), key=SEVERITY.__getitem__, default=Outcome.OK)

    def reading(self, key: K) -> Reading:
        """When a key was read: as its own answer says, or the whole reply."""
        answer = self.answers.get(key)
        own = answer.reading if answer is not None else None
        return own or Reading(self.fetched_at, self.as_of, self.stale)


def worst(outcomes: list[Outcome]) -> Outcome:
    """The outcome that stands for several."""
    return max(outcomes, key=SEVERITY.__getitem__, default=Outcome.OK)


def oldest(readings: Sequence[Reading]) -> Reading:
    """The reading that stands for several, of which there is at least one: never newer than any of them."""
    if len(readings) == 1:
        return readings[0]
    return Reading(
        fetched_at=min(each.fetched_at for each in readings),
        as_of=min(each.as_of for each in readings),
        stale=any(each.stale for each in readings),
    )

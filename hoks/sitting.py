"""One request: the day on which it is decided and the time it has, begun once, however much it asks."""

from datetime import date

import msgspec

from hoks.asking import Deadline
from hoks.ports import Clock


class Sitting(msgspec.Struct, frozen=True):
    """A request under way.

    INVARIANT: begun once: what begins before midnight is decided on that day to its last question.
    """

    day: date
    deadline: Deadline

    @classmethod
    def of(cls, seconds: float, clock: Clock) -> "Sitting":
        """A request that begins now and has so many seconds."""
        return cls(clock.today(), Deadline.of(seconds))

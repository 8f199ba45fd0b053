"""One request: the day on which it is decided and the time it has, begun once, however much it asks."""

import asyncio
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

    def rest(self) -> "Sitting":
        """What is left of it, as a sitting whose stages each have their share of the time that is left."""
        left = self.deadline.at(1.0) - asyncio.get_running_loop().time()
        return Sitting(self.day, Deadline.of(max(0.0, left)))

    @property
    def is_over(self) -> bool:
        """Whether its time is used up."""
        return self.used(1.0)

    def used(self, share: float) -> bool:
        """Whether a share of its time is used up."""
        return asyncio.get_running_loop().time() >= self.deadline.at(share)

    @classmethod
    def of(cls, seconds: float, clock: Clock) -> "Sitting":
        """A request that begins now and has so many seconds."""
        return cls(clock.today(), Deadline.of(seconds))

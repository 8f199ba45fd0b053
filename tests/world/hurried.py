"""A request whose time is nearly used up after so many looks at the clock, and a reader of such requests."""

from typing import Any

from hoks.reading import Reader
from hoks.sitting import Sitting


class Hurried(Sitting, frozen=True):
    """A request that has looked at the clock so many times before its time is nearly used up."""

    left: list[int]

    def used(self, share: float) -> bool:
        """Whether it is; all of it never is."""
        self.left[0] -= share < 1.0
        return self.left[0] < 0 and share < 1.0


class HurriedReader(Reader):
    """The same reader, each of whose requests is hurried."""

    def __init__(self, reader: Reader, looks: int) -> None:
        self.__dict__.update(reader.__dict__)
        self._looks = looks

    def sit(self) -> Any:
        """A hurried request that begins now."""
        begun = super().sit()
        return Hurried(begun.day, begun.deadline, [self._looks])

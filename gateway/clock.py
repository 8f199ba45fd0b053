"""The time, injected: the real one, and one whose day stands still for the sandbox."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
"""The zone in which a day of a study right begins and ends."""


def day_in_helsinki(moment: datetime) -> date:
    """The day of a moment in Europe/Helsinki."""
    return moment.astimezone(HELSINKI).date()


class SystemClock:
    """The real time."""

    def today(self) -> date:
        """The day in Europe/Helsinki."""
        return day_in_helsinki(datetime.now(UTC))

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)


class FixedDayClock:
    """One business day for ever, with the real time of day."""

    def __init__(self, day: date) -> None:
        self._day = day

    def today(self) -> date:
        """The fixed day."""
        return self._day

    def now(self) -> datetime:
        """The fixed day at the real Helsinki time of day, in UTC."""
        wall_clock = datetime.now(HELSINKI).time()
        return datetime.combine(self._day, wall_clock, HELSINKI).astimezone(UTC)


def clock_of(fixed_day: date | None) -> SystemClock | FixedDayClock:
    """The clock that the settings ask for."""
    return SystemClock() if fixed_day is None else FixedDayClock(fixed_day)

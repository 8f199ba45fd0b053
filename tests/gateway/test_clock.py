"""Two clocks: one that tells the real time and one whose day stands still."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.clock import FixedDayClock, SystemClock
from hoks.ports import Clock

HELSINKI = ZoneInfo("Europe/Helsinki")


def test_the_system_clock_tells_the_moment_in_utc_and_the_day_in_helsinki() -> None:
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    before, today = datetime.now(HELSINKI).date(), clock.today()
    assert today in {before, datetime.now(HELSINKI).date()}


@pytest.mark.parametrize("day", [date(2026, 10, 5), date(2026, 10, 25), date(2027, 3, 28), date(2028, 2, 29)])
def test_a_fixed_day_stays_and_the_moment_is_within_it(day: date) -> None:
    clock: Clock = FixedDayClock(day)
    assert clock.today() == day
    assert clock.now().tzinfo is UTC
    assert clock.now().astimezone(HELSINKI).date() == day

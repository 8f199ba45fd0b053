"""The retry budget, whatever the load, and how long a source may ask to be left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.retries import RetryBudget, rest_asked
from tests.connectors.test_breaker import Timer

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


def test_of_a_hundred_calls_a_second_that_all_fail_a_tenth_is_made_again() -> None:
    timer = Timer()
    budget = RetryBudget(now=timer)
    requests = retries = 0
    for _ in range(30 * 100):
        timer.seconds += 0.01
        requests += 1
        budget.call()
        if budget.begin():
            retries += 1
            budget.end()
    assert requests + retries <= 1.10 * requests
    assert retries >= 0.09 * requests


def test_at_a_low_rate_no_more_than_three_run_at_a_time() -> None:
    timer = Timer()
    budget = RetryBudget(now=timer)
    allowed = 0
    for _ in range(20):
        timer.seconds += 6  # slower than the window forgets
        budget.call()
        allowed += budget.begin()
    assert allowed == 3
    budget.end()
    timer.seconds += 10
    assert budget.begin()


def test_it_recovers_when_the_window_has_passed() -> None:
    timer = Timer()
    budget = RetryBudget(now=timer)
    for _ in range(3):
        assert budget.begin()
        budget.end()
    assert not budget.begin()
    timer.seconds += 10
    assert budget.begin()


@given(st.floats(0, 1))
def test_a_retry_follows_soon_and_not_at_once(chance: float) -> None:
    assert 0.01 <= RetryBudget(jitter=lambda: chance).pause() <= 0.1


class Loads(RuleBasedStateMachine):
    """Any load: calls begin, some are made again and end, while time passes."""

    @initialize()
    def begin(self) -> None:
        self.timer = Timer()
        self.budget = RetryBudget(now=self.timer)
        self.calls: list[float] = []
        self.retries: list[float] = []
        self.running = 0

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.timer.seconds += seconds

    @rule(times=st.integers(1, 80))
    def call(self, times: int) -> None:
        for _ in range(times):
            self.budget.call()
            self.calls.append(self.timer.seconds)

    @rule()
    def repeat(self) -> None:
        recent = [at for at in self.calls if at > self.timer.seconds - 10]
        before = [at for at in self.retries if at > self.timer.seconds - 10]
        if self.budget.begin():
            self.retries.append(self.timer.seconds)
            self.running += 1
            assert len(before) + 1 <= max(3, 0.1 * len(recent))
            assert self.running <= max(3, 0.1 * len(recent))

    @precondition(lambda self: getattr(self, "running", 0) > 0)
    @rule()
    def end(self) -> None:
        self.budget.end()
        self.running -= 1

    @invariant()
    def one_is_free_when_nothing_happened_for_long(self) -> None:
        if getattr(self, "running", 1) == 0 and self.retries and self.timer.seconds - self.retries[-1] >= 10:
            assert self.budget.begin()
            self.budget.end()
            self.retries.append(self.timer.seconds)


TestLoads = Loads.TestCase


# --- how long to leave a source alone -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 12 ", 12.0),
        ("0", 5.0),
        ("30", 30.0),
        ("31", 30.0),
        ("315360000", 30.0),
        ("9" * 6_000, 30.0),
        ("-7", 5.0),
        ("7.5", 5.0),
        ("1e3", 5.0),
        ("٣٠", 5.0),
        ("", 5.0),
        ("soon", 5.0),
        ("Mon, 21 Sep 2026 14:13:32 GMT", 12.0),
        ("Mon, 21 Sep 2026 14:13:32 -0000", 12.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 5.0),
        ("Sat, 19 Sep 2036 14:13:20 GMT", 30.0),
        ("Sat, 01 Jan 0001 00:00:00 GMT", 5.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 30.0),
        ("Mon, 99 Sep 2026 99:99:99 GMT", 5.0),
    ],
)
def test_a_wish_is_kept_within_five_and_thirty_seconds(text: str, seconds: float) -> None:
    assert rest_asked(text, NOW) == pytest.approx(seconds)


@given(st.text())
def test_any_text_is_a_wish_within_bounds(text: str) -> None:
    assert 5.0 <= rest_asked(text, NOW) <= 30.0

"""The breaker: its table is whole, it opens soon, tries seldom and closes late; the figures are those of target R3."""

import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from connectors.breaker import NEXT, Admission, Breaker, Event, State, Verdict


class Timer:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def breaker(timer: Timer, chance: float = 0.0) -> Breaker:
    return Breaker(now=timer, jitter=lambda: chance)


def call(source: Breaker, verdict: Verdict, rest: float | None = None) -> bool:
    """Whether one call was let through, and went so."""
    admission = source.admit()
    if admission is not None:
        source.judge(admission, verdict, rest)
    return admission is not None


def opened(timer: Timer, chance: float = 0.0) -> Breaker:
    source = breaker(timer, chance)
    for _ in range(5):
        assert call(source, Verdict.BAD)
    assert source.state is State.OPEN
    return source


# --- the table ------------------------------------------------------------------------------------------------


def test_every_event_has_its_row_in_every_state() -> None:
    assert set(NEXT) == set(product(State, Event))


def test_the_table_moves_only_from_closed_to_open_to_half_open_and_from_there_either_way() -> None:
    moves = {(before, after) for (before, _), after in NEXT.items() if before is not after}
    assert moves == {
        (State.CLOSED, State.OPEN),
        (State.OPEN, State.HALF_OPEN),
        (State.HALF_OPEN, State.OPEN),
        (State.HALF_OPEN, State.CLOSED),
    }


# --- opening --------------------------------------------------------------------------------------------------


def test_five_failures_in_a_row_open_it() -> None:
    timer = Timer()
    source = breaker(timer)
    let_through = sum(call(source, Verdict.BAD) for _ in range(100))
    assert let_through == 5


def test_fewer_failures_say_nothing() -> None:
    source = breaker(Timer())
    for _ in range(4):
        call(source, Verdict.BAD)
    assert source.state is State.CLOSED


@given(st.lists(st.booleans(), min_size=20, max_size=20).filter(lambda good: good.count(False) >= 10), st.data())
def test_whatever_came_before_it_opens_within_twenty_calls_of_which_half_fail(
    good: list[bool], data: st.DataObject
) -> None:
    timer = Timer()
    source = breaker(timer)
    for _ in range(data.draw(st.integers(0, 60))):
        call(source, Verdict.GOOD)
    spacing = data.draw(st.floats(0, 2.9))
    for each in good:
        timer.seconds += spacing
        if not call(source, Verdict.GOOD if each else Verdict.BAD):
            break
    assert source.state is State.OPEN


@given(st.lists(st.booleans(), max_size=200))
def test_it_stays_closed_while_less_than_half_of_any_calls_fail(noise: list[bool]) -> None:
    source = breaker(Timer())
    for bad in noise:
        # Two good ones around each: at most a third of any stretch is bad, and of the first five at most two.
        for verdict in (Verdict.GOOD, Verdict.BAD if bad else Verdict.GOOD, Verdict.GOOD):
            assert call(source, verdict)
    assert source.state is State.CLOSED


def test_failures_of_long_ago_are_forgotten() -> None:
    timer = Timer()
    source = breaker(timer)
    for _ in range(40):
        timer.seconds += 16
        assert call(source, Verdict.BAD)
    assert source.state is State.CLOSED


def test_calls_that_were_given_up_early_say_nothing() -> None:
    source = breaker(Timer())
    for _ in range(100):
        assert call(source, Verdict.LEFT)
    assert source.state is State.CLOSED


def test_a_wish_to_be_left_alone_opens_it_at_once_and_for_as_long() -> None:
    timer = Timer()
    source = breaker(timer)
    assert call(source, Verdict.THROTTLED, rest=20.0)
    assert (source.state, source.is_throttled) == (State.OPEN, True)
    timer.seconds += 19.9
    assert not source.would_admit()
    timer.seconds += 0.1
    assert source.would_admit()


def test_a_wish_that_comes_late_makes_the_pause_longer_and_opens_nothing() -> None:
    timer = Timer()
    source = breaker(timer)
    late = source.admit()
    assert late is not None
    for _ in range(5):
        call(source, Verdict.BAD)
    source.judge(late, Verdict.THROTTLED, rest=20.0)
    timer.seconds += 10
    assert not source.would_admit()
    timer.seconds += 10
    assert source.would_admit()


def test_a_failure_from_before_it_opened_does_not_open_it_again() -> None:
    timer = Timer()
    source = breaker(timer)
    late = [source.admit() for _ in range(8)]
    for _ in range(5):
        call(source, Verdict.BAD)
    for _ in range(3):
        timer.seconds += 5
        assert call(source, Verdict.GOOD)
    for each in late:
        assert each is not None
        source.judge(each, Verdict.BAD, rest=20.0)
    assert source.state is State.CLOSED


# --- trying and closing ---------------------------------------------------------------------------------------


def test_it_tries_once_in_five_seconds_and_closes_after_three_good_tries() -> None:
    timer = Timer()
    source = opened(timer)
    tried: list[float] = []
    while source.state is not State.CLOSED:
        timer.seconds += 0.1
        if call(source, Verdict.GOOD):
            tried.append(timer.seconds)
    assert len(tried) == 3
    assert all(later - earlier >= 5 for earlier, later in zip([1_000.0, *tried], tried, strict=False))


def test_one_bad_try_opens_it_again() -> None:
    timer = Timer()
    source = opened(timer)
    for verdict in (Verdict.GOOD, Verdict.GOOD, Verdict.BAD):
        timer.seconds += 5
        assert call(source, verdict)
    states = [source.state]
    for _ in range(3):
        timer.seconds += 5
        assert call(source, Verdict.GOOD)
        states.append(source.state)
    assert states == [State.OPEN, State.HALF_OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_try_that_was_given_up_leaves_the_next_one_its_turn() -> None:
    timer = Timer()
    source = opened(timer)
    timer.seconds += 5
    assert call(source, Verdict.LEFT)
    assert not source.would_admit()
    timer.seconds += 5
    assert call(source, Verdict.GOOD)


def test_workers_do_not_try_all_at_once() -> None:
    timer = Timer()
    early, late = opened(timer, chance=0.0), opened(timer, chance=1.0)
    timer.seconds += 5
    assert (early.would_admit(), late.would_admit()) == (True, False)
    timer.seconds += 2.5
    assert late.would_admit()


@pytest.mark.parametrize("wish", [0.0, 5.0, 30.0, 10_000.0])
def test_it_is_never_open_for_longer_than_thirty_seconds(wish: float) -> None:
    timer = Timer()
    source = breaker(timer, chance=1.0)
    call(source, Verdict.BAD, rest=wish)
    timer.seconds += 30
    assert source.would_admit()


def test_a_call_that_is_not_let_through_costs_next_to_nothing() -> None:
    source = opened(Timer())
    began = time.thread_time()
    for _ in range(1_000):
        assert source.admit() is None
    assert (time.thread_time() - began) / 1_000 < 0.005


# --- any history ----------------------------------------------------------------------------------------------


class Histories(RuleBasedStateMachine):
    """Calls begin, end and are given up in any order, while time passes."""

    running = Bundle("running")

    @initialize(chance=st.floats(0, 1))
    def begin(self, chance: float) -> None:
        self.timer = Timer()
        self.source = breaker(self.timer, chance)
        self.tries: list[float] = []
        self.seen = State.CLOSED
        self.good = 0

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 4.9, 5.0, 8.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.timer.seconds += seconds

    @rule(target=running)
    def call(self) -> tuple[Admission, bool] | None:
        before, expected = self.source.state, self.source.would_admit()
        admission = self.source.admit()
        assert (admission is not None) is expected
        if before is State.CLOSED:
            assert admission is not None
            return (admission, False)
        if admission is None:
            return None
        if self.tries:
            assert self.timer.seconds >= self.tries[-1] + 5
        self.tries.append(self.timer.seconds)
        return (admission, True)

    @rule(one=consumes(running), verdict=st.sampled_from(Verdict), rest=st.none() | st.floats(0, 100))
    def end(self, one: tuple[Admission, bool] | None, verdict: Verdict, rest: float | None) -> None:
        if one is None:
            return
        before = self.source.state
        self.source.judge(one[0], verdict, rest)
        if before is State.HALF_OPEN and self.source.state is State.CLOSED:
            assert (one[1], verdict, rest) == (True, Verdict.GOOD, None)
            assert len(self.tries) >= 3
        if before is State.OPEN:
            assert self.source.state is State.OPEN

    @invariant()
    def only_as_the_table_says(self) -> None:
        if not hasattr(self, "source"):
            return
        after = self.source.state
        assert after is self.seen or after in {NEXT[self.seen, event] for event in Event}
        self.seen = after

    @invariant()
    def never_shut_for_good(self) -> None:
        if hasattr(self, "source"):
            now = self.timer.seconds
            self.timer.seconds += 30
            assert self.source.would_admit()
            self.timer.seconds = now


TestHistories = Histories.TestCase

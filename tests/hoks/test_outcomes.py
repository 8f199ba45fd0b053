from datetime import timedelta

import pytest

from hoks.outcomes import FAILED, HEALTHY, SEVERITY, Answer, Outcome, Reading, Reply, oldest, worst
from tests.hoks.stories import NOW

OK = Answer(Outcome.OK, "x")


def reply(*outcomes: Outcome) -> Reply[int, str]:
    answers = {key: Answer[str](outcome) for key, outcome in enumerate(outcomes)}
    return Reply(source="a", fetched_at=NOW, as_of=NOW, answers=answers)


def test_every_outcome_has_a_severity_of_its_own() -> None:
    assert set(SEVERITY) == set(Outcome)
    assert len(set(SEVERITY.values())) == len(Outcome)


def test_an_outcome_is_healthy_old_or_failed_and_never_two_of_them() -> None:
    assert FAILED.isdisjoint(HEALTHY)
    assert set(Outcome) - FAILED - HEALTHY == {Outcome.STALE}


def test_a_gap_stands_before_any_answer() -> None:
    for failure in FAILED:
        for other in set(Outcome) - FAILED:
            assert worst([other, failure]) is worst([failure, other]) is failure


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        (Outcome.ABSENT, Outcome.OK),
        (Outcome.OK, Outcome.STALE),
        (Outcome.STALE, Outcome.THROTTLED),
        (Outcome.THROTTLED, Outcome.UNAVAILABLE),
        (Outcome.UNAVAILABLE, Outcome.INVALID),
        (Outcome.INVALID, Outcome.DENIED),
        (Outcome.ABSENT, Outcome.DENIED),
    ],
)
def test_the_outcome_of_a_batch_is_its_most_severe(lesser: Outcome, greater: Outcome) -> None:
    assert reply(lesser, greater, lesser).outcome is greater
    assert worst([greater, lesser]) is greater


def test_a_batch_of_nothing_did_not_fail() -> None:
    assert reply().outcome not in FAILED
    assert worst([]) not in FAILED


def test_a_key_that_was_read_at_another_time_says_so_itself() -> None:
    earlier = Reading(NOW - timedelta(seconds=20), NOW - timedelta(days=1), stale=True)
    told = Reply(source="a", fetched_at=NOW, as_of=NOW, answers={1: Answer(Outcome.OK, "x", earlier), 2: OK})
    assert (told.reading(1), told.reading(2), told.reading(3)) == (earlier, Reading(NOW, NOW), Reading(NOW, NOW))


def test_of_several_readings_the_oldest_stands_for_all() -> None:
    long_ago, new = NOW - timedelta(days=1), Reading(NOW, NOW)
    read_now_of_long_ago, stale = Reading(NOW, long_ago), Reading(long_ago, NOW, stale=True)
    assert oldest([new]) == new
    assert oldest([new, read_now_of_long_ago]) == read_now_of_long_ago
    assert oldest([read_now_of_long_ago, stale, new]) == Reading(long_ago, long_ago, stale=True)

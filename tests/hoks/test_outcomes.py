import pytest

from hoks.outcomes import FAILED, HEALTHY, SEVERITY, Answer, Outcome, Reply, worst
from tests.hoks.stories import NOW


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

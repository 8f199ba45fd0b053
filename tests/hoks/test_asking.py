import asyncio
import math
from typing import Any

import pytest

from hoks.asking import Deadline, ask, ending, failed, time_left, unhurried
from hoks.outcomes import Answer, Outcome, Reply
from tests.hoks.sources import FixedClock
from tests.hoks.stories import NOW

CLOCK = FixedClock()
OK = Answer(Outcome.OK, 1)


def reply(**answers: Answer[int]) -> Reply[str, int]:
    return Reply(source="a", fetched_at=NOW, as_of=NOW, answers=answers)


async def answering(given: Any, after: float = 0.0) -> Any:
    await asyncio.sleep(after)
    return given


async def raising(error: BaseException) -> Reply[str, int]:
    await asyncio.sleep(0)
    raise error


async def asked(question: Any, *keys: str, seconds: float = 5.0) -> Reply[str, int]:
    until = asyncio.get_running_loop().time() + seconds
    found: Reply[str, int] = await ask(question, keys, source="a", until=until, clock=CLOCK)
    return found


def outcomes(found: Reply[str, int]) -> dict[str, Outcome]:
    return {key: answer.outcome for key, answer in found.answers.items()}


async def test_an_answer_that_keeps_its_contract_comes_through_as_it_is() -> None:
    given = reply(x=OK, y=Answer(Outcome.ABSENT))
    assert await asked(answering(given), "x", "y") is given


async def test_what_nobody_asked_for_is_left_out() -> None:
    found = await asked(answering(reply(x=OK, stray=OK)), "x")
    assert found.answers == {"x": OK}


async def test_what_was_asked_and_not_answered_is_invalid() -> None:
    found = await asked(answering(reply(x=OK)), "x", "y")
    assert outcomes(found) == {"x": Outcome.OK, "y": Outcome.INVALID}
    assert found.answers["y"].value is None


async def test_a_source_that_is_late_is_unavailable_for_every_key() -> None:
    started = asyncio.get_running_loop().time()
    found = await asked(answering(reply(x=OK), after=3600), "x", "y", seconds=0.05)
    assert outcomes(found) == {"x": Outcome.UNAVAILABLE, "y": Outcome.UNAVAILABLE}
    assert (found.source, found.fetched_at, found.as_of, found.stale) == ("a", NOW, NOW, False)
    assert asyncio.get_running_loop().time() - started < 1


async def test_when_the_time_is_up_a_slow_source_is_not_waited_for() -> None:
    found = await asked(answering(reply(x=OK), after=3600), "x", seconds=-1)
    assert outcomes(found) == {"x": Outcome.UNAVAILABLE}


@pytest.mark.parametrize("error", [RuntimeError("x"), ValueError("x"), KeyError("x"), TimeoutError(), OSError("x")])
async def test_a_source_that_raises_is_unavailable_for_every_key(error: Exception) -> None:
    assert outcomes(await asked(raising(error), "x", "y")) == dict.fromkeys("xy", Outcome.UNAVAILABLE)


@pytest.mark.parametrize("nonsense", [None, "<html>", [1], 5, {"x": 1}])
async def test_a_source_that_answers_nonsense_has_an_outcome_for_every_key(nonsense: object) -> None:
    found = await asked(answering(nonsense), "x", "y")
    assert set(outcomes(found)) == {"x", "y"}
    assert set(outcomes(found).values()) <= {Outcome.INVALID, Outcome.UNAVAILABLE}


async def test_a_request_that_is_cancelled_is_not_held_back() -> None:
    with pytest.raises(asyncio.CancelledError):
        await asked(raising(asyncio.CancelledError()), "x")


async def test_the_log_names_the_source_and_the_kind_of_error_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asked(raising(RuntimeError("Aino 010594Y9032")), "1.2.246.562.24.44651722625")
    await asked(answering(None, after=3600), "1.2.246.562.24.44651722625", seconds=0.01)
    assert [record.getMessage() for record in caplog.records] == [
        "source a: broke its contract with RuntimeError",
        "source a: no answer within the time of the request",
    ]
    assert all(record.exc_info is None for record in caplog.records)


async def test_a_failed_reply_says_the_outcome_of_every_key() -> None:
    found: Reply[str, int] = failed(["x", "y"], "a", Outcome.THROTTLED, CLOCK)
    assert outcomes(found) == {"x": Outcome.THROTTLED, "y": Outcome.THROTTLED}
    assert found.outcome is Outcome.THROTTLED


async def test_a_deadline_is_shared_out_among_the_stages() -> None:
    deadline = Deadline(start=100.0, seconds=8.0)
    assert (deadline.at(0), deadline.at(0.25), deadline.at(1)) == (100.0, 102.0, 108.0)
    now = asyncio.get_running_loop().time()
    assert now <= Deadline.of(2).start <= now + 1


# --- the time of a stage --------------------------------------------------------------------------------------


async def seconds_left() -> float:
    await asyncio.sleep(0)
    return time_left()


async def test_a_source_knows_how_much_of_its_stage_is_left_however_deep_it_asks() -> None:
    seen: list[float] = []

    async def source() -> Reply[str, int]:
        seen.append(await seconds_left())
        seen.extend(await asyncio.gather(seconds_left(), asyncio.create_task(seconds_left())))
        return reply(x=OK)

    await asked(source(), "x", seconds=3)
    assert len(seen) == 3
    assert all(2.5 < left <= 3 for left in seen)


async def test_outside_a_stage_there_is_all_the_time_in_the_world() -> None:
    assert await seconds_left() == math.inf
    await asked(answering(reply(x=OK)), "x")
    await asked(raising(ValueError()), "x")
    await asked(answering(None, after=1), "x", seconds=0.01)
    assert await seconds_left() == math.inf


async def test_questions_that_are_asked_at_once_have_each_their_own_time() -> None:
    async def source() -> Reply[str, int]:
        return reply(x=Answer(Outcome.OK, round(await seconds_left())))

    found = await asyncio.gather(*(asked(source(), "x", seconds=seconds) for seconds in (2, 9, 4)))
    assert [each.answers["x"].value for each in found] == [2, 9, 4]


async def test_a_stage_within_a_stage_never_ends_later() -> None:
    now = asyncio.get_running_loop().time()
    with ending(now + 2):
        with ending(now + 9):
            assert time_left() <= 2
        with ending(now + 1):
            assert time_left() <= 1
        assert 1.5 < time_left() <= 2


async def test_what_several_share_has_nobodys_deadline() -> None:
    with ending(asyncio.get_running_loop().time() + 1):
        assert await unhurried(seconds_left()) == math.inf
        assert await seconds_left() <= 1

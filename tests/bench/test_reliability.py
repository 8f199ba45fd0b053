"""A short run measures once more what misses and fails what misses twice, and judges no time of a busy machine."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bench.reliability import BUSY_SHARE, Chosen, Line, Measures, Pressed, Told, Unmeasured, judged, measured


class Healthy:
    """A scene of which nothing is asked."""

    def heal(self) -> None:
        """Nothing."""


def measures(*figures: float) -> Measures:
    """One measure that shows these figures in turn, none of which may be more than 1."""
    left: Iterator[float] = iter(figures)

    async def r99(_: Any, __: Chosen) -> Told:
        figure = next(left)
        assert figure >= 0, "it could not be measured"
        return [Line("R99", "figure", figure, 1)]

    return {"r99": r99}


@pytest.mark.parametrize(
    ("figures", "short", "failed"),
    [
        ((1,), True, 0),
        ((2, 1), True, 0),
        ((2, 2), True, 1),
        ((-1, 1), True, 0),
        ((-1, -1), True, 1),
        ((2,), False, 0),
        ((-1,), False, 1),
    ],
)
async def test_a_short_run_fails_what_misses_twice_and_a_full_one_what_cannot_be_measured(
    figures: tuple[float, ...], short: bool, failed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = Chosen(("r99",), short=short)
    assert await measured(Healthy(), measures(*figures), chosen) == failed  # type: ignore[arg-type]  # what is used of it
    assert ("once more" in capsys.readouterr().out) is (len(figures) > 1)


def test_what_hangs_on_time_is_not_judged_where_the_processor_was_taken() -> None:
    line = Line("R99", "figure", 2, 1, "ms")
    with Pressed(os.getpid()) as pressed:
        pass
    pressed.share = BUSY_SHARE + 0.1
    assert pressed.judged(Chosen(short=False), line) == (line,)
    (told,) = pressed.judged(Chosen(short=True), line)
    assert isinstance(told, Unmeasured) and "2 ms" in str(told)
    pressed.share = BUSY_SHARE
    assert pressed.judged(Chosen(short=True), line) == (line,)


async def test_what_hangs_on_time_is_told_and_not_judged_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    slow, wrong = Line("R99", "took", 2, 1, "ms"), Line("R99", "wrong", 2, 1)
    chosen = Chosen(("r99",), short=True, untimed=True)

    def told(*others: Line) -> Measures:
        async def r99(_: Any, chosen: Chosen) -> Told:
            return [*judged(chosen, slow), *others]

        return {"r99": r99}

    assert await measured(Healthy(), told(), chosen) == 0  # type: ignore[arg-type]  # what is used of it
    assert re.search(r"took .* 2 ms .*MISS, not judged", capsys.readouterr().out)
    assert await measured(Healthy(), told(wrong), chosen) == 1  # type: ignore[arg-type]  # what is used of it
    assert judged(Chosen(short=True), slow) == (slow,)

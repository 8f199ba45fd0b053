"""A token server that does its worst costs the source behind it, and nobody else."""

from collections.abc import Mapping

import pytest

from hoks.outcomes import Outcome
from tests.chaos.conftest import WHOLE, in_turn
from tests.chaos.faults import FAULTS, GROUPS
from tests.chaos.scene import Front, Scene, Told
from tests.chaos.verdict import faults_of_lines

OK, UNAVAILABLE, INVALID, DENIED = Outcome.OK, Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.DENIED
USUAL: Mapping[str, Outcome] = {
    "time": UNAVAILABLE,
    "stream": UNAVAILABLE,
    "encoding": UNAVAILABLE,
    "content": INVALID,
    "status": UNAVAILABLE,
    "clock": OK,
}
"""What the faults of a group come to, where nothing else is said. How to connect and what data mean is not the token's:
it comes from the same server, and has no data."""
OTHER: Mapping[str, Outcome | None] = {
    **dict.fromkeys(("latency-0.1", "jitter", "no-length", "chunked", "early-hints"), OK),
    **dict.fromkeys(("gzip", "latin-1", "lone-surrogates", "text-plain"), OK),
    **dict.fromkeys(("extra-bytes", "two-answers"), None),
    "length-too-small": INVALID,
    **dict.fromkeys(("gzip-of-gzip", "gzip-unsaid", "utf-16", "bom"), INVALID),
    **dict.fromkeys((f"status-{code}" for code in (400, 401, 403, 404)), DENIED),
    **dict.fromkeys(("status-409", "status-418", "204"), INVALID),
    **dict.fromkeys((name for name in FAULTS if "429" in name), Outcome.THROTTLED),
    # There is none of what these change in a token.
    **dict.fromkeys(("nan", "duplicate-keys", "6000-digit-number", "huge-string", "marks-without-end"), OK),
}
EXPECTED = {fault.name: OTHER.get(fault.name, USUAL[group]) for group in USUAL for fault in GROUPS[group]}
SAMPLE = ("drip", "html-200", "status-401", "429-garbage")


def test_every_expectation_has_a_fault() -> None:
    assert OTHER.keys() <= EXPECTED.keys()


@pytest.mark.proves("a token server that fails costs the source behind it, in time and explicitly")
@pytest.mark.parametrize("name", EXPECTED if WHOLE else SAMPLE)
async def test_a_token_server_that_fails_costs_the_source_behind_it_alone(
    here: Scene, front: Front, undisturbed: Mapping[str, Told], name: str
) -> None:
    outcome = EXPECTED[name]
    plan = here.play(FAULTS[name], "token")
    told, heard = await in_turn(front)
    here.heal()
    student = told["student-7"]
    assert plan.met
    assert [each.status for each in told.values()] == [200, 200]
    assert not any(each.is_late for each in told.values())
    assert student.plans["a-ehoks"] == undisturbed["student-7"].plans["a-ehoks"]
    if outcome is not None:
        said = {} if outcome is Outcome.OK else {"c-roster": outcome}
        assert (student.sources["c-roster"], student.gaps) == (outcome, said)
    assert list(faults_of_lines("roster", outcome, heard)) == []

"""A roster whose pages do not end, or lead away, is told as a failure after few calls; nobody else is kept waiting."""

import asyncio
from collections.abc import Mapping
from itertools import count

import pytest

from connectors.limits import DEFAULT_SECONDS
from hoks.outcomes import Outcome
from tests.chaos.conftest import WHOLE, in_turn
from tests.chaos.proxy import Fault
from tests.chaos.scene import Front, Scene, Told
from tests.chaos.verdict import faults_of_lines

READING_SECONDS = DEFAULT_SECONDS + 1
"""After these a reading that has no end is over."""
TRIES = 20
NEXT = '<{}>; rel="next"'
PLACE = "/ims/oneroster/rostering/v1p2/orgs?limit=2&offset=2"

FAULTS = (
    Fault(name="total-of-a-billion", headers=(("x-total-count", "1000000000"),)),
    Fault(name="total-without-end-of-digits", headers=(("x-total-count", "9" * 4000),)),
    Fault(name="total-below-nothing", headers=(("x-total-count", "-1"),)),
    Fault(name="total-of-words", headers=(("x-total-count", "many"),)),
    Fault(name="no-total", headers=(("x-total-count", ""),)),
    Fault(name="total-of-the-most-pages", headers=(("x-total-count", "4000"),)),
    Fault(name="total-that-grows", counted=count(5, 2).__next__),
    Fault(name="total-that-shrinks", counted=count(10_000, -1).__next__),
    Fault(name="next-on-another-host", headers=(("link", NEXT.format(f"http://127.0.0.2:9{PLACE}")),)),
    Fault(name="next-on-a-metadata-host", headers=(("link", NEXT.format(f"http://169.254.169.254{PLACE}")),)),
    Fault(name="next-is-a-file", headers=(("link", NEXT.format("file:///etc/passwd")),)),
    Fault(name="next-in-another-collection", headers=(("link", NEXT.format("users?limit=2&offset=2")),)),
    Fault(name="next-is-no-address", headers=(("link", NEXT.format("http://[::1")),)),
    Fault(name="always-the-same-page", body=b'{"orgs":[{"sourcedId":"A"},{"sourcedId":"B"}]}'),
    Fault(name="always-an-empty-page", body=b'{"orgs":[]}'),
)
EXPECTED: Mapping[str, tuple[Outcome, int]] = {
    "total-of-a-billion": (Outcome.INVALID, 1),
    "total-without-end-of-digits": (Outcome.INVALID, 1),
    "total-below-nothing": (Outcome.INVALID, 1),
    "total-of-words": (Outcome.INVALID, 1),
    "no-total": (Outcome.INVALID, 1),
    "total-of-the-most-pages": (Outcome.UNAVAILABLE, 5 * 2000),
    "total-that-grows": (Outcome.UNAVAILABLE, 200),
    "total-that-shrinks": (Outcome.INVALID, 1),
    "next-on-another-host": (Outcome.INVALID, 1),
    "next-on-a-metadata-host": (Outcome.INVALID, 1),
    "next-is-a-file": (Outcome.INVALID, 1),
    "next-in-another-collection": (Outcome.INVALID, 1),
    "next-is-no-address": (Outcome.INVALID, 1),
    "always-the-same-page": (Outcome.UNAVAILABLE, 15),
    "always-an-empty-page": (Outcome.INVALID, 1),
}
"""What each comes to for the student, and how many calls a question costs at most."""


SAMPLE = tuple(
    fault for fault in FAULTS if fault.name in ("total-of-a-billion", "total-that-grows", "next-on-another-host")
)


def test_every_fault_has_an_expectation() -> None:
    assert [fault.name for fault in FAULTS] == list(EXPECTED)


@pytest.mark.proves("a roster without an end, or that leads away, costs few calls and its own data alone")
@pytest.mark.parametrize("fault", FAULTS if WHOLE else SAMPLE, ids=lambda fault: fault.name)
async def test_pages_without_an_end_or_that_lead_away_are_a_failure_after_few_calls(
    here: Scene, front: Front, undisturbed: Mapping[str, Told], fault: Fault
) -> None:
    outcome, most_calls = EXPECTED[fault.name]
    plan = here.play(fault, "roster")
    told, heard = await in_turn(front)
    student = told["student-7"]
    assert not any(each.is_late for each in told.values())
    assert (student.sources["c-roster"], student.gaps) == (outcome, {"c-roster": outcome})
    assert student.plans["a-ehoks"] == undisturbed["student-7"].plans["a-ehoks"]
    assert list(faults_of_lines("roster", outcome, heard)) == []
    assert 0 < plan.met <= len(told) * most_calls
    here.heal()
    # A reading that is under way is shared until its time is up.
    for _ in range(TRIES):
        if not (after := await front.ask("student-7")).gaps:
            break
        await asyncio.sleep(READING_SECONDS / TRIES)
    assert after.plans == undisturbed["student-7"].plans

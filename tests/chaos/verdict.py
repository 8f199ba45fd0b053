"""What must hold of an answer whatever fails: in time, explicit, the rest untouched, and a log without persons.

The rule of the log: a request that a source failed leaves one line that says so, with the outcome, and no request that
it did not fail leaves any. The line is the fetch's own where it ends while the request waits, and the request's where
that stops waiting first. Whoever shares a fetch shares its line, so here nobody does: one asks after the other. What
is done while no request waits - the rest of a fetch that was given up, a name loaded ahead - says so as a logger of
the background, and no more often than it is done. No line holds anything personal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hoks.outcomes import FAILED, Outcome
from tests.chaos.faults import KINDS, MARK
from tests.chaos.scene import Told


@dataclass(frozen=True, slots=True)
class Heard:
    """What was logged during each request, and in the moment after the last one."""

    requests: Sequence[Sequence[str]]
    after: Sequence[str]
    stall: float
    """The longest time for which the event loop stood still meanwhile (seconds)."""


LONGEST_STALL_SECONDS = 0.1


HONEST_NOTHING = {Outcome.ABSENT, Outcome.ABSENT_OR_DENIED}
PERSONAL = re.compile(
    rf"{MARK}|1\.2\.246\.562\.(15|24|98|166)\.|https?://|127\.0\.0\.1|Elias|Tervajoki|TGT-|ST-|CSRF|Basic|password|gateway-a"
)
TROUBLE = re.compile(
    r"Traceback|\bERROR\b(?! gateway\.heartbeat)|\bCRITICAL\b|unexpected|broke its contract|never retrieved"
    r"|internal error"
)
"""What stands still is judged by a tenth of the gateway's own second, and not where the machine stands still."""
_OUTCOME = re.compile(
    r"WARNING (?P<logger>\S+) source (?P<source>\S+): (?:(?P<outcome>[A-Z_]+) \(\w+\)|no answer within)"
)


def faults_of_answers(
    kind: str, outcome: Outcome | None, told: Mapping[str, Told], whole: Mapping[str, Told]
) -> Iterator[str]:
    """What is wrong with the answers of a student and a member of staff while ``kind`` came to ``outcome``."""
    for persona, each in told.items():
        if each.status != 200:
            yield f"{persona}: status {each.status}"
        if each.is_late:
            yield f"{persona}: {each.seconds:.3f} s"
        if each.json.get("data") is None:
            yield f"{persona}: no data"
    if outcome is None:
        yield from () if is_whole_or_says_so(KINDS[kind].source, told, whole) else ("neither whole nor explicit",)
        return
    yield from _faults_of_the_student(kind, outcome, told["student-7"], whole["student-7"])
    yield from _faults_of_staff(kind, outcome, told["staff-a"])


def is_whole_or_says_so(source: str, told: Mapping[str, Told], whole: Mapping[str, Told]) -> bool:
    """Whether each answer is what it was before, or names the source as a gap, or is an error that says so."""
    return all(
        (each.student is None and each.codes == ["UNAVAILABLE"])
        or each.gaps.get(source) in FAILED
        or (source == "organisaatio" and each.plans == whole[persona].plans)
        or (each.plans == whole[persona].plans and each.sources == whole[persona].sources)
        for persona, each in told.items()
    )


def _faults_of_the_student(kind: str, outcome: Outcome, told: Told, whole: Told) -> Iterator[str]:
    source = KINDS[kind].source
    if told.student is None:
        yield "the student is told nothing"
        return
    touched = {"a-ehoks": {"a-ehoks"}, "a-koski": {"a-ehoks"}}.get(source, set[str]())
    for other in whole.plans.keys() - touched:
        if told.plans.get(other) != whole.plans[other]:
            yield f"the plan of {other} is not what it was"
    failed = outcome is not Outcome.OK and outcome not in HONEST_NOTHING
    if outcome is Outcome.OK and told.gaps:
        yield f"told of a gap where there is none: {told.gaps}"
    if not failed or kind == "organisaatio":
        return
    said = Outcome.UNAVAILABLE if kind == "onr" else outcome
    if told.sources.get(source) != said:
        yield f"{source} is told as {told.sources.get(source)} and not as {said}"
    if told.gaps.get(source) != said:
        yield f"the gap of {source} is told as {told.gaps.get(source)} and not as {said}"
    if source == "a-ehoks" and "a-ehoks" in told.plans:
        yield "a plan came from a source that failed"


def _faults_of_staff(kind: str, outcome: Outcome, told: Told) -> Iterator[str]:
    """Staff whose own rights or organisation could not be read are told so: never nothing, and never an empty list."""
    if outcome is Outcome.OK or outcome in HONEST_NOTHING:
        return
    if kind in ("koski", "organisaatio"):
        if told.student is not None or told.codes != ["UNAVAILABLE"]:
            yield f"staff are told {told.codes} and {told.sources}"
    elif told.student is None:
        yield "staff are told nothing"
    elif not told.gaps:
        yield "staff see no gap"


def faults_of_lines(kind: str, outcome: Outcome | None, heard: Heard) -> Iterator[str]:
    """What is wrong with what was logged during each of several requests, one after the other, and after them.

    Whoever else waited meanwhile was kept by no one either.
    """
    if heard.stall > LONGEST_STALL_SECONDS:
        yield f"the event loop stood still for {heard.stall:.3f} s"
    everything = [line for lines in (*heard.requests, heard.after) for line in lines]
    yield from (f"personal: {line}" for line in everything if PERSONAL.search(line))
    yield from (f"trouble: {line}" for line in everything if TROUBLE.search(line))
    if outcome is None:
        return
    expected = [] if outcome is Outcome.OK or outcome in HONEST_NOTHING else [outcome]
    source = KINDS[kind].source
    for lines in heard.requests:
        if (logged := _outcomes(source, lines, is_background=False)) != expected:
            yield f"a request logged {logged} and not {expected}"
    ahead = _outcomes(source, everything, is_background=True)
    given_up = sum(bool(_GIVEN_UP.search(line)) for line in everything)
    if ahead != expected * len(ahead) or len(ahead) > given_up + _NAMES_AHEAD.get(source, 0):
        yield f"logged in the background: {ahead} after {given_up} were given up"


_GIVEN_UP = re.compile(r"\(late\)|no answer within")
_NAMES_AHEAD = {"organisaatio": 7}
"""Names that are loaded ahead: of the six organisations that the student's data name, and the provider's own where
the tree has never been read."""


def _outcomes(source: str, lines: Sequence[str], *, is_background: bool) -> list[Outcome]:
    """The outcomes of a source in what requests logged, or in what was logged when none waited."""
    told = [found for line in lines if (found := _OUTCOME.match(line)) and found["source"] == source]
    return [
        Outcome(found["outcome"] or Outcome.UNAVAILABLE)
        for found in told
        if found["logger"].endswith(".background") is is_background
    ]

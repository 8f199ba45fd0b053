"""Non-interference for everyone whom the law names: what they may not see changes, and their answer does not.

Each relation of ``tests.world.everyone`` has a visible and a hidden sibling; what is hidden is written there by hand.
With ``HOKS_PROVE=1`` every question is asked in every changed world, otherwise a seventh of them by turns.
"""

import asyncio
import os
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any

import pytest
from graphql import parse, validate

from hoks.showing import View
from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable
from tests.world.compared import answers, differences, records
from tests.world.everyone import LOOKING, NUMBERS, OIDS, RIGHTS, TAGS, everyone
from tests.world.names import SOURCE as NAMES
from tests.world.perturb_everyone import EVERY
from tests.world.places import A
from tests.world.ports import Asked
from tests.world.queries import fragments_of_everything
from tests.world.world import World

PROVE = os.environ.get("HOKS_PROVE") == "1"
TURNS = 1 if PROVE else 7
"""In how many turns the questions are asked."""
EVERYONE = everyone()
VARIABLES: Mapping[str, Any] = {
    **{f"p{number}": oid for number, oid in OIDS.items()},
    **{f"r{tag}": oid for tag, oid in RIGHTS.items()},
    "yes": True,
    "no": False,
}


def _of_everyone(selection: str) -> str:
    variables = ", ".join(f"$p{number}: LearnerOid!" for number in NUMBERS)
    return f"query({variables}) {{ " + " ".join(f"s{n}: student(oid: $p{n}) {{ {selection} }}" for n in NUMBERS) + " }"


def _of_rights(root: str, argument: str, selection: str) -> str:
    variables = ", ".join(f"$r{tag}: StudyRightOid!" for tag in TAGS)
    asked = " ".join(f"of{tag}: {root}({argument}: $r{tag}) {{ {selection} }}" for tag in TAGS)
    return f"query({variables}) {{ {asked} }}"


_PERIOD = "acquisitions { id startDate endDate mode workplaceLearning { workplaceName keyTasks "
_PERIOD += "responsibleWorkplaceInstructor { name email } } interruptions { startDate } }"
_DEMO = "demonstrations { id startDate deviationFromRequirements individualAssessmentCriteria "
_DEMO += "workingLifeAssessors { name organisationName } }"
_UNITS = f"plannedVocationalUnits {{ id unit {{ uri }} deviationFromRequirements {_PERIOD} {_DEMO} }} "
_UNITS += f"plannedLocalUnits {{ id name {_PERIOD} {_DEMO} }} "
_UNITS += f"plannedCommonUnits {{ unit {{ uri }} subareas {{ id subarea {{ uri }} {_PERIOD} {_DEMO} }} }}"

QUERIES: Mapping[str, str] = {
    "whether each is there": _of_everyone("__typename"),
    "names": _of_everyone("oid name"),
    "names alone": _of_everyone("name"),
    "rights": _of_everyone("studyRights { oid phase state provider { oid } qualifications { code { uri } } }"),
    "counts": _of_everyone("studyRights { __typename } hoksit { __typename plannedVocationalUnits { __typename } }"),
    "units": _of_everyone(f"hoksit {{ {_UNITS} }}"),
    "units by right": _of_rights("hoks", "studyRightOid", _UNITS),
    "right by right": _of_rights("studyRight", "oid", "phase qualifications { code { uri } language { uri } }"),
    "approval": _of_everyone("hoksit { firstApprovedOn approvedAt updatedAt version }"),
    "support": _of_everyone("hoksit { learningSupport { id supportType { uri } } careerPlanGoal { uri } }"),
    "prior": _of_everyone(
        "hoksit { priorVocationalUnits { id unit { uri } deviationFromRequirements } priorLocalUnits { id name "
        "assessorReferral { sentForAssessmentOn assessors { name } } } priorCommonUnits { id skillsDemonstrations "
        "{ startDate } } }"
    ),
    "contact data": _of_everyone("hoksit { studentEmail studentPhone }"),
    "what plans say together": _of_everyone(
        "hints { kind startDate endDate workingTimePercent evidence { partId basis unit { uri } startDate items } } "
        "combinedUnits { matchedBy requirementsRegisterNumber hints { kind } occurrences { stage startDate "
        "demonstratedOn sentForAssessmentOn } }"
    ),
    "guidance and progress": _of_everyone(
        "hoksit { guidancePhase { phase reason careerPlanGoal { uri } } progress { planned underWay demonstrated "
        "recognised beingRecognised otherPrior isOfWholePlan } }"
    ),
    "the timeline": _of_everyone(
        "timeline(first: 4) { edges { cursor node { kind startDate endDate partId unit { uri } items } } "
        "pageInfo { hasNextPage endCursor } }"
    ),
    "some days of the timeline": _of_everyone(
        'timeline(from: "2026-10-01", to: "2026-10-31") { edges { node { kind } } }'
    ),
    "drawn views": _of_everyone(
        "combinedUnits { kind unit { uri } name occurrences { standing partId acquisitions { startDate } } } "
        "workplaceLearning { unit { uri } acquisition { startDate workplaceLearning { workplaceName } } }"
    ),
    "findings": _of_everyone(
        "findings { code item place } hoksit { findings { code } } studyRights { findings { code } }"
    ),
    "sources": _of_everyone("sources { source outcome fetchedAt stale }"),
    "provenance": _of_everyone("hoksit { provenance { source } plannedLocalUnits { provenance { source } } }"),
    "viewer": "{ viewer { oid role organisation groups appointments { kind } heldRoles { role } } sources { source } }",
    "one student": "{ students(first: 1) { edges { node { name } cursor } pageInfo { hasNextPage endCursor } } }",
    "two students": "{ students(first: 2) { edges { node { name oid } } pageInfo { hasNextPage endCursor } } }",
    "twelve students": "{ students(first: 12) { edges { cursor } pageInfo { hasNextPage } } }",
    "all students": "{ students(first: 50) { edges { node { name hoksit { __typename } } cursor } "
    "pageInfo { hasNextPage endCursor } } }",
    "groups": '{ all: guidanceGroup(id: "group") { ...G } late: guidanceGroup(id: "group", theme: PROGRESS) { ...G } '
    'ending: guidanceGroup(id: "group", theme: FINAL_PHASE) { ...G } none: guidanceGroup(id: "no such") { id } } '
    "fragment G on GuidanceGroup { id notRead students { name responsibleTeachers firstApprovedOn updatedAt phase "
    "state } }",
    "findings to mend": f'{{ findings(organisationOid: "{A}") {{ edges {{ node {{ code item place }} }} }} }}',
    "everything": _of_everyone("...FStudent") + "\n" + fragments_of_everything(),
}


@cache
def questions() -> Mapping[str, PreparedDocument]:
    """Every question, parsed and valid."""
    schema = executable(build())
    parsed = {name: PreparedDocument(parse(text)) for name, text in QUERIES.items()}
    for name, document in parsed.items():
        faults = validate(schema, document.node)
        assert not faults, f"{name}: {faults[0].message}"
    return parsed


def turn(part: int) -> dict[str, PreparedDocument]:
    """The questions of one turn."""
    return {name: each for place, (name, each) in enumerate(questions().items()) if place % TURNS == part % TURNS}


async def answered(world: World, who: str, asked: Mapping[str, PreparedDocument]) -> dict[str, bytes]:
    """The answers to questions, everything that any question could select, and which names were looked up for it."""
    caller, reader = LOOKING[who].caller, world.reader()
    rights = RIGHTS.values() if PROVE or len(asked) == len(QUERIES) else list(RIGHTS.values())[::7]
    return {
        **await answers(reader, caller, asked, VARIABLES),
        **await records(reader, caller, OIDS.values(), rights),
        "names looked up": await looked_up(world, who),
    }


async def looked_up(world: World, who: str) -> bytes:
    """What was looked up in the registers of names to show everybody: a miss is loaded, so no hidden code may be."""
    asked = Asked()
    await world.reader(asked).students(LOOKING[who].caller, list(OIDS.values()))
    return repr(sorted({call for call in asked.calls if call[0] == NAMES})).encode()


@cache
def before(who: str) -> dict[str, bytes]:
    """All answers from the world as it is, once for all tests."""
    with asyncio.Runner() as runner:
        return runner.run(answered(EVERYONE, who, questions()))


def interferes(who: str, world: World, asked: Mapping[str, PreparedDocument]) -> list[str]:
    """Where the answers from another world differ."""
    with asyncio.Runner() as runner:
        return differences(before(who), runner.run(answered(world, who, asked)))


PAIRS = [(who, kind) for who in LOOKING for kind in EVERY]


@pytest.mark.proves("what one of the roles may not see does not show in an answer")
@pytest.mark.parametrize(("who", "kind"), PAIRS if PROVE else Random(3).sample(PAIRS, 100))
def test_what_somebody_may_not_see_does_not_show(who: str, kind: str) -> None:
    part = list(EVERY).index(kind) + list(LOOKING).index(who)
    assert interferes(who, EVERY[kind](EVERYONE, LOOKING[who]), turn(part)) == []


KEYLESS = everyone(keyless=True)


@pytest.mark.parametrize("who", LOOKING)
async def test_ids_of_parts_without_a_key_do_not_tell_of_hidden_values(who: str) -> None:
    asked = {name: questions()[name] for name in ("units", "drawn views")}
    other = EVERY["hidden values are others"](KEYLESS, LOOKING[who])
    assert differences(await answered(KEYLESS, who, asked), await answered(other, who, asked)) == []


# --- the world itself -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", LOOKING)
async def test_exactly_the_people_named_are_there(who: str) -> None:
    caller, looking = LOOKING[who].caller, LOOKING[who]
    seen = await EVERYONE.reader().students(caller, list(OIDS.values()))
    there = {number for number, oid in OIDS.items() if isinstance(seen[oid], View)}
    assert there == {int(tag[1:]) for tag in looking.columns}
    named = {number for number, oid in OIDS.items() if isinstance(view := seen[oid], View) and view.student.name}
    assert named == looking.people


@pytest.mark.parametrize("kind", EVERY)
def test_every_change_changes_the_world_for_somebody(kind: str) -> None:
    assert any(EVERY[kind](EVERYONE, looking) != EVERYONE for looking in LOOKING.values())

"""Worlds of a few students and how a caller looks at them, for the tests of reading."""

from pathlib import Path

import hoks.access
from hoks.access.rules import read_policy
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from hoks.showing import View
from hoks.units import PlannedVocationalUnit
from hoks.values import Code
from hoks.viewing import Seen
from tests.hoks.sources import Fake, World
from tests.hoks.stories import (
    A1,
    AINO,
    B1,
    DAY,
    PROVIDER_A,
    PROVIDER_B,
    SCHOOL_A,
    a_right,
)

POLICY = read_policy((Path(hoks.access.__file__).parent / "rules.toml").read_text(encoding="utf-8"))
FOREIGN = StudyRightOid("1.2.246.562.15.90000000016")
NOBODYS = StudyRightOid("1.2.246.562.15.90000000024")


def staff(organisation: OrganisationOid) -> Caller:
    held = HeldRole(Role.STAFF, organisation)
    return Caller(subject=PersonOid("1.2.246.562.98.70000000011"), acting=held, held=(held,))


def student(oid: LearnerOid) -> Caller:
    held = HeldRole(Role.STUDENT)
    return Caller(subject=PersonOid(oid), acting=held, held=(held,))


def a_plan(oid: StudyRightOid, *units: str, student: LearnerOid | None = AINO, approved: bool = True) -> Hoks:
    return Hoks(
        study_right_oid=oid,
        student_oid=student,
        first_approved_on=DAY if approved else None,
        student_email="aino@example.fi",
        planned_vocational_units=tuple(PlannedVocationalUnit(unit=Code(uri=f"tutkinnonosat_{each}")) for each in units),
    )


def two_providers() -> World:
    """Aino has valid rights at A and at B, each with an approved plan, and no procurement between them."""
    return World(
        {"a": {AINO: [a_right(A1, PROVIDER_A)]}, "b": {AINO: [a_right(B1, PROVIDER_B)]}},
        {"a": [a_plan(A1, "100001")], "b": [a_plan(B1, "100002")]},
    )


def procurement() -> World:
    """B's right of Aino is included in A's, whose plan is the one plan; B's system holds a copy of it."""
    included = a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A)
    return World(
        {"a": {AINO: [a_right(A1, PROVIDER_A)]}, "b": {AINO: [included]}},
        {"a": [a_plan(A1, "100001")], "b": [a_plan(A1, "100001")]},
    )


async def look(world: World, caller: Caller, oid: LearnerOid = AINO, seconds: float = 5.0) -> Seen:
    return (await world.reader(POLICY, seconds).students(caller, [oid]))[oid]


async def view(world: World, caller: Caller, oid: LearnerOid = AINO, seconds: float = 5.0) -> View:
    seen = await look(world, caller, oid, seconds)
    assert isinstance(seen, View)
    return seen


def rights_of(seen: View) -> list[StudyRightOid]:
    return [each.oid for each in seen.student.study_rights or ()]


def plans_of(seen: View) -> list[StudyRightOid]:
    return [each.study_right_oid for each in seen.student.hoksit or ()]


def outcomes_of(seen: View) -> dict[str, Outcome | None]:
    return {each.source: each.outcome for each in seen.student.sources}


def broken(fake: Fake, question: str, how: str) -> None:
    """Make one question of a source come to nothing."""
    if how == "fails":
        fake.fails[question] = Outcome.UNAVAILABLE
    elif how == "hangs":
        fake.hangs.add(question)
    elif how == "raises":
        fake.raises[question] = RuntimeError("1.2.246.562.98.10000000017 broke it")
    else:
        fake.nonsense[question] = {"nothing": None, "a text": "<html>", "a list": [1, 2]}[how]


BREAKAGES = ["fails", "hangs", "raises", "nothing", "a text", "a list"]


def many(count: int) -> tuple[World, list[LearnerOid]]:
    """So many students, each with a right and a plan at A and at B."""
    oids = [LearnerOid(f"1.2.246.562.98.4000000{each:03}0") for each in range(count)]
    a = [StudyRightOid(f"1.2.246.562.15.4000000{each:03}0") for each in range(count)]
    b = [StudyRightOid(f"1.2.246.562.15.5000000{each:03}0") for each in range(count)]
    world = World(
        {
            "a": {oid: [a_right(right, PROVIDER_A, student=oid)] for oid, right in zip(oids, a, strict=True)},
            "b": {oid: [a_right(right, PROVIDER_B, student=oid)] for oid, right in zip(oids, b, strict=True)},
        },
        {
            "a": [a_plan(right, "100001", student=oid) for oid, right in zip(oids, a, strict=True)],
            "b": [a_plan(right, "100002", student=oid) for oid, right in zip(oids, b, strict=True)],
        },
    )
    return world, oids

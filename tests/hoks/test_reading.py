import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hoks.access
from hoks.access.rules import read_policy
from hoks.caller import Caller, HeldRole, Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Answer, Outcome
from hoks.plan import Hoks
from hoks.reading import Seen
from hoks.showing import View
from hoks.student import Person
from hoks.units import PlannedVocationalUnit
from hoks.values import Code
from tests.hoks.sources import Fake, World
from tests.hoks.stories import (
    A1,
    A2,
    AINO,
    ANNULLED,
    B1,
    B2,
    C1,
    DAY,
    EINO,
    OLD_AINO,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    SCHOOL_A,
    SCHOOL_B,
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


# --- what comes together --------------------------------------------------------------------------------------


async def test_rights_and_plans_of_two_providers_come_together() -> None:
    seen = await view(two_providers(), staff(PROVIDER_A))
    assert rights_of(seen) == [A1, B1]
    assert plans_of(seen) == [A1, B1]
    assert outcomes_of(seen) == {
        "a-rights": Outcome.OK,
        "b-rights": Outcome.OK,
        "a-plans": Outcome.OK,
        "b-plans": Outcome.OK,
    }


async def test_the_other_provider_s_plan_comes_without_contact_data() -> None:
    seen = await view(two_providers(), staff(PROVIDER_A))
    own, others = seen.student.hoksit or ()
    assert own.student_email == "aino@example.fi"
    assert others.student_email is None


async def test_each_plan_says_where_it_came_from() -> None:
    seen = await view(two_providers(), staff(PROVIDER_A))
    provenances = [each.provenance for each in seen.student.hoksit or ()]
    assert [(each.source, each.provider.oid) for each in provenances if each] == [
        ("a-plans", PROVIDER_A),
        ("b-plans", PROVIDER_B),
    ]


async def test_a_student_sees_everything_of_their_own_and_nothing_of_another() -> None:
    world = two_providers()
    seen = await view(world, student(AINO))
    assert seen.student.oid == AINO
    assert plans_of(seen) == [A1, B1]
    assert [each.student_email for each in seen.student.hoksit or ()] == ["aino@example.fi"] * 2
    assert await look(world, student(EINO)) is None


async def test_rights_under_different_aliases_are_one_person_s() -> None:
    included = a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A, student=OLD_AINO)
    world = World(
        {"a": {AINO: [a_right(A1, PROVIDER_A)]}, "b": {OLD_AINO: [included]}},
        {"a": [a_plan(A1, "100001")]},
        people=[Person(oid=AINO, aliases=frozenset({OLD_AINO}))],
    )
    for asked in (AINO, OLD_AINO):
        seen = await view(world, staff(PROVIDER_B), asked)
        assert seen.student.oid == AINO
        assert rights_of(seen) == [A1, B1]
        assert [each.student_email for each in seen.student.hoksit or ()] == ["aino@example.fi"]


async def test_a_plan_under_an_alias_is_the_person_s() -> None:
    world = World(
        {"a": {AINO: [a_right(A1, PROVIDER_A)]}},
        {"a": [a_plan(A1, "100001", student=OLD_AINO)]},
        people=[Person(oid=AINO, aliases=frozenset({OLD_AINO}))],
    )
    assert plans_of(await view(world, staff(PROVIDER_A))) == [A1]


async def test_the_order_of_sources_does_not_matter() -> None:
    there, back = two_providers(), two_providers()
    back.rights = dict(reversed(list(back.rights.items())))
    back.plans = dict(reversed(list(back.plans.items())))
    assert await view(there, staff(PROVIDER_A)) == await view(back, staff(PROVIDER_A))


# --- gaps -----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("how", BREAKAGES)
async def test_a_source_of_rights_that_breaks_is_a_visible_gap_and_the_rest_is_served_in_time(how: str) -> None:
    world = two_providers()
    broken(world.rights["b"], "rights", how)
    async with asyncio.timeout(2):
        seen = await view(world, staff(PROVIDER_A), seconds=0.3)
    assert plans_of(seen) == [A1]
    assert outcomes_of(seen)["b-rights"] in (Outcome.UNAVAILABLE, Outcome.INVALID)
    assert outcomes_of(seen)["a-rights"] is Outcome.OK


@pytest.mark.parametrize("how", BREAKAGES)
async def test_a_source_of_plans_that_breaks_is_a_visible_gap_and_the_rest_is_served_in_time(how: str) -> None:
    world = two_providers()
    broken(world.plans["b"], "plans", how)
    async with asyncio.timeout(2):
        seen = await view(world, staff(PROVIDER_A), seconds=0.3)
    assert plans_of(seen) == [A1]
    assert outcomes_of(seen)["b-plans"] in (Outcome.UNAVAILABLE, Outcome.INVALID)
    assert outcomes_of(seen)["a-plans"] is Outcome.OK


@pytest.mark.parametrize("how", BREAKAGES)
async def test_a_broken_learner_register_leaves_each_oid_to_itself(how: str) -> None:
    world = two_providers()
    broken(world.identities, "identify", how)
    async with asyncio.timeout(2):
        assert plans_of(await view(world, staff(PROVIDER_A), seconds=0.3)) == [A1, B1]


@pytest.mark.parametrize("how", BREAKAGES)
async def test_a_broken_organisation_register_opens_nothing_and_says_that_it_cannot_tell(how: str) -> None:
    world = two_providers()
    broken(world.organisations, "nodes", how)
    async with asyncio.timeout(2):
        assert isinstance(await look(world, staff(PROVIDER_A), seconds=0.3), SourcesUnavailable)


async def test_the_outcome_of_a_failed_source_is_shown_as_it_was() -> None:
    for outcome in (Outcome.DENIED, Outcome.THROTTLED, Outcome.UNAVAILABLE, Outcome.INVALID):
        world = two_providers()
        world.plans["a"].fails["plans"] = outcome
        seen = await view(world, staff(PROVIDER_A))
        assert outcomes_of(seen)["a-plans"] is outcome
        assert plans_of(seen) == [B1]


async def test_an_old_answer_says_so() -> None:
    world = two_providers()
    world.plans["a"].stale = True
    seen = await view(world, staff(PROVIDER_A))
    assert outcomes_of(seen)["a-plans"] is Outcome.STALE
    stale = {each.provenance.source: each.provenance.stale for each in seen.student.hoksit or () if each.provenance}
    assert stale == {"a-plans": True, "b-plans": False}


async def test_a_source_that_leaves_a_key_out_is_invalid_for_it() -> None:
    world = two_providers()
    world.plans["a"].silent_on = {A1}
    seen = await view(world, staff(PROVIDER_A))
    assert plans_of(seen) == [B1]
    assert outcomes_of(seen)["a-plans"] is Outcome.INVALID


@pytest.mark.parametrize("how", BREAKAGES)
async def test_staff_whose_own_source_is_down_is_told_so_instead_of_nothing(how: str) -> None:
    world = two_providers()
    broken(world.rights["a"], "rights", how)
    async with asyncio.timeout(2):
        assert isinstance(await look(world, staff(PROVIDER_A), seconds=0.3), SourcesUnavailable)


async def test_staff_of_another_provider_is_not_told_that_a_foreign_source_is_down() -> None:
    world = two_providers()
    world.rights["c"] = World({"c": {}}, {}).rights["c"]
    world.rights["a"].fails["rights"] = Outcome.UNAVAILABLE
    assert await look(world, staff(PROVIDER_C)) is None


async def test_a_student_whose_sources_are_down_sees_themselves_and_the_gaps() -> None:
    world = two_providers()
    for source in world.rights.values():
        source.fails["rights"] = Outcome.UNAVAILABLE
    seen = await view(world, student(AINO))
    assert seen.student.oid == AINO
    assert rights_of(seen) == []
    assert outcomes_of(seen) == {"a-rights": Outcome.UNAVAILABLE, "b-rights": Outcome.UNAVAILABLE}


async def test_nothing_personal_is_logged_when_a_source_breaks(caplog: pytest.LogCaptureFixture) -> None:
    world = two_providers()
    broken(world.plans["b"], "plans", "raises")
    await view(world, staff(PROVIDER_A))
    assert "b-plans" in caplog.text
    assert "RuntimeError" in caplog.text
    assert str(AINO) not in caplog.text


# --- nobody ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "caller", [staff(PROVIDER_A), staff(SCHOOL_B), student(EINO)], ids=["staff", "school", "student"]
)
async def test_a_person_whom_nobody_knows_is_nothing(caller: Caller) -> None:
    assert await look(World({"a": {}, "b": {}}, {"a": [], "b": []}), caller) is None


async def test_a_provider_without_a_right_of_the_student_sees_nothing() -> None:
    assert await look(two_providers(), staff(PROVIDER_C)) is None


async def test_no_student_asked_is_no_student_answered() -> None:
    assert await two_providers().reader(POLICY).students(staff(PROVIDER_A), []) == {}


# --- what is not theirs to say --------------------------------------------------------------------------------


async def test_a_right_of_another_provider_is_dropped_from_a_source_that_may_not_speak_for_it() -> None:
    world = two_providers()
    world.rights["b"].known[AINO] = (a_right(B1, PROVIDER_B), a_right(C1, PROVIDER_C))
    seen = await view(world, staff(PROVIDER_A))
    assert rights_of(seen) == [A1, B1]
    assert outcomes_of(seen)["b-rights"] is Outcome.INVALID


async def test_a_right_that_is_included_in_the_provider_s_own_is_its_source_s_to_tell() -> None:
    included = a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A)
    world = World({"a": {AINO: [a_right(A1, PROVIDER_A), included]}}, {"a": [a_plan(A1, "100001")]})
    seen = await view(world, staff(PROVIDER_B))
    assert rights_of(seen) == [A1, B1]
    assert plans_of(seen) == [A1]


async def test_a_plan_of_another_person_is_dropped_and_is_a_gap() -> None:
    world = two_providers()
    world.plans["a"].known[A1] = (a_plan(A1, "100001", student=EINO),)
    seen = await view(world, staff(PROVIDER_A))
    assert plans_of(seen) == [B1]
    assert outcomes_of(seen)["a-plans"] is Outcome.INVALID


async def test_a_plan_of_another_right_than_was_asked_is_dropped_and_is_a_gap() -> None:
    world = two_providers()
    world.plans["a"].known[A1] = (a_plan(FOREIGN, "100001"),)
    seen = await view(world, staff(PROVIDER_A))
    assert plans_of(seen) == [B1]
    assert outcomes_of(seen)["a-plans"] is Outcome.INVALID


async def test_a_plan_that_nobody_asked_for_is_not_looked_at() -> None:
    world = two_providers()
    world.plans["a"].strays = {FOREIGN: Answer(Outcome.OK, (a_plan(FOREIGN, "100009"),))}
    seen = await view(world, staff(PROVIDER_A))
    assert plans_of(seen) == [A1, B1]
    assert outcomes_of(seen)["a-plans"] is Outcome.OK


async def test_one_provider_s_source_is_never_asked_for_another_s_plan() -> None:
    world = two_providers()
    await view(world, staff(PROVIDER_A))
    assert world.plans["a"].asked("plans") == [(A1,)]
    assert world.plans["b"].asked("plans") == [(B1,)]


# --- procurement ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", [staff(PROVIDER_A), staff(PROVIDER_B)], ids=["procurer", "implementer"])
async def test_over_a_valid_link_both_see_the_one_plan_whole(caller: Caller) -> None:
    seen = await view(procurement(), caller)
    assert plans_of(seen) == [A1]
    assert [each.student_email for each in seen.student.hoksit or ()] == ["aino@example.fi"]
    shared = seen.plan(B1)
    assert shared is not None
    assert shared.study_right_oid == A1


async def test_the_partner_is_asked_for_its_copy_over_a_valid_link() -> None:
    world = procurement()
    await view(world, staff(PROVIDER_A))
    assert world.plans["b"].asked("plans") == [(A1, B1)]


async def test_the_partner_is_not_asked_for_a_copy_over_a_link_that_names_the_wrong_school() -> None:
    world = procurement()
    world.rights["b"].known[AINO] = (a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_B),)
    seen = await view(world, staff(PROVIDER_A))
    assert world.plans["b"].asked("plans") == [(B1,)]
    assert plans_of(seen) == [A1]


async def test_a_copy_is_never_shown_instead_of_the_owner_s_plan_that_could_not_be_read() -> None:
    world = procurement()
    world.plans["a"].fails["plans"] = Outcome.UNAVAILABLE
    seen = await view(world, staff(PROVIDER_B))
    assert plans_of(seen) == []
    assert outcomes_of(seen)["a-plans"] is Outcome.UNAVAILABLE


async def seen_from_c(world: World) -> View:
    """What C sees of the student: it has a valid right too, and so no contact data of others' plans."""
    world.rights["c"] = World({"c": {AINO: [a_right(C1, PROVIDER_C)]}}, {}).rights["c"]
    return await view(world, staff(PROVIDER_C))


async def test_a_copy_that_differs_in_contact_data_alone_is_not_told_to_who_does_not_see_them() -> None:
    alike, differing = procurement(), procurement()
    copy = msgspec.structs.replace(a_plan(A1, "100001"), student_email="other@example.fi")
    differing.plans["b"].known[A1] = (copy,)
    assert await seen_from_c(alike) == await seen_from_c(differing)


async def test_the_order_of_two_plans_of_one_right_does_not_tell_their_contact_data() -> None:
    views: list[View] = []
    for emails in (("a@example.fi", "b@example.fi"), ("b@example.fi", "a@example.fi")):
        world = two_providers()
        world.plans["a"].known[A1] = tuple(
            msgspec.structs.replace(a_plan(A1, unit), student_email=email)
            for unit, email in zip(("100001", "100009"), emails, strict=True)
        )
        views.append(await seen_from_c(world))
    assert views[0] == views[1]


# --- what is not worth asking ---------------------------------------------------------------------------------


async def test_the_plan_of_an_annulled_right_is_never_fetched() -> None:
    for caller in (staff(PROVIDER_A), staff(PROVIDER_B), student(AINO)):
        world = two_providers()
        world.rights["a"].known[AINO] = (a_right(A1, PROVIDER_A, ("2025-08-01", PRESENT), ("2026-01-01", ANNULLED)),)
        await look(world, caller)
        assert all(A1 not in keys for source in world.plans.values() for keys in source.asked("plans"))


async def test_a_student_sees_an_annulled_right_s_state_and_no_plan() -> None:
    world = two_providers()
    world.rights["a"].known[AINO] = (a_right(A1, PROVIDER_A, ("2025-08-01", ANNULLED)),)
    seen = await view(world, student(AINO))
    assert rights_of(seen) == [A1, B1]
    assert plans_of(seen) == [B1]


async def test_nothing_is_fetched_for_a_caller_without_a_ground() -> None:
    world = two_providers()
    await look(world, staff(PROVIDER_C))
    assert world.plans["a"].count("plans") == world.plans["b"].count("plans") == 0


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


async def test_fifty_students_cost_one_call_of_each_kind_to_each_source() -> None:
    world, oids = many(50)
    seen = await world.reader(POLICY).students(staff(PROVIDER_A), oids)
    assert sum(len(each.student.hoksit or ()) for each in seen.values() if isinstance(each, View)) == 100
    assert world.identities.count("identify") == 1
    assert world.organisations.count("nodes") == 1
    assert [each.count("rights") for each in world.rights.values()] == [1, 1]
    assert [each.count("plans") for each in world.plans.values()] == [1, 1]


async def test_asking_for_the_same_student_twice_asks_the_sources_once() -> None:
    world = two_providers()
    reader = world.reader(POLICY)
    await reader.students(staff(PROVIDER_A), [AINO, AINO])
    assert world.rights["a"].asked("rights") == [(AINO,)]


# --- by right -------------------------------------------------------------------------------------------------


async def by_right(world: World, caller: Caller, *rights: StudyRightOid) -> dict[StudyRightOid, Seen]:
    return await world.reader(POLICY).by_rights(caller, rights)


async def test_a_student_is_found_by_a_right_of_theirs() -> None:
    seen = await by_right(two_providers(), staff(PROVIDER_A), A1, B1)
    for oid in (A1, B1):
        found = seen[oid]
        assert isinstance(found, View)
        assert found.student.oid == AINO
        assert found.right(oid) is not None


async def test_rights_of_one_student_are_looked_up_together() -> None:
    world = two_providers()
    await by_right(world, staff(PROVIDER_A), A1, B1, A1)
    assert world.rights["a"].count("holders") == 1
    assert world.rights["a"].asked("rights") == [(AINO,)]


async def test_an_unknown_right_and_another_s_right_are_nothing_alike() -> None:
    world = two_providers()
    world.rights["b"].known[EINO] = (a_right(B2, PROVIDER_B, student=EINO),)
    seen = await by_right(world, staff(PROVIDER_A), B2, NOBODYS)
    assert seen == {B2: None, NOBODYS: None}


async def test_while_a_source_is_down_an_unknown_right_and_another_s_right_are_still_alike() -> None:
    world = two_providers()
    world.rights["b"].known[EINO] = (a_right(B2, PROVIDER_B, student=EINO),)
    world.rights["c"] = World({"c": {}}, {}).rights["c"]
    for question in ("holders", "rights"):
        world.rights["c"].fails[question] = Outcome.UNAVAILABLE
    seen = await by_right(world, staff(PROVIDER_A), B2, NOBODYS)
    assert type(seen[B2]) is type(seen[NOBODYS])


async def test_when_the_own_source_is_down_a_right_of_its_own_is_not_called_unknown() -> None:
    world = two_providers()
    for question in ("holders", "rights"):
        world.rights["a"].fails[question] = Outcome.UNAVAILABLE
    assert isinstance((await by_right(world, staff(PROVIDER_A), A1))[A1], SourcesUnavailable)


async def test_looking_up_by_right_keeps_within_the_time_of_one_request() -> None:
    world = two_providers()
    world.rights["b"].hangs |= {"holders", "rights"}
    world.plans["a"].hangs.add("plans")
    started = asyncio.get_running_loop().time()
    await world.reader(POLICY, 1.0).by_rights(staff(PROVIDER_A), [A1])
    assert asyncio.get_running_loop().time() - started < 1.1


# --- pages ----------------------------------------------------------------------------------------------------


async def oids_of(
    world: World, caller: Caller, after: LearnerOid | None, first: int
) -> tuple[list[LearnerOid | None], bool]:
    page = await world.reader(POLICY).page(caller, after=after, first=first)
    return [each.student.oid for each in page.views], page.more


async def test_pages_follow_one_another_in_order_of_oid_until_there_is_no_more() -> None:
    world, oids = many(5)
    world.rights["a"].known = dict(reversed(list(world.rights["a"].known.items())))
    assert await oids_of(world, staff(PROVIDER_A), None, 2) == (oids[:2], True)
    assert await oids_of(world, staff(PROVIDER_A), oids[1], 2) == (oids[2:4], True)
    assert await oids_of(world, staff(PROVIDER_A), oids[3], 2) == (oids[4:], False)
    assert await oids_of(world, staff(PROVIDER_A), oids[4], 2) == ([], False)


async def test_a_page_that_is_exactly_full_says_that_there_is_no_more() -> None:
    world, oids = many(4)
    assert await oids_of(world, staff(PROVIDER_A), oids[1], 2) == (oids[2:], False)


async def test_students_who_are_not_the_caller_s_own_are_neither_listed_nor_counted() -> None:
    world, oids = many(6)
    for gone in (oids[1], oids[2], oids[5]):
        (right,) = world.rights["a"].known[gone]
        world.rights["a"].known[gone] = (a_right(right.oid, PROVIDER_A, ("2025-08-01", ANNULLED), student=gone),)
    assert await oids_of(world, staff(PROVIDER_A), None, 2) == ([oids[0], oids[3]], True)
    assert await oids_of(world, staff(PROVIDER_A), oids[3], 2) == ([oids[4]], False)


async def test_a_student_with_concurrent_rights_is_listed_only_by_providers_of_their_own() -> None:
    world = two_providers()
    world.rights["c"] = World({"c": {}}, {}).rights["c"]
    assert await oids_of(world, staff(PROVIDER_A), None, 5) == ([AINO], False)
    assert await oids_of(world, staff(PROVIDER_B), None, 5) == ([AINO], False)
    assert await oids_of(world, staff(PROVIDER_C), None, 5) == ([], False)


async def test_a_student_lists_only_themselves() -> None:
    world, oids = many(3)
    assert await oids_of(world, student(oids[1]), None, 5) == ([oids[1]], False)


async def test_a_person_under_two_oids_is_listed_once_by_the_master_oid() -> None:
    world = World(
        {"a": {OLD_AINO: [a_right(A1, PROVIDER_A)], AINO: [a_right(A2, PROVIDER_A)]}},
        {"a": [a_plan(A1, "100001")]},
        people=[Person(oid=AINO, aliases=frozenset({OLD_AINO}))],
    )
    assert await oids_of(world, staff(PROVIDER_A), None, 5) == ([AINO], False)


@pytest.mark.parametrize("how", BREAKAGES)
@pytest.mark.parametrize("question", ["learners", "rights"])
async def test_a_page_whose_own_source_is_down_is_refused_and_never_empty(question: str, how: str) -> None:
    world, _ = many(3)
    broken(world.rights["a"], question, how)
    with pytest.raises(SourcesUnavailable):
        await world.reader(POLICY, 0.3).page(staff(PROVIDER_A), after=None, first=2)


async def test_a_page_without_the_organisation_register_is_refused() -> None:
    world, _ = many(3)
    world.organisations.fails["nodes"] = Outcome.UNAVAILABLE
    with pytest.raises(SourcesUnavailable):
        await world.reader(POLICY).page(staff(PROVIDER_A), after=None, first=2)


# --- the state of sources -------------------------------------------------------------------------------------


async def statuses(world: World, caller: Caller, before: Sequence[LearnerOid] = ()) -> list[tuple[Any, Any]]:
    reader = world.reader(POLICY)
    if before:
        await reader.students(staff(PROVIDER_A), before)
    return [(each.source, each.outcome) for each in await reader.sources(caller)]


async def test_staff_sees_the_state_of_its_own_sources_and_of_no_other() -> None:
    world = two_providers()
    assert await statuses(world, staff(PROVIDER_A)) == [("a-plans", None), ("a-rights", None)]
    world.plans["a"].fails["plans"] = Outcome.THROTTLED
    seen = await statuses(world, staff(PROVIDER_A), [AINO])
    assert seen == [("a-plans", Outcome.THROTTLED), ("a-rights", Outcome.OK)]


async def test_a_student_sees_no_source_s_state() -> None:
    assert await statuses(two_providers(), student(AINO), [AINO]) == []


async def test_a_provider_without_a_claim_is_not_shown_other_providers_sources() -> None:
    ended = a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-05-31", ANNULLED))
    world = two_providers()
    world.rights["a"].known[AINO] = (ended,)
    assert await look(world, staff(PROVIDER_A)) is None

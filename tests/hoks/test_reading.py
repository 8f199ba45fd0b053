import msgspec
import pytest

from hoks.caller import Caller
from hoks.outcomes import Answer, Outcome
from hoks.showing import View
from hoks.student import Person
from tests.hoks.readers import (
    FOREIGN,
    POLICY,
    a_plan,
    look,
    many,
    outcomes_of,
    plans_of,
    procurement,
    rights_of,
    staff,
    student,
    two_providers,
    view,
)
from tests.hoks.sources import World
from tests.hoks.stories import (
    A1,
    AINO,
    ANNULLED,
    B1,
    C1,
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

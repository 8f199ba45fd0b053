import asyncio

import msgspec
import pytest

from hoks.codes import StudyRightState
from hoks.errors import SourcesUnavailable
from hoks.findings import FindingCode
from hoks.outcomes import Outcome
from hoks.ports import REGISTER
from hoks.showing import View
from tests.hoks.readers import (
    BREAKAGES,
    broken,
    look,
    outcomes_of,
    plans_of,
    rights_of,
    staff,
    student,
    two_providers,
    view,
)
from tests.hoks.sources import FakeRights, World
from tests.hoks.stories import (
    A1,
    AINO,
    B1,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    a_right,
)

# --- gaps -----------------------------------------------------------------------------------------------------


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


# --- a register of rights beside a student system --------------------------------------------------------------


def with_a_register(*told: tuple[str, StudyRightState]) -> World:
    """B's right is told by B's student system as current, and by a register as ``told``."""
    world = two_providers()
    register = FakeRights("b-koski", PROVIDER_B, {AINO: [a_right(B1, PROVIDER_B, *told)]})
    register.source = msgspec.structs.replace(register.source, precedence=REGISTER)
    world.rights["b-koski"] = register
    return world


async def test_while_register_and_student_system_agree_a_valid_right_opens_the_concurrent_plan() -> None:
    assert plans_of(await view(with_a_register(), staff(PROVIDER_B))) == [A1, B1]


async def test_where_register_and_student_system_disagree_the_more_restrictive_state_decides() -> None:
    world = with_a_register(("2025-08-01", StudyRightState.PRESENT), ("2026-09-01", StudyRightState.DISCONTINUED))
    seen = await view(world, staff(PROVIDER_B))
    assert A1 not in plans_of(seen)
    assert {finding.code for finding in seen.student.findings or ()} >= {FindingCode.SOURCES_DISAGREE_ON_STATE}


@pytest.mark.parametrize("how", BREAKAGES)
async def test_while_the_register_is_silent_a_student_systems_word_alone_opens_nothing_elsewhere(how: str) -> None:
    world = with_a_register()
    broken(world.rights["b-koski"], "rights", how)
    seen = await look(world, staff(PROVIDER_B), seconds=0.3)
    assert not isinstance(seen, View) or A1 not in plans_of(seen)

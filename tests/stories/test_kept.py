"""What is kept between requests: it saves calls, ends within a minute or at a word, and shows no one anything more."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import orjson
import pytest

from connectors.catalogue import connect
from gateway.settings_file import load
from hoks.identifiers import StudyRightOid
from sandbox import BUSINESS_DAY
from sandbox.cast import people
from sandbox.drop import write_drop
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import StatusPeriod, World
from tests.stories.conftest import PORT, Gateway, Loopback, Timer, TimerClock, running
from tests.stories.test_faults import down
from tests.stories.test_roles import periods, students_of
from tests.world.queries import fragments_of_everything

STUDENT_7 = "1.2.246.562.98.98000000079"
RIGHT_7_A = "1.2.246.562.15.15000070118"
RIGHT_7_C = "1.2.246.562.15.15000070233"
OWN = '{ student(oid: "1.2.246.562.98.98000000079") { studyRights { oid } hoksit { studyRightOid studentEmail } } }'
TIMES = """
{ student(oid: "1.2.246.562.98.98000000079") {
    studyRights { oid provenance { source fetchedAt } }
    hoksit { studyRightOid provenance { source fetchedAt stale } }
    sources { source outcome stale }
} }
"""
KEY = b"k" * 40


async def shown(gateway: Gateway, persona: str = "staff-a") -> dict[str, str | None]:
    """The plans that a persona sees of student 7, each with the student's address."""
    answer = await gateway.ask(persona, OWN)
    student = answer["data"]["student"] or {"hoksit": []}
    return {plan["studyRightOid"][-5:]: plan["studentEmail"] for plan in student["hoksit"]}


def with_right_annulled(world: World, oid: str) -> World:
    """The world after a right was found to have been entered in error: Koski hides it."""
    annulled = StatusPeriod(state="mitatoity", start=BUSINESS_DAY - timedelta(days=1))
    rights = tuple(
        replace(each, periods=(*each.periods, annulled)) if each.oid == oid else each for each in world.rights
    )
    return replace(world, rights=rights, _right_by_oid={each.oid: each for each in rights})


def with_plan_changed(world: World, oid: str, **changes: Any) -> World:
    """The world after a plan's top level was changed."""
    plans = list(world.plans)
    for place, plan in enumerate(plans):
        if plan.right.oid == oid:
            changed = deepcopy(plan.document) | {name.replace("_", "-"): value for name, value in changes.items()}
            document = {name: value for name, value in changed.items() if value is not None}
            plans[place] = replace(plan, document=document)
    return replace(world, plans=tuple(plans))


def as_usual(settings: str) -> str:
    """What is kept is kept for as long as where no setting says otherwise; a sandbox keeps it shortly."""
    assert "cache_seconds = 2\n" in settings
    return settings.replace("cache_seconds = 2\n", "cache_seconds = 30\n").replace(
        "kept_seconds = 2\n", "kept_seconds = 30\n"
    )


@pytest.fixture
async def gateway(tmp_path: Path, world: World) -> AsyncIterator[Gateway]:
    """A gateway whose sources may call, and whose eHOKS is trusted for a while when it is down."""
    key = tmp_path / "invalidate.key"
    key.write_bytes(KEY)
    key.chmod(0o600)
    (tmp_path / "other.key").write_bytes(b"o" * 40)
    (tmp_path / "other.key").chmod(0o600)

    def settled(settings: str) -> str:
        ehoks = f'id = "a-ehoks"\nstale_seconds = 240\ninvalidate_key_file = "{key}"'
        koski = f'id = "a-koski"\ninvalidate_key_file = "{tmp_path / "other.key"}"'
        usual = as_usual(settings).replace("filter_at_most = 10", "filter_at_most = 0")
        for source in ("c-roster", "d-campus"):
            usual = usual.replace(f'id = "{source}"', f'id = "{source}"\ninvalidate_key_file = "{key}"')
        return usual.replace('id = "a-ehoks"', ehoks).replace('id = "a-koski"', koski)

    async with running(tmp_path / "sandbox", world, settled) as running_gateway:
        yield running_gateway


# --- it saves calls ---------------------------------------------------------------------------------------------


async def test_what_was_just_read_is_not_read_again_for_anybody(gateway: Gateway) -> None:
    await gateway.ask("staff-a", OWN)
    await gateway.token("staff-c")
    gateway.loopback.calls.clear()
    await gateway.ask("staff-a", OWN)
    await gateway.ask("staff-c", OWN)
    # Names, and what merged organisations once were, no request waits for: they come when they come.
    background = ("AMOSAA", "Organisaatio api/historia")
    assert not [call for call in gateway.loopback.calls if not call.startswith(background)]


async def test_two_who_ask_at_once_cost_the_calls_of_one(gateway: Gateway) -> None:
    await gateway.ask("staff-a", "{ viewer { role } }")
    await gateway.token("staff-c")
    gateway.loopback.calls.clear()
    await asyncio.gather(gateway.ask("staff-a", OWN), gateway.ask("staff-c", OWN), gateway.ask("staff-a", OWN))
    assert gateway.loopback.calls["Koski sure/oids"] == 1
    assert gateway.loopback.calls["ONR henkilo/masterHenkilosByOidList"] == 1
    assert gateway.loopback.calls["eHOKS hoks/opiskeluoikeus"] == 1
    assert gateway.loopback.calls["eHOKS v1/tickets"] == 1 + 3  # the login, and a ticket for each of three calls


# --- R12b: what has ended at the source ends here ----------------------------------------------------------------


async def test_a_right_that_is_no_more_is_invisible_within_a_minute(gateway: Gateway, world: World) -> None:
    assert set(await shown(gateway)) == {"70118", "70233"}
    gateway.loopback.serve(with_right_annulled(world, RIGHT_7_A))
    gateway.later(60)
    assert await shown(gateway) == {}


async def test_a_changed_plan_is_seen_within_a_minute_and_until_then_as_it_was(gateway: Gateway, world: World) -> None:
    before = (await shown(gateway))["70118"]
    gateway.loopback.serve(with_plan_changed(world, RIGHT_7_A, sahkoposti="new@opiskelija.example"))
    assert (await shown(gateway))["70118"] == before
    gateway.later(60)
    assert (await shown(gateway))["70118"] == "new@opiskelija.example"


async def periods_of(gateway: Gateway, persona: str) -> list[str]:
    """The periods that a workplace instructor sees, of all their students."""
    return [period for student in await students_of(gateway, persona) for period in periods(student)]


async def test_who_is_appointed_to_a_period_that_is_no_more_sees_nothing_of_it_within_a_minute(
    gateway: Gateway, world: World
) -> None:
    assert len(await periods_of(gateway, "instructor-2")) == 1
    gateway.loopback.serve(with_plan_changed(world, RIGHT_7_A, hankittavat_ammat_tutkinnon_osat=[]))
    gateway.later(60)
    assert await periods_of(gateway, "instructor-2") == []


async def test_who_is_named_no_more_in_what_the_provider_tells_sees_nothing_within_a_minute(
    gateway: Gateway, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(await periods_of(gateway, "instructor-2")) == 1
    others = tuple(each for each in people().appointment if each.persona != "instructor-2")
    named = msgspec.structs.replace(people(), appointment=others)
    monkeypatch.setattr("sandbox.staff.people", lambda: named)
    write_drop(world, "A", tmp_path / "sandbox" / "a")
    gateway.later(60)
    monkeypatch.setattr("connectors.table.keeper.time", SimpleNamespace(monotonic=lambda: time.monotonic() + 60))
    assert await students_of(gateway, "instructor-2") == []


@pytest.mark.parametrize("named", [{"rights": [RIGHT_7_A]}, {"learners": [STUDENT_7]}], ids=["right", "learner"])
async def test_a_changed_plan_is_seen_at_once_when_its_source_says_so(
    gateway: Gateway, world: World, named: dict[str, list[str]]
) -> None:
    await shown(gateway)
    gateway.loopback.serve(with_plan_changed(world, RIGHT_7_A, sahkoposti="new@opiskelija.example"))
    said = await gateway.invalidate(json.dumps({"source": "a-ehoks", **named}).encode(), KEY)
    assert (said.status_code, said.content) == (204, b"")
    assert (await shown(gateway))["70118"] == "new@opiskelija.example"


@pytest.mark.parametrize("named", [{"rights": [RIGHT_7_A]}, {"learners": [STUDENT_7]}], ids=["right", "learner"])
async def test_a_right_that_is_no_more_is_invisible_at_once_when_its_source_says_so(
    gateway: Gateway, world: World, named: dict[str, list[str]]
) -> None:
    await shown(gateway)
    gateway.loopback.serve(with_right_annulled(world, RIGHT_7_A))
    await gateway.invalidate(json.dumps({"source": "a-koski", **named}).encode(), b"o" * 40)
    assert await shown(gateway) == {}


async def test_a_roster_that_is_kept_whole_is_read_anew_at_once_when_its_source_says_so(
    gateway: Gateway, world: World
) -> None:
    assert "70233" in await shown(gateway, "staff-c")
    gateway.loopback.serve(with_right_annulled(world, RIGHT_7_C))
    assert "70233" in await shown(gateway, "staff-c")
    said = await gateway.invalidate(json.dumps({"source": "c-roster", "rights": [RIGHT_7_C]}).encode(), KEY)
    assert said.status_code == 204
    assert "70233" not in await shown(gateway, "staff-c")


@pytest.mark.parametrize(
    ("source", "persona", "call"),
    [
        ("c-roster", "staff-c", "OneRoster v1p2/users"),
        ("d-campus", "staff-d", "Campus v2/opiskelijat"),
    ],
)
async def test_a_list_of_everybody_is_asked_for_anew_when_its_source_says_so(
    gateway: Gateway, source: str, persona: str, call: str
) -> None:
    async def cost() -> int:
        before = gateway.loopback.calls[call]
        answer = await gateway.ask(persona, "{ students(first: 50) { edges { node { oid } } } }")
        assert answer["data"]["students"]["edges"]
        return gateway.loopback.calls[call] - before

    assert (await cost() > 0, await cost()) == (True, 0)
    await gateway.invalidate(json.dumps({"source": source, "learners": [STUDENT_7]}).encode(), KEY)
    assert await cost() > 0


async def test_a_source_makes_nobody_forget_what_another_source_told(gateway: Gateway, world: World) -> None:
    await shown(gateway)
    gateway.loopback.serve(with_right_annulled(world, RIGHT_7_A))
    body = json.dumps({"source": "a-koski", "learners": [STUDENT_7]}).encode()
    refused = await gateway.invalidate(body, KEY)
    own = await gateway.invalidate(json.dumps({"source": "a-ehoks", "learners": [STUDENT_7]}).encode(), KEY)
    assert (refused.status_code, own.status_code) == (401, 204)
    assert "70118" in await shown(gateway)


async def test_a_call_that_is_repeated_does_no_harm(gateway: Gateway) -> None:
    body, at = json.dumps({"source": "a-ehoks", "rights": [RIGHT_7_A]}).encode(), time.time()
    before = await shown(gateway)
    for _ in range(3):
        assert (await gateway.invalidate(body, KEY, at)).status_code == 204
    assert await shown(gateway) == before


# --- an old answer, marked --------------------------------------------------------------------------------------


async def test_an_old_plan_is_shown_as_old_while_its_source_is_down_and_for_five_minutes_at_most(
    gateway: Gateway,
) -> None:
    before = await gateway.ask("staff-a", TIMES)
    gateway.loopback.faults["eHOKS"] = down
    gateway.later(31)
    answer = await gateway.ask("staff-a", TIMES)
    was, now = (
        {each["studyRightOid"][-5:]: each["provenance"] for each in a["data"]["student"]["hoksit"]}
        for a in (before, answer)
    )
    assert now["70118"] == {**was["70118"], "stale": True}
    assert now["70233"]["stale"] is False
    assert {"source": "a-ehoks", "outcome": "STALE", "stale": True} in answer["data"]["student"]["sources"]
    assert answer["extensions"]["gaps"] == [{"source": "a-ehoks", "outcome": "STALE"}]
    gateway.later(240)
    gone = await gateway.ask("staff-a", TIMES)
    assert [plan["studyRightOid"][-5:] for plan in gone["data"]["student"]["hoksit"]] == ["70233"]
    assert gone["extensions"]["gaps"] == [{"source": "a-ehoks", "outcome": "UNAVAILABLE"}]


async def test_a_right_whose_source_is_down_ends_with_its_time_and_not_later(gateway: Gateway) -> None:
    await shown(gateway)
    gateway.loopback.faults["Koski"] = down
    assert "70118" in await shown(gateway)
    gateway.later(30)
    answer = await gateway.ask("staff-a", OWN)
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_each_plan_and_right_tells_when_it_was_really_read(gateway: Gateway) -> None:
    first = await gateway.ask("staff-a", TIMES)
    gateway.later(23)
    second = await gateway.ask("staff-c", TIMES)
    of_a = {"a-koski", "a-ehoks"}

    def times(answer: dict[str, Any]) -> dict[str, str]:
        student = answer["data"]["student"]
        parts = [*student["studyRights"], *student["hoksit"]]
        told = [each["provenance"] for each in parts]
        return {each["source"]: each["fetchedAt"] for each in told if each["source"] in of_a}

    assert times(first).keys() == of_a
    assert times(second) == times(first)


# --- nobody sees more for what another asked before or beside -----------------------------------------------------


def _alone_with_everything(settings: str) -> str:
    """Room for the question, and no registers of names: those come when they come, whoever asks."""
    unnamed = re.sub(r"\[(koodisto|eperusteet|amosaa)\]\n(.+\n)*", "", settings)
    return as_usual(unnamed).replace("[limits]", "[limits]\ntokens = 3000")


EVERYTHING = "query ($oid: LearnerOid!) { student(oid: $oid) { ...FStudent } }\n" + fragments_of_everything()
LISTED = """
{ students(first: 20) { edges { node {
    oid name hoksit { studyRightOid plannedVocationalUnits { id } } sources { source outcome }
} } } }
"""
TOLD_TIMES = re.compile(rb'"(fetchedAt|asOf)":"[^"]*"')
STUDENTS = [f"1.2.246.562.98.980000000{number}" for number in ("12", "38", "79", "53")]
STUDENT_21 = "1.2.246.562.98.98000000210"
STRONGER = ("staff-a", "staff-c", "student-7", "student-1")
WEAKER = ("staff-b", "staff-c", "instructor-1", "student-3")


async def told(gateway: Gateway, persona: str) -> list[bytes]:
    """Everything that a persona is told, byte by byte, but for the times of reading and for who else has asked."""
    answers = [await gateway.post(persona, EVERYTHING, {"oid": oid}) for oid in (*STUDENTS, STUDENT_21)]
    answers.append(await gateway.post(persona, LISTED))
    return [TOLD_TIMES.sub(b"", _without_the_log(answer.content)) for answer in answers]


def _without_the_log(content: bytes) -> bytes:
    """An answer without what a student reads of who has seen their data: that is to tell of others' questions."""
    answer = orjson.loads(content)
    (answer["data"].get("student") or {}).pop("disclosures", None)
    return orjson.dumps(answer)


@pytest.mark.parametrize("weaker", WEAKER)
async def test_a_weaker_caller_is_told_the_same_after_and_beside_stronger_ones(
    tmp_path: Path, world: World, weaker: str
) -> None:
    async with running(tmp_path, world, _alone_with_everything) as cold:
        alone = await told(cold, weaker)
    async with running(tmp_path, world, _alone_with_everything) as warm:
        for stronger in STRONGER:
            await told(warm, stronger)
        after = await told(warm, weaker)
    async with running(tmp_path, world, _alone_with_everything) as shared:
        *_, beside = await asyncio.gather(*(told(shared, each) for each in (*STRONGER, weaker)))
    assert any(b'"hoksit":[{' in answer for answer in alone)
    assert all(b'"errors"' not in answer for answer in alone)
    assert after == alone
    assert beside == alone


async def test_a_hidden_plan_changes_nothing_not_even_a_time(tmp_path: Path, world: World) -> None:
    # A plan without a first approval at A is hidden from C; without it C is told the same, after the same history.
    draft = with_plan_changed(world, RIGHT_7_A, ensikertainen_hyvaksyminen=None, hyvaksytty=None)
    without = replace(world, plans=tuple(each for each in world.plans if each.right.oid != RIGHT_7_A))
    answers = []
    for each in (draft, without):
        async with running(tmp_path, world, _alone_with_everything) as gateway:
            gateway.loopback.serve(each)
            await gateway.post("staff-a", EVERYTHING, {"oid": STUDENT_7})
            gateway.later(10)
            first = await gateway.ask("staff-c", EVERYTHING, {"oid": STUDENT_7})
            gateway.later(10)
            second = await gateway.ask("staff-c", EVERYTHING, {"oid": STUDENT_7})
            gateway.loopback.calls.clear()
            await gateway.ask("staff-c", EVERYTHING, {"oid": STUDENT_7})
            answers.append((first, second, dict(gateway.loopback.calls)))
    assert [plan["studyRightOid"][-5:] for plan in answers[0][0]["data"]["student"]["hoksit"]] == ["70233"]
    assert answers[0] == answers[1]
    assert answers[0][2] == {}


# --- hints ------------------------------------------------------------------------------------------------------


async def test_ehoks_own_list_of_changes_makes_a_changed_plan_seen(tmp_path: Path, world: World) -> None:
    lay_out(tmp_path, world)
    config = tmp_path / "gateway.toml"
    follows = 'kind = "ehoks"\nfollow_changes_seconds = 5'
    config.write_text(settings_text(PORT, tmp_path).replace('kind = "ehoks"', follows))
    loopback, timer = Loopback(tmp_path, world), Timer()
    settings = load(config)
    connected = connect(settings.source, TimerClock(timer), transport=loopback, seconds=timer)
    (plans,) = (each for each in connected.plans if each.source.id == "a-ehoks")
    (changes,) = connected.changes
    right = StudyRightOid(RIGHT_7_A)

    async def email() -> str | None:
        ((plan,),) = [each.value or () for each in (await plans.plans([right])).answers.values()]
        return plan.student_email

    before = await email()
    new = {"sahkoposti": "new@opiskelija.example", "paivitetty": "2026-10-05T06:31:00Z"}
    loopback.serve(with_plan_changed(world, RIGHT_7_A, **new))
    assert await email() == before
    await changes.look()
    assert await email() == "new@opiskelija.example"
    loopback.calls.clear()
    await changes.look()
    assert await email() == "new@opiskelija.example"
    assert loopback.calls["eHOKS hoks/opiskeluoikeus"] == 0
    await connected.aclose()


async def test_following_changes_ends_with_the_gateway(tmp_path: Path, world: World) -> None:
    def settled(settings: str) -> str:
        return settings.replace('kind = "ehoks"', 'kind = "ehoks"\nfollow_changes_seconds = 5')

    before = asyncio.all_tasks()
    async with running(tmp_path, world, settled):
        assert len(asyncio.all_tasks()) > len(before)
    assert asyncio.all_tasks() == before

"""Staff appoint through the gateway, a person brings the code and sees exactly their part, and staff end it; all of it
as the front ends would, over HTTP."""

import json
import logging
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox.cast import people
from sandbox.world import World
from tests.stories.conftest import Gateway, running
from tests.stories.test_faults import down
from tests.stories.test_records import recorded
from tests.stories.test_roles import MINE

PERSON_1, PERSON_7, PERSON_14 = (f"1.2.246.562.98.{number}" for number in ("98000000012", "98000000079", "98000000145"))
AT_A, AT_C = "1.2.246.562.15.15000010114", "1.2.246.562.15.15000070233"
NEVER_WAS = "1.2.246.562.15.15999990003"
PLANS = """
query ($oid: LearnerOid!) {
  student(oid: $oid) {
    studyRights { oid }
    hoksit {
      studyRightOid
      plannedVocationalUnits {
        unit { uri }
        acquisitions { id sourceKey mode startDate endDate }
        demonstrations { id startDate endDate environment { name } }
      }
    }
  }
}
"""
INSTRUCTOR = """
mutation ($right: StudyRightOid!, $part: ID!, $until: Date) {
  appointInstructor(studyRightOid: $right, period: $part, until: $until) { id kind code codeValidUntil }
}
"""
ASSESSOR = """
mutation ($right: StudyRightOid!, $part: ID!, $until: Date) {
  appointAssessor(studyRightOid: $right, demonstration: $part, until: $until) { id kind code codeValidUntil }
}
"""
ACCEPT = "mutation ($code: String!) { acceptAppointment(code: $code) { kind acceptedAt } }"
END = "mutation ($id: ID!) { endAppointment(id: $id) { id endedOn } }"
LIST = """
query ($right: StudyRightOid!) {
  appointments(studyRightOid: $right) {
    id kind state partId personOid lastDay acceptedAt endedOn findings { code item message { fi } }
  }
}
"""
DAYS = 24 * 3600.0


def no_appointments_told(settings: str) -> str:
    """Settings under which no student system tells of appointments."""
    return settings.replace('"appointments", ', "")


@pytest.fixture
async def alone(tmp_path: Path, world: World) -> AsyncIterator[Gateway]:
    """A gateway that knows no appointments but those made through it."""
    async with running(tmp_path / "sandbox", world, no_appointments_told) as gateway:
        yield gateway


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The store of the running gateway."""
    return tmp_path / "sandbox" / "records" / "records.db"


async def the_part(
    gateway: Gateway,
    kind: str,
    persona: str = "staff-a",
    oid: str = PERSON_1,
    right: str = AT_A,
    unit: str = "tutkinnonosat_109203",
) -> str:
    """The id of the one period at a workplace, or of the one demonstration, in a unit of a plan, as staff see it."""
    answer = await gateway.ask(persona, PLANS, {"oid": oid})
    (found,) = (
        each
        for plan in answer["data"]["student"]["hoksit"]
        if plan["studyRightOid"] == right
        for each in plan["plannedVocationalUnits"]
        if each["unit"]["uri"] == unit
    )
    periods = [each for each in found["acquisitions"] if each["mode"] == "TRAINING_AGREEMENT"]
    (part,) = found["demonstrations"] if kind == ASSESSOR else periods
    return str(part["id"])


async def asked(
    gateway: Gateway,
    kind: str,
    persona: str = "staff-a",
    right: str = AT_A,
    part: str | None = None,
    until: str | None = None,
) -> dict[str, Any]:
    """What comes of appointing."""
    part = part or await the_part(gateway, kind)
    return await gateway.ask(persona, kind, {"right": right, "part": part, "until": until})


async def appointed(gateway: Gateway, kind: str = INSTRUCTOR, **changes: Any) -> dict[str, Any]:
    """An appointment that was made."""
    answer = await asked(gateway, kind, **changes)
    assert "errors" not in answer, answer
    (made,) = answer["data"].values()
    return dict(made)


async def accepted(gateway: Gateway, persona: str, made: dict[str, Any]) -> None:
    """The appointment accepted by a persona."""
    answer = await gateway.ask(persona, ACCEPT, {"code": made["code"]})
    assert "errors" not in answer, answer
    assert answer["data"]["acceptAppointment"]["kind"] == made["kind"]


async def seen(gateway: Gateway, persona: str) -> list[dict[str, Any]]:
    """The students as an instructor or assessor sees them."""
    answer = await gateway.ask(persona, MINE)
    assert "errors" not in answer, answer
    return [edge["node"] for edge in answer["data"]["students"]["edges"]]


async def listed(gateway: Gateway, persona: str = "staff-a", right: str = AT_A) -> Any:
    """The appointments in a plan."""
    answer = await gateway.ask(persona, LIST, {"right": right})
    assert "errors" not in answer, answer
    return answer["data"]["appointments"]


def refused(answer: dict[str, Any]) -> tuple[str, str | None]:
    """The code and the reason of a refusal."""
    (error,) = answer["errors"]
    assert set(answer["data"].values()) == {None}
    return error["extensions"]["code"], error["extensions"].get("reason")


CANNOT_BE_USED = ("BAD_USER_INPUT", "CODE_CANNOT_BE_USED")


# --- appointed, accepted, seen, ended ---------------------------------------------------------------------------


async def test_what_is_accepted_shows_exactly_what_the_student_system_s_appointment_would(
    alone: Gateway, tmp_path: Path, world: World
) -> None:
    assert await seen(alone, "instructor-1") == await seen(alone, "assessor-1") == []
    async with running(tmp_path / "told", world) as told:
        at_c = await the_part(alone, INSTRUCTOR, "staff-c", PERSON_7, AT_C)
        await accepted(alone, "instructor-1", await appointed(alone))
        await accepted(alone, "instructor-1", await appointed(alone, persona="staff-c", right=AT_C, part=at_c))
        await accepted(alone, "assessor-1", await appointed(alone, ASSESSOR))
        for persona in ("instructor-1", "assessor-1"):
            shown = await alone.ask(persona, MINE)
            expected = await told.ask(persona, MINE)
            assert expected["data"]["students"]["edges"]
            assert _without_ids(shown) == _without_ids(expected)


def _without_ids(answer: Any) -> Any:
    """The answer without the parts' ids, which each gateway makes with a key of its own."""
    if isinstance(answer, dict):
        return {name: _without_ids(value) for name, value in answer.items() if name not in ("id", "cursor")}
    return [_without_ids(each) for each in answer] if isinstance(answer, list) else answer


async def test_an_ended_appointment_shows_nothing_at_once(alone: Gateway) -> None:
    made = await appointed(alone)
    await accepted(alone, "instructor-1", made)
    assert len(await seen(alone, "instructor-1")) == 1
    ended = {"endAppointment": {"id": made["id"], "endedOn": "2026-10-05"}}
    assert (await alone.ask("staff-a", END, {"id": made["id"]}))["data"] == ended
    assert await seen(alone, "instructor-1") == []
    assert (await alone.ask("instructor-1", "{ viewer { appointments { kind } } }"))["data"]["viewer"] == {
        "appointments": []
    }
    assert (await alone.ask("staff-a", END, {"id": made["id"]}))["data"] == ended
    assert refused(await alone.ask("instructor-1", ACCEPT, {"code": made["code"]})) == CANNOT_BE_USED


async def test_what_staff_end_is_not_open_through_the_student_system(gateway: Gateway) -> None:
    before = await seen(gateway, "instructor-1")
    made = await appointed(gateway)
    await accepted(gateway, "instructor-1", made)
    assert await seen(gateway, "instructor-1") == before
    told = await gateway.ask("instructor-1", "{ viewer { appointments { kind } } }")
    assert len(told["data"]["viewer"]["appointments"]) == 2  # at A, by either way, and at C
    await gateway.ask("staff-a", END, {"id": made["id"]})
    (left,) = await seen(gateway, "instructor-1")
    assert left in before


async def test_an_answer_under_way_does_not_leave_when_its_appointment_is_ended_meanwhile(
    alone: Gateway, store: Path
) -> None:
    made = await appointed(alone)
    await accepted(alone, "instructor-1", made)
    alone.later(60)  # what was read before is read again
    ends: list[dict[str, Any]] = []

    async def ended_meanwhile(request: httpx.Request) -> None:
        if "opiskeluoikeus" in request.url.path and not ends:
            ends.append(await alone.ask("staff-a", END, {"id": made["id"]}))

    alone.loopback.faults["eHOKS"] = ended_meanwhile
    assert await seen(alone, "instructor-1") == []
    assert ends and "errors" not in ends[0]
    assert not [body for body in recorded(store) if body.get("role") == "instructor"]


async def test_its_last_day_is_the_earlier_of_its_own_and_three_months_after_the_period(alone: Gateway) -> None:
    until = await appointed(alone, until="2026-12-01")
    default = await appointed(alone)
    states = {each["id"]: each["lastDay"] for each in await listed(alone)}
    assert states == {until["id"]: "2026-12-01", default["id"]: "2027-02-27"}  # the period ends on 27.11.2026


# --- who may appoint, and to what -------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", ["staff-a", "staff-a-school", "system-a"])
async def test_staff_of_the_provider_whose_plan_it_is_may_appoint(alone: Gateway, persona: str) -> None:
    await accepted(alone, "instructor-1", await appointed(alone, persona=persona))
    assert len(await seen(alone, "instructor-1")) == 1


async def test_staff_of_the_provider_that_carries_the_training_out_may_appoint_in_the_one_plan(alone: Gateway) -> None:
    at_b = "1.2.246.562.15.15000010221"
    answer = await alone.ask("staff-b", PLANS, {"oid": PERSON_1})
    assert [each["oid"] for each in answer["data"]["student"]["studyRights"]] == [AT_A, at_b]
    await accepted(alone, "instructor-1", await appointed(alone, persona="staff-b", right=at_b))
    assert len(await seen(alone, "instructor-1")) == 1
    # Each provider lists and ends what its own staff have made.
    assert [each["state"] for each in await listed(alone, "staff-b", at_b)] == ["ACCEPTED"]
    assert await listed(alone, "staff-b", AT_A) == await listed(alone, "staff-b", at_b)
    assert await listed(alone, "staff-a", AT_A) == []


@pytest.mark.parametrize(
    ("persona", "oid", "right", "unit"),
    [
        ("staff-c", PERSON_7, "1.2.246.562.15.15000070118", "109403"),
        ("staff-b", PERSON_14, "1.2.246.562.15.15000140119", "109403"),
    ],
    ids=["a concurrent plan", "a link that names the wrong school"],
)
async def test_another_providers_plan_that_is_seen_is_no_plan_to_appoint_in(
    alone: Gateway, persona: str, oid: str, right: str, unit: str
) -> None:
    part = await the_part(alone, INSTRUCTOR, persona, oid, right, f"tutkinnonosat_{unit}")
    answer = await asked(alone, INSTRUCTOR, persona, right, part)
    assert refused(answer) == ("BAD_USER_INPUT", "OTHER_PROVIDERS_PLAN")
    assert await listed(alone, persona, right) == []


async def test_a_plan_that_is_not_the_callers_and_one_that_never_was_are_refused_alike(alone: Gateway) -> None:
    part = await the_part(alone, INSTRUCTOR)
    hidden = await alone.post("staff-d", INSTRUCTOR, {"right": AT_A, "part": part})
    never = await alone.post("staff-d", INSTRUCTOR, {"right": NEVER_WAS, "part": part})
    assert hidden.content == never.content
    assert refused(hidden.json()) == ("BAD_USER_INPUT", "NO_SUCH_PLAN")
    hidden = await alone.post("staff-d", LIST, {"right": AT_A})
    assert hidden.content == (await alone.post("staff-d", LIST, {"right": NEVER_WAS})).content
    assert hidden.json()["data"] == {"appointments": None}


async def test_what_cannot_be_appointed_to_is_refused_with_a_reason(alone: Gateway) -> None:
    period, demonstration = await the_part(alone, INSTRUCTOR), await the_part(alone, ASSESSOR)
    over = await the_part(alone, INSTRUCTOR, unit="tutkinnonosat_109201")  # until February
    cases: list[tuple[str, dict[str, Any], str]] = [
        (INSTRUCTOR, {"part": demonstration}, "NO_SUCH_PART"),
        (ASSESSOR, {"part": period}, "NO_SUCH_PART"),
        (INSTRUCTOR, {"part": "0" * 32}, "NO_SUCH_PART"),
        (INSTRUCTOR, {"part": over}, "PART_IS_OVER"),
        (INSTRUCTOR, {"part": period, "until": "2026-10-04"}, "END_IN_THE_PAST"),
        (INSTRUCTOR, {"part": period, "until": "2027-02-28"}, "END_TOO_LATE"),
    ]
    for kind, changes, reason in cases:
        assert refused(await asked(alone, kind, **changes)) == ("BAD_USER_INPUT", reason)
    assert await listed(alone) == []


@pytest.mark.parametrize("persona", ["student-1", "teacher-a", "head-a", "instructor-1", "authority-1"])
async def test_nobody_else_appoints_lists_or_ends(alone: Gateway, persona: str) -> None:
    part = await the_part(alone, INSTRUCTOR)
    made = await appointed(alone)
    for query, variables in ((INSTRUCTOR, {"right": AT_A, "part": part}), (END, {"id": made["id"]})):
        assert refused(await alone.ask(persona, query, variables)) == ("ACTING_ROLE_NOT_HELD", None)
    assert (await alone.ask(persona, LIST, {"right": AT_A}))["data"] == {"appointments": None}
    assert [each["state"] for each in await listed(alone)] == ["WAITING"]


async def test_another_providers_appointment_and_one_that_never_was_end_alike(alone: Gateway) -> None:
    made = await appointed(alone)
    hidden = await alone.post("staff-b", END, {"id": made["id"]})
    assert hidden.content == (await alone.post("staff-b", END, {"id": "0" * 32})).content
    assert refused(hidden.json()) == ("BAD_USER_INPUT", "NO_SUCH_APPOINTMENT")
    assert [each["endedOn"] for each in await listed(alone)] == [None]


# --- codes ------------------------------------------------------------------------------------------------------


async def test_a_code_is_the_first_persons_who_brings_it(alone: Gateway) -> None:
    made = await appointed(alone)
    await accepted(alone, "instructor-1", made)
    assert refused(await alone.ask("instructor-2", ACCEPT, {"code": made["code"]})) == CANNOT_BE_USED
    assert await seen(alone, "instructor-2") == []
    await accepted(alone, "instructor-1", made)  # again, as after an answer that got lost
    (row,) = await listed(alone)
    assert (row["state"], row["personOid"]) == ("ACCEPTED", people().subject_of("instructor-1"))


async def test_whatever_keeps_a_code_from_being_used_the_answer_is_one(alone: Gateway) -> None:
    used, ended, of_assessor, expired = [
        await appointed(alone, kind) for kind in (INSTRUCTOR, INSTRUCTOR, ASSESSOR, INSTRUCTOR)
    ]
    await accepted(alone, "instructor-2", used)
    await alone.ask("staff-a", END, {"id": ended["id"]})
    alone.later(14 * DAYS + 1)
    waiting = await appointed(alone)
    wrong = waiting["code"][:-1] + ("Y" if waiting["code"][-1] == "Z" else "Z")
    codes = [used["code"], ended["code"], of_assessor["code"], expired["code"], wrong, "", "DROP TABLE", "0" * 35]
    answers = {(await alone.post("instructor-1", ACCEPT, {"code": code})).content for code in codes}
    assert len(answers) == 1
    assert refused(json.loads(answers.pop())) == CANNOT_BE_USED
    states = {each["id"]: each["state"] for each in await listed(alone)}
    assert [states[each["id"]] for each in (used, ended, of_assessor, expired, waiting)] == [
        *("ACCEPTED", "ENDED", "LAPSED", "LAPSED", "WAITING"),
    ]


async def test_who_has_guessed_ten_times_is_not_believed_with_the_right_code_either(alone: Gateway) -> None:
    made = await appointed(alone)
    for _ in range(10):
        assert refused(await alone.ask("instructor-1", ACCEPT, {"code": "0" * 35})) == CANNOT_BE_USED
    assert refused(await alone.ask("instructor-1", ACCEPT, {"code": made["code"]})) == CANNOT_BE_USED
    assert await seen(alone, "instructor-1") == []
    alone.later(3601)
    await accepted(alone, "instructor-1", made)


async def test_a_code_that_was_missed_ten_times_is_dead(alone: Gateway) -> None:
    made = await appointed(alone)
    wrong = made["code"][:-1] + ("Y" if made["code"][-1] == "Z" else "Z")
    for persona in ("instructor-1", "instructor-2"):
        for _ in range(5):
            await alone.ask(persona, ACCEPT, {"code": wrong})
    assert refused(await alone.ask("instructor-3", ACCEPT, {"code": made["code"]})) == CANNOT_BE_USED
    assert [each["state"] for each in await listed(alone)] == ["LAPSED"]


async def test_a_clock_that_is_set_back_revives_no_code(alone: Gateway) -> None:
    made = await appointed(alone)
    alone.later(14 * DAYS + 1)
    await listed(alone)  # something is recorded at that time
    alone.later(-14 * DAYS)
    assert refused(await alone.ask("instructor-1", ACCEPT, {"code": made["code"]})) == CANNOT_BE_USED


@pytest.mark.parametrize("persona", ["staff-a", "student-1", "teacher-a", "recipient-1"])
async def test_only_workplace_roles_accept(alone: Gateway, persona: str) -> None:
    made = await appointed(alone)
    answer = await alone.ask(persona, ACCEPT, {"code": made["code"]})
    assert refused(answer) == ("ACTING_ROLE_NOT_HELD", None)
    await accepted(alone, "instructor-1", made)


async def test_a_code_stands_in_no_log_and_in_no_record(
    alone: Gateway, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = await appointed(alone)
        await accepted(alone, "instructor-1", made)
        await alone.ask("instructor-2", ACCEPT, {"code": made["code"]})
    secret = made["code"].replace("-", "")[8:]
    assert made["code"] not in caplog.text and secret not in caplog.text
    written = b"".join(file.read_bytes() for file in store.parent.iterdir())
    assert made["code"].encode() not in written and secret.encode() not in written


# --- restart, and the plan written anew -------------------------------------------------------------------------


async def test_codes_and_appointments_outlive_a_restart(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "sandbox"
    async with running(folder, world, no_appointments_told) as gateway:
        used, waiting = await appointed(gateway), await appointed(gateway, ASSESSOR)
        await accepted(gateway, "instructor-1", used)
        before = await seen(gateway, "instructor-1")
    async with running(folder, world, no_appointments_told) as gateway:
        assert await seen(gateway, "instructor-1") == before != []
        assert refused(await gateway.ask("instructor-2", ACCEPT, {"code": used["code"]})) == CANNOT_BE_USED
        await accepted(gateway, "assessor-1", waiting)
        assert len(await seen(gateway, "assessor-1")) == 1
        await gateway.ask("staff-a", END, {"id": used["id"]})
    async with running(folder, world, no_appointments_told) as gateway:
        assert await seen(gateway, "instructor-1") == []
        assert len(await seen(gateway, "assessor-1")) == 1


def written_anew(world: World, days: int = 0) -> World:
    """The world after A's plan was replaced whole: new ids throughout, and all dates so many days later."""

    def anew(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: anew(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [anew(each) for each in value]
        if name == "module-id":
            return str(uuid4())
        if name in ("alku", "loppu"):
            return (date.fromisoformat(value) + timedelta(days=days)).isoformat()
        return value

    plans = [
        replace(plan, document=anew(deepcopy(plan.document))) if plan.right.oid == AT_A else plan
        for plan in world.plans
    ]
    return replace(world, plans=tuple(plans))


async def test_a_plan_that_is_replaced_whole_keeps_its_period_and_loses_a_demonstration_whose_days_are_others(
    alone: Gateway, world: World
) -> None:
    instructs, assesses = await appointed(alone), await appointed(alone, ASSESSOR)
    await accepted(alone, "instructor-1", instructs)
    await accepted(alone, "assessor-1", assesses)

    alone.loopback.serve(written_anew(world))
    alone.later(60)
    assert [len(await seen(alone, each)) for each in ("instructor-1", "assessor-1")] == [1, 1]
    assert [each["findings"] for each in await listed(alone)] == [[], []]

    alone.loopback.serve(written_anew(world, days=7))
    alone.later(60)
    (student,) = await seen(alone, "instructor-1")
    (period,) = student["hoksit"][0]["plannedVocationalUnits"][0]["acquisitions"]
    assert period["startDate"] == "2026-10-09"
    assert await seen(alone, "assessor-1") == []

    rows = {each["id"]: each for each in await listed(alone)}
    assert (rows[instructs["id"]]["findings"], rows[instructs["id"]]["lastDay"]) == ([], "2027-03-04")
    lost = rows[assesses["id"]]
    assert (lost["state"], lost["partId"], lost["lastDay"]) == ("ACCEPTED", None, None)
    (finding,) = lost["findings"]
    assert (finding["code"], finding["item"]) == ("APPOINTMENT_NAMES_NO_PART", "D12")
    assert "nimitä uudelleen" in finding["message"]["fi"]

    await accepted(alone, "assessor-1", await appointed(alone, ASSESSOR))
    assert len(await seen(alone, "assessor-1")) == 1


async def test_while_the_plan_cannot_be_read_staff_can_end_what_they_have_made(alone: Gateway) -> None:
    made = await appointed(alone)
    await accepted(alone, "instructor-1", made)
    alone.loopback.faults["eHOKS"] = down
    alone.later(3600)
    assert refused(await alone.ask("staff-a", LIST, {"right": AT_A})) == ("UNAVAILABLE", None)
    assert refused(await asked(alone, INSTRUCTOR, part="0" * 32)) == ("UNAVAILABLE", None)
    assert "errors" not in await alone.ask("staff-a", END, {"id": made["id"]})
    del alone.loopback.faults["eHOKS"]
    alone.later(3600)
    assert await seen(alone, "instructor-1") == []


# --- what is on record ------------------------------------------------------------------------------------------


async def test_a_record_of_what_an_instructor_was_shown_names_the_appointment(alone: Gateway, store: Path) -> None:
    made = await appointed(alone)
    await accepted(alone, "instructor-1", made)
    await seen(alone, "instructor-1")
    told = [body for body in recorded(store) if body.get("role") == "instructor"]
    assert told
    for body in told:
        assert body["appointments"] == ([made["id"]] if body["plan"] else [])


async def test_who_lists_appointments_is_on_record(alone: Gateway, store: Path) -> None:
    await listed(alone)
    assert recorded(store) == []  # nobody is appointed: nothing was told
    await appointed(alone)
    await appointed(alone, ASSESSOR)
    before = len(recorded(store))
    await listed(alone)
    (body,) = recorded(store)[before:]
    assert (body["event"], body["plan"], body["items"]) == ("disclosed", AT_A, ["D12", "W1"])
    assert (body["subject"], body["source"]) == (PERSON_1, "a-ehoks")

"""Follow-up of groups and units, on the sandbox's own wire formats: who may ask, and what is told of each student."""

from pathlib import Path
from typing import Any

import pytest

from tests.stories.conftest import Gateway
from tests.stories.test_records import recorded

GROUP = """
query ($id: ID!, $theme: GuidanceTheme!) {
  guidanceGroup(id: $id, theme: $theme) {
    id theme themeText { fi } isInPlans notRead
    students { name responsibleTeachers firstApprovedOn updatedAt phase state }
  }
}
"""
SUMMARY = """
query ($oid: OrganisationOid!) {
  guidanceSummary(organisationOid: $oid) {
    notRead
    teachers {
      responsibleTeacher isFolded students approved updated
      states { state students } phases { phase students }
    }
  }
}
"""
A, SCHOOL_OF_A = "1.2.246.562.99.99000000010", "1.2.246.562.99.99000000119"
TEACHER_A = "1.2.246.562.98.98000009112"
AINO, EETU, ELIAS = "Aino Elviira Lehtovirta", "Eetu Ilmari Harjukangas", "Elias Johannes Tervajoki"
ENDED = "PERIOD_ENDED_WITHOUT_DEMONSTRATION"


async def group(gateway: Gateway, persona: str, name: str, theme: str = "PLAN_CHECK") -> Any:
    """A group as a persona sees it."""
    answer = await gateway.ask(persona, GROUP, {"id": name, "theme": theme})
    assert "errors" not in answer
    return answer["data"]["guidanceGroup"]


async def test_a_counsellor_sees_of_each_student_of_the_group_who_it_is_and_what_the_plan_waits_for(
    gateway: Gateway,
) -> None:
    found = await group(gateway, "counsellor-a", "OPO-3")

    assert found["isInPlans"]
    assert found["notRead"] == 0
    assert found["students"] == [
        {
            "name": AINO,
            "responsibleTeachers": [TEACHER_A],
            "firstApprovedOn": "2025-08-27",
            "updatedAt": "2026-10-03T08:26:00+00:00",
            "phase": "PROGRESSING",
            "state": ENDED,
        },
        {
            "name": EETU,
            "responsibleTeachers": [],
            "firstApprovedOn": "2025-01-26",
            "updatedAt": "2026-10-03T12:47:00+00:00",
            "phase": "PROGRESSING",
            "state": ENDED,
        },
        {
            "name": ELIAS,
            "responsibleTeachers": [TEACHER_A],
            "firstApprovedOn": "2025-08-24",
            "updatedAt": "2026-10-03T07:41:00+00:00",
            "phase": "PROGRESSING",
            "state": ENDED,
        },
    ]


@pytest.mark.parametrize(
    ("persona", "name", "is_there"),
    [
        ("counsellor-a", "OPO-3", True),
        ("staff-a", "OPO-3", True),
        ("staff-a-school", "OPO-3", True),
        ("system-a", "OPO-3", True),
        ("counsellor-c", "SHV-2", True),
        ("staff-c", "SHV-2", True),
        ("counsellor-a", "SHV-2", False),
        ("staff-b", "OPO-3", False),
        ("staff-c", "OPO-3", False),
        ("teacher-a", "OPO-3", False),  # the students are theirs, the group is not
        ("head-a", "OPO-3", False),  # in counts only
        ("student-1", "OPO-3", False),
        ("instructor-1", "OPO-3", False),
        ("oph-1", "OPO-3", False),
    ],
)
async def test_a_group_is_told_to_those_it_is_assigned_to_and_to_own_staff(
    gateway: Gateway, persona: str, name: str, is_there: bool
) -> None:
    assert (await group(gateway, persona, name) is not None) is is_there


async def test_a_group_that_is_anothers_and_one_that_is_not_come_to_the_same_bytes(gateway: Gateway) -> None:
    variables = {"id": "OPO-3", "theme": "PROGRESS"}
    anothers = await gateway.post("staff-c", GROUP, variables)
    nobodys = await gateway.post("staff-c", GROUP, {**variables, "id": "OPO-4"})

    assert anothers.content == nobodys.content


@pytest.mark.parametrize(
    ("theme", "names", "is_in_plans"),
    [
        ("START_OF_STUDIES", [], True),
        ("ABSENCES", [], False),
        ("PLAN_CHECK", [AINO, EETU, ELIAS], True),
        ("PROGRESS", [AINO, EETU, ELIAS], True),
        ("FINAL_PHASE", [], True),
    ],
)
async def test_a_theme_picks_the_students_whom_its_meeting_is_about(
    gateway: Gateway, theme: str, names: list[str], is_in_plans: bool
) -> None:
    found = await group(gateway, "counsellor-a", "OPO-3", theme)

    assert [each["name"] for each in found["students"]] == names
    assert found["isInPlans"] is is_in_plans
    assert found["themeText"]["fi"]


async def test_the_final_phase_is_of_those_whose_studies_end_soon(gateway: Gateway) -> None:
    found = await group(gateway, "staff-c", "SHV-2", "FINAL_PHASE")

    assert [each["name"] for each in found["students"]] == ["Onni Verneri Rautalahti"]


async def test_what_a_group_tells_is_recorded_person_by_person(gateway: Gateway, tmp_path: Path) -> None:
    await gateway.ask("counsellor-a", '{ guidanceGroup(id: "OPO-3") { students { name state } } }')

    records = recorded(tmp_path / "sandbox" / "records" / "records.db")
    assert len(records) == 6
    assert {each["subject"] for each in records} == {
        "1.2.246.562.98.98000000012",
        "1.2.246.562.98.98000000020",
        "1.2.246.562.98.98000000079",
    }
    persons = [each for each in records if each["plan"] is None]
    assert {tuple(each["items"]) for each in persons} == {("ID",)}
    plans = [each for each in records if each["plan"] is not None]
    assert {tuple(each["rules"]) for each in plans} == {("counsellor-own", "group-assigned")}
    assert {tuple(each["items"]) for each in plans} == {("D1", "D10", "D2u", "G", "W4", "W5")}


async def test_a_group_without_its_students_selected_tells_of_nobody(gateway: Gateway, tmp_path: Path) -> None:
    await gateway.ask("counsellor-a", '{ guidanceGroup(id: "OPO-3") { id themeText { fi } } }')

    assert recorded(tmp_path / "sandbox" / "records" / "records.db") == []


async def test_a_plan_that_cannot_be_read_is_no_plan_without_approval(gateway: Gateway) -> None:
    def down(_: Any) -> Any:
        raise ConnectionError

    gateway.loopback.faults["eHOKS"] = down
    answer = await gateway.ask("counsellor-a", GROUP, {"id": "OPO-3", "theme": "PLAN_CHECK"})

    found = answer["data"]["guidanceGroup"]
    assert [(each["name"], each["state"]) for each in found["students"]] == [(AINO, None), (EETU, None), (ELIAS, None)]
    assert found["notRead"] == 3
    assert answer["extensions"]["gaps"] == [{"source": "a-ehoks", "outcome": "UNAVAILABLE"}]


async def test_without_the_rights_a_group_is_unavailable_whether_it_is_there_or_not(gateway: Gateway) -> None:
    def down(_: Any) -> Any:
        raise ConnectionError

    gateway.loopback.faults["Koski"] = down
    for name in ("OPO-3", "OPO-4"):
        answer = await gateway.ask("staff-a", GROUP, {"id": name, "theme": "PLAN_CHECK"})
        assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAVAILABLE"]


# --- the summary of a unit ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "organisation", "is_there"),
    [
        ("head-a", SCHOOL_OF_A, True),
        ("staff-a", A, True),
        ("system-a", A, True),
        ("head-a", A, False),
        ("staff-a", SCHOOL_OF_A, False),  # counts of two levels could be subtracted: each is asked for where one acts
        ("staff-c", A, False),
        ("counsellor-a", SCHOOL_OF_A, False),
        ("student-1", A, False),
    ],
)
async def test_a_summary_is_told_of_the_acting_organisation_alone(
    gateway: Gateway, persona: str, organisation: str, is_there: bool
) -> None:
    answer = await gateway.ask(persona, SUMMARY, {"oid": organisation})

    assert "errors" not in answer
    assert (answer["data"]["guidanceSummary"] is not None) is is_there


async def test_teachers_of_fewer_than_five_students_are_put_together(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-a", SUMMARY, {"oid": A})

    without, together = answer["data"]["guidanceSummary"]["teachers"]
    # teacher-a has three students and dual-a two; nobody else at A has a responsible teacher.
    assert (without["responsibleTeacher"], without["isFolded"]) == (None, False)
    assert (together["responsibleTeacher"], together["isFolded"], together["students"]) == (None, True, 5)
    assert together["states"] == [
        {"state": "NOT_APPROVED", "students": 0},
        {"state": "NOT_UPDATED", "students": 0},
        {"state": "NOTHING_PLANNED", "students": 0},
        {"state": ENDED, "students": 5},
        {"state": "UP_TO_DATE", "students": 0},
        {"state": None, "students": 0},
    ]


async def test_a_summary_tells_of_nobody_and_leaves_no_record(gateway: Gateway, tmp_path: Path) -> None:
    answer = await gateway.ask("head-a", SUMMARY, {"oid": SCHOOL_OF_A})

    assert answer["data"]["guidanceSummary"]["teachers"]
    assert answer["extensions"]["access"]["withheld"] == []
    assert recorded(tmp_path / "sandbox" / "records" / "records.db") == []


@pytest.mark.parametrize(
    ("persona", "given"),
    [
        ("staff-a", {"a-ehoks": "NONE", "a-koski": "NONE", "a-staff": "LISTS"}),
        ("staff-b", {"b-primus": "LISTS"}),
        ("staff-c", {"c-roster": "LISTS", "c-table": "LISTS"}),
    ],
)
async def test_the_sources_say_which_of_them_tells_groups_and_teachers(
    gateway: Gateway, persona: str, given: dict[str, str]
) -> None:
    answer = await gateway.ask(persona, "{ sources { source guidance } }")

    assert {each["source"]: each["guidance"] for each in answer["data"]["sources"]} == given

"""Everyone else the law names, on the sandbox's own wire formats: workplaces, consent, authorities, guidance."""

from typing import Any

import pytest

from tests.stories.conftest import Gateway

EVERYTHING = """
query ($oid: LearnerOid!) {
  student(oid: $oid) { name hoksit { studyRightOid } }
}
"""
MINE = """
{
  viewer { role appointments { kind } groups }
  students(first: 50) {
    edges {
      node {
        oid
        name
        studyRights { oid }
        hoksit {
          studyRightOid
          firstApprovedOn
          careerPlanGoal { uri }
          learningSupport { id }
          provenance { source }
          priorVocationalUnits { id }
          plannedVocationalUnits {
            unit { uri }
            deviationFromRequirements
            acquisitions { sourceKey startDate workplaceLearning { keyTasks workplaceName } }
            demonstrations { startDate environment { name } workingLifeAssessors { name organisationName } }
          }
        }
      }
    }
  }
}
"""
PERSON_1 = "1.2.246.562.98.98000000012"
PERSON_7 = "1.2.246.562.98.98000000079"


async def students_of(gateway: Gateway, persona: str, query: str = MINE) -> list[dict[str, Any]]:
    """The caller's own students."""
    answer = await gateway.ask(persona, query)
    assert "errors" not in answer
    return [edge["node"] for edge in answer["data"]["students"]["edges"]]


def periods(student: dict[str, Any]) -> list[str]:
    """The first days of the periods shown of a student, unit by unit."""
    return [
        f"{unit['unit']['uri']} {period['startDate']}"
        for plan in student["hoksit"]
        for unit in plan["plannedVocationalUnits"]
        for period in unit["acquisitions"]
    ]


async def test_an_instructor_sees_at_both_providers_only_the_periods_that_name_them(gateway: Gateway) -> None:
    trainees = await students_of(gateway, "instructor-1")

    assert len(trainees) == 2
    assert {student["oid"] for student in trainees} == {None}
    assert all(student["name"] for student in trainees)
    assert [len(periods(student)) for student in trainees] == [1, 1]
    assert {period.split()[0] for student in trainees for period in periods(student)} == {"tutkinnonosat_109203"}
    for student in trainees:
        (plan,) = student["hoksit"]
        assert plan["studyRightOid"] is None
        assert plan["provenance"] is None
        assert plan["careerPlanGoal"] is None
        assert plan["learningSupport"] is None
        assert not plan["priorVocationalUnits"]
        (unit,) = plan["plannedVocationalUnits"]
        assert unit["deviationFromRequirements"] is None
        assert unit["acquisitions"][0]["workplaceLearning"]["keyTasks"]


async def test_two_instructors_of_one_student_do_not_see_each_others_periods(gateway: Gateway) -> None:
    (of_the_first,) = [each for each in await students_of(gateway, "instructor-1") if "Tervajoki" in each["name"]]
    (of_the_second,) = await students_of(gateway, "instructor-2")

    assert of_the_second["name"] == of_the_first["name"]
    assert set(periods(of_the_first)).isdisjoint(periods(of_the_second))


async def test_an_assessor_sees_one_demonstration_and_no_period(gateway: Gateway) -> None:
    (student,) = await students_of(gateway, "assessor-1")

    (plan,) = student["hoksit"]
    (unit,) = plan["plannedVocationalUnits"]
    assert unit["acquisitions"] is None
    (demonstration,) = unit["demonstrations"]
    assert demonstration["startDate"] == "2026-11-23"
    assert demonstration["environment"]["name"] == "Pikkulahden Osuuskunta"
    assert plan["learningSupport"] is None


async def test_a_workplace_cannot_ask_by_a_students_number(gateway: Gateway) -> None:
    answer = await gateway.ask("instructor-1", EVERYTHING, {"oid": "1.2.246.562.98.98000000046"})

    assert answer["data"] == {"student": None}


async def test_a_recipient_sees_what_the_consent_names_and_nothing_of_the_other_plan(gateway: Gateway) -> None:
    (student,) = await students_of(gateway, "recipient-1")

    assert student["oid"] is None
    assert student["name"] is None
    (plan,) = student["hoksit"]
    assert plan["firstApprovedOn"] is not None
    assert plan["careerPlanGoal"] is None
    assert plan["plannedVocationalUnits"]
    assert {unit["acquisitions"] for unit in plan["plannedVocationalUnits"]} == {None}


@pytest.mark.parametrize(
    ("persona", "sees"),
    [
        ("authority-1", True),  # a provision in the settings
        ("authority-2", False),
        ("fund-1", False),
        ("oph-1", False),  # the right is valid
    ],
)
async def test_an_authority_sees_what_a_provision_gives_it_and_otherwise_nothing(
    gateway: Gateway, persona: str, sees: bool
) -> None:
    query = "query ($oid: LearnerOid!) { student(oid: $oid) { hoksit { firstApprovedOn learningSupport { id } } } }"
    answer = await gateway.ask(persona, query, {"oid": PERSON_1})

    student = answer["data"]["student"]
    assert (student is not None) is sees
    if sees:
        (plan,) = student["hoksit"]
        assert plan["firstApprovedOn"] is not None
        assert plan["learningSupport"] is None


@pytest.mark.parametrize(
    ("persona", "expected"),
    [
        ("teacher-a", {"98000000012", "98000000046", "98000000079"}),
        ("counsellor-a", {"98000000012", "98000000020", "98000000079"}),
        ("special-a", {"98000000079"}),
        ("social-a", {"98000000079"}),
    ],
)
async def test_guidance_roles_list_the_students_assigned_to_them(
    gateway: Gateway, persona: str, expected: set[str]
) -> None:
    assert {student["oid"][-11:] for student in await students_of(gateway, persona)} == expected


async def test_a_teacher_sees_what_an_assigned_student_has_at_the_other_provider(gateway: Gateway) -> None:
    answer = await gateway.ask("teacher-a", EVERYTHING, {"oid": PERSON_7})

    assert [plan["studyRightOid"][-5:] for plan in answer["data"]["student"]["hoksit"]] == ["70118", "70233"]


async def test_a_social_worker_sees_dates_and_not_what_stands_behind_them(gateway: Gateway) -> None:
    (student,) = await students_of(gateway, "social-a")

    (plan,) = student["hoksit"]
    assert plan["careerPlanGoal"] is not None
    assert plan["learningSupport"] is None
    demonstrations = [each for unit in plan["plannedVocationalUnits"] for each in unit["demonstrations"]]
    assert all(each["startDate"] for each in demonstrations)
    assert {str(each["environment"]) for each in demonstrations} == {"None"}


async def test_the_viewer_is_told_what_they_are(gateway: Gateway) -> None:
    instructor = await gateway.ask("instructor-1", "{ viewer { role appointments { kind } groups } }")
    counsellor = await gateway.ask("counsellor-a", "{ viewer { role organisationName { fi } groups } }")

    assert instructor["data"]["viewer"] == {
        "role": "INSTRUCTOR",
        "appointments": [{"kind": "INSTRUCTOR"}, {"kind": "INSTRUCTOR"}],
        "groups": [],
    }
    assert counsellor["data"]["viewer"] == {
        "role": "GUIDANCE_COUNSELLOR",
        "organisationName": {"fi": "Aurajoen ammattiopisto"},
        "groups": ["OPO-3"],
    }


async def test_a_token_with_several_roles_acts_in_the_one_that_is_named(gateway: Gateway) -> None:
    unnamed = await gateway.post("dual-a", "{ viewer { role } }")

    assert unnamed.status_code == 400
    assert unnamed.json()["errors"][0]["extensions"]["code"] == "ACTING_ROLE_REQUIRED"


async def test_what_was_withheld_from_a_workplace_is_told_by_coordinate_and_ground(gateway: Gateway) -> None:
    answer = await gateway.ask("instructor-1", MINE)

    rows = {row["coordinate"]: row for row in answer["extensions"]["access"]["withheld"]}
    assert rows["Hoks.learningSupport"]["reason"] == "NO_RULE"
    assert rows["Student.oid"]["item"] == "ID"
    assert "Student.name" not in rows
    assert "CompetenceAcquisition.startDate" not in rows

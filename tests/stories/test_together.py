"""What the plans of one student say together, asked over HTTP by those who use it, and what the log says of it."""

from pathlib import Path
from typing import Any

import pytest

from deploy import log_verify
from gateway.records import chain
from tests.stories.conftest import Gateway

ELIAS = "1.2.246.562.98.98000000079"
LINUS = "1.2.246.562.98.98000000046"
AT_A, AT_C = "1.2.246.562.15.15000070118", "1.2.246.562.15.15000070233"

ACQUIRED_ELSEWHERE = """
{
  students(first: 50) {
    edges {
      node {
        name
        hints {
          kind
          matchedBy
          startDate
          endDate
          workingTimePercent
          evidence {
            studyRightOid
            provider { name { fi } }
            partId
            basis
            unit { uri name { fi sv en } }
            endDate
            workingTimePercent
            items
            provenance { source }
          }
        }
      }
    }
  }
}
"""


async def hints_of(gateway: Gateway, persona: str, kind: str) -> dict[str, list[dict[str, Any]]]:
    """The hints of one kind of each of the caller's students, by name."""
    answer = await gateway.ask(persona, ACQUIRED_ELSEWHERE)
    assert "errors" not in answer
    students = [edge["node"] for edge in answer["data"]["students"]["edges"]]
    return {each["name"]: [hint for hint in each["hints"] if hint["kind"] == kind] for each in students}


def pairs(hints: list[dict[str, Any]]) -> set[tuple[str, str, str, str]]:
    """Of each hint of units: the code, where it is planned, where it is more than that, and what it is there."""
    found = set()
    for hint in hints:
        planned = next(each for each in hint["evidence"] if each["basis"] == "PLANNED")
        other = next(each for each in hint["evidence"] if each is not planned)
        code = planned["unit"]["uri"].rpartition("_")[2]
        found.add((code, planned["studyRightOid"][-5:], other["studyRightOid"][-5:], other["basis"]))
    return found


async def test_a_teacher_is_told_what_students_have_already_acquired_elsewhere(gateway: Gateway) -> None:
    of_students = await hints_of(gateway, "teacher-a", "ACQUIRED_ELSEWHERE")

    # Aino has one plan; of Linus and Elias there is another provider's beside the teacher's own.
    assert {name: bool(hints) for name, hints in of_students.items()} == {
        "Aino Elviira Lehtovirta": False,
        "Linus Axel Strandholm": True,
        "Elias Johannes Tervajoki": True,
    }
    here = {each for each in pairs(of_students["Elias Johannes Tervajoki"]) if each[1] == "70118"}
    # Of what is planned at A: two subareas recognised at C, a unit and a subarea demonstrated for recognition there.
    assert here == {
        ("ytyk", "70118", "70233", "RECOGNISED"),
        ("ytkk", "70118", "70233", "RECOGNISED"),
        ("yttt", "70118", "70233", "DEMONSTRATED"),
        ("106729", "70118", "70233", "DEMONSTRATED"),
    }


async def test_each_hint_says_on_which_part_of_which_plan_it_rests(gateway: Gateway) -> None:
    hints = (await hints_of(gateway, "teacher-a", "ACQUIRED_ELSEWHERE"))["Elias Johannes Tervajoki"]

    (hint,) = [each for each in hints if ("ytyk", "70118", "70233", "RECOGNISED") in pairs([each])]
    planned, recognised = sorted(hint["evidence"], key=lambda each: each["basis"])
    assert (planned["provenance"]["source"], recognised["provenance"]["source"]) == ("a-ehoks", "c-table")
    assert recognised["provider"]["name"]["fi"] == "Ceder ammattiopisto kuntayhtymä"
    assert (planned["items"], recognised["items"]) == (["SR", "D2u"], ["SR", "D3"])
    assert planned["partId"] != recognised["partId"]


async def test_who_changed_providers_has_what_was_demonstrated_there_beside_what_is_planned_here(
    gateway: Gateway,
) -> None:
    query = """
    query ($oid: LearnerOid!) {
      student(oid: $oid) {
        combinedUnits {
          kind matchedBy unit { uri } requirementsRegisterNumber
          occurrences { studyRightOid stage demonstratedOn }
          hints { kind matchedBy evidence { studyRightOid basis } }
        }
      }
    }
    """
    answer = await gateway.ask("staff-a", query, {"oid": "1.2.246.562.98.98000000269"})
    units = [unit for unit in answer["data"]["student"]["combinedUnits"] if unit["kind"] == "VOCATIONAL"]

    planned = {unit["unit"]["uri"][-6:]: unit for unit in units if len(unit["occurrences"]) == 2 and unit["hints"]}
    assert set(planned) == {"109301", "109302", "109303", "109304", "109305"}
    for unit in planned.values():
        assert (unit["matchedBy"], unit["requirementsRegisterNumber"]) == ("CODE_AND_REQUIREMENTS", "OPH-9102-2026")
        assert [each["studyRightOid"][-5:] for each in unit["occurrences"]] == ["60131", "60214"]
        assert unit["occurrences"][0]["stage"] == "DEMONSTRATED"
        assert unit["occurrences"][1]["stage"] in {"UNDER_WAY", "AHEAD"}
        (hint,) = [each for each in unit["hints"] if each["kind"] == "ACQUIRED_ELSEWHERE"]
        assert (hint["kind"], hint["matchedBy"]) == ("ACQUIRED_ELSEWHERE", "CODE_AND_REQUIREMENTS")
        assert [(each["studyRightOid"][-5:], each["basis"]) for each in hint["evidence"]] == [
            ("60131", "DEMONSTRATED"),
            ("60214", "PLANNED"),
        ]


async def test_what_was_sent_to_assessors_elsewhere_is_told_with_its_day(gateway: Gateway) -> None:
    hints = (await hints_of(gateway, "teacher-a", "SENT_FOR_ASSESSMENT_ELSEWHERE"))["Elias Johannes Tervajoki"]

    assert pairs(hints) == {("ytyr", "70118", "70233", "SENT_FOR_ASSESSMENT")}
    assert {each["endDate"] for each in hints[0]["evidence"]} == {None, "2025-08-27"}


async def test_what_is_planned_at_both_is_told_once(gateway: Gateway) -> None:
    hints = (await hints_of(gateway, "counsellor-c", "PLANNED_AT_BOTH"))["Elias Johannes Tervajoki"]

    codes = {each["evidence"][0]["unit"]["uri"].rpartition("_")[2] for each in hints}
    assert codes == {"106727", "vvtd", "vvvv17", "vvai22", "vvtk1"}
    assert {tuple(each["studyRightOid"] for each in hint["evidence"]) for hint in hints} == {(AT_A, AT_C)}


async def test_overlapping_periods_and_their_working_times_are_told(gateway: Gateway) -> None:
    overlapping = (await hints_of(gateway, "teacher-a", "OVERLAPPING_WORKPLACE_PERIODS"))["Elias Johannes Tervajoki"]
    over = (await hints_of(gateway, "teacher-a", "OVER_FULL_TIME"))["Elias Johannes Tervajoki"]

    assert (overlapping[0]["startDate"], overlapping[0]["endDate"]) == ("2026-10-05", "2026-11-27")
    assert (over[0]["startDate"], over[0]["endDate"], over[0]["workingTimePercent"]) == (
        "2026-10-05",
        "2026-11-27",
        175,
    )
    assert [(each["studyRightOid"], each["workingTimePercent"]) for each in over[0]["evidence"]] == [
        (AT_A, 100),
        (AT_C, 75),
    ]


async def test_who_sees_one_of_the_plans_is_told_nothing_of_the_two_together(gateway: Gateway) -> None:
    query = f'{{ student(oid: "{ELIAS}") {{ hints {{ kind }} combinedUnits {{ hints {{ kind }} }} }} }}'
    student = (await gateway.ask("social-a", query))["data"]["student"]

    assert student["hints"] == []
    assert {str(unit["hints"]) for unit in student["combinedUnits"]} == {"[]"}


# --- guidance and progress ------------------------------------------------------------------------------------

GUIDANCE = """
query ($oid: LearnerOid!) {
  student(oid: $oid) {
    hoksit {
      studyRightOid
      guidancePhase { phase phaseName { fi } reason reasonText { fi } careerPlanGoal { uri } }
      progress { planned ahead underWay demonstrated undated recognised beingRecognised otherPrior isOfWholePlan }
    }
  }
}
"""


async def plans_of(gateway: Gateway, persona: str, oid: str) -> dict[str, dict[str, Any]]:
    """The plans of a student by the end of their right's OID."""
    answer = await gateway.ask(persona, GUIDANCE, {"oid": oid})
    assert "errors" not in answer
    return {str(plan["studyRightOid"])[-5:]: plan for plan in answer["data"]["student"]["hoksit"]}


async def test_each_plan_has_its_own_phase_of_guidance(gateway: Gateway) -> None:
    plans = await plans_of(gateway, "teacher-a", LINUS)

    assert plans["40111"]["guidancePhase"] == {
        "phase": "FINAL",
        "phaseName": {"fi": "Opintojen päättövaiheessa"},
        "reason": "END_APPROACHES",
        "reasonText": {"fi": "Opintojen päättymiseen on enintään puoli vuotta."},
        "careerPlanGoal": plans["40111"]["guidancePhase"]["careerPlanGoal"],
    }
    assert (plans["40236"]["guidancePhase"]["phase"], plans["40236"]["guidancePhase"]["reason"]) == (
        "STARTING",
        "JUST_BEGUN",
    )


async def test_progress_is_counted_where_it_is_shown_and_unknown_where_it_is_not(gateway: Gateway) -> None:
    to_the_teacher = (await plans_of(gateway, "teacher-a", ELIAS))["70118"]["progress"]
    to_the_social_worker = (await plans_of(gateway, "social-a", ELIAS))["70118"]["progress"]

    assert to_the_teacher == {
        "planned": 14,
        "ahead": 7,
        "underWay": 5,
        "demonstrated": 2,
        "undated": 0,
        "recognised": 2,
        "beingRecognised": 1,
        "otherPrior": 4,
        "isOfWholePlan": True,
    }
    # Prior competence and the days of workplace periods are not for the social worker.
    assert to_the_social_worker == {
        **dict.fromkeys(to_the_teacher),
        "planned": 14,
        "demonstrated": 2,
        "isOfWholePlan": True,
    }


async def test_the_head_of_training_is_told_no_phase_that_rests_on_units(gateway: Gateway) -> None:
    plans = await plans_of(gateway, "head-a", ELIAS)

    assert {plan["guidancePhase"]["reason"] for plan in plans.values()} == {"NOT_KNOWN"}
    assert {plan["guidancePhase"]["phase"] for plan in plans.values()} == {None}


# --- the timeline ---------------------------------------------------------------------------------------------

TIMELINE = """
query ($oid: LearnerOid!, $from: Date, $to: Date, $first: Int! = 50, $after: Cursor) {
  student(oid: $oid) {
    timeline(from: $from, to: $to, first: $first, after: $after) {
      edges { cursor node { kind startDate endDate studyRightOid partId unit { uri } state items } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


async def entries(gateway: Gateway, persona: str, **asked: Any) -> dict[str, Any]:
    """One page of a student's timeline."""
    answer = await gateway.ask(persona, TIMELINE, {"oid": ELIAS, **asked})
    assert "errors" not in answer, answer
    timeline: dict[str, Any] = answer["data"]["student"]["timeline"]
    return timeline


async def test_the_timeline_goes_across_providers_in_order_of_days(gateway: Gateway) -> None:
    timeline = await entries(gateway, "teacher-a", **{"from": "2026-10-01", "to": "2026-10-05", "first": 200})
    nodes = [edge["node"] for edge in timeline["edges"]]

    days = [node["startDate"] or node["endDate"] for node in nodes]
    assert days == sorted(days)
    assert {node["studyRightOid"] for node in nodes} == {AT_A, AT_C}
    assert {"STUDY_RIGHT_STATE", "LEARNING", "INTERRUPTION", "UPDATE", "SUPPORT"} <= {node["kind"] for node in nodes}
    assert not timeline["pageInfo"]["hasNextPage"]


async def test_page_by_page_it_is_the_whole(gateway: Gateway) -> None:
    whole = [edge["node"] for edge in (await entries(gateway, "teacher-a", first=200))["edges"]]
    by_page, after = [], None
    while True:
        found = await entries(gateway, "teacher-a", first=40, after=after)
        by_page += [edge["node"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert len(whole) > 80
    assert by_page == whole


@pytest.mark.parametrize("persona", ["counsellor-a", "student-7"])
async def test_a_cursor_is_good_for_nobody_else(gateway: Gateway, persona: str) -> None:
    cursor = (await entries(gateway, "teacher-a", first=1))["pageInfo"]["endCursor"]
    answer = await gateway.ask(persona, TIMELINE, {"oid": ELIAS, "after": cursor})

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_cursor_is_good_for_no_other_student_and_no_other_list(gateway: Gateway) -> None:
    cursor = (await entries(gateway, "teacher-a", first=1))["pageInfo"]["endCursor"]
    of_another = await gateway.ask("teacher-a", TIMELINE, {"oid": LINUS, "after": cursor})
    of_students = await gateway.ask("teacher-a", f'{{ students(after: "{cursor}") {{ edges {{ cursor }} }} }}')

    assert of_another["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert of_students["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [0, -1, 201])
async def test_a_page_has_a_size(gateway: Gateway, first: int) -> None:
    answer = await gateway.ask("teacher-a", TIMELINE, {"oid": ELIAS, "first": first})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


# --- what the log says ----------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The store of the running gateway."""
    return tmp_path / "sandbox" / "records" / "records.db"


def recorded(store: Path) -> dict[str, list[str]]:
    """The items in the log by study right; what one source told of it is one record."""
    bodies = [chain.opened(record.body or b"{}") for record in log_verify.records_of(store)]
    told = [body for body in bodies if body["event"] == "disclosed"]
    assert len({(body["plan"], body["source"]) for body in told}) == len(told)
    items: dict[str, set[str]] = {}
    for body in told:
        items.setdefault(str(body["plan"]), set()).update(body["items"])
    return {right: sorted(of_right) for right, of_right in items.items()}


@pytest.mark.parametrize(
    ("selection", "at_a", "at_c"),
    [
        # Whether there is a hint tells what it rests on, of each plan its own: what is sent to assessors and planned
        # elsewhere is so at C alone, and so is the apprenticeship, whose days are W5.
        (
            "hints { __typename }",
            ["D10", "D2u", "D3", "D5", "SR", "W4", "X"],
            ["D10", "D2u", "D3", "D4", "D5", "SR", "W4", "W5", "X"],
        ),
        ("hoksit { progress { recognised } }", ["D3"], ["D3"]),
        ("hoksit { progress { planned } }", ["D2u"], ["D2u"]),
        ("hoksit { guidancePhase { phase } }", ["D10", "D1", "D2u", "SR"], ["D10", "D1", "D2u", "SR"]),
        ("hoksit { guidancePhase { careerPlanGoal { uri } } }", ["D13"], ["D13"]),
        ("combinedUnits { occurrences { sentForAssessmentOn } }", ["D4"], ["D4"]),
        ('timeline(from: "2026-10-06", to: "2026-10-06") { edges { node { unit { uri } } } }', ["D2u"], ["D2u"]),
        (
            'timeline(from: "2026-10-06", to: "2026-10-06") { edges { node { startDate } } }',
            ["G", "Gi", "SR", "W4"],
            ["D9", "G", "Gi", "SR", "W4"],
        ),
    ],
)
async def test_what_is_drawn_is_recorded_under_the_items_it_rests_on(
    gateway: Gateway, store: Path, selection: str, at_a: list[str], at_c: list[str]
) -> None:
    answer = await gateway.ask("teacher-a", f'{{ student(oid: "{ELIAS}") {{ {selection} }} }}')
    assert "errors" not in answer
    told = recorded(store)
    assert (told.get(AT_A), told.get(AT_C)) == (sorted(at_a), sorted(at_c))

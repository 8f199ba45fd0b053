"""Provider D, whose own system is connected by settings alone: read whole, listed, concurrent both ways, and missed."""

from typing import Any

import httpx
import pytest

from tests.stories.conftest import Fault, Gateway
from tests.stories.test_faults import FAULTS

SAIMI = "1.2.246.562.98.98000000244"
AT_A, AT_D = "1.2.246.562.15.15000240117", "1.2.246.562.15.15000240240"
QUERY = """
query ($oid: LearnerOid!) {
  student(oid: $oid) {
    studyRights { oid state startDate provider { oid } findings { code } }
    hoksit {
      studyRightOid
      firstApprovedOn
      provenance { source stale }
      findings { code place }
      plannedVocationalUnits {
        unit { uri }
        acquisitions { startDate endDate mode interruptions { startDate }
          workplaceLearning { workplaceName keyTasks } otherLearningEnvironments { environment { uri } } }
        demonstrations { startDate contentDescriptions providerAssessors { name } workingLifeAssessors { name } }
      }
      plannedCommonUnits { unit { uri } subareas { subarea { uri } acquisitions { startDate } } }
      plannedLocalUnits { name }
      learningSupport { supportType { uri } }
      priorVocationalUnits { unit { uri } skillsDemonstrations { startDate } }
      priorCommonUnits { unit { uri } subareas { subarea { uri } } }
    }
    sources { source outcome }
  }
}
"""


async def _seen(gateway: Gateway, persona: str) -> dict[str, Any]:
    answer = await gateway.ask(persona, QUERY, {"oid": SAIMI})
    assert "errors" not in answer
    student: dict[str, Any] = answer["data"]["student"]
    return student


def _plan(student: dict[str, Any], right: str) -> dict[str, Any]:
    (plan,) = [each for each in student["hoksit"] if each["studyRightOid"] == right]
    return dict(plan)


async def test_each_provider_sees_the_others_plan_as_a_concurrent_one(gateway: Gateway) -> None:
    for persona in ("staff-a", "staff-d"):
        student = await _seen(gateway, persona)
        came_from = {each["studyRightOid"]: each["provenance"]["source"] for each in student["hoksit"]}
        assert came_from == {AT_A: "a-ehoks", AT_D: "d-campus"}
        assert {each["oid"]: (each["state"], each["startDate"]) for each in student["studyRights"]} == {
            AT_A: ("PRESENT", "2025-08-11"),
            AT_D: ("PRESENT", "2025-09-01"),
        }
    assert {each["source"]: each["outcome"] for each in student["sources"]}["d-campus"] == "OK"


async def test_the_plan_from_ds_system_is_whole(gateway: Gateway) -> None:
    """Every part of the plan as the world made it, in eHOKS's shape, stands in the graph."""
    made = next(each.document for each in gateway.world.plans_of("D") if each.right.oid == AT_D)
    plan = _plan(await _seen(gateway, "staff-d"), AT_D)
    assert plan["findings"] == []
    units = made["hankittavat-ammat-tutkinnon-osat"]
    assert [each["unit"]["uri"] for each in plan["plannedVocationalUnits"]] == [
        each["tutkinnon-osa-koodi-uri"] for each in units
    ]
    for shown, unit in zip(plan["plannedVocationalUnits"], units, strict=True):
        periods = unit["osaamisen-hankkimistavat"]
        assert [(each["startDate"], each["endDate"]) for each in shown["acquisitions"]] == [
            (each["alku"], each["loppu"]) for each in periods
        ]
        assert [len(each["interruptions"]) for each in shown["acquisitions"]] == [
            len(each.get("keskeytymisajanjaksot", ())) for each in periods
        ]
        assert [(each["workplaceLearning"] or {}).get("keyTasks") for each in shown["acquisitions"]] == [
            each.get("tyopaikalla-jarjestettava-koulutus", {}).get("keskeiset-tyotehtavat") for each in periods
        ]
        assert [each["contentDescriptions"] for each in shown["demonstrations"]] == [
            each["sisallon-kuvaus"] for each in unit["osaamisen-osoittaminen"]
        ]
        assert [each["workingLifeAssessors"][0]["name"] for each in shown["demonstrations"]] == [
            each["tyoelama-osaamisen-arvioijat"][0]["nimi"] for each in unit["osaamisen-osoittaminen"]
        ]
    for ours, theirs in (
        ("plannedCommonUnits", "hankittavat-yhteiset-tutkinnon-osat"),
        ("priorCommonUnits", "aiemmin-hankitut-yhteiset-tutkinnon-osat"),
    ):
        assert [len(each["subareas"]) for each in plan[ours]] == [len(each["osa-alueet"]) for each in made[theirs]]
    for ours, theirs in (
        ("plannedLocalUnits", "hankittavat-paikalliset-tutkinnon-osat"),
        ("learningSupport", "oppimisen-tuki"),
        ("priorVocationalUnits", "aiemmin-hankitut-ammat-tutkinnon-osat"),
    ):
        assert len(plan[ours]) == len(made[theirs]) > 0


@pytest.mark.parametrize(("persona", "sees"), [("staff-a", True), ("staff-d", True), ("staff-b", False)])
async def test_ds_plan_is_found_by_its_right(gateway: Gateway, persona: str, sees: bool) -> None:
    query = "query ($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { studyRightOid } }"
    answer = await gateway.ask(persona, query, {"oid": AT_D})
    assert answer["data"]["hoks"] == ({"studyRightOid": AT_D} if sees else None)


async def test_ds_staff_list_ds_students_and_no_others(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-d", "{ students(first: 10) { edges { node { oid } } } }")
    listed = [edge["node"]["oid"] for edge in answer["data"]["students"]["edges"]]
    assert listed == [SAIMI, "1.2.246.562.98.98000000251"]


async def test_one_token_serves_many_calls(gateway: Gateway) -> None:
    for _ in range(3):
        await _seen(gateway, "staff-d")
    assert gateway.loopback.calls["Campus oauth2/token"] == 1


@pytest.mark.parametrize("fault", [each for each in FAULTS if each != "slow"])
async def test_when_ds_system_fails_the_other_plan_is_served_and_the_gap_is_said(gateway: Gateway, fault: str) -> None:
    failing: Fault = FAULTS[fault]

    def but_for_the_token(request: httpx.Request) -> Any:
        return None if request.url.path.startswith("/oauth2") else failing(request)

    gateway.loopback.faults["Campus"] = but_for_the_token
    student = await _seen(gateway, "staff-a")
    assert [each["studyRightOid"] for each in student["hoksit"]] == [AT_A]
    outcomes = {each["source"]: each["outcome"] for each in student["sources"]}
    assert outcomes["d-campus"] == {"down": "UNAVAILABLE", "error": "UNAVAILABLE", "nonsense": "INVALID"}[fault]

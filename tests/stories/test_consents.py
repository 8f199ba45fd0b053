"""A student gives somebody leave to see, exactly so much and no longer, and takes it back; all of it as the front ends
would, over HTTP."""

from pathlib import Path
from typing import Any

import pytest

from deploy import log_verify
from gateway.records import chain
from tests.stories.conftest import Gateway

ELIAS, AT_A = "1.2.246.562.98.98000000079", "1.2.246.562.15.15000070118"
AINOS = "1.2.246.562.15.15000010114"
NEVER_WAS = "1.2.246.562.15.15999990003"
RECIPIENT = "1.2.246.562.98.98000009195"
GIVE = """
mutation ($input: NewConsentInput!) {
  giveConsent(input: $input) { id studyRightOid recipient items purpose startDate endDate isInForce withdrawnOn
    textVersion language uses }
}
"""
WITHDRAW = "mutation ($id: ID!) { withdrawConsent(id: $id) { id isInForce withdrawnOn } }"
CONSENTS = f'{{ student(oid: "{ELIAS}") {{ consents {{ id items isInForce withdrawnOn uses }} }} }}'
CAREER_AND_SUPPORT = (
    "{ students { edges { node { hoksit { careerPlanGoal { uri } studiesSupportingStudySkills { name } } } } } }"
)


def wish(**changes: Any) -> dict[str, Any]:
    """A consent of student 7 to the recipient, with changes."""
    return {
        "studyRightOid": AT_A,
        "recipientKind": "PERSON",
        "recipient": RECIPIENT,
        "items": ["D13"],
        "purpose": "EMPLOYMENT",
        "endDate": "2026-12-31",
        "textVersion": "2026-1",
        "language": "FI",
        **changes,
    }


async def given(gateway: Gateway, **changes: Any) -> dict[str, Any]:
    """What comes of giving a consent."""
    answer = await gateway.ask("student-7", GIVE, {"input": wish(**changes)})
    assert "errors" not in answer, answer
    consent: dict[str, Any] = answer["data"]["giveConsent"]
    return consent


async def seen_by_recipient(gateway: Gateway) -> list[dict[str, Any]]:
    """The plans as the recipient sees them."""
    answer = await gateway.ask("recipient-1", CAREER_AND_SUPPORT)
    assert "errors" not in answer
    return [plan for edge in answer["data"]["students"]["edges"] for plan in edge["node"]["hoksit"]]


def refused(answer: dict[str, Any]) -> tuple[str, str | None]:
    """The code and the reason of a refusal."""
    (error,) = answer["errors"]
    return error["extensions"]["code"], error["extensions"].get("reason")


async def test_what_a_student_consents_to_can_be_seen_at_once_and_no_more_of_it_after_the_withdrawal(
    gateway: Gateway,
) -> None:
    assert await seen_by_recipient(gateway) == [{"careerPlanGoal": None, "studiesSupportingStudySkills": None}]
    consent = await given(gateway)
    assert consent == {
        "id": consent["id"],
        "studyRightOid": AT_A,
        "recipient": RECIPIENT,
        "items": ["D13"],
        "purpose": "EMPLOYMENT",
        "startDate": "2026-10-05",
        "endDate": "2026-12-31",
        "isInForce": True,
        "withdrawnOn": None,
        "textVersion": "2026-1",
        "language": "FI",
        "uses": 0,
    }
    (plan,) = await seen_by_recipient(gateway)
    assert plan["careerPlanGoal"] is not None
    assert plan["studiesSupportingStudySkills"] is None

    mine = (await gateway.ask("student-7", CONSENTS))["data"]["student"]["consents"]
    assert [each["uses"] for each in mine if each["id"] == consent["id"]] == [1]

    answer = await gateway.ask("student-7", WITHDRAW, {"id": consent["id"]})
    withdrawn = {"id": consent["id"], "isInForce": False, "withdrawnOn": "2026-10-05"}
    assert answer["data"]["withdrawConsent"] == withdrawn
    assert await seen_by_recipient(gateway) == [{"careerPlanGoal": None, "studiesSupportingStudySkills": None}]
    again = await gateway.ask("student-7", WITHDRAW, {"id": consent["id"]})
    assert again["data"]["withdrawConsent"] == withdrawn


async def test_a_consent_to_an_organisation_is_for_those_who_act_for_it_and_never_for_them_as_persons(
    gateway: Gateway,
) -> None:
    asked = "{ viewer { oid organisation } students { edges { node { hoksit { careerPlanGoal { uri } } } } } }"
    before = (await gateway.ask("recipient-org", asked))["data"]
    assert before["students"]["edges"] == []
    person, organisation = before["viewer"]["oid"], before["viewer"]["organisation"]
    await given(gateway, recipient=person)
    assert (await gateway.ask("recipient-org", asked))["data"] == before
    consent = await given(gateway, recipientKind="ORGANISATION", recipient=organisation)
    (edge,) = (await gateway.ask("recipient-org", asked))["data"]["students"]["edges"]
    assert edge["node"]["hoksit"][0]["careerPlanGoal"]["uri"]
    assert (await gateway.ask("recipient-2", asked))["data"]["students"]["edges"] == []
    await gateway.ask("student-7", WITHDRAW, {"id": consent["id"]})
    assert (await gateway.ask("recipient-org", asked))["data"] == before
    accepting = 'mutation { acceptShare(token: "x") { endDate } }'
    assert refused(await gateway.ask("recipient-org", accepting)) == ("ACTING_ROLE_NOT_HELD", None)


async def test_a_sensitive_item_opens_only_where_it_is_named_once_more_by_itself(gateway: Gateway) -> None:
    answer = await gateway.ask("student-7", GIVE, {"input": wish(items=["D13", "D9"])})
    assert refused(answer) == ("BAD_USER_INPUT", "SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY")
    assert answer["data"] == {"giveConsent": None}
    await given(gateway, items=["D13", "D9"], express=["D9"])
    (plan,) = await seen_by_recipient(gateway)
    assert plan["studiesSupportingStudySkills"] is not None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"startDate": "2026-12-01", "endDate": "2026-11-30"}, "END_BEFORE_START"),
    ({"startDate": "2026-09-01", "endDate": "2026-10-04"}, "END_IN_THE_PAST"),
    ({"endDate": "2027-10-06"}, "LONGER_THAN_A_YEAR"),
    ({"startDate": "2027-10-06", "endDate": "2027-10-07"}, "START_TOO_FAR_AWAY"),
    ({"items": []}, "NO_ITEM"),
    ({"items": ["D1", "Ci"]}, "ITEM_NOT_FOR_CONSENT"),
    ({"items": ["ID"]}, "ITEM_NOT_FOR_CONSENT"),
    ({"textVersion": "2025-9"}, "NO_SUCH_TEXT"),
    ({"recipient": "the baker"}, "NO_SUCH_RECIPIENT"),
    ({"recipient": "1.2.246.562.98.98000009196"}, "NO_SUCH_RECIPIENT"),
    ({"recipientKind": "ORGANISATION"}, "NO_SUCH_RECIPIENT"),
    ({"recipientKind": "LINK"}, "NO_SUCH_RECIPIENT"),
    ({"recipient": None}, "NO_SUCH_RECIPIENT"),
    ({"studyRightOid": AINOS}, "NO_SUCH_PLAN"),
    ({"studyRightOid": NEVER_WAS}, "NO_SUCH_PLAN"),
]


async def test_what_cannot_be_consented_to_is_refused_by_its_own_name_and_leaves_nothing(gateway: Gateway) -> None:
    before = (await gateway.ask("student-7", CONSENTS))["data"]
    for changes, reason in REFUSED:
        answer = await gateway.ask("student-7", GIVE, {"input": wish(**changes)})
        assert refused(answer) == ("BAD_USER_INPUT", reason), changes
        assert answer["data"] == {"giveConsent": None}
    assert (await gateway.ask("student-7", CONSENTS))["data"] == before


async def test_somebody_elses_plan_and_one_that_never_was_are_refused_with_the_same_bytes(gateway: Gateway) -> None:
    theirs, nobodys = [
        (await gateway.post("student-7", GIVE, {"input": wish(studyRightOid=oid)})).content
        for oid in (AINOS, NEVER_WAS)
    ]
    assert theirs == nobodys
    assert (await gateway.ask("student-1", GIVE, {"input": wish(studyRightOid=AINOS)}))["data"]["giveConsent"]


async def test_an_item_or_a_day_that_is_none_is_refused_without_being_repeated(gateway: Gateway) -> None:
    for changes in ({"items": ["ZQ7secret"]}, {"endDate": "ZQ7secret"}, {"purpose": "ZQ7secret"}):
        response = await gateway.post("student-7", GIVE, {"input": wish(**changes)})
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert b"ZQ7secret" not in response.content


async def test_a_consent_on_a_procured_right_is_to_its_procurers_plan_also_across_a_students_two_oids(
    gateway: Gateway,
) -> None:
    new = wish(studyRightOid="1.2.246.562.15.15000150225")
    consent = (await gateway.ask("student-15", GIVE, {"input": new}))["data"]["giveConsent"]
    assert consent["studyRightOid"] == "1.2.246.562.15.15000150118"
    query = "{ students { edges { node { consents { id } } } } }"
    (edge,) = (await gateway.ask("student-15", query))["data"]["students"]["edges"]
    assert edge["node"]["consents"] == [{"id": consent["id"]}]


async def test_somebody_elses_consent_and_one_that_never_was_are_the_same_to_who_would_withdraw_it(
    gateway: Gateway,
) -> None:
    consent = await given(gateway)
    theirs = await gateway.post("student-1", WITHDRAW, {"id": consent["id"]})
    nobodys = await gateway.post("student-1", WITHDRAW, {"id": "0" * 32})
    assert theirs.content == nobodys.content
    assert refused(theirs.json()) == ("BAD_USER_INPUT", "NO_SUCH_CONSENT")
    (plan,) = await seen_by_recipient(gateway)
    assert plan["careerPlanGoal"] is not None


async def test_nobody_but_a_student_gives_or_withdraws(gateway: Gateway) -> None:
    for persona in ("staff-a", "teacher-a", "instructor-1", "recipient-1", "authority-1", "oph-1"):
        for change, variables in ((GIVE, {"input": wish()}), (WITHDRAW, {"id": "0" * 32})):
            assert refused(await gateway.ask(persona, change, variables)) == ("ACTING_ROLE_NOT_HELD", None), persona


@pytest.mark.parametrize("persona", ["staff-a", "recipient-1"])
async def test_what_a_student_has_consented_to_is_null_to_all_others_and_said_to_be_withheld(
    gateway: Gateway, persona: str
) -> None:
    before = await gateway.post(persona, CONSENTS)
    # To somebody else: the recipient's own view is to stay as it was.
    await given(gateway, recipient="1.2.246.562.98.98000000012")
    after = await gateway.post(persona, CONSENTS)
    assert before.content == after.content
    assert after.json()["data"] == {"student": {"consents": None}}
    assert after.json()["extensions"]["access"]["withheld"] == [
        {"coordinate": "Student.consents", "item": None, "reason": "NO_RULE", "rules": []}
    ]


async def test_a_student_sees_their_consents_through_every_door_newest_first_and_nothing_is_withheld(
    gateway: Gateway,
) -> None:
    consent = await given(gateway)
    answer = await gateway.ask("student-7", CONSENTS)
    assert [each["id"] for each in answer["data"]["student"]["consents"]] == [consent["id"], "consent-7"]
    assert answer["extensions"]["access"]["withheld"] == []
    listed = await gateway.ask("student-7", "{ students { edges { node { consents { id } } } } }")
    (edge,) = listed["data"]["students"]["edges"]
    assert [each["id"] for each in edge["node"]["consents"]] == [consent["id"], "consent-7"]


async def test_giving_and_withdrawing_are_records_of_the_log_and_looking_at_ones_own_is_no_disclosure(
    gateway: Gateway, tmp_path: Path
) -> None:
    consent = await given(gateway, items=["D13", "D9"], express=["D9"])
    await gateway.ask("student-7", CONSENTS)
    for _ in range(2):
        await gateway.ask("student-7", WITHDRAW, {"id": consent["id"]})
    records = log_verify.records_of(tmp_path / "sandbox" / "records" / "records.db")
    bodies = [chain.opened(record.body or b"{}") for record in records]
    assert [body["event"] for body in bodies] == ["consent.given", "consent.withdrawn"]
    assert bodies[0]["items"] == ["D13", "D9"]
    assert bodies[0]["text"] == "2026-1/fi"


async def test_the_text_that_a_student_is_shown_is_there_for_everybody_in_each_language(gateway: Gateway) -> None:
    for language in ("FI", "SV", "EN"):
        asked = f"{{ consentText(language: {language}) {{ version language title text isCurrent sensitive }} }}"
        shown = (await gateway.ask("student-7", asked))["data"]["consentText"]
        assert (shown["version"], shown["language"], shown["isCurrent"]) == ("2026-1", language, True)
        assert shown["title"] and len(shown["text"]) > 200 and "  " not in shown["text"]
        assert set(shown["sensitive"]) == {"D6u", "D6d", "D8", "D9", "D11b", "Gi"}
    unknown = await gateway.ask("student-7", '{ consentText(language: FI, version: "1999-1") { text } }')
    assert unknown["data"] == {"consentText": None}

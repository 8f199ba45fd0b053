"""A student hands out a link, or lets the school do so, and whoever accepts it first sees what was consented to; over
HTTP, as the front ends would."""

import json
from pathlib import Path
from typing import Any

from deploy import log_verify
from gateway.records import chain
from tests.stories.conftest import Gateway
from tests.stories.test_consents import AT_A, ELIAS, GIVE, RECIPIENT, WITHDRAW, refused, wish

AT_C = "1.2.246.562.15.15000070233"
SHARE = """
mutation ($consent: ID!) {
  createShare(consent: $consent) { token share { id consentId studyRightOid state madeOn acceptBy madeByOid } }
}
"""
ACCEPT = "mutation ($token: String!) { acceptShare(token: $token) { items purpose startDate endDate } }"
REVOKE = "mutation ($id: ID!) { revokeShare(id: $id) { id state } }"
SHARES = f'{{ student(oid: "{ELIAS}") {{ shares {{ id state acceptedBy acceptedOn failedTries madeByOid }} }} }}'
GOAL = "{ students { edges { node { hoksit { careerPlanGoal { uri } } } } } }"
PROVIDER_A = "1.2.246.562.99.99000000010"


async def consented(gateway: Gateway, **changes: Any) -> str:
    """The id of a new consent of student 7 to the holder of a link."""
    given = wish(recipientKind="LINK", recipient=None, **changes)
    answer = await gateway.ask("student-7", GIVE, {"input": given})
    assert answer["data"]["giveConsent"]["recipient"] is None
    return str(answer["data"]["giveConsent"]["id"])


async def shared(gateway: Gateway, consent: str, persona: str = "student-7") -> dict[str, Any]:
    """A new share of a consent."""
    answer = await gateway.ask(persona, SHARE, {"consent": consent})
    assert "errors" not in answer, answer
    made: dict[str, Any] = answer["data"]["createShare"]
    return made


async def goals(gateway: Gateway, persona: str) -> list[Any]:
    """The career goals that somebody sees."""
    students = (await gateway.ask(persona, GOAL))["data"]["students"]["edges"]
    return [plan["careerPlanGoal"] for edge in students for plan in edge["node"]["hoksit"]]


async def mine(gateway: Gateway) -> list[dict[str, Any]]:
    """The shares as their student sees them."""
    shares: list[dict[str, Any]] = (await gateway.ask("student-7", SHARES))["data"]["student"]["shares"]
    return shares


async def test_whoever_accepts_a_link_first_sees_what_was_consented_to_until_it_is_revoked(gateway: Gateway) -> None:
    made = await shared(gateway, await consented(gateway))
    assert made["share"] == {
        "id": made["share"]["id"],
        "consentId": made["share"]["consentId"],
        "studyRightOid": AT_A,
        "state": "WAITING",
        "madeOn": "2026-10-05",
        "acceptBy": "2026-10-19",
        "madeByOid": None,
    }
    assert await goals(gateway, "recipient-2") == []
    answer = await gateway.ask("recipient-2", ACCEPT, {"token": made["token"]})
    assert answer["data"]["acceptShare"] == {
        "items": ["D13"],
        "purpose": "EMPLOYMENT",
        "startDate": "2026-10-05",
        "endDate": "2026-12-31",
    }
    (goal,) = await goals(gateway, "recipient-2")
    assert goal["uri"]
    # What they saw before stands on another consent of the same plan, and shows no goal.
    assert await goals(gateway, "recipient-1") == [None]
    assert refused(await gateway.ask("recipient-1", ACCEPT, {"token": made["token"]})) == (
        "BAD_USER_INPUT",
        "NO_SUCH_SHARE",
    )
    (share,) = await mine(gateway)
    assert (share["state"], share["acceptedOn"], share["failedTries"]) == ("ACCEPTED", "2026-10-05", 1)
    for _ in ("first", "again"):
        revoked = await gateway.ask("student-7", REVOKE, {"id": share["id"]})
        assert revoked["data"]["revokeShare"] == {"id": share["id"], "state": "REVOKED"}
    assert await goals(gateway, "recipient-2") == []


async def test_staff_of_the_plans_provider_share_it_on_the_students_consent_and_take_it_back(gateway: Gateway) -> None:
    consent = await consented(gateway)
    made = await shared(gateway, consent, "staff-a")
    assert made["share"]["madeByOid"] == PROVIDER_A
    await gateway.ask("recipient-2", ACCEPT, {"token": made["token"]})
    assert len(await goals(gateway, "recipient-2")) == 1
    (share,) = await mine(gateway)
    assert share["madeByOid"] == PROVIDER_A
    for_staff = (await gateway.ask("staff-a", REVOKE, {"id": share["id"]}))["data"]["revokeShare"]
    assert for_staff["state"] == "REVOKED"
    assert await goals(gateway, "recipient-2") == []


async def test_who_does_not_disclose_the_plan_cannot_share_it_and_all_of_them_get_the_same_bytes(
    gateway: Gateway,
) -> None:
    consent = await consented(gateway)
    unknown = await gateway.post("staff-c", SHARE, {"consent": "0" * 32})
    assert refused(unknown.json()) == ("BAD_USER_INPUT", "NO_SUCH_CONSENT")
    # C has a valid right too, and sees A's plan; but A made it, and A discloses it.
    assert (await gateway.post("staff-c", SHARE, {"consent": consent})).content == unknown.content
    to_a_person = (await gateway.ask("student-7", GIVE, {"input": wish(studyRightOid=AT_C)}))["data"]["giveConsent"]
    assert (await gateway.post("staff-c", SHARE, {"consent": to_a_person["id"]})).content == unknown.content
    withdrawn = await consented(gateway, studyRightOid=AT_C)
    await gateway.ask("student-7", WITHDRAW, {"id": withdrawn})
    assert (await gateway.post("staff-c", SHARE, {"consent": withdrawn})).content == unknown.content
    nobody = await gateway.post("student-1", SHARE, {"consent": "0" * 32})
    assert (await gateway.post("student-1", SHARE, {"consent": consent})).content == nobody.content
    assert await mine(gateway) == []


async def test_nobody_else_makes_accepts_or_revokes(gateway: Gateway) -> None:
    nothing = "0" * 32
    for persona in ("teacher-a", "head-a", "system-a", "instructor-1", "authority-1", "oph-1", "recipient-1"):
        for change, variables in ((SHARE, {"consent": nothing}), (REVOKE, {"id": nothing})):
            assert refused(await gateway.ask(persona, change, variables)) == ("ACTING_ROLE_NOT_HELD", None), persona
    for persona in ("student-7", "staff-a", "instructor-1"):
        assert refused(await gateway.ask(persona, ACCEPT, {"token": "x"})) == ("ACTING_ROLE_NOT_HELD", None), persona


async def test_every_token_that_opens_nothing_gets_the_same_bytes_and_after_ten_of_them_one_is_told_to_wait(
    gateway: Gateway,
) -> None:
    taken = await shared(gateway, await consented(gateway))
    await gateway.ask("recipient-2", ACCEPT, {"token": taken["token"]})
    revoked = await shared(gateway, await consented(gateway))
    await gateway.ask("student-7", REVOKE, {"id": revoked["share"]["id"]})
    consent = await consented(gateway)
    withdrawn = await shared(gateway, consent)
    await gateway.ask("student-7", WITHDRAW, {"id": consent})
    waiting = await shared(gateway, await consented(gateway))

    tokens = [taken["token"], revoked["token"], withdrawn["token"], "x" * 43, "", "ä" * 200]
    answers = {(await gateway.post("recipient-1", ACCEPT, {"token": token})).content for token in tokens}
    assert len(answers) == 1
    for _ in range(4):
        await gateway.post("recipient-1", ACCEPT, {"token": "y" * 43})
    for token in ("x" * 43, waiting["token"]):
        answer = await gateway.ask("recipient-1", ACCEPT, {"token": token})
        assert refused(answer) == ("BAD_USER_INPUT", "TOO_MANY_TRIES")
    gateway.later(3601)
    assert (await gateway.ask("recipient-1", ACCEPT, {"token": waiting["token"]}))["data"]["acceptShare"]


async def test_ten_tries_in_one_request_are_ten_tries(gateway: Gateway) -> None:
    tries = " ".join(f't{each}: acceptShare(token: "x{each}") {{ endDate }}' for each in range(3))
    errors = [
        each for _ in range(4) for each in (await gateway.ask("recipient-1", f"mutation {{ {tries} }}"))["errors"]
    ]
    reasons = [each["extensions"]["reason"] for each in errors]
    assert reasons == ["NO_SUCH_SHARE"] * 10 + ["TOO_MANY_TRIES"] * 2


async def test_shares_are_null_to_all_others_and_nothing_of_theirs_changes_by_one(gateway: Gateway) -> None:
    before = {each: (await gateway.post(each, SHARES)).content for each in ("staff-a", "teacher-a", "recipient-1")}
    await shared(gateway, await consented(gateway))
    for persona, was in before.items():
        response = await gateway.post(persona, SHARES)
        assert response.content == was
        assert response.json()["data"] == {"student": {"shares": None}}
        assert response.json()["extensions"]["access"]["withheld"][0]["coordinate"] == "Student.shares"


async def test_no_token_is_kept_or_logged_and_what_a_link_discloses_is_on_record_with_its_consent(
    gateway: Gateway, tmp_path: Path
) -> None:
    consent = await consented(gateway)
    made = await shared(gateway, consent)
    await gateway.ask("recipient-2", ACCEPT, {"token": made["token"]})
    await goals(gateway, "recipient-2")
    records = tmp_path / "sandbox" / "records"
    assert made["token"].encode() not in b"".join(file.read_bytes() for file in records.iterdir())
    bodies = [chain.opened(record.body or b"{}") for record in log_verify.records_of(records / "records.db")]
    assert [body["event"] for body in bodies] == ["consent.given", "share.made", "share.accepted", "disclosed"]
    assert bodies[-1]["consents"] == [consent]
    assert RECIPIENT not in json.dumps(bodies)


async def test_the_student_reads_in_the_log_who_shared_and_that_somebody_accepted(gateway: Gateway) -> None:
    made = await shared(gateway, await consented(gateway), "staff-a")
    await gateway.ask("recipient-2", ACCEPT, {"token": made["token"]})
    await gateway.ask("student-7", REVOKE, {"id": made["share"]["id"]})
    row = "event { code } role { code } isOwn items { code } organisation { oid }"
    log = f'{{ student(oid: "{ELIAS}") {{ disclosures {{ edges {{ node {{ {row} }} }} }} }} }}'
    edges = (await gateway.ask("student-7", log))["data"]["student"]["disclosures"]["edges"]
    rows = {edge["node"]["event"]["code"]: edge["node"] for edge in edges}
    assert set(rows) == {"consent.given", "share.made", "share.accepted", "share.revoked"}
    assert (rows["share.made"]["role"]["code"], rows["share.made"]["isOwn"]) == ("staff", False)
    assert rows["share.made"]["organisation"] == {"oid": PROVIDER_A}
    assert rows["share.made"]["items"] == [{"code": "D13"}]
    assert (rows["share.accepted"]["role"]["code"], rows["share.accepted"]["isOwn"]) == ("consent_recipient", False)
    assert rows["share.revoked"]["isOwn"]

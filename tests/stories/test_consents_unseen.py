"""What a student consents to, shares and takes back: whom it does not concern sees no byte of an answer change."""

from typing import Any

from tests.stories.conftest import Gateway
from tests.stories.test_consents import AT_A, ELIAS, GIVE, WITHDRAW, wish
from tests.stories.test_shares import ACCEPT, REVOKE, SHARE

LOOKING = (
    "staff-a",
    "staff-a-school",
    "staff-c",
    "system-a",
    "teacher-a",
    "counsellor-a",
    "head-a",
    "instructor-1",
    "instructor-2",
    "assessor-1",
    "recipient-1",
    "recipient-2",
    "recipient-org",
    "authority-1",
    "oph-1",
    "student-1",
)
ALL = """
  oid name consents { id recipient isInForce uses } shares { id state acceptedBy } studyRights { oid phase }
  hoksit { studyRightOid firstApprovedOn careerPlanGoal { uri } studiesSupportingStudySkills { name } }
  sources { source outcome }
"""
QUESTIONS = (
    f'{{ viewer {{ oid role }} student(oid: "{ELIAS}") {{ {ALL} }} }}',
    f"{{ students(first: 5) {{ edges {{ cursor node {{ {ALL} }} }} pageInfo {{ hasNextPage endCursor }} }} }}",
    f'{{ hoks(studyRightOid: "{AT_A}") {{ studyRightOid firstApprovedOn careerPlanGoal {{ uri }} }} }}',
    f'{{ studyRight(oid: "{AT_A}") {{ oid phase }} }}',
    'mutation { withdrawConsent(id: "00000000000000000000000000000000") { id } }',
    'mutation { createShare(consent: "00000000000000000000000000000000") { token } }',
    'mutation { revokeShare(id: "00000000000000000000000000000000") { id } }',
)


async def everything(gateway: Gateway, personas: tuple[str, ...] = LOOKING) -> dict[tuple[str, str], Any]:
    """All that leaves in answer to every question of everybody."""
    told = {}
    for persona in personas:
        for question in QUESTIONS:
            response = await gateway.post(persona, question)
            del response.headers["x-request-id"]
            told[persona, question] = (response.status_code, sorted(response.headers.items()), response.content)
    return told


async def given(gateway: Gateway, **changes: Any) -> str:
    """The id of a new consent of student 7."""
    answer = await gateway.ask("student-7", GIVE, {"input": wish(**changes)})
    return str(answer["data"]["giveConsent"]["id"])


async def test_nothing_that_leaves_shows_what_somebody_else_was_let_see(gateway: Gateway) -> None:
    await everything(gateway)
    before = await everything(gateway)

    somebody = "1.2.246.562.98.98000000020"
    await given(gateway, recipient=somebody, items=["D13", "D9"], express=["D9"])
    await gateway.ask("student-7", WITHDRAW, {"id": await given(gateway, recipient=somebody)})
    waiting = await given(gateway, recipientKind="LINK", recipient=None)
    await gateway.ask("staff-a", SHARE, {"consent": waiting})
    revoked = await given(gateway, recipientKind="LINK", recipient=None)
    share = (await gateway.ask("student-7", SHARE, {"consent": revoked}))["data"]["createShare"]
    await gateway.ask("student-7", REVOKE, {"id": share["share"]["id"]})
    await gateway.ask("recipient-1", ACCEPT, {"token": share["token"]})

    after = await everything(gateway)
    assert [each for each in before if before[each] != after[each]] == []


async def test_what_would_show_it_is_caught(gateway: Gateway) -> None:
    personas = ("recipient-2", "staff-a")
    before = await everything(gateway, personas)
    consent = await given(gateway, recipientKind="LINK", recipient=None)
    token = (await gateway.ask("student-7", SHARE, {"consent": consent}))["data"]["createShare"]["token"]
    await gateway.ask("recipient-2", ACCEPT, {"token": token})
    after = await everything(gateway, personas)
    assert {persona for persona, question in before if before[persona, question] != after[persona, question]} == {
        "recipient-2"
    }

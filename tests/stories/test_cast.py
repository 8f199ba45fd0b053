"""Each person of the cast, as each side sees them: the rules at work on real wire formats, from token to answer."""

from typing import Any, NamedTuple

import pytest

from tests.stories.conftest import Gateway

PERSON = "1.2.246.562.98."
RIGHT = "1.2.246.562.15.150000"
QUERY = """
query ($oid: LearnerOid!) {
  student(oid: $oid) {
    oid
    studyRights { oid phase findings { code } }
    hoksit { studyRightOid studentEmail provider { oid } provenance { source provider { oid } } findings { code } }
  }
}
"""


class Case(NamedTuple):
    """Who asks about whom, and the rights and plans (with whether contact data come along) that are seen."""

    persona: str
    person: str
    rights: set[str]
    plans: dict[str, bool]


def seen(persona: str, person: str, rights: str = "", plans: str = "") -> Case:
    """A case from short forms: a plan with ``+`` comes with the student's contact data."""
    return Case(persona, person, set(rights.split()), {each.rstrip("+"): each.endswith("+") for each in plans.split()})


CASES = [
    # 1: procurement; the one HOKS is whole to both providers, contact data included
    seen("staff-a", "98000000012", "10114 10221", "10114+"),
    seen("staff-b", "98000000012", "10114 10221", "10114+"),
    seen("staff-c", "98000000012"),
    seen("student-1", "98000000012", "10114 10221", "10114+"),
    # 2: the same, known at B by another OID
    seen("staff-b", "98000000020", "20113 20220", "20113+"),
    seen("staff-b", "98000010029", "20113 20220", "20113+"),
    # 3: B's linked right has ended: B keeps the one HOKS without contact data and loses C's
    seen("staff-b", "98000000038", "30112 30229", "30112"),
    seen("staff-a", "98000000038", "30112 30229 30336", "30112+ 30336"),
    seen("staff-c", "98000000038", "30112 30229 30336", "30112 30336+"),
    # 4: a graduation entered for a coming day changes nothing yet
    seen("staff-a", "98000000046", "40111 40236", "40111+ 40236"),
    # 5: a suspended right is valid
    seen("staff-b", "98000000053", "50128 50219", "50128+ 50219"),
    # 6: an annulled right is nothing to any provider, and a state without a plan to the student
    seen("staff-c", "98000000061"),
    seen("staff-a", "98000000061", "60218", "60218+"),
    seen("student-6", "98000000061", "60135 60218", "60218+"),
    # 7: two rights without an agreement: two HOKSes, each provider sees both, contact data only of its own
    seen("staff-a", "98000000079", "70118 70233", "70118+ 70233"),
    seen("staff-c", "98000000079", "70118 70233", "70118 70233+"),
    seen("staff-b", "98000000079"),
    seen("student-7", "98000000079", "70118 70233", "70118+ 70233+"),
    # 8: a single bought unit gives the seller nothing
    seen("staff-b", "98000000087"),
    # 14: a link that names the wrong school: still concurrent, but not shared, so no contact data
    seen("staff-b", "98000000145", "40119 40226", "40119"),
    # 15: the link holds across two OIDs of one person
    seen("staff-b", "98000000152", "50118 50225", "50118+"),
    # 16: a chain is followed one step; C's valid right still gives the concurrent view
    seen("staff-b", "98000000160", "60117 60224", "60117+"),
    seen("staff-c", "98000000160", "60117 60224 60331", "60117"),
    # 17: links to an annulled and to an ended right: the ended plan as an earlier one elsewhere
    seen("staff-b", "98000000178", "70215 70322 70421", "70215"),
    seen("staff-a", "98000000178", "70215", "70215"),
    # 20: more than five years after the end nobody sees it
    seen("staff-a", "98000000202"),
    seen("staff-c", "98000000202", "00236", "00236+"),
    seen("student-20", "98000000202", "00236", "00236+"),
    # 21: a plan without a first approval stays with its provider and the student
    seen("staff-a", "98000000210", "10110", "10110+"),
    seen("staff-c", "98000000210", "10110 10235", "10110 10235+"),
    seen("student-21", "98000000210", "10110 10235", "10110+ 10235+"),
    # 24: two rights without an agreement, one of them at the provider whose system is connected by settings alone
    seen("staff-a", "98000000244", "40117 40240", "40117+ 40240"),
    seen("staff-d", "98000000244", "40117 40240", "40117 40240+"),
    seen("student-24", "98000000244", "40117 40240", "40117+ 40240+"),
    seen("staff-b", "98000000244"),
    # 25: at D alone
    seen("staff-d", "98000000251", "50140", "50140+"),
    seen("staff-a", "98000000251"),
    # a student sees nobody else
    seen("student-1", "98000000079"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.persona}-of-{case.person}")
async def test_each_side_sees_what_the_law_gives_it(gateway: Gateway, case: Case) -> None:
    answer = await gateway.ask(case.persona, QUERY, {"oid": PERSON + case.person})

    student = answer["data"]["student"]
    assert "errors" not in answer
    if not case.rights:
        assert student is None
        return
    assert {right["oid"][-5:] for right in student["studyRights"]} == case.rights
    with_contacts = {plan["studyRightOid"][-5:]: plan["studentEmail"] is not None for plan in student["hoksit"]}
    # Contact data are wiped when studies are over, so an ended own plan proves nothing about them.
    assert with_contacts == case.plans


async def test_an_alias_answers_with_the_master_oid(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-a", QUERY, {"oid": PERSON + "98000010029"})

    assert answer["data"]["student"]["oid"] == PERSON + "98000000020"


@pytest.mark.parametrize(
    ("persona", "person", "code"),
    [
        ("staff-b", "98000000145", "LINK_NAMES_WRONG_SCHOOL"),
        ("staff-c", "98000000160", "LINK_CHAIN"),
        ("staff-b", "98000000178", "LINK_TARGET_UNKNOWN"),
        ("staff-b", "98000000178", "LINK_TARGET_ENDED"),
    ],
)
async def test_a_faulty_link_is_a_finding_on_the_right_that_carries_it(
    gateway: Gateway, persona: str, person: str, code: str
) -> None:
    answer = await gateway.ask(persona, QUERY, {"oid": PERSON + person})

    rights = answer["data"]["student"]["studyRights"]
    assert code in {each["code"] for right in rights for each in right["findings"]}


async def test_an_older_copy_at_the_partner_is_a_finding_and_the_owners_plan_stands(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-b", QUERY, {"oid": PERSON + "98000000020"})

    (plan,) = answer["data"]["student"]["hoksit"]
    assert plan["provenance"]["source"] == "a-ehoks"
    # A finding for each item in which the copies differ.
    assert {each["code"] for each in plan["findings"]} == {"DIFFERENT_COPY"}


async def test_both_providers_are_named_as_where_their_plans_came_from(gateway: Gateway) -> None:
    answer = await gateway.ask("staff-a", QUERY, {"oid": PERSON + "98000000079"})

    came_from = {
        plan["studyRightOid"][-5:]: (plan["provenance"]["source"], plan["provenance"]["provider"]["oid"])
        for plan in answer["data"]["student"]["hoksit"]
    }
    assert came_from == {
        "70118": ("a-ehoks", "1.2.246.562.99.99000000010"),
        "70233": ("c-table", "1.2.246.562.99.99000000036"),
    }


ONE_PLAN = "query ($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { studyRightOid } studyRight(oid: $oid) { oid } }"


@pytest.mark.parametrize(
    ("persona", "right", "plan"),
    [
        ("staff-a", "10114", "10114"),
        ("staff-b", "10221", "10114"),  # the procured right is covered by its procurer's plan
        ("staff-b", "40226", None),  # over a wrong link it is not
        ("staff-c", "10114", None),
        ("student-1", "10221", "10114"),
    ],
)
async def test_a_plan_is_found_by_the_right_it_covers(
    gateway: Gateway, persona: str, right: str, plan: str | None
) -> None:
    answer = await gateway.ask(persona, ONE_PLAN, {"oid": RIGHT + right})

    found: dict[str, Any] | None = answer["data"]["hoks"]
    assert (found and found["studyRightOid"][-5:]) == plan


async def test_what_is_not_yours_and_what_does_not_exist_answer_with_the_same_bytes(gateway: Gateway) -> None:
    others = await gateway.post("staff-c", QUERY, {"oid": PERSON + "98000000012"})
    nobody = await gateway.post("staff-c", QUERY, {"oid": "1.2.246.562.98.12345678903"})

    assert others.json()["data"] == {"student": None}
    assert others.content == nobody.content
    ids = [each.headers.pop("x-request-id") for each in (others, nobody)]
    assert ids[0] != ids[1], "the only difference, and random"
    assert {**others.headers} == {**nobody.headers}

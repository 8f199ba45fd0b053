"""Findings for those who can mend them, on the sandbox's own wire formats."""

from pathlib import Path
from typing import Any

import pytest

from tests.stories.conftest import Gateway
from tests.stories.test_records import recorded

A, B, C = "1.2.246.562.99.99000000010", "1.2.246.562.99.99000000028", "1.2.246.562.99.99000000036"
FINDINGS = """
query ($oid: OrganisationOid!, $first: Int!, $after: Cursor) {
  findings(organisationOid: $oid, first: $first, after: $after) {
    notRead
    edges {
      cursor
      node { code severity item place partId studyRightOid studentOid message { fi } remedy { fi sv en } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def page(gateway: Gateway, persona: str, oid: str, first: int = 100, after: str | None = None) -> Any:
    """A page of findings as a persona sees it."""
    answer = await gateway.ask(persona, FINDINGS, {"oid": oid, "first": first, "after": after})
    assert "errors" not in answer
    return answer["data"]["findings"]


async def test_a_provider_sees_what_is_wrong_in_its_own_rights_and_plans_the_most_severe_first(
    gateway: Gateway,
) -> None:
    found = await page(gateway, "staff-b", B)

    nodes = [edge["node"] for edge in found["edges"]]
    assert [(each["severity"], each["code"]) for each in nodes] == [
        ("ERROR", "LINK_NAMES_WRONG_SCHOOL"),
        ("ERROR", "LINK_TARGET_UNKNOWN"),
        ("WARNING", "LINK_TARGET_ENDED"),
    ]
    assert {each["item"] for each in nodes} == {"SR"}
    assert all(each["studyRightOid"].startswith("1.2.246.562.15.") for each in nodes)
    assert all(each["studentOid"].startswith("1.2.246.562.98.") for each in nodes)
    assert all(each["message"]["fi"] and each["remedy"]["fi"] and each["remedy"]["sv"] for each in nodes)
    assert found["notRead"] == 0


async def test_a_plan_that_waits_for_its_approval_is_a_finding_of_its_own_provider(gateway: Gateway) -> None:
    found = await page(gateway, "staff-c", C)

    codes = [edge["node"]["code"] for edge in found["edges"]]
    assert codes == ["LINK_CHAIN", "PLAN_NOT_APPROVED"]


@pytest.mark.parametrize(
    ("persona", "oid", "is_there"),
    [
        ("staff-a", A, True),
        ("system-a", A, True),
        ("staff-a", C, False),
        ("head-a", A, False),
        ("counsellor-a", A, False),
        ("student-1", A, False),
        ("oph-1", A, False),
    ],
)
async def test_findings_are_told_to_the_provider_that_can_mend_them_and_to_nobody_else(
    gateway: Gateway, persona: str, oid: str, is_there: bool
) -> None:
    assert (await page(gateway, persona, oid) is not None) is is_there


async def test_pages_follow_each_other_without_gap_or_repeat(gateway: Gateway) -> None:
    whole = await page(gateway, "staff-a", A)
    seen: list[Any] = []
    after = None
    for _ in range(10):
        part = await page(gateway, "staff-a", A, 5, after)
        seen += part["edges"]
        after = part["pageInfo"]["endCursor"]
        if not part["pageInfo"]["hasNextPage"]:
            break

    assert seen == whole["edges"]
    assert len(seen) == 16
    assert len({edge["cursor"] for edge in seen}) == 16


async def test_a_cursor_is_good_only_for_the_caller_and_the_list_it_was_given_for(gateway: Gateway) -> None:
    found = await page(gateway, "staff-a", A, 1)
    cursor = found["pageInfo"]["endCursor"]

    for persona, oid, after in (("system-a", A, cursor), ("staff-a", A, "bm90aGluZw=="), ("staff-a", A, cursor[:-8])):
        answer = await gateway.ask(persona, FINDINGS, {"oid": oid, "first": 1, "after": after})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    other = await gateway.ask(
        "staff-a", "query ($after: Cursor) { students(after: $after) { edges { cursor } } }", {"after": cursor}
    )
    assert other["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [0, 101])
async def test_a_page_has_from_one_to_a_hundred(gateway: Gateway, first: int) -> None:
    answer = await gateway.ask("staff-a", FINDINGS, {"oid": A, "first": first, "after": None})

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_findings_tell_is_recorded_right_by_right(gateway: Gateway, tmp_path: Path) -> None:
    await gateway.ask("staff-b", f'{{ findings(organisationOid: "{B}") {{ edges {{ node {{ code place }} }} }} }}')

    records = recorded(tmp_path / "sandbox" / "records" / "records.db")
    assert len(records) == 3
    assert {tuple(each["items"]) for each in records} == {("SR",)}
    assert all("findings-own" in each["rules"] for each in records)
    assert len({each["plan"] for each in records}) == 3


async def test_students_who_cannot_be_read_are_said_to_be_missing(gateway: Gateway) -> None:
    def down(_: Any) -> Any:
        raise ConnectionError

    gateway.loopback.faults["eHOKS"] = down
    answer = await gateway.ask("staff-a", FINDINGS, {"oid": A, "first": 5, "after": None})

    assert answer["extensions"]["gaps"] == [{"source": "a-ehoks", "outcome": "UNAVAILABLE"}]

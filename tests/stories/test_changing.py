"""Changes for a provider's own system, on the sandbox's own wire formats."""

from pathlib import Path
from typing import Any

import pytest

from tests.stories.conftest import Gateway
from tests.stories.test_records import recorded

CHANGES = """
query ($since: Cursor, $first: Int!) {
  changes(since: $since, first: $first) {
    edges { node { studyRightOid studentOid provider { oid } updatedAt source isGone } }
    pageInfo { hasNextPage endCursor }
    cannotTell
    cannotTellGone
    notRead
  }
}
"""
ELIAS_AT_C = "1.2.246.562.15.15000070233"


async def everything(gateway: Gateway, since: str | None = None) -> tuple[list[dict[str, Any]], str, list[str]]:
    """One round: the changed plans, where it ends, and the sources that cannot tell."""
    nodes: list[dict[str, Any]] = []
    for _ in range(100):
        answer = await gateway.ask("system-a", CHANGES, {"since": since, "first": 40})
        assert "errors" not in answer
        page = answer["data"]["changes"]
        nodes += [edge["node"] for edge in page["edges"]]
        since = page["pageInfo"]["endCursor"]
        assert since is not None
        if not page["pageInfo"]["hasNextPage"]:
            return nodes, since, page["cannotTell"]
    raise AssertionError("the pages do not end")


async def test_a_system_is_told_every_plan_it_may_see_and_then_only_what_changes(gateway: Gateway) -> None:
    first, place, _ = await everything(gateway)
    again, _, _ = await everything(gateway, place)

    rights = {each["studyRightOid"] for each in first}
    assert ELIAS_AT_C in rights, "a concurrent plan at another provider"
    assert {each["source"] for each in first} >= {"a-ehoks", "c-table"}
    assert len(first) > 40
    assert not any(each["isGone"] for each in first + again)
    # What is not older than the reading of its source, less a minute, is told again: better twice than never.
    assert {each["studyRightOid"] for each in again} < rights


async def test_the_sources_that_cannot_say_which_plans_are_gone_are_named(gateway: Gateway) -> None:
    answer = await gateway.ask("system-a", CHANGES, {"since": None, "first": 100})

    page = answer["data"]["changes"]
    told_by = {edge["node"]["source"] for edge in page["edges"]}
    assert {"a-ehoks", "c-table"} <= told_by
    assert set(page["cannotTellGone"]) == told_by - {"a-ehoks"}


@pytest.mark.parametrize("persona", ["staff-a", "head-a", "counsellor-a", "student-1", "oph-1"])
async def test_nobody_but_a_providers_system_is_told(gateway: Gateway, persona: str) -> None:
    answer = await gateway.ask(persona, CHANGES, {"since": None, "first": 5})

    assert answer["data"] == {"changes": None}
    assert "errors" not in answer


async def test_a_place_is_good_only_for_the_system_it_was_given_to(gateway: Gateway) -> None:
    answer = await gateway.ask("system-a", CHANGES, {"since": "bm90aGluZw==", "first": 5})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "`since`" in answer["errors"][0]["message"]

    page = await gateway.ask("system-a", CHANGES, {"since": None, "first": 5})
    cursor = page["data"]["changes"]["pageInfo"]["endCursor"]
    assert "a-ehoks" not in cursor
    students = await gateway.ask(
        "system-a", "query ($a: Cursor) { students(after: $a) { edges { cursor } } }", {"a": cursor}
    )
    assert students["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_told_is_recorded_plan_by_plan(gateway: Gateway, tmp_path: Path) -> None:
    answer = await gateway.ask("system-a", "{ changes(first: 3) { edges { node { studyRightOid } } } }")

    told = {edge["node"]["studyRightOid"] for edge in answer["data"]["changes"]["edges"]}
    records = recorded(tmp_path / "sandbox" / "records" / "records.db")
    assert {each["plan"] for each in records} == told
    assert {tuple(each["items"]) for each in records} == {("SR",)}
    assert all("changes-own" in each["rules"] for each in records)

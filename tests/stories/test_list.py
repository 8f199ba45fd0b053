"""Lists of students: paging, order, and what they cost at the sources."""

from tests.stories.conftest import Gateway

PAGE = """
query ($first: Int!, $after: Cursor) {
  students(first: $first, after: $after) {
    edges { node { oid studyRights { oid } hoksit { studyRightOid } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def test_pages_follow_each_other_in_order_of_oid_without_gap_or_repeat(gateway: Gateway) -> None:
    seen: list[str] = []
    after = None
    for _ in range(30):
        answer = await gateway.ask("staff-a", PAGE, {"first": 7, "after": after})
        connection = answer["data"]["students"]
        seen += [edge["node"]["oid"] for edge in connection["edges"]]
        after = connection["pageInfo"]["endCursor"]
        if not connection["pageInfo"]["hasNextPage"]:
            break

    assert seen == sorted(set(seen))
    # 45 background students and, of the cast, all who have a right at A that is upcoming, current or ended within
    # five years: everyone but person 20.
    assert len(seen) == 45 + 18
    assert "1.2.246.562.98.98000000202" not in seen


async def test_a_student_lists_only_the_one_self(gateway: Gateway) -> None:
    answer = await gateway.ask("student-7", PAGE, {"first": 50})

    assert [edge["node"]["oid"] for edge in answer["data"]["students"]["edges"]] == ["1.2.246.562.98.98000000079"]


async def test_a_school_lists_its_own_students_and_not_those_of_the_providers_other_school(gateway: Gateway) -> None:
    whole = await gateway.ask("staff-a", PAGE, {"first": 50})
    school = await gateway.ask("staff-a-school", PAGE, {"first": 50})

    of_provider = {edge["node"]["oid"] for edge in whole["data"]["students"]["edges"]}
    of_school = [edge["node"]["oid"] for edge in school["data"]["students"]["edges"]]
    assert "1.2.246.562.98.98000000210" not in of_school
    assert set(of_school[:20]) <= of_provider | set(of_school)
    assert len(of_school) < 45 + 13


async def test_fifty_students_cost_one_identity_call_and_one_rights_call_per_source(gateway: Gateway) -> None:
    await gateway.ask("staff-a", "{ viewer { role } }")  # the issuer's keys are fetched before we count
    gateway.loopback.calls.clear()

    answer = await gateway.ask("staff-a", PAGE, {"first": 50})

    assert len(answer["data"]["students"]["edges"]) == 50
    calls = gateway.loopback.calls
    assert calls["ONR henkilo/masterHenkilosByOidList"] == 1
    assert calls["Koski sure/oids"] == 1
    assert calls["Koski oppija/oids"] <= 2


async def test_two_aliases_of_one_student_are_read_once(gateway: Gateway) -> None:
    await gateway.ask("staff-a", "{ viewer { role } }")
    gateway.loopback.calls.clear()

    await gateway.ask(
        "staff-a",
        """{
          one: student(oid: "1.2.246.562.98.98000000020") { hoksit { studyRightOid } }
          two: student(oid: "1.2.246.562.98.98000010029") { hoksit { studyRightOid } }
          three: student(oid: "1.2.246.562.98.98000000079") { hoksit { studyRightOid } }
        }""",
    )

    assert gateway.loopback.calls["Koski sure/oids"] == 1
    assert gateway.loopback.calls["eHOKS hoks/opiskeluoikeus"] == 2

"""A student follows who has seen their data: organisation and role in plain words, never a person, never of others."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World
from tests.stories.conftest import Gateway, running

ELIAS = "1.2.246.562.98.98000000079"
STAFF_A = "1.2.246.562.99.99000000010"
AT_A, AT_C = "1.2.246.562.15.15000070118", "1.2.246.562.15.15000070233"
NAME_AND_DATES = f'{{ student(oid: "{ELIAS}") {{ name hoksit {{ firstApprovedOn }} }} }}'
ROWS = f"""
query ($first: Int!, $after: Cursor) {{ student(oid: "{ELIAS}") {{ disclosures(first: $first, after: $after) {{
  edges {{ cursor node {{ reference event {{ code name {{ fi sv en }} }} isOwn count first last
    role {{ code name {{ fi sv en }} }} organisation {{ oid name {{ fi sv en }} }} purpose {{ code name {{ fi }} }}
    items {{ code name {{ fi sv en }} }} grounds {{ code name {{ fi sv en }} }} laws studyRightOid
    provider {{ oid }} discloser {{ oid }} source consents mayBeOlder }} }}
  pageInfo {{ hasNextPage endCursor }} }} }} }}
"""


async def page(gateway: Gateway, first: int = 100, after: str | None = None, by: str = "student-7") -> dict[str, Any]:
    """A page of the log as the student reads it."""
    answer = await gateway.ask(by, ROWS, {"first": first, "after": after})
    assert "errors" not in answer, answer
    connection: dict[str, Any] = answer["data"]["student"]["disclosures"]
    return connection


async def rows(gateway: Gateway) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (await page(gateway))["edges"]]


async def test_a_student_reads_who_saw_what_in_which_role_on_which_ground(gateway: Gateway) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    found = {each["studyRightOid"]: each for each in await rows(gateway)}
    assert set(found) == {None, AT_A, AT_C}
    own = found[AT_A]
    assert own["event"] == {
        "code": "disclosed",
        "name": {"fi": "Tietojasi katsottiin", "sv": "Dina uppgifter visades", "en": "Your data were shown"},
    }
    assert own["organisation"]["oid"] == STAFF_A
    assert own["organisation"]["name"]["fi"], "organisations are called by their names"
    assert own["role"]["name"]["fi"] == "Koulutuksen järjestäjän henkilöstö"
    assert own["purpose"] == {"code": "GUIDANCE", "name": {"fi": "Ohjaus ja opetus"}}
    assert [(each["code"], each["name"]["en"]) for each in own["items"]] == [
        ("D1", "When the plan was approved and updated")
    ]
    assert [each["code"] for each in own["grounds"]] == ["P1", "P4"]
    assert own["laws"] == ["531/2017 109 a § 1 mom."]
    assert (own["provider"], own["discloser"], own["source"]) == ({"oid": STAFF_A}, {"oid": STAFF_A}, "a-ehoks")
    assert (own["count"], own["isOwn"], own["mayBeOlder"], own["consents"]) == (1, False, False, [])
    assert own["first"] == own["last"] == "2026-10-05T06:30:00+00:00"
    assert [each["code"] for each in found[AT_C]["grounds"]] == ["P3", "P6"]
    assert [each["name"]["sv"] for each in found[None]["items"]] == ["Ditt namn och studentnummer"]


async def test_neither_the_person_who_looked_nor_the_request_stands_in_any_byte(gateway: Gateway) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    viewer = (await gateway.ask("staff-a", "{ viewer { oid } }"))["data"]["viewer"]["oid"]
    answer = await gateway.post("student-7", ROWS, {"first": 100})
    assert STAFF_A in answer.text
    assert viewer not in answer.text


async def test_polling_is_one_row_with_its_count_and_ones_own_looks_are_marked(gateway: Gateway) -> None:
    for _ in range(5):
        gateway.later(60)
        await gateway.ask("staff-a", f'{{ student(oid: "{ELIAS}") {{ name }} }}')
    await gateway.ask("student-7", f'{{ student(oid: "{ELIAS}") {{ name }} }}')
    own, other = await rows(gateway)
    assert (own["isOwn"], own["role"]["code"], own["purpose"]["code"], own["count"]) == (True, "student", "OWN_USE", 1)
    assert (other["isOwn"], other["count"]) == (False, 5)
    assert (other["first"], other["last"]) == ("2026-10-05T06:31:00+00:00", "2026-10-05T06:35:00+00:00")


async def test_reading_the_log_is_no_look_and_leaves_nothing_in_it(gateway: Gateway) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    assert await rows(gateway) == await rows(gateway)


async def test_pages_put_together_are_the_whole(gateway: Gateway) -> None:
    for persona in ("staff-a", "staff-c", "student-7"):
        await gateway.ask(persona, NAME_AND_DATES)
        gateway.later(3_600)
    whole = (await page(gateway))["edges"]
    assert len(whole) >= 7
    found: list[Any] = []
    after, more = None, True
    while more and len(found) <= len(whole):
        connection = await page(gateway, 2, after)
        found += connection["edges"]
        after, more = connection["pageInfo"]["endCursor"], connection["pageInfo"]["hasNextPage"]
    assert found == whole


@pytest.mark.parametrize(("arguments"), [{"first": 0}, {"first": 101}, {"first": 1, "after": "c3R1ZmY"}])
async def test_a_page_out_of_range_and_a_cursor_of_nobodys_are_the_callers_fault(
    gateway: Gateway, arguments: dict[str, Any]
) -> None:
    answer = await gateway.ask("student-7", ROWS, arguments)
    assert answer["data"]["student"] == {"disclosures": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_cursor_is_good_for_its_own_list_and_its_own_student_alone(gateway: Gateway) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    cursor = (await page(gateway, 1))["pageInfo"]["endCursor"]
    of_students = (await gateway.ask("student-7", "{ students { pageInfo { endCursor } } }"))["data"]["students"]
    for persona, wrong in (("student-7", of_students["pageInfo"]["endCursor"]), ("student-1", cursor)):
        query = f'{{ students {{ edges {{ node {{ disclosures(after: "{wrong}") {{ edges {{ cursor }} }} }} }} }} }}'
        answer = await gateway.ask(persona, query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    answer = await gateway.ask("student-7", f'{{ students(after: "{cursor}") {{ edges {{ cursor }} }} }}')
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("persona", ["staff-a", "staff-c", "counsellor-a", "instructor-1", "recipient-1"])
async def test_to_everybody_else_it_is_withheld_and_they_are_told_so(gateway: Gateway, persona: str) -> None:
    answer = await gateway.ask(persona, "{ students { edges { node { oid disclosures { edges { cursor } } } } } }")
    assert "errors" not in answer
    edges = answer["data"]["students"]["edges"]
    assert edges
    assert {edge["node"]["disclosures"] for edge in edges} == {None}
    assert {
        "coordinate": "Student.disclosures", "item": None, "reason": "NO_RULE", "rules": []
    } in answer["extensions"]["access"]["withheld"]  # fmt: skip


async def test_a_student_reads_of_their_own_consents_given_and_withdrawn(gateway: Gateway) -> None:
    give = """mutation { giveConsent(input: { studyRightOid: "%s", recipientKind: PERSON, recipient: "%s",
      items: [D13], purpose: EMPLOYMENT, endDate: "2026-12-31", textVersion: "2026-1", language: FI }) { id } }"""
    recipient = "1.2.246.562.98.98000009195"
    given = (await gateway.ask("student-7", give % (AT_A, recipient)))["data"]["giveConsent"]["id"]
    await gateway.ask("student-7", f'mutation {{ withdrawConsent(id: "{given}") {{ id }} }}')
    found = {each["event"]["code"]: each for each in await rows(gateway)}
    assert set(found) == {"consent.given", "consent.withdrawn"}
    for each in found.values():
        assert (each["consents"], each["isOwn"], each["organisation"]) == ([given], True, None)
        assert each["purpose"]["name"] == {"fi": "Työllistyminen"}


@pytest.mark.proves("what others were told of others changes no byte of a student's own view of the log")
async def test_what_others_are_shown_of_others_changes_no_byte_of_a_students_own_log(
    tmp_path: Path, world: World
) -> None:
    """Two gateways with the same secrets, where others ask of others in the one alone: before, between and after."""
    others = '{ student(oid: "1.2.246.562.98.98000000012") { name hoksit { firstApprovedOn } } }'
    told = []
    for busy in (False, True):
        folder = tmp_path / f"busy-{busy}"
        if busy:
            shutil.copytree(tmp_path / "busy-False" / "secrets", folder / "secrets")
        async with running(folder, world) as gateway:
            answers = []
            for asked in ("staff-a", "staff-c", "student-7"):
                for _ in range(3 if busy else 0):
                    for persona in ("staff-a", "student-1"):
                        assert (await gateway.ask(persona, others))["data"]["student"]
                await gateway.ask(asked, NAME_AND_DATES)
                for first in (1, 100):
                    answers.append((await gateway.post("student-7", ROWS, {"first": first})).content)
            told.append(answers)
    assert told[0] == told[1]

"""Apollo's composition takes our subgraph beside another one, and through Apollo's gateway the access rules hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resolvers.schema import subgraph_sdl
from tests.conformance.node import answer_of, installed
from tests.conformance.standing import Standing, standing

pytestmark = pytest.mark.suite("Apollo composition and gateway")
ELIAS, UNKNOWN = "1.2.246.562.98.98000000079", "1.2.246.562.98.98000099998"
AT_A, AT_C, NO_RIGHT = "1.2.246.562.15.15000070118", "1.2.246.562.15.15000070233", "1.2.246.562.15.15000999910"
PROVIDER_A, PROVIDER_C = "1.2.246.562.99.99000000010", "1.2.246.562.99.99000000036"

LOANS = [
    {"item": "laptop", "student": ELIAS, "right": AT_A},
    {"item": "camera", "student": UNKNOWN, "right": NO_RIGHT},
    {"item": "drill", "student": ELIAS, "right": AT_C},
]
BY_LOAN = """{ loans { item student { borrowed name hoksit { provider { oid } } } right { fee phase }
  plan { reviewed provider { oid } } } }"""
BY_STUDENT = """query($oid: LearnerOid!) { student(oid: $oid) { name borrowed studyRights { oid fee }
  hoksit { studyRightOid reviewed } } }"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing(tmp_path_factory.mktemp("supergraph"), "subgraph = true") as running:
        yield running


@pytest.fixture(scope="module")
def folder() -> Path:
    return installed(Path(__file__).parent)


def through(folder: Path, gateway: Standing, loans: list[Any], *asked: tuple[str | None, str, Any]) -> list[Any]:
    """What the supergraph answers, each question as a persona, or as nobody."""
    told = {
        "url": gateway.url,
        "sdl": subgraph_sdl(),
        "loans": loans,
        "asked": [
            {"query": query, "variables": variables, "headers": gateway.headers(persona) if persona else {}}
            for persona, query, variables in asked
        ],
    }
    answer = answer_of(folder, "run.mjs", told)
    assert "errors" not in answer, answer
    answers: list[Any] = answer["answers"]
    return answers


def test_the_rules_hold_in_the_supergraph_whoever_asks(folder: Path, gateway: Standing) -> None:
    callers = ("staff-a", "student-7", "staff-b", "student-1", None)
    of_staff, of_himself, *of_others, of_nobody = through(
        folder, gateway, LOANS, *((persona, BY_LOAN, {}) for persona in callers)
    )
    borrowed = [["laptop", "drill"], ["camera"], ["laptop", "drill"]]
    for answer in (of_staff, of_himself):
        assert answer["errors"] == []
        elias, unknown, again = (loan["student"] for loan in answer["data"]["loans"])
        assert elias["name"] and elias == again
        assert {plan["provider"]["oid"] for plan in elias["hoksit"]} == {PROVIDER_A, PROVIDER_C}
        assert (unknown["name"], unknown["hoksit"]) == (None, None)
        assert [loan["student"]["borrowed"] for loan in answer["data"]["loans"]] == borrowed
        assert [loan["right"] for loan in answer["data"]["loans"]] == [
            {"fee": 1, "phase": "CURRENT"},
            {"fee": 1, "phase": None},
            {"fee": 1, "phase": "CURRENT"},
        ]
        assert [loan["plan"]["provider"] for loan in answer["data"]["loans"]] == [
            {"oid": PROVIDER_A},
            None,
            {"oid": PROVIDER_C},
        ]
    for answer in of_others:
        assert answer["errors"] == []
        assert [loan["student"] for loan in answer["data"]["loans"]] == [
            {"borrowed": each, "name": None, "hoksit": None} for each in borrowed
        ]
        assert [loan["right"]["phase"] for loan in answer["data"]["loans"]] == [None] * 3
    assert of_nobody["errors"] != []
    assert all(loan["student"]["name"] is None for loan in of_nobody["data"]["loans"])


def test_what_others_know_is_joined_to_the_students_of_this_graph(folder: Path, gateway: Standing) -> None:
    (answer,) = through(folder, gateway, LOANS, ("staff-a", BY_STUDENT, {"oid": ELIAS}))
    assert answer["errors"] == []
    elias = answer["data"]["student"]
    assert elias["borrowed"] == ["laptop", "drill"]
    assert {right["oid"]: right["fee"] for right in elias["studyRights"]} == {AT_A: 1, AT_C: 1}
    assert {plan["studyRightOid"]: plan["reviewed"] for plan in elias["hoksit"]} == {AT_A: True, AT_C: True}


def test_nobody_is_given_anybody_elses_data_whatever_the_order(folder: Path, gateway: Standing) -> None:
    page = gateway.ask("staff-a", "{ students(first: 15) { edges { node { oid name } } } }")
    names = {edge["node"]["oid"]: edge["node"]["name"] for edge in page["data"]["students"]["edges"]}
    oids = [*reversed(names), UNKNOWN, *names, UNKNOWN, *sorted(names, key=lambda oid: oid[::-1])]
    assert len(names) == 15
    loans = [{"item": str(place), "student": oid, "right": None} for place, oid in enumerate(oids)]
    (answer,) = through(folder, gateway, loans, ("staff-a", "{ loans { student { name } } }", {}))
    assert answer["errors"] == []
    assert [loan["student"]["name"] for loan in answer["data"]["loans"]] == [names.get(oid) for oid in oids]


def test_the_text_that_the_service_tells_is_the_text_that_is_printed(gateway: Standing) -> None:
    answer = gateway.ask("staff-a", "{ _service { sdl } }")
    assert answer["data"]["_service"]["sdl"] == subgraph_sdl()

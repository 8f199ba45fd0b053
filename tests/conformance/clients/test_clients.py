"""Types that a client generates from ``schema.graphql`` compile strictly, and its questions are answered."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.node import ROOT, answer_of, installed, run
from tests.conformance.standing import Standing, standing

pytestmark = pytest.mark.suite("clients generated for TypeScript")
ELIAS = "1.2.246.562.98.98000000079"
QUERY = """query($oid: LearnerOid!) { student(oid: $oid) { oid name hoksit { studyRightOid firstApprovedOn
  provider { oid name { fi } } guidancePhase { phase }
  plannedVocationalUnits { unit { uri } acquisitions { mode startDate } } } } }"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing(tmp_path_factory.mktemp("clients")) as running:
        yield running


@pytest.fixture(scope="module")
def built() -> Path:
    """The client, generated and compiled."""
    folder = installed(Path(__file__).parent)
    shutil.copy(ROOT / "schema.graphql", folder)
    for name in ("src/graph", "built"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "src/wrong.ts").unlink(missing_ok=True)
    run(folder, "graphql-codegen", "--config", "codegen.json")
    run(folder, "tsc", "--project", ".")
    return folder


def test_both_clients_are_answered_what_is_answered_without_them(built: Path, gateway: Standing) -> None:
    told = {"url": gateway.url, "headers": gateway.headers("staff-a"), "oid": ELIAS}
    answers = answer_of(built, "built/run.js", told)
    expected = gateway.ask("staff-a", QUERY, {"oid": ELIAS})["data"]
    assert len(expected["student"]["hoksit"]) == 2
    for client in ("graphql-request", "urql"):
        assert answers[client]["data"] == expected
        assert [line.split()[0] for line in answers[client]["lines"]] == [
            plan["studyRightOid"] for plan in expected["student"]["hoksit"]
        ]


def test_a_field_that_the_schema_does_not_have_stops_the_generation(built: Path) -> None:
    wrong = built / "src/wrong.ts"
    query = "graphql(`query Wrong { viewer { shoeSize } }`)"
    wrong.write_text(f"import {{ graphql }} from './graph/gql.js';\nexport const WRONG = {query};\n")
    try:
        said = run(built, "graphql-codegen", "--config", "codegen.json", fails=True)
    finally:
        wrong.unlink()
    assert "shoeSize" in said

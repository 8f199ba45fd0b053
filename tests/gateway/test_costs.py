"""What an operation may cost is told by its text: hand-counted, and the same whatever its variables hold."""

import pytest
from graphql import GraphQLSchema

from gateway.costs import ROOTS
from gateway.documents import Documents
from gateway.settings import Limits
from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable

WIDE = Limits(subjects=1_000, source_calls=10_000, root_fields=50, listed_fields=100_000)
OID = '"1.2.246.562.98.98000000079"'


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return executable(build())


def cost(schema: GraphQLSchema, text: str, name: str | None = None) -> tuple[int, int, int]:
    """Fields, subjects and calls of sources."""
    outcome = Documents(schema, WIDE).document(text)
    assert isinstance(outcome, PreparedDocument), outcome
    told = outcome.cost(name)
    assert told is not None
    return told["fields"], told["subjects"], told["sourceCalls"]


def test_every_question_of_the_graph_has_its_cost(schema: GraphQLSchema) -> None:
    assert schema.query_type is not None
    assert ROOTS.keys() - {"_entities", "_service"} == schema.query_type.fields.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", (1, 0, 0)),
        ("{ viewer { oid role } }", (3, 0, 10)),
        ('{ consentText(language: FI) { version } }', (2, 0, 0)),
        (f"{{ student(oid: {OID}) {{ oid name }} }}", (3, 1, 18)),
        (f"{{ a: student(oid: {OID}) {{ oid }} b: student(oid: {OID}) {{ oid }} }}", (4, 2, 36)),
        ("{ students { edges { node { oid } } } }", (1 + 20 * 3, 20, 170)),
        ("{ students(first: 7) { edges { node { oid } } } }", (1 + 7 * 3, 7, 66)),
        ("query ($n: Int!) { students(first: $n) { edges { cursor } } }", (1 + 50 * 2, 50, 410)),
        ("{ students(first: 900) { edges { cursor } } }", (1 + 50 * 2, 50, 410)),
        ("{ students(first: -9) { edges { cursor } } }", (1 + 1 * 2, 1, 18)),
        ("{ ...Q } fragment Q on Query { ... on Query { viewer { oid } ...R } } "
         "fragment R on Query { students(first: 2) { edges { cursor } } }", (2 + 1 + 2 * 2, 2, 36)),
        ('{ guidanceSummary(organisationOid: "1.2.246.562.99.99000000010") { __typename } }', (2, 0, 400)),
        ('mutation { withdrawConsent(id: "a") { id } }', (2, 1, 18)),
    ],
)  # fmt: skip
def test_the_cost_of_an_operation(schema: GraphQLSchema, text: str, expected: tuple[int, int, int]) -> None:
    assert cost(schema, text) == expected


def test_each_operation_of_a_document_has_its_own_cost(schema: GraphQLSchema) -> None:
    text = "query Small { viewer { oid } } query Large { students { edges { cursor } } }"
    assert cost(schema, text, "Small") == (2, 0, 10)
    assert cost(schema, text, "Large") == (41, 20, 170)


def test_a_number_of_five_thousand_digits_is_a_page_like_any_that_is_too_long(schema: GraphQLSchema) -> None:
    outcome = Documents(schema, WIDE).document("{ students(first: " + "9" * 5_000 + ") { edges { cursor } } }")
    assert isinstance(outcome, list)
    assert {error["extensions"]["code"] for error in outcome} == {"GRAPHQL_VALIDATION_FAILED"}  # type: ignore[index]  # all have it

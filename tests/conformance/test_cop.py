"""What the security audit graphql-cop looks for, check by check: nothing of it is found in the default configuration.

The checks are written anew after what the tool says it looks for; a check holds where the tool would find nothing.
"""

from collections.abc import Iterator

import httpx
import pytest

from tests.conformance.conftest import Served

pytestmark = pytest.mark.suite("graphql-cop checks, default configuration")


@pytest.fixture(scope="module")
def client(by_default: Served) -> Iterator[httpx.Client]:
    with by_default.client() as client:
        yield client


def answered(response: httpx.Response) -> object:
    """The data of an answer; nothing where it has none or is no JSON object."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer.get("data") if isinstance(answer, dict) else answer


def refused(client: httpx.Client, query: str) -> list[dict[str, object]]:
    """The errors of a query that must not be answered."""
    response = client.post("/graphql", json={"query": query})
    assert answered(response) is None
    errors: list[dict[str, object]] = response.json()["errors"]
    return errors


def test_alias_overloading(client: httpx.Client) -> None:
    refused(client, "{ " + " ".join(f"alias{n}: __typename" for n in range(101)) + " }")


def test_array_based_query_batching(client: httpx.Client) -> None:
    response = client.post("/graphql", json=[{"query": "query { __typename }"}] * 11)
    assert response.status_code == 400
    assert answered(response) is None


def test_directive_overloading(client: httpx.Client) -> None:
    # The tool takes as many errors as directives for a sign that each of them was looked at.
    assert len(refused(client, "query { __typename " + "@aa" * 10 + " }")) == 1


def test_introspection_based_circular_query(client: httpx.Client) -> None:
    refused(client, "{ __schema { types { " + "fields { type { " * 4 + "name" + " } }" * 4 + " } } }")


def test_circular_fragment(client: httpx.Client) -> None:
    text = "{ viewer { ...A } } fragment A on Viewer { oid ...B } fragment B on Viewer { ...A }"
    refused(client, text)
    refused(client, text.replace("viewer", "__schema").replace("Viewer", "__Schema").replace("oid", "__typename"))


def test_field_duplication(client: httpx.Client) -> None:
    refused(client, "query { " + "__typename \n" * 500 + "}")


@pytest.mark.parametrize("query", ["{ __schema { directive } }", "{ student_ { oid } }", "{ viewer { oi } }"])
def test_field_suggestions(client: httpx.Client, query: str) -> None:
    assert "did you mean" not in str(refused(client, query)).lower()


def test_queries_by_get(client: httpx.Client) -> None:
    response = client.get("/graphql", params={"query": "{__typename}"})
    assert (response.status_code, answered(response)) == (405, None)


def test_mutations_by_get(client: httpx.Client) -> None:
    response = client.get("/graphql", params={"query": "mutation {__typename}"})
    assert (response.status_code, answered(response)) == (405, None)


def test_url_encoded_queries_by_post(client: httpx.Client) -> None:
    asked = {"query": "query {__typename}"}
    for response in (client.post("/graphql", params=asked), client.post("/graphql", data=asked)):
        assert (response.status_code, answered(response)) == (415, None)


@pytest.mark.parametrize("address", ["/graphiql", "/playground", "/console", "/graphql", "/", "/altair"])
def test_an_ide_in_the_browser(client: httpx.Client, address: str) -> None:
    response = client.get(address, headers={"accept": "text/html"})
    assert response.status_code in (404, 405)
    assert list(response.json()) == ["errors"]


@pytest.mark.parametrize(
    "query",
    ["query { __schema { types { name fields { name } } } }", '{ __type(name: "Student") { fields { name } } }'],
)
def test_introspection(client: httpx.Client, query: str) -> None:
    refused(client, query)


def test_trace_mode(client: httpx.Client) -> None:
    for query in ("query { __typename }", "{ nothing }", '{ student(oid: "no oid") { oid } }'):
        answer = client.post("/graphql", json={"query": query}).text.lower()
        assert not [word for word in ("tracing", "exception", "stacktrace", "traceback") if word in answer]


def test_unhandled_errors(client: httpx.Client) -> None:
    (error,) = refused(client, "qwerty cop { abc }")
    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}

"""GraphQL over HTTP: every wrong request has its status and its code, and no answer repeats what was sent."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import httpx
import pytest
from graphql import build_schema, execute_sync

from gateway.callers import Callers
from gateway.errors import FAULTS, Code, RefusedError
from gateway.http import GRAPHQL_RESPONSE, JSON, GraphQLEndpoint, accepted
from gateway.records.faults import StoreBroken
from gateway.records.gate import GroundChanged
from gateway.settings import IssuerSettings, Limits
from hoks.caller import Caller
from hoks.disclosing import Told
from hoks.identifiers import LearnerOid
from hoks.items import Item
from resolvers.graph import Answered
from resolvers.prepared import PreparedDocument

from .conftest import PROVIDER_A, STAFF_A, STAFF_B, Issuer

SCHEMA = build_schema("type Query { greeting(to: Int): String } type Mutation { forget: Boolean }")
SECRET = "ZQ7secret"
NAME = "Aino Lehtovirta"
QUERY = "{ greeting }"


class Graph:
    """A graph of one field that notes who asked what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, dict[str, object], Caller]] = []
        self.failure: Exception | None = None
        self.pause = 0.0
        self.fixed: dict[str, object] | None = None
        self.told: tuple[Told, ...] = ()

    async def answer(
        self, document: PreparedDocument, operation_name: str | None, variables: dict[str, object], caller: Caller
    ) -> Answered:
        self.asked.append((operation_name, variables, caller))
        if self.failure is not None:
            raise self.failure
        await asyncio.sleep(self.pause)
        if self.fixed is not None:
            return Answered(self.fixed, self.told)
        result = execute_sync(
            SCHEMA, document.node, {"greeting": "hei"}, variable_values=variables, operation_name=operation_name
        )
        answer: dict[str, object] = {"data": result.data}
        if result.errors:
            answer["errors"] = [
                {"message": "a value does not fit", **({"path": e.path} if e.path else {}),
                 "extensions": {"code": "BAD_USER_INPUT"}}
                for e in result.errors
            ]  # fmt: skip
        return Answered(answer, self.told)


class Gate:
    """A gate that notes what it is asked to let go, and can refuse."""

    def __init__(self) -> None:
        self.asked: list[tuple[Told, ...]] = []
        self.refusals: list[Exception] = []

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        self.asked.append(tuple(told))
        if self.refusals:
            raise self.refusals.pop()


class Client:
    """A client of the endpoint with a good token, unless a test says otherwise."""

    def __init__(self, endpoint: GraphQLEndpoint, token: str) -> None:
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=endpoint), base_url="http://gateway")
        self._token = token

    async def post(
        self, body: object = None, *, headers: Mapping[str, str | None] | None = None, method: str = "POST"
    ) -> httpx.Response:
        """Send a body, an object as JSON or bytes as they are; a header of ``None`` is left out."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: dict[str, str | None] = {"content-type": JSON, "authorization": f"Bearer {self._token}"}
        sent |= headers or {}
        request = self._http.build_request(method, "/graphql", content=content)
        for name, value in {"accept": None, **sent}.items():
            if name in request.headers:
                del request.headers[name]
            if value is not None:
                request.headers[name] = value
        return await self._http.send(request)

    async def get(
        self, asked: str = "", *, accept: str = JSON, authorization: str | None = None, **members: str
    ) -> httpx.Response:
        """Get a URL with the members in it, or with a query string as it is."""
        url = httpx.URL("http://gateway/graphql", query=(asked or urlencode(members)).encode())
        token = f"Bearer {self._token}" if authorization is None else authorization
        return await self._http.send(httpx.Request("GET", url, headers={"accept": accept, "authorization": token}))


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def client(graph: Graph, gate: Gate, issuer: Issuer, trusted: IssuerSettings) -> Client:
    limits = Limits(request_seconds=0.05)
    callers = Callers([trusted], issuer)
    endpoint = GraphQLEndpoint(schema=SCHEMA, graph=graph, callers=callers, gate=gate, limits=limits)
    return Client(endpoint, issuer.token(STAFF_A))


def code(response: httpx.Response) -> str:
    answer = response.json()
    assert set(answer) == {"errors"}
    (error,) = answer["errors"]
    assert set(error) - {"locations"} == {"message", "extensions"}
    return str(error["extensions"]["code"])


# --- what goes well


async def test_a_query_is_answered(client: Client, graph: Graph) -> None:
    response = await client.post({"query": QUERY})
    assert response.status_code == 200
    assert response.json() == {"data": {"greeting": "hei"}}
    (asked,) = graph.asked
    assert (asked[0], asked[1], asked[2].organisation) == (None, {}, PROVIDER_A)


async def test_every_answer_forbids_storing_and_sniffing_and_says_its_charset(client: Client) -> None:
    for body in ({"query": QUERY}, {"query": "{"}, None):
        headers = (await client.post(body)).headers
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


async def test_variables_and_the_operation_name_are_passed_on(client: Client, graph: Graph) -> None:
    query = "query A($to: Int) { greeting(to: $to) } query B { greeting }"
    body = {"query": query, "operationName": "A", "variables": {"to": 7}, "extensions": {"any": 1}}
    assert (await client.post(body)).json() == {"data": {"greeting": "hei"}}
    assert graph.asked[0][:2] == ("A", {"to": 7})


@pytest.mark.parametrize("name", ["variables", "operationName", "extensions"])
async def test_a_member_may_be_null(client: Client, name: str) -> None:
    assert (await client.post({"query": QUERY, name: None})).json() == {"data": {"greeting": "hei"}}


async def test_a_mutation_may_be_posted(client: Client) -> None:
    assert (await client.post({"query": "mutation { forget }"})).json() == {"data": {"forget": None}}


async def test_the_acting_role_of_the_header_is_used(client: Client, graph: Graph, issuer: Issuer) -> None:
    token = {"authorization": f"Bearer {issuer.token(STAFF_A, STAFF_B)}"}
    assert code(await client.post({"query": QUERY}, headers=token)) == "ACTING_ROLE_REQUIRED"
    assert graph.asked == []
    named = await client.post({"query": QUERY}, headers={**token, "acting-role": f"staff@{PROVIDER_A}"})
    assert named.status_code == 200
    other = await client.post({"query": QUERY}, headers={**token, "acting-role": "student"})
    assert (other.status_code, code(other)) == (403, "ACTING_ROLE_NOT_HELD")


# --- media types


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON; charset=UTF-8", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.5, application/json", JSON),
        ("application/json;q=0, */*", GRAPHQL_RESPONSE),
        ("text/html, application/json;q=0.1", JSON),
        ("text/html, */*;q=0.1", JSON),
    ],
)
def test_the_media_type_that_the_client_prefers_is_given(accept: str | None, expected: str) -> None:
    assert accepted(accept) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/json;q=0",
        "application/json;q=nan",
        "application/json; charset=latin-1",
        "image/*",
        ";",
    ],
)
async def test_a_client_that_takes_neither_type_gets_406(client: Client, accept: str) -> None:
    response = await client.post({"query": QUERY}, headers={"accept": accept})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
async def test_json_in_utf8_is_taken(client: Client, kind: str) -> None:
    assert (await client.post({"query": QUERY}, headers={"content-type": kind})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": None},
        {"content-type": "text/plain"},
        {"content-type": "application/graphql"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json; charset=iso-8859-1"},
        {"content-type": "application/json; boundary=x"},
        {"content-encoding": "gzip"},
        {"content-encoding": "identity"},
    ],
    ids=str,
)
async def test_another_content_is_415(client: Client, graph: Graph, headers: dict[str, str | None]) -> None:
    response = await client.post({"query": QUERY}, headers=headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert graph.asked == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_another_method_is_405_and_post_is_named(client: Client, method: str) -> None:
    response = await client.post({"query": QUERY}, method=method)
    assert (response.status_code, code(response), response.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")


# --- queries by GET, where they are on


@pytest.fixture
def getting(graph: Graph, gate: Gate, issuer: Issuer, trusted: IssuerSettings) -> Client:
    callers = Callers([trusted], issuer)
    endpoint = GraphQLEndpoint(
        schema=SCHEMA, graph=graph, callers=callers, gate=gate, limits=Limits(body_bytes=1_000), get_queries=True
    )
    return Client(endpoint, issuer.token(STAFF_A))


async def test_a_query_may_be_got_without_a_content_type(getting: Client, graph: Graph) -> None:
    response = await getting.get(query="query A($to: Int) { greeting(to: $to) } query B { greeting }",
                                 operationName="A", variables='{"to": 7}', extensions='{"any": 1}')  # fmt: skip
    assert (response.status_code, response.json()) == (200, {"data": {"greeting": "hei"}})
    assert graph.asked[0][:2] == ("A", {"to": 7})


async def test_an_empty_operation_name_in_a_url_is_none(getting: Client) -> None:
    assert (await getting.get(query=QUERY, operationName="")).status_code == 200


async def test_what_is_got_is_typed_as_what_is_posted(getting: Client) -> None:
    good = await getting.get(query=QUERY, accept=GRAPHQL_RESPONSE)
    assert good.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    bad = await getting.get(query="{", accept=GRAPHQL_RESPONSE)
    assert (bad.status_code, code(bad)) == (400, "GRAPHQL_PARSE_FAILED")
    assert (await getting.get(query="{", accept=JSON)).status_code == 200


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
@pytest.mark.parametrize("name", ["", "Change"])
async def test_a_mutation_is_never_executed_by_get(getting: Client, graph: Graph, name: str, accept: str) -> None:
    query = f"mutation {name} {{ forget }}" + (" query Ask { greeting }" if name else "")
    response = await getting.get(query=query, operationName=name, accept=accept)
    assert (response.status_code, code(response), response.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")
    assert graph.asked == []


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_another_method_than_the_two_is_405_and_both_are_named(getting: Client, method: str) -> None:
    response = await getting.post({"query": QUERY}, method=method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "query",
        "operationName=A",
        "query={greeting}&query={greeting}",
        "query={greeting}&qeury={greeting}",
        "query={greeting}&variables=",
        "query={greeting}&variables=7",
        "query={greeting}&variables=[7]",
        "query={greeting}&variables={a}",
        'query={greeting}&variables={"a":1,"a":2}',
        'query={greeting}&variables={"a":NaN}',
        'query={greeting}&variables={"a":123456789012345678901}',
        'query={greeting}&extensions="text"',
        "query=%ff",
        "query={greeting}&&",
        "query={greeting}" + "&a=1" * 9,
    ],
)
async def test_what_is_no_request_in_a_url_is_400(getting: Client, graph: Graph, asked: str) -> None:
    response = await getting.get(asked)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert graph.asked == []


async def test_a_url_beyond_the_limit_is_413(getting: Client) -> None:
    assert code(await getting.get(query="#" + "x" * 1_000)) == "PAYLOAD_TOO_LARGE"


async def test_a_stranger_learns_nothing_by_get_either(getting: Client, graph: Graph) -> None:
    response = await getting.get("nonsense", authorization="")
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert graph.asked == []


# --- the body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"1",
        b'"text"',
        b"[]",
        b'[{"query": "{ greeting }"}]',
        b"{}",
        b'{"query": "{ greeting }"',
        b'{"query": "{ greeting }"}}',
        b'{"query": "{ greeting }",}',
        b'{"query": "\xff"}',
        '{"query": "{ greeting }"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"query": "{ greeting }"}',
        b'{"query": "{ greeting }", "query": "{ greeting }"}',
        b'{"query": "{ greeting }", "variables": {"a": {"b": 1, "b": 2}}}',
        b'{"query": "{ greeting }", "variables": {"a": NaN}}',
        b'{"query": "{ greeting }", "variables": {"a": -Infinity}}',
        b'{"query": "{ greeting }", "variables": {"a": 1e999}}',
        b'{"query": "{ greeting }", "variables": {"a": 123456789012345678901}}',
        b'{"query": "{ greeting }", "variables": {"a": 0.123456789012345678901}}',
        b'{"query": "{ greeting }", "variables": {"a": ' + b"9" * 6_000 + b"}}",
        b'{"query": "{ greeting }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ greeting }", "variables": {"a": ' + b"[" * 49 + b"]" * 49 + b"}}",
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=lambda body: repr(body[:60]),
)
async def test_what_is_not_strict_json_of_one_request_is_400(client: Client, graph: Graph, body: bytes) -> None:
    for accept in (JSON, GRAPHQL_RESPONSE):
        response = await client.post(body, headers={"accept": accept})
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert graph.asked == []


async def test_variables_may_be_nested_fifty_deep_in_all(client: Client) -> None:
    body = b'{"query": "{ greeting }", "variables": {"a": ' + b"[" * 48 + b"1" + b"]" * 48 + b"}}"
    assert (await client.post(body)).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("query", "operationName") for value in (0, True, ["a"], {"a": "b"})]
    + [(name, value) for name in ("variables", "extensions") for value in (0, True, ["a"], "text")],
    ids=str,
)
async def test_a_member_of_the_wrong_type_is_400(client: Client, name: str, value: object) -> None:
    response = await client.post({"query": QUERY, name: value})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_an_unknown_member_is_400(client: Client) -> None:
    response = await client.post({"query": QUERY, "qeury": SECRET})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert SECRET not in response.text


async def test_a_body_beyond_the_limit_is_413_by_its_stated_length(client: Client, graph: Graph) -> None:
    response = await client.post(b"x", headers={"content-length": "100001"})
    assert (response.status_code, code(response)) == (413, "PAYLOAD_TOO_LARGE")
    huge = await client.post(b"x", headers={"content-length": "9" * 5_000})
    assert huge.status_code == 413


async def test_a_body_beyond_the_limit_is_413_while_it_is_read(client: Client, graph: Graph) -> None:
    body = json.dumps({"query": QUERY, "variables": {"a": "x" * 100_000}}).encode()
    response = await client.post(body, headers={"content-length": None})
    assert (response.status_code, code(response)) == (413, "PAYLOAD_TOO_LARGE")


# --- who asks


@pytest.mark.parametrize("body", [b"not json", b'{"query": "{"}', b'{"query": "{ greeting }"}'])
async def test_a_stranger_learns_nothing_about_the_body(client: Client, graph: Graph, body: bytes) -> None:
    response = await client.post(body, headers={"authorization": None})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"
    bad = await client.post(body, headers={"authorization": "Bearer a.b.c"})
    assert (bad.status_code, bad.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert graph.asked == []


async def test_a_strangers_body_is_not_read(graph: Graph, issuer: Issuer, trusted: IssuerSettings) -> None:
    endpoint = GraphQLEndpoint(
        schema=SCHEMA, graph=graph, callers=Callers([trusted], issuer), gate=Gate(), limits=Limits()
    )
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    async def send(message: object) -> None:
        sent.append(message)

    await endpoint({"method": "POST", "headers": [(b"content-type", b"application/json")]}, receive, send)
    assert isinstance(sent[0], dict)
    assert sent[0]["status"] == 401


# --- what the document does


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ greetin }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { greeting }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + "greeting " * 6 + "}", "LIMIT_EXCEEDED"),
        ("query A { greeting } query B { greeting }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_bad_document_is_400_or_by_plain_json_200_without_data(
    client: Client, graph: Graph, query: str, expected: str
) -> None:
    newer = await client.post({"query": query}, headers={"accept": GRAPHQL_RESPONSE})
    assert (newer.status_code, code(newer)) == (400, expected)
    assert newer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    plain = await client.post({"query": query}, headers={"accept": JSON})
    assert (plain.status_code, code(plain)) == (200, expected)
    assert graph.asked == []


@pytest.mark.parametrize("name", ["", "C", "a"])
async def test_the_operation_name_must_match(client: Client, name: str) -> None:
    body = {"query": "query A { greeting } query B { greeting }", "operationName": name}
    response = await client.post(body, headers={"accept": GRAPHQL_RESPONSE})
    assert (response.status_code, code(response)) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_a_wrong_variable_is_400_or_by_plain_json_200_without_data(client: Client) -> None:
    body = {"query": "query ($to: Int) { greeting(to: $to) }", "variables": {"to": SECRET}}
    newer = await client.post(body, headers={"accept": GRAPHQL_RESPONSE})
    assert (newer.status_code, code(newer)) == (400, "BAD_USER_INPUT")
    plain = await client.post(body)
    assert (plain.status_code, code(plain)) == (200, "BAD_USER_INPUT")
    assert SECRET not in newer.text + plain.text


async def test_an_executed_operation_with_errors_is_200(client: Client, graph: Graph) -> None:
    failed = {"message": "internal error", "path": ["greeting"], "extensions": {"code": "INTERNAL"}}
    graph.fixed = {"data": None, "errors": [failed]}
    response = await client.post({"query": QUERY}, headers={"accept": GRAPHQL_RESPONSE})
    assert (response.status_code, response.json()) == (200, graph.fixed)


# --- what goes wrong inside


async def test_an_unexpected_exception_is_500_and_nobody_learns_its_text(
    client: Client, graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        raise ValueError(f"cannot parse the plan of {NAME}")
    except ValueError as cause:
        graph.failure = RuntimeError(NAME)
        graph.failure.__cause__ = cause
    with caplog.at_level(logging.DEBUG):
        response = await client.post({"query": f"{{ greeting }} # {SECRET}"})
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    assert error["message"] == "internal error"
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "ValueError" in caplog.text
    assert NAME not in caplog.text + response.text
    assert SECRET not in caplog.text


async def test_an_answer_that_cannot_be_written_as_json_is_500(client: Client, graph: Graph) -> None:
    graph.fixed = {"data": {"greeting": "\ud800"}}
    assert (await client.post({"query": QUERY})).status_code == 500


async def test_a_graph_that_does_not_answer_in_time_is_503(client: Client, graph: Graph) -> None:
    graph.pause = 30
    response = await client.post({"query": QUERY})
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")


async def test_a_client_that_leaves_gets_no_answer(graph: Graph, issuer: Issuer, trusted: IssuerSettings) -> None:
    endpoint = GraphQLEndpoint(
        schema=SCHEMA, graph=graph, callers=Callers([trusted], issuer), gate=Gate(), limits=Limits()
    )
    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {issuer.token(STAFF_A)}".encode())]

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        raise AssertionError("an answer was sent")

    await endpoint({"method": "POST", "headers": headers}, receive, send)
    assert graph.asked == []


# --- the table of codes


def test_every_code_has_a_status_and_a_text() -> None:
    assert set(FAULTS) == set(Code)
    assert all(400 <= fault.status <= 599 and fault.message for fault in FAULTS.values())


def test_a_refusal_has_the_one_shape() -> None:
    assert RefusedError(Code.NOT_ACCEPTABLE).errors() == [
        {
            "message": "accept application/graphql-response+json or application/json",
            "extensions": {"code": "NOT_ACCEPTABLE"},
        }
    ]


# --- the release gate -------------------------------------------------------------------------------------------

TOLD = (Told(subject=LearnerOid("1.2.246.562.98.98000000079"), right=None, origin=None, items=frozenset({Item.ID})),)


async def test_what_an_answer_tells_goes_through_the_gate_before_it_leaves(
    client: Client, graph: Graph, gate: Gate
) -> None:
    graph.told = TOLD
    assert (await client.post({"query": "{ greeting }"})).json() == {"data": {"greeting": "hei"}}
    assert gate.asked == [TOLD]


async def test_while_the_store_is_broken_nothing_is_disclosed(client: Client, gate: Gate) -> None:
    gate.refusals = [StoreBroken("OperationalError")]
    response = await client.post({"query": "{ greeting }"})
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert b"hei" not in response.content and b"Operational" not in response.content


async def test_an_answer_is_made_again_where_a_consent_has_just_been_withdrawn(
    client: Client, graph: Graph, gate: Gate
) -> None:
    gate.refusals = [GroundChanged()]
    assert (await client.post({"query": "{ greeting }"})).json() == {"data": {"greeting": "hei"}}
    assert len(graph.asked) == len(gate.asked) == 2


async def test_where_consents_change_again_and_again_the_caller_is_told_to_come_back(
    client: Client, graph: Graph, gate: Gate
) -> None:
    gate.refusals = [GroundChanged(), GroundChanged()]
    response = await client.post({"query": "{ greeting }"})
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert len(graph.asked) == 2


async def test_a_mutation_is_executed_once_also_where_its_answer_may_no_longer_be_told(
    client: Client, graph: Graph, gate: Gate
) -> None:
    gate.refusals = [GroundChanged(), GroundChanged()]
    response = await client.post({"query": "mutation { forget }"})
    assert response.status_code == 503
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}
    assert error["message"].startswith("the change was made")
    assert (len(graph.asked), len(gate.asked)) == (1, 1)


async def test_which_operation_is_a_mutation_is_told_by_the_one_that_is_executed(
    client: Client, graph: Graph, gate: Gate
) -> None:
    both = "query Ask { greeting } mutation Change { forget }"
    for query, name, executions in (
        (both, "Change", 1),
        (both, "Ask", 2),
        ("mutation Change { forget }", None, 1),
        ("query Ask { greeting }", None, 2),
    ):
        graph.asked.clear()
        gate.refusals = [GroundChanged(), GroundChanged()]
        assert (await client.post({"query": query, "operationName": name})).status_code == 503
        assert len(graph.asked) == executions


async def test_the_answer_of_a_mutation_passes_the_gate_too(client: Client, gate: Gate) -> None:
    gate.refusals = [StoreBroken()]
    assert code(await client.post({"query": "mutation { forget }"})) == "UNAVAILABLE"


async def test_no_mutation_is_executed_by_get(client: Client, graph: Graph) -> None:
    assert code(await client.post({"query": "mutation { forget }"}, method="GET")) == "METHOD_NOT_ALLOWED"
    assert graph.asked == []

"""The limits: each is in the table of the docs, is refused under its code, and costs next to nothing to refuse."""

import re
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import orjson
import pytest
from graphql import GraphQLSchema

from gateway.errors import Code
from gateway.http import GraphQLEndpoint
from gateway.settings import GraphSettings, Limits
from hoks.caller import Caller, HeldRole, Role
from hoks.disclosing import Told
from hoks.identifiers import OrganisationOid, PersonOid
from resolvers.graph import Answered
from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable

from .conftest import PERSON, PROVIDER_A

PAGE = (Path(__file__).parents[2] / "docs/limits.md").read_text()
CPU_SECONDS = 0.05
"""What a refused operation may take of a machine that does nothing else; most take a tenth of it."""
SLACK = 3
"""How much slower a machine may be on which other tests run."""


def rows(columns: int) -> dict[str, tuple[str, str]]:
    """Default and last column of each key in the tables of the page that have so many columns."""
    found = re.findall(r"^\| `(\w+)` " + r"\| ([^|]*) " * (columns - 1) + r"\|$", PAGE, re.MULTILINE)
    return {name: (rest[0], rest[-1]) for name, *rest in found}


def test_the_page_lists_every_limit_with_its_default_and_its_code() -> None:
    listed = rows(4)
    assert {name: default for name, (default, _) in listed.items()} == {
        name: str(value) for name, value in msgspec.structs.asdict(Limits()).items()
    }
    assert {code.strip("`") for _, code in listed.values()} <= {code.value for code in Code}


def test_the_page_lists_how_operations_are_taken() -> None:
    listed = {name: default for name, (default, _) in rows(3).items() if default in ("true", "false")}
    assert listed == {name: str(value).lower() for name, value in msgspec.structs.asdict(GraphSettings()).items()}


class Unused:
    """A graph and a gate that nothing refused may reach."""

    async def answer(self, document: PreparedDocument, *_: object) -> Answered:
        raise AssertionError("it was executed")

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        raise AssertionError("it was answered")


class Anybody:
    """Callers of whom everybody is known."""

    async def identify(self, authorization: str | None, acting_role: str | None) -> Caller:
        staff = HeldRole(role=Role.STAFF, organisation=OrganisationOid(PROVIDER_A))
        return Caller(subject=PersonOid(PERSON), acting=staff, held=(staff,))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return executable(build())


@pytest.fixture
def endpoint(schema: GraphQLSchema) -> GraphQLEndpoint:
    return GraphQLEndpoint(schema=schema, graph=Unused(), callers=Anybody(), gate=Unused(), limits=Limits())


STUDENT = '{ student(oid: "1.2.246.562.98.98000000079") { %s } }'
PROVIDER = '"1.2.246.562.99.99000000010"'


def asking(query: str) -> bytes:
    return orjson.dumps({"query": query})


def nested(levels: int, spreads: int) -> str:
    """Fragments that spread each other: their fields are as many as ``spreads`` to the power of ``levels``."""
    fragments = " ".join(f"fragment F{n} on Hoks {{ {f'...F{n + 1} ' * spreads} }}" for n in range(levels))
    return STUDENT % "hoksit { ...F0 }" + f" {fragments} fragment F{levels} on Hoks {{ studyRightOid }}"


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "a body of more bytes": (b" " * 100_001, "PAYLOAD_TOO_LARGE", ""),
    "arrays inside arrays": (b"[" * 99_000, "BAD_REQUEST", "JSON"),
    "arrays inside arrays that end": (b"[" * 50_000 + b"]" * 50_000, "BAD_REQUEST", "JSON"),
    "objects a little too deep": (b'{"variables":' * 51 + b"1" + b"}" * 51, "BAD_REQUEST", "deeper than 50"),
    "a long number": (b'{"query": "{a}", "variables": {"a": ' + b"9" * 21 + b"}}", "BAD_REQUEST", "20 digits"),
    "a repeated key": (b'{"query": "{a}"' + b', "variables": {}' * 5_000 + b"}", "BAD_REQUEST", "a key"),
    "no number": (b'{"query": "{a}", "variables": {"a": NaN}}', "BAD_REQUEST", "JSON"),
    "no UTF-8": (b'{"query": "' + b"\xff" * 90_000 + b'"}', "BAD_REQUEST", "UTF-8"),
    "a batch": (b"[" + b'{"query":"{viewer{oid}}"},' * 3_000 + b'{"query":"{viewer{oid}}"}]', "BAD_REQUEST", "batches"),
    "thirty thousand empty objects": (b'{"a":[' + b"{}," * 33_000 + b"{}]}", "BAD_REQUEST", "may hold only"),
    "fifty thousand numbers": (b'{"a":[' + b"1," * 49_000 + b"1]}", "BAD_REQUEST", "may hold only"),
    "tokens": (asking("{ " + "a " * 49_000 + "}"), "LIMIT_EXCEEDED", "1000 for tokens"),
    "tokens of one list": (asking("{ a(b: [" + "1 " * 49_000 + "]) }"), "LIMIT_EXCEEDED", "1000 for tokens"),
    "depth": (asking("{ a " + "{ a " * 200 + "}" * 200 + "}"), "GRAPHQL_PARSE_FAILED", ""),
    "depth that parses": (asking("{ a " + "{ a " * 12 + "}" * 12 + "}"), "LIMIT_EXCEEDED", "12 for depth"),
    "aliases": (asking(STUDENT % " ".join(f"a{n}: oid" for n in range(31))), "LIMIT_EXCEEDED", "30 for aliases"),
    "root fields": (asking("{ " + "viewer { oid } " * 6 + "}"), "LIMIT_EXCEEDED", "5 for root fields"),
    "directives": (asking(STUDENT % ("oid @include(if: true) " * 51)), "LIMIT_EXCEEDED", "50 for directives"),
    "directives in one place": (asking(STUDENT % ("oid " + "@a " * 400)), "LIMIT_EXCEEDED", "5 for directives in one"),
    "a bomb of two": (asking(nested(60, 2)), "LIMIT_EXCEEDED", "2000 for expanded fields"),
    "a bomb of thirty": (asking(nested(10, 30)), "LIMIT_EXCEEDED", "2000 for expanded fields"),
    "a bomb of three hundred": (asking(nested(1, 300)).replace(b"studyRightOid", b"version " * 30), "LIMIT_EXCEEDED",
                                "2000 for expanded fields"),
    "listed fields": (asking("{ students(first: 50) { edges { node { " + "oid name " * 110 + "} } } }"),
                      "LIMIT_EXCEEDED", "10000 for listed fields"),
    "subjects": (asking("{ a: students(first: 50) { edges { cursor } } b: students(first: 50) { edges { cursor } } "
                        + "c: students(first: 1) { edges { cursor } } }"), "LIMIT_EXCEEDED", "100 for subjects"),
    "source calls": (asking("{ " + " ".join(f"a{n}: guidanceSummary(organisationOid: {PROVIDER}) {{ students }}"
                                            for n in range(3)) + " }"), "LIMIT_EXCEEDED", "1000 for source calls"),
    "one field again and again, and an unknown one": (asking(STUDENT % ("oid " * 980 + "nothing")),
                                                      "LIMIT_EXCEEDED", "10000 for comparisons"),
    "fields in pairs": (asking(STUDENT % ("hoksit { version status } " * 190)), "LIMIT_EXCEEDED", "10000 for comp"),
    "conflicting fields": (asking(STUDENT % ("a: oid " + "a: name " * 29 + "a " * 880)), "LIMIT_EXCEEDED", "10000"),
    "unknown fields": (asking(STUDENT % " ".join(f"nothing{n}" for n in range(980))), "GRAPHQL_VALIDATION_FAILED",
                       "nothing0"),
    "an unknown field at the end": (asking(STUDENT % ("oid name studyRights { oid state } " * 20 + "nothing")),
                                    "GRAPHQL_VALIDATION_FAILED", "nothing"),
    "a hundred operations": (asking(" ".join(f"query Q{n} {{ viewer {{ ...A }} }}" for n in range(100))
                                      + " fragment A on Viewer { ...B } fragment B on Viewer { nothing }"),
                               "GRAPHQL_VALIDATION_FAILED", "nothing"),
    "a circle of fragments": (asking(STUDENT % "...A" + " fragment A on Student { ...B } "
                                     "fragment B on Student { ...A }"), "GRAPHQL_VALIDATION_FAILED", "itself"),
    "introspection": (asking("{ __schema { types { fields { type { fields { type { name } } } } } } }"),
                      "GRAPHQL_VALIDATION_FAILED", "introspection is off"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_beyond_a_limit_is_refused_by_its_code_in_a_moment(endpoint: GraphQLEndpoint, what: str) -> None:
    body, code, words = REFUSED[what]
    answers: list[bytes] = []
    spent: list[float] = []
    for _ in range(2):
        started = time.process_time()
        answers.append(await posted(endpoint, body))
        spent.append(time.process_time() - started)
    (error, *more) = orjson.loads(answers[0])["errors"]
    assert error["extensions"]["code"] == code
    assert words in "".join(each["message"] for each in (error, *more))
    assert min(spent) < CPU_SECONDS * SLACK


async def posted(endpoint: GraphQLEndpoint, body: bytes) -> bytes:
    """The answer to a body, as it leaves the application."""
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, object]) -> None:
        part = message.get("body", b"")
        assert isinstance(part, bytes)
        sent.append(part)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    await endpoint(scope, receive, send)  # type: ignore[arg-type] # a message is any mapping
    return b"".join(sent)

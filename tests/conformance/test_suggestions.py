"""Names that are not known are not told: what Clairvoyance lives on, a server that corrects what was nearly right."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_required_argument,
)

from tests.conformance.conftest import Served

Sort = TypeVar("Sort", GraphQLEnumType, GraphQLInputObjectType)
SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())
AT_ONCE = 5
"""Wrong names in one document: each makes up to four errors, and an answer holds twenty."""

pytestmark = pytest.mark.suite("Clairvoyance-like: no name is suggested")


def nearly(name: str) -> str:
    """A name that whoever suggests names would correct."""
    return f"{name[:-1]}{'q' if name[-1] != 'q' else 'x'}"


Asked = tuple[str, str, GraphQLField]
"""The name of a type, and a field of it by its name."""


def every_field() -> Iterator[Asked]:
    """Each field of the graph."""
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                yield kind.name, name, field


def asking(asked: Asked, **wrong: str) -> str:
    """A fragment that asks for the field with these arguments, and with what it must have besides."""
    kind, name, field = asked
    given = {each: "1" for each, argument in field.args.items() if is_required_argument(argument)} | wrong
    arguments = ", ".join(f"{each}: {value}" for each, value in given.items())
    return f"on {kind} {{ {name}{f'({arguments})' if arguments else ''} }}"


def taking(sort: type[Sort]) -> Iterator[tuple[Asked, str, Sort]]:
    """Each argument of such a type, with its field."""
    for asked in every_field():
        for name, argument in asked[2].args.items():
            kind = get_named_type(argument.type)
            if isinstance(kind, sort):
                yield asked, name, kind


def fields() -> dict[str, str]:
    """For each field, by its coordinate, a fragment that asks for nearly its name."""
    return {f"{kind}.{name}": f"on {kind} {{ {nearly(name)} }}" for kind, name, _ in every_field()}


def types() -> dict[str, str]:
    """For each type a fragment on nearly its name."""
    return {name: f"on {nearly(name)} {{ __typename }}" for name in SCHEMA.type_map if not name.startswith("__")}


def arguments() -> dict[str, str]:
    """For each argument a fragment that gives nearly its name."""
    return {
        f"{asked[0]}.{asked[1]}.{name}": asking(asked, **{nearly(name): "1"})
        for asked in every_field()
        for name in asked[2].args
    }


def enum_values() -> dict[str, str]:
    """For each value of an enum that an argument takes a fragment that gives nearly its name."""
    return {
        f"{kind}.{value}": asking(asked, **{name: nearly(value)})
        for asked, name, kind in taking(GraphQLEnumType)
        for value in kind.values
    }


def input_fields() -> dict[str, str]:
    """For each field of an input a fragment that gives nearly its name."""
    return {
        f"{kind}.{key}": asking(asked, **{name: f"{{ {nearly(key)}: 1 }}"})
        for asked, name, kind in taking(GraphQLInputObjectType)
        for key in kind.fields
    }


NAMES = {
    "fields": fields(),
    "types": types(),
    "arguments": arguments(),
    "values of enums": enum_values(),
    "fields of inputs": input_fields(),
    "directives": {"include": "on Viewer { oid @includ(if: true) }", "skip": "on Viewer { oid @skipp(if: true) }"},
}


@pytest.mark.parametrize("what", NAMES)
def test_no_name_is_suggested(by_default: Served, what: str, record_property: Callable[[str, object], None]) -> None:
    tried = 0
    with by_default.client() as client:
        for lot in lots(NAMES[what]):
            text = "{ viewer { oid } } " + " ".join(f"fragment F{n} {each}" for n, each in enumerate(lot.values()))
            told = messages(client, text)
            assert "did you mean" not in told.lower()
            for coordinate in lot:
                name = coordinate.rpartition(".")[2]
                assert not re.search(rf"['.]{name}['(]", told) or re.search(rf"\b{name}\b", text), coordinate
            tried += len(lot)
    record_property("cases", tried)
    assert tried == len(NAMES[what]) > 0


def lots(names: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The names, so many at a time."""
    everything = list(names.items())
    return (dict(everything[start : start + AT_ONCE]) for start in range(0, len(everything), AT_ONCE))


def messages(client: httpx.Client, query: str) -> str:
    """The texts of the errors of a query that does not fit the schema."""
    errors = client.post("/graphql", json={"query": query}).json()["errors"]
    assert {each["extensions"]["code"] for each in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    return "\n".join(each["message"] for each in errors)

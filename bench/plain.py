"""Plain Strawberry over httpx, as a Python team writes it well: ``python -m bench.plain PORT SECONDS URL_A URL_B``.

Strawberry's own ASGI application with its caches of parsed and validated documents, one httpx client, Structs decoded
by msgspec under the graph's names, and no resolver below the plan but for the codes, which are two keys of the wire.
"""

import asyncio
import json
import sys
from functools import cache
from types import GenericAlias
from typing import Any

import httpx
import msgspec
import strawberry
from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from bench.question import URI, VERSION, WIRE, graph
from bench.sources import serve
from bench.targets import ROOT, Command, Place, Target

_SCALARS: dict[str, Any] = {"String": str, "Int": int, "Float": float, "Boolean": bool}


class Code(msgspec.Struct):
    """A code, put together from its two keys."""

    uri: str
    version: int | None


CODE = strawberry.type(type("Code", (), {"__annotations__": {"uri": str | None, "version": int | None}}))


@cache
def struct(name: str) -> type[msgspec.Struct]:
    """What a source sends of a type of the graph; of a code both keys."""
    fields: list[tuple[str, Any, Any]] = []
    keys: dict[str, str] = {}
    for field, kind in _fields(name).items():
        keys[field] = WIRE[field]
        fields.append((field, _python(kind, struct, str) | None, None))
        if kind == "Code":
            keys[f"{field}_version"] = WIRE[field].removesuffix(URI) + VERSION
            fields.append((f"{field}_version", int | None, None))
    return msgspec.defstruct(name, fields, rename=keys)


@cache
def shown(name: str) -> type:
    """The same as Strawberry shows it: attributes, and a resolver for each code."""
    annotations: dict[str, Any] = {}
    members: dict[str, Any] = {}
    for field, kind in _fields(name).items():
        if kind == "Code":
            members[field] = strawberry.field(resolver=_code_of(field), graphql_type=CODE | None, name=field)
        else:
            annotations[field] = _python(kind, shown, CODE) | None
            members[field] = strawberry.field(name=field)
    return strawberry.type(type(name, (), {"__annotations__": annotations, **members}))


def _fields(name: str) -> dict[str, Any]:
    kind = graph().type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return {field: _kind(each.type) for field, each in kind.fields.items()}


def _kind(kind: Any) -> Any:
    """A type's name, in a list where it is one of a list."""
    if isinstance(kind, GraphQLNonNull):
        return _kind(kind.of_type)
    return [_kind(kind.of_type)] if isinstance(kind, GraphQLList) else kind.name


def _python(kind: Any, of: Any, code: Any) -> Any:
    if isinstance(kind, list):
        return GenericAlias(list, (_python(kind[0], of, code),))
    return code if kind == "Code" else _SCALARS.get(kind) or of(kind)


def _code_of(field: str) -> Any:
    def code(root: Any) -> Any:
        uri = getattr(root, field)
        return None if uri is None else Code(uri, getattr(root, f"{field}_version"))

    return code


def application(urls: list[str], seconds: float) -> Any:
    """The ASGI application over the two sources."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=600)
    client = httpx.AsyncClient(timeout=seconds, limits=limits, trust_env=False)
    answer: Any = msgspec.defstruct("Answer", [("data", struct("Hoks"))])
    decoder = msgspec.json.Decoder(answer)

    async def plan(url: str, oid: str) -> Any:
        response = await client.get(f"{url}/{oid}/plan")
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return decoder.decode(response.content).data

    async def plans(root: Any) -> Any:
        # Each source for itself: one that fails leaves the other's plan.
        told = await asyncio.gather(*(plan(url, root.oid) for url in urls), return_exceptions=True)
        return [each for each in told if each is not None]

    shown_plans: Any = GenericAlias(list, (shown("Hoks") | None,))

    class Student:
        oid: strawberry.Private[str]
        hoksit: Any = strawberry.field(resolver=plans, graphql_type=shown_plans)

    kind: Any = strawberry.type(Student)

    def one(oid: str) -> Any:
        return kind(oid=oid)

    async def listed(first: int) -> Any:
        response = await client.get(f"{urls[0]}/first/{first}")
        return [kind(oid=each["oid"]) for each in json.loads(response.content)]

    class Query:
        student: Any = strawberry.field(resolver=one, graphql_type=kind)
        students: Any = strawberry.field(resolver=listed, graphql_type=list[kind])

    schema = strawberry.Schema(strawberry.type(Query), extensions=[ParserCache, ValidationCache])
    return GraphQL(schema, graphql_ide=None)


def _command(place: Place, port: int) -> Command:
    urls = [f"{place.url(n)}/students" for n in (0, 1)]
    return Command([sys.executable, "-m", "bench.plain", port, str(place.seconds), *urls], ROOT)


PLAIN = Target(
    name="plain Strawberry + httpx",
    what="Strawberry's own ASGI application with both its caches, msgspec and one httpx client",
    command=_command,
)

if __name__ == "__main__":
    port, seconds, *urls = sys.argv[1:]
    serve(application(urls, float(seconds)), int(port))

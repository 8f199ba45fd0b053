"""The plan as OpenAPI, for a peer that is made from it: the same types, in the wire's own names."""

from typing import Any

from graphql import GraphQLInputType, GraphQLList, GraphQLObjectType, GraphQLOutputType

from bench.question import URI, VERSION, WIRE, graph

_SCALARS = {"String": "string", "Int": "integer", "Float": "number", "Boolean": "boolean"}


def document(name: str, url: str) -> dict[str, Any]:
    """One source's document: a plan by the student's OID, under the operation ``name``."""
    kinds = {
        each.name: {"type": "object", "title": f"{name.upper()}_{each.name}", "properties": dict(_properties(each))}
        for each in graph().type_map.values()
        if isinstance(each, GraphQLObjectType) and not each.name.startswith("__") and each.name not in _NOT_SENT
    }
    answer = {"type": "object", "title": f"{name.upper()}_Answer", "properties": {"data": _reference("Hoks")}}
    oid = {"name": "oid", "in": "path", "required": True, "schema": {"type": "string"}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    operation = {
        "operationId": name,
        "parameters": [oid],
        "responses": {"200": {"description": "", "content": content}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": name, "version": "1"},
        "servers": [{"url": url}],
        "paths": {"/students/{oid}/plan": {"get": operation}},
        "components": {"schemas": {**kinds, "Answer": answer}},
    }


_NOT_SENT = frozenset({"Query", "Student", "Code"})


def _properties(kind: GraphQLObjectType) -> Any:
    for name, field in kind.fields.items():
        if str(field.type) == "Code":
            yield WIRE[name], {"type": "string"}
            yield WIRE[name].removesuffix(URI) + VERSION, {"type": "integer"}
        else:
            yield WIRE[name], _schema(field.type)


def _schema(kind: GraphQLOutputType | GraphQLInputType | Any) -> dict[str, Any]:
    if isinstance(kind, GraphQLList):
        return {"type": "array", "items": _schema(kind.of_type)}
    if hasattr(kind, "of_type"):
        return _schema(kind.of_type)
    return {"type": _SCALARS[kind.name]} if kind.name in _SCALARS else _reference(kind.name)


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}

"""Random operations over a schema, and random values of its types, some of which do not fit; by a seed."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from resolvers.projection import attribute

_VARIABLES = {"$yes": "Boolean!", "$no": "Boolean!", "$often": "Boolean = true"}
_CONDITIONS = ("@include(if: $yes)", "@skip(if: $yes)", "@include(if: $no)", "@skip(if: $often)", "@include(if: true)")
_DEEPEST = 6


class Writer:
    """Writes one random operation: aliases, repeated fields, fragments of both kinds, conditions."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema = schema
        self._random = random
        self._fragments: dict[str, str] = {}

    def operation(self) -> str:
        """The text of a document of one operation."""
        root = self._schema.query_type
        assert root is not None
        selection = self._selection(root, 0)
        text = "\n".join([selection, *self._fragments.values()])
        declared = ", ".join(f"{name}: {kind}" for name, kind in _VARIABLES.items() if name in text)
        return f"query({declared}) {text}" if declared else f"query {text}"

    def _selection(self, kind: GraphQLObjectType, depth: int, prefix: str = "") -> str:
        random = self._random
        names = [name for name, field in kind.fields.items() if depth < _DEEPEST or _is_leaf(field)]
        chosen = random.sample(names, min(len(names), random.choice((1, 2, 3, 5, 8)))) or ["__typename"]
        parts = [
            self._part(kind, name, depth, prefix) for name in (*chosen, *random.sample(chosen, random.random() < 0.3))
        ]
        if random.random() < 0.3:
            parts.insert(random.randrange(len(parts) + 1), self._called("__typename"))
        return "{ " + " ".join(parts) + " }"

    def _of_members(self, kind: GraphQLUnionType, depth: int) -> str:
        """A selection of what may be of several types, whose fields may not answer to one name."""
        random = self._random
        members = [random.choice(kind.types) for _ in range(random.randrange(1, 5))]
        parts = [
            f"... on {each.name} {self._condition()} {self._selection(each, depth, each.name)}" for each in members
        ]
        return "{ " + " ".join([*parts, "__typename"]) + " }"

    def _part(self, kind: GraphQLObjectType, name: str, depth: int, prefix: str) -> str:
        random = self._random
        held = get_named_type(kind.fields[name].type)
        text = self._called(name, prefix)
        if isinstance(held, GraphQLObjectType):
            text += " " + self._selection(held, depth + 1)
        elif isinstance(held, GraphQLUnionType):
            text += " " + self._of_members(held, depth + 1)
        match random.randrange(8):
            case 0:
                return f"... on {kind.name} {self._condition()} {{ {text} }}"
            case 1:
                return f"... {self._condition()} {{ {text} }}"
            case 2:
                fragment = f"F{len(self._fragments)}"
                self._fragments[fragment] = f"fragment {fragment} on {kind.name} {{ {text} }}"
                return f"...{fragment} {self._condition()}"
            case _:
                return text

    def _called(self, name: str, prefix: str = "") -> str:
        """A field, perhaps under another name: one that no other field has."""
        alias = f"as{self._random.randrange(3)}{prefix}_{name}: " if prefix or self._random.random() < 0.3 else ""
        return f"{alias}{name} {self._condition()}"

    def _condition(self) -> str:
        return self._random.choice(_CONDITIONS) if self._random.random() < 0.15 else ""


class Maker:
    """Makes random values of the schema's types; every so often one that does not fit."""

    def __init__(self, random: Random, *, misfits: float, kinds: Mapping[str, Callable[..., Any]]) -> None:
        self._random = random
        self._misfits = misfits
        self._kinds = kinds

    def value(self, kind: GraphQLOutputType, depth: int = 0) -> Any:
        """A value of a type."""
        random = self._random
        if random.random() < self._misfits:
            return random.choice((None, 7, -1, 2**40, 1.5, float("nan"), True, "text", (), ValueError("no"), object()))
        if is_non_null_type(kind):
            return self._present(kind.of_type, depth)
        return None if random.random() < 0.2 else self._present(kind, depth)

    def _present(self, kind: GraphQLOutputType, depth: int) -> Any:
        random = self._random
        if is_list_type(kind):
            count = random.choice((0, 1, 2)) if depth < _DEEPEST else 0
            items = [self.value(kind.of_type, depth) for _ in range(count)]
            return items if random.random() < 0.1 else tuple(items)
        if isinstance(kind, GraphQLEnumType):
            return random.choice(list(kind.wrapped_cls))  # type: ignore[attr-defined]  # Strawberry's own kind of it
        if isinstance(kind, GraphQLScalarType):
            return _LEAVES.get(kind.name, _identifier)(random)
        if isinstance(kind, GraphQLUnionType):
            return self._present(random.choice(kind.types), depth)
        assert isinstance(kind, GraphQLObjectType)
        shown = {attribute(field): self.value(field.type, depth + 1) for field in kind.fields.values()}
        return self._kinds.get(kind.name, SimpleNamespace)(**{name: each for name, each in shown.items() if name})


def _identifier(random: Random) -> str:
    return f"1.2.{random.randrange(99)}"


_LEAVES: Mapping[str, Callable[[Random], Any]] = {
    "Int": lambda random: random.randrange(-9, 9),
    "Float": lambda random: random.choice((0.5, 12.0, 3)),
    "Boolean": lambda random: random.random() < 0.5,
    "Date": lambda random: date(2026, 1, random.randrange(1, 28)),
    "DateTime": lambda random: datetime(2026, 1, 1, random.randrange(24), tzinfo=UTC),
    "String": lambda random: random.choice(("", "ä", "text")),
}


def _is_leaf(field: GraphQLField) -> bool:
    return is_leaf_type(get_named_type(field.type))

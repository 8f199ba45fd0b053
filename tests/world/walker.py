"""A systematic walk of the schema: every path to a leaf, in four syntactic forms, many paths to an operation.

Random questions rarely combine the right words with the right place; a walk leaves none out (security.md 3.2).
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from random import Random

import msgspec
from graphql import GraphQLObjectType, get_named_type, parse

from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable

DEPTH = 5
"""How many fields a path may have below its root."""
BATCH = 220
"""How many paths are asked in one operation."""


class Step(msgspec.Struct, frozen=True):
    """One field of a type, and the type it leads to, where it is not a leaf."""

    on: str
    field: str


Path = tuple[Step, ...]


class Form(StrEnum):
    """How a path is written."""

    PLAIN = "plain"
    ALIASED = "aliased"
    INLINE = "inline fragments"
    NAMED = "named fragments with @include and @skip"


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """Where paths begin: a type, and the root fields under which it is asked, with their variables."""

    on: str
    fields: tuple[str, ...]
    variables: tuple[str, ...] = ()
    within: str = "%s"
    """What stands between the root field and the type."""


@cache
def paths(on: str, depth: int = DEPTH) -> tuple[Path, ...]:
    """Every path of at most ``depth`` fields from a type to a leaf."""
    return tuple(_paths(on, depth))


def _paths(on: str, depth: int) -> Iterator[Path]:
    graph_type = _schema().type_map[on]
    assert isinstance(graph_type, GraphQLObjectType)
    for name, field in graph_type.fields.items():
        held = get_named_type(field.type)
        if not isinstance(held, GraphQLObjectType):
            yield (Step(on, name),)
        elif depth > 1:
            yield from ((Step(on, name), *rest) for rest in paths(held.name, depth - 1))
    yield (Step(on, "__typename"),)


@cache
def _schema():  # type: ignore[no-untyped-def]  # graphql's own type, which only this module names
    return executable(build())


def operations(root: Root, form: Form, seed: int | None = None, most: int | None = None) -> Iterator[PreparedDocument]:
    """Operations that together ask every path of a root in one form; with a seed, in another order each time."""
    everything = list(paths(root.on))
    if seed is not None:
        Random(seed).shuffle(everything)
    batches = [everything[start : start + BATCH] for start in range(0, len(everything), BATCH)]
    for batch in batches[:most]:
        yield PreparedDocument(parse(_WRITE[form](root, batch), no_location=True))


def number_of_operations(root: Root) -> int:
    """How many operations a whole walk of a root takes in one form."""
    return -(-len(paths(root.on)) // BATCH)


Tree = dict[Step, "Tree"]


def _tree(batch: Sequence[Path]) -> Tree:
    tree: Tree = {}
    for path in batch:
        at = tree
        for step in path:
            at = at.setdefault(step, {})
    return tree


def _operation(root: Root, on_type: str, *fragments: str) -> str:
    """One fragment asks the same of every root field."""
    variables = ", ".join((*root.variables, "$yes: Boolean!", "$no: Boolean!"))
    asked = " ".join(f"{field} {{ {root.within % '...Walk'} }}" for field in root.fields)
    first = f"fragment Walk on {root.on} {{ {on_type} leaf: __typename @include(if: $yes) @skip(if: $no) }}"
    return "\n".join((f"query({variables}) {{ {asked} }}", first, *fragments))


def _plain(root: Root, batch: Sequence[Path]) -> str:
    def written(tree: Tree) -> str:
        return " ".join(f"{step.field} {{ {written(below)} }}" if below else step.field for step, below in tree.items())

    return _operation(root, written(_tree(batch)))


def _aliased(root: Root, batch: Sequence[Path]) -> str:
    """Every field under another name, and every leaf under two."""

    def written(tree: Tree) -> str:
        return " ".join(
            f"of_{place}: {step.field} {{ {written(below)} }}"
            if below
            else f"name: {step.field} oid{place}: {step.field}"
            if place == 0
            else f"is_{place}: {step.field}"
            for place, (step, below) in enumerate(tree.items())
        )

    return _operation(root, written(_tree(batch)))


def _inline(root: Root, batch: Sequence[Path]) -> str:
    def written(tree: Tree) -> str:
        return " ".join(
            f"... on {step.on} {{ {step.field} {{ {written(below)} }} }}" if below else f"... {{ {step.field} }}"
            for step, below in tree.items()
        )

    return _operation(root, written(_tree(batch)))


def _named(root: Root, batch: Sequence[Path]) -> str:
    fragments: list[str] = []

    def written(tree: Tree) -> str:
        on = next(iter(tree)).on
        name = f"On{on}{len(fragments)}"
        fragments.append("")
        fields = " ".join(
            f"{step.field} {{ {written(below)} }}" if below else f"{step.field} @skip(if: $no)"
            for step, below in tree.items()
        )
        fragments[int(name.removeprefix(f"On{on}"))] = f"fragment {name} on {on} {{ {fields} }}"
        return f"...{name} @include(if: $yes)"

    return _operation(root, written(_tree(batch)), *fragments)


_WRITE = {Form.PLAIN: _plain, Form.ALIASED: _aliased, Form.INLINE: _inline, Form.NAMED: _named}


def roots(people: Mapping[str, str], rights: Mapping[str, str]) -> dict[str, Root]:
    """The four places where a walk begins, over people and rights by the names of their variables."""
    return {
        "student": Root(
            on="Student",
            fields=tuple(f"of{name}: student(oid: ${name})" for name in people),
            variables=tuple(f"${name}: LearnerOid!" for name in people),
        ),
        "students": Root(
            on="Student", fields=("students(first: 50)",), within="edges { cursor node { %s } } pageInfo { endCursor }"
        ),
        "hoks": Root(
            on="Hoks",
            fields=tuple(f"of{name}: hoks(studyRightOid: ${name})" for name in rights),
            variables=tuple(f"${name}: StudyRightOid!" for name in rights),
        ),
        "studyRight": Root(
            on="StudyRight",
            fields=tuple(f"of{name}: studyRight(oid: ${name})" for name in rights),
            variables=tuple(f"${name}: StudyRightOid!" for name in rights),
        ),
    }

"""What has changed in the schema since clients were last promised one: breaking, dangerous, safe.

``python -m tests.schema_changes`` prints it, and fails on a breaking change that ``docs/schema/breaking.toml`` does not
declare, or declares without need; ``--release`` makes the present schema the promised one.
"""

import sys
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
from graphql import (
    BreakingChangeType,
    DangerousChangeType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_schema_changes,
    print_ast,
)

ROOT = Path(__file__).parents[1]
PRESENT = ROOT / "schema.graphql"
PROMISED = ROOT / "docs/schema/released.graphql"
DECLARED = ROOT / "docs/schema/breaking.toml"


class Severity(StrEnum):
    """What a change does to a client."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


class Change(NamedTuple):
    """One change."""

    severity: Severity
    text: str


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A breaking change that is meant."""

    change: str
    reason: str


def changes(promised: str, present: str) -> list[Change]:
    """What has changed from one schema to another, the worst first."""
    before, after = build_schema(promised), build_schema(present)
    found = [Change(_severity(each.type), each.description) for each in find_schema_changes(before, after)]
    # Not of the language: a client shows and stores a datum by the law item that it is.
    found += [Change(Severity.DANGEROUS, text) for text in _items_changed(before, after)]
    return sorted(found, key=lambda each: (list(Severity).index(each.severity), each.text))


def _severity(kind: object) -> Severity:
    if isinstance(kind, BreakingChangeType):
        return Severity.BREAKING
    return Severity.DANGEROUS if isinstance(kind, DangerousChangeType) else Severity.SAFE


def _items_changed(before: GraphQLSchema, after: GraphQLSchema) -> list[str]:
    earlier, now = _items(before), _items(after)
    return [
        f"{coordinate} changed from {earlier[coordinate] or 'no item'} to {now[coordinate] or 'no item'}."
        for coordinate in sorted(earlier.keys() & now.keys())
        if earlier[coordinate] != now[coordinate]
    ]


def _items(schema: GraphQLSchema) -> dict[str, str]:
    """What directives stand on each field."""
    return {
        f"{kind.name}.{name}": " ".join(map(print_ast, field.ast_node.directives or ()))
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        for name, field in kind.fields.items()
        if field.ast_node is not None
    }


def declared() -> tuple[Declared, ...]:
    """The breaking changes that are meant."""
    listed = tomllib.loads(DECLARED.read_text(encoding="utf-8")).get("breaking", [])
    return msgspec.convert(listed, tuple[Declared, ...])


def complaints(found: Iterable[Change], meant: Iterable[Declared]) -> list[str]:
    """Breaking changes that are not declared, and declarations of what is none."""
    breaking = {each.text for each in found if each.severity is Severity.BREAKING}
    known = {each.change: each.reason for each in meant}
    return (
        [f"breaking, and not declared: {text}" for text in sorted(breaking - known.keys())]
        + [f"declared, and no breaking change: {text}" for text in sorted(known.keys() - breaking)]
        + [f"declared without a reason: {text}" for text in sorted(known) if not known[text].strip()]
    )


def release() -> None:
    """Promise the present schema; nothing of it is a change any more."""
    PROMISED.write_text(PRESENT.read_text(encoding="utf-8"), encoding="utf-8")
    lines = DECLARED.read_text(encoding="utf-8").splitlines()
    DECLARED.write_text("".join(f"{line}\n" for line in lines if line.startswith("#")), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Compare, or release; the exit code."""
    if arguments == ["--release"]:
        release()
        return 0
    found = changes(PROMISED.read_text(encoding="utf-8"), PRESENT.read_text(encoding="utf-8"))
    for each in found:
        print(f"{each.severity}: {each.text}")
    wrong = complaints(found, declared())
    for line in wrong:
        print(f"schema.graphql: {line}", file=sys.stderr)
    if wrong:
        print("declare it in docs/schema/breaking.toml with a reason, or take it back", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

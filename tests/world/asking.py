"""Asking the graph over a world, and reading what came of it."""

from collections.abc import Mapping
from typing import Any

from graphql import parse

from hoks.caller import Caller
from hoks.identifiers import StudyRightOid
from resolvers.graph import Graph
from resolvers.prepared import PreparedDocument
from resolvers.schema import build
from tests.world.cast import CALLERS, NUMBER, cast
from tests.world.ports import Asked
from tests.world.rights import right_oid
from tests.world.world import World

SCHEMA = build()
KEY = b"c" * 32
WORLD = cast().world()
STAFF_OF_A = CALLERS["staff of A"]


def graph(world: World = WORLD, asked: Asked | None = None) -> Graph:
    """The graph over a world."""
    return Graph(SCHEMA, world.reader(asked), cursor_key=KEY)


async def ask(
    text: str,
    variables: Mapping[str, Any] | None = None,
    by: Caller = STAFF_OF_A,
    over: Graph | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The answer to a question."""
    return (await (over or graph()).answer(PreparedDocument(parse(text)), name, variables or {}, by)).content


def oid_of(name: str) -> StudyRightOid:
    """The OID of a right of the cast."""
    return right_oid(NUMBER[name])


def codes(answer: Mapping[str, Any]) -> list[str]:
    """The codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


def withheld(answer: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Per coordinate, the item and the reason."""
    rows = answer["extensions"]["access"]["withheld"]
    return {row["coordinate"]: (row["item"], row["reason"]) for row in rows}

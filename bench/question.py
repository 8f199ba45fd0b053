"""What every gateway of the comparison is asked, and the one right answer, worked out from the source's own bytes.

The types stand in ``peers/plan.graphql``, the names of the wire in ``peers/names.json``: peers are built from the same
two files, and nothing of the project's own reading has a part in what is taken for right.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, build_schema

PEERS = Path(__file__).parent / "peers"
GRAPH = PEERS / "plan.graphql"
NAMES: Mapping[str, str] = json.loads((PEERS / "names.json").read_text())
"""By the wire's own key, the name in the graph; of a code the key of its URI stands for both of its keys."""
WIRE: Mapping[str, str] = {name: key for key, name in NAMES.items()}
URI, VERSION = "koodi-uri", "koodi-versio"

Json = dict[str, Any]
Tree = Mapping[str, "Tree"]
"""The selected fields of a plan, each with what is selected of it; of a leaf nothing."""


class Question(NamedTuple):
    """What is asked of each plan."""

    name: str
    tree: Tree

    @property
    def text(self) -> str:
        """The selection on a plan, in the graph's names."""
        return rendered(self.tree)

    @property
    def fields(self) -> int:
        """How many fields the document selects on a plan."""
        return sum(1 for _ in _fields(self.tree))

    def answered(self, document: Json) -> Json:
        """The one right answer of a plan as the wire has it."""
        answer = cut(translated(document), self.tree)
        assert isinstance(answer, dict)
        return answer


@cache
def graph() -> GraphQLSchema:
    """The graph of the comparison."""
    return build_schema(GRAPH.read_text())


def everything(kind: str) -> Tree:
    """All fields of a type, and all beneath them."""
    fields = _type(kind).fields
    return {name: everything(_named(field.type)) if _is_object(field.type) else {} for name, field in fields.items()}


def rendered(tree: Tree) -> str:
    """A selection as GraphQL."""
    return "{ " + " ".join(name + (" " + rendered(beneath) if beneath else "") for name, beneath in tree.items()) + " }"


def _fields(tree: Tree) -> Iterator[str]:
    for name, beneath in tree.items():
        yield name
        yield from _fields(beneath)


# --- the right answer -----------------------------------------------------------------------------------------


def translated(value: Any) -> Any:
    """A document of the wire under the graph's names, whole; what the graph does not name keeps its key."""
    if isinstance(value, list):
        return [translated(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        NAMES.get(key, key): {"uri": held, "version": value.get(key.removesuffix(URI) + VERSION)}
        if key.endswith(URI)
        else translated(held)
        for key, held in value.items()
        if not key.endswith(VERSION)
    }


def cut(value: Any, tree: Tree) -> Any:
    """Only what is selected; what is not there is null."""
    if isinstance(value, list):
        return [cut(each, tree) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: cut(value.get(name), beneath) for name, beneath in tree.items()}


def filled(document: Json, kind: str = "Hoks") -> Json:
    """A document of the wire in which every list of the graph is there: then no peer has to make one up."""
    whole = dict(document)
    for name, field in _type(kind).fields.items():
        if not _is_object(field.type) or _named(field.type) == "Code":
            continue
        key, beneath = WIRE[name], _named(field.type)
        if isinstance(field.type, GraphQLList):
            whole[key] = [filled(each, beneath) for each in document.get(key, ())]
        elif key in document:
            whole[key] = filled(document[key], beneath)
    return whole


def _type(name: str) -> GraphQLObjectType:
    kind = graph().type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind


def _named(kind: Any) -> str:
    while isinstance(kind, GraphQLList | GraphQLNonNull):
        kind = kind.of_type
    return str(kind.name)


def _is_object(kind: Any) -> bool:
    return isinstance(graph().type_map[_named(kind)], GraphQLObjectType)


def _some(tree: Tree, *names: str) -> Tree:
    """Of a tree, only these fields."""
    return {name: tree[name] for name in names}


WHOLE = Question("whole", everything("Hoks"))
SMALL = Question(
    "small", _some(WHOLE.tree, "studyRightOid", "version", "firstApprovedOn", "competenceAcquisitionNeeded")
)
"""With the student and the list of plans, six fields."""
LISTED = Question(
    "listed",
    {
        **_some(WHOLE.tree, "studyRightOid", "version", "firstApprovedOn"),
        "plannedVocationalUnits": {
            **_some(WHOLE.tree["plannedVocationalUnits"], "unit"),
            "acquisitions": _some(WHOLE.tree["plannedVocationalUnits"]["acquisitions"], "startDate", "endDate"),
        },
    },
)
QUESTIONS: Mapping[str, Question] = {each.name: each for each in (WHOLE, SMALL, LISTED)}

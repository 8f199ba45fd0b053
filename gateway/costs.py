"""What the root fields of an operation may come to: how many students they are about, and how many calls of sources.

An estimate from the text of the operation alone: the same for every caller, whatever variables and answers hold.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from graphql import IntValueNode
from graphql.language import FieldNode, ListValueNode

READ = 10
"""Calls of one reading, for however many students: who they are, their rights, what the caller is to them."""
OF_ONE = 8
"""Calls for one student more: the largest student systems give plans one by one, in three calls with a ticket each."""
WALK = 400
"""Calls of a reading that goes on through all students of an organisation until it is done or its time is over."""


class Root(NamedTuple):
    """What one root field comes to."""

    subjects: int = 0
    """Students it is about; of a page, where ``first`` is left out."""
    most: int = 0
    """The longest page: what a variable may ask for. Nothing where it is no page."""
    calls: int = READ
    argument: str = "first"
    """Of a page, what says how long it is: a number, or as many elements."""


ROOTS: Mapping[str, Root] = MappingProxyType(
    {
        "viewer": Root(),
        "student": Root(1),
        "students": Root(20, most=50),
        "hoks": Root(1),
        "studyRight": Root(1),
        "appointments": Root(1),
        "guidanceGroup": Root(20, calls=WALK),
        "guidanceSummary": Root(calls=WALK),
        "findings": Root(50, most=100, calls=WALK),
        "changes": Root(50, most=100, calls=WALK),
        "sources": Root(),
        "consentText": Root(calls=0),
        "_entities": Root(50, most=50, argument="representations"),
        "_service": Root(calls=0),
    }
)
"""Every question of the graph, and of a subgraph."""


class Cost(NamedTuple):
    """What an operation may cost."""

    fields: int
    """Fields, each as often as the root field that it stands in may be about students."""
    subjects: int
    source_calls: int

    def told(self) -> dict[str, int]:
        """The cost as answers tell it."""
        return {"fields": self.fields, "subjects": self.subjects, "sourceCalls": self.source_calls}


class Share(NamedTuple):
    """What one field adds where it stands at the root."""

    subjects: int
    calls: int


def share(field: FieldNode) -> Share:
    """What the field adds, where it stands at the root; a variable may be anything that is allowed."""
    name = field.name.value
    root = ROOTS.get(name)
    if root is None:
        return _OF_THE_SCHEMA if name.startswith("__") else _CHANGE
    subjects = _page(field, root) if root.most else root.subjects
    return Share(subjects, root.calls + subjects * OF_ONE if root.calls == READ else root.calls)


_CHANGE = Share(1, READ + OF_ONE)
"""Of a mutation, and of whatever else there may be."""
_OF_THE_SCHEMA = Share(0, 0)


def _page(field: FieldNode, root: Root) -> int:
    asked = next((each.value for each in field.arguments or () if each.name.value == root.argument), None)
    if asked is None:
        return root.subjects
    if isinstance(asked, ListValueNode):
        return len(asked.values)
    if not isinstance(asked, IntValueNode) or len(asked.value) > len(str(root.most)):
        return root.most
    return max(1, min(int(asked.value), root.most))

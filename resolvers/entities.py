"""Students, study rights and plans as entities of Apollo Federation: each resolved from its key as its question is.

INVARIANT: an entity is decided, read and recorded as the root field of the same key is; what may not be seen is null.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, NewType

import strawberry
from graphql import GraphQLTypeResolver
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.scalar import ScalarDefinition
from strawberry.types.union import StrawberryUnion

from hoks.errors import BadRequest
from hoks.identifiers import learner_oid, study_right_oid
from hoks.plan import Hoks
from hoks.records import Record
from hoks.student import Student
from hoks.study_right import StudyRight
from resolvers import keyed
from resolvers.context import Info
from resolvers.pages import MOST_STUDENTS
from resolvers.scalars import checked
from resolvers.types import graph_type

Representation = NewType("Representation", object)
"""What a router says of an entity: its type's name and its key."""

REPRESENTATION: ScalarDefinition = strawberry.scalar(
    name="_Any",
    description="What a router says of an entity: `__typename` and the key.",
    serialize=lambda value: value,
    parse_value=lambda value: value,
)


class Entity(NamedTuple):
    """How entities of one type are found."""

    kind: type[Record]
    key: str
    """The field of the graph that is its key."""
    check: Callable[[str], Any]
    """The key of a text. Raises ``ValueError``."""
    find: Callable[[Info, Any], Awaitable[Any]]


ENTITIES: Mapping[str, Entity] = {
    each.kind.__name__: each
    for each in (
        # A plan is the entity of its own right alone: by a procured right it would be an entity of another key.
        Entity(Hoks, "studyRightOid", study_right_oid, keyed.own_plan),
        Entity(Student, "oid", learner_oid, keyed.student),
        Entity(StudyRight, "oid", study_right_oid, keyed.study_right),
    )
}


class _Union(StrawberryUnion):
    """A union of derived types, whose values are the domain's own records."""

    def get_type_resolver(self, type_map: Any) -> GraphQLTypeResolver:  # noqa: ARG002
        """The name of a record's type is the name of its kind."""
        return lambda record, *_: type(record).__name__


ENTITY = _Union("_Entity", tuple(StrawberryAnnotation(graph_type(each.kind)) for each in ENTITIES.values()))


async def entities(info: Info, representations: list[Representation]) -> Any:
    """The entity of each representation, in its place; null or an error in the place of one that is not found.

    Raises ``BadRequest`` where a request asks for more than a page of students.
    """
    context = info.context
    context.entities += len(representations)
    if context.entities > MOST_STUDENTS:
        raise BadRequest(f"one request may ask for at most {MOST_STUDENTS} entities")
    # At once, so that all keys are read together; each by itself, so that a bad one stands alone.
    return await asyncio.gather(*(_entity(info, each) for each in representations), return_exceptions=True)


async def _entity(info: Info, representation: Any) -> Any:
    match representation:
        case {"__typename": str(name)} if name in ENTITIES:
            entity = ENTITIES[name]
        case _:
            raise BadRequest(f"a representation: expected a `__typename` of {', '.join(ENTITIES)}")
    if entity.key not in representation:
        raise BadRequest(f"a representation of type {name}: expected `{entity.key}`")
    key = representation[entity.key]
    # A router has no key of an entity whose key its caller may not see.
    return await entity.find(info, checked(entity.check, key, entity.key)) if key is not None else None

"""The schema as an Apollo Federation v2 subgraph: the client's schema with keys, and the two fields that routers ask.

It tells a router nothing that the printed schema does not tell everybody.
"""

import re
from typing import Any, Optional

import strawberry
from strawberry.types.base import get_object_definition

from resolvers.entities import ENTITIES, ENTITY, entities
from resolvers.query import Query

_LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])'


@strawberry.type(name="_Service", description="This schema, as a part of a supergraph.")
class Service:
    """What ``_service`` answers."""

    sdl: str = strawberry.field(description="The schema as text, with the keys of its entities.")


def with_keys(sdl: str) -> str:
    """The text of a schema as that of a subgraph. Raises ``ValueError`` where the schema lacks an entity."""
    for name, entity in ENTITIES.items():
        sdl, found = re.subn(rf"^type {name} {{$", f'type {name} @key(fields: "{entity.key}") {{', sdl, flags=re.M)
        if found != 1:
            raise ValueError(f"type {name} is not in the schema")
    return f"{_LINK}\n\n{sdl}"


def query_of_subgraph(sdl: str) -> type:
    """The root of the graph as a subgraph, whose text is ``sdl``."""
    service = Service(sdl=sdl)

    @strawberry.type(name="Query", description=get_object_definition(Query, strict=True).description)
    class QueryOfSubgraph(Query):
        """Root of the graph, with what a router asks."""

        service_: Service = strawberry.field(
            name="_service", resolver=lambda: service, description="This schema, for whoever composes a supergraph."
        )
        entities_: Any = strawberry.field(
            name="_entities",
            resolver=entities,
            graphql_type=list[Optional[ENTITY]],  # type: ignore[valid-type]  # a type derived from the record while it runs  # noqa: UP045
            description="Entities by their keys, each null alike for `not yours` and `does not exist`.",
        )

    return QueryOfSubgraph

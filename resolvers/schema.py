"""The schema: built from the domain's records, printed for those who read it."""

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from resolvers.entities import REPRESENTATION, Representation
from resolvers.mutation import Mutation
from resolvers.query import Query
from resolvers.scalars import SCALARS
from resolvers.subgraph import query_of_subgraph, with_keys


def build(*, subgraph: bool = False) -> strawberry.Schema:
    """The schema, for clients alone or for routers too.

    Raises ``TypeError`` when a field of a record has no classification.
    """
    return _schema(query_of_subgraph(subgraph_sdl()) if subgraph else Query)


def _schema(query: type) -> strawberry.Schema:
    scalars = {**SCALARS, Representation: REPRESENTATION}
    return strawberry.Schema(query=query, mutation=Mutation, config=StrawberryConfig(scalar_map=scalars))


def executable(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    return schema._schema


def sdl(schema: strawberry.Schema) -> str:
    """The schema as text, with the law items as directives."""
    return schema.as_str().rstrip() + "\n"


def subgraph_sdl() -> str:
    """The schema as the text of a subgraph of Apollo Federation v2."""
    return with_keys(sdl(_schema(Query)))

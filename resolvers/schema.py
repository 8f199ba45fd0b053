"""The schema: built from the domain's records, printed for those who read it."""

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from resolvers.mutation import Mutation
from resolvers.query import Query
from resolvers.scalars import SCALARS


def build() -> strawberry.Schema:
    """The schema. Raises ``TypeError`` when a field of a record has no classification."""
    return strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))


def executable(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    return schema._schema


def sdl(schema: strawberry.Schema) -> str:
    """The schema as text, with the law items as directives."""
    return schema.as_str().rstrip() + "\n"

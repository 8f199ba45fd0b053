"""graphql-core's executor, which hands a selection on plain data to its projection."""

from contextlib import suppress
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.pyutils import AwaitableOrValue, Path

from resolvers.projection import Details


class ProjectingExecutor(Executor[Any]):
    """Executes as graphql-core does; the context carries the prepared operation."""

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Details,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """The answer of an object, at once where its selection is plain."""
        project = self.context_value.operation.projection(self, return_type, field_details_list)
        if project is not None:
            # What does not fit goes field by field, which says what is wrong and where.
            with suppress(Exception):
                return project(result)  # type: ignore[no-any-return]  # the context is of any kind
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)

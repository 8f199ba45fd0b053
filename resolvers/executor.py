"""graphql-core's executor, which hands a selection on plain data to its projection."""

from contextlib import suppress
from typing import Any, cast

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import AwaitableOrValue, Path
from graphql.type import GraphQLResolveInfoHelpers

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


def let_go(executor: Executor[Any]) -> None:
    """Take out of an executor that has done its work what refers back to it.

    INVARIANT: what was read for a request goes with it, and does not wait for the collector of garbage.
    """
    # What is still under way asks for nothing of this: no kind here is told from another by waiting.
    executor.async_helpers = cast(GraphQLResolveInfoHelpers, None)
    # Each error has in its traceback where it happened, and so the executor.
    executor.collected_errors = CollectedErrors()

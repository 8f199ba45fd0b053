"""Answering an operation: execute, mask errors, tell what was withheld. The one door into the graph."""

from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple

import strawberry
from graphql import ExecutionResult
from graphql.execution import Executor

from hoks.caller import Caller
from hoks.disclosing import Told, together
from hoks.guidance import UPDATE_WEEKS
from hoks.reading import Reader
from resolvers.context import Context, Desks
from resolvers.coordinates import policy_entries
from resolvers.cursors import Cursors
from resolvers.errors import public_error
from resolvers.executor import ProjectingExecutor, let_go
from resolvers.prepared import PreparedDocument
from resolvers.schema import executable

NOTHING_KEPT = Desks()


class Answered(NamedTuple):
    """An answer, JSON-ready, and what it tells of whom: not to leave before that is recorded."""

    content: dict[str, Any]
    told: tuple[Told, ...]


class Graph:
    """The graph over a reader. One per process; a context of its own for every request."""

    def __init__(
        self,
        schema: strawberry.Schema,
        reader: Reader,
        *,
        cursor_key: bytes,
        desks: Desks = NOTHING_KEPT,
        update_weeks: int = UPDATE_WEEKS,
    ) -> None:
        self._schema = executable(schema)
        self._entries = policy_entries(self._schema)
        self._reader = reader
        self._cursors = Cursors(cursor_key)
        self._update_weeks = update_weeks
        self._desks = desks

    async def answer(
        self,
        document: PreparedDocument,
        operation_name: str | None,
        variables: Mapping[str, Any],
        caller: Caller,
    ) -> Answered:
        """The answer to one validated operation, and what it tells of whom."""
        operation = document.operation(operation_name, variables)
        selected = operation.selected(self._schema)
        context = Context(caller, self._reader, self._cursors, operation, self._desks, self._update_weeks, selected)
        executor = ProjectingExecutor.build(
            self._schema,
            document.node,
            context_value=context,
            raw_variable_values=dict(variables),
            operation_name=operation_name,
            hide_suggestions=True,
        )
        result = ExecutionResult(None, executor) if isinstance(executor, list) else await _executed(executor)
        assert isinstance(result, ExecutionResult), "incremental delivery is off"
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [public_error(error) for error in result.errors]
        answer["extensions"] = self._extensions(context)
        cost = document.cost(operation_name)
        if cost is not None:
            answer["extensions"]["cost"] = cost
        return Answered(answer, together(context.told))

    def _extensions(self, context: Context) -> dict[str, Any]:
        caller = context.caller
        withheld: list[dict[str, Any]] = []
        if context.grants:
            of_others = any(not view.is_own for view in context.views)
            withholding = context.operation.withholding(self._schema, self._entries)
            withheld = withholding.rows(context.grants, of_others=of_others)
        extensions: dict[str, Any] = {
            "access": {
                "role": caller.role.value,
                "organisation": caller.organisation,
                "withheld": withheld,
            }
        }
        gaps = context.gaps()
        if gaps:
            extensions["gaps"] = gaps
        return extensions


async def _executed(executor: Executor[Any]) -> Any:
    """The result of an operation."""
    try:
        result = executor.execute_operation()
        return await result if isinstance(result, Awaitable) else result
    finally:
        let_go(executor)

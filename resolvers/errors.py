"""Errors as a caller may read them: a closed list of codes with our own words, everything else masked."""

import logging
import re
from typing import Any

from graphql import GraphQLError

from hoks.errors import BadRequest, SourcesUnavailable, WrongRole

log = logging.getLogger(__name__)

_VARIABLE = re.compile(r"[Vv]ariable '\$(\w+)'")


def public_error(error: GraphQLError) -> dict[str, Any]:
    """One error of an executed operation, in the shape that leaves."""
    original = error.original_error
    if isinstance(original, BadRequest):
        return _shaped(error, str(original), "BAD_USER_INPUT", original.reason)
    if isinstance(original, WrongRole):
        return _shaped(error, str(original), "ACTING_ROLE_NOT_HELD")
    if isinstance(original, SourcesUnavailable):
        return _shaped(error, str(original), "UNAVAILABLE")
    if original is None or isinstance(original, GraphQLError):
        return _shaped(error, _argument_fault(error), "BAD_USER_INPUT")
    # The text of an unforeseen error may hold anything; only its type goes to the log.
    log.error("resolver failed with %s", type(original).__name__)
    return _shaped(error, "internal error", "INTERNAL")


def _argument_fault(error: GraphQLError) -> str:
    """Our words for a value that does not fit its type: graphql-core's own would repeat the value."""
    named = _VARIABLE.search(error.message)
    return f"the value of variable `${named[1]}` does not fit its type" if named else "a value does not fit its type"


def _shaped(error: GraphQLError, message: str, code: str, reason: str | None = None) -> dict[str, Any]:
    shaped: dict[str, Any] = {"message": message}
    if error.locations:
        shaped["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path:
        shaped["path"] = list(error.path)
    shaped["extensions"] = {"code": code, "reason": reason} if reason is not None else {"code": code}
    return shaped

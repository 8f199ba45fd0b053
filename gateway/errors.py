"""Every code that may leave the gateway, with its HTTP status and its text, and the one shape of an error body.

A text here is fixed: it says what was expected, never what came, so that no value and no person is echoed.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import orjson
from starlette.responses import Response


class Code(StrEnum):
    """All public values of ``extensions.code``."""

    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    ACTING_ROLE_REQUIRED = "ACTING_ROLE_REQUIRED"
    ACTING_ROLE_NOT_HELD = "ACTING_ROLE_NOT_HELD"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    OPERATION_NOT_TRUSTED = "OPERATION_NOT_TRUSTED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    UNAVAILABLE = "UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    INTERNAL = "INTERNAL"


class Fault(NamedTuple):
    """What a code means over HTTP."""

    status: int
    message: str


FAULTS: Mapping[Code, Fault] = MappingProxyType(
    {
        Code.BAD_REQUEST: Fault(400, "the request body must be one JSON object with a GraphQL query"),
        Code.BAD_USER_INPUT: Fault(400, "an argument or a variable has the wrong form"),
        Code.UNAUTHENTICATED: Fault(401, "a valid bearer token is required"),
        Code.ACTING_ROLE_REQUIRED: Fault(
            400, "the token holds several roles: name one in the header Acting-Role as role@organisation"
        ),
        Code.ACTING_ROLE_NOT_HELD: Fault(403, "the token does not hold the acting role"),
        Code.NOT_FOUND: Fault(404, "there is nothing at this address; the graph is at /graphql"),
        Code.METHOD_NOT_ALLOWED: Fault(405, "use POST"),
        Code.NOT_ACCEPTABLE: Fault(406, "accept application/graphql-response+json or application/json"),
        Code.UNSUPPORTED_MEDIA_TYPE: Fault(415, "send application/json in UTF-8 without a content encoding"),
        Code.PAYLOAD_TOO_LARGE: Fault(413, "the request body is too large"),
        Code.GRAPHQL_PARSE_FAILED: Fault(400, "the document is not GraphQL: its syntax breaks here"),
        Code.GRAPHQL_VALIDATION_FAILED: Fault(400, "the document does not fit the schema"),
        Code.LIMIT_EXCEEDED: Fault(400, "the document exceeds a limit"),
        Code.OPERATION_NOT_TRUSTED: Fault(403, "the client may run only the operations of its manifest"),
        # The text by which Apollo's clients know it.
        Code.PERSISTED_QUERY_NOT_FOUND: Fault(400, "PersistedQueryNotFound"),
        Code.TOO_MANY_REQUESTS: Fault(429, "too many requests: wait"),
        Code.UNAVAILABLE: Fault(503, "the gateway cannot answer now: try again later"),
        Code.OVERLOADED: Fault(503, "more is asked than can be answered: try again after the seconds of Retry-After"),
        Code.INTERNAL: Fault(500, "internal error"),
    }
)
"""The one table: code, status, text."""

ErrorBody = dict[str, object]
"""One GraphQL error, ready for JSON."""


class RefusedError(Exception):
    """A request that is refused before it is executed."""

    def __init__(self, code: Code, message: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.status = FAULTS[code].status
        self.message = message or FAULTS[code].message
        self.headers: Mapping[str, str] = headers or {}
        super().__init__(f"{code}: {self.message}")

    def errors(self) -> list[ErrorBody]:
        """The refusal in the one shape."""
        return [error(self.code, self.message)]


NOT_KEPT: Mapping[str, str] = MappingProxyType({"cache-control": "no-store", "x-content-type-options": "nosniff"})
"""With every answer beside the graph: nobody keeps it, nor guesses what it is."""


def refused(refusal: RefusedError) -> Response:
    """The answer to a request beside the graph that is refused."""
    body = orjson.dumps({"errors": refusal.errors()})
    return Response(body, refusal.status, {**NOT_KEPT, **refusal.headers}, media_type="application/json")


def invalid_token() -> RefusedError:
    """A token that opens nothing, whatever is wrong with it."""
    return RefusedError(Code.UNAUTHENTICATED, headers={"www-authenticate": 'Bearer error="invalid_token"'})


def error(
    code: Code,
    message: str | None = None,
    *,
    locations: list[dict[str, int]] | None = None,
    request_id: str | None = None,
) -> ErrorBody:
    """One error in the one shape; without ``message`` it carries the table's text."""
    extensions: dict[str, object] = {"code": code.value}
    if request_id is not None:
        extensions["requestId"] = request_id
    shape: ErrorBody = {"message": message or FAULTS[code].message}
    if locations:
        shape["locations"] = locations
    return {**shape, "extensions": extensions}

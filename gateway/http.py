"""``/graphql``: GraphQL over HTTP by an ASGI application of our own, from the first header to the last byte.

Every request is authenticated before its body is read, and whatever goes wrong leaves in one shape without a trace
of what the caller or a source said.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import orjson
from graphql import GraphQLSchema, OperationType

from gateway.admission import TurnOf, at_once
from gateway.documents import Documents
from gateway.envelope import Envelope, envelope, envelope_of_url
from gateway.errors import FAULTS, Code, ErrorBody, RefusedError, error
from gateway.logs import outline
from gateway.manifests import NAMELESS
from gateway.noting import code_of, noted
from gateway.operations import Operations
from gateway.records.faults import StoreBroken
from gateway.records.gate import GroundChanged
from gateway.settings import Limits
from hoks.caller import Caller
from hoks.disclosing import Told
from resolvers.graph import Answered
from resolvers.prepared import PreparedDocument

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
CALLERS = "hoks.callers"
"""The key of a request's scope under which stands who identifies its caller, where it is not everybody's."""
GRACE_SECONDS = 1.0
"""The graph keeps its own deadline; this much later the endpoint stops waiting for it."""

log = logging.getLogger(__name__)


class Answering(Protocol):
    """The graph, as the endpoint needs it."""

    async def answer(
        self, document: PreparedDocument, operation_name: str | None, variables: dict[str, object], caller: Caller
    ) -> Answered:
        """Execute one operation; the answer is ready for JSON, and comes with what it tells of whom."""
        ...


class Releasing(Protocol):
    """The release gate, as the endpoint needs it."""

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """Record what an answer tells. Raises ``GroundChanged`` and ``StoreBroken``."""
        ...


class Identifying(Protocol):
    """The callers, as the endpoint needs them."""

    async def identify(self, authorization: str | None, acting_role: str | None) -> Caller:
        """The caller behind the headers, or a ``RefusedError``."""
        ...


class Answer(NamedTuple):
    """A response before it becomes bytes."""

    status: int
    content: Mapping[str, object]
    media_type: str = JSON
    headers: Mapping[str, str] = {}


class GraphQLEndpoint:
    """The endpoint, as an ASGI application."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        graph: Answering,
        callers: Identifying,
        gate: Releasing,
        limits: Limits,
        projection: bool = True,
        turn: TurnOf = at_once,
        introspection: bool = False,
        get_queries: bool = False,
        operations: Operations | None = None,
    ) -> None:
        self._operations = operations or Operations()
        self._documents = Documents(schema, limits, projection=projection, introspection=introspection)
        self._graph = graph
        self._callers = callers
        self._gate = gate
        self._limits = limits
        self._turn = turn
        self._methods = ("GET", "POST") if get_queries else ("POST",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            answer = await self._answer(scope, receive)
            body = orjson.dumps(answer.content)
        except _DisconnectedError:
            return
        # The outermost edge: nothing of an unexpected exception may reach the caller.
        except Exception as unexpected:
            answer = _internal(unexpected)
            body = orjson.dumps(answer.content)
        noted().code = code_of(answer.content)
        await _respond(answer, body, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = _Headers(scope)
        media_type = JSON
        try:
            if scope["method"] not in self._methods:
                raise _by(self._methods)
            media_type = accepted(headers.get(b"accept"))
            if scope["method"] == "GET":
                caller = await self._identified(scope, headers)
                async with self._turn(caller.subject):
                    asked = envelope_of_url(scope["query_string"], self._limits)
                    return await self._execute(asked, caller, media_type, may_change=False)
            _check_content(headers)
            _check_length(headers, self._limits.body_bytes)
            caller = await self._identified(scope, headers)
            body = await _body(receive, self._limits)
            async with self._turn(caller.subject):
                return await self._execute(envelope(body, self._limits), caller, media_type)
        except RefusedError as refusal:
            return Answer(refusal.status, {"errors": refusal.errors()}, media_type, refusal.headers)

    async def _identified(self, scope: Scope, headers: "_Headers") -> Caller:
        callers: Identifying = scope.get(CALLERS, self._callers)
        caller = await callers.identify(headers.get(b"authorization"), headers.get(b"acting-role"))
        noted().role = caller.role.value
        return caller

    async def _execute(self, named: Envelope, caller: Caller, media_type: str, *, may_change: bool = True) -> Answer:
        asked = self._operations.opened(named, caller)
        if not isinstance(asked, Envelope):
            return _request_error(asked, media_type)
        document = self._documents.document(asked.query)
        if not isinstance(document, PreparedDocument):
            return _request_error(document, media_type)
        if not _names_one_operation(document, asked.operation_name):
            text = "operationName must name exactly one operation of the document"
            return _request_error([error(Code.GRAPHQL_VALIDATION_FAILED, text)], media_type)
        if not may_change and _is_mutation(document, asked.operation_name):
            raise _by(("POST",))
        try:
            async with asyncio.timeout(self._limits.request_seconds + GRACE_SECONDS):
                answer = await self._released(document, asked, caller)
        except (TimeoutError, StoreBroken):
            raise RefusedError(Code.UNAVAILABLE) from None
        content = (
            {name: value for name, value in answer.items() if name != "data"} if _is_unexecuted(answer) else answer
        )
        return Answer(_status_of(content, media_type), content, media_type)

    async def _released(self, document: PreparedDocument, asked: Envelope, caller: Caller) -> dict[str, Any]:
        """The answer, once what it tells is recorded; made again where what it rested on has just been ended.

        INVARIANT: no answer leaves by any other way, and no mutation is executed twice: what it changed stays changed
        although nothing of its answer may leave.
        """
        is_mutation = _is_mutation(document, asked.operation_name)
        note = noted()
        note.kind = (OperationType.MUTATION if is_mutation else OperationType.QUERY).value
        if note.is_trusted:
            note.name = asked.operation_name or next(iter(document.operations)) or NAMELESS
        for _ in ("as it stands", "without what has ended")[: 1 if is_mutation else 2]:
            content, told = await self._graph.answer(document, asked.operation_name, asked.variables, caller)
            with suppress(GroundChanged):
                await self._gate.release(caller, told, asked.query)
                return content
        raise RefusedError(Code.UNAVAILABLE, _CHANGED_UNSEEN if is_mutation else None)


_CHANGED_UNSEEN = "the change was made, but what it answers may no longer be told: ask for it anew"


def accepted(accept: str | None) -> str:
    """The media type of the answer; JSON where the caller does not mind, as the public audits ask."""
    if accept is None or accept in _ANYTHING or not accept.strip():
        return JSON
    weights = dict(_weight(part) for part in accept.split(",") if part.strip())
    anything = weights.get("application/*", weights.get("*/*", 0.0))
    json_weight, graphql_weight = weights.get(JSON, anything), weights.get(GRAPHQL_RESPONSE, anything)
    if max(json_weight, graphql_weight) <= 0:
        raise RefusedError(Code.NOT_ACCEPTABLE)
    # Equal weights: the caller who names the newer type knows it; the one who names neither gets plain JSON.
    prefers_graphql = graphql_weight > json_weight or (graphql_weight == json_weight and GRAPHQL_RESPONSE in weights)
    return GRAPHQL_RESPONSE if prefers_graphql else JSON


_ANYTHING = frozenset({"*/*", JSON})
"""What most callers say."""


def _weight(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    named = dict(parameter.partition("=")[::2] for parameter in parameters)
    if named.get("charset", "utf-8").strip('"') not in _UTF8:
        return media_range, 0.0
    weight = named.get("q", "1")
    return media_range, float(weight) if _WEIGHT.fullmatch(weight) else 0.0


_WEIGHT = re.compile(r"[01](?:\.\d{0,3})?", re.ASCII)
_UTF8 = frozenset({"utf-8", "utf8"})


def _check_content(headers: "_Headers") -> None:
    if not _is_json(headers.get(b"content-type") or "") or headers.get(b"content-encoding") is not None:
        raise RefusedError(Code.UNSUPPORTED_MEDIA_TYPE)


def _is_json(content_type: str) -> bool:
    if content_type == JSON:
        return True
    kind, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    named = dict(parameter.partition("=")[::2] for parameter in parameters if parameter)
    return kind == JSON and named.keys() <= {"charset"} and named.get("charset", "utf-8").strip('"') in _UTF8


def _check_length(headers: "_Headers", limit: int) -> None:
    length = headers.get(b"content-length")
    if length is not None and length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > limit):
        raise RefusedError(Code.PAYLOAD_TOO_LARGE)


def _by(methods: tuple[str, ...]) -> RefusedError:
    """The refusal of a method, naming those that are taken."""
    return RefusedError(Code.METHOD_NOT_ALLOWED, f"use {' or '.join(methods)}", headers={"allow": ", ".join(methods)})


async def _body(receive: Receive, limits: Limits) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _DisconnectedError
                body += message.get("body", b"")
                if len(body) > limits.body_bytes:
                    raise RefusedError(Code.PAYLOAD_TOO_LARGE)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RefusedError(Code.BAD_REQUEST, "the request body did not arrive in time") from None


class _DisconnectedError(Exception):
    """The caller has gone: nobody to answer."""


class _Headers:
    """Request headers. One that must be single is malformed when repeated: no good value of ours holds a comma."""

    def __init__(self, scope: Scope) -> None:
        self._values: dict[bytes, list[bytes]] = {}
        for key, value in scope["headers"]:
            self._values.setdefault(key.lower(), []).append(value)

    def get(self, name: bytes) -> str | None:
        """The value of a header, a repeated one joined by commas; ``None`` where it was not sent."""
        values = self._values.get(name)
        return b", ".join(values).decode("latin-1") if values is not None else None


def _names_one_operation(document: PreparedDocument, name: str | None) -> bool:
    return len(document.operations) == 1 if name is None else name in document.operations


def _is_mutation(document: PreparedDocument, name: str | None) -> bool:
    operations = document.operations
    executed = operations[name] if name is not None else next(iter(operations.values()))
    return executed.operation is OperationType.MUTATION


def _request_error(errors: list[ErrorBody], media_type: str) -> Answer:
    content: dict[str, object] = {"errors": errors}
    return Answer(_status_of(content, media_type), content, media_type)


def _is_unexecuted(answer: Mapping[str, object]) -> bool:
    """Whether it failed before any field, as on a wrong variable: the specification then wants no ``data`` at all."""
    errors = answer.get("errors")
    return answer.get("data") is None and isinstance(errors, list) and not any("path" in each for each in errors)


def _status_of(content: Mapping[str, object], media_type: str) -> int:
    """GraphQL over HTTP: what was executed is 200; what was not depends on the media type and on whose fault it is."""
    if "data" in content:
        return 200
    status = _status_of_errors(content.get("errors"))
    return 200 if media_type == JSON and status == 400 else status


def _status_of_errors(errors: object) -> int:
    match errors:
        case [{"extensions": {"code": str(code)}}, *_] if code in FAULTS:
            return FAULTS[Code(code)].status
        case _:
            return 400


def _internal(unexpected: Exception) -> Answer:
    request_id = noted().id
    log.error("internal error, request %s: %s", request_id, outline(unexpected))
    return Answer(500, {"errors": [error(Code.INTERNAL, request_id=request_id)]})


_ALWAYS = {
    media_type: (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    for media_type in (JSON, GRAPHQL_RESPONSE)
}
"""The headers of every answer, by its media type."""


async def _respond(answer: Answer, body: bytes, send: Send) -> None:
    raw = [*_ALWAYS[answer.media_type], (b"content-length", b"%d" % len(body))]
    raw += [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})

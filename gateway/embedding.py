"""Embed tokens: ``POST /embed-token`` makes one, and ``/graphql`` answers its bearer nothing but what it is bound to.

INVARIANT: a token that never was, is over or revoked, one whose appointment has ended, one used from another origin or
for another operation: one and the same answer. It travels in a header alone, never in an address.
"""

import hmac
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Annotated

import msgspec
import orjson
from graphql import GraphQLSchema, OperationType
from graphql.execution.values import get_variable_values
from msgspec import Meta
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.admission import STRANGERS, TurnOf, at_once
from gateway.callers import Callers
from gateway.documents import Documents
from gateway.errors import NOT_KEPT, Code, RefusedError, invalid_token, refused
from gateway.http import CALLERS
from gateway.invalidate import body_of
from gateway.operations import Operations, canonical, sha256
from gateway.records.embeds import PREFIX, Embeds, EmbedWish, MadeEmbed, OpenedEmbed
from gateway.settings import ClientSettings, EmbedSettings, Limits
from hoks.caller import Caller
from hoks.embedding import APPOINTED, MAY_ASK, Ground, Grounds
from hoks.errors import SourcesUnavailable
from hoks.reading import Reader
from resolvers.prepared import PreparedDocument

MAX_BYTES = 20_000
PREFLIGHT_SECONDS = "600"
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class EmbedOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a token is asked for: one operation with its variables, one origin, and one appointment, named by the
    appointed person as the part that it shows, by a provider by its id."""

    operation: _Name
    origin: _Name
    variables: dict[str, object] = {}
    part: _Name | None = None
    appointment: _Name | None = None


_ORDER = msgspec.json.Decoder(EmbedOrder)


class EmbedTokenEndpoint:
    """The endpoint where tokens are made and revoked, as an ASGI application."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        limits: Limits,
        clients: Iterable[ClientSettings],
        settings: EmbedSettings,
        callers: Callers,
        operations: Operations,
        reader: Reader,
        grounds: Grounds,
        embeds: Embeds,
        turn: TurnOf = at_once,
    ) -> None:
        self._turn = turn
        self._schema = schema
        self._documents = Documents(schema, limits, projection=False)
        self._origins = {each.id: frozenset(each.origins) for each in clients}
        self._settings = settings
        self._callers = callers
        self._operations = operations
        self._reader = reader
        self._grounds = grounds
        self._embeds = embeds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except RefusedError as refusal:
            response = refused(refusal)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        embed = request.path_params.get("embed")
        method = "POST" if embed is None else "DELETE"
        if request.method != method:
            raise RefusedError(Code.METHOD_NOT_ALLOWED, f"use {method}", headers={"allow": method})
        caller = await self._callers.identify(request.headers.get("authorization"), request.headers.get("acting-role"))
        if caller.role not in MAY_ASK:
            raise RefusedError(Code.ACTING_ROLE_NOT_HELD, "only appointed people and a provider's staff can do this")
        body = await body_of(request, MAX_BYTES) if embed is None else b""
        try:
            async with self._turn(caller.subject):
                if embed is not None:
                    await self._embeds.revoke(embed, caller.subject)
                    return Response(status_code=204, headers=NOT_KEPT)
                made = await self._made(_order(body), caller)
        except SourcesUnavailable:
            raise RefusedError(Code.UNAVAILABLE) from None
        told = {"id": made.id, "token": made.token, "expiresAt": made.until.isoformat()}
        return Response(orjson.dumps(told), 201, NOT_KEPT, media_type="application/json")

    async def _made(self, order: EmbedOrder, caller: Caller) -> MadeEmbed:
        if caller.client is None or order.origin not in self._origins.get(caller.client, ()):
            raise RefusedError(Code.BAD_USER_INPUT, "`origin` is none of those that the settings give the client")
        text, name = self._query(order, caller.client)
        ground = await self._ground(order, caller)
        if ground is None:
            raise RefusedError(Code.BAD_USER_INPUT, "there is no such appointment of yours, or no longer")
        made = await self._embeds.make(
            EmbedWish(
                person=ground.person,
                role=ground.role,
                by=caller.subject,
                learner=ground.learner,
                embedding=msgspec.structs.replace(
                    ground.embedding,
                    operation=sha256(text),
                    operation_name=name,
                    variables=canonical(order.variables),
                ),
                client=caller.client,
                origin=order.origin,
            ),
            timedelta(minutes=self._settings.minutes),
            self._settings.most,
        )
        if made is None:
            headers = {"retry-after": str(self._settings.minutes * 60)}
            raise RefusedError(Code.TOO_MANY_REQUESTS, "the person has too many embed tokens: wait", headers=headers)
        return made

    def _query(self, order: EmbedOrder, client: str) -> tuple[str, str | None]:
        """The text and the name of the one query that is to be run, with variables that fit it."""
        text = self._operations.trusted(client, order.operation)
        document = self._documents.document(text) if text is not None else None
        if text is None or not isinstance(document, PreparedDocument):
            raise RefusedError(Code.OPERATION_NOT_TRUSTED)
        ((name, operation), *others) = document.operations.items()
        # INVARIANT: a token is bound to the text of its document, so no mutation is ever run by one.
        if others or operation.operation is not OperationType.QUERY:
            raise RefusedError(Code.BAD_USER_INPUT, "`operation` must be a document of one query and nothing else")
        definitions = operation.variable_definitions or ()
        known = {each.variable.name.value for each in definitions}
        fitting = get_variable_values(self._schema, definitions, order.variables, max_errors=1)
        if isinstance(fitting, list) or not order.variables.keys() <= known:
            raise RefusedError(Code.BAD_USER_INPUT, "`variables` do not fit the operation")
        return text, name

    async def _ground(self, order: EmbedOrder, caller: Caller) -> Ground | None:
        within = self._reader.sit()
        if caller.role in APPOINTED:
            if order.part is None or order.appointment is not None:
                raise RefusedError(Code.BAD_REQUEST, "name the period or demonstration in `part`")
            return await self._grounds.shown(caller, order.part, within=within)
        if order.appointment is None or order.part is not None:
            raise RefusedError(Code.BAD_REQUEST, "name the appointment in `appointment`")
        provider = await self._reader.acting_provider(caller, within=within)
        return await self._grounds.made(order.appointment, provider, within=within)


def _order(body: bytes) -> EmbedOrder:
    try:
        return _ORDER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = "the body must be one JSON object with operation, variables, origin, and part or appointment"
        raise RefusedError(Code.BAD_REQUEST, text) from None


# --- used


class Embedded:
    """The graph, for bearers of embed tokens too, and for pages of the origins that clients have."""

    def __init__(
        self,
        graph: ASGIApp,
        embeds: Embeds,
        grounds: Grounds,
        reader: Reader,
        origins: Collection[str],
        turn: TurnOf = at_once,
    ) -> None:
        self._turn = turn
        self._graph = graph
        self._embeds = embeds
        self._grounds = grounds
        self._reader = reader
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one without an embed token as if this were not here."""
        is_embedded = _embed_token(_header(scope, b"authorization")) is not None
        if not is_embedded and scope["method"] != "OPTIONS":
            await self._graph(scope, receive, send)
            return
        origin = _header(scope, b"origin")
        is_allowed = origin in self._origins
        if is_embedded:
            bearers = _Bearers(origin, self._embeds, self._grounds, self._reader, self._turn)
            cors = _cors(origin) if is_allowed else {"vary": "Origin"}
            await self._graph({**scope, CALLERS: bearers}, receive, _with(cors, send))
        elif is_allowed:
            await Response(status_code=204, headers=_preflight(origin))(scope, receive, send)
        else:
            await self._graph(scope, receive, send)


class _Bearers:
    """Those for whom embed tokens stand in a request from one origin."""

    def __init__(self, origin: str, embeds: Embeds, grounds: Grounds, reader: Reader, turn: TurnOf) -> None:
        self._turn = turn
        self._origin = origin
        self._embeds = embeds
        self._grounds = grounds
        self._reader = reader

    async def identify(self, authorization: str | None, acting_role: str | None) -> Caller:
        """The caller behind the token, who has but one role. Raises ``RefusedError``."""
        async with self._turn(STRANGERS):
            return await self._identified(authorization, acting_role)

    async def _identified(self, authorization: str | None, acting_role: str | None) -> Caller:
        token = _embed_token(authorization or "")
        try:
            opened = await self._embeds.opened(token) if token is not None else None
            if opened is None or not self._may_use(opened, acting_role):
                raise invalid_token()
            if not await self._grounds.holds(opened.caller, within=self._reader.sit()):
                raise invalid_token()
        except SourcesUnavailable:
            raise RefusedError(Code.UNAVAILABLE) from None
        return opened.caller

    def _may_use(self, opened: OpenedEmbed, acting_role: str | None) -> bool:
        is_its_origin = hmac.compare_digest(opened.origin.encode(), self._origin.encode())
        return is_its_origin and acting_role in (None, opened.caller.role.value)


def _embed_token(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(PREFIX) else None


def _header(scope: Scope, name: bytes) -> str:
    """A header; a repeated one is joined by commas, and then equals no good value."""
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name)


def _cors(origin: str) -> Mapping[str, str]:
    return {"access-control-allow-origin": origin, "vary": "Origin"}


def _preflight(origin: str) -> Mapping[str, str]:
    return {
        **_cors(origin),
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": PREFLIGHT_SECONDS,
    }


def _with(headers: Mapping[str, str], send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending

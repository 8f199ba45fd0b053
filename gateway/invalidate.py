"""``POST /invalidate``: a source says, under its own signature, that something of its has changed.

It can only make the gateway ask again, and only that source: neither a forged nor a repeated call does any harm, and
no answer tells which sources there are or what was kept.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Protocol

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.admission import SOURCES, TurnOf, at_once
from gateway.errors import Code, RefusedError, refused

TIMESTAMP = "hoks-timestamp"
"""The header with the moment of signing, in whole seconds since 1970."""
SIGNATURE = "hoks-signature"
"""The header with ``sha256=`` and the HMAC in hexadecimal digits."""
PATIENCE_SECONDS = 300
"""How far the moment of signing may be from now."""
BODY_SECONDS = 10.0
MAX_BYTES = 100_000

_Oids = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=100)], ...], msgspec.Meta(max_length=1_000)]

log = logging.getLogger(__name__)


class Invalidation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has changed: the rights whose plans or states did, and the learners whose rights did."""

    source: str
    rights: _Oids = ()
    learners: _Oids = ()


_BODY = msgspec.json.Decoder(Invalidation)
_NOBODYS = secrets.token_bytes(32)
"""The key of every source that has none."""


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """The signature of a body at a moment."""
    return "sha256=" + hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Forgetful(Protocol):
    """Whatever keeps what sources told."""

    def forget(self, source: str, oids: Collection[str]) -> int:
        """Drop what a source told of these OIDs; how many answers that were."""
        ...


class InvalidationEndpoint:
    """The endpoint, as an ASGI application."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        kept: Forgetful,
        now: Callable[[], float] = time.time,
        turn: TurnOf = at_once,
    ) -> None:
        self._turn = turn
        self._keys = keys
        self._kept = kept
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except RefusedError as refusal:
            log.warning("a call to invalidate was refused: %s", refusal.code.value)
            response = refused(refusal)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            raise RefusedError(Code.METHOD_NOT_ALLOWED, headers={"allow": "POST"})
        body = await body_of(request, MAX_BYTES)
        async with self._turn(SOURCES):
            return self._forgotten(request, body)

    def _forgotten(self, request: Request, body: bytes) -> Response:
        told = _read(body)
        self._check(request, told.source, body)
        forgotten = self._kept.forget(told.source, {*told.rights, *told.learners})
        log.info(
            "source %s: said that %d rights and %d learners have changed; %d answers forgotten",
            *(told.source, len(told.rights), len(told.learners), forgotten),
        )
        return Response(status_code=204, headers={"cache-control": "no-store"})

    def _check(self, request: Request, source: str, body: bytes) -> None:
        """Refuse what the source has not signed just now.

        INVARIANT: an unknown source, one without a key, a wrong signature and an old one are refused alike, after the
        same work.
        """
        timestamp = request.headers.get(TIMESTAMP, "")
        given = request.headers.get(SIGNATURE, "")
        right = signature(self._keys.get(source, _NOBODYS), timestamp, body)
        is_signed = hmac.compare_digest(right.encode(), given.encode()) and source in self._keys
        if not (is_signed and self._is_now(timestamp)):
            raise RefusedError(Code.UNAUTHENTICATED, "a valid signature of the source is required")

    def _is_now(self, timestamp: str) -> bool:
        is_whole = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
        return is_whole and abs(self._now() - int(timestamp)) <= PATIENCE_SECONDS


async def body_of(request: Request, limit: int) -> bytes:
    """The body of a request. Raises ``RefusedError`` where it has more than ``limit`` bytes or does not come."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise RefusedError(Code.PAYLOAD_TOO_LARGE)
    except TimeoutError:
        raise RefusedError(Code.BAD_REQUEST, "the request body did not arrive in time") from None
    return bytes(body)


def _read(body: bytes) -> Invalidation:
    try:
        return _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = "the request body must be one JSON object with source, rights and learners"
        raise RefusedError(Code.BAD_REQUEST, text) from None

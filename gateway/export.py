"""``GET /disclosures/export``: a student takes along what the log says of them, signed and provable.

Who it is says the token alone: no address holds anything of a person.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.admission import TurnOf, at_once
from gateway.callers import Callers
from gateway.errors import NOT_KEPT, Code, RefusedError, refused
from hoks.caller import Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid
from hoks.reading import Reader
from hoks.waiting import waiting_for

AT_ONCE = 2
"""How many are put together at a time; they are large, and nobody is in a hurry."""

EXPORTS = "exports"
"""What requests wait for beside the sources, as it is told to whoever runs the gateway."""
Exporting = Callable[[Collection[LearnerOid], int | None], Awaitable[bytes]]


class ExportEndpoint:
    """The endpoint, as an ASGI application."""

    def __init__(self, callers: Callers, reader: Reader, export: Exporting, turn: TurnOf = at_once) -> None:
        self._callers = callers
        self._reader = reader
        self._export = export
        self._turn = turn
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except RefusedError as refusal:
            response = refused(refusal)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "GET":
            raise RefusedError(Code.METHOD_NOT_ALLOWED, "use GET", headers={"allow": "GET"})
        caller = await self._callers.identify(request.headers.get("authorization"), request.headers.get("acting-role"))
        if caller.role is not Role.STUDENT:
            raise RefusedError(Code.ACTING_ROLE_NOT_HELD, "the acting role must be that of a student")
        before = _moment(request)
        try:
            async with self._turn(caller.subject), self._place():
                person, is_known = await self._reader.self_of(caller)
                if not is_known:
                    # Under another OID there may be more: half of it is not to look like the whole.
                    raise RefusedError(Code.UNAVAILABLE)
                exported = await self._export(person.all_oids, before)
        except SourcesUnavailable:
            raise RefusedError(Code.UNAVAILABLE) from None
        headers = {**NOT_KEPT, "content-disposition": 'attachment; filename="disclosures.json"'}
        return Response(exported, 200, headers, media_type="application/json")

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the few, for which others may work meanwhile."""
        async with waiting_for(EXPORTS):
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()


def _moment(request: Request) -> int | None:
    """The moment before which records are wanted, in milliseconds since 1970, as an earlier export's ``since``."""
    asked = request.query_params.get("before")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdigit() and int(asked[:16]) > 0 and len(asked) <= 15):
        raise RefusedError(Code.BAD_REQUEST, "`before` must be a moment in milliseconds since 1970")
    return int(asked)

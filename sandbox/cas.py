"""Tickets as CAS gives them: a password opens a granting ticket, and that gives service tickets for one call each."""

import secrets
import time
from collections.abc import Callable
from hmac import compare_digest
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TGT_SECONDS = 8 * 3600
TICKET_SECONDS = 60


class Cas:
    """Gives tickets to one account and redeems them once."""

    def __init__(self, username: str, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._username = username
        self._password = password
        self._clock = clock
        self._granting: dict[str, float] = {}
        self._tickets: dict[str, tuple[str, float]] = {}

    def routes(self) -> list[Route]:
        """The two calls a client makes."""
        return [
            Route("/cas/v1/tickets", self._log_in, methods=["POST"]),
            Route("/cas/v1/tickets/{tgt}", self._give, methods=["POST"]),
        ]

    def redeem(self, ticket: str, service: str) -> bool:
        """Whether the ticket was given for this service, in time and not used before."""
        given_for, until = self._tickets.pop(ticket, ("", 0.0))
        return given_for == service and self._clock() <= until

    async def _log_in(self, request: Request) -> Response:
        form = await _form(request)
        name, password = form.get("username", ""), form.get("password", "")
        known = compare_digest(name.encode(), self._username.encode())
        if not (compare_digest(password.encode(), self._password.encode()) and known):
            return JSONResponse({"authentication_exceptions": ["FailedLoginException"]}, 401)
        tgt = f"TGT-{secrets.token_urlsafe(24)}"
        now = self._clock()
        self._granting = {key: until for key, until in self._granting.items() if until > now}
        self._granting[tgt] = now + TGT_SECONDS
        place = str(request.url.replace(path=f"/cas/v1/tickets/{tgt}", query=""))
        return Response(status_code=201, headers={"Location": place})

    async def _give(self, request: Request) -> Response:
        tgt = request.path_params["tgt"]
        now = self._clock()
        if tgt not in self._granting or self._granting[tgt] < now:
            return Response(f"{tgt} could not be found or is considered invalid", 404, media_type="text/plain")
        service = (await _form(request)).get("service", "")
        if not service:
            return Response("service is required", 400, media_type="text/plain")
        ticket = f"ST-{secrets.token_urlsafe(24)}"
        self._tickets = {key: value for key, value in self._tickets.items() if value[1] > now}
        self._tickets[ticket] = (service, now + TICKET_SECONDS)
        return Response(ticket, media_type="text/plain")


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))

"""Tickets of OPH's staff CAS: a granting ticket that is kept, service tickets, and sessions opened with them.

``SessionHttp`` is an HTTP port that puts the session on each call, so that a connector behind it knows nothing of
tickets. What takes a ticket with each call instead asks ``CasTickets`` itself.
"""

import asyncio
import re
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from connectors.client import HttpPort, Incoming, Outgoing
from connectors.failures import Reason, SourceDenied, SourceFailure, SourceInvalid, refuse_failures
from hoks.asking import unhurried
from hoks.outcomes import Outcome

GRANTING_TICKET_SECONDS = 2 * 3600
"""How long OPH's own clients use a granting ticket (ehoks 2.1); CAS would keep it for eight hours."""


class CasAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Our account at CAS, for one service."""

    cas_url: str
    """Where CAS begins, ``/cas`` included."""
    service: str
    """The address for which tickets are asked: the service's own security check."""
    username: str
    caller_id: str


_TICKET = re.compile(r"[!-~]{1,2000}", re.ASCII)
_LAST_SEGMENT = re.compile(r"[\w.~-]{1,2000}", re.ASCII)


class CasTickets:
    """One account's tickets: a granting ticket that is kept, and a service ticket for each call."""

    def __init__(
        self, account: CasAccount, http: HttpPort, password: str, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._tickets_url = f"{account.cas_url.rstrip('/')}/v1/tickets"
        self._login = {"username": account.username, "password": password}
        self._service = {"service": account.service}
        self._caller_id = account.caller_id
        self._seconds = seconds
        self._granting: str | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()
        self._refusals = 0
        self._refused = SourceFailure(Outcome.DENIED, Reason.LOGIN)

    async def granting(self) -> str:
        """The granting ticket, asked for by one caller when there is none or it is old.

        A refusal is everybody's who waited for it: a wrong password must not be tried once for each of them.
        """
        refusals = self._refusals
        async with self._lock:
            if self._refusals > refusals:
                raise SourceFailure(self._refused.outcome, self._refused.reason)
            if self._granting is None or self._seconds() >= self._until:
                try:
                    self._granting = await self._log_in()
                except SourceFailure as refused:
                    self._refusals, self._refused = self._refusals + 1, refused
                    raise
                self._until = self._seconds() + GRANTING_TICKET_SECONDS
            return self._granting

    def forget(self, granting: str) -> None:
        """Drop this granting ticket, unless another caller has a new one already."""
        if self._granting == granting:
            self._granting = None

    async def ticket(self, granting: str) -> str | None:
        """A service ticket for one call; nothing when CAS no longer knows the granting ticket."""
        answer = await self._post(f"{self._tickets_url}/{granting}", self._service)
        if answer.status in (401, 404):
            return None
        refuse_failures(answer.status)
        text = answer.body.decode("ascii", "replace").strip()
        if not _TICKET.fullmatch(text):
            raise SourceInvalid(Reason.LOGIN)
        return text

    async def _log_in(self) -> str:
        # Sent once only: a login that is tried twice may lock the account.
        answer = await self._post(self._tickets_url, self._login, repeatable=False)
        if answer.status in (400, 401, 403, 404):
            raise SourceDenied(Reason.LOGIN)
        refuse_failures(answer.status)
        # Only the ticket is taken from the address: where it is used is ours to say.
        granting = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not _LAST_SEGMENT.fullmatch(granting):
            raise SourceInvalid(Reason.LOGIN)
        return granting

    async def _post(self, url: str, form: dict[str, str], *, repeatable: bool = True) -> Incoming:
        headers = {"caller-id": self._caller_id, "content-type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        return await self._http.send(
            Outgoing(method="POST", url=url, headers=headers, body=body, repeatable=repeatable)
        )


_SESSION = re.compile(r"[!#-+\--:<-\[\]-~]{1,4000}", re.ASCII)
"""What may stand as the value of a cookie (RFC 6265)."""
_LOGIN_PAGE = re.compile(r"/cas/login(?:$|[?;])")


class SessionHttp:
    """The HTTP port with a session on each call, opened by a ticket and opened once more where it has ended.

    INVARIANT: the session goes only where the connector's own requests go; where an answer leads is not followed.
    """

    def __init__(self, account: CasAccount, tickets: CasTickets, http: HttpPort, cookie: str) -> None:
        """``cookie`` is the name of the cookie by which the service knows a session."""
        self._account = account
        self._tickets = tickets
        self._http = http
        self._cookie = cookie
        self._in_answer = re.compile(rf"(?:^|[,;])\s*{re.escape(cookie)}=\"?([^\";,\s]*)")
        self._session: str | None = None
        self._opening: asyncio.Task[str] | None = None

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request in the session; where that has ended, once more in a new one."""
        session = await self._current()
        try:
            answer = await self._http.send(self._within(session, request))
            if answer.status != 401:
                return answer
        except SourceFailure as failure:
            # Who has no session is shown the way to the login page.
            if failure.reason is not Reason.REDIRECT:
                raise
        if self._session == session:
            self._session = None
        return await self._http.send(self._within(await self._current(), request))

    async def _current(self) -> str:
        """The session; who asks while one is being opened shares it, and its failure."""
        if self._session is not None:
            return self._session
        if self._opening is None or self._opening.done():
            self._opening = unhurried(self._open())
            self._opening.add_done_callback(_look_at_failure)
        # Shielded: a caller who gives up does not take the session away from those who wait for it too.
        return await asyncio.shield(self._opening)

    async def _open(self) -> str:
        for _ in ("as we are", "with a new login"):
            granting = await self._tickets.granting()
            ticket = await self._tickets.ticket(granting)
            if ticket is not None:
                self._session = await self._opened_with(ticket)
                return self._session
            self._tickets.forget(granting)
        raise SourceDenied(Reason.LOGIN)

    async def _opened_with(self, ticket: str) -> str:
        service = self._account.service
        url = f"{service}{'&' if urlsplit(service).query else '?'}ticket={quote(ticket, safe='')}"
        # Sent once only: a ticket works once.
        headers = {"caller-id": self._account.caller_id}
        answer = await self._http.send(
            Outgoing(method="GET", url=url, headers=headers, repeatable=False, opens_session=True)
        )
        if answer.status in (401, 403) or _LOGIN_PAGE.search(answer.headers.get("location", "")):
            raise SourceDenied(Reason.LOGIN)
        if not 300 <= answer.status < 400:
            refuse_failures(answer.status)
        given = self._in_answer.search(answer.headers.get("set-cookie", ""))
        if given is None or not _SESSION.fullmatch(given[1]):
            raise SourceInvalid(Reason.LOGIN)
        return given[1]

    def _within(self, session: str, request: Outgoing) -> Outgoing:
        cookies = [request.headers["cookie"]] if "cookie" in request.headers else []
        headers = {**request.headers, "cookie": "; ".join([*cookies, f"{self._cookie}={session}"])}
        return msgspec.structs.replace(request, headers=headers)


def _look_at_failure(opening: "asyncio.Task[str]") -> None:
    """Where everyone who waited has given up, the failure was looked at all the same and is nobody's to report."""
    if not opening.cancelled():
        opening.exception()

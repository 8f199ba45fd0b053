"""The one outgoing HTTP client: every call has a deadline, a size, and an address that the operator named.

What goes wrong below HTTP becomes one of our errors here and nowhere else; no error carries a URL or a body. A source
that fails is left alone for a while (`breaker`), and asked again only within a budget (`retries`).
"""

import asyncio
import http.cookiejar
import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

import httpx
import msgspec

from connectors.addresses import Addresses, Resolver, SystemResolver, is_loopback
from connectors.breaker import Admission, Breaker, State, Verdict
from connectors.condition import Condition, Counts
from connectors.decoding import decoded
from connectors.errands import Errands
from connectors.failures import Reason, SourceFailure, SourceThrottled, SourceUnavailable
from connectors.limits import DEFAULT_CONCURRENCY, DEFAULT_MAX_BYTES, DEFAULT_SECONDS, DEFAULT_WAITING
from connectors.retries import RetryBudget, rest_asked
from connectors.slots import Slots
from connectors.transport import CheckedTransport, NothingHeardError
from hoks.asking import time_left

LOG = logging.getLogger(__name__)

MARGIN_SECONDS = 0.02
"""How long before the stage of a request ends a call ends, so that a connector can still say what it has."""
SLOW_SHARE = 0.8
"""Of its time a call may take; a source that takes longer is failing."""
FAIR_SECONDS = 0.5
"""A call that had less time than this, because its request was nearly over, blames nobody."""

_KEPT_HEADERS = (
    *("content-type", "link", "location", "retry-after", "x-total-count"),
    *("etag", "last-modified", "cache-control", "vary"),
)
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})


# --- the port -------------------------------------------------------------------------------------------------


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a source."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    repeatable: bool = True
    """Whether it may be sent again when nothing was heard of it: any read, and no login."""
    opens_session: bool = False
    """Whether it opens a session: its answer may lead elsewhere, and its ``set-cookie`` alone is ever looked at."""


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A source's whole answer: few headers, in lower case, and the decoded body."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpPort(Protocol):
    """Whatever can carry a request to a source and its answer back."""

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request; raises ``SourceFailure`` when no whole answer comes."""
        ...


def opintopolku_headers(caller_id: str) -> dict[str, str]:
    """What services on OPH's staff host ask of each call: who calls, and on posts a pair against forgery."""
    return {
        "caller-id": caller_id,
        "csrf": caller_id,
        "cookie": f"CSRF={caller_id}",
        "content-type": "application/json",
    }


# --- what is behind it ----------------------------------------------------------------------------------------

_Origin = tuple[str, str, int | None]
_DEFAULT_PORTS = {"https": 443, "http": 80}


class HttpxClient:
    """The port over httpx, for one source: its own connections, its own limits, only the origins it was given."""

    def __init__(
        self,
        origins: Iterable[str],
        *,
        source: str = "",
        seconds: float = DEFAULT_SECONDS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        concurrency: int = DEFAULT_CONCURRENCY,
        waiting: int = DEFAULT_WAITING,
        private_network: bool = False,
        breaker: Breaker | None = None,
        budget: RetryBudget | None = None,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``source`` is its id for logs; ``transport`` stands in for the network. Raises ``ValueError``."""
        self._source = source
        self._resolver = SystemResolver() if resolver is None else resolver
        addresses = Addresses(self._resolver, private_network=private_network)
        self._origins = frozenset(_safe_origin(each, addresses) for each in origins)
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._slots = Slots(concurrency, waiting)
        self._breaker = Breaker() if breaker is None else breaker
        self._budget = RetryBudget() if budget is None else budget
        self._counts = Counts()
        self._errands = Errands()
        # INVARIANT: httpx writes every URL, OIDs included, at INFO; what a library logs below WARNING stays unsaid.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - the total deadline in `send` is the limit; httpx knows only gaps
            cookies=_no_cookies(),
            headers={"accept": "application/json", "accept-encoding": "gzip", "user-agent": "hoks-gateway"},
            transport=transport or CheckedTransport(addresses, concurrency, ssl_context=ssl_context),
        )

    @property
    def condition(self) -> Condition:
        """The source as this client sees it."""
        return self._counts.condition(self._source, self._breaker.state)

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request within its own deadline and that of the request it serves, waiting for a turn included.

        Without time, without a turn or while the breaker is open it is not sent at all. When nothing was heard of it
        (no connection, or one that ended before the first byte of an answer) it is sent once more, within the budget.
        A call that several requests share is started with ``hoks.asking.unhurried``, and has its own deadline alone.
        """
        try:
            url = self._allowed(request.url)
            ends = self._ends()
            if not self._breaker.would_admit():
                raise self._refused()
            async with self._slots.one(ends):
                return await self._judged(url, request, ends)
        except SourceFailure as failure:
            self._counts.fail(failure.reason)
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._errands.aclose()
        await self._client.aclose()
        if isinstance(self._resolver, SystemResolver):
            self._resolver.close()

    # --- whether it is sent -----------------------------------------------------------------------------------

    def _allowed(self, text: str) -> httpx.URL:
        try:
            url = httpx.URL(text)
            allowed = _origin(url) in self._origins and not url.userinfo
        except httpx.InvalidURL:
            allowed = False
        if not allowed:
            raise SourceUnavailable(Reason.ORIGIN)
        return url

    def _ends(self) -> float:
        """The moment when the call is over at the latest, on the event loop's clock."""
        seconds = min(self._seconds, time_left() - MARGIN_SECONDS)
        if seconds <= 0:
            raise SourceUnavailable(Reason.LATE)
        return _now() + seconds

    def _refused(self) -> SourceFailure:
        return SourceThrottled(Reason.OPEN) if self._breaker.is_throttled else SourceUnavailable(Reason.OPEN)

    # --- what it says about the source ------------------------------------------------------------------------

    async def _judged(self, url: httpx.URL, request: Outgoing, ends: float) -> Incoming:
        """The answer; however the call ends, the breaker hears of it exactly once."""
        began = _now()
        admission = self._breaker.admit()
        if admission is None:
            # It was tripped while this call waited for its turn.
            raise self._refused()
        verdict, rest = Verdict.LEFT, None
        try:
            answer = await self._within(url, request, ends)
            verdict, rest = self._verdict(answer)
            return answer
        except SourceFailure as failure:
            # A call that ran out of time is judged by the time it had, as one whose request went away.
            verdict = Verdict.LEFT if failure.reason is Reason.TIMEOUT else Verdict.BAD
            raise
        finally:
            self._judge(admission, self._by_time(verdict, began, ends), rest)

    def _verdict(self, answer: Incoming) -> tuple[Verdict, float | None]:
        """What an answer says, and for how long the source asks to be left alone."""
        verdict = _BAD_STATUSES.get(answer.status, Verdict.BAD if answer.status >= 500 else Verdict.GOOD)
        if verdict is not Verdict.GOOD:
            self._counts.fail(Reason.STATUS)
        wish = answer.headers.get("retry-after") if answer.status in _STATUSES_WITH_A_WISH else None
        return verdict, None if wish is None else rest_asked(wish, time.time())

    def _by_time(self, verdict: Verdict, began: float, ends: float) -> Verdict:
        """The verdict, or a bad one for a call that used up nearly all of a fair time, whoever ended it."""
        fair = min(self._seconds, max(ends - began, FAIR_SECONDS))
        is_slow = _now() - began > SLOW_SHARE * fair
        return Verdict.BAD if is_slow and verdict in (Verdict.GOOD, Verdict.LEFT) else verdict

    def _judge(self, admission: Admission, verdict: Verdict, rest: float | None) -> None:
        before = self._breaker.state
        self._breaker.judge(admission, verdict, rest)
        if (self._breaker.state is State.CLOSED) is not (before is State.CLOSED):
            LOG.warning("source %s: breaker %s", self._source, self._breaker.state.value)

    # --- sending it -------------------------------------------------------------------------------------------

    async def _within(self, url: httpx.URL, request: Outgoing, ends: float) -> Incoming:
        """The answer, before the time is up. Every error of the connection becomes one of ours."""
        self._counts.calls += 1
        self._budget.call()
        try:
            return await self._errands.run(self._exchanged(url, request, ends), ends)
        except TimeoutError:
            raise SourceUnavailable(Reason.TIMEOUT) from None
        except httpx.ConnectError:
            raise SourceUnavailable(Reason.CONNECT) from None
        except httpx.HTTPError:
            raise SourceUnavailable(Reason.STREAM) from None

    async def _exchanged(self, url: httpx.URL, request: Outgoing, ends: float) -> Incoming:
        try:
            return await self._exchange(url, request)
        except (httpx.ConnectError, NothingHeardError):
            pause = self._budget.pause()
            # INVARIANT: a try of a source that is left alone stays the only one.
            may_repeat = request.repeatable and self._breaker.state is State.CLOSED and _now() + pause < ends
            if not (may_repeat and self._budget.begin()):
                raise
        try:
            await asyncio.sleep(pause)
            self._counts.retries += 1
            return await self._exchange(url, request)
        finally:
            self._budget.end()

    async def _exchange(self, url: httpx.URL, request: Outgoing) -> Incoming:
        sent = self._client.stream(request.method, url, headers=dict(request.headers), content=request.body or None)
        async with sent as response:
            if 300 <= response.status_code < 400 and not (request.opens_session or _still_holds(request, response)):
                raise SourceUnavailable(Reason.REDIRECT)
            encoding = response.headers.get("content-encoding", "identity")
            body = await decoded(response.aiter_raw(), encoding, self._max_bytes)
        kept = (*_KEPT_HEADERS, "set-cookie") if request.opens_session else _KEPT_HEADERS
        headers = {name: response.headers[name] for name in kept if name in response.headers}
        return Incoming(status=response.status_code, headers=headers, body=body)


_BAD_STATUSES = {408: Verdict.BAD, 429: Verdict.THROTTLED}
"""Besides all from 500: the source could not, while every other refusal is an answer."""
_STATUSES_WITH_A_WISH = (429, 503)


def _still_holds(request: Outgoing, response: httpx.Response) -> bool:
    """Whether it answers what was asked: that an earlier answer still holds. Unasked, that is nothing to go by."""
    asked = not _CONDITIONS.isdisjoint(name.lower() for name in request.headers)
    return response.status_code == 304 and request.method == "GET" and asked


def _now() -> float:
    return asyncio.get_running_loop().time()


def _origin(url: httpx.URL) -> _Origin:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)


def _safe_origin(text: str, addresses: Addresses) -> _Origin:
    """The origin of a configured address; ``ValueError`` unless it is https, or http to this machine."""
    url = httpx.URL(text)
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host)):
        addresses.refuse_literal(url.host)
        return _origin(url)
    raise ValueError(f"expected an https address for {url.host or 'a source'}, got scheme {url.scheme or 'none'}")


def _no_cookies() -> http.cookiejar.CookieJar:
    """A jar that takes nothing: one caller's session must never travel with the next call."""
    return http.cookiejar.CookieJar(policy=http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

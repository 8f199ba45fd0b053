"""The one outgoing HTTP client: every call has a deadline, a size, and an address that the operator named.

What goes wrong below HTTP becomes one of our errors here and nowhere else; no error carries a URL or a body. A source
that fails is left alone for a while (`breaker`), and asked again only within a budget (`retries`).
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

import httpx
import msgspec

from connectors.addresses import Addresses, Resolver, SystemResolver
from connectors.breaker import Admission, Breaker, State, Verdict
from connectors.carriage import (
    Answering,
    CarriageError,
    Carrier,
    NotConnectedError,
    NothingHeardError,
    TlsRefusedError,
)
from connectors.condition import Condition, Counts
from connectors.connections import Connections
from connectors.decoding import decoded
from connectors.failures import Reason, SourceFailure, SourceThrottled, SourceUnavailable
from connectors.limits import DEFAULT_CONCURRENCY, DEFAULT_MAX_BYTES, DEFAULT_SECONDS, DEFAULT_WAITING
from connectors.origins import Origins, Place
from connectors.retries import RetryBudget, rest_asked
from connectors.slots import Slots
from connectors.transport import HttpxCarrier
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

Transport = Carrier | httpx.AsyncBaseTransport
"""What may stand in for a source's own connections."""

_ALWAYS = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "hoks-gateway"}


class HttpClient:
    """The port for one source: its own connections, its own limits, only the origins it was given."""

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
        transport: Transport | None = None,
    ) -> None:
        """``source`` is its id for logs; ``transport`` stands in for its connections. Raises ``ValueError``."""
        self._source = source
        self._resolver = SystemResolver() if resolver is None else resolver
        addresses = Addresses(self._resolver, private_network=private_network)
        self._origins = Origins(origins, addresses)
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._slots = Slots(concurrency, waiting)
        self._breaker = Breaker() if breaker is None else breaker
        self._budget = RetryBudget() if budget is None else budget
        self._counts = Counts()
        # INVARIANT: httpx writes every URL, OIDs included, at INFO; whoever uses it here, that stays unsaid.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        if isinstance(transport, httpx.AsyncBaseTransport):
            transport = HttpxCarrier(transport)
        self._carrier: Carrier = transport or Connections(addresses, concurrency, ssl_context=ssl_context)

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
            place = self._origins.place(request.url)
            ends = self._ends()
            if not self._breaker.would_admit():
                raise self._refused()
            await self._slots.take(ends)
            try:
                return await self._judged(place, request, ends)
            finally:
                self._slots.give_back()
        except SourceFailure as failure:
            self._counts.fail(failure.reason)
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._carrier.aclose()
        if isinstance(self._resolver, SystemResolver):
            self._resolver.close()

    # --- whether it is sent -----------------------------------------------------------------------------------

    def _ends(self) -> float:
        """The moment when the call is over at the latest, on the event loop's clock."""
        seconds = min(self._seconds, time_left() - MARGIN_SECONDS)
        if seconds <= 0:
            raise SourceUnavailable(Reason.LATE)
        return _now() + seconds

    def _refused(self) -> SourceFailure:
        return SourceThrottled(Reason.OPEN) if self._breaker.is_throttled else SourceUnavailable(Reason.OPEN)

    # --- what it says about the source ------------------------------------------------------------------------

    async def _judged(self, place: Place, request: Outgoing, ends: float) -> Incoming:
        """The answer; however the call ends, the breaker hears of it exactly once."""
        began = _now()
        admission = self._breaker.admit()
        if admission is None:
            # It was tripped while this call waited for its turn.
            raise self._refused()
        verdict, rest = Verdict.LEFT, None
        try:
            answer = await self._within(place, request, ends)
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

    async def _within(self, place: Place, request: Outgoing, ends: float) -> Incoming:
        """The answer, before the time is up. Every error of the connection becomes one of ours."""
        self._counts.calls += 1
        self._budget.call()
        try:
            async with asyncio.timeout_at(ends):
                return await self._exchanged(place, request, ends)
        except TimeoutError:
            raise SourceUnavailable(Reason.TIMEOUT) from None
        except NotConnectedError:
            raise SourceUnavailable(Reason.CONNECT) from None
        except TlsRefusedError:
            raise SourceUnavailable(Reason.TLS) from None
        except CarriageError:
            raise SourceUnavailable(Reason.STREAM) from None

    async def _exchanged(self, place: Place, request: Outgoing, ends: float) -> Incoming:
        try:
            return await self._exchange(place, request)
        except (NotConnectedError, NothingHeardError):
            pause = self._budget.pause()
            # INVARIANT: a try of a source that is left alone stays the only one.
            may_repeat = request.repeatable and self._breaker.state is State.CLOSED and _now() + pause < ends
            if not (may_repeat and self._budget.begin()):
                raise
        try:
            await asyncio.sleep(pause)
            self._counts.retries += 1
            return await self._exchange(place, request)
        finally:
            self._budget.end()

    async def _exchange(self, place: Place, request: Outgoing) -> Incoming:
        sent = _ALWAYS | {name.lower(): value for name, value in request.headers.items()}
        answer = await self._carrier.ask(place, request.method, sent, request.body)
        try:
            if 300 <= answer.status < 400 and not (request.opens_session or _still_holds(answer.status, request)):
                raise SourceUnavailable(Reason.REDIRECT)
            encoding = answer.headers.get("content-encoding", "identity")
            body = await decoded(answer.parts(), encoding, self._max_bytes)
        finally:
            await answer.aclose()
        return Incoming(status=answer.status, headers=_kept(answer, request), body=body)


_BAD_STATUSES = {408: Verdict.BAD, 429: Verdict.THROTTLED}
"""Besides all from 500: the source could not, while every other refusal is an answer."""
_STATUSES_WITH_A_WISH = (429, 503)


def _kept(answer: Answering, request: Outgoing) -> dict[str, str]:
    """The few headers that anybody may look at."""
    names = (*_KEPT_HEADERS, "set-cookie") if request.opens_session else _KEPT_HEADERS
    return {name: answer.headers[name] for name in names if name in answer.headers}


def _still_holds(status: int, request: Outgoing) -> bool:
    """Whether it answers what was asked: that an earlier answer still holds. Unasked, that is nothing to go by."""
    asked = not _CONDITIONS.isdisjoint(name.lower() for name in request.headers)
    return status == 304 and request.method == "GET" and asked


def _now() -> float:
    return asyncio.get_running_loop().time()

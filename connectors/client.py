"""The one outgoing HTTP client: every call has a deadline, a size, and an address that the operator named.

What goes wrong below HTTP becomes one of our errors here and nowhere else; no error carries a URL or a body.
"""

import asyncio
import http.cookiejar
import ipaddress
import logging
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Protocol

import httpx
import msgspec

from hoks.outcomes import Outcome

LOG = logging.getLogger(__name__)

Seconds = Annotated[float, msgspec.Meta(gt=0, le=60)]
"""A total deadline for one call, in settings."""
MaxBytes = Annotated[int, msgspec.Meta(ge=1_000, le=500_000_000)]
"""The largest decoded answer, in settings."""
Concurrency = Annotated[int, msgspec.Meta(ge=1, le=100)]
"""How many calls to one source may run at a time, in settings."""

DEFAULT_SECONDS = 3.0
DEFAULT_MAX_BYTES = 5_000_000
DEFAULT_CONCURRENCY = 8
MAX_RATIO = 100
"""Decoded bytes for each byte received; more is a bomb, once there is enough to judge by."""
RATIO_FROM_BYTES = 65_536

_KEPT_HEADERS = ("content-type", "location", "retry-after")


# --- what can go wrong ----------------------------------------------------------------------------------------


class Reason(StrEnum):
    """Why a source gave nothing, short enough for a log line."""

    TIMEOUT = "timeout"
    CONNECT = "connect"
    STREAM = "stream"
    OVERSIZE = "oversize"
    RATIO = "ratio"
    ENCODING = "encoding"
    REDIRECT = "redirect"
    ORIGIN = "origin"
    STATUS = "status"
    LOGIN = "login"
    UNREADABLE = "unreadable"
    NESTING = "nesting"
    MISMATCH = "mismatch"
    FOREIGN_PERSON = "foreign_person"
    UNEXPECTED = "unexpected"


class SourceFailure(Exception):
    """A source could not be read: the outcome it comes to, and why. It says nothing about whom it was asked."""

    def __init__(self, outcome: Outcome, reason: Reason) -> None:
        super().__init__(f"{outcome.value}: {reason.value}")
        self.outcome = outcome
        self.reason = reason


class SourceUnavailable(SourceFailure):
    """The source did not answer, or not in a form that may be taken in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(Outcome.UNAVAILABLE, reason)


class SourceDenied(SourceFailure):
    """The source refuses our own credential."""

    def __init__(self, reason: Reason = Reason.STATUS) -> None:
        super().__init__(Outcome.DENIED, reason)


class SourceInvalid(SourceFailure):
    """The source answered, and not with what was agreed or asked."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(Outcome.INVALID, reason)


_OUTCOME_OF_STATUS = {
    401: Outcome.DENIED,
    403: Outcome.DENIED,
    404: Outcome.ABSENT_OR_DENIED,
    408: Outcome.UNAVAILABLE,
    410: Outcome.UNAVAILABLE,
    423: Outcome.UNAVAILABLE,
    425: Outcome.UNAVAILABLE,
    429: Outcome.THROTTLED,
}
_OUTCOME_OF_CLASS = {2: Outcome.OK, 4: Outcome.INVALID}


def outcome_of(status: int) -> Outcome:
    """What an HTTP status comes to, where the source's own habits say nothing else (registries 19)."""
    return _OUTCOME_OF_STATUS.get(status) or _OUTCOME_OF_CLASS.get(status // 100, Outcome.UNAVAILABLE)


def refuse_failures(status: int) -> None:
    """Raise for a status that is no success."""
    outcome = outcome_of(status)
    if outcome is not Outcome.OK:
        raise SourceFailure(outcome, Reason.STATUS)


def report(source: str, failures: Iterable[SourceFailure]) -> None:
    """Log what went wrong with a batch: the source, outcome and reason, and how often; never about whom."""
    for (outcome, reason), times in sorted(Counter((each.outcome, each.reason) for each in failures).items()):
        LOG.warning("source %s: %s (%s) x %d", source, outcome.value, reason.value, times)


def unexpected(source: str, error: Exception) -> SourceInvalid:
    """A fault of our own at the outside of a connector: logged by kind and place, without its text."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "unknown place"
    LOG.error("source %s: unexpected %s in %s", source, type(error).__name__, where)
    return SourceInvalid(Reason.UNEXPECTED)


# --- the port -------------------------------------------------------------------------------------------------


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a source."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


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
        seconds: float = DEFAULT_SECONDS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        concurrency: int = DEFAULT_CONCURRENCY,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._origins = frozenset(_safe_origin(each) for each in origins)
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._slots = asyncio.Semaphore(concurrency)
        # INVARIANT: httpx writes every URL, OIDs included, at INFO; what a library logs below WARNING stays unsaid.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - the total deadline in `send` is the limit; httpx knows only gaps
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            cookies=_no_cookies(),
            headers={"accept": "application/json", "accept-encoding": "gzip", "user-agent": "hoks-gateway"},
            transport=transport,
        )

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request within the deadline, which begins when a slot is free.

        A connection that never opened is tried once more; nothing else is, for a read may leave an audit record.
        """
        url = self._allowed(request.url)
        async with self._slots:
            try:
                async with asyncio.timeout(self._seconds):
                    try:
                        return await self._exchange(url, request)
                    except httpx.ConnectError:
                        return await self._exchange(url, request)
            except TimeoutError:
                raise SourceUnavailable(Reason.TIMEOUT) from None
            except httpx.ConnectError:
                raise SourceUnavailable(Reason.CONNECT) from None
            except httpx.HTTPError:
                raise SourceUnavailable(Reason.STREAM) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _allowed(self, text: str) -> httpx.URL:
        try:
            url = httpx.URL(text)
            allowed = _origin(url) in self._origins and not url.userinfo
        except httpx.InvalidURL:
            allowed = False
        if not allowed:
            raise SourceUnavailable(Reason.ORIGIN)
        return url

    async def _exchange(self, url: httpx.URL, request: Outgoing) -> Incoming:
        sent = self._client.stream(request.method, url, headers=dict(request.headers), content=request.body or None)
        async with sent as response:
            if 300 <= response.status_code < 400:
                raise SourceUnavailable(Reason.REDIRECT)
            body = await self._decoded(response)
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        return Incoming(status=response.status_code, headers=headers, body=body)

    async def _decoded(self, response: httpx.Response) -> bytes:
        """The body, decoded by ourselves: httpx takes a cut gzip stream for a whole one and knows no size."""
        inflate = _inflater(response.headers.get("content-encoding", "identity"))
        received, decoded = 0, bytearray()
        async for chunk in response.aiter_raw():
            received += len(chunk)
            decoded += chunk if inflate is None else _inflated(inflate, chunk, self._max_bytes + 1 - len(decoded))
            if max(received, len(decoded)) > self._max_bytes:
                raise SourceUnavailable(Reason.OVERSIZE)
            if len(decoded) > RATIO_FROM_BYTES and len(decoded) > MAX_RATIO * received:
                raise SourceUnavailable(Reason.RATIO)
        if inflate is not None and received and (not inflate.eof or inflate.unused_data):
            raise SourceUnavailable(Reason.ENCODING)
        return bytes(decoded)


class _Inflater(Protocol):
    """The part of zlib's decompression object that is used."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _inflater(encoding: str) -> _Inflater | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case _:
            raise SourceUnavailable(Reason.ENCODING)


def _inflated(inflate: _Inflater, chunk: bytes, room: int) -> bytes:
    try:
        return inflate.decompress(chunk, room)
    except zlib.error:
        raise SourceUnavailable(Reason.ENCODING) from None


def _origin(url: httpx.URL) -> _Origin:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)


def _safe_origin(text: str) -> _Origin:
    """The origin of a configured address; ``ValueError`` unless it is https, or http to this machine."""
    url = httpx.URL(text)
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host)):
        return _origin(url)
    raise ValueError(f"expected an https address for {url.host or 'a source'}, got scheme {url.scheme or 'none'}")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_cookies() -> http.cookiejar.CookieJar:
    """A jar that takes nothing: one caller's session must never travel with the next call."""
    return http.cookiejar.CookieJar(policy=http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

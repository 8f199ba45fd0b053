"""The one outgoing HTTP client: every call has a deadline, a size, and an address that the operator named.

What goes wrong below HTTP becomes one of our errors here and nowhere else; no error carries a URL or a body.
"""

import asyncio
import http.cookiejar
import ipaddress
import logging
import zlib
from collections.abc import Iterable, Mapping
from typing import Protocol

import httpx
import msgspec

from connectors.failures import Reason, SourceUnavailable
from connectors.limits import DEFAULT_CONCURRENCY, DEFAULT_MAX_BYTES, DEFAULT_SECONDS

MAX_RATIO = 100
"""Decoded bytes for each byte received; more is a bomb, once there is enough to judge by."""
RATIO_FROM_BYTES = 65_536

_KEPT_HEADERS = ("content-type", "link", "location", "retry-after", "x-total-count")


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

"""How bytes travel to a source: over connections to checked addresses alone, with answers' heads of a sane size.

TLS stays with the host's name, in what is asked for and in the certificate that must come, whichever address is used.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

import httpcore
import httpx

from connectors.addresses import Addresses

MAX_HEADERS = 200
MAX_HEAD_BYTES = 32_768
"""Of everything that is read until the headers are whole, interim answers included."""
HEAD_READ_BYTES = 4_096
"""How much of a head is read at a time, so that a thousand interim answers at once keep nobody waiting."""
ATTEMPT_SECONDS = 0.5
"""How long one of several addresses of a host may take to connect before the next one is tried."""
IDLE_SECONDS = 5.0
"""How long an unused connection is kept."""


class NothingHeardError(httpx.TransportError):
    """The connection ended before the first byte of an answer."""


class _Head:
    """How much of an answer's head has been read."""

    size = 0

    def take(self, data: bytes) -> None:
        """Count what was read. Raises an error of the protocol when it is too much."""
        self.size += len(data)
        if self.size > MAX_HEAD_BYTES:
            raise httpcore.RemoteProtocolError("the head of the answer is too large")


_HEAD: ContextVar[_Head | None] = ContextVar("head", default=None)
"""The head that is being read in this task; a connection is read by the task whose call it carries."""


@cache
def _public_trust() -> ssl.SSLContext:
    """The authorities that the public web trusts, whatever the environment says; read once for all sources."""
    return httpx.create_ssl_context(trust_env=False)


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connections to the addresses that one source may have."""

    def __init__(
        self,
        addresses: Addresses,
        connections: int,
        *,
        ssl_context: ssl.SSLContext | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or _public_trust(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=IDLE_SECONDS,
            retries=0,
            network_backend=_CheckedNetwork(addresses, network or httpcore.AnyIOBackend()),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer once its head is whole. Raises errors of httpx only, and ``SourceUnavailable`` for an address."""
        head = _Head()
        token = _HEAD.set(head)
        try:
            with _errors_of_httpx(head):
                answer = await self._pool.handle_async_request(_request(request))
        finally:
            _HEAD.reset(token)
        stream = _Body(answer.stream)
        if head.size == 0:
            # INVARIANT: no answer that was there before its request. It came behind the answer to an earlier one.
            await stream.aclose()
            raise NothingHeardError("an answer to something else")
        if len(answer.headers) > MAX_HEADERS:
            await stream.aclose()
            raise httpx.RemoteProtocolError("too many headers")
        return httpx.Response(answer.status, headers=answer.headers, stream=stream)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer, as it is read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of_httpx(None):
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=cast(AsyncIterable[bytes], request.stream),
        extensions=request.extensions,
    )


_ENDED = (httpcore.NetworkError, httpcore.RemoteProtocolError, OSError)


@contextmanager
def _errors_of_httpx(head: _Head | None) -> Iterator[None]:
    """Errors of the connections under the names by which the client knows them; ``head`` is what was being read."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout):
        raise httpx.ConnectError("not connected") from None
    except _ENDED:
        if head is not None and head.size == 0:
            raise NothingHeardError("nothing was heard") from None
        raise httpx.ReadError("broken off") from None
    except (httpcore.ProtocolError, httpcore.TimeoutException, httpcore.ProxyError, httpcore.UnsupportedProtocol):
        raise httpx.TransportError("not carried") from None


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a host once, and connects to what it checked: no second look-up can lead elsewhere."""

    def __init__(self, addresses: Addresses, network: httpcore.AsyncNetworkBackend) -> None:
        self._addresses = addresses
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first of the host's addresses that takes one."""
        try:
            *others, last = await self._addresses.of(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the host is not known") from None
        for address in others:
            try:
                return await self._connected(address, port, ATTEMPT_SECONDS, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._connected(last, port, timeout, local_address, socket_options)

    async def _connected(self, address: str, port: int, seconds: float | None, *options: Any) -> "_CountedStream":
        return _CountedStream(await self._network.connect_tcp(address, port, seconds, *options))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


class _CountedStream(httpcore.AsyncNetworkStream):
    """A connection that tells the head being read how much has come."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """What has come, or nothing at the end."""
        head = _HEAD.get()
        if head is None:
            return await self._stream.read(max_bytes, timeout)
        data = await self._stream.read(min(max_bytes, HEAD_READ_BYTES), timeout)
        head.take(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """The same connection under TLS with the host of that name."""
        try:
            return _CountedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except asyncio.CancelledError:
            # httpcore closes what fails here, and leaves open what is given up.
            await self.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)

"""How bytes travel to a source: over connections to checked addresses alone, with answers' heads of a sane size.

TLS stays with the host's name, in what is asked for and in the certificate that must come, whichever address is used.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

import anyio
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
    """Connections to the addresses that one source may have: those in use, and idle ones that are kept for the next.

    INVARIANT: a connection is either idle here or belongs to one call, which brings it back idle or closes it. There is
    nothing else to keep count of, so that no call, however it is given up, can leave a place taken.
    """

    def __init__(
        self,
        addresses: Addresses,
        most_idle: int,
        *,
        ssl_context: ssl.SSLContext | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """How many calls run at a time is for the caller to limit; ``most_idle`` connections are kept."""
        self._ssl_context = ssl_context or _public_trust()
        self._network = _CheckedNetwork(addresses, network or httpcore.AnyIOBackend())
        self._most_idle = most_idle
        self._idle: list[httpcore.AsyncHTTPConnection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer once its head is whole. Raises errors of httpx only, and ``SourceUnavailable`` for an address."""
        asked, head = _request(request), _Head()
        connection = await self._connection_to(asked.url.origin)
        token = _HEAD.set(head)
        try:
            with _errors_of_httpx(head):
                answer = await connection.handle_async_request(asked)
            _refuse_strange(head, answer)
        except BaseException:
            await _closed(connection)
            raise
        finally:
            _HEAD.reset(token)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, connection, self._keep))

    async def aclose(self) -> None:
        """Close the idle connections."""
        while self._idle:
            await _closed(self._idle.pop())

    async def _connection_to(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        """An idle connection to the origin, the one used last, or a new one."""
        ended = [each for each in self._idle if each.has_expired()]
        # All at once, before anything is waited for: another call may look for a connection meanwhile.
        self._idle = [each for each in self._idle if each not in ended]
        for each in ended:
            await _closed(each)
        for each in reversed(self._idle):
            if each.can_handle_request(origin):
                self._idle.remove(each)
                return each
        return httpcore.AsyncHTTPConnection(
            origin, self._ssl_context, keepalive_expiry=IDLE_SECONDS, network_backend=self._network
        )

    async def _keep(self, connection: httpcore.AsyncHTTPConnection) -> None:
        """Take a connection back after its call."""
        if connection.is_idle() and len(self._idle) < self._most_idle:
            self._idle.append(connection)
        else:
            await _closed(connection)


async def _closed(connection: httpcore.AsyncHTTPConnection) -> None:
    with anyio.CancelScope(shield=True), suppress(httpcore.NetworkError, OSError):
        await connection.aclose()


def _refuse_strange(head: _Head, answer: httpcore.Response) -> None:
    if head.size == 0:
        # INVARIANT: no answer that was there before its request. It came behind the answer to an earlier one.
        raise NothingHeardError("an answer to something else")
    if len(answer.headers) > MAX_HEADERS:
        raise httpx.RemoteProtocolError("too many headers")


class _Body(httpx.AsyncByteStream):
    """The body of an answer, as it is read; at its end the connection is brought back."""

    def __init__(
        self,
        answer: httpcore.Response,
        connection: httpcore.AsyncHTTPConnection,
        keep: Callable[[httpcore.AsyncHTTPConnection], Awaitable[None]],
    ) -> None:
        self._stream = cast(Any, answer.stream)
        self._connection = connection
        self._keep = keep
        self._is_over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of_httpx(None):
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        """Bring the connection back, once; one whose answer was not read to its end is closed by that."""
        if not self._is_over:
            self._is_over = True
            with anyio.CancelScope(shield=True):
                with suppress(httpcore.NetworkError, OSError):
                    await self._stream.aclose()
                await self._keep(self._connection)


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
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)

"""A source's own connections: HTTP/1.1 as httptools reads it, to checked addresses alone, with nothing unasked on them.

TLS stays with the host's name, in what is asked for and in the certificate that must come, whichever address is used.
"""

import asyncio
import re
import select
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import cast

import httptools

from connectors.addresses import Addresses
from connectors.carriage import CarriageError, NotConnectedError, NothingHeardError, TlsRefusedError
from connectors.origins import Origin, Place
from connectors.trust import public_trust

MAX_HEADERS = 200
MAX_HEAD_BYTES = 32_768
"""Of all that is read around a body that is short: interim answers and a head before it, and what follows it."""
MOST_AROUND = 8
"""Bytes around a body for each byte in it, beyond these: chunks of a single byte take five."""
HEAD_READ_BYTES = 4_096
"""How much of a head is taken in at a time, so that a thousand interim answers at once keep nobody waiting."""
ATTEMPT_SECONDS = 0.5
"""How long one of several addresses of a host may take to connect before the next one is tried."""
IDLE_SECONDS = 5.0
"""How long an unused connection is kept."""

Network = Callable[[str, int], Awaitable[socket.socket]]
"""A socket that is connected to an address and port. Raises ``OSError``."""


async def connected(address: str, port: int) -> socket.socket:
    """A socket that is connected to the address, as this machine reaches it."""
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except BaseException:
        opened.close()
        raise
    return opened


class Connections:
    """``Carrier`` over connections of our own: those in use, and idle ones that are kept for the next call.

    INVARIANT: a connection is either idle here or belongs to one call, which brings it back idle or closes it. There is
    nothing else to keep count of, and nothing to be waited for while one is closed, so that no call, however it is
    given up, can leave a place taken.
    """

    def __init__(
        self,
        addresses: Addresses,
        most_idle: int,
        *,
        ssl_context: ssl.SSLContext | None = None,
        network: Network = connected,
    ) -> None:
        """How many calls run at a time is for the caller to limit; ``most_idle`` connections are kept."""
        self._addresses = addresses
        self._most_idle = most_idle
        self._ssl_context = ssl_context or public_trust()
        self._ssl_context.set_alpn_protocols(["http/1.1"])
        self._network = network
        self._idle: list[_Connection] = []

    async def ask(self, place: Place, method: str, headers: Mapping[str, str], body: bytes) -> "Answer":
        """The answer once its head is whole. Raises ``CarriageError``, and ``SourceUnavailable`` for an address."""
        request = written(place, method, headers, body)
        connection = self._idle_to(place.origin) or await self._new_to(place.origin)
        answer = Answer(connection, self._keep)
        try:
            connection.ask(request, answer)
            await answer.headed()
        except BaseException:
            answer.close()
            raise
        return answer

    async def aclose(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()
        # Sockets are closed in the event loop's next round.
        await asyncio.sleep(0)

    def _idle_to(self, origin: Origin) -> "_Connection | None":
        """The idle connection to the origin that was used last; what is of no more use is closed."""
        while self._idle and self._idle[0].is_stale():
            self._idle.pop(0).close()
        for each in reversed(tuple(self._idle)):
            if each.origin == origin:
                self._idle.remove(each)
                if each.is_of_use():
                    return each
                each.close()
        return None

    async def _new_to(self, origin: Origin) -> "_Connection":
        opened = await self._opened_to(origin)
        is_secure = origin.scheme == "https"
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(origin),
                sock=opened,
                ssl=self._ssl_context if is_secure else None,
                server_hostname=origin.host if is_secure else None,
            )
        except (OSError, ValueError) as error:
            opened.close()
            failure = TlsRefusedError if _is_refusal(error) else NotConnectedError
            raise failure("not connected") from None
        return connection

    async def _opened_to(self, origin: Origin) -> socket.socket:
        """A socket to the first of the host's addresses that takes a connection: no second look-up leads elsewhere."""
        port = cast(int, origin.port)
        try:
            *others, last = await self._addresses.of(origin.host, port)
        except (OSError, UnicodeError):
            raise NotConnectedError("the host is not known") from None
        for address in others:
            with suppress(OSError):
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    return await self._network(address, port)
        try:
            return await self._network(last, port)
        except OSError:
            raise NotConnectedError("not connected") from None

    def _keep(self, connection: "_Connection") -> None:
        """Take a connection back after its call; the idle ones lie here in the order in which they were used."""
        self._idle.append(connection)
        if len(self._idle) > self._most_idle:
            self._idle.pop(0).close()


_SENT = re.compile(r"[!#-9;-~]+: [\t -~]*", re.ASCII)


def written(place: Place, method: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The request as it travels. Raises ``ValueError`` for what would end a line, or is not ASCII."""
    lines = [f"host: {place.authority}", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method != "GET":
        lines.append(f"content-length: {len(body)}")
    # A head whose answer has no body is read otherwise, and nobody asks so.
    if not method.isalpha() or method == "HEAD" or not all(map(_SENT.fullmatch, lines)):
        raise ValueError("a request that cannot be sent")
    return "\r\n".join((f"{method} {place.target} HTTP/1.1", *lines, "", "")).encode("ascii") + body


def _is_refusal(error: BaseException | None) -> bool:
    """Whether one side's TLS refused the other, and the connection did not merely break off."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


class _Connection(asyncio.Protocol):
    """One connection. INVARIANT: it carries one request at a time, and ends when anything comes that nobody asked."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._answer: Answer | None = None
        self._unused_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)
        self._arrivals = select.poll()
        self._arrivals.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._now = asyncio.get_running_loop().time

    def data_received(self, data: bytes) -> None:
        """Something has come."""
        if self._answer is None:
            self.close()
        else:
            self._answer.take(data)

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended."""
        if self._answer is not None:
            self._answer.end(error)

    def ask(self, request: bytes, answer: "Answer") -> None:
        """Send a request, to which this is to be the answer."""
        if self._transport.is_closing():
            raise NothingHeardError("the connection has ended")
        self._answer = answer
        self._transport.write(request)

    def rest(self) -> None:
        """Nothing is asked on it any more."""
        self._answer = None
        self._unused_since = self._now()

    def is_stale(self) -> bool:
        """Whether it has ended, or nobody has used it for too long."""
        return self._transport.is_closing() or self._now() - self._unused_since > IDLE_SECONDS

    def is_of_use(self) -> bool:
        """Whether it may carry another request.

        INVARIANT: no answer that was there before its request: what has come meanwhile, read or not, spoils it, and so
        does a request of which the end has not been sent.
        """
        return not self.is_stale() and not self._transport.get_write_buffer_size() and not self._arrivals.poll(0)

    def close(self) -> None:
        """End it at once; what is still to be sent or read is of no use to anybody."""
        self._answer = None
        self._transport.abort()


_AT_ODDS = {204: ("content-length", "transfer-encoding"), 304: ("transfer-encoding",)}
"""What announces a body where there is none by the status, and lets nobody know whether one still comes."""


class Answer:
    """One answer as it comes in: ``Answering`` for who asked; httptools calls what begins with ``on_``."""

    def __init__(self, connection: _Connection, keep: Callable[[_Connection], None]) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection = connection
        self._keep = keep
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._lines = 0
        self._around = self._within = 0
        """Bytes that were read around the body and of it."""
        self._is_heard = self._is_headed = self._is_whole = self._is_over = False
        self._may_stay = False
        """Whether the connection is as good as new behind this answer."""
        self._lasts = False
        """Whether the body lasts for as long as the connection does."""
        self._failure: type[CarriageError] | None = None
        self._news: asyncio.Future[None] | None = None

    # --- for who asked ----------------------------------------------------------------------------------------

    async def headed(self) -> None:
        """Wait for the head. Raises ``CarriageError``."""
        while not self._is_headed:
            await self._more()

    def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes in, still encoded. Raises ``CarriageError``."""
        return self

    def __aiter__(self) -> "Answer":
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._is_whole:
                raise StopAsyncIteration
            await self._more()
        parts, self._parts = self._parts, []
        return b"".join(parts)

    async def aclose(self) -> None:
        """Give the connection back; one whose answer was not read to its end is closed by that."""
        self.close()

    def close(self) -> None:
        """The same at once."""
        if self._is_over:
            return
        self._is_over = True
        del self._parser  # it knows this answer, which would be left to the garbage collector
        if self._is_whole and self._may_stay and not self._parts:
            self._connection.rest()
            self._keep(self._connection)
        else:
            self._connection.close()

    async def _more(self) -> None:
        """Wait until more has come. Raises ``CarriageError`` where no more will."""
        if self._failure is not None:
            raise self._failure("no whole answer")
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    # --- for the connection -----------------------------------------------------------------------------------

    def take(self, data: bytes) -> None:
        """Take in what has come."""
        self._is_heard = True
        start = 0
        try:
            while start < len(data) and self._failure is None and not self._is_whole:
                end = len(data) if self._is_headed else start + HEAD_READ_BYTES
                self._read(data[start:end])
                start = end
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(CarriageError)
        if start < len(data):
            # What comes behind an answer belongs to nobody.
            self._may_stay = False
        self._tell()

    def end(self, error: Exception | None) -> None:
        """The connection has ended, cleanly where there is no error."""
        self._is_whole = self._is_whole or (self._lasts and error is None)
        if self._is_heard:
            self._fail(CarriageError)
        else:
            # Under TLS 1.3 our certificate is looked at when we have sent the request already.
            self._fail(TlsRefusedError if _is_refusal(error) else NothingHeardError)
        self._tell()

    def _read(self, data: bytes) -> None:
        self._around += len(data)
        self._parser.feed_data(data)
        if self._around > MAX_HEAD_BYTES + MOST_AROUND * self._within:
            self._fail(CarriageError)

    def _fail(self, failure: type[CarriageError]) -> None:
        """Nothing more will come; an answer that is whole is an answer all the same."""
        self._may_stay = False
        if not self._is_whole and self._failure is None:
            self._failure = failure

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    # --- for the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._is_whole:
            raise ValueError("an answer to nothing")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or one that was left for behind the body."""
        self._lines += 1
        if self._lines > MAX_HEADERS:
            raise ValueError("too many headers")
        if not self._is_headed:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """A head is whole: of an interim answer, or of the one that counts."""
        status = self._parser.get_status_code()
        if status < 100:
            raise ValueError("an answer to something else")
        if status >= 200:
            self.status = status
            self._is_headed = True
            self._lasts = self.headers.keys().isdisjoint(("content-length", "transfer-encoding"))
            if self.headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
                raise ValueError("packed for the journey, which nobody asked for")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._around -= len(body)
        self._within += len(body)
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """An answer has ended."""
        if self._is_headed:
            self._is_whole = True
            is_at_odds = not self.headers.keys().isdisjoint(_AT_ODDS.get(self.status, ()))
            self._may_stay = self._parser.should_keep_alive() and not is_at_odds
        else:
            self.headers.clear()
            self._lines = 0

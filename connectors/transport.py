"""The same carriage over a transport of httpx: an application in this process, or whatever a test answers."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import httpx

from connectors.carriage import CarriageError, NotConnectedError
from connectors.origins import Place


class HttpxCarrier:
    """``Carrier`` over a transport of httpx. Of its client it has nothing: no cookies, redirects, proxies or limits."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def ask(self, place: Place, method: str, headers: Mapping[str, str], body: bytes) -> "HttpxAnswer":
        """The answer once its head is whole. Raises ``CarriageError``."""
        request = httpx.Request(method, place.url, headers=dict(headers), content=body or None)
        with _plain_errors():
            return HttpxAnswer(await self._transport.handle_async_request(request))

    async def aclose(self) -> None:
        """Close what is open."""
        await self._transport.aclose()


class HttpxAnswer:
    """``Answering`` as httpx has it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._stream = cast(httpx.AsyncByteStream, response.stream)

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes in, still encoded. Raises ``CarriageError``."""
        with _plain_errors():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except httpx.ConnectError:
        raise NotConnectedError("not connected") from None
    except httpx.HTTPError:
        raise CarriageError("no whole answer") from None

"""What the client asks of whatever carries its requests: an answer's head, its body in parts, and four plain errors.

A carrier knows connections, and nothing of breakers, budgets, sizes or encodings; the client knows nothing of sockets.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from connectors.origins import Place


class CarriageError(Exception):
    """No whole answer came; what was heard of it broke off, or is no HTTP. It says nothing about whom we asked."""


class NotConnectedError(CarriageError):
    """There was no connection, so nothing was sent."""


class NothingHeardError(CarriageError):
    """The connection ended before the first byte of an answer."""


class TlsRefusedError(CarriageError):
    """One side does not trust the other, or they have no TLS in common: asked again, it would be no different."""


class Answering(Protocol):
    """An answer whose head has come."""

    @property
    def status(self) -> int:
        """The status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case; those that came several times are joined by commas."""
        ...

    def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes in, still encoded. Raises ``CarriageError``."""
        ...

    async def aclose(self) -> None:
        """Give the connection back; one whose answer was not read to its end is closed by that."""
        ...


class Carrier(Protocol):
    """Carries the requests of one source.

    INVARIANT: a call may be given up at any moment, twice even; it leaves no connection open that is not kept.
    """

    async def ask(self, place: Place, method: str, headers: Mapping[str, str], body: bytes) -> Answering:
        """The answer once its head is whole. Raises ``CarriageError``, and ``SourceFailure`` for an address."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...

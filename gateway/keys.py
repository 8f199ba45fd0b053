"""The public keys of one token issuer, fetched from its configured address alone and kept through its outages.

Whatever key ids callers send, the issuer is asked at most once in thirty seconds; the last good keys serve for a day.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

import jwt
import msgspec

from connectors.client import HttpClient, HttpPort, Incoming, Outgoing
from connectors.condition import Condition
from connectors.failures import Reason, SourceFailure, SourceUnavailable
from hoks.asking import unhurried
from hoks.waiting import waiting_for

KEYS = "keys"
"""What requests wait for beside the sources, as it is told to whoever runs the gateway."""
RETRY_SECONDS = 30.0
REFRESH_SECONDS = 3600.0
KEEP_SECONDS = 24 * 3600.0
LARGEST_KEY_SET = 256_000
LONGEST_KEY_ID = 128

log = logging.getLogger(__name__)


class KeyKind(NamedTuple):
    """Which keys fit an algorithm."""

    type: str
    curve: str | None


ASYMMETRIC: Mapping[str, KeyKind] = MappingProxyType(
    {
        "ES256": KeyKind("EC", "P-256"),
        "ES384": KeyKind("EC", "P-384"),
        "ES512": KeyKind("EC", "P-521"),
        "EdDSA": KeyKind("OKP", "Ed25519"),
        "PS256": KeyKind("RSA", None),
        "PS384": KeyKind("RSA", None),
        "PS512": KeyKind("RSA", None),
        "RS256": KeyKind("RSA", None),
        "RS384": KeyKind("RSA", None),
        "RS512": KeyKind("RSA", None),
    }
)
"""The algorithms that settings may name. INVARIANT: no symmetric one and no ``none``, whatever the library knows."""


class NoKeysError(Exception):
    """No live keys: the issuer has not answered for too long, or never has."""


class KeyClients:
    """The port to the key sets: a client of its own for each, so that one broken issuer stops no other."""

    def __init__(self, by_url: Mapping[str, HttpClient]) -> None:
        self._by_url = by_url

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request by the client of its address."""
        client = self._by_url.get(request.url)
        if client is None:
            raise SourceUnavailable(Reason.ORIGIN)
        return await client.send(request)

    def conditions(self) -> tuple[Condition, ...]:
        """Each issuer as its client sees it."""
        return tuple(client.condition for client in self._by_url.values())

    async def aclose(self) -> None:
        """Close the connections."""
        for client in self._by_url.values():
            await client.aclose()


class _KeySetReply(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, object], ...]


class KeySet:
    """The keys of one issuer."""

    def __init__(
        self,
        url: str,
        algorithms: Collection[str],
        http: HttpPort,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._algorithms = tuple(algorithms)
        self._http = http
        self._timer = timer
        self._keys: Mapping[tuple[str, str], jwt.PyJWK] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str, algorithm: str) -> jwt.PyJWK:
        """The key of that id for that algorithm; ``PyJWKError`` where the issuer has none."""
        known = self.known(key_id, algorithm)
        if known is None:
            await self._refreshed()
            known = self._live().get((key_id, algorithm))
        if known is None:
            raise jwt.PyJWKError("no such key") if self._live() else NoKeysError
        return known

    def known(self, key_id: str, algorithm: str) -> jwt.PyJWK | None:
        """The key at hand, the same one until the issuer's keys were read anew."""
        known = self._live().get((key_id, algorithm))
        if known is not None and self._timer() - self._fetched_at > REFRESH_SECONDS:
            # Nobody waits for this one: the key at hand is good until the issuer says otherwise.
            self._refresh()
        return known

    async def aclose(self) -> None:
        """Give up a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _live(self) -> Mapping[tuple[str, str], jwt.PyJWK]:
        return self._keys if self._timer() - self._fetched_at <= KEEP_SECONDS else {}

    async def _refreshed(self) -> None:
        fetching = self._refresh()
        if fetching is not None:
            # Shielded: a caller who leaves must not take the fetch from those who wait for the same one.
            async with waiting_for(KEYS):
                await asyncio.shield(fetching)

    def _refresh(self) -> asyncio.Task[None] | None:
        """The one fetch under way, a new one if it is time for it, or none."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        # INVARIANT: the time of the last try alone decides, never what a caller sent.
        if self._timer() - self._tried_at < RETRY_SECONDS:
            return None
        self._tried_at = self._timer()
        self._fetching = unhurried(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            keys = _usable(await self._published(), self._algorithms)
        except (SourceFailure, msgspec.MsgspecError, ValueError) as fault:
            log.warning("the keys of a token issuer could not be fetched: %s", type(fault).__name__)
            return
        if not keys:
            log.warning("the key set of a token issuer holds no usable key")
            return
        self._keys, self._fetched_at = keys, self._timer()

    async def _published(self) -> tuple[dict[str, object], ...]:
        answer = await self._http.send(Outgoing(method="GET", url=self._url))
        if answer.status != 200 or len(answer.body) > LARGEST_KEY_SET:
            raise ValueError("expected a key set of a reasonable size")
        return msgspec.json.decode(answer.body, type=_KeySetReply).keys


def _usable(published: Iterable[dict[str, object]], algorithms: Collection[str]) -> dict[tuple[str, str], jwt.PyJWK]:
    keys: dict[tuple[str, str], jwt.PyJWK] = {}
    for data in published:
        for algorithm in algorithms:
            if _fits(data, algorithm):
                with suppress(jwt.PyJWTError):
                    keys.setdefault((str(data["kid"]), algorithm), jwt.PyJWK(dict(data), algorithm))
    return keys


def _fits(data: Mapping[str, object], algorithm: str) -> bool:
    """Whether a published key is a public key for checking signatures of that algorithm."""
    key_id, operations = data.get("kid"), data.get("key_ops")
    return (
        isinstance(key_id, str)
        and 0 < len(key_id) <= LONGEST_KEY_ID
        and data.get("alg", algorithm) == algorithm
        and data.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and (data.get("kty"), data.get("crv")) == ASYMMETRIC[algorithm]
        and "d" not in data
    )

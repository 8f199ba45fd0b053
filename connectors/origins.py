"""Where a source may be asked: the origins that the operator named, and addresses at these alone."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import httpx

from connectors.addresses import Addresses, is_loopback
from connectors.failures import Reason, SourceUnavailable

_DEFAULT_PORTS = {"https": 443, "http": 80}
_PLAIN = re.compile(r"(https?://[a-z0-9.:\[\]-]+)(/[A-Za-z0-9_.~!$&()*+,;=:@/?-]*)", re.ASCII)
"""An address that is written already as HTTP has it; whoever writes it otherwise waits until it is."""


class Origin(NamedTuple):
    """A scheme, a host and a port; ``host`` is a name or an address without brackets."""

    scheme: str
    host: str
    port: int | None


class Place(NamedTuple):
    """What is asked, and where: ``authority`` and ``target`` are the host and the path as HTTP writes them."""

    origin: Origin
    authority: str
    target: str

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.origin.scheme}://{self.authority}{self.target}"


class Origins:
    """The origins of one source."""

    def __init__(self, configured: Iterable[str], addresses: Addresses) -> None:
        """Raises ``ValueError`` unless each is https, or http to this machine, and could be reached."""
        urls = [_safe(text, addresses) for text in configured]
        self._known = frozenset(map(_origin, urls))
        self._written = {f"{url.scheme}://{_authority(url)}": (_origin(url), _authority(url)) for url in urls}

    def place(self, text: str) -> Place:
        """What an address asks. Raises ``SourceUnavailable`` for one of another origin, or with a user in it."""
        plain = _PLAIN.fullmatch(text)
        known = self._written.get(plain[1]) if plain else None
        if plain and known and "/." not in plain[2]:
            return Place(*known, plain[2])
        try:
            url = httpx.URL(text)
            allowed = _origin(url) in self._known and not url.userinfo
        except httpx.InvalidURL:
            allowed = False
        if not allowed:
            raise SourceUnavailable(Reason.ORIGIN)
        return Place(_origin(url), _authority(url), url.raw_path.decode("ascii"))


def _origin(url: httpx.URL) -> Origin:
    return Origin(url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme))


def _authority(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


def _safe(text: str, addresses: Addresses) -> httpx.URL:
    """A configured address; ``ValueError`` unless it is https, or http to this machine."""
    url = httpx.URL(text)
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host)):
        addresses.refuse_literal(url.host)
        return url
    raise ValueError(f"expected an https address for {url.host or 'a source'}, got scheme {url.scheme or 'none'}")

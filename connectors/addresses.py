"""Which addresses a host name may lead to: judged by class, after one look-up, before anything is connected.

Public hosts lead to public addresses, this machine's names to this machine, and private networks are for those sources
alone whose settings say so. Addresses of machines' own metadata are never reached.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from connectors.failures import Reason, SourceUnavailable

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressClass(StrEnum):
    """What kind of place an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    NEVER = "never"
    """No source can be there: metadata services, link-local, multicast, unspecified, tunnels, documentation."""


def _networks(table: Mapping[str, AddressClass]) -> tuple[tuple[_Network, AddressClass], ...]:
    """The networks, the narrowest first."""
    read = ((ipaddress.ip_network(text), kind) for text, kind in table.items())
    return tuple(sorted(read, key=lambda row: -row[0].prefixlen))


_PUBLIC, _PRIVATE, _LOOPBACK, _NEVER = AddressClass

_CLASSES = _networks(
    {
        "0.0.0.0/0": _PUBLIC,
        "0.0.0.0/8": _NEVER,
        "10.0.0.0/8": _PRIVATE,
        "100.64.0.0/10": _PRIVATE,
        "100.100.100.200/32": _NEVER,  # metadata
        "127.0.0.0/8": _LOOPBACK,
        "168.63.129.16/32": _NEVER,  # metadata, on a public address
        "169.254.0.0/16": _NEVER,  # link-local, metadata of most clouds
        "172.16.0.0/12": _PRIVATE,
        "192.0.0.0/24": _NEVER,
        "192.0.2.0/24": _NEVER,
        "192.88.99.0/24": _NEVER,
        "192.168.0.0/16": _PRIVATE,
        "198.18.0.0/15": _NEVER,
        "198.51.100.0/24": _NEVER,
        "203.0.113.0/24": _NEVER,
        "224.0.0.0/4": _NEVER,
        "240.0.0.0/4": _NEVER,
        "::/0": _NEVER,  # whatever is not named below: unspecified, multicast, link-local, site-local, tunnels
        "::1/128": _LOOPBACK,
        "2000::/3": _PUBLIC,
        "2001::/23": _NEVER,  # Teredo and other protocols' own
        "2001:db8::/32": _NEVER,
        "2002::/16": _NEVER,  # 6to4 carries any IPv4 address
        "3fff::/20": _NEVER,
        "fc00::/7": _PRIVATE,
        "fd00:ec2::254/128": _NEVER,  # metadata
        "fd20:ce::254/128": _NEVER,  # metadata
    }
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def class_of(address: _Address) -> AddressClass:
    """The class of an address; IPv6 forms that lead to an IPv4 address are judged by that one."""
    if isinstance(address, ipaddress.IPv6Address) and (address in _MAPPED or address in _NAT64):
        within = class_of(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        # A translator has no business with any but public addresses.
        return within if address in _MAPPED or within is AddressClass.PUBLIC else AddressClass.NEVER
    return next(kind for network, kind in _CLASSES if address.version == network.version and address in network)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    literal = _literal(host)
    return host == "localhost" if literal is None else literal.is_loopback


# --- looking up -----------------------------------------------------------------------------------------------

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, in the order in which to try them. Raises ``OSError`` where there are none."""


class SystemResolver:
    """Looks hosts up as this machine does, in threads of its own: a hanging look-up keeps nobody else's work."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of the host."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="look-up")
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _looked_up, host, port)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Wait for nothing that is still being looked up."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


def _looked_up(host: str, port: int) -> list[str]:
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Addresses:
    """The addresses of hosts that may be connected to, of the classes that one source may reach."""

    def __init__(self, resolver: Resolver, *, private_network: bool = False) -> None:
        self._resolver = resolver
        self._outside = frozenset({AddressClass.PUBLIC} | ({AddressClass.PRIVATE} if private_network else set()))

    async def of(self, host: str, port: int) -> tuple[str, ...]:
        """The host's addresses, in the order in which to try them. ``OSError`` where it has none.

        Raises ``SourceUnavailable`` when one of them is of a class that may not be reached: a name that leads there
        even in part is not to be trusted.
        """
        literal = _literal(host)
        found = [literal] if literal is not None else [_address(text) for text in await self._resolver(host, port)]
        if not found:
            raise OSError("the host has no address")
        if not all(self.may_reach(host, each) for each in found):
            raise SourceUnavailable(Reason.ADDRESS)
        return tuple(map(str, found))

    def may_reach(self, host: str, address: _Address) -> bool:
        """Whether the address is of a class to which the host may lead.

        INVARIANT: plain HTTP is for this machine's names alone, so these must not lead anywhere else.
        """
        return class_of(address) in ({AddressClass.LOOPBACK} if is_loopback(host) else self._outside)

    def refuse_literal(self, host: str) -> None:
        """Raise ``ValueError`` for a configured address that could never be reached."""
        literal = _literal(host)
        if literal is not None and not self.may_reach(host, literal):
            kind = class_of(literal)
            hint = "; `private_network = true` permits it" if kind is AddressClass.PRIVATE else ""
            raise ValueError(f"expected a public address, got {host} ({kind.value}){hint}")


def _literal(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _address(text: str) -> _Address:
    """An address as a resolver gave it; what cannot be read has no class and cannot be reached."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise SourceUnavailable(Reason.ADDRESS) from None

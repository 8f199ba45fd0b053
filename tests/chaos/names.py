"""Host names that mean what a test says, and a network in which every address is this machine."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.connections import connected
from tests.chaos.proxy import FOREVER, HOST, HOST_6

DOMAIN = "hoks.example"
USUAL = "1.1.1.1"
"""A public address, where every host is when nothing is wrong."""
DEAD = "8.8.8.8"
"""A public address at which nobody takes a connection."""
USUAL_6 = "2606:4700:4700::1111"


def host_of(server: str) -> str:
    """The name of a server's host."""
    return f"{server.lower()}.{DOMAIN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What a resolver says of a host."""

    found: tuple[str, ...] = ()
    error: int | None = None
    """Of ``socket.EAI_…``."""
    seconds: float = 0.0
    """How long it takes."""


NAMINGS: Mapping[str, Naming] = {
    "no-such-name": Naming(error=socket.EAI_NONAME),
    "try-again": Naming(error=socket.EAI_AGAIN),
    "no-address": Naming(),
    "never": Naming(seconds=FOREVER),
    "slow": Naming(found=(USUAL,), seconds=0.2),
    "private": Naming(found=("10.0.0.7",)),
    "this-machine": Naming(found=("127.0.0.1",)),
    "this-machine-6": Naming(found=("::1",)),
    "metadata": Naming(found=("169.254.169.254",)),
    "private-as-6": Naming(found=("::ffff:10.0.0.7",)),
    "private-6": Naming(found=("fd12::7",)),
    "public-and-private": Naming(found=(USUAL, "192.168.0.7")),
    "not-an-address": Naming(found=("koski",)),
    "only-dead": Naming(found=(DEAD,)),
    "first-dead": Naming(found=(DEAD, USUAL)),
    "only-6": Naming(found=(USUAL_6,)),
}


@dataclass(slots=True)
class Names:
    """A resolver: each host is at the usual address, or is what a test says."""

    told: dict[str, Naming] = field(default_factory=dict)
    asked: int = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host."""
        naming = self.told.get(host, Naming(found=(USUAL,)))
        self.asked += host in self.told
        await asyncio.sleep(naming.seconds)
        if naming.error is not None:
            raise socket.gaierror(naming.error, "of that name")
        return naming.found


@dataclass(slots=True)
class Net:
    """A network in which every address but a dead one is this machine; it knows what was connected to."""

    connected: set[str] = field(default_factory=set)

    async def __call__(self, address: str, port: int) -> socket.socket:
        """A connection to this machine's own port of that number."""
        self.connected.add(address)
        if address == DEAD:
            raise ConnectionRefusedError
        # What is not a public name's - the key issuer, the sources that no proxy stands before - is here anyhow.
        return await connected(HOST_6 if ":" in address else HOST, port)

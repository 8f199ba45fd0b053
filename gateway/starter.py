"""Tells whoever started the gateway, where that asks for it, that it serves, as systemd's `sd_notify` does."""

import os
import socket
from contextlib import suppress

READY = "READY=1"
ADDRESS = "NOTIFY_SOCKET"
"""The variable of the environment with the path of a socket, or ``@`` and a name that stands in no folder."""


def tell(state: str) -> None:
    """Tell it; nothing where nobody asked for it. Nobody who does not listen holds us up."""
    address = os.environ.get(ADDRESS, "")
    if not address.startswith(("/", "@")):
        return
    named = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.setblocking(False)
        told.sendto(state.encode(), named)

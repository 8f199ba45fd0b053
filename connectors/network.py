"""What each source is reached with: a client of its own, with its limits and addresses alone, and the secrets on disk.

What is insecure or wrong is refused in one line for the operator, before anything is asked.
"""

import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path

import httpx

from connectors.client import HttpClient, HttpPort, Transport
from connectors.limits import Reached
from connectors.revalidated import Bodies, Revalidated
from connectors.trust import TrustRefusedError, tls_of

SHORTEST_KEY = 32
"""Characters of a secret that signs; fewer could be guessed from one signed call."""


class SettingsRefusedError(Exception):
    """A source cannot be made from its settings; the text is one line for the operator."""


class Network:
    """Makes one client for each source, with that source's limits and addresses alone."""

    def __init__(self, transport: Transport | None, seconds: Callable[[], float], folder: Path) -> None:
        self._transport = transport
        self.folder = folder
        self._bodies = Bodies(seconds=seconds)
        self.clients: list[HttpClient] = []

    def client(self, source: str, limits: Reached, *addresses: str, passing: Collection[str] = ()) -> HttpPort:
        """The port to a source; ``passing`` are headers that change with each call."""
        try:
            client = HttpClient(
                addresses,
                source=source,
                seconds=limits.seconds,
                max_bytes=limits.max_bytes,
                concurrency=limits.concurrency,
                waiting=limits.waiting,
                private_network=limits.private_network,
                ssl_context=tls_of(limits, self.folder),
                transport=self._transport,
            )
        except (ValueError, httpx.InvalidURL, TrustRefusedError) as error:
            raise SettingsRefusedError(f"source `{source}`: {error}") from None
        self.clients.append(client)
        return Revalidated(source, client, self._bodies, passing)

    def secret(self, file: str) -> str:
        """The secret in a file, whose path is taken from the folder of the settings."""
        return secret(self.folder / file)

    def signing_key(self, file: str) -> bytes:
        """The secret in a file with which a source signs."""
        key = self.secret(file)
        if len(key) < SHORTEST_KEY:
            raise SettingsRefusedError(
                f"{self.folder / file}: this secret is too short; expected at least {SHORTEST_KEY} characters"
            )
        return key.encode()


def secret(path: Path) -> str:
    """The secret in a file that only its owner may read; the text of a refusal names the file, never the secret."""
    try:
        with path.open() as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise SettingsRefusedError(f"{path}: others can read this secret (mode {mode:04o}); expected 0600")
            text = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefusedError(f"{path}: this secret cannot be read ({type(error).__name__})") from None
    if not text:
        raise SettingsRefusedError(f"{path}: this secret is empty")
    return text

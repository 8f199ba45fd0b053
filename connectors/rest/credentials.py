"""What goes on each call so that the provider knows us. A secret is in no error, no log line and no representation."""

import base64
from collections.abc import Mapping

import msgspec

from connectors.client import HttpPort, Incoming, Outgoing
from connectors.oauth import AccessTokens, TokenHttp
from connectors.rest.settings import (
    BasicCredential,
    BearerCredential,
    Credential,
    HeaderCredential,
    NoCredential,
    TokenCredential,
)


class HeadedHttp:
    """The HTTP port with the same headers on each call."""

    def __init__(self, http: HttpPort, headers: Mapping[str, str]) -> None:
        self._http = http
        self._headers = headers

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request with the headers."""
        return await self._http.send(msgspec.structs.replace(request, headers={**self._headers, **request.headers}))


def known_as(credential: Credential, secret: str, headers: Mapping[str, str], http: HttpPort) -> HttpPort:
    """The port with the credential on each call. Raises ``ValueError`` for a secret that no header can carry."""
    match credential:
        case NoCredential():
            return HeadedHttp(http, headers)
        case BearerCredential():
            return HeadedHttp(http, {**headers, "authorization": f"Bearer {_header_text(secret)}"})
        case BasicCredential(username=username):
            login = base64.b64encode(f"{username}:{secret}".encode()).decode()
            return HeadedHttp(http, {**headers, "authorization": f"Basic {login}"})
        case HeaderCredential(header=header):
            return HeadedHttp(http, {**headers, header.lower(): _header_text(secret)})
        case TokenCredential():
            # The token server is asked with nothing of the provider's own headers.
            return HeadedHttp(TokenHttp(http, AccessTokens(credential, http, secret)), headers)


def _header_text(secret: str) -> str:
    if not secret.isascii() or not secret.isprintable():
        raise ValueError("expected a secret of printable ASCII in one line")
    return secret

"""OAuth2 client credentials: one access token for a source, kept until shortly before it ends, fetched once at a time.

``TokenHttp`` is an HTTP port that puts the token on each call, so that a connector behind it knows nothing of tokens.
"""

import asyncio
import base64
import re
import time
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import quote_plus, urlencode

import msgspec

from connectors.bodies import sound
from connectors.client import HttpPort, Incoming, Outgoing
from connectors.failures import Reason, SourceDenied, SourceInvalid, refuse_failures

ASSUMED_SECONDS = 300.0
"""How long a token is used whose end the server does not tell."""
LONGEST_SECONDS = 24 * 3600.0
EARLY_SECONDS = 30.0
"""How long before its end a token is no longer used; of a short token half its time is."""

_TOKEN = re.compile(r"[!-~]{1,10000}", re.ASCII)
_REFUSED = frozenset({400, 401, 403, 404})


class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Our account at a token server."""

    token_url: str
    client_id: Annotated[str, msgspec.Meta(min_length=1)]
    secret_file: str
    scopes: tuple[str, ...] = ()
    login_in: Literal["header", "form"] = "header"
    """Whether id and secret go in a Basic header (RFC 6749 2.3.1) or, for servers that know no other, in the form."""


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str
    expires_in: float | str | None = None


_GRANTED = msgspec.json.Decoder(_Granted)


class AccessTokens:
    """The access token of one account. No token and no secret is ever in an error or a log line."""

    def __init__(
        self,
        account: ClientCredentials,
        http: HttpPort,
        secret: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._request = _request(account, secret)
        self._seconds = seconds
        self._token: str | None = None
        self._until = 0.0
        self._fetching: asyncio.Task[str] | None = None

    async def current(self) -> str:
        """The token; raises ``SourceFailure`` where there is none. Who asks while one is being fetched shares it."""
        if self._token is not None and self._seconds() < self._until:
            return self._token
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(_look_at_failure)
        # Shielded: a caller who gives up does not take the token away from those who wait for it too.
        return await asyncio.shield(self._fetching)

    def forget(self, token: str) -> None:
        """Drop this token, unless there is a new one already."""
        if self._token == token:
            self._token = None

    async def _fetch(self) -> str:
        asked_at = self._seconds()
        answer = await self._http.send(self._request)
        if answer.status in _REFUSED:
            raise SourceDenied(Reason.LOGIN)
        refuse_failures(answer.status)
        granted = _granted(answer.body)
        self._token = granted.access_token
        self._until = asked_at + _usable_seconds(granted.expires_in)
        return self._token


class TokenHttp:
    """The HTTP port with the account's token on each call, renewed once where the source no longer takes it.

    INVARIANT: the token goes only where the connector's own requests go; addresses in answers are not followed here.
    """

    def __init__(self, http: HttpPort, tokens: AccessTokens) -> None:
        self._http = http
        self._tokens = tokens

    async def send(self, request: Outgoing) -> Incoming:
        """Send the request as the account; after a 401 once more with a new token."""
        token = await self._tokens.current()
        answer = await self._http.send(_with(token, request))
        if answer.status != 401:
            return answer
        self._tokens.forget(token)
        return await self._http.send(_with(await self._tokens.current(), request))


def _look_at_failure(fetching: asyncio.Task[str]) -> None:
    """Where everyone who waited has given up, the failure was looked at all the same and is nobody's to report."""
    if not fetching.cancelled():
        fetching.exception()


def _with(token: str, request: Outgoing) -> Outgoing:
    return msgspec.structs.replace(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def _request(account: ClientCredentials, secret: str) -> Outgoing:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    form = {"grant_type": "client_credentials"}
    if account.scopes:
        form["scope"] = " ".join(account.scopes)
    if account.login_in == "form":
        form |= {"client_id": account.client_id, "client_secret": secret}
    else:
        login = f"{quote_plus(account.client_id)}:{quote_plus(secret)}"
        headers["authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return Outgoing(method="POST", url=account.token_url, headers=headers, body=urlencode(form).encode())


def _granted(body: bytes) -> _Granted:
    try:
        granted = _GRANTED.decode(sound(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceInvalid(Reason.LOGIN) from None
    if granted.token_type.lower() != "bearer" or not _TOKEN.fullmatch(granted.access_token):
        raise SourceInvalid(Reason.LOGIN)
    return granted


def _usable_seconds(told: float | str | None) -> float:
    """How long a token is used; some servers write the number as a text."""
    try:
        seconds = ASSUMED_SECONDS if told is None else float(told)
    except ValueError:
        seconds = ASSUMED_SECONDS
    if not seconds > 0:
        return 0.0
    seconds = min(seconds, LONGEST_SECONDS)
    return max(seconds - EARLY_SECONDS, seconds / 2)

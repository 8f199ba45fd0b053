"""Access tokens by client credentials: kept, fetched once at a time, renewed once, and never told."""

import asyncio
import base64
import json
import logging
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from connectors.client import Incoming, Outgoing
from connectors.failures import Reason, SourceFailure, SourceUnavailable
from connectors.oauth import AccessTokens, ClientCredentials, TokenHttp
from hoks.outcomes import Outcome
from tests.connectors.wires import Port, said

TOKEN_URL = "https://login.example/oauth2/token"
DATA_URL = "https://data.example/people"
SECRET = "pä:ss word"
ACCOUNT = ClientCredentials(
    token_url=TOKEN_URL, client_id="hoks gateway", secret_file="unused", scopes=("read:people", "read:plans")
)


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Grants token-1, token-2 and so on, and answers data calls that carry one of the tokens in force."""

    def __init__(self, **granted: Any) -> None:
        self.granted = {"token_type": "Bearer", "expires_in": 600} | granted
        self.logins: list[Outgoing] = []
        self.calls: list[str] = []
        self.in_force: set[str] = set()

    async def send(self, request: Outgoing) -> Incoming:
        await asyncio.sleep(0)
        if request.url == TOKEN_URL:
            self.logins.append(request)
            token = f"token-{len(self.logins)}"
            self.in_force.add(token)
            return said({"access_token": token} | self.granted)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(token)
        return said({"of": token}) if token in self.in_force else said({}, 401)


def _tokens(server: Server | Port, seconds: Seconds | None = None, **changed: Any) -> AccessTokens:
    return AccessTokens(msgspec.structs.replace(ACCOUNT, **changed), server, SECRET, seconds or Seconds())


async def test_the_account_is_named_in_a_basic_header_by_default() -> None:
    server = Server()
    await _tokens(server).current()
    (login,) = server.logins
    assert login.method == "POST"
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    # RFC 6749 2.3.1: each half is form-encoded before the two are joined.
    assert login.headers["authorization"] == "Basic " + base64.b64encode(b"hoks+gateway:p%C3%A4%3Ass+word").decode()
    assert parse_qs(login.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["read:people read:plans"]}


async def test_the_account_is_named_in_the_form_where_the_settings_say_so() -> None:
    server = Server()
    await _tokens(server, login_in="form", scopes=()).current()
    (login,) = server.logins
    assert "authorization" not in login.headers
    assert parse_qs(login.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["hoks gateway"],
        "client_secret": [SECRET],
    }


async def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    server, seconds = Server(expires_in=600), Seconds()
    tokens = _tokens(server, seconds)
    assert await tokens.current() == "token-1"
    seconds.now += 569
    assert await tokens.current() == "token-1"
    seconds.now += 1
    assert await tokens.current() == "token-2"


@pytest.mark.parametrize(
    ("told", "kept"), [(40, 20), ("600", 570), (None, 270), ("soon", 270), (10**12, 86_370), (0, 0), (-5, 0)]
)
async def test_the_end_a_server_tells_is_bounded(told: Any, kept: float) -> None:
    server, seconds = Server(expires_in=told), Seconds()
    tokens = _tokens(server, seconds)
    await tokens.current()
    if kept:
        seconds.now += kept - 0.5
        assert await tokens.current() == "token-1"
        seconds.now += 0.5
    assert await tokens.current() == "token-2"


async def test_many_callers_share_one_fetch() -> None:
    server = Server()
    tokens = _tokens(server)
    assert await asyncio.gather(*(tokens.current() for _ in range(20))) == ["token-1"] * 20
    assert len(server.logins) == 1


async def test_a_caller_who_gives_up_takes_the_token_from_nobody() -> None:
    server = Server()
    tokens = _tokens(server)
    first, second = asyncio.create_task(tokens.current()), asyncio.create_task(tokens.current())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "token-1"


async def test_callers_share_a_failure_and_the_next_one_tries_anew() -> None:
    answers = [said({}, 503), said({"access_token": "late", "token_type": "bearer"})]
    port = Port(lambda _: answers.pop(0))
    tokens = _tokens(port)
    failed = await asyncio.gather(*(tokens.current() for _ in range(5)), return_exceptions=True)
    assert {type(each) for each in failed} == {SourceFailure}
    assert len(port.sent) == 1
    assert await tokens.current() == "late"


async def test_a_token_that_is_no_longer_taken_is_renewed_once() -> None:
    server = Server()
    http = TokenHttp(server, _tokens(server))
    request = Outgoing(method="GET", url=DATA_URL, headers={"x-kept": "1"})
    assert json.loads((await http.send(request)).body) == {"of": "token-1"}
    server.in_force.clear()
    assert json.loads((await http.send(request)).body) == {"of": "token-2"}
    assert server.calls == ["token-1", "token-1", "token-2"]


async def test_a_source_that_takes_no_token_is_asked_twice_and_no_more() -> None:
    port = Port(
        lambda request: said({"access_token": "t", "token_type": "Bearer"}) if "login" in request.url else said({}, 401)
    )
    assert (await TokenHttp(port, _tokens(port)).send(Outgoing(method="GET", url=DATA_URL))).status == 401
    assert [request.url for request in port.sent] == [TOKEN_URL, DATA_URL, TOKEN_URL, DATA_URL]


async def test_renewing_at_the_same_time_fetches_one_token() -> None:
    server = Server()
    http = TokenHttp(server, _tokens(server))
    await http.send(Outgoing(method="GET", url=DATA_URL))
    server.in_force.clear()
    answers = await asyncio.gather(*(http.send(Outgoing(method="GET", url=DATA_URL)) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len(server.logins) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Incoming(status=200, body=b"<html>log in</html>"),
        said(None),
        said([]),
        said({"token_type": "Bearer"}),
        said({"access_token": "", "token_type": "Bearer"}),
        said({"access_token": "two\r\nlines", "token_type": "Bearer"}),
        said({"access_token": "t" * 10_001, "token_type": "Bearer"}),
        said({"access_token": "t", "token_type": "mac"}),
        Incoming(status=200, body=b"[" * 100_000),
    ],
)
async def test_what_is_no_token_is_an_invalid_login(answer: Incoming) -> None:
    with pytest.raises(SourceFailure) as failure:
        await _tokens(Port(lambda _: answer)).current()
    assert failure.value.outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, Outcome.DENIED), (401, Outcome.DENIED), (403, Outcome.DENIED), (404, Outcome.DENIED),
     (429, Outcome.THROTTLED), (500, Outcome.UNAVAILABLE)],
)  # fmt: skip
async def test_a_refused_login_is_about_our_own_account(status: int, outcome: Outcome) -> None:
    with pytest.raises(SourceFailure) as failure:
        await _tokens(Port(lambda _: said({"error": "invalid_client"}, status))).current()
    assert failure.value.outcome is outcome


async def test_neither_secret_nor_token_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Outgoing) -> Incoming:
        raise SourceUnavailable(Reason.TIMEOUT)

    with caplog.at_level(logging.DEBUG):
        tokens = _tokens(Server())
        await tokens.current()
        with pytest.raises(SourceFailure) as failure:
            await _tokens(Port(broken)).current()
    told = caplog.text + str(failure.value) + repr(tokens)
    assert SECRET not in told
    assert "token-1" not in told

"""A session at the learner register, opened by tickets of CAS, against the sandbox's own servers."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors.cas import CasAccount, CasTickets, SessionHttp
from connectors.catalogue import connect
from connectors.client import Incoming, Outgoing
from connectors.failures import Reason, SourceFailure, SourceUnavailable
from connectors.network import SettingsRefusedError
from connectors.registries.onr import OnrSettings
from hoks.identifiers import LearnerOid
from hoks.outcomes import Outcome
from sandbox.cas import TGT_SECONDS, Cas
from sandbox.registries import SECURITY_CHECK, SESSION_SECONDS, onr_behind_cas
from sandbox.world import World, build_world
from tests.connectors.wires import Port, StillClock, said

HOST = "https://onr.example"
SERVICE = HOST + SECURITY_CHECK
BASE = HOST + "/oppijanumerorekisteri-service"
CALLER = "1.2.246.562.10.00000000001.test"
PASSWORD = "not-a-real-one"
STUDENT = LearnerOid("1.2.246.562.98.98000000079")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


class Register(httpx.AsyncBaseTransport):
    """The sandbox's learner register behind its own CAS; counts the calls."""

    def __init__(self, world: World) -> None:
        self.time = 0.0
        self.calls: Counter[str] = Counter()
        self.cookies: list[str] = []
        self.forgetful = False
        """Whether the next questions come without their session, as behind a balancer that lost it."""
        cas = Cas("gateway", PASSWORD, lambda: self.time)
        self._app = httpx.ASGITransport(onr_behind_cas(world, cas, SERVICE, lambda: self.time))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.calls["ticket" if name.startswith("TGT") else name] += 1
        self.cookies.append(request.headers.get("cookie", ""))
        if self.forgetful and request.url.path.startswith("/oppijanumero") and "ticket" not in request.url.params:
            request.headers["cookie"] = f"CSRF={CALLER}"
        if "ticket" in request.url.params:
            self.forgetful = False
        return await self._app.handle_async_request(request)


def settings(**auth: Any) -> OnrSettings:
    login = {
        "kind": "cas",
        "cas_url": f"{HOST}/cas",
        "service": SERVICE,
        "username": "gateway",
        "password_file": "onr.password",
    }
    written = {"base_url": BASE, "caller_id": CALLER, "cache_seconds": 0, "auth": login | auth}
    return msgspec.convert(written, OnrSettings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("onr.password", "wrong.password"):
        (tmp_path / name).write_text(PASSWORD if name.startswith("onr") else "another")
        (tmp_path / name).chmod(0o600)
    return tmp_path


class Asked:
    """The gateway's side, made from settings."""

    def __init__(self, register: Register, folder: Path, **auth: Any) -> None:
        self._connected = connect([], StillClock(), onr=settings(**auth), folder=folder, transport=register)

    async def who(self) -> Outcome:
        identities = self._connected.identities
        assert identities is not None
        return (await identities.identify([STUDENT])).answers[STUDENT].outcome


async def test_one_session_serves_every_call_until_it_ends(world: World, folder: Path) -> None:
    register = Register(world)
    asked = Asked(register, folder)
    assert await asked.who() is Outcome.OK
    assert await asked.who() is Outcome.OK
    assert register.calls == {
        "tickets": 1,
        "ticket": 1,
        "j_spring_cas_security_check": 1,
        "masterHenkilosByOidList": 2,
        "duplicateHenkilos": 2,
    }
    assert all("CSRF=" in each and each.count("JSESSIONID=") == 1 for each in register.cookies if each)


async def test_a_session_that_has_ended_is_opened_anew_by_the_ticket_that_is_kept(world: World, folder: Path) -> None:
    register = Register(world)
    asked = Asked(register, folder)
    await asked.who()
    register.time += SESSION_SECONDS + 1
    assert await asked.who() is Outcome.OK
    assert (register.calls["tickets"], register.calls["j_spring_cas_security_check"]) == (1, 2)


async def test_a_granting_ticket_that_cas_lost_is_asked_for_anew(world: World, folder: Path) -> None:
    register = Register(world)
    asked = Asked(register, folder)
    await asked.who()
    register.time += TGT_SECONDS + 1
    assert await asked.who() is Outcome.OK
    assert register.calls["tickets"] == 2


async def test_a_wrong_password_is_denied_and_tried_once_for_both_questions(world: World, folder: Path) -> None:
    register = Register(world)
    assert await Asked(register, folder, password_file="wrong.password").who() is Outcome.DENIED
    assert register.calls == {"tickets": 1}


async def test_a_ticket_for_another_service_opens_nothing(world: World, folder: Path) -> None:
    register = Register(world)
    assert await Asked(register, folder, service=SERVICE + "?from=elsewhere").who() is Outcome.DENIED


def test_a_password_that_others_can_read_refuses_the_start(world: World, folder: Path) -> None:
    (folder / "onr.password").chmod(0o644)
    with pytest.raises(SettingsRefusedError, match="others can read this secret"):
        Asked(Register(world), folder)


async def test_a_token_of_the_token_server_is_the_other_way_to_be_known(folder: Path) -> None:
    seen: list[str] = []

    def told(document: Any) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(msgspec.json.encode(document)))

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            assert b"client_secret=not-a-real-one" in request.content
            return told({"access_token": "t-1", "token_type": "Bearer", "expires_in": 60})
        seen.append(request.headers["authorization"])
        known = {STUDENT: {"oidHenkilo": STUDENT}} if request.url.path.endswith("List") else []
        return told(known)

    auth = {
        "kind": "client_credentials",
        "token_url": f"{HOST}/oauth2/token",
        "client_id": "gateway",
        "secret_file": "onr.password",
        "login_in": "form",
    }
    onr = msgspec.convert({"base_url": BASE, "caller_id": CALLER, "auth": auth}, OnrSettings)
    connected = connect([], StillClock(), onr=onr, folder=folder, transport=httpx.MockTransport(answer))
    assert connected.identities is not None
    assert (await connected.identities.identify([STUDENT])).outcome is Outcome.OK
    assert set(seen) == {"Bearer t-1"}


# --- what a service may answer besides -------------------------------------------------------------------------


def cas_and(answer: Callable[[Outgoing], Incoming]) -> tuple[SessionHttp, Port]:
    """A session over a CAS that always gives tickets, and a service that answers so."""

    def all_of_it(request: Outgoing) -> Incoming:
        if request.url.endswith("/v1/tickets"):
            return Incoming(status=201, headers={"location": f"{HOST}/cas/v1/tickets/TGT-1"})
        if "/v1/tickets/" in request.url:
            return Incoming(status=200, body=b"ST-1")
        return answer(request)

    port = Port(all_of_it)
    account = CasAccount(cas_url=f"{HOST}/cas", service=SERVICE, username="gateway", caller_id=CALLER)
    return SessionHttp(account, CasTickets(account, port, PASSWORD), port, "JSESSIONID"), port


OPENED = Incoming(
    status=302, headers={"set-cookie": "a=b; Expires=Wed, 01 Jan 2030 00:00:00 GMT, JSESSIONID=ABC; Path=/"}
)
QUESTION = Outgoing(method="POST", url=f"{BASE}/henkilo", headers={"cookie": "CSRF=x"}, body=b"[]")


async def test_the_session_stands_beside_the_cookies_that_are_there() -> None:
    http, port = cas_and(lambda request: OPENED if "ticket=" in request.url else said([]))
    assert (await http.send(QUESTION)).status == 200
    assert port.sent[-1].headers["cookie"] == "CSRF=x; JSESSIONID=ABC"
    assert [each.repeatable for each in port.sent] == [False, True, False, True]


async def test_missing_rights_are_told_after_one_renewal_and_no_more() -> None:
    http, port = cas_and(lambda request: OPENED if "ticket=" in request.url else said({}, 401))
    assert (await http.send(QUESTION)).status == 401
    assert sum("ticket=" in each.url for each in port.sent) == 2


async def test_a_login_page_is_never_read_as_an_answer() -> None:
    def led_away(request: Outgoing) -> Incoming:
        if "ticket=" in request.url:
            return OPENED
        raise SourceUnavailable(Reason.REDIRECT)

    http, port = cas_and(led_away)
    with pytest.raises(SourceUnavailable):
        await http.send(QUESTION)
    assert sum("ticket=" in each.url for each in port.sent) == 2


async def test_who_was_led_to_the_login_page_once_is_let_in_with_a_new_session(world: World, folder: Path) -> None:
    register = Register(world)
    asked = Asked(register, folder)
    await asked.who()
    register.forgetful = True
    assert await asked.who() is Outcome.OK
    assert register.calls["j_spring_cas_security_check"] == 2


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (Incoming(status=302, headers={"location": "/cas/login"}), Outcome.DENIED),
        (Incoming(status=401), Outcome.DENIED),
        (Incoming(status=503), Outcome.UNAVAILABLE),
        (Incoming(status=302, headers={"location": "/"}), Outcome.INVALID),
        (Incoming(status=302, headers={"set-cookie": "JSESSIONID=; Path=/"}), Outcome.INVALID),
        (Incoming(status=302, headers={"set-cookie": "XJSESSIONID=ABC; Path=/"}), Outcome.INVALID),
    ],
)
async def test_a_ticket_that_opens_no_session_is_a_failure(given: Incoming, outcome: Outcome) -> None:
    http, _ = cas_and(lambda request: given if "ticket=" in request.url else said([]))
    with pytest.raises(SourceFailure) as caught:
        await http.send(QUESTION)
    assert caught.value.outcome is outcome


async def test_those_who_ask_at_once_share_one_session() -> None:
    http, port = cas_and(lambda request: OPENED if "ticket=" in request.url else said([]))
    await asyncio.gather(*(http.send(QUESTION) for _ in range(5)))
    assert sum("ticket=" in each.url for each in port.sent) == 1

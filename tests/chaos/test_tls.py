"""A source whose certificate, or whose TLS, is not what it must be, is not spoken to."""

import asyncio
import re
from collections.abc import Mapping

import pytest

from hoks.outcomes import Outcome
from tests.chaos.certificates import OLD, REVOKED, Certified, speak_only
from tests.chaos.conftest import Verdict, both, in_turn, trusting_gateway
from tests.chaos.faults import KINDS, TLS
from tests.chaos.names import host_of
from tests.chaos.proxy import HOST, Accept, Fault
from tests.chaos.scene import Front, Scene, Told
from tests.connectors.loopback import strict

KIND_OF: Mapping[str, str] = {
    "expired": "plan",
    "not-yet-valid": "koski",
    "wrong-name": "organisaatio",
    "unknown-ca": "onr",
    "self-signed": "koski",
    "client-certificate": "plan",
    "tls-1.0": "onr",
    "tls-1.1": "organisaatio",
    "plain-http": "onr",
}
"""To which kind of call each is played in the everyday suite; to all of them with ``HOKS_PROVE=1``."""
KIND_OF_REVOKED: Mapping[str, str] = {"revoked-client-1.2": "organisaatio", "revoked-client-1.3": "koski"}
MOST_CONNECTIONS = 6
"""Of two questions that cost two or three calls each, when none is tried again."""


def test_every_wrong_certificate_and_every_old_tls_is_played() -> None:
    assert {*KIND_OF, *KIND_OF_REVOKED} == {*TLS, "plain-http"}
    assert KIND_OF_REVOKED.keys() == REVOKED.keys()


async def test_a_good_certificate_is_no_fault(trusting: Front, undisturbed: Mapping[str, Told]) -> None:
    told = await both(trusting)
    for persona, each in told.items():
        # The ids of parts are of another gateway's key, so the plans are the same but for them.
        assert each.plans.keys() == undisturbed[persona].plans.keys()
        assert each.sources == undisturbed[persona].sources


@pytest.mark.parametrize("name", OLD)
async def test_a_server_of_old_tls_does_speak_to_an_old_client(
    secure: Scene, certificates: Certified, name: str
) -> None:
    if name not in certificates.servers:
        pytest.skip(f"the local OpenSSL does not offer {name}")
    secure.play(Fault(name=name, tls=name), "koski")
    old = certificates.trust()
    speak_only(old, OLD[name])
    _, writer = await asyncio.open_connection(HOST, secure.port_of("Koski"), ssl=old, server_hostname=host_of("Koski"))
    assert writer.get_extra_info("ssl_object").version() == {"tls-1.0": "TLSv1", "tls-1.1": "TLSv1.1"}[name]
    writer.close()
    secure.heal()


@pytest.mark.proves("a source with a wrong certificate or old TLS is not spoken to")
@pytest.mark.parametrize("name", KIND_OF)
async def test_wrong_tls_is_a_source_that_cannot_be_reached(
    secure: Scene, trusting: Front, certificates: Certified, verdict: Verdict, name: str
) -> None:
    if name in OLD and name not in certificates.servers:
        pytest.skip(f"the local OpenSSL does not offer {name}")
    for kind in verdict.kinds(KIND_OF[name]):
        # The first answer comes with the good certificate: the bad one is shown between two calls.
        before = await trusting.ask("student-7")
        plan = secure.play(Fault(name=name, tls=name), kind)
        told, heard = await in_turn(trusting)
        verdict.judge(kind, Outcome.UNAVAILABLE, told, heard)
        verdict.refuse_unless_whole(kind, before)
        verdict.refuse(kind, bool(plan.met), "a request was sent all the same")
        secure.heal()
    verdict.deliver()


@pytest.mark.proves("a source for which our certificate is revoked costs its own data and few calls")
@pytest.mark.parametrize("name", KIND_OF_REVOKED)
async def test_a_source_for_which_our_certificate_is_revoked_costs_its_own_data_and_few_calls(
    secure: Scene, certificates: Certified, verdict: Verdict, name: str
) -> None:
    for kind in verdict.kinds(KIND_OF_REVOKED[name]):
        async with trusting_gateway(secure, certificates, shows_revoked=True) as front:
            before = await front.ask("student-7")
            # The proxy makes room: of asyncio, it would hang up without saying why.
            secure.play(Fault(name=name, accept=Accept.REFUSE), kind)
            with strict(certificates.servers[name], secure.port_of(KINDS[kind].server)) as server:
                told, heard = await in_turn(front)
        lines = " ".join(line for request in heard.requests for line in request)
        reasons = set(re.findall(r"UNAVAILABLE \((\w+)\)", lines))
        is_strict = not server.requests and 0 < server.connections <= MOST_CONNECTIONS
        verdict.judge(kind, Outcome.UNAVAILABLE, told, heard)
        verdict.refuse_unless_whole(kind, before)
        verdict.refuse(kind, reasons != {"tls"}, f"the reasons are told as {reasons}")
        verdict.refuse(kind, not is_strict, f"{server.requests} requests on {server.connections} connections")
    secure.heal()
    verdict.deliver()

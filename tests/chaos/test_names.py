"""A name that leads nowhere, or where no source may be, is a source that cannot be reached; nothing is sent there."""

from collections.abc import Mapping

import pytest

from hoks.outcomes import Outcome
from tests.chaos.certificates import Certified
from tests.chaos.conftest import Verdict, in_turn, trusting_gateway
from tests.chaos.faults import KINDS
from tests.chaos.names import DEAD, NAMINGS, USUAL, USUAL_6, Names, Net, host_of
from tests.chaos.proxy import HOST, has_6
from tests.chaos.scene import Scene, Told

EXPECTED: Mapping[str, tuple[str, Outcome]] = {
    "no-such-name": ("plan", Outcome.UNAVAILABLE),
    "try-again": ("koski", Outcome.UNAVAILABLE),
    "no-address": ("onr", Outcome.UNAVAILABLE),
    "never": ("onr", Outcome.UNAVAILABLE),
    "slow": ("koski", Outcome.OK),
    "private": ("plan", Outcome.UNAVAILABLE),
    "this-machine": ("koski", Outcome.UNAVAILABLE),
    "this-machine-6": ("organisaatio", Outcome.UNAVAILABLE),
    "metadata": ("organisaatio", Outcome.UNAVAILABLE),
    "private-as-6": ("onr", Outcome.UNAVAILABLE),
    "private-6": ("koski", Outcome.UNAVAILABLE),
    "public-and-private": ("plan", Outcome.UNAVAILABLE),
    "not-an-address": ("onr", Outcome.UNAVAILABLE),
    "only-dead": ("organisaatio", Outcome.UNAVAILABLE),
    "first-dead": ("plan", Outcome.OK),
    "only-6": ("koski", Outcome.OK),
}
"""What each comes to at each kind of call, and to which it is played in the everyday suite."""
MAY_BE_CONNECTED_TO = {USUAL, USUAL_6, DEAD, HOST}
"""The last is where the issuer and the sources without a proxy are, by their own settings."""


def test_every_naming_has_an_expectation() -> None:
    assert EXPECTED.keys() == NAMINGS.keys()


@pytest.mark.proves("a name that leads nowhere, or where no source may be, costs its own source alone")
@pytest.mark.parametrize("name", EXPECTED)
async def test_a_name_that_leads_nowhere_or_where_no_source_may_be_costs_its_own_source_alone(
    secure: Scene, certificates: Certified, verdict: Verdict, name: str
) -> None:
    if name == "only-6" and not has_6():
        pytest.skip("this machine has no IPv6")
    everyday, outcome = EXPECTED[name]
    for kind in verdict.kinds(everyday):
        server = KINDS[kind].server
        names, net = Names({host_of(server): NAMINGS[name]}), Net()
        async with trusting_gateway(secure, certificates, names, net) as front:
            calls = secure.proxies[server].calls.total()
            told, heard = await in_turn(front)
        was_sent = secure.proxies[server].calls.total() > calls
        strange = net.connected - MAY_BE_CONNECTED_TO
        verdict.judge(kind, outcome, told, heard)
        verdict.refuse(kind, not names.asked, "the name was never asked for")
        verdict.refuse(kind, bool(strange), f"connected to {strange}")
        verdict.refuse(kind, was_sent is not (outcome is Outcome.OK), "a request was sent, or none was")
    verdict.deliver()


async def test_a_name_that_comes_to_lead_inside_is_refused_from_then_on(
    secure: Scene, secured: Mapping[str, Told], certificates: Certified
) -> None:
    names, net = Names(), Net()
    async with trusting_gateway(secure, certificates, names, net) as front:
        before = await front.ask("student-7")
        names.told[host_of("Koski")] = NAMINGS["private"]
        # The connection that is kept leads where the name led when it was checked; the next one is checked anew.
        secure.drop("Koski")
        after = await front.ask("student-7")
    assert before.sources == secured["student-7"].sources
    assert (after.sources["a-koski"], after.gaps["a-koski"]) == ("UNAVAILABLE", "UNAVAILABLE")
    assert net.connected <= MAY_BE_CONNECTED_TO

"""A source whose certificate, or whose TLS, is not what it must be, is not spoken to."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest

from connectors.addresses import Addresses, SystemResolver
from connectors.transport import CheckedTransport
from hoks.outcomes import Outcome
from tests.chaos.certificates import contexts
from tests.chaos.conftest import WHOLE, both, in_turn
from tests.chaos.faults import TLS
from tests.chaos.proxy import Fault
from tests.chaos.scene import Front, Scene, Told, gateway, scene
from tests.chaos.verdict import faults_of_answers, faults_of_lines

SAMPLE = ("expired", "unknown-ca", "plain-http")
REFUSED = (*TLS, "plain-http")
KINDS = ("plan", "koski", "onr", "organisaatio") if WHOLE else ("plan",)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, dict[str, ssl.SSLContext]]:
    return contexts(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(
    certified: tuple[ssl.SSLContext, dict[str, ssl.SSLContext]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """The sandbox behind proxies that speak TLS."""
    with scene(tmp_path_factory.mktemp("tls"), certified[1]) as running:
        yield running


@pytest.fixture
async def trusting(secure: Scene, certified: tuple[ssl.SSLContext, dict[str, ssl.SSLContext]]) -> AsyncIterator[Front]:
    """A gateway that trusts the authority of the day."""
    secure.heal()
    transport = CheckedTransport(Addresses(SystemResolver()), 20, ssl_context=certified[0])
    async with gateway(secure, transport=transport) as front:
        yield front


async def test_a_good_certificate_is_no_fault(trusting: Front, undisturbed: Mapping[str, Told]) -> None:
    told = await both(trusting)
    for persona, each in told.items():
        # The ids of parts are of another gateway's key, so the plans are the same but for them.
        assert each.plans.keys() == undisturbed[persona].plans.keys()
        assert each.sources == undisturbed[persona].sources


@pytest.mark.proves("a source with a wrong certificate or old TLS is not spoken to")
@pytest.mark.parametrize("name", REFUSED if WHOLE else SAMPLE)
async def test_wrong_tls_is_a_source_that_cannot_be_reached(
    secure: Scene,
    trusting: Front,
    certified: tuple[ssl.SSLContext, dict[str, ssl.SSLContext]],
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    if name == "tls-1.0" and name not in certified[1]:
        pytest.skip("the local OpenSSL does not offer TLS 1.0")
    wrong: list[str] = []
    whole = await both(trusting)
    for kind in KINDS:
        # The first answer comes with the good certificate: the bad one is shown between two calls.
        before = await trusting.ask("student-7")
        secure.play(Fault(name=name, tls=name), kind)
        told, heard = await in_turn(trusting)
        wrong += [f"{kind}: {each}" for each in faults_of_answers(kind, Outcome.UNAVAILABLE, told, whole)]
        wrong += [f"{kind}: {each}" for each in faults_of_lines(kind, Outcome.UNAVAILABLE, heard)]
        if before.sources != whole["student-7"].sources:
            wrong.append(f"{kind}: not whole before: {before.sources}")
        secure.heal()
    record_property("cases", len(KINDS))
    assert not wrong, "\n" + "\n".join(wrong)

"""The names behind one port: looked up from memory, and whatever a register does, no lookup waits or fails."""

import asyncio
import inspect

import pytest

from connectors.client import Incoming, Outgoing
from connectors.registries.amosaa import Amosaa, AmosaaSettings
from connectors.registries.eperusteet import Eperusteet, EperusteetSettings
from connectors.registries.koodisto import Koodisto, KoodistoSettings
from connectors.registries.labels import RegisterLabels
from connectors.registries.organisaatio import Organisaatio, OrganisaatioSettings
from hoks.ports import Labels
from hoks.values import Text
from tests.connectors.wires import PROVIDER, Port, StillClock, said, silent

BASE = "https://registers.example"
UNIT = f"paikallinen_tutkinnonosa_{PROVIDER}_1"


def usual(request: Outgoing) -> Incoming:
    """All registers at their own paths, each knowing one thing."""
    path = request.url.removeprefix(BASE).partition("?")[0]
    place = {"tekstiKappale": {"nimi": {"fi": "Paikallinen"}}, "owner": {"koulutustoimija": {"organisaatio": PROVIDER}}}
    found = {
        "/codes/json/kieli/koodi": [
            {"koodiUri": "kieli_fi", "koodiArvo": "FI", "versio": 1, "metadata": [{"kieli": "FI", "nimi": "suomi"}]}
        ],
        "/requirements/perusteet": {"data": [{"id": 1, "diaarinumero": "OPH-1-2026"}]},
        "/requirements/peruste/1": {"diaarinumero": "OPH-1-2026", "nimi": {"fi": "Perusteet"}},
        f"/local/julkinen/koodi/{UNIT}": [place],
        "/organisations/liitokset": [],
        "/organisations/findbyoids": [{"oid": PROVIDER, "nimi": {"fi": "Järjestäjä"}}],
    }
    return said(found[path])


def labels(port: Port) -> RegisterLabels:
    caller = "1.2.246.562.10.00000000001.test"
    return RegisterLabels(
        koodisto=Koodisto(KoodistoSettings(base_url=f"{BASE}/codes", caller_id=caller, sets=("kieli",)), port),
        eperusteet=Eperusteet(EperusteetSettings(base_url=f"{BASE}/requirements", caller_id=caller), port),
        amosaa=Amosaa(AmosaaSettings(base_url=f"{BASE}/local", caller_id=caller), port),
        organisaatio=Organisaatio(
            OrganisaatioSettings(base_url=f"{BASE}/organisations", caller_id=caller), port, StillClock()
        ),
    )


def looked_up(names: Labels) -> list[Text | None]:
    return [
        names.code("kieli_fi", None),
        names.requirements("OPH-1-2026"),
        names.local_unit(UNIT),
        names.local_unit("700001"),
        names.organisation(PROVIDER),
    ]


KNOWN = [Text(fi="suomi"), Text(fi="Perusteet"), Text(fi="Paikallinen"), None, Text(fi="Järjestäjä")]


async def test_what_is_missed_is_known_soon() -> None:
    port = Port(usual)
    names = labels(port)
    await names.start(wait_seconds=5)
    assert looked_up(names) == [Text(fi="suomi"), None, None, None, None]
    await asyncio.wait_for(names.settled(), 5)
    assert looked_up(names) == KNOWN
    await names.aclose()


async def test_at_the_start_code_sets_and_mergers_are_asked_for_and_nothing_else() -> None:
    port = Port(usual)
    names = labels(port)
    await names.start(wait_seconds=5)
    await names.aclose()
    asked = sorted(request.url.removeprefix(BASE) for request in port.sent)
    assert asked == ["/codes/json/kieli/koodi?onlyValidKoodis=false", "/organisations/liitokset"]


@pytest.mark.parametrize("lookup", ["code", "requirements", "unit", "local_unit", "organisation"])
def test_no_lookup_can_wait(lookup: str) -> None:
    assert not inspect.iscoroutinefunction(getattr(RegisterLabels, lookup))


async def hanging(_: Outgoing) -> Incoming:
    await asyncio.sleep(60)
    raise AssertionError


def answering(answer: Incoming) -> Port:
    return Port(lambda _: answer)


@pytest.mark.parametrize(
    "port",
    [
        Port(silent),
        Port(hanging),
        answering(Incoming(status=404, body=b"error.codes.not.found")),
        answering(Incoming(status=200, body=b"<html>maintenance</html>")),
        answering(Incoming(status=200, body=b"[" * 100_000)),
        answering(Incoming(status=200, body=b'{"data":' + b"[{}," * 10_000)),
        answering(said(None)),
    ],
)
async def test_a_register_that_fails_gives_no_names_and_no_errors(port: Port) -> None:
    names = labels(port)
    await names.start(wait_seconds=0.2)
    assert looked_up(names) == [None] * 5
    await asyncio.sleep(0.05)
    assert looked_up(names) == [None] * 5
    await names.aclose()


async def test_a_name_that_cannot_be_looked_up_is_said_once_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    broken = labels(Port(silent))
    await broken.start(wait_seconds=5)
    caplog.clear()
    assert broken.organisation(PROVIDER) is None
    await asyncio.wait_for(broken.settled(), 5)
    said_so = [(record.name, record.getMessage()) for record in caplog.records]
    assert said_so == [("connectors.failures.background", "source organisaatio: UNAVAILABLE (timeout) x 1")]
    await broken.aclose()


async def test_without_registers_there_are_no_names() -> None:
    names = RegisterLabels()
    await names.start(wait_seconds=5)
    assert looked_up(names) == [None] * 5
    assert names.unit("OPH-1-2026", "tutkinnonosat_1") is None
    await names.aclose()

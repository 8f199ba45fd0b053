"""Koodisto: a whole set in one call, an address that is looked up, and the name of the version a plan names."""

from typing import Any

import msgspec
import pytest

from connectors.client import Incoming, Outgoing
from connectors.registries.koodisto import SETS, Koodisto, KoodistoSettings
from hoks.values import Text
from tests.connectors.wires import Port, said, silent

BASE = "https://koodisto.example/koodisto-service/rest"
GOALS = "urasuunnitelma"
DAY = 24 * 3600.0


def code(uri: str, value: str, version: int = 1, of: str = GOALS, **names: str) -> dict[str, Any]:
    metadata = [{"kieli": each.upper(), "nimi": name, "kuvaus": None} for each, name in names.items()]
    return {
        "koodiUri": uri,
        "koodiArvo": value,
        "versio": version,
        "koodisto": {"koodistoUri": of},
        "metadata": metadata,
    }


STUDIES = code(f"{GOALS}_0001", "0001", 2, fi="Jatko-opinnot", sv="Fortsatta studier", en="Further studies")
WORK = code(f"{GOALS}_0002", "0002", fi="Työelämään siirtyminen")
MALFORMED = code(f"{GOALS}_004", "0004", fi="Yrittäjäksi")
FIRST = code(f"{GOALS}_0001", "0001", 1, fi="Jatkaa opintoja")


class Register:
    """A Koodisto with one set."""

    def __init__(self) -> None:
        self.port = Port(self._answer)
        self.time = 0.0
        self.codes: list[Any] = [STUDIES, WORK, MALFORMED]
        self.versions: Incoming = said([FIRST, STUDIES])

    def koodisto(self) -> Koodisto:
        settings = KoodistoSettings(base_url=BASE, caller_id="1.2.246.562.10.00000000001.test", sets=(GOALS,))
        return Koodisto(settings, self.port, seconds=lambda: self.time)

    @property
    def asked(self) -> list[str]:
        return [request.url.removeprefix(BASE) for request in self.port.sent]

    def _answer(self, request: Outgoing) -> Incoming:
        return said(self.codes) if "/json/" in request.url else self.versions


async def loaded(register: Register) -> Koodisto:
    koodisto = register.koodisto()
    await load(koodisto)
    return koodisto


async def load(koodisto: Koodisto) -> None:
    for almanac in koodisto.almanacs:
        await almanac.load_due()


async def test_a_whole_set_is_one_call() -> None:
    register = Register()
    koodisto = await loaded(register)
    assert register.asked == [f"/json/{GOALS}/koodi?onlyValidKoodis=false"]
    assert register.port.sent[0].headers["caller-id"] == "1.2.246.562.10.00000000001.test"
    assert koodisto.name(f"{GOALS}_0001") == Text(fi="Jatko-opinnot", sv="Fortsatta studier", en="Further studies")
    assert koodisto.name(f"{GOALS}_0002") == Text(fi="Työelämään siirtyminen")


async def test_before_it_is_loaded_there_is_no_name_and_no_wait() -> None:
    assert Register().koodisto().name(f"{GOALS}_0001") is None


async def test_an_address_is_looked_up_and_never_made() -> None:
    koodisto = await loaded(Register())
    by_address, by_value = koodisto.name(f"{GOALS}_004"), koodisto.name(f"{GOALS}_0004")
    assert by_address == by_value == Text(fi="Yrittäjäksi")


@pytest.mark.parametrize("uri", ["urasuunnitelma_9999", "toinen_0001", "urasuunnitelma", "", "../../x", "_"])
async def test_a_code_of_no_set_or_of_a_set_not_asked_for_has_no_name_and_costs_no_call(uri: str) -> None:
    register = Register()
    koodisto = await loaded(register)
    assert koodisto.name(uri) is None
    assert koodisto.name(uri, 3) is None
    await load(koodisto)
    assert len(register.port.sent) == 1


async def test_an_earlier_version_has_its_own_name_and_is_asked_for_when_a_plan_names_it() -> None:
    register = Register()
    koodisto = await loaded(register)
    assert koodisto.name(f"{GOALS}_0001", 2) == koodisto.name(f"{GOALS}_0001")
    assert koodisto.name(f"{GOALS}_0001", 1) is None, "the latest name would be a wrong one"
    await load(koodisto)
    assert koodisto.name(f"{GOALS}_0001", 1) == Text(fi="Jatkaa opintoja")
    assert register.asked[1:] == [f"/codeelement/{GOALS}_0001"]


@pytest.mark.parametrize("status", [404, 500])
async def test_a_version_that_never_was_is_called_as_the_latest_and_plain_text_is_no_fault(status: int) -> None:
    register = Register()
    register.versions = Incoming(
        status=status, headers={"content-type": "text/plain"}, body=b"error.codeelement.not.found"
    )
    koodisto = await loaded(register)
    koodisto.name(f"{GOALS}_0002", 7)
    await load(koodisto)
    assert koodisto.name(f"{GOALS}_0002", 7) == Text(fi="Työelämään siirtyminen")
    assert len(register.port.sent) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Incoming(status=404, body=b"error.codes.not.found"),
        Incoming(status=200, body=b"<html>maintenance</html>"),
        said({}),
        said([7, "x"]),
        said([], 503),
    ],
)
async def test_after_a_day_it_is_asked_again_and_what_cannot_be_told_stays_as_it_was(answer: Incoming) -> None:
    register = Register()
    koodisto = await loaded(register)
    register.port.answer, register.time = lambda _: answer, DAY
    await load(koodisto)
    assert len(register.port.sent) == 2
    assert koodisto.name(f"{GOALS}_0002") == Text(fi="Työelämään siirtyminen")
    register.port.answer, register.time = silent, 2 * DAY
    await load(koodisto)
    assert koodisto.name(f"{GOALS}_0002") == Text(fi="Työelämään siirtyminen")


async def test_a_changed_name_is_seen_after_a_day() -> None:
    register = Register()
    koodisto = await loaded(register)
    register.codes, register.time = [code(f"{GOALS}_0002", "0002", fi="Työelämään")], DAY
    await load(koodisto)
    assert koodisto.name(f"{GOALS}_0002") == Text(fi="Työelämään")


async def test_a_code_of_another_set_a_broken_one_and_a_nameless_one_lose_nothing_else() -> None:
    register = Register()
    register.codes = [
        code("kieli_FI", "FI", fi="Väärä"),
        code(f"{GOALS}_0009", "0009", of="kieli", fi="Väärä"),
        {"koodiUri": 7, "metadata": "x"},
        "rikki",
        code(f"{GOALS}_0003", "0003"),
        {**WORK, "metadata": [{"kieli": "FI", "nimi": " "}, {"kieli": 7}, *WORK["metadata"]]},
    ]
    koodisto = await loaded(register)
    assert koodisto.name(f"{GOALS}_0009") is None
    assert koodisto.name(f"{GOALS}_0003") is None
    assert koodisto.name(f"{GOALS}_0002") == Text(fi="Työelämään siirtyminen")


def test_the_sets_are_those_of_the_code_set_list() -> None:
    settings = KoodistoSettings(base_url=BASE, caller_id="x")
    assert settings.sets == SETS
    assert len(SETS) == 26
    assert msgspec.convert({"base_url": BASE, "caller_id": "x", "sets": ["kieli"]}, KoodistoSettings).sets == ("kieli",)

"""Public sample answers of Koodisto and ePerusteet, at their real paths: every value is a name that is told, or is
knowingly left out.
"""

from typing import Any

import pytest

from connectors.client import Incoming, Outgoing
from connectors.registries.eperusteet import Eperusteet, EperusteetSettings
from connectors.registries.koodisto import Koodisto, KoodistoSettings
from hoks.ports import UnitLabel
from hoks.values import Text
from tests.connectors.leaves import lost
from tests.connectors.wires import Port, said
from tests.samples import sample

CODES = "https://koodisto.example/koodisto-service/rest"
REQUIREMENTS = "https://eperusteet.example/eperusteet-service/api/external"
CALLER = "1.2.246.562.10.00000000001.test"
UNIT = "tutkinnonosat_400014"

LEFT_OUT_OF_CODES = {
    **dict.fromkeys(("koodiUri", "koodiArvo", "versio", "koodisto"), "what the name is asked by"),
    **dict.fromkeys(("tila", "version", "paivittajaOid", "paivitysPvm", "resourceUri"), "upkeep of the register"),
    **dict.fromkeys(("voimassaAlkuPvm", "voimassaLoppuPvm"), "a code that is no longer in force still has its name"),
    "metadata.kieli": "says which of the three names it is",
    "metadata.lyhytNimi": "the whole name is enough",
    "metadata.kuvaus": "names, not descriptions",
}
LEFT_OUT_OF_UNITS = {
    **dict.fromkeys(("koodiUri", "koodiArvo", "koodi"), "what the name is asked by, and Koodisto's name of it"),
    **dict.fromkeys(("id", "nimi._id", "nimi._tunniste"), "ids within the register"),
    **dict.fromkeys(
        ("luotu", "muokattu", "muokkaaja", "tila", "valmis", "tyyppi", "osanTyyppi"), "upkeep of the register"
    ),
    "osaAlueet": "subareas are named by Koodisto, and their goals are not data of a HOKS",
}


def told(value: Any) -> Any:
    """A document without its nulls, which say nothing."""
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items() if each is not None}
    return [told(each) for each in value] if isinstance(value, list) else value


async def koodisto(served: dict[str, Any], *sets: str) -> Koodisto:
    def answer(request: Outgoing) -> Incoming:
        return said(served[request.url.removeprefix(CODES).partition("?")[0]])

    made = Koodisto(KoodistoSettings(base_url=CODES, caller_id=CALLER, sets=sets), Port(answer))
    await made.almanacs[0].load_due()
    return made


async def test_every_value_of_a_whole_code_set_is_found_again_or_knowingly_left_out() -> None:
    codes = sample("registries/koodisto_urasuunnitelma.json")
    read = await koodisto({"/json/urasuunnitelma/koodi": codes}, "urasuunnitelma")
    assert len(codes) == 5
    for each in codes:
        assert lost(told(each), read.name(each["koodiUri"], each["versio"]), LEFT_OUT_OF_CODES) == []


async def test_the_one_code_whose_address_is_not_its_value_is_found_by_both() -> None:
    codes = sample("registries/koodisto_urasuunnitelma.json")
    read = await koodisto({"/json/urasuunnitelma/koodi": codes}, "urasuunnitelma")
    assert read.name("urasuunnitelma_0004") == read.name("urasuunnitelma_004")
    assert read.name("urasuunnitelma_0004") == Text(fi="Opintojen jatkaminen", sv="Återupptagna studier")
    assert read.name("urasuunnitelma_0005") == Text(fi="Opintojen jatkaminen")


async def test_every_version_of_a_code_is_found_again() -> None:
    first, latest = sample("registries/koodisto_codeelement.json")
    served = {"/json/tutkinnonosat/koodi": [latest], "/codeelement/tutkinnonosat_100031": [first, latest]}
    read = await koodisto(served, "tutkinnonosat")
    assert read.name("tutkinnonosat_100031", first["versio"]) is None
    await read.almanacs[1].load_due()
    for each in (first, latest):
        assert lost(told(each), read.name("tutkinnonosat_100031", each["versio"]), LEFT_OUT_OF_CODES) == []


@pytest.mark.parametrize("place", range(5))
async def test_every_value_of_a_unit_in_its_document_is_found_again_or_knowingly_left_out(place: int) -> None:
    unit = sample("registries/eperusteet_tutkinnonosa_400014.json")["data"][place]

    def answer(request: Outgoing) -> Incoming:
        if "/perusteet?" in request.url:
            return said({"data": [{"id": 7, "diaarinumero": "OPH-1-2026"}]})
        return said({"diaarinumero": "OPH-1-2026", "tutkinnonOsat": [unit]})

    settings = EperusteetSettings(base_url=REQUIREMENTS, caller_id=CALLER, register_numbers=("OPH-1-2026",))
    read = Eperusteet(settings, Port(answer))
    await read.almanacs[0].load_due()
    label = read.unit("OPH-1-2026", UNIT)
    assert label is not None
    assert lost(told(unit), label.name, LEFT_OUT_OF_UNITS) == []


async def test_of_a_page_of_units_with_one_code_the_newest_is_told_and_marked() -> None:
    page = sample("registries/eperusteet_tutkinnonosa_400014.json")
    read = Eperusteet(EperusteetSettings(base_url=REQUIREMENTS, caller_id=CALLER), Port(lambda _: said(page)))
    assert read.unit(None, UNIT) is None
    await read.almanacs[1].load_due()
    assert read.unit(None, UNIT) == UnitLabel(
        name=Text(
            fi="Yhteiskunta- ja työelämäosaaminen",
            sv="Kunnande om samhälle och arbetsliv",
            en="Citizenship and working life competence",
        ),
        is_newest_of_code=True,
    )

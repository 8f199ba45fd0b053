"""The registers of names answer in the shapes of Koodisto, ePerusteet, AMOSAA and Organisaatio's mergers."""

import httpx
import pytest

from sandbox.amosaa import amosaa_app
from sandbox.eperusteet import eperusteet_app
from sandbox.koodisto import koodisto_app
from sandbox.names import code_sets
from sandbox.organisations import organisation
from sandbox.registries import organisation_app
from sandbox.world import World

from .conftest import client_of

CODES = "/koodisto-service/rest"
REQUIREMENTS = "/eperusteet-service/api/external"
LOCAL = "/eperusteet-amosaa-service/api/julkinen/koodi"


@pytest.fixture
def koodisto() -> httpx.AsyncClient:
    return client_of(koodisto_app())


@pytest.fixture
def eperusteet() -> httpx.AsyncClient:
    return client_of(eperusteet_app())


async def test_a_set_lists_names_by_language_and_some_have_no_english_one(koodisto: httpx.AsyncClient) -> None:
    answer = await koodisto.get(f"{CODES}/json/osaamisenhankkimistapa/koodi?onlyValidKoodis=false")
    names = {code["koodiUri"]: [each["kieli"] for each in code["metadata"]] for code in answer.json()}
    assert names == {
        "osaamisenhankkimistapa_koulutussopimus": ["FI", "SV", "EN"],
        "osaamisenhankkimistapa_oppilaitosmuotoinenkoulutus": ["FI", "SV"],
        "osaamisenhankkimistapa_oppisopimus": ["FI", "SV", "EN"],
    }


async def test_one_code_has_an_address_that_is_not_its_set_and_value(koodisto: httpx.AsyncClient) -> None:
    goals = (await koodisto.get(f"{CODES}/json/urasuunnitelma/koodi")).json()
    assert {code["koodiArvo"]: code["koodiUri"] for code in goals}["0004"] == "urasuunnitelma_004"


async def test_all_versions_of_a_code_are_told_and_an_earlier_one_had_another_name(koodisto: httpx.AsyncClient) -> None:
    versions = (await koodisto.get(f"{CODES}/codeelement/oppisopimuksenperusta_01")).json()
    assert [(code["versio"], code["metadata"][0]["nimi"]) for code in versions] == [(1, "Työsopimus"), (2, "Työsuhde")]


@pytest.mark.parametrize(
    ("path", "text"),
    [("codeelement/kieli_XX", "error.codeelement.not.found"), ("json/eiole/koodi", "error.codes.not.found")],
)
async def test_what_is_not_there_is_told_in_plain_text(koodisto: httpx.AsyncClient, path: str, text: str) -> None:
    answer = await koodisto.get(f"{CODES}/{path}")
    assert (answer.status_code, answer.text) == (404, text)
    assert answer.headers["content-type"].startswith("text/plain")


async def test_documents_are_found_by_a_part_of_the_number_and_removed_ones_only_when_asked_for(
    eperusteet: httpx.AsyncClient,
) -> None:
    current = (await eperusteet.get(f"{REQUIREMENTS}/perusteet?diaarinumero=OPH-9101-2026")).json()
    every = (await eperusteet.get(f"{REQUIREMENTS}/perusteet?diaarinumero=OPH-9101-2026&poistuneet=true")).json()
    assert [each["diaarinumero"] for each in current["data"]] == ["OPH-9101-2026"]
    assert [each["diaarinumero"] for each in every["data"]] == ["OPH-9101-2026", "OPH-9101-2026-1"]
    page = (await eperusteet.get(f"{REQUIREMENTS}/perusteet?sivu=1&sivukoko=2")).json()
    assert (len(page["data"]), page["sivuja"], page["kokonaismäärä"]) == (2, 3, 5)


async def test_the_same_unit_has_other_credits_in_another_document(eperusteet: httpx.AsyncClient) -> None:
    points = {}
    for number in ("OPH-9101-2026", "OPH-9102-2026"):
        (found,) = (await eperusteet.get(f"{REQUIREMENTS}/perusteet?diaarinumero={number}")).json()["data"]
        document = (await eperusteet.get(f"{REQUIREMENTS}/peruste/{found['id']}")).json()
        identity = next(each["id"] for each in document["tutkinnonOsat"] if each["koodiArvo"] == "109206")
        places = document["suoritustavat"][0]["tutkinnonOsaViitteet"]
        points[number] = next(each["laajuus"] for each in places if each["_tutkinnonOsa"] == str(identity))
    assert points == {"OPH-9101-2026": 15, "OPH-9102-2026": 10}


async def test_a_local_unit_is_told_by_its_whole_code_and_another_as_an_empty_list() -> None:
    amosaa = client_of(amosaa_app())
    provider = organisation("B").oid
    (place,) = (await amosaa.get(f"{LOCAL}/paikallinen_tutkinnonosa_{provider}_700")).json()
    assert place["owner"]["koulutustoimija"]["organisaatio"] == provider
    assert place["tekstiKappale"]["nimi"] == {
        "fi": "Saariston matkailupalvelut (B)",
        "sv": "Skärgårdens turisttjänster (B)",
    }
    assert (await amosaa.get(f"{LOCAL}/paikallinen_tutkinnonosa_{provider}_1")).json() == []


async def test_the_merger_is_told_with_its_day() -> None:
    register = client_of(organisation_app())
    register.headers["Caller-Id"] = "caller"
    first, second = (await register.get("/organisaatio-service/api/liitokset")).json()
    assert (first["organisaatio"]["oid"], first["kohde"]["oid"]) == (organisation("merged").oid, organisation("A").oid)
    assert (second["organisaatio"]["oid"], second["kohde"]["oid"]) == (
        organisation("merged-school").oid,
        organisation("A-school").oid,
    )
    assert {first["alkuPvm"], second["alkuPvm"]} == {"2026-01-01"}


def test_every_code_of_every_plan_has_a_name(world: World) -> None:
    known = {f"{name}_{value.lower()}" for name, codes in code_sets().items() for value in codes}

    def codes(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {each for key, each in value.items() if key.endswith("koodi-uri") and isinstance(each, str)}
            return own.union(*map(codes, value.values()))
        return set().union(*map(codes, value)) if isinstance(value, list) else set()

    assert set().union(*(codes(plan.document) for plan in world.plans)) - known == set()

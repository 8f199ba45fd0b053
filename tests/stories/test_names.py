"""Names of codes, units and organisations: in the languages of the registers, and never at a request's expense."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.stories.conftest import Fault, Gateway
from tests.stories.test_faults import answered, down, error, nonsense, slow

REGISTERS = ("Koodisto", "ePerusteet", "AMOSAA")
NAMES = "name { fi sv en }"
PLAN = f"""
{{ student(oid: "%s") {{ studyRights {{ oid provider {{ oid name {{ fi }} }} }} hoksit {{
    careerPlanGoal {{ uri {NAMES} }}
    plannedVocationalUnits {{ unit {{ uri {NAMES} }} competencePoints requirementsRegisterNumber
        providerOid providerName {{ fi }}
        acquisitions {{ modeCode {{ {NAMES} }} apprenticeshipBasis {{ uri version {NAMES} }} }} }}
    priorVocationalUnits {{ unit {{ uri {NAMES} }} competencePoints }}
    plannedCommonUnits {{ unit {{ uri {NAMES} }} subareas {{ subarea {{ uri {NAMES} }} }} }}
    plannedLocalUnits {{ amosaaId name registeredName {{ fi sv }} }}
    learningSupport {{ supportType {{ uri {NAMES} }} }}
}} }} }}
"""


async def plans(gateway: Gateway, persona: str, number: int) -> list[dict[str, Any]]:
    oid = next(person.oid for person in gateway.world.people if person.number == number)
    answer = await gateway.ask(persona, PLAN % oid)
    assert "errors" not in answer
    student = answer["data"]["student"]
    assert isinstance(student, dict)
    return list(student["hoksit"])


async def known(gateway: Gateway, persona: str, number: int) -> list[dict[str, Any]]:
    """The plans once the names that were missed have been loaded."""
    await plans(gateway, persona, number)
    await gateway.settled()
    return await plans(gateway, persona, number)


def by_uri(value: Any) -> dict[str, Any]:
    """Every code of an answer with its name."""
    found: dict[str, Any] = {}
    if isinstance(value, dict):
        if "uri" in value and "name" in value:
            found[value["uri"]] = value["name"]
        for each in value.values():
            found |= by_uri(each)
    elif isinstance(value, list):
        for each in value:
            found |= by_uri(each)
    return found


async def test_units_and_codes_have_names_at_once_and_english_where_there_is_one(gateway: Gateway) -> None:
    (plan,) = await plans(gateway, "staff-a", 1)
    names = by_uri(plan)
    assert names["tutkinnonosat_109201"] == {"fi": "Asiakaspalvelu", "sv": "Kundbetjäning", "en": "Customer service"}
    assert names["tutkinnonosat_109203"] == {"fi": "Verkkokaupan palvelut", "sv": "Nätbutikens tjänster", "en": None}
    assert names["urasuunnitelma_0001"] == {"fi": "Jatko-opinnot", "sv": "Fortsatta studier", "en": None}
    assert {uri.partition("_")[0] for uri, name in names.items() if name is None} <= {"oppisopimuksenperusta"}
    (again,) = await known(gateway, "staff-a", 1)
    assert [uri for uri, name in by_uri(again).items() if name is None] == [], (
        "an earlier version is named a little later"
    )


async def test_a_unit_has_the_credits_of_the_requirements_that_bind_the_student(gateway: Gateway) -> None:
    (business,) = await known(gateway, "staff-a", 1)
    in_its_own = {each["unit"]["uri"]: each["competencePoints"] for each in business["plannedVocationalUnits"]}
    assert in_its_own["tutkinnonosat_109201"] == 25
    prior = {each["unit"]["uri"]: each["competencePoints"] for each in business["priorVocationalUnits"]}
    assert prior == {
        "tutkinnonosat_109206": 15,
        "tutkinnonosat_109207": 10,
        "tutkinnonosat_109306": 10,
        "tutkinnonosat_109307": 5,
    }


async def test_organisations_known_by_their_oids_alone_are_named(gateway: Gateway) -> None:
    (plan,) = await known(gateway, "staff-a", 1)
    named = {each["providerOid"]: each["providerName"] for each in plan["plannedVocationalUnits"]}
    assert {"fi": "Betulan ammattiopisto"} in named.values()


async def test_a_code_in_an_earlier_version_has_the_name_it_had_then(gateway: Gateway) -> None:
    (plan,) = await known(gateway, "staff-c", 9)
    bases = [
        period["apprenticeshipBasis"]
        for unit in plan["plannedVocationalUnits"]
        for period in unit["acquisitions"]
        if period["apprenticeshipBasis"]
    ]
    assert bases
    for each in bases:
        expected = {("01", 1): "Työsopimus", ("02", 1): "Yrittäjän oppisopimus", ("01", None): "Työsuhde"}
        assert each["name"]["fi"] == expected.get((each["uri"][-2:], each["version"]), "Yrittäjyys")


async def test_a_local_unit_has_its_own_name_and_the_registers_by_its_four_part_code(gateway: Gateway) -> None:
    found = [
        unit
        for number in (1, 7, 11, 12)
        for plan in await known(gateway, "staff-a", number)
        for unit in plan["plannedLocalUnits"]
    ]
    national = [unit for unit in found if unit["amosaaId"].startswith("paikallinen_tutkinnonosa_")]
    assert national
    assert all(unit["registeredName"]["fi"] == f"{unit['name']} (A)" for unit in national if "99000000010" in str(unit))
    assert all(unit["registeredName"] is None for unit in found if unit not in national)


async def test_a_right_at_a_provider_that_has_merged_is_its_successors_own(gateway: Gateway) -> None:
    oid = next(person.oid for person in gateway.world.people if person.number == 12)
    answer = await gateway.ask("staff-a", PLAN % oid)
    rights = {each["oid"]: each["provider"]["name"]["fi"] for each in answer["data"]["student"]["studyRights"]}
    at_d = gateway.world.cast_right(12, "d").oid
    assert rights[at_d] == "Dalaniemen ammattikoulukuntayhtymä"
    assert len(rights) == 2


# --- at nobody's expense ----------------------------------------------------------------------------------------


def plain_404(_: httpx.Request) -> httpx.Response:
    return answered(404, b"error.codeelement.not.found")


class Endless(httpx.AsyncByteStream):
    """A body that goes on and on."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"["
        while True:
            yield b'{"koodiUri":"x_1","metadata":[]},' * 2_000
            await asyncio.sleep(0)


def huge(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=Endless())


FAULTS: dict[str, Fault] = {
    "down": down,
    "slow": slow,
    "nonsense": nonsense,
    "error": error,
    "plain 404": plain_404,
    "huge": huge,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_register_of_names_that_fails_neither_fails_nor_slows_a_request(gateway: Gateway, fault: str) -> None:
    await plans(gateway, "staff-b", 1)
    for register in REGISTERS:
        gateway.loopback.faults[register] = FAULTS[fault]
    started = asyncio.get_running_loop().time()
    (plan,) = await plans(gateway, "staff-c", 9)
    took = asyncio.get_running_loop().time() - started
    assert took < 1.5, "a plan is read in tenths of a second, a register fails in seconds"
    assert by_uri(plan)["tutkinnonosat_109401"]["fi"] == "Sähkö- ja automaatioalan perusosaaminen"


async def test_no_request_asks_a_register_of_names(gateway: Gateway) -> None:
    await known(gateway, "staff-a", 1)
    for register in REGISTERS:
        gateway.loopback.faults[register] = slow
    before = Counter(gateway.loopback.calls)
    await plans(gateway, "staff-a", 1)
    asked = gateway.loopback.calls - before
    assert [call for call in asked if call.split()[0] in REGISTERS] == []

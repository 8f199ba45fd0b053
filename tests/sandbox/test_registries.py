"""The registers answer in the shapes of ONR and Organisaatio."""

import httpx
import pytest

from sandbox.organisations import ORGANISATIONS, organisation
from sandbox.registries import onr_app, organisation_app
from sandbox.world import World

from .conftest import client_of

ONR = "/oppijanumerorekisteri-service"
API = "/organisaatio-service/api"
UNKNOWN = "1.2.246.562.98.11111111116"


@pytest.fixture
def onr(world: World) -> httpx.AsyncClient:
    client = client_of(onr_app(world))
    client.headers["Caller-Id"] = "caller"
    return client


@pytest.fixture
def register() -> httpx.AsyncClient:
    client = client_of(organisation_app())
    client.headers["Caller-Id"] = "caller"
    return client


async def test_onr_maps_each_asked_oid_to_its_master_and_leaves_unknown_ones_out(
    onr: httpx.AsyncClient, world: World
) -> None:
    master, slave = world.cast_right(2, "a").person.aliases
    answer = (await onr.post(f"{ONR}/henkilo/masterHenkilosByOidList", json=[slave, master, UNKNOWN])).json()
    assert answer.keys() == {slave, master}
    assert {person["oidHenkilo"] for person in answer.values()} == {master}
    assert answer[slave]["etunimet"] == "Eetu Ilmari"
    assert answer[slave]["kutsumanimi"] == "Eetu"
    assert answer[slave]["sukunimi"] == "Harjukangas"
    assert answer[slave]["duplicate"] is False


async def test_onr_tells_a_non_disclosure_order_and_a_day_of_birth(onr: httpx.AsyncClient, world: World) -> None:
    hidden, minor, other = (world.cast_right(n, key).person.oid for n, key in ((10, "a"), (13, "b"), (1, "a")))
    answer = (await onr.post(f"{ONR}/henkilo/masterHenkilosByOidList", json=[hidden, minor, other])).json()
    assert {oid: person["turvakielto"] for oid, person in answer.items()} == {hidden: True, minor: False, other: False}
    assert answer[minor]["syntymaaika"] == "2008-11-20"
    assert "syntymaaika" not in answer[other]


async def test_onr_tells_duplicates_both_ways(onr: httpx.AsyncClient, world: World) -> None:
    master, slave = world.cast_right(15, "a").person.aliases
    for asked in ([master], [slave], [master, slave]):
        answer = (await onr.post(f"{ONR}/s2s/duplicateHenkilos", json={"henkiloOids": asked})).json()
        assert answer == [{"henkiloOid": slave, "masterOid": master}]
    alone = world.cast_right(1, "a").person.oid
    assert (await onr.post(f"{ONR}/s2s/duplicateHenkilos", json={"henkiloOids": [alone]})).json() == []


async def test_registers_refuse_what_is_not_a_short_enough_list_of_strings(
    onr: httpx.AsyncClient, register: httpx.AsyncClient
) -> None:
    masters = f"{ONR}/henkilo/masterHenkilosByOidList"
    bodies: list[object] = [{}, [1], ["x"] * 5001]
    for body in bodies:
        assert (await onr.post(masters, json=body)).status_code == 400
    assert (await onr.post(masters, content=b"{")).status_code == 400
    assert (await register.post(f"{API}/findbyoids", json=["x"] * 1001)).status_code == 400


async def test_registers_want_to_know_who_calls(onr: httpx.AsyncClient, register: httpx.AsyncClient) -> None:
    del onr.headers["Caller-Id"], register.headers["Caller-Id"]
    assert (await onr.post(f"{ONR}/s2s/duplicateHenkilos", json={"henkiloOids": []})).status_code == 403
    assert (await register.get(f"{API}/{organisation('A').oid}")).status_code == 403


async def test_an_organisation_comes_with_its_path_from_the_root_without_itself(
    register: httpx.AsyncClient,
) -> None:
    root, provider, school, site = (organisation(k).oid for k in ("root", "A", "A-school", "A-site"))
    answer = (await register.get(f"{API}/{site}")).json()
    assert answer["parentOid"] == school
    assert answer["parentOidPath"] == f"|{root}|{provider}|{school}|"
    assert answer["tyypit"] == ["organisaatiotyyppi_03"]
    assert answer["nimi"].keys() == {"fi", "sv", "en"}
    assert answer["status"] == "AKTIIVINEN"
    assert "parentOid" not in (await register.get(f"{API}/{root}")).json()


async def test_many_organisations_are_found_at_once_and_unknown_ones_left_out(register: httpx.AsyncClient) -> None:
    oids = [o.oid for o in ORGANISATIONS.values()]
    answer = (await register.post(f"{API}/findbyoids", json=[*oids, "1.2.246.562.99.1"])).json()
    assert [o["oid"] for o in answer] == oids
    assert answer[1] == (await register.get(f"{API}/{oids[1]}")).json()


async def test_an_unknown_organisation_is_404_with_a_key(register: httpx.AsyncClient) -> None:
    answer = await register.get(f"{API}/1.2.246.562.99.99999999999")
    assert answer.status_code == 404
    assert answer.json().keys() == {"errorKey", "errorMessage"}


async def test_a_provider_that_has_merged_is_passive_since_its_last_day(register: httpx.AsyncClient) -> None:
    merged = (await register.get(f"{API}/{organisation('merged').oid}")).json()
    assert (merged["status"], merged["lakkautusPvm"]) == ("PASSIIVINEN", "2025-12-31")
    assert (await register.get(f"{API}/{organisation('A').oid}")).json()["status"] == "AKTIIVINEN"


async def test_the_history_of_a_merged_provider_tells_which_school_it_left_behind(register: httpx.AsyncClient) -> None:
    merged, school = organisation("merged").oid, organisation("merged-adult").oid
    (relation,) = (await register.get(f"{API}/{merged}/historia")).json()["childSuhteet"]
    assert (relation["child"]["oid"], relation["loppuPvm"]) == (school, "2026-01-01")
    (other,) = (await register.get(f"{API}/{school}/historia")).json()["parentSuhteet"]
    assert other == relation
    assert (await register.get(f"{API}/1.2.246.562.99.99999999999/historia")).status_code == 404


@pytest.mark.parametrize("key", ["employment-services", "inspection", "fund"])
async def test_authorities_are_in_the_register_and_are_no_providers(register: httpx.AsyncClient, key: str) -> None:
    found = (await register.get(f"{API}/{organisation(key).oid}")).json()
    assert found["tyypit"] == ["organisaatiotyyppi_05"]
    assert found["parentOid"] == organisation("root").oid
    assert organisation(key).oid.startswith("1.2.246.562.99.")

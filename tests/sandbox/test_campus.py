"""Provider D's system over HTTP: a token for each caller, nested answers in no order, pages."""

from typing import Any

import httpx
import pytest

from sandbox.campus import TOKEN_SECONDS, campus_app
from sandbox.world import World
from tests.sandbox.conftest import Clock, client_of

API = "/api/v2"
SECRET = "a-secret"
FORM = {"grant_type": "client_credentials", "scope": "opiskelijat.lue"}


@pytest.fixture
def campus(world: World, clock: Clock) -> httpx.AsyncClient:
    return client_of(campus_app(world, SECRET, clock))


async def known(campus: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client with a token on each call."""
    answer = await campus.post("/oauth2/token", data=FORM, auth=("hoks-gateway", SECRET))
    assert answer.json()["expires_in"] == TOKEN_SECONDS
    campus.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return campus


@pytest.mark.parametrize(
    ("form", "login", "status"),
    [(FORM, ("hoks-gateway", "wrong"), 401), (FORM, ("else", SECRET), 401), (FORM | {"scope": "x"}, None, 400)],
)
async def test_a_token_is_for_the_account_and_its_scope(
    campus: httpx.AsyncClient, form: dict[str, str], login: tuple[str, str] | None, status: int
) -> None:
    answer = await campus.post("/oauth2/token", data=form, auth=login or ("hoks-gateway", SECRET))
    assert answer.status_code == status


async def test_without_a_token_in_force_nothing_is_told(campus: httpx.AsyncClient, clock: Clock) -> None:
    assert (await campus.get(f"{API}/opiskelijat")).status_code == 401
    await known(campus)
    assert (await campus.get(f"{API}/opiskelijat")).status_code == 200
    clock.now += TOKEN_SECONDS
    assert (await campus.get(f"{API}/opiskelijat")).status_code == 401


async def test_students_are_found_by_learner_number_and_strangers_are_left_out(
    campus: httpx.AsyncClient, world: World
) -> None:
    right = world.cast_right(24, "d")
    stranger = world.cast_right(1, "a").person.oid
    body = {"oppijanumerot": [stranger, right.person.oid]}
    answer = (await (await known(campus)).post(f"{API}/opiskelijat/haku", json=body)).json()
    (student,) = answer["opiskelijat"]
    (told,) = student["opintooikeudet"]
    assert (student["oppijanumero"], told["oid"], told["oppilaitos"]) == (
        right.person.oid, right.oid, "1.2.246.562.99.99000000713",
    )  # fmt: skip
    assert told["vaiheet"] == [
        {"vaihe": "aktiivinen", "alkaen": "20250901"},
        {"vaihe": "lomalla", "alkaen": "20260302"},
        {"vaihe": "aktiivinen", "alkaen": "20260504"},
    ]


async def test_students_are_listed_page_by_page(campus: httpx.AsyncClient) -> None:
    await known(campus)
    pages: list[Any] = [(await campus.get(f"{API}/opiskelijat?sivu={page}")).json() for page in (1, 2, 3)]
    assert [len(page["opiskelijat"]) for page in pages] == [1, 1, 0]
    assert {page["sivutus"]["kaikkiaan"] for page in pages} == {2}


async def test_a_plan_holds_its_units_with_what_stands_under_them(campus: httpx.AsyncClient, world: World) -> None:
    oids = [world.cast_right(number, "d").oid for number in (24, 25)]
    answer = (await (await known(campus)).get(f"{API}/hoksit?opintooikeudet={','.join(oids)}")).json()
    assert [plan["opintooikeus"]["oid"] for plan in answer["hoksit"]] == oids[::-1]
    plan = answer["hoksit"][1]
    assert {unit["laji"] for unit in plan["osat"]} >= {"vocational", "common", "local"}
    assert any(unit.get("osaAlueet") for unit in plan["osat"])
    assert any(period.get("tauot") for unit in plan["osat"] for period in unit.get("jaksot", ()))
    assert any(shown["arvioijat"] for unit in plan["osat"] for shown in unit.get("naytot", ()))
    assert plan["aiemmat"]


async def test_whose_a_right_is(campus: httpx.AsyncClient, world: World) -> None:
    await known(campus)
    right = world.cast_right(24, "d")
    told = (await campus.get(f"{API}/opintooikeudet/{right.oid}")).json()
    assert told == {"oid": right.oid, "opiskelija": {"oppijanumero": right.person.oid}}
    assert (await campus.get(f"{API}/opintooikeudet/{world.cast_right(24, 'a').oid}")).status_code == 404

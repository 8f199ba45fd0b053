"""Provider A's eHOKS and Koski refuse and answer as the national services do."""

import httpx
import orjson
import pytest

from sandbox.koski import MAX_PERSONS
from sandbox.organisations import organisation, tree_of
from sandbox.parts import Json
from sandbox.plans import LISTS
from sandbox.world import World

from .conftest import PASSWORD, SERVICE, Clock

HOKS = "/ehoks-virkailija-backend/api/v1/hoks"
BATCH = "/koski/api/sure/oids"


async def ticket(client: httpx.AsyncClient, service: str = SERVICE) -> str:
    login = {"username": "gateway-a", "password": PASSWORD}
    granted = await client.post("/cas/v1/tickets", data=login)
    assert granted.status_code == 201
    given = await client.post(granted.headers["Location"], data={"service": service})
    assert given.status_code == 200
    return given.text


async def get(client: httpx.AsyncClient, path: str) -> httpx.Response:
    return await client.get(HOKS + path, headers={"caller-id": "caller", "ticket": await ticket(client)})


async def plan_id(client: httpx.AsyncClient, right: str) -> int:
    found = (await get(client, f"/opiskeluoikeus/{right}")).json()["data"]["id"]
    assert isinstance(found, int)
    return found


async def test_a_wrong_password_opens_nothing(ehoks: httpx.AsyncClient) -> None:
    login = {"username": "gateway-a", "password": "wrong"}
    assert (await ehoks.post("/cas/v1/tickets", data=login)).status_code == 401
    assert (await ehoks.post("/cas/v1/tickets/TGT-x", data={"service": SERVICE})).status_code == 404


async def test_a_ticket_works_once(ehoks: httpx.AsyncClient, world: World) -> None:
    headers = {"caller-id": "caller", "ticket": await ticket(ehoks)}
    path = f"{HOKS}/opiskeluoikeus/{world.cast_right(1, 'a').oid}"
    assert (await ehoks.get(path, headers=headers)).status_code == 200
    again = await ehoks.get(path, headers=headers)
    assert again.status_code == 401
    assert again.json() == {"error": "User not found for given ticket. Ticket may be expired."}


async def test_a_ticket_ends_after_a_minute_and_is_for_one_service(
    ehoks: httpx.AsyncClient, clock: Clock, world: World
) -> None:
    path = f"{HOKS}/opiskeluoikeus/{world.cast_right(1, 'a').oid}"
    late = {"caller-id": "caller", "ticket": await ticket(ehoks)}
    clock.now += 61
    assert (await ehoks.get(path, headers=late)).status_code == 401
    other = {"caller-id": "caller", "ticket": await ticket(ehoks, "http://127.0.0.1:8082/other")}
    assert (await ehoks.get(path, headers=other)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "Caller-Id header is missing"),
        ({"caller-id": "caller"}, "Cas service ticket header is missing"),
        ({"caller-id": "caller", "ticket": "nonsense"}, "Invalid ticket"),
        ({"caller-id": "caller", "ticket": "ST-x"}, "User not found for given ticket. Ticket may be expired."),
    ],
)
async def test_a_call_without_what_it_takes_is_401(
    headers: dict[str, str], error: str, ehoks: httpx.AsyncClient
) -> None:
    answer = await ehoks.get(f"{HOKS}/1", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": error})


async def test_a_plan_is_found_by_its_right_and_then_read_whole(ehoks: httpx.AsyncClient, world: World) -> None:
    right = world.cast_right(1, "a")
    top = (await get(ehoks, f"/opiskeluoikeus/{right.oid}")).json()
    assert top["meta"] == {}
    assert not set(LISTS) & top["data"].keys()
    assert not any(isinstance(value, list | dict) for value in top["data"].values())
    whole = (await get(ehoks, f"/{top['data']['id']}")).json()["data"]
    assert set(LISTS) <= whole.keys()
    assert whole.items() >= top["data"].items()
    assert b"null" not in orjson.dumps(whole)


async def test_at_most_one_subarea_of_a_demonstration_is_returned(ehoks: httpx.AsyncClient, world: World) -> None:
    plan = (await get(ehoks, f"/{await plan_id(ehoks, world.cast_right(1, 'a').oid)}")).json()["data"]
    shown = [d for u in plan["hankittavat-ammat-tutkinnon-osat"] for d in u["osaamisen-osoittaminen"]]
    assert max(len(d.get("osa-alueet", [])) for d in shown) == 1
    assert all(len(u["osa-alueet"]) > 1 for u in plan["hankittavat-yhteiset-tutkinnon-osat"])


async def test_a_right_without_plan_is_404_and_a_foreign_right_401(ehoks: httpx.AsyncClient, world: World) -> None:
    missing = await get(ehoks, f"/opiskeluoikeus/{world.cast_right(17, 'a-annulled').oid}")
    assert (missing.status_code, missing.json()) == (404, {"error": "No HOKS found with given opiskeluoikeus"})
    foreign = await get(ehoks, f"/opiskeluoikeus/{world.cast_right(1, 'b').oid}")
    no_access = {"error": "No access is allowed. Check Opintopolku privileges and 'opiskeluoikeus'"}
    assert (foreign.status_code, foreign.json()) == (401, no_access)
    at_c = next(p.document["id"] for p in world.plans if p.right is world.cast_right(7, "c"))
    assert (await get(ehoks, f"/{at_c}")).json() == no_access
    assert (await get(ehoks, f"/{at_c}/hankintakoulutukset")).status_code == 401
    assert (await get(ehoks, "/1")).json() == {"error": "HOKS not found"}


async def test_procured_rights_are_a_bare_list(ehoks: httpx.AsyncClient, world: World) -> None:
    for number in (1, 14, 15, 16):
        plan = await plan_id(ehoks, world.cast_right(number, "a").oid)
        answer = (await get(ehoks, f"/{plan}/hankintakoulutukset")).json()
        assert answer == [world.cast_right(number, "b").oid]
    alone = await plan_id(ehoks, world.cast_right(7, "a").oid)
    assert (await get(ehoks, f"/{alone}/hankintakoulutukset")).json() == []


async def batch(client: httpx.AsyncClient, *oids: str) -> dict[str, list[Json]]:
    answer = await client.post(BATCH, json=list(oids))
    assert answer.status_code == 200
    return {entry["henkilö"]["oid"]: entry["opiskeluoikeudet"] for entry in answer.json()}


def oids_of(rights: list[Json]) -> set[str]:
    return {right["oid"] for right in rights}


async def test_koski_shows_a_the_rights_of_its_tree_and_those_included_in_one(
    koski: httpx.AsyncClient, world: World
) -> None:
    person = world.cast_right(16, "a").person.oid
    seen = (await batch(koski, person))[person]
    assert oids_of(seen) == {world.cast_right(16, key).oid for key in "ab"}
    linked = next(r for r in seen if "sisältyyOpiskeluoikeuteen" in r)
    assert linked["koulutustoimija"]["oid"] == organisation("B").oid
    assert linked["sisältyyOpiskeluoikeuteen"]["oppilaitos"]["oid"] in tree_of("A")
    assert next(r for r in seen if r is not linked)["ostettu"] is True
    wrong = world.cast_right(14, "a").person.oid
    assert len((await batch(koski, wrong))[wrong]) == 2


async def test_koski_leaves_annulled_rights_and_rightless_persons_out(koski: httpx.AsyncClient, world: World) -> None:
    person = world.cast_right(17, "a-ended").person.oid
    only_at_c = next(r.person.oid for r in world.rights_of("C") if not r.person.shows)
    seen = await batch(koski, person, only_at_c, "1.2.246.562.98.11111111116")
    assert seen.keys() == {person}
    assert oids_of(seen[person]) == {world.cast_right(17, key).oid for key in ("a-ended", "b-annulled", "b-ended")}
    annulled = await koski.get(f"/koski/api/opiskeluoikeus/{world.cast_right(17, 'a-annulled').oid}")
    assert annulled.status_code == 404
    assert annulled.json()[0]["key"] == "notFound.opiskeluoikeuttaEiLöydyTaiEiOikeuksia"


async def test_koski_answers_by_master_and_a_slave_finds_only_its_own_rows(
    koski: httpx.AsyncClient, world: World
) -> None:
    master, slave = world.cast_right(15, "a").person.aliases
    buyer, seller = world.cast_right(15, "a").oid, world.cast_right(15, "b").oid
    assert {k: oids_of(v) for k, v in (await batch(koski, slave)).items()} == {master: {seller}}
    assert {k: oids_of(v) for k, v in (await batch(koski, master)).items()} == {master: {buyer}}
    assert {k: oids_of(v) for k, v in (await batch(koski, slave, master)).items()} == {master: {buyer, seller}}


async def test_koski_refuses_a_batch_that_holds_one_malformed_oid_or_too_many(koski: httpx.AsyncClient) -> None:
    good = "1.2.246.562.98.98000000012"
    bodies: list[object] = [[good, "1.2.3"], [good] * (MAX_PERSONS + 1), {"oids": []}, [1]]
    for body in bodies:
        answer = await koski.post(BATCH, json=body)
        assert answer.status_code == 400
        assert answer.json()[0]["key"].startswith("badRequest.")


async def test_koski_wants_caller_csrf_json_and_a_password(koski: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    assert (await koski.post(BATCH, content=b"[]", headers={"Content-Type": "text/plain"})).status_code == 415
    assert (await koski.post(BATCH, content=b"[]", headers={**json, "CSRF": "other"})).status_code == 403
    assert (await koski.post(BATCH, content=b"[]", headers={**json, "Caller-Id": ""})).status_code == 403
    wrong = await koski.post(BATCH, json=[], auth=httpx.BasicAuth("gateway-a", "wrong"))
    assert (wrong.status_code, wrong.json()[0]["key"]) == (401, "unauthorized.loginFail")


async def test_koski_gives_one_right_with_periods_completions_and_derived_end(
    koski: httpx.AsyncClient, world: World
) -> None:
    right = (await koski.get(f"/koski/api/opiskeluoikeus/{world.cast_right(4, 'a').oid}")).json()
    states = [(p["alku"], p["tila"]["koodiarvo"]) for p in right["tila"]["opiskeluoikeusjaksot"]]
    assert states == [("2023-08-14", "lasna"), ("2026-12-18", "valmistunut")]
    assert right["päättymispäivä"] == "2026-12-18"
    assert right["tyyppi"]["koodiarvo"] == "ammatillinenkoulutus"
    completion = right["suoritukset"][0]
    assert completion["koulutusmoduuli"]["tunniste"]["koodiarvo"] == "341101"
    assert completion["osaamisala"][0]["osaamisala"]["koodiarvo"] == "3905"
    bought = (await koski.get(f"/koski/api/opiskeluoikeus/{world.cast_right(8, 'a').oid}")).json()
    assert any("tunnustettu" in unit for unit in bought["suoritukset"][0]["osasuoritukset"])
    tuva = (await koski.get(f"/koski/api/opiskeluoikeus/{world.cast_right(8, 't').oid}")).json()
    assert tuva["tyyppi"]["koodiarvo"] == "tuva"
    foreign = await koski.get(f"/koski/api/opiskeluoikeus/{world.cast_right(7, 'c').oid}")
    assert foreign.status_code == 404


async def test_koski_lists_the_persons_it_shows_page_by_page(koski: httpx.AsyncClient, world: World) -> None:
    pages: list[list[str]] = []
    while not pages or pages[-1]:
        query = {"pageSize": "25", "pageNumber": str(len(pages))}
        pages.append((await koski.get("/koski/api/oppija/oids", params=query)).json())
    listed = [oid for page in pages for oid in page]
    assert [len(page) for page in pages[:2]] == [25, 25]
    assert len(listed) == len(set(listed)) == 45 + 20
    assert world.cast_right(1, "a").person.oid in listed
    assert (await koski.get("/koski/api/oppija/oids?pageSize=0")).status_code == 400


async def test_koski_tells_to_whom_a_right_belonged_before_a_merger(koski: httpx.AsyncClient, world: World) -> None:
    right = world.cast_right(12, "a")
    (earlier,) = (await koski.get(f"/koski/api/opiskeluoikeus/{right.oid}")).json()["organisaatiohistoria"]
    assert earlier["muutospäivä"] == "2026-01-01"
    assert earlier["oppilaitos"]["oid"] == organisation("merged-school").oid
    assert earlier["koulutustoimija"]["oid"] == organisation("merged").oid
    others = (await koski.get(f"/koski/api/opiskeluoikeus/{world.cast_right(1, 'a').oid}")).json()
    assert "organisaatiohistoria" not in others


async def test_everybodys_plans_are_listed_by_id_and_change_without_contact_data(
    ehoks: httpx.AsyncClient, world: World
) -> None:
    first = (await get(ehoks, "/paged?amount=2")).json()["data"]
    second = (await get(ehoks, f"/paged?amount=1000&from-id={first['last-id']}")).json()["data"]
    end = (await get(ehoks, f"/paged?from-id={second['last-id']}")).json()["data"]
    listed = [*first["result"], *second["result"]]
    assert len(first["result"]) == 2
    assert end == {"last-id": second["last-id"], "failed-ids": [], "result": []}
    assert [plan["id"] for plan in listed] == sorted(plan.document["id"] for plan in world.plans if not plan.copied)
    assert {plan.held_by for plan in world.plans} == {"A", "B", "C", "D"}
    text = orjson.dumps(listed)
    assert not any(word in text for word in (b"sahkoposti", b"puhelinnumero", b"edustaja"))
    assert b'"vastuullinen-tyopaikka-ohjaaja":true' in text
    assert b'"nimi":"<REDACTED>"' in text
    newest = max(plan["paivitetty"] for plan in listed)
    changed = (await get(ehoks, "/paged?amount=1000&updated-after=2026-09-01T00:00:00")).json()["data"]["result"]
    assert changed == [plan for plan in listed if plan["paivitetty"] > "2026-09-01T00:00:00Z"]
    assert (await get(ehoks, f"/paged?updated-after={newest}")).json()["data"]["result"] == []


@pytest.mark.parametrize("query", ["amount=0", "amount=1001", "amount=x", "from-id=x", "updated-after=x"])
async def test_a_list_asked_for_in_the_wrong_form_is_refused(ehoks: httpx.AsyncClient, query: str) -> None:
    assert (await get(ehoks, f"/paged?{query}")).status_code == 400

"""Public sample answers of the national services, served at their real paths and read by the real connectors.

Every value in them is found again, or stands in a list of what is knowingly left out, with the reason.
"""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from connectors.catalogue import connect
from connectors.connected import Connected
from connectors.ehoks import EhoksSettings
from connectors.kept_rights import KeptRights
from connectors.koski import KEPT_TYPES, KoskiSettings, KoskiSource
from connectors.registries.organisaatio import OrganisaatioSettings
from hoks.identifiers import OPH, LearnerOid, OrganisationOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.student import Person
from tests.connectors.leaves import leaves, lost
from tests.connectors.wires import PROVIDER, StillClock
from tests.samples import SAMPLES, are_there, sample

PLANS = ("ehoks/hoksit.json", "ehoks/hoks_tuva.json", "ehoks/hoks_yksi_tutkinnonosa.json")
HOST = "https://virkailija.example"
CALLER = "1.2.246.562.10.00000000001.test"

LEFT_OUT_OF_KOSKI = {
    "oppilaitos.oppilaitosnumero": "the school is known by its OID",
    "oppilaitos.kotipaikka": "not asked for",
    "koulutustoimija.yTunnus": "the provider is known by its OID",
    "koulutustoimija.kotipaikka": "not asked for",
    "tila.opiskeluoikeusjaksot.opintojenRahoitus": "funding decides nothing here",
    "suoritukset.alkamispäivä": "the right's own dates count",
    "suoritukset.koulutusmoduuli.koulutustyyppi": "follows from the qualification",
    "suoritukset.suoritustapa": "old forms of completion decide nothing here",
    "suoritukset.toimipiste.oppilaitosnumero": "the site is known by its OID",
    "suoritukset.toimipiste.kotipaikka": "not asked for",
    "suoritukset.työssäoppimisjaksot": "workplace learning comes from the plan",
    "suoritukset.järjestämismuodot": "the way of acquiring competence comes from the plan",
    "suoritukset.osasuoritukset": "completed units and marks are not data of a HOKS",
    "suoritukset.vahvistus": "who confirmed a qualification is not data of a HOKS",
    "suoritukset.ryhmä": "groups come from the student system",
    "lisätiedot": "can reveal health, support or prison: a narrower purpose than ours",
}
LEFT_OUT_OF_ORGANISATIONS = {
    **dict.fromkeys(("lyhytNimi", "nimet", "kuvaus2", "yhteishaunKoulukoodi"), "the name in force is enough"),
    **dict.fromkeys(("yhteystiedot", "kayntiosoite", "postiosoite"), "contact data of the organisation"),
    **dict.fromkeys(("maaUri", "kotipaikkaUri", "kieletUris"), "not asked for"),
    **dict.fromkeys(("toimipistekoodi", "opetuspisteenJarjNro"), "organisations are known by their OIDs"),
    **dict.fromkeys(("alkuPvm", "status", "version", "maskingActive", "piilotettu"), "upkeep of the register"),
    "parentOid": "stands in the path as well",
    "tyypit": "seen in which ancestor is the provider",
}


def test_the_samples_are_there() -> None:
    assert are_there(), f"no samples in {SAMPLES}"


# --- the services, with the samples behind them ---------------------------------------------------------------


def national_services() -> Starlette:
    """eHOKS with CAS, Koski and Organisaatio at their own paths."""
    plans = {number: {**sample(name), "id": number} for number, name in enumerate(PLANS, start=1)}
    organisations = [sample("registries/organisaatio.json"), *sample("registries/organisaatio_findbyoids.json")]
    base = "/ehoks-virkailija-backend/api/v1/hoks"

    async def log_in(_: Request) -> Response:
        return Response(status_code=201, headers={"location": f"{HOST}/cas/v1/tickets/TGT-1"})

    async def ticket(_: Request) -> Response:
        return PlainTextResponse("ST-1")

    async def head(request: Request) -> Response:
        plan = next(each for each in plans.values() if each["opiskeluoikeus-oid"] == request.path_params["oid"])
        return JSONResponse({"meta": {}, "data": {k: v for k, v in plan.items() if not isinstance(v, list)}})

    async def whole(request: Request) -> Response:
        return JSONResponse({"meta": {}, "data": plans[request.path_params["id"]]})

    async def included(_: Request) -> Response:
        return JSONResponse([])

    async def rights(_: Request) -> Response:
        return JSONResponse(sample("koski/sure_oids.json"))

    async def one_right(_: Request) -> Response:
        return JSONResponse(sample("koski/opiskeluoikeus.json"))

    async def by_oids(request: Request) -> Response:
        asked = await request.json()
        return JSONResponse([each for each in organisations if each["oid"] in asked])

    return Starlette(
        routes=[
            Route("/cas/v1/tickets", log_in, methods=["POST"]),
            Route("/cas/v1/tickets/TGT-1", ticket, methods=["POST"]),
            Route(f"{base}/opiskeluoikeus/{{oid}}", head),
            Route(f"{base}/{{id:int}}", whole),
            Route(f"{base}/{{id:int}}/hankintakoulutukset", included),
            Route("/koski/api/sure/oids", rights, methods=["POST"]),
            Route("/koski/api/opiskeluoikeus/{oid}", one_right),
            Route("/organisaatio-service/api/findbyoids", by_oids, methods=["POST"]),
        ]
    )


@pytest.fixture
def connected(tmp_path: Path) -> Connected:
    password = tmp_path / "password"
    password.write_text("secret")
    password.chmod(0o600)
    koski = KoskiSettings(
        id="koski",
        provider=PROVIDER,
        base_url=f"{HOST}/koski/api",
        username="gateway",
        password_file=str(password),
        caller_id=CALLER,
    )
    ehoks = EhoksSettings(
        id="ehoks",
        provider=PROVIDER,
        base_url=f"{HOST}/ehoks-virkailija-backend/api/v1/hoks",
        cas_url=f"{HOST}/cas",
        service=f"{HOST}/ehoks-virkailija-backend/cas-security-check",
        username="gateway",
        password_file=str(password),
        caller_id=CALLER,
    )
    return connect(
        [koski, ehoks],
        StillClock(),
        organisaatio=OrganisaatioSettings(base_url=f"{HOST}/organisaatio-service/api", caller_id=CALLER),
        transport=httpx.ASGITransport(app=national_services()),
    )


# --- every value is found again -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
async def test_every_value_of_a_plan_is_found_again(name: str, connected: Connected) -> None:
    document = sample(name)
    oid = StudyRightOid(document["opiskeluoikeus-oid"])
    (source,) = connected.plans
    answer = (await source.plans([oid])).answers[oid]
    await connected.aclose()
    assert answer.outcome is Outcome.OK
    assert answer.value is not None
    assert lost(document, answer.value, {}) == []


async def test_every_value_of_a_right_is_found_again_or_knowingly_left_out(connected: Connected) -> None:
    document = sample("koski/opiskeluoikeus.json")
    (source,) = connected.rights
    assert isinstance(source, KeptRights)
    assert isinstance(source.inner, KoskiSource)
    answer = await source.inner.right(StudyRightOid(document["oid"]))
    await connected.aclose()
    assert answer.outcome is Outcome.OK
    assert lost(document, answer.value, LEFT_OUT_OF_KOSKI) == []


async def test_every_value_of_a_batch_is_found_again_or_knowingly_left_out(connected: Connected) -> None:
    (person,) = sample("koski/sure_oids.json")
    oid = LearnerOid(person["henkilö"]["oid"])
    (source,) = connected.rights
    answer = (await source.rights([Person(oid=oid)])).answers[oid]
    await connected.aclose()
    assert answer.outcome is Outcome.OK
    rights = {right.oid: right for right in answer.value or ()}
    kept = [each for each in person["opiskeluoikeudet"] if each["tyyppi"]["koodiarvo"] in KEPT_TYPES]
    assert set(rights) == {each["oid"] for each in kept}
    for each in kept:
        assert rights[each["oid"]].student_oid == oid
        assert lost(each, rights[each["oid"]], LEFT_OUT_OF_KOSKI) == []


async def test_every_value_of_an_organisation_is_found_again_or_knowingly_left_out(connected: Connected) -> None:
    documents = [sample("registries/organisaatio.json"), *sample("registries/organisaatio_findbyoids.json")]
    assert connected.organisations is not None
    oids = [OrganisationOid(each["oid"]) for each in documents]
    answers = (await connected.organisations.nodes(oids)).answers
    await connected.aclose()
    for document in documents:
        node = answers[OrganisationOid(document["oid"])].value
        assert node is not None
        # A path is one text on the wire and a line of ancestors in our model.
        document["parentOidPath"] = [each for each in document.get("parentOidPath", "").split("|") if each]
        assert lost(document, node, LEFT_OUT_OF_ORGANISATIONS) == []
        assert not node.ancestors or node.ancestors[0] == OPH


def test_the_list_of_what_is_left_out_names_only_what_occurs() -> None:
    rights = [sample("koski/opiskeluoikeus.json"), *sample("koski/sure_oids.json")[0]["opiskeluoikeudet"]]
    paths = {path for each in rights for path, _ in leaves(each)}
    assert [prefix for prefix in LEFT_OUT_OF_KOSKI if not any(p.startswith(prefix) for p in paths)] == []

"""The national registers the gateway leans on: ONR knows persons by all their OIDs, Organisaatio knows the tree."""

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .cas import Cas
from .organisations import MERGERS, MOVES, ORGANISATIONS, Merger, Move, Organisation
from .parts import Json, present
from .world import Person, World

ONR_BASE = "/oppijanumerorekisteri-service"
ORGANISATION_BASE = "/organisaatio-service/api"
MAX_PERSONS = 5000
MAX_ORGANISATIONS = 1000

Handler = Callable[[Request], Awaitable[Response]]

_TYPES = {
    "root": "organisaatiotyyppi_05",
    "provider": "organisaatiotyyppi_01",
    "school": "organisaatiotyyppi_02",
    "site": "organisaatiotyyppi_03",
    "other": "organisaatiotyyppi_05",
}


SECURITY_CHECK = f"{ONR_BASE}/j_spring_cas_security_check"
SESSION_COOKIE = "JSESSIONID"
SESSION_SECONDS = 3600


def onr_app(world: World) -> Starlette:
    """The learner register: persons it does not know are silently absent from an answer."""
    return Starlette(routes=_onr_routes(world, _with_caller))


def onr_behind_cas(world: World, cas: Cas, service: str, clock: Callable[[], float] = time.monotonic) -> Starlette:
    """The same register as it is without a network that knows its callers: a ticket opens a session, and a session
    that has ended, or that there never was, answers as Spring does."""
    sessions: dict[str, float] = {}

    async def check(request: Request) -> Response:
        if not cas.redeem(request.query_params.get("ticket", ""), service):
            return Response(status_code=401)
        session = secrets.token_hex(16).upper()
        sessions[session] = clock() + SESSION_SECONDS
        answer = Response(status_code=302, headers={"Location": ONR_BASE + "/"})
        answer.set_cookie("lang", "fi", expires=datetime(2030, 1, 1, tzinfo=UTC))
        answer.set_cookie(SESSION_COOKIE, session, path=ONR_BASE, httponly=True, secure=True)
        return answer

    def within(handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            session = request.cookies.get(SESSION_COOKIE)
            if session is None:
                return Response(status_code=302, headers={"Location": f"/cas/login?service={quote(service, safe='')}"})
            if sessions.get(session, 0.0) < clock():
                return Response(status_code=401)
            if request.cookies.get("CSRF") != request.headers.get("csrf"):
                return Response(status_code=403)
            return await handler(request)

        return _with_caller(checked)

    return Starlette(routes=[*cas.routes(), Route(SECURITY_CHECK, check), *_onr_routes(world, within)])


def _onr_routes(world: World, guarded: Callable[[Handler], Handler]) -> list[Route]:

    async def masters(request: Request) -> Response:
        asked = _strings(await request.body(), MAX_PERSONS)
        if asked is None:
            return _person_error(request)
        found = {oid: world.person(oid) for oid in asked}
        return respond({oid: _person(person) for oid, person in found.items() if person})

    async def duplicates(request: Request) -> Response:
        asked = _strings(await request.body(), MAX_PERSONS, key="henkiloOids")
        if asked is None:
            return _person_error(request)
        persons = {person.oid: person for oid in asked if (person := world.person(oid))}
        return respond([{"henkiloOid": slave, "masterOid": p.oid} for p in persons.values() for slave in p.slaves])

    return [
        Route(f"{ONR_BASE}/henkilo/masterHenkilosByOidList", guarded(masters), methods=["POST"]),
        Route(f"{ONR_BASE}/s2s/duplicateHenkilos", guarded(duplicates), methods=["POST"]),
    ]


def organisation_app() -> Starlette:
    """The organisation register."""
    by_oid = {o.oid: _organisation(o) for o in ORGANISATIONS.values()}

    async def many(request: Request) -> Response:
        asked = _strings(await request.body(), MAX_ORGANISATIONS)
        if asked is None:
            return _organisation_error(400, "organisaatio.validation", "expected a list of at most 1000 OIDs")
        return respond([by_oid[oid] for oid in dict.fromkeys(asked) if oid in by_oid])

    async def one(request: Request) -> Response:
        found = by_oid.get(request.path_params["oid"])
        if found is None:
            return _organisation_error(404, "organisaatio.not.found", "organisation not found")
        return respond(found)

    async def mergers(_: Request) -> Response:
        return respond(list(map(_merger, MERGERS)))

    async def history(request: Request) -> Response:
        oid = request.path_params["oid"]
        if oid not in by_oid:
            return _organisation_error(404, "organisaatio.not.found", "organisation not found")
        return respond(_history(oid))

    return Starlette(
        routes=[
            Route(f"{ORGANISATION_BASE}/findbyoids", _with_caller(many), methods=["POST"]),
            Route(f"{ORGANISATION_BASE}/liitokset", _with_caller(mergers)),
            Route(f"{ORGANISATION_BASE}/{{oid}}", _with_caller(one)),
            Route(f"{ORGANISATION_BASE}/{{oid}}/historia", _with_caller(history)),
        ]
    )


def _with_caller(handler: Handler) -> Handler:
    async def checked(request: Request) -> Response:
        if not request.headers.get("caller-id"):
            return Response("Caller-Id header is missing", 403, media_type="text/plain")
        return await handler(request)

    return checked


def _strings(body: bytes, limit: int, key: str | None = None) -> list[str] | None:
    """The strings of a request; None when it is not a list of at most ``limit`` strings."""
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if key is not None:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list) or len(value) > limit or any(not isinstance(v, str) for v in value):
        return None
    return value


def _person(person: Person) -> Json:
    return {
        "oidHenkilo": person.oid,
        "oppijanumero": person.oid,
        "etunimet": person.given_names,
        "kutsumanimi": person.given_names.split()[0],
        "sukunimi": person.family_name,
        "duplicate": False,
        "passivoitu": False,
        "yksiloity": False,
        "yksiloityVTJ": True,
        "turvakielto": person.non_disclosure,
        **present(syntymaaika=person.born.isoformat() if person.born else None),
    }


def _organisation(organisation: Organisation) -> Json:
    parent = organisation.path[-1] if organisation.path else None
    school, provider = organisation.kind == "school", organisation.kind == "provider"
    return {
        "oid": organisation.oid,
        "nimi": organisation.name.as_dict(),
        "tyypit": [_TYPES[organisation.kind]],
        "parentOidPath": "".join(f"|{oid}" for oid in organisation.path) + "|" if parent else "",
        "status": "PASSIIVINEN" if organisation.ended else "AKTIIVINEN",
        "alkuPvm": "2018-01-01",
        **present(
            parentOid=parent,
            lakkautusPvm=organisation.ended.isoformat() if organisation.ended else None,
            ytunnus=organisation.code if provider else None,
            oppilaitosKoodi=organisation.code if school else None,
        ),
    }


def respond(value: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(value), status, media_type="application/json")


def _merger(merger: Merger) -> Json:
    merged, into = ORGANISATIONS[merger.merged], ORGANISATIONS[merger.into]
    return {
        "organisaatio": {"oid": merged.oid, "nimi": merged.name.as_dict()},
        "kohde": {"oid": into.oid, "nimi": into.name.as_dict()},
        "alkuPvm": merger.day.isoformat(),
    }


def _history(oid: str) -> Json:
    mergers = [(merger, ORGANISATIONS[merger.merged].oid, ORGANISATIONS[merger.into].oid) for merger in MERGERS]
    moves = [(move, ORGANISATIONS[move.moved], ORGANISATIONS[move.was_under]) for move in MOVES]
    relations = [(_relation(move), child.oid, parent.oid) for move, child, parent in moves]
    return {
        "childSuhteet": [relation for relation, _, parent in relations if parent == oid],
        "parentSuhteet": [relation for relation, child, _ in relations if child == oid],
        "liitokset": [_merger(merger) for merger, _, into in mergers if into == oid],
        "liittymiset": [_merger(merger) for merger, merged, _ in mergers if merged == oid],
    }


def _relation(move: Move) -> Json:
    child, parent = ORGANISATIONS[move.moved], ORGANISATIONS[move.was_under]
    return {
        "alkuPvm": move.began.isoformat(),
        "loppuPvm": move.day.isoformat(),
        "child": {"oid": child.oid, "nimi": child.name.as_dict()},
        "parent": {"oid": parent.oid, "nimi": parent.name.as_dict()},
    }


def _person_error(request: Request) -> Response:
    message = f"expected a list of at most {MAX_PERSONS} OIDs"
    return respond({"status": 400, "error": "Bad Request", "message": message, "path": request.url.path}, 400)


def _organisation_error(status: int, key: str, message: str) -> Response:
    return respond({"errorKey": key, "errorMessage": message}, status)

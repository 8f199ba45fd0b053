"""Study rights as Koski shows them to provider A's account: rights of A's tree, and rights that are included in one."""

import base64
from collections import defaultdict
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hoks.identifiers import Check, check_learner_oid

from .organisations import tree_of
from .rights import koski_right
from .world import World

MAX_PERSONS = 1000
MAX_PAGE = 10_000

Handler = Callable[[Request], Awaitable[Response]]


def koski_app(world: World, username: str, password: str) -> Starlette:
    """The app, for one account with HTTP Basic."""
    return Starlette(routes=_Koski(world, username, password).routes())


class _Koski:
    def __init__(self, world: World, username: str, password: str) -> None:
        self._world = world
        self._expected = b"Basic " + base64.b64encode(f"{username}:{password}".encode())
        tree = tree_of("A")
        visible = [
            right
            for right in world.rights
            if not right.annulled
            and (right.school.oid in tree or (right.included_in and right.included_in.school_oid in tree))
        ]
        self._rights = {right.oid: koski_right(right, world) for right in visible}
        self._recorded: defaultdict[str, list[str]] = defaultdict(list)
        for right in visible:
            self._recorded[right.recorded_under].append(right.oid)
        self._persons = sorted({right.person.oid for right in visible})

    def routes(self) -> list[Route]:
        return [
            Route("/koski/api/sure/oids", self._logged_in(self._batch), methods=["POST"]),
            Route("/koski/api/opiskeluoikeus/{oid}", self._logged_in(self._one)),
            Route("/koski/api/oppija/oids", self._logged_in(self._list)),
        ]

    def _logged_in(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            given = request.headers.get("authorization")
            if given is None:
                return _error(401, "unauthorized.notAuthenticated", "Käyttäjä ei ole tunnistautunut.")
            if not compare_digest(given.encode(), self._expected):
                return _error(401, "unauthorized.loginFail", "Sisäänkirjautuminen epäonnistui.")
            return _faulty_headers(request) or await handler(request)

        return checked

    async def _batch(self, request: Request) -> Response:
        """All rights of many persons: each asked OID finds what is recorded under it, the answer is keyed by master."""
        try:
            asked = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return _error(400, "badRequest.format.json", "Epäkelpo JSON-dokumentti")
        if not isinstance(asked, list) or len(asked) > MAX_PERSONS:
            return _error(400, "badRequest.queryParam", f"expected a list of at most {MAX_PERSONS} OIDs")
        if any(not isinstance(oid, str) or check_learner_oid(oid) is Check.MALFORMED for oid in asked):
            return _error(400, "badRequest.queryParam.virheellinenHenkilöOid", "Virheellinen henkilö-oid")
        found: dict[str, list[Any]] = {}
        # The order of an answer means nothing in Koski; turning it round keeps readers from leaning on it.
        for oid in reversed(dict.fromkeys(asked)):
            person = self._world.person(oid)
            if person and oid in self._recorded:
                rights = found.setdefault(person.oid, [])
                rights += [self._rights[right] for right in self._recorded[oid]]
        return _json([{"henkilö": {"oid": oid}, "opiskeluoikeudet": rights} for oid, rights in found.items()])

    async def _one(self, request: Request) -> Response:
        right = self._rights.get(request.path_params["oid"])
        if right is None:
            return _error(
                404,
                "notFound.opiskeluoikeuttaEiLöydyTaiEiOikeuksia",
                "Opiskeluoikeutta ei löydy annetulla oid:llä tai käyttäjällä ei ole siihen oikeuksia",
            )
        return _json(right)

    async def _list(self, request: Request) -> Response:
        try:
            size = int(request.query_params.get("pageSize", "100"))
            page = int(request.query_params.get("pageNumber", "0"))
        except ValueError:
            size = page = -1
        if not (0 < size <= MAX_PAGE and page >= 0):
            return _error(400, "badRequest.queryParam", "pageSize or pageNumber is out of range")
        return _json(self._persons[page * size : (page + 1) * size])


def _faulty_headers(request: Request) -> Response | None:
    if not request.headers.get("caller-id"):
        return _error(403, "forbidden.callerId", "Caller-Id header is missing")
    if request.method != "POST":
        return None
    token = request.headers.get("csrf")
    if not token or token != request.cookies.get("CSRF"):
        return _error(403, "forbidden.csrf", "CSRF header and cookie must be there and equal")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return _error(415, "unsupportedMediaType.jsonOnly", "Wrong content type: only JSON content allowed")
    return None


def _json(value: object) -> Response:
    headers = {"Cache-Control": "no-store, no-cache, must-revalidate"}
    return Response(orjson.dumps(value), media_type="application/json", headers=headers)


def _error(status: int, key: str, message: str) -> Response:
    return Response(orjson.dumps([{"key": key, "message": message}]), status, media_type="application/json")

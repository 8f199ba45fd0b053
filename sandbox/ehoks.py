"""Provider A's plans as eHOKS serves them to a provider's own account: one ticket per call, 401 for what is not A's."""

import copy
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .cas import Cas
from .organisations import tree_of
from .parts import Json
from .plans import LISTS
from .world import StudyRight, World

BASE = "/ehoks-virkailija-backend/api/v1/hoks"
SERVICE_PATH = "/ehoks-virkailija-backend/cas-security-check"

MAX_PAGE = 1_000
_NO_CALLER = "Caller-Id header is missing"
_NO_TICKET = "Cas service ticket header is missing"
_BAD_TICKET = "Invalid ticket"
_USED_TICKET = "User not found for given ticket. Ticket may be expired."
_NO_ACCESS = "No access is allowed. Check Opintopolku privileges and 'opiskeluoikeus'"

Handler = Callable[[Request], Awaitable[Response]]


def ehoks_app(world: World, cas: Cas, service: str) -> Starlette:
    """The app; ``service`` is the address for which tickets are to be asked."""
    return Starlette(routes=[*cas.routes(), *_Ehoks(world, cas, service).routes()])


def as_served(plan: Json) -> Json:
    """A plan as eHOKS puts it out, with its habit of returning at most one subarea of a demonstration."""
    served = copy.deepcopy(plan)
    for demonstration in _demonstrations(served):
        if "osa-alueet" in demonstration:
            del demonstration["osa-alueet"][1:]
    return served


def reduced(part: Any) -> Any:
    """A plan, or a part of one, as statistics get it: without contact data, without most names."""
    if isinstance(part, list):
        return [reduced(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _reduced(key, value) for key, value in part.items() if key not in _NOT_IN_STATISTICS}
    return {key: "<REDACTED>" if key == "nimi" and "organisaatio" in kept else value for key, value in kept.items()}


_NOT_IN_STATISTICS = frozenset({"sahkoposti", "puhelinnumero", "jarjestajan-edustaja", "hankkijan-edustaja"})


def _reduced(key: str, value: Any) -> Any:
    return True if key == "vastuullinen-tyopaikka-ohjaaja" else reduced(value)


def _demonstrations(part: object) -> list[Json]:
    if isinstance(part, list):
        return [found for item in part for found in _demonstrations(item)]
    if not isinstance(part, dict):
        return []
    here = [part] if "nayttoymparisto" in part else []
    return here + [found for value in part.values() for found in _demonstrations(value)]


class _Ehoks:
    def __init__(self, world: World, cas: Cas, service: str) -> None:
        self._world = world
        self._cas = cas
        self._service = service
        self._tree = tree_of("A")
        own = [p for p in world.plans if not p.copied]
        self._right_of_id = {p.document["id"]: p.right for p in own}
        self._plans = {p.right.oid: as_served(p.document) for p in own if p.held_by == "A"}
        self._everyones = sorted((p.document for p in own), key=lambda document: document["id"])

    def routes(self) -> list[Route]:
        return [
            Route(f"{BASE}/paged", self._with_ticket(self._paged)),
            Route(f"{BASE}/opiskeluoikeus/{{oid}}", self._with_ticket(self._by_right)),
            Route(f"{BASE}/{{id:int}}", self._with_ticket(self._whole)),
            Route(f"{BASE}/{{id:int}}/hankintakoulutukset", self._with_ticket(self._procured)),
        ]

    def _with_ticket(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            if not request.headers.get("caller-id"):
                return _error(401, _NO_CALLER)
            ticket = request.headers.get("ticket", "")
            if not ticket:
                return _error(401, _NO_TICKET)
            if not ticket.startswith("ST-"):
                return _error(401, _BAD_TICKET)
            if not self._cas.redeem(ticket, self._service):
                return _error(401, _USED_TICKET)
            return await handler(request)

        return checked

    async def _by_right(self, request: Request) -> Response:
        right = self._world.right(request.path_params["oid"])
        if right and not self._is_own(right):
            return _error(401, _NO_ACCESS)
        plan = self._plans.get(right.oid) if right else None
        if plan is None:
            return _error(404, "No HOKS found with given opiskeluoikeus")
        return _data({key: value for key, value in plan.items() if key not in LISTS})

    async def _whole(self, request: Request) -> Response:
        right = self._right_of_id.get(request.path_params["id"])
        if right is None or not self._is_own(right):
            return _refusal(right)
        return _data(self._plans[right.oid])

    async def _procured(self, request: Request) -> Response:
        right = self._right_of_id.get(request.path_params["id"])
        if right is None or not self._is_own(right):
            return _refusal(right)
        # As in the national index: whoever points at the right, also with the wrong school.
        oids = [
            r.oid
            for r in self._world.rights
            if r.included_in and r.included_in.right_oid == right.oid and not r.annulled
        ]
        return _json(oids)

    async def _paged(self, request: Request) -> Response:
        """Everybody's plans, reduced, to any account: those after an id, and changed after a moment."""
        try:
            amount = int(request.query_params.get("amount", "500"))
            after = int(request.query_params.get("from-id", "0"))
            since = _moment(request.query_params.get("updated-after", "1970-01-01T00:00:00Z"))
        except ValueError:
            return _error(400, "bad request")
        if not 1 <= amount <= MAX_PAGE:
            return _error(400, "bad request")
        found = [p for p in self._everyones if p["id"] > after and _moment(p["paivitetty"]) > since][:amount]
        last = found[-1]["id"] if found else after
        return _data({"last-id": last, "failed-ids": [], "result": [reduced(p) for p in found]})

    def _is_own(self, right: StudyRight) -> bool:
        return right.school.oid in self._tree


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _refusal(right: StudyRight | None) -> Response:
    return _error(404, "HOKS not found") if right is None else _error(401, _NO_ACCESS)


def _data(data: object) -> Response:
    return _json({"meta": {}, "data": data})


def _json(value: object) -> Response:
    headers = {"Cache-Control": "no-cache, no-store"}
    return Response(orjson.dumps(value), media_type="application/json", headers=headers)


def _error(status: int, message: str) -> Response:
    return Response(orjson.dumps({"error": message}), status, media_type="application/json")

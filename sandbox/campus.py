"""Provider D's student system: nested JSON in words of its own, a short-lived token, and answers in no order.

What it is called and where it stands is said here once; its answers and the gateway's settings are both made of it.
"""

import base64
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hmac import compare_digest
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .rows import Cell, Row, Tables, plan_key, tables
from .world import World

BASE = "/api/v2"
CLIENT_ID = "hoks-gateway"
SCOPE = "opiskelijat.lue"
TOKEN_SECONDS = 300
MAX_BATCH = 300
"""OIDs in one call: of a hundred students, retired ones included."""
PAGE_SIZE = 1
"""So small that even a short list takes several pages."""

CODES: dict[str, dict[str, str]] = {
    "state": {
        "aktiivinen": "lasna",
        "lomalla": "loma",
        "tauolla": "valiaikaisestikeskeytynyt",
        "valmis": "valmistunut",
        "lopettanut": "eronnut",
        "virheellinen": "mitatoity",
        "peruttu": "peruutettu",
        "poistettu": "katsotaaneronneeksi",
    },
    "right_type": {"ammatillinen": "ammatillinenkoulutus", "valmentava": "tuva"},
    "assessor_kind": {"opettaja": "provider", "tyoelama": "working_life", "aiempi": "prior"},
}
"""D's words for ours; other words and codes it writes as they are."""
_WORDS = {
    ("rights", "state"): "state",
    ("rights", "type"): "right_type",
    ("assessors", "kind"): "assessor_kind",
}


# --- how D's answers are built --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Records of one table in an answer: their member in the record around them, and our and D's names of values."""

    name: str
    table: str
    member: str
    under: str
    names: dict[str, str]


def _names(pairs: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs.split())


_UNIT = _names(
    "key=tunnus kind=laji code=koodi code_version=koodiversio requirements_number=diaarinumero name=nimi "
    "extent=laajuus amosaa_id=eperusteId goals=tavoitteet deviation=poikkeaminen provider_oid=jarjestaja "
    "essential_circumstance=olennainenSeikka"
)
_PLANNED = _UNIT | _names(
    "hours=ohjaus.tunnit start=alkaa end=paattyy description=kuvaus support_type=tuki.laji unit_group=tuki.osaryhma"
)
_PRIOR = _UNIT | _names("process=todentaminen sent_on=lahetettyArvioitavaksi")
_PERIOD = _names(
    "key=tunnus source_key=yksiloiva start=kesto.alku end=kesto.loppu detail=tarkenne mode=tapa "
    "representative_name=edustaja.nimi representative_role=edustaja.rooli representative_org=edustaja.organisaatio "
    "procuring_name=hankkija.nimi procuring_role=hankkija.rooli procuring_org=hankkija.organisaatio "
    "instructor_name=tyopaikka.ohjaaja.nimi instructor_email=tyopaikka.ohjaaja.sahkoposti "
    "instructor_phone=tyopaikka.ohjaaja.puhelin workplace_name=tyopaikka.nimi workplace_business_id=tyopaikka.ytunnus "
    "key_tasks=tyopaikka.tehtavat working_time_percent=osaAika apprenticeship_basis=oppisopimus"
)
_SPAN = _names("start=alku end=loppu")
_DEMONSTRATION = _names(
    "key=tunnus start=kesto.alku end=kesto.loppu organiser_oid=jarjestaja subareas=osaAlueet "
    "environment_name=paikka.nimi environment_business_id=paikka.ytunnus environment_description=paikka.kuvaus "
    "contents=sisalto deviation=poikkeaminen criteria=kriteerit"
)
_ASSESSOR = _names(
    "kind=puoli name=nimi organisation_oid=organisaatio.oid organisation_name=organisaatio.nimi "
    "organisation_business_id=organisaatio.ytunnus"
)


def _with_learning(unit: str) -> tuple[Part, ...]:
    """What stands under a planned unit or subarea."""
    periods = f"{unit}-jaksot"
    return (
        Part(name=periods, table="periods", member="jaksot", under=unit, names=_PERIOD),
        Part(
            name=f"{periods}-ymparistot", table="environments", member="ymparistot", under=periods,
            names={"code": "koodi"} | _SPAN,
        ),
        Part(name=f"{periods}-tauot", table="interruptions", member="tauot", under=periods, names=_SPAN),
        *_with_demonstrations(unit),
    )  # fmt: skip


def _with_demonstrations(unit: str) -> tuple[Part, ...]:
    shown = f"{unit}-naytot"
    return (
        Part(name=shown, table="demonstrations", member="naytot", under=unit, names=_DEMONSTRATION),
        Part(name=f"{shown}-arvioijat", table="assessors", member="arvioijat", under=shown, names=_ASSESSOR),
    )


def _with_referral(unit: str) -> tuple[Part, ...]:
    """What stands under a prior unit or subarea."""
    return (
        Part(name=f"{unit}-arvioijat", table="assessors", member="arvioijat", under=unit, names=_ASSESSOR),
        *_with_demonstrations(unit),
    )


PLAN = Part(
    name="hoksit",
    table="plans",
    member="hoksit",
    under="",
    names=_names(
        "key=tunnus learner_oid=opiskelija first_approved_on=hyvaksynta.ensimmainen approved_at=hyvaksynta.viimeisin "
        "updated_at=muokattu version=versio competence_acquisition_needed=hankkimisenTarve career_plan_goal=tavoite "
        "competence_achieved_on=saavutettu student_email=yhteystiedot.sahkoposti student_phone=yhteystiedot.puhelin "
        "preparatory_right_oid=tuva entered_manually=kasinSyotetty"
    ),
)
PLAN_PARTS = (
    PLAN,
    Part(name="osat", table="units", member="osat", under="hoksit", names=_PLANNED),
    *_with_learning("osat"),
    Part(name="osa-alueet", table="units", member="osaAlueet", under="osat", names=_PLANNED),
    *_with_learning("osa-alueet"),
    Part(name="aiemmat", table="prior_units", member="aiemmat", under="hoksit", names=_PRIOR),
    *_with_referral("aiemmat"),
    Part(name="aiemmat-alueet", table="prior_units", member="osaAlueet", under="aiemmat", names=_PRIOR),
    *_with_referral("aiemmat-alueet"),
)
RIGHT = _names(
    "key=tunnus oid=oid school_oid=oppilaitos site_oid=toimipiste type=tyyppi estimated_end=arvioituLoppu "
    "qualification_code=tutkinto.koodi qualification_name=tutkinto.nimi requirements_number=peruste.diaarinumero "
    "requirements_name=peruste.nimi area_code=osaamisala.koodi area_name=osaamisala.nimi "
    "included_in_oid=sisaltyy.oid included_in_school=sisaltyy.oppilaitos purchased=ostettu"
)
STATE = _names("state=vaihe state_start=alkaen")

_LINKS = {
    ("units", "plans"): "plan_key",
    ("units", "units"): "parent_key",
    ("prior_units", "plans"): "plan_key",
    ("prior_units", "prior_units"): "parent_key",
    ("periods", "units"): "unit_key",
    ("environments", "periods"): "period_key",
    ("interruptions", "periods"): "period_key",
    ("demonstrations", "units"): "unit_key",
    ("demonstrations", "prior_units"): "prior_key",
    ("assessors", "demonstrations"): "demonstration_key",
    ("assessors", "prior_units"): "prior_key",
}
"""By which column a row of the first table belongs to one of the second."""


def _record(names: dict[str, str], row: Row, table: str) -> dict[str, Any]:
    """A row as D writes it: names with a dot are objects, and what is empty is left out."""
    record: dict[str, Any] = {}
    for ours, theirs in names.items():
        value = _json(row.get(ours), _WORDS.get((table, ours)))
        if value is None:
            continue
        *around, last = theirs.split(".")
        place = record
        for name in around:
            place = place.setdefault(name, {})
        place[last] = value
    return record


def _json(value: Cell, words: str | None) -> Any:
    match value:
        case str() if words is not None:
            return next(theirs for theirs, ours in CODES[words].items() if ours == value)
        case "":
            return None
        case datetime():
            return value.isoformat()
        case date():
            return f"{value:%Y%m%d}"
        case tuple():
            return list(value)
        case _:
            return value


def _plan_record(made: Tables, part: Part, row: Row) -> dict[str, Any]:
    record = _record(part.names, row, part.table)
    for inner in PLAN_PARTS:
        if inner.under == part.name:
            link = _LINKS[inner.table, part.table]
            rows = [each for each in made[inner.table] if each[link] == row["key"]]
            if link == "plan_key":
                rows = [each for each in rows if each["parent_key"] is None]
            if rows:
                record[inner.member] = [_plan_record(made, inner, each) for each in rows]
    return record


# --- how D answers --------------------------------------------------------------------------------------------

Handler = Callable[[Request], Awaitable[Response]]


def campus_app(world: World, secret: str, seconds: Callable[[], float] = time.monotonic) -> Starlette:
    """The app, for one account at its own token server."""
    return Starlette(routes=_Campus(world, secret, seconds).routes())


class _Campus:
    def __init__(self, world: World, secret: str, seconds: Callable[[], float]) -> None:
        made = tables(world, "D")
        self._expected = b"Basic " + base64.b64encode(f"{CLIENT_ID}:{secret}".encode())
        self._seconds = seconds
        self._tokens: dict[str, float] = {}
        self._students = _students(made)
        self._holders = {right.oid: right.known_as for right in world.rights_of("D") if right.known_as}
        by_key = {str(row["key"]): row for row in made["plans"]}
        self._plans: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for plan in world.plans_of("D"):
            row = by_key[plan_key(plan)] | {"learner_oid": plan.right.known_as}
            record = _plan_record(made, PLAN, row)
            self._plans[plan.right.oid].append({"opintooikeus": {"oid": plan.right.oid}} | record)

    def routes(self) -> list[Route]:
        return [
            Route("/oauth2/token", self._token, methods=["POST"]),
            Route(f"{BASE}/opiskelijat/haku", self._known(self._search), methods=["POST"]),
            Route(f"{BASE}/opiskelijat", self._known(self._list)),
            Route(f"{BASE}/hoksit", self._known(self._of_rights)),
            Route(f"{BASE}/opintooikeudet/{{oid}}", self._known(self._right)),
        ]

    async def _token(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not compare_digest(given.encode(), self._expected):
            return _error(401, "invalid_client")
        form = dict(pair.partition("=")[::2] for pair in (await request.body()).decode().split("&"))
        if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE:
            return _error(400, "invalid_request")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._seconds() + TOKEN_SECONDS
        return _answer({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": SCOPE})

    def _known(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or self._tokens.get(token, 0.0) <= self._seconds():
                return _error(401, "invalid_token")
            return await handler(request)

        return checked

    async def _search(self, request: Request) -> Response:
        try:
            asked = orjson.loads(await request.body())["oppijanumerot"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return _error(400, "invalid_request")
        if not isinstance(asked, list) or len(asked) > MAX_BATCH:
            return _error(400, "invalid_request")
        # The order of an answer means nothing; turning it round keeps readers from leaning on it.
        return _answer({"opiskelijat": [self._students[oid] for oid in reversed(asked) if oid in self._students]})

    async def _list(self, request: Request) -> Response:
        text = request.query_params.get("sivu", "1")
        start = (int(text) - 1) * PAGE_SIZE if text.isdecimal() else -1
        if start < 0:
            return _error(400, "invalid_request")
        numbers = [{"oppijanumero": oid} for oid in sorted(self._students)]
        return _answer({"opiskelijat": numbers[start : start + PAGE_SIZE], "sivutus": {"kaikkiaan": len(numbers)}})

    async def _of_rights(self, request: Request) -> Response:
        asked = request.query_params.get("opintooikeudet", "").split(",")
        if len(asked) > MAX_BATCH:
            return _error(400, "invalid_request")
        return _answer({"hoksit": [plan for oid in reversed(asked) for plan in self._plans.get(oid, ())]})

    async def _right(self, request: Request) -> Response:
        oid = request.path_params["oid"]
        if oid not in self._holders:
            return _error(404, "not_found")
        return _answer({"oid": oid, "opiskelija": {"oppijanumero": self._holders[oid]}})


def _students(made: Tables) -> dict[str, dict[str, Any]]:
    """Each student with the rights, each right with its states."""
    return {
        str(person["oid"]): {"oppijanumero": person["oid"], "opintooikeudet": _rights(made["rights"], person)}
        for person in made["people"]
        if person["oid"]
    }


def _rights(rows: Iterable[Row], person: Row) -> list[dict[str, Any]]:
    rights: dict[Cell, dict[str, Any]] = {}
    for row in rows:
        if row["person_key"] == person["key"]:
            right = rights.setdefault(row["oid"], _record(RIGHT, row, "rights") | {"vaiheet": []})
            right["vaiheet"].append(_record(STATE, row, "rights"))
    return list(rights.values())


def _answer(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers={"cache-control": "no-store"})


def _error(status: int, code: str) -> Response:
    return Response(orjson.dumps({"error": code}), status, media_type="application/json")

"""The qualification requirements as ePerusteet serves them: found by a part of the register number, read whole.

Units of another qualification stand in a document too, with fewer credits than in their own.
"""

from collections.abc import Iterator
from functools import cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .names import registered
from .parts import Json
from .registries import respond
from .texts import Qualification, texts

BASE = "/eperusteet-service/api/external"
MAX_PAGE = 50
ELSEWHERE = 5
"""How many credits fewer a unit comes to in the requirements of another qualification."""
FIRST_ID = 7_000_000
UNIT_ID = 6_000_000


def eperusteet_app() -> Starlette:
    """The app."""

    async def find(request: Request) -> Response:
        wanted, with_removed = request.query_params.get("diaarinumero", ""), request.query_params.get("poistuneet")
        found = [
            document
            for document in _documents()
            if wanted in document["diaarinumero"] and (with_removed == "true" or document["tila"] != "poistettu")
        ]
        size = min(int(request.query_params.get("sivukoko", "10")), MAX_PAGE)
        page = int(request.query_params.get("sivu", "0"))
        listed = [{key: each[key] for key in _LISTED} for each in found[page * size : (page + 1) * size]]
        return respond(
            {
                "data": listed,
                "sivu": page,
                "sivukoko": size,
                "sivuja": -(-len(found) // size),
                "kokonaismäärä": len(found),
            }
        )

    async def whole(request: Request) -> Response:
        found = next((each for each in _documents() if each["id"] == request.path_params["id"]), None)
        return respond(found) if found is not None else respond({"syy": "perustetta ei ole"}, 404)

    async def unit(request: Request) -> Response:
        newest = {each["koodiUri"]: each for document in _documents() for each in document["tutkinnonOsat"]}
        found = newest.get(request.path_params["uri"])
        return respond(found) if found is not None else respond({"syy": "tutkinnon osaa ei ole"}, 404)

    return Starlette(
        routes=[
            Route(f"{BASE}/perusteet", find),
            Route(f"{BASE}/peruste/tutkinnonosa/{{uri}}", unit),
            Route(f"{BASE}/peruste/{{id:int}}", whole),
        ]
    )


_LISTED = ("id", "diaarinumero", "nimi", "tila", "muokattu")


@cache
def _documents() -> tuple[Json, ...]:
    """A document for each qualification, and a removed one whose number holds another's."""
    current = [_document(place, studied) for place, studied in enumerate(texts().qualification)]
    first = current[0]
    removed = {
        **first,
        "id": FIRST_ID - 1,
        "diaarinumero": first["diaarinumero"] + "-1",
        "tila": "poistettu",
        "nimi": {"fi": "Kumotut perusteet", "sv": "Upphävda grunder"},
    }
    return (*current, removed)


def _document(place: int, studied: Qualification) -> Json:
    units = [(code, registered().unit_of(code).credits) for code in studied.units]
    units += [(code, registered().unit_of(code).credits - ELSEWHERE) for code in _borrowed(studied)]
    return {
        "id": FIRST_ID + place,
        "diaarinumero": studied.requirements_number,
        "nimi": {**studied.name.as_dict(), "_id": str(place)},
        "koulutustyyppi": "koulutustyyppi_1",
        "tila": "valmis",
        "muokattu": 1_780_000_000_000 + place,
        "koulutukset": [{"koulutuskoodiArvo": studied.code, "koulutuskoodiUri": f"koulutus_{studied.code}"}],
        "suoritustavat": [
            {
                "suoritustapakoodi": "reformi",
                "laajuusYksikko": "OSAAMISPISTE",
                "tutkinnonOsaViitteet": [
                    {"_tutkinnonOsa": str(_id(place, code)), "laajuus": points, "jarjestys": order}
                    for order, (code, points) in enumerate(units, start=1)
                ],
            }
        ],
        "tutkinnonOsat": [_unit(place, code) for code, _ in units],
    }


def _borrowed(studied: Qualification) -> Iterator[str]:
    """Units of the other qualifications that may be studied in this one."""
    for other in texts().qualification:
        if other is not studied:
            yield from other.units[5:7]


def _id(place: int, code: str) -> int:
    return UNIT_ID + place * 1_000 + int(code) % 1_000


def _unit(place: int, code: str) -> Json:
    return {
        "id": _id(place, code),
        "nimi": registered().unit_of(code).name.by_language(),
        "koodi": {"uri": f"tutkinnonosat_{code}", "arvo": code, "koodisto": "tutkinnonosat", "versio": None},
        "koodiUri": f"tutkinnonosat_{code}",
        "koodiArvo": code,
        "tyyppi": "normaali",
        "osaAlueet": [],
        "kuvaus": None,
    }

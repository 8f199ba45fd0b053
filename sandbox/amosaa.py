"""The local units as AMOSAA serves them: each by its four-part code, in the curricula of the provider that owns it."""

from functools import cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .organisations import PROVIDERS, organisation
from .parts import Json, local_unit_code
from .registries import respond
from .texts import texts

BASE = "/eperusteet-amosaa-service/api"


def amosaa_app() -> Starlette:
    """The app."""

    async def by_code(request: Request) -> Response:
        return respond(_units().get(request.path_params["code"], []))

    return Starlette(routes=[Route(f"{BASE}/julkinen/koodi/{{code}}", by_code)])


@cache
def _units() -> dict[str, list[Json]]:
    """Every provider's local units: the same codes at each, and each provider's own names."""
    words = texts().words
    return {
        local_unit_code(letter, place): [_place(letter, place, fi, sv)]
        for letter in PROVIDERS
        for place, (fi, sv) in enumerate(zip(words.fi.local_units, words.sv.local_units, strict=True))
    }


def _place(letter: str, place: int, fi: str, sv: str) -> Json:
    provider = organisation(letter)
    return {
        "id": 350_000 + place,
        "tekstiKappale": {"id": 340_000 + place, "nimi": {"fi": f"{fi} ({letter})", "sv": f"{sv} ({letter})"}},
        "owner": {
            "id": 160_000,
            "tyyppi": "ops",
            "koulutustoimija": {"id": 18_000, "organisaatio": provider.oid, "nimi": provider.name.as_dict()},
        },
    }

"""The code sets as Koodisto serves them: names listed by language, and plain text where there is no such code."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .names import RegisteredName, code_sets
from .parts import Json
from .registries import respond

BASE = "/koodisto-service/rest"

_ADDRESSES = {("urasuunnitelma", "0004"): "urasuunnitelma_004"}
"""Codes whose address is not their set and value in one: there are such."""
_VERSIONS = {"tutkinnonosat": 2, "oppisopimuksenperusta": 2}
"""The latest version of the codes of a set, where it is not the first."""
_EARLIER = {
    "oppisopimuksenperusta_01": RegisteredName(fi="Työsopimus", sv="Arbetsavtal"),
    "oppisopimuksenperusta_02": RegisteredName(fi="Yrittäjän oppisopimus", sv="Företagares läroavtal"),
}
"""What codes were called in their first version, where it was something else."""


def koodisto_app() -> Starlette:
    """The app."""
    by_uri = {code["koodiUri"]: code for name in code_sets() for code in _codes(name)}

    async def whole_set(request: Request) -> Response:
        name = request.path_params["name"]
        return respond(_codes(name)) if name in code_sets() else _not_found("error.codes.not.found")

    async def versions(request: Request) -> Response:
        latest = by_uri.get(request.path_params["uri"])
        return respond([*_earlier(latest), latest]) if latest else _not_found("error.codeelement.not.found")

    return Starlette(
        routes=[
            Route(f"{BASE}/json/{{name}}/koodi", whole_set),
            Route(f"{BASE}/codeelement/{{uri}}", versions),
        ]
    )


def _codes(name: str) -> list[Json]:
    return [_code(name, value, told, _VERSIONS.get(name, 1)) for value, told in code_sets().get(name, {}).items()]


def _earlier(latest: Json) -> list[Json]:
    name, uri = latest["koodisto"]["koodistoUri"], latest["koodiUri"]
    told = _EARLIER.get(uri, code_sets()[name][latest["koodiArvo"]])
    return [_code(name, latest["koodiArvo"], told, version) for version in range(1, latest["versio"])]


def _code(name: str, value: str, told: RegisteredName, version: int) -> Json:
    return {
        "koodiUri": _ADDRESSES.get((name, value), f"{name}_{value.lower()}"),
        "koodiArvo": value,
        "versio": version,
        "tila": "HYVAKSYTTY",
        "voimassaAlkuPvm": "2018-08-01",
        "voimassaLoppuPvm": None,
        "koodisto": {"koodistoUri": name, "koodistoVersios": [1]},
        "metadata": [
            {"kieli": language.upper(), "nimi": text, "lyhytNimi": text, "kuvaus": None}
            for language, text in told.by_language().items()
        ],
    }


def _not_found(text: str) -> Response:
    return PlainTextResponse(text, 404)

"""Names of local units, from AMOSAA. A local unit is a provider's own: the same code at two providers is two units."""

import re
import time
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

import msgspec

from connectors.bodies import elements
from connectors.capabilities import Capabilities, reference
from connectors.client import HttpPort, Outgoing, opintopolku_headers
from connectors.failures import SourceFailure, refuse_failures
from connectors.lenient import read
from connectors.limits import Reached
from connectors.registries.almanac import Almanac
from connectors.registries.names import NamesWire, names_in
from connectors.wire import Open, Text
from hoks.identifiers import OPH, Check, OrganisationOid, check_organisation_oid
from hoks.values import Text as Names

MAX_UNITS = 10_000
MAX_PLACES = 1_000
"""Curricula in which one local unit can honestly stand."""
SOURCE = "amosaa"

_PREFIX = ("paikallinen", "tutkinnonosa")
_CODE = re.compile(r"[A-Za-z0-9.-]{1,50}", re.ASCII)


class AmosaaSettings(Reached, frozen=True, kw_only=True):
    """AMOSAA."""

    base_url: str
    """Where the service begins, ``/eperusteet-amosaa-service/api`` included."""
    caller_id: str
    refresh_hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 12


class ProviderWire(Open, frozen=True, kw_only=True):
    """Koulutustoimija."""

    oid: Text | None = msgspec.field(name="organisaatio", default=None)


class OwnerWire(Open, frozen=True, kw_only=True):
    """The curriculum in which a unit stands."""

    provider: ProviderWire | None = msgspec.field(name="koulutustoimija", default=None)


class TextWire(Open, frozen=True, kw_only=True):
    """Tekstikappale."""

    names: NamesWire | None = msgspec.field(name="nimi", default=None)


class PlaceWire(Open, frozen=True, kw_only=True):
    """A unit's place in a curriculum (sisältöviite)."""

    text: TextWire | None = msgspec.field(name="tekstiKappale", default=None)
    owner: OwnerWire | None = None


class Amosaa:
    """The local curricula over HTTP."""

    def __init__(self, settings: AmosaaSettings, http: HttpPort, seconds: Callable[[], float] = time.monotonic) -> None:
        self._base = settings.base_url.rstrip("/")
        self._headers = opintopolku_headers(settings.caller_id)
        self._http = http
        self._units: Almanac[tuple[OrganisationOid, str], Names] = Almanac(
            SOURCE, self._load, refresh_seconds=settings.refresh_hours * 3600, most=MAX_UNITS, seconds=seconds
        )

    @property
    def capabilities(self) -> Capabilities:
        """Names of local units, one by one."""
        return reference(1)

    @property
    def almanacs(self) -> tuple[Almanac[tuple[OrganisationOid, str], Names]]:
        """What is loaded in the background."""
        return (self._units,)

    def unit(self, provider: OrganisationOid, code: str) -> Names | None:
        """The name of a provider's local unit; nothing while it is not known."""
        return self._units.get((provider, code))

    async def ask_once(self) -> None:
        """Ask for something that need not be there, past what is known. Raises ``SourceFailure``."""
        await self._load((OPH, "0"))

    async def _load(self, key: tuple[OrganisationOid, str]) -> Names | None:
        provider, code = key
        whole = "_".join((*_PREFIX, provider, code))
        url = f"{self._base}/julkinen/koodi/{quote(whole, safe='')}"
        answer = await self._http.send(Outgoing(method="GET", url=url, headers=self._headers))
        # A unit that nobody knows is an empty list; anything else than a list is no answer.
        refuse_failures(answer.status)
        places = filter(None, map(_place, elements(answer.body, at_most=MAX_PLACES)))
        # A unit may be borrowed into another provider's curriculum; its owner's own word is its name.
        own = (place for place in places if _provider_of(place) == provider)
        return next((name for place in own if place.text and (name := names_in(place.text.names))), None)


def local_code(text: str) -> tuple[OrganisationOid, str] | None:
    """Provider and code of a four-part code ``paikallinen_tutkinnonosa_<provider OID>_<code>``; else nothing."""
    parts = text.split("_")
    if len(parts) != 4 or tuple(parts[:2]) != _PREFIX:
        return None
    provider = OrganisationOid(parts[2])
    if check_organisation_oid(provider) is Check.MALFORMED or not _CODE.fullmatch(parts[3]):
        return None
    return provider, parts[3]


def _place(element: bytes) -> PlaceWire | None:
    try:
        return read(element, PlaceWire)[0]
    except SourceFailure:
        return None


def _provider_of(place: PlaceWire) -> str | None:
    provider = place.owner.provider if place.owner is not None else None
    return provider.oid if provider is not None else None

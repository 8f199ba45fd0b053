"""Names and credits of units, from ePerusteet: a document found by its register number and read whole.

The same unit code stands in several documents with different credits, so a unit is known by register number and code.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import msgspec

from connectors.bodies import elements, members
from connectors.capabilities import Capabilities, reference
from connectors.client import HttpPort, Incoming, Outgoing, opintopolku_headers
from connectors.failures import Reason, SourceFailure, SourceInvalid, refuse_failures
from connectors.lenient import read
from connectors.limits import Reached
from connectors.registries.almanac import Almanac
from connectors.registries.large import elements_in, part, records
from connectors.registries.names import NamesWire, names_in
from connectors.wire import Open, Text, Whole
from hoks.ports import UnitLabel
from hoks.values import Text as Names

PAGE_SIZE = 50
MOST_MEMBERS = 2_000
"""Members of an answer: a page, or a unit with everything that is in it."""
MAX_PAGES = 4
"""A register number that fits more documents than these pages hold in part is none that a plan would name."""
MAX_DOCUMENTS = 300
MAX_UNITS = 5_000
MAX_WAYS = 20
NO_SUCH_UNIT = (204, 404)
SOURCE = "eperusteet"

_REGISTER_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_.-]{2,39}", re.ASCII)
_UNIT = re.compile(r"tutkinnonosat_[A-Za-z0-9]{1,20}", re.ASCII)
_REFORM = "reformi"


class EperusteetSettings(Reached, frozen=True, kw_only=True):
    """ePerusteet."""

    base_url: str
    """Where the service begins, ``/eperusteet-service/api/external`` included."""
    caller_id: str
    register_numbers: tuple[str, ...] = ()
    """Documents that are read at the start; others when a plan names them."""
    refresh_hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 12
    seconds: Annotated[float, msgspec.Meta(gt=0, le=120)] = 30
    max_bytes: Annotated[int, msgspec.Meta(ge=1_000, le=100_000_000)] = 10_000_000
    """A document is up to 4 MB."""


class FoundWire(Open, frozen=True, kw_only=True):
    """A document in a list of found ones."""

    id: Whole | None = None
    number: Text | None = msgspec.field(name="diaarinumero", default=None)
    changed: float | None = msgspec.field(name="muokattu", default=None)


class CodeWire(Open, frozen=True, kw_only=True):
    """Koodi."""

    uri: Text | None = None


class UnitWire(Open, frozen=True, kw_only=True):
    """A unit (tutkinnon osa)."""

    id: Whole | None = None
    uri: Text | None = msgspec.field(name="koodiUri", default=None)
    code: CodeWire | None = msgspec.field(name="koodi", default=None)
    names: NamesWire | None = msgspec.field(name="nimi", default=None)
    changed: float | None = msgspec.field(name="muokattu", default=None)


class PlaceWire(Open, frozen=True, kw_only=True):
    """Where a unit stands in a document (viite), with its credits there."""

    unit: Text | None = msgspec.field(name="_tutkinnonOsa", default=None)
    """The unit's id, as text."""
    credits: float | None = msgspec.field(name="laajuus", default=None)
    most_credits: float | None = msgspec.field(name="laajuusMaksimi", default=None)


class WayWire(Open, frozen=True, kw_only=True):
    """What a way of completing the qualification (suoritustapa) says of itself."""

    kind: Text | None = msgspec.field(name="suoritustapakoodi", default=None)


class HeadWire(Open, frozen=True, kw_only=True):
    """What a document says of itself."""

    number: Text | None = msgspec.field(name="diaarinumero", default=None)
    names: NamesWire | None = msgspec.field(name="nimi", default=None)


@dataclass(frozen=True, slots=True)
class _Document:
    """A requirement document: its name and its units by code."""

    name: Names | None
    units: Mapping[str, UnitLabel]


class Eperusteet:
    """The qualification requirements over HTTP."""

    def __init__(
        self, settings: EperusteetSettings, http: HttpPort, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._base = settings.base_url.rstrip("/")
        self._headers = opintopolku_headers(settings.caller_id)
        self._http = http
        refresh = settings.refresh_hours * 3600
        self._documents: Almanac[str, _Document] = Almanac(
            SOURCE,
            self._load_document,
            refresh_seconds=refresh,
            always=settings.register_numbers,
            most=MAX_DOCUMENTS,
            seconds=seconds,
        )
        self._newest: Almanac[str, UnitLabel] = Almanac(
            SOURCE, self._load_newest, refresh_seconds=refresh, most=MAX_UNITS, seconds=seconds
        )

    @property
    def capabilities(self) -> Capabilities:
        """Names of units, document by document."""
        return reference(1)

    @property
    def almanacs(self) -> tuple[Almanac[str, _Document], Almanac[str, UnitLabel]]:
        """What is loaded in the background."""
        return self._documents, self._newest

    def requirements(self, register_number: str) -> Names | None:
        """The name of a document."""
        document = self._document(register_number)
        return document.name if document is not None else None

    def unit(self, register_number: str | None, uri: str) -> UnitLabel | None:
        """A unit as a document has it; without a register number the newest of that code, marked as such.

        INVARIANT: a unit that its document does not have, or whose document is not known, is not looked for in
        another: what another says may not bind the student.
        """
        if register_number is not None:
            document = self._document(register_number)
            return document.units.get(uri) if document is not None else None
        return self._newest.get(uri) if _UNIT.fullmatch(uri) else None

    def _document(self, register_number: str) -> _Document | None:
        return self._documents.get(register_number) if _REGISTER_NUMBER.fullmatch(register_number) else None

    async def _load_document(self, register_number: str) -> _Document | None:
        found = await self._find(register_number)
        if found is None:
            return None
        return await asyncio.to_thread(_document, register_number, await self._get(f"/peruste/{found}"))

    async def ask_once(self) -> None:
        """Ask for something that need not be there, past what is known. Raises ``SourceFailure``."""
        await self._find("OPH-0-0")

    async def _find(self, register_number: str) -> int | None:
        """The id of the newest document that has just this number; the search itself matches in part."""
        exact: list[FoundWire] = []
        for page in range(MAX_PAGES):
            number = quote(register_number, safe="")
            query = f"diaarinumero={number}&poistuneet=true&sivu={page}&sivukoko={PAGE_SIZE}"
            body = await self._get(f"/perusteet?{query}")
            listed = elements(members(body, at_most=MOST_MEMBERS).get("data", b"[]"), at_most=PAGE_SIZE)
            exact += [each for each in map(_found, listed) if each.number == register_number and each.id is not None]
            if len(listed) < PAGE_SIZE:
                break
        newest = max(exact, key=lambda each: (each.changed or 0, each.id or 0), default=None)
        return newest.id if newest is not None else None

    async def _load_newest(self, uri: str) -> UnitLabel | None:
        answer = await self._send(f"/peruste/tutkinnonosa/{quote(uri, safe='')}")
        if answer.status in NO_SUCH_UNIT:
            return None
        refuse_failures(answer.status)
        return _newest(uri, answer.body)

    async def _get(self, path: str) -> bytes:
        """The answer to what is always there, or was there just now: without one, the address is wrong."""
        answer = await self._send(path)
        refuse_failures(answer.status)
        return answer.body

    async def _send(self, path: str) -> Incoming:
        return await self._http.send(Outgoing(method="GET", url=self._base + path, headers=self._headers))


def _found(element: bytes) -> FoundWire:
    try:
        return read(element, FoundWire)[0]
    except SourceFailure:
        return FoundWire()


def _document(register_number: str, body: bytes) -> _Document:
    """The document's units by code. One bad unit never loses the others."""
    parts = part(body, "diaarinumero", "nimi", "suoritustavat", "tutkinnonOsat")
    ways, listed = parts.pop("suoritustavat", b"[]"), parts.pop("tutkinnonOsat", b"[]")
    head = read(_object(parts), HeadWire)[0]
    if head.number != register_number:
        raise SourceInvalid(Reason.MISMATCH)
    points_of = _credits(ways)
    units: dict[str, UnitLabel] = {}
    for unit in records(listed, UnitWire, at_most=MAX_UNITS):
        uri = unit.uri or (unit.code.uri if unit.code is not None else None)
        if uri is not None:
            units[uri] = UnitLabel(name=names_in(unit.names), competence_points=points_of.get(str(unit.id)))
    return _Document(names_in(head.names), units)


def _object(parts: Mapping[str, bytes]) -> bytes:
    return msgspec.json.encode({key: msgspec.Raw(value) for key, value in parts.items()})


def _credits(body: bytes) -> dict[str, float]:
    """The credits of each unit by its id: those of the reform's way, else where all ways say the same."""
    told: dict[str, dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
    for way in elements_in(body, MAX_WAYS):
        parts = part(way, "suoritustapakoodi", "tutkinnonOsaViitteet")
        places = parts.pop("tutkinnonOsaViitteet", b"[]")
        kind = read(_object(parts), WayWire)[0].kind
        for place in records(places, PlaceWire, at_most=MAX_UNITS):
            if place.unit is not None and place.credits is not None:
                told[place.unit][kind or ""] |= {place.credits, place.most_credits or place.credits}
    found: dict[str, float] = {}
    for unit, by_way in told.items():
        values = by_way.get(_REFORM) or set().union(*by_way.values())
        if len(values) == 1:
            (found[unit],) = values
    return found


def _newest(uri: str, body: bytes) -> UnitLabel | None:
    """The newest of the units that the answer gives: one unit, or a page of them."""
    data = members(body, at_most=MOST_MEMBERS).get("data")
    given = elements(data, at_most=PAGE_SIZE) if data is not None else (body,)
    units = [unit for each in given if (unit := read(each, UnitWire)[0]).uri == uri]
    newest = max(units, key=lambda unit: (unit.changed or 0, unit.id or 0), default=None)
    return UnitLabel(name=names_in(newest.names), is_newest_of_code=True) if newest is not None else None

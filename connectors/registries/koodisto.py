"""Names of codes, from Koodisto: each code set read whole in one call, a single code where a plan names an old version.

A code's address is looked up and never made: most are the set's name and the value in one, and some are not.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import msgspec

from connectors.capabilities import Capabilities, reference
from connectors.client import HttpPort, Incoming, Outgoing, opintopolku_headers
from connectors.failures import refuse_failures
from connectors.limits import Reached
from connectors.registries.almanac import Almanac
from connectors.registries.large import records
from connectors.registries.names import NameWire, names_listed
from connectors.wire import Open, Text, Whole
from hoks.values import Text as Names

SETS = (
    "ammatillinenkoulutusoppimisentuentyyppi",
    "ammatillisenoppiaineet",
    "ammatillisentutkinnonosanryhma",
    "arviointiasteikkoammatillinen15",
    "arviointiasteikkoammatillinenhyvaksyttyhylatty",
    "arviointiasteikkoammatillinent1k3",
    "jarjestamismuoto",
    "kieli",
    "koskiopiskeluoikeudentila",
    "koulutuksenosattuva",
    "koulutus",
    "kunta",
    "lahdejarjestelma",
    "maatjavaltiot2",
    "opintojenlaajuusyksikko",
    "opintojenrahoitus",
    "opiskeluoikeudentyyppi",
    "oppimisymparistot",
    "oppisopimuksenperusta",
    "osaamisala",
    "osaamisenhankkimistapa",
    "osaamisentodentamisenprosessi",
    "suorituksentyyppi",
    "tutkinnonosat",
    "tutkintonimikkeet",
    "urasuunnitelma",
)
"""The code sets of rights and plans (registries 9)."""
MAX_CODES = 100_000
"""Codes that one set can honestly hold."""
MAX_VERSIONS = 10_000
"""Codes of old versions that are kept."""
NOT_FOUND = b"error.codeelement.not.found"
"""What Koodisto says in plain text of a code it does not have; older deployments with status 500."""
SOURCE = "koodisto"


class KoodistoSettings(Reached, frozen=True, kw_only=True):
    """Koodisto."""

    base_url: str
    """Where the service begins, ``/koodisto-service/rest`` included."""
    caller_id: str
    sets: tuple[str, ...] = SETS
    refresh_hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 12
    seconds: Annotated[float, msgspec.Meta(gt=0, le=120)] = 30
    max_bytes: Annotated[int, msgspec.Meta(ge=1_000, le=500_000_000)] = 50_000_000
    """The largest set is that of all units, with descriptions."""


class SetWire(Open, frozen=True, kw_only=True):
    """The set a code says it is of."""

    uri: Text | None = msgspec.field(name="koodistoUri", default=None)


class CodeWire(Open, frozen=True, kw_only=True):
    """A code (koodi) in one version."""

    uri: Text | None = msgspec.field(name="koodiUri", default=None)
    value: Text | None = msgspec.field(name="koodiArvo", default=None)
    version: Whole | None = msgspec.field(name="versio", default=None)
    of: SetWire | None = msgspec.field(name="koodisto", default=None)
    metadata: tuple[NameWire, ...] = ()


@dataclass(frozen=True, slots=True)
class _Code:
    """A code in its latest version."""

    uri: str
    version: int | None
    name: Names | None


_Set = dict[str, _Code]
"""The codes of a set by their address, and by set and value where no address is the same."""


class Koodisto:
    """The code sets over HTTP."""

    def __init__(
        self, settings: KoodistoSettings, http: HttpPort, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._base = settings.base_url.rstrip("/")
        self._headers = opintopolku_headers(settings.caller_id)
        self._http = http
        self._known = frozenset(settings.sets)
        refresh = settings.refresh_hours * 3600
        self._sets: Almanac[str, _Set] = Almanac(
            SOURCE, self._load_set, refresh_seconds=refresh, always=settings.sets, seconds=seconds
        )
        # A version once published stays as it is; that the register does not have one is asked again.
        self._versions: Almanac[str, dict[int, Names | None]] = Almanac(
            SOURCE, self._load_versions, refresh_seconds=refresh, most=MAX_VERSIONS, seconds=seconds
        )

    @property
    def capabilities(self) -> Capabilities:
        """Names of codes, by whole code sets."""
        return reference()

    @property
    def almanacs(self) -> tuple[Almanac[str, _Set], Almanac[str, dict[int, Names | None]]]:
        """What is loaded in the background."""
        return self._sets, self._versions

    def name(self, uri: str, version: int | None = None) -> Names | None:
        """The name of a code in the version named, else in the latest; nothing while it is not known.

        INVARIANT: of another version than the latest the latest's name is not given, unless the register has no such
        version: a plan may name one that never was.
        """
        of = uri.partition("_")[0]
        code = (self._sets.get(of) or {}).get(uri) if of in self._known else None
        if code is None or version is None or version == code.version:
            return code.name if code is not None else None
        versions = self._versions.get(code.uri)
        return versions.get(version, code.name) if versions is not None else None

    async def ask_once(self) -> None:
        """Ask for something that need not be there, past what is known. Raises ``SourceFailure``."""
        await self._load_versions("maatjavaltiot2_246")

    async def _load_set(self, name: str) -> _Set:
        answer = await self._get(f"/json/{quote(name, safe='')}/koodi?onlyValidKoodis=false")
        refuse_failures(answer.status)
        return await asyncio.to_thread(_set, name, answer.body)

    async def _load_versions(self, uri: str) -> dict[int, Names | None]:
        answer = await self._get(f"/codeelement/{quote(uri, safe='')}")
        if answer.body.strip() == NOT_FOUND:
            return {}
        refuse_failures(answer.status)
        return {
            code.version: names_listed(code.metadata)
            for code in records(answer.body, CodeWire, at_most=MAX_CODES)
            if code.uri == uri and code.version is not None
        }

    async def _get(self, path: str) -> Incoming:
        return await self._http.send(Outgoing(method="GET", url=self._base + path, headers=self._headers))


def _set(name: str, body: bytes) -> _Set:
    found: _Set = {}
    by_value: _Set = {}
    for wire in records(body, CodeWire, at_most=MAX_CODES):
        is_foreign = wire.of is not None and wire.of.uri not in (None, name)
        if wire.uri is None or is_foreign or not wire.uri.startswith(f"{name}_"):
            continue
        code = _Code(wire.uri, wire.version, names_listed(wire.metadata))
        known = found.get(code.uri)
        if known is None or (code.version or 0) > (known.version or 0):
            found[code.uri] = code
            if wire.value is not None:
                by_value[f"{name}_{wire.value}"] = by_value[f"{name}_{wire.value.lower()}"] = code
    return by_value | found

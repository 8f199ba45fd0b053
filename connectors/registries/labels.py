"""Names from all reference registers, from memory alone: codes, units, local units, organisations.

INVARIANT: nothing here awaits on behalf of a request. A register that is down, slow or talks nonsense costs names that
are not known yet, and nothing else.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from connectors.registries.almanac import Almanac
from connectors.registries.amosaa import Amosaa, local_code
from connectors.registries.eperusteet import Eperusteet
from connectors.registries.koodisto import Koodisto
from connectors.registries.organisaatio import Organisaatio
from hoks.identifiers import OrganisationOid
from hoks.ports import UnitLabel
from hoks.values import Text

MAX_ORGANISATIONS = 5_000
ORGANISATION_HOURS = 12
SOURCE = "organisaatio"


class RegisterLabels:
    """The names that the registers have told so far; a register that is not configured tells none."""

    def __init__(
        self,
        *,
        koodisto: Koodisto | None = None,
        eperusteet: Eperusteet | None = None,
        amosaa: Amosaa | None = None,
        organisaatio: Organisaatio | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._koodisto = koodisto
        self._eperusteet = eperusteet
        self._amosaa = amosaa
        self._organisaatio = organisaatio
        self._organisations: Almanac[OrganisationOid, Text] = Almanac(
            SOURCE,
            self._organisation_name,
            refresh_seconds=ORGANISATION_HOURS * 3600,
            most=MAX_ORGANISATIONS,
            seconds=seconds,
        )
        registers = [each for each in (koodisto, eperusteet, amosaa) if each is not None]
        self._almanacs: tuple[Almanac[Any, Any], ...] = (
            *(almanac for register in registers for almanac in register.almanacs),
            *((*organisaatio.almanacs, self._organisations) if organisaatio is not None else ()),
        )
        self._tasks: list[asyncio.Task[None]] = []

    # --- looked up ----------------------------------------------------------------------------------------------

    @property
    def edition(self) -> object | None:
        """How much each register has told."""
        told = [almanac.told for almanac in self._almanacs]
        return (*told, self._organisaatio.told) if self._organisaatio is not None else tuple(told)

    def code(self, uri: str, version: int | None) -> Text | None:
        """The name of a code of a national code set."""
        return self._koodisto.name(uri, version) if self._koodisto is not None else None

    def requirements(self, register_number: str) -> Text | None:
        """The name of a requirement document."""
        return self._eperusteet.requirements(register_number) if self._eperusteet is not None else None

    def unit(self, register_number: str | None, uri: str) -> UnitLabel | None:
        """A unit as one document has it; without a register number the newest of that code."""
        return self._eperusteet.unit(register_number, uri) if self._eperusteet is not None else None

    def local_unit(self, amosaa_id: str) -> Text | None:
        """The name of a provider's local unit by its four-part code."""
        key = local_code(amosaa_id)
        return self._amosaa.unit(*key) if self._amosaa is not None and key is not None else None

    def organisation(self, oid: OrganisationOid) -> Text | None:
        """The name of an organisation."""
        if self._organisaatio is None:
            return None
        # Most are known already, because the tree was asked for.
        return self._organisaatio.name(oid) or self._organisations.get(oid)

    # --- loaded -------------------------------------------------------------------------------------------------

    async def start(self, wait_seconds: float = 0.0) -> None:
        """Begin to load in the background, and give the registers a moment to tell what is always wanted."""
        self._tasks = [asyncio.create_task(almanac.run()) for almanac in self._almanacs]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self.settled()

    async def settled(self) -> None:
        """Wait until everything that was missed has been asked for."""
        await asyncio.gather(*(almanac.settled() for almanac in self._almanacs))

    @property
    def registers(self) -> dict[str, Koodisto | Eperusteet | Amosaa]:
        """The registers of names that the settings name, each by its own name."""
        named = {"koodisto": self._koodisto, "eperusteet": self._eperusteet, "amosaa": self._amosaa}
        return {name: register for name, register in named.items() if register is not None}

    async def aclose(self) -> None:
        """Stop loading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _organisation_name(self, oid: OrganisationOid) -> Text | None:
        return await self._organisaatio.name_told(oid) if self._organisaatio is not None else None

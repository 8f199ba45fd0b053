"""Everything that the gateway reads from, from its start to its stop: loaded, followed, forgotten, closed."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from connectors.capabilities import Capabilities
from connectors.client import HttpClient
from connectors.condition import Condition
from connectors.ehoks_changes import EhoksChanges
from connectors.network import SettingsRefusedError
from connectors.oneroster import OneRosterSource
from connectors.registries.labels import RegisterLabels
from connectors.shelf import Shelf
from connectors.table import DropRefused, TableSource, ViewsDoNotFit
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    ChangeSource,
    GuidanceSource,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    RightsSource,
    RightsTogether,
)

log = logging.getLogger(__name__)

LABELS_SECONDS = 2.0
"""How long a start waits for the registers' names; what comes later is shown later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What the gateway reads from. It is closed when the gateway stops."""

    rights: tuple[RightsSource, ...] = ()
    rights_together: RightsTogether | None = None
    plans: tuple[PlanSource, ...] = ()
    holders: tuple[HolderSource, ...] = ()
    appointments: tuple[AppointmentSource, ...] = ()
    assignments: tuple[AssignmentSource, ...] = ()
    guidance: tuple[GuidanceSource, ...] = ()
    telling: tuple[ChangeSource, ...] = ()
    """Those that say which of their plans have changed or are gone."""
    identities: Identities | None = None
    organisations: Organisations | None = None
    shelf: Shelf = field(default_factory=Shelf, repr=False)
    invalidate_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The secrets with which sources sign that something of theirs has changed, by source id."""
    labels: RegisterLabels = field(default_factory=RegisterLabels)
    capabilities: Mapping[str, Capabilities] = field(default_factory=dict)
    """What each source and register can tell, by its id or name."""
    clients: tuple[HttpClient, ...] = field(default=(), repr=False)

    tables: tuple[TableSource, ...] = field(default=(), repr=False)
    rosters: tuple[OneRosterSource, ...] = field(default=(), repr=False)
    changes: tuple[EhoksChanges, ...] = field(default=(), repr=False)
    _following: list[asyncio.Task[None]] = field(default_factory=list, init=False, repr=False)

    def follow(self) -> None:
        """Begin to look which kept plans have changed, where settings ask for it; it ends with ``aclose``."""
        self._following.extend(asyncio.create_task(each.follow()) for each in self.changes)

    async def warm(self) -> None:
        """Load what lies on disk, so that the first request does not wait; what cannot be used is logged.

        The registers' names begin to be loaded, for as long as the gateway runs.
        """
        await self.labels.start(LABELS_SECONDS)
        loaded = await asyncio.gather(*(table.load() for table in self.tables), return_exceptions=True)
        for table, outcome in zip(self.tables, loaded, strict=True):
            if isinstance(outcome, DropRefused | ViewsDoNotFit):
                log.error("%s", outcome)
            elif isinstance(outcome, BaseException):
                log.error("source %s: not loaded (%s)", table.source.id, type(outcome).__name__)

    async def refuse_misfits(self) -> None:
        """Look at the views of databases that answer. Raises ``SettingsRefusedError`` where they are other views."""
        for table in self.tables:
            if table.has_views:
                try:
                    await table.load()
                except ViewsDoNotFit as misfit:
                    raise SettingsRefusedError(str(misfit)) from None

    async def check(self) -> None:
        """Load what lies on disk. Raises ``SettingsRefusedError`` with one line for a drop that cannot be used."""
        for table in self.tables:
            try:
                await table.load()
            except (DropRefused, ViewsDoNotFit) as refused:
                raise SettingsRefusedError(str(refused)) from None

    def forget(self, source: str, oids: Collection[str]) -> int:
        """Drop what a source told of these OIDs, and whatever of it is kept whole; how many answers that were."""
        for roster in self.rosters:
            if roster.source.id == source:
                roster.forget()
        return self.shelf.forget(source, oids)

    def conditions(self) -> tuple[Condition, ...]:
        """Each source over HTTP as its client sees it."""
        return tuple(client.condition for client in self.clients)

    async def aclose(self) -> None:
        """End what is on its way, forget what is kept, close all connections."""
        await self.labels.aclose()
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        await self.shelf.aclose()
        for client in self.clients:
            await client.aclose()
        for table in self.tables:
            await table.aclose()

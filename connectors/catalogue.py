"""The kinds of sources there are, and how each is made from its settings: the one place where connectors are built."""

import asyncio
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from connectors.client import HttpxClient
from connectors.condition import Condition
from connectors.ehoks import EhoksSettings, EhoksSource
from connectors.koski import KoskiSettings, KoskiSource
from connectors.limits import Reached
from connectors.registries.onr import Onr, OnrSettings
from connectors.registries.organisaatio import Organisaatio, OrganisaatioSettings
from connectors.table import DropRefused, TableSource
from connectors.table.settings import TableSettings
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    Clock,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    RightsSource,
)

log = logging.getLogger(__name__)

SourceSettings = KoskiSettings | EhoksSettings | TableSettings
"""Settings of one source; ``kind`` says which."""


class SettingsRefusedError(Exception):
    """A source cannot be made from its settings; the text is one line for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What the gateway reads from. It is closed when the gateway stops."""

    rights: tuple[RightsSource, ...] = ()
    plans: tuple[PlanSource, ...] = ()
    holders: tuple[HolderSource, ...] = ()
    appointments: tuple[AppointmentSource, ...] = ()
    assignments: tuple[AssignmentSource, ...] = ()
    identities: Identities | None = None
    organisations: Organisations | None = None
    clients: tuple[HttpxClient, ...] = field(default=(), repr=False)

    tables: tuple[TableSource, ...] = field(default=(), repr=False)

    async def warm(self) -> None:
        """Load what lies on disk, so that the first request does not wait; a drop that cannot be used is logged."""
        loaded = await asyncio.gather(*(table.load() for table in self.tables), return_exceptions=True)
        for table, outcome in zip(self.tables, loaded, strict=True):
            if isinstance(outcome, DropRefused):
                log.error("%s", outcome)
            elif isinstance(outcome, BaseException):
                log.error("source %s: not loaded (%s)", table.source.id, type(outcome).__name__)

    async def check(self) -> None:
        """Load what lies on disk. Raises ``SettingsRefusedError`` with one line for a drop that cannot be used."""
        for table in self.tables:
            try:
                await table.load()
            except DropRefused as refused:
                raise SettingsRefusedError(str(refused)) from None

    def conditions(self) -> tuple[Condition, ...]:
        """Each source over HTTP as its client sees it."""
        return tuple(client.condition for client in self.clients)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self.clients:
            await client.aclose()


def connect(
    sources: Sequence[SourceSettings],
    clock: Clock,
    *,
    onr: OnrSettings | None = None,
    organisaatio: OrganisaatioSettings | None = None,
    folder: Path | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Connected:
    """Make every source and register of the settings, or refuse with ``SettingsRefusedError``.

    Relative paths in settings are taken from ``folder``. ``transport`` stands in for the network in tests.
    """
    _refuse_repeated_ids(sources)
    network = _Network(transport)
    root = folder or Path()
    rights: list[RightsSource] = []
    plans: list[PlanSource] = []
    holders: list[HolderSource] = []
    appointments: list[AppointmentSource] = []
    assignments: list[AssignmentSource] = []
    tables: list[TableSource] = []
    for settings in sources:
        match settings:
            case KoskiSettings():
                http = network.client(settings.id, settings, settings.base_url)
                rights.append(KoskiSource(settings, http, clock, secret(root / settings.password_file)))
            case EhoksSettings():
                http = network.client(settings.id, settings, settings.base_url, settings.cas_url)
                ehoks = EhoksSource(settings, http, clock, secret(root / settings.password_file))
                plans.append(ehoks)
                holders.append(ehoks)
            case TableSettings():
                table = TableSource(settings, clock)
                tables.append(table)
                # Who gives only appointments knows whose a right is from elsewhere.
                holders += [table] if {"rights", "plans"} & set(settings.gives) else []
                rights += [table] if "rights" in settings.gives else []
                plans += [table] if "plans" in settings.gives else []
                appointments += [table] if "appointments" in settings.gives else []
                assignments += [table] if "assignments" in settings.gives else []
    return Connected(
        rights=tuple(rights),
        plans=tuple(plans),
        holders=tuple(holders),
        appointments=tuple(appointments),
        assignments=tuple(assignments),
        identities=Onr(onr, network.client("onr", onr, onr.base_url), clock) if onr else None,
        organisations=Organisaatio(
            organisaatio, network.client("organisaatio", organisaatio, organisaatio.base_url), clock
        )
        if organisaatio
        else None,
        clients=tuple(network.clients),
        tables=tuple(tables),
    )


class _Network:
    """Makes one client for each source, with that source's limits and addresses alone."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None) -> None:
        self._transport = transport
        self.clients: list[HttpxClient] = []

    def client(self, source: str, limits: Reached, *addresses: str) -> HttpxClient:
        try:
            client = HttpxClient(
                addresses,
                source=source,
                seconds=limits.seconds,
                max_bytes=limits.max_bytes,
                concurrency=limits.concurrency,
                waiting=limits.waiting,
                private_network=limits.private_network,
                transport=self._transport,
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise SettingsRefusedError(f"source `{source}`: {error}") from None
        self.clients.append(client)
        return client


def _refuse_repeated_ids(sources: Sequence[SourceSettings]) -> None:
    seen: set[str] = set()
    for settings in sources:
        if settings.id in seen:
            raise SettingsRefusedError(f"source `{settings.id}` is there twice; each source needs an id of its own")
        seen.add(settings.id)


def secret(path: Path) -> str:
    """The secret in a file that only its owner may read; the text of a refusal names the file, never the secret."""
    try:
        with path.open() as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise SettingsRefusedError(f"{path}: others can read this secret (mode {mode:04o}); expected 0600")
            text = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefusedError(f"{path}: this secret cannot be read ({type(error).__name__})") from None
    if not text:
        raise SettingsRefusedError(f"{path}: this secret is empty")
    return text

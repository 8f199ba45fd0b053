"""The kinds of sources there are, and how each is made from its settings: the one place where connectors are built."""

import asyncio
import logging
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import httpx
import msgspec

from connectors.capabilities import Capabilities
from connectors.cas import CasAccount, CasTickets, SessionHttp
from connectors.client import HttpClient, HttpPort, Transport
from connectors.condition import Condition
from connectors.documents import DocumentsSettings, DocumentsSource
from connectors.ehoks import PASSING, EhoksSettings, EhoksSource
from connectors.ehoks_changes import EhoksChanges
from connectors.kept_rights import KeptRights, KeptTogether
from connectors.kept_sources import (
    KeptAppointments,
    KeptAssignments,
    KeptHolders,
    KeptPlans,
    SharedIdentities,
    SharedOrganisations,
)
from connectors.koski import KoskiSettings, KoskiSource
from connectors.limits import Reached, Remembered
from connectors.oauth import AccessTokens, ClientCredentials, TokenHttp
from connectors.oneroster import SCOPE, OneRosterSource
from connectors.oneroster_settings import OneRosterSettings
from connectors.registries import onr as learner_register
from connectors.registries import organisaatio as organisation_register
from connectors.registries.amosaa import Amosaa, AmosaaSettings
from connectors.registries.eperusteet import Eperusteet, EperusteetSettings
from connectors.registries.koodisto import Koodisto, KoodistoSettings
from connectors.registries.labels import RegisterLabels
from connectors.registries.onr import CasLogin, Onr, OnrSettings, TokenLogin
from connectors.registries.organisaatio import Organisaatio, OrganisaatioSettings
from connectors.rest import JsonSettings, JsonSource
from connectors.rest.credentials import known_as
from connectors.rest.settings import Credential, NoCredential, TokenCredential
from connectors.revalidated import Bodies, Revalidated
from connectors.shelf import DEFAULT_BYTES, Shelf
from connectors.table import DropRefused, TableSource, ViewsDoNotFit
from connectors.table.settings import TableSettings
from connectors.trust import TrustRefusedError, tls_of
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    ChangeSource,
    Clock,
    GuidanceSource,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    RightsSource,
    RightsTogether,
    Source,
)

log = logging.getLogger(__name__)

TOGETHER_SHARE = 8
"""So much of the bytes that may be kept there may be besides, of rights that are found together."""
LABELS_SECONDS = 2.0
"""How long a start waits for the registers' names; what comes later is shown later."""

SourceSettings = KoskiSettings | EhoksSettings | DocumentsSettings | OneRosterSettings | TableSettings | JsonSettings
"""Settings of one source; ``kind`` says which."""


class SettingsRefusedError(Exception):
    """A source cannot be made from its settings; the text is one line for the operator."""


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


def connect(
    sources: Sequence[SourceSettings],
    clock: Clock,
    *,
    onr: OnrSettings | None = None,
    organisaatio: OrganisaatioSettings | None = None,
    koodisto: KoodistoSettings | None = None,
    eperusteet: EperusteetSettings | None = None,
    amosaa: AmosaaSettings | None = None,
    folder: Path | None = None,
    cache_bytes: int = DEFAULT_BYTES,
    transport: Transport | None = None,
    seconds: Callable[[], float] = time.monotonic,
) -> Connected:
    """Make every source and register of the settings, or refuse with ``SettingsRefusedError``.

    Relative paths in settings are taken from ``folder``. ``cache_bytes`` bounds what is kept of all sources together.
    ``transport`` stands in for the network in tests, and ``seconds`` for the clock by which kept answers grow old.
    """
    _refuse_repeated_ids(sources)
    root = folder or Path()
    network = _Network(transport, seconds, root)
    shelf = Shelf(cache_bytes, seconds)
    rights: list[RightsSource] = []
    plans: list[PlanSource] = []
    holders: list[HolderSource] = []
    appointments: list[AppointmentSource] = []
    assignments: list[AssignmentSource] = []
    guidance: list[GuidanceSource] = []
    tables: list[TableSource] = []
    rosters: list[OneRosterSource] = []
    changes: list[EhoksChanges] = []
    telling: list[ChangeSource] = []
    capable: dict[str, Capabilities] = {}
    for settings in sources:
        match settings:
            case KoskiSettings():
                http = network.client(settings.id, settings, settings.base_url)
                koski = KoskiSource(settings, http, clock, secret(root / settings.password_file))
                rights.append(koski)
                capable[settings.id] = koski.capabilities
            case EhoksSettings():
                http = network.client(settings.id, settings, settings.base_url, settings.cas_url, passing=PASSING)
                ehoks = EhoksSource(settings, http, clock, secret(root / settings.password_file))
                if settings.follow_changes_seconds is not None:
                    changes.append(EhoksChanges(settings.id, ehoks.get, shelf, clock, settings.follow_changes_seconds))
                telling += [ehoks] if settings.tell_changes else []
                plans.append(ehoks)
                capable[settings.id] = ehoks.capabilities
                holders.append(ehoks)
            case DocumentsSettings():
                http = _known(settings, settings.auth, {}, network, root)
                documents = DocumentsSource(settings, http, clock)
                plans.append(documents)
                holders.append(documents)
                capable[settings.id] = documents.capabilities
            case OneRosterSettings():
                account = with_scopes(settings.account, SCOPE)
                http = network.client(settings.id, settings, settings.base_url, account.token_url)
                tokens = AccessTokens(account, http, secret(root / account.secret_file))
                roster = OneRosterSource(settings, TokenHttp(http, tokens), clock, seconds)
                rosters.append(roster)
                capable[settings.id] = roster.capabilities
                rights += [roster] if "rights" in settings.gives else []
                holders += [roster] if "rights" in settings.gives else []
                assignments += [roster] if "assignments" in settings.gives else []
                guidance += [roster] if "assignments" in settings.gives else []
            case TableSettings():
                table = TableSource(settings, clock, _database_password(settings, root))
                tables.append(table)
                capable[settings.id] = table.capabilities
                # Who gives only appointments knows whose a right is from elsewhere.
                holders += [table] if {"rights", "plans"} & set(settings.gives) else []
                rights += [table] if "rights" in settings.gives else []
                plans += [table] if "plans" in settings.gives else []
                appointments += [table] if "appointments" in settings.gives else []
                assignments += [table] if "assignments" in settings.gives else []
                guidance += [table] if "assignments" in settings.gives else []
            case JsonSettings():
                system = _json_source(settings, network, clock, root)
                capable[settings.id] = system.capabilities
                holders += [system] if settings.holders else []
                rights += [system] if "rights" in settings.gives else []
                plans += [system] if "plans" in settings.gives else []
                appointments += [system] if "appointments" in settings.gives else []
                assignments += [system] if "assignments" in settings.gives else []
                guidance += [system] if settings.guides else []
    remembered = {each.id: found for each in sources if (found := _remembered(each)) is not None}
    kept = _Kept(remembered, shelf, clock)
    identities = _identities(onr, network, clock, root) if onr else None
    organisations = _organisations(organisaatio, network, clock) if organisaatio else None
    labels = RegisterLabels(
        koodisto=Koodisto(koodisto, network.client("koodisto", koodisto, koodisto.base_url)) if koodisto else None,
        eperusteet=Eperusteet(eperusteet, network.client("eperusteet", eperusteet, eperusteet.base_url))
        if eperusteet
        else None,
        amosaa=Amosaa(amosaa, network.client("amosaa", amosaa, amosaa.base_url)) if amosaa else None,
        organisaatio=organisations,
    )
    capable |= {name: register.capabilities for name, register in labels.registers.items()}
    capable |= {learner_register.SOURCE: identities.capabilities} if identities else {}
    capable |= {organisation_register.SOURCE: organisations.capabilities} if organisations else {}
    kept_rights = kept.each(KeptRights, rights)
    return Connected(
        rights=kept_rights,
        rights_together=_together(kept_rights, shelf, clock, cache_bytes),
        plans=kept.each(KeptPlans, plans),
        holders=kept.each(KeptHolders, holders),
        appointments=kept.each(KeptAppointments, appointments),
        assignments=kept.each(KeptAssignments, assignments),
        guidance=tuple(guidance),
        telling=tuple(telling),
        identities=SharedIdentities(identities, learner_register.SOURCE, onr, shelf, clock)
        if identities and onr
        else None,
        organisations=SharedOrganisations(organisations, organisation_register.SOURCE, organisaatio, shelf, clock)
        if organisations and organisaatio
        else None,
        labels=labels,
        capabilities=capable,
        shelf=shelf,
        invalidate_keys={
            source: _signing_key(root / settings.invalidate_key_file)
            for source, settings in remembered.items()
            if settings.invalidate_key_file is not None
        },
        clients=tuple(network.clients),
        tables=tuple(tables),
        rosters=tuple(rosters),
        changes=tuple(changes),
    )


def _together(rights: Iterable[RightsSource], shelf: Shelf, clock: Clock, cache_bytes: int) -> RightsTogether | None:
    """The sources of rights that are kept, where there are any."""
    kept = [each for each in rights if isinstance(each, KeptRights)]
    return KeptTogether(kept, shelf, clock, cache_bytes // TOGETHER_SHARE) if kept else None


def _remembered(settings: SourceSettings) -> Remembered | None:
    """What is kept of a source and for how long; nothing of a snapshot, which keeps itself."""
    if isinstance(settings, JsonSettings):
        return settings.reached
    return settings if isinstance(settings, Remembered) else None


def _identities(settings: OnrSettings, network: "_Network", clock: Clock, root: Path) -> Onr:
    match settings.auth:
        case CasLogin() as login:
            http = network.client(learner_register.SOURCE, settings, settings.base_url, login.cas_url, login.service)
            account = CasAccount(
                cas_url=login.cas_url, service=login.service, username=login.username, caller_id=settings.caller_id
            )
            tickets = CasTickets(account, http, secret(root / login.password_file))
            return Onr(settings, SessionHttp(account, tickets, http, login.session_cookie), clock)
        case TokenLogin() as login:
            http = network.client(learner_register.SOURCE, settings, settings.base_url, login.token_url)
            tokens = AccessTokens(login, http, secret(root / login.secret_file))
            return Onr(settings, TokenHttp(http, tokens), clock)
        case None:
            return Onr(settings, network.client(learner_register.SOURCE, settings, settings.base_url), clock)


def _organisations(settings: OrganisaatioSettings, network: "_Network", clock: Clock) -> Organisaatio:
    http = network.client(organisation_register.SOURCE, settings, settings.base_url)
    return Organisaatio(settings, http, clock)


class _HasSource(Protocol):
    @property
    def source(self) -> Source: ...


P = TypeVar("P", bound=_HasSource)


class _Kept:
    """Puts what is kept before every source whose settings say so; a snapshot keeps itself."""

    def __init__(self, settings: Mapping[str, Remembered], shelf: Shelf, clock: Clock) -> None:
        self._settings = settings
        self._shelf = shelf
        self._clock = clock

    def each(self, kept: Callable[[P, Remembered, Shelf, Clock], P], sources: Iterable[P]) -> tuple[P, ...]:
        return tuple(
            kept(each, self._settings[each.source.id], self._shelf, self._clock)
            if each.source.id in self._settings
            else each
            for each in sources
        )


def _database_password(settings: TableSettings, root: Path) -> str | None:
    """The password of the database, where there is one; whose certificates it may show must be known by then."""
    database = settings.database
    if database is None:
        return None
    if database.root_certificates and not (root / database.root_certificates).is_file():
        raise SettingsRefusedError(f"source `{settings.id}`, root_certificates: expected a file of certificates")
    return secret(root / database.password_file) if database.password_file else None


def _json_source(settings: JsonSettings, network: "_Network", clock: Clock, root: Path) -> JsonSource:
    http = _known(settings, settings.auth, settings.headers, network, root)
    try:
        return JsonSource(settings, http, clock)
    except ValueError as fault:
        raise SettingsRefusedError(f"source `{settings.id}`: {fault}") from None


def _known(
    settings: JsonSettings | DocumentsSettings,
    auth: Credential,
    headers: Mapping[str, str],
    network: "_Network",
    root: Path,
) -> HttpPort:
    """The port to a source that knows us by a credential."""
    addresses = [settings.base_url, *([auth.token_url] if isinstance(auth, TokenCredential) else [])]
    limits = settings.reached if isinstance(settings, JsonSettings) else settings
    http = network.client(settings.id, limits, *addresses)
    password = "" if isinstance(auth, NoCredential) else secret(root / auth.secret_file)
    try:
        return known_as(auth, password, headers, http)
    except ValueError as fault:
        raise SettingsRefusedError(f"source `{settings.id}`: {fault}") from None


def with_scopes(account: ClientCredentials, *usual: str) -> ClientCredentials:
    """The account, asking for the usual scopes of its kind of source where the settings name none."""
    return account if account.scopes else msgspec.structs.replace(account, scopes=usual)


class _Network:
    """Makes one client for each source, with that source's limits and addresses alone."""

    def __init__(self, transport: Transport | None, seconds: Callable[[], float], folder: Path) -> None:
        self._transport = transport
        self._folder = folder
        self._bodies = Bodies(seconds=seconds)
        self.clients: list[HttpClient] = []

    def client(self, source: str, limits: Reached, *addresses: str, passing: Collection[str] = ()) -> HttpPort:
        """The port to a source; ``passing`` are headers that change with each call."""
        try:
            client = HttpClient(
                addresses,
                source=source,
                seconds=limits.seconds,
                max_bytes=limits.max_bytes,
                concurrency=limits.concurrency,
                waiting=limits.waiting,
                private_network=limits.private_network,
                ssl_context=tls_of(limits, self._folder),
                transport=self._transport,
            )
        except (ValueError, httpx.InvalidURL, TrustRefusedError) as error:
            raise SettingsRefusedError(f"source `{source}`: {error}") from None
        self.clients.append(client)
        return Revalidated(source, client, self._bodies, passing)


def _refuse_repeated_ids(sources: Sequence[SourceSettings]) -> None:
    seen: set[str] = set()
    for settings in sources:
        if settings.id in seen:
            raise SettingsRefusedError(f"source `{settings.id}` is there twice; each source needs an id of its own")
        seen.add(settings.id)


SHORTEST_KEY = 32
"""Characters of a secret that signs; fewer could be guessed from one signed call."""


def _signing_key(path: Path) -> bytes:
    key = secret(path)
    if len(key) < SHORTEST_KEY:
        raise SettingsRefusedError(f"{path}: this secret is too short; expected at least {SHORTEST_KEY} characters")
    return key.encode()


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

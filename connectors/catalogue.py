"""The kinds of sources there are, and how each is made from its settings: the one place where connectors are built."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from connectors.capabilities import Capabilities
from connectors.cas import CasAccount, CasTickets, SessionHttp
from connectors.client import HttpPort, Transport
from connectors.connected import Connected
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
from connectors.limits import Remembered
from connectors.network import Network, SettingsRefusedError
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
from connectors.shelf import DEFAULT_BYTES, Shelf
from connectors.table import TableSource
from connectors.table.settings import TableSettings
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    ChangeSource,
    Clock,
    GuidanceSource,
    HolderSource,
    PlanSource,
    RightsSource,
    RightsTogether,
    Source,
)

TOGETHER_SHARE = 8
"""So much of the bytes that may be kept there may be besides, of rights that are found together."""

SourceSettings = KoskiSettings | EhoksSettings | DocumentsSettings | OneRosterSettings | TableSettings | JsonSettings
"""Settings of one source; ``kind`` says which."""


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
    network = Network(transport, seconds, folder or Path())
    shelf = Shelf(cache_bytes, seconds)
    made = _Made(network, shelf, clock, seconds)
    for settings in sources:
        made.make(settings)
    remembered = {each.id: found for each in sources if (found := _remembered(each)) is not None}
    kept = _Kept(remembered, shelf, clock)
    identities = _identities(onr, network, clock) if onr else None
    organisations = _organisations(organisaatio, network, clock) if organisaatio else None
    labels = RegisterLabels(
        koodisto=Koodisto(koodisto, network.client("koodisto", koodisto, koodisto.base_url)) if koodisto else None,
        eperusteet=Eperusteet(eperusteet, network.client("eperusteet", eperusteet, eperusteet.base_url))
        if eperusteet
        else None,
        amosaa=Amosaa(amosaa, network.client("amosaa", amosaa, amosaa.base_url)) if amosaa else None,
        organisaatio=organisations,
    )
    capable = made.capable | {name: register.capabilities for name, register in labels.registers.items()}
    capable |= {learner_register.SOURCE: identities.capabilities} if identities else {}
    capable |= {organisation_register.SOURCE: organisations.capabilities} if organisations else {}
    kept_rights = kept.each(KeptRights, made.rights)
    return Connected(
        rights=kept_rights,
        rights_together=_together(kept_rights, shelf, clock, cache_bytes),
        plans=kept.each(KeptPlans, made.plans),
        holders=kept.each(KeptHolders, made.holders),
        appointments=kept.each(KeptAppointments, made.appointments),
        assignments=kept.each(KeptAssignments, made.assignments),
        guidance=tuple(made.guidance),
        telling=tuple(made.telling),
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
            source: network.signing_key(settings.invalidate_key_file)
            for source, settings in remembered.items()
            if settings.invalidate_key_file is not None
        },
        clients=tuple(network.clients),
        tables=tuple(made.tables),
        rosters=tuple(made.rosters),
        changes=tuple(made.changes),
    )


def _refuse_repeated_ids(sources: Sequence[SourceSettings]) -> None:
    seen: set[str] = set()
    for settings in sources:
        if settings.id in seen:
            raise SettingsRefusedError(f"source `{settings.id}` is there twice; each source needs an id of its own")
        seen.add(settings.id)


# --- the sources, kind by kind -----------------------------------------------------------------------------------


class _Made:
    """The sources that are made, each beside the others that give the same."""

    def __init__(self, network: Network, shelf: Shelf, clock: Clock, seconds: Callable[[], float]) -> None:
        self._network = network
        self._shelf = shelf
        self._clock = clock
        self._seconds = seconds
        self.rights: list[RightsSource] = []
        self.plans: list[PlanSource] = []
        self.holders: list[HolderSource] = []
        self.appointments: list[AppointmentSource] = []
        self.assignments: list[AssignmentSource] = []
        self.guidance: list[GuidanceSource] = []
        self.telling: list[ChangeSource] = []
        self.tables: list[TableSource] = []
        self.rosters: list[OneRosterSource] = []
        self.changes: list[EhoksChanges] = []
        self.capable: dict[str, Capabilities] = {}

    def make(self, settings: SourceSettings) -> None:
        """Make one more."""
        match settings:
            case KoskiSettings():
                self.capable[settings.id] = self._koski(settings)
            case EhoksSettings():
                self.capable[settings.id] = self._ehoks(settings)
            case DocumentsSettings():
                self.capable[settings.id] = self._documents(settings)
            case OneRosterSettings():
                self.capable[settings.id] = self._roster(settings)
            case TableSettings():
                self.capable[settings.id] = self._table(settings)
            case JsonSettings():
                self.capable[settings.id] = self._json(settings)

    def _koski(self, settings: KoskiSettings) -> Capabilities:
        http = self._network.client(settings.id, settings, settings.base_url)
        koski = KoskiSource(settings, http, self._clock, self._network.secret(settings.password_file))
        self.rights.append(koski)
        return koski.capabilities

    def _ehoks(self, settings: EhoksSettings) -> Capabilities:
        http = self._network.client(settings.id, settings, settings.base_url, settings.cas_url, passing=PASSING)
        ehoks = EhoksSource(settings, http, self._clock, self._network.secret(settings.password_file))
        self.plans.append(ehoks)
        self.holders.append(ehoks)
        self.telling += [ehoks] if settings.tell_changes else []
        if (every := settings.follow_changes_seconds) is not None:
            self.changes.append(EhoksChanges(settings.id, ehoks.get, self._shelf, self._clock, every))
        return ehoks.capabilities

    def _documents(self, settings: DocumentsSettings) -> Capabilities:
        documents = DocumentsSource(settings, _known(settings, settings.auth, {}, self._network), self._clock)
        self.plans.append(documents)
        self.holders.append(documents)
        return documents.capabilities

    def _roster(self, settings: OneRosterSettings) -> Capabilities:
        account = with_scopes(settings.account, SCOPE)
        http = self._network.client(settings.id, settings, settings.base_url, account.token_url)
        tokens = AccessTokens(account, http, self._network.secret(account.secret_file))
        roster = OneRosterSource(settings, TokenHttp(http, tokens), self._clock, self._seconds)
        self.rosters.append(roster)
        if "rights" in settings.gives:
            self.rights.append(roster)
            self.holders.append(roster)
        if "assignments" in settings.gives:
            self.assignments.append(roster)
            self.guidance.append(roster)
        return roster.capabilities

    def _table(self, settings: TableSettings) -> Capabilities:
        table = TableSource(settings, self._clock, _database_password(settings, self._network))
        self.tables.append(table)
        # Who gives only appointments knows whose a right is from elsewhere.
        self._of_many(table, settings.gives, holds=bool({"rights", "plans"} & set(settings.gives)))
        self.guidance += [table] if "assignments" in settings.gives else []
        return table.capabilities

    def _json(self, settings: JsonSettings) -> Capabilities:
        http = _known(settings, settings.auth, settings.headers, self._network)
        try:
            system = JsonSource(settings, http, self._clock)
        except ValueError as fault:
            raise SettingsRefusedError(f"source `{settings.id}`: {fault}") from None
        self._of_many(system, settings.gives, holds=bool(settings.holders))
        self.guidance += [system] if settings.guides else []
        return system.capabilities

    def _of_many(self, source: TableSource | JsonSource, gives: Collection[str], *, holds: bool) -> None:
        """Stand a source that may give anything where its settings say that it does."""
        self.holders += [source] if holds else []
        self.rights += [source] if "rights" in gives else []
        self.plans += [source] if "plans" in gives else []
        self.appointments += [source] if "appointments" in gives else []
        self.assignments += [source] if "assignments" in gives else []


def _database_password(settings: TableSettings, network: Network) -> str | None:
    """The password of the database, where there is one; whose certificates it may show must be known by then."""
    database = settings.database
    if database is None:
        return None
    if database.root_certificates and not (network.folder / database.root_certificates).is_file():
        raise SettingsRefusedError(f"source `{settings.id}`, root_certificates: expected a file of certificates")
    return network.secret(database.password_file) if database.password_file else None


def _known(
    settings: JsonSettings | DocumentsSettings, auth: Credential, headers: Mapping[str, str], network: Network
) -> HttpPort:
    """The port to a source that knows us by a credential."""
    addresses = [settings.base_url, *([auth.token_url] if isinstance(auth, TokenCredential) else [])]
    limits = settings.reached if isinstance(settings, JsonSettings) else settings
    http = network.client(settings.id, limits, *addresses)
    password = "" if isinstance(auth, NoCredential) else network.secret(auth.secret_file)
    try:
        return known_as(auth, password, headers, http)
    except ValueError as fault:
        raise SettingsRefusedError(f"source `{settings.id}`: {fault}") from None


def with_scopes(account: ClientCredentials, *usual: str) -> ClientCredentials:
    """The account, asking for the usual scopes of its kind of source where the settings name none."""
    return account if account.scopes else msgspec.structs.replace(account, scopes=usual)


# --- the registers ----------------------------------------------------------------------------------------------


def _identities(settings: OnrSettings, network: Network, clock: Clock) -> Onr:
    match settings.auth:
        case CasLogin() as login:
            http = network.client(learner_register.SOURCE, settings, settings.base_url, login.cas_url, login.service)
            account = CasAccount(
                cas_url=login.cas_url, service=login.service, username=login.username, caller_id=settings.caller_id
            )
            tickets = CasTickets(account, http, network.secret(login.password_file))
            return Onr(settings, SessionHttp(account, tickets, http, login.session_cookie), clock)
        case TokenLogin() as login:
            http = network.client(learner_register.SOURCE, settings, settings.base_url, login.token_url)
            tokens = AccessTokens(login, http, network.secret(login.secret_file))
            return Onr(settings, TokenHttp(http, tokens), clock)
        case None:
            return Onr(settings, network.client(learner_register.SOURCE, settings, settings.base_url), clock)


def _organisations(settings: OrganisaatioSettings, network: Network, clock: Clock) -> Organisaatio:
    http = network.client(organisation_register.SOURCE, settings, settings.base_url)
    return Organisaatio(settings, http, clock)


# --- what is kept of them ---------------------------------------------------------------------------------------


def _remembered(settings: SourceSettings) -> Remembered | None:
    """What is kept of a source and for how long; nothing of a snapshot, which keeps itself."""
    if isinstance(settings, JsonSettings):
        return settings.reached
    return settings if isinstance(settings, Remembered) else None


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


def _together(rights: Iterable[RightsSource], shelf: Shelf, clock: Clock, cache_bytes: int) -> RightsTogether | None:
    """The sources of rights that are kept, where there are any."""
    kept = [each for each in rights if isinstance(each, KeptRights)]
    return KeptTogether(kept, shelf, clock, cache_bytes // TOGETHER_SHARE) if kept else None

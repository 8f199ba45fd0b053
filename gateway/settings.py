"""What may be set: the sections of the settings file, as values."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from connectors.catalogue import SourceSettings
from connectors.registries.amosaa import AmosaaSettings
from connectors.registries.eperusteet import EperusteetSettings
from connectors.registries.koodisto import KoodistoSettings
from connectors.registries.onr import OnrSettings
from connectors.registries.organisaatio import OrganisaatioSettings
from connectors.shelf import DEFAULT_BYTES
from gateway.records.keeping import RecordsSettings
from hoks.guidance import UPDATE_WEEKS
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.items import Item
from hoks.relations import Consent, Statute

Text = Annotated[str, Meta(min_length=1)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=60)]
Hours = Annotated[float, Meta(gt=0, le=24)]


LONGEST_CLIENT = 200
"""Letters in the name of a client."""
THEIRS = frozenset({"columns", "parameters", "headers", "body"})
"""Sections whose keys are not ours to read: a provider may call a parameter ``folder`` or ``url``."""


class SettingsError(Exception):
    """The settings cannot be used; the text is one line for the operator."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ServerSettings(_Section, frozen=True):
    """Where the gateway listens."""

    host: Text = "127.0.0.1"
    port: Port = 8080
    drain_seconds: Annotated[float, Meta(ge=0, le=60)] = 3.0
    """For how long it goes on serving, unready, after it was told to stop: until who sends requests has seen it."""
    stop_seconds: Seconds = 10.0
    """How long requests that have begun may then still take."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """Processes that serve, each with caches, connections and a stream of the log of its own."""


class OverloadSettings(_Section, frozen=True):
    """How many requests one process serves at a time."""

    working: Count = 1
    """Requests that work at once; one that waits for a source does not."""
    open: Count = 256
    """Requests that are begun at once, those that wait for a source included."""
    waiting: Count = 256
    """Requests that may wait for their turn, where the pace lets them have it in time."""
    crowded: Count = 1
    """Requests that may wait where more come than go; more where few are refused by that."""
    waiting_seconds: Seconds = 0.3
    """How long one waits for its turn at most."""
    each: Count = 32
    """Requests of one caller that are begun or wait."""


class LogSettings(_Section, frozen=True):
    """How the log is written, to standard error."""

    form: Literal["json", "text"] = "json"


class MetricsSettings(_Section, frozen=True):
    """Figures for operators."""

    port: Port | None = None
    """A port of this machine alone. Each further worker takes the next."""
    url: Text | None = None
    """Where a collector takes metrics, OTLP over HTTP; needs the extra ``otel``."""
    push_seconds: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    """How often they are sent there."""

    @property
    def are_wanted(self) -> bool:
        """Whether anything is counted."""
        return self.port is not None or self.url is not None


class TracingSettings(_Section, frozen=True):
    """Spans of OpenTelemetry; they need the extra ``otel``."""

    url: Text | None = None
    """Where a collector takes traces, OTLP over HTTP; without one none are made."""
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Of requests that are traced, where who sends them has not decided it."""
    believed: tuple[Text, ...] = ()
    """Addresses of what stands before the gateway: their requests' ``traceparent`` is taken, and nobody else's."""


class Limits(_Section, frozen=True):
    """What one request may cost; `docs/limits.md` says of each what is counted."""

    request_seconds: Seconds = 5.0
    body_seconds: Seconds = 10.0
    body_bytes: Count = 100_000
    json_depth: Annotated[int, Meta(ge=1, le=500)] = 50
    json_digits: Annotated[int, Meta(ge=1, le=1_000)] = 20
    tokens: Count = 1_000
    depth: Count = 12
    aliases: Count = 30
    root_fields: Count = 5
    expanded_fields: Count = 2_000
    directives: Count = 50
    directives_in_one_place: Count = 5
    listed_fields: Count = 10_000
    subjects: Count = 100
    source_calls: Count = 1_000
    comparisons: Count = 10_000


class CacheSettings(_Section, frozen=True):
    """What is kept of sources' answers, in memory and for seconds; for how long each source's settings say."""

    bytes: Annotated[int, Meta(ge=0, le=1_000_000_000)] = DEFAULT_BYTES
    """Of all sources together."""


class GraphSettings(_Section, frozen=True):
    """How operations are taken and executed."""

    projection: bool = True
    """Whether selections on plain data are compiled; off, everything is executed field by field, to the same answer."""
    introspection: bool = False
    """Whether the schema is told to whoever may ask; it is published all the same, as ``schema.graphql``."""
    get_queries: bool = False
    """Whether queries are taken by GET too: what is asked then stands in addresses, and in other people's logs."""
    subgraph: bool = False
    """Whether routers of Apollo Federation v2 are served too: `_service` and `_entities`."""


class ViewSettings(_Section, frozen=True):
    """The page ``/view`` and the elements."""

    served: bool | None = None
    """Whether they are served; where it is left out, in a sandbox alone."""
    client: Annotated[str, Meta(min_length=1, max_length=LONGEST_CLIENT)] = "hoks-view"
    """The client to which the tokens of the page are issued; it may run what the page asks and nothing else."""


class GraphiqlSettings(_Section, frozen=True):
    """The page ``/graphiql``, of a sandbox alone."""

    folder: Path
    """Where `make graphiql` has laid GraphiQL."""


class AccessSettings(_Section, frozen=True):
    """Questions of interpretation that a provider may answer otherwise."""

    suspended_is_valid: bool = True


class GuidanceSettings(_Section, frozen=True):
    """What guidance at a provider goes by."""

    update_weeks: Annotated[int, Meta(ge=1, le=52)] = UPDATE_WEEKS
    """Weeks without an update after which a plan waits for one. Nobody asks with another number: the difference of two
    counts would tell of one student."""


class IssuerSettings(_Section, frozen=True):
    """A token issuer that is trusted, and how far."""

    issuer: Text
    audience: Text
    jwks_url: Text
    algorithms: tuple[str, ...] = ("ES256",)
    max_token_hours: Hours = 12.0
    private_network: bool = False


class ClientSettings(_Section, frozen=True):
    """A program through which people call, by the ``client_id`` or ``azp`` of their tokens."""

    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_CLIENT)]
    trusted_only: bool = False
    """Whether it may run nothing but what its manifest holds."""
    manifest_path: Path | None = None
    """Its trusted documents, ``{hash: document}``; a file that is not there is one without any."""
    origins: tuple[Annotated[str, Meta(max_length=300)], ...] = ()
    """The origins of its pages, in which embed tokens may be used."""


class EmbedSettings(_Section, frozen=True):
    """Tokens for the pages of workplace tools."""

    minutes: Annotated[int, Meta(ge=1, le=15)] = 10
    """For how long one lasts."""
    most: Annotated[int, Meta(ge=1, le=100)] = 20
    """How many are made for one person within that time."""


Items = Annotated[tuple[Item, ...], Meta(min_length=1)]


class StatuteSettings(_Section, frozen=True):
    """A provision that gives an authority the right to items of plans. Without one an authority gets nothing."""

    organisation: Text
    citation: Text
    items: Items
    express: tuple[Item, ...] = ()
    """Those of ``items`` that the provision names expressly."""

    def as_statute(self) -> Statute:
        """The provision as the domain knows it."""
        return Statute(
            organisation=OrganisationOid(self.organisation),
            citation=self.citation,
            items=frozenset(self.items),
            express=frozenset(self.express),
        )


class SandboxConsentSettings(_Section, frozen=True):
    """A consent of an invented student, for the store in memory that a sandbox has."""

    id: Text
    learner: Text
    right: Text
    recipient: Text
    items: Items
    start: date
    end: date
    withdrawn: bool = False

    def as_consent(self) -> Consent:
        """The consent as the domain knows it."""
        return Consent(
            id=self.id,
            learner=LearnerOid(self.learner),
            right=StudyRightOid(self.right),
            recipient=self.recipient,
            items=frozenset(self.items),
            start_date=self.start,
            end_date=self.end,
            withdrawn=self.withdrawn,
        )


class Instance(_Section, frozen=True):
    """What one of several instances with the same file has for itself; nothing: as the file says."""

    port: int | None = None
    metrics_port: int | None = None
    stream: str | None = None


class Settings(_Section, frozen=True):
    """The whole file."""

    part_id_key_file: Path
    onr: OnrSettings
    organisaatio: OrganisaatioSettings
    records: RecordsSettings
    koodisto: KoodistoSettings | None = None
    eperusteet: EperusteetSettings | None = None
    amosaa: AmosaaSettings | None = None
    mode: Literal["sandbox", "production"] = "production"
    fixed_day: date | None = None
    server: ServerSettings = ServerSettings()
    limits: Limits = Limits()
    overload: OverloadSettings = OverloadSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    tracing: TracingSettings = TracingSettings()
    cache: CacheSettings = CacheSettings()
    graph: GraphSettings = GraphSettings()
    view: ViewSettings = ViewSettings()
    graphiql: GraphiqlSettings | None = None
    access: AccessSettings = AccessSettings()
    guidance: GuidanceSettings = GuidanceSettings()
    issuer: tuple[IssuerSettings, ...] = ()
    client: tuple[ClientSettings, ...] = ()
    embed: EmbedSettings = EmbedSettings()
    source: tuple[SourceSettings, ...] = ()
    statute: tuple[StatuteSettings, ...] = ()
    sandbox_consent: tuple[SandboxConsentSettings, ...] = ()

    def of_worker(self, number: int) -> "Settings":
        """The settings of one of several workers: its own stream of the log and port; the first alone erases."""
        if number == 1:
            return self
        records = msgspec.structs.replace(self.records, stream=f"{self.records.stream}.{number}", erase_daily=False)
        port = self.metrics.port + number - 1 if self.metrics.port is not None else None
        metrics = msgspec.structs.replace(self.metrics, port=port)
        return msgspec.structs.replace(self, records=records, metrics=metrics)

    def of_instance(self, own: Instance) -> "Settings":
        """The settings of one of several instances, with what it alone has."""
        server, metrics, records = self.server, self.metrics, self.records
        return msgspec.structs.replace(
            self,
            server=msgspec.structs.replace(server, port=own.port or server.port),
            metrics=msgspec.structs.replace(metrics, port=own.metrics_port or metrics.port),
            records=msgspec.structs.replace(records, stream=own.stream or records.stream),
        )

    @property
    def statutes(self) -> tuple[Statute, ...]:
        """The provisions on which authorities get something."""
        return tuple(each.as_statute() for each in self.statute)

    @property
    def sandbox_consents(self) -> tuple[Consent, ...]:
        """The consents with which a sandbox starts."""
        return tuple(each.as_consent() for each in self.sandbox_consent)

"""The composition root: the only place that knows every part. Settings in, a running application out."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from connectors.catalogue import connect
from connectors.client import HttpClient, Transport
from connectors.condition import Condition
from connectors.connected import Connected
from connectors.limits import DEFAULT_SECONDS
from connectors.network import SettingsRefusedError, secret
from gateway.admission import Admission
from gateway.callers import Callers
from gateway.embedding import Embedded, EmbedTokenEndpoint
from gateway.errors import Code, RefusedError
from gateway.export import ExportEndpoint
from gateway.graphiql import GraphiqlPage
from gateway.hearsay import Everywhere, Hearsay
from gateway.heartbeat import Heartbeat
from gateway.http import GraphQLEndpoint
from gateway.invalidate import InvalidationEndpoint
from gateway.keys import LARGEST_KEY_SET, KeyClients
from gateway.logs import log_request
from gateway.manifests import ManifestRefusedError
from gateway.metrics import Conditions, Gauge, Gauges, Metrics
from gateway.observing import Observing
from gateway.operations import Operations
from gateway.operators_port import OperatorsPort
from gateway.pushing import Pushing
from gateway.readiness import Readiness
from gateway.records.dictation import Beginning, in_thread
from gateway.records.disclosures import Recorder
from gateway.records.faults import StoreBroken
from gateway.records.keeping import Keeping, open_records
from gateway.settings import Settings, SettingsError
from gateway.tracing import Tracing
from gateway.view import View, clients, is_served
from hoks.access.rules import Policy, PolicyError, read_policy
from hoks.consent_texts import ConsentTexts, read_consent_texts
from hoks.embedding import Grounds
from hoks.following import Following
from hoks.giving import Giving
from hoks.nominating import Nominating
from hoks.ports import Clock
from hoks.questions import Sources
from hoks.reading import Reader
from hoks.sharing import Sharing
from resolvers.context import Desks
from resolvers.graph import Graph
from resolvers.schema import build, executable


class Application(Starlette):
    """The gateway as an ASGI application, in which the graph is asked without the detour by the router."""

    def __init__(
        self,
        graph: ASGIApp,
        routes: Sequence[Route],
        lifespan: Lifespan["Application"],
        observing: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    ) -> None:
        super().__init__(
            routes=[Route(GRAPH, graph), *routes], lifespan=lifespan, exception_handlers={HTTPException: _misdirected}
        )
        self._graph = graph
        self._observed = observing(self._served)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._observed(scope, receive, send)

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == GRAPH:
            await self._graph(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


GRAPH = "/graphql"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a gateway is put together from, before it serves anything."""

    reader: Reader
    connected: Connected
    keys_client: KeyClients
    key: bytes
    policy: Policy
    keeping: Keeping
    clock: Clock

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Each source over HTTP, and each issuer's keys, as their clients see them."""
        yield from ((each.source, each) for each in self.connected.conditions())
        yield from ((f"issuer-{place}", each) for place, each in enumerate(self.keys_client.conditions(), start=1))

    async def aclose(self) -> None:
        """Close all connections and what is kept."""
        await self.keeping.aclose()
        await self.keys_client.aclose()
        await self.connected.aclose()


def assemble(
    settings: Settings,
    clock: Clock,
    transport: Transport | None = None,
    seconds: Callable[[], float] = time.monotonic,
    scribe: Beginning = in_thread,
) -> Parts:
    """The reader over everything that the settings name. Raises ``SettingsError`` with one line."""
    policy = load_policy()
    try:
        key = hashlib.sha256(secret(settings.part_id_key_file).encode()).digest()
        connected = connect(
            settings.source,
            clock,
            onr=settings.onr,
            organisaatio=settings.organisaatio,
            koodisto=settings.koodisto,
            eperusteet=settings.eperusteet,
            amosaa=settings.amosaa,
            cache_bytes=settings.cache.bytes,
            transport=transport,
            seconds=seconds,
        )
        keeping = _records(settings, clock, scribe)
    except (SettingsRefusedError, StoreBroken, OSError, ValueError) as error:
        raise SettingsError(str(error)) from None
    reader = Reader(
        _sources(connected, keeping, settings),
        policy,
        clock,
        part_key=_key_for(key, b"ids of parts"),
        request_seconds=settings.limits.request_seconds,
        suspended_is_valid=settings.access.suspended_is_valid,
        labels=connected.labels,
    )
    return Parts(reader, connected, _key_clients(settings, transport), key, policy, keeping, clock)


def create_app(
    settings: Settings,
    clock: Clock,
    transport: Transport | None = None,
    seconds: Callable[[], float] = time.monotonic,
    hearsay: Hearsay | None = None,
    scribe: Beginning = in_thread,
) -> Application:
    """The gateway. Raises ``SettingsError`` with one line when it must not start.

    ``transport`` stands in for the network in tests, and ``seconds`` for the clock by which kept answers grow old;
    ``hearsay`` is what one of several workers hears from the others, and ``scribe`` how whoever records begins.
    """
    parts = assemble(settings, clock, transport, seconds, scribe)
    schema = build(subgraph=settings.graph.subgraph)
    admission, heartbeat = Admission(settings.overload), Heartbeat()
    parts.keeping.gate.gathers_while(admission.others_follow)
    readiness = Readiness(parts.keeping.is_ready, parts.conditions)
    metrics = _metrics(parts, admission, heartbeat) if settings.metrics.are_wanted else None
    pushing = Pushing(settings.metrics, metrics.registry) if metrics and settings.metrics.url is not None else None
    tracing = Tracing(settings.tracing) if settings.tracing.url is not None else None
    callers = Callers(settings.issuer, parts.keys_client, seconds=seconds, turn=admission.turn)
    operations = _operations(settings)
    endpoint = GraphQLEndpoint(
        schema=executable(schema),
        graph=Graph(
            schema,
            parts.reader,
            cursor_key=_key_for(parts.key, b"cursors"),
            desks=_desks(parts),
            update_weeks=settings.guidance.update_weeks,
        ),
        callers=callers,
        gate=Recorder(parts.keeping.gate, parts.policy),
        limits=settings.limits,
        projection=settings.graph.projection,
        turn=admission.turn,
        introspection=settings.graph.introspection,
        get_queries=settings.graph.get_queries,
        operations=operations,
    )
    grounds = Grounds(parts.reader, parts.keeping.appointments)
    embed_tokens = EmbedTokenEndpoint(
        schema=executable(schema),
        limits=settings.limits,
        clients=settings.client,
        settings=settings.embed,
        callers=callers,
        operations=operations,
        reader=parts.reader,
        grounds=grounds,
        embeds=parts.keeping.embeds,
        turn=admission.turn,
    )
    origins = {origin for client in settings.client for origin in client.origins}

    @asynccontextmanager
    async def lifespan(_: Application) -> AsyncIterator[None]:
        await parts.keeping.start(settings.sandbox_consents)
        await parts.connected.warm()
        parts.connected.follow()
        heartbeat.start()
        port = _operators_port(settings, metrics, readiness)
        if pushing is not None:
            pushing.start()
        if hearsay is not None:
            hearsay.listen(parts.connected.forget)
        yield
        if hearsay is not None:
            hearsay.close()
        if port is not None:
            port.close()
        for sending in (pushing, tracing):
            if sending is not None:
                await sending.aclose()
        await heartbeat.aclose()
        await callers.aclose()
        await parts.aclose()

    async def ready(_: Request) -> JSONResponse:
        told = await readiness.told()
        return JSONResponse({"status": told.status}, 200 if told.is_ready else 503)

    kept = Everywhere(parts.connected, hearsay) if hearsay is not None else parts.connected
    invalidation = InvalidationEndpoint(parts.connected.invalidate_keys, kept, turn=admission.turn)
    routes = [
        Route("/embed-token", embed_tokens),
        Route("/embed-token/{embed}", embed_tokens),
        Route("/invalidate", invalidation),
        Route("/disclosures/export", ExportEndpoint(callers, parts.reader, parts.keeping.exports.of, admission.turn)),
        Route("/health", _alive),
        Route("/ready", ready),
        *_view(settings),
        *_graphiql(settings),
    ]
    graph = Embedded(endpoint, parts.keeping.embeds, grounds, parts.reader, origins, admission.turn)
    observing = partial(
        Observing,
        routes=[GRAPH, *(route.path for route in routes)],
        told=[log_request, *(each.tell for each in (metrics, tracing) if each is not None)],
        is_stopping=lambda: readiness.is_stopping,
        believed=settings.tracing.believed,
    )
    app = Application(graph, routes, lifespan, observing)
    app.state.settings = settings
    app.state.readiness = readiness
    app.state.admission = admission
    app.state.refuse_misfits = partial(_refuse_misfits, parts)
    app.state.aclose = parts.aclose
    return app


async def _refuse_misfits(parts: Parts) -> None:
    """Look at the databases before anything is served. Raises ``SettingsRefusedError`` with one line."""
    try:
        await parts.keeping.prepare()
    except StoreBroken as fault:
        raise SettingsRefusedError(f"records: {fault}") from None
    await parts.connected.refuse_misfits()


def _metrics(parts: Parts, admission: Admission, heartbeat: Heartbeat) -> Metrics:
    metrics = Metrics()
    metrics.watch(
        Conditions(parts.conditions),
        Gauges(
            gauges=(
                Gauge("hoks_requests_working", "Requests that work now", lambda: admission.working),
                Gauge("hoks_requests_open", "Requests that are begun and not answered", lambda: admission.open),
                Gauge("hoks_requests_waiting", "Requests that wait for their turn", lambda: admission.waiting),
                Gauge(
                    "hoks_event_loop_longest_stall_seconds",
                    "The longest time in which nothing was served",
                    lambda: heartbeat.longest_seconds,
                ),
            ),
            counters=(
                Gauge("hoks_requests_refused", "Requests refused because of too many", lambda: admission.refused),
                Gauge("hoks_event_loop_stalls", "Times when nothing was served for 0.1 s", lambda: heartbeat.stalls),
                Gauge(
                    "hoks_event_loop_stalled_seconds",
                    "Seconds in which nothing was served",
                    lambda: heartbeat.stalled_seconds,
                ),
            ),
        ),
    )
    return metrics


def _operators_port(settings: Settings, metrics: Metrics | None, readiness: Readiness) -> OperatorsPort | None:
    """The port, open, where the settings name one."""
    if metrics is None or settings.metrics.port is None:
        return None
    return OperatorsPort(settings.metrics.port, metrics.registry, readiness.told, asyncio.get_running_loop())


def load_policy() -> Policy:
    """The rules that the package carries. Raises ``SettingsError`` when they cannot be used."""
    try:
        return read_policy(resources.files("hoks.access").joinpath("rules.toml").read_text(encoding="utf-8"))
    except PolicyError as error:
        raise SettingsError(str(error)) from None


def load_consent_texts() -> ConsentTexts:
    """What students are shown before consenting. Raises ``SettingsError`` when it cannot be used."""
    try:
        return read_consent_texts(resources.files("hoks").joinpath("consent_texts.toml").read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _desks(parts: Parts) -> Desks:
    """What callers may do besides asking, each over what is kept."""
    reader, keeping = parts.reader, parts.keeping
    return Desks(
        giving=Giving(reader, keeping.consents, load_consent_texts(), parts.policy),
        sharing=Sharing(reader, keeping.shares, parts.connected.labels),
        nominating=Nominating(reader, keeping.appointments, parts.clock),
        following=Following(keeping.looks, parts.connected.labels),
    )


def _operations(settings: Settings) -> Operations:
    try:
        return Operations(clients(settings))
    except ManifestRefusedError as refused:
        raise SettingsError(f"key `client.manifest_path`: {refused}") from None


def _view(settings: Settings) -> list[Route]:
    if not is_served(settings):
        return []
    issuer = _origin(settings.issuer[0].jwks_url) if settings.mode == "sandbox" else None
    return View(settings.view.client, issuer, settings.fixed_day).routes()


def _graphiql(settings: Settings) -> list[Route]:
    # INVARIANT: outside a sandbox there is no such page; settings that ask for one have been refused before.
    if settings.graphiql is None or settings.mode != "sandbox":
        return []
    return GraphiqlPage(settings.graphiql.folder, _origin(settings.issuer[0].jwks_url)).routes()


def _records(settings: Settings, clock: Clock, scribe: Beginning) -> Keeping:
    password_file = settings.records.password_file
    return open_records(settings.records, clock, secret(password_file) if password_file is not None else None, scribe)


def _sources(connected: Connected, keeping: Keeping, settings: Settings) -> Sources:
    if connected.identities is None or connected.organisations is None:
        raise SettingsError("the learner register (onr) and the organisation register (organisaatio) are needed")
    return Sources(
        identities=connected.identities,
        organisations=connected.organisations,
        rights=connected.rights,
        rights_together=connected.rights_together,
        plans=connected.plans,
        holders=connected.holders,
        appointments=connected.appointments,
        assignments=connected.assignments,
        guidance=connected.guidance,
        changes=connected.telling,
        made_here=keeping.appointments,
        consents=keeping.consents,
        statutes=settings.statutes,
    )


def _key_clients(settings: Settings, transport: Transport | None) -> KeyClients:
    by_url: dict[str, HttpClient] = {}
    for issuer in settings.issuer:
        try:
            by_url[issuer.jwks_url] = HttpClient(
                [_origin(issuer.jwks_url)],
                source="keys of an issuer",
                # Whoever waits for a key set waits no longer than for an answer.
                seconds=min(DEFAULT_SECONDS, settings.limits.request_seconds),
                max_bytes=LARGEST_KEY_SET,
                private_network=issuer.private_network,
                transport=transport,
            )
        except ValueError as error:
            raise SettingsError(f"key `issuer.jwks_url`: {error}") from None
    return KeyClients(by_url)


def _key_for(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose, from the one secret of the settings."""
    return hmac.new(key, purpose, hashlib.sha256).digest()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _misdirected(_: Request, fault: Exception) -> JSONResponse:
    """The refusal of a request that no route takes, in the one shape."""
    refusal = RefusedError(Code.NOT_FOUND)
    if isinstance(fault, HTTPException) and fault.status_code == 405 and fault.headers:
        allowed = ", ".join(sorted(fault.headers["Allow"].split(", ")))
        refusal = RefusedError(Code.METHOD_NOT_ALLOWED, f"use {allowed}", headers={"allow": allowed})
    return JSONResponse({"errors": refusal.errors()}, refusal.status, dict(refusal.headers))


async def _alive(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})

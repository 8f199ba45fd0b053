"""A request and its questions to sources as spans of OpenTelemetry, sent to a collector; made when the request is over.

INVARIANT: a span says what a note says: no address of a call, no text of an operation, nobody's OID. Nothing of a trace
travels on to a source: what one of them could tell another by it is nobody's business.
"""

import asyncio
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gateway.noting import ANSWERED, CLOCK, Note
from gateway.settings import SettingsError, TracingSettings
from hoks.outcomes import FAILED

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "hoks-gateway"
SEND_SECONDS = 2.0


class Tracing:
    """The spans of one gateway on their way to a collector."""

    def __init__(self, settings: TracingSettings, exporter: "SpanExporter | None" = None) -> None:
        """``exporter`` stands in for the collector in tests. Raises ``SettingsError`` where the library is missing."""
        if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
            raise SettingsError("key `tracing.url`: install the gateway with its extra `otel` to send traces")
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.share)),
            resource=Resource({"service.name": SERVICE}),
            shutdown_on_exit=False,
        )
        sending = exporter or OTLPSpanExporter(endpoint=settings.url, timeout=SEND_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(sending))
        self._tracer = self._provider.get_tracer(SERVICE)
        self._parents = TraceContextTextMapPropagator()

    def tell(self, note: Note) -> None:
        """Make the spans of a request that is over."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        ahead = time.time_ns() - int(CLOCK() * 1e9)
        parent = None if note.parent is None else self._parents.extract({"traceparent": note.parent})
        span = self._tracer.start_span(
            f"{note.method} {note.route}",
            context=parent,
            kind=SpanKind.SERVER,
            attributes=_said_of(note),
            start_time=ahead + int(note.began * 1e9),
        )
        if span.is_recording():
            if note.status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            within = set_span_in_context(span)
            for began, ended, source, outcome in note.waits.noted:
                said = {"hoks.source": source}
                if outcome is not None:
                    said["hoks.outcome"] = outcome.value
                    if outcome in FAILED:
                        said["error.type"] = outcome.value
                asked = self._tracer.start_span(
                    f"ask {source}",
                    context=within,
                    kind=SpanKind.CLIENT,
                    attributes=said,
                    start_time=ahead + int(began * 1e9),
                )
                asked.end(ahead + int(ended * 1e9))
        span.end(ahead + int((note.began + note.seconds) * 1e9))

    async def aclose(self) -> None:
        """Send what waits, and stop."""
        await asyncio.to_thread(self._provider.shutdown)


def _said_of(note: Note) -> dict[str, str | int]:
    said: dict[str, str | int] = {
        "http.request.method": note.method,
        "http.route": note.route,
        "http.response.status_code": note.status,
        "http.response.body.size": note.bytes,
        "hoks.request": note.id,
    }
    if note.kind is not None:
        said["graphql.operation.type"] = note.kind
    if note.name is not None:
        said["graphql.operation.name"] = note.name
    if note.role is not None:
        said["hoks.role"] = note.role
    if note.code != ANSWERED:
        said["error.type"] = note.code
    return said

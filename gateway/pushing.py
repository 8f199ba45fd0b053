"""The figures of a gateway sent to a collector now and then, by OpenTelemetry's protocol over HTTP, by a thread of its
own.

INVARIANT: what is sent is what the operators' port tells, under the same names and labels, and nothing besides.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric, Sample

from gateway.settings import MetricsSettings, SettingsError
from gateway.tracing import SERVICE

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import export
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricsData

SEND_SECONDS = 2.0
_KINDS = frozenset({"counter", "gauge", "histogram"})

log = logging.getLogger(__name__)


class Pushing:
    """The figures of one gateway on their way to a collector."""

    def __init__(
        self, settings: MetricsSettings, registry: CollectorRegistry, exporter: "MetricExporter | None" = None
    ) -> None:
        """``exporter`` stands in for the collector in tests. Raises ``SettingsError`` where the library is missing."""
        if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
            raise SettingsError("key `metrics.url`: install the gateway with its extra `otel` to send figures")
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.resources import Resource

        self._registry = registry
        self._seconds = settings.push_seconds
        self._exporter = exporter or OTLPMetricExporter(endpoint=settings.url, timeout=SEND_SECONDS)
        # Workers and instances count apart, and a collector must not take one's figures for another's.
        self._resource = Resource({"service.name": SERVICE, "service.instance.id": secrets.token_hex(8)})
        self._began = time.time_ns()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._push_all, name="pushing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    async def aclose(self) -> None:
        """Send the figures once more, and end."""
        self._over.set()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._exporter.shutdown)

    def _push_all(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._over.wait(self._seconds)
            try:
                self._exporter.export(self._figures())
            # Whatever is wrong with a collector is its own affair.
            except Exception as fault:
                log.warning("the figures could not be sent: %s", type(fault).__name__)

    def _figures(self) -> "MetricsData":
        """The figures as they are now."""
        from opentelemetry.sdk.metrics import export
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        metrics = [
            export.Metric(each.name, each.documentation, each.unit, self._data(each))
            for each in self._registry.collect()
            if each.type in _KINDS
        ]
        scoped = export.ScopeMetrics(InstrumentationScope(SERVICE), metrics, "")
        return export.MetricsData([export.ResourceMetrics(self._resource, [scoped], "")])

    def _data(self, metric: Metric) -> "export.Sum | export.Gauge | export.Histogram":
        from opentelemetry.sdk.metrics import export

        now, cumulative = time.time_ns(), export.AggregationTemporality.CUMULATIVE
        if metric.type == "histogram":
            return export.Histogram(list(self._histograms(metric, now)), cumulative)
        points = [
            export.NumberDataPoint(each.labels, self._began, now, float(each.value))
            for each in metric.samples
            if not each.name.endswith("_created")
        ]
        return export.Gauge(points) if metric.type == "gauge" else export.Sum(points, cumulative, is_monotonic=True)

    def _histograms(self, metric: Metric, now: int) -> "Iterator[export.HistogramDataPoint]":
        from opentelemetry.sdk.metrics import export

        for labels, samples in _by_labels(metric.samples):
            below = {each.labels["le"]: each.value for each in samples if each.name.endswith("_bucket")}
            counts = [0.0, *below.values()]
            yield export.HistogramDataPoint(
                attributes=labels,
                start_time_unix_nano=self._began,
                time_unix_nano=now,
                count=int(counts[-1]),
                sum=sum(each.value for each in samples if each.name.endswith("_sum")),
                bucket_counts=[int(more - fewer) for fewer, more in pairwise(counts)],
                explicit_bounds=[float(bound) for bound in below if bound != "+Inf"],
                min=None,  # type: ignore[arg-type]  # none was kept: OTLP's field is optional, its type here says a number
                max=None,  # type: ignore[arg-type]  # none was kept: OTLP's field is optional, its type here says a number
            )


def _by_labels(samples: Iterable[Sample]) -> Iterator[tuple[Mapping[str, str], list[Sample]]]:
    """What belongs to one distribution."""
    found: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for each in samples:
        apart = tuple(sorted((name, value) for name, value in each.labels.items() if name != "le"))
        found.setdefault(apart, []).append(each)
    for labels, some in found.items():
        yield dict(labels), some

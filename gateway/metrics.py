"""What is counted for whoever runs the gateway, as Prometheus reads it; HTTP by the names of OpenTelemetry.

INVARIANT: every label is one of a closed list: a route, a status, a kind of operation, a code, a source's id. Nobody's
OID, text or token can become one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from connectors.breaker import State
from connectors.condition import Condition
from gateway.noting import Note

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Bounds of durations, as OpenTelemetry's conventions of HTTP have them."""
NO_OPERATION = "none"
"""The kind of what was refused before its operation was known."""


class Gauge(NamedTuple):
    """A figure that is looked up when it is read."""

    name: str
    says: str
    read: Callable[[], float]


class Metrics:
    """The counters of one gateway."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "Seconds from a request's headers to the last byte of its answer",
            ("http_route", "http_response_status_code"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._own = Histogram(
            "hoks_gateway_seconds",
            "Seconds of a request to the graph in which no source was waited for",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._waits = Histogram(
            "hoks_source_wait_seconds",
            "Seconds for which a request waited for a source",
            ("source",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._operations = Counter(
            "hoks_operations",
            "Requests to the graph, by the kind of operation and the code of the first error",
            ("graphql_operation_type", "code"),
            registry=self.registry,
        )
        self._answers = Counter(
            "hoks_source_answers",
            "Questions of requests to a source, by the worst outcome of their keys",
            ("source", "outcome"),
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        # What `labels` looks up each time under a lock is looked up once.
        self._by_status: dict[tuple[str, int], Histogram] = {}
        self._by_source: dict[str, Histogram] = {}
        self._by_code: dict[tuple[str | None, str], Counter] = {}
        self._by_outcome: dict[tuple[str, str], Counter] = {}

    def tell(self, note: Note) -> None:
        """Count a request that is over."""
        self._request(note.route, note.status).observe(note.seconds)
        if note.route != "/graphql":
            return
        self._own.observe(note.own_seconds)
        self._operation(note.kind, note.code).inc()
        for source, seconds in note.source_seconds.items():
            self._wait(source).observe(seconds)
        for wait in note.waits.noted:
            if wait.outcome is not None:
                self._answer(wait.source, wait.outcome.value).inc()

    def watch(self, *collectors: Collector) -> None:
        """Read these too, whenever the figures are read."""
        for each in collectors:
            self.registry.register(each)

    def _request(self, route: str, status: int) -> Histogram:
        child = self._by_status.get((route, status))
        if child is None:
            child = self._by_status[route, status] = self._requests.labels(route, status)
        return child

    def _operation(self, kind: str | None, code: str) -> Counter:
        child = self._by_code.get((kind, code))
        if child is None:
            child = self._by_code[kind, code] = self._operations.labels(kind or NO_OPERATION, code)
        return child

    def _wait(self, source: str) -> Histogram:
        child = self._by_source.get(source)
        if child is None:
            child = self._by_source[source] = self._waits.labels(source)
        return child

    def _answer(self, source: str, outcome: str) -> Counter:
        child = self._by_outcome.get((source, outcome))
        if child is None:
            child = self._by_outcome[source, outcome] = self._answers.labels(source, outcome)
        return child


class Conditions(Collector):
    """Each source as its client sees it: calls, retries, failures by reason, and whether it is left alone."""

    def __init__(self, read: Callable[[], Iterable[tuple[str, Condition]]]) -> None:
        """``read`` tells each source's condition by a name that no other source has."""
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        calls = CounterMetricFamily("hoks_source_calls", "Calls that were sent to a source", labels=["source"])
        retries = CounterMetricFamily("hoks_source_retries", "Calls that were sent a second time", labels=["source"])
        failures = CounterMetricFamily(
            "hoks_source_failures", "What went wrong with calls, those not sent included", labels=["source", "reason"]
        )
        ready = GaugeMetricFamily("hoks_source_ready", "Whether a source is asked as ever", labels=["source"])
        for source, condition in self._read():
            calls.add_metric([source], condition.calls)
            retries.add_metric([source], condition.retries)
            for reason, times in condition.failures.items():
                failures.add_metric([source, reason.value], times)
            ready.add_metric([source], condition.breaker is State.CLOSED)
        yield from (calls, retries, failures, ready)


class Gauges(Collector):
    """Figures that are looked up when they are read."""

    def __init__(self, gauges: Sequence[Gauge] = (), counters: Sequence[Gauge] = ()) -> None:
        self._gauges = gauges
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        for each in self._gauges:
            yield GaugeMetricFamily(each.name, each.says, value=each.read())
        for each in self._counters:
            yield CounterMetricFamily(each.name, each.says, value=each.read())

"""What is counted for whoever runs the gateway, as Prometheus reads it; HTTP by the names of OpenTelemetry.

INVARIANT: every label is one of a closed list: a route, a status, a kind of operation, a code, a source's id, the name
of an operation in a manifest. Nobody's OID, text or token can become one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from connectors.breaker import State
from connectors.condition import Condition
from gateway.noting import Note
from hoks.outcomes import Outcome

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Bounds of durations, as OpenTelemetry's conventions of HTTP have them."""
GRAPH = "/graphql"
NO_OPERATION = "none"
"""The kind of what was refused before its operation was known."""


class Gauge(NamedTuple):
    """A figure that is looked up when it is read."""

    name: str
    says: str
    read: Callable[[], float]


class _Durations:
    """Durations, each counted where it falls between the bounds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def told(self, labels: Sequence[str], family: HistogramMetricFamily) -> None:
        """Add what was counted, each bound with all below it, as Prometheus has it."""
        below = [str(float(bound)) for bound in SECONDS]
        family.add_metric(labels, list(zip([*below, "+Inf"], accumulate(self.counts), strict=True)), self.total)


class Metrics(Collector):
    """The counters of one gateway: plain numbers, made into figures only when they are read."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests: dict[tuple[str, int], _Durations] = {}
        self._operations: dict[tuple[str | None, str], int] = {}
        self._trusted: dict[tuple[str, str], _Durations] = {}
        self._own = _Durations()
        self._waits: dict[str, _Durations] = {}
        self._answers: dict[tuple[str, Outcome], int] = {}
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.watch(self)

    def tell(self, note: Note) -> None:
        """Count a request that is over."""
        asked = note.route, note.status
        if asked not in self._requests:
            self._requests[asked] = _Durations()
        self._requests[asked].add(note.seconds)
        if note.route != GRAPH:
            return
        self._own.add(note.own_seconds)
        done = note.kind, note.code
        self._operations[done] = self._operations.get(done, 0) + 1
        if note.name is not None:
            trusted = note.name, note.code
            if trusted not in self._trusted:
                self._trusted[trusted] = _Durations()
            self._trusted[trusted].add(note.seconds)
        for source, seconds in note.source_seconds.items():
            if source not in self._waits:
                self._waits[source] = _Durations()
            self._waits[source].add(seconds)
        for _, _, source, outcome in note.waits.noted:
            if outcome is not None:
                answered = source, outcome
                self._answers[answered] = self._answers.get(answered, 0) + 1

    def watch(self, *collectors: Collector) -> None:
        """Read these too, whenever the figures are read."""
        for each in collectors:
            self.registry.register(each)

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        requests = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "Seconds from a request's headers to the last byte of its answer",
            labels=["http_route", "http_response_status_code"],
        )
        # Copied first: requests go on being counted while the figures are read.
        for (route, status), durations in list(self._requests.items()):
            durations.told([route, str(status)], requests)
        own = HistogramMetricFamily(
            "hoks_gateway_seconds", "Seconds of a request to the graph in which nobody was waited for", labels=[]
        )
        self._own.told([], own)
        waits = HistogramMetricFamily(
            "hoks_source_wait_seconds", "Seconds for which a request waited for a source", labels=["source"]
        )
        for source, durations in list(self._waits.items()):
            durations.told([source], waits)
        operations = CounterMetricFamily(
            "hoks_operations",
            "Requests to the graph, by the kind of operation and the code of the first error",
            labels=["graphql_operation_type", "code"],
        )
        for (kind, code), times in list(self._operations.items()):
            operations.add_metric([kind or NO_OPERATION, code], times)
        trusted = HistogramMetricFamily(
            "hoks_trusted_operation_seconds",
            "Seconds of requests to the graph with a document of a manifest, by the name of the operation",
            labels=["graphql_operation_name", "code"],
        )
        for done, durations in list(self._trusted.items()):
            durations.told(done, trusted)
        answers = CounterMetricFamily(
            "hoks_source_answers",
            "Questions of requests to a source, by the worst outcome of their keys",
            labels=["source", "outcome"],
        )
        for (source, outcome), times in list(self._answers.items()):
            answers.add_metric([source, outcome.value], times)
        yield from (requests, own, waits, operations, trusted, answers)


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

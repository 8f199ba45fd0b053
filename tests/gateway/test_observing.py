"""Each request has an id, is timed and leaves one line; nothing that was sent gets into it."""

import asyncio
import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.metrics import export

from gateway.logs import fields_of, log_request, say_no_texts_of_exceptions, writing
from gateway.metrics import Metrics
from gateway.noting import Note, noted
from gateway.observing import Message, Observing, Receive, Scope, Send
from gateway.pushing import Pushing
from gateway.settings import MetricsSettings
from hoks.outcomes import Outcome
from hoks.waiting import WAITS, waiting_for

SECRET = "ZQ7secret"


async def endpoint(scope: Scope, _: Receive, send: Send) -> None:
    """An application that waits for a source and for the records, and fails where it is asked to."""
    noted().kind, noted().role = "query", "staff"
    waits = WAITS.get()
    assert waits is not None
    began = waits.begin()
    async with waiting_for("records"):
        await asyncio.sleep(0.02)
    waits.end("a-koski", began, Outcome.UNAVAILABLE)
    if scope["path"] == "/export":
        raise ValueError(SECRET)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hei"})


async def asked(told: list[Note], path: str = "/graphql", *, stopping: bool = False, **sent: Any) -> httpx.Response:
    app = Observing(
        endpoint,
        routes=["/graphql", "/export"],
        told=[told.append, log_request],
        is_stopping=lambda: stopping,
        believed=["127.0.0.1"],
    )
    peer = sent.pop("peer", "127.0.0.1")
    transport = httpx.ASGITransport(app, client=(peer, 1), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.post(path, **sent)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is written, as JSON."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, before = writing("json", stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


async def test_a_request_leaves_one_line_with_its_id_and_where_its_time_went(written: io.StringIO) -> None:
    told: list[Note] = []
    response = await asked(told)
    (line,) = [json.loads(each) for each in written.getvalue().splitlines() if "gateway.requests" in each]
    assert line["request"] == response.headers["x-request-id"] == told[0].id
    assert (line["route"], line["status"], line["code"]) == ("/graphql", 200, "OK")
    assert (line["operation"], line["role"], line["bytes"]) == ("query", "staff", 3)
    assert line["source_ms"].keys() == {"a-koski", "records"}
    assert line["ms"] >= line["source_ms"]["a-koski"] >= line["source_ms"]["records"] >= 15
    # Both were waited for at once: that time is nobody else's.
    assert line["ms"] - line["source_ms"]["a-koski"] == pytest.approx(line["gateway_ms"], abs=0.3)


async def test_an_unknown_path_and_an_unknown_method_are_not_repeated() -> None:
    told: list[Note] = []
    await asked(told, f"/{SECRET}/1.2.246.562.24.1")
    assert told[0].route == "elsewhere"
    assert Note(method=SECRET).method == "_OTHER"
    assert SECRET not in json.dumps(fields_of(told[0]))


async def test_what_breaks_is_told_as_a_500_without_a_text(written: io.StringIO) -> None:
    told: list[Note] = []
    await asked(told, "/export")
    assert told[0].status == 500
    assert SECRET not in written.getvalue()


async def test_while_it_stops_every_answer_ends_its_connection() -> None:
    assert (await asked([], stopping=True)).headers["connection"] == "close"
    assert "connection" not in (await asked([])).headers


async def test_a_trace_context_is_taken_from_who_is_believed_alone() -> None:
    told: list[Note] = []
    sent = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    await asked(told, headers=sent)
    await asked(told, headers=sent, peer="10.0.0.9")
    assert [each.parent for each in told] == [sent["traceparent"], None]


async def test_probes_leave_no_line(written: io.StringIO) -> None:
    log_request(Note("/ready"))
    assert written.getvalue() == ""


async def test_the_line_of_a_request_is_the_same_without_the_detour_by_a_record(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Note] = []
    await asked(told)
    (by_record,) = [json.loads(each) for each in written.getvalue().splitlines() if "gateway.requests" in each]
    alone = io.StringIO()
    monkeypatch.setattr(logging.root, "handlers", [writing("json", alone)])
    log_request(told[0])
    straight = json.loads(alone.getvalue())
    assert alone.getvalue().endswith("}\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", straight["time"])
    assert straight | {"time": ""} == by_record | {"time": ""}
    # A log that cannot be written stops nobody.
    alone.close()
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log_request(told[0])


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_is_written_by_its_type_and_place_and_a_line_stays_one(form: Any) -> None:
    stream = io.StringIO()
    logger = logging.Logger("tried")
    logger.addHandler(writing(form, stream))
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("one\nINFO forged\u2028\x1b[2J")
    line, end = stream.getvalue().split("\n")
    assert end == ""
    assert "ValueError in test_an_exception_is_written" in line
    assert SECRET not in line
    assert not any(ord(character) < 32 for character in line)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_what_nobody_caught_is_said_without_its_text(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.unraisablehook", None)
    monkeypatch.setattr("threading.excepthook", None)
    say_no_texts_of_exceptions()

    async def fails() -> None:
        raise ValueError(SECRET)

    def fails_too() -> None:
        raise KeyError(SECRET)

    loop = asyncio.get_running_loop()
    forgotten = asyncio.create_task(fails())
    await asyncio.wait([forgotten])
    del forgotten
    loop.call_exception_handler({"message": f"broken\n{SECRET}", "exception": ValueError(SECRET)})
    thread = threading.Thread(target=fails_too)
    thread.start()
    thread.join()
    said = written.getvalue()
    assert "Task exception was never retrieved: ValueError in fails" in said
    assert "a thread ended: KeyError in fails_too" in said
    assert SECRET not in said


async def test_every_figure_is_labelled_from_closed_lists() -> None:
    metrics, told = Metrics(), list[Note]()
    await asked(told)
    metrics.tell(told[0])
    read = metrics.registry.get_sample_value
    of_http = {"http_route": "/graphql", "http_response_status_code": "200"}
    assert read("http_server_request_duration_seconds_count", of_http) == 1
    assert read("hoks_operations_total", {"graphql_operation_type": "query", "code": "OK"}) == 1
    assert read("hoks_source_answers_total", {"source": "a-koski", "outcome": "UNAVAILABLE"}) == 1
    assert read("hoks_source_wait_seconds_count", {"source": "records"}) == 1
    assert read("hoks_trusted_operation_seconds_count", {"graphql_operation_name": "Mine", "code": "OK"}) is None
    told[0].name = "Mine"
    metrics.tell(told[0])
    assert read("hoks_trusted_operation_seconds_count", {"graphql_operation_name": "Mine", "code": "OK"}) == 1
    own = read("hoks_gateway_seconds_sum")
    whole = read("http_server_request_duration_seconds_sum", of_http)
    assert own is not None and whole is not None and 0 < own < whole


class Collector:
    """A collector that keeps what it is sent, and then breaks."""

    def __init__(self) -> None:
        self.sent: list[export.MetricsData] = []

    def export(self, data: export.MetricsData) -> None:
        self.sent.append(data)
        raise ValueError(SECRET)

    def shutdown(self) -> None:
        """Nothing."""


async def test_a_collector_is_sent_the_figures_of_the_page_and_the_last_time_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics, told, collector = Metrics(), list[Note](), Collector()
    await asked(told)
    told[0].seconds = 0.03
    metrics.tell(told[0])
    pushing = Pushing(MetricsSettings(push_seconds=3600), metrics.registry, collector)  # type: ignore[arg-type]  # what is used of one
    pushing.start()
    await pushing.aclose()
    (resource,) = collector.sent[0].resource_metrics
    assert resource.resource.attributes.keys() >= {"service.name", "service.instance.id"}
    data: dict[str, Any] = {each.name: each.data for each in resource.scope_metrics[0].metrics}
    (operations,) = data["hoks_operations"].data_points
    assert (operations.value, data["hoks_operations"].is_monotonic) == (1, True)
    assert operations.attributes == {"graphql_operation_type": "query", "code": "OK"}
    (requests,) = data["http_server_request_duration_seconds"].data_points
    # Of the bounds the first are 5, 10, 25 and 50 milliseconds.
    assert (requests.count, requests.sum, requests.bucket_counts) == (1, 0.03, [0, 0, 0, 1, *[0] * 11])
    assert requests.explicit_bounds[:4] == [0.005, 0.01, 0.025, 0.05]
    assert data["process_resident_memory_bytes"].data_points[0].value > 1e6
    assert "the figures could not be sent: ValueError" in caplog.text
    assert SECRET not in caplog.text


async def test_a_message_of_another_kind_passes_as_it_is() -> None:
    passed: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        passed.append(scope["type"])

    async def nothing(*_: Message) -> Message:
        return {}

    await Observing(app, routes=[], told=[])({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]  # nothing is sent
    assert passed == ["lifespan"]

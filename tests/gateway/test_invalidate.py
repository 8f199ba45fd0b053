"""``POST /invalidate``: what is signed just now is obeyed, everything else is refused alike and tells nothing."""

import hmac
import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from connectors.shelf import Entry, Shelf, place
from gateway.invalidate import MAX_BYTES, InvalidationEndpoint
from hoks.outcomes import Answer, Outcome
from tests.shown import shown

NOW = 1_790_000_000
KEY, OTHERS_KEY = b"a" * 40, b"b" * 40
RIGHT = "1.2.246.562.15.15000070118"
LEARNER = "1.2.246.562.98.98000000079"
GOOD: dict[str, Any] = {"source": "a-ehoks", "rights": [RIGHT], "learners": [LEARNER]}
REFUSED = {
    "errors": [
        {"message": "a valid signature of the source is required", "extensions": {"code": "UNAUTHENTICATED"}},
    ]
}


class Noted(Shelf):
    """A shelf that notes what it was told to forget."""

    def __init__(self) -> None:
        super().__init__()
        self.forgotten: list[tuple[str, set[str]]] = []

    def forget(self, source: str, oids: Any) -> int:
        self.forgotten.append((source, set(oids)))
        return super().forget(source, oids)


@pytest.fixture
def shelf() -> Noted:
    return Noted()


@pytest.fixture
def client(shelf: Noted) -> httpx.AsyncClient:
    endpoint = InvalidationEndpoint({"a-ehoks": KEY, "b-json": OTHERS_KEY}, shelf, now=lambda: NOW)
    app = Starlette(routes=[Route("/invalidate", endpoint)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


def signed(body: bytes, key: bytes = KEY, at: str = str(NOW)) -> dict[str, str]:
    """The headers of a call, signed by hand as the documentation says."""
    digest = hmac.new(key, at.encode() + b"." + body, "sha256").hexdigest()
    return {"hoks-timestamp": at, "hoks-signature": f"sha256={digest}"}


async def post(client: httpx.AsyncClient, body: object, **how: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.post("/invalidate", content=content, headers=signed(content, **how))


async def test_what_a_source_signs_just_now_is_forgotten(client: httpx.AsyncClient, shelf: Noted) -> None:
    answer = await post(client, GOOD)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert shelf.forgotten == [("a-ehoks", {RIGHT, LEARNER})]


async def test_a_call_that_is_signed_by_the_lines_of_the_page_is_obeyed(
    client: httpx.AsyncClient, shelf: Noted
) -> None:
    (block,) = shown("docs/freshness.md", "python")
    known: dict[str, Any] = {"json": json, "hmac": hmac, "time": SimpleNamespace(time=lambda: NOW + 0.5)}
    made: dict[str, Any] = {}
    exec(block.text, known | {"key": KEY, "right": RIGHT}, made)
    answer = await client.post("/invalidate", content=made["body"], headers=made["headers"])
    assert answer.status_code == 204
    assert shelf.forgotten == [("a-ehoks", {RIGHT})]


@pytest.mark.parametrize("late", [-300, 300])
async def test_a_clock_that_differs_by_five_minutes_is_borne(client: httpx.AsyncClient, late: int) -> None:
    assert (await post(client, GOOD, at=str(NOW + late))).status_code == 204


BODY = orjson.dumps(GOOD)
GOOD_HEADERS = signed(BODY)
UNSIGNED: Mapping[str, tuple[bytes, Mapping[str, str]]] = {
    "no signature": (BODY, {"hoks-timestamp": str(NOW)}),
    "no moment": (BODY, {"hoks-signature": GOOD_HEADERS["hoks-signature"]}),
    "nothing": (BODY, {}),
    "another source's key": (BODY, signed(BODY, OTHERS_KEY)),
    "another body": (BODY.replace(b"079", b"080"), GOOD_HEADERS),
    "another moment": (BODY, {**GOOD_HEADERS, "hoks-timestamp": str(NOW + 1)}),
    "too old": (BODY, signed(BODY, at=str(NOW - 301))),
    "too new": (BODY, signed(BODY, at=str(NOW + 301))),
    "no number": (BODY, signed(BODY, at="yesterday")),
    "a number in other digits": (BODY, signed(BODY, at="١٧٩٠٠٠٠٠٠٠")),
    "upper case": (BODY, {**GOOD_HEADERS, "hoks-signature": GOOD_HEADERS["hoks-signature"].upper()}),
    "without its kind": (BODY, {**GOOD_HEADERS, "hoks-signature": GOOD_HEADERS["hoks-signature"][7:]}),
    "a source that there is not": (orjson.dumps({"source": "x"}), signed(orjson.dumps({"source": "x"}))),
    "a source for another": (
        orjson.dumps({**GOOD, "source": "b-json"}),
        signed(orjson.dumps({**GOOD, "source": "b-json"})),
    ),
}


@pytest.mark.parametrize("how", UNSIGNED)
async def test_what_is_not_signed_just_now_is_refused_alike(client: httpx.AsyncClient, shelf: Noted, how: str) -> None:
    body, headers = UNSIGNED[how]
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = await client.post("/invalidate", content=body, headers=raw)
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert shelf.forgotten == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"\xff",
        b'{"source": "a-ehoks"} {}',
        b"[" * 50_000,
        {"rights": [RIGHT]},
        {**GOOD, "more": 1},
        {**GOOD, "rights": RIGHT},
        {**GOOD, "rights": [1]},
        {**GOOD, "rights": ["x" * 101]},
        {**GOOD, "learners": ["x"] * 1_001},
        {**GOOD, "source": None},
    ],
)
async def test_a_body_that_is_not_as_agreed_is_a_bad_request(
    client: httpx.AsyncClient, shelf: Noted, body: object
) -> None:
    answer = await post(client, body)
    assert answer.status_code == 400
    assert [each["extensions"]["code"] for each in answer.json()["errors"]] == ["BAD_REQUEST"]
    assert shelf.forgotten == []


async def test_too_large_a_body_and_another_method_are_refused(client: httpx.AsyncClient) -> None:
    large = await post(client, b" " * (MAX_BYTES + 1))
    got = await client.get("/invalidate")
    assert (large.status_code, large.json()["errors"][0]["extensions"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert (got.status_code, got.headers["allow"]) == (405, "POST")


async def test_the_log_says_who_and_how_much_and_never_whom(
    client: httpx.AsyncClient, shelf: Noted, caplog: pytest.LogCaptureFixture
) -> None:
    where = place("a-ehoks", 1, "plans", "2026-10-05", (RIGHT,))
    shelf._kept[where] = Entry(
        answer=Answer(Outcome.ABSENT), renewed_from=None, fresh_until=1e12, usable_until=1e12, names=(RIGHT,), size=1
    )
    with caplog.at_level(logging.INFO, "gateway"):
        await post(client, GOOD)
        await post(client, {**GOOD, "source": "told by a stranger"})
    assert caplog.messages == [
        "source a-ehoks: said that 1 rights and 1 learners have changed; 1 answers forgotten",
        "a call to invalidate was refused: UNAUTHENTICATED",
    ]

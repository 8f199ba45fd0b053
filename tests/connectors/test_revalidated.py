"""Conditional requests: a source that says "still so" saves its body, and no body is ever used without that word."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from connectors.client import HttpClient, Incoming, Outgoing
from connectors.failures import Reason, SourceFailure
from connectors.revalidated import KEPT_SECONDS, Bodies, Revalidated
from tests.connectors.wires import Port

URL = "https://source.example/plans/1"
MODIFIED = "Mon, 05 Oct 2026 09:30:00 GMT"


def asking(url: str = URL, method: str = "GET", **headers: str) -> Outgoing:
    return Outgoing(method=method, url=url, headers={"authorization": "Basic one", **headers})


class Origin:
    """A server of one document that honours conditions, as RFC 9110 has it, behind the real client."""

    def __init__(self, **headers: str) -> None:
        self.body = b'{"version": 1}'
        self.headers = headers
        self.seen: list[dict[str, str]] = []
        self.bodies_sent = 0
        self.time = 0.0
        self.bodies = Bodies(seconds=lambda: self.time)
        self.client = HttpClient([URL], transport=httpx.MockTransport(self._answer))

    def port(self, source: str = "a", passing: tuple[str, ...] = ()) -> Revalidated:
        return Revalidated(source, self.client, self.bodies, passing)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(dict(request.headers))
        holds = (
            request.headers.get("if-none-match") == self.headers.get("etag", "none")
            or request.headers.get("if-modified-since") == self.headers.get("last-modified", "none")
        )  # fmt: skip
        if holds:
            return httpx.Response(304, headers=self.headers, stream=httpx.ByteStream(b""))
        self.bodies_sent += 1
        return httpx.Response(200, headers=self.headers, stream=httpx.ByteStream(self.body))


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"etag": '"v1"'}, {"if-none-match": '"v1"'}),
        ({"etag": 'W/"v1"'}, {"if-none-match": 'W/"v1"'}),
        ({"last-modified": MODIFIED}, {"if-modified-since": MODIFIED}),
        ({"etag": '"v1"', "cache-control": "private, no-cache"}, {"if-none-match": '"v1"'}),
    ],
)
async def test_what_still_holds_is_answered_with_the_known_body(headers: dict[str, str], sent: dict[str, str]) -> None:
    origin = Origin(**headers)
    port = origin.port()
    first, second = await port.send(asking()), await port.send(asking())
    assert (second.status, second.body) == (200, b'{"version": 1}')
    assert second == first
    assert origin.bodies_sent == 1
    assert sent.items() <= origin.seen[1].items()
    assert not sent.items() <= origin.seen[0].items()


async def test_a_new_version_takes_the_place_of_the_old_one() -> None:
    origin = Origin(etag='"v1"')
    port = origin.port()
    await port.send(asking())
    origin.headers, origin.body = {"etag": '"v2"'}, b'{"version": 2}'
    assert (await port.send(asking())).body == b'{"version": 2}'
    assert (await port.send(asking())).body == b'{"version": 2}'
    assert origin.bodies_sent == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"etag": '"v1"', "cache-control": "no-cache, No-Store"},
        {"etag": '"v1"', "vary": "*"},
        {"etag": "v1"},
        {"etag": '"' + "x" * 201 + '"'},
        {"last-modified": "yesterday"},
    ],
)
async def test_what_may_not_be_kept_or_has_no_version_is_not_remembered(headers: dict[str, str]) -> None:
    origin = Origin(**headers)
    port = origin.port()
    await port.send(asking())
    await port.send(asking())
    assert origin.bodies_sent == 2
    assert len(origin.bodies) == 0


@pytest.mark.parametrize(
    "other",
    [
        asking(authorization="Basic two"),
        asking(Authorization="Basic one", accept="text/csv"),
        asking(url=URL + "?page=2"),
        asking(ticket="ST-2"),
    ],
    ids=["credential", "accept", "url", "ticket"],
)
async def test_another_credential_address_or_header_is_another_document(other: Outgoing) -> None:
    origin = Origin(etag='"v1"')
    port = origin.port()
    await port.send(asking())
    await port.send(other)
    assert "if-none-match" not in origin.seen[1]


async def test_another_source_is_another_document() -> None:
    origin = Origin(etag='"v1"')
    await origin.port("a").send(asking())
    await origin.port("b").send(asking())
    assert "if-none-match" not in origin.seen[1]


async def test_a_header_that_passes_makes_no_difference_and_is_sent() -> None:
    origin = Origin(etag='"v1"')
    port = origin.port(passing=("ticket",))
    await port.send(asking(ticket="ST-1"))
    await port.send(asking(Ticket="ST-2"))
    assert origin.seen[1]["if-none-match"] == '"v1"'
    assert origin.seen[1]["ticket"] == "ST-2"


@pytest.mark.parametrize(
    "request_", [asking(method="POST"), Outgoing(method="GET", url=URL, body=b"{}")], ids=["post", "with a body"]
)
async def test_only_a_plain_get_is_remembered(request_: Outgoing) -> None:
    origin = Origin(etag='"v1"')
    port = origin.port()
    await port.send(request_)
    await port.send(request_)
    assert origin.bodies_sent == 2


async def test_a_failure_is_given_as_it_is_and_forgets_the_body() -> None:
    answers = iter(
        [
            Incoming(status=200, headers={"etag": '"v1"'}, body=b"1"),
            Incoming(status=401),
            Incoming(status=200, headers={"etag": '"v1"'}, body=b"1"),
        ]
    )
    inner = Port(lambda _: next(answers))
    port = Revalidated("a", inner, Bodies())
    assert [(await port.send(asking())).status for _ in range(3)] == [200, 401, 200]
    assert [dict(each.headers).get("if-none-match") for each in inner.sent] == [None, '"v1"', None]


async def test_a_source_that_says_of_another_version_that_it_holds_is_not_believed() -> None:
    answers = iter(
        [Incoming(status=200, headers={"etag": '"v1"'}, body=b"1"), Incoming(status=304, headers={"etag": '"v2"'})]
    )
    bodies = Bodies()
    port = Revalidated("a", Port(lambda _: next(answers)), bodies)
    await port.send(asking())
    with pytest.raises(SourceFailure, match="INVALID: mismatch"):
        await port.send(asking())
    assert len(bodies) == 0


async def test_a_body_is_remembered_for_ten_minutes() -> None:
    origin = Origin(etag='"v1"')
    port = origin.port()
    await port.send(asking())
    origin.time = KEPT_SECONDS
    await port.send(asking())
    assert origin.bodies_sent == 2


async def test_bodies_are_bounded_in_bytes() -> None:
    origin = Origin(etag='"v1"')
    origin.bodies = Bodies(5_000)
    port = origin.port()
    for page in range(10):
        await port.send(asking(url=f"{URL}?page={page}"))
    assert len(origin.bodies) == 4
    origin.body = b"x" * 6_000
    assert (await port.send(asking(url=f"{URL}?large"))).body == origin.body
    assert len(origin.bodies) == 4


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"mine"'}])
async def test_an_unasked_still_so_is_a_redirect_and_one_asked_for_by_the_caller_is_the_callers(
    headers: Mapping[str, Any],
) -> None:
    origin = Origin()
    still_so = httpx.MockTransport(lambda _: httpx.Response(304, stream=httpx.ByteStream(b"")))
    origin.client = HttpClient([URL], transport=still_so)
    if headers:
        assert (await origin.port().send(asking(**headers))).status == 304
    else:
        with pytest.raises(SourceFailure) as caught:
            await origin.port().send(asking())
        assert caught.value.reason is Reason.REDIRECT

"""Each form of batch, page and credential, and what a hostile system does with them."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.client import Incoming, Outgoing
from connectors.oauth import ClientCredentials
from connectors.rest.calls import Call
from connectors.rest.credentials import known_as
from connectors.rest.settings import (
    BasicCredential,
    BearerCredential,
    Credential,
    HeaderCredential,
    NoCredential,
    TokenCredential,
)
from hoks.identifiers import LearnerOid
from hoks.outcomes import Answer, Outcome
from tests.connectors.rest.campus import of, plan, source_of
from tests.connectors.wires import PROVIDER, Port, learner, right, said

PLANS = [right(number) for number in range(1, 6)]
NUMBER_OF: dict[str, int] = {right(number): number for number in range(1, 6)}


# --- batches --------------------------------------------------------------------------------------------------


def _asked(call: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """The settings with another way to ask for plans."""

    def change(written: dict[str, Any]) -> None:
        written["plans"] = [{"rows": written["plans"][0]["rows"]} | call]

    return change


async def _plans(call: dict[str, Any], found_in: Callable[[Outgoing], Sequence[str]]) -> list[Outgoing]:
    """The calls for five plans, of which the system has all that it is asked for."""
    source, port = source_of(
        lambda sent: said({"plans": [plan(NUMBER_OF[key]) for key in found_in(sent)]}), _asked(call)
    )
    reply = await source.plans(PLANS)
    assert {oid: [each.student_oid for each in answer.value or ()] for oid, answer in reply.answers.items()} == {
        oid: [learner(number)] for oid, number in NUMBER_OF.items()
    }
    return port.sent


def _query(sent: Outgoing) -> dict[str, list[str]]:
    return parse_qs(urlsplit(sent.url).query)


async def test_one_call_per_key_in_the_path() -> None:
    sent = await _plans({"path": "/rights/{key}/plan"}, lambda each: [each.url.split("/")[-2]])
    assert [each.url for each in sent] == [f"https://campus.example/api/rights/{oid}/plan" for oid in PLANS]
    assert {(each.method, each.body) for each in sent} == {("GET", b"")}


async def test_one_call_per_key_in_a_parameter() -> None:
    call = {"path": "/plans", "parameters": {"filter": "right eq {key}", "fields": "all"}}
    sent = await _plans(call, lambda each: [_query(each)["filter"][0].removeprefix("right eq ")])
    assert len(sent) == 5
    assert parse_qsl(urlsplit(sent[0].url).query) == [("filter", f"right eq {PLANS[0]}"), ("fields", "all")]


async def test_one_call_per_key_in_the_body() -> None:
    call = {"path": "/plans", "method": "POST", "body": {"where": {"right": "{key}"}, "limit": 1}}
    sent = await _plans(call, lambda each: [json.loads(each.body)["where"]["right"]])
    assert [json.loads(each.body) for each in sent] == [{"where": {"right": oid}, "limit": 1} for oid in PLANS]
    assert {each.headers["content-type"] for each in sent} == {"application/json"}


async def test_a_list_of_keys_in_a_parameter() -> None:
    call = {"path": "/plans", "parameters": {"rights": "{keys}"}, "max_batch": 2, "separator": "|"}
    sent = await _plans(call, lambda each: _query(each)["rights"][0].split("|"))
    assert [_query(each)["rights"][0].split("|") for each in sent] == [PLANS[:2], PLANS[2:4], PLANS[4:]]


async def test_a_parameter_repeated_for_each_key() -> None:
    call = {"path": "/plans", "parameters": {"right": "{keys}"}, "max_batch": 3, "repeat": True}
    sent = await _plans(call, lambda each: _query(each)["right"])
    assert [_query(each)["right"] for each in sent] == [PLANS[:3], PLANS[3:]]


async def test_a_list_of_keys_in_the_path() -> None:
    sent = await _plans({"path": "/plans/{keys}", "max_batch": 4}, lambda each: each.url.rpartition("/")[2].split(","))
    assert [each.url.rpartition("/")[2] for each in sent] == [",".join(PLANS[:4]), PLANS[4]]


async def test_a_list_of_keys_in_the_body() -> None:
    call = {"path": "/plans", "method": "POST", "body": {"filter": {"right": {"in": "{keys}"}}}, "max_batch": 4}
    sent = await _plans(call, lambda each: json.loads(each.body)["filter"]["right"]["in"])
    assert [len(json.loads(each.body)["filter"]["right"]["in"]) for each in sent] == [4, 1]


async def test_the_whole_listing_whoever_is_asked_about() -> None:
    source, port = source_of(
        lambda _: said({"plans": [plan(number) for number in (3, 9, 1)]}), _asked({"path": "/plans"})
    )
    reply = await source.plans(PLANS[:2])
    assert len(port.sent) == 1
    assert [answer.outcome for answer in reply.answers.values()] == [Outcome.OK, Outcome.ABSENT_OR_DENIED]
    assert set(reply.answers) == set(PLANS[:2])


async def test_a_plan_in_several_calls_is_put_together_by_its_keys() -> None:
    """Units from a call of their own name the plan by its local key, which another student's plan has too."""

    def split(written: dict[str, Any]) -> None:
        (whole,) = written["plans"]
        units = {"table": "units", "rows": "units", "key": "right"}
        columns = {"key": "id", "plan_key": "plan", "kind": "kind", "deviation": "note"}
        written["plans"] = [
            {"path": "/plans", "parameters": {"rights": "{keys}"}, "rows": whole["rows"][:1]},
            {"path": "/units", "parameters": {"rights": "{keys}"}, "rows": [units | {"columns": columns}]},
        ]

    def unit(number: int) -> dict[str, Any]:
        return {"right": right(number), "id": 1, "plan": 1, "kind": "vocational", "note": f"of {number}"}

    def answer(sent: Outgoing) -> Incoming:
        path = urlsplit(sent.url).path
        return said({"plans": [plan(1), plan(2)]} if path.endswith("/plans") else {"units": [unit(2), unit(1)]})

    source, _ = source_of(answer, split)
    reply = await source.plans(PLANS[:2])
    for number in (1, 2):
        (found,) = reply.answers[right(number)].value or ()
        assert [each.deviation_from_requirements for each in of(found.planned_vocational_units)] == [f"of {number}"]


async def test_a_plan_of_which_one_call_fails_is_not_shown_in_part() -> None:
    def twice(written: dict[str, Any]) -> None:
        written["plans"] = [written["plans"][0], written["plans"][0] | {"path": "/more"}]

    source, _ = source_of(lambda sent: said({}, 503) if "/more" in sent.url else said({"plans": [plan(1)]}), twice)
    assert (await source.plans(PLANS[:1])).answers == {right(1): Answer(Outcome.UNAVAILABLE)}


# --- pages ----------------------------------------------------------------------------------------------------

EVERYBODY = tuple(sorted(learner(number) for number in range(1, 8)))


def _listed(call: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["learners"] = [{"path": "/students", "rows": written["learners"][0]["rows"]} | call]

    return change


async def _learners(call: dict[str, Any], answer: Callable[[Outgoing], Incoming]) -> tuple[Answer[Any], list[Outgoing]]:
    source, port = source_of(answer, _listed(call))
    return (await source.learners()).answers[PROVIDER], port.sent


def _rows(some: Sequence[LearnerOid], **beside: Any) -> dict[str, Any]:
    return {"students": [{"number": each} for each in some], **beside}


def _numbered(sent: Outgoing, first: int = 1, size: int = 3) -> Sequence[LearnerOid]:
    start = (int(_query(sent)["page"][0]) - first) * size
    return EVERYBODY[start : start + size]


PAGE = {"parameters": {"page": "{page}", "size": "3"}}


@pytest.mark.parametrize("first", [0, 1])
async def test_numbered_pages_end_at_one_without_rows(first: int) -> None:
    paging = {"paging": {"kind": "page", "first": first}}
    answer, sent = await _learners(PAGE | paging, lambda each: said(_rows(_numbered(each, first))))
    assert answer == Answer(Outcome.OK, EVERYBODY)
    assert [_query(each)["page"][0] for each in sent] == [str(first + number) for number in range(4)]


async def test_numbered_pages_end_where_there_are_no_more() -> None:
    paging = {"paging": {"kind": "page", "more": "hasNextPage"}}
    answer, sent = await _learners(
        PAGE | paging, lambda each: said(_rows(_numbered(each), hasNextPage=_query(each)["page"] != ["3"]))
    )
    assert (answer, len(sent)) == (Answer(Outcome.OK, EVERYBODY), 3)


async def test_numbered_pages_end_at_their_total() -> None:
    paging = {"paging": {"kind": "page", "total": "meta.total"}}
    answer, sent = await _learners(PAGE | paging, lambda each: said(_rows(_numbered(each), meta={"total": 7})))
    assert (answer, len(sent)) == (Answer(Outcome.OK, EVERYBODY), 3)


async def test_a_server_that_gives_smaller_pages_than_asked_hides_nobody() -> None:
    call = {"parameters": {"offset": "{offset}", "limit": "500"}, "paging": {"kind": "offset"}}

    def two_at_a_time(sent: Outgoing) -> Incoming:
        offset = int(_query(sent)["offset"][0])
        return said(_rows(EVERYBODY[offset : offset + 2]))

    answer, sent = await _learners(call, two_at_a_time)
    assert answer == Answer(Outcome.OK, EVERYBODY)
    assert [_query(each)["offset"][0] for each in sent] == ["0", "2", "4", "6", "7"]


@pytest.mark.parametrize("end", [None, "", False])
async def test_a_cursor_leads_to_the_end(end: Any) -> None:
    call = {"parameters": {"after": "{cursor}"}, "paging": {"kind": "cursor", "next": "page.next"}}

    def answer_to(sent: Outgoing) -> Incoming:
        start = int(_query(sent).get("after", ["at&0"])[0].removeprefix("at&"))
        following = f"at&{start + 3}" if start + 3 < 7 else end
        return said(_rows(EVERYBODY[start : start + 3], page={"next": following}))

    answer, sent = await _learners(call, answer_to)
    assert answer == Answer(Outcome.OK, EVERYBODY)
    assert [_query(each).get("after") for each in sent] == [None, ["at&3"], ["at&6"]]


async def test_a_cursor_may_go_in_the_body() -> None:
    call = {
        "method": "POST",
        "body": {"page": {"cursor": "{cursor}", "size": 3}},
        "paging": {"kind": "cursor", "next": "next"},
    }

    def answer_to(sent: Outgoing) -> Incoming:
        start = int(json.loads(sent.body)["page"].get("cursor", "0"))
        return said(_rows(EVERYBODY[start : start + 3], next=start + 3 if start + 3 < 7 else None))

    answer, sent = await _learners(call, answer_to)
    assert answer == Answer(Outcome.OK, EVERYBODY)
    assert [json.loads(each.body)["page"] for each in sent] == [
        {"size": 3},
        {"cursor": "3", "size": 3},
        {"cursor": "6", "size": 3},
    ]


LINKS = [
    '<https://campus.example/api/students?at={}>; rel="next"',
    '<?at={}>; title="a, b; c"; rel=next, <https://evil.example/>; rel="last"',
    '<https://campus.example/first>; rel="first", </api/students?at={}>; REL="prev next"',
]


@pytest.mark.parametrize("written", LINKS)
async def test_a_link_header_leads_to_the_end(written: str) -> None:
    def answer_to(sent: Outgoing) -> Incoming:
        start = int(_query(sent).get("at", ["0"])[0])
        headers = {"link": written.format(start + 3)} if start + 3 < 7 else {"link": '<?at=0>; rel="first"'}
        return msgspec.structs.replace(said(_rows(EVERYBODY[start : start + 3])), headers=headers)

    answer, sent = await _learners({"paging": {"kind": "link"}}, answer_to)
    assert answer == Answer(Outcome.OK, EVERYBODY)
    assert [each.url.rpartition("?")[2] for each in sent[1:]] == ["at=3", "at=6"]
    assert {urlsplit(each.url).netloc for each in sent} == {"campus.example"}


async def test_a_link_in_the_body_leads_to_the_end() -> None:
    def answer_to(sent: Outgoing) -> Incoming:
        start = int(_query(sent).get("at", ["0"])[0])
        following = f"https://campus.example:443/api/students?at={start + 3}" if start + 3 < 7 else None
        return said(_rows(EVERYBODY[start : start + 3], links={"next": following}))

    answer, _ = await _learners({"paging": {"kind": "link", "next": "links.next"}}, answer_to)
    assert answer == Answer(Outcome.OK, EVERYBODY)


# --- pages of a hostile system --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/students",
        "http://campus.example/api/students",
        "https://campus.example:8443/api/students",
        "https://campus.example.evil.example/",
        "https://campus.example@evil.example/",
        "https://user:pass@campus.example/api",
        "//evil.example/api",
        "\\\\evil.example\\api",
        "file:///etc/passwd",
        "https://[::1/",
        "https://campus.example/" + "x" * 5_000,
    ],
)
async def test_a_link_to_somewhere_else_is_not_followed(link: str) -> None:
    call = {"paging": {"kind": "link", "next": "next"}}
    answer, sent = await _learners(call, lambda _: said(_rows(EVERYBODY[:3], next=link)))
    assert {urlsplit(each.url).netloc for each in sent} == {"campus.example"}
    assert answer == Answer(Outcome.INVALID)


ENDLESS: list[tuple[dict[str, Any], Callable[[Outgoing], Any]]] = [
    (PAGE | {"paging": {"kind": "page"}}, lambda _: _rows(EVERYBODY)),
    (PAGE | {"paging": {"kind": "page", "more": "more"}}, lambda _: _rows([], more=True)),
    (PAGE | {"paging": {"kind": "page", "total": "total"}}, lambda _: _rows(EVERYBODY, total=10**9)),
    (PAGE | {"paging": {"kind": "page"}}, lambda sent: _rows([learner(int(_query(sent)["page"][0]))])),
    ({"parameters": {"o": "{offset}"}, "paging": {"kind": "offset"}}, lambda _: _rows(EVERYBODY)),
    ({"parameters": {"c": "{cursor}"}, "paging": {"kind": "cursor", "next": "next"}}, lambda _: _rows([], next="same")),
    ({"parameters": {"c": "{cursor}"}, "paging": {"kind": "cursor", "next": "next"}},
     lambda sent: _rows(EVERYBODY, next=str(len(_query(sent).get("c", [""])[0])) * 3)),
    ({"paging": {"kind": "link", "next": "next"}}, lambda _: _rows([], next="/api/students")),
]  # fmt: skip


@pytest.mark.parametrize(("call", "answer"), ENDLESS)
async def test_pages_without_an_end_are_left_and_come_to_nothing(
    call: dict[str, Any], answer: Callable[[Outgoing], Any]
) -> None:
    bounded = call | {"paging": call["paging"] | {"max_pages": 20}}
    found, sent = await _learners(bounded, lambda each: said(answer(each)))
    assert found == Answer(Outcome.INVALID)
    assert len(sent) <= 20


async def test_a_page_that_comes_again_ends_the_turning_at_once() -> None:
    answer, sent = await _learners(PAGE | {"paging": {"kind": "page"}}, lambda _: said(_rows(EVERYBODY)))
    assert (answer, len(sent)) == (Answer(Outcome.INVALID), 2)


async def test_a_listing_with_rows_without_keys_is_no_listing() -> None:
    answer, _ = await _learners({}, lambda _: said({"students": [{"number": EVERYBODY[0]}, {"number": 5}]}))
    assert answer == Answer(Outcome.INVALID)


@pytest.mark.parametrize("total", [10**9, 8, "8", -1, None, "all", True, [7], {}])
async def test_a_listing_that_is_not_as_long_as_it_says_is_no_listing(total: Any) -> None:
    paging = {"paging": {"kind": "page", "total": "total"}}
    answer, _ = await _learners(PAGE | paging, lambda each: said(_rows(_numbered(each), total=total)))
    assert answer == Answer(Outcome.INVALID)


@pytest.mark.parametrize("status", [404, 500, 204, 401])
async def test_a_page_that_is_missing_costs_the_whole_answer(status: int) -> None:
    paging = {"paging": {"kind": "page"}}
    answer, _ = await _learners(
        PAGE | paging, lambda each: said(_rows(_numbered(each)), status if _query(each)["page"] == ["2"] else 200)
    )
    assert answer.value is None
    assert answer.outcome not in (Outcome.OK, Outcome.ABSENT)


@pytest.mark.parametrize("cursor", [True, ["a"], {"a": 1}, 1.5, "c" * 5_000])
async def test_a_cursor_that_is_none_costs_the_whole_answer(cursor: Any) -> None:
    call = {"parameters": {"c": "{cursor}"}, "paging": {"kind": "cursor", "next": "next"}}
    answer, _ = await _learners(call, lambda _: said(_rows(EVERYBODY, next=cursor)))
    assert answer == Answer(Outcome.INVALID)


async def test_a_stray_on_a_late_page_costs_the_whole_answer() -> None:
    call = {"path": "/plans", "parameters": {"rights": "{keys}", "page": "{page}"}, "paging": {"kind": "page"}}
    pages = {"1": [plan(1)], "2": [plan(2), plan(9)], "3": []}
    source, _ = source_of(lambda sent: said({"plans": pages[_query(sent)["page"][0]]}), _asked(call))
    assert set((await source.plans(PLANS[:2])).answers.values()) == {Answer(Outcome.INVALID)}


async def test_a_row_that_two_pages_repeat_is_one_row() -> None:
    call = {"path": "/plans", "parameters": {"rights": "{keys}", "page": "{page}"}, "paging": {"kind": "page"}}
    pages = {"1": [plan(1), plan(2)], "2": [plan(2)], "3": []}
    source, _ = source_of(lambda sent: said({"plans": pages[_query(sent)["page"][0]]}), _asked(call))
    reply = await source.plans(PLANS[:2])
    assert [len(answer.value or ()) for answer in reply.answers.values()] == [1, 1]
    (found,) = reply.answers[right(2)].value or ()
    assert [len(of(unit.acquisitions)) for unit in of(found.planned_vocational_units)] == [1]


@settings(deadline=None)
@given(st.text(max_size=200))
async def test_whatever_a_link_says_no_other_address_is_asked(link: str) -> None:
    call = {"paging": {"kind": "link", "next": "next", "max_pages": 2}}
    _, sent = await _learners(call, lambda _: said(_rows(EVERYBODY[:1], next=link)))
    assert {urlsplit(each.url).netloc for each in sent} <= {"campus.example", "campus.example:443"}


# --- credentials ----------------------------------------------------------------------------------------------

TOKEN = TokenCredential(token_url="https://login.example/token", client_id="gateway", secret_file="unused")


async def _sent_with(credential: Credential, secret: str = "s3cret") -> Outgoing:
    port = Port(lambda sent: said({"access_token": "fresh", "token_type": "Bearer"} if "login" in sent.url else {}))
    http = known_as(credential, secret, {"x-road-client": "FI/GOV/1"}, port)
    await http.send(Outgoing(method="GET", url="https://campus.example/api", headers={"accept": "application/json"}))
    return port.sent[-1]


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        (NoCredential(), None, None),
        (BearerCredential(secret_file="unused"), "authorization", "Bearer s3cret"),
        (BasicCredential(username="gate", secret_file="unused"), "authorization",
         "Basic " + base64.b64encode(b"gate:s3cret").decode()),
        (HeaderCredential(header="X-Api-Key", secret_file="unused"), "x-api-key", "s3cret"),
        (TOKEN, "authorization", "Bearer fresh"),
    ],
)  # fmt: skip
async def test_the_provider_knows_us_by(credential: Credential, header: str | None, value: str | None) -> None:
    sent = await _sent_with(credential)
    expected = {"x-road-client": "FI/GOV/1", "accept": "application/json"} | ({header: value} if header else {})
    assert sent.headers == expected


async def test_the_token_server_sees_none_of_the_providers_headers() -> None:
    port = Port(lambda _: said({"access_token": "fresh", "token_type": "Bearer"}))
    await known_as(TOKEN, "s3cret", {"x-road-client": "FI/GOV/1"}, port).send(
        Outgoing(method="GET", url="https://c.example")
    )
    assert "x-road-client" not in port.sent[0].headers


@pytest.mark.parametrize("secret", ["two\nlines", "sälä", "a\x00b"])
@pytest.mark.parametrize(
    "credential", [BearerCredential(secret_file="unused"), HeaderCredential(header="x-key", secret_file="unused")]
)
def test_a_secret_that_no_header_can_carry_refuses_the_start(credential: Credential, secret: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        known_as(credential, secret, {}, Port(lambda _: said({})))
    assert secret not in str(refused.value)


def test_an_account_at_a_token_server_is_one_of_the_credentials() -> None:
    assert issubclass(TokenCredential, ClientCredentials)


def test_a_call_knows_what_is_to_be_put_in_it() -> None:
    call = Call(path="/a/{key}", rows=(), parameters={"p": "{page}"}, body={"x": [{"y": "{cursor}"}]})
    assert call.placeholders == ("key", "page", "cursor")

"""A workplace tool shows one period in a page of its own by an embed token: over HTTP, as the tool's server and the
page would; and whatever else is tried with the token is refused alike."""

import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from deploy import log_verify
from gateway.cli import main
from gateway.manifests import add_to_manifest
from gateway.records import chain
from sandbox.cast import person_oid
from sandbox.settings import TOOL, TOOL_ORIGIN
from sandbox.world import World
from tests.stories.conftest import Gateway, running
from tests.stories.test_appointments import END, accepted, appointed, no_appointments_told
from tests.stories.test_operations import sha256

GUIDE = (Path(__file__).parents[2] / "docs/embed.md").read_text()
PERSON_1, PERSON_7 = "1.2.246.562.98.98000000012", "1.2.246.562.98.98000000079"
OTHER_ORIGIN = "https://elsewhere.example"
ONE = "query One($oid: LearnerOid!, $yes: Boolean!) { student(oid: $oid) { name @include(if: $yes) } }"
TWO = "query A { viewer { oid } } query B { viewer { oid } }"
CHANGE = 'mutation { acceptAppointment(code: "A") { kind } }'
ALL = "query All { viewer { oid appointments { kind } } students(first: 50) { edges { node { name } } } }"
WHOLE_PERIODS = """
{ students(first: 50) { edges { node { hoksit { plannedVocationalUnits { acquisitions { startDate } } } } } } }
"""


def blocks(language: str) -> list[str]:
    """The blocks of the guide in that language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


OPERATIONS: dict[str, str] = json.loads(blocks("json")[0])
PERIODS, PERIOD = OPERATIONS
ORDER: dict[str, Any] = json.loads(blocks("json")[1])
(PAGE,) = blocks("html")


class Embedder(NamedTuple):
    """A gateway with a tool that has registered its operations."""

    gateway: Gateway
    folder: Path

    async def post(self, path: str, body: object, persona: str, client: str | None = TOOL) -> httpx.Response:
        """A request of the tool's server for a persona."""
        headers = {"authorization": f"Bearer {await self.gateway.token(persona, client)}"}
        return await self.gateway.client.post(path, json=body, headers=headers)

    async def parts(self, persona: str = "instructor-1") -> dict[str, str]:
        """The ids of the periods that a persona is shown, by the student's name."""
        answer = await self.post("/graphql", {"documentId": PERIODS}, persona)
        return {
            edge["node"]["name"]: period["id"]
            for edge in answer.json()["data"]["students"]["edges"]
            for plan in edge["node"]["hoksit"]
            for unit in plan["plannedVocationalUnits"]
            for period in unit["acquisitions"]
        }

    async def part(self) -> str:
        """The first period of instructor-1."""
        return next(iter((await self.parts()).values()))

    async def ordered(self, persona: str = "instructor-1", **changes: Any) -> httpx.Response:
        """What comes of asking for a token."""
        order = {**ORDER, **({} if "part" in changes else {"part": await self.part()}), **changes}
        said = {key: value for key, value in order.items() if value is not None}
        return await self.post("/embed-token", said, persona)

    async def token(self, **changes: Any) -> str:
        """A token that was made."""
        answer = await self.ordered(**changes)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return str(answer.json()["token"])

    async def used(self, token: str, body: object = None, **headers: str) -> httpx.Response:
        """What a page gets with a token."""
        sent = {"authorization": f"Bearer {token}", "origin": TOOL_ORIGIN, **headers}
        body = {"documentId": PERIOD} if body is None else body
        return await self.gateway.client.post("/graphql", json=body, headers={k: v for k, v in sent.items() if v})

    def recorded(self, event: str) -> list[dict[str, Any]]:
        """The bodies of that event in the log."""
        records = log_verify.records_of(self.folder / "records" / "records.db")
        bodies = [chain.opened(record.body or b"{}") for record in records]
        return [body for body in bodies if body["event"] == event]


def add(folder: Path, documents: dict[str, str]) -> None:
    """Register operations."""
    add_to_manifest(folder / "operations" / f"{TOOL}.json", documents)


@pytest.fixture
async def tool(gateway: Gateway, tmp_path: Path) -> Embedder:
    add(tmp_path / "sandbox", OPERATIONS | {sha256(each): each for each in (ONE, TWO, CHANGE, ALL)})
    return Embedder(gateway, tmp_path / "sandbox")


@pytest.fixture
async def alone(tmp_path: Path, world: World) -> AsyncIterator[Embedder]:
    """The same where no student system tells of appointments, with settings of its own."""

    def settled(settings: str) -> str:
        return no_appointments_told(settings) + "\n[embed]\nminutes = 3\nmost = 2\n"

    async with running(tmp_path / "alone", world, settled) as gateway:
        add(tmp_path / "alone", OPERATIONS)
        yield Embedder(gateway, tmp_path / "alone")


def refused(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """A refusal as the page sees it, with all of its headers but the number of the request, which is random."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.content, headers


# --- the page


async def test_the_page_of_the_guide_shows_the_one_period(tool: Embedder) -> None:
    settings = (tool.folder / "gateway.toml").read_text()
    assert re.search(r'origins = \["(.*?)"\]', settings)[1] == ORDER["origin"]  # type: ignore[index]  # stands in the guide
    (tool.folder / "operations" / f"{TOOL}.json").unlink()
    (tool.folder / "operations.json").write_text(blocks("json")[0])
    command = re.search(r"hoks-gateway (operations add .*)", GUIDE)[1]  # type: ignore[index]  # stands in the guide
    places = {"operations.json": "operations.json", "var/sandbox-8080/gateway.toml": "gateway.toml"}
    assert main([str(tool.folder / places[word]) if word in places else word for word in command.split()]) == 0
    token = await tool.token()
    assert len(PAGE.splitlines()) <= 30

    # The page's own call, as a browser would make it.
    call = re.search(r'fetch\("(?P<url>.*?)", \{\n(?P<options>.*?)\n  \}\)', PAGE, re.DOTALL)
    assert call is not None
    options = call["options"]
    assert re.search(r"method: \"(.*?)\"", options)[1] == "POST"  # type: ignore[index]  # stands in the guide
    written = json.loads(re.search(r"headers: (\{.*\}),\n", options)[1].replace("`", '"'))  # type: ignore[index]  # stands in the guide
    headers = {name: value.replace("${token}", token) for name, value in written.items()}
    body = re.search(r"JSON\.stringify\((.*)\)", options)[1]  # type: ignore[index]  # stands in the guide
    path = httpx.URL(call["url"]).path
    preflight = {
        "origin": TOOL_ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": ",".join(sorted(headers)),
    }
    allowed = await tool.gateway.client.options(path, headers=preflight)
    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == TOOL_ORIGIN
    assert allowed.headers["access-control-allow-methods"] == "POST"
    assert set(allowed.headers["access-control-allow-headers"].split(", ")) >= set(headers)
    assert "access-control-allow-credentials" not in allowed.headers
    answer = await tool.gateway.client.post(path, content=body, headers={**headers, "origin": TOOL_ORIGIN})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == TOOL_ORIGIN
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"
    ((student,),) = ([edge["node"] for edge in answer.json()["data"]["students"]["edges"]],)
    (plan,) = student["hoksit"]
    (unit,) = plan["plannedVocationalUnits"]
    (period,) = unit["acquisitions"]
    assert student["name"] == next(iter(await tool.parts()))
    assert period["workplaceLearning"]["keyTasks"]
    # Every name that the page reads is in the answer.
    assert {"name", "hoksit"} <= student.keys()
    assert {"startDate", "endDate"} <= period.keys()
    assert unit["unit"]["name"]["fi"]


async def test_of_two_appointments_a_token_shows_the_one_and_what_the_person_sees_of_it(tool: Embedder) -> None:
    whole = (await tool.post("/graphql", {"documentId": sha256(ALL)}, "instructor-1")).json()
    assert len(whole["data"]["students"]["edges"]) == len(whole["data"]["viewer"]["appointments"]) == 2
    seen = []
    for name, part in (await tool.parts()).items():
        token = await tool.token(part=part, operation=sha256(ALL))
        answer = (await tool.used(token, {"documentId": sha256(ALL)})).json()
        assert answer["data"]["viewer"]["appointments"] == [{"kind": "INSTRUCTOR"}]
        assert answer["data"]["students"]["edges"] == [{"node": {"name": name}}]
        assert answer["extensions"] == whole["extensions"]
        seen += answer["data"]["students"]["edges"]
    assert sorted(seen, key=str) == sorted(whole["data"]["students"]["edges"], key=str)


async def test_an_assessor_s_token_shows_the_demonstration(tool: Embedder) -> None:
    listing = "{ students { edges { node { hoksit { plannedVocationalUnits { demonstrations { id } } } } } } }"
    add(tool.folder, {sha256(listing): listing})
    shown = (await tool.post("/graphql", {"documentId": sha256(listing)}, "assessor-1")).json()
    (part,) = re.findall(r"'id': '(.*?)'", str(shown))
    token = await tool.token(persona="assessor-1", part=part, operation=sha256(listing))
    assert (await tool.used(token, {"documentId": sha256(listing)})).json() == shown


# --- everything else


async def test_everything_else_is_refused_with_one_and_the_same_answer(tool: Embedder) -> None:
    student = {"oid": PERSON_7, "yes": True}
    token = await tool.token(operation=sha256(ONE), variables=student)
    mine = {"documentId": sha256(ONE)}
    for variables in ({}, student, {"yes": True, "oid": PERSON_7}):
        assert (await tool.used(token, {**mine, "variables": variables})).status_code == 200
    assert (await tool.used(token, {**mine, "operationName": "One"})).status_code == 200
    assert (await tool.used(token, {"query": ONE})).status_code == 200

    never = refused(await tool.used("hoks-embed-" + "A" * 43, mine))
    assert never[0] == 401
    assert json.loads(never[1])["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    for body in (
        {"documentId": PERIOD},
        {"documentId": sha256(CHANGE)},
        {"documentId": sha256("never was")},
        {"query": "{ viewer { oid } }"},
        {"query": ONE + " "},
        {**mine, "operationName": "Two"},
        {**mine, "variables": {**student, "oid": PERSON_1}},
        {**mine, "variables": {**student, "yes": False}},
        {**mine, "variables": {"oid": PERSON_7}},
        {**mine, "variables": {**student, "more": 10**19}},
    ):
        assert refused(await tool.used(token, body)) == never, body
    assert refused(await tool.used(token, mine, **{"acting-role": "staff"})) == never
    for accept in ("application/graphql-response+json", "*/*"):
        unknown = refused(await tool.used("hoks-embed-", mine, accept=accept))
        assert refused(await tool.used(token, {"documentId": PERIOD}, accept=accept)) == unknown
    for origin in (OTHER_ORIGIN, "", "null", TOOL_ORIGIN + "/", f"{TOOL_ORIGIN}, {TOOL_ORIGIN}"):
        for body in (mine, {"documentId": PERIOD}, {}):
            answer = await tool.used(token, body, origin=origin)
            assert "access-control-allow-origin" not in answer.headers
            assert refused(answer) == refused(await tool.used("hoks-embed-", body, origin=origin))
            assert (answer.status_code, answer.content) == never[:2]


async def test_a_token_is_taken_from_the_header_alone_and_no_other_origin_is_let_in(tool: Embedder) -> None:
    token = await tool.token()
    client = tool.gateway.client
    body = {"documentId": PERIOD}
    for query in ("token", "access_token", "authorization"):
        assert (await client.post(f"/graphql?{query}={token}", json=body)).status_code == 401
    headers = {"authorization": f"Bearer {token}", "origin": TOOL_ORIGIN}
    assert (await client.post("/embed-token", json=ORDER, headers=headers)).status_code == 401
    assert (await client.get("/disclosures/export", headers=headers)).status_code == 401
    assert (await client.get("/graphql", headers=headers)).status_code == 405
    for origin in (OTHER_ORIGIN, "null", TOOL_ORIGIN.upper()):
        asking = {"origin": origin, "access-control-request-method": "POST"}
        answer = await client.options("/graphql", headers=asking)
        assert answer.status_code == 405
        assert not any(name.startswith("access-control") for name in answer.headers)


async def test_an_ended_appointment_ends_its_tokens_at_the_next_request_however_they_were_asked_for(
    alone: Embedder,
) -> None:
    gateway = alone.gateway
    made = await appointed(gateway)
    assert (await alone.ordered("staff-a", part=None, appointment=made["id"])).status_code == 400  # not accepted yet
    await accepted(gateway, "instructor-1", made)
    tokens = [await alone.token(), await alone.token(persona="staff-a", part=None, appointment=made["id"])]
    answers = [(await alone.used(token)).json() for token in tokens]
    assert len(answers[0]["data"]["students"]["edges"]) == 1
    assert answers[0] == answers[1]

    never = refused(await alone.used("hoks-embed-never"))
    await gateway.ask("staff-a", END, {"id": made["id"]})
    for token in tokens:
        assert refused(await alone.used(token)) == never
    gateway.later(1)  # of two that are accepted in one moment neither is the later one
    again = await appointed(gateway)
    await accepted(gateway, "instructor-1", again)
    assert len(await alone.parts()) == 1
    for token in tokens:
        assert refused(await alone.used(token)) == never


async def test_a_token_is_over_with_its_time_when_it_is_revoked_and_when_its_operation_is_gone(
    tool: Embedder,
) -> None:
    never = refused(await tool.used("hoks-embed-never"))
    first, (second, embed) = await tool.token(), (await _made(tool))
    tool.gateway.later(9 * 60)
    assert (await tool.used(first)).status_code == (await tool.used(second)).status_code == 200
    client, path = tool.gateway.client, f"/embed-token/{embed}"
    for persona in ("instructor-2", "staff-a", "instructor-1", "instructor-1"):
        headers = {"authorization": f"Bearer {await tool.gateway.token(persona, TOOL)}"}
        assert (await client.delete(path, headers=headers)).status_code == 204
        assert (await tool.used(second)).status_code == (401 if persona == "instructor-1" else 200)
    assert refused(await tool.used(second)) == never
    assert (await tool.used(first)).status_code == 200
    (tool.folder / "operations" / f"{TOOL}.json").write_text("{}")
    assert refused(await tool.used(first)) == never
    add(tool.folder, OPERATIONS)
    assert (await tool.used(first)).status_code == 200
    tool.gateway.later(60)
    assert refused(await tool.used(first)) == never
    tool.gateway.later(-120)
    assert refused(await tool.used(second)) == never


async def _made(tool: Embedder) -> tuple[str, str]:
    made = (await tool.ordered()).json()
    return made["token"], made["id"]


# --- asked for


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("ACTING_ROLE_NOT_HELD", {"persona": "student-7"}),
    ("ACTING_ROLE_NOT_HELD", {"persona": "teacher-a"}),
    ("BAD_USER_INPUT", {"origin": OTHER_ORIGIN}),
    ("BAD_USER_INPUT", {"origin": "null"}),
    ("OPERATION_NOT_TRUSTED", {"operation": sha256("never was")}),
    ("BAD_USER_INPUT", {"operation": sha256(CHANGE)}),
    ("BAD_USER_INPUT", {"operation": sha256(TWO)}),
    ("BAD_USER_INPUT", {"operation": sha256(ONE)}),
    ("BAD_USER_INPUT", {"operation": sha256(ONE), "variables": {"oid": "1.2"}}),
    ("BAD_USER_INPUT", {"variables": {"more": 1}}),
    ("BAD_USER_INPUT", {"part": "never was"}),
    ("BAD_USER_INPUT", {"persona": "instructor-2"}),
    ("BAD_REQUEST", {"part": None}),
    ("BAD_REQUEST", {"appointment": "x"}),
    ("BAD_REQUEST", {"more": 1}),
    ("BAD_REQUEST", {"persona": "staff-a"}),
    ("BAD_USER_INPUT", {"persona": "staff-a", "part": None, "appointment": "never was"}),
]


async def test_a_token_that_would_open_what_it_must_not_is_not_made(tool: Embedder) -> None:
    part = await tool.part()
    for code, changes in WRONG:
        answer = await tool.ordered(**{"part": part, **changes})
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == code, changes
        assert not any(text in answer.text for text in ("never was", "1.2", OTHER_ORIGIN))
    for client in (None, "another"):
        answer = await tool.post("/embed-token", {**ORDER, "part": part}, "instructor-1", client)
        assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert tool.recorded("embed.made") == []


async def test_another_provider_s_staff_get_no_token_and_no_person_more_than_the_settings_let_them(
    alone: Embedder,
) -> None:
    made = await appointed(alone.gateway)
    await accepted(alone.gateway, "instructor-1", made)
    answer = await alone.ordered("staff-b", part=None, appointment=made["id"])
    unknown = await alone.ordered("staff-a", part=None, appointment="never was")
    assert refused(answer) == refused(unknown)
    assert answer.status_code == 400

    part = await alone.part()
    await alone.token(part=part)
    await alone.token(persona="staff-a", part=None, appointment=made["id"])
    answer = await alone.ordered(part=part)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "180"
    assert answer.json()["errors"][0]["extensions"] == {"code": "TOO_MANY_REQUESTS"}
    alone.gateway.later(3 * 60)
    await alone.token(part=part)


# --- recorded


async def test_each_answer_is_on_record_as_the_persons_by_an_embed_token_and_the_token_nowhere(
    alone: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await appointed(alone.gateway)
    await accepted(alone.gateway, "instructor-1", made)
    answer = (await alone.ordered()).json()
    await alone.used(answer["token"])
    await alone.used(answer["token"], {"documentId": PERIODS})
    await alone.used(answer["token"], origin=OTHER_ORIGIN)

    by_token = [each for each in alone.recorded("disclosed") if "embed" in each]
    assert {each["subject"] for each in by_token} == {PERSON_1}
    for each in by_token:
        assert (each["embed"], each["role"]) == (answer["id"], "instructor")
        assert each["apart"]["viewer"] == person_oid(906)
        assert each["apart"]["op"] == sha256(OPERATIONS[PERIOD])
    assert [made["id"]] in [each["appointments"] for each in by_token]
    (told,) = alone.recorded("embed.made")
    assert (told["embed"], told["subject"], told["appointment"]) == (answer["id"], PERSON_1, made["id"])
    assert (told["client"], told["origin"], told["role"]) == (TOOL, TOOL_ORIGIN, "instructor")
    secret = answer["token"].removeprefix("hoks-embed-")
    assert secret not in caplog.text
    for file in (alone.folder / "records").iterdir():
        assert secret.encode() not in file.read_bytes()

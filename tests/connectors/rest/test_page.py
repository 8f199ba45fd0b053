"""Follows docs/connect-a-provider.md: its settings, against its answers, give what it says."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.catalogue import connect
from connectors.connected import Connected
from connectors.rest import JsonSettings
from gateway.settings_file import load
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.outcomes import Answer, Outcome
from hoks.student import Person
from tests.connectors.rest.test_settings import WHOLE
from tests.connectors.wires import StillClock

PAGE = (Path(__file__).parents[3] / "docs" / "connect-a-provider.md").read_text(encoding="utf-8")
BASE = "https://kampus.example/api/v3"
BLOCKS = re.findall(r"^```(toml|http|json)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
RESULTS = [
    json.loads(text) for kind, text in BLOCKS if kind == "json" and re.search(r'"(rights|plans|assignments) of ', text)
]


class Exchange(NamedTuple):
    """A request of the page, and the answer beneath it; without one it is a 404."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any
    answer: Any


def _exchanges() -> list[Exchange]:
    found = []
    for (kind, text), (next_kind, answer) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind == "http":
            head, _, body = text.partition("\n\n")
            line, *headers = head.strip().splitlines()
            method, target = line.split(" ")
            parts = urlsplit(target)
            is_answered = next_kind == "json" and json.loads(answer) not in RESULTS
            found.append(
                Exchange(
                    method,
                    parts.path,
                    parse_qsl(parts.query),
                    dict(each.lower().split(": ") for each in headers),
                    json.loads(body) if body else None,
                    json.loads(answer) if is_answered else None,
                )
            )
    return found


class Kampus:
    """The page's system: it answers what the page shows, to exactly the requests that the page shows."""

    def __init__(self) -> None:
        self.waiting = _exchanges()
        self.others: list[str] = []
        self.app = Starlette(routes=[Route("/api/v3/{rest:path}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        for each in self.waiting:
            shown = (each.method, f"/api/v3{each.path}", each.query, each.body)
            asked = (request.method, request.url.path, parse_qsl(request.url.query), json.loads(body) if body else None)
            if asked == shown and each.headers.items() <= dict(request.headers).items():
                self.waiting.remove(each)
                return Response(status_code=404) if each.answer is None else JSONResponse(each.answer)
        self.others.append(f"{request.method} {request.url}")
        return Response(status_code=500)


@asynccontextmanager
async def _served(kampus: Kampus, folder: Path) -> AsyncIterator[Connected]:
    """The gateway's connectors by the page's settings, before the page's system on a real port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(kampus.app, log_config=None, lifespan="off", ws="none"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        connected = connect(_settings(folder, listener.getsockname()[1]), StillClock(), folder=folder)
        try:
            yield connected
        finally:
            await connected.aclose()
            server.should_exit = True
            await running


def _settings(folder: Path, port: int) -> tuple[Any, ...]:
    for name, text in (("key", "k" * 32), ("kampus.key", "not-a-real-key")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    shown = "\n".join(text for kind, text in BLOCKS if kind == "toml")
    assert shown.startswith("[[source]]\n")
    assert BASE in shown
    file = folder / "gateway.toml"
    file.write_text(WHOLE.removesuffix("[[source]]\n") + shown.replace(BASE, f"http://127.0.0.1:{port}/api/v3"))
    return load(file).source


def _holds(found: Any, shown: Any, place: str = "") -> None:
    """What the page shows is in what was found; the page leaves out what is empty."""
    match shown:
        case dict():
            for key, value in shown.items():
                _holds(found[key], value, f"{place}.{key}")
        case list():
            assert len(found) == len(shown), place
            for number, (one, other) in enumerate(zip(found, shown, strict=True)):
                _holds(one, other, f"{place}[{number}]")
        case _:
            assert found == shown, place


def _written(answer: Answer[Any]) -> Any:
    return msgspec.to_builtins(answer.value) if answer.outcome is Outcome.OK else answer.outcome.value


def _named(kind: str) -> dict[str, Any]:
    (result,) = [each for each in RESULTS if any(key.startswith(f"{kind} of") for key in each)]
    return {key.rpartition(" ")[2]: value for key, value in result.items()}


async def test_the_page_connects_its_system(tmp_path: Path) -> None:
    kampus = Kampus()
    rights, plans = _named("rights"), _named("plans")
    async with _served(kampus, tmp_path) as connected:
        people = [Person(oid=LearnerOid(oid)) for oid in rights]
        of_people = await connected.rights[0].rights(people)
        listed = await connected.rights[0].learners()
        # One at a time: the page's system knows each request once.
        of_rights = await connected.plans[0].plans([StudyRightOid(oid) for oid in plans])
        guided = await connected.guidance[0].guided()
    assert kampus.others == []
    assert [each.path for each in kampus.waiting] == []
    assert len(rights) == len(plans) == 2
    for oid, shown in rights.items():
        _holds(_written(of_people.answers[LearnerOid(oid)]), shown, oid)
    for right, shown in plans.items():
        _holds(_written(of_rights.answers[StudyRightOid(right)]), shown, right)
    (told,) = guided.answers.values()
    for person, shown in _named("assignments").items():
        _holds([each for each in _written(told) if each["person"] == person], shown, person)
    (everybody,) = listed.answers.values()
    assert list(everybody.value or ()) == sorted(rights)


def test_the_page_names_every_table_and_question() -> None:
    fields = {field.name for field in msgspec.structs.fields(JsonSettings)}
    for question in ("rights", "learners", "plans", "holders", "appointments", "assignments", "guides"):
        assert question in fields
        assert f"| `{question}` |" in PAGE

"""Leaks put in on purpose that no body shows: in a header, in the status, in what is logged.

Each is installed in the gateway's own seams, and fed from what was read before anything was decided or redacted.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

import gateway.http
from gateway.http import GraphQLEndpoint
from hoks.looked import Looked
from hoks.questions import Questions
from hoks.viewing import Viewing
from resolvers.graph import Graph
from tests.world.leaks import Install, Leak

log = logging.getLogger("hoks.leaky")

_RESPOND, _EXECUTE, _ANSWER = gateway.http._respond, GraphQLEndpoint._execute, Graph.answer
_PLANS, _VIEW = Questions.plans, Viewing._view


def _noting_what_is_read(patch: pytest.MonkeyPatch, note: Callable[[bytes], None]) -> None:
    async def leaky(questions: Questions, wanted: Any, *rest: Any) -> Any:
        told = await _PLANS(questions, wanted, *rest)
        for _, reply in told.values():
            note(msgspec.json.encode([(key, answer.value) for key, answer in reply.answers.items()]))
        return told

    patch.setattr(Questions, "plans", leaky)


def _with_header(name: str, value: Callable[[bytes], str]) -> Install:
    """A header made of everything that was read for the request."""

    def install(patch: pytest.MonkeyPatch) -> None:
        read: list[bytes] = []

        async def leaky(answer: Any, body: bytes, send: Any) -> None:
            headers = {**answer.headers, name: value(b"".join(read))}
            read.clear()
            await _RESPOND(answer._replace(headers=headers), body, send)

        _noting_what_is_read(patch, read.append)
        patch.setattr(gateway.http, "_respond", leaky)

    return install


def _status_by_existence(patch: pytest.MonkeyPatch) -> None:
    """Another success where somebody is there of whom nothing may be seen."""
    hidden: list[bool] = []

    def viewed(viewing: Viewing, looked: Looked, *rest: Any) -> Any:
        seen = _VIEW(viewing, looked, *rest)
        hidden.append(seen is None and bool(looked.rights))
        return seen

    async def leaky(endpoint: GraphQLEndpoint, *given: Any) -> Any:
        hidden.clear()
        answer = await _EXECUTE(endpoint, *given)
        return answer._replace(status=206) if any(hidden) else answer

    patch.setattr(Viewing, "_view", viewed)
    patch.setattr(GraphQLEndpoint, "_execute", leaky)


def _logged(say: Callable[[Looked, Any], None]) -> Install:
    """A log line of each student that is looked at."""

    def leaky(viewing: Viewing, looked: Looked, *rest: Any) -> Any:
        seen = _VIEW(viewing, looked, *rest)
        say(looked, seen)
        return seen

    return lambda patch: patch.setattr(Viewing, "_view", leaky)


def _sizes_logged(patch: pytest.MonkeyPatch) -> None:
    _noting_what_is_read(patch, lambda read: log.debug("plans read", extra={"octets": len(read)}))


def _requests_counted(patch: pytest.MonkeyPatch) -> None:
    """A header that says how much the process has been asked, by others too."""
    asked: list[None] = []

    async def leaky(answer: Any, body: bytes, send: Any) -> None:
        asked.append(None)
        await _RESPOND(answer._replace(headers={**answer.headers, "x-served": str(len(asked))}), body, send)

    patch.setattr(gateway.http, "_respond", leaky)


def _answers_told_apart(patch: pytest.MonkeyPatch) -> None:
    """A log line where a document was asked before, by whomever."""
    known: set[int] = set()

    async def leaky(graph: Graph, document: Any, *rest: Any) -> Any:
        log.debug("document known" if id(document) in known else "document new")
        known.add(id(document))
        return await _ANSWER(graph, document, *rest)

    patch.setattr(Graph, "answer", leaky)


LEAKS: Mapping[str, Leak] = {
    "a header counts what was read": Leak(
        _with_header("server-timing", lambda read: f"plans;desc={len(read)}"),
        "consent recipient",
        "hidden values are longer",
    ),
    "an entity tag of what was read": Leak(
        _with_header("etag", lambda read: hashlib.sha256(read).hexdigest()), "assessor", "hidden values are others"
    ),
    "a status that tells of somebody hidden": Leak(_status_by_existence, "instructor", "hidden people are deleted"),
    "a log line names somebody hidden": Leak(
        _logged(lambda looked, seen: log.info("looked at %s", looked.person.name)),
        "consent recipient",
        "hidden names are others",
    ),
    "a log line counts hidden rights": Leak(
        _logged(lambda looked, seen: log.debug("%d rights", len(looked.rights))),
        "responsible teacher",
        "hidden rights are deleted",
    ),
    "the level of a log line tells of hidden rights": Leak(
        _logged(
            lambda looked, seen: (
                log.log(logging.INFO if len(looked.rights) > len(seen.grants) else 10, "looked at")
                if seen is not None
                else None
            )
        ),
        "school social worker",
        "hidden rights are deleted",
    ),
    "a log record carries the size of what was read": Leak(
        _sizes_logged, "special needs teacher", "hidden values are longer"
    ),
}
"""Each is caught by comparing the caller's exchanges before and after the change."""

HISTORIES: Mapping[str, Install] = {
    "a header counts everybody's requests": _requests_counted,
    "a log line tells what was asked before": _answers_told_apart,
}
"""Caught by comparing the exchanges after a stronger caller's with those alone."""

"""What is counted and not timed: memory before anybody asks, source calls, and what is left when a source fails."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from bench import table, world
from bench.load import ask, request, resident_megabytes
from bench.question import WHOLE
from bench.rows import calls, play, right
from bench.targets import Running

FAILURES = {"refuse": "B answers 503", "nonsense": "B answers HTML with 200", "hang": "B never answers"}
_FRESH = count(10_000)
"""Students whom nobody has asked about, so that nothing of them is kept anywhere."""


async def _asked(running: Running, student: int, times: int) -> tuple[int, Any]:
    """The answer about a student under so many names."""
    oid, target = world.learner_oid(student), running.target
    body = target.body(target.dialect.one(WHOLE, [oid] * times))
    return await ask(running.port, request(running.port, target.path, body, target.headers(running.place, oid)))


async def idle(everybody: Sequence[Running]) -> str:
    """What each gateway has in memory once it listens, and after its first answer."""
    lines = []
    for running in everybody:
        before = resident_megabytes(running.pid)
        await _asked(running, next(_FRESH), 1)
        lines.append((running.target.name, f"{before:.0f}", f"{resident_megabytes(running.pid):.0f}"))
    return table.table(("gateway", "RSS MiB before anybody asks", "after one answer"), lines)


async def aliases(everybody: Sequence[Running]) -> str:
    """How often the sources are asked for one student under two names in one document."""
    lines = []
    for running in everybody:
        student = next(_FRESH)
        # What is known before of somebody else, tickets, keys, documents, is no call for this one.
        await _asked(running, next(_FRESH), 2)
        await calls(running.place)
        status, body = await _asked(running, student, 2)
        counted = await calls(running.place)
        told = _plans(running, status, body, 2)
        is_right = told == [right(student, WHOLE)] * 2
        rest = ", ".join(f"{number} {kind}" for kind, number in sorted(counted.items()) if kind != "plan")
        lines.append((running.target.name, str(counted.get("plan", 0)), rest or "none", "yes" if is_right else "no"))
    return table.table(("gateway", "calls for plans", "other calls", "answered right"), lines)


async def failing(everybody: Sequence[Running]) -> str:
    """What is left of an answer when one of two sources fails, and whether it says so."""
    lines = {running.target.name: [running.target.name] for running in everybody}
    for mode in FAILURES:
        await play(everybody[0].place, mode)
        for running in everybody:
            student = next(_FRESH)
            status, body = await _asked(running, student, 1)
            lines[running.target.name].append(_verdict(running, student, status, body))
        await play(everybody[0].place)
    return table.table(("gateway", *FAILURES.values()), lines.values())


def _verdict(running: Running, student: int, status: int, body: bytes) -> str:
    (told,) = _plans(running, status, body, 1) or [[]]
    is_whole = [each for each in told if each is not None] == right(student, WHOLE)[:1]
    answer = _json(body)
    says_so = bool(answer.get("errors") or answer.get("extensions", {}).get("gaps"))
    leaks = any(f":{port}" in body.decode(errors="replace") for port in running.place.ports.values())
    words = ["A's plan whole" if is_whole else "A's plan lost", "said" if says_so else "not said"]
    return ", ".join([*words, *(["tells an internal address"] if leaks else [])])


def _plans(running: Running, status: int, body: bytes, times: int) -> list[Any]:
    try:
        answer = json.loads(body)
        return [running.target.dialect.plans(answer, place) for place in range(times)] if status == 200 else []
    except (ValueError, KeyError, TypeError, IndexError):
        return []


def _json(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


IDLE = "One worker that nobody asks"
ALIASES = "Source calls for one student under two names in one document"
FAILING = "One of two sources fails: what is left, and whether the answer says so"

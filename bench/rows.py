"""The rows that are timed: what is asked, how many at once, what the sources do, and whether answers are right.

A gateway is timed only after each of its answers was compared with the right one; while it is timed each answer is
compared again, with the bytes that were right.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from statistics import median

from bench import world
from bench.load import Asked, Sample, ask, get, request, resident_megabytes, sampled
from bench.question import LISTED, QUESTIONS, SMALL, WHOLE, Json, Question
from bench.targets import Place, Relayed, Running

Plans = list[Json | None]
AT_ONCE = 8
TRIES = 3


class Wrong(Exception):
    """A gateway does not answer right; the text says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of figures for each gateway."""

    name: str
    title: str
    question: Question = WHOLE
    connections: int = 16
    listed: int = 0
    """How many students in one question; 0 asks for one student by OID, another in each request."""
    late: float = 0.0
    """How many milliseconds later source B answers."""
    mode: str = "ok"
    """What source B does."""
    has_variable: bool = False
    """Whether the student is a variable of one document, for gateways that can be asked so; else part of the text."""


ROWS = (
    Row(name="one", title=f"One student, two providers, {WHOLE.fields + 2} fields, 16 connections"),
    Row(name="one-1", title="The same, 1 connection", connections=1),
    Row(name="one-50", title="The same, 50 connections", connections=50),
    Row(name="small", title="One student, two providers, 6 fields", question=SMALL),
    Row(
        name="list",
        title="A list of 50 students with both plans, 4 connections",
        question=LISTED,
        connections=4,
        listed=50,
    ),
    Row(name="late", title="One student, source B 4 ms later, 1 connection", connections=1, late=4.0),
    Row(name="silent", title="One student, source B never answers (given one second), 16 connections", mode="hang"),
)


@dataclass(slots=True)
class Figures:
    """What the turns of one gateway in one row showed; each figure is the median of its turns."""

    samples: list[Sample] = field(default_factory=list)
    megabytes: float = 0.0
    failed: str = ""
    """Why there are no figures."""

    def of(self, figure: Callable[[Sample], float]) -> float:
        """A figure."""
        return median(map(figure, self.samples))

    @property
    def wrong(self) -> int:
        """How many answers of all turns were wrong."""
        return sum(each.wrong for each in self.samples)

    def beside(self, other: "Figures") -> float:
        """The rate beside another's, turn by turn."""
        return median(mine.rate / its.rate for mine, its in zip(self.samples, other.samples, strict=True))


def right(student: int, question: Question, times: int = 1) -> Plans:
    """The right answer about one student."""
    return _right(student, question.name, times)


@lru_cache(maxsize=2_000)
def _right(student: int, question: str, times: int) -> Plans:
    return [QUESTIONS[question].answered(world.plan(student, provider, times)) for provider in (0, 1)]


class Asking:
    """One gateway's questions of one row, and what it answered to each when that was found to be right."""

    def __init__(self, running: Running, row: Row, students: int, *, times: int = 1) -> None:
        self._running = running
        self._row = row
        self._students = students
        self._times = times
        self._seen: dict[int, bytes] = {}

    def payload(self, student: int) -> bytes:
        """The request about a student, or about the list. Raises ``Wrong`` where there is no such question."""
        running, row = self._running, self._row
        target = running.target
        oid = world.learner_oid(student)
        if target.is_floor:
            return request(running.port, f"/students/{oid}/plan", b"{}")
        if row.has_variable and isinstance(target.dialect, Relayed):
            body = target.body(target.dialect.any_one(row.question), {"oid": oid})
            return request(running.port, target.path, body, target.headers(running.place, oid))
        if row.listed:
            document, who = target.dialect.several(row.question, row.listed), "staff"
        else:
            document, who = target.dialect.one(row.question, [oid]), oid
        if document is None:
            raise Wrong("has no such question")
        return request(running.port, target.path, target.body(document), target.headers(running.place, who))

    async def check(self) -> None:
        """Compare the answer to each question with the right one. Raises ``Wrong`` where it stays another."""
        async for student, status, body in self._answers():
            for _ in range(TRIES):
                if self._is_right(student, status, body):
                    break
                # What is still warming up may be late.
                await asyncio.sleep(0.2)
                status, body = await ask(self._running.port, self.payload(student))
            else:
                raise Wrong(f"answers wrong ({status})")
            self._seen[student] = body

    async def warm(self) -> None:
        """Ask everything once more: what is kept for seconds is kept again."""
        async for _ in self._answers():
            pass

    async def _answers(self) -> AsyncIterator[tuple[int, int, bytes]]:
        """Each student with the answer about them, asked several at a time."""
        students = range(self._students)
        for first in students[::AT_ONCE]:
            some = students[first : first + AT_ONCE]
            answers = await asyncio.gather(*(ask(self._running.port, self.payload(each)) for each in some))
            for student, (status, body) in zip(some, answers, strict=True):
                yield student, status, body

    def questions(self) -> Iterator[Asked]:
        """Every question in turn, without end."""
        asked = [Asked(self.payload(each), partial(self._still, each)) for each in range(self._students)]
        return itertools.cycle(asked)

    def _still(self, student: int, status: int, body: bytes) -> bool:
        return (status == 200 and body == self._seen.get(student)) or self._is_right(student, status, body)

    def _is_right(self, student: int, status: int, body: bytes) -> bool:
        target, row = self._running.target, self._row
        if status != 200:
            return False
        if target.is_floor:
            return True
        try:
            answer = json.loads(body)
            if row.listed:
                told = target.dialect.students(answer)
                return told == [right(each, row.question, self._times) for each in range(row.listed)]
            return _agree(target.dialect.plans(answer), right(student, row.question, self._times), row.mode)
        except (ValueError, KeyError, TypeError, IndexError):
            return False


def _agree(told: Plans, expected: Plans, mode: str) -> bool:
    """Whether plans are the right ones; where B fails, A's alone."""
    if mode == "ok":
        return told == expected
    return [each for each in told if each is not None] == expected[:1]


async def play(place: Place, mode: str = "ok", late: float = 0.0) -> None:
    """Have source B do something to every question about plans."""
    status, _ = await ask(place.ports["B"], get(place.ports["B"], f"/control/play/{mode}/{late}"))
    assert status == 200


async def calls(place: Place) -> dict[str, int]:
    """How many calls of each kind all sources had since this was asked last."""
    counted: dict[str, int] = {}
    for port in place.ports.values():
        _, body = await ask(port, get(port, "/control/calls"))
        for kind, number in json.loads(body).items():
            counted[kind] = counted.get(kind, 0) + number
    return counted


class Timing(Asking):
    """The same with its turns."""

    async def turn(self, seconds: float, *, as_it_is: bool = False) -> Sample:
        """One turn; what is kept for seconds is kept anew before, or left as it is."""
        running = self._running
        if running.target.keeps and not as_it_is:
            await self.warm()
        await calls(running.place)
        sample = await sampled(running.port, running.pid, self.questions(), self._row.connections, seconds)
        counted = await calls(running.place)
        return sample._replace(calls=sum(counted.values()))

    def megabytes(self) -> float:
        """What the gateway has in memory."""
        return resident_megabytes(self._running.pid)


async def measured(
    row: Row, everybody: list[Running], *, rounds: int, seconds: float, students: int
) -> dict[str, Figures]:
    """The figures of a row by the gateway's name: every gateway has its turn in each round, and one before."""
    figures = {each.target.name: Figures() for each in everybody}
    place = everybody[0].place
    await play(place, row.mode, row.late)
    timed: dict[str, Timing] = {}
    for each in everybody:
        timing = Timing(each, row, _how_many(row, students))
        try:
            await timing.check()
            timed[each.target.name] = timing
        except (Wrong, OSError, TimeoutError) as fault:
            figures[each.target.name].failed = str(fault) or type(fault).__name__
    for timing in timed.values():
        await timing.turn(seconds / 3)
    for _ in range(rounds):
        for name, timing in timed.items():
            figures[name].samples.append(await timing.turn(seconds))
            figures[name].megabytes = timing.megabytes()
    await play(place)
    return figures


def _how_many(row: Row, students: int) -> int:
    """One list is one question; about a source that never answers few are asked, for each takes its time."""
    if row.listed:
        return 1
    return students if row.mode == "ok" else min(students, AT_ONCE)

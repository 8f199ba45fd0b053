"""Raw answers of a source that are kept for a moment, and fetches that are shared by all who ask the same at once.

Every key is kept, waited for and answered alone, with the time it was really read: an answer never reaches another
key, another source or another credential.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from connectors.failures import Reason, SourceUnavailable, report
from connectors.limits import Remembered
from connectors.shelf import Entry, Flight, Place, Shelf, held_in, place, size_of
from hoks.asking import ask
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.outcomes import HEALTHY, Answer, Outcome, Reading, Reply, oldest
from hoks.plan import Hoks
from hoks.ports import Clock
from hoks.relations import Appointment, Assignment
from hoks.student import Person
from hoks.study_right import StudyRight

CALLS_IN_A_ROW = 4
"""How many calls in a row, each within its own deadline, a fetch may take. It goes on when nobody waits any more."""

COULD_NOT_BE_ASKED = frozenset({Outcome.UNAVAILABLE, Outcome.THROTTLED})
"""Failures in whose place an old answer may stand. A source that refuses us, or tells nonsense, has answered."""

Q = TypeVar("Q")
K = TypeVar("K")
T = TypeVar("T")
Fetch = Callable[[Sequence[Q], float], Awaitable[Reply[K, T]]]
"""Asks the source, which may take until a moment on the event loop's clock."""


# --- the questions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question(Generic[Q, K, T]):
    """A kind of question: under which key its answer stands, what is asked, and whom an answer tells of besides."""

    name: str
    key: Callable[[Q], K]
    asked: Callable[[Q], tuple[str, ...]]
    named: Callable[[T], Iterable[str]] = lambda _: ()
    is_a_list_of_everybody: bool = False


def _itself(asked: Q) -> Q:
    return asked


def _oid(asked: str) -> tuple[str, ...]:
    return (asked,)


RIGHTS: Question[Person, LearnerOid, tuple[StudyRight, ...]] = Question(
    "rights",
    key=lambda person: person.oid,
    # INVARIANT: a person is asked by all of their OIDs; one alias more or less is another question.
    asked=lambda person: (person.oid, *sorted(person.aliases)),
    named=lambda rights: [right.oid for right in rights],
)
LEARNERS: Question[OrganisationOid, OrganisationOid, tuple[LearnerOid, ...]] = Question(
    "learners", _itself, _oid, is_a_list_of_everybody=True
)
PLANS: Question[StudyRightOid, StudyRightOid, tuple[Hoks, ...]] = Question(
    "plans", _itself, _oid, named=lambda plans: [plan.student_oid for plan in plans if plan.student_oid]
)
HOLDERS: Question[StudyRightOid, StudyRightOid, LearnerOid] = Question(
    "holders", _itself, _oid, named=lambda oid: (oid,)
)
APPOINTMENTS: Question[PersonOid, PersonOid, tuple[Appointment, ...]] = Question(
    "appointments", _itself, _oid, named=lambda each: [oid for one in each for oid in (one.learner, one.right)]
)
ASSIGNMENTS: Question[PersonOid, PersonOid, tuple[Assignment, ...]] = Question(
    "assignments", _itself, _oid, named=lambda each: [one.learner for one in each]
)
IDENTITIES: Question[LearnerOid, LearnerOid, Person] = Question("identify", _itself, _oid)
ORGANISATIONS: Question[OrganisationOid, OrganisationOid, TreeNode] = Question("nodes", _itself, _oid)


# --- the core ---------------------------------------------------------------------------------------------------


class Kept(Generic[Q, K, T]):
    """The answers of one source to one kind of question."""

    def __init__(
        self, question: Question[Q, K, T], source: str, settings: Remembered, shelf: Shelf, clock: Clock
    ) -> None:
        self._question = question
        self._source = source
        self._settings = settings
        self._shelf = shelf
        self._clock = clock

    def at_hand(self, asked: Iterable[Q]) -> Reply[K, T] | None:
        """What ``reply`` would come to where every answer is kept and none due to be asked anew; else nothing."""
        self._shelf.sweep()
        answers: dict[K, Answer[T]] = {}
        for each in asked:
            entry = self._shelf.settled(self._place(each))
            if entry is None:
                return None
            answers[self._question.key(each)] = entry.answer
        return self._as_reply(answers)

    def entry(self, asked: Q) -> Entry | None:
        """What is kept of one answer, while it is as good as a new one and not due to be asked anew."""
        return self._shelf.settled(self._place(asked))

    async def reply(
        self,
        asked: Iterable[Q],
        fetch: Fetch[Q, K, T],
        until: float | None = None,
    ) -> Reply[K, T]:
        """The answer to each key: kept, from a fetch that runs already, or from one that starts now.

        What is kept and due to be asked anew goes along with what is not kept, and is not waited for. By ``until``, on
        the event loop's clock, the asker is given what has come; the rest is unavailable.
        """
        self._shelf.sweep()
        wanted = {self._question.key(each): each for each in asked}
        places = {key: self._place(each) for key, each in wanted.items()}
        kept = {key: entry for key, where in places.items() if (entry := self._shelf.fresh(where)) is not None}
        missing = [where for key, where in places.items() if key not in kept]
        due = [places[key] for key, entry in kept.items() if self._shelf.is_due(entry)]
        flights = {where: flight for where in missing if (flight := self._shelf.on_its_way(where)) is not None}
        anew = {*due, *missing} - flights.keys()
        for batch in self._batches({where: wanted[key] for key, where in places.items() if where in anew}):
            flights |= dict.fromkeys(batch, self._started(batch, fetch, until))
        if missing:
            # Waiting, and giving up, leaves the flights alone: others may wait for them too.
            on_their_way = {flights[where] for where in missing}
            with self._shelf.waiting_for(on_their_way):
                _, late = await asyncio.wait(on_their_way, timeout=_seconds_until(until))
            if late:
                report(self._source, [SourceUnavailable(Reason.LATE)] * len(late))
        answers = {
            key: kept[key].answer if key in kept else self._brought(where, flights[where])
            for key, where in places.items()
        }
        return self._as_reply(answers)

    def _place(self, asked: Q) -> Place:
        # INVARIANT: the day is part of it: nothing is kept across midnight in Helsinki.
        day = self._clock.today().isoformat()
        return place(self._source, self._settings.version, self._question.name, day, self._question.asked(asked))

    def _batches(self, missing: Mapping[Place, Q]) -> Iterable[dict[Place, Q]]:
        if self._settings.one_by_one:
            return [{where: each} for where, each in missing.items()]
        return [dict(missing)] if missing else []

    # --- fetching -----------------------------------------------------------------------------------------------

    def _started(self, batch: Mapping[Place, Q], fetch: Fetch[Q, K, T], until: float | None) -> Flight:
        bound_for = {where: frozenset(self._question.asked(each)) for where, each in batch.items()}
        own = asyncio.get_running_loop().time() + CALLS_IN_A_ROW * self._settings.seconds
        self._shelf.renews(batch)
        return self._shelf.start(self._fetched(batch, fetch, max(own, until or own)), bound_for)

    async def _fetched(self, batch: Mapping[Place, Q], fetch: Fetch[Q, K, T], until: float) -> dict[Place, Answer[T]]:
        began = self._shelf.seconds()
        keys = {where: self._question.key(each) for where, each in batch.items()}
        question = fetch(tuple(batch.values()), until)
        reply: Reply[K, T] = await ask(
            question, list(keys.values()), source=self._source, until=until, clock=self._clock
        )
        answers = {where: _dated(reply, key) for where, key in keys.items()}
        # One moment for all that came together: it is asked anew together as well.
        renewed_from = began + self._shelf.until_renewed(self._settings.cache_seconds)
        for where, answer in answers.items():
            self._keep(where, batch[where], answer, began, renewed_from)
        return answers

    def _keep(self, where: Place, asked: Q, answer: Answer[T], began: float, renewed_from: float) -> None:
        """Keep what a healthy source said.

        INVARIANT: "nothing there" is kept as long as something is. Were it asked anew each time, the times in an
        answer and its speed would tell a hidden plan from none.
        """
        if answer.outcome not in HEALTHY or self._settings.cache_seconds + self._settings.stale_seconds <= 0:
            return
        named = () if answer.value is None else self._question.named(answer.value)
        everybody = self._question.is_a_list_of_everybody
        fresh_until = began + self._settings.cache_seconds
        entry = Entry(
            answer=answer,
            renewed_from=renewed_from,
            fresh_until=fresh_until,
            usable_until=fresh_until + self._settings.stale_seconds,
            names=() if everybody else tuple({*self._question.asked(asked), *named}),
            size=size_of(answer.value),
            held=held_in(answer),
        )
        self._shelf.keep(where, entry, asyncio.current_task())

    # --- answering ----------------------------------------------------------------------------------------------

    def _brought(self, where: Place, flight: Flight) -> Answer[T]:
        """What a flight brought to a place, or the old answer where the source could not be asked."""
        has_come = flight.done() and not flight.cancelled() and flight.exception() is None
        answer: Answer[T] = flight.result()[where] if has_come else self._not_come()
        old = self._shelf.usable(where) if answer.outcome in COULD_NOT_BE_ASKED else None
        if old is None or old.answer.reading is None:
            return answer
        return Answer(Outcome.STALE, old.answer.value, msgspec.structs.replace(old.answer.reading, stale=True))

    def _not_come(self) -> Answer[T]:
        now = self._clock.now()
        return Answer(Outcome.UNAVAILABLE, None, Reading(now, now))

    def _as_reply(self, answers: Mapping[K, Answer[T]]) -> Reply[K, T]:
        now = self._clock.now()
        readings = [answer.reading for answer in answers.values() if answer.reading is not None]
        read = oldest(readings) if readings else Reading(now, now)
        return Reply(
            source=self._source, fetched_at=read.fetched_at, as_of=read.as_of, stale=read.stale, answers=answers
        )


def _dated(reply: Reply[K, T], key: K) -> Answer[T]:
    """The answer to a key, with its own times on it."""
    return msgspec.structs.replace(reply.answers[key], reading=reply.reading(key))


_MARGIN_SECONDS = 0.05
"""How long before its time is up an asker is given what has come."""


def _seconds_until(until: float | None) -> float | None:
    return None if until is None else max(until - asyncio.get_running_loop().time() - _MARGIN_SECONDS, 0)

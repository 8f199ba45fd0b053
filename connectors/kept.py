"""Sources whose raw answers are kept for a moment, and whose fetches are shared by all who ask the same at once.

Each wraps a port and is one itself. Every key is kept, waited for and answered alone, with the time it was really
read: an answer never reaches another key, another source or another credential.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import cachetools
import msgspec

from connectors.failures import Reason, SourceUnavailable, report
from connectors.limits import Reached, Remembered
from connectors.shelf import ENTRY_BYTES, Entry, Flight, Place, Shelf, held_in, place, size_of
from hoks.asking import ask
from hoks.beside import Holding
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.outcomes import HEALTHY, Answer, Outcome, Reading, Reply, oldest
from hoks.plan import Hoks
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    Clock,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    RightsSource,
    RightsTold,
    Source,
)
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
        """What ``reply`` would come to where every answer is kept, and nothing has to be waited for; else nothing."""
        self._shelf.sweep()
        answers: dict[K, Answer[T]] = {}
        for each in asked:
            entry = self._shelf.fresh(self._place(each))
            if entry is None:
                return None
            answers[self._question.key(each)] = entry.answer
        return self._as_reply(answers)

    def entry(self, asked: Q) -> Entry | None:
        """What is kept of one answer, while it is as good as a new one."""
        return self._shelf.fresh(self._place(asked))

    async def reply(
        self,
        asked: Iterable[Q],
        fetch: Fetch[Q, K, T],
        until: float | None = None,
    ) -> Reply[K, T]:
        """The answer to each key: kept, from a fetch that runs already, or from one that starts now.

        By ``until``, on the event loop's clock, the asker is given what has come; the rest is unavailable.
        """
        self._shelf.sweep()
        wanted = {self._question.key(each): each for each in asked}
        places = {key: self._place(each) for key, each in wanted.items()}
        kept = {key: entry for key, where in places.items() if (entry := self._shelf.fresh(where)) is not None}
        missing = {places[key]: each for key, each in wanted.items() if key not in kept}
        flights = {where: flight for where in missing if (flight := self._shelf.on_its_way(where)) is not None}
        for batch in self._batches({where: each for where, each in missing.items() if where not in flights}):
            flights |= dict.fromkeys(batch, self._started(batch, fetch, until))
        if flights:
            # Waiting, and giving up, leaves the flights alone: others may wait for them too.
            on_their_way = set(flights.values())
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
        return self._shelf.start(self._fetched(batch, fetch, max(own, until or own)), bound_for)

    async def _fetched(self, batch: Mapping[Place, Q], fetch: Fetch[Q, K, T], until: float) -> dict[Place, Answer[T]]:
        began = self._shelf.seconds()
        keys = {where: self._question.key(each) for where, each in batch.items()}
        question = fetch(tuple(batch.values()), until)
        reply: Reply[K, T] = await ask(
            question, list(keys.values()), source=self._source, until=until, clock=self._clock
        )
        answers = {where: _dated(reply, key) for where, key in keys.items()}
        for where, answer in answers.items():
            self._keep(where, batch[where], answer, began)
        return answers

    def _keep(self, where: Place, asked: Q, answer: Answer[T], began: float) -> None:
        """Keep what a healthy source said.

        INVARIANT: "nothing there" is kept as long as something is. Were it asked anew each time, the times in an
        answer and its speed would tell a hidden plan from none.
        """
        lasting = self._settings.cache_seconds + self._settings.stale_seconds
        if answer.outcome not in HEALTHY or lasting <= 0:
            return
        named = () if answer.value is None else self._question.named(answer.value)
        everybody = self._question.is_a_list_of_everybody
        entry = Entry(
            answer=answer,
            fresh_until=began + self._settings.cache_seconds,
            usable_until=began + lasting,
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


# --- the ports --------------------------------------------------------------------------------------------------


class KeptRights:
    """``RightsSource`` over another."""

    def __init__(self, inner: RightsSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self.kept = self._rights = Kept(RIGHTS, inner.source.id, settings, shelf, clock)
        self._learners = Kept(LEARNERS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    def rights_at_hand(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]] | None:
        """The rights of persons where they are kept."""
        return None if _share_an_oid(people) else self._rights.at_hand(people)

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        if _share_an_oid(people):
            # Only the source, asked for all of them in one go, sees that two persons claim one OID.
            return await self.inner.rights(people)
        return await self._rights.reply(people, lambda missing, _: self.inner.rights(missing))

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """The OIDs of all persons the source knows, keyed by the source's provider."""
        return await self._learners.reply([self.source.provider_oid], lambda _, __: self.inner.learners())


class _Together(NamedTuple):
    """What every source told of a person, and until when it is as good as new."""

    told: RightsTold
    fresh_until: float
    size: int
    held: Holding


class KeptTogether:
    """``RightsTogether`` over sources whose answers are kept.

    INVARIANT: it tells nothing that the sources' own shelf would not tell just now: no answer of it is older than it
    may be, of another day, or of before something was forgotten.
    """

    def __init__(self, sources: Sequence[KeptRights], shelf: Shelf, clock: Clock, max_bytes: int) -> None:
        self.sources = tuple(each.source for each in sources)
        self._kept = tuple(each.kept for each in sources)
        self._shelf = shelf
        self._clock = clock
        self._together: cachetools.TLRUCache[Place, _Together] = cachetools.TLRUCache(
            max_bytes,
            ttu=lambda _, found, __: found.fresh_until,
            timer=shelf.seconds,
            getsizeof=lambda found: found.size,
        )
        shelf.tell_what_is_forgotten(self.sources, self._together.clear)

    def at_hand(self, people: Sequence[Person]) -> list[RightsTold] | None:
        """What all of them told of each person, where every answer is kept."""
        self._shelf.sweep()
        self._together.expire()
        if _share_an_oid(people):
            return None
        day = self._clock.today().isoformat()
        told = []
        for person in people:
            found = self._found(person, day)
            if found is None:
                return None
            told.append(found.told)
        return told

    def _found(self, person: Person, day: str) -> _Together | None:
        where = place("", 0, RIGHTS.name, day, RIGHTS.asked(person))
        found = self._together.get(where)
        if found is not None:
            return found
        entries = []
        for each in self._kept:
            entry = each.entry(person)
            if entry is None:
                return None
            entries.append(entry)
        fresh = self._put_together(entries)
        if fresh.size <= self._together.maxsize:
            self._together[where] = fresh
        return fresh

    def _put_together(self, entries: Sequence[Entry]) -> _Together:
        told = RightsTold(self.sources, tuple([each.answer for each in entries]))
        # Counted here once more: an answer lives on here when the shelf has let go of it.
        size = ENTRY_BYTES + sum(each.size if each.answer.value else 0 for each in entries) + 8 * len(entries)
        return _Together(told, min(each.fresh_until for each in entries), size, Holding([told]))


def _share_an_oid(people: Sequence[Person]) -> bool:
    if len(people) == 1:
        return False
    claims = Counter(oid for person in {person.oid: person for person in people}.values() for oid in person.all_oids)
    return any(count > 1 for count in claims.values())


class KeptPlans:
    """``PlanSource`` over another."""

    def __init__(self, inner: PlanSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._plans = Kept(PLANS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    def plans_at_hand(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Hoks, ...]] | None:
        """The plans of rights where they are kept."""
        return self._plans.at_hand(rights)

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right; more than one where the source wrongly holds several."""
        return await self._plans.reply(rights, lambda missing, end: self.inner.plans(missing, end), until)


class KeptHolders:
    """``HolderSource`` over another."""

    def __init__(self, inner: HolderSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._holders = Kept(HOLDERS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""
        return await self._holders.reply(rights, lambda missing, _: self.inner.holders(missing))


class KeptAppointments:
    """``AppointmentSource`` over another."""

    def __init__(self, inner: AppointmentSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._appointments = Kept(APPOINTMENTS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""
        return await self._appointments.reply(people, lambda missing, _: self.inner.appointments(missing))


class KeptAssignments:
    """``AssignmentSource`` over another."""

    def __init__(self, inner: AssignmentSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._assignments = Kept(ASSIGNMENTS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person, in whichever role."""
        return await self._assignments.reply(people, lambda missing, _: self.inner.assignments(missing))


# --- the registers, which keep their own answers: only fetches are shared ---------------------------------------


class SharedIdentities:
    """``Identities`` over another, whose fetches are shared."""

    def __init__(self, inner: Identities, source: str, settings: Reached, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._people = Kept(IDENTITIES, source, _nothing_kept(settings), shelf, clock)
        self.identify_at_hand: AtHand[LearnerOid, Person] = getattr(inner, "identify_at_hand", _nothing)
        """What the register itself keeps."""

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        """The person behind each OID, keyed by the OID that was asked."""
        return await self._people.reply(oids, lambda missing, _: self.inner.identify(missing))


class SharedOrganisations:
    """``Organisations`` over another, whose fetches are shared."""

    def __init__(self, inner: Organisations, source: str, settings: Reached, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._nodes = Kept(ORGANISATIONS, source, _nothing_kept(settings), shelf, clock)
        self.nodes_at_hand: AtHand[OrganisationOid, TreeNode] = getattr(inner, "nodes_at_hand", _nothing)
        """What the register itself keeps."""

    async def nodes(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode]:
        """The place of each organisation in the tree."""
        return await self._nodes.reply(oids, lambda missing, _: self.inner.nodes(missing))


AtHand = Callable[[Collection[K]], Reply[K, T] | None]
"""The answers to keys where nobody has to be asked; else nothing."""


def _nothing(_: Collection[K]) -> None:
    return None


def _nothing_kept(settings: Reached) -> Remembered:
    return Remembered(seconds=settings.seconds, cache_seconds=0)

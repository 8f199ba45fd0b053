"""The ``table`` connector: a provider's study rights, plans, appointments and assignments, out of files or views.

What was read as of one moment can assert absence: a key that it does not hold is absent as of then. No key makes it
raise.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connectors.capabilities import ABSENT, ABSENT_OR_DENIED, BY_LEARNER, Capabilities, Capability, Gives, Key
from connectors.failures import Reason, SourceFailure, SourceUnavailable, report
from connectors.limits import DEFAULT_CACHE_SECONDS
from connectors.table.cells import Row
from connectors.table.keeper import Keeper
from connectors.table.paths import Question
from connectors.table.plans import read_plans
from connectors.table.relations import every_assignment, read_appointments, read_assignments
from connectors.table.rights import are_of, holders_of, learners_of, rows_by_person, study_rights
from connectors.table.settings import TableSettings
from connectors.table.snapshot import KEYS_AT_ONCE, Snapshot, Told
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Answer, Outcome, Reading, Reply
from hoks.plan import Hoks
from hoks.ports import Clock, Source
from hoks.relations import Appointment, Assignment
from hoks.student import Person
from hoks.study_right import StudyRight

if TYPE_CHECKING:
    from connectors.table.views import LiveViews

log = logging.getLogger(__name__)

K = TypeVar("K", bound=str)
T = TypeVar("T")
Answers = Mapping[K, Answer[T]]
"""Answers for the keys of which something was read."""


Place = tuple[str, ...]
"""Under what an answer is kept beside the snapshot that it was read of: the question, and all that was asked by."""


_NOWHERE: Mapping[Any, Place] = {}
_READ_FOR = timedelta(seconds=DEFAULT_CACHE_SECONDS)
"""How old the reading may be that an answer names: as old as of a source over HTTP."""


def _stale(answer: Answer[T]) -> Answer[T]:
    if answer.reading is None:
        return answer
    return Answer(answer.outcome, answer.value, msgspec.structs.replace(answer.reading, stale=True))


def _places_of(people: Iterable[Person]) -> dict[LearnerOid, Place]:
    # INVARIANT: a person is asked by all of their OIDs; one alias more or less is another question.
    return {person.oid: (Question.RIGHTS, person.oid, *sorted(person.aliases)) for person in people}


class TableSource:
    """A provider's student system that exports rows: a source of whatever its settings say that it gives."""

    def __init__(self, settings: TableSettings, clock: Clock, password: str | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._rows: Keeper | LiveViews = Keeper(settings)
        if (database := settings.database) is not None:
            # The client of databases takes memory that whoever has files alone is spared.
            from connectors.table import views

            kind = views.LiveViews if database.reads == "live" else views.WholeViews
            self._rows = kind(settings, database, clock, password)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return Source(id=self._settings.id, provider_oid=self._settings.provider)

    @property
    def capabilities(self) -> Capabilities:
        """What the settings say that it gives; of what it does not give it cannot say that it is absent."""
        gives = set(self._settings.gives)
        database = self._settings.database
        is_live = database is not None and database.reads == "live"

        def told(what: Gives, *keys: Key, absent: frozenset[Outcome]) -> Capability:
            return Capability(
                gives=what,
                keys=keys,
                at_once=KEYS_AT_ONCE if is_live and absent else None,
                freshness="live" if is_live else "snapshot",
                absent=absent,
            )

        return Capabilities(
            (
                *([told("rights", *BY_LEARNER, absent=ABSENT)] if "rights" in gives else ()),
                *([told("learners", "provider", absent=frozenset())] if "rights" in gives else ()),
                *([told("plans", "right", absent=ABSENT)] if "plans" in gives else ()),
                *(
                    [told("holders", "right", absent=ABSENT if "rights" in gives else ABSENT_OR_DENIED)]
                    if {"rights", "plans"} & gives
                    else ()
                ),
                *([told("appointments", "person", absent=ABSENT)] if "appointments" in gives else ()),
                *([told("assignments", "person", absent=ABSENT)] if "assignments" in gives else ()),
                *([told("guides", "provider", absent=frozenset())] if "assignments" in gives else ()),
            )
        )

    @property
    def has_views(self) -> bool:
        """Whether it reads a database rather than files."""
        return self._settings.database is not None

    async def load(self) -> None:
        """Look at what there is, at start; ``FilesDoNotFit`` and ``ViewsDoNotFit`` say what in the settings is wrong.

        Any other ``DropRefused`` may be over by the next drop: requests then say that the source is unavailable.
        """
        await self._rows.load()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._rows.aclose()

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""

        def read(snapshot: Snapshot) -> Answers[LearnerOid, tuple[StudyRight, ...]]:
            by_oid = rows_by_person(snapshot, [oid for person in people for oid in person.all_oids])
            rows = {
                person: [row for oid in sorted(person.all_oids) for row in by_oid.get(oid, ())] for person in people
            }
            return {person.oid: self._rights_of(person, rows[person]) for person in people if rows[person]}

        return await self._reply(
            Question.RIGHTS,
            [person.oid for person in people],
            read,
            given="rights" in self._settings.gives,
            asked=[oid for person in people for oid in person.all_oids],
            places=_places_of(people),
        )

    def rights_at_hand(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]] | None:
        """The same where it was read of the snapshot that is in use; else nothing."""
        return self._at_hand(_places_of(people))

    def _rights_of(self, person: Person, rows: Sequence[Row]) -> Answer[tuple[StudyRight, ...]]:
        if not are_of(person, rows):
            return Answer(Outcome.INVALID)
        return Answer(Outcome.OK, study_rights(rows, self._settings))

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""

        def read(snapshot: Snapshot) -> Answers[StudyRightOid, LearnerOid]:
            found = holders_of(snapshot, rights)
            return {right: Answer(Outcome.OK, found[right]) for right in rights if right in found}

        return await self._reply(Question.HOLDERS, rights, read, given="rights" in self._settings.gives)

    async def plans(
        self,
        rights: Collection[StudyRightOid],
        until: float | None = None,
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right; more than one where the drop holds several."""

        def read(snapshot: Snapshot) -> Answers[StudyRightOid, tuple[Hoks, ...]]:
            found = read_plans(snapshot, rights, self._settings)
            return {right: Answer(Outcome.OK, found[right]) for right in rights if right in found}

        return await self._reply(
            *(Question.PLANS, rights, read),
            given="plans" in self._settings.gives,
            until=until,
            places={right: (Question.PLANS, right) for right in rights},
        )

    def plans_at_hand(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Hoks, ...]] | None:
        """The same where it was read of the snapshot that is in use; else nothing."""
        return self._at_hand({right: (Question.PLANS, right) for right in rights})

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """Every learner number there is, keyed by the source's provider."""

        def read(snapshot: Snapshot) -> Answers[OrganisationOid, tuple[LearnerOid, ...]]:
            return {self._settings.provider: Answer(Outcome.OK, learners_of(snapshot))}

        return await self._reply(Question.LEARNERS, [self._settings.provider], read, given=True)

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""

        def read(snapshot: Snapshot) -> Answers[PersonOid, tuple[Appointment, ...]]:
            found = read_appointments(snapshot, people, self._settings)
            return {person: Answer(Outcome.OK, found[person]) for person in people if person in found}

        return await self._reply(Question.APPOINTMENTS, people, read, given="appointments" in self._settings.gives)

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person, in whichever role."""

        def read(snapshot: Snapshot) -> Answers[PersonOid, tuple[Assignment, ...]]:
            found = read_assignments(snapshot, people, self._settings)
            return {person: Answer(Outcome.OK, found[person]) for person in people if person in found}

        return await self._reply(Question.ASSIGNMENTS, people, read, given="assignments" in self._settings.gives)

    async def guided(self) -> Reply[OrganisationOid, tuple[Assignment, ...]]:
        """Everybody whom anybody guides, keyed by the source's provider."""

        def read(snapshot: Snapshot) -> Answers[OrganisationOid, tuple[Assignment, ...]]:
            return {self._settings.provider: Answer(Outcome.OK, every_assignment(snapshot, self._settings))}

        return await self._reply(Question.GUIDED, [self._settings.provider], read, given=True)

    async def _reply(
        self,
        question: Question,
        keys: Collection[K],
        read: Callable[[Snapshot], Answers[K, T]],
        *,
        given: bool,
        asked: Collection[str] | None = None,
        until: float | None = None,
        places: Mapping[K, Place] = _NOWHERE,
    ) -> Reply[K, T]:
        """Answers for the keys; the rows are asked for by ``asked`` where keys are not what rows are found by.

        They are kept beside the snapshot at ``places``, by key.
        """
        try:
            snapshot = await self._rows.current(question, keys if asked is None else asked, until)
            answers = self._told(snapshot, places)
            if answers is None:
                found = await self._found(snapshot, read)
                # What a source does not give at all, it cannot say is absent.
                absent: Answer[T] = Answer(Outcome.ABSENT if given else Outcome.ABSENT_OR_DENIED)
                answers = {key: found.get(key, absent) for key in keys}
                if places and self._rows.keeps:
                    answers = self._kept(snapshot, answers, places)
        except SourceFailure as failure:
            report(self._settings.id, [failure])
            now = self._clock.now()
            nothing: Answer[T] = Answer(failure.outcome)
            return Reply(source=self._settings.id, fetched_at=now, as_of=now, answers=dict.fromkeys(keys, nothing))
        return self._as_reply(snapshot, answers)

    def _at_hand(self, places: Mapping[K, Place]) -> Reply[K, Any] | None:
        """The answers that were read of the snapshot in use, where nothing newer is to be looked for."""
        snapshot = self._rows.at_hand
        answers = self._told(snapshot, places) if snapshot is not None else None
        return self._as_reply(snapshot, answers) if snapshot is not None and answers is not None else None

    def _told(self, snapshot: Snapshot, places: Mapping[K, Place]) -> dict[K, Answer[Any]] | None:
        """The answers that are kept beside a snapshot, where all of them are.

        INVARIANT: kept as long as the snapshot and no longer; that something is absent as long as what is there, and
        with times of the same kind.
        """
        if not places:
            return None
        told: dict[K, Answer[Any]] = {}
        for key, place in places.items():
            kept = snapshot.told.get(place)
            if kept is None or kept.answer.reading is None:
                return None
            answer = kept.answer
            told[key] = answer
            if self._clock.now() - kept.answer.reading.fetched_at > _READ_FOR:
                # The snapshot is in use still: what is read of it now is this.
                told |= self._kept(snapshot, {key: answer}, places)
        return told

    def _kept(
        self, snapshot: Snapshot, answers: Mapping[K, Answer[T]], places: Mapping[K, Place]
    ) -> dict[K, Answer[T]]:
        """The answers as read now, kept at their places."""
        reading = Reading(self._clock.now(), snapshot.as_of)
        read = {key: Answer(answer.outcome, answer.value, reading) for key, answer in answers.items()}
        for key, answer in read.items():
            with suppress(ValueError):  # one that is larger than all that is kept
                snapshot.told[places[key]] = Told.of(answer)
        return read

    def _as_reply(self, snapshot: Snapshot, answers: Answers[K, T]) -> Reply[K, T]:
        now = self._clock.now()
        is_stale = self._rows.behind or now - snapshot.as_of > timedelta(hours=self._settings.stale_after_hours)
        readings = [answer.reading for answer in answers.values() if answer.reading is not None]
        if is_stale and readings:
            answers = {key: _stale(answer) for key, answer in answers.items()}
        return Reply(
            source=self._settings.id,
            fetched_at=min((each.fetched_at for each in readings), default=now),
            as_of=snapshot.as_of,
            answers=answers,
            stale=is_stale,
        )

    async def _found(self, snapshot: Snapshot, read: Callable[[Snapshot], Answers[K, T]]) -> Answers[K, T]:
        try:
            return await asyncio.to_thread(read, snapshot)
        except Exception as fault:
            # The outside of the connector. Only the kind of fault is told: its text could hold a student's data.
            log.error("source %s: rows not read (%s)", self._settings.id, type(fault).__name__)
            raise SourceUnavailable(Reason.UNEXPECTED) from None

"""The ``json`` connector: a provider's rights, plans, appointments and assignments over an interface of its own.

Each question is one or several declared calls; an answer counts for the keys that it names, whole or not at all.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from connectors.capabilities import ABSENT, BY_LEARNER, Capabilities, Capability, Key
from connectors.client import HttpPort
from connectors.failures import Reason, SourceFailure, SourceInvalid, SourceUnavailable, report, unexpected
from connectors.rest.calls import Entity
from connectors.rest.mapping import AnswerMap, Gathered, rows_of_subjects
from connectors.rest.pages import Pages
from connectors.rest.requests import at_once, batches
from connectors.rest.settings import JsonSettings
from connectors.table.plans import read_plans
from connectors.table.relations import read_appointments, read_assignments
from connectors.table.rights import are_of, rows_by_person, study_rights
from connectors.table.snapshot import Snapshot, snapshot_of
from hoks.identifiers import (
    Check,
    LearnerOid,
    OrganisationOid,
    PersonOid,
    StudyRightOid,
    check_learner_oid,
    check_study_right_oid,
)
from hoks.outcomes import FAILED, Answer, Outcome, Reply, worst
from hoks.plan import Hoks
from hoks.ports import Clock, Source
from hoks.relations import Appointment, Assignment
from hoks.student import Person
from hoks.study_right import StudyRight

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MARGIN_SECONDS = 0.1
"""How long before its time is up the source reads what it has."""

_ASKED_BY: tuple[tuple[Entity, tuple[Key, ...], frozenset[Outcome]], ...] = (
    ("rights", BY_LEARNER, frozenset()),
    ("learners", ("provider",), frozenset()),
    ("plans", ("right",), ABSENT),
    ("holders", ("right",), ABSENT),
    ("appointments", ("person",), ABSENT),
    ("assignments", ("person",), ABSENT),
    ("guides", ("provider",), frozenset()),
)
"""By which keys each question is asked, and what an answer that names the key can say besides."""
_ABSENT = {"absent": Outcome.ABSENT, "absent_or_denied": Outcome.ABSENT_OR_DENIED}


class JsonSource:
    """A provider's student system behind a JSON interface: a source of whatever its settings say that it gives."""

    def __init__(self, settings: JsonSettings, http: HttpPort, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._absent = _ABSENT[settings.absent]
        entities: tuple[Entity, ...] = (
            "rights",
            "learners",
            "plans",
            "holders",
            "appointments",
            "assignments",
            "guides",
        )
        self._questions = {entity: _Question(entity, settings, http) for entity in entities}

    @property
    def source(self) -> Source:
        """Which source this is."""
        return Source(id=self._settings.id, provider_oid=self._settings.provider)

    @property
    def capabilities(self) -> Capabilities:
        """What the settings say: an answer that names a key and has nothing for it says that there is nothing."""
        return Capabilities(
            tuple(
                Capability(
                    gives=entity,
                    keys=keys,
                    at_once=at_once(self._settings.calls(entity)),
                    absent=frozenset() if entity in ("learners", "guides") else absent | {self._absent},
                )
                for entity, keys, absent in _ASKED_BY
                if self._settings.is_asked(entity)
            )
        )

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        owners = _owners(people)
        kin = {oid: owner.all_oids if owner else frozenset() for oid, owner in owners.items()}
        asked = [oid for oid, owner in owners.items() if owner is not None]

        def read(snapshot: Snapshot, heard: "_Heard") -> dict[LearnerOid, Answer[tuple[StudyRight, ...]]]:
            rows = rows_by_person(snapshot, asked)
            return {person.oid: self._rights_of(person, owners, heard, rows) for person in people}

        keys = [person.oid for person in people]
        return await self._reply("rights", keys, asked, read, kin=kin)

    def _rights_of(
        self, person: Person, owners: Mapping[LearnerOid, Person | None], heard: "_Heard", rows: Mapping[str, Any]
    ) -> Answer[tuple[StudyRight, ...]]:
        oids = [oid for oid in sorted(person.all_oids) if oid in owners]
        of_person = [row for oid in oids for row in rows.get(oid, ())]
        if not oids or any(owners[oid] is None for oid in oids) or not are_of(person, of_person):
            return Answer(Outcome.INVALID)
        found = study_rights(of_person, self._settings)
        if outcomes := [outcome for oid in oids for outcome in heard.failed.get(oid, ())]:
            # A failure stays visible beside the rights that could be read.
            return Answer(worst(outcomes), found or None)
        if heard.gathered.answered.isdisjoint(oids):
            return Answer(self._absent)
        return Answer(Outcome.OK, found)

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """Everybody whom the provider lists, keyed by the source's provider; a list cut short is a failure."""
        fetched_at = self._clock.now()
        try:
            listed = await self._questions["learners"].listing()
            oids = {LearnerOid(oid) for oid in listed if check_learner_oid(LearnerOid(oid)) is not Check.MALFORMED}
            answer = Answer(Outcome.OK, tuple(sorted(oids)))
        except SourceFailure as failure:
            report(self._settings.id, [failure])
            answer = Answer(failure.outcome)
        except Exception as error:
            answer = Answer(unexpected(self._settings.id, error).outcome)
        answers = {self._settings.provider: answer}
        return Reply(source=self._settings.id, fetched_at=fetched_at, as_of=fetched_at, answers=answers)

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right; more than one where the provider holds several."""

        def read(snapshot: Snapshot, heard: "_Heard") -> dict[StudyRightOid, Answer[tuple[Hoks, ...]]]:
            found = read_plans(snapshot, rights, self._settings)
            return {right: self._answer(right, heard, found.get(right)) for right in rights}

        return await self._reply("plans", rights, _well_formed_rights(rights), read, until=until)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""

        def read(_: Snapshot, heard: "_Heard") -> dict[StudyRightOid, Answer[LearnerOid]]:
            learners = heard.gathered.learners
            found = {right: LearnerOid(next(iter(each))) for right, each in learners.items() if len(each) == 1}
            return {right: self._answer(right, heard, found.get(right)) for right in rights}

        return await self._reply("holders", rights, _well_formed_rights(rights), read)

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""

        def read(snapshot: Snapshot, heard: "_Heard") -> dict[PersonOid, Answer[tuple[Appointment, ...]]]:
            found = read_appointments(snapshot, people, self._settings)
            return {person: self._answer(person, heard, found.get(person)) for person in people}

        return await self._reply("appointments", people, _well_formed_people(people), read)

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person, in whichever role."""

        def read(snapshot: Snapshot, heard: "_Heard") -> dict[PersonOid, Answer[tuple[Assignment, ...]]]:
            found = read_assignments(snapshot, people, self._settings)
            return {person: self._answer(person, heard, found.get(person)) for person in people}

        return await self._reply("assignments", people, _well_formed_people(people), read)

    async def guided(self) -> Reply[OrganisationOid, tuple[Assignment, ...]]:
        """Everybody whom anybody guides, keyed by the source's provider: who guides, and then whom; all of it or none.

        Raises nothing: a list cut short, or one of those listed of whom nothing is told, is a failure.
        """
        fetched_at = self._clock.now()
        try:
            listed = await self._questions["guides"].listing()
            reply = await self.assignments([PersonOid(oid) for oid in sorted(listed)])
            failed = [each.outcome for each in reply.answers.values() if each.outcome in FAILED]
            told = tuple(one for each in reply.answers.values() for one in each.value or ())
            answer = Answer[tuple[Assignment, ...]](worst(failed)) if failed else Answer(Outcome.OK, told)
        except SourceFailure as failure:
            report(self._settings.id, [failure])
            answer = Answer(failure.outcome)
        except Exception as error:
            answer = Answer(unexpected(self._settings.id, error).outcome)
        answers = {self._settings.provider: answer}
        return Reply(source=self._settings.id, fetched_at=fetched_at, as_of=fetched_at, answers=answers)

    def _answer(self, key: str, heard: "_Heard", value: T | None) -> Answer[T]:
        """What a key came to: a part of an answer is never shown as the whole of it."""
        if key not in heard.asked:
            return Answer(Outcome.INVALID)
        if outcomes := heard.failed.get(key):
            return Answer(worst(outcomes))
        if value is not None:
            return Answer(Outcome.OK, value)
        return Answer(Outcome.ABSENT if key in heard.gathered.answered else self._absent)

    async def _reply(
        self,
        entity: Entity,
        keys: Collection[K],
        asked: Sequence[str],
        read: Callable[[Snapshot, "_Heard"], dict[K, Answer[T]]],
        *,
        kin: Mapping[LearnerOid, Collection[str]] | None = None,
        until: float | None = None,
    ) -> Reply[K, T]:
        fetched_at = self._clock.now()
        answers: Mapping[K, Answer[T]]
        try:
            heard = await self._questions[entity].ask(asked, kin or {}, until)
            report(self._settings.id, heard.faults)
            answers = await asyncio.to_thread(self._read, entity, heard, read, fetched_at)
        except Exception as error:
            answers = dict.fromkeys(keys, Answer(unexpected(self._settings.id, error).outcome))
        return Reply(source=self._settings.id, fetched_at=fetched_at, as_of=fetched_at, answers=answers)

    def _read(
        self,
        entity: Entity,
        heard: "_Heard",
        read: Callable[[Snapshot, "_Heard"], dict[K, Answer[T]]],
        as_of: datetime,
    ) -> dict[K, Answer[T]]:
        gathered = heard.gathered
        for column, times in sorted(gathered.unread.items()):
            log.warning("source %s: %s: %d values are no text", self._settings.id, column, times)
        tables = rows_of_subjects(gathered, rights=entity in ("plans", "holders"))
        for table, rows in gathered.tables.items():
            tables.setdefault(table, []).extend(rows)
        return read(snapshot_of(self._settings, tables, as_of), heard)


# --- asking ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Heard:
    """All that the calls of one question came to."""

    asked: frozenset[str]
    gathered: Gathered = field(default_factory=Gathered)
    failed: defaultdict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    """What went wrong with the calls about each key."""
    faults: list[SourceFailure] = field(default_factory=list)

    def fail(self, keys: Iterable[str], failure: SourceFailure) -> None:
        """A call about these keys came to nothing."""
        self.faults.append(failure)
        for key in keys:
            self.failed[key].append(failure.outcome)


class _Question:
    """One question to the provider: its calls, and how their answers are read."""

    def __init__(self, entity: Entity, settings: JsonSettings, http: HttpPort) -> None:
        self._calls = settings.calls(entity)
        self._map = AnswerMap(entity, settings)
        self._pages = [
            Pages(http, settings.base_url, call, partial(self._map.count, place))
            for place, call in enumerate(self._calls)
        ]
        self._source = settings.id

    async def listing(self) -> set[str]:
        """The keys of everybody in the listings. Raises ``SourceFailure``."""
        keys: set[str] = set()
        for place, pages in enumerate(self._pages):
            documents = await pages.all(())
            keys |= await asyncio.to_thread(self._map.keys, place, documents)
        return keys

    async def ask(self, keys: Sequence[str], kin: Mapping[LearnerOid, Collection[str]], until: float | None) -> _Heard:
        """Every call about every key, side by side; ``kin`` are the other OIDs that a row about a key may name."""
        heard = _Heard(frozenset(keys))
        tasks = [(place, batch) for place, call in enumerate(self._calls) for batch in batches(call, keys)]
        answers = await asyncio.gather(*(self._answer(place, batch, kin, until) for place, batch in tasks))
        for (_, batch), answer in zip(tasks, answers, strict=True):
            if isinstance(answer, SourceFailure):
                heard.fail(batch, answer)
            else:
                heard.gathered.add(answer)
        for right, learners in heard.gathered.learners.items():
            if len(learners) > 1 or any(check_learner_oid(each) is Check.MALFORMED for each in learners):
                # INVARIANT: a right that two learners are named for, or one that nobody can be, is shown of nobody.
                heard.fail([right], SourceInvalid(Reason.FOREIGN_PERSON))
        return heard

    async def _answer(
        self, place: int, batch: Sequence[str], kin: Mapping[LearnerOid, Collection[str]], until: float | None
    ) -> Gathered | SourceFailure:
        """The whole answer to one call, or why there is none: nothing of a refused answer is kept."""
        named = {*batch, *(oid for key in batch for oid in kin.get(LearnerOid(key), ()))}
        lists_all = not {"key", "keys"} & set(self._calls[place].placeholders)
        try:
            async with asyncio.timeout_at(None if until is None else until - MARGIN_SECONDS):
                documents = await self._pages[place].all(batch)
                return await asyncio.to_thread(self._map.read, place, documents, named, strays=lists_all)
        except TimeoutError:
            return SourceUnavailable(Reason.TIMEOUT)
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(self._source, error)


# --- whom to ask about ----------------------------------------------------------------------------------------


def _owners(people: Iterable[Person]) -> dict[LearnerOid, Person | None]:
    """The person of each OID that can be asked; nobody where two claim it."""
    owners: dict[LearnerOid, Person | None] = {}
    for person in people:
        for oid in sorted(person.all_oids):
            # One malformed OID would spoil the whole batch.
            if check_learner_oid(oid) is not Check.MALFORMED:
                known = owners.get(oid, person)
                owners[oid] = person if known is not None and known.oid == person.oid else None
    return owners


def _well_formed_rights(rights: Iterable[StudyRightOid]) -> list[str]:
    return [each for each in dict.fromkeys(rights) if check_study_right_oid(each) is not Check.MALFORMED]


def _well_formed_people(people: Iterable[PersonOid]) -> list[str]:
    return [each for each in dict.fromkeys(people) if check_learner_oid(LearnerOid(each)) is not Check.MALFORMED]

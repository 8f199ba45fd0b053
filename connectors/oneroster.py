"""Study rights and groups from a roster interface (1EdTech OneRoster 1.2 REST): people by number, enrolments as rights.

Few persons are asked for by ``filter=`` where the settings allow it; more are found in the whole roster, which is read
once for all who ask at the same time and kept for seconds.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime

from connectors.capabilities import ABSENT, BY_LEARNER, Capabilities, Capability
from connectors.client import HttpPort
from connectors.failures import Reason, SourceFailure, SourceInvalid, report, unexpected
from connectors.oneroster_groups import Groups, GuidedOn
from connectors.oneroster_join import Roster
from connectors.oneroster_reading import Rosters, askable
from connectors.oneroster_right import RightReading, right_of
from connectors.oneroster_settings import OneRosterSettings
from hoks.identifiers import Check, LearnerOid, OrganisationOid, PersonOid, StudyRightOid, check_learner_oid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock, Source
from hoks.relations import Assignment
from hoks.student import Person
from hoks.study_right import StudyRight

SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"

_CAPABLE: Mapping[str, tuple[Capability, ...]] = {
    "rights": (
        Capability(gives="rights", keys=BY_LEARNER, at_once=None, absent=ABSENT),
        Capability(gives="learners", keys=("provider",), at_once=None),
        Capability(gives="holders", keys=("right",), at_once=None, absent=ABSENT),
    ),
    "assignments": (
        Capability(gives="assignments", keys=("person",), at_once=None, absent=ABSENT),
        Capability(gives="guides", keys=("provider",), at_once=None),
    ),
}


class OneRosterSource:
    """Study rights that one provider's roster holds."""

    def __init__(
        self, settings: OneRosterSettings, http: HttpPort, clock: Clock, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """``http`` puts the account's token on each call."""
        self._settings = settings
        self._source = Source(id=settings.id, provider_oid=settings.provider)
        self._rosters = Rosters(settings, http, clock, seconds)
        self._clock = clock
        self._reading = RightReading(
            provider=settings.provider,
            places=settings.right,
            codes=settings.codes,
            after_end=settings.after_end,
            language=settings.language,
        )

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self._source

    @property
    def capabilities(self) -> Capabilities:
        """What a roster can tell: it is read whole, so who is not in it is not there."""
        return Capabilities(
            tuple(each for given, told in _CAPABLE.items() if given in self._settings.gives for each in told)
        )

    def forget(self) -> None:
        """Read the roster anew for whoever asks next: something in it has changed."""
        self._rosters.forget()

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        read_at = self._clock.now()
        faults: list[SourceFailure] = []
        if not any(map(askable, people)):
            answers = {person.oid: Answer[tuple[StudyRight, ...]](Outcome.INVALID) for person in people}
        elif len(people) <= self._settings.filter_at_most:
            found = await asyncio.gather(*(self._filtered(person) for person in people))
            answers = {
                person.oid: self._answer(person, each, faults) for person, each in zip(people, found, strict=True)
            }
            for oid in _sharing(answers):
                answers[oid] = Answer(Outcome.INVALID)
                faults.append(SourceInvalid(Reason.FOREIGN_PERSON))
        else:
            roster = await self._roster()
            read_at = roster.read_at if isinstance(roster, Roster) else read_at
            answers = {person.oid: self._answer(person, roster, faults) for person in people}
        report(self._source.id, set(faults))
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """The learner numbers of everybody in the roster, keyed by the provider; a list cut short is a failure."""
        roster = await self._roster()
        if isinstance(roster, Roster):
            answer, read_at = Answer(Outcome.OK, tuple(sorted(roster.users_of))), roster.read_at
            if roster.unreadable_users:
                report(self._source.id, [SourceInvalid(Reason.UNREADABLE)])
                answer = Answer(Outcome.INVALID)
        else:
            report(self._source.id, [roster])
            answer, read_at = Answer(roster.outcome), self._clock.now()
        answers = {self._source.provider_oid: answer}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""
        read_at = self._clock.now()
        roster = await self._roster() if rights else SourceInvalid(Reason.MISMATCH)
        if isinstance(roster, Roster):
            read_at = roster.read_at
            answers = {right: roster.holder(right) for right in rights}
        else:
            report(self._source.id, [roster] if rights else [])
            answers = {right: Answer[LearnerOid](roster.outcome) for right in rights}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person, in whichever role."""
        told, read_at = await self._guided_today()
        answers = {person: _assigned(person, told) for person in people}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def guided(self) -> Reply[OrganisationOid, tuple[Assignment, ...]]:
        """Everybody whom anybody guides, keyed by the source's provider."""
        told, read_at = await self._guided_today()
        answer = Answer(Outcome.OK, told.everybody) if isinstance(told, GuidedOn) else Answer(told.outcome)
        answers = {self._source.provider_oid: answer}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def _guided_today(self) -> tuple[GuidedOn | SourceFailure, datetime]:
        """Who guides whom today, and when that was read; a failure is reported."""
        roster = await self._roster()
        if isinstance(roster, SourceFailure):
            failure, read_at = roster, self._clock.now()
        else:
            groups, read_at = roster.groups, roster.read_at
            try:
                if isinstance(groups, Groups):
                    return groups.on(self._clock.today()), read_at
                failure = groups or SourceInvalid(Reason.MISMATCH)
            except SourceFailure as too_many:
                failure = too_many
        report(self._source.id, [failure])
        return failure, read_at

    def _answer(
        self, person: Person, roster: Roster | SourceFailure, faults: list[SourceFailure]
    ) -> Answer[tuple[StudyRight, ...]]:
        if isinstance(roster, SourceFailure):
            faults.append(roster)
            return Answer(roster.outcome)
        try:
            return self._read(person, roster, faults)
        except SourceFailure as failure:
            faults.append(failure)
            return Answer(failure.outcome)
        except Exception as error:
            return Answer(unexpected(self._source.id, error).outcome)

    def _read(self, person: Person, roster: Roster, faults: list[SourceFailure]) -> Answer[tuple[StudyRight, ...]]:
        rows = roster.rows_of(person)
        today = self._clock.today()
        rights = tuple(
            right_of(oid, roster.student(oid, person), rows[oid], roster.schools, self._reading, today)
            for oid in sorted(rows)
        )
        if roster.is_doubtful_for(person):
            # A failure stays visible beside the rights that could be read.
            faults.append(SourceInvalid(Reason.UNREADABLE))
            return Answer(Outcome.INVALID, rights or None)
        if not roster.knows(person):
            return Answer(Outcome.ABSENT)
        return Answer(Outcome.OK, rights)

    async def _roster(self) -> Roster | SourceFailure:
        return await self._contained(self._rosters.whole())

    async def _filtered(self, person: Person) -> Roster | SourceFailure:
        """What the roster holds of one person."""
        return await self._contained(self._rosters.of_person(person))

    async def _contained(self, reading: Awaitable[Roster]) -> Roster | SourceFailure:
        try:
            return await reading
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(self._source.id, error)


def _assigned(person: PersonOid, told: GuidedOn | SourceFailure) -> Answer[tuple[Assignment, ...]]:
    if isinstance(told, SourceFailure):
        return Answer(told.outcome)
    if check_learner_oid(person) is Check.MALFORMED:
        return Answer(Outcome.INVALID)
    found = told.by_person.get(person)
    return Answer(Outcome.OK, found) if found else Answer(Outcome.ABSENT)


def _sharing(answers: Mapping[LearnerOid, Answer[tuple[StudyRight, ...]]]) -> list[LearnerOid]:
    """The persons who are given a right that another is given too: single questions cannot tell whose it is."""
    holders = Counter(right.oid for answer in answers.values() for right in answer.value or ())
    return [person for person, answer in answers.items() if any(holders[right.oid] > 1 for right in answer.value or ())]

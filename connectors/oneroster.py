"""Study rights and groups from a roster interface (1EdTech OneRoster 1.2 REST): people by number, enrolments as rights.

Few persons are asked for by ``filter=`` where the settings allow it; more are found in the whole roster, which is read
once for all who ask at the same time and kept for seconds.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.capabilities import ABSENT, BY_LEARNER, Capabilities, Capability
from connectors.client import HttpPort, Outgoing
from connectors.failures import LOG, Reason, SourceFailure, SourceInvalid, SourceUnavailable, report, unexpected
from connectors.limits import Remembered
from connectors.oauth import ClientCredentials
from connectors.oneroster_groups import GroupPlaces, Groups, GuidedOn
from connectors.oneroster_join import Roster
from connectors.oneroster_pages import Marks, Page, links_to_next, marks_of, read_whole, total_in
from connectors.oneroster_right import AfterEnd, RightPlaces, RightReading, RosterCodes, right_of
from connectors.oneroster_wire import Place, key_of, organisations_in, persons_in, rows_in
from hoks.codes import STATE_OF_CODE
from hoks.identifiers import Check, LearnerOid, OrganisationOid, PersonOid, StudyRightOid, check_learner_oid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock, Source
from hoks.relations import Assignment
from hoks.student import Person
from hoks.study_right import StudyRight

SERVICE = "/ims/oneroster/rostering/v1p2"
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
MOST_ROWS_OF_A_PERSON = 1_000
"""User records, and enrolments of one user, that can honestly come for one person."""

LONGEST_KEPT = 60
"""Seconds; a right that ends must not live on for longer."""

T = TypeVar("T")

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


class OneRosterSettings(Remembered, frozen=True, kw_only=True, tag_field="kind", tag="oneroster"):
    """A provider's roster interface: OneRoster 1.2, with the account that may read it."""

    id: str
    provider: OrganisationOid
    base_url: str
    """Where the server is; ``/ims/oneroster/rostering/v1p2`` follows it."""
    account: ClientCredentials
    """Our account. Without ``scopes`` it asks for the rostering data that may be read (``roster-core.readonly``)."""
    gives: tuple[Literal["rights", "assignments"], ...] = ("rights",)
    page_size: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 100
    """Rows asked for at a time; a server may give fewer."""
    max_rows: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100_000
    """The most rows that a collection can honestly have; one that counts more is refused."""
    filter_at_most: Annotated[int, msgspec.Meta(ge=0, le=200)] = 0
    """So many persons at most are asked for one by one, with ``filter=``; for more the whole roster is read. 0 where
    the server cannot filter by ``userIds.identifier`` and ``user.sourcedId``. A right that is wrongly two people's is
    noticed for certain only in the whole."""
    kept_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 30
    """How long the whole roster is kept."""
    learner_id_type: str = "oppijanumero"
    """The ``type`` of the entry in ``userIds`` that is the learner number."""
    organisation_oid: Place = "identifier"
    """Where in a row of ``orgs`` the organisation's OID stands."""
    right: RightPlaces = RightPlaces()
    codes: RosterCodes = RosterCodes()
    after_end: AfterEnd | None = None
    """What a right is after its last window, where no row says it. Without it the state is not known, and then it
    opens nothing. With it the provider keeps the plan for five years."""
    language: Literal["fi", "sv", "en"] = "fi"
    """In which language the names of qualifications are written."""
    groups: GroupPlaces | None = None
    """Which classes are groups and who guides their students; of a source that gives ``assignments``."""

    def __post_init__(self) -> None:
        if self.kept_seconds + self.cache_seconds > LONGEST_KEPT:
            raise ValueError(
                f"source `{self.id}`: kept_seconds and cache_seconds: together at most {LONGEST_KEPT}, for an answer is"
                " taken from a roster that may be that old already"
            )
        if not self.gives:
            raise ValueError(f"source `{self.id}`: gives: expected at least one of rights, assignments")
        if ("assignments" in self.gives) != (self.groups is not None):
            raise ValueError(
                f"source `{self.id}`: gives: `assignments` and the section `groups` with its `roles` go together, for a"
                " roster does not say itself who guides whom"
            )
        unknown = sorted(set(self.codes.state.values()) - STATE_OF_CODE.keys())
        if unknown:
            raise ValueError(f"source `{self.id}`: codes.state: expected a state of Koski, got `{unknown[0]}`")


class OneRosterSource:
    """Study rights that one provider's roster holds."""

    def __init__(
        self, settings: OneRosterSettings, http: HttpPort, clock: Clock, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """``http`` puts the account's token on each call."""
        self._settings = settings
        self._source = Source(id=settings.id, provider_oid=settings.provider)
        self._base = settings.base_url.rstrip("/") + SERVICE
        self._http = http
        self._clock = clock
        self._reading = RightReading(
            provider=settings.provider,
            places=settings.right,
            codes=settings.codes,
            after_end=settings.after_end,
            language=settings.language,
        )
        self._marks: dict[str, Marks] = {}
        """What each whole collection held when it was last read."""
        longest = max(settings.kept_seconds, settings.seconds)
        self._whole = _Kept(self._read_roster, settings.kept_seconds, seconds, longest)
        self._schools = _Kept(self._read_schools, settings.kept_seconds, seconds, longest)

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
        self._whole.forget()
        self._schools.forget()

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        read_at = self._clock.now()
        faults: list[SourceFailure] = []
        if not any(map(_well_formed, people)):
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

    # --- asking -----------------------------------------------------------------------------------------------

    async def _roster(self) -> Roster | SourceFailure:
        return await self._contained(self._whole.current())

    async def _filtered(self, person: Person) -> Roster | SourceFailure:
        """What the roster holds of one person."""
        return await self._contained(self._read_person(person))

    async def _contained(self, reading: Awaitable[Roster]) -> Roster | SourceFailure:
        try:
            return await reading
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(self._source.id, error)

    async def _read_roster(self) -> Roster:
        read_at = self._clock.now()
        schools, users, enrolments, classes = await asyncio.gather(
            self._schools.current(),
            self._collection("users", self._settings.max_rows),
            self._collection("enrollments", self._settings.max_rows),
            self._classes(),
        )
        roster = await asyncio.to_thread(self._joined, read_at, schools, users, enrolments, classes)
        if roster.strays:
            # Who came between the two readings is enrolled and not yet among the users.
            users = await self._collection("users", self._settings.max_rows)
            roster = await asyncio.to_thread(self._joined, read_at, schools, users, enrolments, classes)
        if roster.without_oid and "rights" in self._settings.gives:
            LOG.warning("source %s: %d enrolments without a study right OID", self._source.id, roster.without_oid)
        if isinstance(roster.groups, Groups) and roster.groups.left_out:
            LOG.warning("source %s: %d rows of groups left out", self._source.id, roster.groups.left_out)
        return roster

    async def _classes(self) -> Collection[bytes] | SourceFailure:
        """The rows of classes, where they are asked for; where they fail, rights are read all the same."""
        if self._settings.groups is None:
            return ()
        try:
            return await self._collection("classes", self._settings.max_rows)
        except SourceFailure as failure:
            return failure

    def _joined(
        self,
        read_at: datetime,
        schools: Mapping[str, OrganisationOid | None],
        users: Collection[bytes],
        enrolments: Collection[bytes],
        classes: Collection[bytes] | SourceFailure,
    ) -> Roster:
        roster = Roster(read_at, schools)
        roster.take_users(users, self._settings.learner_id_type)
        roster.take_enrolments(enrolments, self._settings.right.oid)
        places = self._settings.groups
        if isinstance(classes, SourceFailure):
            roster.groups = classes
        elif places is not None:
            groups = Groups(places, self._source.provider_oid)
            groups.take_classes(classes)
            groups.take_users(roster.users, persons_in(users, places.person_id_type))
            groups.take_enrolments(enrolments)
            roster.groups = groups
        return roster

    async def _read_person(self, person: Person) -> Roster:
        """Everything of one person by filters. Raises ``SourceInvalid`` where what comes was not asked for."""
        oids = _well_formed(person)
        if not oids:
            raise SourceInvalid(Reason.MISMATCH)
        roster = Roster(self._clock.now(), await self._schools.current())
        asked = (f"userIds.identifier='{oid}'" for oid in oids)
        for rows in await asyncio.gather(*(self._collection("users", MOST_ROWS_OF_A_PERSON, each) for each in asked)):
            roster.take_users(rows, self._settings.learner_id_type)
        if roster.unreadable_users or not roster.are_all_of(person):
            raise SourceInvalid(Reason.FOREIGN_PERSON)
        users = sorted(roster.users)
        if not all(map(_CAN_BE_ASKED.fullmatch, users)):
            raise SourceInvalid(Reason.UNREADABLE)
        asked = (f"user.sourcedId='{user}'" for user in users)
        for rows in await asyncio.gather(
            *(self._collection("enrollments", MOST_ROWS_OF_A_PERSON, each) for each in asked)
        ):
            roster.take_enrolments(rows, self._settings.right.oid)
        if roster.unplaced or roster.lost:
            raise SourceInvalid(Reason.FOREIGN_PERSON)
        return roster

    async def _read_schools(self) -> Mapping[str, OrganisationOid | None]:
        rows = await self._collection("orgs", self._settings.max_rows)
        return organisations_in(rows, self._settings.organisation_oid)

    async def _collection(self, name: str, max_rows: int, filtered: str | None = None) -> Collection[bytes]:
        async def fetch(offset: int, limit: int) -> Page:
            return await self._page(name, offset, limit, filtered)

        before = frozenset() if filtered else self._marks.get(name, frozenset())
        rows = await read_whole(fetch, page_size=self._settings.page_size, max_rows=max_rows, before=before)
        if not filtered:
            self._marks[name] = marks_of(rows)
        return rows.values()

    async def _page(self, collection: str, offset: int, limit: int, filtered: str | None) -> Page:
        asked = {"limit": str(limit), "offset": str(offset), "sort": "sourcedId", "orderBy": "asc"}
        query = urlencode(asked | ({"filter": filtered} if filtered else {}), quote_via=quote)
        url = f"{self._base}/{collection}?{query}"
        answer = await self._http.send(Outgoing(method="GET", url=url))
        rows = rows_in(answer, collection, at_most=self._settings.max_rows)
        return Page(tuple((key_of(row), row) for row in rows), total_in(answer), links_to_next(answer, url))


def _assigned(person: PersonOid, told: GuidedOn | SourceFailure) -> Answer[tuple[Assignment, ...]]:
    if isinstance(told, SourceFailure):
        return Answer(told.outcome)
    if check_learner_oid(person) is Check.MALFORMED:
        return Answer(Outcome.INVALID)
    found = told.by_person.get(person)
    return Answer(Outcome.OK, found) if found else Answer(Outcome.ABSENT)


def _well_formed(person: Person) -> list[LearnerOid]:
    """The person's learner numbers that can be asked for."""
    return [oid for oid in sorted(person.all_oids) if check_learner_oid(oid) is not Check.MALFORMED]


def _sharing(answers: Mapping[LearnerOid, Answer[tuple[StudyRight, ...]]]) -> list[LearnerOid]:
    """The persons who are given a right that another is given too: single questions cannot tell whose it is."""
    holders = Counter(right.oid for answer in answers.values() for right in answer.value or ())
    return [person for person, answer in answers.items() if any(holders[right.oid] > 1 for right in answer.value or ())]


_CAN_BE_ASKED = re.compile(r"[\w.:@{}-]{1,255}", re.ASCII)
"""Ids that mean nothing else inside a filter."""


class _Kept(Generic[T]):
    """Something read once for all who ask at the same time, and kept for some seconds; a failure is not kept.

    From half its time on, who asks gets what is kept and has it read anew, so that nobody waits for a long roster.
    """

    def __init__(
        self, read: Callable[[], Awaitable[T]], seconds: float, clock: Callable[[], float], longest: float
    ) -> None:
        """``longest`` is for how many seconds it may be read: what took longer would be too old when it came."""
        self._read = read
        self._longest = longest
        self._seconds = seconds
        self._clock = clock
        self._kept: tuple[float, T] | None = None
        """When the reading began, and what was read."""
        self._reading: asyncio.Task[T] | None = None
        self._forgotten: set[asyncio.Task[T]] = set()
        """Readings that nobody joins any more, and for whom some may still wait."""

    def forget(self) -> None:
        """Let go of what is kept.

        INVARIANT: nothing that was asked before this call is kept or joined after it.
        """
        self._kept = None
        if self._reading is not None and not self._reading.done():
            self._forgotten.add(self._reading)
            self._reading.add_done_callback(self._forgotten.discard)
        self._reading = None

    async def current(self) -> T:
        """What is kept, or is being read just now, or is read anew."""
        age = self._clock() - self._kept[0] if self._kept is not None else self._seconds
        if self._kept is None or age >= self._seconds:
            # Shielded: a caller who gives up does not take the answer away from those who wait for it too.
            return await asyncio.shield(self._being_read())
        if age >= self._seconds / 2:
            self._being_read()
        return self._kept[1]

    def _being_read(self) -> asyncio.Task[T]:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_anew())
            self._reading.add_done_callback(_look_at_failure)
        return self._reading

    async def _read_anew(self) -> T:
        begun = self._clock()
        try:
            async with asyncio.timeout(self._longest):
                value = await self._read()
        except TimeoutError:
            raise SourceUnavailable(Reason.TIMEOUT) from None
        if self._reading is asyncio.current_task():
            self._kept = (begun, value)
        return value


def _look_at_failure(reading: "asyncio.Task[T]") -> None:
    """Where everyone who waited has given up, the failure was looked at all the same and is nobody's to report."""
    if not reading.cancelled():
        reading.exception()

"""Study rights from a roster interface (1EdTech OneRoster 1.2 REST): people by learner number, enrolments as rights.

Few persons are asked for by ``filter=`` where the settings allow it; more are found in the whole roster, which is read
once for all who ask at the same time and kept for seconds.
"""

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.client import HttpPort, Outgoing
from connectors.failures import LOG, Reason, SourceFailure, SourceInvalid, report, unexpected
from connectors.limits import Reached
from connectors.oauth import ClientCredentials
from connectors.oneroster_pages import Page, links_to_next, read_whole, total_in
from connectors.oneroster_wire import (
    ACTIVE,
    GONE,
    AfterEnd,
    Enrolment,
    Place,
    RightPlaces,
    RightReading,
    RosterCodes,
    User,
    enrolment_in,
    key_of,
    organisation_in,
    right_of,
    rows_in,
    user_in,
)
from hoks.codes import STATE_OF_CODE
from hoks.identifiers import Check, LearnerOid, OrganisationOid, StudyRightOid, check_learner_oid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock, Source
from hoks.student import Person
from hoks.study_right import StudyRight

SERVICE = "/ims/oneroster/rostering/v1p2"
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
MOST_ROWS_OF_A_PERSON = 1_000
"""User records, and enrolments of one user, that can honestly come for one person."""

T = TypeVar("T")


class OneRosterSettings(Reached, frozen=True, kw_only=True, tag_field="kind", tag="oneroster"):
    """A provider's roster interface: OneRoster 1.2, with the account that may read it."""

    id: str
    provider: OrganisationOid
    base_url: str
    """Where the server is; ``/ims/oneroster/rostering/v1p2`` follows it."""
    account: ClientCredentials
    """Our account. Without ``scopes`` it asks for the rostering data that may be read (``roster-core.readonly``)."""
    gives: tuple[Literal["rights"], ...] = ("rights",)
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
    """What a right is after its last window, where no row says it. Without it the state is not known, which closes the
    right to everybody but the student; with it the provider keeps the plan for five years."""
    language: Literal["fi", "sv", "en"] = "fi"
    """In which language the names of qualifications are written."""

    def __post_init__(self) -> None:
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
        self._whole = _Kept(self._read_roster, settings.kept_seconds, seconds)
        self._schools = _Kept(self._read_schools, settings.kept_seconds, seconds)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self._source

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        asked = {oid for person in people for oid in person.all_oids if check_learner_oid(oid) is not Check.MALFORMED}
        read_at = self._clock.now()
        faults: list[SourceFailure] = []
        if not asked:
            answers = {person.oid: Answer[tuple[StudyRight, ...]](Outcome.INVALID) for person in people}
        elif len(people) <= self._settings.filter_at_most:
            found = await asyncio.gather(*(self._filtered(person) for person in people))
            answers = _each_right_once(
                {person.oid: self._answer(person, each, faults) for person, each in zip(people, found, strict=True)}
            )
        else:
            roster = await self._roster()
            read_at = roster.read_at if isinstance(roster, _Roster) else read_at
            answers = {person.oid: self._answer(person, roster, faults) for person in people}
        report(self._source.id, set(faults))
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """The learner numbers of everybody in the roster, keyed by the provider; a list cut short is a failure."""
        roster = await self._roster()
        if isinstance(roster, _Roster):
            outcome = Outcome.INVALID if roster.unreadable_users else Outcome.OK
            answer = Answer(outcome, tuple(sorted(roster.users_of)))
            read_at = roster.read_at
        else:
            report(self._source.id, [roster])
            answer, read_at = Answer(roster.outcome), self._clock.now()
        answers = {self._source.provider_oid: answer}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""
        read_at = self._clock.now()
        roster = await self._roster() if rights else SourceInvalid(Reason.MISMATCH)
        if isinstance(roster, _Roster):
            read_at = roster.read_at
            answers = {right: roster.holder(right) for right in rights}
        else:
            report(self._source.id, [roster] if rights else [])
            answers = {right: Answer[LearnerOid](roster.outcome) for right in rights}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    def _answer(
        self, person: Person, roster: "_Roster | SourceFailure", faults: list[SourceFailure]
    ) -> Answer[tuple[StudyRight, ...]]:
        if isinstance(roster, SourceFailure):
            faults.append(roster)
            return Answer(roster.outcome)
        try:
            return self._read(person, roster)
        except SourceFailure as failure:
            faults.append(failure)
            return Answer(failure.outcome)
        except Exception as error:
            return Answer(unexpected(self._source.id, error).outcome)

    def _read(self, person: Person, roster: "_Roster") -> Answer[tuple[StudyRight, ...]]:
        rows = roster.rows_of(person)
        today = self._clock.today()
        rights = tuple(
            right_of(oid, roster.student(oid, person), rows[oid], roster.schools, self._reading, today)
            for oid in sorted(rows)
        )
        if roster.is_doubtful_for(person):
            # A failure stays visible beside the rights that could be read.
            return Answer(Outcome.INVALID, rights or None)
        if not roster.knows(person):
            return Answer(Outcome.ABSENT)
        return Answer(Outcome.OK, rights)

    # --- asking -----------------------------------------------------------------------------------------------

    async def _roster(self) -> "_Roster | SourceFailure":
        return await self._contained(self._whole.current())

    async def _filtered(self, person: Person) -> "_Roster | SourceFailure":
        """What the roster holds of one person."""
        return await self._contained(self._read_person(person))

    async def _contained(self, reading: "Awaitable[_Roster]") -> "_Roster | SourceFailure":
        try:
            return await reading
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(self._source.id, error)

    async def _read_roster(self) -> "_Roster":
        read_at = self._clock.now()
        schools, users, enrolments = await asyncio.gather(
            self._schools.current(),
            self._collection("users", self._settings.max_rows),
            self._collection("enrollments", self._settings.max_rows),
        )
        roster = await asyncio.to_thread(self._joined, read_at, schools, users, enrolments)
        if roster.strays:
            # Who came between the two readings is enrolled and not yet among the users.
            users = await self._collection("users", self._settings.max_rows)
            roster = await asyncio.to_thread(self._joined, read_at, schools, users, enrolments)
        if roster.without_oid:
            LOG.warning("source %s: %d enrolments without a study right OID", self._source.id, roster.without_oid)
        return roster

    def _joined(
        self,
        read_at: datetime,
        schools: Mapping[str, OrganisationOid | None],
        users: Iterable[bytes],
        enrolments: Iterable[bytes],
    ) -> "_Roster":
        roster = _Roster(read_at, schools)
        roster.take_users(users, self._settings.learner_id_type)
        roster.take_enrolments(enrolments, self._settings.right.oid)
        return roster

    async def _read_person(self, person: Person) -> "_Roster":
        """Everything of one person by filters. Raises ``SourceInvalid`` where what comes was not asked for."""
        oids = [oid for oid in sorted(person.all_oids) if check_learner_oid(oid) is not Check.MALFORMED]
        if not oids:
            raise SourceInvalid(Reason.MISMATCH)
        roster = _Roster(self._clock.now(), await self._schools.current())
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
        found = (organisation_in(row, self._settings.organisation_oid) for row in rows)
        return dict(each for each in found if each is not None)

    async def _collection(self, name: str, max_rows: int, filtered: str | None = None) -> Collection[bytes]:
        async def fetch(offset: int, limit: int) -> Page:
            return await self._page(name, offset, limit, filtered)

        rows = await read_whole(fetch, page_size=self._settings.page_size, max_rows=max_rows)
        return rows.values()

    async def _page(self, collection: str, offset: int, limit: int, filtered: str | None) -> Page:
        asked = {"limit": str(limit), "offset": str(offset), "sort": "sourcedId", "orderBy": "asc"}
        query = urlencode(asked | ({"filter": filtered} if filtered else {}), quote_via=quote)
        url = f"{self._base}/{collection}?{query}"
        answer = await self._http.send(Outgoing(method="GET", url=url))
        rows = rows_in(answer, collection, at_most=self._settings.max_rows)
        return Page(tuple((key_of(row), row) for row in rows), total_in(answer), links_to_next(answer, url))


def _each_right_once(
    answers: Mapping[LearnerOid, Answer[tuple[StudyRight, ...]]],
) -> dict[LearnerOid, Answer[tuple[StudyRight, ...]]]:
    """The answers to single questions, where a right that two persons are given is nobody's."""
    holders = Counter(right.oid for answer in answers.values() for right in answer.value or ())
    return {
        person: Answer(Outcome.INVALID) if any(holders[right.oid] > 1 for right in answer.value or ()) else answer
        for person, answer in answers.items()
    }


_CAN_BE_ASKED = re.compile(r"[\w.:@{}-]{1,255}", re.ASCII)
"""Ids that mean nothing else inside a filter."""


class _Kept(Generic[T]):
    """Something read once for all who ask at the same time, and kept for some seconds; a failure is not kept.

    From half its time on, who asks gets what is kept and has it read anew, so that nobody waits for a long roster.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], seconds: float, clock: Callable[[], float]) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._kept: tuple[float, T] | None = None
        """When the reading began, and what was read."""
        self._reading: asyncio.Task[T] | None = None

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
        value = await self._read()
        self._kept = (begun, value)
        return value


def _look_at_failure(reading: "asyncio.Task[T]") -> None:
    """Where everyone who waited has given up, the failure was looked at all the same and is nobody's to report."""
    if not reading.cancelled():
        reading.exception()


# --- what came back -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Roster:
    """Rows of users and enrolments, joined.

    INVARIANT: an enrolment counts for a person only by a user record that gives no learner number but the person's
    own; a right in which anybody else is enrolled too is nobody's; and where a row cannot be placed, whoever it may
    concern is not known to have no more than was read.
    """

    read_at: datetime
    schools: Mapping[str, OrganisationOid | None]
    users: dict[str, User] = field(default_factory=dict)
    users_of: dict[LearnerOid, set[str]] = field(default_factory=lambda: defaultdict(set))
    rows: dict[StudyRightOid, list[Enrolment]] = field(default_factory=lambda: defaultdict(list))
    rights_of: dict[str, set[StudyRightOid]] = field(default_factory=lambda: defaultdict(set))
    gone: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    """Users of a status that is not known."""
    unreadable_users: int = 0
    without_oid: int = 0
    partly_read: set[str] = field(default_factory=set)
    """Users of whom an enrolment has an OID that cannot be read."""
    strays: set[StudyRightOid] = field(default_factory=set)
    """Rights in which somebody is enrolled whom the roster does not know."""
    unplaced: int = 0
    """Enrolments of nobody here, with or without a right."""
    lost: int = 0
    """Enrolments that say neither whose they are nor of which right."""

    def take_users(self, bodies: Iterable[bytes], id_type: str) -> None:
        """Take in rows of users."""
        for body in bodies:
            try:
                user = user_in(body, id_type)
            except SourceInvalid:
                self.unreadable_users += 1
                continue
            if user.status == GONE:
                self.gone.add(user.id)
                continue
            self.users[user.id] = user
            if user.status != ACTIVE:
                self.closed.add(user.id)
            for oid in user.learners:
                self.users_of[oid].add(user.id)

    def take_enrolments(self, bodies: Iterable[bytes], place: str) -> None:
        """Take in rows of enrolments, after the users."""
        for body in bodies:
            try:
                enrolment = enrolment_in(body, place)
            except SourceInvalid:
                self.lost += 1
                continue
            if enrolment is not None and enrolment.user not in self.gone:
                self._place(enrolment)

    def _place(self, enrolment: Enrolment) -> None:
        user, oid = enrolment.user, enrolment.oid
        if user is None or user not in self.users:
            self.unplaced += 1
            self.lost += enrolment.oid_is_malformed
            if oid is not None:
                self.strays.add(oid)
        elif oid is not None:
            self.rows[oid].append(enrolment)
            self.rights_of[user].add(oid)
        elif enrolment.oid_is_malformed:
            self.partly_read.add(user)
        else:
            self.without_oid += 1

    def are_all_of(self, person: Person) -> bool:
        """Whether every user here is the person and nobody else besides."""
        return all(user.learners and user.learners <= person.all_oids for user in self.users.values())

    def knows(self, person: Person) -> bool:
        """Whether the person is in the roster."""
        return any(oid in self.users_of for oid in person.all_oids)

    def is_doubtful_for(self, person: Person) -> bool:
        """Whether there may be more of the person than could be read."""
        users = self._users(person)
        return bool(self.strays or users & self.partly_read or (not users and self.unreadable_users))

    def rows_of(self, person: Person) -> dict[StudyRightOid, list[Enrolment]]:
        """The enrolments of each right of the person. Raises ``SourceInvalid`` where they are somebody else's too."""
        users = self._users(person)
        if self.lost or users & self.closed:
            # The lost row may be the one that ends or annuls any right here.
            raise SourceInvalid(Reason.UNREADABLE)
        if any(not self.users[user].learners <= person.all_oids for user in users):
            raise SourceInvalid(Reason.FOREIGN_PERSON)
        rights = {oid for user in users for oid in self.rights_of.get(user, ())}
        if any(row.user not in users for oid in rights for row in self.rows[oid]):
            raise SourceInvalid(Reason.FOREIGN_PERSON)
        return {oid: self.rows[oid] for oid in rights - self.strays}

    def student(self, oid: StudyRightOid, person: Person) -> LearnerOid:
        """The person as the roster knows them beside this right."""
        users = {row.user for row in self.rows[oid]}
        known = sorted(number for number in person.all_oids if self.users_of.get(number, set()) & users)
        return person.oid if person.oid in known else known[0]

    def holder(self, right: StudyRightOid) -> Answer[LearnerOid]:
        """Whose a right is. Of several the first: whether they are one person is told where the rights are read."""
        users = [self.users[row.user] for row in self.rows.get(right, ()) if row.user]
        numbers = sorted(number for user in users for number in user.learners)
        if numbers and right not in self.strays:
            return Answer(Outcome.OK, numbers[0])
        doubtful = right in self.strays or self.lost or self.unreadable_users or self.partly_read
        return Answer(Outcome.INVALID if doubtful else Outcome.ABSENT)

    def _users(self, person: Person) -> set[str]:
        return {user for oid in person.all_oids for user in self.users_of.get(oid, ())}

"""Rosters read over HTTP: the whole, once for all who ask at the same time and kept for seconds, or of one person."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from connectors.client import HttpPort, Outgoing
from connectors.failures import LOG, Reason, SourceFailure, SourceInvalid, SourceUnavailable
from connectors.oneroster_groups import Groups
from connectors.oneroster_join import Roster
from connectors.oneroster_pages import Marks, Page, links_to_next, marks_of, read_whole, total_in
from connectors.oneroster_settings import OneRosterSettings
from connectors.oneroster_wire import key_of, organisations_in, persons_in, rows_in
from hoks.identifiers import Check, LearnerOid, OrganisationOid, check_learner_oid
from hoks.ports import Clock
from hoks.student import Person

SERVICE = "/ims/oneroster/rostering/v1p2"
MOST_ROWS_OF_A_PERSON = 1_000
"""User records, and enrolments of one user, that can honestly come for one person."""

T = TypeVar("T")


class Rosters:
    """The rosters of one interface. What cannot be read raises ``SourceFailure``."""

    def __init__(self, settings: OneRosterSettings, http: HttpPort, clock: Clock, seconds: Callable[[], float]) -> None:
        """``http`` puts the account's token on each call."""
        self._settings = settings
        self._base = settings.base_url.rstrip("/") + SERVICE
        self._http = http
        self._clock = clock
        self._marks: dict[str, Marks] = {}
        """What each whole collection held when it was last read."""
        longest = max(settings.kept_seconds, settings.seconds)
        self._whole = _Kept(self._read_roster, settings.kept_seconds, seconds, longest)
        self._schools = _Kept(self._read_schools, settings.kept_seconds, seconds, longest)

    def forget(self) -> None:
        """Read anew for whoever asks next: something has changed."""
        self._whole.forget()
        self._schools.forget()

    async def whole(self) -> Roster:
        """Everything, as it is kept or read now."""
        return await self._whole.current()

    async def of_person(self, person: Person) -> Roster:
        """Everything of one person, by filters; what comes and was not asked for is a ``SourceInvalid``."""
        oids = askable(person)
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

    # --- asking -----------------------------------------------------------------------------------------------

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
            LOG.warning("source %s: %d enrolments without a study right OID", self._settings.id, roster.without_oid)
        if isinstance(roster.groups, Groups) and roster.groups.left_out:
            LOG.warning("source %s: %d rows of groups left out", self._settings.id, roster.groups.left_out)
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
            groups = Groups(places, self._settings.provider)
            groups.take_classes(classes)
            groups.take_users(roster.users, persons_in(users, places.person_id_type))
            groups.take_enrolments(enrolments)
            roster.groups = groups
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


def askable(person: Person) -> list[LearnerOid]:
    """The person's learner numbers that can be asked for."""
    return [oid for oid in sorted(person.all_oids) if check_learner_oid(oid) is not Check.MALFORMED]


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

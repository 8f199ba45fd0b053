"""What one request carries: the caller, the day and the deadline, the loaders, and what its answer has shown."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
import strawberry
from aiodataloader import DataLoader
from graphql import GraphQLResolveInfo

from hoks.access.decide import Grant
from hoks.access.reports import Report
from hoks.caller import Caller
from hoks.changing import Changing
from hoks.disclosing import Told, disclosed, disclosed_row
from hoks.errors import SourcesUnavailable
from hoks.following import Following
from hoks.giving import Giving
from hoks.guidance import UPDATE_WEEKS
from hoks.guiding import Guidance
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import items_in
from hoks.mending import Mending
from hoks.nominating import Nominating
from hoks.outcomes import Outcome
from hoks.reading import Reader
from hoks.records import Record
from hoks.sharing import Sharing
from hoks.showing import Origin, View
from hoks.sitting import Sitting
from hoks.student import SourceStatus
from hoks.viewing import Seen
from resolvers.cursors import Cursors
from resolvers.prepared import PreparedOperation

_NO_GAP = frozenset({Outcome.OK, Outcome.ABSENT, Outcome.ABSENT_OR_DENIED})


class Desks(msgspec.Struct, frozen=True, kw_only=True):
    """What callers may do besides asking, and what is kept of them; nothing where the gateway keeps nothing."""

    giving: Giving | None = None
    sharing: Sharing | None = None
    nominating: Nominating | None = None
    following: Following | None = None


D = TypeVar("D")


def desk(found: D | None) -> D:
    """A desk. Raises ``SourcesUnavailable`` where this gateway keeps nothing."""
    if found is None:
        raise SourcesUnavailable("nothing is kept here")
    return found


class ReportRow(Protocol):
    """What a row of a report about many students rests on."""

    @property
    def subject(self) -> LearnerOid: ...
    @property
    def right(self) -> StudyRightOid: ...
    @property
    def origin(self) -> Origin | None: ...
    @property
    def grant(self) -> Grant: ...
    @property
    def report(self) -> Report: ...


R = TypeVar("R", bound=ReportRow)


class Context:
    """One request's own: nothing in it outlives the request or is shared with another caller."""

    def __init__(
        self,
        caller: Caller,
        reader: Reader,
        cursors: Cursors,
        operation: PreparedOperation,
        desks: Desks,
        update_weeks: int = UPDATE_WEEKS,
        selected: Collection[str] | None = None,
    ) -> None:
        self.caller = caller
        self.selected = selected
        """The coordinates that the operation selects: of a student nothing else is drawn."""
        self.operation = operation
        self.reader = reader
        self.desks = desks
        self.sitting = reader.sit()
        self._reading = _Reading(reader, caller, self.sitting, selected)
        self.cursors = cursors
        self._update_weeks = update_weeks
        self.grants: list[Grant] = []
        self.told: list[Told] = []
        self.views: list[View] = []
        self.entities = 0
        """How many entities have been asked for."""
        self._gaps: dict[str, SourceStatus] = {}

    async def student(self, oid: LearnerOid) -> View | None:
        """A student by OID; all that are asked for side by side are read at once. Raises ``SourcesUnavailable``."""
        if self.operation.asks_one_question:
            return _told((await self._reading.students([oid]))[0])
        return await self._students.load(oid)

    async def holder(self, right: StudyRightOid) -> View | None:
        """A student by a study right, the same way."""
        if self.operation.asks_one_question:
            return _told((await self._reading.holders([right]))[0])
        return await self._rights.load(right)

    @cached_property
    def _students(self) -> DataLoader[LearnerOid, View | None]:
        return DataLoader(self._reading.students)

    @cached_property
    def _rights(self) -> DataLoader[StudyRightOid, View | None]:
        return DataLoader(self._reading.holders)

    @cached_property
    def guidance(self) -> Guidance:
        """Follow-up of many students."""
        return Guidance(self.reader, self._update_weeks)

    @cached_property
    def mending(self) -> Mending:
        """What is wrong in an organisation's own data."""
        return Mending(self.reader)

    @cached_property
    def changing(self) -> Changing:
        """What has changed."""
        return Changing(self.reader)

    def shown(
        self,
        info: GraphQLResolveInfo[Any],
        view: View,
        rights: Sequence[StudyRightOid] | None = None,
        kind: str | None = None,
    ) -> None:
        """Note what a field of the answer shows: all of a view, or only some of its rights with their plans.

        Where the field may hold several types, ``kind`` is the one that is shown.
        """
        self.views.append(view)
        self.tell(disclosed(view, self.operation.beneath(info, kind), rights))
        self.grants += [grant for oid, grant in view.grants.items() if rights is None or oid in rights]
        self._gaps.update({each.source: each for each in view.student.sources if each.outcome not in _NO_GAP})

    def tell(self, told: Iterable[Told]) -> None:
        """Note what a field of the answer tells of whom."""
        self.told += told

    def reported(self, info: GraphQLResolveInfo[Any], rows: Sequence[R], record_of: Callable[[R], Record]) -> None:
        """Note what the rows of a report tell of many students: each of its record, on the ground of the report."""
        selected = self.operation.beneath(info)
        for row in rows:
            origin = row.origin
            if origin is not None:
                origin = msgspec.structs.replace(origin, rules=(*origin.rules, row.report.id))
            possible = row.grant.possible & items_in(row.report.items)
            self.tell(disclosed_row(row.subject, row.right, record_of(row), origin, possible, selected))
        self.grants += {id(row.grant): row.grant for row in rows}.values()

    def missed(self, statuses: Iterable[SourceStatus]) -> None:
        """Note the sources of which an answer lacks something."""
        self._gaps.update({each.source: each for each in statuses if each.outcome not in _NO_GAP})

    def view_of(self, student: object) -> View | None:
        """The view that a student in the answer is of."""
        return next((view for view in self.views if view.student is student), None)

    def gaps(self) -> list[dict[str, str]]:
        """The sources whose data are missing or old in this answer."""
        return [
            {"source": each.source, "outcome": each.outcome.value}
            for _, each in sorted(self._gaps.items())
            if each.outcome is not None
        ]


class _Reading(NamedTuple):
    """Reading for one request.

    INVARIANT: it does not refer to the context, which would else outlive the request until a collector looks.
    """

    reader: Reader
    caller: Caller
    sitting: Sitting
    selected: Collection[str] | None

    async def students(self, oids: list[LearnerOid]) -> list[Any]:
        """What each student is to the caller, or what stood in the way."""
        seen = await self.reader.students(self.caller, oids, within=self.sitting, selected=self.selected)
        return [seen[oid] for oid in oids]

    async def holders(self, rights: list[StudyRightOid]) -> list[Any]:
        """The same of who holds each study right."""
        seen = await self.reader.by_rights(self.caller, rights, within=self.sitting, selected=self.selected)
        return [seen[right] for right in rights]


def _told(seen: Seen) -> View | None:
    if isinstance(seen, SourcesUnavailable):
        raise seen
    return seen


Info = strawberry.Info[Context, None]

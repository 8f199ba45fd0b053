"""Changes: which of the plans that a provider's own system may see have changed since it asked last.

Nothing is kept on our side: the place holds, source by source, up to which moment the caller knows all that we read.

INVARIANT: a mark is never later than any reading that it stands for, less ``OVERLAP``, and whoever could not be read is
told of whole once they can. So no change is passed over, and one may be told twice.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec

from hoks.access.decide import Grant
from hoks.access.reports import About, Report, answering
from hoks.caller import Caller
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item, attached_with, item
from hoks.outcomes import FAILED
from hoks.plan import Hoks
from hoks.ports import ChangedPlans
from hoks.reading import Reader
from hoks.records import Record
from hoks.showing import PLAN_ITEMS, Origin, View
from hoks.sitting import Sitting
from hoks.student import SourceStatus
from hoks.study_right import StudyRight
from hoks.unchanged import Heard, Unchanged, is_new, rests_on_no_plan, utc
from hoks.values import Organisation

OVERLAP = timedelta(seconds=60)
"""How far each mark reaches back: clocks differ, and a change may show late."""
MOST_MISSING = 100
"""Of how many students who could not be read a place keeps the OIDs; with more, the round is as if it had not been."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SHARE = 0.7
"""Which share of a request's time is used up when a page ends as it is: the next one goes on from there."""


class PlanChange(Record, frozen=True, gc=False):
    """A plan that has changed, or may be seen since: to be read again."""

    study_right_oid: Annotated[StudyRightOid | None, item(Item.SR, "The plan's study right (opiskeluoikeuden oid).")]
    student_oid: Annotated[LearnerOid | None, item(Item.ID, "The student (oppijanumero).")] = None
    provider: Annotated[Organisation | None, item(Item.SR, "The plan's provider (koulutuksen järjestäjä).")] = None
    updated_at: Annotated[
        datetime | None, item(Item.D1, "Latest update, as the source tells it (päivitetty); null where it does not.")
    ] = None
    source: Annotated[str | None, attached_with(Item.SR, "The source that the plan came from.")] = None
    is_gone: Annotated[
        bool | None,
        attached_with(Item.SR, "Whether the right has no plan any more: what is kept of it is to be deleted."),
    ] = False


class ChangePlace(msgspec.Struct, frozen=True):
    """Where a caller stands: what is known of each source, how far this round is, and what will be known after it."""

    known: dict[str, datetime] = {}
    after: LearnerOid | None = None
    ahead: dict[str, datetime] = {}
    missed: frozenset[LearnerOid] = frozenset()
    """Of whom something could not be read in the round before."""
    missing: frozenset[LearnerOid] | None = frozenset()
    """The same of this round; nothing where they are too many, and what is known is then as it was."""


class FoundChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change in a page, and what the answer rests on for the record of it."""

    change: PlanChange
    subject: LearnerOid
    right: StudyRightOid
    origin: Origin | None
    grant: Grant
    report: Report


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of changes, where it ends, and what it cannot tell."""

    found: tuple[FoundChange, ...]
    place: ChangePlace
    more: bool
    cannot_tell: tuple[str, ...]
    """Sources with plans of which they do not say when they changed."""
    cannot_tell_gone: tuple[str, ...]
    """Sources with plans that do not say which are gone."""
    not_read: int
    gaps: tuple[SourceStatus, ...]


class Changing:
    """Changes for a provider's own system, over a reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def changes(self, caller: Caller, place: ChangePlace, *, first: int, within: Sitting) -> Changes | None:
        """The next changes; nothing for who is no provider's system. Raises ``SourcesUnavailable``.

        A page holds a few more than ``first``, for a student's plans stay together, or fewer where time runs out.
        """
        known = {"the students have a right at the acting organisation"}
        report = answering(self._reader.policy.reports, About.CHANGES, caller.role, known)
        if report is None:
            return None
        told = await self._reader.changed(place.known, within=within)
        page = _Page(place, report, within.day, told, self._reader.tells_changes)
        async for person, view in self._reader.walk(
            caller, after=place.after, within=within, selected=(), skipping=page.unchanged.holds
        ):
            if view is None and within.is_over:
                break
            page.take(person.oid, view)
            if len(page.found) >= first or within.used(_SHARE):
                break
        else:
            page.is_last = True
        return page.finished()


class _Page:
    """A page under way."""

    def __init__(
        self,
        place: ChangePlace,
        report: Report,
        day: date,
        told: Mapping[str, tuple[datetime, ChangedPlans] | None],
        tells_gone: frozenset[str],
    ) -> None:
        self.found: list[FoundChange] = []
        self.is_last = False
        heard = {source: Heard(each[1], each[0]) for source, each in told.items() if each is not None}
        self.unchanged = Unchanged(heard, place.known, day, place.missed)
        self._tells_gone = tells_gone
        self._place = place
        self._report = report
        self._day = day
        self._after = place.after
        self._ahead = dict(place.ahead)
        self._missing = place.missing
        self._cannot_tell: set[str] = set()
        self._gaps: dict[str, SourceStatus] = {}
        self._not_read = 0
        for source, known in place.known.items():
            if source in told:
                # INVARIANT: a source that could not say what has changed is asked from the same moment again.
                self._mark(source, heard[source].asked_at - OVERLAP if source in heard else known)

    def take(self, oid: LearnerOid, view: View | None) -> None:
        """Look at one student's plans."""
        self._after = oid
        if view is None:
            self._not_read += 1
            self._miss(oid)
            return
        self._gaps |= {status.source: status for status in view.student.sources}
        is_whole = not any(status.outcome in FAILED for status in view.student.sources)
        if not is_whole:
            self._miss(oid)
        was_missed = is_whole and oid in self._place.missed
        for right, plan in zip(view.plans, view.student.hoksit or (), strict=True):
            self._read(plan)
            if was_missed or self._has_changed(plan, view.student.study_rights or ()):
                self.found.append(self._shown(view, right, plan))
        if is_whole and self._place.known:
            for own, shown in zip(view.rights, view.student.study_rights or (), strict=True):
                gone = self._gone(view, own, shown, was_missed=was_missed)
                self.found += [gone] if gone is not None else []

    def finished(self) -> Changes:
        """The page, and the place behind it."""
        place = msgspec.structs.replace(self._place, after=self._after, ahead=self._ahead, missing=self._missing)
        if self.is_last and self._missing is None:
            place = ChangePlace(known=self._place.known, missed=self._place.missed)
        elif self.is_last:
            # Of a source that gave nothing this time, as much is known as before.
            place = ChangePlace(known={**self._place.known, **self._ahead}, missed=self._missing or frozenset())
        return Changes(
            found=tuple(self.found),
            place=place,
            more=not self.is_last,
            cannot_tell=tuple(sorted(self._cannot_tell)),
            cannot_tell_gone=tuple(sorted({*self._place.known, *self._ahead} - self._tells_gone)),
            not_read=self._not_read,
            gaps=tuple(self._gaps[each] for each in sorted(self._gaps)),
        )

    def _miss(self, oid: LearnerOid) -> None:
        if self._missing is not None:
            self._missing |= {oid}
            if len(self._missing) > MOST_MISSING:
                self._missing = None

    def _read(self, plan: Hoks) -> None:
        provenance = plan.provenance
        if provenance is None:
            return
        moments = (each for each in (provenance.as_of, provenance.fetched_at) if each is not None)
        self._mark(provenance.source, max(min(moments, default=LONG_AGO) - OVERLAP, LONG_AGO))

    def _mark(self, source: str, moment: datetime) -> None:
        self._ahead[source] = min(moment, self._ahead.get(source, moment))

    def _has_changed(self, plan: Hoks, rights: tuple[StudyRight, ...]) -> bool:
        """Whether the plan, or what opens it, may have changed since it was told."""
        provenance = plan.provenance
        known = self._known(provenance.source if provenance is not None else "")
        approved = plan.first_approved_on
        is_opened = approved is not None and known.date() <= approved <= self._day
        if known == LONG_AGO or is_opened or any(is_new(right, known, self._day) for right in rights):
            return True
        if plan.updated_at is not None:
            return utc(plan.updated_at) > known
        as_of = provenance.as_of if provenance is not None else None
        if provenance is not None and (as_of is None or as_of - OVERLAP > known):
            self._cannot_tell.add(provenance.source)
        return False

    def _known(self, source: str) -> datetime:
        return self._place.known.get(source, LONG_AGO)

    def _gone(self, view: View, oid: StudyRightOid, right: StudyRight, *, was_missed: bool) -> FoundChange | None:
        """That a right has no plan any more: only of own rights, whose plans the caller saw whatever stood in them."""
        told = self.unchanged.gone(oid)
        may_be_told = oid in view.own and view.plan(oid) is None and rests_on_no_plan(view.grants[oid])
        if not may_be_told or (told is None and not was_missed) or view.grants[oid].possible.isdisjoint(PLAN_ITEMS):
            return None
        source, moment = told if told is not None else (None, None)
        return FoundChange(
            change=PlanChange(
                study_right_oid=right.oid if Item.SR in view.grants[oid].possible else None,
                student_oid=view.student.oid,
                provider=right.provider,
                updated_at=moment,
                source=source,
                is_gone=True,
            ),
            subject=view.oid,
            right=oid,
            origin=view.right_origins.get(oid),
            grant=view.grants[oid],
            report=self._report,
        )

    def _shown(self, view: View, right: StudyRightOid, plan: Hoks) -> FoundChange:
        return FoundChange(
            change=PlanChange(
                study_right_oid=plan.study_right_oid,
                student_oid=view.student.oid,
                provider=plan.provider,
                updated_at=plan.updated_at,
                source=plan.provenance.source if plan.provenance is not None else None,
            ),
            subject=view.oid,
            right=right,
            origin=view.plan_origins.get(right),
            grant=view.grants[right],
            report=self._report,
        )

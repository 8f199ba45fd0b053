"""Follow-up of many students at once: a group's meeting and the counts of a unit, each read once and kept as summary.

Each student is looked at under the rules; of what they give, only what the report names goes on, and no plan is held
longer than it takes to say what it waits for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

import msgspec

from hoks.access.decide import Grant
from hoks.access.facts import OPEN_PHASES
from hoks.access.redact import redact
from hoks.access.reports import About, Report, answering
from hoks.caller import Caller, HeldRole, Role
from hoks.errors import SourcesUnavailable
from hoks.folding import SMALLEST, folded, groups_folded
from hoks.guidance import THEMES, GuidanceState, GuidanceStudent, GuidanceTheme, Theme, state_of
from hoks.guidance_phase import GuidancePhase
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Aspect, Item, Seen, Slice
from hoks.outcomes import FAILED
from hoks.reading import NOBODY, Reader
from hoks.relations import Assignment
from hoks.showing import Origin, View
from hoks.sitting import Sitting
from hoks.standing import ASSIGNED
from hoks.student import Person, SourceStatus
from hoks.study_right import StudyRight
from hoks.views import GUIDANCE_PHASE

K = TypeVar("K")
Tally = Counter[tuple[GuidanceState | None, GuidancePhase | None]]
"""How many students are in each state and phase."""

_LISTS_ARE_DOWN = "the sources of groups and responsible teachers did not answer"
_TOO_MANY = "not everybody could be read in the time that a request has; select `pageInfo` and go on from its cursor"
_SHARE = 0.7
"""Which share of a request's time is used up when a count that can go on from a cursor leaves the rest to the next."""
_DRAWN = frozenset({GUIDANCE_PHASE})
"""All that is drawn from the plans for a group or a count."""


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """A student of a group, and what the answer rests on for the record of it."""

    student: GuidanceStudent
    subject: LearnerOid
    right: StudyRightOid
    origin: Origin | None
    grant: Grant
    """One that gives the same, of whichever right."""
    report: Report


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group as its follow-up meeting sees it."""

    id: str
    theme: GuidanceTheme
    rows: tuple[GroupRow, ...]
    not_read: int
    gaps: tuple[SourceStatus, ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The students of a responsible teacher in counts; null for a count that could be of a single person."""

    teacher: PersonOid | None
    is_folded: bool
    """Whether it stands for several teachers whose students are too few to be told apart."""
    students: int | None
    approved: int | None
    updated: int | None
    states: tuple[tuple[GuidanceState | None, int | None], ...]
    """Of every state how many, and last of how many the plan could not be read."""
    phases: tuple[tuple[GuidancePhase | None, int | None], ...]
    """Of every phase how many, and last of how many it is not known."""


class SummaryPlace(msgspec.Struct, frozen=True):
    """How far a count is that goes on in another request. It holds counts that may not be told: sealed, never shown."""

    after: LearnerOid
    day: date
    """The day that it is of: on another day it is begun anew."""
    counted: tuple[tuple[PersonOid | None, GuidanceState | None, GuidancePhase | None, int], ...]
    unread: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's plans by responsible teacher."""

    rows: tuple[Counts, ...]
    not_read: int | None
    rest: SummaryPlace | None = None
    """Where the count goes on; then nothing of it is told yet."""


class Guidance:
    """Answers for guidance, over a reader."""

    def __init__(self, reader: Reader, update_weeks: int) -> None:
        self._reader = reader
        self._weeks = update_weeks

    async def group(self, caller: Caller, name: str, theme: GuidanceTheme, within: Sitting) -> Group | None:
        """A group of the caller's; nothing alike where it is not theirs and where there is none.

        Raises ``SourcesUnavailable``.
        """
        reports = self._reader.policy.reports
        if not any(each.about is About.GROUP and caller.role in each.who for each in reports):
            return None
        standing, everyone, is_down = await self._reader.guided(caller, within=within)
        if not standing.is_whole or (is_down and caller.role not in ASSIGNED):
            raise SourcesUnavailable(_LISTS_ARE_DOWN)
        told = standing.assignments if caller.role in ASSIGNED else everyone
        members = {each.learner for each in told if each.group == name}
        teachers = _teachers(everyone)
        gathered = _Gathered()
        # INVARIANT: a group of nobody is looked for as well, so that it comes to the same when sources are down.
        async for person, view in self._reader.walk(
            caller, members | {NOBODY}, within=within, selected=_DRAWN, is_named=False
        ):
            if person.oid == NOBODY and view is None:
                raise SourcesUnavailable(_LISTS_ARE_DOWN)
            gathered.take(person, view)
            known = _conditions(caller, view)
            report = answering(reports, About.GROUP, caller.role, known)
            if view is not None and report is not None:
                row = self._row(view, _of(person, teachers), report, within.day)
                gathered.unread += row is not None and row.student.state is None
                if row is not None and _is_of(row.student, THEMES[theme]):
                    gathered.add(row)
        if not gathered.seen:
            return None
        return Group(
            id=name,
            theme=theme,
            rows=tuple(sorted(gathered.rows, key=lambda row: (row.student.name or "", row.subject))),
            not_read=gathered.unread,
            gaps=tuple(gathered.gaps[each] for each in sorted(gathered.gaps)),
        )

    async def summary(
        self,
        caller: Caller,
        organisation: OrganisationOid,
        within: Sitting,
        place: SummaryPlace | None = None,
        *,
        in_parts: bool = False,
    ) -> Summary | None:
        """The plans of the acting organisation by responsible teacher; nothing for any other organisation.

        ``in_parts``: where the time does not do, the count goes on from ``rest``. Raises ``SourcesUnavailable``.
        """
        known = {"the organisation asked about is the acting one"} if organisation == caller.organisation else set()
        report = answering(self._reader.policy.reports, About.SUMMARY, caller.role, known)
        if report is None:
            return None
        counted = _as_staff(caller) if report.counts_only else caller
        _, everyone, is_down = await self._reader.guided(counted, within=within)
        if is_down:
            raise SourcesUnavailable(_LISTS_ARE_DOWN)
        teachers = _teachers(everyone)
        count = _Count(place)
        walk = self._reader.walk(counted, after=count.after, within=within, selected=_DRAWN, is_named=False)
        async for person, view in walk:
            if view is None and within.is_over:
                raise SourcesUnavailable(_TOO_MANY)
            if in_parts and within.used(_SHARE) and count.has_begun:
                return Summary(rows=(), not_read=None, rest=count.place(within.day))
            row = self._row(view, _of(person, teachers), report, within.day) if view is not None else None
            count.take(person.oid, row, is_read=view is not None)
        return Summary(rows=tuple(counted_by_teacher(count.told)), not_read=_unless_few(count.unread))

    def _row(self, view: View, teachers: tuple[PersonOid, ...], report: Report, day: date) -> GroupRow | None:
        """The student by the plan that waits for most; nothing of who has no open right at the acting organisation."""
        states = [(self._state(view, right, report.items, day), right.oid) for right in _open(view)]
        if not states:
            return None
        order = (None, *GuidanceState)
        state, oid = min(states, key=lambda each: (order.index(each[0]), each[1]))
        plan = view.plan(oid)
        covering = view.covering.get(oid, oid)
        is_named = Slice(Item.ID, Aspect.NAMES) in report.items or Item.ID in report.items
        dated = plan if plan is not None and Item.D1 in report.items else None
        return GroupRow(
            student=GuidanceStudent(
                name=view.student.name if is_named else None,
                responsible_teachers=teachers,
                first_approved_on=dated.first_approved_on if dated else None,
                updated_at=dated.updated_at if dated else None,
                phase=plan.guidance_phase.phase if plan is not None and plan.guidance_phase is not None else None,
                state=state,
            ),
            subject=view.oid,
            right=covering,
            origin=view.plan_origins.get(covering) or view.right_origins.get(oid),
            grant=view.grants[covering if covering in view.grants else oid],
            report=report,
        )

    def _state(self, view: View, right: StudyRight, items: Seen, day: date) -> GuidanceState | None:
        plan = view.plan(right.oid)
        if plan is None and any(each.outcome in FAILED for each in view.student.sources):
            return None
        return state_of(redact(plan, items) if plan is not None else None, day, self._weeks)


def counted_by_teacher(told: Mapping[PersonOid | None, Tally]) -> Iterable[Counts]:
    """The counts that may be shown, small groups put together and small counts left out, by the teachers' OIDs."""
    small = groups_folded({teacher: of.total() for teacher, of in told.items()})
    for teacher in sorted(told.keys() - small, key=lambda each: each or ""):
        yield _counts(told[teacher], teacher, is_folded=False)
    if small:
        together = sum((told[each] for each in small), Tally())
        yield _counts(together, None, is_folded=True)


def _unless_few(students: int) -> int | None:
    return students if students == 0 or students >= SMALLEST else None


def _counts(of: Tally, teacher: PersonOid | None, *, is_folded: bool) -> Counts:
    total = of.total()
    order: tuple[GuidanceState | None, ...] = (*GuidanceState, None)
    shown = _folded({state: sum(n for (its, _), n in of.items() if its is state) for state in order}, total)
    # INVARIANT: a phase hints at a state (a plan that is not approved is in the first), so that phases are told only
    # beside states that are all told.
    stages: tuple[GuidancePhase | None, ...] = (*GuidancePhase, None)
    phases = _folded({phase: sum(n for (_, its), n in of.items() if its is phase) for phase in stages}, total)
    if None in shown.values():
        phases = dict.fromkeys(stages)
    waiting, late, unread = (shown[each] for each in (GuidanceState.NOT_APPROVED, GuidanceState.NOT_UPDATED, None))
    # INVARIANT: these two are told only where what they are the rest of is told, so that they add nothing.
    approved = total - waiting - unread if waiting is not None and unread is not None else None
    return Counts(
        teacher=teacher,
        is_folded=is_folded,
        students=total if total >= SMALLEST else None,
        approved=approved,
        updated=approved - late if approved is not None and late is not None else None,
        states=tuple((state, shown[state]) for state in order),
        phases=tuple((phase, phases[phase]) for phase in stages),
    )


def _folded(counts: Mapping[K, int], total: int) -> dict[K, int | None]:
    return folded(counts) if total >= SMALLEST else dict.fromkeys(counts)


class _Count:
    """What a count came to so far, in this request and those that it goes on from."""

    def __init__(self, place: SummaryPlace | None) -> None:
        self.after = place.after if place is not None else None
        self.told: dict[PersonOid | None, Tally] = {}
        self.unread = place.unread if place is not None else 0
        self.has_begun = False
        """Whether anybody was counted in this request: each goes on by one at least."""
        for teacher, state, phase, students in place.counted if place is not None else ():
            self.told.setdefault(teacher, Counter())[state, phase] += students

    def take(self, oid: LearnerOid, row: GroupRow | None, *, is_read: bool) -> None:
        """Count one student."""
        self.after, self.has_begun = oid, True
        self.unread += not is_read
        if row is not None:
            teacher = next(iter(row.student.responsible_teachers), None)
            self.told.setdefault(teacher, Counter())[row.student.state, row.student.phase] += 1

    def place(self, day: date) -> SummaryPlace | None:
        """Where it goes on."""
        if self.after is None:
            return None
        counted = tuple(
            (teacher, state, phase, students)
            for teacher, of in self.told.items()
            for (state, phase), students in of.items()
        )
        return SummaryPlace(after=self.after, day=day, counted=counted, unread=self.unread)


class _Gathered:
    """What a walk came to so far."""

    def __init__(self) -> None:
        self._grants: dict[object, Grant] = {}
        self.rows: list[GroupRow] = []
        self.seen = 0
        self.unread = 0
        self.gaps: dict[str, SourceStatus] = {}

    def add(self, row: GroupRow) -> None:
        """Keep a row. Students are granted much alike, and of grants that give the same one is kept."""
        same = (row.grant.allowances, frozenset(row.grant.refusals.items()))
        self.rows.append(msgspec.structs.replace(row, grant=self._grants.setdefault(same, row.grant)))

    def take(self, person: Person, view: View | None) -> None:
        """Count one student, and keep which sources failed."""
        self.unread += view is None and person.oid != NOBODY
        if view is not None:
            self.seen += any(True for _ in _open(view))
            self.gaps |= {each.source: each for each in view.student.sources if each.outcome in FAILED}


def _conditions(caller: Caller, view: View | None) -> set[str]:
    """What holds of a group with this student in it."""
    known = set[str]()
    if view is not None and any(True for _ in _open(view)):
        known.add("students of the group have a right at the acting organisation")
        if caller.role in ASSIGNED:
            known.add("students of the group are assigned to the caller")
    return known


def _open(view: View) -> Iterable[StudyRight]:
    """The rights that are the acting organisation's own and not over."""
    rights = zip(view.rights, view.student.study_rights or (), strict=True)
    return (right for oid, right in rights if oid in view.own and right.phase in OPEN_PHASES)


def _is_of(student: GuidanceStudent, theme: Theme) -> bool:
    """Whether a theme is about the student."""
    return student.state in theme.states or student.phase in theme.phases


def _teachers(assignments: Iterable[Assignment]) -> dict[LearnerOid, set[PersonOid]]:
    teachers: dict[LearnerOid, set[PersonOid]] = {}
    for each in assignments:
        if each.role is Role.RESPONSIBLE_TEACHER:
            teachers.setdefault(each.learner, set()).add(each.person)
    return teachers


def _of(person: Person, teachers: Mapping[LearnerOid, set[PersonOid]]) -> tuple[PersonOid, ...]:
    return tuple(sorted(set[PersonOid]().union(*(teachers.get(oid, set()) for oid in person.all_oids))))


def _as_staff(caller: Caller) -> Caller:
    """The caller as a member of the acting organisation's staff: for counting what nobody is shown."""
    acting = HeldRole(Role.STAFF, caller.organisation)
    return Caller(subject=caller.subject, acting=acting, held=(acting,))

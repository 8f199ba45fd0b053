"""What is drawn from a redacted student: workplace learning, units side by side, hints, guidance phase and progress.

Drawn after redaction, so a view can only hold what its reader may see anyway.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property

import msgspec

from hoks.combined_units import combined_units
from hoks.findings import Finding
from hoks.guidance_phase import Guidance, Signs, guidance
from hoks.hints import Hint, hints, is_at_a_workplace
from hoks.items import Item, Seen, sees_days
from hoks.placed import Placed, UnitKind, placed_units
from hoks.plan import Hoks
from hoks.progress import Counted, Progress, progress
from hoks.student import Student, WorkplacePeriod


class Reached(msgspec.Struct, frozen=True):
    """A redacted plan, what may be seen of it, and whether all of it is reached or only what names the caller."""

    plan: Hoks
    seen: Seen
    is_whole: bool = True

    @property
    def placed(self) -> list[Placed]:
        """The plan's units; of a plan that is reached in part, without what could be said of the whole."""
        return list(placed_units([(self.plan, self.seen if self.is_whole else frozenset())]))


PROGRESS, GUIDANCE_PHASE = "Hoks.progress", "Hoks.guidancePhase"
WORKPLACE_LEARNING, COMBINED_UNITS = "Student.workplaceLearning", "Student.combinedUnits"
HINTS, FINDINGS = "Student.hints", "Student.findings"
VIEWS = frozenset({PROGRESS, GUIDANCE_PHASE, WORKPLACE_LEARNING, COMBINED_UNITS, HINTS, FINDINGS})
"""The coordinates in the graph of what is drawn here."""


def with_views(
    student: Student, reached: Sequence[Reached], day: date, selected: Collection[str] | None = None
) -> Student:
    """The student with what is drawn from the rights and plans shown, as they are on ``day``.

    Of a view that is not among the ``selected`` coordinates nothing is drawn: null, which no answer shows.
    """
    wanted = VIEWS if selected is None else VIEWS.intersection(selected)
    drawing = _Drawing(reached, day)
    student = msgspec.structs.replace(student, hoksit=tuple([drawing.plan(each, wanted) for each in reached]))
    drawn = {
        name: draw(drawing, student) if coordinate in wanted else None for coordinate, (name, draw) in _VIEWS.items()
    }
    return msgspec.structs.replace(student, **drawn)


class _Drawing:
    """What several views are drawn from, made when the first of them is."""

    def __init__(self, reached: Sequence[Reached], day: date) -> None:
        self.day = day
        self._reached = reached

    @cached_property
    def placed(self) -> Mapping[int, Sequence[Placed]]:
        """The units of each plan, by its place."""
        return {id(each): each.placed for each in self._reached}

    @cached_property
    def every(self) -> Sequence[Placed]:
        """The units of all plans."""
        return [unit for units in self.placed.values() for unit in units]

    @cached_property
    def hints(self) -> tuple[Hint, ...]:
        """What the plans say together."""
        return hints(self.every, self.day)

    def plan(self, reached: Reached, wanted: frozenset[str]) -> Hoks:
        """A plan with what is drawn from it; beside a view of its units both, for what those tell is told of it too."""
        if wanted <= {FINDINGS}:
            return reached.plan
        units = _counted(self.placed[id(reached)], self.day)
        counted = progress(units, reached.seen, is_whole=reached.is_whole)
        return msgspec.structs.replace(
            reached.plan, progress=counted, guidance_phase=_guidance(reached, counted, self.day)
        )


_VIEWS: Mapping[str, tuple[str, Callable[[_Drawing, Student], object]]] = {
    WORKPLACE_LEARNING: ("workplace_learning", lambda drawing, _: workplace_learning(drawing.every)),
    COMBINED_UNITS: ("combined_units", lambda drawing, _: combined_units(drawing.every, drawing.day, drawing.hints)),
    HINTS: ("hints", lambda drawing, _: drawing.hints),
    FINDINGS: ("findings", lambda _, student: all_findings(student)),
}
"""The views of a student: coordinate, field, and how it is drawn."""


def workplace_learning(placed: Iterable[Placed]) -> tuple[WorkplacePeriod, ...]:
    """Periods at workplaces across all plans, by first day; undated ones last."""
    periods = [
        WorkplacePeriod(
            study_right_oid=each.plan.study_right_oid,
            provider=each.plan.provider,
            unit_kind=each.kind,
            unit=each.code,
            unit_name=each.name,
            acquisition=acquisition,
        )
        for each in placed
        for acquisition in each.acquisitions
        if is_at_a_workplace(acquisition)
    ]
    return tuple(sorted(periods, key=_first_day))


def all_findings(student: Student) -> tuple[Finding, ...]:
    """The findings of everything shown, each once."""
    found = [each for right in student.study_rights or () for each in right.findings or ()]
    found += [each for plan in student.hoksit or () for each in plan.findings or ()]
    return tuple(dict.fromkeys(found))


def _counted(placed: Sequence[Placed], day: date) -> list[Counted]:
    """The units and subareas to count; a common unit itself only where it has no subareas."""
    return [
        Counted(each.item, each.stage(day), each.points)
        for each in placed
        if each.kind is not UnitKind.COMMON or not getattr(each.part, "subareas", None)
    ]


_DATED = (Item.D1, Item.D10)


def _guidance(reached: Reached, counted: Progress, day: date) -> Guidance:
    plan, right = reached.plan, reached.plan.study_right
    whole = {Item.D2u, Item.SR} & reached.seen if reached.is_whole else {Item.SR} & reached.seen
    dated = {each for each in _DATED if sees_days(each, reached.seen) and (reached.is_whole or each is Item.D1)}
    periods = (right.periods if right is not None else None) or ()
    signs = Signs(
        day=day,
        shown=frozenset({*whole, *dated}),
        right=right.phase if right is not None else None,
        state=right.state if right is not None else None,
        start=(right.start_date or min((each.start_date for each in periods), default=None)) if right else None,
        end=(right.end_date or right.estimated_end_date) if right is not None else None,
        approved=plan.first_approved_on,
        planned=counted.planned or 0,
        demonstrated=counted.demonstrated or 0,
    )
    return guidance(signs, plan.career_plan_goal)


def _first_day(period: WorkplacePeriod) -> tuple[date, str]:
    start = period.acquisition.start_date if period.acquisition else None
    return (start or date.max, period.acquisition.id if period.acquisition else "")

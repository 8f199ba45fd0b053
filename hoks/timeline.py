"""Timeline: everything with a day in the rights and plans shown of a student, across providers, in one ordered list.

INVARIANT: made of what is shown alone, and so are its order, its filters and the places where its pages end.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise, zip_longest
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from hoks.codes import AcquisitionMode, StudyRightState
from hoks.competence import TIMING_ITEMS, CompetenceAcquisition
from hoks.hints import timing_items
from hoks.identifiers import StudyRightOid
from hoks.items import Item, attached, attached_with, item, one_of
from hoks.placed import UNIT_ITEMS, Placed, UnitKind, placed_units
from hoks.plan import Hoks
from hoks.records import Record
from hoks.study_right import StudyRight
from hoks.units import PreparatoryEducationPart
from hoks.values import Code, Organisation, Provenance

HELSINKI = ZoneInfo("Europe/Helsinki")


class TimelineKind(StrEnum):
    """What happens, or is planned to happen, on the days of an entry."""

    STUDY_RIGHT_STATE = "STUDY_RIGHT_STATE"
    ESTIMATED_END = "ESTIMATED_END"
    FIRST_APPROVAL = "FIRST_APPROVAL"
    APPROVAL = "APPROVAL"
    UPDATE = "UPDATE"
    SENT_FOR_ASSESSMENT = "SENT_FOR_ASSESSMENT"
    LEARNING = "LEARNING"
    INTERRUPTION = "INTERRUPTION"
    DEMONSTRATION = "DEMONSTRATION"
    SUPPORT = "SUPPORT"
    COMPETENCE_ACHIEVED = "COMPETENCE_ACHIEVED"


_ALL = (Item.SR, Item.D1, Item.D4, Item.D9, Item.D10, *TIMING_ITEMS, Item.Gi, Item.X)
_GOES_ON = frozenset({TimelineKind.STUDY_RIGHT_STATE, TimelineKind.INTERRUPTION})
"""What goes on where no last day is told; everything else is then of its first day."""

OF_RIGHTS = frozenset({TimelineKind.STUDY_RIGHT_STATE, TimelineKind.ESTIMATED_END})
"""What is told of a study right; the rest is told of its plan."""


class TimelineEntry(Record, frozen=True, gc=False):
    """One entry of a student's timeline (aikajana), with the right and the part it comes from."""

    kind: Annotated[TimelineKind | None, one_of(_ALL, "what_it_is", "What the days are of.")] = None
    start_date: Annotated[date | None, one_of(_ALL, "what_it_is", "First day.")] = None
    end_date: Annotated[
        date | None,
        one_of(_ALL, "what_it_is", "Last day; null of what goes on, and of what no last day is told of."),
    ] = None
    study_right_oid: Annotated[StudyRightOid | None, item(Item.SR, "The study right (opiskeluoikeuden oid).")] = None
    provider: Annotated[Organisation | None, item(Item.SR, "The provider (koulutuksen järjestäjä).")] = None
    part_id: Annotated[
        str | None, attached("Id of the part of the plan; null of the right and of the plan itself.")
    ] = None
    unit_kind: Annotated[UnitKind | None, one_of(UNIT_ITEMS, "unit_items", "Kind of the unit it belongs to.")] = None
    unit: Annotated[Code | None, one_of(UNIT_ITEMS, "unit_items", "The unit or subarea (tutkinnon osa, osa-alue).")] = (
        None
    )
    unit_name: Annotated[str | None, one_of(UNIT_ITEMS, "unit_items", "Name of a local unit (nimi).")] = None
    state: Annotated[StudyRightState | None, item(Item.SR, "The study right's state from its first day (tila).")] = None
    mode: Annotated[AcquisitionMode | None, item(Item.G, "Way of acquiring competence (osaamisen hankkimistapa).")] = (
        None
    )
    workplace_name: Annotated[str | None, item(Item.W1, "Workplace (työpaikan nimi).")] = None
    support_type: Annotated[Code | None, item(Item.D9, "Type of learning support (oppimisen tuen tyyppi).")] = None
    items: Annotated[tuple[Item, ...], attached("The law items of the entry's days and of its unit.")] = ()
    provenance: Annotated[Provenance | None, attached_with(Item.SR, "Where it came from.")] = None

    @property
    def what_it_is(self) -> frozenset[Item]:
        """The items of its days."""
        days = frozenset(self.items) & frozenset(_ALL)
        return days - {Item.D4} if self.kind is not TimelineKind.SENT_FOR_ASSESSMENT else days

    @property
    def unit_items(self) -> frozenset[Item]:
        """The items by which its unit is seen."""
        return frozenset(self.items) & frozenset(UNIT_ITEMS)


class Placement(NamedTuple):
    """Where an entry stands among all: what a page ends with. Of entries that are alike, in order of number."""

    day: str
    kind: int
    right: str
    part: str
    end: str
    number: int


class Page(msgspec.Struct, frozen=True):
    """Some entries in order, each with its place, and whether more follow."""

    entries: tuple[tuple[Placement, TimelineEntry], ...]
    more: bool


def page(
    entries: Iterable[TimelineEntry],
    *,
    first: int,
    after: Placement | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Page:
    """The next ``first`` entries after a place, of those of which some day is from ``since`` to ``until``."""
    wanted = [
        (place, each)
        for place, each in _in_order(entries)
        if (after is None or place > after) and _touches(each, since, until)
    ]
    return Page(tuple(wanted[:first]), more=len(wanted) > first)


def timeline(rights: Iterable[StudyRight], plans: Sequence[Hoks]) -> tuple[TimelineEntry, ...]:
    """Every dated entry of rights and plans, in no order of its own."""
    found = [each for right in rights for each in _of_right(right)]
    found += [each for plan in plans for each in _of_plan(plan)]
    found += [each for placed in placed_units((plan, frozenset()) for plan in plans) for each in _of_unit(placed)]
    return tuple(each for each in found if _day(each) is not None)


def _in_order(entries: Iterable[TimelineEntry]) -> Iterator[tuple[Placement, TimelineEntry]]:
    places = sorted(((_place(each), each) for each in entries), key=lambda placed: placed[0])
    for _, alike in groupby(places, key=lambda placed: placed[0]):
        for number, (place, each) in enumerate(alike):
            yield place._replace(number=number), each


def _place(entry: TimelineEntry) -> Placement:
    day = _day(entry)
    return Placement(
        day=day.isoformat() if day else "",
        kind=list(TimelineKind).index(entry.kind or TimelineKind.UPDATE),
        right=entry.study_right_oid or "",
        part=entry.part_id or "",
        end=entry.end_date.isoformat() if entry.end_date else "~",
        number=0,
    )


def _day(entry: TimelineEntry) -> date | None:
    return entry.start_date or entry.end_date


def _touches(entry: TimelineEntry, since: date | None, until: date | None) -> bool:
    day = _day(entry)
    if day is None:
        return False
    last = entry.end_date or (date.max if entry.kind in _GOES_ON else day)
    return (until is None or day <= until) and (since is None or last >= since)


# --- from what they are made --------------------------------------------------------------------------------------


def _of_right(right: StudyRight) -> Iterator[TimelineEntry]:
    of_right = TimelineEntry(
        study_right_oid=right.oid, provider=right.provider, items=(Item.SR,), provenance=right.provenance
    )
    periods = sorted(right.periods or (), key=lambda period: period.start_date)
    ends = [_day_before(later.start_date, period.start_date) for period, later in pairwise(periods)]
    for period, end in zip_longest(periods, ends):
        yield _with(of_right, TimelineKind.STUDY_RIGHT_STATE, period.start_date, end, state=period.state)
    if right.end_date is None:
        yield _with(of_right, TimelineKind.ESTIMATED_END, right.estimated_end_date)


def _of_plan(plan: Hoks) -> Iterator[TimelineEntry]:
    of_plan = TimelineEntry(study_right_oid=plan.study_right_oid, provider=plan.provider, provenance=plan.provenance)
    approved = msgspec.structs.replace(of_plan, items=(Item.D1,))
    yield _with(approved, TimelineKind.FIRST_APPROVAL, plan.first_approved_on)
    yield _with(approved, TimelineKind.APPROVAL, _local(plan.approved_at))
    yield _with(approved, TimelineKind.UPDATE, _local(plan.updated_at))
    achieved = msgspec.structs.replace(of_plan, items=(Item.X,))
    yield _with(achieved, TimelineKind.COMPETENCE_ACHIEVED, plan.competence_achieved_on)
    supported = msgspec.structs.replace(of_plan, items=(Item.D9,))
    for support in plan.learning_support or ():
        told = {"part_id": support.id, "support_type": support.support_type, "provenance": support.provenance}
        yield _with(supported, TimelineKind.SUPPORT, support.start_date, support.end_date, **told)
    for studies in plan.studies_supporting_study_skills or ():
        told = {"part_id": studies.id, "provenance": studies.provenance}
        yield _with(supported, TimelineKind.SUPPORT, studies.start_date, studies.end_date, **told)


def _of_unit(placed: Placed) -> Iterator[TimelineEntry]:
    of_unit = (placed.item,) if placed.code is not None or placed.name else ()
    entry = TimelineEntry(
        study_right_oid=placed.plan.study_right_oid,
        provider=placed.plan.provider,
        part_id=placed.part.id,
        unit_kind=placed.kind if of_unit else None,
        unit=placed.code,
        unit_name=placed.name,
        provenance=placed.part.provenance,
    )
    part = placed.part
    if isinstance(part, PreparatoryEducationPart):
        parts = msgspec.structs.replace(entry, items=(Item.G, *of_unit))
        yield _with(parts, TimelineKind.LEARNING, part.start_date, part.end_date)
    sent = msgspec.structs.replace(entry, items=(Item.D4, *of_unit))
    yield _with(sent, TimelineKind.SENT_FOR_ASSESSMENT, placed.sent_for_assessment_on)
    for period in placed.acquisitions:
        yield from _of_period(entry, period, of_unit)
    shown = msgspec.structs.replace(entry, items=(Item.D10, *of_unit))
    for each in placed.demonstrations:
        yield _with(shown, TimelineKind.DEMONSTRATION, each.start_date, each.end_date, part_id=each.id)


def _of_period(
    entry: TimelineEntry, period: CompetenceAcquisition, of_unit: tuple[Item, ...]
) -> Iterator[TimelineEntry]:
    place = period.workplace_learning
    learning = msgspec.structs.replace(
        entry,
        part_id=period.id,
        mode=period.mode,
        workplace_name=place.workplace_name if place is not None else None,
        items=(*timing_items(period), *of_unit),
        provenance=period.provenance,
    )
    yield _with(learning, TimelineKind.LEARNING, period.start_date, period.end_date)
    interrupted = msgspec.structs.replace(learning, items=(Item.Gi, *of_unit))
    for each in period.interruptions or ():
        yield _with(interrupted, TimelineKind.INTERRUPTION, each.start_date, each.end_date)


def _with(
    entry: TimelineEntry, kind: TimelineKind, start: date | None, end: date | None = None, **told: object
) -> TimelineEntry:
    return msgspec.structs.replace(entry, kind=kind, start_date=start, end_date=end, **told)


def _day_before(day: date, start: date) -> date:
    """The day before, or the first day where both are the same."""
    return day - timedelta(days=1) if day > start else start


def _local(moment: datetime | None) -> date | None:
    try:
        return moment.astimezone(HELSINKI).date() if moment is not None else None
    except OverflowError:
        return None  # at the ends of the calendar there is no such day

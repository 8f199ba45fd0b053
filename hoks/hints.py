"""Hints: what two plans of a student say together that helps to recognise competence and to plan (source 004:239).

INVARIANT: a hint follows from what is shown and never from what is lacking: whoever is shown more has the same hints
and perhaps others. So what is undated, unnamed or unknown takes part in none, and interruptions take nothing away.

A hint names the plans it rests on, so both study rights have to be shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations
from typing import Annotated, NamedTuple

from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.competence import TIMING_ITEMS, CompetenceAcquisition
from hoks.identifiers import StudyRightOid
from hoks.items import Item, attached, attached_with, drawn_from, item, one_of, structure, technical
from hoks.placed import UNIT_ITEMS, Placed, Standing, UnitKind, UnitMatch, same_unit
from hoks.plan import Hoks
from hoks.records import Record, uri_of
from hoks.study_right import Phase
from hoks.values import Code, Organisation, Provenance

FULL_TIME = 100
"""Working time, per cent, beyond which periods together are more than full time."""
_GOES_ON = frozenset({Phase.UPCOMING, Phase.CURRENT, Phase.SUSPENDED})
AT_A_WORKPLACE = frozenset({AcquisitionMode.TRAINING_AGREEMENT, AcquisitionMode.APPRENTICESHIP})


class HintKind(StrEnum):
    """What is said together.

    Planned counts under a study right that goes on; a past overlap is no hint.
    """

    ACQUIRED_ELSEWHERE = "ACQUIRED_ELSEWHERE"
    SENT_FOR_ASSESSMENT_ELSEWHERE = "SENT_FOR_ASSESSMENT_ELSEWHERE"
    PLANNED_AT_BOTH = "PLANNED_AT_BOTH"
    OVERLAPPING_WORKPLACE_PERIODS = "OVERLAPPING_WORKPLACE_PERIODS"
    OVER_FULL_TIME = "OVER_FULL_TIME"


class Basis(StrEnum):
    """What a part of a plan says to a hint; whether a demonstration was passed no plan says."""

    PLANNED = "PLANNED"
    RECOGNISED = "RECOGNISED"
    PRIOR = "PRIOR"
    DEMONSTRATED = "DEMONSTRATED"
    SENT_FOR_ASSESSMENT = "SENT_FOR_ASSESSMENT"
    WORKPLACE_PERIOD = "WORKPLACE_PERIOD"


_ALL = (*UNIT_ITEMS, Item.D10, *TIMING_ITEMS, Item.X)
_DAYS = (Item.D4, Item.D10, *TIMING_ITEMS)


class HintEvidence(Record, frozen=True, gc=False):
    """One part of one plan on which a hint rests."""

    study_right_oid: Annotated[StudyRightOid | None, item(Item.SR, "The plan's study right (opiskeluoikeuden oid).")]
    provider: Annotated[Organisation | None, item(Item.SR, "The plan's provider (koulutuksen järjestäjä).")] = None
    part_id: Annotated[str, attached("Id of the part in that plan: the unit's, or the period's.")] = ""
    basis: Annotated[Basis | None, one_of(_ALL, "what_it_rests_on", "What the part says.")] = None
    unit_kind: Annotated[UnitKind | None, one_of(UNIT_ITEMS, "unit_items", "Kind of the unit.")] = None
    unit: Annotated[Code | None, one_of(UNIT_ITEMS, "unit_items", "The unit or subarea (tutkinnon osa, osa-alue).")] = (
        None
    )
    unit_name: Annotated[str | None, one_of(UNIT_ITEMS, "unit_items", "Name of a local unit (nimi).")] = None
    start_date: Annotated[date | None, one_of(_DAYS, "day_items", "First day, of a period.")] = None
    end_date: Annotated[
        date | None,
        one_of(_DAYS, "day_items", "Last day of a period or demonstration, or the day of sending to assessors."),
    ] = None
    working_time_percent: Annotated[
        int | None, technical("Working time of a period, per cent of full time (osa-aikaisuustieto).")
    ] = None
    items: Annotated[tuple[Item, ...], attached("The law items on which this rests.")] = ()
    provenance: Annotated[Provenance | None, attached_with(Item.SR, "Where it came from.")] = None

    @property
    def what_it_rests_on(self) -> frozenset[Item]:
        """The items of everything that the part says to the hint."""
        return frozenset(self.items)

    @property
    def unit_items(self) -> frozenset[Item]:
        """The items by which its unit is seen."""
        return frozenset(self.items) & frozenset(UNIT_ITEMS)

    @property
    def day_items(self) -> frozenset[Item]:
        """The items of its days."""
        return frozenset(self.items) & frozenset(_DAYS)


class Hint(Record, frozen=True, gc=False):
    """Something that two or more plans of one student say together; it decides nothing, a teacher does."""

    kind: Annotated[HintKind | None, drawn_from(_ALL, "What is said together.")] = None
    matched_by: Annotated[
        UnitMatch | None, drawn_from(UNIT_ITEMS, "By what the units are the same; null of workplace periods.")
    ] = None
    start_date: Annotated[date | None, drawn_from(TIMING_ITEMS, "First day on which periods overlap.")] = None
    end_date: Annotated[date | None, drawn_from(TIMING_ITEMS, "Last day on which they do.")] = None
    working_time_percent: Annotated[
        int | None, drawn_from((Item.X,), "The most that working times come to together, per cent of full time.")
    ] = None
    evidence: Annotated[tuple[HintEvidence, ...] | None, structure("The parts on which it rests, plan by plan.")] = ()


def hints(placed: Sequence[Placed], day: date) -> tuple[Hint, ...]:
    """Every hint of the units placed in the plans shown, each once, in an order of their own.

    The order of plans does not matter, nor do plans of the same study right: those are a finding.
    """
    known = [each for each in placed if _right(each.plan) is not None]
    if len({_right(each.plan) for each in known}) < 2:
        return ()
    found = [*_of_units(known, day), *_of_periods(known, day)]
    return tuple(sorted(found, key=_order))


def hints_by_unit(hints: Iterable[Hint]) -> Mapping[str, tuple[Hint, ...]]:
    """The hints in whose evidence each part stands, by the part's id."""
    by_part: dict[str, list[Hint]] = {}
    for hint in hints:
        for part in {each.part_id: None for each in hint.evidence or ()}:
            by_part.setdefault(part, []).append(hint)
    return {part: tuple(of_part) for part, of_part in by_part.items()}


# --- units ------------------------------------------------------------------------------------------------------------


class _Said(NamedTuple):
    """One thing a unit says to a hint."""

    basis: Basis
    day: date | None
    items: tuple[Item, ...]


_PLANNED = _Said(Basis.PLANNED, None, (Item.D2u,))
_ELSEWHERE = {
    Basis.RECOGNISED: HintKind.ACQUIRED_ELSEWHERE,
    Basis.PRIOR: HintKind.ACQUIRED_ELSEWHERE,
    Basis.DEMONSTRATED: HintKind.ACQUIRED_ELSEWHERE,
    Basis.SENT_FOR_ASSESSMENT: HintKind.SENT_FOR_ASSESSMENT_ELSEWHERE,
    Basis.PLANNED: HintKind.PLANNED_AT_BOTH,
}
"""What it is to a unit that is planned, when the same unit says this in another plan."""

_Key = tuple[HintKind, UnitMatch, tuple[tuple[str, tuple[str, ...]], ...]]


def _of_units(placed: Sequence[Placed], day: date) -> Iterator[Hint]:
    found: dict[_Key, dict[tuple[int, _Said], Placed]] = {}
    for one, other in _pairs(placed):
        match = same_unit(one, other)
        if match is not None and _says(one, Basis.PLANNED, day):
            for said in _sayings(other, day):
                kind = _ELSEWHERE[said.basis]
                of_hint = found.setdefault((kind, match, _sides(kind, one, other)), {})
                of_hint[id(one), _PLANNED] = one
                of_hint[id(other), said] = other
    for (kind, match, _), sayings in found.items():
        evidence = (_evidence(each, said) for (_, said), each in sayings.items())
        yield Hint(kind=kind, matched_by=match, evidence=_sorted(evidence))


def _pairs(placed: Sequence[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """Every two units of two study rights that may be the same, both ways."""
    alike: dict[tuple[UnitKind, str | None], list[Placed]] = {}
    for each in placed:
        alike.setdefault((each.kind, uri_of(each.code)), []).append(each)
    for units in alike.values():
        for one, other in combinations(units, 2):
            if _right(one.plan) != _right(other.plan):
                yield one, other
                yield other, one


def _sides(kind: HintKind, one: Placed, other: Placed) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Which unit of which plan it is about: first the planned one, and where both are planned in order."""
    sides = [(str(_right(each.plan)), each.key) for each in (one, other)]
    return tuple(sorted(sides) if kind is HintKind.PLANNED_AT_BOTH else sides)


def _says(placed: Placed, basis: Basis, day: date) -> bool:
    return any(said.basis is basis for said in _sayings(placed, day))


def _sayings(placed: Placed, day: date) -> Iterator[_Said]:
    if placed.standing is Standing.PLANNED:
        if placed.code is None and not placed.name:
            return
        if _goes_on(placed.plan):
            yield _PLANNED
        yield from (_Said(Basis.DEMONSTRATED, held, (Item.D2u, Item.D10)) for held in placed.held(day))
        return
    match getattr(placed.part, "recognition_process", None):
        case RecognitionProcess.DIRECT:
            yield _Said(Basis.RECOGNISED, None, (Item.D3,))
        case RecognitionProcess.VIA_ASSESSORS:
            yield _Said(Basis.SENT_FOR_ASSESSMENT, placed.sent_for_assessment_on, (Item.D4,))
        case RecognitionProcess.DEMONSTRATION:
            yield from (_Said(Basis.DEMONSTRATED, held, (Item.D5, Item.D10)) for held in placed.held(day))
        case _:
            yield _Said(Basis.PRIOR, None, (Item.D5,))


def _evidence(placed: Placed, said: _Said) -> HintEvidence:
    return HintEvidence(
        study_right_oid=_right(placed.plan),
        provider=placed.plan.provider,
        part_id=placed.part.id,
        basis=said.basis,
        unit_kind=placed.kind,
        unit=placed.code,
        unit_name=placed.name,
        end_date=said.day,
        items=(Item.SR, *said.items),
        provenance=placed.part.provenance,
    )


# --- periods at workplaces --------------------------------------------------------------------------------------------


class _Period(NamedTuple):
    """A period at a workplace whose days are known, in a plan that goes on."""

    right: StudyRightOid
    first: date
    last: date
    placed: Placed
    acquisition: CompetenceAcquisition

    @property
    def engagement(self) -> tuple[str | None, date, date]:
        """What is one engagement in one plan, though the plan lists it under each of its units."""
        place = self.acquisition.workplace_learning
        where = (place.workplace_business_id or place.workplace_name) if place is not None else None
        return (where, self.first, self.last)


class _Stretch(NamedTuple):
    """Days without a change, and the periods on them."""

    first: date
    last: date
    periods: tuple[_Period, ...]


def _of_periods(placed: Sequence[Placed], day: date) -> Iterator[Hint]:
    periods = list(_periods(placed))
    rights = sorted({each.right for each in periods})
    for pair in combinations(rights, 2):
        both = [each for each in _stretches([p for p in periods if p.right in pair]) if _rights(each) == set(pair)]
        for run in _runs(both, day):
            yield _of_run(HintKind.OVERLAPPING_WORKPLACE_PERIODS, run)
    over = [each for each in _stretches(periods) if len(_rights(each)) > 1 and _percent(each) > FULL_TIME]
    for run in _runs(over, day):
        yield _of_run(HintKind.OVER_FULL_TIME, run)


def _periods(placed: Sequence[Placed]) -> Iterator[_Period]:
    for each in placed:
        right = _right(each.plan)
        if right is None or not _goes_on(each.plan):
            continue
        for acquisition in each.acquisitions:
            first, last = acquisition.start_date, acquisition.end_date or acquisition.start_date
            if first is not None and last is not None and first <= last and is_at_a_workplace(acquisition):
                yield _Period(right, first, last, each, acquisition)


def is_at_a_workplace(acquisition: CompetenceAcquisition) -> bool:
    """Whether competence is acquired at a workplace, by its mode or because a workplace is named."""
    return acquisition.workplace_learning is not None or acquisition.mode in AT_A_WORKPLACE


def _stretches(periods: Sequence[_Period]) -> list[_Stretch]:
    one_day = timedelta(days=1)
    ends = [each.last + one_day for each in periods if each.last < date.max]
    changes = sorted({*(each.first for each in periods), *ends})
    found: list[_Stretch] = []
    for place, first in enumerate(changes):
        last = changes[place + 1] - one_day if place + 1 < len(changes) else date.max
        on = tuple(each for each in periods if each.first <= first <= each.last)
        if on:
            found.append(_Stretch(first, last, on))
    return found


def _runs(stretches: Iterable[_Stretch], day: date) -> Iterator[list[_Stretch]]:
    """Stretches that follow each other without a gap, where they are not over before ``day``."""
    run: list[_Stretch] = []
    for each in stretches:
        if run and run[-1].last + timedelta(days=1) != each.first:
            if run[-1].last >= day:
                yield run
            run = []
        run.append(each)
    if run and run[-1].last >= day:
        yield run


def _rights(stretch: _Stretch) -> set[StudyRightOid]:
    return {each.right for each in stretch.periods}


def _percent(stretch: _Stretch) -> int:
    """Working times together, each engagement of a plan once; an unknown one counts nothing."""
    of_engagement: dict[object, int] = {}
    for each in stretch.periods:
        key = (each.right, *each.engagement)
        of_engagement[key] = max(of_engagement.get(key, 0), each.acquisition.working_time_percent or 0)
    return sum(of_engagement.values())


def _of_run(kind: HintKind, run: Sequence[_Stretch]) -> Hint:
    is_percent = kind is HintKind.OVER_FULL_TIME
    periods = {id(each): each for stretch in run for each in stretch.periods}
    return Hint(
        kind=kind,
        start_date=run[0].first,
        end_date=run[-1].last,
        working_time_percent=max(map(_percent, run)) if is_percent else None,
        evidence=_sorted(_of_period(each, is_percent=is_percent) for each in periods.values()),
    )


def _of_period(period: _Period, *, is_percent: bool) -> HintEvidence:
    acquisition, placed = period.acquisition, period.placed
    percent = acquisition.working_time_percent if is_percent else None
    return HintEvidence(
        study_right_oid=period.right,
        provider=placed.plan.provider,
        part_id=acquisition.id,
        basis=Basis.WORKPLACE_PERIOD,
        unit_kind=placed.kind,
        unit=placed.code,
        unit_name=placed.name,
        start_date=acquisition.start_date,
        end_date=acquisition.end_date,
        working_time_percent=percent,
        items=(Item.SR, *_units_item(placed), *timing_items(acquisition), *((Item.X,) if percent is not None else ())),
        provenance=acquisition.provenance,
    )


def timing_items(acquisition: CompetenceAcquisition) -> tuple[Item, ...]:
    """The items of a period's days; where its mode is not shown, those by which they may have been shown."""
    return (acquisition.timing_item,) if acquisition.mode is not None else TIMING_ITEMS


def _units_item(placed: Placed) -> tuple[Item, ...]:
    return (placed.item,) if placed.code is not None or placed.name else ()


# --- both -------------------------------------------------------------------------------------------------------------


def _right(plan: Hoks) -> StudyRightOid | None:
    # Redaction leaves null where the study right is not granted.
    return plan.study_right_oid or None


def _goes_on(plan: Hoks) -> bool:
    return plan.study_right is not None and plan.study_right.phase in _GOES_ON


def _sorted(evidence: Iterable[HintEvidence]) -> tuple[HintEvidence, ...]:
    return tuple(sorted(evidence, key=_order_of_evidence))


def _order_of_evidence(each: HintEvidence) -> tuple[str, ...]:
    days = (day.isoformat() if day else "" for day in (each.start_date, each.end_date))
    return (str(each.study_right_oid), str(each.basis), *days, each.part_id, uri_of(each.unit) or "")


def _order(hint: Hint) -> tuple[object, ...]:
    first = hint.start_date.isoformat() if hint.start_date else ""
    return (
        list(HintKind).index(hint.kind or HintKind.ACQUIRED_ELSEWHERE),
        first,
        *map(_order_of_evidence, hint.evidence or ()),
    )

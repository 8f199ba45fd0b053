"""Narrowing: from a plan, only the units and periods, or the one demonstration, to which somebody is appointed.

Done before redaction, for roles whose rules reach no further than what names them (109 a § 2-3 mom.; source
004:190-195). What somebody is appointed to is told by key, never by a name.
"""

from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import TypeVar

import msgspec

from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration
from hoks.organisations import Known
from hoks.plan import Hoks
from hoks.records import uri_of
from hoks.relations import Appointment, AppointmentKind
from hoks.units import Planned, PlannedCommonUnit

U = TypeVar("U", bound=Planned)
AppointablePart = CompetenceAcquisition | CompetenceDemonstration

MONTHS_AFTER_THE_END = 3
"""How long an instructor or assessor sees the part after its end: as long as eHOKS keeps the contact data."""


class Scope(StrEnum):
    """How far into a plan a rule reaches."""

    ALL = "all"
    NAMED_PERIODS = "named periods"
    NAMED_DEMONSTRATION = "named demonstration"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once plans have been read."""

    day: date
    appointments: tuple[Appointment, ...] = ()
    """What the caller is appointed to, with this student."""
    is_only_instructor: Known = Known.UNKNOWN
    """Whether the caller is the student's only responsible instructor today, at all providers."""


def narrow(plan: Hoks, scope: Scope, evidence: Evidence) -> Hoks | None:
    """The part of a plan that a rule of ``scope`` reaches; nothing when it reaches none of it."""
    if scope is Scope.ALL:
        return plan
    appointed = [each for each in evidence.appointments if each.right == plan.study_right_oid]
    only = _periods(appointed, evidence) if scope is Scope.NAMED_PERIODS else _demonstration(appointed, evidence.day)
    narrowed = Hoks(
        study_right_oid=plan.study_right_oid,
        study_right=plan.study_right,
        provider=plan.provider,
        student_oid=plan.student_oid,
        first_approved_on=plan.first_approved_on,
        planned_vocational_units=_kept(plan.planned_vocational_units, only),
        planned_local_units=_kept(plan.planned_local_units, only),
        planned_common_units=tuple(_common_units(plan.planned_common_units or (), only)),
        provenance=plan.provenance,
    )
    units = (narrowed.planned_vocational_units, narrowed.planned_local_units, narrowed.planned_common_units)
    return narrowed if any(units) else None


def only_instructor(
    plans: Iterable[Hoks], appointments: Collection[Appointment], day: date, *, all_known: bool
) -> Known:
    """Whether every workplace period of the student that runs on ``day``, in any of ``plans``, names the caller."""
    running = [
        (plan, period)
        for plan in plans
        if plan.first_approved_on is not None and plan.first_approved_on <= day
        for unit, _ in planned_units(plan)
        for period in unit.acquisitions or ()
        if is_at_a_workplace(period) and _runs_on(period, day)
    ]
    if any(not _names(plan, period, appointments) for plan, period in running):
        return Known.NO
    return Known.YES if all_known else Known.UNKNOWN


def is_at_a_workplace(period: CompetenceAcquisition) -> bool:
    """Whether a period is learning at a workplace under an agreement."""
    return period.mode in (AcquisitionMode.TRAINING_AGREEMENT, AcquisitionMode.APPRENTICESHIP)


def three_months_after(day: date) -> date:
    """The same day three months later, or that month's last day (Act 150/1930)."""
    month = day.month + MONTHS_AFTER_THE_END
    year, month = day.year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def parts_named(plan: Hoks, named: Appointment) -> tuple[AppointablePart, ...]:
    """The parts of a plan that an appointment names: one, or none any more; several where nothing tells them apart."""
    if named.right != plan.study_right_oid:
        return ()
    return tuple(part for part, uri in appointable_parts(plan, named.kind) if _is_the_part(named, part, uri))


def appointable_parts(plan: Hoks, kind: AppointmentKind) -> Iterator[tuple[AppointablePart, str | None]]:
    """The parts of a plan to which somebody may be appointed, each with the code of its unit or subarea."""
    for unit, uri in planned_units(plan):
        if kind is AppointmentKind.ASSESSOR:
            yield from ((each, uri) for each in unit.demonstrations or ())
        else:
            yield from ((each, uri) for each in unit.acquisitions or () if is_at_a_workplace(each))


# --- what names the caller ------------------------------------------------------------------------------------

_Only = Callable[[Planned, str | None], Planned | None]


def _periods(appointed: Collection[Appointment], evidence: Evidence) -> _Only:
    """Keeps a unit with the periods that name the caller, and its demonstrations where nobody else instructs in it."""
    keys = {each.part_key for each in appointed if each.kind is AppointmentKind.INSTRUCTOR and each.part_key}

    def only(unit: Planned, _: str | None) -> Planned | None:
        at_workplaces = [each for each in unit.acquisitions or () if is_at_a_workplace(each)]
        mine = [each for each in at_workplaces if each.source_key in keys]
        seen = tuple(each for each in mine if _is_open(each.end_date, evidence.day))
        if not seen:
            return None
        alone = evidence.is_only_instructor is Known.YES or len(mine) == len(at_workplaces)
        return msgspec.structs.replace(unit, acquisitions=seen, demonstrations=unit.demonstrations if alone else ())

    return only


def _demonstration(appointed: Collection[Appointment], day: date) -> _Only:
    """Keeps a unit with the one demonstration that the caller assesses, and without its periods."""
    assessed = [each for each in appointed if each.kind is AppointmentKind.ASSESSOR]

    def only(unit: Planned, uri: str | None) -> Planned | None:
        seen = tuple(
            each
            for each in unit.demonstrations or ()
            if _is_open(each.end_date, day) and any(_is_demonstration(named, each, uri) for named in assessed)
        )
        return msgspec.structs.replace(unit, acquisitions=(), demonstrations=seen) if seen else None

    return only


def _is_demonstration(named: Appointment, demonstration: CompetenceDemonstration, uri: str | None) -> bool:
    """By the source's own key; where the source has none, by unit, dates and environment, all of them known."""
    if named.part_key is not None:
        return named.part_key == demonstration.source_key
    place = demonstration.environment.name if demonstration.environment else None
    told = (named.unit_uri, named.start_date, named.end_date, named.environment)
    return None not in told and told == (uri, demonstration.start_date, demonstration.end_date, place)


def _is_the_part(named: Appointment, part: AppointablePart, uri: str | None) -> bool:
    if isinstance(part, CompetenceAcquisition):
        return _is_period(named, part)
    return named.kind is AppointmentKind.ASSESSOR and _is_demonstration(named, part, uri)


def _is_period(named: Appointment, period: CompetenceAcquisition) -> bool:
    """By the period's own key alone."""
    is_instructor = named.kind is AppointmentKind.INSTRUCTOR
    return is_instructor and named.part_key is not None and named.part_key == period.source_key


def _names(plan: Hoks, period: CompetenceAcquisition, appointments: Collection[Appointment]) -> bool:
    return any(each.right == plan.study_right_oid and _is_period(each, period) for each in appointments)


def _is_open(end: date | None, day: date) -> bool:
    """Whether a part may still be seen: until three months after its end; one without an end is not known to be."""
    return end is not None and day <= three_months_after(end)


def _runs_on(period: CompetenceAcquisition, day: date) -> bool:
    """Whether a period runs on a day; a missing date counts as running, so that it never makes anybody the only one."""
    return (period.start_date or day) <= day <= (period.end_date or day)


# --- walking the units ----------------------------------------------------------------------------------------


def _kept(units: tuple[U, ...] | None, only: _Only) -> tuple[U, ...]:
    kept = (only(unit, uri_of(getattr(unit, "unit", None))) for unit in units or ())
    return tuple(unit for unit in kept if unit is not None)  # type: ignore[misc]  # `only` gives a unit of the same kind


def _common_units(units: Iterable[PlannedCommonUnit], only: _Only) -> Iterable[PlannedCommonUnit]:
    for unit in units:
        subareas = (only(subarea, uri_of(subarea.subarea)) for subarea in unit.subareas or ())
        kept = tuple(subarea for subarea in subareas if subarea is not None)
        if kept:
            yield msgspec.structs.replace(unit, subareas=kept)


def planned_units(plan: Hoks) -> Iterator[tuple[Planned, str | None]]:
    """Every planned unit or subarea that may hold periods and demonstrations, with its code where it has one."""
    for unit in plan.planned_vocational_units or ():
        yield unit, uri_of(unit.unit)
    for local in plan.planned_local_units or ():
        yield local, None
    for common in plan.planned_common_units or ():
        for subarea in common.subareas or ():
            yield subarea, uri_of(subarea.subarea)

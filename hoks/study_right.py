"""The study right (opiskeluoikeus): its record, and what it is on a given day.

A right has dated status periods with a start and no end; the last may lie ahead. Its phase is computed from them
for a day in Europe/Helsinki, never read from a list position.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from hoks.codes import StudyRightState, StudyRightType
from hoks.findings import Finding
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.items import Item, attached_with, item, name_of, structure
from hoks.records import Record
from hoks.values import Code, Organisation, Provenance, Text, Value, says

YEARS_VISIBLE = 5
"""Earlier plans are visible for five years from the end of studies (source 004:64-65, 121)."""


class Phase(StrEnum):
    """What a study right is on a day."""

    __hash__ = str.__hash__  # Enum's own is in Python, and many sets are looked into

    UPCOMING = "UPCOMING"
    CURRENT = "CURRENT"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    ANNULLED = "ANNULLED"
    UNKNOWN = "UNKNOWN"


class StatePeriod(Value, frozen=True, gc=False):
    """One status period of a study right (opiskeluoikeusjakso); it lasts until the next one begins."""

    start_date: Annotated[date, says("First day (alku).")]
    state: Annotated[StudyRightState, says("State (tila).")]
    state_code: Annotated[Code | None, says("Code of the state as it came (tilan koodi).")] = None


class Qualification(Value, frozen=True, gc=False):
    """The qualification or education aimed at (tutkinto tai koulutus) and the requirements it follows."""

    names: ClassVar[frozenset[str]] = frozenset({"code"})

    code: Annotated[Code | None, says("Qualification or education (tutkinto, koulutusmoduulin tunniste).")] = None
    requirements_register_number: Annotated[
        str | None, says("Register number of the requirements (perusteen diaarinumero).")
    ] = None
    requirements_name: Annotated[Text | None, says("Name of the requirements (perusteen nimi).")] = None
    titles: Annotated[tuple[Code, ...], says("Qualification titles (tutkintonimikkeet).")] = ()
    kind: Annotated[Code | None, says("Kind of completion (suorituksen tyyppi).")] = None
    language: Annotated[Code | None, says("Language of the studies (suorituskieli).")] = None


class CompetenceArea(Value, frozen=True, gc=False):
    """A competence area (osaamisala) with its dates."""

    names: ClassVar[frozenset[str]] = frozenset({"area"})

    area: Annotated[Code | None, says("The competence area (osaamisala).")] = None
    start_date: Annotated[date | None, says("First day (alku).")] = None
    end_date: Annotated[date | None, says("Last day (loppu).")] = None


class IncludedIn(Value, frozen=True, gc=False):
    """The procurement link (sisältyy opiskeluoikeuteen): this right is part of another provider's right."""

    oid: Annotated[StudyRightOid, says("The procuring provider's right (opiskeluoikeuden oid).")]
    school_oid: Annotated[OrganisationOid | None, says("The school the link names (oppilaitos).")] = None
    school_name: Annotated[Text | None, says("Name of that school (nimi).")] = None


class StudyRight(Record, frozen=True, gc=False):
    """A study right (opiskeluoikeus): one provider's right for one student to study."""

    oid: Annotated[StudyRightOid, item(Item.SR, "OID of the right (opiskeluoikeuden oid).")]
    student_oid: Annotated[LearnerOid | None, item(Item.ID, "The student, as the source knows them (oppijanumero).")]
    provider: Annotated[Organisation | None, item(Item.SR, "Provider (koulutustoimija).")] = None
    school: Annotated[Organisation | None, item(Item.SR, "School (oppilaitos).")] = None
    site: Annotated[Organisation | None, item(Item.SR, "Site (toimipiste).")] = None
    type: Annotated[StudyRightType | None, item(Item.SR, "Type (opiskeluoikeuden tyyppi).")] = None
    type_code: Annotated[Code | None, item(Item.SR, "Code of the type as it came.")] = None
    phase: Annotated[Phase | None, item(Item.SR, "What the right is today, computed from its periods (vaihe).")] = None
    state: Annotated[StudyRightState | None, item(Item.SR, "State today (tila).")] = None
    periods: Annotated[
        tuple[StatePeriod, ...] | None, item(Item.SR, "Status periods by date (opiskeluoikeusjaksot).")
    ] = ()
    start_date: Annotated[date | None, item(Item.SR, "First day (alkamispäivä).")] = None
    estimated_end_date: Annotated[date | None, item(Item.SR, "Estimated end (arvioitu päättymispäivä).")] = None
    end_date: Annotated[date | None, item(Item.SR, "Last day, when an end is entered (päättymispäivä).")] = None
    included_in: Annotated[
        IncludedIn | None, item(Item.SR, "Procurement link to another provider's right (sisältyy opiskeluoikeuteen).")
    ] = None
    purchased: Annotated[bool | None, item(Item.SR, "Bought from another provider (ostettu).")] = None
    qualifications: Annotated[
        tuple[Qualification, ...] | None,
        name_of(Item.D2q, "Qualifications or education aimed at (suoritukset)."),
    ] = ()
    competence_areas: Annotated[
        tuple[CompetenceArea, ...] | None, name_of(Item.D2q, "Competence areas (osaamisalat).")
    ] = ()
    version: Annotated[int | None, item(Item.X, "Version at the source (versionumero).")] = None
    updated_at: Annotated[datetime | None, item(Item.X, "Changed at the source (aikaleima).")] = None
    source_system: Annotated[Code | None, item(Item.X, "Student system it came from (lähdejärjestelmä).")] = None
    source_system_id: Annotated[str | None, item(Item.X, "The student system's own id (lähdejärjestelmän id).")] = None
    findings: Annotated[
        tuple[Finding, ...] | None, structure("What is wrong or doubtful in the data of this right.")
    ] = ()
    provenance: Annotated[Provenance | None, attached_with(Item.SR, "Where the right came from.")] = None


_PRESENT = frozenset({StudyRightState.PRESENT, StudyRightState.ON_LEAVE})
_TERMINAL = frozenset(
    {
        StudyRightState.GRADUATED,
        StudyRightState.DISCONTINUED,
        StudyRightState.CONSIDERED_DISCONTINUED,
        StudyRightState.REVOKED,
    }
)


def period_on(right: StudyRight, day: date) -> StatePeriod | None:
    """The status period in force on ``day``: the one that started last, or nothing before the first.

    When several start on the same day the most restrictive one counts.
    """
    begun = [period for period in right.periods or () if period.start_date <= day]
    return max(begun, key=_restrictively, default=None)


def _restrictively(period: StatePeriod) -> tuple[date, int, str]:
    return (period.start_date, _RESTRICTION[period.state], period.state)


def phase_on(right: StudyRight, day: date) -> Phase:
    """What the right is on ``day``. The last day is still current; an unknown state closes the right."""
    periods = right.periods or ()
    if any(period.state is StudyRightState.ANNULLED for period in periods):
        return Phase.ANNULLED
    if not periods:
        return Phase.UNKNOWN
    period = period_on(right, day)
    if period is None:
        return Phase.UPCOMING
    if period.state in _TERMINAL and period.start_date == day:
        before = period_on(right, day - timedelta(days=1))
        period = before or period
        return Phase.ENDED if before is None else _phase_of(period.state)
    return _phase_of(period.state)


def _phase_of(state: StudyRightState) -> Phase:
    if state in _PRESENT:
        return Phase.CURRENT
    if state is StudyRightState.SUSPENDED:
        return Phase.SUSPENDED
    return Phase.ENDED if state in _TERMINAL else Phase.UNKNOWN


_RESTRICTION = {
    StudyRightState.PRESENT: 0,
    StudyRightState.ON_LEAVE: 1,
    StudyRightState.SUSPENDED: 2,
    StudyRightState.GRADUATED: 3,
    StudyRightState.DISCONTINUED: 3,
    StudyRightState.CONSIDERED_DISCONTINUED: 3,
    StudyRightState.REVOKED: 3,
    StudyRightState.UNKNOWN: 4,
    StudyRightState.ANNULLED: 5,
}

RESTRICTION = {
    Phase.CURRENT: 0,
    Phase.SUSPENDED: 1,
    Phase.UPCOMING: 2,
    Phase.ENDED: 3,
    Phase.UNKNOWN: 4,
    Phase.ANNULLED: 5,
}
"""Which phase is the more restrictive one where two sources disagree."""


def ended_on(right: StudyRight, day: date) -> date | None:
    """The day the right ended, seen from ``day``; nothing while it has not.

    The 5-year clock starts here: the start of the terminal state, or the entered end date where that is earlier.
    """
    if phase_on(right, day) is not Phase.ENDED:
        return None
    ends = [period.start_date for period in right.periods or () if period.state in _TERMINAL]
    after_the_last_open_period = [
        end
        for end in ends
        if end <= day and all(p.state in _TERMINAL for p in right.periods or () if end < p.start_date <= day)
    ]
    candidates = [*after_the_last_open_period, *([right.end_date] if right.end_date else [])]
    return min(candidates, default=None)


def within_five_years(end: date, day: date) -> bool:
    """Whether ``day`` is at most five years after ``end``, the anniversary included.

    A period that ends on a date which does not exist ends on that month's last day (Act 150/1930).
    """
    return day <= _years_after(end, YEARS_VISIBLE)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)

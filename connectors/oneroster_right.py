"""The enrolments of one study right as that right: windows to periods, the vendor's own keys to what the law needs.

OneRoster knows windows of enrolment and nothing of study rights. Where the right's OID, its state and its procurement
link stand, the settings say.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from connectors.lenient import read
from connectors.oneroster_wire import Enrolment, Place, day_text, text_in, value_at
from connectors.wire import Open, Text, at, code_in, identifier, up_at
from hoks.codes import STATE_OF_CODE, TYPE_OF_CODE, StudyRightState, state_of, type_of
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, check_organisation_oid, check_study_right_oid
from hoks.items import Item
from hoks.study_right import CompetenceArea, IncludedIn, Qualification, StatePeriod, StudyRight
from hoks.values import Code, Organisation
from hoks.values import Text as Names

# --- what the settings say --------------------------------------------------------------------------------------


class RightPlaces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where in an enrolment its study right stands. What has no place is not read.

    The first and the last day are OneRoster's own ``beginDate`` and ``endDate``, the latter exclusive.
    """

    oid: Place = "metadata.studyRightOid"
    """OID of the study right; an enrolment without one is no study right."""
    state: Place | None = None
    """State in the window. Without it, the right is present in its window."""
    type: Place | None = None
    site: Place | None = None
    estimated_end: Place | None = None
    included_in: Place | None = None
    """OID of the right in which this one is included (sisältyy opiskeluoikeuteen)."""
    included_in_school: Place | None = None
    purchased: Place | None = None
    qualification_code: Place | None = None
    qualification_name: Place | None = None
    requirements_number: Place | None = None
    requirements_name: Place | None = None
    area_code: Place | None = None
    area_name: Place | None = None


class RosterCodes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vendor's words for ours; a word that is not listed stands for itself."""

    state: dict[str, str] = msgspec.field(default_factory=dict)
    right_type: dict[str, str] = msgspec.field(default_factory=dict)


AfterEnd = Literal["valmistunut", "eronnut", "katsotaaneronneeksi", "peruutettu"]


class RightReading(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the settings that turns enrolments to rights."""

    provider: OrganisationOid
    places: RightPlaces
    codes: RosterCodes
    after_end: AfterEnd | None
    language: Literal["fi", "sv", "en"]


# --- the wire table: the rows of one right, put together as the settings say -----------------------------------

_RIGHT = identifier(check_study_right_oid)
_ORGANISATION = identifier(check_organisation_oid)


class WindowWire(Open, frozen=True, kw_only=True):
    """One enrolment of a right: a window, and the state in it."""

    model: ClassVar = StatePeriod

    start: Annotated[date | None, at("start_date")]
    end: Annotated[date | None, up_at("end_date")] = None
    state: Annotated[Text | None, at("state")] = None


class IncludedWire(Open, frozen=True, kw_only=True):
    """The procurement link."""

    model: ClassVar = IncludedIn

    oid: Annotated[Text | None, at("oid", check=_RIGHT)]
    school: Annotated[Text | None, at("school_oid", check=_ORGANISATION)] = None


class QualificationWire(Open, frozen=True, kw_only=True):
    """What the right aims at."""

    model: ClassVar = Qualification

    code: Annotated[Text | None, at("code")] = None
    name: Annotated[Text | None, at("code")] = None
    number: Annotated[Text | None, at("requirements_register_number")] = None
    requirements: Annotated[Text | None, at("requirements_name")] = None


class AreaWire(Open, frozen=True, kw_only=True):
    """A competence area."""

    model: ClassVar = CompetenceArea

    code: Annotated[Text | None, at("area")]
    name: Annotated[Text | None, at("area")] = None


class RightWire(Open, frozen=True, kw_only=True):
    """A study right."""

    model: ClassVar = StudyRight

    oid: Annotated[Text | None, at("oid", check=_RIGHT)]
    windows: Annotated[tuple[WindowWire, ...], at("periods")]
    school: Annotated[Text | None, at("school", check=_ORGANISATION)]
    site: Annotated[Text | None, at("site", check=_ORGANISATION)] = None
    type: Annotated[Text | None, at("type", check=code_in(TYPE_OF_CODE))] = None
    estimated_end: Annotated[date | None, at("estimated_end_date")] = None
    included: Annotated[IncludedWire | None, at("included_in")] = None
    purchased: Annotated[bool | None, at("purchased")] = None
    qualification: Annotated[QualificationWire | None, at("qualifications")] = None
    area: Annotated[AreaWire | None, at("competence_areas")] = None
    key: Annotated[Text | None, at("source_system_id")] = None


# --- translation ----------------------------------------------------------------------------------------------

_TERMINAL = frozenset(
    {
        StudyRightState.GRADUATED,
        StudyRightState.DISCONTINUED,
        StudyRightState.CONSIDERED_DISCONTINUED,
        StudyRightState.REVOKED,
    }
)
_ENDLESS = _TERMINAL | {StudyRightState.ANNULLED}
"""States that, once entered, do not end: the end of their window says nothing."""
_STATE_SET = "koskiopiskeluoikeudentila_"
_TYPE_SET = "opiskeluoikeudentyyppi_"


def right_of(
    oid: StudyRightOid,
    student: LearnerOid | None,
    rows: Sequence[Enrolment],
    schools: Mapping[str, OrganisationOid | None],
    reading: RightReading,
    today: date,
) -> StudyRight:
    """The right that the enrolments of one OID describe: the latest speaks, and what it leaves out the one before.

    ``schools`` are the OIDs of schools by the roster's own ids. The order of the rows says nothing.
    """
    ordered = sorted(rows, key=lambda each: (str(each.row.get("beginDate")), json.dumps(each.row, sort_keys=True)))
    # The standard library writes half characters too, which are left out where texts are read.
    wire, findings = read(json.dumps(_document(oid, ordered, schools, reading)).encode(), RightWire)
    periods, doubts = _periods(wire.windows, _are_placed(wire, rows, findings), reading.after_end, today)
    found = sorted({(each.place, each.code): each for each in (*findings, *doubts)}.items())
    last = periods[-1] if periods else None
    return StudyRight(
        oid=oid,
        student_oid=student,
        # INVARIANT: the source's provider stands for a right only beside a school that the organisation tree can check.
        provider=Organisation(oid=reading.provider) if wire.school else None,
        school=_organisation(wire.school),
        site=_organisation(wire.site),
        type=type_of(wire.type) if wire.type else None,
        type_code=_code(wire.type, None, TYPE_OF_CODE, _TYPE_SET),
        periods=periods,
        start_date=periods[0].start_date if periods else None,
        estimated_end_date=wire.estimated_end,
        end_date=last.start_date if last is not None and last.state in _TERMINAL else None,
        included_in=_included(wire.included),
        purchased=wire.purchased,
        qualifications=tuple(_qualifications(wire.qualification, reading)),
        competence_areas=tuple(_areas(wire.area, reading)),
        source_system_id=wire.key,
        findings=tuple(each for _, each in found),
    )


def _document(
    oid: StudyRightOid,
    rows: Sequence[Enrolment],
    schools: Mapping[str, OrganisationOid | None],
    reading: RightReading,
) -> dict[str, Any]:
    """The rows as one document of the wire table: each value from the place that the settings name."""
    places = reading.places

    def told(place: str | None) -> Any:
        values = (value_at(each.row, place) for each in reversed(rows)) if place else ()
        return next((value for value in values if value not in (None, "")), None)

    named = next((each.school for each in reversed(rows) if each.school), None)
    return _present(
        oid=oid,
        windows=[_window(each.row, reading) for each in rows],
        school=schools.get(named) if named else None,
        site=told(places.site),
        type=_translated(told(places.type), reading.codes.right_type),
        estimated_end=day_text(told(places.estimated_end)),
        included=_present(oid=told(places.included_in), school=told(places.included_in_school)),
        purchased=_translated(told(places.purchased), {"true": True, "false": False}),
        qualification=_present(
            code=told(places.qualification_code),
            name=told(places.qualification_name),
            number=told(places.requirements_number),
            requirements=told(places.requirements_name),
        ),
        area=_present(code=told(places.area_code), name=told(places.area_name)),
        key=next((each.row["sourcedId"] for each in rows if text_in(each.row.get("sourcedId"))), None),
    )


def _window(row: Mapping[str, Any], reading: RightReading) -> dict[str, Any]:
    state = value_at(row, reading.places.state) if reading.places.state else None
    return _present(
        start=day_text(row.get("beginDate")),
        end=day_text(row.get("endDate")),
        state=_translated(state, reading.codes.state),
    )


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", {})}


def _translated(value: Any, words: Mapping[str, Any]) -> Any:
    return words.get(value.strip(), value) if isinstance(value, str) else value


# --- windows to periods ---------------------------------------------------------------------------------------


class _Span(msgspec.Struct, frozen=True):
    """A state and the days it holds on; the end is exclusive."""

    period: StatePeriod
    end: date | None

    def covers(self, day: date) -> bool:
        return self.period.start_date <= day and (self.end is None or day < self.end)


def _are_placed(wire: RightWire, rows: Iterable[Enrolment], findings: Iterable[Finding]) -> bool:
    """Whether every window can be placed in time and its state read.

    INVARIANT: a window that cannot be placed may be the one that ends the right, so then no other is believed either.
    """
    unreadable = {each.place for each in findings if each.code is FindingCode.UNREADABLE_VALUE}
    return (
        unreadable.isdisjoint({"endDate", "periods.state", "periods"})
        and all(each.is_active for each in rows)
        and all(each.start is not None and (each.end is None or each.start < each.end) for each in wire.windows)
    )


def _periods(
    windows: Iterable[WindowWire], are_placed: bool, after_end: str | None, today: date
) -> tuple[tuple[StatePeriod, ...], tuple[Finding, ...]]:
    """Status periods by date: on a day the most restrictive of the windows that cover it, and after them the end.

    A finding tells when the state is not known, now or before.
    """
    spans = [_span(each, each.start, are_placed) for each in windows if each.start is not None]
    edges = sorted({span.period.start_date for span in spans} | {span.end for span in spans if span.end is not None})
    periods: list[StatePeriod] = []
    for day in edges:
        period = _period_from(day, [span.period for span in spans if span.covers(day)], after_end)
        if not periods or (period.state, period.state_code) != (periods[-1].state, periods[-1].state_code):
            periods.append(period)
    unknown = any(each.state is StudyRightState.UNKNOWN and each.start_date <= today for each in periods)
    doubtful = not are_placed or not periods or unknown
    doubt = (finding(FindingCode.UNKNOWN_STATE, "periods.state", Item.SR),) if doubtful else ()
    return tuple(sorted(periods, key=lambda each: (each.start_date, each.state))), doubt


def _span(wire: WindowWire, start: date, believed: bool) -> _Span:
    state = state_of(wire.state) if wire.state else StudyRightState.PRESENT
    if not believed and state is not StudyRightState.ANNULLED:
        state = StudyRightState.UNKNOWN
    period = StatePeriod(start_date=start, state=state, state_code=_code(wire.state, None, STATE_OF_CODE, _STATE_SET))
    # Of windows that are not believed no end is either.
    return _Span(period, None if state in _ENDLESS or not believed else wire.end)


def _period_from(day: date, covering: Sequence[StatePeriod], after_end: str | None) -> StatePeriod:
    """What holds from a day on. Where no window covers it, the day before was the last one."""
    if covering:
        worst = max(covering, key=lambda each: (_RESTRICTION.index(each.state), msgspec.json.encode(each)))
        return msgspec.structs.replace(worst, start_date=day)
    if after_end is None:
        return StatePeriod(start_date=day, state=StudyRightState.UNKNOWN)
    # The day of a terminal state is the last one that is current.
    return StatePeriod(
        start_date=day - timedelta(days=1),
        state=state_of(after_end),
        state_code=_code(after_end, None, STATE_OF_CODE, _STATE_SET),
    )


_RESTRICTION = (
    StudyRightState.PRESENT,
    StudyRightState.ON_LEAVE,
    StudyRightState.SUSPENDED,
    StudyRightState.GRADUATED,
    StudyRightState.DISCONTINUED,
    StudyRightState.CONSIDERED_DISCONTINUED,
    StudyRightState.REVOKED,
    StudyRightState.UNKNOWN,
    StudyRightState.ANNULLED,
)
"""States, the most restrictive last."""


# --- small parts ----------------------------------------------------------------------------------------------


def _code(
    value: str | None, name: Names | None, known: Mapping[str, object] | None = None, code_set: str = ""
) -> Code | None:
    """The code as Koodisto addresses it where it is a national one; any other stays as it came."""
    if value is None:
        return None
    national = known is not None and value.lower() in known
    return Code(uri=code_set + value.lower() if national else value, name=name)


def _organisation(oid: str | None) -> Organisation | None:
    return Organisation(oid=OrganisationOid(oid)) if oid else None


def _included(wire: IncludedWire | None) -> IncludedIn | None:
    if wire is None or wire.oid is None:
        return None
    school = OrganisationOid(wire.school) if wire.school else None
    return IncludedIn(oid=StudyRightOid(wire.oid), school_oid=school)


def _qualifications(wire: QualificationWire | None, reading: RightReading) -> Iterator[Qualification]:
    if wire is not None:
        yield Qualification(
            code=_code(wire.code, _names(wire.name, reading)),
            requirements_register_number=wire.number,
            requirements_name=_names(wire.requirements, reading),
        )


def _areas(wire: AreaWire | None, reading: RightReading) -> Iterator[CompetenceArea]:
    code = _code(wire.code, _names(wire.name, reading)) if wire is not None else None
    if code is not None:
        yield CompetenceArea(area=code)


def _names(name: str | None, reading: RightReading) -> Names | None:
    return Names(**{reading.language: name}) if name else None

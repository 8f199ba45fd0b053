"""A study right as Koski sends it, as far as we read it, and its translation to ours (registries 4.3-4.4).

Koski's records are far wider; what is not here is knowingly left there: completed units, marks, funding,
confirmations, workplaces, and additional information, which can reveal health.
"""

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from connectors.wire import SAME_RECORD, At, Open, Text, Whole, at, identifier, public, up_at
from hoks.codes import StudyRightState, state_of, type_of
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, check_organisation_oid, check_study_right_oid
from hoks.items import Item
from hoks.study_right import CompetenceArea, IncludedIn, Qualification, StatePeriod, StudyRight
from hoks.values import Code, Organisation
from hoks.values import Text as Names

HELSINKI = ZoneInfo("Europe/Helsinki")
"""Koski writes local time without a zone."""

_RIGHT = identifier(check_study_right_oid)
_ORGANISATION = public(identifier(check_organisation_oid))


# --- the wire table -------------------------------------------------------------------------------------------


class NamesWire(Open, frozen=True, kw_only=True):
    """Nimi."""

    fi: Annotated[Text | None, SAME_RECORD] = None
    sv: Annotated[Text | None, SAME_RECORD] = None
    en: Annotated[Text | None, SAME_RECORD] = None


class CodeWire(Open, frozen=True, kw_only=True):
    """Koodi: the value and its code set apart; a local code has no set."""

    value: Annotated[Text | None, SAME_RECORD] = msgspec.field(name="koodiarvo")
    code_set: Annotated[Text | None, SAME_RECORD] = msgspec.field(name="koodistoUri", default=None)
    version: Annotated[Whole | None, SAME_RECORD] = msgspec.field(name="koodistoVersio", default=None)
    names: Annotated[NamesWire | None, SAME_RECORD] = msgspec.field(name="nimi", default=None)


class OrganisationWire(Open, frozen=True, kw_only=True):
    """Koulutustoimija, oppilaitos, toimipiste."""

    model: ClassVar = Organisation

    oid: Annotated[Text | None, at("oid", check=_ORGANISATION)] = msgspec.field()
    names: Annotated[NamesWire | None, at("name")] = msgspec.field(name="nimi", default=None)


class SourceSystemWire(Open, frozen=True, kw_only=True):
    """Lähdejärjestelmän id."""

    id: Annotated[Text | None, at("source_system_id")] = None
    system: Annotated[CodeWire | None, at("source_system")] = msgspec.field(name="lähdejärjestelmä", default=None)


class LinkSchoolWire(Open, frozen=True, kw_only=True):
    """Oppilaitos of a link."""

    oid: Annotated[Text | None, At(None, check=_ORGANISATION)]


class IncludedWire(Open, frozen=True, kw_only=True):
    """Sisältyy opiskeluoikeuteen."""

    model: ClassVar = IncludedIn

    oid: Annotated[Text | None, at("oid", check=_RIGHT)]
    school: Annotated[LinkSchoolWire | None, at("school_oid")] = msgspec.field(name="oppilaitos")


class PeriodWire(Open, frozen=True, kw_only=True):
    """Opiskeluoikeusjakso."""

    model: ClassVar = StatePeriod

    start: Annotated[date | None, at("start_date")] = msgspec.field(name="alku")
    state: Annotated[CodeWire | None, at("state")] = msgspec.field(name="tila")


class StateWire(Open, frozen=True, kw_only=True):
    """Tila."""

    periods: Annotated[tuple[PeriodWire, ...], at("periods")] = msgspec.field(name="opiskeluoikeusjaksot")


class ModuleWire(Open, frozen=True, kw_only=True):
    """Koulutusmoduuli."""

    code: Annotated[CodeWire | None, at("code")] = msgspec.field(name="tunniste")
    number: Annotated[Text | None, at("requirements_register_number")] = msgspec.field(
        name="perusteenDiaarinumero", default=None
    )
    names: Annotated[NamesWire | None, at("requirements_name")] = msgspec.field(name="perusteenNimi", default=None)


class AreaWire(Open, frozen=True, kw_only=True):
    """Osaamisala with its dates."""

    model: ClassVar = CompetenceArea

    area: Annotated[CodeWire | None, at("area")] = msgspec.field(name="osaamisala")
    start: Annotated[date | None, at("start_date")] = msgspec.field(name="alku", default=None)
    end: Annotated[date | None, at("end_date")] = msgspec.field(name="loppu", default=None)


class CompletionWire(Open, frozen=True, kw_only=True):
    """Päätason suoritus."""

    model: ClassVar = Qualification

    module: Annotated[ModuleWire | None, SAME_RECORD] = msgspec.field(name="koulutusmoduuli")
    kind: Annotated[CodeWire | None, at("kind")] = msgspec.field(name="tyyppi")
    titles: Annotated[tuple[CodeWire, ...], at("titles")] = msgspec.field(name="tutkintonimike", default=())
    areas: Annotated[tuple[AreaWire, ...], up_at("competence_areas")] = msgspec.field(name="osaamisala", default=())
    site: Annotated[OrganisationWire | None, up_at("site")] = msgspec.field(name="toimipiste", default=None)
    language: Annotated[CodeWire | None, at("language")] = msgspec.field(name="suorituskieli", default=None)


class RightWire(Open, frozen=True, kw_only=True):
    """Opiskeluoikeus."""

    model: ClassVar = StudyRight

    oid: Annotated[Text | None, at("oid", check=_RIGHT)]
    version: Annotated[Whole | None, at("version")] = msgspec.field(name="versionumero", default=None)
    changed: Annotated[datetime | None, at("updated_at")] = msgspec.field(name="aikaleima", default=None)
    source_system: Annotated[SourceSystemWire | None, SAME_RECORD] = msgspec.field(
        name="lähdejärjestelmänId", default=None
    )
    school: Annotated[OrganisationWire | None, at("school")] = msgspec.field(name="oppilaitos")
    provider: Annotated[OrganisationWire | None, at("provider")] = msgspec.field(name="koulutustoimija", default=None)
    included: Annotated[IncludedWire | None, at("included_in")] = msgspec.field(
        name="sisältyyOpiskeluoikeuteen", default=None
    )
    purchased: Annotated[bool | None, at("purchased")] = msgspec.field(name="ostettu", default=None)
    state: Annotated[StateWire | None, SAME_RECORD] = msgspec.field(name="tila")
    start: Annotated[date | None, at("start_date")] = msgspec.field(name="alkamispäivä", default=None)
    estimated_end: Annotated[date | None, at("estimated_end_date")] = msgspec.field(
        name="arvioituPäättymispäivä", default=None
    )
    end: Annotated[date | None, at("end_date")] = msgspec.field(name="päättymispäivä", default=None)
    completions: Annotated[tuple[CompletionWire, ...], at("qualifications")] = msgspec.field(name="suoritukset")
    type: Annotated[CodeWire | None, at("type")] = msgspec.field(name="tyyppi")


# --- translation ----------------------------------------------------------------------------------------------


def right_of(
    wire: RightWire, oid: StudyRightOid, student: LearnerOid | None, findings: tuple[Finding, ...]
) -> StudyRight:
    """The right ``oid`` of ``student``, both of which the caller has checked."""
    periods, doubts = _periods(wire.state, findings)
    ordered = sorted({(each.place, each.code): each for each in (*findings, *doubts)}.items())
    areas = (area for completion in wire.completions for area in completion.areas)
    return StudyRight(
        oid=oid,
        student_oid=student,
        provider=_organisation(wire.provider),
        school=_organisation(wire.school),
        site=next((_organisation(each.site) for each in wire.completions), None),
        type=type_of(wire.type.value) if wire.type and wire.type.value else None,
        type_code=_code(wire.type),
        periods=periods,
        start_date=wire.start,
        estimated_end_date=wire.estimated_end,
        end_date=wire.end,
        included_in=_included(wire.included),
        purchased=wire.purchased,
        qualifications=tuple(map(_qualification, wire.completions)),
        competence_areas=tuple(
            CompetenceArea(area=_code(each.area), start_date=each.start, end_date=each.end) for each in areas
        ),
        version=wire.version,
        updated_at=_instant(wire.changed),
        source_system=_code(wire.source_system.system if wire.source_system else None),
        source_system_id=wire.source_system.id if wire.source_system else None,
        findings=tuple(each for _, each in ordered),
    )


def _periods(
    wire: StateWire | None, findings: tuple[Finding, ...]
) -> tuple[tuple[StatePeriod, ...], tuple[Finding, ...]]:
    """Status periods by date, and a finding when a state is not known.

    INVARIANT: a period that cannot be placed in time may be the one that ends the right. So where one is lost or has
    no day, no other period is believed either, save an annulment: an unknown state closes the right.
    """
    given = wire.periods if wire else ()
    lost = any(each.place == "periods" and each.code is FindingCode.UNREADABLE_VALUE for each in findings)
    all_placed = not lost and all(each.start is not None for each in given)
    periods = sorted(
        (_period(each, each.start, all_placed) for each in given if each.start is not None),
        key=lambda each: (each.start_date, each.state),
    )
    doubtful = not all_placed or not periods or any(each.state is StudyRightState.UNKNOWN for each in periods)
    doubt = (finding(FindingCode.UNKNOWN_STATE, "periods.state", Item.SR),) if doubtful else ()
    return tuple(periods), doubt


def _period(wire: PeriodWire, start: date, believed: bool) -> StatePeriod:
    state = state_of(wire.state.value) if wire.state and wire.state.value else StudyRightState.UNKNOWN
    if not believed and state is not StudyRightState.ANNULLED:
        state = StudyRightState.UNKNOWN
    return StatePeriod(start_date=start, state=state, state_code=_code(wire.state))


def _included(wire: IncludedWire | None) -> IncludedIn | None:
    if wire is None or wire.oid is None:
        return None
    school = wire.school.oid if wire.school else None
    return IncludedIn(oid=StudyRightOid(wire.oid), school_oid=OrganisationOid(school) if school else None)


def _qualification(wire: CompletionWire) -> Qualification:
    return Qualification(
        code=_code(wire.module.code if wire.module else None),
        requirements_register_number=wire.module.number if wire.module else None,
        requirements_name=_names(wire.module.names if wire.module else None),
        titles=tuple(code for each in wire.titles if (code := _code(each)) is not None),
        kind=_code(wire.kind),
        language=_code(wire.language),
    )


def _organisation(wire: OrganisationWire | None) -> Organisation | None:
    if wire is None or wire.oid is None:
        return None
    return Organisation(oid=OrganisationOid(wire.oid), name=_names(wire.names))


def _code(wire: CodeWire | None) -> Code | None:
    """The code as Koodisto addresses it: code set and value in one; a local code is its value alone."""
    if wire is None or wire.value is None:
        return None
    uri = f"{wire.code_set}_{wire.value}" if wire.code_set else wire.value
    return Code(uri=uri, version=wire.version, name=_names(wire.names))


def _names(wire: NamesWire | None) -> Names | None:
    return Names(fi=wire.fi, sv=wire.sv, en=wire.en) if wire and (wire.fi or wire.sv or wire.en) else None


def _instant(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=HELSINKI)).astimezone(UTC)
    except OverflowError:
        return moment

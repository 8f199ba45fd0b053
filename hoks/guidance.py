"""Guidance (ohjaus): how far a student's plan is, by its dates alone, and what a group's follow-up meeting looks at.

Nothing of a plan's content: a meeting of the group is held without the students (source 001:223-239), so that what is
told of each is who they are, when the plan was last touched, and one word on its state.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from hoks.competence import CompetenceAcquisition
from hoks.guidance_phase import TOLD_BY, GuidancePhase
from hoks.identifiers import PersonOid
from hoks.items import Item, attached, drawn_from, item, name_of
from hoks.plan import Hoks
from hoks.records import Record
from hoks.units import Planned
from hoks.values import Text

UPDATE_WEEKS = 8
"""Weeks without an update after which a plan waits for one: five meetings in a school year come about so far apart."""


class GuidanceState(StrEnum):
    """What a plan waits for, the first that applies: from its approval and dates, never from its contents."""

    NOT_APPROVED = "NOT_APPROVED"
    NOT_UPDATED = "NOT_UPDATED"
    NOTHING_PLANNED = "NOTHING_PLANNED"
    PERIOD_ENDED_WITHOUT_DEMONSTRATION = "PERIOD_ENDED_WITHOUT_DEMONSTRATION"
    UP_TO_DATE = "UP_TO_DATE"


class GuidanceTheme(StrEnum):
    """What one of the school year's five follow-up meetings (HOKS-seurantakokous) is about (source 001:177-181)."""

    START_OF_STUDIES = "START_OF_STUDIES"
    ABSENCES = "ABSENCES"
    PLAN_CHECK = "PLAN_CHECK"
    PROGRESS = "PROGRESS"
    FINAL_PHASE = "FINAL_PHASE"


class Theme(msgspec.Struct, frozen=True):
    """A meeting's theme: of which students it is, in words, and whether a plan can tell it at all."""

    states: frozenset[GuidanceState | None]
    """Of which states; nothing stands for a plan that could not be read."""
    text: Text
    is_in_plans: bool = True
    phases: frozenset[GuidancePhase] = frozenset()
    """Besides, of whom in these phases."""


_S = GuidanceState
THEMES: dict[GuidanceTheme, Theme] = {
    GuidanceTheme.START_OF_STUDIES: Theme(
        frozenset({_S.NOT_APPROVED}),
        Text(
            fi="Opintojen käynnistyminen: opinnot ovat alkamassa tai HOKSia ei ole hyväksytty",
            sv="Studiestarten: studierna inleds eller PUK är inte godkänd",
            en="Start of studies: studies begin, or the plan has not been approved",
        ),
        phases=frozenset({GuidancePhase.STARTING}),
    ),
    GuidanceTheme.ABSENCES: Theme(
        frozenset(),
        Text(
            fi="Poissaolojen kartoitus: poissaoloja ei ole HOKSissa, ne ovat opintohallintojärjestelmässä",
            sv="Kartläggning av frånvaro: frånvaro finns inte i PUK utan i studieförvaltningssystemet",
            en="Absences: they are not in a HOKS; look for them in the student administration system",
        ),
        is_in_plans=False,
    ),
    GuidanceTheme.PLAN_CHECK: Theme(
        frozenset({*_S, None}),
        Text(
            fi="HOKSien tarkastus: ryhmän kaikki opiskelijat",
            sv="Granskning av PUK: alla studerande i gruppen",
            en="Check of the plans: every student of the group",
        ),
    ),
    GuidanceTheme.PROGRESS: Theme(
        frozenset({_S.NOT_UPDATED, _S.NOTHING_PLANNED, _S.PERIOD_ENDED_WITHOUT_DEMONSTRATION}),
        Text(
            fi="Opintojen eteneminen: hyväksytyt suunnitelmat, jotka odottavat jotakin",
            sv="Studiernas framskridande: godkända planer som väntar på något",
            en="Progress: approved plans that wait for something",
        ),
    ),
    GuidanceTheme.FINAL_PHASE: Theme(
        frozenset(),
        Text(
            fi="Päättövaiheen kartoitus: opinnot ovat päättövaiheessa tai opiskelija on valmistumassa",
            sv="Kartläggning av slutfasen: studierna är i slutskedet eller den studerande utexamineras",
            en="Final phase: studies come to their end, or the student graduates",
        ),
        phases=frozenset({GuidancePhase.FINAL, GuidancePhase.GRADUATING}),
    ),
}

_DRAWN = (Item.D1, Item.D2u, Item.D10, Item.G, Item.W4, Item.W5)


class GuidanceStudent(Record, frozen=True, gc=False):
    """One study right of a student as a group's meeting sees it; what is the student's own, only `student` tells."""

    name: Annotated[str | None, name_of(Item.ID, "First names and surname (nimi).")] = None
    responsible_teachers: Annotated[
        tuple[PersonOid, ...],
        attached("OIDs of the responsible teachers (vastuuopettajat), where the student system tells them."),
    ] = ()
    first_approved_on: Annotated[date | None, item(Item.D1, "First approval (ensikertainen hyväksyminen).")] = None
    updated_at: Annotated[datetime | None, item(Item.D1, "Latest update (päivitetty).")] = None
    phase: Annotated[
        GuidancePhase | None,
        drawn_from(TOLD_BY, "The phase of guidance (ohjauksen vaihe); null where what is shown does not tell it."),
    ] = None
    state: Annotated[
        GuidanceState | None,
        drawn_from(
            _DRAWN,
            "What the plan waits for, by what the acting role may see of it; null when the plan could not be read.",
        ),
    ] = None


def state_of(plan: Hoks | None, day: date, weeks: int) -> GuidanceState:
    """What a plan waits for on ``day``, when it is to be updated every so many ``weeks``."""
    if plan is None or plan.first_approved_on is None or plan.first_approved_on > day:
        return GuidanceState.NOT_APPROVED
    moments = (each.date() for each in (plan.approved_at, plan.updated_at) if each is not None)
    if max([plan.first_approved_on, *moments]) < day - timedelta(weeks=weeks):
        return GuidanceState.NOT_UPDATED
    units = list(_planned(plan))
    if not units and not plan.planned_preparatory_parts:
        return GuidanceState.NOTHING_PLANNED
    if any(_waits_for_demonstration(unit, day) for unit in units):
        return GuidanceState.PERIOD_ENDED_WITHOUT_DEMONSTRATION
    return GuidanceState.UP_TO_DATE


def _planned(plan: Hoks) -> Iterator[Planned]:
    """The planned units; of a common unit its subareas, where all its planning is."""
    yield from plan.planned_vocational_units or ()
    yield from plan.planned_local_units or ()
    for common in plan.planned_common_units or ():
        yield from common.subareas or ()


def _waits_for_demonstration(unit: Planned, day: date) -> bool:
    periods = [each for each in unit.acquisitions or () if each.end_date is not None]
    return bool(periods) and not unit.demonstrations and all(_is_over(each, day) for each in periods)


def _is_over(period: CompetenceAcquisition, day: date) -> bool:
    return period.end_date is not None and period.end_date < day

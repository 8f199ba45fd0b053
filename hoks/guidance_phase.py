"""Guidance phase: where a student is in the process of HOKS and career guidance (source 000), with the reason.

Four phases are in the source, and no days. The days are our reading of it, and stand here by name. What is no item of
the law is not asked, so that everybody who guides is told the same phase.

INVARIANT: a phase is told only when every sign that comes before its own is known not to hold: whoever is shown less is
told the same phase or none.
"""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple

from hoks.codes import StudyRightState
from hoks.items import Item, item, one_of
from hoks.records import Record
from hoks.study_right import Phase
from hoks.values import Code, Text

BEGINNING = timedelta(days=60)
"""How long after their first day studies are beginning."""
END_APPROACHES = timedelta(days=183)
"""How long before their last day studies are in the final phase: the last half year."""
END_IS_NEAR = timedelta(days=60)
"""How long before their last day a student is graduating."""
MOST = 0.75
"""Which share of the planned units, once demonstrated, is most of them."""


class GuidancePhase(StrEnum):
    """A phase of the process: studies begin, proceed, come to their end, and the student graduates (source 000)."""

    STARTING = "STARTING"
    PROGRESSING = "PROGRESSING"
    FINAL = "FINAL"
    GRADUATING = "GRADUATING"


class PhaseReason(StrEnum):
    """Why a plan is in its phase, or in none."""

    STUDIES_ENDED = "STUDIES_ENDED"
    GRADUATED = "GRADUATED"
    NOT_BEGUN = "NOT_BEGUN"
    NOT_APPROVED = "NOT_APPROVED"
    ALL_DEMONSTRATED = "ALL_DEMONSTRATED"
    END_IS_NEAR = "END_IS_NEAR"
    MOST_DEMONSTRATED = "MOST_DEMONSTRATED"
    END_APPROACHES = "END_APPROACHES"
    JUST_BEGUN = "JUST_BEGUN"
    UNDER_WAY = "UNDER_WAY"
    NOT_KNOWN = "NOT_KNOWN"


class Signs(NamedTuple):
    """What a phase is told by on a day, as far as it is shown."""

    day: date
    shown: frozenset[Item]
    """The items of which at least the days are granted, for the whole plan."""
    right: Phase | None = None
    state: StudyRightState | None = None
    start: date | None = None
    end: date | None = None
    approved: date | None = None
    planned: int = 0
    demonstrated: int = 0


Sign = Callable[[Signs], bool | None]
"""Whether a sign holds; nothing where the data do not say."""


class _Row(NamedTuple):
    reason: PhaseReason
    phase: GuidancePhase | None
    items: frozenset[Item]
    """The items that the sign is told by: unless all are shown, it is not known."""
    holds: Sign


def _row(reason: PhaseReason, phase: GuidancePhase | None, items: set[Item], holds: Sign) -> _Row:
    return _Row(reason, phase, frozenset(items), holds)


def _right_is(*phases: Phase) -> Sign:
    return lambda signs: signs.right in phases if signs.right is not None else None


def _has_graduated(signs: Signs) -> bool:
    return signs.right is Phase.ENDED and signs.state is StudyRightState.GRADUATED


def _ends_within(time: timedelta) -> Sign:
    return lambda signs: signs.end is not None and signs.end - signs.day <= time


def _began_within(time: timedelta) -> Sign:
    return lambda signs: None if signs.start is None else signs.day - signs.start < time


def _demonstrated(share: float) -> Sign:
    return lambda signs: signs.planned > 0 and signs.demonstrated >= share * signs.planned


_UNITS = {Item.D2u, Item.D10}
_ROWS = (
    _row(PhaseReason.GRADUATED, GuidancePhase.GRADUATING, {Item.SR}, _has_graduated),
    _row(PhaseReason.STUDIES_ENDED, None, {Item.SR}, _right_is(Phase.ENDED, Phase.ANNULLED)),
    _row(PhaseReason.NOT_KNOWN, None, {Item.SR}, _right_is(Phase.UNKNOWN)),
    _row(PhaseReason.NOT_BEGUN, GuidancePhase.STARTING, {Item.SR}, _right_is(Phase.UPCOMING)),
    _row(PhaseReason.NOT_APPROVED, GuidancePhase.STARTING, {Item.D1}, lambda signs: signs.approved is None),
    _row(PhaseReason.END_IS_NEAR, GuidancePhase.GRADUATING, {Item.SR}, _ends_within(END_IS_NEAR)),
    _row(PhaseReason.ALL_DEMONSTRATED, GuidancePhase.GRADUATING, _UNITS, _demonstrated(1)),
    _row(PhaseReason.MOST_DEMONSTRATED, GuidancePhase.FINAL, _UNITS, _demonstrated(MOST)),
    _row(PhaseReason.END_APPROACHES, GuidancePhase.FINAL, {Item.SR}, _ends_within(END_APPROACHES)),
    _row(PhaseReason.JUST_BEGUN, GuidancePhase.STARTING, {Item.SR}, _began_within(BEGINNING)),
    _row(PhaseReason.UNDER_WAY, GuidancePhase.PROGRESSING, {Item.SR}, _right_is(Phase.CURRENT, Phase.SUSPENDED)),
)
"""The signs in their order: the first that holds tells the phase."""

TOLD_BY = (Item.SR, Item.D1, Item.D2u, Item.D10)

PHASE_NAMES = {
    GuidancePhase.STARTING: Text(fi="Opintoja aloitettaessa", sv="När studierna inleds", en="Studies begin"),
    GuidancePhase.PROGRESSING: Text(fi="Opintojen edetessä", sv="När studierna framskrider", en="Studies proceed"),
    GuidancePhase.FINAL: Text(
        fi="Opintojen päättövaiheessa", sv="I studiernas slutskede", en="Studies come to their end"
    ),
    GuidancePhase.GRADUATING: Text(fi="Opinnoista valmistuttaessa", sv="Vid utexaminering", en="The student graduates"),
}

REASONS = {
    PhaseReason.STUDIES_ENDED: Text(
        fi="Opinnot ovat päättyneet ilman valmistumista.",
        sv="Studierna har avslutats utan examen.",
        en="Studies have ended without graduation.",
    ),
    PhaseReason.GRADUATED: Text(
        fi="Opiskelija on valmistunut.", sv="Den studerande har utexaminerats.", en="The student has graduated."
    ),
    PhaseReason.NOT_BEGUN: Text(
        fi="Opinnot eivät ole alkaneet.", sv="Studierna har inte börjat.", en="Studies have not begun."
    ),
    PhaseReason.NOT_APPROVED: Text(
        fi="HOKSia ei ole vielä hyväksytty.", sv="PUK har ännu inte godkänts.", en="The plan has not been approved yet."
    ),
    PhaseReason.ALL_DEMONSTRATED: Text(
        fi="Kaikkien suunniteltujen osien osoittamisen ajat ovat menneet.",
        sv="Tiderna för att visa kunnandet i alla planerade delar har passerat.",
        en="The times of all planned demonstrations have passed.",
    ),
    PhaseReason.END_IS_NEAR: Text(
        fi="Opintojen päättymiseen on enintään 60 päivää.",
        sv="Det är högst 60 dagar till studiernas slut.",
        en="Studies end within 60 days.",
    ),
    PhaseReason.MOST_DEMONSTRATED: Text(
        fi="Vähintään kolmen neljäsosan suunnitelluista osista osoittamisen ajat ovat menneet.",
        sv="Tiderna för att visa kunnandet i minst tre fjärdedelar av de planerade delarna har passerat.",
        en="The times of demonstrations of at least three quarters of the planned units have passed.",
    ),
    PhaseReason.END_APPROACHES: Text(
        fi="Opintojen päättymiseen on enintään puoli vuotta.",
        sv="Det är högst ett halvt år till studiernas slut.",
        en="Studies end within half a year.",
    ),
    PhaseReason.JUST_BEGUN: Text(
        fi="Opintojen alusta on alle 60 päivää.",
        sv="Det är under 60 dagar sedan studierna började.",
        en="Studies began less than 60 days ago.",
    ),
    PhaseReason.UNDER_WAY: Text(
        fi="Opinnot etenevät HOKSin mukaan.", sv="Studierna framskrider enligt PUK.", en="Studies proceed by the plan."
    ),
    PhaseReason.NOT_KNOWN: Text(
        fi="Vaihe ei selviä siitä, mitä näytetään.",
        sv="Skedet framgår inte av det som visas.",
        en="What is shown does not tell the phase.",
    ),
}


class Guidance(Record, frozen=True, gc=False):
    """Where the student is in the process of HOKS and career guidance (HOKS- ja uraohjausprosessi), by this plan."""

    phase: Annotated[
        GuidancePhase | None,
        one_of(TOLD_BY, "told_by", "The phase (vaihe); null where what is shown does not tell it."),
    ] = None
    phase_name: Annotated[Text | None, one_of(TOLD_BY, "told_by", "The phase in words.")] = None
    reason: Annotated[PhaseReason | None, one_of(TOLD_BY, "told_by", "Why this phase, or none.")] = None
    reason_text: Annotated[Text | None, one_of(TOLD_BY, "told_by", "The reason in words.")] = None
    career_plan_goal: Annotated[
        Code | None, item(Item.D13, "Goal in the career plan, which the guidance leads to (urasuunnitelman päämäärä).")
    ] = None

    @property
    def told_by(self) -> frozenset[Item]:
        """The items of every sign that was looked at; none where nothing is told."""
        if self.reason is None or self.reason is PhaseReason.NOT_KNOWN:
            return frozenset()
        place = next(place for place, row in enumerate(_ROWS) if row.reason is self.reason)
        return frozenset[Item]().union(*(row.items for row in _ROWS[: place + 1]))


def guidance(signs: Signs, career_plan_goal: Code | None = None) -> Guidance:
    """The phase of the first sign that holds, where all signs before it are known not to."""
    reason, phase = PhaseReason.NOT_KNOWN, None
    for row in _ROWS:
        holds = row.holds(signs) if row.items <= signs.shown else None
        if holds is None:
            break
        if holds:
            reason, phase = row.reason, row.phase
            break
    return Guidance(
        phase=phase,
        phase_name=PHASE_NAMES[phase] if phase is not None else None,
        reason=reason,
        reason_text=REASONS[reason],
        career_plan_goal=career_plan_goal,
    )

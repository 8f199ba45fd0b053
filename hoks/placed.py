"""Units placed: every unit of every plan with the plan it stands in, how far it is, and whether two are the same unit.

A vocational unit is known by its code and the requirements it is from, a subarea by its code, a local unit by its id
in the register of local curricula. Where one of two says less, they are the same by a weaker word, and so marked.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

from hoks.codes import RecognitionProcess
from hoks.competence import TIMING_ITEMS, CompetenceAcquisition, CompetenceDemonstration
from hoks.items import Item, Seen, sees_days
from hoks.plan import Hoks
from hoks.progress import UnitStage
from hoks.records import Part
from hoks.units import PreparatoryEducationPart, Prior
from hoks.values import Code


class UnitKind(StrEnum):
    """Kind of unit (tutkinnon osan laji)."""

    VOCATIONAL = "VOCATIONAL"
    LOCAL = "LOCAL"
    COMMON = "COMMON"
    COMMON_SUBAREA = "COMMON_SUBAREA"
    PREPARATORY = "PREPARATORY"


class Standing(StrEnum):
    """Where a unit stands in a plan: planned (hankittava) or prior competence (aiemmin hankittu)."""

    PLANNED = "PLANNED"
    PRIOR = "PRIOR"


class UnitMatch(StrEnum):
    """By what two units are the same; ``CODE_WITHOUT_REQUIREMENTS``, ``NAME`` and ``PART`` are the weaker words."""

    CODE_AND_REQUIREMENTS = "CODE_AND_REQUIREMENTS"
    CODE = "CODE"
    AMOSAA_ID = "AMOSAA_ID"
    CODE_WITHOUT_REQUIREMENTS = "CODE_WITHOUT_REQUIREMENTS"
    NAME = "NAME"
    PART = "PART"


_UNITS: tuple[tuple[str, UnitKind, Standing], ...] = (
    ("planned_vocational_units", UnitKind.VOCATIONAL, Standing.PLANNED),
    ("planned_local_units", UnitKind.LOCAL, Standing.PLANNED),
    ("planned_common_units", UnitKind.COMMON, Standing.PLANNED),
    ("planned_preparatory_parts", UnitKind.PREPARATORY, Standing.PLANNED),
    ("prior_vocational_units", UnitKind.VOCATIONAL, Standing.PRIOR),
    ("prior_local_units", UnitKind.LOCAL, Standing.PRIOR),
    ("prior_common_units", UnitKind.COMMON, Standing.PRIOR),
)
_PRIOR_STAGE = {
    RecognitionProcess.DIRECT: UnitStage.RECOGNISED,
    RecognitionProcess.VIA_ASSESSORS: UnitStage.BEING_RECOGNISED,
}
_CODE_IN = {UnitKind.COMMON_SUBAREA: "subarea", UnitKind.PREPARATORY: "part"}
UNIT_ITEMS = (Item.D2u, Item.D3, Item.D4, Item.D5)
"""The items by one of which a unit is seen: planned, or prior in one of three ways."""


class Placed:
    """A unit, its kind and standing, the plan it stands in, and what may be seen of the whole of that plan."""

    __slots__ = (
        *("plan", "part", "kind", "standing", "seen", "code", "name", "requirements"),
        *("acquisitions", "demonstrations", "matched_by", "key"),
    )

    def __init__(self, plan: Hoks, part: Part, kind: UnitKind, standing: Standing, seen: Seen) -> None:
        self.plan, self.part, self.kind, self.standing, self.seen = plan, part, kind, standing, seen
        self.code: Code | None = getattr(part, _CODE_IN.get(kind, "unit"), None)
        """The unit's, subarea's or preparatory part's code."""
        self.name: str | None = getattr(part, "name", None)
        """The name of a local unit."""
        self.requirements = _plain(getattr(part, "requirements_register_number", None))
        """Register number of the requirements that a vocational unit is from; empty where it is not said."""
        self.acquisitions: tuple[CompetenceAcquisition, ...] = getattr(part, "acquisitions", None) or ()
        shown_in = "skills_demonstrations" if standing is Standing.PRIOR else "demonstrations"
        self.demonstrations: tuple[CompetenceDemonstration, ...] = getattr(part, shown_in, None) or ()
        self.matched_by, self.key = self._identity()
        """By what it is known to be the same as another that says as much, and what the two then have in common."""

    def _identity(self) -> tuple[UnitMatch, tuple[str, ...]]:
        if self.code is not None:
            match = UnitMatch.CODE
            if self.kind is UnitKind.VOCATIONAL:
                match = UnitMatch.CODE_AND_REQUIREMENTS if self.requirements else UnitMatch.CODE_WITHOUT_REQUIREMENTS
            return match, (self.kind, "code", self.code.uri, self.requirements)
        amosaa = (getattr(self.part, "amosaa_id", None) or "").strip()
        if amosaa:
            return UnitMatch.AMOSAA_ID, (self.kind, "amosaa", amosaa)
        name = _plain(self.name)
        return (
            (UnitMatch.NAME, (self.kind, "name", name)) if name else (UnitMatch.PART, (self.kind, "part", self.part.id))
        )

    @property
    def points(self) -> float | None:
        """Extent in competence points, where known."""
        field = "extent_in_competence_points" if self.kind is UnitKind.LOCAL else "competence_points"
        return getattr(self.part, field, None)

    @property
    def sent_for_assessment_on(self) -> date | None:
        """When prior competence was sent to assessors."""
        referral = getattr(self.part, "assessor_referral", None)
        return referral.sent_for_assessment_on if referral is not None else None

    @property
    def item(self) -> Item:
        """The law item by which the unit is seen."""
        return self.part.prior_item if isinstance(self.part, Prior) else Item.D2u

    @property
    def starts(self) -> list[date]:
        """The days on which acquiring it begins, as far as they are known, in order."""
        days = [each.start_date for each in self.acquisitions]
        if isinstance(self.part, PreparatoryEducationPart):
            days.append(self.part.start_date)
        return sorted(day for day in days if day is not None)

    @property
    def ends(self) -> list[date]:
        """The days on which acquiring it ends, as far as they are known, in order."""
        days = [each.end_date for each in self.acquisitions]
        if isinstance(self.part, PreparatoryEducationPart):
            days.append(self.part.end_date)
        return sorted(day for day in days if day is not None)

    def held(self, day: date) -> list[date]:
        """The last days of the demonstrations whose last day has come on ``day``, in order."""
        return sorted(last for each in self.demonstrations if (last := last_day(each)) is not None and last <= day)

    def stage(self, day: date) -> UnitStage | None:
        """How far it is on ``day``; nothing where the days of demonstrations or of periods are not all shown."""
        if isinstance(self.part, Prior):
            return _PRIOR_STAGE.get(self.part.recognition_process or RecognitionProcess.UNKNOWN, UnitStage.PRIOR)
        if not sees_days(Item.D10, self.seen):
            return None
        held = self.held(day)
        if held and len(held) == len(self.demonstrations):
            return UnitStage.DEMONSTRATED
        if not all(sees_days(each, self.seen) for each in TIMING_ITEMS):
            return None
        begun = [*self.starts, *(each.start_date for each in self.demonstrations if each.start_date is not None)]
        if held or any(start <= day for start in begun):
            return UnitStage.UNDER_WAY
        return UnitStage.AHEAD if begun else UnitStage.UNDATED


def placed_units(plans: Iterable[tuple[Hoks, Seen]]) -> Iterator[Placed]:
    """Every unit and subarea of every plan, in order of plans and of the plan.

    With each plan stands what may be seen of the whole of it; of a plan that is shown in part only, nothing.
    """
    for plan, seen in plans:
        for field, kind, standing in _UNITS:
            for part in getattr(plan, field) or ():
                yield Placed(plan, part, kind, standing, seen)
                for subarea in getattr(part, "subareas", None) or ():
                    yield Placed(plan, subarea, UnitKind.COMMON_SUBAREA, standing, seen)


def same_unit(one: Placed, other: Placed) -> UnitMatch | None:
    """By what two units are the same, or nothing: different requirements or different ids are different units."""
    if one.kind is not other.kind or UnitMatch.PART in (one.matched_by, other.matched_by):
        return None
    if one.key == other.key:
        return one.matched_by
    if one.code is not None and other.code is not None:
        less = not (one.requirements and other.requirements)
        return UnitMatch.CODE_WITHOUT_REQUIREMENTS if less and one.code.uri == other.code.uri else None
    by_id = {UnitMatch.AMOSAA_ID, UnitMatch.NAME}
    if {one.matched_by, other.matched_by} == by_id and one.name and other.name:
        return UnitMatch.NAME if _plain(one.name) == _plain(other.name) else None
    return None


def last_day(demonstration: CompetenceDemonstration) -> date | None:
    """The last day of a demonstration; of one without, its first."""
    return demonstration.end_date or demonstration.start_date


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()

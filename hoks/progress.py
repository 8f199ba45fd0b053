"""Progress: how many units of a plan are ahead, under way, demonstrated and recognised, as far as its reader sees.

A number is null where what it is counted from is not shown: that is decided by the items granted, never by the data.
Common units are counted by subarea, since all planning is there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

from hoks.competence import TIMING_ITEMS
from hoks.items import Item, Seen, attached, drawn_from, item, sees_days
from hoks.records import Record

_STAGES = (Item.D2u, Item.D10, *TIMING_ITEMS)


class UnitStage(StrEnum):
    """How far a unit is in one plan today.

    A plan says when competence is to be demonstrated and not with what result: ``DEMONSTRATED`` is a demonstration
    whose last day has come.
    """

    UNDATED = "UNDATED"
    AHEAD = "AHEAD"
    UNDER_WAY = "UNDER_WAY"
    DEMONSTRATED = "DEMONSTRATED"
    BEING_RECOGNISED = "BEING_RECOGNISED"
    RECOGNISED = "RECOGNISED"
    PRIOR = "PRIOR"


class Progress(Record, frozen=True, gc=False):
    """How far a plan is today, in units and in competence points (opintojen eteneminen)."""

    planned: Annotated[int | None, item(Item.D2u, "Units and subareas planned (hankittavat).")] = None
    ahead: Annotated[int | None, drawn_from(_STAGES, "Of these not yet begun.")] = None
    under_way: Annotated[int | None, drawn_from(_STAGES, "Of these begun, and not all demonstrations held.")] = None
    demonstrated: Annotated[
        int | None,
        drawn_from(
            (Item.D2u, Item.D10), "Of these with all demonstrations held; a plan does not say with what result."
        ),
    ] = None
    undated: Annotated[int | None, drawn_from(_STAGES, "Of these without any day.")] = None
    recognised: Annotated[int | None, item(Item.D3, "Prior competence recognised (tunnustettu).")] = None
    being_recognised: Annotated[int | None, item(Item.D4, "Prior competence sent to assessors.")] = None
    other_prior: Annotated[
        int | None, item(Item.D5, "Other prior competence, of which it is not said that it is recognised.")
    ] = None
    competence_points_planned: Annotated[
        float | None, item(Item.D2u, "Competence points of the planned units whose extent is known (osaamispiste).")
    ] = None
    competence_points_demonstrated: Annotated[
        float | None, drawn_from((Item.D2u, Item.D10), "Of these, of the units demonstrated.")
    ] = None
    competence_points_recognised: Annotated[
        float | None, item(Item.D3, "Competence points of the recognised units whose extent is known.")
    ] = None
    without_competence_points: Annotated[
        int | None, item(Item.D2u, "Planned units and subareas whose extent is not known.")
    ] = None
    is_of_whole_plan: Annotated[
        bool, attached("False where only the part of the plan to which the caller is appointed is counted.")
    ] = True


class Counted(NamedTuple):
    """A unit or subarea to count."""

    item: Item
    """By which it is seen: planned, or prior in one of three ways."""
    stage: UnitStage | None
    points: float | None


def progress(counted: Sequence[Counted], seen: Seen, *, is_whole: bool = True) -> Progress:
    """The progress of one plan, of whose items ``seen`` are granted."""
    planned = [each for each in counted if each.item is Item.D2u]
    recognised = [each for each in counted if each.item is Item.D3]
    demonstrated = [each for each in planned if each.stage is UnitStage.DEMONSTRATED]
    stages = Counter(each.stage for each in planned)
    prior = Counter(each.item for each in counted)
    units = Item.D2u in seen
    held = is_whole and units and sees_days(Item.D10, seen)
    dated = held and all(sees_days(each, seen) for each in TIMING_ITEMS)
    return Progress(
        planned=len(planned) if units else None,
        ahead=stages[UnitStage.AHEAD] if dated else None,
        under_way=stages[UnitStage.UNDER_WAY] if dated else None,
        demonstrated=len(demonstrated) if held else None,
        undated=stages[UnitStage.UNDATED] if dated else None,
        recognised=len(recognised) if Item.D3 in seen else None,
        being_recognised=prior[Item.D4] if Item.D4 in seen else None,
        other_prior=prior[Item.D5] if Item.D5 in seen else None,
        competence_points_planned=_points(planned) if units else None,
        competence_points_demonstrated=_points(demonstrated) if held else None,
        competence_points_recognised=_points(recognised) if Item.D3 in seen else None,
        without_competence_points=sum(each.points is None for each in planned) if units else None,
        is_of_whole_plan=is_whole,
    )


def _points(counted: Iterable[Counted]) -> float:
    return float(sum(each.points or 0 for each in counted))

"""Combined units: the units of all plans of a student side by side, and what the plans say together of each.

Every occurrence is kept and none is fused with another; how far each is, is told plan by plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated

from hoks.codes import RecognitionProcess
from hoks.competence import TIMING_ITEMS, CompetenceAcquisition, CompetenceDemonstration
from hoks.hints import Hint, hints_by_unit
from hoks.identifiers import StudyRightOid
from hoks.items import Item, attached, attached_with, drawn_from, item, one_of, structure
from hoks.placed import UNIT_ITEMS, Placed, Standing, UnitKind, UnitMatch
from hoks.progress import UnitStage
from hoks.records import Record
from hoks.values import Code, Organisation, Provenance, Text

_STAGE = (*UNIT_ITEMS, *TIMING_ITEMS, Item.D10)


class UnitOccurrence(Record, frozen=True, gc=False):
    """One place where a unit stands: in which plan, planned or prior, and what belongs to it there."""

    study_right_oid: Annotated[StudyRightOid | None, item(Item.SR, "The plan's study right (opiskeluoikeuden oid).")]
    provider: Annotated[Organisation | None, item(Item.SR, "The plan's provider (koulutuksen järjestäjä).")] = None
    part_id: Annotated[str, attached("Id of the unit's part in that plan.")] = ""
    standing: Annotated[Standing | None, one_of(UNIT_ITEMS, "unit_item", "Planned or prior.")] = None
    stage: Annotated[
        UnitStage | None,
        drawn_from(_STAGE, "How far it is there today; null where its periods or demonstrations are not shown."),
    ] = None
    recognition_process: Annotated[
        RecognitionProcess | None,
        one_of(UNIT_ITEMS, "unit_item", "How prior competence is verified (todentamisen prosessi)."),
    ] = None
    name: Annotated[str | None, one_of(UNIT_ITEMS, "unit_item", "Name of a local unit in that plan (nimi).")] = None
    competence_points: Annotated[
        float | None,
        one_of(UNIT_ITEMS, "unit_item", "Extent there, competence points, where known (laajuus, osaamispiste)."),
    ] = None
    start_date: Annotated[date | None, drawn_from(TIMING_ITEMS, "First day of acquiring it (alku).")] = None
    end_date: Annotated[date | None, drawn_from(TIMING_ITEMS, "Last day of acquiring it (loppu).")] = None
    demonstrated_on: Annotated[
        date | None, item(Item.D10, "Last day of the latest demonstration that has been held; not its result.")
    ] = None
    sent_for_assessment_on: Annotated[date | None, item(Item.D4, "Sent to assessors on (lähetetty arvioitavaksi).")] = (
        None
    )
    acquisitions: Annotated[
        tuple[CompetenceAcquisition, ...] | None, structure("How it is acquired there (osaamisen hankkimistavat).")
    ] = ()
    demonstrations: Annotated[
        tuple[CompetenceDemonstration, ...] | None, structure("How it is demonstrated there (osaamisen osoittaminen).")
    ] = ()
    provenance: Annotated[Provenance | None, attached_with(Item.SR, "Where it came from.")] = None

    @property
    def unit_item(self) -> Item:
        """The item by which the unit is seen in that plan."""
        if self.standing is not Standing.PRIOR:
            return Item.D2u
        return _PRIOR_ITEM.get(self.recognition_process or RecognitionProcess.UNKNOWN, Item.D5)


_PRIOR_ITEM = {RecognitionProcess.DIRECT: Item.D3, RecognitionProcess.VIA_ASSESSORS: Item.D4}


class CombinedUnit(Record, frozen=True, gc=False):
    """One unit across all plans of a student, each occurrence kept apart: the help that source 004:239 names."""

    kind: Annotated[UnitKind | None, drawn_from(UNIT_ITEMS, "Kind of unit.")] = None
    matched_by: Annotated[
        UnitMatch | None,
        drawn_from(UNIT_ITEMS, "By what the occurrences are the same unit; PART where it says nothing of itself."),
    ] = None
    unit: Annotated[Code | None, drawn_from(UNIT_ITEMS, "The unit or subarea (tutkinnon osa, osa-alue).")] = None
    requirements_register_number: Annotated[
        str | None,
        drawn_from(
            UNIT_ITEMS, "Register number of the requirements a vocational unit is from (perusteen diaarinumero)."
        ),
    ] = None
    competence_points: Annotated[
        float | None,
        drawn_from(UNIT_ITEMS, "Extent by those requirements, competence points (laajuus, osaamispiste)."),
    ] = None
    name: Annotated[str | None, drawn_from(UNIT_ITEMS, "Name of a local unit (nimi).")] = None
    registered_name: Annotated[
        Text | None, drawn_from(UNIT_ITEMS, "Name in the register of local curricula (nimi AMOSAA:ssa).")
    ] = None
    occurrences: Annotated[tuple[UnitOccurrence, ...] | None, structure("Where the unit stands.")] = ()
    hints: Annotated[
        tuple[Hint, ...] | None, structure("What the plans say together of this unit and of its periods.")
    ] = ()


def combined_units(placed: Iterable[Placed], day: date, hints: Iterable[Hint] = ()) -> tuple[CombinedUnit, ...]:
    """Units of all plans grouped by what makes them the same, as they are on ``day``; every occurrence is kept."""
    groups: dict[tuple[str, ...], list[Placed]] = {}
    for each in placed:
        groups.setdefault(each.key, []).append(each)
    of_part = hints_by_unit(hints)
    return tuple(_combined(members, day, of_part) for _, members in sorted(groups.items()))


def _combined(members: Sequence[Placed], day: date, of_part: Mapping[str, tuple[Hint, ...]]) -> CombinedUnit:
    first = members[0]
    registered = (getattr(each.part, "registered_name", None) for each in members)
    return CombinedUnit(
        kind=first.kind,
        matched_by=first.matched_by,
        unit=next((each.code for each in members if each.code is not None and each.code.name is not None), first.code),
        requirements_register_number=getattr(first.part, "requirements_register_number", None),
        competence_points=None
        if first.kind is UnitKind.LOCAL
        else next(filter(None, (m.points for m in members)), None),
        name=next((each.name for each in members if each.name), None),
        registered_name=next((name for name in registered if name is not None), None),
        occurrences=tuple(_occurrence(each, day) for each in members),
        hints=_hints_of(members, of_part),
    )


def _hints_of(members: Sequence[Placed], of_part: Mapping[str, tuple[Hint, ...]]) -> tuple[Hint, ...]:
    """The hints of the units themselves and of their periods, each once."""
    if not of_part:
        return ()
    parts = (part for each in members for part in (each.part.id, *(period.id for period in each.acquisitions)))
    return tuple({id(hint): hint for part in parts for hint in of_part.get(part, ())}.values())


def _occurrence(placed: Placed, day: date) -> UnitOccurrence:
    held = placed.held(day)
    return UnitOccurrence(
        study_right_oid=placed.plan.study_right_oid,
        provider=placed.plan.provider,
        part_id=placed.part.id,
        standing=placed.standing,
        stage=placed.stage(day),
        recognition_process=getattr(placed.part, "recognition_process", None),
        name=placed.name,
        competence_points=placed.points,
        start_date=min(placed.starts, default=None),
        end_date=max(placed.ends, default=None),
        demonstrated_on=held[-1] if held else None,
        sent_for_assessment_on=placed.sent_for_assessment_on,
        acquisitions=placed.acquisitions,
        demonstrations=placed.demonstrations,
        provenance=placed.part.provenance,
    )

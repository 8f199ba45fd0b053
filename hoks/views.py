"""What is drawn from a redacted student: workplace learning across plans, and units side by side.

Drawn after redaction, so a view can only hold what its reader may see anyway.
"""

from collections.abc import Iterator
from datetime import date

from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration
from hoks.findings import Finding
from hoks.plan import Hoks
from hoks.records import Part
from hoks.student import CombinedUnit, Standing, Student, UnitKind, UnitOccurrence, WorkplacePeriod
from hoks.units import Prior
from hoks.values import Code

_AT_A_WORKPLACE = frozenset({AcquisitionMode.TRAINING_AGREEMENT, AcquisitionMode.APPRENTICESHIP})

_UNITS: tuple[tuple[str, UnitKind, Standing], ...] = (
    ("planned_vocational_units", UnitKind.VOCATIONAL, Standing.PLANNED),
    ("planned_local_units", UnitKind.LOCAL, Standing.PLANNED),
    ("planned_common_units", UnitKind.COMMON, Standing.PLANNED),
    ("planned_preparatory_parts", UnitKind.PREPARATORY, Standing.PLANNED),
    ("prior_vocational_units", UnitKind.VOCATIONAL, Standing.PRIOR),
    ("prior_local_units", UnitKind.LOCAL, Standing.PRIOR),
    ("prior_common_units", UnitKind.COMMON, Standing.PRIOR),
)


class Placed:
    """A unit, its kind and standing, and the plan it stands in."""

    __slots__ = ("kind", "part", "plan", "standing")

    def __init__(self, plan: Hoks, part: Part, kind: UnitKind, standing: Standing) -> None:
        self.plan, self.part, self.kind, self.standing = plan, part, kind, standing

    @property
    def code(self) -> Code | None:
        """The unit's, subarea's or preparatory part's code."""
        for name in ("unit", "subarea", "part"):
            if hasattr(self.part, name):
                found: Code | None = getattr(self.part, name)
                return found
        return None

    @property
    def name(self) -> str | None:
        """The name of a local unit."""
        return getattr(self.part, "name", None)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two units the same: kind with code, AMOSAA id, or, weakest, name; otherwise only itself."""
        code, amosaa = self.code, getattr(self.part, "amosaa_id", None)
        if code is not None:
            return (self.kind, "code", code.uri)
        if amosaa:
            return (self.kind, "amosaa", amosaa)
        return (self.kind, "name", self.name.casefold()) if self.name else (self.kind, "part", self.part.id)


def placed_units(student: Student) -> Iterator[Placed]:
    """Every unit and subarea of every plan, in order of plans and of the plan."""
    for plan in student.hoksit or ():
        for field, kind, standing in _UNITS:
            for part in getattr(plan, field) or ():
                yield Placed(plan, part, kind, standing)
                for subarea in getattr(part, "subareas", None) or ():
                    yield Placed(plan, subarea, UnitKind.COMMON_SUBAREA, standing)


def workplace_learning(student: Student) -> tuple[WorkplacePeriod, ...]:
    """Periods at workplaces across all plans, by first day; undated ones last."""
    periods = [
        WorkplacePeriod(
            study_right_oid=placed.plan.study_right_oid,
            provider=placed.plan.provider,
            unit_kind=placed.kind,
            unit=placed.code,
            unit_name=placed.name,
            acquisition=acquisition,
        )
        for placed in placed_units(student)
        for acquisition in _acquisitions(placed)
        if acquisition.workplace_learning is not None or acquisition.mode in _AT_A_WORKPLACE
    ]
    return tuple(sorted(periods, key=_first_day))


def combined_units(student: Student) -> tuple[CombinedUnit, ...]:
    """Units of all plans grouped by what makes them the same; every occurrence is kept."""
    groups: dict[tuple[str, ...], list[Placed]] = {}
    for placed in placed_units(student):
        groups.setdefault(placed.key, []).append(placed)
    return tuple(
        CombinedUnit(
            kind=members[0].kind,
            unit=members[0].code,
            name=members[0].name,
            occurrences=tuple(_occurrence(each) for each in members),
        )
        for _, members in sorted(groups.items())
    )


def all_findings(student: Student) -> tuple[Finding, ...]:
    """The findings of everything shown, each once."""
    found = [each for right in student.study_rights or () for each in right.findings or ()]
    found += [each for plan in student.hoksit or () for each in plan.findings or ()]
    return tuple(dict.fromkeys(found))


def _occurrence(placed: Placed) -> UnitOccurrence:
    return UnitOccurrence(
        study_right_oid=placed.plan.study_right_oid,
        provider=placed.plan.provider,
        part_id=placed.part.id,
        standing=placed.standing,
        recognition_process=placed.part.recognition_process if isinstance(placed.part, Prior) else None,
        acquisitions=_acquisitions(placed),
        demonstrations=_demonstrations(placed),
        provenance=placed.part.provenance,
    )


def _acquisitions(placed: Placed) -> tuple[CompetenceAcquisition, ...]:
    return getattr(placed.part, "acquisitions", None) or ()


def _demonstrations(placed: Placed) -> tuple[CompetenceDemonstration, ...]:
    name = "skills_demonstrations" if isinstance(placed.part, Prior) else "demonstrations"
    return getattr(placed.part, name, None) or ()


def _first_day(period: WorkplacePeriod) -> tuple[date, str]:
    start = period.acquisition.start_date if period.acquisition else None
    return (start or date.max, period.acquisition.id if period.acquisition else "")

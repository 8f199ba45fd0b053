"""Small plans of two providers as their reader is shown them, for the tests of what plans say together."""

from collections.abc import Iterable
from datetime import date

import msgspec

from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceLearning
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item, Seen
from hoks.placed import Placed, placed_units
from hoks.plan import Hoks
from hoks.study_right import Phase
from hoks.units import PlannedVocationalUnit, PriorVocationalUnit
from hoks.values import Code, Organisation
from tests.hoks.stories import A1, B1, C1, PROVIDER_A, PROVIDER_B, PROVIDER_C, a_right

PROVIDER_OF: dict[StudyRightOid, OrganisationOid] = {A1: PROVIDER_A, B1: PROVIDER_B, C1: PROVIDER_C}
WELDING, SALES = Code(uri="tutkinnonosat_100001"), Code(uri="tutkinnonosat_100002")
EVERYTHING = frozenset(Item)


def on(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)


def shown(oid: StudyRightOid, *, phase: Phase = Phase.CURRENT, **lists: object) -> Hoks:
    """A plan of a right that is shown whole, its right with it."""
    provider = PROVIDER_OF[oid]
    right = msgspec.structs.replace(a_right(oid, provider), phase=phase)
    plan = Hoks(study_right_oid=oid, study_right=right, provider=Organisation(oid=provider))
    return msgspec.structs.replace(plan, **lists)


def units_of(*plans: Hoks, seen: Seen = EVERYTHING) -> list[Placed]:
    """The units of plans, of which ``seen`` may be seen."""
    return list(placed_units((plan, seen) for plan in plans))


def planned(
    key: str,
    unit: Code | None = WELDING,
    number: str | None = "OPH-1-2026",
    *,
    periods: Iterable[CompetenceAcquisition] = (),
    shows: Iterable[str] = (),
) -> PlannedVocationalUnit:
    """A planned vocational unit, its periods and the last days of its demonstrations."""
    return PlannedVocationalUnit(
        id=key,
        unit=unit,
        requirements_register_number=number,
        acquisitions=tuple(periods),
        demonstrations=tuple(CompetenceDemonstration(id=f"{key} {day}", end_date=on(day)) for day in shows),
    )


def prior(
    key: str,
    process: RecognitionProcess | None = RecognitionProcess.DIRECT,
    unit: Code | None = WELDING,
    number: str | None = "OPH-1-2026",
    **fields: object,
) -> PriorVocationalUnit:
    """A prior vocational unit."""
    made = PriorVocationalUnit(
        id=key, unit=unit, requirements_register_number=number, recognition_process=process, assessor_referral=None
    )
    return msgspec.structs.replace(made, **fields)


def at_work(
    key: str, start: str, end: str, percent: int | None = None, workplace: str | None = "Paja"
) -> CompetenceAcquisition:
    """A period at a workplace."""
    return CompetenceAcquisition(
        id=key,
        start_date=on(start),
        end_date=on(end),
        mode=AcquisitionMode.TRAINING_AGREEMENT,
        working_time_percent=percent,
        workplace_learning=WorkplaceLearning(workplace_name=workplace),
    )

"""Quality of a plan's data: the rules that the national store applies when a plan is written, as a table of checks.

Student systems hold plans that were written before a rule, or past it. A check says what is wrong and where, never the
value; what to do about it stands beside, for the provider that can mend it.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from hoks.codes import AcquisitionMode, StudyRightState, StudyRightType
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceLearning
from hoks.findings import Finding, FindingCode, finding
from hoks.items import Item
from hoks.plan import Hoks
from hoks.records import Part, Record, uri_of
from hoks.study_right import Phase, StudyRight
from hoks.units import LearningSupport, PriorCommonUnitSubarea, PriorLocalUnit
from hoks.values import Text

LONGEST_YEARS = 5
BUSINESS_ID_FROM = date(2021, 8, 26)
APPRENTICESHIP_BASIS_FROM = date(2021, 7, 1)
WORKING_TIME_FROM = date(2023, 7, 1)
"""The first last day of a period from which each is required."""
ACHIEVED_FROM, ACHIEVED_AHEAD = date(2018, 1, 2), timedelta(days=14)
_AT_A_WORKPLACE = frozenset({AcquisitionMode.TRAINING_AGREEMENT, AcquisitionMode.APPRENTICESHIP})
_REMEDIAL = "ammatillinenkoulutusoppimisentuentyyppi_01"


class Around(NamedTuple):
    """What a check knows besides the part: the day, the study right, the plan, and the period a workplace is in."""

    day: date
    right: StudyRight | None
    plan: Hoks
    period: CompetenceAcquisition | None = None


class Problem(msgspec.Struct, frozen=True):
    """A finding, and the part it is about where it is about one."""

    finding: Finding
    part_id: str | None = None


class Check(NamedTuple):
    """One rule: what it is called, of which item, at which field, and when it is broken."""

    code: FindingCode
    item: Item | None
    """Nothing where it is the item of the period's dates."""
    field: str
    fails: Callable[[Any, Around], bool]


def problems_of(plan: Hoks, right: StudyRight | None, day: date) -> Iterator[Problem]:
    """What is wrong with a plan's data on ``day``: what was found when it was read, and what breaks a rule."""
    for each in plan.findings or ():
        yield Problem(each)
    yield from _checked(plan, "", None, Around(day, right, plan))


def _checked(record: Record, place: str, part_id: str | None, around: Around) -> Iterator[Problem]:
    if isinstance(record, CompetenceAcquisition):
        around = around._replace(period=record)
    part_id = record.id if isinstance(record, Part) and record.id else part_id
    for check in CHECKS.get(type(record), ()):
        if check.fails(record, around):
            item = check.item or (around.period.timing_item if around.period is not None else Item.G)
            yield Problem(finding(check.code, f"{place}{check.field}", item), part_id)
    for name in record.__struct_fields__:
        if name in ("findings", "study_right"):
            continue
        value = getattr(record, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Record):
                yield from _checked(each, f"{place}{_camel(name)}.", part_id, around)


# --- the rules ------------------------------------------------------------------------------------------------


def _is_backwards(part: Any, _: Around) -> bool:
    return part.start_date is not None and part.end_date is not None and part.end_date < part.start_date


def _is_too_long(period: CompetenceAcquisition, _: Around) -> bool:
    start, end = period.start_date, period.end_date
    return start is not None and end is not None and end > _years_after(start, LONGEST_YEARS)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _is_outside_the_right(period: CompetenceAcquisition, around: Around) -> bool:
    right = around.right
    if right is None or (right.phase is Phase.ENDED and right.state is not StudyRightState.GRADUATED):
        return False
    last = right.end_date or right.estimated_end_date
    begins_before = period.start_date is not None and right.start_date is not None
    ends_after = period.end_date is not None and last is not None
    return bool(
        (begins_before and period.start_date < right.start_date)  # type: ignore[operator]  # both are there
        or (ends_after and period.end_date > last)  # type: ignore[operator]  # both are there
    )


def _is_at_a_workplace(period: CompetenceAcquisition) -> bool:
    return period.mode in _AT_A_WORKPLACE


def _ends_from(period: CompetenceAcquisition | None, first: date) -> bool:
    return period is not None and period.end_date is not None and period.end_date >= first


def _lacks_a_workplace(period: CompetenceAcquisition, _: Around) -> bool:
    return _is_at_a_workplace(period) and period.workplace_learning is None


def _lacks_a_key(period: CompetenceAcquisition, _: Around) -> bool:
    return _is_at_a_workplace(period) and not period.source_key


def _lacks_working_time(period: CompetenceAcquisition, _: Around) -> bool:
    required = _is_at_a_workplace(period) and _ends_from(period, WORKING_TIME_FROM)
    return required and period.working_time_percent is None


def _lacks_a_basis(period: CompetenceAcquisition, _: Around) -> bool:
    required = period.mode is AcquisitionMode.APPRENTICESHIP and _ends_from(period, APPRENTICESHIP_BASIS_FROM)
    return required and period.apprenticeship_basis is None


def _interruptions_overlap(period: CompetenceAcquisition, _: Around) -> bool:
    dated = [each for each in period.interruptions or () if each.start_date is not None]
    ordered = sorted(dated, key=lambda each: each.start_date or date.min)
    return any(
        one.end_date is None or one.end_date >= (other.start_date or date.min) for one, other in pairwise(ordered)
    )


def _lacks_an_instructor(workplace: WorkplaceLearning, _: Around) -> bool:
    instructor = workplace.responsible_workplace_instructor
    return instructor is None or not instructor.name


def _lacks_a_name(workplace: WorkplaceLearning, _: Around) -> bool:
    return not workplace.workplace_name


def _lacks_a_business_id(workplace: WorkplaceLearning, around: Around) -> bool:
    return _ends_from(around.period, BUSINESS_ID_FROM) and not workplace.workplace_business_id


def _lacks_a_process(prior: PriorLocalUnit | PriorCommonUnitSubarea, _: Around) -> bool:
    return prior.recognition_process_code is None and prior.recognition_process is None


def _is_remedial(support: LearningSupport) -> bool:
    return uri_of(support.support_type) == _REMEDIAL


def _lacks_dates(support: LearningSupport, _: Around) -> bool:
    named = (support.start_date, support.end_date, support.unit_group_code or support.unit_group)
    return _is_remedial(support) and any(each is None for each in named)


def _has_dates(support: LearningSupport, _: Around) -> bool:
    named = (support.start_date, support.end_date, support.unit_group_code or support.unit_group)
    return support.support_type is not None and not _is_remedial(support) and any(each is not None for each in named)


def _was_achieved_out_of_range(plan: Hoks, around: Around) -> bool:
    day = plan.competence_achieved_on
    return day is not None and not ACHIEVED_FROM <= day <= around.day + ACHIEVED_AHEAD


def _has_units_though_preparatory(plan: Hoks, around: Around) -> bool:
    is_preparatory = around.right is not None and around.right.type is StudyRightType.PREPARATORY
    return is_preparatory and bool(
        plan.planned_vocational_units or plan.planned_common_units or plan.planned_local_units
    )


def _waits_for_approval(plan: Hoks, around: Around) -> bool:
    has_begun = around.right is not None and around.right.phase is Phase.CURRENT
    return has_begun and (plan.first_approved_on is None or plan.first_approved_on > around.day)


_C = FindingCode
CHECKS: dict[type[Record], tuple[Check, ...]] = {
    Hoks: (
        Check(_C.PLAN_NOT_APPROVED, Item.D1, "firstApprovedOn", _waits_for_approval),
        Check(_C.COMPETENCE_ACHIEVED_OUT_OF_RANGE, Item.X, "competenceAchievedOn", _was_achieved_out_of_range),
        Check(_C.UNITS_IN_PREPARATORY_PLAN, Item.D2u, "plannedVocationalUnits", _has_units_though_preparatory),
    ),
    CompetenceAcquisition: (
        Check(_C.PERIOD_ENDS_BEFORE_IT_BEGINS, None, "endDate", _is_backwards),
        Check(_C.PERIOD_LONGER_THAN_FIVE_YEARS, None, "endDate", _is_too_long),
        Check(_C.PERIOD_OUTSIDE_STUDY_RIGHT, None, "startDate", _is_outside_the_right),
        Check(_C.WORKPLACE_PART_MISSING, Item.W1, "workplaceLearning", _lacks_a_workplace),
        Check(_C.PERIOD_KEY_MISSING, Item.X, "sourceKey", _lacks_a_key),
        Check(_C.WORKING_TIME_MISSING, Item.X, "workingTimePercent", _lacks_working_time),
        Check(_C.APPRENTICESHIP_BASIS_MISSING, Item.X, "apprenticeshipBasis", _lacks_a_basis),
        Check(_C.INTERRUPTIONS_OVERLAP, Item.Gi, "interruptions", _interruptions_overlap),
    ),
    WorkplaceLearning: (
        Check(_C.INSTRUCTOR_MISSING, Item.W1, "responsibleWorkplaceInstructor", _lacks_an_instructor),
        Check(_C.WORKPLACE_NAME_MISSING, Item.W1, "workplaceName", _lacks_a_name),
        Check(_C.WORKPLACE_BUSINESS_ID_MISSING, Item.W1, "workplaceBusinessId", _lacks_a_business_id),
    ),
    CompetenceDemonstration: (Check(_C.DEMONSTRATION_ENDS_BEFORE_IT_BEGINS, Item.D10, "endDate", _is_backwards),),
    PriorLocalUnit: (Check(_C.RECOGNITION_PROCESS_MISSING, Item.D5, "recognitionProcess", _lacks_a_process),),
    PriorCommonUnitSubarea: (Check(_C.RECOGNITION_PROCESS_MISSING, Item.D5, "recognitionProcess", _lacks_a_process),),
    LearningSupport: (
        Check(_C.SUPPORT_DATES_MISSING, Item.D9, "startDate", _lacks_dates),
        Check(_C.SUPPORT_DATES_NOT_ALLOWED, Item.D9, "startDate", _has_dates),
    ),
}
"""The rules of writing (ehoks 1.3, 1.7-1.10), by the kind of record they are about."""

_CORRECT = Text(
    fi="Korjaa tieto opintohallintojärjestelmässä ja siirrä suunnitelma uudelleen.",
    sv="Rätta uppgiften i studieförvaltningssystemet och överför planen på nytt.",
    en="Correct the value in the student system and transfer the plan again.",
)
_FILL_IN = Text(
    fi="Täydennä tieto opintohallintojärjestelmässä; ilman sitä työpaikalle ei voi lähettää palautekyselyä.",
    sv="Komplettera uppgiften i studieförvaltningssystemet; utan den kan ingen enkät sändas till arbetsplatsen.",
    en="Fill it in in the student system; without it the workplace cannot be asked for feedback.",
)
_LINK = Text(
    fi="Tarkista hankintalinkki hankkivan ja toteuttavan järjestäjän kesken ja korjaa se Koskessa.",
    sv="Kontrollera anskaffningslänken med den andra anordnaren och rätta den i Koski.",
    en="Check the procurement link with the other provider and correct it in Koski.",
)
_SOURCE = Text(
    fi="Ilmoita järjestelmän toimittajalle: lähde antaa tiedon väärässä muodossa.",
    sv="Meddela systemleverantören: källan ger uppgiften i fel form.",
    en="Tell the supplier of the system: the source gives the value in a wrong form.",
)
_RIGHT = Text(
    fi="Tarkista opiskeluoikeus Koskesta ja opintohallintojärjestelmästä ja korjaa väärä.",
    sv="Kontrollera studierätten i Koski och i studieförvaltningssystemet och rätta den som är fel.",
    en="Compare the study right in Koski and in the student system, and correct the wrong one.",
)
_COPIES = Text(
    fi="Poista ylimääräinen suunnitelma tai kopio; opiskeluoikeudella on yksi HOKS.",
    sv="Ta bort den överflödiga planen eller kopian; en studierätt har en PUK.",
    en="Remove the plan or copy that is too many; a study right has one plan.",
)
_APPROVE = Text(
    fi="Hyväksy HOKS opiskelijan kanssa ja merkitse hyväksymispäivä.",
    sv="Godkänn PUK tillsammans med den studerande och anteckna datumet.",
    en="Approve the plan with the student and enter the day.",
)

REMEDIES: dict[FindingCode, Text] = {
    **dict.fromkeys(FindingCode, _CORRECT),
    **dict.fromkeys((_C.INSTRUCTOR_MISSING, _C.WORKPLACE_NAME_MISSING, _C.WORKPLACE_BUSINESS_ID_MISSING), _FILL_IN),
    **dict.fromkeys(
        (
            _C.LINK_NAMES_WRONG_SCHOOL,
            _C.LINK_TARGET_UNKNOWN,
            _C.LINK_TARGET_ENDED,
            _C.LINK_CHAIN,
            _C.LINK_CYCLE,
        ),
        _LINK,
    ),
    **dict.fromkeys((_C.UNREADABLE_VALUE, _C.UNKNOWN_CODE, _C.UNKNOWN_FIELDS, _C.PLAN_OF_ANOTHER_PERSON), _SOURCE),
    **dict.fromkeys((_C.UNKNOWN_STATE, _C.SOURCES_DISAGREE_ON_STATE, _C.SOURCES_DISAGREE_ON_PROVIDER), _RIGHT),
    **dict.fromkeys((_C.DIFFERENT_COPY, _C.PLAN_ON_BOTH_SIDES_OF_LINK, _C.SEVERAL_PLANS_FOR_ONE_RIGHT), _COPIES),
    _C.PLAN_NOT_APPROVED: _APPROVE,
    _C.APPOINTMENT_NAMES_NO_PART: Text(
        fi="Nimitä henkilö uudelleen suunnitelmassa olevaan jaksoon tai näyttöön, tai päätä nimitys.",
        sv="Utnämn personen på nytt till en period eller ett yrkesprov i planen, eller avsluta utnämningen.",
        en="Appoint the person again to a period or demonstration of the plan, or end the appointment.",
    ),
}
"""What to do about each finding, for the provider that can mend it."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)

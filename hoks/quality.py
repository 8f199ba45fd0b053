"""Quality of a plan's data: the rules that the national store applies when a plan is written, as a table of checks.

Student systems hold plans that were written before a rule, or past it. A check says what is wrong and where, never the
value.
"""

from collections import Counter
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
    keys: Counter[str]
    """How often each key of a period at a workplace stands in the plan."""
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
    yield from _checked(plan, "", None, Around(day, right, plan, Counter(_keys(plan))))


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


def _keys(record: Record) -> Iterator[str]:
    if isinstance(record, CompetenceAcquisition):
        if record.source_key and _is_at_a_workplace(record):
            yield record.source_key
        return
    for name in record.__struct_fields__:
        value = getattr(record, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Record) and name != "findings":
                yield from _keys(each)


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
    begins, began = period.start_date, right.start_date
    begins_before = begins is not None and began is not None and begins < began
    ends_after = period.end_date is not None and last is not None and period.end_date > last
    return begins_before or ends_after


def _is_at_a_workplace(period: CompetenceAcquisition) -> bool:
    return period.mode in _AT_A_WORKPLACE


def _ends_from(period: CompetenceAcquisition | None, first: date) -> bool:
    return period is not None and period.end_date is not None and period.end_date >= first


def _lacks_a_workplace(period: CompetenceAcquisition, _: Around) -> bool:
    return _is_at_a_workplace(period) and period.workplace_learning is None


def _lacks_a_key(period: CompetenceAcquisition, _: Around) -> bool:
    return _is_at_a_workplace(period) and not period.source_key


def _repeats_a_key(period: CompetenceAcquisition, around: Around) -> bool:
    return _is_at_a_workplace(period) and bool(period.source_key) and around.keys[period.source_key or ""] > 1


def _works_out_of_range(period: CompetenceAcquisition, _: Around) -> bool:
    return period.working_time_percent is not None and not 1 <= period.working_time_percent <= 100


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


def _is_preparatory(around: Around) -> bool:
    return around.right is not None and around.right.type is StudyRightType.PREPARATORY


def _has_units_though_preparatory(plan: Hoks, around: Around) -> bool:
    units = plan.planned_vocational_units or plan.planned_common_units or plan.planned_local_units
    return _is_preparatory(around) and bool(units)


def _has_study_skills_though_preparatory(plan: Hoks, around: Around) -> bool:
    return _is_preparatory(around) and bool(plan.studies_supporting_study_skills)


def _names_another_preparatory_right(plan: Hoks, around: Around) -> bool:
    return _is_preparatory(around) and plan.preparatory_study_right_oid is not None


def _has_preparatory_parts_though_vocational(plan: Hoks, around: Around) -> bool:
    is_vocational = around.right is not None and around.right.type is StudyRightType.VOCATIONAL
    return is_vocational and bool(plan.planned_preparatory_parts)


def _lacks_the_need(plan: Hoks, _: Around) -> bool:
    return plan.competence_acquisition_needed is None


def _waits_for_approval(plan: Hoks, around: Around) -> bool:
    has_begun = around.right is not None and around.right.phase is Phase.CURRENT
    return has_begun and (plan.first_approved_on is None or plan.first_approved_on > around.day)


_C = FindingCode
CHECKS: dict[type[Record], tuple[Check, ...]] = {
    Hoks: (
        Check(_C.PLAN_NOT_APPROVED, Item.D1, "firstApprovedOn", _waits_for_approval),
        Check(_C.COMPETENCE_ACHIEVED_OUT_OF_RANGE, Item.X, "competenceAchievedOn", _was_achieved_out_of_range),
        Check(_C.UNITS_IN_PREPARATORY_PLAN, Item.D2u, "plannedVocationalUnits", _has_units_though_preparatory),
        Check(
            _C.STUDY_SKILLS_IN_PREPARATORY_PLAN,
            Item.D9,
            "studiesSupportingStudySkills",
            _has_study_skills_though_preparatory,
        ),
        Check(
            _C.PREPARATORY_RIGHT_IN_PREPARATORY_PLAN,
            Item.SR,
            "preparatoryStudyRightOid",
            _names_another_preparatory_right,
        ),
        Check(
            _C.PREPARATORY_PARTS_IN_OTHER_PLAN,
            Item.D2u,
            "plannedPreparatoryParts",
            _has_preparatory_parts_though_vocational,
        ),
        Check(_C.ACQUISITION_NEED_MISSING, Item.D7, "competenceAcquisitionNeeded", _lacks_the_need),
    ),
    CompetenceAcquisition: (
        Check(_C.PERIOD_ENDS_BEFORE_IT_BEGINS, None, "endDate", _is_backwards),
        Check(_C.PERIOD_LONGER_THAN_FIVE_YEARS, None, "endDate", _is_too_long),
        Check(_C.PERIOD_OUTSIDE_STUDY_RIGHT, None, "startDate", _is_outside_the_right),
        Check(_C.WORKPLACE_PART_MISSING, Item.W1, "workplaceLearning", _lacks_a_workplace),
        Check(_C.PERIOD_KEY_MISSING, Item.X, "sourceKey", _lacks_a_key),
        Check(_C.PERIOD_KEY_REPEATED, Item.X, "sourceKey", _repeats_a_key),
        Check(_C.WORKING_TIME_OUT_OF_RANGE, Item.X, "workingTimePercent", _works_out_of_range),
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


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)

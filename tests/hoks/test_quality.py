"""The rules that the national store applies to a plan that is written, each broken and kept (ehoks 1.3, 1.7-1.10)."""

from datetime import date

import msgspec
import pytest

from hoks.codes import AcquisitionMode, RecognitionProcess, StudyRightState, StudyRightType, UnitGroup
from hoks.competence import (
    CompetenceAcquisition,
    CompetenceDemonstration,
    Interruption,
    WorkplaceInstructor,
    WorkplaceLearning,
)
from hoks.findings import MEANING, FindingCode, Severity, finding
from hoks.identifiers import BusinessId, LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.quality import problems_of
from hoks.remedies import REMEDIES
from hoks.study_right import Phase, StudyRight
from hoks.units import (
    LearningSupport,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorLocalUnit,
    StudySkillsStudies,
)
from hoks.values import Code

DAY = date(2026, 10, 5)
RIGHT_OID = StudyRightOid("1.2.246.562.15.10000000016")
AGREEMENT, APPRENTICESHIP = AcquisitionMode.TRAINING_AGREEMENT, AcquisitionMode.APPRENTICESHIP
SUPPORT = "ammatillinenkoulutusoppimisentuentyyppi_0"


def a_right(**changes: object) -> StudyRight:
    """A current right from August 2025 to May 2028."""
    given: dict[str, object] = {
        "oid": RIGHT_OID,
        "student_oid": LearnerOid("1.2.246.562.98.10000000017"),
        "phase": Phase.CURRENT,
        "state": StudyRightState.PRESENT,
        "start_date": date(2025, 8, 11),
        "estimated_end_date": date(2028, 5, 31),
    }
    return StudyRight(**{**given, **changes})  # type: ignore[arg-type]  # by name


def a_workplace(**changes: object) -> WorkplaceLearning:
    """A workplace of which everything is told."""
    given: dict[str, object] = {
        "responsible_workplace_instructor": WorkplaceInstructor(name="Ohjaaja"),
        "workplace_name": "Paja",
        "workplace_business_id": BusinessId("1234567-1"),
    }
    return WorkplaceLearning(**{**given, **changes})  # type: ignore[arg-type]  # by name


def a_period(**changes: object) -> CompetenceAcquisition:
    """A period at a workplace of which everything is told."""
    given: dict[str, object] = {
        "id": "period",
        "source_key": "1",
        "start_date": date(2026, 9, 7),
        "end_date": date(2026, 12, 11),
        "mode": AGREEMENT,
        "workplace_learning": a_workplace(),
        "working_time_percent": 100,
    }
    return CompetenceAcquisition(**{**given, **changes})  # type: ignore[arg-type]  # by name


def a_plan(*periods: CompetenceAcquisition, **changes: object) -> Hoks:
    """An approved plan with one unit."""
    unit = PlannedVocationalUnit(id="unit", acquisitions=periods)
    given: dict[str, object] = {
        "first_approved_on": date(2025, 8, 20),
        "planned_vocational_units": (unit,),
        "competence_acquisition_needed": True,
    }
    return Hoks(study_right_oid=RIGHT_OID, **{**given, **changes})  # type: ignore[arg-type]  # by name


def of_workplace(**changes: object) -> Hoks:
    """A plan with one period, at a workplace that differs so."""
    return a_plan(a_period(workplace_learning=a_workplace(**changes)))


def shown(*demonstrations: CompetenceDemonstration) -> Hoks:
    """A plan with demonstrations."""
    return a_plan(planned_vocational_units=(PlannedVocationalUnit(demonstrations=demonstrations),))


def supported(kind: str, **changes: object) -> Hoks:
    """A plan with one piece of support."""
    support = LearningSupport(support_type=Code(uri=f"{SUPPORT}{kind}"), **changes)  # type: ignore[arg-type]  # by name
    return a_plan(learning_support=(support,))


def found(plan: Hoks, right: StudyRight | None = None) -> list[str]:
    """What is wrong with a plan."""
    return [each.finding.code.value for each in problems_of(plan, right or a_right(), DAY)]


INTERRUPTED = (date(2026, 9, 14), date(2026, 9, 18))
DATES = {"start_date": DAY, "end_date": DAY, "unit_group": UnitGroup.COMMON}


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        (a_plan(a_period()), []),
        (a_plan(a_period(end_date=date(2026, 9, 6))), ["PERIOD_ENDS_BEFORE_IT_BEGINS"]),
        (a_plan(a_period(end_date=date(2026, 9, 7))), []),
        (a_plan(a_period(start_date=date(2025, 8, 10))), ["PERIOD_OUTSIDE_STUDY_RIGHT"]),
        (a_plan(a_period(start_date=date(2025, 8, 11))), []),
        (a_plan(a_period(end_date=date(2028, 6, 1))), ["PERIOD_OUTSIDE_STUDY_RIGHT"]),
        (a_plan(a_period(end_date=date(2028, 5, 31))), []),
        (a_plan(a_period(start_date=None)), []),  # that it is missing was found where it was read
        (a_plan(a_period(workplace_learning=None)), ["WORKPLACE_PART_MISSING"]),
        (a_plan(a_period(mode=AcquisitionMode.INSTITUTION_BASED, workplace_learning=None, source_key=None)), []),
        (a_plan(a_period(source_key=None)), ["PERIOD_KEY_MISSING"]),
        (a_plan(a_period(id="a"), a_period(id="b")), ["PERIOD_KEY_REPEATED", "PERIOD_KEY_REPEATED"]),
        (a_plan(a_period(id="a"), a_period(id="b", source_key="2")), []),
        (a_plan(a_period(id="a"), a_period(id="b", mode=AcquisitionMode.INSTITUTION_BASED)), []),
        (a_plan(a_period(working_time_percent=None)), ["WORKING_TIME_MISSING"]),
        (a_plan(a_period(working_time_percent=0)), ["WORKING_TIME_OUT_OF_RANGE"]),
        (a_plan(a_period(working_time_percent=1)), []),
        (a_plan(a_period(working_time_percent=101)), ["WORKING_TIME_OUT_OF_RANGE"]),
        (a_plan(competence_acquisition_needed=None), ["ACQUISITION_NEED_MISSING"]),
        (a_plan(competence_acquisition_needed=False), []),
        (a_plan(a_period(mode=APPRENTICESHIP)), ["APPRENTICESHIP_BASIS_MISSING"]),
        (a_plan(a_period(mode=APPRENTICESHIP, apprenticeship_basis=Code(uri="x"))), []),
        (of_workplace(responsible_workplace_instructor=None), ["INSTRUCTOR_MISSING"]),
        (of_workplace(responsible_workplace_instructor=WorkplaceInstructor(email="a@b")), ["INSTRUCTOR_MISSING"]),
        (of_workplace(workplace_name=None), ["WORKPLACE_NAME_MISSING"]),
        (of_workplace(workplace_business_id=None), ["WORKPLACE_BUSINESS_ID_MISSING"]),
        (
            a_plan(a_period(interruptions=(Interruption(start_date=INTERRUPTED[0]), Interruption(start_date=DAY)))),
            ["INTERRUPTIONS_OVERLAP"],
        ),
        (
            a_plan(
                a_period(
                    interruptions=(
                        Interruption(start_date=INTERRUPTED[0], end_date=INTERRUPTED[1]),
                        Interruption(start_date=INTERRUPTED[1]),
                    )
                )
            ),
            ["INTERRUPTIONS_OVERLAP"],
        ),
        (
            a_plan(
                a_period(
                    interruptions=(
                        Interruption(start_date=DAY),
                        Interruption(start_date=INTERRUPTED[0], end_date=INTERRUPTED[1]),
                    )
                )
            ),
            [],
        ),
        (
            shown(CompetenceDemonstration(start_date=DAY, end_date=date(2026, 10, 4))),
            ["DEMONSTRATION_ENDS_BEFORE_IT_BEGINS"],
        ),
        (shown(CompetenceDemonstration(start_date=DAY, end_date=DAY)), []),
        (a_plan(prior_local_units=(PriorLocalUnit(),)), ["RECOGNITION_PROCESS_MISSING"]),
        (a_plan(prior_local_units=(PriorLocalUnit(recognition_process=RecognitionProcess.DIRECT),)), []),
        (
            a_plan(prior_common_units=(PriorCommonUnit(subareas=(PriorCommonUnitSubarea(),)),)),
            ["RECOGNITION_PROCESS_MISSING"],
        ),
        (supported("1", **DATES), []),
        (supported("1", **{**DATES, "end_date": None}), ["SUPPORT_DATES_MISSING"]),
        (supported("2"), []),
        (supported("3", start_date=DAY), ["SUPPORT_DATES_NOT_ALLOWED"]),
        (a_plan(competence_achieved_on=date(2018, 1, 1)), ["COMPETENCE_ACHIEVED_OUT_OF_RANGE"]),
        (a_plan(competence_achieved_on=date(2018, 1, 2)), []),
        (a_plan(competence_achieved_on=date(2026, 10, 19)), []),
        (a_plan(competence_achieved_on=date(2026, 10, 20)), ["COMPETENCE_ACHIEVED_OUT_OF_RANGE"]),
        (a_plan(first_approved_on=None), ["PLAN_NOT_APPROVED"]),
        (a_plan(first_approved_on=DAY), []),
    ],
)
def test_a_rule_that_is_broken_is_found_and_one_that_is_kept_is_not(plan: Hoks, codes: list[str]) -> None:
    assert found(plan) == codes


LONG = a_right(start_date=date(2018, 8, 1), estimated_end_date=date(2030, 1, 1))


@pytest.mark.parametrize(
    ("plan", "right", "codes"),
    [
        (a_plan(a_period(start_date=date(2020, 2, 29), end_date=date(2025, 3, 1))), LONG, []),
        (
            a_plan(a_period(start_date=date(2020, 2, 29), end_date=date(2025, 3, 2))),
            LONG,
            ["PERIOD_LONGER_THAN_FIVE_YEARS"],
        ),
        (
            a_plan(a_period(end_date=date(2028, 6, 1))),
            a_right(phase=Phase.ENDED, state=StudyRightState.DISCONTINUED),
            [],
        ),
        (
            a_plan(a_period(end_date=date(2028, 6, 1))),
            a_right(phase=Phase.ENDED, state=StudyRightState.GRADUATED),
            ["PERIOD_OUTSIDE_STUDY_RIGHT"],
        ),
        (
            a_plan(a_period()),
            a_right(end_date=date(2026, 12, 10)),
            ["PERIOD_OUTSIDE_STUDY_RIGHT"],
        ),
        (a_plan(first_approved_on=None), a_right(phase=Phase.UPCOMING), []),
        (
            a_plan(planned_preparatory_parts=(PreparatoryEducationPart(),)),
            a_right(type=StudyRightType.PREPARATORY),
            ["UNITS_IN_PREPARATORY_PLAN"],
        ),
        (
            a_plan(planned_vocational_units=(), planned_preparatory_parts=(PreparatoryEducationPart(),)),
            a_right(type=StudyRightType.PREPARATORY),
            [],
        ),
        (
            a_plan(planned_vocational_units=(), studies_supporting_study_skills=(StudySkillsStudies(),)),
            a_right(type=StudyRightType.PREPARATORY),
            ["STUDY_SKILLS_IN_PREPARATORY_PLAN"],
        ),
        (
            a_plan(planned_vocational_units=(), preparatory_study_right_oid=RIGHT_OID),
            a_right(type=StudyRightType.PREPARATORY),
            ["PREPARATORY_RIGHT_IN_PREPARATORY_PLAN"],
        ),
        (
            a_plan(planned_preparatory_parts=(PreparatoryEducationPart(),)),
            a_right(type=StudyRightType.VOCATIONAL),
            ["PREPARATORY_PARTS_IN_OTHER_PLAN"],
        ),
        (
            a_plan(studies_supporting_study_skills=(StudySkillsStudies(),), preparatory_study_right_oid=RIGHT_OID),
            a_right(type=StudyRightType.VOCATIONAL),
            [],
        ),
    ],
)
def test_some_rules_look_at_the_study_right(plan: Hoks, right: StudyRight, codes: list[str]) -> None:
    assert found(plan, right) == codes


@pytest.mark.parametrize(
    ("period", "codes"),
    [
        (a_period(end_date=date(2021, 8, 25), workplace_learning=a_workplace(workplace_business_id=None)), []),
        (
            a_period(end_date=date(2021, 8, 26), workplace_learning=a_workplace(workplace_business_id=None)),
            ["WORKPLACE_BUSINESS_ID_MISSING"],
        ),
        (a_period(end_date=date(2021, 6, 30), mode=APPRENTICESHIP), []),
        (a_period(end_date=date(2021, 7, 1), mode=APPRENTICESHIP), ["APPRENTICESHIP_BASIS_MISSING"]),
        (a_period(end_date=date(2023, 6, 30), working_time_percent=None), []),
        (a_period(end_date=date(2023, 7, 1), working_time_percent=None), ["WORKING_TIME_MISSING"]),
    ],
)
def test_some_rules_are_of_periods_that_end_after_a_day(period: CompetenceAcquisition, codes: list[str]) -> None:
    began = msgspec.structs.replace(period, start_date=date(2021, 1, 4))
    assert found(a_plan(began), LONG) == codes


def test_a_problem_says_where_by_names_of_the_graph_in_which_part_and_of_which_item() -> None:
    subarea = PlannedCommonUnitSubarea(id="subarea", acquisitions=(a_period(end_date=date(2026, 9, 6)),))
    plan = a_plan(
        planned_vocational_units=(), planned_common_units=(PlannedCommonUnit(id="unit", subareas=(subarea,)),)
    )

    (problem,) = problems_of(plan, a_right(), DAY)

    assert problem.finding.place == "plannedCommonUnits.subareas.acquisitions.endDate"
    assert problem.part_id == "period"
    assert problem.finding.item is Item.W4


def test_what_is_wrong_with_a_workplace_is_of_the_period_it_stands_in() -> None:
    (problem,) = problems_of(of_workplace(workplace_name=None), a_right(), DAY)

    assert problem.finding.place == "plannedVocationalUnits.acquisitions.workplaceLearning.workplaceName"
    assert problem.part_id == "period"


def test_what_was_found_in_reading_comes_with_it() -> None:
    read = finding(FindingCode.UNKNOWN_CODE, "acquisitions.mode", Item.G)
    (problem,) = problems_of(a_plan(findings=(read,)), a_right(), DAY)

    assert problem.finding == read
    assert problem.part_id is None


@pytest.mark.parametrize("code", FindingCode)
def test_every_code_says_in_three_languages_what_is_wrong_and_what_to_do(code: FindingCode) -> None:
    for text in (MEANING[code][1], REMEDIES[code]):
        assert text.fi
        assert text.sv
        assert text.en
        assert len({text.fi, text.sv, text.en}) == 3


def test_what_the_store_refuses_weighs_most() -> None:
    errors = {code.value for code in FindingCode if MEANING[code][0] is Severity.ERROR}
    assert {"PERIOD_ENDS_BEFORE_IT_BEGINS", "PERIOD_OUTSIDE_STUDY_RIGHT", "RECOGNITION_PROCESS_MISSING"} <= errors

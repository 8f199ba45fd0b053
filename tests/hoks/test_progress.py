"""How far a plan is: worked by hand, and what is not counted where it is not shown."""

import msgspec
import pytest

from hoks.codes import RecognitionProcess
from hoks.items import Aspect, Item, Seen, Slice
from hoks.plan import Hoks
from hoks.progress import Counted, Progress, UnitStage, progress
from hoks.student import Student
from hoks.units import (
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
)
from hoks.values import Code
from hoks.views import Reached, with_views
from tests.hoks.side_by_side import EVERYTHING, at_work, on, planned, prior, shown
from tests.hoks.stories import A1, DAY

DIRECT, ASSESSORS = RecognitionProcess.DIRECT, RecognitionProcess.VIA_ASSESSORS
SUBAREA = Code(uri="ammatillisenoppiaineet_vvtd")

PLAN = shown(
    A1,
    planned_vocational_units=(
        msgspec.structs.replace(planned("done", shows=["2026-09-30"]), competence_points=30.0),
        msgspec.structs.replace(
            planned("going on", periods=[at_work("p", "2026-09-01", "2026-12-01")]), competence_points=45.0
        ),
        planned("ahead", periods=[at_work("q", "2027-01-07", "2027-03-01")]),
    ),
    planned_local_units=(PlannedLocalUnit(name="Robotiikka", extent_in_competence_points=5),),
    planned_common_units=(
        PlannedCommonUnit(subareas=(PlannedCommonUnitSubarea(subarea=SUBAREA), PlannedCommonUnitSubarea())),
        PlannedCommonUnit(),
    ),
    prior_vocational_units=(
        msgspec.structs.replace(prior("p1", DIRECT), competence_points=15.0),
        prior("p2", ASSESSORS),
        prior("p3", None),
    ),
    prior_common_units=(
        PriorCommonUnit(recognition_process=ASSESSORS, subareas=(PriorCommonUnitSubarea(recognition_process=DIRECT),)),
    ),
)


def progress_of(plan: Hoks, seen: Seen = EVERYTHING, *, is_whole: bool = True) -> Progress:
    """The progress as the plan's reader is shown it."""
    student = with_views(Student(oid=None), [Reached(plan, seen, is_whole)], DAY)
    ((made,),) = ([each.progress for each in student.hoksit or ()],)
    assert made is not None
    return made


def test_units_and_subareas_are_counted_by_how_far_they_are() -> None:
    assert progress_of(PLAN) == Progress(
        planned=7,  # three vocational units, a local one, two subareas, and a common unit without any
        ahead=1,
        under_way=1,
        demonstrated=1,
        undated=4,
        recognised=2,  # p1 and the subarea, not the common unit around it
        being_recognised=1,
        other_prior=1,
        competence_points_planned=80.0,
        competence_points_demonstrated=30.0,
        competence_points_recognised=15.0,
        without_competence_points=4,
        is_of_whole_plan=True,
    )


def test_parts_of_preparatory_education_are_counted_by_their_own_days() -> None:
    parts = (
        PreparatoryEducationPart(start_date=on("2026-08-10"), end_date=on("2026-12-18")),
        PreparatoryEducationPart(start_date=on("2027-01-11")),
        PreparatoryEducationPart(),
    )
    made = progress_of(shown(A1, planned_preparatory_parts=parts))
    assert (made.planned, made.under_way, made.ahead, made.undated) == (3, 1, 1, 1)


def test_nothing_planned_is_nought_and_not_unknown() -> None:
    made = progress_of(shown(A1))
    assert (made.planned, made.demonstrated, made.recognised, made.competence_points_planned) == (0, 0, 0, 0.0)


@pytest.mark.parametrize(
    ("hidden", "unknown"),
    [
        (
            Item.D2u,
            "planned ahead under_way demonstrated undated competence_points_planned competence_points_demonstrated "
            "without_competence_points",
        ),
        (Item.D10, "ahead under_way demonstrated undated competence_points_demonstrated"),
        (Item.W4, "ahead under_way undated"),
        (Item.G, "ahead under_way undated"),
        (Item.D3, "recognised competence_points_recognised"),
        (Item.D4, "being_recognised"),
        (Item.D5, "other_prior"),
        (Item.SR, ""),
    ],
)
def test_what_is_counted_from_something_hidden_is_unknown_and_not_nought(hidden: Item, unknown: str) -> None:
    made = progress_of(PLAN, EVERYTHING - {hidden})
    assert {name for name in Progress.__struct_fields__ if getattr(made, name) is None} == set(unknown.split())


def test_days_alone_are_enough_to_count_by() -> None:
    days = frozenset(Slice(each, Aspect.DATES) for each in (Item.D10, Item.G, Item.W4, Item.W5))
    made = progress_of(PLAN, frozenset({Item.D2u}) | days)
    assert (made.under_way, made.demonstrated, made.recognised) == (1, 1, None)


def test_of_a_plan_that_is_reached_in_part_only_what_is_there_is_counted() -> None:
    made = progress_of(PLAN, is_whole=False)
    assert (made.planned, made.demonstrated, made.under_way, made.is_of_whole_plan) == (7, None, None, False)


def test_unknown_extents_count_nothing() -> None:
    made = progress([Counted(Item.D2u, UnitStage.DEMONSTRATED, None), Counted(Item.D2u, None, 2.5)], EVERYTHING)
    assert (made.competence_points_planned, made.competence_points_demonstrated) == (2.5, 0.0)
    assert made.without_competence_points == 1

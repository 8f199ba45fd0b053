"""What is drawn of a student is what the operation selects, under the coordinates of the graph."""

from typing import Any

import pytest

from hoks.items import classification
from hoks.plan import Hoks
from hoks.student import Student
from hoks.views import VIEWS, Reached, with_views
from resolvers.coordinates import policy_entries
from resolvers.schema import build, executable
from tests.hoks.stories import A1, DAY

FIELDS = {
    "Student.workplaceLearning": "workplace_learning",
    "Student.combinedUnits": "combined_units",
    "Student.hints": "hints",
    "Student.findings": "findings",
}


def drawn(selected: Any) -> Student:
    return with_views(Student(oid=None), [Reached(Hoks(study_right_oid=A1), frozenset())], DAY, selected)


def test_every_view_is_known_by_its_coordinate_in_the_graph() -> None:
    assert policy_entries(executable(build())).keys() >= VIEWS
    assert {*FIELDS, "Hoks.progress", "Hoks.guidancePhase"} == VIEWS
    drawn_in_plans = {name for name, shown in classification(Hoks).items() if shown.is_drawn}
    assert drawn_in_plans == {"progress", "guidance_phase"}


@pytest.mark.parametrize("coordinate", FIELDS)
def test_a_view_that_is_selected_is_drawn_and_no_other(coordinate: str) -> None:
    student = drawn({coordinate, "Student.oid"})
    told = {name for name in FIELDS.values() if getattr(student, name) is not None}
    assert told == {FIELDS[coordinate]}


def test_of_a_plan_progress_and_phase_are_drawn_where_one_is_selected() -> None:
    for selected, is_drawn in (({"Hoks.progress"}, True), ({"Hoks.guidancePhase"}, True), ({"Student.oid"}, False)):
        (plan,) = drawn(selected).hoksit or ()
        assert (plan.progress is not None, plan.guidance_phase is not None) == (is_drawn, is_drawn)


def test_where_nobody_says_what_is_selected_everything_is_drawn() -> None:
    student = drawn(None)
    assert all(getattr(student, name) is not None for name in FIELDS.values())

"""Compiled redaction beside redaction read off the classification: equal on any record and whatever is seen."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.access.redact import redact
from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceInstructor, WorkplaceLearning
from hoks.findings import Finding, FindingCode, finding
from hoks.items import Aspect, Item, Seen, Slice
from hoks.plan import Hoks
from hoks.progress import Progress
from hoks.records import Record
from hoks.study_right import StudyRight
from hoks.units import LearningSupport, PlannedVocationalUnit, PriorCommonUnit, PriorLocalUnit
from hoks.values import Code
from tests.hoks.access.interpreted import interpreted
from tests.hoks.stories import A1
from tests.strategies import LAW, plans, records

SLICES = [Slice(item, aspect) for item in Item for aspect in Aspect]
ITEMS = frozenset(Item)
seen_sets: st.SearchStrategy[Seen] = st.one_of(
    st.frozensets(st.sampled_from([*Item, *SLICES])),
    # What rules give: nearly everything, and of the rest a side.
    st.frozensets(st.sampled_from(Item), max_size=3).flatmap(
        lambda lacking: st.frozensets(st.sampled_from(SLICES), max_size=4).map(lambda sides: (ITEMS - lacking) | sides)
    ),
)
KINDS = (StudyRight, CompetenceAcquisition, CompetenceDemonstration, PriorCommonUnit, PriorLocalUnit, Finding)


@settings(LAW, max_examples=5)
@given(plans(), st.lists(seen_sets, min_size=20, max_size=20))
def test_of_any_plan_the_same_is_seen(plan: Hoks, several: list[Seen]) -> None:
    for seen in several:
        assert redact(plan, seen) == interpreted(plan, seen)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_of_any_part_the_same_is_seen(kind: type[Record]) -> None:
    @LAW
    @given(records(kind), st.lists(seen_sets, min_size=8, max_size=8))
    def law(record: Any, several: list[Seen]) -> None:
        for seen in several:
            assert redact(record, seen) == interpreted(record, seen)

    law()


def a_plan(**told: Any) -> Hoks:
    workplace = WorkplaceLearning(
        responsible_workplace_instructor=WorkplaceInstructor(name="Irja", email="irja@example.org"),
        workplace_name="Paja",
    )
    period = CompetenceAcquisition(mode=AcquisitionMode.TRAINING_AGREEMENT, workplace_learning=workplace)
    unit = PlannedVocationalUnit(unit=Code(uri="tutkinnonosat_1"), acquisitions=(period,))
    return Hoks(
        study_right_oid=A1,
        planned_vocational_units=(unit, PlannedVocationalUnit(unit=Code(uri="tutkinnonosat_2"))),
        learning_support=(LearningSupport(support_type=Code(uri="tuki_1")),),
        findings=(finding(FindingCode.UNKNOWN_CODE, "learningSupport", Item.D9),),
        **told,
    )


def test_who_sees_everything_is_given_the_very_plan() -> None:
    plan = a_plan()
    assert redact(plan, ITEMS) is plan
    assert redact(plan, ITEMS | {*SLICES}) is plan


def test_parts_of_which_everything_is_seen_are_given_as_they_are() -> None:
    plan = a_plan()
    seen = redact(plan, ITEMS - {Item.Ci})
    assert seen is not None and seen.planned_vocational_units is not None and plan.planned_vocational_units is not None
    assert seen.learning_support is plan.learning_support
    assert seen.planned_vocational_units[0] is not plan.planned_vocational_units[0]
    assert seen.planned_vocational_units[1] is plan.planned_vocational_units[1]


def test_a_plan_on_which_something_was_drawn_is_not_given_as_it_is() -> None:
    plan = a_plan(progress=Progress(planned=7))
    seen = redact(plan, ITEMS)
    assert seen == msgspec.structs.replace(plan, progress=None)


def test_what_was_seen_of_one_plan_is_not_what_is_seen_of_the_next() -> None:
    one, other = a_plan(student_email="one@example.org"), a_plan(student_email="other@example.org")
    for seen in (ITEMS, ITEMS - {Item.Cs}, ITEMS - {Item.Ci}, ITEMS):
        shown = [redact(each, seen) for each in (one, other)]
        emails = [each.student_email for each in shown if each is not None]
        assert emails == (["one@example.org", "other@example.org"] if Item.Cs in seen else [None, None])

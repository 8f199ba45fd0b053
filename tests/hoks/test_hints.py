"""What plans say together: each hint worked by hand, and the laws that all of them keep."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.access.redact import redact
from hoks.codes import RecognitionProcess
from hoks.hints import Basis, Hint, HintKind, hints
from hoks.items import Item
from hoks.placed import UnitKind, UnitMatch
from hoks.plan import Hoks
from hoks.stamp import stamp, stamp_shown
from hoks.study_right import Phase
from hoks.units import (
    AssessorReferral,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorLocalUnit,
)
from hoks.values import Code
from tests.hoks.side_by_side import EVERYTHING, SALES, WELDING, at_work, on, planned, prior, shown, units_of
from tests.hoks.stories import A1, B1, C1, DAY, KEY, provenance
from tests.strategies import LAW, plans

DIRECT, ASSESSORS = RecognitionProcess.DIRECT, RecognitionProcess.VIA_ASSESSORS
SHOWN = RecognitionProcess.DEMONSTRATION


def said(*plans_: Hoks, day: date = DAY) -> tuple[Hint, ...]:
    return hints(units_of(*plans_), day)


def in_short(found: tuple[Hint, ...]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Each hint's kind and evidence: the plan's right by letter, the part, what it says."""
    letter = {A1: "A", B1: "B", C1: "C"}
    return [
        (
            str(hint.kind),
            [(letter[each.study_right_oid or A1], each.part_id, str(each.basis)) for each in hint.evidence or ()],
        )
        for hint in found
    ]


# --- units ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elsewhere", "kind", "basis", "items"),
    [
        (prior("b", DIRECT), HintKind.ACQUIRED_ELSEWHERE, Basis.RECOGNISED, (Item.SR, Item.D3)),
        (prior("b", None), HintKind.ACQUIRED_ELSEWHERE, Basis.PRIOR, (Item.SR, Item.D5)),
        (prior("b", ASSESSORS), HintKind.SENT_FOR_ASSESSMENT_ELSEWHERE, Basis.SENT_FOR_ASSESSMENT, (Item.SR, Item.D4)),
    ],
)
def test_what_is_planned_here_and_prior_competence_there_is_a_hint(
    elsewhere: Any, kind: HintKind, basis: Basis, items: tuple[Item, ...]
) -> None:
    (hint,) = said(shown(A1, planned_vocational_units=(planned("a"),)), shown(B1, prior_vocational_units=(elsewhere,)))
    mine, theirs = hint.evidence or ()
    assert (hint.kind, hint.matched_by) == (kind, UnitMatch.CODE_AND_REQUIREMENTS)
    assert (mine.study_right_oid, mine.part_id, mine.basis, mine.items) == (
        A1,
        "a",
        Basis.PLANNED,
        (Item.SR, Item.D2u),
    )
    assert (theirs.study_right_oid, theirs.part_id, theirs.basis, theirs.items) == (B1, "b", basis, items)


def test_a_demonstration_held_elsewhere_is_a_hint_with_its_day_and_one_to_come_is_none() -> None:
    here = shown(A1, planned_vocational_units=(planned("a"),))
    held = shown(B1, phase=Phase.ENDED, planned_vocational_units=(planned("b", shows=["2026-10-05"]),))
    coming = shown(B1, phase=Phase.ENDED, planned_vocational_units=(planned("b", shows=["2026-10-06"]),))
    (hint,) = said(here, held)
    assert in_short((hint,)) == [("ACQUIRED_ELSEWHERE", [("A", "a", "PLANNED"), ("B", "b", "DEMONSTRATED")])]
    assert [(each.end_date, each.items) for each in hint.evidence or ()] == [
        (None, (Item.SR, Item.D2u)),
        (DAY, (Item.SR, Item.D2u, Item.D10)),
    ]
    assert said(here, coming) == ()


def test_a_demonstration_by_which_prior_competence_is_verified_counts_once_it_is_held() -> None:
    here = shown(A1, planned_vocational_units=(planned("a"),))
    shows = planned("x", shows=["2026-09-30"]).demonstrations
    there = shown(B1, prior_vocational_units=(prior("b", SHOWN, skills_demonstrations=shows), prior("c", SHOWN)))
    assert in_short(said(here, there)) == [("ACQUIRED_ELSEWHERE", [("A", "a", "PLANNED"), ("B", "b", "DEMONSTRATED")])]


def test_the_day_of_sending_to_assessors_is_told() -> None:
    sent = AssessorReferral(sent_for_assessment_on=on("2026-08-20"))
    there = shown(B1, prior_vocational_units=(prior("b", ASSESSORS, assessor_referral=sent),))
    (hint,) = said(shown(A1, planned_vocational_units=(planned("a"),)), there)
    assert [each.end_date for each in hint.evidence or ()] == [None, on("2026-08-20")]


def test_what_is_planned_at_both_is_one_hint_for_the_two() -> None:
    a, b = (shown(oid, planned_vocational_units=(planned(key),)) for oid, key in ((A1, "a"), (B1, "b")))
    assert in_short(said(a, b)) == [("PLANNED_AT_BOTH", [("A", "a", "PLANNED"), ("B", "b", "PLANNED")])]


def test_with_a_third_plan_there_is_a_hint_for_every_two() -> None:
    a = shown(A1, planned_vocational_units=(planned("a"),))
    b = shown(B1, planned_vocational_units=(planned("b"),))
    c = shown(C1, prior_vocational_units=(prior("c"),))
    assert in_short(said(a, b, c)) == [
        ("ACQUIRED_ELSEWHERE", [("A", "a", "PLANNED"), ("C", "c", "RECOGNISED")]),
        ("ACQUIRED_ELSEWHERE", [("B", "b", "PLANNED"), ("C", "c", "RECOGNISED")]),
        ("PLANNED_AT_BOTH", [("A", "a", "PLANNED"), ("B", "b", "PLANNED")]),
    ]


def test_a_unit_that_a_plan_lists_twice_is_one_hint_with_both_parts() -> None:
    a = shown(A1, planned_vocational_units=(planned("a"), planned("a2")))
    b = shown(B1, prior_vocational_units=(prior("b"),))
    assert in_short(said(a, b)) == [
        ("ACQUIRED_ELSEWHERE", [("A", "a", "PLANNED"), ("A", "a2", "PLANNED"), ("B", "b", "RECOGNISED")])
    ]


@pytest.mark.parametrize("phase", [Phase.ENDED, Phase.ANNULLED, Phase.UNKNOWN])
def test_what_is_planned_under_a_right_that_does_not_go_on_is_not_planned(phase: Phase) -> None:
    over = shown(A1, phase=phase, planned_vocational_units=(planned("a"),))
    assert said(over, shown(B1, prior_vocational_units=(prior("b"),))) == ()
    assert said(over, shown(B1, planned_vocational_units=(planned("b"),))) == ()


@pytest.mark.parametrize("phase", [Phase.UPCOMING, Phase.SUSPENDED])
def test_a_right_that_begins_later_or_is_suspended_goes_on(phase: Phase) -> None:
    plan = shown(A1, phase=phase, planned_vocational_units=(planned("a"),))
    assert len(said(plan, shown(B1, prior_vocational_units=(prior("b"),)))) == 1


def test_within_one_plan_or_two_plans_of_one_right_there_is_no_hint() -> None:
    both = shown(A1, planned_vocational_units=(planned("a"),), prior_vocational_units=(prior("p"),))
    again = shown(A1, prior_vocational_units=(prior("q"),))
    assert said(both) == said(both, again) == ()


@pytest.mark.parametrize(
    ("here", "there", "matched_by"),
    [
        (("OPH-1-2026", WELDING), ("OPH-1-2026", WELDING), UnitMatch.CODE_AND_REQUIREMENTS),
        (("OPH-1-2026", WELDING), (None, WELDING), UnitMatch.CODE_WITHOUT_REQUIREMENTS),
        ((None, WELDING), (None, WELDING), UnitMatch.CODE_WITHOUT_REQUIREMENTS),
        (("OPH-1-2026", WELDING), ("OPH-2-2020", WELDING), None),
        (("OPH-1-2026", WELDING), ("OPH-1-2026", SALES), None),
        ((None, None), (None, None), None),
    ],
)
def test_a_hint_says_by_what_the_units_are_the_same(
    here: tuple[str | None, Code | None], there: tuple[str | None, Code | None], matched_by: UnitMatch | None
) -> None:
    a = shown(A1, planned_vocational_units=(planned("a", here[1], here[0]),))
    b = shown(B1, prior_vocational_units=(prior("b", DIRECT, there[1], there[0]),))
    assert [hint.matched_by for hint in said(a, b)] == ([matched_by] if matched_by else [])


@pytest.mark.parametrize(
    ("here", "there", "matched_by"),
    [
        (("77", "Robotiikka"), ("77", "Robotit"), UnitMatch.AMOSAA_ID),
        (("77", "Robotiikka"), (None, " robotiikka"), UnitMatch.NAME),
        ((None, "Robotiikka"), (None, "ROBOTIIKKA"), UnitMatch.NAME),
        (("77", "Robotiikka"), ("78", "Robotiikka"), None),
        ((None, None), (None, None), None),
        ((None, " "), (None, " "), None),
    ],
)
def test_local_units_are_the_same_by_id_and_by_name_where_an_id_is_lacking(
    here: tuple[str | None, str | None], there: tuple[str | None, str | None], matched_by: UnitMatch | None
) -> None:
    a = shown(A1, planned_local_units=(PlannedLocalUnit(id="a", amosaa_id=here[0], name=here[1]),))
    recognised = PriorLocalUnit(id="b", amosaa_id=there[0], name=there[1], recognition_process=DIRECT)
    b = shown(B1, prior_local_units=(recognised,))
    assert [hint.matched_by for hint in said(a, b)] == ([matched_by] if matched_by else [])


def test_common_units_are_compared_by_subarea_too() -> None:
    subarea, unit = Code(uri="ammatillisenoppiaineet_vvtd"), Code(uri="tutkinnonosat_400012")
    mine = PlannedCommonUnit(id="u", unit=unit, subareas=(PlannedCommonUnitSubarea(id="a", subarea=subarea),))
    theirs = PriorCommonUnit(
        id="v", subareas=(PriorCommonUnitSubarea(id="b", subarea=subarea, recognition_process=DIRECT),)
    )
    (hint,) = said(shown(A1, planned_common_units=(mine,)), shown(B1, prior_common_units=(theirs,)))
    assert in_short((hint,)) == [("ACQUIRED_ELSEWHERE", [("A", "a", "PLANNED"), ("B", "b", "RECOGNISED")])]
    assert [each.unit_kind for each in hint.evidence or ()] == [UnitKind.COMMON_SUBAREA] * 2


def test_a_plan_whose_study_right_is_not_shown_takes_part_in_no_hint() -> None:
    hidden = msgspec.structs.replace(shown(B1, prior_vocational_units=(prior("b"),)), study_right_oid=None)
    assert said(shown(A1, planned_vocational_units=(planned("a"),)), hidden) == ()


# --- periods at workplaces ------------------------------------------------------------------------------------


def working(oid: Any, *periods: Any, phase: Phase = Phase.CURRENT) -> Hoks:
    """A plan with periods, each in a unit of its own."""
    return shown(
        oid,
        phase=phase,
        planned_vocational_units=tuple(
            planned(f"unit of {each.id}", Code(uri=f"tutkinnonosat_{each.id}"), periods=[each]) for each in periods
        ),
    )


def test_periods_of_two_plans_that_share_a_day_overlap_from_the_first_such_day_to_the_last() -> None:
    a = working(A1, at_work("p", "2026-09-01", "2026-10-31"))
    b = working(B1, at_work("q", "2026-10-31", "2026-12-01"))
    (hint,) = said(a, b)
    assert (hint.kind, hint.matched_by) == (HintKind.OVERLAPPING_WORKPLACE_PERIODS, None)
    assert (hint.start_date, hint.end_date) == (on("2026-10-31"), on("2026-10-31"))
    assert [(each.part_id, each.start_date, each.end_date, each.items) for each in hint.evidence or ()] == [
        ("p", on("2026-09-01"), on("2026-10-31"), (Item.SR, Item.D2u, Item.W4)),
        ("q", on("2026-10-31"), on("2026-12-01"), (Item.SR, Item.D2u, Item.W4)),
    ]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (working(B1, at_work("q", "2026-11-01", "2026-12-01")), "the day after"),
        (working(B1, at_work("q", "2026-09-01", "2026-10-04")), "over already"),
        (working(B1, at_work("q", "2026-12-01", "2026-10-01")), "ends before it begins"),
        (working(B1, at_work("q", "2026-10-01", "2026-12-01"), phase=Phase.ENDED), "studies have ended"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_periods_that_share_no_coming_day_are_no_hint(other: Hoks, why: str) -> None:
    assert said(working(A1, at_work("p", "2026-09-01", "2026-10-31")), other) == ()


def test_periods_within_one_plan_are_no_hint() -> None:
    assert (
        said(
            working(A1, at_work("p", "2026-10-01", "2026-12-01", 100), at_work("q", "2026-10-01", "2026-12-01", 100)),
            working(B1, at_work("r", "2027-10-01", "2027-12-01", 100)),
        )
        == ()
    )


def test_working_times_together_beyond_full_time_are_a_hint_with_the_days_and_the_most_they_come_to() -> None:
    a = working(A1, at_work("p", "2026-10-01", "2026-12-18", 80))
    b = working(B1, at_work("q", "2026-11-02", "2027-01-29", 50))
    over = said(a, b)[-1]
    assert (over.kind, over.working_time_percent) == (HintKind.OVER_FULL_TIME, 130)
    assert (over.start_date, over.end_date) == (on("2026-11-02"), on("2026-12-18"))
    assert [(each.part_id, each.working_time_percent) for each in over.evidence or ()] == [("p", 80), ("q", 50)]
    assert all(Item.X in each.items for each in over.evidence or ())


@pytest.mark.parametrize(("one", "other"), [(50, 50), (100, None), (None, None)])
def test_full_time_alone_or_an_unknown_working_time_is_not_beyond_it(one: int | None, other: int | None) -> None:
    a = working(A1, at_work("p", "2026-10-01", "2026-12-18", one))
    b = working(B1, at_work("q", "2026-10-01", "2026-12-18", other))
    assert [hint.kind for hint in said(a, b)] == [HintKind.OVERLAPPING_WORKPLACE_PERIODS]


def test_one_engagement_that_a_plan_lists_under_each_of_its_units_counts_once() -> None:
    a = working(
        A1,
        at_work("p", "2026-10-01", "2026-12-18", 60, "Paja"),
        at_work("p2", "2026-10-01", "2026-12-18", 60, "Paja"),
    )
    b = working(B1, at_work("q", "2026-10-01", "2026-12-18", 40, "Kauppa"))
    assert [hint.kind for hint in said(a, b)] == [HintKind.OVERLAPPING_WORKPLACE_PERIODS]
    elsewhere = working(
        A1, at_work("p", "2026-10-01", "2026-12-18", 60, "Paja"), at_work("p2", "2026-10-01", "2026-12-18", 60)
    )
    other_place = working(
        A1,
        at_work("p", "2026-10-01", "2026-12-18", 60, "Paja"),
        at_work("p2", "2026-10-01", "2026-12-18", 60, "Satama"),
    )
    assert said(elsewhere, b) == said(a, b)
    assert said(other_place, b)[-1].working_time_percent == 160


def test_three_plans_may_be_beyond_full_time_although_no_two_are() -> None:
    plans_ = (
        working(oid, at_work(str(place), "2026-10-01", "2026-12-18", 40)) for place, oid in enumerate((A1, B1, C1))
    )
    kinds = [hint.kind for hint in said(*plans_)]
    assert kinds == [HintKind.OVERLAPPING_WORKPLACE_PERIODS] * 3 + [HintKind.OVER_FULL_TIME]


def test_days_at_the_end_of_time_do_no_harm() -> None:
    a = working(A1, at_work("p", "2026-10-01", "9999-12-31", 80))
    b = working(B1, at_work("q", "0001-01-01", "9999-12-31", 80))
    assert [(hint.start_date, hint.end_date) for hint in said(a, b)] == [(on("2026-10-01"), on("9999-12-31"))] * 2


# --- laws -----------------------------------------------------------------------------------------------------


@st.composite
def three_plans(draw: st.DrawFn) -> tuple[Hoks, ...]:
    """Random plans of three rights that go on, whose values are few, so that units and days coincide."""
    made = []
    for oid in (A1, B1, C1):
        source = f"source {oid}"
        plan = stamp_shown(stamp(draw(plans(oid)), provenance(source), KEY), source, oid, KEY)
        right = shown(oid, phase=draw(st.sampled_from((Phase.CURRENT, Phase.ENDED)))).study_right
        made.append(msgspec.structs.replace(plan, study_right=right))
    return tuple(made)


def covers(more: Hint, less: Hint) -> bool:
    """Whether one hint says at least what the other does."""
    parts = {(each.study_right_oid, each.part_id, each.basis) for each in more.evidence or ()}
    return (more.kind, more.matched_by) == (less.kind, less.matched_by) and all(
        (each.study_right_oid, each.part_id, each.basis) in parts for each in less.evidence or ()
    )


@given(three_plans(), st.permutations(range(3)))
@LAW
def test_the_order_of_plans_does_not_matter(made: tuple[Hoks, ...], order: list[int]) -> None:
    assert said(*made) == said(*(made[place] for place in order))


@given(three_plans())
@LAW
def test_every_hint_rests_on_parts_of_two_rights_that_are_shown(made: tuple[Hoks, ...]) -> None:
    for hint in said(*made):
        rights = {each.study_right_oid for each in hint.evidence or ()}
        assert len(rights) >= 2
        assert rights <= {A1, B1, C1}
        assert all(each.part_id for each in hint.evidence or ())


@given(three_plans(), st.lists(st.frozensets(st.sampled_from(Item), max_size=4), min_size=3, max_size=3))
@settings(LAW, max_examples=40)
def test_seeing_less_never_gives_a_hint_that_seeing_more_would_not(
    made: tuple[Hoks, ...], hidden: list[frozenset[Item]]
) -> None:
    more = said(*made)
    less = [redact(plan, EVERYTHING - items) for plan, items in zip(made, hidden, strict=True)]
    for hint in said(*(plan for plan in less if plan is not None)):
        assert any(covers(each, hint) for each in more), hint


@given(three_plans())
@LAW
def test_a_plan_taken_away_takes_hints_away_and_adds_none(made: tuple[Hoks, ...]) -> None:
    more = said(*made)
    for hint in said(*made[:2]):
        assert any(covers(each, hint) for each in more)

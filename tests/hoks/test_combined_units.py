from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.combined_units import CombinedUnit, combined_units
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration
from hoks.hints import HintKind, hints
from hoks.identifiers import StudyRightOid
from hoks.items import Aspect, Item, Seen, Slice
from hoks.placed import Standing, UnitKind, UnitMatch
from hoks.plan import Hoks
from hoks.progress import UnitStage
from hoks.stamp import stamp
from hoks.units import (
    AssessorReferral,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorLocalUnit,
    PriorVocationalUnit,
)
from hoks.values import Code, Text
from tests.hoks.parts import parts_in
from tests.hoks.side_by_side import EVERYTHING, WELDING, at_work, on, planned, prior, shown, units_of
from tests.hoks.stories import A1, B1, DAY, KEY, provenance
from tests.strategies import LAW, plans

CODE, OTHER_CODE = Code(uri="tutkinnonosat_100001"), Code(uri="tutkinnonosat_100002")


def a_plan(oid: StudyRightOid = A1, **lists: object) -> Hoks:
    return msgspec.structs.replace(Hoks(study_right_oid=oid), **lists)


def drawn(*shown_: Hoks, seen: Seen = EVERYTHING) -> tuple[CombinedUnit, ...]:
    return combined_units(units_of(*shown_, seen=seen), DAY)


def period(start: str, key: str) -> CompetenceAcquisition:
    return CompetenceAcquisition(id=key, start_date=date.fromisoformat(start), mode=AcquisitionMode.APPRENTICESHIP)


def test_units_of_one_code_stand_side_by_side_whatever_the_version_and_name_of_the_code() -> None:
    a = a_plan(A1, planned_vocational_units=(PlannedVocationalUnit(id="a", unit=Code(uri="x", version=1)),))
    named = Code(uri="x", version=2, name=Text(fi="Hitsaus"))
    b = a_plan(
        B1,
        prior_vocational_units=(
            PriorVocationalUnit(id="b", unit=named, recognition_process=RecognitionProcess.DIRECT),
        ),
    )
    (unit,) = drawn(a, b)
    assert (unit.kind, unit.unit, unit.matched_by) == (UnitKind.VOCATIONAL, named, UnitMatch.CODE_WITHOUT_REQUIREMENTS)
    planned, prior = unit.occurrences or ()
    assert (planned.study_right_oid, planned.part_id, planned.standing) == (A1, "a", Standing.PLANNED)
    assert (prior.study_right_oid, prior.part_id, prior.standing) == (B1, "b", Standing.PRIOR)
    assert (planned.recognition_process, prior.recognition_process) == (None, RecognitionProcess.DIRECT)


def test_local_units_are_the_same_by_amosaa_id_and_otherwise_by_name() -> None:
    units = (
        PlannedLocalUnit(id="1", amosaa_id="77", name="Robotiikka"),
        PlannedLocalUnit(id="2", amosaa_id="77", name="Robotit"),
        PlannedLocalUnit(id="3", name="Robotiikka"),
        PlannedLocalUnit(id="4", amosaa_id="", name="ROBOTIIKKA"),
    )
    prior = (PriorLocalUnit(id="5", name="robotiikka"), PriorLocalUnit(id="6", amosaa_id="77"))
    units_ = drawn(a_plan(planned_local_units=units, prior_local_units=prior))
    assert [[each.part_id for each in unit.occurrences or ()] for unit in units_] == [["1", "2", "6"], ["3", "4", "5"]]


def test_one_code_in_two_kinds_is_two_units() -> None:
    plan = a_plan(
        planned_vocational_units=(PlannedVocationalUnit(unit=CODE),),
        planned_common_units=(PlannedCommonUnit(unit=CODE, subareas=(PlannedCommonUnitSubarea(subarea=CODE),)),),
        planned_preparatory_parts=(PreparatoryEducationPart(part=CODE),),
    )
    assert {unit.kind for unit in drawn(plan)} == {
        UnitKind.VOCATIONAL,
        UnitKind.COMMON,
        UnitKind.COMMON_SUBAREA,
        UnitKind.PREPARATORY,
    }


def test_a_unit_of_which_neither_code_nor_name_is_known_stands_alone() -> None:
    units = (PlannedVocationalUnit(id="1"), PlannedVocationalUnit(id="2"))
    assert len(drawn(a_plan(planned_vocational_units=units))) == 2


def test_two_units_of_one_code_in_one_plan_are_both_kept() -> None:
    twice = (PlannedVocationalUnit(id="1", unit=CODE), PlannedVocationalUnit(id="2", unit=CODE))
    (unit,) = drawn(a_plan(planned_vocational_units=twice))
    assert [each.part_id for each in unit.occurrences or ()] == ["1", "2"]


def test_an_occurrence_carries_what_belongs_to_it_there() -> None:
    periods = (period("2026-09-01", "p"),)
    shows = (CompetenceDemonstration(id="d"),)
    planned = PlannedVocationalUnit(unit=CODE, acquisitions=periods, demonstrations=shows)
    prior = PriorVocationalUnit(unit=CODE, skills_demonstrations=shows)
    plan = a_plan(planned_vocational_units=(planned,), prior_vocational_units=(prior,))
    (unit,) = drawn(plan)
    first, second = unit.occurrences or ()
    assert (first.acquisitions, first.demonstrations) == (periods, shows)
    assert (second.acquisitions, second.demonstrations) == ((), shows)


@settings(LAW, max_examples=20)
@given(plans(A1), plans(B1), st.booleans())
def test_no_unit_is_dropped_and_none_invented(one: Hoks, other: Hoks, both: bool) -> None:
    read = [stamp(plan, provenance("s"), KEY) for plan in ([one, other] if both else [one])]
    kinds = (
        PlannedVocationalUnit,
        PlannedLocalUnit,
        PlannedCommonUnit,
        PlannedCommonUnitSubarea,
        PreparatoryEducationPart,
        PriorVocationalUnit,
        PriorLocalUnit,
        PriorCommonUnit,
        PriorCommonUnitSubarea,
    )
    there = sorted(part.id for plan in read for part in parts_in(plan) if isinstance(part, kinds))
    occurring = [each for unit in drawn(*read) for each in unit.occurrences or ()]
    assert sorted(each.part_id for each in occurring) == there


# --- what makes two units the same ----------------------------------------------------------------------------


def keys(*plans_: Hoks) -> list[tuple[UnitMatch | None, list[str]]]:
    return [(unit.matched_by, [each.part_id for each in unit.occurrences or ()]) for unit in drawn(*plans_)]


def test_one_code_in_two_requirement_documents_is_two_units() -> None:
    a = shown(A1, planned_vocational_units=(planned("a", number="OPH-1-2026"),))
    b = shown(B1, prior_vocational_units=(prior("b", number="OPH-2-2020"), prior("c", number=" oph-1-2026 ")))
    assert keys(a, b) == [
        (UnitMatch.CODE_AND_REQUIREMENTS, ["a", "c"]),
        (UnitMatch.CODE_AND_REQUIREMENTS, ["b"]),
    ]


def test_a_code_without_its_requirements_stands_apart_and_is_marked_as_weaker() -> None:
    a = shown(A1, planned_vocational_units=(planned("a"),))
    b = shown(B1, planned_vocational_units=(planned("b", number=None),))
    assert keys(a, b) == [(UnitMatch.CODE_WITHOUT_REQUIREMENTS, ["b"]), (UnitMatch.CODE_AND_REQUIREMENTS, ["a"])]


def test_a_name_is_a_weaker_key_than_an_id_of_the_register() -> None:
    a = shown(A1, planned_local_units=(PlannedLocalUnit(id="a", amosaa_id=" 77 ", name="Robotiikka"),))
    b = shown(B1, planned_local_units=(PlannedLocalUnit(id="b", amosaa_id="77"), PlannedLocalUnit(id="c", name="X  y")))
    c = shown(B1, prior_local_units=(PriorLocalUnit(id="d", name="x Y"),))
    assert keys(a, b, c) == [(UnitMatch.AMOSAA_ID, ["a", "b"]), (UnitMatch.NAME, ["c", "d"])]


def test_names_and_points_are_those_of_whoever_has_them() -> None:
    named = Code(uri="tutkinnonosat_100001", name=Text(fi="Hitsaus", sv="Svetsning", en="Welding"))
    a = shown(A1, planned_vocational_units=(planned("a"),))
    b = shown(B1, prior_vocational_units=(prior("b", unit=named, competence_points=45.0),))
    (unit,) = drawn(a, b)
    assert (unit.unit, unit.competence_points, unit.requirements_register_number) == (named, 45.0, "OPH-1-2026")
    assert [each.competence_points for each in unit.occurrences or ()] == [None, 45.0]


def test_points_of_a_local_unit_stay_with_each_plan() -> None:
    a = shown(A1, planned_local_units=(PlannedLocalUnit(name="Robotiikka", extent_in_competence_points=5),))
    b = shown(B1, planned_local_units=(PlannedLocalUnit(name="Robotiikka", extent_in_competence_points=10),))
    (unit,) = drawn(a, b)
    assert unit.competence_points is None
    assert [each.competence_points for each in unit.occurrences or ()] == [5, 10]


# --- how far it is --------------------------------------------------------------------------------------------

GONE, COMING = on("2026-09-01"), on("2026-12-01")


@pytest.mark.parametrize(
    ("unit", "stage"),
    [
        (planned("u"), UnitStage.UNDATED),
        (planned("u", periods=[at_work("p", "2026-11-01", "2026-12-01")]), UnitStage.AHEAD),
        (planned("u", periods=[at_work("p", "2026-10-05", "2026-12-01")]), UnitStage.UNDER_WAY),
        (planned("u", shows=["2026-12-01"]), UnitStage.UNDATED),
        (planned("u", shows=["2026-10-05", "2026-12-01"]), UnitStage.UNDER_WAY),
        (planned("u", shows=["2026-09-01", "2026-10-05"]), UnitStage.DEMONSTRATED),
    ],
)
def test_how_far_a_planned_unit_is_follows_from_its_days(unit: PlannedVocationalUnit, stage: UnitStage) -> None:
    ((occurrence,),) = (each.occurrences or () for each in drawn(shown(A1, planned_vocational_units=(unit,))))
    assert occurrence.stage is stage


@pytest.mark.parametrize(
    ("process", "stage"),
    [
        (RecognitionProcess.DIRECT, UnitStage.RECOGNISED),
        (RecognitionProcess.VIA_ASSESSORS, UnitStage.BEING_RECOGNISED),
        (RecognitionProcess.DEMONSTRATION, UnitStage.PRIOR),
        (None, UnitStage.PRIOR),
    ],
)
def test_how_far_a_prior_unit_is_follows_from_how_it_is_verified(
    process: RecognitionProcess | None, stage: UnitStage
) -> None:
    ((occurrence,),) = (
        each.occurrences or () for each in drawn(shown(A1, prior_vocational_units=(prior("u", process),)))
    )
    assert occurrence.stage is stage


def test_the_days_of_an_occurrence_are_its_first_and_its_last() -> None:
    periods = [at_work("p", "2026-09-07", "2026-09-25"), at_work("q", "2026-08-10", "2026-08-28")]
    unit = planned("u", periods=periods, shows=["2026-09-01", "2026-09-24", "2026-12-01"])
    sent = prior(
        "v",
        RecognitionProcess.VIA_ASSESSORS,
        assessor_referral=AssessorReferral(sent_for_assessment_on=on("2026-08-20")),
    )
    (one,) = drawn(shown(A1, planned_vocational_units=(unit,), prior_vocational_units=(sent,)))
    first, second = one.occurrences or ()
    assert (first.start_date, first.end_date) == (on("2026-08-10"), on("2026-09-25"))
    assert first.demonstrated_on == on("2026-09-24")
    assert second.sent_for_assessment_on == on("2026-08-20")


@pytest.mark.parametrize("hidden", [Item.D10, Item.G, Item.W4, Item.W5])
def test_how_far_a_planned_unit_is_is_not_told_without_all_its_days(hidden: Item) -> None:
    plan = shown(A1, planned_vocational_units=(planned("u", periods=[at_work("p", "2026-09-01", "2026-12-01")]),))
    (unit,) = drawn(plan, seen=EVERYTHING - {hidden})
    (days,) = drawn(plan, seen=(EVERYTHING - {hidden}) | {Slice(hidden, Aspect.DATES)})
    assert [each.stage for each in unit.occurrences or ()] == [None]
    assert [each.stage for each in days.occurrences or ()] == [UnitStage.UNDER_WAY]


# --- hints ----------------------------------------------------------------------------------------------------


def test_a_unit_has_the_hints_of_itself_and_of_its_periods_and_no_others() -> None:
    a = shown(A1, planned_vocational_units=(planned("a", periods=[at_work("p", "2026-10-01", "2026-10-30")]),))
    other = planned("c", OTHER_CODE, periods=[at_work("q", "2026-10-12", "2026-11-13")])
    b = shown(B1, prior_vocational_units=(prior("b"),), planned_vocational_units=(other,))
    units = units_of(a, b)
    of_unit = {
        unit.unit.uri: [hint.kind for hint in unit.hints or ()]
        for unit in combined_units(units, DAY, hints(units, DAY))
        if unit.unit is not None
    }
    assert of_unit == {
        WELDING.uri: [HintKind.ACQUIRED_ELSEWHERE, HintKind.OVERLAPPING_WORKPLACE_PERIODS],
        OTHER_CODE.uri: [HintKind.OVERLAPPING_WORKPLACE_PERIODS],
    }

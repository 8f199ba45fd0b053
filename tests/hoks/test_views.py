from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceLearning
from hoks.findings import FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.stamp import stamp
from hoks.student import Standing, Student, UnitKind
from hoks.units import (
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
from hoks.values import Code, Organisation, Text
from hoks.views import all_findings, combined_units, workplace_learning
from tests.hoks.parts import parts_in
from tests.hoks.stories import A1, B1, KEY, PROVIDER_A, PROVIDER_B, a_right, provenance
from tests.strategies import LAW, plans

CODE, OTHER_CODE = Code(uri="tutkinnonosat_100001"), Code(uri="tutkinnonosat_100002")


def period(
    start: str | None, key: str, mode: AcquisitionMode | None = AcquisitionMode.APPRENTICESHIP
) -> CompetenceAcquisition:
    return CompetenceAcquisition(id=key, start_date=date.fromisoformat(start) if start else None, mode=mode)


def student(*plans_: Hoks) -> Student:
    return Student(oid=None, hoksit=plans_)


def a_plan(oid: StudyRightOid = A1, **lists: object) -> Hoks:
    return msgspec.structs.replace(Hoks(study_right_oid=oid), **lists)


# --- workplace learning ---------------------------------------------------------------------------------------


def test_periods_of_all_plans_come_by_first_day_and_undated_ones_last() -> None:
    a = a_plan(
        A1,
        planned_vocational_units=(
            PlannedVocationalUnit(unit=CODE, acquisitions=(period(None, "undated"), period("2026-10-01", "third"))),
            PlannedVocationalUnit(unit=OTHER_CODE, acquisitions=(period("2026-08-01", "first"),)),
        ),
    )
    b = a_plan(B1, planned_local_units=(PlannedLocalUnit(name="P", acquisitions=(period("2026-09-01", "second"),)),))
    shown = workplace_learning(student(a, b))
    assert [each.acquisition.id for each in shown if each.acquisition] == ["first", "second", "third", "undated"]
    assert [each.study_right_oid for each in shown] == [A1, B1, A1, A1]


def test_periods_of_one_day_come_in_order_of_their_ids() -> None:
    two = (period("2026-09-01", "b"), period("2026-09-01", "a"))
    shown = workplace_learning(student(a_plan(planned_vocational_units=(PlannedVocationalUnit(acquisitions=two),))))
    assert [each.acquisition.id for each in shown if each.acquisition] == ["a", "b"]


def test_a_period_is_at_a_workplace_by_its_mode_or_by_its_workplace() -> None:
    mode = AcquisitionMode
    acquisitions = (
        period("2026-09-01", "agreement", mode.TRAINING_AGREEMENT),
        period("2026-09-02", "apprenticeship", mode.APPRENTICESHIP),
        period("2026-09-03", "school", mode.INSTITUTION_BASED),
        period("2026-09-04", "unknown", mode.UNKNOWN),
        period("2026-09-05", "nothing", None),
        msgspec.structs.replace(period("2026-09-06", "place", None), workplace_learning=WorkplaceLearning()),
    )
    shown = workplace_learning(
        student(a_plan(planned_vocational_units=(PlannedVocationalUnit(acquisitions=acquisitions),)))
    )
    assert [each.acquisition.id for each in shown if each.acquisition] == ["agreement", "apprenticeship", "place"]


def test_a_period_says_its_unit_and_its_plan() -> None:
    common = PlannedCommonUnit(
        unit=OTHER_CODE, subareas=(PlannedCommonUnitSubarea(subarea=CODE, acquisitions=(period("2026-09-01", "x"),)),)
    )
    local = PlannedLocalUnit(name="Paikallinen", acquisitions=(period("2026-09-02", "y"),))
    plan = a_plan(planned_common_units=(common,), planned_local_units=(local,), provider=Organisation(oid=PROVIDER_A))
    first, second = workplace_learning(student(plan))
    assert (first.unit_kind, first.unit, first.unit_name) == (UnitKind.COMMON_SUBAREA, CODE, None)
    assert (second.unit_kind, second.unit, second.unit_name) == (UnitKind.LOCAL, None, "Paikallinen")
    assert first.provider == second.provider == Organisation(oid=PROVIDER_A)


def test_lists_that_are_hidden_hold_no_periods() -> None:
    hidden = a_plan(planned_vocational_units=None, planned_common_units=(PlannedCommonUnit(subareas=None),))
    assert workplace_learning(student(hidden)) == ()
    assert workplace_learning(Student(oid=None, hoksit=None)) == ()
    assert workplace_learning(student(a_plan(planned_local_units=(PlannedLocalUnit(acquisitions=None),)))) == ()


# --- units side by side ---------------------------------------------------------------------------------------


def test_units_of_one_code_stand_side_by_side_whatever_the_version_and_name_of_the_code() -> None:
    a = a_plan(A1, planned_vocational_units=(PlannedVocationalUnit(id="a", unit=Code(uri="x", version=1)),))
    named = Code(uri="x", version=2, name=Text(fi="Hitsaus"))
    b = a_plan(
        B1,
        prior_vocational_units=(
            PriorVocationalUnit(id="b", unit=named, recognition_process=RecognitionProcess.DIRECT),
        ),
    )
    (unit,) = combined_units(student(a, b))
    assert (unit.kind, unit.unit) == (UnitKind.VOCATIONAL, Code(uri="x", version=1))
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
    shown = combined_units(student(a_plan(planned_local_units=units, prior_local_units=prior)))
    assert [[each.part_id for each in unit.occurrences or ()] for unit in shown] == [["1", "2", "6"], ["3", "4", "5"]]


def test_one_code_in_two_kinds_is_two_units() -> None:
    plan = a_plan(
        planned_vocational_units=(PlannedVocationalUnit(unit=CODE),),
        planned_common_units=(PlannedCommonUnit(unit=CODE, subareas=(PlannedCommonUnitSubarea(subarea=CODE),)),),
        planned_preparatory_parts=(PreparatoryEducationPart(part=CODE),),
    )
    assert {unit.kind for unit in combined_units(student(plan))} == {
        UnitKind.VOCATIONAL,
        UnitKind.COMMON,
        UnitKind.COMMON_SUBAREA,
        UnitKind.PREPARATORY,
    }


def test_a_unit_of_which_neither_code_nor_name_is_known_stands_alone() -> None:
    units = (PlannedVocationalUnit(id="1"), PlannedVocationalUnit(id="2"))
    assert len(combined_units(student(a_plan(planned_vocational_units=units)))) == 2


def test_two_units_of_one_code_in_one_plan_are_both_kept() -> None:
    twice = (PlannedVocationalUnit(id="1", unit=CODE), PlannedVocationalUnit(id="2", unit=CODE))
    (unit,) = combined_units(student(a_plan(planned_vocational_units=twice)))
    assert [each.part_id for each in unit.occurrences or ()] == ["1", "2"]


def test_an_occurrence_carries_what_belongs_to_it_there() -> None:
    periods = (period("2026-09-01", "p"),)
    shows = (CompetenceDemonstration(id="d"),)
    planned = PlannedVocationalUnit(unit=CODE, acquisitions=periods, demonstrations=shows)
    prior = PriorVocationalUnit(unit=CODE, skills_demonstrations=shows)
    plan = a_plan(planned_vocational_units=(planned,), prior_vocational_units=(prior,))
    (unit,) = combined_units(student(plan))
    first, second = unit.occurrences or ()
    assert (first.acquisitions, first.demonstrations) == (periods, shows)
    assert (second.acquisitions, second.demonstrations) == ((), shows)


@settings(LAW, max_examples=20)
@given(plans(A1), plans(B1), st.booleans())
def test_no_unit_is_dropped_and_none_invented(one: Hoks, other: Hoks, both: bool) -> None:
    shown = [stamp(plan, provenance("s"), KEY) for plan in ([one, other] if both else [one])]
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
    there = sorted(part.id for plan in shown for part in parts_in(plan) if isinstance(part, kinds))
    drawn = [each for unit in combined_units(student(*shown)) for each in unit.occurrences or ()]
    assert sorted(each.part_id for each in drawn) == there


# --- findings -------------------------------------------------------------------------------------------------


def test_findings_of_rights_and_plans_come_once_each() -> None:
    a, b, c = (finding(FindingCode.UNKNOWN_CODE, place, Item.SR) for place in "abc")
    shown = Student(
        oid=None,
        study_rights=(a_right(A1, PROVIDER_A, findings=(a, b)), a_right(B1, PROVIDER_B, findings=(b,))),
        hoksit=(a_plan(findings=(a, c)), a_plan(findings=None)),
    )
    assert all_findings(shown) == (a, b, c)
    assert all_findings(Student(oid=None, study_rights=None, hoksit=None)) == ()

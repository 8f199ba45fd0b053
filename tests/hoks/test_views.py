from datetime import date

import msgspec

from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, WorkplaceLearning
from hoks.findings import FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.placed import Placed, UnitKind, placed_units
from hoks.plan import Hoks
from hoks.student import Student
from hoks.units import PlannedCommonUnit, PlannedCommonUnitSubarea, PlannedLocalUnit, PlannedVocationalUnit
from hoks.values import Code, Organisation
from hoks.views import all_findings, workplace_learning
from tests.hoks.stories import A1, B1, PROVIDER_A, PROVIDER_B, a_right

CODE, OTHER_CODE = Code(uri="tutkinnonosat_100001"), Code(uri="tutkinnonosat_100002")


def period(
    start: str | None, key: str, mode: AcquisitionMode | None = AcquisitionMode.APPRENTICESHIP
) -> CompetenceAcquisition:
    return CompetenceAcquisition(id=key, start_date=date.fromisoformat(start) if start else None, mode=mode)


def units(*plans: Hoks) -> list[Placed]:
    return list(placed_units((plan, frozenset(Item)) for plan in plans))


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
    shown = workplace_learning(units(a, b))
    assert [each.acquisition.id for each in shown if each.acquisition] == ["first", "second", "third", "undated"]
    assert [each.study_right_oid for each in shown] == [A1, B1, A1, A1]


def test_periods_of_one_day_come_in_order_of_their_ids() -> None:
    two = (period("2026-09-01", "b"), period("2026-09-01", "a"))
    shown = workplace_learning(units(a_plan(planned_vocational_units=(PlannedVocationalUnit(acquisitions=two),))))
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
        units(a_plan(planned_vocational_units=(PlannedVocationalUnit(acquisitions=acquisitions),)))
    )
    assert [each.acquisition.id for each in shown if each.acquisition] == ["agreement", "apprenticeship", "place"]


def test_a_period_says_its_unit_and_its_plan() -> None:
    common = PlannedCommonUnit(
        unit=OTHER_CODE, subareas=(PlannedCommonUnitSubarea(subarea=CODE, acquisitions=(period("2026-09-01", "x"),)),)
    )
    local = PlannedLocalUnit(name="Paikallinen", acquisitions=(period("2026-09-02", "y"),))
    plan = a_plan(planned_common_units=(common,), planned_local_units=(local,), provider=Organisation(oid=PROVIDER_A))
    first, second = workplace_learning(units(plan))
    assert (first.unit_kind, first.unit, first.unit_name) == (UnitKind.COMMON_SUBAREA, CODE, None)
    assert (second.unit_kind, second.unit, second.unit_name) == (UnitKind.LOCAL, None, "Paikallinen")
    assert first.provider == second.provider == Organisation(oid=PROVIDER_A)


def test_lists_that_are_hidden_hold_no_periods() -> None:
    hidden = a_plan(planned_vocational_units=None, planned_common_units=(PlannedCommonUnit(subareas=None),))
    assert workplace_learning(units(hidden)) == ()
    assert workplace_learning(units(a_plan(planned_local_units=(PlannedLocalUnit(acquisitions=None),)))) == ()


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

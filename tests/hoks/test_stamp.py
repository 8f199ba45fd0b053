import re
from datetime import date

import msgspec
import pytest
from hypothesis import given

from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceLearning
from hoks.plan import Hoks
from hoks.records import Part
from hoks.stamp import part_id, stamp, stamp_shown
from hoks.units import (
    LearningSupport,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PreparatoryEducationPart,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
    PriorLocalUnit,
    PriorVocationalUnit,
    StudySkillsStudies,
)
from hoks.values import Code
from tests.hoks.parts import parts_in, with_parts
from tests.hoks.stories import A1, B1, KEY, provenance
from tests.strategies import LAW, plans

CODE, OTHER_CODE = Code(uri="tutkinnonosat_100001"), Code(uri="tutkinnonosat_100002")
SOURCE = provenance("a-plans")
FIRST, LAST = date(2026, 9, 1), date(2026, 12, 18)

KEYLESS: list[Part] = [
    PlannedVocationalUnit(unit=CODE),
    PlannedLocalUnit(amosaa_id="amosaa-1", name="Paikallinen"),
    PlannedCommonUnit(unit=CODE),
    PlannedCommonUnitSubarea(subarea=CODE),
    PreparatoryEducationPart(part=CODE),
    PriorVocationalUnit(unit=CODE),
    PriorLocalUnit(name="Paikallinen"),
    PriorCommonUnit(unit=CODE),
    PriorCommonUnitSubarea(subarea=CODE),
    StudySkillsStudies(start_date=FIRST, end_date=LAST),
    LearningSupport(support_type=CODE, start_date=FIRST, end_date=LAST),
    CompetenceAcquisition(start_date=FIRST, end_date=LAST),
    CompetenceDemonstration(start_date=FIRST, end_date=LAST),
]


def id_of(part: Part) -> str:
    return part_id(part, "a-plans", A1, KEY)


def stamped_whole(plan: Hoks) -> Hoks:
    """The plan as one who sees all of it gets it."""
    return stamp_shown(stamp(plan, SOURCE, KEY), SOURCE.source, plan.study_right_oid, KEY)


@LAW
@given(plans(A1))
def test_every_part_gets_an_opaque_id_and_its_provenance(plan: Hoks) -> None:
    stamped = stamped_whole(plan)
    assert stamped.provenance == SOURCE
    for part in parts_in(stamped):
        assert re.fullmatch(r"[0-9a-f]{32}", part.id)
        assert part.provenance == SOURCE


@LAW
@given(plans(A1))
def test_stamping_changes_nothing_else(plan: Hoks) -> None:
    stamped = msgspec.structs.replace(stamped_whole(plan), provenance=plan.provenance)
    assert with_parts(stamped, id="", provenance=None) == with_parts(plan, id="", provenance=None)


@LAW
@given(plans(A1))
def test_stamping_a_stamped_plan_changes_nothing(plan: Hoks) -> None:
    once = stamped_whole(plan)
    assert stamped_whole(once) == once


@LAW
@given(plans(A1))
def test_the_id_of_a_part_with_a_key_hangs_on_nothing_else_in_it(plan: Hoks) -> None:
    keyed = with_parts(plan, source_key="17")
    for part in parts_in(stamp(keyed, SOURCE, KEY)):
        assert part.id == part_id(type(part)(source_key="17"), "a-plans", A1, KEY)


def test_an_id_stays_when_everything_that_may_be_hidden_changes() -> None:
    one = CompetenceAcquisition(source_key="jakso-1", start_date=FIRST, mode=AcquisitionMode.APPRENTICESHIP)
    other = CompetenceAcquisition(
        source_key="jakso-1",
        start_date=LAST,
        period_detail="another",
        workplace_learning=WorkplaceLearning(workplace_name="Konepaja", key_tasks=("hitsaus",)),
    )
    assert id_of(one) == id_of(other)


@pytest.mark.parametrize("part", KEYLESS, ids=lambda part: type(part).__name__)
def test_without_a_key_only_kind_code_and_dates_make_the_id(part: Part) -> None:
    hidden: dict[str, object] = {
        "deviation_from_requirements": "poikkeaminen",
        "essential_circumstance_exists": True,
        "goals_and_contents": "tavoitteet",
        "description": "kuvaus",
        "period_detail": "tarkenne",
        "content_descriptions": ("työ",),
        "extent_in_weeks": 4.0,
        "unit_group_code": OTHER_CODE,
        "provider_oid": "1.2.246.562.99.10000000001",
    }
    mine = {name: value for name, value in hidden.items() if name in part.__struct_fields__}
    assert mine or isinstance(part, PlannedCommonUnit)
    assert id_of(msgspec.structs.replace(part, **mine)) == id_of(part)


def test_without_a_key_parts_of_another_kind_code_or_date_have_other_ids() -> None:
    others = [
        PlannedVocationalUnit(unit=OTHER_CODE),
        CompetenceAcquisition(start_date=FIRST),
        CompetenceAcquisition(start_date=LAST, end_date=LAST),
        PlannedLocalUnit(name="Toinen"),
        LearningSupport(support_type=OTHER_CODE, start_date=FIRST, end_date=LAST),
    ]
    assert len({id_of(part) for part in [*KEYLESS, *others]}) == len(KEYLESS) + len(others)


def test_an_id_stays_when_parts_change_places() -> None:
    units = (PlannedVocationalUnit(unit=CODE), PlannedVocationalUnit(unit=OTHER_CODE, source_key="2"))
    there = stamped_whole(Hoks(study_right_oid=A1, planned_vocational_units=units))
    back = stamped_whole(Hoks(study_right_oid=A1, planned_vocational_units=units[::-1]))
    alone = stamped_whole(Hoks(study_right_oid=A1, planned_vocational_units=units[1:]))
    ids = [part.id for part in parts_in(there)]
    assert [part.id for part in parts_in(back)] == ids[::-1]
    assert [part.id for part in parts_in(alone)] == ids[1:]


def test_duplicates_share_an_id_only_where_the_source_gives_no_key() -> None:
    bare = PlannedVocationalUnit(unit=CODE)
    keyed = [PlannedVocationalUnit(unit=CODE, source_key=key) for key in ("1", "2")]
    named = [PlannedVocationalUnit(unit=CODE, module_id=key) for key in ("1", "2")]
    assert id_of(bare) == id_of(PlannedVocationalUnit(unit=CODE))
    assert len({id_of(part) for part in (bare, *keyed)}) == 3
    assert len({id_of(part) for part in (bare, *named)}) == 3


def test_the_student_system_s_own_key_comes_before_the_module_id() -> None:
    one, other = (PlannedVocationalUnit(source_key="17", module_id=each) for each in ("first", "rewritten"))
    assert id_of(one) == id_of(other)


def test_an_empty_key_is_no_key() -> None:
    assert id_of(PlannedVocationalUnit(unit=CODE, source_key="")) == id_of(PlannedVocationalUnit(unit=CODE))


def test_the_same_key_means_another_part_in_another_kind_source_right_or_under_another_secret() -> None:
    part = PlannedVocationalUnit(unit=CODE, source_key="17")
    ids = {
        part_id(part, "a-plans", A1, KEY),
        part_id(part, "b-plans", A1, KEY),
        part_id(part, "a-plans", B1, KEY),
        part_id(part, "a-plans", A1, b"x" * 32),
        part_id(CompetenceAcquisition(source_key="17"), "a-plans", A1, KEY),
    }
    assert len(ids) == 5


def test_names_that_run_together_are_still_two_names() -> None:
    assert part_id(PlannedLocalUnit(name="b"), "a", A1, KEY) != part_id(PlannedLocalUnit(name=""), "ab", A1, KEY)
    one = StudySkillsStudies(start_date=FIRST)
    other = StudySkillsStudies(end_date=FIRST)
    assert id_of(one) != id_of(other)

"""What an answer tells is what a walk through everything shown would find that leaves nothing out."""

import random
from collections.abc import Collection

import pytest

from hoks.disclosing import items_in
from hoks.hints import Hint, HintKind
from hoks.items import Item, classification
from hoks.plan import Hoks
from hoks.records import Record
from hoks.showing import View
from hoks.units import PlannedVocationalUnit
from hoks.values import Code
from resolvers.coordinates import policy_entries
from tests.world.asking import SCHEMA
from tests.world.cast import CALLERS, OIDS, cast
from tests.world.rights import right_oid

COORDINATES = sorted(policy_entries(SCHEMA._schema))


def found_by_hand(record: Record, selected: Collection[str] | None, *, deep: bool) -> set[Item]:
    """Every field of every part, one after the other."""
    found: set[Item] = set()
    for name, shown in classification(type(record)).items():
        head, *rest = name.split("_")
        coordinate = f"{type(record).__name__}.{head}{''.join(word.title() for word in rest)}"
        value = getattr(record, name)
        if value is None or value == () or (selected is not None and coordinate not in selected):
            continue
        if shown.choose is not None:
            chosen = getattr(record, shown.choose)
            found |= chosen if isinstance(chosen, frozenset) else {chosen}
        elif shown.items:
            found |= set(shown.items)
        elif deep:
            for part in value if isinstance(value, tuple) else (value,):
                found |= found_by_hand(part, selected, deep=deep) if isinstance(part, Record) else set()
    return found


async def everything_shown() -> list[Record]:
    """Students, rights, plans and views as every caller sees them."""
    reader, records = cast().world().reader(), list[Record]()
    for by in (CALLERS["staff of A"], CALLERS["student 1"]):
        for view in (await reader.students(by, list(OIDS.values()))).values():
            if isinstance(view, View):
                student = view.student
                records += [student, *(student.study_rights or ()), *(student.hoksit or ())]
                records += [
                    *(student.workplace_learning or ()),
                    *(student.combined_units or ()),
                    *(student.hints or ()),
                ]
    return records


async def test_the_items_that_are_told_are_those_that_a_walk_through_everything_finds() -> None:
    dice, records = random.Random(20261122), await everything_shown()
    assert {type(each).__name__ for each in records} >= {"Student", "Hoks", "StudyRight", "CombinedUnit", "Hint"}
    for share in (0.05, 0.3, 0.9):
        for _ in range(2):
            selected = frozenset(each for each in COORDINATES if dice.random() < share)
            for record in records:
                for deep in (True, False):
                    assert items_in(record, selected, deep=deep) == found_by_hand(record, selected, deep=deep)
    for record in records:
        assert items_in(record, None) == found_by_hand(record, None, deep=True)


def test_an_item_that_only_a_later_part_holds_is_told_too() -> None:
    unit = Code(uri="tutkinnonosat_1")
    first = PlannedVocationalUnit(id="1", unit=unit)
    plan = Hoks(
        study_right_oid=right_oid(1),
        planned_vocational_units=(first, PlannedVocationalUnit(id="2", unit=unit, module_id="m")),
    )
    selected = {"Hoks.plannedVocationalUnits", "PlannedVocationalUnit.unit", "PlannedVocationalUnit.moduleId"}
    assert items_in(plan, selected) == {Item.D2u, Item.X}


@pytest.mark.parametrize("selected", [{"Hint.kind"}, {"Hint.evidence", "HintEvidence.partId"}])
def test_what_is_empty_is_not_told(selected: set[str]) -> None:
    assert items_in(Hint(evidence=()), selected) == frozenset()
    assert (items_in(Hint(kind=next(iter(HintKind))), selected) != frozenset()) == (selected == {"Hint.kind"})

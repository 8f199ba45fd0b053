"""Two thousand cells of the access tables through HTTP: persona by student by leaf, against tables written by hand.

What a column denies is null or not there; what it gives is there wherever the sandbox's own world holds a value.
``HOKS_PROVE=1`` tries every cell.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from sandbox.cast import person_oid
from sandbox.world import Plan, StudyRight, World
from tests.stories.cells import BY_LIST, BY_PERSON, LEAVES, PLANS, RIGHT_LEAVES, STATE_ALONE, Aspect, Column, Leaf
from tests.stories.conftest import Gateway

SEED = 3
SAMPLED = {"given": 900, "denied by the column": 800, "without a column": 300}


class Cell(NamedTuple):
    """A persona, a plan of the cast, one leaf of the plan or of its right, and the column that holds for it."""

    persona: str
    plan: str
    of_right: bool
    leaf: Leaf
    column: Column | None

    def __str__(self) -> str:
        """Where it is, without any value."""
        return f"{self.persona} x {self.plan} x {'StudyRight' if self.of_right else 'Hoks'}.{self.leaf.graph}"

    @property
    def number(self) -> int:
        """The person's number."""
        return int("".join(each for each in self.plan.partition("-")[0] if each.isdigit()))


def every_cell() -> Iterator[Cell]:
    """Every cell; of a persona who has students by relations, those of the relations."""
    for persona, columns in {**BY_PERSON, **BY_LIST}.items():
        for plan in PLANS if persona in BY_PERSON else columns:
            for leaf in LEAVES:
                yield Cell(persona, plan, False, leaf, columns.get(plan))
            for leaf in RIGHT_LEAVES:
                yield Cell(persona, plan, True, leaf, columns.get(plan))


def sampled(world: World) -> list[Cell]:
    """The cells that are tried, of those for which the world holds a value; every cell when proving."""
    every, rng = list(every_cell()), random.Random(SEED)
    if os.environ.get("HOKS_PROVE") == "1":
        return every
    holding = [each for each in every if held(world, each)]
    kinds = {
        "given": [each for each in holding if expected(each) == "F"],
        "denied by the column": [each for each in holding if each.column is not None and expected(each) == "-"],
        "without a column": [each for each in holding if each.column is None],
    }
    return [cell for kind, cells in kinds.items() for cell in rng.sample(cells, SAMPLED[kind])]


# --- asking ---------------------------------------------------------------------------------------------------


def selection(leaves: tuple[Leaf, ...]) -> str:
    """The selection of some leaves."""
    tree: dict[str, Any] = {}
    for leaf in leaves:
        step = tree
        for name in leaf.graph.split("."):
            step = step.setdefault(name, {})
    return _written(tree)


def _written(tree: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {{ {_written(each)} }}" if each else name for name, each in tree.items())


STUDENT = f"name studyRights {{ {selection(RIGHT_LEAVES)} }} hoksit {{ {selection(LEAVES)} }}"
ONE = f"query ($oid: LearnerOid!) {{ student(oid: $oid) {{ {STUDENT} }} }}"
MINE = f"{{ students(first: 5) {{ edges {{ node {{ {STUDENT} }} }} }} }}"


async def students(gateway: Gateway, persona: str, number: int) -> list[dict[str, Any]]:
    """Of a persona who asks by number, that student; of others, all whom they have."""
    if persona in BY_PERSON:
        answer = await gateway.ask(persona, ONE, {"oid": person_oid(number)})
        found = [answer["data"]["student"]]
    else:
        answer = await gateway.ask(persona, MINE)
        found = [edge["node"] for edge in answer["data"]["students"]["edges"]]
    assert "errors" not in answer
    return [each for each in found if each is not None]


def values(value: Any, path: str) -> list[Any]:
    """Everything that is there at the end of a way through objects and lists."""
    if isinstance(value, list):
        return [each for item in value for each in values(item, path)]
    if value is None or not path:
        return [] if value is None else [value]
    name, _, rest = path.partition(".")
    return values(value.get(name), rest)


# --- judging --------------------------------------------------------------------------------------------------


def held(world: World, cell: Cell) -> bool:
    """Whether the sandbox's own world holds a value for the cell."""
    plan = plan_of(world, cell)
    if not cell.of_right:
        return bool(values(plan.document, cell.leaf.wire))
    value: object = plan.right
    for name in cell.leaf.wire.split("."):
        value = getattr(value, name)
    return value is not None


def plan_of(world: World, cell: Cell) -> Plan:
    """The cell's plan, as its own provider holds it."""
    right = right_of(world, cell)
    return next(each for each in world.plans if each.right is right and not each.copied)


def right_of(world: World, cell: Cell) -> StudyRight:
    """The right of the cell's plan."""
    return world.cast_right(cell.number, cell.plan.removeprefix(str(cell.number)))


def told(world: World, cell: Cell, found: list[dict[str, Any]]) -> list[Any]:
    """What the answer says at the cell: of the plan or right by its OID, or of those whose OID is withheld."""
    right = right_of(world, cell)
    key, own = ("studyRights", "oid") if cell.of_right else ("hoksit", "studyRightOid")
    oids = {right.oid} if cell.column is None else {right.oid, None}
    theirs = [each for each in found if each["name"] is None or right.person.family_name in each["name"]]
    records = [each for student in theirs for each in student[key] or () if each[own] in oids]
    return values(records, cell.leaf.graph)


def expected(cell: Cell) -> Aspect:
    """What the table says of the cell."""
    if cell.column is None or (cell.column is STATE_ALONE and not cell.of_right):
        return "-"
    return cell.column.gives(cell.leaf)


def test_the_sample_holds_cells_of_every_persona(world: World) -> None:
    cells = sampled(world)
    assert len(cells) == len({str(each) for each in cells}) >= sum(SAMPLED.values())
    assert {each.persona for each in cells} == BY_PERSON.keys() | BY_LIST.keys()


@pytest.mark.proves("a cell is as its table says over HTTP")
async def test_two_thousand_cells_are_as_the_tables_say(
    gateway: Gateway, record_property: Callable[[str, object], None]
) -> None:
    answers: dict[tuple[str, int], list[dict[str, Any]]] = {}
    shown: list[str] = []
    missing: list[str] = []
    cells = sampled(gateway.world)
    record_property("cases", len(cells))
    for cell in cells:
        asked = (cell.persona, cell.number if cell.persona in BY_PERSON else 0)
        if asked not in answers:
            answers[asked] = await students(gateway, *asked)
        said = told(gateway.world, cell, answers[asked])
        match expected(cell):
            case "-" if said:
                shown.append(str(cell))
            case "F" if not said and held(gateway.world, cell):
                missing.append(str(cell))
    assert (shown, missing) == ([], [])


@pytest.mark.parametrize("persona", BY_LIST)
async def test_who_has_students_by_relations_has_these_and_no_others(gateway: Gateway, persona: str) -> None:
    found = await students(gateway, persona, 0)
    plans = Counter(len(each["hoksit"]) for each in found)
    numbers = Counter("".join(each for each in plan.partition("-")[0] if each.isdigit()) for plan in BY_LIST[persona])
    assert plans == Counter(numbers.values())

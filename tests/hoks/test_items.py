from typing import Annotated

import msgspec
import pytest

from hoks.items import MEANING, Item, attached, classification, drawn_from, item, one_of, structure


@pytest.mark.parametrize("code", Item)
def test_every_item_has_a_meaning(code: Item) -> None:
    assert MEANING[code]


def test_the_items_are_the_law_s_and_the_few_it_leaves_unnamed() -> None:
    law = {*("D1", "D2q", "D2u", "D3", "D4", "D5", "D6u", "D6d", "D7", "D8", "D9", "D10", "D11b", "D12", "D13", "G")}
    workplace = {"W1", "W2", "W3", "W4", "W5"}
    unnamed = {"ID", "SR", "Gi", "Cs", "Ci", "X"}
    assert set(Item) == law | workplace | unnamed


def test_a_classification_says_what_decides_about_each_field() -> None:
    class Example(msgspec.Struct):
        one: Annotated[str | None, item(Item.D9, "One item.")] = None
        some: Annotated[str | None, one_of((Item.D3, Item.D4), "which", "By a property.")] = None
        drawn: Annotated[str | None, drawn_from((Item.D1, Item.D2u), "Drawn.")] = None
        held: Annotated[str | None, structure("Holds others.")] = None
        tied: Annotated[str | None, attached("Goes with it.")] = None

    found = classification(Example)
    assert list(found) == ["one", "some", "drawn", "held", "tied"]
    assert [(shown.items, shown.choose, shown.attached) for shown in found.values()] == [
        ((Item.D9,), None, False),
        ((Item.D3, Item.D4), "which", False),
        ((Item.D1, Item.D2u), None, False),
        ((), None, False),
        ((), None, True),
    ]


def test_another_note_on_a_field_is_no_classification() -> None:
    class Noted(msgspec.Struct):
        name: Annotated[str | None, "a note"] = None

    with pytest.raises(TypeError, match=r"Noted\.name"):
        classification(Noted)

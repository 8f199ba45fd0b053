"""The table of ``ehoks.md`` 10.2, copied by hand, and the columns that ``design.md`` 11 adds to it.

A cell names its ground as the table does; ``*`` is our interpretation, ``-`` is nothing. ``ID`` and ``SR`` go with
their column (``design.md`` 11, Items); interruptions (``Gi``) stand in the table's ``G`` (10.1).
"""

from collections.abc import Mapping

from hoks.items import Item

COLUMNS = (
    "student",
    "current right: own",
    "current right: other's, valid",
    "current right: other's, ended at most 5 years ago",
    "procurement: the one plan",
    "ended right: own, at most 5 years ago",
    "ended right: other's",
    "any, more than 5 years after the end",
)

TABLE: Mapping[Item, tuple[str, str, str, str, str, str, str, str]] = {
    #          student   own        valid      ended     procured   own ended  other's    over
    #                               elsewhere  elsewh.                         (ended)    5 years
    Item.ID: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-", "-"),
    Item.SR: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-", "-"),
    Item.D1: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D2q: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D2u: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D3: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D4: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D5: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D7: ("F S1", "F P1 P4", "F P3 P6", "F P2", "F P5", "F* P7", "-* P3 P4", "-* P2"),
    Item.D6u: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D6d: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D8: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D9: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D10: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D12: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D11b: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.D13: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.G: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.Gi: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.W1: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.W2: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.W3: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.W4: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.W5: ("F S1", "F P4", "F P6", "F P2", "F P5", "F*", "-*", "-*"),
    Item.Cs: ("F*", "F*", "-*", "-*", "F*", "-*", "-*", "-*"),
    Item.Ci: ("F* own instructors", "F*", "-*", "-*", "F*", "-*", "-*", "-*"),
    Item.X: ("F*", "F*", "F*", "F*", "F*", "F*", "-*", "-*"),
}

_COLUMN: Mapping[str, frozenset[Item]] = {
    name: frozenset(item for item, cells in TABLE.items() if cells[place].startswith("F"))
    for place, name in enumerate(COLUMNS)
}

STUDENT = _COLUMN["student"]
OWN = _COLUMN["current right: own"]
CONCURRENT = _COLUMN["current right: other's, valid"]
ENDED_ELSEWHERE = _COLUMN["current right: other's, ended at most 5 years ago"]
PROCURED = _COLUMN["procurement: the one plan"]
OWN_ENDED = _COLUMN["ended right: own, at most 5 years ago"]
OTHERS_AFTER_OWN_ENDED = _COLUMN["ended right: other's"]
OVER_FIVE_YEARS = _COLUMN["any, more than 5 years after the end"]

STATE_WITHOUT_PLAN = frozenset({Item.ID, Item.SR})
"""``design.md`` 11: of an annulled or unknown right the student sees the right's state and no plan."""

NOTHING: frozenset[Item] = frozenset()
"""``design.md`` 11 and the notes of 10.2: no column applies, and nothing is permitted without one."""

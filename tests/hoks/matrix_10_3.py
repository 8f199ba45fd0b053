"""The table of ``ehoks.md`` 10.3, copied by hand: workplaces, consent, authorities, OPH.

A cell is an aspect, where it applies, and its ground. Aspects: ``F`` all, ``N`` names only, ``T`` days only, ``-``
nothing. A scope after ``of`` names the parts of the plan it is bound to; ``if named`` and ``if express`` ask the
consent or the statute. ``*`` is our interpretation.

How the cells are read, where the table leaves it open:

* Days (``T``) are the date fields of the item, not its instants: of D1 the first approval alone.
* Names (``N``) are the names of persons, without organisation or contacts; of a qualification and a competence area
  the code with its name; of the student the name without OID. A workplace is no person.
* Own units are the units and subareas with a period that names the instructor; a subarea's common unit goes with it,
  by its code, or the subarea could not be placed. Their goals are shared (10.3, Smaller entity), so ``G`` of the
  unit itself goes with the unit and ``G`` of a period with the period.
* Demonstrations are an instructor's where they stand in own units; for one of several only in units of which every
  workplace period names them. A case lists them by hand.
* ``SR`` and the provider are hidden from workplace roles (``design.md`` 11: the name only). ``X`` is nobody's here.
* A consent can give everything but contact data and technical data, of assessors and representatives the names.
  ``ID`` and ``SR`` only if it names them.
* OPH reads the consents in force on a plan whose right has ended, whoever the recipient is (C3).
"""

from collections.abc import Mapping

from hoks.items import Item

COLUMNS = ("instructor, the only one", "instructor, one of several", "assessor", "consent", "authority", "OPH, ended")

TABLE: Mapping[Item, tuple[str, str, str, str, str, str]] = {
    #          the only one                    one of several                  assessor                    consent
    #          authority                       OPH after the end
    Item.ID: ("N; design 11", "N; design 11", "N; design 11", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.SR: ("-; design 11", "-; design 11", "-; design 11", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D1: ("T; *", "-; *", "-; *", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D2q: ("N; *", "N; *", "N; *", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D2u: (
        "F of units; T1",
        "F of units; T2",
        "F of units; *",
        "F if named; C1",
        "F if named; A1",
        "F if named; C3",
    ),
    Item.D3: ("-; * T1", "-; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D4: ("-; * T1", "-; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D5: ("-; * T1", "-; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D7: ("-; * T1", "-; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.D6u: ("-; *", "-; *", "F of units; *", "F if named; *", "F if express; A1", "F if named; C3"),
    Item.D6d: ("-; *", "-; *", "F of demonstrations; * T3", "F if named; *", "F if express; A1", "F if named; C3"),
    Item.D8: ("-; *", "-; T2*", "-; T3*", "F if named; *", "F if express; A1", "F if named; C3"),
    Item.D9: ("-; *", "-; *", "-; T3", "F if named; *", "F if express; A1", "F if named; C3"),
    Item.D10: (
        "F of demonstrations; *",
        "F of demonstrations; *",
        "F of demonstrations; T3",
        "F if named; C1",
        "F if named; A1",
        "F if named; C3",
    ),
    Item.D11b: ("-; *", "-; *", "F of demonstrations; * T3", "F if named; *", "F if express; A1", "F if named; C3"),
    Item.D12: (
        "N of demonstrations; *",
        "N of demonstrations; *",
        "F of demonstrations; * T3",
        "N if named; *",
        "F if named; A1",
        "N if named; C3",
    ),
    Item.D13: ("-; *", "-; *", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.G: (
        "F of periods and units; T1",
        "F of periods and units; T2",
        "-; T3",
        "F if named; C1",
        "F if named; A1",
        "F if named; C3",
    ),
    Item.Gi: ("-; *", "-; *", "-", "F if named; *", "F if express; A1", "F if named; C3"),
    Item.W1: ("F of periods; T1", "F of periods; T2", "-; T3", "N if named; *", "F if named; A1", "N if named; C3"),
    Item.W2: ("F of periods; T1", "F of periods; T2", "-; T3", "N if named; *", "F if named; A1", "N if named; C3"),
    Item.W3: ("F of periods; T1", "F of periods; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.W4: ("F of periods; T1", "F of periods; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.W5: ("F of periods; T1", "F of periods; T2", "-; T3", "F if named; C1", "F if named; A1", "F if named; C3"),
    Item.Cs: ("-", "-", "-", "-; *", "-", "-"),
    Item.Ci: ("F of periods; * own only", "F of periods; * own only", "-", "-; *", "-", "-"),
    Item.X: ("-", "-", "-", "-", "-", "-"),
}

Column = Mapping[Item, str]

_COLUMN: Mapping[str, Column] = {
    name: {item: cells[place] for item, cells in TABLE.items()} for place, name in enumerate(COLUMNS)
}

THE_ONLY_ONE = _COLUMN["instructor, the only one"]
ONE_OF_SEVERAL = _COLUMN["instructor, one of several"]
ASSESSOR = _COLUMN["assessor"]
CONSENT = _COLUMN["consent"]
AUTHORITY = _COLUMN["authority"]
"""The Employment Fund's column is the same (A2)."""
OPH_AFTER_THE_END = _COLUMN["OPH, ended"]

NOTHING: Column = dict.fromkeys(Item, "-")

"""The law's data items, and how a field of the model says which item it is.

Items D1-D13 and W1-W5 are the data content that the law lists for a HOKS (Act 884/2017 9 §; source 004:127-157);
``G`` is its general sentence on goals, contents, teaching and timing (source 004:146). The rest name what the
law leaves unnamed. Permission belongs to the rules; this module only classifies.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, get_type_hints

import msgspec


class Item(StrEnum):
    """One item of a person's data: what a rule can grant and a consent can name."""

    __hash__ = str.__hash__  # Enum's own is in Python, and many sets are looked into

    ID = "ID"
    SR = "SR"
    D1 = "D1"
    D2q = "D2q"
    D2u = "D2u"
    D3 = "D3"
    D4 = "D4"
    D5 = "D5"
    D6u = "D6u"
    D6d = "D6d"
    D7 = "D7"
    D8 = "D8"
    D9 = "D9"
    D10 = "D10"
    D11b = "D11b"
    D12 = "D12"
    D13 = "D13"
    G = "G"
    Gi = "Gi"
    W1 = "W1"
    W2 = "W2"
    W3 = "W3"
    W4 = "W4"
    W5 = "W5"
    Cs = "Cs"
    Ci = "Ci"
    X = "X"


MEANING: dict[Item, str] = {
    Item.ID: "the student's OID and name",
    Item.SR: "study right (opiskeluoikeus): provider, school, state, dates, link to another right",
    Item.D1: "times of approval and update",
    Item.D2q: "qualification or education, requirements, competence area",
    Item.D2u: "units of the qualification or education",
    Item.D3: "prior competence that the provider has recognised",
    Item.D4: "prior competence sent to assessors for recognition",
    Item.D5: "other prior competence",
    Item.D6u: "deviation from requirements, on a unit (66 §)",
    Item.D6d: "deviation from requirements, on a demonstration (66 §)",
    Item.D7: "need to acquire competence",
    Item.D8: "mark that an essential circumstance exists",
    Item.D9: "studies supporting study skills, learning support (63 §)",
    Item.D10: "demonstrations: times, contents, environment, organiser (D11a included)",
    Item.D11b: "individual and adapted assessment (64 § 2 mom.)",
    Item.D12: "assessors of competence",
    Item.D13: "goal of the career plan",
    Item.G: "goals, contents, teaching, ways and timing of acquiring competence",
    Item.Gi: "interruptions of a period",
    Item.W1: "responsible workplace instructor, workplace, teacher or representative of the provider",
    Item.W2: "representative of the provider that procured apprenticeship training",
    Item.W3: "key tasks at the workplace",
    Item.W4: "timing under a training agreement",
    Item.W5: "timing under an apprenticeship",
    Item.Cs: "the student's contact data",
    Item.Ci: "the workplace instructor's contact data",
    Item.X: "technical and statistical data",
}


class Aspect(StrEnum):
    """A side of an item that may be given without the rest."""

    DATES = "dates"
    """Only days, no instants and no text."""
    NAMES = "names"
    """Only what it or who it is called."""


class Slice(NamedTuple):
    """One side of an item."""

    item: Item
    aspect: Aspect


Seen = frozenset[Item | Slice]
"""What may be seen: whole items, and sides of items."""


def item_of(each: Item | Slice) -> Item:
    """The item that may be seen, wholly or in part."""
    return each.item if isinstance(each, Slice) else each


@lru_cache(maxsize=4096)
def items_in(seen: Seen) -> frozenset[Item]:
    """The items of which anything may be seen."""
    return frozenset(map(item_of, seen))


def sees_days(item: Item, seen: Seen) -> bool:
    """Whether the days of an item may be seen."""
    return item in seen or Slice(item, Aspect.DATES) in seen


@dataclass(frozen=True, slots=True)
class Shown:
    """How one field of a record is classified and described.

    ``items`` is empty for *structure* (a field that only holds records, and is seen where anything in them is)
    and for what is *attached* to a record (seen where the record is). With several items, ``choose`` names the
    property of the record that says which one applies to it, or, of what is drawn, which ones.
    """

    items: tuple[Item, ...]
    text: str
    choose: str | None = None
    attached: bool = False
    is_name: bool = False
    """Whether the field says what the item is called."""
    opens: bool = True
    """Whether the record is seen on account of this field alone; technical data of a part do not open it."""
    is_drawn: bool = False
    """Whether it is drawn from what is left after redaction; whatever stood there before does not pass."""
    is_listed: bool = False
    """Whether it is drawn only when it is asked for, and then page by page."""
    is_kept: bool = False
    """Whether it is no item of a plan but what the gateway itself keeps of the student, seen by the student alone."""


def item(code: Item, text: str) -> Shown:
    """A field of exactly one item."""
    return Shown((code,), text)


def name_of(code: Item, text: str) -> Shown:
    """A field of one item that says what it or who it is called."""
    return Shown((code,), text, is_name=True)


def technical(text: str) -> Shown:
    """Technical data of a part (item X): seen with the part, and no reason to see it."""
    return Shown((Item.X,), text, opens=False)


def one_of(codes: tuple[Item, ...], choose: str, text: str) -> Shown:
    """A field whose item depends on the record it stands in, by the property ``choose``."""
    return Shown(codes, text, choose)


def attached_with(code: Item, text: str) -> Shown:
    """A field that goes with its record where ``code`` is seen: provenance, which names the provider."""
    return Shown((code,), text, attached=True)


def drawn_from(codes: tuple[Item, ...], text: str) -> Shown:
    """A field of a view that is drawn after redaction from fields of these items."""
    return Shown(codes, text)


def drawn(text: str) -> Shown:
    """A field of a record that holds what is drawn from the record after redaction."""
    return Shown((), text, is_drawn=True)


def listed(text: str) -> Shown:
    """A field whose list is drawn when it is asked for, page by page; a record never holds it."""
    return Shown((), text, is_drawn=True, is_listed=True)


def structure(text: str) -> Shown:
    """A field that only holds other fields."""
    return Shown((), text)


def attached(text: str) -> Shown:
    """A field that goes with its record: its id, its provenance."""
    return Shown((), text, attached=True)


def kept_by_gateway(text: str) -> Shown:
    """A field that no source tells: what the gateway keeps of the student, for the student's own eyes.

    A record never holds it. It is filled in where the record is the caller's own, and showing it discloses nothing.
    """
    return Shown((), text, is_kept=True)


def classification(record: type[msgspec.Struct]) -> dict[str, Shown]:
    """Field name to classification, for one record type.

    Raises ``TypeError`` for a field without one: hidden by default means that the build fails.
    """
    shown: dict[str, Shown] = {}
    hints = get_type_hints(record, include_extras=True)
    for name in record.__struct_fields__:
        found = [each for each in getattr(hints[name], "__metadata__", ()) if isinstance(each, Shown)]
        if len(found) != 1:
            raise TypeError(f"{record.__name__}.{name} has {len(found)} classifications; it needs exactly one")
        shown[name] = found[0]
    return shown

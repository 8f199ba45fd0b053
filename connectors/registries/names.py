"""Names as the registers write them: in an object by language, or in a list by language."""

from collections.abc import Iterable

import msgspec

from connectors.wire import Open, Text
from hoks.values import Text as Names


class NamesWire(Open, frozen=True, kw_only=True):
    """Nimi: an object by language, whatever else is in it."""

    fi: Text | None = None
    sv: Text | None = None
    en: Text | None = None


class NameWire(Open, frozen=True, kw_only=True):
    """One entry of Koodisto's list by language."""

    language: Text | None = msgspec.field(name="kieli", default=None)
    name: Text | None = msgspec.field(name="nimi", default=None)


def names_in(wire: NamesWire | None) -> Names | None:
    """The name in the languages it is given in; nothing where it is given in none."""
    return Names(fi=wire.fi, sv=wire.sv, en=wire.en) if wire and (wire.fi or wire.sv or wire.en) else None


def names_listed(entries: Iterable[NameWire]) -> Names | None:
    """The name from a list by language; of two in one language the first."""
    found: dict[str, str] = {}
    for each in entries:
        if each.language is not None and each.name is not None:
            found.setdefault(each.language.lower(), each.name)
    return names_in(NamesWire(fi=found.get("fi"), sv=found.get("sv"), en=found.get("en")))

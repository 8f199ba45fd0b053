"""What every record of a person's data is: immutable, with each field classified by law item."""

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from hoks.items import Item, attached, attached_with, technical
from hoks.values import Code, Provenance


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Base of records. Each field carries its classification (``hoks.items``), or the schema does not build."""

    gate: ClassVar[str | None] = None
    """Property that names the item by which the whole record is seen; without it, any of its fields will do."""
    past_gate: ClassVar[frozenset[str]] = frozenset()
    """Fields that are seen by their own items although the gate is closed."""


class Part(Record, frozen=True, gc=False):
    """A part of a plan that can be pointed at."""

    id: Annotated[
        str,
        attached("Opaque id of the part; it stays while the source keeps the part's own key, and says nothing else."),
    ] = ""
    module_id: Annotated[str | None, technical("eHOKS's id of the part (module-id); new at each rewrite.")] = None
    source_key: Annotated[
        str | None,
        technical("The student system's own key of the part (for a period: yksilöivä tunniste)."),
    ] = None
    provenance: Annotated[Provenance | None, attached_with(Item.SR, "Where the part came from.")] = None

    @property
    def kind_and_dates(self) -> tuple[str | None, ...]:
        """Kind, code, dates: the id of a part without a key is made of what is shown of them."""
        raise NotImplementedError  # each kind of part names its own


def uri_of(code: Code | None) -> str | None:
    """The URI of a code, where there is one."""
    return code.uri if code else None


def iso(day: date | None) -> str | None:
    """A day as text, where there is one."""
    return day.isoformat() if day else None

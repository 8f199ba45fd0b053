"""Reads JSON that breaks its own schema: what is right is kept, what is wrong becomes a finding, nothing is lost.

A document that is exactly as its wire table says is decoded by msgspec alone; any other is read again field by
field, and both ways give the same value for what is valid.
"""

import math
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from connectors.bodies import examined, parsed
from connectors.failures import Reason, SourceInvalid
from connectors.outline import clean
from connectors.wire import SAME_RECORD, At, TextCheck, camel
from hoks.findings import Finding, FindingCode, finding
from hoks.items import Item, classification
from hoks.records import Record

W = TypeVar("W", bound=msgspec.Struct)


# --- reading --------------------------------------------------------------------------------------------------


def read(body: bytes, kind: type[W]) -> tuple[W, tuple[Finding, ...]]:
    """One document as ``kind``, and what is wrong with it. Raises ``SourceInvalid`` when it is no such record at all.

    Findings are ordered by place, each once, whatever the order of the document.
    """
    body, is_clean = examined(body)
    shape = _shape_of(kind)
    notes = _Notes()
    value = _exactly(body, kind) if is_clean else None
    if value is None:
        document = parsed(body)
        if not isinstance(document, dict):
            raise SourceInvalid(Reason.UNREADABLE)
        value = shape.read(document, notes)
    shape.check(value, notes)
    return value, notes.findings()


def _exactly(body: bytes, kind: type[W]) -> W | None:
    """The document when it is just as agreed, else nothing. A null is never agreed: absent values are left out."""
    if b"null" in body:
        return None
    try:
        value: W = _decoder(kind).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


# --- field by field -------------------------------------------------------------------------------------------


class _Notes:
    """Findings of one document, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, FindingCode], Item] = {}

    def add(self, code: FindingCode, place: str, item: Item) -> None:
        self._found.setdefault((place, code), item)

    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding(code, place, item) for (place, code), item in sorted(self._found.items()))


_UNREADABLE = object()
_ABSENT = object()


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else _UNREADABLE


def _truth(value: Any) -> Any:
    return value if isinstance(value, bool) else _UNREADABLE


_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)


def _whole(value: Any) -> Any:
    match value:
        case bool():
            return _UNREADABLE
        case str() if _INTEGER.fullmatch(value):
            number = int(value)
        case float() if value.is_integer():
            number = int(value)
        case int():
            number = value
        case _:
            return _UNREADABLE
    return number if -(2**31) <= number < 2**31 else _UNREADABLE


def _number(value: Any) -> Any:
    match value:
        case bool():
            return _UNREADABLE
        case str() if _DECIMAL.fullmatch(value):
            return float(value)
        case int() | float() if math.isfinite(value):
            return float(value)
        case _:
            return _UNREADABLE


def _moment(kind: type) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        try:
            return msgspec.convert(value, kind) if isinstance(value, str) else _UNREADABLE
        except msgspec.ValidationError:
            return _UNREADABLE

    return convert


_LEAVES: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    bool: _truth,
    int: _whole,
    float: _number,
    date: _moment(date),
    datetime: _moment(datetime),
}


@dataclass(frozen=True, slots=True)
class _Leaf:
    """How one value is read."""

    convert: Callable[[Any], Any]
    look: TextCheck | None
    place: str
    item: Item

    empty: ClassVar[None] = None

    def read(self, value: Any, _notes: _Notes) -> Any:
        value = clean(value) if isinstance(value, str) else value
        if value is None:
            return _ABSENT
        return self.convert(value)

    @property
    def checks(self) -> bool:
        return self.look is not None

    def check(self, value: Any, notes: _Notes) -> None:
        code = self.look(value) if self.look else None
        if code is not None:
            notes.add(code, self.place, self.item)


@dataclass(frozen=True, slots=True)
class _List:
    """How a list is read: one bad element never loses the others."""

    element: "_Leaf | _Shape"
    place: str
    item: Item

    empty: ClassVar[tuple[()]] = ()

    def read(self, value: Any, notes: _Notes) -> Any:
        if value is None:
            return _ABSENT
        if not isinstance(value, list):
            return _UNREADABLE
        return tuple(self._good(value, notes))

    def _good(self, values: list[Any], notes: _Notes) -> Iterator[Any]:
        for each in values:
            read = self.element.read(each, notes)
            if read is _UNREADABLE:
                notes.add(FindingCode.UNREADABLE_VALUE, self.place, self.item)
            elif read is not _ABSENT:
                yield read

    @property
    def checks(self) -> bool:
        return self.element.checks

    def check(self, value: Any, notes: _Notes) -> None:
        check = self.element.check
        for each in value:
            check(each, notes)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    key: str
    required: bool
    reader: "_Leaf | _List | _Shape"
    place: str
    item: Item

    def read(self, document: dict[str, Any], notes: _Notes) -> Any:
        value = self.reader.read(document.get(self.key), notes)
        if value is _UNREADABLE:
            notes.add(FindingCode.UNREADABLE_VALUE, self.place, self.item)
        elif value is _ABSENT and self.required:
            notes.add(FindingCode.MISSING_REQUIRED_VALUE, self.place, self.item)
        return self.reader.empty if value is _ABSENT or value is _UNREADABLE else value


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one record is read: its fields, and where it stands in our model."""

    kind: type[msgspec.Struct]
    place: str
    fields: tuple[_Field, ...]
    known: frozenset[str]
    closed: bool
    checked: tuple[tuple[str, Callable[[Any, _Notes], None]], ...]
    """The fields in which something is looked at, and how."""

    empty: ClassVar[None] = None

    def read(self, value: Any, notes: _Notes) -> Any:
        if value is None:
            return _ABSENT
        if not isinstance(value, dict):
            return _UNREADABLE
        if self.closed and not self.known.issuperset(value):
            notes.add(FindingCode.UNKNOWN_FIELDS, self.place, Item.X)
        return self.kind(**{field.name: field.read(value, notes) for field in self.fields})

    @property
    def checks(self) -> bool:
        return bool(self.checked)

    def check(self, value: Any, notes: _Notes) -> None:
        for name, check in self.checked:
            part = getattr(value, name)
            if part is not None:
                check(part, notes)


# --- compiling the table --------------------------------------------------------------------------------------


@cache
def _shape_of(kind: type[msgspec.Struct]) -> _Shape:
    return _shape(kind, _Where(None, None, "", Item.X))


@dataclass(frozen=True, slots=True)
class _Where:
    """Where in our model a part of the wire stands: the document's record, the nearest record, place and item."""

    document: type[msgspec.Struct] | None
    model: type[msgspec.Struct] | None
    place: str
    item: Item

    def entering(self, model: type[msgspec.Struct] | None) -> "_Where":
        return replace(self, document=self.document or model, model=model or self.model)

    def at(self, marker: At) -> "_Where":
        if marker.field is None:
            return self
        model = self.document if marker.of_document else self.model
        above = "" if marker.of_document else self.place
        return replace(
            self,
            model=model,
            place=".".join(filter(None, (above, camel(marker.field)))),
            item=_item_of(model, marker, self.item),
        )


def _shape(kind: Any, around: _Where) -> _Shape:
    where = around.entering(kind.model)
    hints = get_type_hints(kind, include_extras=True)
    fields = tuple(_field(info, hints[info.name], where) for info in msgspec.structs.fields(kind))
    return _Shape(
        kind=kind,
        place=where.place,
        fields=fields,
        known=frozenset(field.key for field in fields),
        closed=kind.__struct_config__.forbid_unknown_fields,
        checked=tuple((field.name, field.reader.check) for field in fields if field.reader.checks),
    )


def _field(info: Any, hint: Any, around: _Where) -> _Field:
    inner, marker = _unwrapped(hint)
    where = around.at(marker)
    return _Field(
        name=info.name,
        key=info.encode_name,
        required=info.required,
        reader=_reader(inner, marker, where),
        place=where.place,
        item=where.item,
    )


def _reader(hint: Any, marker: At, where: _Where) -> Any:
    if get_origin(hint) is tuple:
        element, _ = _unwrapped(get_args(hint)[0])
        return _List(_reader(element, marker, where), where.place, where.item)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _shape(hint, where)
    return _Leaf(_LEAVES[hint], marker.check, where.place, where.item)


def _unwrapped(hint: Any) -> tuple[Any, At]:
    """The bare type of a field and its mark in the table."""
    marker = SAME_RECORD
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            marker = next((each for each in hint.__metadata__ if isinstance(each, At)), marker)
            hint = get_args(hint)[0]
        elif origin in (Union, types.UnionType):
            hint = next(each for each in get_args(hint) if each is not types.NoneType)
        else:
            return hint, marker


def _item_of(model: type[msgspec.Struct] | None, marker: At, around: Item) -> Item:
    """The law item: said in the table, else the model field's own, else the one around.

    Of a field whose item depends on its record, the finding is technical: which item it is cannot be told here.
    """
    if marker.item is not None:
        return marker.item
    if model is None or not issubclass(model, Record):
        return around
    items = classification(model)[marker.field or ""].items
    if not items:
        raise TypeError(f"{model.__name__}.{marker.field} has no item of its own; name one in the wire table")
    return items[0] if len(items) == 1 else Item.X

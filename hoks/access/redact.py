"""Redaction: from a whole record, a new one that holds only what is granted.

It is sufficient alone: fetching less is only economy. What it keeps depends on the granted items and on the record's
own visible parts, never on a hidden value.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from hoks.items import Aspect, Item, Seen, Shown, Slice, classification, items_in
from hoks.records import Record
from hoks.values import named

R = TypeVar("R", bound=Record)


class Shape(msgspec.Struct, frozen=True):
    """How one record type is redacted: its fields by what decides about each."""

    attached: tuple[tuple[str, Item | None], ...]
    """Fields that go with the record: name, and the item without which they do not."""
    leaves: tuple[tuple[str, Shown, bool], ...]
    """Fields that hold data: name, classification, whether it is a day."""
    records: tuple[tuple[str, frozenset[Item], bool], ...]
    """Fields that hold records: name, the items any of which shows it, whether it is a list."""
    beneath: frozenset[Item]
    """Every item that can show the record."""


def redact(record: R, seen: Seen) -> R | None:
    """The record with only what is in ``seen``; nothing when none of it may be.

    A hidden value is null, a hidden element is not in its list. A list of records is null when no item beneath it
    is granted, whatever it holds.
    """
    return _redact(record, seen, items_in(seen))


def _redact(record: R, seen: Seen, items: frozenset[Item]) -> R | None:
    shape = shape_of(type(record))
    gate_is_open = record.gate is None or getattr(record, record.gate) in seen
    kept: dict[str, Any] = dict.fromkeys(record.__struct_fields__)
    something = False
    if gate_is_open:
        for name, shown, is_day in shape.leaves:
            item = _item_of(record, shown)
            if item in seen or (item in items and is_day and Slice(item, Aspect.DATES) in seen):
                kept[name] = getattr(record, name)
            elif item in items and shown.is_name and Slice(item, Aspect.NAMES) in seen:
                kept[name] = named(getattr(record, name))
            else:
                continue
            something = something or shown.opens
    for name, beneath, is_list in shape.records:
        if (gate_is_open or name in record.past_gate) and not beneath.isdisjoint(items):
            value = getattr(record, name)
            kept[name] = _each(value, seen, items) if is_list else _one(value, seen, items)
            something = something or bool(kept[name])
    if not something and not (gate_is_open and record.gate is not None):
        return None
    for name, item_needed in shape.attached:
        if item_needed is None or item_needed in seen:
            kept[name] = getattr(record, name)
    return type(record)(**kept)


def _each(records: tuple[Record, ...] | None, seen: Seen, items: frozenset[Item]) -> tuple[Record, ...] | None:
    if records is None:
        return None
    return tuple(kept for record in records if (kept := _redact(record, seen, items)) is not None)


def _one(record: Record | None, seen: Seen, items: frozenset[Item]) -> Record | None:
    return None if record is None else _redact(record, seen, items)


def _item_of(record: Record, shown: Shown) -> Item:
    if shown.choose is None:
        (only,) = shown.items  # a drawn field has several and is never redacted: it would not be known by which
        return only
    chosen: Item = getattr(record, shown.choose)
    return chosen


@cache
def shape_of(kind: type[Record]) -> Shape:
    """How records of ``kind`` are redacted. Raises ``TypeError`` for a field without a classification."""
    hints = get_type_hints(kind)
    attached: list[tuple[str, Item | None]] = []
    leaves: list[tuple[str, Shown, bool]] = []
    records: list[tuple[str, frozenset[Item], bool]] = []
    for name, shown in classification(kind).items():
        held = record_type_in(hints[name])
        if shown.is_drawn or shown.is_kept:
            continue
        if shown.attached:
            attached.append((name, shown.items[0] if shown.items else None))
        elif held is not None:
            records.append((name, frozenset(shown.items) or shape_of(held).beneath, _is_list(hints[name])))
        elif shown.items:
            leaves.append((name, shown, _is_day(hints[name])))
        else:
            raise TypeError(f"{kind.__name__}.{name} is classified as structure but holds no records")
    beneath = frozenset[Item]().union(
        *(items for _, items, _ in records), *(frozenset(shown.items) for _, shown, _ in leaves if shown.opens)
    )
    return Shape(tuple(attached), tuple(leaves), tuple(records), beneath)


def record_type_in(hint: Any) -> type[Record] | None:
    """The record type that a field holds, one or a list of, or nothing."""
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint
    return next((found for each in get_args(hint) if (found := record_type_in(each)) is not None), None)


def _is_day(hint: Any) -> bool:
    return hint is date or date in get_args(hint)


def _is_list(hint: Any) -> bool:
    return any(getattr(each, "__origin__", None) is tuple for each in (hint, *get_args(hint)))


def items_of(kind: type[Record]) -> Mapping[str, frozenset[Item]]:
    """For each field of ``kind``, every item that decides whether something of it is seen."""
    hints = get_type_hints(kind)
    return {
        name: frozenset(shown.items) if shown.items or shown.attached else _beneath(hints[name])
        for name, shown in classification(kind).items()
    }


def days_of(kind: type[Record]) -> frozenset[str]:
    """The fields of ``kind`` that are days, which a rule may give without the rest of their item."""
    hints = get_type_hints(kind)
    return frozenset(name for name in kind.__struct_fields__ if _is_day(hints[name]))


def _beneath(hint: Any) -> frozenset[Item]:
    held = record_type_in(hint)
    return shape_of(held).beneath if held is not None else frozenset()

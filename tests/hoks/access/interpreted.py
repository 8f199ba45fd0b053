"""Redaction read off the classification field by field, as plainly as can be: what compiled redaction must equal."""

from typing import Any, TypeVar

from hoks.access.redact import shape_of
from hoks.items import Aspect, Item, Seen, Shown, Slice, items_in
from hoks.records import Record
from hoks.values import named

R = TypeVar("R", bound=Record)


def interpreted(record: R, seen: Seen) -> R | None:
    """The record with only what is in ``seen``; nothing when none of it may be."""
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
        (only,) = shown.items
        return only
    chosen: Item = getattr(record, shown.choose)
    return chosen

"""Redaction: from a whole record, a new one that holds only what is granted.

It is sufficient alone: fetching less is only economy. What it keeps depends on the granted items and on the record's
own visible parts, never on a hidden value.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from operator import attrgetter, is_
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
    is granted, whatever it holds. A record of which everything is seen is given as it is.
    """
    redacted: R | None = _redactor(type(record), seen)(record)
    return redacted


# --- compiled once for each kind of record and what is seen -------------------------------------------------------

MOST_REDACTORS = 4_096
"""A policy needs some hundreds; consents may name any items, and what they need gives way to what is used."""

Redactor = Callable[[Any], Any]
"""From a record of one kind to what is seen of it, or nothing."""


@lru_cache(MOST_REDACTORS)
def _redactor(kind: type[Record], seen: Seen) -> Redactor:
    """How records of ``kind`` are redacted to ``seen``.

    INVARIANT: made of the kind and of what is seen alone, and never of a record; by the items that a record itself
    names it only chooses among forms that are.
    """
    everything = _everything_in(kind)
    if everything is not None and everything <= seen:
        return _as_it_is
    choosing = _choosing(kind)
    if not choosing:
        return _form(kind, seen, {})
    forms: dict[Any, Redactor] = {}
    chosen_by = attrgetter(*choosing)

    def redacted(record: Any) -> Any:
        chosen = chosen_by(record)
        form = forms.get(chosen)
        if form is None:
            items = chosen if len(choosing) > 1 else (chosen,)
            form = forms[chosen] = _form(kind, seen, dict(zip(choosing, items, strict=True)))
        return form(record)

    return redacted


def _as_it_is(record: Any) -> Any:
    return record


def _form(kind: type[Record], seen: Seen, chosen: Mapping[str, Item]) -> Redactor:
    """How records of ``kind`` are redacted that name the items ``chosen``, by the property that names each."""
    shape, items, held_in = shape_of(kind), items_in(seen), _held_in(kind)
    gate_is_open = kind.gate is None or chosen[kind.gate] in seen
    opens = gate_is_open and kind.gate is not None
    kept: list[str] = []
    called: list[str] = []
    for name, shown, is_day in shape.leaves if gate_is_open else ():
        item = chosen[shown.choose] if shown.choose is not None else _only(shown)
        if item in seen or (item in items and is_day and Slice(item, Aspect.DATES) in seen):
            kept.append(name)
        elif item in items and shown.is_name and Slice(item, Aspect.NAMES) in seen:
            called.append(name)
        else:
            continue
        opens = opens or shown.opens
    kept += [name for name, needed in shape.attached if needed is None or needed in seen]
    parts = tuple(
        (name, _each(redactor) if is_list else redactor)
        for name, beneath, is_list in shape.records
        if (gate_is_open or name in kind.past_gate) and not beneath.isdisjoint(items)
        for redactor in [_redactor(held_in[name], seen)]
    )
    names, values = tuple(kept), _getter(kept)
    drawn = _getter(_drawn_in(kind))
    nothing = dict.fromkeys(kind.__struct_fields__)
    is_whole = {*kept, *(name for name, _ in parts), *_drawn_in(kind)} == nothing.keys()

    def redacted(record: Any) -> Any:
        made = {}
        something, is_same = opens, is_whole
        for name, redactor in parts:
            value = getattr(record, name)
            if value:
                made[name] = seen_of_it = redactor(value)
                something = something or bool(seen_of_it)
                is_same = is_same and seen_of_it is value
            else:
                made[name] = value
        if not something:
            return None
        if is_same and not any(each is not None for each in drawn(record)):
            return record
        fields = nothing | dict(zip(names, values(record), strict=True)) | made
        for name in called:
            fields[name] = named(getattr(record, name))
        return kind(**fields)

    return redacted


def _each(redactor: Redactor) -> Redactor:
    """How a list of records is redacted."""
    if redactor is _as_it_is:
        return redactor

    def redacted(records: tuple[Any, ...]) -> tuple[Any, ...]:
        seen = [redactor(record) for record in records]
        if all(map(is_, seen, records)):
            return records
        return tuple([each for each in seen if each is not None])

    return redacted


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads several fields at once."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def _only(shown: Shown) -> Item:
    (only,) = shown.items  # a drawn field has several and is never redacted: it would not be known by which
    return only


@cache
def _everything_in(kind: type[Record]) -> Seen | None:
    """All that has to be seen for a record to be seen as it is, whatever is in it; nothing where that is never told.

    It is not told of a kind in which something is drawn, nor of one that may be closed or empty though all is seen.
    """
    shape = shape_of(kind)
    within = [_everything_in(_held_in(kind)[name]) for name, _, _ in shape.records]
    opens = any(shown.opens and kind.gate in (None, shown.choose) for _, shown, _ in shape.leaves)
    if _drawn_in(kind) or not opens or None in within:
        return None
    items = {item for _, shown, _ in shape.leaves for item in shown.items}
    items |= {item for _, item in shape.attached if item is not None}
    return frozenset(items).union(*(each for _, each, _ in shape.records), *(each for each in within if each))


@cache
def _choosing(kind: type[Record]) -> tuple[str, ...]:
    """The properties of a record that say by which items it or a field of it is seen."""
    chosen = (shown.choose for _, shown, _ in shape_of(kind).leaves)
    return tuple(dict.fromkeys(each for each in (kind.gate, *chosen) if each is not None))


@cache
def _drawn_in(kind: type[Record]) -> tuple[str, ...]:
    return tuple(name for name, shown in classification(kind).items() if shown.is_drawn or shown.is_kept)


@cache
def _held_in(kind: type[Record]) -> Mapping[str, type[Record]]:
    """The kind of record that each field holds, one or a list of."""
    hints = get_type_hints(kind)
    return {name: held for name in kind.__struct_fields__ if (held := record_type_in(hints[name])) is not None}


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

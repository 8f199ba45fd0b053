"""Random records of every kind, built from the record types themselves: a new field is varied without a word here.

Values are few and plain, so that collisions (equal codes, equal dates, duplicates) happen often.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, NewType, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from hoks.identifiers import StudyRightOid
from hoks.items import Item, classification
from hoks.plan import Hoks
from hoks.records import Record

S = TypeVar("S", bound=msgspec.Struct)

LAW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""How long a law is tried, the same way each time; a whole plan would take minutes to shrink."""

_PLAIN: Mapping[type, st.SearchStrategy[Any]] = {
    str: st.sampled_from(("alfa", "beta", "gamma")),
    int: st.sampled_from((0, 1, 2)),
    float: st.sampled_from((0.5, 1.0)),
    bool: st.booleans(),
    date: st.sampled_from((date(2026, 8, 3), date(2026, 10, 5), date(2027, 1, 1))),
    datetime: st.sampled_from((datetime(2026, 8, 3, 9, tzinfo=UTC), datetime(2026, 10, 5, 9, tzinfo=UTC))),
}

item_sets: st.SearchStrategy[frozenset[Item]] = st.frozensets(st.sampled_from(Item))
"""Any set of items, however odd: no rule has to grant it."""


def records(kind: type[S], **fixed: object) -> st.SearchStrategy[S]:
    """Random structs of ``kind``, with the fields that are ``fixed``."""
    drawn = {name: values for name, values in _fields(kind).items() if name not in fixed}
    return st.fixed_dictionaries(drawn).map(lambda fields: kind(**fields, **fixed))


def plans(right: StudyRightOid | None = None, **fixed: object) -> st.SearchStrategy[Hoks]:
    """Random plans, of one right where it is given."""
    named = {} if right is None else {"study_right_oid": right}
    return records(Hoks, **named, **fixed)


def value_of(hint: Any) -> st.SearchStrategy[Any]:
    """Random values of a type as the records write it: plain, optional, a tuple of, a struct."""
    if isinstance(hint, NewType):
        return value_of(hint.__supertype__)
    if get_origin(hint) is tuple:
        return st.lists(value_of(get_args(hint)[0]), max_size=2).map(tuple)
    members = get_args(hint)
    if members:
        (held,) = (each for each in members if each is not NoneType)
        return st.none() | value_of(held)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return records(hint) if issubclass(hint, msgspec.Struct) else _PLAIN[hint]


@cache
def _fields(kind: type[msgspec.Struct]) -> Mapping[str, st.SearchStrategy[Any]]:
    hints = get_type_hints(kind)
    return {name: value_of(hints[name]) for name in kind.__struct_fields__ if not _is_drawn(kind, name)}


def _is_drawn(kind: type[msgspec.Struct], name: str) -> bool:
    """Whether a field is drawn after redaction: no source fills it."""
    return issubclass(kind, Record) and classification(kind)[name].is_drawn

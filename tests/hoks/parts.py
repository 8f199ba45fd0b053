"""Parts of a plan, found without the domain's own walking: by looking at every value."""

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from hoks.records import Part

S = TypeVar("S", bound=msgspec.Struct)


def parts_in(value: object) -> Iterator[Part]:
    """Every part in a value, the value itself included."""
    if isinstance(value, tuple):
        for each in value:
            yield from parts_in(each)
    elif isinstance(value, msgspec.Struct):
        if isinstance(value, Part):
            yield value
        for name in value.__struct_fields__:
            yield from parts_in(getattr(value, name))


def with_parts(record: S, **changes: object) -> S:
    """The record with the same changes made to every part in it."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(changed(each) for each in value)
        if not isinstance(value, msgspec.Struct):
            return value
        fields = {name: changed(getattr(value, name)) for name in value.__struct_fields__}
        return type(value)(**(fields | changes if isinstance(value, Part) else fields))

    made: S = changed(record)
    return made

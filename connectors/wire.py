"""The words of a wire table: what a field of a source's JSON is, and which field of our model it fills.

A wire Struct declares both, so that a finding's place and law item follow from the table (``lenient``).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

import msgspec

from hoks.findings import FindingCode
from hoks.identifiers import Check
from hoks.items import Item

Text = str
"""Clean text (see ``outline``): whoever reads a document sees to that."""
Whole = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""A whole number that GraphQL's ``Int`` can carry."""


REMEMBERED, LONGEST_REMEMBERED = 1_024, 64
"""Of how many texts each public check remembers what it found, and how long they are at most."""


TextCheck = Callable[[str], FindingCode | None]
"""Looks at a value that is kept in any case."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a wire field goes: a field of the model, or, without one, the same record (the wire only wraps)."""

    field: str | None
    item: Item | None = None
    check: TextCheck | None = None
    of_document: bool = False


def at(field: str, item: Item | None = None, check: TextCheck | None = None) -> At:
    """Goes to ``field`` of the model. ``item`` is for a structure, which has no item of its own."""
    return At(field, item, check)


def up_at(field: str, item: Item | None = None) -> At:
    """Goes to ``field`` of the document's own record, from inside another: the wire nests what our model does not."""
    return At(field, item, of_document=True)


SAME_RECORD = At(None)
"""A wrapper of the wire: what is in it goes to the record around it."""


def identifier(check: Callable[[str], Check]) -> TextCheck:
    """A check that reports an identifier that does not hold."""
    return lambda text: None if check(text) is Check.OK else FindingCode.BAD_CHECK_DIGIT


def public(check: TextCheck) -> TextCheck:
    """The same check, remembering what it found: of what comes again in every plan and names no person."""
    remembered = lru_cache(REMEMBERED)(check)
    return lambda text: remembered(text) if len(text) <= LONGEST_REMEMBERED else check(text)


def code_like(pattern: str) -> TextCheck:
    """A check that reports a code of another code set, or of none."""
    known = re.compile(pattern)
    return public(lambda text: None if known.fullmatch(text) else FindingCode.UNKNOWN_CODE)


def code_in(known: Collection[str]) -> TextCheck:
    """A check that reports a code on which we act and which we do not know."""
    return lambda text: None if text in known else FindingCode.UNKNOWN_CODE


class Closed(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """A wire record that we read whole: a key we do not know is a finding."""

    model: ClassVar[type[msgspec.Struct] | None] = None
    """The record of our model that it becomes; without one, it goes to the record around it."""


class Open(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A wire record of which we knowingly read a part."""

    model: ClassVar[type[msgspec.Struct] | None] = None


def camel(name: str) -> str:
    """A field's name as the graph writes it."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)

"""What an operator declares of one call: what it asks, its pages, and where the rows are in its answer."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from connectors.table.settings import Strict

Entity = Literal["rights", "learners", "plans", "holders", "appointments", "assignments", "guides"]
"""What is asked of a provider: one question each, with its own key."""

MaxPages = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class NumberedPages(Strict, frozen=True, tag_field="kind", tag="page"):
    """``{page}`` counts pages. They end at one without rows, at ``total`` rows, or where ``more`` is not true."""

    first: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1
    more: str | None = None
    total: str | None = None
    max_pages: MaxPages = 100


class OffsetPages(Strict, frozen=True, tag_field="kind", tag="offset"):
    """``{offset}`` counts the rows that came so far. They end at a page without rows, or at ``total`` rows."""

    total: str | None = None
    max_pages: MaxPages = 100


class CursorPages(Strict, frozen=True, tag_field="kind", tag="cursor"):
    """``{cursor}`` is what the page before gave as ``next``; a parameter with it is left out of the first call."""

    next: str
    total: str | None = None
    max_pages: MaxPages = 100


class LinkedPages(Strict, frozen=True, tag_field="kind", tag="link"):
    """The address of the next page: in the ``Link`` header, or in the body where ``next`` says."""

    next: str | None = None
    total: str | None = None
    max_pages: MaxPages = 100


Paging = NumberedPages | OffsetPages | CursorPages | LinkedPages

# --- calls ----------------------------------------------------------------------------------------------------


class RowSet(Strict, frozen=True):
    """Rows in an answer: where they are, what they are rows of, and where each column stands in a row."""

    table: str
    rows: str
    """From the whole answer, or, with ``under``, from one row of another set."""
    key: str = ""
    """Only of a set that is not under another: the OID that was asked, as the row itself names it."""
    name: str = ""
    """What others call this set by, where not the table's name."""
    under: str = ""
    members: bool = False
    """Whether the rows are the members of an object: each is then ``{name, value}``."""
    columns: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def known_as(self) -> str:
        """By what other sets call this one."""
        return self.name or self.table


class Call(Strict, frozen=True):
    """One call: where ``{key}`` stands it is made for each key, where ``{keys}`` stands for many at once.

    Without either it lists everything, whoever is asked about.
    """

    path: str
    rows: tuple[RowSet, ...]
    method: Literal["GET", "POST"] = "GET"
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    body: dict[str, Any] | None = None
    max_batch: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 100
    """Keys in one call, where ``{keys}`` stands."""
    separator: str | None = ","
    """Between the keys in a path or parameter."""
    repeat: bool = False
    """Whether a parameter with ``{keys}`` is instead repeated for each key."""
    paging: Paging | None = None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What the call asks to be put in it."""
        return tuple(name for text in texts_of([self.path, self.parameters, self.body]) for name in _NAME.findall(text))


_NAME = re.compile(r"\{([^{}]*)\}")
PAGING_NAMES: dict[type, str] = {NumberedPages: "page", OffsetPages: "offset", CursorPages: "cursor"}
KNOWN_NAMES = ("key", "keys", "page", "offset", "cursor")


def texts_of(value: Any) -> Iterator[str]:
    """Every text in it, however deep."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from texts_of(each)
        case dict():
            for each in value.values():
                yield from texts_of(each)

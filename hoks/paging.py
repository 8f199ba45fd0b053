"""Pages of a list: where one ends, told by a cursor that only the list itself can read."""

from typing import Annotated, NewType

from hoks.values import Value, says

Cursor = NewType("Cursor", str)
"""Where a page ends; opaque, and good only for the caller it was given to."""


class PageInfo(Value, frozen=True, gc=False):
    """Where a page ends."""

    has_next_page: Annotated[bool, says("Whether more follow.")]
    end_cursor: Annotated[Cursor | None, says("Pass it as `after` for the next page.")] = None

"""Pages of long lists, as Relay has them, forwards only: an edge for each element, and where the page ends."""

from typing import Any

import msgspec

from hoks.paging import Cursor, PageInfo

MOST_STUDENTS = 50
"""How many students one page may hold."""


class Edge(msgspec.Struct, frozen=True):
    """An element in a page."""

    cursor: Cursor
    node: Any


class Connection(msgspec.Struct, frozen=True):
    """A page."""

    edges: tuple[Edge, ...]
    page_info: PageInfo


def connection(edges: tuple[Edge, ...], *, more: bool) -> Connection:
    """A page of these edges."""
    end = edges[-1].cursor if edges else None
    return Connection(edges=edges, page_info=PageInfo(has_next_page=more, end_cursor=end))

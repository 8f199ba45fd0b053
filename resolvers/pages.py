"""Pages of long lists, as Relay has them, forwards only: an edge for each element, and where the page ends."""

from typing import Any

import msgspec
import strawberry

from resolvers.scalars import Cursor


@strawberry.type(description="Where a page ends.")
class PageInfo:
    """Relay's page information, forwards only."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    end_cursor: Cursor | None = strawberry.field(description="Pass it as `after` for the next page.")


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

"""Where a page of any list ends."""

import strawberry

from resolvers.scalars import Cursor


@strawberry.type(description="Where a page ends.")
class PageInfo:
    """Relay's page information, forwards only."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    end_cursor: Cursor | None = strawberry.field(description="Pass it as `after` for the next page.")

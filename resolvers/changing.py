"""The question about changed plans, for a provider's own system that keeps up with them."""

from operator import attrgetter
from typing import Optional

import msgspec
import strawberry

from hoks.changing import ChangePlace, PlanChange
from hoks.errors import BadRequest
from hoks.paging import Cursor, PageInfo
from resolvers.context import Info
from resolvers.types import graph_type

MOST_CHANGES = 100
"""About how many changes one page may hold."""
CHANGE = graph_type(PlanChange)
PAGE_INFO = graph_type(PageInfo)
_LIST = "changes"
_PLACE = msgspec.msgpack.Decoder(ChangePlace)


@strawberry.type(description="A changed plan in a page.")
class PlanChangeEdge:
    """One edge of ``changes``."""

    node: Optional[CHANGE] = strawberry.field(description="The plan to be read again.")  # type: ignore[valid-type]  # a type derived from the record while it runs  # noqa: UP045


@strawberry.type(description="Changed plans. A change may be told twice and is never passed over.")
class PlanChangeConnection:
    """A page of ``changes``."""

    edges: list[PlanChangeEdge] = strawberry.field(description="The changed plans of this page, by student.")
    page_info: PAGE_INFO = strawberry.field(  # type: ignore[valid-type]  # a type derived from the record while it runs
        description="Where the page ends. Pass `endCursor` as `since`: at once while more follow, and else later."
    )
    cannot_tell: list[str] = strawberry.field(
        description="Sources with plans of which they do not say when they changed: read those plans now and then."
    )
    cannot_tell_gone: list[str] = strawberry.field(
        description="Sources with plans that do not say which are gone: look now and then whether those are there."
    )
    not_read: int = strawberry.field(
        description="How many students could not be read; what changed of theirs is told later."
    )


async def changes(info: Info, since: Cursor | None = None, first: int = 50) -> PlanChangeConnection | None:
    """A page of changed plans, or null for who is no provider's system."""
    if not 1 <= first <= MOST_CHANGES:
        raise BadRequest(f"`first` must be from 1 to {MOST_CHANGES}")
    context = info.context
    place = ChangePlace()
    if since is not None:
        place = _PLACE.decode(context.cursors.opened(context.caller, _LIST, since, "since"))
    page = await context.changing.changes(context.caller, place, first=first, within=context.sitting)
    if page is None:
        return None
    context.reported(info._raw_info, page.found, attrgetter("change"))
    context.missed(page.gaps)
    end = context.cursors.sealed(context.caller, _LIST, msgspec.msgpack.encode(page.place))
    return PlanChangeConnection(
        edges=[PlanChangeEdge(node=each.change) for each in page.found],
        page_info=PageInfo(has_next_page=page.more, end_cursor=end),
        cannot_tell=list(page.cannot_tell),
        cannot_tell_gone=list(page.cannot_tell_gone),
        not_read=page.not_read,
    )

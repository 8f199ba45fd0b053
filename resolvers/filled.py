"""Fields of a student that no source tells: filled in from what the gateway keeps, for the student's own eyes alone.

A field of a record that is classified ``kept_by_gateway`` has its row here, or the schema does not build. What such a
field shows is no disclosure and is not recorded as one: it is what was recorded, shown to whom it concerns.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from typing import Any

from hoks.paging import Cursor
from resolvers.context import Info

Fill = Callable[..., Awaitable[Any]]
"""From the student's view, the request, and the field's own arguments, which the graph takes from its signature."""


async def consents(root: Any, info: Info) -> Any:
    """What the student has consented to."""
    giving = info.context.desks.giving
    return await giving.of(root) if giving is not None else ()


async def shares(root: Any, info: Info) -> Any:
    """The links on which the student's consents were shared."""
    sharing = info.context.desks.sharing
    return await sharing.of(root) if sharing is not None else ()


async def disclosures(root: Any, info: Info, first: int = 20, after: Cursor | None = None) -> Any:
    """A page of the log about the student."""
    context, following = info.context, info.context.desks.following
    if following is None:
        return None
    start = context.cursors.place(context.caller, after) if after is not None else None
    cursor = partial(context.cursors.behind, context.caller)
    return await following.page(root, after=start, first=first, cursor=cursor)


FILLED: Mapping[str, Fill] = {
    "Student.consents": consents,
    "Student.shares": shares,
    "Student.disclosures": disclosures,
}
"""The one table: coordinate (with the record's own name of the field), and what fills it in."""


def own_alone(fill: Fill) -> Fill:
    """The resolver of such a field: nothing unless the record is the caller's own.

    INVARIANT: decided here by the view, before what fills in is even called.
    """

    @wraps(fill)
    async def resolve(root: Any, info: Info, **arguments: Any) -> Any:
        view = info.context.view_of(root)
        return await fill(view, info, **arguments) if view is not None and view.is_own else None

    return resolve

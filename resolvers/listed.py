"""Lists of a student that are drawn when they are asked for, page by page, from what the student's reader is shown.

A field of a record that is classified ``listed`` has its row here, or the schema does not build. What a page tells is
noted as told.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

import strawberry

from hoks.disclosing import disclosed_entries
from hoks.errors import BadRequest
from hoks.paging import Cursor
from hoks.timeline import page
from hoks.timeline import timeline as drawn
from resolvers.context import Info
from resolvers.pages import Connection, Edge, connection

MOST_ENTRIES = 200
"""How many entries one page may hold."""


def timeline(
    root: Any,
    info: Info,
    since: Annotated[
        date | None, strawberry.argument(name="from", description="Only what touches this day or a later one.")
    ] = None,
    until: Annotated[
        date | None, strawberry.argument(name="to", description="Only what touches this day or an earlier one.")
    ] = None,
    first: int = 50,
    after: Cursor | None = None,
) -> Connection | None:
    """A page of the student's timeline."""
    context = info.context
    view = context.view_of(root)
    if view is None:
        return None
    if not 1 <= first <= MOST_ENTRIES:
        raise BadRequest(f"`first` must be from 1 to {MOST_ENTRIES}")
    place = context.cursors.entry(context.caller, view.oid, after) if after is not None else None
    entries = drawn(view.student.study_rights or (), view.student.hoksit or ())
    found = page(entries, first=first, after=place, since=since, until=until)
    context.tell(
        disclosed_entries(view, [each for _, each in found.entries], context.operation.beneath(info._raw_info))
    )
    edges = tuple(
        Edge(cursor=context.cursors.after_entry(context.caller, view.oid, place), node=each)
        for place, each in found.entries
    )
    return connection(edges, more=found.more)


LISTED: Mapping[str, Callable[..., Any]] = {"Student.timeline": timeline}
"""The one table: coordinate (with the record's own name of the field), and what draws its pages."""

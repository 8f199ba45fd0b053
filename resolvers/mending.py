"""The question about findings: what is wrong in a provider's own plans, the most severe first."""

from operator import attrgetter
from typing import Optional

import msgspec
import strawberry

from hoks.errors import BadRequest
from hoks.identifiers import OrganisationOid
from hoks.mending import DataQualityFinding, Place
from hoks.paging import Cursor, PageInfo
from resolvers.context import Info
from resolvers.types import graph_type

MOST_FINDINGS = 100
"""How many findings one page may hold."""
FINDING = graph_type(DataQualityFinding)
PAGE_INFO = graph_type(PageInfo)
_LIST = "findings"
_PLACE = msgspec.json.Decoder(Place)


@strawberry.type(description="A finding in a page.")
class DataQualityEdge:
    """One edge of ``findings``."""

    cursor: Cursor = strawberry.field(description="Where this finding stands.")
    node: Optional[FINDING] = strawberry.field(description="The finding (havainto).")  # type: ignore[valid-type]  # a type derived from the record while it runs  # noqa: UP045


@strawberry.type(description="Findings, the most severe first. There is no total: each page is read anew.")
class DataQualityConnection:
    """A page of ``findings``."""

    edges: list[DataQualityEdge] = strawberry.field(description="The findings of this page.")
    page_info: PAGE_INFO = strawberry.field(  # type: ignore[valid-type]  # a type derived from the record while it runs
        description="Where the page ends."
    )
    not_read: int = strawberry.field(description="How many students could not be read: they may have more.")


async def findings(
    info: Info, organisation_oid: OrganisationOid, first: int = 50, after: Cursor | None = None
) -> DataQualityConnection | None:
    """A page of what is wrong in the acting organisation's own plans, or null for any other organisation."""
    if not 1 <= first <= MOST_FINDINGS:
        raise BadRequest(f"`first` must be from 1 to {MOST_FINDINGS}")
    context = info.context
    start = None
    if after is not None:
        start = _PLACE.decode(context.cursors.opened(context.caller, _LIST, after))
    page = await context.mending.findings(
        context.caller, organisation_oid, first=first, after=start, within=context.sitting
    )
    if page is None:
        return None
    context.reported(info._raw_info, page.found, attrgetter("finding"))
    context.missed(page.gaps)
    edges = [
        DataQualityEdge(
            cursor=context.cursors.sealed(context.caller, _LIST, msgspec.json.encode(each.place)), node=each.finding
        )
        for each in page.found
    ]
    end = edges[-1].cursor if edges else None
    return DataQualityConnection(
        edges=edges, page_info=PageInfo(has_next_page=page.more, end_cursor=end), not_read=page.not_read
    )

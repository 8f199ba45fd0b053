"""A student who follows who has seen their data: their own pages of the log, with the names of organisations."""

from collections.abc import Callable

from hoks.errors import BadRequest
from hoks.labelled import labelled
from hoks.paging import Cursor, PageInfo
from hoks.ports import DisclosureLog, Labels
from hoks.seen import DisclosureConnection, DisclosureEdge, Place, in_words
from hoks.showing import View

MOST_ROWS = 100
"""How many rows one page may hold."""


class Following:
    """What a student reads of the log. One per process."""

    def __init__(self, log: DisclosureLog, labels: Labels | None = None) -> None:
        self._log = log
        self._labels = labels

    async def page(
        self, own: View, *, after: Place | None, first: int, cursor: Callable[[Place], Cursor]
    ) -> DisclosureConnection:
        """A page of the rows about the student of a view of their own. Raises ``BadRequest``, ``SourcesUnavailable``.

        INVARIANT: it is asked for nobody but the student of that view, under any of their OIDs.
        """
        if not 1 <= first <= MOST_ROWS:
            raise BadRequest(f"`first` must be from 1 to {MOST_ROWS}")
        page = await self._log.page(own.oids, after=after, first=first)
        edges = tuple(
            DisclosureEdge(cursor=cursor(row.place), node=labelled(in_words(row), self._labels)) for row in page.rows
        )
        end = edges[-1].cursor if edges else None
        return DisclosureConnection(edges=edges, page_info=PageInfo(has_next_page=page.more, end_cursor=end))

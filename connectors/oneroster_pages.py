"""A whole collection that comes in pages, although rows come, go and move between two pages: all of it, or a failure.

Rows are counted by the server, and read until two readings hold the same rows: where nothing has changed since the last
time, that is one reading. Nothing that a server says of addresses is followed.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from connectors.client import Incoming
from connectors.failures import Reason, SourceInvalid, SourceUnavailable

MAX_PAGES = 2_000
MAX_READINGS = 5
PAGES_AT_ONCE = 4
"""Fewer than the calls that a source takes at a time: a long collection neither crowds out nor is refused a turn."""


class Page(msgspec.Struct, frozen=True):
    """Some rows of a collection: each as JSON under its own key, and what the server says of the whole."""

    rows: tuple[tuple[str | bytes, bytes], ...]
    total: int
    """How many rows the collection has at this moment."""
    says_more: bool = False
    """Whether the server links to a next page."""


Fetch = Callable[[int, int], Awaitable[Page]]
"""Fetches the page that begins at an offset, of at most a limit of rows."""
Rows = Mapping[str | bytes, bytes]
"""Rows by their keys."""


Marks = frozenset[int]
"""Which rows a reading held, as numbers that name nobody."""


def marks_of(rows: Rows) -> Marks:
    """The marks by which the next reading may know these rows again, in this process alone."""
    return frozenset(map(hash, rows))


async def read_whole(fetch: Fetch, *, page_size: int, max_rows: int, before: Marks = frozenset()) -> Rows:
    """Every row of the collection, each once. Raises ``SourceFailure``; never gives a part.

    ``before`` are the marks of an earlier reading, however old.

    INVARIANT: what is returned is the collection at one moment, however rows move, come or go meanwhile, as long as
    the key of a deleted row does not come back. Take the moment of the second reading's first page: each row of both
    readings was there before and after it, so it was there; and they are as many as the server counted just then. One
    page that holds everything is one moment by itself.
    """
    begun_with = max_rows
    for reading in range(MAX_READINGS):
        first = await fetch(0, page_size)
        if first.total > max_rows:
            raise SourceInvalid(Reason.OVERSIZE)
        if reading == 0:
            begun_with = first.total
        elif first.total > 2 * begun_with:
            # It grows faster than it can be read: each reading would cost more calls than the one before.
            raise SourceUnavailable(Reason.SHIFTING)
        if len(first.rows) >= first.total:
            return _only(first)
        rows = await _with_the_rest(first, fetch)
        marks = marks_of(rows)
        if len(rows) == first.total and marks == before:
            return rows
        before = marks
    raise SourceUnavailable(Reason.SHIFTING)


def _only(page: Page) -> Rows:
    rows = dict(page.rows)
    if not len(rows) == len(page.rows) == page.total or page.says_more:
        raise SourceInvalid(Reason.MISMATCH)
    return rows


async def _with_the_rest(first: Page, fetch: Fetch) -> Rows:
    """One reading. A server may give fewer rows at a time than it was asked for."""
    step = len(first.rows)
    if step == 0:
        raise SourceInvalid(Reason.MISMATCH)
    if first.total > MAX_PAGES * step:
        raise SourceInvalid(Reason.OVERSIZE)
    offsets = range(step, first.total, step)
    rows = dict(first.rows)
    for start in range(0, len(offsets), PAGES_AT_ONCE):
        some = offsets[start : start + PAGES_AT_ONCE]
        pages = await asyncio.gather(*(fetch(offset, step) for offset in some), return_exceptions=True)
        for page in pages:
            if isinstance(page, BaseException):
                raise page
            rows.update(page.rows)
    return rows


# --- what the headers say -------------------------------------------------------------------------------------

_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_IS_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"next\"|next\b)", re.IGNORECASE)
_DEFAULT_PORTS = {"https": 443, "http": 80}


def total_in(answer: Incoming) -> int:
    """The server's own count. Without it nobody knows whether a page is the last, so it is refused."""
    told = answer.headers.get("x-total-count", "").strip()
    if not _COUNT.fullmatch(told):
        raise SourceInvalid(Reason.MISMATCH)
    return int(told)


def links_to_next(answer: Incoming, asked: str) -> bool:
    """Whether there is a link to a next page; one that leads away from the collection refuses the answer."""
    for target, parameters in _LINK.findall(answer.headers.get("link", "")):
        if _IS_NEXT.search(parameters):
            if _place(asked, target) != _place(asked):
                raise SourceInvalid(Reason.ORIGIN)
            return True
    return False


def _place(url: str, target: str = "") -> tuple[str, str | None, int | None, str]:
    """Where a link from an address leads, but for what is asked there; ``SourceInvalid`` where that is no address."""
    try:
        parts: SplitResult = urlsplit(urljoin(url, target))
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        raise SourceInvalid(Reason.ORIGIN) from None
    return parts.scheme, parts.hostname, port, parts.path

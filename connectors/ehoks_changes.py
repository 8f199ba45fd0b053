"""What eHOKS says of changed plans: told to who asks, and a hint by which those that are kept are asked again in time.

It is of all the country's plans: rights that nobody has asked for lately are dropped unread. A hint that goes wrong
fails no request; the answers that are kept then end with their own time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from connectors.bodies import elements, members
from connectors.failures import Reason, SourceFailure, SourceInvalid, report, unexpected
from connectors.shelf import Shelf
from hoks.asking import awaited_where, for_nobody
from hoks.identifiers import StudyRightOid
from hoks.ports import ChangedPlans, Clock

PAGE_SIZE = 100
MOST_MEMBERS = 20
"""Members of the answer, and of its data."""
MAX_PAGES = 1_000
MAX_PAGES_ASKED = 20
"""Pages of one answer to somebody who waits: of more changes, every plan is as soon read."""
OVERLAP = timedelta(seconds=60)
"""How far each look reaches back before the one before it: clocks differ, and a change may show late."""
LONGEST_PAUSE = 600.0
QUESTIONS = ("plans", "holders")

LOG = logging.getLogger(__name__)


class _RowWire(msgspec.Struct, frozen=True, rename="kebab"):
    opiskeluoikeus_oid: str
    paivitetty: datetime | None = None
    poistettu: datetime | None = None


class _Page(NamedTuple):
    """The rows of a page, the id after which to go on, and whether the page is empty."""

    rows: tuple[_RowWire, ...]
    is_whole: bool
    """Whether every row could be read, by eHOKS itself too."""
    last: int = 0
    is_last: bool = False


Get = Callable[[str], Awaitable[bytes | None]]
"""Reads a path of eHOKS's transfer interface."""


_ROW = msgspec.json.Decoder(_RowWire)
_NUMBER = msgspec.json.Decoder(int)


class EhoksChanges:
    """Looks again and again which plans of one eHOKS have changed, and forgets them."""

    def __init__(
        self,
        source: str,
        get: Callable[[str], Awaitable[bytes | None]],
        shelf: Shelf,
        clock: Clock,
        seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``get`` reads a path of eHOKS's transfer interface; a look begins every ``seconds``."""
        self._source = source
        self._get = get
        self._shelf = shelf
        self._clock = clock
        self._seconds = seconds
        self._sleep = sleep
        self._since = clock.now() - OVERLAP

    async def follow(self) -> None:
        """Look until cancelled; after a failure less and less often, up to ten minutes apart."""
        awaited_where(for_nobody)
        failures = 0
        while True:
            await self._sleep(min(self._seconds * 2**failures, max(LONGEST_PAUSE, self._seconds)))
            try:
                await self.look()
                failures = 0
            except SourceFailure as failure:
                report(self._source, [failure])
                failures = min(failures + 1, 20)
            except Exception as error:
                # The outside of the connector: a hint that cannot be read is no reason to stop looking.
                unexpected(self._source, error)
                failures = min(failures + 1, 20)

    async def look(self) -> None:
        """Forget the plans that have changed since the last look. Raises ``SourceFailure``."""
        begun = self._clock.now()
        async for page in _pages(self._get, self._since, MAX_PAGES):
            self._forget({row.opiskeluoikeus_oid: row.paivitetty for row in page.rows})
        self._since = begun - OVERLAP

    def _forget(self, changed: Mapping[str, datetime | None]) -> None:
        known = self._known()
        newer = {right for right, moment in changed.items() if right in known and _is_newer(moment, known[right])}
        if newer:
            self._shelf.forget(self._source, newer)
            LOG.info("source %s: %d plans have changed", self._source, len(newer))

    def _known(self) -> dict[str, datetime | None]:
        """When each plan that is kept was last changed; nothing for what is on its way or was not there."""
        known: dict[str, datetime | None] = dict.fromkeys(self._shelf.asked(self._source, QUESTIONS))
        for entry in self._shelf.entries(self._source, QUESTIONS):
            known |= dict.fromkeys(entry.names - known.keys())
        for entry in self._shelf.entries(self._source, QUESTIONS[:1]):
            known |= {plan.study_right_oid: plan.updated_at for plan in entry.answer.value or ()}
        return known


async def changed_since(get: Get, since: datetime) -> ChangedPlans:
    """Every plan in the country that has changed after a moment, or was deleted. Raises ``SourceFailure``.

    INVARIANT: whole or not at all: a row that cannot be read may be of any plan.
    """
    changed: set[str] = set()
    gone: dict[str, datetime] = {}
    async for page in _pages(get, since, MAX_PAGES_ASKED):
        if not page.is_whole:
            raise SourceInvalid(Reason.UNREADABLE)
        for row in page.rows:
            changed.add(row.opiskeluoikeus_oid)
            if row.poistettu is not None:
                gone[row.opiskeluoikeus_oid] = _utc(row.poistettu)
    return ChangedPlans(
        changed=frozenset(map(StudyRightOid, changed)), gone={StudyRightOid(oid): each for oid, each in gone.items()}
    )


async def _pages(get: Get, since: datetime, most: int) -> AsyncIterator[_Page]:
    told = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    last = 0
    for _ in range(most):
        page = _page(await get(f"/paged?amount={PAGE_SIZE}&from-id={last}&updated-after={told}"))
        yield page
        if page.is_last:
            return
        if page.last <= last:
            raise SourceInvalid(Reason.MISMATCH)
        last = page.last
    raise SourceInvalid(Reason.OVERSIZE)


def _page(body: bytes | None) -> _Page:
    """A page; a row that cannot be read is left out of it."""
    if body is None:
        raise SourceInvalid(Reason.STATUS)
    try:
        page = members(members(body, at_most=MOST_MEMBERS)["data"], at_most=MOST_MEMBERS)
        rows = elements(page["result"], at_most=PAGE_SIZE)
        failed = elements(page.get("failed-ids", b"[]"), at_most=PAGE_SIZE)
        if not rows and not failed:
            return _Page((), is_whole=True, is_last=True)
        last = _NUMBER.decode(page["last-id"])
    except (KeyError, msgspec.DecodeError):
        raise SourceInvalid(Reason.UNREADABLE) from None
    read = tuple(filter(None, map(_row, rows)))
    return _Page(read, is_whole=not failed and len(read) == len(rows), last=last)


def _row(row: bytes) -> _RowWire | None:
    try:
        return _ROW.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _is_newer(moment: datetime | None, known: datetime | None) -> bool:
    """Whether it may be newer: what has no moment may be anything."""
    return moment is None or known is None or _utc(moment) > _utc(known)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

"""Hints from eHOKS on which plans have changed, so that those which are kept are asked again before their time.

Only a hint, and of all the country's plans: rights that nobody has asked for lately are dropped unread. Whatever goes
wrong here fails no request; the answers that are kept then end with their own time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.bodies import elements, members
from connectors.failures import Reason, SourceFailure, SourceInvalid, report, unexpected
from connectors.shelf import Shelf
from hoks.asking import awaited_where, for_nobody
from hoks.ports import Clock

PAGE_SIZE = 100
MOST_MEMBERS = 20
"""Members of the answer, and of its data."""
MAX_PAGES = 1_000
OVERLAP = timedelta(seconds=60)
"""How far each look reaches back before the one before it: clocks differ, and a change may show late."""
LONGEST_PAUSE = 600.0
QUESTIONS = ("plans", "holders")

LOG = logging.getLogger(__name__)


class _RowWire(msgspec.Struct, frozen=True, rename="kebab"):
    opiskeluoikeus_oid: str
    paivitetty: datetime | None = None


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
        async for rows in self._pages():
            self._forget(rows)
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

    async def _pages(self) -> AsyncIterator[Mapping[str, datetime | None]]:
        since = self._since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        last = 0
        for _ in range(MAX_PAGES):
            body = await self._get(f"/paged?amount={PAGE_SIZE}&from-id={last}&updated-after={since}")
            rows, after, is_last = _page(body)
            yield rows
            if is_last:
                return
            if after <= last:
                raise SourceInvalid(Reason.MISMATCH)
            last = after
        raise SourceInvalid(Reason.OVERSIZE)


def _page(body: bytes | None) -> tuple[dict[str, datetime | None], int, bool]:
    """The rights of a page with the moments of their plans' changes, the id after which to go on, whether it is empty.

    A row that cannot be read is left out: its plan is read again when its time has come.
    """
    if body is None:
        raise SourceInvalid(Reason.STATUS)
    try:
        page = members(members(body, at_most=MOST_MEMBERS)["data"], at_most=MOST_MEMBERS)
        rows = elements(page["result"], at_most=PAGE_SIZE)
        failed = elements(page.get("failed-ids", b"[]"), at_most=PAGE_SIZE)
        if not rows and not failed:
            return {}, 0, True
        last = _NUMBER.decode(page["last-id"])
    except (KeyError, msgspec.DecodeError):
        raise SourceInvalid(Reason.UNREADABLE) from None
    return dict(filter(None, map(_row, rows))), last, False


def _row(row: bytes) -> tuple[str, datetime | None] | None:
    try:
        wire = _ROW.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return wire.opiskeluoikeus_oid, wire.paivitetty


def _is_newer(moment: datetime | None, known: datetime | None) -> bool:
    """Whether it may be newer: what has no moment may be anything."""
    return moment is None or known is None or _utc(moment) > _utc(known)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

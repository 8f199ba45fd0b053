"""What is erased when its time is over: bodies of records, and consents, shares and appointments that are long over.

By days in Helsinki, in batches that are each one transaction with a record of its own: whenever it is cut off, what is
gone has been told, and the next run goes on. Headers and anchors stay for ever, and with them the chain.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select, tuple_, update

from gateway.clock import HELSINKI
from gateway.records.chain import opened
from gateway.records.log import Log
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import APPOINTMENT, CONSENT, CONSENT_USE, EMBED_TOKEN, FAILED_CODE, LOG, SHARE, SUBJECT
from hoks.ports import Clock

BATCH = 500
"""Rows in one transaction: disclosures wait no longer than that takes."""
ERASED = "retention.erased"
"""The event by which the verifier knows that bodies are gone by right."""

Years = Annotated[int, Meta(ge=1, le=100)]


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how many years what is kept; the last day of them counts."""

    log_years: Years = 5
    """The body of a record, from its day."""
    ended_years: Years = 5
    """A consent with its shares, or an appointment, from the day on which it was over; and what the log says of it."""


class Erased(NamedTuple):
    """What a run has erased."""

    bodies: int = 0
    consents: int = 0
    appointments: int = 0


class Retention:
    """Erases from a store what its time is over, and tells so in a stream of the log."""

    def __init__(self, store: Store, log: Log, clock: Clock, kept: Kept) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._kept = kept

    async def run(self) -> Erased:
        """Erase everything whose time is over today. Again finds nothing. Raises ``StoreBroken``."""
        today, now = self._clock.today(), int(self._clock.now().timestamp() * 1000)
        consents = await self._ended(CONSENT, years_before(today, self._kept.ended_years), now)
        appointments = await self._ended(APPOINTMENT, years_before(today, self._kept.ended_years), now)
        # After what is over has gone: what the log says of a consent stays for as long as the consent.
        bodies = await self._bodies(_midnight(years_before(today, self._kept.log_years)), now)
        await self._tried_codes(_midnight(today - timedelta(days=1)))
        await self._embed_tokens(now)
        return Erased(bodies, consents, appointments)

    async def _ended(self, table: Table, day: date, now: int) -> int:
        """Erase the rows of a table that were over before a day."""

        def job(connection: Connection) -> int:
            over = select(table.c.id).where(_OVER[table.name](day)).order_by(table.c.id).limit(BATCH)
            gone = list(connection.scalars(over.with_for_update(skip_locked=True)))
            if gone:
                if table is CONSENT:
                    connection.execute(delete(CONSENT_USE).where(CONSENT_USE.c.consent.in_(gone)))
                    connection.execute(delete(SHARE).where(SHARE.c.consent.in_(gone)))
                connection.execute(delete(table).where(table.c.id.in_(gone)))
                told = {"event": ERASED, "over_before": day.isoformat(), f"{table.name}s": len(gone)}
                self._log.append(connection, [Entry(body=told)], now)
            return len(gone)

        erased = 0
        while count := await self._store.write(job):
            erased += count
        return erased

    async def _tried_codes(self, before: int) -> None:
        """Erase who tried a one-time code that could not be used, before a moment: it no longer counts against them."""
        tried = delete(FAILED_CODE).where(FAILED_CODE.c.at < before)
        await self._store.write(lambda connection: connection.execute(tried))

    async def _embed_tokens(self, now: int) -> None:
        """Erase the tokens that are over, and with them whose part of which plan they showed."""
        over = delete(EMBED_TOKEN).where(EMBED_TOKEN.c.until <= now)
        await self._store.write(lambda connection: connection.execute(over))

    async def _bodies(self, before: int, now: int) -> int:
        """Erase the bodies of records before a moment, of every stream, but of what they name and still stands."""

        def job(connection: Connection, after: tuple[str, int]) -> tuple[int, tuple[str, int] | None]:
            rows = connection.execute(
                select(LOG.c.stream, LOG.c.seq, LOG.c.body)
                .where(LOG.c.at < before, LOG.c.body.is_not(None), tuple_(LOG.c.stream, LOG.c.seq) > after)
                .order_by(LOG.c.stream, LOG.c.seq)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            gone = _without_what_stands(connection, rows)
            for stream in sorted({row.stream for row in gone}):
                seqs = [row.seq for row in gone if row.stream == stream]
                connection.execute(
                    update(LOG).where(LOG.c.stream == stream, LOG.c.seq.in_(seqs)).values(salt=None, body=None)
                )
                connection.execute(delete(SUBJECT).where(SUBJECT.c.stream == stream, SUBJECT.c.seq.in_(seqs)))
            if gone:
                self._log.append(
                    connection, [Entry(body={"event": ERASED, "before": before, "bodies": len(gone)})], now
                )
            return len(gone), (rows[-1].stream, rows[-1].seq) if rows else None

        erased, after = 0, ("", 0)
        while True:
            count, following = await self._store.write(partial(job, after=after))
            erased += count
            if following is None:
                return erased
            after = following


def years_before(today: date, years: int) -> date:
    """The first day that is not over: what was on an earlier one has had all its years, the anniversary included.

    What began on a 29 February has its last day on the 28th (Act 150/1930).
    """
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return date(today.year - years, 3, 1)


def _midnight(day: date) -> int:
    """When a day begins in Helsinki, in milliseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=HELSINKI).timestamp() * 1000)


def _consent_is_over(day: date) -> ColumnElement[bool]:
    return or_(CONSENT.c.end < day, CONSENT.c.withdrawn_at < _midnight(day))


def _appointment_is_over(day: date) -> ColumnElement[bool]:
    last = func.coalesce(APPOINTMENT.c.ended_on, APPOINTMENT.c.until, APPOINTMENT.c.end)
    # A code that nobody used in time appoints nobody, with an end or without.
    lapsed = and_(APPOINTMENT.c.person.is_(None), APPOINTMENT.c.code_until < _midnight(day))
    return or_(and_(last.is_not(None), last < day), lapsed)


_OVER = {CONSENT.name: _consent_is_over, APPOINTMENT.name: _appointment_is_over}
_NAMED = {"consent": CONSENT, "share": SHARE, "appointment": APPOINTMENT}
"""What a body may name under which key: for as long as that stands, the body does."""


def _without_what_stands(connection: Connection, rows: Sequence[Any]) -> list[Any]:
    bodies = [opened(row.body) for row in rows]
    standing = {
        key: set(
            connection.scalars(
                select(table.c.id).where(table.c.id.in_({body[key] for body in bodies if body.get(key) is not None}))
            )
        )
        for key, table in _NAMED.items()
    }
    return [
        row
        for row, body in zip(rows, bodies, strict=True)
        if body.get("event") != ERASED and not any(body.get(key) in ids for key, ids in standing.items())
    ]

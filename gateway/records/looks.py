"""The log as the person it is about reads it: their own records alone, as looks, a page of rows at a time.

What stands apart in a record is never read here.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

import msgspec
from sqlalchemy import Connection, select

from gateway.records.faults import StoreBroken
from gateway.records.store import Store
from gateway.records.tables import LOG, SUBJECT
from hoks.consenting import RecipientKind
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.seen import HOUR, Look, Noted, Place, Row, RowPage, fold
from hoks.wording import EVENTS

AT_ONCE = 500
"""Records fetched from the database at a time."""


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """What any record says that its person is shown."""

    subject: LearnerOid
    event: str
    role: str | None = None
    acting_org: OrganisationOid | None = None
    recipient_kind: str | None = None
    recipient: str | None = None
    purpose: str | None = None
    plan: StudyRightOid | None = None
    items: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    consent: str | None = None
    consents: tuple[str, ...] = ()
    provider: OrganisationOid | None = None
    discloser: OrganisationOid | None = None
    source: str | None = None
    stale: bool = False


_BODY = msgspec.json.Decoder(_Body)


def look_of(written: bytes) -> Look | None:
    """A record's body as its person may read it; nothing for an event that they are not shown."""
    body = _BODY.decode(written.partition(b"\n")[0])
    if body.event not in EVENTS:
        return None
    to_organisation = body.recipient_kind == RecipientKind.ORGANISATION and body.recipient is not None
    return Look(
        subject=body.subject,
        event=body.event,
        organisation=OrganisationOid(body.recipient or "") if to_organisation else body.acting_org,
        role=body.role,
        purpose=body.purpose,
        right=body.plan,
        items=body.items,
        grounds=body.grounds,
        laws=body.laws,
        consents=(body.consent,) if body.consent is not None else body.consents,
        provider=body.provider,
        discloser=body.discloser,
        source=body.source,
        stale=body.stale,
    )


class Looks:
    """The log of a store, for the people it is about; the ``Disclosures`` port of the domain."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, oids: Collection[LearnerOid], *, after: Place | None, first: int) -> RowPage:
        """The next ``first`` rows about a person under any of their OIDs, newest first."""
        try:
            return await self._store.read(lambda connection: page(connection, oids, after, first))
        except StoreBroken:
            raise SourcesUnavailable("the log did not answer") from None


def page(connection: Connection, oids: Collection[LearnerOid], after: Place | None, first: int) -> RowPage:
    """A page of rows. Hours are read whole, for a row holds its looks of the whole hour."""
    rows: list[Row] = []
    for noted in _hours(_noted(connection, oids, before=(after.first // HOUR + 1) * HOUR if after else None)):
        rows += [row for row in fold(noted) if after is None or row.place < after]
        if len(rows) > first:
            break
    return RowPage(tuple(rows[:first]), more=len(rows) > first)


def _hours(noted: Iterable[Noted]) -> Iterator[Iterable[Noted]]:
    return (each for _, each in groupby(noted, key=lambda one: one.at // HOUR))


def _noted(connection: Connection, oids: Collection[LearnerOid], *, before: int | None) -> Iterator[Noted]:
    """The looks at a person, newest first, fetched as they are needed."""
    wanted = (
        select(LOG.c.at, LOG.c.body)
        .join(SUBJECT, (SUBJECT.c.stream == LOG.c.stream) & (SUBJECT.c.seq == LOG.c.seq))
        .where(SUBJECT.c.subject.in_(sorted(oids)), LOG.c.body.is_not(None))
        .order_by(SUBJECT.c.at.desc())
    )
    if before is not None:
        wanted = wanted.where(SUBJECT.c.at < before)
    with connection.execution_options(yield_per=AT_ONCE).execute(wanted) as found:
        for row in found:
            look = look_of(row.body)
            if look is not None:
                yield Noted(row.at, look)

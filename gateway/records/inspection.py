"""The log read by whoever runs the gateway: who reads it, about whom and why is recorded before a line is shown.

The person it is about reads of that in turn; the reader's name and reason stand apart, as a viewer's do.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from gateway.records.chain import APART, opened
from gateway.records.log import Log
from gateway.records.looks import look_of
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import LOG, SUBJECT
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.ports import Clock
from hoks.seen import reference
from hoks.wording import OPERATOR

LOG_READ = "log.read"


class Enquiry(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads the log about whom, and why."""

    subject: LearnerOid
    operator: str
    account: str
    """The account of the machine on which it is read."""
    reason: str
    provider: OrganisationOid | None = None
    """Only what this provider answers for, and of viewers only its own: for its own staff's enquiry."""


class Inspection:
    """The log of a store, for those who answer for it."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock

    async def read(self, enquiry: Enquiry) -> tuple[Mapping[str, Any], ...]:
        """The records about a person, oldest first. Raises ``StoreBroken``, and ``ValueError`` without a reason.

        INVARIANT: nothing is read before the enquiry is durably on record.
        """
        if not enquiry.reason.strip() or not enquiry.operator.strip():
            raise ValueError("the log is read only for a reason, by somebody who is named")
        now = int(self._clock.now().timestamp() * 1000)
        entry = Entry(body=_body(enquiry), subject=enquiry.subject)
        await self._store.write(lambda connection: bool(self._log.append(connection, [entry], now)))
        return await self._store.read(lambda connection: _records(connection, enquiry))


def _body(enquiry: Enquiry) -> dict[str, Any]:
    return {
        "v": 1,
        "event": LOG_READ,
        "subject": enquiry.subject,
        "role": OPERATOR,
        "purpose": "LOG_READING",
        "provider": enquiry.provider,
        APART: {"operator": enquiry.operator, "account": enquiry.account, "reason": enquiry.reason},
    }


def _records(connection: Connection, enquiry: Enquiry) -> tuple[Mapping[str, Any], ...]:
    rows = connection.execute(
        select(LOG.c.stream, LOG.c.seq, LOG.c.at, LOG.c.body)
        .join(SUBJECT, (SUBJECT.c.stream == LOG.c.stream) & (SUBJECT.c.seq == LOG.c.seq))
        .where(SUBJECT.c.subject == enquiry.subject, LOG.c.body.is_not(None))
        .order_by(LOG.c.at, LOG.c.stream, LOG.c.seq)
    )
    told = []
    for row in rows:
        body = opened(row.body)
        if enquiry.provider is not None:
            if body.get("provider") != enquiry.provider:
                continue
            if body.get("acting_org") != enquiry.provider:
                body.pop(APART, None)
        look = look_of(row.body)
        told.append(
            {
                "at": datetime.fromtimestamp(row.at / 1000, UTC).isoformat(),
                "stream": row.stream,
                "seq": row.seq,
                "reference": reference(look, row.at) if look is not None else None,
                **body,
            }
        )
    return tuple(told)

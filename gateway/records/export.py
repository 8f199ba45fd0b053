"""A person's own records to take along: signed as a whole, each with its way to an anchor that is signed by itself.

What stands apart is there by its hash alone. Where in its stream a record stands shows how many records, of whomever,
there were: no proof goes without that. ``deploy/log_verify.py --export`` states the same form once more.
"""

import base64
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Row, select

from gateway.records.anchors import Anchor
from gateway.records.chain import canonical, levels, path, split
from gateway.records.faults import StoreBroken
from gateway.records.looks import look_of
from gateway.records.store import Store
from gateway.records.tables import ANCHOR, LOG, SUBJECT
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid
from hoks.ports import Clock

FORM = "hoks-gateway log export 1"
MOST_RECORDS = 2_000
"""In one export; of more the newest, and ``since`` says from when on it is whole."""


class Exports:
    """Exports from the log of a store, under the key of its anchors."""

    def __init__(self, store: Store, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._store = store
        self._key = key
        self._clock = clock

    async def of(self, oids: Collection[LearnerOid], before: int | None = None) -> bytes:
        """The records about a person under any of their OIDs, those ``before`` a moment where one is named.

        In milliseconds since 1970. Raises ``SourcesUnavailable``.
        """
        now = int(self._clock.now().timestamp() * 1000)
        until = now if before is None else min(now, before - 1)

        def job(connection: Connection) -> bytes:
            return self._signed(_document(connection, sorted(oids), until, now))

        try:
            return await self._store.read(job)
        except StoreBroken:
            raise SourcesUnavailable("the log did not answer") from None

    def _signed(self, document: dict[str, Any]) -> bytes:
        written = canonical(document)
        signature = base64.b64encode(self._key.sign(FORM.encode() + b"\n" + written))
        return b'{"document":' + written + b',"signature":"' + signature + b'"}'


def _document(connection: Connection, oids: Sequence[LearnerOid], until: int, now: int) -> dict[str, Any]:
    since, rows = _rows(connection, oids, until)
    anchors: list[Anchor] = []
    records: list[dict[str, Any]] = []
    for stream, of_stream in groupby(sorted(rows, key=lambda row: (row.stream, row.seq)), key=lambda row: row.stream):
        own = list(of_stream)
        for anchor in _anchors(connection, stream, own[0].seq, own[-1].seq):
            under = [row for row in own if anchor.first <= row.seq <= anchor.last]
            if under:
                tree = levels(_hashes(connection, anchor))
                records += [_told(row, len(anchors), path(tree, row.seq - anchor.first)) for row in under]
                anchors.append(anchor)
        last = anchors[-1].last if anchors and anchors[-1].stream == stream else 0
        records += [_told(row, None, ()) for row in own if row.seq > last]
    return {
        "form": FORM,
        "subjects": list(oids),
        "made_at": now,
        "since": since,
        "until": until,
        "count": len(records),
        "anchors": [msgspec.to_builtins(each) for each in anchors],
        "records": records,
    }


def _rows(connection: Connection, oids: Sequence[LearnerOid], until: int) -> tuple[int, list[Row[Any]]]:
    """The newest records up to a moment, and the moment from which on they are all there are; 0 for ever."""
    columns = (LOG.c[name] for name in ("stream", "seq", "at", "prev", "body_hash", "hash", "salt", "body"))
    wanted = (
        select(*columns)
        .join(SUBJECT, (SUBJECT.c.stream == LOG.c.stream) & (SUBJECT.c.seq == LOG.c.seq))
        .where(SUBJECT.c.subject.in_(oids), SUBJECT.c.at <= until, LOG.c.body.is_not(None))
        .order_by(SUBJECT.c.at.desc())
    )
    found = list(connection.execute(wanted.limit(MOST_RECORDS + 1)))
    since = 0
    if len(found) > MOST_RECORDS:
        # Those of the last moment may go on beyond what was read; where that is the only one, all of it is taken.
        since = min(found[-1].at + 1, found[0].at)
        if since == found[-1].at:
            found = list(connection.execute(wanted.where(SUBJECT.c.at == since)))
        found = [row for row in found if row.at >= since]
    return since, [row for row in found if look_of(row.body) is not None]


def _anchors(connection: Connection, stream: str, first: int, last: int) -> list[Anchor]:
    columns = [ANCHOR.c[name] for name in Anchor.__struct_fields__]
    rows = connection.execute(
        select(*columns)
        .where(ANCHOR.c.stream == stream, ANCHOR.c.last >= first, ANCHOR.c.first <= last)
        .order_by(ANCHOR.c.last)
    )
    return [Anchor(**row._mapping) for row in rows]


def _hashes(connection: Connection, anchor: Anchor) -> list[bytes]:
    wanted = select(LOG.c.hash).where(LOG.c.stream == anchor.stream, LOG.c.seq.between(anchor.first, anchor.last))
    return list(connection.scalars(wanted.order_by(LOG.c.seq)))


def _told(row: Row[Any], anchor: int | None, proof: Sequence[bytes]) -> dict[str, Any]:
    """A record as it leaves; ``anchor`` is the place of its anchor, and nothing until it has one."""
    shown, apart = split(row.body)
    told = {
        "stream": row.stream,
        "seq": row.seq,
        "at": row.at,
        "prev": row.prev,
        "salt": row.salt,
        "shown": msgspec.json.decode(shown),
        "apart_hash": apart,
        "anchor": anchor,
        "proof": list(proof),
    }
    builtins: dict[str, Any] = msgspec.to_builtins(told)
    return builtins

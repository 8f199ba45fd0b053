"""Embed tokens: short-lived, each bound to everything that it may be used for; making and revoking one is a record of
the log in the same transaction.

Of a token only a digest is kept. What it opens is decided anew at each request, by the appointment that it stands on.
"""

import hashlib
import secrets
from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from gateway.records.chain import APART
from gateway.records.faults import StoreBroken
from gateway.records.log import Log
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import EMBED_TOKEN
from hoks.caller import Caller, Embedding, HeldRole, Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, PersonOid
from hoks.ports import Clock
from hoks.relations import AppointmentKind

T = TypeVar("T")

PREFIX = "hoks-embed-"
"""How a token begins, so that whoever scans for leaked secrets knows one."""
TOKEN_BYTES = 32

_Part = tuple[AppointmentKind, str, str | None, str | None, date | None, date | None, str | None]


class EmbedWish(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is to be made: whose place its bearer takes, and what it is bound to."""

    person: PersonOid
    role: Role
    by: PersonOid
    """Who asked for it: the appointed person, or a provider's own staff or system."""
    learner: LearnerOid
    embedding: Embedding
    client: str
    origin: str


class MadeEmbed(NamedTuple):
    """A token that has just been made; nobody can be told it again."""

    id: str
    token: str
    until: datetime


class OpenedEmbed(NamedTuple):
    """Whoever bears a token that is neither over nor revoked, and the one origin from which it may be used."""

    caller: Caller
    origin: str


class Embeds:
    """The embed tokens of a store. All methods raise ``SourcesUnavailable``."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock

    async def make(self, wish: EmbedWish, lifetime: timedelta, most: int) -> MadeEmbed | None:
        """Make a token; nothing where ``most`` of the person's were made within a lifetime, revoked ones too."""
        made, token = secrets.token_hex(16), PREFIX + secrets.token_urlsafe(TOKEN_BYTES)

        def job(connection: Connection) -> MadeEmbed | None:
            at = self._now(connection)
            connection.execute(delete(EMBED_TOKEN).where(EMBED_TOKEN.c.until <= at))
            of_the_person = select(func.count()).where(EMBED_TOKEN.c.person == wish.person)
            if connection.execute(of_the_person).scalar_one() >= most:
                return None
            until = at + int(lifetime.total_seconds() * 1000)
            row = {
                "id": made,
                "token_hash": _digest(token),
                "person": wish.person,
                "role": wish.role.value,
                "made_by": wish.by,
                "learner": wish.learner,
                "part": msgspec.json.encode(wish.embedding.part).decode(),
                "appointment": wish.embedding.appointment,
                "client": wish.client,
                "operation": wish.embedding.operation,
                "operation_name": wish.embedding.operation_name,
                "variables": wish.embedding.variables,
                "origin": wish.origin,
                "made_at": at,
                "until": until,
            }
            connection.execute(insert(EMBED_TOKEN), row)
            self._record(connection, "embed.made", made, at, wish.by)
            return MadeEmbed(made, token, datetime.fromtimestamp(until / 1000, UTC))

        return await _done(self._store.write(job))

    async def opened(self, token: str) -> OpenedEmbed | None:
        """Who bears a token; nothing alike for one that never was, is over or was revoked."""

        def job(connection: Connection) -> OpenedEmbed | None:
            row = connection.execute(select(EMBED_TOKEN).where(EMBED_TOKEN.c.token_hash == _digest(token))).first()
            if row is None or row.revoked_at is not None or self._now(connection) >= row.until:
                return None
            return OpenedEmbed(_bearer(row), row.origin)

        return await _done(self._store.read(job))

    async def revoke(self, embed: str, by: PersonOid) -> None:
        """Revoke a token of one's own, or that one has asked for; any other, and again, comes to nothing."""
        theirs = or_(EMBED_TOKEN.c.person == by, EMBED_TOKEN.c.made_by == by)

        def job(connection: Connection) -> None:
            at = self._now(connection)
            living = (EMBED_TOKEN.c.id == embed, EMBED_TOKEN.c.revoked_at.is_(None), theirs)
            if connection.execute(update(EMBED_TOKEN).where(*living).values(revoked_at=at)).rowcount:
                self._record(connection, "embed.revoked", embed, at, by)

        await _done(self._store.write(job))

    # --- in a transaction -------------------------------------------------------------------------------------------

    def _now(self, connection: Connection) -> int:
        """The moment; a clock that was set back revives no token: the log has seen a later moment."""
        return max(int(self._clock.now().timestamp() * 1000), self._log.latest(connection))

    def _record(self, connection: Connection, event: str, embed: str, at: int, by: PersonOid) -> None:
        """The change on record; never the variables, and who it concerns but for the student apart."""
        row = connection.execute(select(EMBED_TOKEN).where(EMBED_TOKEN.c.id == embed)).one()
        body = {
            "v": 1,
            "event": event,
            "embed": embed,
            "subject": row.learner,
            "plan": _part(row)[1],
            "role": row.role,
            "appointment": row.appointment,
            "client": row.client,
            "origin": row.origin,
            "until": row.until,
            APART: {"by": by, "person": row.person, "op": row.operation},
        }
        self._log.append(connection, [Entry(body=body, subject=row.learner)], at)


async def _done(working: Awaitable[T]) -> T:
    try:
        return await working
    except StoreBroken:
        raise SourcesUnavailable("the store of embed tokens did not answer") from None


def _bearer(row: Row[tuple[object, ...]]) -> Caller:
    acting = HeldRole(Role(row.role))
    return Caller(
        subject=PersonOid(row.person),
        acting=acting,
        held=(acting,),
        client=row.client,
        embedding=Embedding(
            id=row.id,
            part=_part(row),
            appointment=row.appointment,
            operation=row.operation,
            operation_name=row.operation_name,
            variables=row.variables,
        ),
    )


def _part(row: Row[tuple[object, ...]]) -> _Part:
    part: _Part = msgspec.json.decode(row.part, type=_Part)
    return part


def _digest(token: str) -> bytes:
    return hashlib.sha256(b"hoks-gateway: embed token\0" + token.encode()).digest()

"""Shares (jakolinkit) that students and providers make, people accept by a token, and whoever made them revokes: each
change is a record of the log in the same transaction.

Of a token only a digest is kept. Whoever accepts first becomes the recipient of the share's consent; from then on the
consent alone decides, and is looked at again in the transaction that lets an answer go (``gate``).
"""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from gateway.clock import day_in_helsinki
from gateway.records.chain import APART
from gateway.records.faults import StoreBroken
from gateway.records.log import Log
from gateway.records.store import Store
from gateway.records.stream import Entry
from gateway.records.tables import CONSENT, FAILED_CODE, SHARE
from hoks.caller import Role
from hoks.consenting import ConsentFault, Purpose, RecipientKind
from hoks.errors import BadRequest, SourcesUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.ports import Clock
from hoks.relations import Consent
from hoks.shares import AcceptedShare, GivenShare, ShareState

T = TypeVar("T")

ACCEPT_WITHIN = timedelta(days=14)
"""For how long a share waits to be accepted."""
MOST_TRIES = 10
"""How many tries of one person may fail within an hour."""
TOKEN_BYTES = 32

_HOUR = 3600 * 1000


class Shares:
    """The shares of a store; the ``ShareBook`` port of the domain over it."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock

    async def shareable(self, consent: str) -> Consent | None:
        """A consent that is given to the holder of a link and not withdrawn or over; nothing for any other."""

        def job(connection: Connection) -> Consent | None:
            row = connection.execute(select(CONSENT).where(CONSENT.c.id == consent)).first()
            return _consent(row) if row is not None and _is_shareable(row, _day(self._now(connection))) else None

        return await self._done(self._store.read(job))

    async def make(
        self,
        consent: str,
        subjects: Collection[LearnerOid],
        *,
        provider: OrganisationOid | None,
        by: PersonOid,
    ) -> tuple[GivenShare, str] | None:
        """A share of such a consent of such a person, and its token. Raises ``BadRequest`` where one was accepted."""
        made, token = secrets.token_hex(16), secrets.token_urlsafe(TOKEN_BYTES)

        def job(connection: Connection) -> GivenShare | None:
            at = self._now(connection)
            wanted = select(CONSENT).where(CONSENT.c.id == consent, CONSENT.c.subject.in_(sorted(subjects)))
            found = connection.execute(wanted.with_for_update()).first()
            if found is None or not _is_shareable(found, _day(at)):
                return None
            accepted = select(SHARE.c.id).where(SHARE.c.consent == consent, SHARE.c.bound_at.is_not(None))
            if connection.execute(accepted).first() is not None:
                # A consent has one recipient: whoever wants another gives another consent.
                raise BadRequest("somebody has accepted a share of this consent", ConsentFault.ALREADY_ACCEPTED)
            waiting = (SHARE.c.consent == consent, SHARE.c.revoked_at.is_(None))
            connection.execute(update(SHARE).where(*waiting).values(revoked_at=at))
            row = {
                "id": made,
                "consent": consent,
                "token_hash": _digest(token),
                "created_at": at,
                "failed_tries": 0,
                "provider": provider,
            }
            connection.execute(insert(SHARE), row)
            return self._recorded(connection, "share.made", made, at, _Doer(by, provider))

        share = await self._done(self._store.write(job))
        return (share, token) if share is not None else None

    async def accept(self, token: str, person: PersonOid) -> AcceptedShare | None:
        """Bind a share to the first person who brings its token; to them again is no fault.

        Nothing alike for a token that never was, is revoked, came too late, is somebody else's, or whose consent is
        over. Such a try counts against the person, and against the share where there is one.
        """
        digest = _digest(token)

        def job(connection: Connection) -> AcceptedShare | None:
            at = self._now(connection)
            self._refuse_guesser(connection, person, at)
            row = _locked(connection, SHARE.c.token_hash == digest)
            if row is None or not _may_accept(row, person, at):
                self._count(connection, digest, person, at)
                return None
            if row.bound_to is None:
                connection.execute(update(SHARE).where(SHARE.c.id == row.id).values(bound_to=person, bound_at=at))
                now_theirs = {"recipient": person, "version": CONSENT.c.version + 1}
                connection.execute(update(CONSENT).where(CONSENT.c.id == row.consent).values(**now_theirs))
                self._recorded(connection, "share.accepted", row.id, at, _Doer(person, role=Role.CONSENT_RECIPIENT))
            return AcceptedShare(
                items=_items(row), purpose=Purpose(row.purpose), start_date=row.start, end_date=row.end
            )

        return await self._done(self._store.write(job))

    async def revoke(
        self,
        share: str,
        by: PersonOid,
        *,
        subjects: Collection[LearnerOid] = (),
        provider: OrganisationOid | None = None,
    ) -> GivenShare | None:
        """Revoke a share of such a person's consent, or that such a provider made; again is no fault.

        The consent loses its recipient: whoever has accepted the share sees nothing on it any more.
        """
        theirs = CONSENT.c.subject.in_(sorted(subjects)) if provider is None else SHARE.c.provider == provider

        def job(connection: Connection) -> GivenShare | None:
            at = self._now(connection)
            row = _locked(connection, (SHARE.c.id == share) & theirs)
            if row is None:
                return None
            if row.revoked_at is None:
                connection.execute(update(SHARE).where(SHARE.c.id == share).values(revoked_at=at))
                nobodys = {"recipient": "", "version": CONSENT.c.version + 1}
                connection.execute(update(CONSENT).where(CONSENT.c.id == row.consent).values(**nobodys))
                return self._recorded(connection, "share.revoked", share, at, _Doer(by, provider))
            return _given(row, at)

        return await self._done(self._store.write(job))

    async def of(self, subjects: Collection[LearnerOid]) -> tuple[GivenShare, ...]:
        """Every share of the person's consents, newest first."""
        wanted = _ROWS.where(CONSENT.c.subject.in_(sorted(subjects))).order_by(SHARE.c.created_at.desc(), SHARE.c.id)

        def job(connection: Connection) -> tuple[GivenShare, ...]:
            at = self._now(connection)
            return tuple(_given(row, at) for row in connection.execute(wanted).all())

        return await self._done(self._store.read(job))

    async def _done(self, working: Awaitable[T]) -> T:
        try:
            return await working
        except StoreBroken:
            raise SourcesUnavailable("the store of shares did not answer") from None

    # --- in a transaction -------------------------------------------------------------------------------------------

    def _now(self, connection: Connection) -> int:
        """The moment; a clock that was set back revives nothing: the log has seen a later moment."""
        return max(int(self._clock.now().timestamp() * 1000), self._log.latest(connection))

    def _refuse_guesser(self, connection: Connection, person: PersonOid, at: int) -> None:
        """Raise ``BadRequest`` for a person who has failed too often; it depends on their own tries alone."""
        failed = select(func.count()).where(FAILED_CODE.c.person == person, FAILED_CODE.c.at > at - _HOUR)
        if connection.execute(failed).scalar_one() >= MOST_TRIES:
            raise BadRequest("too many tries within the hour: wait", ConsentFault.TOO_MANY_TRIES)

    def _count(self, connection: Connection, digest: bytes, person: PersonOid, at: int) -> None:
        """Count a try that failed. The same is done, and written, whether there is such a share or not."""
        more = update(SHARE).where(SHARE.c.token_hash == digest).values(failed_tries=SHARE.c.failed_tries + 1)
        connection.execute(more)
        connection.execute(delete(FAILED_CODE).where(FAILED_CODE.c.person == person, FAILED_CODE.c.at <= at - _HOUR))
        connection.execute(insert(FAILED_CODE), {"id": secrets.token_hex(16), "person": person, "at": at})

    def _recorded(self, connection: Connection, event: str, share: str, at: int, by: "_Doer") -> GivenShare:
        """The share as it is now, and the change on record; who of an organisation did it stands apart."""
        row = connection.execute(_ROWS.where(SHARE.c.id == share)).one()
        body = {
            "v": 1,
            "event": event,
            "share": share,
            "consent": row.consent,
            "version": row.version,
            "subject": row.subject,
            "plan": row.study_right,
            "items": sorted(item.value for item in _items(row)),
            "purpose": row.purpose,
            "role": by.role.value if by.role is not None else (Role.STAFF if by.provider else Role.STUDENT).value,
            "acting_org": by.provider,
            APART: {"by": by.person},
        }
        self._log.append(connection, [Entry(body=body, subject=row.subject)], at)
        return _given(row, at)


class _Doer(NamedTuple):
    """Who makes a change; with a provider its staff, without one the student, unless a role is named."""

    person: PersonOid
    provider: OrganisationOid | None = None
    role: Role | None = None


_ROWS: Select[Any] = select(
    SHARE,
    *(CONSENT.c[name] for name in ("subject", "study_right", "items", "purpose", "start", "end", "withdrawn_at")),
    CONSENT.c.version,
).join(CONSENT, CONSENT.c.id == SHARE.c.consent)


def _locked(connection: Connection, condition: ColumnElement[bool]) -> Row[Any] | None:
    """A share as it is once nobody else changes it: everybody takes the consent's row first, so none wait in a ring."""
    consent = select(CONSENT.c.id).join(SHARE, SHARE.c.consent == CONSENT.c.id).where(condition)
    connection.execute(consent.with_for_update(of=CONSENT)).all()
    return connection.execute(_ROWS.where(condition)).first()


def _digest(token: str) -> bytes:
    return hashlib.sha256(b"hoks-gateway: token of a share\0" + token.encode()).digest()


def _is_shareable(consent: Row[Any], day: date) -> bool:
    return consent.recipient_kind == RecipientKind.LINK.value and _may_hold(consent, day)


def _may_hold(consent: Row[Any], day: date) -> bool:
    """Whether a consent holds, or will from its first day."""
    return consent.withdrawn_at is None and bool(day <= consent.end)


def _may_accept(row: Row[Any], person: PersonOid, at: int) -> bool:
    if row.revoked_at is not None or not _may_hold(row, _day(at)):
        return False
    return bool(row.bound_to == person) if row.bound_to is not None else at <= _accept_until(row)


def _accept_until(row: Row[Any]) -> int:
    return int(row.created_at) + int(ACCEPT_WITHIN.total_seconds()) * 1000


def _state(row: Row[Any], at: int) -> ShareState:
    if row.revoked_at is not None:
        return ShareState.REVOKED
    if not _may_hold(row, _day(at)):
        return ShareState.OVER
    if row.bound_to is not None:
        return ShareState.ACCEPTED
    return ShareState.WAITING if at <= _accept_until(row) else ShareState.OVER


def _items(row: Row[Any]) -> tuple[Item, ...]:
    # By name: a row has a method that is called so.
    return tuple(map(Item, json.loads(row._mapping["items"])))


def _given(row: Row[Any], at: int) -> GivenShare:
    return GivenShare(
        id=row.id,
        consent_id=row.consent,
        study_right_oid=StudyRightOid(row.study_right),
        state=_state(row, at),
        made_on=_day(row.created_at),
        accept_by=min(_day(_accept_until(row)), row.end),
        made_by_oid=OrganisationOid(row.provider) if row.provider is not None else None,
        accepted_by=PersonOid(row.bound_to) if row.bound_to is not None else None,
        accepted_on=_day(row.bound_at) if row.bound_at is not None else None,
        failed_tries=row.failed_tries,
    )


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        id=row.id,
        learner=LearnerOid(row.subject),
        right=StudyRightOid(row.study_right),
        recipient=row.recipient,
        items=frozenset(_items(row)),
        start_date=row.start,
        end_date=row.end,
    )


def _day(at: int) -> date:
    return day_in_helsinki(datetime.fromtimestamp(at / 1000, UTC))

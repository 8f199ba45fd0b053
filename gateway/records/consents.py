"""Consents that students give and withdraw (suostumus), each change a record of the log in the same transaction.

Effective at once and withdrawn at once, on every instance: what rests on a consent is released only in a transaction
that has looked at it again (``gate``).
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Insert, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.clock import day_in_helsinki
from gateway.records.faults import StoreBroken
from gateway.records.log import Log
from gateway.records.store import Job, Store
from gateway.records.stream import Entry
from gateway.records.tables import CONSENT, CONSENT_USE
from hoks.consenting import ConsentFault, GivenConsent, Language, Purpose, RecipientKind, Wish
from hoks.errors import BadRequest, SourcesUnavailable
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.relations import Consent

K = TypeVar("K", bound=str)
T = TypeVar("T")

MOST_IN_FORCE = 100
"""Consents of one student at a time."""


class _Kept(NamedTuple):
    """A row, as the domain decides by it and as its student sees it."""

    consent: Consent
    shown: GivenConsent
    version: int


class Consents:
    """The consents of a store; the ``Consents`` port of the domain over it."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock

    async def give(self, wish: Wish) -> GivenConsent:
        """Keep a consent that nothing speaks against; it holds when this returns. Raises ``BadRequest``.

        The same once more is the one that stands: whoever missed the answer asks again. Not of one that waits for a
        link, for two of those find two recipients.
        """
        clock = self._now()
        row = _row_of(wish)
        same = [CONSENT.c[name] == value for name, value in row.items()]

        def job(connection: Connection) -> GivenConsent:
            now, today = self._moment(connection, clock)
            if wish.end < today:
                raise BadRequest("the end is in the past", ConsentFault.END_IN_THE_PAST)
            _alone(connection, wish.subject)
            known = connection.execute(_ROWS.where(*same, CONSENT.c.withdrawn_at.is_(None))).first()
            if known is not None and wish.recipient_kind is not RecipientKind.LINK:
                return _kept(known, today).shown
            mine = select(CONSENT.c.id).where(
                CONSENT.c.subject == wish.subject, CONSENT.c.withdrawn_at.is_(None), CONSENT.c.end >= today
            )
            if len(connection.execute(mine.limit(MOST_IN_FORCE)).all()) >= MOST_IN_FORCE:
                raise BadRequest(f"at most {MOST_IN_FORCE} consents are in force at a time", ConsentFault.TOO_MANY)
            made = secrets.token_hex(16)
            connection.execute(insert(CONSENT), {**row, "id": made, "given_at": now, "version": 1})
            kept = _kept(connection.execute(_ROWS.where(CONSENT.c.id == made)).one(), today)
            self._record(connection, "consent.given", kept, now)
            return kept.shown

        return await self._written(job)

    async def withdraw(self, consent: str, subjects: Collection[LearnerOid]) -> GivenConsent | None:
        """Withdraw a consent of a person's own; again is no fault. Nothing where there is no such consent."""
        clock = self._now()
        theirs = (CONSENT.c.id == consent, CONSENT.c.subject.in_(sorted(subjects)))

        def job(connection: Connection) -> GivenConsent | None:
            now, today = self._moment(connection, clock)
            changed = connection.execute(
                update(CONSENT)
                .where(*theirs, CONSENT.c.withdrawn_at.is_(None))
                .values(withdrawn_at=now, version=CONSENT.c.version + 1)
            )
            row = connection.execute(_ROWS.where(*theirs)).first()
            if row is None:
                return None
            kept = _kept(row, today)
            if changed.rowcount:
                self._record(connection, "consent.withdrawn", kept, now)
            return kept.shown

        return await self._written(job)

    async def of(self, subjects: Collection[LearnerOid]) -> tuple[GivenConsent, ...]:
        """Everything a person has consented to, withdrawn and over too, newest first."""
        wanted = _ROWS.where(CONSENT.c.subject.in_(sorted(subjects))).order_by(CONSENT.c.given_at.desc(), CONSENT.c.id)
        clock = self._now()

        def job(connection: Connection) -> tuple[GivenConsent, ...]:
            _, today = self._moment(connection, clock)
            return tuple(_kept(row, today).shown for row in connection.execute(wanted).all())

        try:
            return await self._store.read(job)
        except StoreBroken:
            raise SourcesUnavailable(_DOWN) from None

    async def keep(self, consents: Iterable[Consent]) -> None:
        """Keep consents that were given elsewhere: those of the sandbox's invented students. Known ones are left."""
        now = self._now()
        rows = [_row(each, now) for each in consents]

        def job(connection: Connection) -> None:
            # Another instance may be at the same: looking first, both would find none.
            for row in rows:
                connection.execute(_INSERT_UNKNOWN[connection.dialect.name], row)

        await self._store.write(job)

    # --- the port of the domain -----------------------------------------------------------------------------------

    async def received(self, recipients: Collection[str]) -> Reply[str, tuple[Consent, ...]]:
        """The consents that name each recipient."""
        found = await self._found(CONSENT.c.recipient.in_(list(recipients)))
        return self._reply(recipients, found, lambda each: each.recipient)

    async def given(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Consent, ...]]:
        """The consents that concern each plan."""
        found = await self._found(CONSENT.c.study_right.in_(list(rights)) & (CONSENT.c.recipient != ""))
        return self._reply(rights, found, lambda each: each.right)

    async def _written(self, job: Job[T]) -> T:
        try:
            return await self._store.write(job)
        except StoreBroken:
            raise SourcesUnavailable(_DOWN) from None

    async def _found(self, condition: ColumnElement[bool]) -> tuple[Consent, ...] | None:
        wanted = _ROWS.where(condition, CONSENT.c.end >= self._clock.today()).order_by(CONSENT.c.id)
        try:
            rows = await self._store.read(lambda connection: connection.execute(wanted).all())
        except StoreBroken:
            return None
        return tuple(_kept(row, self._clock.today()).consent for row in rows)

    def _reply(
        self, keys: Collection[K], found: tuple[Consent, ...] | None, key_of: Callable[[Consent], str]
    ) -> Reply[K, tuple[Consent, ...]]:
        now = self._clock.now()
        by_key: dict[str, list[Consent]] = {}
        for each in found or ():
            by_key.setdefault(key_of(each), []).append(each)
        nothing: Answer[tuple[Consent, ...]] = Answer(Outcome.UNAVAILABLE if found is None else Outcome.ABSENT)
        answers = {key: Answer(Outcome.OK, tuple(by_key[key])) if key in by_key else nothing for key in keys}
        return Reply(source="consents", fetched_at=now, as_of=now, answers=answers)

    def _record(self, connection: Connection, event: str, kept: _Kept, at: int) -> None:
        consent, shown = kept.consent, kept.shown
        body = {
            "v": 1,
            "event": event,
            "consent": consent.id,
            "version": kept.version,
            "subject": consent.learner,
            "plan": consent.right,
            "recipient_kind": shown.recipient_kind.value,
            "recipient": consent.recipient,
            "items": [item.value for item in shown.items],
            "purpose": shown.purpose,
            "start": consent.start_date.isoformat(),
            "end": consent.end_date.isoformat(),
            "text": f"{shown.text_version}/{shown.language}",
        }
        self._log.append(connection, [Entry(body=body, subject=consent.learner)], at)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def _moment(self, connection: Connection, clock: int) -> tuple[int, date]:
        """The moment and its day. A clock that was set back makes nothing hold again: the log has seen a later one."""
        at = max(clock, self._log.latest(connection))
        return at, day_in_helsinki(datetime.fromtimestamp(at / 1000, UTC))


def _alone(connection: Connection, subject: LearnerOid) -> None:
    """Let nobody else give a consent of this person meanwhile; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))


def _row_of(wish: Wish) -> dict[str, Any]:
    """What a consent says, as columns."""
    return {
        "subject": wish.subject,
        "recipient_kind": wish.recipient_kind.value,
        "recipient": wish.recipient,
        "study_right": wish.right,
        "items": json.dumps(sorted(item.value for item in wish.items)),
        "purpose": wish.purpose.value,
        "text_version": wish.text_version,
        "language": wish.language.value,
        "start": wish.start,
        "end": wish.end,
    }


def _row(consent: Consent, now: int) -> dict[str, Any]:
    """A consent of the sandbox as a row."""
    return {
        "id": consent.id,
        "subject": consent.learner,
        "recipient_kind": (RecipientKind.ORGANISATION if ".99." in consent.recipient else RecipientKind.PERSON).value,
        "recipient": consent.recipient,
        "study_right": consent.right,
        "items": json.dumps(sorted(item.value for item in consent.items)),
        "purpose": Purpose.OTHER.value,
        "text_version": "sandbox",
        "language": "fi",
        "start": consent.start_date,
        "end": consent.end_date,
        "given_at": now,
        "withdrawn_at": now if consent.withdrawn else None,
        "version": 1,
    }


_DOWN = "the store of consents did not answer"
_INSERT_UNKNOWN: Mapping[str, Insert] = {
    "postgresql": postgresql.insert(CONSENT).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(CONSENT).on_conflict_do_nothing(),
}
"""How a database takes a row only where it has none of that id."""

_USES = select(func.count()).where(CONSENT_USE.c.consent == CONSENT.c.id).scalar_subquery()
_ROWS = select(CONSENT, _USES.label("uses"))


def _kept(row: Row[Any], today: date) -> _Kept:
    items = tuple(map(Item, json.loads(row._mapping["items"])))
    withdrawn = row.withdrawn_at
    consent = Consent(
        id=row.id,
        learner=LearnerOid(row.subject),
        right=StudyRightOid(row.study_right),
        recipient=row.recipient,
        items=frozenset(items),
        start_date=row.start,
        end_date=row.end,
        withdrawn=withdrawn is not None,
    )
    shown = GivenConsent(
        id=row.id,
        study_right_oid=consent.right,
        recipient_kind=RecipientKind(row.recipient_kind),
        recipient=consent.recipient or None,
        items=items,
        purpose=Purpose(row.purpose),
        start_date=row.start,
        end_date=row.end,
        is_in_force=consent.is_in_force(today),
        withdrawn_on=day_in_helsinki(datetime.fromtimestamp(withdrawn / 1000, UTC)) if withdrawn is not None else None,
        text_version=row.text_version,
        language=Language(row.language),
        uses=row.uses,
    )
    return _Kept(consent, shown, row.version)

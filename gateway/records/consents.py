"""Consents that students give and withdraw (suostumus), each change a record of the log in the same transaction.

Effective at once and withdrawn at once, on every instance: what rests on a consent is released only in a transaction
that has looked at it again (``gate``).
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from gateway.records.log import Entry, Log
from gateway.records.store import Store, StoreBroken
from gateway.records.tables import CONSENT
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.relations import Consent

K = TypeVar("K", bound=str)

LONGEST = timedelta(days=365)
"""A consent holds at most a year; who wants more gives it again (security 7.8)."""
MOST_IN_FORCE = 100
"""Consents of one student at a time."""


class RecipientKind(StrEnum):
    """To whom a consent is given."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as a student wants to give it."""

    subject: LearnerOid
    recipient_kind: RecipientKind
    recipient: str
    right: StudyRightOid
    items: frozenset[Item]
    purpose: str
    start: date
    end: date
    text_version: str
    language: str


class GivenConsent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as it is kept."""

    consent: Consent
    recipient_kind: RecipientKind
    purpose: str
    text_version: str
    language: str
    given_at: int
    withdrawn_at: int | None
    version: int


class WishRefused(Exception):
    """A consent that cannot be given so; the text names what is wrong, and nothing of anybody."""


def refuse(wish: Wish, today: date) -> None:
    """Raise ``WishRefused`` for a consent that no student can give."""
    faults = {
        "the end is before the start": wish.end < wish.start,
        "the end is in the past": wish.end < today,
        "a consent holds at most a year": wish.end - max(wish.start, today) > LONGEST,
        "the start is more than a year away": wish.start - today > LONGEST,
        "no item is named": not wish.items,
    }
    for fault, is_there in faults.items():
        if is_there:
            raise WishRefused(fault)


class Consents:
    """The consents of a store; the ``Consents`` port of the domain over it."""

    def __init__(self, store: Store, log: Log, clock: Clock) -> None:
        self._store = store
        self._log = log
        self._clock = clock

    async def give(self, wish: Wish) -> GivenConsent:
        """Keep a consent; it holds when this returns. Raises ``WishRefused`` and ``StoreBroken``."""
        refuse(wish, self._clock.today())
        now, today = self._now(), self._clock.today()

        def job(connection: Connection) -> GivenConsent:
            mine = select(CONSENT.c.id).where(
                CONSENT.c.subject == wish.subject, CONSENT.c.withdrawn_at.is_(None), CONSENT.c.end >= today
            )
            if len(connection.execute(mine.limit(MOST_IN_FORCE)).all()) >= MOST_IN_FORCE:
                raise WishRefused(f"at most {MOST_IN_FORCE} consents are in force at a time")
            made = secrets.token_hex(16)
            row = {
                "id": made,
                "subject": wish.subject,
                "recipient_kind": wish.recipient_kind.value,
                "recipient": wish.recipient,
                "study_right": wish.right,
                "items": json.dumps(sorted(item.value for item in wish.items)),
                "purpose": wish.purpose,
                "text_version": wish.text_version,
                "language": wish.language,
                "start": wish.start,
                "end": wish.end,
                "given_at": now,
                "version": 1,
            }
            connection.execute(insert(CONSENT), row)
            given = _one(connection, made)
            self._record(connection, "consent.given", given, now)
            return given

        return await self._store.write(job)

    async def withdraw(self, consent: str, subject: LearnerOid) -> GivenConsent | None:
        """Withdraw a consent of the subject's own; again is no fault. Nothing where there is no such consent."""
        now = self._now()

        def job(connection: Connection) -> GivenConsent | None:
            changed = connection.execute(
                update(CONSENT)
                .where(CONSENT.c.id == consent, CONSENT.c.subject == subject, CONSENT.c.withdrawn_at.is_(None))
                .values(withdrawn_at=now, version=CONSENT.c.version + 1)
            )
            found = connection.execute(select(CONSENT).where(CONSENT.c.id == consent, CONSENT.c.subject == subject))
            row = found.first()
            if row is None:
                return None
            given = _given(row)
            if changed.rowcount:
                self._record(connection, "consent.withdrawn", given, now)
            return given

        return await self._store.write(job)

    async def of(self, subjects: Collection[LearnerOid]) -> tuple[GivenConsent, ...]:
        """Everything a person has consented to, withdrawn and over too, newest first."""
        wanted = select(CONSENT).where(CONSENT.c.subject.in_(list(subjects))).order_by(CONSENT.c.given_at.desc())
        rows = await self._store.read(lambda connection: connection.execute(wanted).all())
        return tuple(map(_given, rows))

    async def keep(self, consents: Iterable[Consent]) -> None:
        """Keep consents that were given elsewhere: those of the sandbox's invented students. Known ones are left."""
        now = self._now()

        def job(connection: Connection) -> None:
            for each in consents:
                if connection.execute(select(CONSENT.c.id).where(CONSENT.c.id == each.id)).first() is None:
                    connection.execute(insert(CONSENT), _row(each, now))

        await self._store.write(job)

    # --- the port of the domain -----------------------------------------------------------------------------------

    async def received(self, recipients: Collection[str]) -> Reply[str, tuple[Consent, ...]]:
        """The consents that name each recipient."""
        found = await self._found(CONSENT.c.recipient.in_(list(recipients)))
        return self._reply(recipients, found, lambda each: each.recipient)

    async def given(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Consent, ...]]:
        """The consents that concern each plan."""
        found = await self._found(CONSENT.c.study_right.in_(list(rights)))
        return self._reply(rights, found, lambda each: each.right)

    async def _found(self, condition: ColumnElement[bool]) -> tuple[Consent, ...] | None:
        wanted = select(CONSENT).where(condition, CONSENT.c.end >= self._clock.today()).order_by(CONSENT.c.id)
        try:
            rows = await self._store.read(lambda connection: connection.execute(wanted).all())
        except StoreBroken:
            return None
        return tuple(_given(row).consent for row in rows)

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

    def _record(self, connection: Connection, event: str, given: GivenConsent, at: int) -> None:
        consent = given.consent
        body = {
            "v": 1,
            "event": event,
            "consent": consent.id,
            "version": given.version,
            "subject": consent.learner,
            "plan": consent.right,
            "recipient_kind": given.recipient_kind.value,
            "recipient": consent.recipient,
            "items": sorted(item.value for item in consent.items),
            "purpose": given.purpose,
            "start": consent.start_date.isoformat(),
            "end": consent.end_date.isoformat(),
            "text": f"{given.text_version}/{given.language}",
        }
        self._log.append(connection, [Entry(body=body, subject=consent.learner)], at)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _row(consent: Consent, now: int) -> dict[str, Any]:
    """A consent of the sandbox as a row."""
    return {
        "id": consent.id,
        "subject": consent.learner,
        "recipient_kind": (RecipientKind.ORGANISATION if ".99." in consent.recipient else RecipientKind.PERSON).value,
        "recipient": consent.recipient,
        "study_right": consent.right,
        "items": json.dumps(sorted(item.value for item in consent.items)),
        "purpose": "SANDBOX",
        "text_version": "sandbox",
        "language": "fi",
        "start": consent.start_date,
        "end": consent.end_date,
        "given_at": now,
        "withdrawn_at": now if consent.withdrawn else None,
        "version": 1,
    }


def _one(connection: Connection, consent: str) -> GivenConsent:
    return _given(connection.execute(select(CONSENT).where(CONSENT.c.id == consent)).one())


def _given(row: Row[Any]) -> GivenConsent:
    return GivenConsent(
        consent=Consent(
            id=row.id,
            learner=LearnerOid(row.subject),
            right=StudyRightOid(row.study_right),
            recipient=row.recipient,
            items=frozenset(map(Item, json.loads(row.items))),
            start_date=row.start,
            end_date=row.end,
            withdrawn=row.withdrawn_at is not None,
        ),
        recipient_kind=RecipientKind(row.recipient_kind),
        purpose=row.purpose,
        text_version=row.text_version,
        language=row.language,
        given_at=row.given_at,
        withdrawn_at=row.withdrawn_at,
        version=row.version,
    )

"""Appointments that staff make, people accept by a one-time code, and staff end (nimitys): each change is a record of
the log in the same transaction.

Effective at once and ended at once, on every instance: what rests on an appointment is released only in a transaction
that has looked at it again (``gate``).
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from gateway.clock import day_in_helsinki
from gateway.records.faults import StoreBroken
from gateway.records.log import Log
from gateway.records.store import Job, Store
from gateway.records.stream import Entry
from gateway.records.tables import APPOINTMENT, FAILED_CODE
from hoks.appointing import AppointmentFault, AppointmentWish, MadeAppointment, Pointer
from hoks.errors import BadRequest, SourcesUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.relations import Appointment, AppointmentKind

T = TypeVar("T")

CODE_DAYS = 14
"""For how long a one-time code can be used, unless the settings say otherwise."""
MOST_TRIES = 10
"""How many tries may fail: of one code ever, and of one person within an hour."""
MOST_WAITING = 100
"""Appointments to one plan that have not ended."""

_HOUR = 3600 * 1000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that could be taken for a digit."""
_MISREAD = str.maketrans("OIL", "011")
_NAME, _SECRET = 8, 27
"""A code begins with the first letters of its appointment's id, so that tries of it can be counted; what follows is
135 random bits."""


class Appointments:
    """The appointments of a store; the ``Appointments`` port of the domain over it."""

    def __init__(self, store: Store, log: Log, clock: Clock, *, code_days: int = CODE_DAYS) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._code_days = code_days

    async def make(self, wish: AppointmentWish) -> tuple[MadeAppointment, str]:
        """Keep an appointment that nothing speaks against; with it its code, which nobody can be told again."""
        made_id = secrets.token_hex(16)
        code = made_id[:_NAME].upper() + "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET))

        def job(connection: Connection) -> MadeAppointment:
            at = self._now(connection)
            alive = select(func.count()).where(
                APPOINTMENT.c.study_right == wish.right, APPOINTMENT.c.ended_on.is_(None), _not_over(_day(at))
            )
            if connection.execute(alive).scalar_one() >= MOST_WAITING:
                raise BadRequest(f"at most {MOST_WAITING} to one plan: end some", AppointmentFault.TOO_MANY)
            row = {
                "id": made_id,
                "kind": wish.kind.value,
                "provider": wish.provider,
                "learner": wish.learner,
                "study_right": wish.right,
                "part_key": wish.pointer.part_key,
                "unit_code": wish.pointer.unit_uri,
                "start": wish.pointer.start_date,
                "end": wish.pointer.end_date,
                "environment": wish.pointer.environment,
                "until": wish.until,
                "code_hash": _hash(code),
                "code_until": at + int(timedelta(days=self._code_days).total_seconds()) * 1000,
                "failed_tries": 0,
                "made_at": at,
                "version": 1,
            }
            connection.execute(insert(APPOINTMENT), row)
            return self._recorded(connection, "appointment.made", made_id, at, by=wish.by)

        return await self._written(job), "-".join(code[at : at + 5] for at in range(0, len(code), 5))

    async def accept(self, code: str, kind: AppointmentKind, person: PersonOid) -> MadeAppointment | None:
        """Bind the appointment of a code to the first person who brings it; to them again is no fault.

        Nothing alike for a code that is wrong, used, expired, ended, of the other kind, or tried too often. Every such
        try counts against the code and against the person.
        """
        read = _read(code)

        def job(connection: Connection) -> MadeAppointment | None:
            at = self._now(connection)
            counted = (FAILED_CODE.c.person == person, FAILED_CODE.c.at > at - _HOUR)
            if connection.execute(select(func.count()).where(*counted)).scalar_one() >= MOST_TRIES:
                return None
            named = select(APPOINTMENT).where(APPOINTMENT.c.id.startswith(read[:_NAME].lower(), autoescape=True))
            rows = connection.execute(named.with_for_update()).all() if _is_a_code(read) else []
            found = next((row for row in rows if hmac.compare_digest(row.code_hash, _hash(read))), None)
            if found is None or not _may_accept(found, kind, person, at):
                self._count(connection, rows, person, at)
                return None
            if found.person is not None:
                return _made(found)
            connection.execute(
                update(APPOINTMENT)
                .where(APPOINTMENT.c.id == found.id)
                .values(person=person, bound_at=at, version=APPOINTMENT.c.version + 1)
            )
            return self._recorded(connection, "appointment.bound", found.id, at, by=person)

        return await self._written(job)

    async def end(self, appointment: str, provider: OrganisationOid, by: PersonOid) -> MadeAppointment | None:
        """End an appointment that the provider's staff made; again is no fault. Nothing where there is none such."""
        own = (APPOINTMENT.c.id == appointment, APPOINTMENT.c.provider == provider)

        def job(connection: Connection) -> MadeAppointment | None:
            at = self._now(connection)
            changed = connection.execute(
                update(APPOINTMENT)
                .where(*own, APPOINTMENT.c.ended_on.is_(None))
                .values(ended_on=_day(at), version=APPOINTMENT.c.version + 1)
            )
            if changed.rowcount:
                return self._recorded(connection, "appointment.ended", appointment, at, by=by)
            row = connection.execute(select(APPOINTMENT).where(*own)).first()
            return _made(row) if row is not None else None

        return await self._written(job)

    async def one(self, appointment: str, provider: OrganisationOid) -> MadeAppointment | None:
        """One appointment that the provider's staff made, ended or not."""
        wanted = select(APPOINTMENT).where(APPOINTMENT.c.id == appointment, APPOINTMENT.c.provider == provider)
        try:
            row = await self._store.read(lambda connection: connection.execute(wanted).first())
        except StoreBroken:
            raise SourcesUnavailable(_DOWN) from None
        return _made(row) if row is not None else None

    async def to(self, right: StudyRightOid, provider: OrganisationOid) -> tuple[MadeAppointment, ...]:
        """Everything to which a provider's staff have appointed somebody in a plan, ended or not, newest first."""
        wanted = select(APPOINTMENT).where(APPOINTMENT.c.study_right == right, APPOINTMENT.c.provider == provider)
        newest_first = wanted.order_by(APPOINTMENT.c.made_at.desc(), APPOINTMENT.c.id)
        try:
            rows = await self._store.read(lambda connection: connection.execute(newest_first).all())
        except StoreBroken:
            raise SourcesUnavailable(_DOWN) from None
        return tuple(map(_made, rows))

    # --- the port of the domain -----------------------------------------------------------------------------------

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person has accepted; of several to one part the last, ended or not."""
        now = self._clock.now()
        wanted = select(APPOINTMENT).where(APPOINTMENT.c.person.in_(list(people)))
        oldest_first = wanted.order_by(APPOINTMENT.c.bound_at, APPOINTMENT.c.made_at, APPOINTMENT.c.id)
        nothing: Answer[tuple[Appointment, ...]] = Answer(Outcome.ABSENT)
        by_person: dict[str, dict[object, Appointment]] = {}
        try:
            rows = await self._store.read(lambda connection: connection.execute(oldest_first).all())
        except StoreBroken:
            rows, nothing = [], Answer(Outcome.UNAVAILABLE)
        for row in rows:
            each = _made(row).appointment()
            by_person.setdefault(each.person, {})[each.part] = each
        answers = {
            person: Answer(Outcome.OK, tuple(by_person[person].values())) if person in by_person else nothing
            for person in people
        }
        return Reply(source="appointments", fetched_at=now, as_of=now, answers=answers)

    # --- in a transaction -------------------------------------------------------------------------------------------

    async def _written(self, job: Job[T]) -> T:
        try:
            return await self._store.write(job)
        except StoreBroken:
            raise SourcesUnavailable(_DOWN) from None

    def _now(self, connection: Connection) -> int:
        """The moment; a clock that was set back revives no code and no count: the log has seen a later moment."""
        return max(int(self._clock.now().timestamp() * 1000), self._log.latest(connection))

    def _count(self, connection: Connection, tried: Collection[Row[Any]], person: PersonOid, at: int) -> None:
        """Count a try that failed, against the codes it can have meant and against the person."""
        ids = [row.id for row in tried]
        more = update(APPOINTMENT).where(APPOINTMENT.c.id.in_(ids)).values(failed_tries=APPOINTMENT.c.failed_tries + 1)
        connection.execute(more)
        connection.execute(delete(FAILED_CODE).where(FAILED_CODE.c.person == person, FAILED_CODE.c.at <= at - _HOUR))
        connection.execute(insert(FAILED_CODE), {"id": secrets.token_hex(16), "person": person, "at": at})

    def _recorded(self, connection: Connection, event: str, made_id: str, at: int, *, by: PersonOid) -> MadeAppointment:
        """The appointment as it is now, and the change on record; never the words by which it finds its part."""
        made = _made(connection.execute(select(APPOINTMENT).where(APPOINTMENT.c.id == made_id)).one())
        body = {
            "v": 1,
            "event": event,
            "appointment": made.id,
            "version": made.version,
            "kind": made.kind.value,
            "subject": made.learner,
            "plan": made.right,
            "provider": made.provider,
            "person": made.person,
            "until": made.until.isoformat() if made.until is not None else None,
            "by": by,
        }
        self._log.append(connection, [Entry(body=body, subject=made.learner)], at)
        return made


_DOWN = "the store of appointments did not answer"


def _read(code: str) -> str:
    """A code as it was made, however it was typed."""
    return "".join(code.upper().split()).replace("-", "").translate(_MISREAD)


def _is_a_code(read: str) -> bool:
    return len(read) == _NAME + _SECRET and set(read) <= set(_ALPHABET)


def _hash(code: str) -> bytes:
    return hashlib.sha256(b"hoks-gateway: code of an appointment\0" + code.encode()).digest()


def _may_accept(row: Row[Any], kind: AppointmentKind, person: PersonOid, at: int) -> bool:
    if row.kind != kind.value or row.ended_on is not None or (row.until is not None and row.until < _day(at)):
        return False
    if row.person is not None:
        return bool(row.person == person)
    return bool(at <= row.code_until and row.failed_tries < MOST_TRIES)


def _not_over(day: Any) -> Any:
    return or_(APPOINTMENT.c.until.is_(None), APPOINTMENT.c.until >= day)


def _day(at: int) -> Any:
    return day_in_helsinki(_moment(at))


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _made(row: Row[Any]) -> MadeAppointment:
    return MadeAppointment(
        id=row.id,
        kind=AppointmentKind(row.kind),
        provider=OrganisationOid(row.provider),
        learner=LearnerOid(row.learner),
        right=StudyRightOid(row.study_right),
        pointer=Pointer(
            part_key=row.part_key,
            unit_uri=row.unit_code,
            start_date=row.start,
            end_date=row.end,
            environment=row.environment,
        ),
        until=row.until,
        made_at=_moment(row.made_at),
        code_until=_moment(row.code_until),
        code_is_dead=row.failed_tries >= MOST_TRIES,
        person=PersonOid(row.person) if row.person is not None else None,
        accepted_at=_moment(row.bound_at) if row.bound_at is not None else None,
        ended_on=row.ended_on,
        version=row.version,
    )

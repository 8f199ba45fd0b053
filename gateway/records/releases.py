"""What the gate does with answers in one transaction: looks again at what they rest on, and records what they tell.

Whoever withdraws a consent, or ends an appointment, waits for the gates that have looked at it, and every gate after
that sees the change: no disclosure is recorded after an acknowledged withdrawal or end (security 7.3).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from gateway.clock import day_in_helsinki
from gateway.records.chain import Body
from gateway.records.driver import Columns, Driver
from gateway.records.stream import Entry, Stream

CONSENT_USE = Columns("consent_use", ("consent", "stream", "seq", "at"))


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer tells of one plan of one person out of one source: which items, to whom, on which ground.

    Never a value, a name or a text of the plan.
    """

    subject: str
    """Learner OID, the master."""
    body: Body
    consents: frozenset[str] = frozenset()
    """The ids of the consents that it rests on."""
    appointments: frozenset[str] = frozenset()
    """The ids of the appointments, of those made through the gateway, that it rests on."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """A disclosure on its way to be recorded: its body as it is kept."""

    subject: str
    body: bytes
    consents: tuple[str, ...]
    appointments: tuple[str, ...]


class Release(msgspec.Struct, frozen=True, array_like=True):
    """What is to be recorded of one answer, and when it was ready, in milliseconds since 1970."""

    told: tuple[Told, ...]
    now: int

    def grounds(self) -> set["_Ground"]:
        """What it rests on."""
        return {
            *(_Ground(_CONSENT, each) for told in self.told for each in told.consents),
            *(_Ground(_APPOINTMENT, each) for told in self.told for each in told.appointments),
        }


class _Ground(NamedTuple):
    table: str
    id: str


_CONSENT, _APPOINTMENT = "consent", "appointment"
_HOLDS: Mapping[str, str] = {
    # One without a recipient was shared, and nobody has accepted the share, or it was revoked.
    _CONSENT: "withdrawn_at IS NULL AND recipient <> '' AND ? BETWEEN start AND \"end\"",
    _APPOINTMENT: "person IS NOT NULL AND ended_on IS NULL AND (until IS NULL OR until >= ?)",
}
"""When a ground holds on a day."""


def record(driver: Driver, stream: Stream, releases: Sequence[Release]) -> list[bool]:
    """Record what may be released of what waits side by side, with one look at the stream and at the grounds.

    Of each whether it may leave: where not, what it rests on is over, and nothing of it was recorded.
    """
    head = stream.head(driver)
    # A clock that was set back revives nothing: the log has seen a later moment.
    at = max(head.at, *(each.now for each in releases))
    day = day_in_helsinki(datetime.fromtimestamp(at / 1000, UTC))
    grounds = [each.grounds() for each in releases]
    over = _over(driver, set().union(*grounds), day)
    may_leave = [over.isdisjoint(each) for each in grounds]
    told = [one for each, may in zip(releases, may_leave, strict=True) if may for one in each.told]
    records = stream.append(driver, [Entry(body=each.body, subject=each.subject) for each in told], at, head)
    uses = [
        (consent, record.stream, record.seq, at)
        for each, record in zip(told, records, strict=True)
        for consent in each.consents
    ]
    driver.insert(CONSENT_USE, uses)
    return may_leave


def _over(driver: Driver, grounds: Iterable[_Ground], day: date) -> set[_Ground]:
    """Those of the grounds that do not hold any more."""
    over = set(grounds)
    for table, holds in _HOLDS.items():
        wanted = sorted(each.id for each in over if each.table == table)
        if wanted:
            # In order of id, and shared: gates never wait for each other, who ends something waits for gates.
            shared = " FOR SHARE" if driver.is_shared else ""
            marks = ", ".join("?" * len(wanted))
            asked = f"SELECT id FROM {table} WHERE id IN ({marks}) AND {holds} ORDER BY id{shared}"  # noqa: S608 - our own names alone
            over -= {_Ground(table, row[0]) for row in driver.say(asked, [*wanted, day.isoformat()])}
    return over

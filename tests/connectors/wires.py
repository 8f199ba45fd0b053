"""Stand-ins at the HTTP seam: a port that answers from a function, a clock that stands still, OIDs that hold."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

from connectors.client import Incoming, Outgoing
from connectors.failures import Reason, SourceUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, with_check_digit

NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
PROVIDER = OrganisationOid(with_check_digit("99", "9900000001"))


def learner(number: int) -> LearnerOid:
    """A learner OID on a test node."""
    return LearnerOid(with_check_digit("98", f"{9_700_000_000 + number}"))


def right(number: int) -> StudyRightOid:
    """A study right OID."""
    return StudyRightOid(with_check_digit("15", f"{1_900_000_000 + number}"))


class StillClock:
    """A clock that stands still."""

    def today(self) -> date:
        return NOW.date()

    def now(self) -> datetime:
        return NOW


class Port:
    """An HTTP port that answers from a function and remembers what was sent."""

    def __init__(self, answer: Callable[[Outgoing], Incoming | Awaitable[Incoming]]) -> None:
        self.answer = answer
        self.sent: list[Outgoing] = []

    async def send(self, request: Outgoing) -> Incoming:
        self.sent.append(request)
        answer = self.answer(request)
        return answer if isinstance(answer, Incoming) else await answer


def said(value: Any, status: int = 200) -> Incoming:
    """An answer in JSON."""
    return Incoming(status=status, body=json.dumps(value, ensure_ascii=False).encode())


def silent(_: Outgoing) -> Incoming:
    """A source that never answers in time."""
    raise SourceUnavailable(Reason.TIMEOUT)

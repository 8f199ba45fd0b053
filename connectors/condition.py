"""The condition of a source as its client sees it, for whoever runs the gateway: counts and reasons, nobody's data."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from connectors.breaker import State
from connectors.failures import Reason

SKIPPED = (Reason.OPEN, Reason.BUSY, Reason.LATE)
"""Why a call is not sent: the breaker was open, too many waited, or no time was left."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """The condition of one source, since the gateway started."""

    source: str
    breaker: State
    calls: int
    """Calls that were sent, each counted once."""
    retries: int
    """Calls that were sent a second time."""
    skipped: int
    """Calls that were not sent."""
    failures: Mapping[Reason, int]
    """What went wrong, skipped calls included; only reasons that occurred."""


class Counts:
    """Counts of one source."""

    def __init__(self) -> None:
        self.calls = 0
        self.retries = 0
        self.failures: Counter[Reason] = Counter()

    def fail(self, reason: Reason) -> None:
        """Count a failure."""
        self.failures[reason] += 1

    def condition(self, source: str, breaker: State) -> Condition:
        """The counts as they are now."""
        return Condition(
            source=source,
            breaker=breaker,
            calls=self.calls,
            retries=self.retries,
            skipped=sum(self.failures[reason] for reason in SKIPPED),
            failures=MappingProxyType(dict(self.failures)),
        )

"""What a source can tell, declared as data: what it gives, by which keys, how many at a time, how fresh it is, and what
it means when it has nothing.

The contract suite holds every connector to what it declares, and ``check-config`` shows it.
"""

from typing import Literal

import msgspec

from hoks.outcomes import FAILED, Outcome

Gives = Literal[
    "rights",
    "learners",
    "plans",
    "holders",
    "appointments",
    "assignments",
    "guides",
    "changes",
    "identities",
    "organisations",
    "names",
]
"""What is asked for: each is one question of a port."""
Key = Literal["learner", "alias", "right", "person", "provider", "organisation", "code"]
"""By what it is asked. Who takes ``alias`` is asked by every learner number that a person ever had."""


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """How a source tells of one thing."""

    gives: Gives
    keys: tuple[Key, ...]
    at_once: int | None
    """Keys in one call at most; nothing where everything is read, whoever is asked about."""
    freshness: Literal["live", "snapshot"] = "live"
    absent: frozenset[Outcome] = frozenset()
    """What it can say of a well-formed key that it has nothing for; empty for a question that always has an answer."""
    stands_in: bool = False
    """Whether it may answer with what it told before, marked as ``STALE``, where it cannot be asked."""

    @property
    def outcomes(self) -> frozenset[Outcome]:
        """Everything that may come of a key."""
        return self.absent | FAILED | {Outcome.OK} | ({Outcome.STALE} if self.stands_in else set())


class Capabilities(msgspec.Struct, frozen=True):
    """Everything that one source can tell."""

    told: tuple[Capability, ...]

    def of(self, gives: Gives) -> Capability:
        """How it tells of one thing. Raises ``KeyError`` where it does not."""
        return {each.gives: each for each in self.told}[gives]


ABSENT = frozenset({Outcome.ABSENT})
"""It can tell for certain that there is nothing."""
ABSENT_OR_DENIED = frozenset({Outcome.ABSENT_OR_DENIED})
"""There is nothing, or our account may only not see it."""
BY_LEARNER: tuple[Key, ...] = ("learner", "alias")


def reference(at_once: int | None = None) -> Capabilities:
    """What a register of names can tell: from memory, and nothing where a name is not known yet."""
    return Capabilities((Capability(gives="names", keys=("code",), at_once=at_once, freshness="snapshot"),))

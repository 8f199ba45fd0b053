"""A source of plans that is asked right by right: for a right's plan, and for whose the right is.

Each kind of source says only how one right is asked.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection

from connectors.capabilities import Capabilities, Capability, Gives
from connectors.each_right import EachRight
from hoks.identifiers import Check, LearnerOid, StudyRightOid, check_learner_oid
from hoks.outcomes import Outcome, Reply
from hoks.plan import Hoks
from hoks.ports import Clock, Source

_GIVES: tuple[Gives, ...] = ("plans", "holders")


class RightByRight(ABC):
    """``PlanSource`` and ``HolderSource`` of whatever tells the plan of one right."""

    def __init__(
        self,
        source: Source,
        clock: Clock,
        *,
        concurrency: int,
        nothing: Outcome = Outcome.ABSENT,
        first: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """``concurrency`` is how many rights are asked for at a time; ``nothing`` and ``first`` are as for
        ``EachRight``.
        """
        self._source = source
        self._nothing = nothing
        slots = asyncio.Semaphore(concurrency)
        self._plans = EachRight(source.id, self._plan, clock=clock, slots=slots, nothing=nothing, first=first)
        self._holders = EachRight(source.id, self._holder, clock=clock, slots=slots, nothing=nothing, first=first)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self._source

    @property
    def capabilities(self) -> Capabilities:
        """What is told, right by right."""
        absent = frozenset({self._nothing})
        return Capabilities(tuple(Capability(gives=each, keys=("right",), at_once=1, absent=absent) for each in _GIVES))

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right, several at a time; what is not there by ``until`` is unavailable."""
        return await self._plans.reply(rights, until)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, for rights that have a plan."""
        return await self._holders.reply(rights)

    @abstractmethod
    async def _plan(self, right: StudyRightOid) -> tuple[Hoks, ...] | None:
        """The plan of a right; nothing where there is none. Raises ``SourceFailure``."""

    @abstractmethod
    async def _named(self, right: StudyRightOid) -> str | None:
        """The student's OID as the plan of a right has it; nothing where there is none. Raises ``SourceFailure``."""

    async def _holder(self, right: StudyRightOid) -> LearnerOid | None:
        oid = await self._named(right)
        return None if oid is None or check_learner_oid(oid) is Check.MALFORMED else LearnerOid(oid)

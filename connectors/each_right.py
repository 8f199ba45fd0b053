"""Questions asked right by right: several at a time, until a moment, each with an outcome of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, TypeVar

from connectors.failures import Reason, SourceFailure, SourceInvalid, SourceUnavailable, report, unexpected
from hoks.identifiers import Check, StudyRightOid, check_study_right_oid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock

T = TypeVar("T")

_MARGIN_SECONDS = 0.05
"""How long before its time is up a source answers with what it has."""


class EachRight(Generic[T]):
    """One question about any number of rights."""

    def __init__(
        self,
        source: str,
        question: Callable[[StudyRightOid], Awaitable[T | None]],
        *,
        clock: Clock,
        slots: asyncio.Semaphore,
        nothing: Outcome = Outcome.ABSENT,
        first: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """``question`` gives nothing, or raises ``SourceFailure``, where there is no answer; ``slots`` bound how many
        run at a time; ``nothing`` is what no answer means; ``first`` is done once before all of them.
        """
        self._source = source
        self._question = question
        self._clock = clock
        self._slots = slots
        self._nothing = nothing
        self._first = first

    async def reply(self, rights: Collection[StudyRightOid], until: float | None = None) -> Reply[StudyRightOid, T]:
        """The answer about each right; what is not there by ``until`` (on the loop's clock) is unavailable."""
        fetched_at = self._clock.now()
        asked = tuple(dict.fromkeys(rights))
        results = await self._results(asked, until)
        report(self._source, (each for each in results if isinstance(each, SourceFailure)))
        answers = {right: self._answer(result) for right, result in zip(asked, results, strict=True)}
        return Reply(source=self._source, fetched_at=fetched_at, as_of=fetched_at, answers=answers)

    async def _results(self, asked: Sequence[StudyRightOid], until: float | None) -> list[T | SourceFailure | None]:
        try:
            if asked and self._first is not None:
                await self._first()
        except SourceFailure as failure:
            return [failure] * len(asked)
        if len(asked) == 1:
            return [await self._alone(asked[0], until)]
        tasks = [asyncio.create_task(self._result(right)) for right in asked]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=_seconds_until(until))
            return [task.result() if task.done() else SourceUnavailable(Reason.TIMEOUT) for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _alone(self, right: StudyRightOid, until: float | None) -> T | SourceFailure | None:
        # Most often one is asked about, and a task for it would cost as much as its call.
        try:
            async with asyncio.timeout(_seconds_until(until)):
                return await self._result(right)
        except TimeoutError:
            return SourceUnavailable(Reason.TIMEOUT)

    async def _result(self, right: StudyRightOid) -> T | SourceFailure | None:
        if check_study_right_oid(right) is Check.MALFORMED:
            return SourceInvalid(Reason.MISMATCH)
        async with self._slots:
            try:
                return await self._question(right)
            except SourceFailure as failure:
                return failure
            except Exception as error:
                # The outside of a connector: one plan that we cannot take must not cost the others.
                return unexpected(self._source, error)

    def _answer(self, result: T | SourceFailure | None) -> Answer[T]:
        if isinstance(result, SourceFailure):
            return Answer(result.outcome)
        return Answer(self._nothing) if result is None else Answer(Outcome.OK, result)


def _seconds_until(until: float | None) -> float | None:
    return None if until is None else max(until - asyncio.get_running_loop().time() - _MARGIN_SECONDS, 0)

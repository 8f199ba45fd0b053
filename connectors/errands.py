"""Work that ends when its time is up or nobody waits for it, and that cleans up behind itself undisturbed.

httpcore guards its cleaning up against anyio's cancellation and not against asyncio's own, and a request that gives up
cancels twice as easily as once. So each call runs in a task of its own that is ended in anyio's way.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

CLEANING_SECONDS = 1.0
"""How long work that was given up may still clean up when all is closed."""


class Errands:
    """The calls of one client that are under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, T], until: float) -> T:
        """The work's result. ``TimeoutError`` at ``until`` on the event loop's clock, whatever is left to clean up."""
        scope = anyio.CancelScope()
        task = asyncio.create_task(_within(scope, work))
        self._tasks.add(task)
        task.add_done_callback(self._over)
        try:
            async with asyncio.timeout_at(until):
                (result,) = await asyncio.shield(task)
                return result
        finally:
            scope.cancel()

    async def aclose(self) -> None:
        """Wait for what is still cleaning up."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLEANING_SECONDS)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: nobody may be left who would


async def _within(scope: anyio.CancelScope, work: Coroutine[Any, Any, T]) -> tuple[T, ...]:
    with scope:
        return (await work,)
    return ()  # it was given up, and nobody looks at this

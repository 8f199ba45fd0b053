"""A provider's views as snapshots to answer from: the rows of one question, read now, or all rows, read now and then.

A database is asked in threads, as many as it may have connections, so that one that hangs holds up nobody else.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from connectors.failures import Reason, SourceFailure, SourceInvalid, SourceUnavailable, unexpected
from connectors.table.database import Database
from connectors.table.keeper import PATIENCE_SECONDS
from connectors.table.paths import Question
from connectors.table.settings import DatabaseSettings, TableSettings
from connectors.table.snapshot import Snapshot
from connectors.table.unfit import ViewsDoNotFit
from hoks.ports import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")


class LiveViews:
    """Views that are asked by key for each answer."""

    def __init__(
        self, settings: TableSettings, database: DatabaseSettings, clock: Clock, password: str | None = None
    ) -> None:
        self._settings = settings
        self._limits = database
        self._database = Database(settings, database, clock, password)
        self._threads = ThreadPoolExecutor(database.connections, thread_name_prefix=settings.id)

    keeps = False
    """Whether more than one request is answered from a snapshot."""

    @property
    def at_hand(self) -> Snapshot | None:
        """Nothing: each question is read anew."""
        return None

    @property
    def behind(self) -> bool:
        """Whether something later could not be read: never, of what is read now."""
        return False

    async def load(self) -> None:
        """Look at the views, at start. Raises ``ViewsDoNotFit``; a database that does not answer is only logged."""
        try:
            await self._within(self._limits.read_seconds, self._database.check)
        except SourceFailure as failure:
            log.warning("source %s: %s at start (%s)", self._settings.id, failure.outcome.value, failure.reason.value)

    async def current(self, question: Question, keys: Collection[str], until: float | None = None) -> Snapshot:
        """The rows that bear on a question; ``until`` is of the event loop's clock. Raises ``SourceFailure``."""
        seconds = self._limits.read_seconds
        if until is not None:
            seconds = min(seconds, until - asyncio.get_running_loop().time())
        return await self._read(question, keys, seconds)

    async def aclose(self) -> None:
        """Close all connections; what still hangs ends by its own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._database.close)

    async def _read(self, question: Question | None, keys: Collection[str], seconds: float) -> Snapshot:
        ends = time.monotonic() + seconds
        try:
            return await self._within(seconds, lambda: self._database.read(question, keys, ends))
        except ViewsDoNotFit as misfit:
            log.error("%s", misfit)
            raise SourceInvalid(Reason.MISMATCH) from None

    async def _within(self, seconds: float, work: Callable[[], T]) -> T:
        """What the work comes to in a thread. Raises ``ViewsDoNotFit`` and ``SourceFailure``, at the deadline too."""
        task = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            done, _ = await asyncio.wait({task}, timeout=max(0.0, seconds))
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise SourceUnavailable(Reason.TIMEOUT)
        try:
            return task.result()
        except (SourceFailure, ViewsDoNotFit):
            raise
        except Exception as fault:
            # The outside of the connector: rows may hold anything.
            raise unexpected(self._settings.id, fault) from None


class WholeViews(LiveViews):
    """Views that are read whole now and then; requests are answered from the last time that this went well."""

    def __init__(
        self, settings: TableSettings, database: DatabaseSettings, clock: Clock, password: str | None = None
    ) -> None:
        super().__init__(settings, database, clock, password)
        self._snapshot: Snapshot | None = None
        self._failure: SourceFailure | None = None
        self._next = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    keeps = True

    @property
    def at_hand(self) -> Snapshot | None:
        """The last snapshot, where the views are not to be read again just now."""
        return self._snapshot if self._reading is None and time.monotonic() < self._next else None

    @property
    def behind(self) -> bool:
        """Whether the last time went wrong."""
        return self._failure is not None

    async def load(self) -> None:
        """Look at the views, at start, and begin to read them."""
        await super().load()
        await self._renewed(PATIENCE_SECONDS)

    async def current(self, question: Question, keys: Collection[str], until: float | None = None) -> Snapshot:  # noqa: ARG002
        """The last snapshot, whatever is asked. Raises ``SourceFailure`` where there was never one."""
        left = None if until is None else until - asyncio.get_running_loop().time()
        await self._renewed(PATIENCE_SECONDS if self._snapshot else left)
        if self._snapshot is None:
            raise self._failure or SourceUnavailable(Reason.TIMEOUT)
        return self._snapshot

    async def aclose(self) -> None:
        """Close all connections."""
        if self._reading is not None:
            self._reading.cancel()
        await super().aclose()

    async def _renewed(self, seconds: float | None) -> None:
        if self._reading is None and time.monotonic() >= self._next:
            self._reading = asyncio.create_task(self._renew())
        if self._reading is not None:
            # Waiting does not cancel: a request that gives up leaves the reading to the others.
            await asyncio.wait({self._reading}, timeout=seconds)

    async def _renew(self) -> None:
        wait = self._settings.look_every_seconds
        try:
            self._snapshot = await self._read(None, (), self._limits.read_seconds)
            self._failure, wait = None, 60 * self._limits.every_minutes
        except SourceFailure as failure:
            self._failure = failure
            log.warning("source %s: %s (%s)", self._settings.id, failure.outcome.value, failure.reason.value)
        finally:
            self._next = time.monotonic() + wait
            self._reading = None

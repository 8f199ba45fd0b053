"""The last good snapshot of one source, and when to look for a newer one.

A drop that is refused leaves the snapshot before it in use, and says so.
"""

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass

from connectors.failures import Reason, SourceUnavailable
from connectors.table.drop import DropRefused, Stamps, stamps_of
from connectors.table.paths import Question
from connectors.table.settings import TableSettings
from connectors.table.snapshot import Snapshot, take_snapshot

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""How long a request waits for a newer drop to load before it is answered from the one in use."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the folder looked like when a drop was last tried, and whether it was refused."""

    manifest: Stamps
    everything: Stamps
    refused: bool


class Keeper:
    """Loads drops in a thread, one at a time however many requests wait."""

    keeps = True
    """Whether more than one request is answered from a snapshot."""

    def __init__(self, settings: TableSettings) -> None:
        self._settings = settings
        self._snapshot: Snapshot | None = None
        self._seen: _Seen | None = None
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    @property
    def behind(self) -> bool:
        """Whether a drop later than the snapshot was refused."""
        return self._seen is not None and self._seen.refused

    @property
    def at_hand(self) -> Snapshot | None:
        """The snapshot to answer from, where nothing newer is to be looked for just now."""
        return self._snapshot if self._looking is None and not self._is_due else None

    @property
    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= self._settings.look_every_seconds

    async def load(self) -> None:
        """Load the drop that lies in the folder now, or raise ``DropRefused``."""
        await asyncio.to_thread(self._take)

    async def current(
        self,
        question: Question,  # noqa: ARG002 - a snapshot holds the answer to any
        keys: Collection[str],  # noqa: ARG002
        until: float | None = None,  # noqa: ARG002
    ) -> Snapshot:
        """The snapshot to answer from. Raises ``SourceUnavailable`` when no drop has ever been whole."""
        if self._looking is None and self._is_due:
            self._looked_at = time.monotonic()
            self._looking = asyncio.create_task(self._look())
        if self._looking is not None:
            # Waiting does not cancel: a request that gives up leaves the load to the others.
            await asyncio.wait({self._looking}, timeout=PATIENCE_SECONDS if self._snapshot else None)
        if self._snapshot is None:
            raise SourceUnavailable(Reason.MISSING)
        return self._snapshot

    async def aclose(self) -> None:
        """Nothing is kept open."""

    async def _look(self) -> None:
        try:
            await asyncio.to_thread(self._take_if_changed)
        except DropRefused as refused:
            log.warning("%s: drop refused (%s)", refused, refused.reason.name)
        except Exception as fault:
            # The outside of the connector: a drop may hold anything. Only the kind of fault is told, not its text.
            log.error("source %s: drop not loaded (%s)", self._settings.id, type(fault).__name__)
        finally:
            self._looking = None

    def _take_if_changed(self) -> None:
        seen = self._seen
        if seen is None or stamps_of(self._settings, all_files=seen.refused) != (
            seen.everything if seen.refused else seen.manifest
        ):
            self._take()

    def _take(self) -> None:
        """Load and note what was seen first, so that a change during the load is a change."""
        manifest, everything = (stamps_of(self._settings, all_files=all_files) for all_files in (False, True))
        self._seen = _Seen(manifest, everything, refused=True)
        self._snapshot = take_snapshot(self._settings)
        self._seen = _Seen(manifest, everything, refused=False)

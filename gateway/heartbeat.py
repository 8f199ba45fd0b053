"""Watches that the event loop goes on: every stall is counted, and a long one is told with the place where it stands.

The watching thread writes places alone, as ever: no argument and no local of what runs there.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from types import FrameType

BEAT_SECONDS = 0.05
STALL_SECONDS = 0.1
"""What is late by more is a stall."""
STUCK_SECONDS = 1.0
"""After so long it is told where the loop stands, while it still does."""
_PLACES = 12

log = logging.getLogger(__name__)


class Heartbeat:
    """The heartbeat of the event loop in which it is started."""

    def __init__(self, beat: float = BEAT_SECONDS, stall: float = STALL_SECONDS, stuck: float = STUCK_SECONDS) -> None:
        self._beat = beat
        self._stall = stall
        self._stuck = stuck
        self.stalls = 0
        self.stalled_seconds = 0.0
        self.longest_seconds = 0.0
        self._last = time.monotonic()
        self._over = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._last = time.monotonic()
        self._task = asyncio.create_task(self._beats())
        thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, args=(thread,), name="heartbeat", daemon=True)
        self._thread.start()

    async def aclose(self) -> None:
        """End."""
        self._over.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self._beat)
            now = time.monotonic()
            late = now - self._last - self._beat
            self._last = now
            if late > self._stall:
                self.stalls += 1
                self.stalled_seconds += late
                self.longest_seconds = max(self.longest_seconds, late)

    def _watch(self, thread: int) -> None:
        told_of = 0.0
        while not self._over.wait(self._stuck / 2):
            last = self._last
            if time.monotonic() - last > self._stuck and last != told_of:
                told_of = last
                # Once for each stall, and while it lasts: afterwards nobody could say where.
                log.error("the event loop has stood still for %.1f s in %s", self._stuck, _place(thread))


def _place(thread: int) -> str:
    frame: FrameType | None = sys._current_frames().get(thread)
    found = traceback.extract_stack(frame, limit=None)[-_PLACES:] if frame is not None else ()
    return " < ".join(f"{each.name} ({each.filename}:{each.lineno})" for each in reversed(found))

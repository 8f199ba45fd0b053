"""How long threads of this process have run and waited for a processor: a busy machine is nobody's fault."""

import asyncio
import os
import selectors
import threading
import time
from contextlib import suppress
from pathlib import Path


def ran_and_waited(thread: int | None, process: int | str = "self") -> tuple[float, float]:
    """Of one thread, by its native id (seconds); nothing where the system does not say."""
    try:
        ran, waited, _ = Path(f"/proc/{process}/task/{thread}/schedstat").read_text().split()
    except OSError:
        return 0.0, 0.0
    return int(ran) / 1e9, int(waited) / 1e9


def waited_by_all(process: int | str = "self") -> float:
    """For how long threads of a process, by default this one, have been ready and not running, together (seconds)."""
    return sum(ran_and_waited(int(each.name), process)[1] for each in Path(f"/proc/{process}/task").iterdir())


class PatientLoop(asyncio.SelectorEventLoop):
    """An event loop by whose clock no time passes while what it is for is ready and the processor does something else.

    A test that plays both ends of a conversation, or has threads of its own work for it, waits for deadlines by this
    clock: nobody is late for what the machine does besides. What runs, and what keeps the loop waiting, takes as long
    by it as by any other.
    """

    def __init__(self) -> None:
        """For the thread that makes it."""
        self._last = self._lost = self._seen = 0.0
        self._schedstat: int | None = None
        with suppress(OSError):  # the system does not say
            self._schedstat = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        self._lost = -self._own()
        super().__init__(_Patient(self))

    def time(self) -> float:
        """Seconds, as ever from a moment of no meaning; never less than before."""
        # In this order: for what happens between the two it is early and not late.
        now = super().time()
        self._last = max(self._last, now - self._lost - self._own())
        return self._last

    def slept(self, seconds: float, own: float, all_threads: float) -> None:
        """It has slept for so long, in which its own thread and all together have waited for a processor."""
        # While it slept others may have had its work to do; who waited side by side waited no longer than it slept.
        self._lost += max(own, min(seconds, all_threads)) - own

    def own(self) -> float:
        """For how long its thread has been ready and not running (seconds)."""
        return self._own()

    def close(self) -> None:
        """Close the loop."""
        super().close()
        if self._schedstat is not None:
            schedstat, self._schedstat = self._schedstat, None
            os.close(schedstat)

    def _own(self) -> float:
        return 0.0 if self._schedstat is None else int(os.pread(self._schedstat, 100, 0).split()[1]) / 1e9


class _Patient(selectors.DefaultSelector):
    """Tells the loop what its sleep was like, where it was more than a moment."""

    MOMENT_SECONDS = 0.005

    def __init__(self, loop: PatientLoop) -> None:
        super().__init__()
        self._loop = loop
        self._waited, self._own = waited_by_all(), loop.own()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= self.MOMENT_SECONDS:
            return super().select(timeout)
        began, own = time.monotonic(), self._loop.own()
        found = super().select(timeout)
        seconds = time.monotonic() - began
        if seconds > self.MOMENT_SECONDS:
            before, self._waited = self._waited, waited_by_all()
            # What its thread had waited before it slept is no part of it: the clock knows of that.
            all_threads = self._waited - before - (own - self._own)
            self._own = self._loop.own()
            self._loop.slept(seconds, self._own - own, all_threads)
        return found

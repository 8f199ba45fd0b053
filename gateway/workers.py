"""Keeps so many workers, processes of their own, until it is told to stop: one that ends by itself is replaced.

The first begins alone, so that what keeps a gateway from starting is said once and its tables are brought up to date by
one. Whoever keeps them serves nothing, opens nothing and has no other thread, so that a worker is made by a fork.
"""

import logging
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

from gateway.serving import UserError

RETRY_SECONDS = 1.0
"""After which a worker that ended before it served is begun again; one that had served is replaced at once."""
STOP_SECONDS = 15.0
"""How long workers may take to end once they were told to; each ends what it has begun to answer within ten."""
_STOPS = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """What one worker is told when it begins."""

    number: int
    """From 1; whoever replaces it has the same."""
    serving: Callable[[], None]
    """To be called once it serves."""
    orphaned: int
    """A file descriptor that can be read when there is nobody any more who keeps the workers: then it has to stop."""


@dataclass(slots=True)
class _Worker:
    number: int
    pid: int
    hears: int
    """Where a byte comes once it serves, and the end once it has ended."""
    has_served: bool = False


class Workers:
    """So many workers of one work: from what a worker is told to its exit code."""

    def __init__(
        self, work: Callable[[Post], int], number: int, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._work = work
        self._number = number
        self._seconds = seconds
        self._selector = selectors.DefaultSelector()
        self._orphaned, self._life = os.pipe()
        self._alive: dict[int, _Worker] = {}
        self._due: dict[int, float] = {1: float("-inf")}
        """When each that is missing is to be begun."""
        self._anyone_has_served = False
        self._stop_by: float | None = None
        self._code = 0

    def run(self) -> int:
        """Keep the workers until SIGINT or SIGTERM; the exit code, that of the first one where it never served."""
        with _woken_by_signals() as woken:
            self._selector.register(woken, selectors.EVENT_READ)
            while self._alive or self._due:
                self._begin_due()
                for key, _ in self._selector.select(self._pause()):
                    if key.data is None:
                        os.read(woken, 64)
                        self._stop()
                    else:
                        self._heard(key.data)
                self._kill_overdue()
        return self._code

    def _pause(self) -> float | None:
        moments = [*self._due.values(), *([self._stop_by] if self._stop_by is not None else [])]
        return max(0.0, min(moments) - self._seconds()) if moments else None

    def _begin_due(self) -> None:
        now = self._seconds()
        for number in [number for number, moment in self._due.items() if moment <= now]:
            del self._due[number]
            self._begin(number)

    def _begin(self, number: int) -> None:
        hears, tells = os.pipe()
        # A signal that comes between must find a worker that knows what to do with it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        pid = os.fork()
        if pid == 0:
            self._be(number, hears, tells)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        os.close(tells)
        self._alive[number] = worker = _Worker(number, pid, hears)
        self._selector.register(hears, selectors.EVENT_READ, worker)

    def _be(self, number: int, hears: int, tells: int) -> NoReturn:
        """Be the worker, and nothing of what keeps it."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for each in _STOPS:
                signal.signal(each, signal.SIG_DFL)
            self._selector.close()
            for mine in (self._life, hears, *(worker.hears for worker in self._alive.values())):
                os.close(mine)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            code = self._work(Post(number, lambda: _tell(tells), self._orphaned))
        except UserError as mistake:
            print(f"hoks-gateway: {mistake}", file=sys.stderr)
            code = 2
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _heard(self, worker: _Worker) -> None:
        if not os.read(worker.hears, 1):
            self._ended(worker)
            return
        worker.has_served = True
        log.info("worker %d serves (process %d)", worker.number, worker.pid)
        if not self._anyone_has_served and self._stop_by is None:
            self._due = {number: float("-inf") for number in range(2, self._number + 1)}
        self._anyone_has_served = True

    def _ended(self, worker: _Worker) -> None:
        self._selector.unregister(worker.hears)
        os.close(worker.hears)
        del self._alive[worker.number]
        code = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
        if self._stop_by is not None:
            return
        if not self._anyone_has_served:
            self._code = code if code > 0 else 1
            self._stop()
            return
        log.error("worker %d has ended by itself (%s) and is replaced", worker.number, _said(code))
        self._due[worker.number] = self._seconds() + (0.0 if worker.has_served else RETRY_SECONDS)

    def _stop(self) -> None:
        """Tell everybody to stop."""
        self._due.clear()
        if self._stop_by is None:
            self._stop_by = self._seconds() + STOP_SECONDS
        self._send(signal.SIGTERM)

    def _kill_overdue(self) -> None:
        if self._stop_by is not None and self._seconds() >= self._stop_by:
            self._send(signal.SIGKILL)
            self._stop_by = self._seconds() + STOP_SECONDS

    def _send(self, number: signal.Signals) -> None:
        for worker in self._alive.values():
            # Nobody else waits for it, so that its number cannot be another process's by now.
            os.kill(worker.pid, number)


def _tell(tells: int) -> None:
    os.write(tells, b"!")


def _said(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


@contextmanager
def _woken_by_signals() -> Iterator[int]:
    """A file descriptor that can be read when somebody wants us to stop."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    before = [(each, signal.signal(each, lambda *_: None)) for each in _STOPS]
    signal.set_wakeup_fd(wakes)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(-1)
        for each, handler in before:
            signal.signal(each, handler)
        os.close(woken)
        os.close(wakes)

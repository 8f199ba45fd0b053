"""Asking a source: within the request's deadline, contained, and held to its contract.

Whatever a source does, what comes back is a reply with an outcome for every key that was asked and for no other.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Set
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, TypeVar

import msgspec

from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.waiting import WAITS

K = TypeVar("K")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Deadline(msgspec.Struct, frozen=True):
    """The end of a request and its stages, on the event loop's clock (seconds)."""

    start: float
    seconds: float

    @classmethod
    def of(cls, seconds: float) -> "Deadline":
        """A deadline that many seconds from now."""
        return cls(asyncio.get_running_loop().time(), seconds)

    def at(self, share: float) -> float:
        """The moment when a share of the time is used up."""
        return self.start + self.seconds * share


_ENDS: ContextVar[float] = ContextVar("ends", default=math.inf)
"""When the stage ends within which this code runs, on the event loop's clock."""


def time_left() -> float:
    """Seconds until the stage ends within which this runs; infinite where nobody's request waits for it."""
    return _ENDS.get() - asyncio.get_running_loop().time()


@contextmanager
def ending(until: float) -> Iterator[None]:
    """A stage that ends at that moment on the event loop's clock, or with the stage that it is part of."""
    token = _ENDS.set(min(until, _ENDS.get()))
    try:
        yield
    finally:
        _ENDS.reset(token)


def unhurried(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start work that several requests share, in a context of its own: nobody's stage ends it.

    Each call of it still has its source's own deadline. Whoever waits for the task does so within their own stage, and
    behind ``asyncio.shield``, for who goes away must not take it from the others.
    """
    return asyncio.create_task(work, context=Context())


_IS_AWAITED: ContextVar[Callable[[], bool]] = ContextVar("is_awaited", default=lambda: True)
"""Whether a request waits for what this code does."""


def awaited_where(is_awaited: Callable[[], bool]) -> None:
    """Say of the task that this runs in when a request waits for it; of any other task one does."""
    _IS_AWAITED.set(is_awaited)


def for_nobody() -> bool:
    """Of a task that works ahead."""
    return False


def speaking(logger: logging.Logger) -> logging.Logger:
    """The logger, or its child ``background`` where no request waits, or still waits, for what this code does."""
    return logger if _IS_AWAITED.get()() else logger.getChild("background")


async def ask(question: Awaitable[Any], keys: Collection[K], *, source: str, until: float, clock: Clock) -> Reply[K, T]:
    """The source's reply, or one in which every key is unavailable."""
    waits = WAITS.get()
    if waits is None:
        return await _asked(question, keys, source=source, until=until, clock=clock)
    began, outcome = waits.begin(), None
    try:
        reply: Reply[K, T] = await _asked(question, keys, source=source, until=until, clock=clock)
        outcome = reply.outcome
    finally:
        waits.end(source, began, outcome)
    await waits.resumed()
    return reply


async def _asked(
    question: Awaitable[Any], keys: Collection[K], *, source: str, until: float, clock: Clock
) -> Reply[K, T]:
    try:
        async with asyncio.timeout_at(until):
            with ending(until):
                reply = await question
    except TimeoutError:
        speaking(log).warning("source %s: no answer within the time of the request", source)
        return failed(keys, source, Outcome.UNAVAILABLE, clock)
    except Exception as error:  # the outside of a connector: one bad source never takes another's answer down
        speaking(log).warning("source %s: broke its contract with %s", source, type(error).__name__)
        return failed(keys, source, Outcome.UNAVAILABLE, clock)
    if not isinstance(reply, Reply):
        speaking(log).warning("source %s: broke its contract with %s instead of a reply", source, type(reply).__name__)
        return failed(keys, source, Outcome.INVALID, clock)
    return _held_to(reply, keys)


def told_at_hand(look: Callable[[], Any], keys: Collection[K]) -> Reply[K, T] | None:
    """What is known without asking anybody; nothing where it has to be asked, or where looking breaks."""
    try:
        reply = look()
    except Exception as error:  # as above; the question that is asked then says which source it was
        log.warning("an answer at hand broke with %s", type(error).__name__)
        return None
    return _held_to(reply, keys) if isinstance(reply, Reply) else None


def failed(keys: Collection[K], source: str, outcome: Outcome, clock: Clock) -> Reply[K, T]:
    """A reply in which every key came to ``outcome``."""
    now = clock.now()
    return Reply(source=source, fetched_at=now, as_of=now, answers={key: Answer[T](outcome) for key in keys})


def _held_to(reply: Reply[K, T], keys: Collection[K]) -> Reply[K, T]:
    """The reply without strays, and with ``INVALID`` for what was asked and not answered."""
    asked: Set[K] = keys if isinstance(keys, frozenset) else set(keys)
    if reply.answers.keys() == asked:
        return reply
    missing: Answer[T] = Answer(Outcome.INVALID)
    return msgspec.structs.replace(reply, answers={key: reply.answers.get(key, missing) for key in keys})

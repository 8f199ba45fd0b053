"""Coroutines run to their end on one event loop that stays, for tests that ask thousands of short questions."""

import asyncio
import atexit
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def run(question: Coroutine[Any, Any, T]) -> T:
    """What it comes to. What it leaves running fails: the next question must not find it."""
    loop = _loop()
    told = loop.run_until_complete(question)
    left = asyncio.all_tasks(loop)
    assert not left, left
    return told

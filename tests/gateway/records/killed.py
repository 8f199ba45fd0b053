"""A program that lets children write to a store and kills each with SIGKILL; prints what each said had been released.

Run as ``python -m tests.gateway.records.killed FILE KILLS SEED``. A child says a number only after its release: the
same order in which bytes leave the gateway. With one more word, ``said-first``, it does so before: the wrong order.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

from gateway.clock import SystemClock
from gateway.records.dictation import in_process, in_thread
from gateway.records.driver import Columns, Driver
from gateway.records.gate import Gate
from gateway.records.log import Log
from gateway.records.releases import Disclosure
from gateway.records.scribe import InFile
from gateway.records.store import sqlite
from gateway.records.stream import LOG

AT_ONCE = 4


def die(*_: object) -> NoReturn:
    """End here as a power cut would end it."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


whole = InFile.transaction


def before_the_transaction() -> None:
    setattr(InFile, "transaction", die)  # noqa: B010 - whoever writes is in a thread of this process


def after_the_record_is_written() -> None:
    insert = Driver.insert

    def inserted(driver: Driver, columns: Columns, rows: Sequence[tuple[object, ...]]) -> None:
        insert(driver, columns, rows)
        if columns == LOG:
            die()

    setattr(Driver, "insert", inserted)  # noqa: B010


def at_the_commit(*, is_done: bool) -> None:
    @contextmanager
    def transaction(book: InFile) -> Iterator[Driver]:
        with whole(book) as driver:
            yield driver
            if not is_done:
                die()
        die()

    setattr(InFile, "transaction", transaction)  # noqa: B010


POINTS: tuple[Callable[[], None], ...] = (
    before_the_transaction, after_the_record_is_written,
    partial(at_the_commit, is_done=False), partial(at_the_commit, is_done=True),
)  # fmt: skip
"""The steps around the gate."""


def point_of(child: int) -> Callable[[], None] | None:
    """Where a child is killed: each third one at a step around the gate, the others at a moment of chance."""
    return None if child % 3 else POINTS[child // 3 % len(POINTS)]


async def write_for_ever(
    file: Path, child: int, point: Callable[[], None] | None, say: int, begun: int, *, said_first: bool
) -> None:
    """Release one disclosure after the other, several at once, and say each number when it may leave."""
    # Where it is killed at a moment of chance, every other has whoever records in a process of its own.
    store = sqlite(file, scribe=in_process if point is None and child % 2 else in_thread)
    gate = Gate(store, Log("a"), SystemClock())
    await gate.start()

    async def one(number: int) -> None:
        while True:
            if said_first:
                os.write(say, f"{number}\n".encode())
            await gate.release([Disclosure(subject="nobody", body={"event": "disclosed", "number": number})])
            if not said_first:
                os.write(say, f"{number}\n".encode())
            number += AT_ONCE

    await gate.release([Disclosure(subject="nobody", body={"event": "disclosed", "number": child * 1_000_000})])
    os.write(say, f"{child * 1_000_000}\n".encode())
    os.write(begun, b"!")
    if point is not None:
        point()
    await asyncio.gather(*(one(child * 1_000_000 + 1 + each) for each in range(AT_ONCE)))


def main(file: Path, kills: int, seed: int, *, said_first: bool) -> None:
    """Fork, wait, kill, and again."""
    dice = random.Random(seed)
    for child in range(kills):
        point = point_of(child)
        hearing, begun = os.pipe()
        process = os.fork()
        if process == 0:
            asyncio.run(write_for_ever(file, child, point, sys.stdout.fileno(), begun, said_first=said_first))
            os._exit(0)
        os.close(begun)
        # Of four instants of chance one falls where a child may still be opening the store.
        if dice.random() < 0.75:
            os.read(hearing, 1)
        os.close(hearing)
        time.sleep(dice.uniform(0.0, 0.15))
        if point is None:
            os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while os.waitpid(process, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.005)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), said_first=sys.argv[4:] == ["said-first"])

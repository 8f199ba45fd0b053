"""The order of writing and answering, seen from outside: the store is durable before an answer's first byte leaves.

A killed process (``test_killed``) proves nothing of a power cut; what the system was asked for, and when, does.
"""

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests import strace
from tests.chaos.scene import Front, Scene, scene
from tests.chaos.worker import answers, worker
from tests.gateway.records.unsafe import FAULTS

REQUESTS = 50 if os.environ.get("HOKS_PROVE") == "1" else 6
WRONG_REQUESTS = 3
MOMENT_SECONDS, PATIENCE_SECONDS = 0.1, 20.0
NAME = '{ student(oid: "1.2.246.562.98.98000000079") { name hoksit { firstApprovedOn } } }'


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("order")) as running:
        yield running


def recorded(store: Path) -> int:
    """How many records are durable there."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as log:
        return int(log.execute("SELECT count(*) FROM log").fetchone()[0])


async def traced(here: Scene, folder: Path, program: Sequence[str], requests: int) -> list[bool]:
    """Of each of so many answers of a traced gateway, whether it was durable when it left."""
    trace = folder / "trace"
    command = (*strace.command(trace), sys.executable, "-m", *program)
    with worker(here, folder / "worker.log", through_proxies=False, command=command) as (_, address):
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
            await answers(client)
            front = Front(here, client)
            await front.ask("staff-a", "{ viewer { role } }")
            (store,) = here.folder.glob("**/records.db")
            for _ in range(requests):
                before, deadline = recorded(store), time.monotonic() + PATIENCE_SECONDS
                assert (await front.ask("staff-a", NAME)).student is not None
                # What a gateway does behind an answer's back must not be taken for the work of the next one.
                while recorded(store) == before:
                    assert time.monotonic() < deadline, "the answer is not recorded"
                    await asyncio.sleep(0.02)
                await asyncio.sleep(MOMENT_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "exited with" not in trace.read_text()[-200:]:
        assert time.monotonic() < deadline, "the trace has no end"
        await asyncio.sleep(0.05)
    with trace.open(errors="replace") as lines:
        told = strace.answers(strace.done(lines, store))
    assert len(told) > requests
    return told[-requests:]


@pytest.mark.proves("the store is durable before the first byte of an answer leaves")
async def test_an_answer_leaves_only_after_the_system_has_said_that_its_record_is_durable(
    here: Scene, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("cases", REQUESTS)
    assert await traced(here, tmp_path, ["gateway.cli"], REQUESTS) == [True] * REQUESTS


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_gateway_that_does_it_otherwise_is_seen(here: Scene, tmp_path: Path, fault: str) -> None:
    """If these were not found, the test above would prove nothing."""
    wrong = ["tests.gateway.records.unsafe", fault]
    assert await traced(here, tmp_path, wrong, WRONG_REQUESTS) == [False] * WRONG_REQUESTS

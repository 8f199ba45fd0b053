"""A gateway that is killed at any instant: whatever left had been recorded, and the log is whole."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from deploy import log_verify
from gateway.records import migration
from gateway.records.store import sqlite

KILLS = 330 if os.environ.get("HOKS_PROVE") == "1" else 18
"""Two of three at an instant of chance, so 220 of them; the others at each of four steps around the gate."""


async def killed(file: Path, kills: int, *words: str) -> tuple[set[int], list[log_verify.Record]]:
    """What was said to have been released by the time of each kill, and what stands in the log after all of them."""
    store = sqlite(file)
    await store.write(migration.upgrade)
    await store.aclose()
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
        [sys.executable, "-m", "tests.gateway.records.killed", str(file), str(kills), "20261005", *words],
        capture_output=True, text=True, timeout=1200, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {int(line) for line in done.stdout.splitlines()}, list(log_verify.records_of(file))


def numbers(records: list[log_verify.Record]) -> set[int]:
    return {json.loads(record.body or b"")["number"] for record in records}


@pytest.mark.proves("what left a gateway that was killed had been recorded")
async def test_whatever_was_released_before_a_kill_stands_in_a_whole_log(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("cases", KILLS)
    said, records = await killed(tmp_path / "records.db", KILLS)
    written = numbers(records)
    assert said - written == set()
    assert len({number // 1_000_000 for number in said}) > KILLS / 2
    key = Ed25519PublicKey.from_public_bytes(bytes(32))
    assert log_verify.verify(records, [], [], key).records == len(written)


async def test_the_wrong_order_would_have_let_something_go_that_is_not_recorded(tmp_path: Path) -> None:
    """If this were never found, the test above would prove nothing."""
    said, records = await killed(tmp_path / "records.db", 6, "said-first")
    assert said - numbers(records)

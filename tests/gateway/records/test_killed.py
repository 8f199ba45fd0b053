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

KILLS = 400 if os.environ.get("HOKS_PROVE") == "1" else 20


@pytest.mark.proves("what left a gateway that was killed had been recorded")
async def test_whatever_was_released_before_a_kill_stands_in_a_whole_log(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    file = tmp_path / "records.db"
    store = sqlite(file)
    await store.write(migration.upgrade)
    await store.aclose()

    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
        [sys.executable, "-m", "tests.gateway.records.killed", str(file), str(KILLS), "20261005"],
        capture_output=True, text=True, timeout=1200, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    said = {int(line) for line in done.stdout.splitlines()}
    records = list(log_verify.records_of(file))
    written = {json.loads(record.body or b"")["number"] for record in records}
    key = Ed25519PublicKey.from_public_bytes(bytes(32))
    record_property("cases", KILLS)
    assert said - written == set()
    assert len({number // 1_000_000 for number in said}) > KILLS / 2
    assert log_verify.verify(records, [], [], key).records == len(written)

"""A stall of the event loop is counted, and a long one is told with the place where it stands."""

import asyncio
import time

import pytest

from gateway.heartbeat import Heartbeat


async def test_a_stall_is_counted_and_told_with_its_place_while_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    heartbeat = Heartbeat(beat=0.005, stall=0.03, stuck=0.05)
    heartbeat.start()
    await asyncio.sleep(0.02)
    said_meanwhile = _keeps_everybody_waiting(caplog, secret="ZQ7secret")
    await asyncio.sleep(0.02)
    await heartbeat.aclose()
    assert heartbeat.stalls >= 1
    assert 0.1 < heartbeat.longest_seconds <= heartbeat.stalled_seconds
    (line,) = (each for each in said_meanwhile if "_keeps_everybody_waiting" in each)
    assert "ZQ7" not in line


def _keeps_everybody_waiting(caplog: pytest.LogCaptureFixture, secret: str) -> list[str]:
    """What is said until it has been told of, and for some time more: on a busy machine the watch is late as well."""
    ends = time.monotonic() + 20
    while not any("_keeps_everybody_waiting" in each for each in caplog.messages):
        assert time.monotonic() < ends, "nobody says anything"
        time.sleep(0.01)
    time.sleep(0.15)
    return list(caplog.messages)

"""A stall of the event loop is counted, and a long one is told with the place where it stands."""

import asyncio
import time

import pytest

from gateway.heartbeat import Heartbeat


async def test_a_stall_is_counted_and_told_with_its_place_while_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    heartbeat = Heartbeat(beat=0.005, stall=0.03, stuck=0.05)
    heartbeat.start()
    await asyncio.sleep(0.02)
    _keeps_everybody_waiting(secret="ZQ7secret")
    said_meanwhile = list(caplog.messages)
    await asyncio.sleep(0.02)
    await heartbeat.aclose()
    assert heartbeat.stalls >= 1
    assert 0.1 < heartbeat.longest_seconds <= heartbeat.stalled_seconds
    (line,) = said_meanwhile
    assert "_keeps_everybody_waiting" in line
    assert "ZQ7" not in line


def _keeps_everybody_waiting(secret: str) -> None:
    time.sleep(0.2)

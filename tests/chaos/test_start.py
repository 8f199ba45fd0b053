"""A gateway of which no source answers starts all the same, and is soon ready."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from connectors import connected
from gateway.app import create_app
from gateway.clock import FixedDayClock
from gateway.settings_file import load
from sandbox import BUSINESS_DAY
from tests.chaos.conftest import WHOLE
from tests.chaos.proxy import HOST
from tests.chaos.scene import Scene
from tests.chaos.worker import answers, worker
from tests.schedule import ran_and_waited, waited_by_all

READY_SECONDS = 5.0
OWN_SECONDS = 2.0
"""What a process takes of these for itself, on a machine that does nothing else; that is not judged here."""


@pytest.fixture
def silence() -> Iterator[Callable[[str], str]]:
    """A change of settings after which every address in them leads to where nobody ever answers."""
    with socket.create_server((HOST, 0)) as listener:
        nowhere = f"http://{HOST}:{listener.getsockname()[1]}"
        yield lambda text: re.sub(rf"http://{re.escape(HOST)}:\d+", nowhere, text)


async def test_a_start_waits_for_no_source_but_a_moment_for_names(
    here: Scene, silence: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connected.LABELS_SECONDS <= 2
    monkeypatch.setattr(connected, "LABELS_SECONDS", 0.05)
    began, waited = time.perf_counter(), waited_by_all()
    settings = load(here.settings("silent", change=silence, through_proxies=False))
    app = create_app(settings, FixedDayClock(BUSINESS_DAY))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        told = await client.get("/ready")
        took = time.perf_counter() - began - (waited_by_all() - waited)
    assert told.status_code == 200
    assert took < OWN_SECONDS


if WHOLE:  # it waits for names

    @pytest.mark.proves("with every source silent a gateway is ready five seconds after it was started")
    async def test_a_process_is_ready_five_seconds_after_its_start(
        here: Scene, silence: Callable[[str], str], tmp_path: Path
    ) -> None:
        with worker(here, tmp_path / "log", through_proxies=False, change=silence) as (pid, address):
            began = time.perf_counter()
            async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
                await answers(client)
                _, waited = ran_and_waited(pid, pid)
                took = time.perf_counter() - began - waited
                assert (await client.get("/ready")).status_code == 200
        assert took < READY_SECONDS

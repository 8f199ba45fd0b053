"""The whole sandbox starts on a block of ports, answers, and stops."""

import asyncio
import contextlib
import socket
from pathlib import Path

import httpx
import pytest

from sandbox.server import serve
from sandbox.settings import SERVERS, url
from tests.rows import free_ports


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


@pytest.fixture
def port() -> int:
    """A port with free ones beside it."""
    return free_ports(1 + len(SERVERS))


async def started(port: int, folder: Path, stop: asyncio.Event | None = None) -> asyncio.Task[None]:
    ready = asyncio.Event()
    task = asyncio.create_task(serve(port, folder, stop=stop, ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([task, waiting], timeout=10, return_when=asyncio.FIRST_COMPLETED)
    assert ready.is_set()
    return task


async def test_all_servers_answer_until_told_to_stop(port: int, tmp_path: Path) -> None:
    stop = asyncio.Event()
    task = await started(port, tmp_path, stop)
    async with httpx.AsyncClient(trust_env=False) as client:
        answers = [(await client.get(url(port, server))).status_code for server in SERVERS]
        assert answers == [404] * len(SERVERS)
        token = await client.post(f"{url(port, 'issuer')}/token", json={"persona": "staff-a"})
        assert token.status_code == 200
    with pytest.raises(OSError, match=f"issuer needs 127.0.0.1:{port + 1} .*in use.*choose another port"):
        await serve(port, tmp_path / "second")
    # The second one has touched nothing.
    assert not (tmp_path / "second").exists()
    stop.set()
    await asyncio.wait_for(task, 10)
    assert not any(taken(port + place) for place in range(1, 1 + len(SERVERS)))


async def test_a_cancelled_sandbox_frees_its_ports(port: int, tmp_path: Path) -> None:
    task = await started(port, tmp_path)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert not any(taken(port + place) for place in range(1, 1 + len(SERVERS)))

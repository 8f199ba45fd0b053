"""What each fault of the sandbox looks like on the wire, on real servers."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.faults import FAULTS, SOURCES
from sandbox.server import serve
from sandbox.settings import url

STUDENT = "1.2.246.562.98.98000000079"
LATE_OR_NEVER = {"down", "slow", "drip"}


def taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """The gateway's port beside which a sandbox runs."""
    first = next(p for p in range(32_010, 32_700, 10) if not any(taken(p + place) for place in range(1, 6)))
    ready, stop = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(serve(first, tmp_path, stop=stop, ready=ready.set))
    await asyncio.wait_for(ready.wait(), 10)
    yield first
    stop.set()
    await task


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
        yield client


async def switch(client: httpx.AsyncClient, port: int, source: str, fault: str) -> httpx.Response:
    return await client.put(f"{url(port, 'issuer')}/faults/{source}", json={"fault": fault})


async def asked(client: httpx.AsyncClient, port: int) -> httpx.Response:
    """The learner register's answer about a student."""
    path = "/oppijanumerorekisteri-service/henkilo/masterHenkilosByOidList"
    return await client.post(f"{url(port, 'ONR')}{path}", json=[STUDENT], headers={"caller-id": "test"})


async def test_every_fault_can_be_switched_on_and_healed(client: httpx.AsyncClient, port: int) -> None:
    whole = await asked(client, port)
    for fault in FAULTS:
        await switch(client, port, "onr", fault)
        try:
            async with asyncio.timeout(1.0):
                answer = await asked(client, port)
            assert (answer.status_code, answer.content) != (200, whole.content), fault
            assert fault not in LATE_OR_NEVER
        except (TimeoutError, httpx.RemoteProtocolError):
            assert fault in LATE_OR_NEVER
        await switch(client, port, "onr", "none")
        assert (await asked(client, port)).content == whole.content


async def test_a_drip_ends_no_sooner_than_its_bytes(client: httpx.AsyncClient, port: int) -> None:
    await switch(client, port, "onr", "drip")
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await asked(client, port)
    assert time.monotonic() - started > 0.9
    await switch(client, port, "onr", "none")


async def test_a_source_that_asks_to_wait_says_how_long(client: httpx.AsyncClient, port: int) -> None:
    await switch(client, port, "onr", "429")
    answer = await asked(client, port)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


async def test_an_answer_about_another_student_is_whole_and_wrong(client: httpx.AsyncClient, port: int) -> None:
    await switch(client, port, "onr", "other-student")
    answer = (await asked(client, port)).json()
    assert STUDENT not in answer
    assert len(answer) == 1


async def test_one_source_fails_alone(client: httpx.AsyncClient, port: int) -> None:
    await switch(client, port, "a-koski", "503")
    assert (await asked(client, port)).status_code == 200
    assert (await client.get(f"{url(port, 'Koski')}/koski/api/oppija/oids")).status_code == 503
    states = (await client.get(f"{url(port, 'issuer')}/faults")).json()
    assert {source: state["fault"] for source, state in states.items()} == {
        source: "503" if source == "a-koski" else "none" for source in SOURCES
    }


@pytest.mark.parametrize(
    ("source", "content", "status"),
    [
        ("b-primus", b'{"fault":"slow"}', 404),
        ("organisaatio", b'{"fault":"other-student"}', 400),
        ("onr", b'{"fault":["slow"]}', 400),
        ("onr", b"[]", 400),
        ("onr", b"{", 400),
    ],
)
async def test_what_cannot_fail_so_is_refused(
    client: httpx.AsyncClient, port: int, source: str, content: bytes, status: int
) -> None:
    refused = await client.put(f"{url(port, 'issuer')}/faults/{source}", content=content)
    assert refused.status_code == status
    assert refused.json()["expected"]

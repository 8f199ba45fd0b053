"""A packed body is the same however it is cut and in whatever steps it is unpacked, and nobody waits for all of it."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import decoding
from connectors.decoding import decoded


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for place in range(0, len(data), size):
        yield data[place : place + size]


@given(st.binary(max_size=40), st.integers(1, 30), st.integers(1, 50), st.integers(1, 50))
async def test_a_body_is_the_same_however_it_is_cut_and_unpacked(text: bytes, times: int, size: int, step: int) -> None:
    body = text * times
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "STEP_BYTES", step)
        assert await decoded(pieces(gzip.compress(body), size), "gzip", max(len(body), 100)) == body


async def test_others_have_their_turn_while_a_large_body_is_unpacked() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    body = b"".join(b"%07d" % number + b" " * 43 for number in range(60_000))
    task = asyncio.create_task(other())
    assert await decoded(pieces(gzip.compress(body, 1), len(body)), "gzip", len(body)) == body
    task.cancel()
    assert turns >= len(body) // decoding.STEP_BYTES

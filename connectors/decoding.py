"""The body of an answer, decoded by ourselves: httpx takes a cut gzip stream for a whole one and knows no size."""

import asyncio
import zlib
from collections.abc import AsyncIterable
from typing import Protocol

from connectors.failures import Reason, SourceUnavailable

MAX_RATIO = 100
"""Decoded bytes for each byte received; more is a bomb, once there is enough to judge by."""
RATIO_FROM_BYTES = 65_536
STEP_BYTES = 1_000_000
"""How much is unpacked at a time, so that what is tightly packed keeps nobody waiting."""


async def decoded(chunks: AsyncIterable[bytes], encoding: str, max_bytes: int) -> bytes:
    """The whole body. Raises ``SourceUnavailable`` for one that is too large, too tightly packed or cut."""
    inflate = _inflater(encoding)
    received, found = 0, bytearray()
    async for chunk in chunks:
        received += len(chunk)
        rest, is_more = chunk, True
        while is_more:
            room = min(STEP_BYTES, max_bytes + 1 - len(found))
            part, rest = (rest, b"") if inflate is None else _inflated(inflate, rest, room)
            found += part
            if max(received, len(found)) > max_bytes:
                raise SourceUnavailable(Reason.OVERSIZE)
            if len(found) > RATIO_FROM_BYTES and len(found) > MAX_RATIO * received:
                raise SourceUnavailable(Reason.RATIO)
            # A step that is full may hold back more, even where nothing is left to unpack.
            is_more = inflate is not None and len(part) == room
            if is_more:
                await asyncio.sleep(0)
    if inflate is not None and received and not inflate.eof:
        raise SourceUnavailable(Reason.ENCODING)
    return bytes(found)


class _Inflater(Protocol):
    """The part of zlib's decompression object that is used."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _inflater(encoding: str) -> _Inflater | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case _:
            raise SourceUnavailable(Reason.ENCODING)


def _inflated(inflate: _Inflater, packed: bytes, room: int) -> tuple[bytes, bytes]:
    """What is unpacked in one step, and what is still packed."""
    try:
        found = inflate.decompress(packed, room)
    except zlib.error:
        raise SourceUnavailable(Reason.ENCODING) from None
    if inflate.unused_data:
        raise SourceUnavailable(Reason.ENCODING)
    return found, inflate.unconsumed_tail

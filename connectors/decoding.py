"""The body of an answer, decoded by ourselves: httpx takes a cut gzip stream for a whole one and knows no size."""

import zlib
from collections.abc import AsyncIterable
from typing import Protocol

from connectors.failures import Reason, SourceUnavailable

MAX_RATIO = 100
"""Decoded bytes for each byte received; more is a bomb, once there is enough to judge by."""
RATIO_FROM_BYTES = 65_536


async def decoded(chunks: AsyncIterable[bytes], encoding: str, max_bytes: int) -> bytes:
    """The whole body. Raises ``SourceUnavailable`` for one that is too large, too tightly packed or cut."""
    inflate = _inflater(encoding)
    received, found = 0, bytearray()
    async for chunk in chunks:
        received += len(chunk)
        found += chunk if inflate is None else _inflated(inflate, chunk, max_bytes + 1 - len(found))
        if max(received, len(found)) > max_bytes:
            raise SourceUnavailable(Reason.OVERSIZE)
        if len(found) > RATIO_FROM_BYTES and len(found) > MAX_RATIO * received:
            raise SourceUnavailable(Reason.RATIO)
    if inflate is not None and received and (not inflate.eof or inflate.unused_data):
        raise SourceUnavailable(Reason.ENCODING)
    return bytes(found)


class _Inflater(Protocol):
    """The part of zlib's decompression object that is used."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _inflater(encoding: str) -> _Inflater | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case _:
            raise SourceUnavailable(Reason.ENCODING)


def _inflated(inflate: _Inflater, chunk: bytes, room: int) -> bytes:
    try:
        return inflate.decompress(chunk, room)
    except zlib.error:
        raise SourceUnavailable(Reason.ENCODING) from None

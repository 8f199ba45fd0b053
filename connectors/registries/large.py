"""Large public documents of many small records: read one by one, so that no other work waits long for one of them.

Meant for a thread of its own: between records it gives way. Nothing is built of the parts that are not asked for.
"""

import time
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec

from connectors.bodies import has_more_parts, needs_composing
from connectors.failures import Reason, SourceFailure, SourceInvalid
from connectors.lenient import read
from connectors.outline import outline

W = TypeVar("W", bound=msgspec.Struct)

RECORDS_AT_A_TIME = 50
PAUSE_SECONDS = 0.0005


def part(body: bytes, *keys: str) -> dict[str, bytes]:
    """The named members of a JSON object that are not null, each still as JSON. ``SourceInvalid`` when it is none."""
    held = _decoded(body, dict[str, msgspec.Raw])
    named = {key: bytes(held[key]) for key in keys if key in held}
    return {key: value for key, value in named.items() if value != b"null"}


def elements_in(body: bytes, at_most: int) -> list[bytes]:
    """The elements of a JSON array, each still as JSON. ``SourceInvalid`` when it is no array, or a longer one."""
    # Counted first: to make a million of them keeps every other thread waiting for a tenth of a second.
    if has_more_parts(body, at_most):
        raise SourceInvalid(Reason.NESTING)
    given = _decoded(body, list[msgspec.Raw])
    return [bytes(element) for element in given]


def records(body: bytes, kind: type[W], at_most: int) -> Iterator[W]:
    """The records of a JSON array; one that cannot be read at all is left out, and a null is as good as nothing said.

    ``SourceInvalid`` when it is no array, a longer one, or none of its elements is such a record.
    """
    given = elements_in(body, at_most)
    found = 0
    for place, element in enumerate(given):
        if place % RECORDS_AT_A_TIME == RECORDS_AT_A_TIME - 1:
            time.sleep(PAUSE_SECONDS)
        record = _record(element, kind)
        if record is not None:
            found += 1
            yield record
    if given and not found:
        raise SourceInvalid(Reason.UNREADABLE)


def _record(element: bytes, kind: type[W]) -> W | None:
    try:
        if not needs_composing(element) and outline(element).is_clean:
            record: W = _decoder(kind).decode(element)
            return record
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return read(element, kind)[0]
    except SourceFailure:
        return None


@cache
def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceInvalid(Reason.UNREADABLE) from None

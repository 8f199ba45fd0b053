"""A JSON body before anything is built of it: within limits of depth and size, its letters composed, or refused.

Bodies of many records are cut into the records' own JSON, so that one bad record does not cost the others.
"""

import json
import math
import re
import unicodedata
from contextlib import suppress
from itertools import accumulate, islice
from typing import Any, NamedTuple, TypeVar

import msgspec

from connectors.failures import Reason, SourceInvalid
from connectors.letters import composed, is_piled
from connectors.outline import PIECE_BYTES, clean, outline, structure

T = TypeVar("T")

MAX_DEPTH = 64
MAX_NODES = 100_000
"""Values, the keys of objects included: each value but the first has a comma, or brackets of its own."""
MAX_REBUILT = 25_000
"""Values of a document that must be built whole to be written anew."""
BYTES_A_NODE = 8
"""A body of many records may hold more values than a record, but none so small as to be nothing but structure."""

MOST_FOREIGN = 500_000
"""Letters beyond ASCII in a document that must be composed: in Finnish text one in twenty is."""
MOST_COMPOSED = 3_500_000
"""Bytes of a document that is composed as it is written. A body of many records is composed record by record."""
MOST_BY_PIECES = 1_250_000
"""The same where marks are piled upon letters, or the letters are escaped."""

FEW_BRACKETS = 10_000
"""Of so many, pair after pair is taken away; more are counted one by one."""

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ASCII = bytes(range(128))
_COMMA = ord(",")
_ALIKE = bytes.maketrans(b"{}", b"[]")
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1, _COMMA: 0}
_HALVES = re.compile("[\ud800-\udfff]")
_DECOMPOSED = re.compile(rb"\xcc[\x80-\xbf]|\xcd[\x80-\xaf]|\\u03[0-6]")
_MARKED_ESCAPE = re.compile(rb"\\[bfnrt][\xcc\xcd]")
_MARKS = (b"\xcc", b"\xcd", b"\\u03")
"""One of these stands in every letter that is not composed."""


class Sound(NamedTuple):
    """A document within its limits, its letters composed."""

    body: bytes
    is_clean: bool
    """Whether no text of it needs cleaning."""


def examined(body: bytes) -> Sound:
    """The document within its limits, its letters composed (NFC), or ``SourceInvalid``."""
    found, is_clean = outline(body)
    nodes = _bounded(found, MAX_NODES)
    if not needs_composing(body):
        return Sound(body, is_clean)
    anew = _composed_within(body, nodes)
    return Sound(anew, outline(anew).is_clean)


def sound(body: bytes) -> bytes:
    """The same, where nobody asks whether texts are clean."""
    nodes = _nodes(body, MAX_NODES)
    return _composed_within(body, nodes) if needs_composing(body) else body


def _composed_within(body: bytes, nodes: int) -> bytes:
    if len(body) > MOST_COMPOSED or _foreign_letters(body) > MOST_FOREIGN:
        raise SourceInvalid(Reason.UNREADABLE)
    # As it is written: nothing else that JSON is written with becomes one with a mark.
    is_plain = b"\\u" not in body and not _MARKED_ESCAPE.search(body)
    if is_plain and not is_piled(body):
        return unicodedata.normalize("NFC", _text(body)).encode()
    if len(body) > MOST_BY_PIECES:
        raise SourceInvalid(Reason.UNREADABLE)
    if is_plain:
        return composed(_text(body)).encode()
    if nodes > MAX_REBUILT:
        raise SourceInvalid(Reason.NESTING)
    return _composed(body)


def has_more_parts(body: bytes, most: int) -> bool:
    """Whether a document has more than so many elements or members of its own, before any of them is made."""
    return _has_more_parts(structure(body), most)


def _nodes(body: bytes, max_nodes: int, max_parts: int | None = None) -> int:
    """How many values there are. Raises ``SourceInvalid`` beyond the limits.

    ``max_parts`` are the most elements or members that the document itself may have, repeated ones included.
    """
    return _bounded(structure(body), max_nodes, max_parts)


def _bounded(found: bytes, max_nodes: int, max_parts: int | None = None) -> int:
    brackets = found.translate(None, _NOT_BRACKETS)
    nodes = len(found) - len(brackets) // 2
    if nodes > max_nodes or (max_parts is not None and _has_more_parts(found, max_parts)) or _is_too_deep(brackets):
        raise SourceInvalid(Reason.NESTING)
    return nodes


def _is_too_deep(brackets: bytes) -> bool:
    left = brackets.translate(_ALIKE)
    if len(left) <= FEW_BRACKETS:
        # What is in nothing else goes last: as often as it is deep, pairs with nothing between them are taken away.
        for _ in range(MAX_DEPTH):
            left = left.replace(b"[]", b"")
            if not left:
                return False
    depth = 0
    # Piece by piece: as one call it would keep every other thread waiting for a tenth of a second.
    for at in range(0, len(brackets), PIECE_BYTES):
        depths = [*accumulate(map(_STEP.__getitem__, brackets[at : at + PIECE_BYTES]), initial=depth)]
        if max(depths) > MAX_DEPTH:
            return True
        depth = depths[-1]
    return False


def _has_more_parts(found: bytes, most: int) -> bool:
    """Whether the outermost value has more than ``most`` parts: as many commas that stand in it and in nothing else."""
    if found.count(b",") < most:
        return False
    depths = accumulate(map(_STEP.__getitem__, found))
    commas = (True for char, depth in zip(found, depths, strict=True) if depth == 1 and char == _COMMA)
    return next(islice(commas, most - 1, None), False)


def needs_composing(body: bytes) -> bool:
    """Whether a document may hold letters that are not composed."""
    # A pattern takes tens of milliseconds for megabytes, a plain search for what it begins with next to none.
    return any(mark in body for mark in _MARKS) and _DECOMPOSED.search(body) is not None


def _foreign_letters(body: bytes) -> int:
    """How many letters beyond ASCII there are at most, written out or escaped."""
    return len(body.translate(None, _ASCII)) // 2 + body.count(b"\\u")


def _composed(body: bytes) -> bytes:
    return json.dumps(_compose(parsed(body)), ensure_ascii=True).encode()


def _compose(value: Any) -> Any:
    # By its type alone and not as a pattern: there may be a hundred thousand.
    kind = type(value)
    if kind is str:
        return _letters(value)
    if kind is list:
        return [_compose(each) for each in value]
    if kind is dict:
        return {_letters(key): _compose(each) for key, each in value.items()}
    return str(value) if kind is float and math.isinf(value) else value


def _letters(text: str) -> str:
    """The text composed, without halves of letters that no JSON can carry."""
    return text if text.isascii() else composed(_HALVES.sub("", text))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except ValueError:
        raise SourceInvalid(Reason.UNREADABLE) from None


def parsed(body: bytes) -> Any:
    """The document as plain values. Raises ``SourceInvalid`` when it is not JSON to its end."""
    text = _text(body)
    try:
        return json.loads(text, strict=False, parse_int=_bounded_int, parse_constant=str)
    except (ValueError, RecursionError):
        raise SourceInvalid(Reason.UNREADABLE) from None


def values(body: bytes) -> Any:
    """A document of any size within its limits as plain values, composed. It takes long: meant for a thread."""
    _nodes(body, MAX_NODES)
    document = parsed(body)
    if not needs_composing(body):
        return document
    if _foreign_letters(body) > MOST_FOREIGN:
        raise SourceInvalid(Reason.UNREADABLE)
    return _compose(document)


def _bounded_int(digits: str) -> int | float:
    # Python itself refuses to read whole numbers of thousands of digits, and that would cost the whole document.
    return int(digits) if len(digits) < 20 else float(digits)


def elements(body: bytes, at_most: int) -> tuple[bytes, ...]:
    """The elements of a JSON array, each still as JSON. ``SourceInvalid`` when it is no array, or a longer one."""
    found = _cut(body, list[msgspec.Raw], at_most)
    return tuple(bytes(each) for each in found)


def members(body: bytes, at_most: int) -> dict[str, bytes]:
    """The members of a JSON object, each still as JSON. ``SourceInvalid`` when it is no object, or a larger one."""
    found = _cut(body, dict[str, msgspec.Raw], at_most)
    return {_letters(key): bytes(value) for key, value in found.items()}


def _cut(body: bytes, kind: type[T], at_most: int) -> T:
    """The document cut into its parts, which are counted before any is made, and composed when they are read.

    Where strict JSON stumbles over a mark or half a letter it is written anew. What is written anew is built whole
    first, so it may be no larger than a record.
    """
    nodes = _nodes(body, max(MAX_NODES, len(body) // BYTES_A_NODE), at_most)
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(body, type=kind)
    if nodes > MAX_REBUILT:
        raise SourceInvalid(Reason.NESTING)
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(_composed(body), type=kind)
    raise SourceInvalid(Reason.UNREADABLE)


def strings(body: bytes) -> tuple[tuple[str, ...], int]:
    """The strings of a JSON array, cleaned, and how many elements were none."""
    values = parsed(sound(body))
    if not isinstance(values, list):
        raise SourceInvalid(Reason.UNREADABLE)
    found = tuple(text for each in values if isinstance(each, str) and (text := clean(each)))
    return found, len(values) - len(found)

"""What a JSON document shows before anything is built of it: its structure, and whether all of its texts are clean.

Clean is what is not empty, has no blanks around it, and no control characters but newline and tab.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

PIECE_BYTES = 65_536
"""How much is looked at a time: all parts of a large document at once are a lot."""

_STRUCTURE = b"[]{},"
_NOT_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNWANTED_ESCAPE = re.compile(rb"\\(?:[bfr]|u(?:00[0189a]|0020|007f|1680|20[0-6]|3000|d[89a-f]))", re.IGNORECASE)
"""What is unwanted, or blank, where it is written as an escape; and some that is neither."""
_BLANK_EDGES = (rb'"\n', rb'"\t', rb"\n" b'"', rb"\t" b'"')
"""A newline or a tab, as JSON writes it, at an edge of a text."""
_UNWANTED_SIGNS = (b"\x7f", b"\xc2")
"""One of these begins every control character that JSON may hold as it is."""
_CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


class Outline(NamedTuple):
    """What a document shows."""

    structure: bytes
    """Its brackets and commas outside its texts."""
    is_clean: bool
    """Whether no text needs cleaning, keys included. In doubt some do; of what is no JSON it says nothing."""


def clean(text: str) -> str | None:
    """Text without control characters and outer blanks; nothing when nothing is left."""
    return _UNWANTED.sub("", text).strip() or None


def structure(body: bytes) -> bytes:
    """The brackets and commas of a document outside its texts."""
    found, is_inside = bytearray(), 0
    for parts in _parted(body):
        found += _structure_of(parts[is_inside::2])
        is_inside ^= (len(parts) - 1) & 1
    return bytes(found)


def outline(body: bytes) -> Outline:
    """What a document shows."""
    found, is_inside, is_clean = bytearray(), 0, not _has_unwanted(body)
    for parts in _parted(body):
        found += _structure_of(parts[is_inside::2])
        # After its last quotation mark a piece has no text of its own.
        is_clean = is_clean and _have_no_blanks_around(parts[1 - is_inside : -1 : 2])
        is_inside ^= (len(parts) - 1) & 1
    return Outline(bytes(found), is_clean)


def _parted(body: bytes) -> Iterator[list[str]]:
    """What is between quotation marks, piece by piece: every other part is a text."""
    bare = body
    if b"\\" in body:
        # A backslash that is told, and a quotation mark, are letters like any other.
        bare = body.replace(b"\\\\", b"/").replace(b'\\"', b"/")
    start = 0
    while start < len(bare):
        # A piece ends with a quotation mark, so that no text goes on in the next.
        end = bare.find(b'"', start + PIECE_BYTES) + 1 or len(bare)
        yield bare[start:end].decode(errors="replace").split('"')
        start = end


def _structure_of(parts: Sequence[str]) -> bytes:
    return "".join(parts).encode().translate(None, _NOT_STRUCTURE)


def _has_unwanted(body: bytes) -> bool:
    if any(sign in body for sign in _UNWANTED_SIGNS) and _CONTROL.search(body):
        return True
    return b"\\" in body and (any(edge in body for edge in _BLANK_EDGES) or _UNWANTED_ESCAPE.search(body) is not None)


def _have_no_blanks_around(texts: Sequence[str]) -> bool:
    return "" not in texts and list(map(str.strip, texts)) == texts

"""Letters composed (NFC), in time that grows with their number alone, whatever a source piles upon them."""

import re
import unicodedata

PIECE = 32
"""Letters that are composed at a time, and twice as many at most."""
_ASCII = re.compile(r"[\x00-\x7f]")
"""What stands by itself: it never becomes one with what is before it."""


_KINDS = b"a" * 128 + b"b" * 128
_PILE = b"b" * 2 * PIECE


def is_piled(body: bytes) -> bool:
    """Whether so many letters beyond ASCII follow each other (in UTF-8) that they may be marks upon one."""
    return _PILE in body.translate(_KINDS)


def composed(text: str) -> str:
    """The text composed; of more marks upon one letter than any language has, not all are put in order.

    INVARIANT: this is done piece by piece. To put marks in order takes time that grows with the square of their number,
    so that a field of a hundred kilobytes would keep everybody waiting for seconds, and a large one for hours.
    """
    if text.isascii():
        return text
    if len(text) <= PIECE:
        return unicodedata.normalize("NFC", text)
    pieces, start = [], 0
    while start < len(text):
        longest = start + 2 * PIECE
        found = _ASCII.search(text, start + PIECE, longest)
        end = found.start() if found else longest
        pieces.append(unicodedata.normalize("NFC", text[start:end]))
        start = end
    return "".join(pieces)

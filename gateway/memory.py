"""What a large answer took in memory is given back to the system as soon as it is read."""

import ctypes
import os

LARGE_BYTES = 1_048_576
"""From this size on a block is the system's own, and not a part of a heap that small blocks keep from shrinking."""
_M_MMAP_THRESHOLD = -3
_SAID_BY_THE_OPERATOR = "MALLOC_MMAP_THRESHOLD_"


def give_back_large_blocks() -> bool:
    """Say so to the C library, once and for the whole process; whether it is one that can be told (glibc).

    Left to itself glibc moves this limit up to the largest block it has seen. A few answers of megabytes then leave a
    heap a fifth larger for good.
    """
    if _SAID_BY_THE_OPERATOR in os.environ:
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))
    except (OSError, AttributeError):
        return False

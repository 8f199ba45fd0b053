"""Folding small counts (pieni lukumäärä) so that counts tell of no single person, not by subtraction either.

INVARIANT: a count that is shown is nought or at least ``SMALLEST``; and what is not shown of a whole that is shown
amounts to nothing, or to at least ``SMALLEST`` in at least two places.
"""

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")

SMALLEST = 5
"""How many people a count must be of, to be shown."""


def folded(counts: Mapping[K, int]) -> dict[K, int | None]:
    """The counts of a whole that is itself shown, with nothing in place of each that must not be.

    Every small count goes, and with them the next smallest until what has gone could be anybody's.
    """
    hidden = hidden_of(counts)
    return {key: None if key in hidden else count for key, count in counts.items()}


def hidden_of(counts: Mapping[K, int]) -> set[K]:
    """The places whose counts must not be shown beside their sum."""
    by_size = sorted(counts, key=lambda key: (counts[key], str(key)))
    hidden = {key for key in by_size if 0 < counts[key] < SMALLEST}
    if not hidden:
        return set()
    for key in by_size:
        if len(hidden) >= 2 and sum(counts[each] for each in hidden) >= SMALLEST:
            break
        if counts[key] > 0:
            hidden.add(key)
    if len(hidden) < 2 or sum(counts[each] for each in hidden) < SMALLEST:
        # Nothing else to hide behind: then the whole partition says nothing.
        return set(counts)
    return hidden


def groups_folded(sizes: Mapping[K, int]) -> set[K]:
    """The groups to put together into one that is shown without its name: the small ones, and enough besides.

    Where all of them together are too few, every group is in it, and of it not even a count may be shown.
    """
    by_size = sorted(sizes, key=lambda key: (sizes[key], str(key)))
    small = {key for key in by_size if sizes[key] < SMALLEST}
    if not small:
        return set()
    for key in by_size:
        if len(small) >= 2 and sum(sizes[each] for each in small) >= SMALLEST:
            break
        small.add(key)
    return small

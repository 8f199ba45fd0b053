"""What was withheld, told from the decision alone: per selected coordinate, the item, the reason and the rules.

It names no plan, no count and no person, and does not depend on whether there were data to withhold.
"""

from collections.abc import Collection, Mapping
from typing import Any

from cachetools import LRUCache

from hoks.access.decide import Grant, Reason, Refusal
from hoks.items import Aspect, Item, Slice
from resolvers.coordinates import Entry

_WEIGHT = {Reason.NO_RULE: 0, Reason.CONDITION_NOT_MET: 1, Reason.UNKNOWN_FACT: 2}

MOST_SHAPES = 64
"""Of how many shapes of grants one operation keeps what they withhold."""


class Withholding:
    """What of one operation is withheld, worked out once for each shape of the grants in scope.

    A shape is what grants give and refuse, whatever right and whomever they are of.
    """

    def __init__(self, selected: Collection[str], entries: Mapping[str, Entry]) -> None:
        self._entries = {each: entries[each] for each in selected if each in entries}
        self._known: LRUCache[Any, list[dict[str, Any]]] = LRUCache(MOST_SHAPES)

    def rows(self, grants: Collection[Grant], *, of_others: bool) -> list[dict[str, Any]]:
        """The rows of ``withheld``; not to be changed."""
        shape = (of_others, frozenset((each.allowances, tuple(each.refusals.items())) for each in grants))
        known = self._known.get(shape)
        if known is None:
            known = self._known[shape] = withheld(self._entries, self._entries, grants, of_others=of_others)
        return known


def withheld(
    selected: Collection[str], entries: Mapping[str, Entry], grants: Collection[Grant], *, of_others: bool
) -> list[dict[str, Any]]:
    """One row per selected coordinate and item that any grant in scope withholds, sorted by coordinate.

    ``of_others`` says whether somebody else than the caller is shown: what the gateway keeps is withheld then.
    """
    whole, days = _refusals(grants, days=False), _refusals(grants, days=True)
    rows: list[dict[str, Any]] = []
    for coordinate in sorted(selected):
        entry = entries.get(coordinate)
        if entry is None:
            continue
        if entry.is_kept:
            rows += [_row(coordinate, None, Refusal(Reason.NO_RULE))] if of_others else []
            continue
        if coordinate in _OF_THE_PERSON:
            rows += _of_the_person(coordinate, whole, grants)
            continue
        refusals = days if entry.is_day else whole
        refused = [item for item in sorted(entry.items) if item in refusals]
        if entry.is_structure and len(refused) < len(entry.items):
            continue
        rows += [_row(coordinate, item, refusals[item]) for item in refused]
    return rows


_OF_THE_PERSON = {"Student.oid": False, "Student.name": True}
"""Coordinates that any one grant opens for the whole student, and whether a grant of names is enough."""


def _of_the_person(
    coordinate: str, refusals: Mapping[Item, Refusal], grants: Collection[Grant]
) -> list[dict[str, Any]]:
    by_name = _OF_THE_PERSON[coordinate]
    opened = any(
        Item.ID not in grant.refusals or (by_name and Slice(Item.ID, Aspect.NAMES) in grant.sides) for grant in grants
    )
    return [] if opened or not grants else [_row(coordinate, Item.ID, refusals[Item.ID])]


def _refusals(grants: Collection[Grant], *, days: bool) -> dict[Item, Refusal]:
    """Per item, the refusal that stands for all grants in scope; of a day, only where not even its day is given."""
    refusals: dict[Item, Refusal] = {}
    for grant in grants:
        sides = grant.sides if days else frozenset()
        for item, refusal in grant.refusals.items():
            if Slice(item, Aspect.DATES) in sides:
                continue
            known = refusals.get(item)
            refusals[item] = refusal if known is None else _heavier(known, refusal)
    return refusals


def _heavier(one: Refusal, other: Refusal) -> Refusal:
    reason = max(one.reason, other.reason, key=_WEIGHT.__getitem__)
    return Refusal(reason, tuple(sorted({*one.rules, *other.rules})))


def _row(coordinate: str, item: Item | None, refusal: Refusal) -> dict[str, Any]:
    return {
        "coordinate": coordinate,
        "item": item,
        "reason": refusal.reason.value,
        "rules": list(refusal.rules),
    }

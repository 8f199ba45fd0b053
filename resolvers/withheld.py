"""What was withheld, told from the decision alone: per selected coordinate, the item, the reason and the rules.

It names no plan, no count and no person, and does not depend on whether there were data to withhold.
"""

from collections.abc import Collection, Mapping
from typing import Any

from hoks.access.decide import Grant, Reason, Refusal
from hoks.items import Item
from resolvers.coordinates import Entry

_WEIGHT = {Reason.NO_RULE: 0, Reason.CONDITION_NOT_MET: 1, Reason.UNKNOWN_FACT: 2}


def withheld(
    selected: Collection[str], entries: Mapping[str, Entry], grants: Collection[Grant]
) -> list[dict[str, Any]]:
    """One row per selected coordinate and item that any grant in scope withholds, sorted by coordinate."""
    refusals = _refusals(grants)
    rows: list[dict[str, Any]] = []
    for coordinate in sorted(selected):
        entry = entries.get(coordinate)
        if entry is None or coordinate.startswith("Student."):
            continue
        refused = [item for item in sorted(entry.items) if item in refusals]
        if entry.is_structure and len(refused) < len(entry.items):
            continue
        rows += [_row(coordinate, item, refusals[item]) for item in refused]
    return rows


def _refusals(grants: Collection[Grant]) -> dict[Item, Refusal]:
    """Per item, the refusal that stands for all grants in scope."""
    refusals: dict[Item, Refusal] = {}
    for grant in grants:
        for item, refusal in grant.refusals.items():
            known = refusals.get(item)
            refusals[item] = refusal if known is None else _heavier(known, refusal)
    return refusals


def _heavier(one: Refusal, other: Refusal) -> Refusal:
    reason = max(one.reason, other.reason, key=_WEIGHT.__getitem__)
    return Refusal(reason, tuple(sorted({*one.rules, *other.rules})))


def _row(coordinate: str, item: Item, refusal: Refusal) -> dict[str, Any]:
    return {
        "coordinate": coordinate,
        "item": item.value,
        "reason": refusal.reason.value,
        "rules": list(refusal.rules),
    }

"""Procurement links (sisältyy opiskeluoikeuteen): which right is part of which other provider's right.

The link is written on the implementing right and points at the procuring one, whose plan is the one plan. It is
followed one step, both ways. A wrong, dead or circular link is a finding and shares nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

import msgspec

from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.merged import MergedRight
from hoks.study_right import Phase, within_five_years


class LinkState(StrEnum):
    """What a link is worth."""

    VALID = "VALID"
    WRONG_SCHOOL = "WRONG_SCHOOL"
    SCHOOL_UNKNOWN = "SCHOOL_UNKNOWN"
    TARGET_UNKNOWN = "TARGET_UNKNOWN"
    TARGET_GONE = "TARGET_GONE"
    """Annulled, or over for more than five years: nobody may be told that it was there."""
    TARGET_ENDED = "TARGET_ENDED"
    CYCLE = "CYCLE"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link: the implementing right, the right it points at where that is known, and what it is worth."""

    implementing: MergedRight
    procuring: MergedRight | None
    state: LinkState
    chained: bool = False


_FINDING = {
    LinkState.WRONG_SCHOOL: FindingCode.LINK_NAMES_WRONG_SCHOOL,
    LinkState.SCHOOL_UNKNOWN: FindingCode.LINK_NAMES_WRONG_SCHOOL,
    LinkState.TARGET_UNKNOWN: FindingCode.LINK_TARGET_UNKNOWN,
    LinkState.TARGET_GONE: FindingCode.LINK_TARGET_UNKNOWN,
    LinkState.TARGET_ENDED: FindingCode.LINK_TARGET_ENDED,
    LinkState.CYCLE: FindingCode.LINK_CYCLE,
}


def find_links(rights: Sequence[MergedRight], day: date) -> tuple[Link, ...]:
    """All links among one person's rights, in order of the implementing right."""
    by_oid = {right.oid: right for right in rights}
    return tuple(_link(right, by_oid, day) for right in rights if right.right.included_in is not None)


def findings_of(link: Link, *, every_source_answered: bool) -> tuple[Finding, ...]:
    """What is to be said of a link. A target that a failed source may hold is not called unknown."""
    codes = [_FINDING[link.state]] if link.state in _FINDING else []
    if link.state is LinkState.TARGET_UNKNOWN and not every_source_answered:
        codes = []
    if link.chained:
        codes.append(FindingCode.LINK_CHAIN)
    return tuple(finding(code, "includedIn", Item.SR) for code in codes)


def _link(right: MergedRight, by_oid: Mapping[StudyRightOid, MergedRight], day: date) -> Link:
    included_in = right.right.included_in
    assert included_in is not None, "only linked rights are asked"
    target = by_oid.get(included_in.oid)
    if target is None:
        return Link(implementing=right, procuring=None, state=LinkState.TARGET_UNKNOWN)
    state = _state(right, target, by_oid, day)
    chained = target.right.included_in is not None and state is not LinkState.CYCLE
    return Link(implementing=right, procuring=target, state=state, chained=chained)


def _state(
    right: MergedRight, target: MergedRight, by_oid: Mapping[StudyRightOid, MergedRight], day: date
) -> LinkState:
    school = right.right.included_in.school_oid if right.right.included_in else None
    if _is_in_a_cycle(right, by_oid):
        return LinkState.CYCLE
    if target.phase in (Phase.ANNULLED, Phase.UNKNOWN) or _is_out_of_the_store(target, day):
        return LinkState.TARGET_GONE
    if school is None or target.right.school is None:
        return LinkState.SCHOOL_UNKNOWN
    if school != target.right.school.oid:
        return LinkState.WRONG_SCHOOL
    return LinkState.TARGET_ENDED if target.phase is Phase.ENDED else LinkState.VALID


def _is_out_of_the_store(right: MergedRight, day: date) -> bool:
    return right.ended_on is not None and not within_five_years(right.ended_on, day)


def _is_in_a_cycle(right: MergedRight, by_oid: Mapping[StudyRightOid, MergedRight]) -> bool:
    seen = {right.oid}
    step: MergedRight | None = right
    while step is not None and step.right.included_in is not None:
        step = by_oid.get(step.right.included_in.oid)
        if step is not None and step.oid in seen:
            return step.oid == right.oid
        if step is not None:
            seen.add(step.oid)
    return False

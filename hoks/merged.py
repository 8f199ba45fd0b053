"""A study right as its sources together tell it: one record, its phase on the day, and when it ended.

Koski is the register of rights and comes first; where sources disagree on the state, the more restrictive one
decides and the disagreement is a finding. Nothing that one source knows is lost because another does not.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from hoks.findings import FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.study_right import RESTRICTION, Phase, StudyRight, ended_on, period_on, phase_on


class MergedRight(msgspec.Struct, frozen=True, kw_only=True):
    """A right, and what it is on the day."""

    right: StudyRight
    phase: Phase
    ended_on: date | None = None
    told_by: frozenset[str] = frozenset()
    """The sources that told of it."""

    @property
    def oid(self) -> StudyRightOid:
        """The right's OID."""
        return self.right.oid


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One source's word on a right, with the source's place in the order of precedence (lower comes first)."""

    right: StudyRight
    precedence: int
    source: str


def merge_rights(told: Iterable[Told], day: date) -> tuple[MergedRight, ...]:
    """One merged right per OID, in order of OID; the order of the sources' answers does not matter."""
    by_oid: dict[StudyRightOid, list[Told]] = {}
    for each in told:
        by_oid.setdefault(each.right.oid, []).append(each)
    return tuple(_merge(sorted(by_oid[oid], key=_order), day) for oid in sorted(by_oid))


def _order(told: Told) -> tuple[int, str, bytes]:
    return (told.precedence, told.source, msgspec.json.encode(told.right))


def _merge(told: Sequence[Told], day: date) -> MergedRight:
    rights = [each.right for each in told]
    told_by = frozenset(each.source for each in told)
    phases = {phase_on(right, day) for right in rights}
    phase = max(phases, key=RESTRICTION.__getitem__)
    ends = [end for end in (ended_on(right, day) for right in rights) if end is not None]
    first = _completed(rights)
    period = period_on(next(right for right in rights if phase_on(right, day) is phase), day)
    findings = list(dict.fromkeys(found for right in rights for found in right.findings or ()))
    if len(phases) > 1:
        findings.append(finding(FindingCode.SOURCES_DISAGREE_ON_STATE, "state", Item.SR))
    right = msgspec.structs.replace(
        first, phase=phase, state=period.state if period else None, findings=tuple(findings)
    )
    ended = min(ends, default=None) if phase is Phase.ENDED else None
    return MergedRight(right=right, phase=phase, ended_on=ended, told_by=told_by)


def _completed(rights: Sequence[StudyRight]) -> StudyRight:
    """The first source's record, with what it lacks taken from the next one that has it."""
    first, *others = rights
    for other in others:
        lacking = {
            name: value
            for name in StudyRight.__struct_fields__
            if getattr(first, name) in (None, ()) and (value := getattr(other, name)) not in (None, ())
        }
        first = msgspec.structs.replace(first, **lacking) if lacking else first
    return first

"""A study right as its sources together tell it: one record, its phase on the day, and when it ended.

Koski is the register of rights and comes first; where sources disagree on the state, the more restrictive one
decides and the disagreement is a finding. Nothing that one source knows is lost because another does not.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import msgspec

from hoks.beside import Beside
from hoks.findings import FindingCode, finding
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item
from hoks.ports import REGISTER
from hoks.study_right import RESTRICTION, Phase, StudyRight, ended_on, period_on, phase_on


class MergedRight(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A right, and what it is on the day."""

    right: StudyRight
    phase: Phase
    ended_on: date | None = None
    told_by: frozenset[str] = frozenset()
    """The sources that told of it."""
    is_doubtful: bool = False
    """Whether a register that could have restricted it did not answer: then it opens nothing by being valid."""

    @property
    def oid(self) -> StudyRightOid:
        """The right's OID."""
        return self.right.oid


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One source's word on a right, with the source's place in the order of precedence (lower comes first)."""

    right: StudyRight
    precedence: int
    source: str
    provider: OrganisationOid | None = None
    """The provider whose right it is, by the tree."""
    is_own: bool = True
    """Whether the source is that provider's own."""


def merge_rights(told: Iterable[Told], day: date) -> tuple[MergedRight, ...]:
    """One merged right per OID, in order of OID; the order of the sources' answers does not matter."""
    by_oid: dict[StudyRightOid, list[Told]] = {}
    for each in told:
        by_oid.setdefault(each.right.oid, []).append(each)
    return tuple(_merge(_in_order(by_oid[oid]), day) for oid in sorted(by_oid))


def _in_order(told: Sequence[Told]) -> Sequence[Told]:
    return sorted(told, key=_order) if len(told) > 1 else told


def _order(told: Told) -> tuple[int, str, bytes]:
    return (told.precedence, told.source, msgspec.json.encode(told.right))


def _merge(told: Sequence[Told], day: date) -> MergedRight:
    first, *others = told
    return _merged(first.right, (first.precedence, first.source, first.provider, first.is_own), tuple(others), day)


def _put_together(
    first: StudyRight,
    said_by: tuple[int, str, OrganisationOid | None, bool],
    others: tuple[Told, ...],
    day: date,
) -> MergedRight:
    precedence, source, provider, is_own = said_by
    word = Told(right=first, precedence=precedence, source=source, provider=provider, is_own=is_own)
    told, is_disputed = _undisputed([word, *others])
    rights = [each.right for each in told]
    told_by = _sources(frozenset(each.source for each in told))
    phases = {phase_on(right, day) for right in rights}
    phase = Phase.UNKNOWN if is_disputed else max(phases, key=RESTRICTION.__getitem__)
    ends = [end for end in (ended_on(right, day) for right in rights) if end is not None]
    first = _completed(rights)
    period = period_on(next((right for right in rights if phase_on(right, day) is phase), first), day)
    findings = list(dict.fromkeys(found for right in rights for found in right.findings or ()))
    if is_disputed:
        findings.append(finding(FindingCode.SOURCES_DISAGREE_ON_PROVIDER, "provider", Item.SR))
    if len(phases) > 1:
        findings.append(finding(FindingCode.SOURCES_DISAGREE_ON_STATE, "state", Item.SR))
    right = msgspec.structs.replace(
        first, phase=phase, state=period.state if period else None, findings=tuple(findings)
    )
    ended = min(ends, default=None) if phase is Phase.ENDED else None
    return MergedRight(right=right, phase=phase, ended_on=ended, told_by=told_by)


@lru_cache(maxsize=1024)
def _sources(told_by: frozenset[str]) -> frozenset[str]:
    """Of equal sets the same one: most rights are told of by the same few sources."""
    return told_by


_merged: Beside[StudyRight, MergedRight] = Beside(_put_together, lambda merged: (merged.right,))


def _undisputed(told: Sequence[Told]) -> tuple[list[Told], bool]:
    """What is told by those who agree whose right it is, and whether that stays disputed.

    INVARIANT: one provider's source never makes another's right its own. The register decides; between student systems
    nobody does, and the right opens nothing.
    """
    if len({each.provider for each in told if each.provider is not None}) < 2:
        return list(told), False
    owners = [each.provider for each in told if each.is_own]
    registered = [each.provider for each in told if each.is_own and each.precedence == REGISTER]
    deciding = set(registered or owners)
    if len(deciding) != 1:
        return list(told), True
    return [each for each in told if each.provider in deciding], False


_WHOSE = frozenset({"provider", "school", "site", "included_in"})
"""Fields that say whose a right is: told by one source, never put together from several."""


def _completed(rights: Sequence[StudyRight]) -> StudyRight:
    """The first source's record, with what it lacks taken from the next one that has it."""
    first, *others = rights
    for other in others:
        lacking = {
            name: value
            for name in StudyRight.__struct_fields__
            if name not in _WHOSE
            and getattr(first, name) in (None, ())
            and (value := getattr(other, name)) not in (None, ())
        }
        first = msgspec.structs.replace(first, **lacking) if lacking else first
    return first

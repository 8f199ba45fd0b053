"""Merging: the plans of one student from every source, side by side with provenance.

Union, not fusion: a plan belongs to one study right and its provider answers for it. The owner's answer stands; a
different copy elsewhere becomes a finding and never a silent winner. The order and repetition of replies do not matter.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from hoks.access.redact import redact
from hoks.beside import Beside, itself
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.links import Link, LinkState
from hoks.merged import MergedRight
from hoks.plan import Hoks
from hoks.stamp import stamp
from hoks.student import Person
from hoks.study_right import StudyRight
from hoks.values import Provenance


class ToldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One source's plan, whether the source is the plan's owner's own, and the source's place among them."""

    plan: Hoks
    provenance: Provenance
    is_owners: bool
    precedence: int


class StudentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was read of one student, whole: never shown before redaction."""

    person: Person
    rights: tuple[MergedRight, ...]
    links: tuple[Link, ...]
    plans: tuple[Hoks, ...]

    def plans_covering(self, right: StudyRightOid) -> tuple[Hoks, ...]:
        """The plans of a right: its own first, then over a valid procurement link the procuring right's."""
        procuring = {link.procuring.oid for link in self.links if link.procuring and shares(link, right)}
        own = [plan for plan in self.plans if plan.study_right_oid == right]
        return (*own, *(plan for plan in self.plans if plan.study_right_oid in procuring - {right}))


def merge(
    person: Person,
    rights: Sequence[MergedRight],
    links: Sequence[Link],
    told: Iterable[ToldPlan],
    *,
    key: bytes,
) -> StudentRecord:
    """One student's record. ``key`` is the secret of the parts' ids."""
    plans = _plans({right.oid: right for right in rights}, list(told), key)
    return StudentRecord(
        person=person,
        rights=tuple(rights),
        links=tuple(links),
        plans=plans,
    )


def _plans(rights: Mapping[StudyRightOid, MergedRight], told: Sequence[ToldPlan], key: bytes) -> tuple[Hoks, ...]:
    by_right: dict[StudyRightOid, list[ToldPlan]] = {}
    for each in _in_order(told):
        by_right.setdefault(each.plan.study_right_oid, []).append(each)
    merged: list[Hoks] = []
    for oid in sorted(by_right):
        own = [each for each in by_right[oid] if each.is_owners]
        if own:
            copies = _copies(own, by_right[oid])
            merged += [_finished(each, rights[oid], copies, key) for each in _first_source(own)]
    return tuple(merged)


def _in_order(told: Iterable[ToldPlan]) -> Iterator[ToldPlan]:
    """The plans by right and by place; those of one source and right by what they say, and only they are looked at."""
    for _, alike in groupby(sorted(told, key=_place), key=_place):
        several = list(alike)
        yield from sorted(several, key=lambda each: msgspec.json.encode(each.plan)) if several[1:] else several


def _place(told: ToldPlan) -> tuple[StudyRightOid, bool, int, str]:
    return (told.plan.study_right_oid, not told.is_owners, told.precedence, told.provenance.source)


def _first_source(own: Sequence[ToldPlan]) -> list[ToldPlan]:
    """The plans of the owner's first source, each once; several there are all kept."""
    first = own[0].provenance.source
    distinct: list[ToldPlan] = []
    for each in own:
        if each.provenance.source == first and all(each.plan != other.plan for other in distinct):
            distinct.append(each)
    return distinct


def _copies(own: Sequence[ToldPlan], told: Sequence[ToldPlan]) -> tuple[Finding, ...]:
    """A finding for each item in which another source's copy differs, seen by those who see that item."""
    others = [each.plan for each in told if each.provenance.source != own[0].provenance.source]
    if not others:
        return ()
    kept = {_digest(each.plan) for each in _first_source(own)}
    differing = [other for other in others if _digest(other) not in kept]
    items = {item for other in differing for item in _differing(own[0].plan, other)}
    return tuple(finding(FindingCode.DIFFERENT_COPY, "hoksit", item) for item in Item if item in items)


def _differing(one: Hoks, other: Hoks) -> list[Item]:
    """The items in which two plans differ."""
    of_one, of_other = _digests(one), _digests(other)
    return [item for item in Item if of_one[item] != of_other[item]]


def _digest_of(plan: Hoks | None) -> bytes:
    text = msgspec.json.encode(content_of(plan) if plan is not None else None)
    return hashlib.blake2b(text, digest_size=32).digest()


def _digests_of(plan: Hoks) -> dict[Item, bytes]:
    return {item: _digest_of(redact(plan, frozenset({item}))) for item in Item}


_digest: Beside[Hoks, bytes] = Beside(_digest_of)
"""What a plan says, in few bytes: plans that say the same have the same."""
_digests: Beside[Hoks, dict[Item, bytes]] = Beside(_digests_of)
"""The same of each item alone."""


def _finished(told: ToldPlan, right: MergedRight, findings: tuple[Finding, ...], key: bytes) -> Hoks:
    return _of_right(stamp(told.plan, told.provenance, key), right.right, findings)


def _put_together(plan: Hoks, right: StudyRight, findings: tuple[Finding, ...]) -> Hoks:
    return msgspec.structs.replace(
        plan,
        study_right=right,
        provider=right.provider,
        findings=tuple(dict.fromkeys((*(plan.findings or ()), *findings))),
    )


_of_right: Beside[Hoks, Hoks] = Beside(_put_together, itself)
"""The stamped plan with its right as merged, and what was found in merging."""


def shares(link: Link, implementing: StudyRightOid) -> bool:
    """Whether over this link the procuring right's plan is the implementing right's too."""
    return link.state is LinkState.VALID and link.implementing.oid == implementing


_NOT_CONTENT = frozenset(
    {
        *("id", "module_id", "source_key", "source_id", "external_id", "provenance", "findings"),
        *("student_oid", "included_study_right_oids"),  # an alias is the same person; a copy does not know the link
        "version",  # of a code, which exports leave out, and of the document, which each system counts for itself
    }
)


def content_of(plan: Hoks) -> object:
    """A plan without what differs between two systems that hold the same plan: keys, ids, versions, provenance."""
    return _strip(msgspec.to_builtins(plan))


def _strip(value: object) -> object:
    if isinstance(value, dict):
        return {key: _strip(each) for key, each in value.items() if key not in _NOT_CONTENT}
    if isinstance(value, list | tuple):
        return [_strip(each) for each in value]
    # One system writes 15 and another 15.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value

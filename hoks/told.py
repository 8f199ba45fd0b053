"""What sources told: replies turned into words on rights and plans, each with whose it is, how old, and how it came.

A source may speak only for its own provider's organisations and only of the person asked about; what is foreign is
dropped and marks the source's answer invalid.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

from hoks.beside import Beside
from hoks.codes import StudyRightType
from hoks.hearing import heard, provider_named, reading_of
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.links import Link, LinkState
from hoks.looked import Looked, Want
from hoks.merge import ToldPlan
from hoks.merged import MergedRight, Told
from hoks.organisations import Tree, deciding, is_within, may_tell_of, organisations_of, provider_of
from hoks.outcomes import FAILED, HEALTHY, SEVERITY, Outcome, Reading, Reply, oldest, worst
from hoks.plan import Hoks
from hoks.ports import RightsTold, Source
from hoks.relations import Appointment
from hoks.student import Person, SourceStatus
from hoks.study_right import Phase, StudyRight, within_five_years
from hoks.values import Organisation, Provenance

MOST_SETS = 256
"""Of organisations that somebody's rights concern."""

log = logging.getLogger(__name__)

PlansReply = Reply[StudyRightOid, tuple[Hoks, ...]]


def person_of(asked: LearnerOid, found: Person | None) -> Person:
    """The person found, if the OID that was asked is one of theirs; else the one OID alone."""
    return found if found is not None and asked in found.all_oids else Person(oid=asked)


def rights_in(told: Iterable[RightsTold]) -> Iterator[StudyRight]:
    """The rights that were told."""
    return (right for part in told for answer in part.answers for right in answer.value or ())


def words_on_rights(told: Iterable[RightsTold], tree: Tree) -> tuple[list[Told], frozenset[str]]:
    """What the sources say of a person's rights, and which told of foreign ones, by source id; those are dropped."""
    words: list[Told] = []
    foreign: set[str] = set()
    for part in told:
        for source, answer in zip(part.sources, part.answers, strict=True):
            if not answer.value:
                continue
            # A plan belongs to a right to vocational or preparatory education; no other right opens or holds one.
            rights = [right for right in answer.value if right.type is not StudyRightType.OTHER]
            spoken = [right for right in rights if may_speak_for(source, right, tree)]
            words += [told_right(source, reading_of(answer), right, tree) for right in spoken]
            if not _none_foreign(source, len(rights) - len(spoken)):
                foreign.add(source.id)
    return words, frozenset(foreign)


def everything_in(replies: Iterable[Reply[Any, Any]]) -> tuple[Any, ...]:
    """Everything that replies found, under whichever key."""
    return tuple(each for reply in replies for answer in reply.answers.values() for each in answer.value or ())


def all_answered(replies: Iterable[Reply[Any, Any]]) -> bool:
    """Whether no reply leaves a gap."""
    return not any(answer.outcome in FAILED for reply in replies for answer in reply.answers.values())


def all_read(wanted: Mapping[str, Sequence[Want]], plans: Mapping[str, tuple[Source, PlansReply]]) -> bool:
    """Whether every plan that was asked of its owner's source was told to be there or not."""
    return not any(
        plans[source_id][1].answers[want.right].outcome in FAILED
        for source_id, wants in wanted.items()
        for want in wants
        if want.is_owners
    )


def told_plans(
    looked: Looked, wanted: Mapping[str, Sequence[Want]], plans: Mapping[str, tuple[Source, PlansReply]]
) -> tuple[list[ToldPlan], dict[str, tuple[Source, SourceStatus]]]:
    """What the sources gave of a person's plans, and how each owner's source answered; a foreign plan is dropped."""
    told: list[ToldPlan] = []
    statuses: dict[str, tuple[Source, SourceStatus]] = {}
    tree = looked.situation.tree
    for precedence, (source_id, wants) in enumerate(wanted.items()):
        source, reply = plans[source_id]
        outcomes: list[Outcome] = []
        readings: list[Reading] = []
        for want in wants:
            answer, reading = reply.answers[want.right], reply.reading(want.right)
            provenance = provenance_of(source, reading, tree)
            given = answer.value or ()
            own = [each for each in given if each.study_right_oid == want.right and is_of(each, looked.person)]
            told += [
                ToldPlan(plan=each, provenance=provenance, is_owners=want.is_owners, precedence=precedence)
                for each in own
            ]
            if want.is_owners and want.may_be_shown:
                is_own = _none_foreign(source, len(given) - len(own))
                outcomes.append(answer.outcome if is_own else Outcome.INVALID)
                readings.append(reading)
        if outcomes:
            statuses[source_id] = (source, heard(source, oldest(readings), worst(outcomes), tree))
    return told, statuses


def _none_foreign(source: Source, foreign: int) -> bool:
    """Whether nothing had to be dropped as foreign; what had to is logged, without whose it was."""
    if foreign:
        log.warning("source %s: %s (foreign) x %d", source.id, Outcome.INVALID.value, foreign)
    return not foreign


def organisations_named(acting: OrganisationOid | None, told: Iterable[RightsTold]) -> frozenset[OrganisationOid]:
    """Every organisation whose place in the tree a decision needs."""
    each = [_named_by(part) for part in told]
    named = each[0] if len(each) == 1 else frozenset[OrganisationOid]().union(*each)
    return named if acting is None or acting in named else named | {acting}


def places_of_rights(told: Sequence[RightsTold], tree: Tree) -> Tree:
    """Of the tree, what decides on the rights that were told: whose each is and who may tell of it."""
    places = {oid: node for part in told for oid in _concerned(part) if (node := tree.get(oid)) is not None}
    for provider in [node.provider_oid for node in places.values()]:
        if provider is not None and provider in tree:
            places[provider] = tree[provider]
    return places


def _organisations_of(rights: Iterable[StudyRight]) -> Iterator[OrganisationOid]:
    for right in rights:
        yield from organisations_of(right)
        if right.included_in is not None and right.included_in.school_oid is not None:
            yield right.included_in.school_oid


@lru_cache(MOST_SETS)
def _one_for_all(organisations: frozenset[OrganisationOid]) -> frozenset[OrganisationOid]:
    """Of equal sets the same one: most persons' rights are at the same few organisations."""
    return organisations


_named_by: Beside[RightsTold, frozenset[OrganisationOid]] = Beside(
    lambda told: _one_for_all(
        frozenset([*(source.provider_oid for source in told.sources), *_organisations_of(rights_in([told]))])
    )
)
"""The organisations of all who told it, and of the rights."""
_concerned: Beside[RightsTold, frozenset[OrganisationOid]] = Beside(
    lambda told: _one_for_all(
        frozenset(
            [
                *(source.provider_oid for source, each in zip(told.sources, told.answers, strict=True) if each.value),
                *_organisations_of(rights_in([told])),
            ]
        )
    )
)
"""The same without those who told nothing."""


def may_speak_for(source: Source, right: StudyRight, tree: Tree) -> bool:
    """Whether a right is the source's to tell: its own provider's, or one included in its provider's right.

    Whose it is, its school says first. Where the tree does not know it cannot be refuted; such a right opens nothing to
    any provider anyway.
    """
    is_unknown = provider_of(right, tree) is None or source.provider_oid not in tree
    if is_unknown or may_tell_of(source.provider_oid, right, tree):
        return True
    school = right.included_in.school_oid if right.included_in is not None else None
    return school is not None and (school not in tree or is_within(school, source.provider_oid, tree))


def with_doubts(
    rights: Iterable[MergedRight], silent: Collection[OrganisationOid], registers: Collection[str], tree: Tree
) -> tuple[MergedRight, ...]:
    """The rights, those marked that a register could restrict which is silent: losing evidence never grants more.

    ``silent`` are the providers whose register of rights did not answer, ``registers`` the ids of all registers.
    """
    return tuple(
        msgspec.structs.replace(right, is_doubtful=True)
        if not _providers_concerned(right.right, tree).isdisjoint(silent) and right.told_by.isdisjoint(registers)
        else right
        for right in rights
    )


def _providers_concerned(right: StudyRight, tree: Tree) -> set[OrganisationOid]:
    """The providers whose registers may hold a right: its own, and the one it is included in."""
    school = right.included_in.school_oid if right.included_in is not None else None
    node = tree.get(school) if school is not None else None
    nodes = [each for each in (deciding(right, tree), node) if each is not None]
    providers = {provider for each in nodes for provider in (each.provider_oid, *each.succeeded_by)}
    return {provider for provider in providers if provider is not None}


def may_appoint(
    appointment: Appointment, rights: Collection[MergedRight], links: Collection[Link], tree: Tree, day: date
) -> bool:
    """Whether the provider that tells of an appointment answers for the plan, or gives training included in it.

    A right that is annulled, or out of the store, gives its provider no word any more.
    """
    concerned = [right for right in rights if right.oid == appointment.right]
    concerned += [
        link.implementing
        for link in links
        if link.state is LinkState.VALID and link.procuring is not None and link.procuring.oid == appointment.right
    ]
    return any(
        appointment.told_by is not None
        and may_tell_of(appointment.told_by, right.right, tree)
        and right.phase not in (Phase.ANNULLED, Phase.UNKNOWN)
        and (right.ended_on is None or within_five_years(right.ended_on, day))
        for right in concerned
    )


def is_of(plan: Hoks, person: Person) -> bool:
    """Whether a plan is the person's; a plan that names nobody is taken by the right it was asked by."""
    return plan.student_oid is None or plan.student_oid in person.all_oids


def told_right(source: Source, reading: Reading, right: StudyRight, tree: Tree) -> Told:
    """A source's right with provenance, with whose it is by the tree and with the organisations' names."""
    return _told_right(right, source, reading, tree)


def _tell_right(right: StudyRight, source: Source, reading: Reading, tree: Tree) -> Told:
    provider = provider_of(right, tree)
    node = tree.get(provider) if provider is not None else None
    named = msgspec.structs.replace(
        right,
        provider=node.organisation if node is not None else _told_provider(source, right, tree),
        school=_named(right.school, tree),
        site=_named(right.site, tree),
        provenance=provenance_of(source, reading, tree),
    )
    return Told(
        right=named,
        precedence=source.precedence,
        source=source.id,
        provider=provider,
        is_own=may_tell_of(source.provider_oid, right, tree),
    )


_told_right: Beside[StudyRight, Told] = Beside(_tell_right, lambda told: (told.right,))


def _told_provider(source: Source, right: StudyRight, tree: Tree) -> Organisation | None:
    """The provider as the source names it; the source's own only where it names no organisation at all."""
    if right.provider is not None or organisations_of(right):
        return right.provider
    return provider_named(source, tree)


def provenance_of(source: Source, reading: Reading, tree: Tree) -> Provenance:
    """Where a source's records came from."""
    return Provenance(
        provider=provider_named(source, tree),
        source=source.id,
        fetched_at=reading.fetched_at,
        as_of=reading.as_of,
        stale=reading.stale,
    )


def as_shown(status: SourceStatus, *, gave_something: bool) -> SourceStatus:
    """The status as the caller may know it: of a source that answered, only whether something shown came from it."""
    if status.outcome not in HEALTHY:
        return status
    return msgspec.structs.replace(status, outcome=Outcome.OK if gave_something else Outcome.ABSENT)


def worse_of(one: SourceStatus, other: SourceStatus) -> SourceStatus:
    """The status that stands for a source that was asked twice."""
    return max(one, other, key=lambda status: (SEVERITY[status.outcome or Outcome.ABSENT], status.stale))


def _named(organisation: Organisation | None, tree: Tree) -> Organisation | None:
    node = tree.get(organisation.oid) if organisation is not None else None
    return node.organisation if node is not None and node.organisation.name is not None else organisation

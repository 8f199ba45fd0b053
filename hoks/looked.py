"""One student looked at by one caller: their rights, what the caller may see of each, and what is worth fetching."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hoks.access.decide import Grant
from hoks.access.facts import Situation, any_of
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item
from hoks.links import Link, LinkState
from hoks.merged import MergedRight, Told
from hoks.organisations import Known, Tree, is_within, organisations_of, provider_of
from hoks.outcomes import FAILED, HEALTHY, SEVERITY, Outcome, Reply
from hoks.plan import Hoks
from hoks.ports import PlanSource, Source
from hoks.showing import PLAN_ITEMS
from hoks.student import Person, SourceStatus
from hoks.study_right import StudyRight
from hoks.values import Organisation, Provenance


class Want(msgspec.Struct, frozen=True):
    """A plan to ask one source for, and whether that source is the plan's owner's."""

    right: StudyRightOid
    is_owners: bool


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known and decided before any plan is fetched."""

    person: Person
    situation: Situation
    rights: tuple[MergedRight, ...]
    links: tuple[Link, ...]
    grants: Mapping[StudyRightOid, Grant]
    person_items: frozenset[Item]
    heard: Mapping[str, SourceStatus]
    """How each source of rights answered for this person, by source id."""
    register_is_down: bool = False
    """Whether the organisation register could not be asked."""

    @property
    def is_listed(self) -> bool:
        """Whether the student is among the caller's own: owned by the acting organisation, or the caller."""
        own = any(self.situation.owns(right) is Known.YES and self.grants[right.oid].anything for right in self.rights)
        return own or self.situation.is_the_student is Known.YES

    @property
    def every_source_answered(self) -> bool:
        """Whether no source of rights may hold what was not read."""
        return not any(heard.outcome in FAILED for heard in self.heard.values())

    def provider(self, oid: StudyRightOid) -> OrganisationOid | None:
        """The provider that answers for a right, by the tree, or where that is silent by the source."""
        right = next(each.right for each in self.rights if each.oid == oid)
        told = right.provider.oid if right.provider else None
        return provider_of(right, self.situation.tree) or told

    def is_own_source(self, source: Source) -> bool:
        """Whether the source is the acting provider's; to the student every source is."""
        if self.situation.acting is None:
            return self.situation.is_the_student is Known.YES
        node = self.situation.tree.get(self.situation.acting)
        return node is not None and node.provider_oid == source.provider_oid

    def sees_source(self, source: Source) -> bool:
        """Whether the state of a source of rights is in the caller's scope: own, or a claim on concurrent plans."""
        return self.is_own_source(source) or self._has_a_claim

    @property
    def _has_a_claim(self) -> bool:
        valid = (right for right in self.rights if self.situation.is_valid(right))
        return any_of(self.situation.is_the_acting_providers(right) for right in valid) is Known.YES

    def own_sources_are_down(self, sources: Sequence[Source]) -> bool:
        """Whether "nothing" would be a guess, because what says whose the student is could not be read."""
        if self.situation.acting is None:
            return False
        own = (source for source in sources if self.is_own_source(source))
        return self.register_is_down or any(self.heard[source.id].outcome in FAILED for source in own)

    def wanted(self, sources: Sequence[PlanSource]) -> dict[str, list[Want]]:
        """Which plans to ask of which source: the owner's for every granted plan, a partner's for copies of it."""
        wanted: dict[str, list[Want]] = {}
        for right in self.rights:
            if not self._may_show_plan(right):
                continue
            owner, partners = self.provider(right.oid), set(self._partners(right))
            for source in (each.source for each in sources):
                if source.provider_oid == owner or source.provider_oid in partners:
                    wanted.setdefault(source.id, []).append(Want(right.oid, source.provider_oid == owner))
        return wanted

    def _may_show_plan(self, right: MergedRight) -> bool:
        allowances = self.grants[right.oid].allowances
        return any(not allowance.items.isdisjoint(PLAN_ITEMS) for allowance in allowances)

    def _partners(self, right: MergedRight) -> Iterator[OrganisationOid]:
        for link in self.links:
            if link.state is LinkState.VALID and link.procuring is not None and link.procuring.oid == right.oid:
                provider = self.provider(link.implementing.oid)
                if provider is not None:
                    yield provider


def organisations_named(
    acting: OrganisationOid | None, told: Sequence[tuple[Source, Mapping[object, tuple[StudyRight, ...]]]]
) -> set[OrganisationOid]:
    """Every organisation whose place in the tree a decision needs."""
    oids = {acting} if acting else set()
    for source, answers in told:
        oids.add(source.provider_oid)
        for right in (right for rights in answers.values() for right in rights):
            oids.update(organisations_of(right))
            if right.included_in is not None and right.included_in.school_oid is not None:
                oids.add(right.included_in.school_oid)
    return oids


def may_speak_for(source: Source, right: StudyRight, tree: Tree) -> bool:
    """Whether a right is the source's to tell: its own provider's, or one included in its provider's right.

    Where the tree does not know them it cannot be refuted; such a right opens nothing to any provider anyway.
    """
    named = list(organisations_of(right))
    if right.included_in is not None and right.included_in.school_oid is not None:
        named.append(right.included_in.school_oid)
    if source.provider_oid not in tree or not all(oid in tree for oid in named):
        return True
    return any(is_within(oid, source.provider_oid, tree) for oid in named)


def is_of(plan: Hoks, person: Person) -> bool:
    """Whether a plan is the person's; a plan that names nobody is taken by the right it was asked by."""
    return plan.student_oid is None or plan.student_oid in person.all_oids


def told_right(source: Source, reply: Reply[Any, Any], right: StudyRight, tree: Tree) -> Told:
    """A source's right with provenance and with the organisations' names from the tree."""
    named = msgspec.structs.replace(
        right,
        provider=_named(right.provider, tree) or _provider(source, tree),
        school=_named(right.school, tree),
        site=_named(right.site, tree),
        provenance=provenance_of(source, reply, tree),
    )
    return Told(right=named, precedence=source.precedence, source=source.id)


def provenance_of(source: Source, reply: Reply[Any, Any], tree: Tree) -> Provenance:
    """Where a reply's records came from."""
    return Provenance(
        provider=_provider(source, tree),
        source=source.id,
        fetched_at=reply.fetched_at,
        as_of=reply.as_of,
        stale=reply.stale,
    )


def heard(source: Source, reply: Reply[Any, Any], outcome: Outcome, tree: Tree) -> SourceStatus:
    """How a source answered; an old answer says so whether or not it held something."""
    return SourceStatus(
        source=source.id,
        provider=_provider(source, tree),
        outcome=Outcome.STALE if reply.stale and outcome in HEALTHY else outcome,
        fetched_at=reply.fetched_at,
        as_of=reply.as_of,
        stale=reply.stale,
    )


def as_shown(status: SourceStatus, *, gave_something: bool) -> SourceStatus:
    """The status as the caller may know it: of a source that answered, only whether something shown came from it."""
    if status.outcome not in HEALTHY:
        return status
    return msgspec.structs.replace(status, outcome=Outcome.OK if gave_something else Outcome.ABSENT)


def worse_of(one: SourceStatus, other: SourceStatus) -> SourceStatus:
    """The status that stands for a source that was asked twice."""
    return max(one, other, key=lambda status: (SEVERITY[status.outcome or Outcome.ABSENT], status.stale))


def _provider(source: Source, tree: Tree) -> Organisation:
    node = tree.get(source.provider_oid)
    return node.organisation if node is not None else Organisation(oid=source.provider_oid)


def _named(organisation: Organisation | None, tree: Tree) -> Organisation | None:
    node = tree.get(organisation.oid) if organisation is not None else None
    return node.organisation if node is not None and node.organisation.name is not None else organisation

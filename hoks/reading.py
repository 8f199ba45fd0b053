"""The read path, once for a whole batch of students: identify, rights, facts, decide, fetch, merge, redact.

Each stage asks every source at most once. What a caller may not see is not fetched, and what was fetched is redacted
again by the grant before it leaves this module.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from hoks.access.decide import decide, decide_person
from hoks.access.facts import Situation
from hoks.access.rules import Policy
from hoks.asking import Deadline, ask
from hoks.caller import Caller, Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.links import find_links
from hoks.looked import (
    Looked,
    Want,
    as_shown,
    heard,
    is_of,
    may_speak_for,
    organisations_named,
    provenance_of,
    told_right,
    worse_of,
)
from hoks.merge import ToldPlan, merge
from hoks.merged import Told, merge_rights
from hoks.organisations import Known, Tree, TreeNode
from hoks.outcomes import FAILED, Outcome, Reply, worst
from hoks.plan import Hoks
from hoks.ports import Clock, HolderSource, Identities, Organisations, PlanSource, RightsSource, Source
from hoks.showing import View, show
from hoks.student import Person, SourceStatus
from hoks.study_right import StudyRight

# How much of a request's time is used up, at the latest, when a stage ends.
_HOLDERS, _IDENTIFY, _RIGHTS, _TREE, _PLANS = 0.2, 0.3, 0.6, 0.75, 0.95

_SPARE = 50
"""How many more than a page are looked at in one go, so that a page costs one call although some are not listed."""

_SEES_SOURCES = frozenset({Role.STAFF, Role.SYSTEM})

RightsReply = Reply[LearnerOid, tuple[StudyRight, ...]]
PlansReply = Reply[StudyRightOid, tuple[Hoks, ...]]
Seen = View | SourcesUnavailable | None
"""A student as a caller may see them, that it cannot be told, or nothing."""


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be asked."""

    identities: Identities
    organisations: Organisations
    rights: tuple[RightsSource, ...]
    plans: tuple[PlanSource, ...]
    holders: tuple[HolderSource, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """A page of students in order of OID, and whether more follow."""

    views: tuple[View, ...]
    more: bool


class Reader:
    """Reads students for a caller. One per process; holds no personal data between requests."""

    def __init__(
        self,
        sources: Sources,
        policy: Policy,
        clock: Clock,
        *,
        part_key: bytes,
        request_seconds: float,
        suspended_is_valid: bool = True,
    ) -> None:
        self._sources = sources
        self._policy = policy
        self._clock = clock
        self._part_key = part_key
        self._seconds = request_seconds
        self._suspended_is_valid = suspended_is_valid
        self._health: dict[str, SourceStatus] = {}

    async def sources(self, caller: Caller) -> tuple[SourceStatus, ...]:
        """The sources of the caller's provider and how each answered last; to others, none."""
        if caller.role not in _SEES_SOURCES or caller.organisation is None:
            return ()
        tree, _ = await self._tree({caller.organisation}, Deadline.of(self._seconds))
        node = tree.get(caller.organisation)
        own = {
            source.id
            for source in self._every_source()
            if node is not None and source.provider_oid == node.provider_oid
        }
        return tuple(
            self._health.get(source_id, SourceStatus(source=source_id, outcome=None)) for source_id in sorted(own)
        )

    async def students(self, caller: Caller, oids: Sequence[LearnerOid]) -> dict[LearnerOid, Seen]:
        """Each asked student as the caller may see them."""
        if not self._policy.gives_anything_to(caller.role):
            return dict.fromkeys(oids)
        return await self._students(caller, oids, Deadline.of(self._seconds))

    async def by_rights(self, caller: Caller, rights: Sequence[StudyRightOid]) -> dict[StudyRightOid, Seen]:
        """The student who holds each right, as the caller may see them."""
        keys = list(dict.fromkeys(rights))
        if not self._policy.gives_anything_to(caller.role):
            return dict.fromkeys(keys)
        deadline = Deadline.of(self._seconds)
        until = deadline.at(_HOLDERS)
        replies = await asyncio.gather(
            *(self._ask(each.holders(keys), keys, each.source, until) for each in self._sources.holders)
        )
        holders: dict[StudyRightOid, LearnerOid | None] = {
            right: min([held for each in replies if (held := each.answers[right].value)], default=None)
            for right in keys
        }
        # A right that nobody holds is looked for in the caller's own name: the same questions are asked, and the same
        # comes of it, as for a right that is not the caller's.
        stranger = LearnerOid(caller.subject)
        asked = sorted({holder or stranger for holder in holders.values()})
        seen = await self._students(caller, asked, deadline)
        down = any(reply.outcome in FAILED for reply in replies)
        nobody = SourcesUnavailable("a source of study rights did not answer") if down else None
        if isinstance(unheld := seen.get(stranger), SourcesUnavailable):
            nobody = unheld
        # INVARIANT: a right that is not the caller's and one that nobody holds come to the same, sources down or not.
        return {right: (seen[holder] if holder is not None else None) or nobody for right, holder in holders.items()}

    async def page(self, caller: Caller, *, after: LearnerOid | None, first: int) -> Page:
        """The next ``first`` students of the caller after an OID. Raises ``SourcesUnavailable``."""
        if not self._policy.gives_anything_to(caller.role):
            return Page((), more=False)
        deadline = Deadline.of(self._seconds)
        people = await self._listed(caller, deadline)
        waiting = [person for person in people if after is None or person.oid > after]
        sources = [each.source for each in self._sources.rights]
        chosen: list[Looked] = []
        while waiting and len(chosen) <= first:
            step, waiting = waiting[: first + _SPARE], waiting[first + _SPARE :]
            looked = await self._look(caller, step, deadline)
            if any(each.own_sources_are_down(sources) for each in looked):
                raise SourcesUnavailable("the sources of the acting organisation did not answer")
            chosen += [each for each in looked if each.is_listed]
        views = await self._views(chosen[:first], deadline)
        return Page(tuple(each for each in views.values() if isinstance(each, View)), more=len(chosen) > first)

    async def _students(self, caller: Caller, oids: Sequence[LearnerOid], deadline: Deadline) -> dict[LearnerOid, Seen]:
        people = await self._identify(oids, deadline)
        looked = await self._look(caller, list(dict.fromkeys(people.values())), deadline)
        views = await self._views(looked, deadline)
        return {oid: views[people[oid].oid] for oid in oids}

    # --- identify ---------------------------------------------------------------------------------------------

    async def _identify(self, oids: Collection[LearnerOid], deadline: Deadline) -> dict[LearnerOid, Person]:
        """The person behind each OID; where the register does not tell, the one OID alone."""
        keys = list(dict.fromkeys(oids))
        reply: Reply[LearnerOid, Person] = await ask(
            self._sources.identities.identify(keys),
            keys,
            source="onr",
            until=deadline.at(_IDENTIFY),
            clock=self._clock,
        )
        return {oid: _person(oid, answer.value) for oid, answer in reply.answers.items()}

    async def _listed(self, caller: Caller, deadline: Deadline) -> list[Person]:
        """Everyone whom the sources of the caller's provider list, or the caller alone, by master OID."""
        if caller.organisation is None:
            oids = {LearnerOid(caller.subject)}
        else:
            own = await self._own_sources(caller.organisation, deadline)
            until = deadline.at(_IDENTIFY)
            replies = await asyncio.gather(
                *(self._ask(each.learners(), [each.source.provider_oid], each.source, until) for each in own)
            )
            if any(reply.outcome in FAILED for reply in replies):
                raise SourcesUnavailable("the sources of the acting organisation did not answer")
            oids = {oid for reply in replies for answer in reply.answers.values() for oid in answer.value or ()}
        people = await self._identify(sorted(oids), deadline) if oids else {}
        return sorted(set(people.values()), key=lambda person: person.oid)

    async def _own_sources(self, acting: OrganisationOid, deadline: Deadline) -> list[RightsSource]:
        tree, _ = await self._tree({acting}, deadline)
        if acting not in tree:
            raise SourcesUnavailable("the acting organisation could not be found in the organisation register")
        provider = tree[acting].provider_oid
        return [each for each in self._sources.rights if each.source.provider_oid == provider]

    # --- rights, facts, decision ------------------------------------------------------------------------------

    async def _look(self, caller: Caller, people: Sequence[Person], deadline: Deadline) -> list[Looked]:
        """The rights of each person and what the caller may see of each."""
        keys = [person.oid for person in people]
        until = deadline.at(_RIGHTS)
        replies = await asyncio.gather(
            *(self._ask(each.rights(people), keys, each.source, until) for each in self._sources.rights)
        )
        told = [(source.source, reply) for source, reply in zip(self._sources.rights, replies, strict=True)]
        named = organisations_named(caller.organisation, [(source, _values(reply)) for source, reply in told])
        tree, down = await self._tree(named, deadline)
        return [self._decided(caller, person, told, tree, down) for person in people]

    async def _tree(self, oids: Collection[OrganisationOid], deadline: Deadline) -> tuple[Tree, bool]:
        """The place of each organisation, and whether the register was down."""
        reply: Reply[OrganisationOid, TreeNode] = await ask(
            self._sources.organisations.nodes(oids),
            oids,
            source="organisaatio",
            until=deadline.at(_TREE),
            clock=self._clock,
        )
        tree = {oid: answer.value for oid, answer in reply.answers.items() if answer.value is not None}
        return tree, reply.outcome in FAILED

    def _decided(
        self,
        caller: Caller,
        person: Person,
        told: Sequence[tuple[Source, RightsReply]],
        tree: Tree,
        register_is_down: bool,
    ) -> Looked:
        words, statuses = _words(person, told, tree)
        rights = merge_rights(words, self._clock.today())
        links = find_links(rights, self._clock.today())
        situation = Situation(
            day=self._clock.today(),
            is_the_student=Known.of(LearnerOid(caller.subject) in person.all_oids),
            acting=caller.organisation,
            rights=rights,
            links=links,
            tree=tree,
            suspended_is_valid=self._suspended_is_valid,
        )
        return Looked(
            person=person,
            situation=situation,
            rights=rights,
            links=links,
            grants={right.oid: decide(self._policy, caller.role, situation, right) for right in rights},
            person_items=decide_person(self._policy, caller.role, situation),
            heard=statuses,
            register_is_down=register_is_down,
        )

    # --- fetch, merge, redact ---------------------------------------------------------------------------------

    async def _views(self, looked: Sequence[Looked], deadline: Deadline) -> dict[LearnerOid, Seen]:
        wanted = [each.wanted(self._sources.plans) for each in looked]
        keys: dict[str, set[StudyRightOid]] = {}
        for each in wanted:
            for source_id, wants in each.items():
                keys.setdefault(source_id, set()).update(want.right for want in wants)
        asked = [each for each in self._sources.plans if each.source.id in keys]
        replies = await asyncio.gather(
            *(self._fetch(each, sorted(keys[each.source.id]), deadline.at(_PLANS)) for each in asked)
        )
        plans = {each.source.id: (each.source, reply) for each, reply in zip(asked, replies, strict=True)}
        return {each.person.oid: self._view(each, want, plans) for each, want in zip(looked, wanted, strict=True)}

    def _view(
        self,
        looked: Looked,
        wanted: Mapping[str, Sequence[Want]],
        plans: Mapping[str, tuple[Source, PlansReply]],
    ) -> Seen:
        told, statuses = _told_plans(looked, wanted, plans)
        record = merge(
            looked.person,
            looked.rights,
            looked.links,
            told,
            key=self._part_key,
            every_source_answered=looked.every_source_answered,
        )
        view = show(record, looked.grants, looked.person_items)
        if view is not None:
            return view.with_sources(self._statuses(looked, view, statuses))
        down = looked.own_sources_are_down([each.source for each in self._sources.rights])
        return SourcesUnavailable("the sources of the acting organisation did not answer") if down else None

    def _statuses(
        self, looked: Looked, view: View, of_plans: Mapping[str, tuple[Source, SourceStatus]]
    ) -> tuple[SourceStatus, ...]:
        """The sources in the caller's scope.

        INVARIANT: a healthy source appears only where everyone with this relation would see it, or where something
        visible came from it, and says only whether something visible did; so it tells nothing about a hidden plan or
        right. A source that failed under a grant is a gap and is shown.
        """
        shown = {
            each.source.id: looked.heard[each.source.id]
            for each in self._sources.rights
            if looked.sees_source(each.source)
        }
        for source_id, (source, status) in of_plans.items():
            if status.outcome in FAILED or source_id in view.came_from or looked.is_own_source(source):
                shown[source_id] = worse_of(shown[source_id], status) if source_id in shown else status
        return tuple(as_shown(shown[each], gave_something=each in view.came_from) for each in sorted(shown))

    def _every_source(self) -> list[Source]:
        return [*(each.source for each in self._sources.rights), *(each.source for each in self._sources.plans)]

    async def _fetch(self, source: PlanSource, keys: Sequence[StudyRightOid], until: float) -> PlansReply:
        return await self._ask(source.plans(keys), keys, source.source, until)

    async def _ask(self, question: Any, keys: Collection[Any], source: Source, until: float) -> Reply[Any, Any]:
        reply: Reply[Any, Any] = await ask(question, keys, source=source.id, until=until, clock=self._clock)
        self._health[source.id] = heard(source, reply, reply.outcome, {})
        return reply


def _person(asked: LearnerOid, found: Person | None) -> Person:
    """The person found, if the OID that was asked is one of theirs; else the one OID alone."""
    return found if found is not None and asked in found.all_oids else Person(oid=asked)


def _values(reply: RightsReply) -> dict[object, tuple[StudyRight, ...]]:
    return {key: answer.value for key, answer in reply.answers.items() if answer.value}


def _words(
    person: Person, told: Sequence[tuple[Source, RightsReply]], tree: Tree
) -> tuple[list[Told], dict[str, SourceStatus]]:
    """What the sources say of a person's rights, and how each answered; a foreign right is dropped."""
    words: list[Told] = []
    statuses: dict[str, SourceStatus] = {}
    for source, reply in told:
        answer = reply.answers[person.oid]
        rights = answer.value or ()
        spoken = [right for right in rights if may_speak_for(source, right, tree)]
        words += [told_right(source, reply, right, tree) for right in spoken]
        outcome = answer.outcome if len(spoken) == len(rights) else Outcome.INVALID
        statuses[source.id] = heard(source, reply, outcome, tree)
    return words, statuses


def _told_plans(
    looked: Looked, wanted: Mapping[str, Sequence[Want]], plans: Mapping[str, tuple[Source, PlansReply]]
) -> tuple[list[ToldPlan], dict[str, tuple[Source, SourceStatus]]]:
    """What the sources gave of a person's plans, and how each owner's source answered; a foreign plan is dropped."""
    told: list[ToldPlan] = []
    statuses: dict[str, tuple[Source, SourceStatus]] = {}
    tree = looked.situation.tree
    for precedence, (source_id, wants) in enumerate(wanted.items()):
        source, reply = plans[source_id]
        provenance = provenance_of(source, reply, tree)
        outcomes: list[Outcome] = []
        for want in wants:
            answer = reply.answers[want.right]
            given = answer.value or ()
            own = [each for each in given if each.study_right_oid == want.right and is_of(each, looked.person)]
            told += [
                ToldPlan(plan=each, provenance=provenance, is_owners=want.is_owners, precedence=precedence)
                for each in own
            ]
            if want.is_owners:
                outcomes.append(answer.outcome if len(own) == len(given) else Outcome.INVALID)
        if outcomes:
            statuses[source_id] = (source, heard(source, reply, worst(outcomes), tree))
    return told, statuses

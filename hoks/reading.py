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
from hoks.explaining import ExplainedRight, explain
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, with_check_digit
from hoks.links import find_links
from hoks.looked import Looked, Want
from hoks.merge import merge
from hoks.merged import merge_rights
from hoks.organisations import Known, Tree, TreeNode
from hoks.outcomes import FAILED, HEALTHY, Outcome, Reply
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    Clock,
    Consents,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    RightsSource,
    Source,
)
from hoks.relations import Statute
from hoks.showing import View, show
from hoks.standing import APPOINTED, ASSIGNED, OWNING, Standing, of_the_role, recipients
from hoks.student import Person, SourceStatus
from hoks.told import (
    PlansReply,
    RightsReply,
    all_answered,
    all_read,
    as_shown,
    everything_in,
    may_appoint,
    organisations_named,
    person_of,
    rights_in,
    told_plans,
    with_doubts,
    words_on_rights,
    worse_of,
)
from hoks.values import Text

# How much of a request's time is used up, at the latest, when a stage ends.
_OWN, _HOLDERS, _LEARNERS, _IDENTIFY, _RIGHTS, _TREE, _PLANS = 0.15, 0.2, 0.3, 0.45, 0.65, 0.75, 0.95

_NOBODY = LearnerOid(with_check_digit("98", "1000000000"))
"""A well-formed OID that is nobody's: what is not found is looked for by it, so that it costs and comes to the same."""

_SPARE = 50
"""How many more than a page are looked at in one go, so that a page costs one call although some are not listed."""

_SEES_SOURCES = frozenset({Role.STAFF, Role.SYSTEM})

LEARNER_REGISTER = "onr"
"""The name under which the learner register stands among the sources."""

_CANNOT_TELL = "the sources of the acting organisation did not answer"

Seen = View | SourcesUnavailable | None
"""A student as a caller may see them, that it cannot be told, or nothing."""


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be asked."""

    identities: Identities
    organisations: Organisations
    rights: tuple[RightsSource, ...]
    plans: tuple[PlanSource, ...]
    holders: tuple[HolderSource, ...] = ()
    appointments: tuple[AppointmentSource, ...] = ()
    assignments: tuple[AssignmentSource, ...] = ()
    consents: Consents | None = None
    statutes: tuple[Statute, ...] = ()


class People(msgspec.Struct, frozen=True):
    """Who is behind OIDs, and whether the learner register told all of it."""

    by_oid: dict[LearnerOid, Person]
    are_known: bool

    def distinct(self) -> list[Person]:
        """Each person once."""
        return list({person.oid: person for person in self.by_oid.values()}.values())


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
        self._last: dict[str, Outcome] = {}

    async def sources(self, caller: Caller) -> tuple[SourceStatus, ...]:
        """The sources of the caller's provider and whether each answered last; to others, none.

        INVARIANT: nothing of when or for whom a source was asked: that was other callers' doing.
        """
        if caller.role not in _SEES_SOURCES or caller.organisation is None:
            return ()
        tree, down = await self._tree({caller.organisation}, Deadline.of(self._seconds).at(_TREE))
        node = tree.get(caller.organisation)
        if down or node is None:
            raise SourcesUnavailable("the acting organisation could not be found in the organisation register")
        own = {each.id: each for each in self._every_source() if each.provider_oid == node.provider_oid}
        outcomes = {each: Outcome.OK if (last := self._last.get(each)) in HEALTHY else last for each in own}
        return tuple(
            SourceStatus(source=each, outcome=outcomes[each], provider=node.organisation) for each in sorted(own)
        )

    async def standing(self, caller: Caller) -> tuple[Standing, Text | None]:
        """What the caller is to students in the acting role, and the name of the acting organisation."""
        deadline = Deadline.of(self._seconds)
        acting = {caller.organisation} if caller.organisation is not None else set()
        standing, (tree, _) = await asyncio.gather(
            self._standing(caller, deadline), self._tree(acting, deadline.at(_TREE))
        )
        names = [node.organisation.name for node in tree.values()]
        return standing, names[0] if names else None

    async def explain(self, caller: Caller, oid: LearnerOid) -> tuple[ExplainedRight, ...]:
        """Why the caller may see what of a student, right by right; reads no plan."""
        deadline = Deadline.of(self._seconds)
        standing, people = await asyncio.gather(self._standing(caller, deadline), self._identify([oid], deadline))
        (looked,) = await self._look(caller, standing, [people.by_oid[oid]], people.are_known, deadline)
        return explain(looked, self._policy, caller.role)

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
        # Each source may name another holder, and one of them wrongly: the one who has the right is taken.
        holders = {
            right: sorted({held for each in replies if (held := each.answers[right].value)}) or [_NOBODY]
            for right in keys
        }
        asked = sorted({oid for oids in holders.values() for oid in oids} | {_NOBODY})
        seen = await self._students(caller, asked, deadline)
        down = any(reply.outcome in FAILED for reply in replies) or isinstance(seen[_NOBODY], SourcesUnavailable)
        nobody = SourcesUnavailable(_CANNOT_TELL) if down else None
        # INVARIANT: a right that is hidden, one that is not the caller's and one that nobody holds come to the same,
        # sources down or not.
        return {
            right: next((view for oid in oids if (view := _with(seen[oid], right)) is not None), nobody)
            for right, oids in holders.items()
        }

    async def page(self, caller: Caller, *, after: LearnerOid | None, first: int) -> Page:
        """The next ``first`` students of the caller after an OID. Raises ``SourcesUnavailable``."""
        if not self._policy.gives_anything_to(caller.role):
            return Page((), more=False)
        deadline = Deadline.of(self._seconds)
        standing = await self._standing(caller, deadline)
        people = await self._listed(caller, standing, deadline)
        waiting = [person for person in people if after is None or person.oid > after]
        sources = [each.source for each in self._sources.rights]
        shown: list[View] = []
        while waiting and len(shown) <= first:
            step, waiting = waiting[: first + _SPARE], waiting[first + _SPARE :]
            looked = await self._look(caller, standing, step, True, deadline)
            if any(each.own_sources_are_down(sources) for each in looked):
                raise SourcesUnavailable(_CANNOT_TELL)
            listed = [each for each in looked if each.is_listed]
            while listed and len(shown) <= first:
                # Whether a student may be seen is known only when the plans are read: one more than the page tells
                # whether more follow.
                room = first + 1 - len(shown)
                taken, listed = listed[:room], listed[room:]
                views = await self._views(taken, deadline)
                shown += [each for each in views.values() if isinstance(each, View)]
        return Page(tuple(shown[:first]), more=len(shown) > first)

    async def _students(self, caller: Caller, oids: Sequence[LearnerOid], deadline: Deadline) -> dict[LearnerOid, Seen]:
        standing, people = await asyncio.gather(self._standing(caller, deadline), self._identify(oids, deadline))
        looked = await self._look(caller, standing, people.distinct(), people.are_known, deadline)
        views = await self._views(looked, deadline)
        return {oid: views[people.by_oid[oid].oid] for oid in oids}

    # --- identify ---------------------------------------------------------------------------------------------

    async def _identify(self, oids: Collection[LearnerOid], deadline: Deadline) -> People:
        """The person behind each OID; where the register does not tell, the one OID alone."""
        keys = list(dict.fromkeys(oids))
        reply: Reply[LearnerOid, Person] = await ask(
            self._sources.identities.identify(keys),
            keys,
            source=LEARNER_REGISTER,
            until=deadline.at(_IDENTIFY),
            clock=self._clock,
        )
        return People(
            {oid: person_of(oid, answer.value) for oid, answer in reply.answers.items()}, all_answered([reply])
        )

    async def _standing(self, caller: Caller, deadline: Deadline) -> Standing:
        """What the caller is to students besides study rights; only what the acting role rests on is asked."""
        until = deadline.at(_IDENTIFY)
        statutes = tuple(each for each in self._sources.statutes if each.organisation == caller.organisation)
        if caller.role in APPOINTED:
            sources = self._sources.appointments
            replies = await asyncio.gather(
                *(
                    self._ask(each.appointments([caller.subject]), [caller.subject], each.source, until)
                    for each in sources
                )
            )
            told = tuple(
                msgspec.structs.replace(each, told_by=source.source.provider_oid)
                for source, reply in zip(sources, replies, strict=True)
                for each in everything_in([reply])
            )
            return Standing(appointments=told, is_whole=all_answered(replies))
        if caller.role in ASSIGNED and caller.organisation is not None:
            tree, down = await self._tree({caller.organisation}, deadline.at(_OWN))
            node = tree.get(caller.organisation)
            provider = node.provider_oid if node is not None else None
            own = [each for each in self._sources.assignments if each.source.provider_oid == provider]
            replies = await asyncio.gather(
                *(self._ask(each.assignments([caller.subject]), [caller.subject], each.source, until) for each in own)
            )
            assignments = of_the_role(everything_in(replies), caller, provider)
            return Standing(assignments=assignments, is_whole=all_answered(replies) and not down)
        if caller.role is Role.CONSENT_RECIPIENT and self._sources.consents is not None:
            names = recipients(caller)
            reply = await self._ask_consents(self._sources.consents.received(names), names, until)
            return Standing(consents=everything_in([reply]), is_whole=all_answered([reply]))
        return Standing(statutes=statutes)

    async def _ask_consents(self, question: Any, keys: Sequence[str], until: float) -> Reply[Any, Any]:
        return await ask(question, keys, source="consents", until=until, clock=self._clock)

    async def _listed(self, caller: Caller, standing: Standing, deadline: Deadline) -> list[Person]:
        """Everyone who may be the caller's, by master OID: of the provider, related to the caller, or the caller."""
        if caller.role in OWNING and caller.organisation is not None:
            own = await self._own_sources(caller.organisation, deadline)
            until = deadline.at(_LEARNERS)
            replies = await asyncio.gather(
                *(self._ask(each.learners(), [each.source.provider_oid], each.source, until) for each in own)
            )
            if any(reply.outcome in FAILED for reply in replies):
                raise SourcesUnavailable(_CANNOT_TELL)
            oids = set(everything_in(replies))
        elif not standing.is_whole:
            raise SourcesUnavailable("the sources of appointments, assignments and consents did not answer")
        else:
            oids = {LearnerOid(caller.subject)} if caller.role is Role.STUDENT else standing.learners()
        if not oids:
            return []
        people = await self._identify(sorted(oids), deadline)
        if not people.are_known:
            raise SourcesUnavailable("the learner register did not answer")
        return sorted(people.distinct(), key=lambda person: person.oid)

    async def _own_sources(self, acting: OrganisationOid, deadline: Deadline) -> list[RightsSource]:
        tree, _ = await self._tree({acting}, deadline.at(_OWN))
        if acting not in tree:
            raise SourcesUnavailable("the acting organisation could not be found in the organisation register")
        provider = tree[acting].provider_oid
        return [each for each in self._sources.rights if each.source.provider_oid == provider]

    # --- rights, facts, decision ------------------------------------------------------------------------------

    async def _look(
        self,
        caller: Caller,
        standing: Standing,
        people: Sequence[Person],
        identities_are_known: bool,
        deadline: Deadline,
    ) -> list[Looked]:
        """The rights of each person and what the caller may see of each."""
        keys = [person.oid for person in people]
        until = deadline.at(_RIGHTS)
        replies = await asyncio.gather(
            *(self._ask(each.rights(people), keys, each.source, until) for each in self._sources.rights)
        )
        told = [(source.source, reply) for source, reply in zip(self._sources.rights, replies, strict=True)]
        named = organisations_named(caller.organisation, [(source, rights_in(reply)) for source, reply in told])
        (tree, down), standing = await asyncio.gather(
            self._tree(named, deadline.at(_TREE)), self._with_consents_given(caller, standing, told, deadline)
        )
        looked = [self._decided(caller, standing.towards(person), person, told, tree) for person in people]
        return [
            msgspec.structs.replace(each, identity_is_known=identities_are_known, register_is_down=down)
            for each in looked
        ]

    async def _with_consents_given(
        self, caller: Caller, standing: Standing, told: Sequence[tuple[Source, RightsReply]], deadline: Deadline
    ) -> Standing:
        """For OPH, who discloses what others were given consent to: the consents that concern the rights at hand."""
        if caller.role is not Role.OPH or self._sources.consents is None:
            return standing
        rights = sorted({right.oid for _, reply in told for rights in rights_in(reply).values() for right in rights})
        reply = await self._ask_consents(self._sources.consents.given(rights), rights, deadline.at(_TREE))
        return msgspec.structs.replace(standing, consents=everything_in([reply]), is_whole=all_answered([reply]))

    async def _tree(self, oids: Collection[OrganisationOid], until: float) -> tuple[Tree, bool]:
        """The place of each organisation, and whether the register was down."""
        if not oids:
            return {}, False
        reply: Reply[OrganisationOid, TreeNode] = await ask(
            self._sources.organisations.nodes(oids),
            oids,
            source="organisaatio",
            until=until,
            clock=self._clock,
        )
        tree = {oid: answer.value for oid, answer in reply.answers.items() if answer.value is not None}
        return tree, reply.outcome in FAILED

    def _decided(
        self,
        caller: Caller,
        standing: Standing,
        person: Person,
        told: Sequence[tuple[Source, RightsReply]],
        tree: Tree,
    ) -> Looked:
        day = self._clock.today()
        words, statuses = words_on_rights(person, told, tree)
        silent = {source.provider_oid for source, _ in told if _is_a_silent_register(source, statuses[source.id])}
        registers = {source.id for source, _ in told if source.precedence == 0}
        rights = with_doubts(merge_rights(words, day), silent, registers, tree)
        links = find_links(rights, day)
        situation = Situation(
            day=day,
            is_the_student=Known.of(LearnerOid(caller.subject) in person.all_oids),
            acting=caller.organisation,
            rights=rights,
            links=links,
            tree=tree,
            suspended_is_valid=self._suspended_is_valid,
            appointments=tuple(each for each in standing.appointments if may_appoint(each, rights, links, tree, day)),
            assignments=standing.assignments,
            consents=standing.consents,
            statutes=standing.statutes,
            every_relation_is_known=standing.is_whole,
        )
        return Looked(
            person=person,
            situation=situation,
            rights=rights,
            links=links,
            grants={right.oid: decide(self._policy, caller.role, situation, right) for right in rights},
            person_items=decide_person(self._policy, caller.role, situation),
            role=caller.role,
            heard=statuses,
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
        told, statuses = told_plans(looked, wanted, plans)
        record = merge(
            looked.person,
            looked.rights,
            looked.links,
            told,
            key=self._part_key,
        )
        evidence = looked.evidence(record.plans, all_known=all_read(wanted, plans))
        view = show(record, looked.grants, looked.person_items, evidence, looked.link_findings())
        if view is not None:
            return view.with_sources(self._statuses(looked, view, statuses))
        down = looked.own_sources_are_down([each.source for each in self._sources.rights])
        return SourcesUnavailable(_CANNOT_TELL) if down else None

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
        if not looked.identity_is_known:
            shown[LEARNER_REGISTER] = SourceStatus(source=LEARNER_REGISTER, outcome=Outcome.UNAVAILABLE)
        return tuple(as_shown(shown[each], gave_something=each in view.came_from) for each in sorted(shown))

    def _every_source(self) -> list[Source]:
        return [*(each.source for each in self._sources.rights), *(each.source for each in self._sources.plans)]

    async def _fetch(self, source: PlanSource, keys: Sequence[StudyRightOid], until: float) -> PlansReply:
        return await self._ask(source.plans(keys, until), keys, source.source, until)

    async def _ask(self, question: Any, keys: Collection[Any], source: Source, until: float) -> Reply[Any, Any]:
        reply: Reply[Any, Any] = await ask(question, keys, source=source.id, until=until, clock=self._clock)
        self._last[source.id] = reply.outcome
        return reply


def _with(seen: Seen, right: StudyRightOid) -> View | None:
    """A view in which the right, or the plan that covers it, is shown."""
    if isinstance(seen, View) and (seen.right(right) is not None or seen.plan(right) is not None):
        return seen
    return None


def _is_a_silent_register(source: Source, status: SourceStatus) -> bool:
    return source.precedence == 0 and status.outcome in FAILED

"""The read path, once for a whole batch of students: identify, rights, facts, decide, fetch, merge, redact.

Each stage asks every source at most once. What a caller may not see is not fetched, and what was fetched is redacted
again by the grant before it leaves this module.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from hoks.access.decide import decide, decide_person, is_own
from hoks.access.facts import Situation
from hoks.access.rules import Policy
from hoks.asking import Deadline
from hoks.caller import Caller, Role
from hoks.errors import SourcesUnavailable
from hoks.explaining import ExplainedRight, explain
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, with_check_digit
from hoks.labelled import labelled
from hoks.links import find_links
from hoks.looked import Looked, Want
from hoks.merge import merge
from hoks.merged import merge_rights
from hoks.organisations import Known, Tree, tree_on
from hoks.outcomes import FAILED, HEALTHY, Outcome
from hoks.ports import REGISTER, Clock, Labels, Source
from hoks.questions import LEARNER_REGISTER, OWN, TREE, Questions, Sources
from hoks.showing import View, show
from hoks.sitting import Sitting
from hoks.standing import OWNING, Standing
from hoks.student import Person, SourceStatus
from hoks.told import (
    PlansReply,
    RightsReply,
    all_read,
    as_shown,
    everything_in,
    may_appoint,
    organisations_named,
    rights_in,
    told_plans,
    with_doubts,
    words_on_rights,
    worse_of,
)
from hoks.values import Organisation, Text

_NOBODY = LearnerOid(with_check_digit("98", "1000000000"))
"""A well-formed OID that is nobody's: what is not found is looked for by it, so that it costs and comes to the same."""

_SPARE = 50
"""How many more than a page are looked at in one go, so that a page costs one call although some are not listed."""

_SEES_SOURCES = frozenset({Role.STAFF, Role.SYSTEM})

_CANNOT_TELL = "the sources of the acting organisation did not answer"
_NOT_IN_THE_REGISTER = "the acting organisation could not be found in the organisation register"

Seen = View | SourcesUnavailable | None
"""A student as a caller may see them, that it cannot be told, or nothing."""


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
        labels: Labels | None = None,
    ) -> None:
        self._questions = Questions(sources, clock)
        self._policy = policy
        self._clock = clock
        self._part_key = part_key
        self._seconds = request_seconds
        self._suspended_is_valid = suspended_is_valid
        self._labels = labels

    def sit(self) -> Sitting:
        """A request that begins now. Every question of the request is asked within it."""
        return Sitting.of(self._seconds, self._clock)

    async def sources(self, caller: Caller, *, within: Sitting | None = None) -> tuple[SourceStatus, ...]:
        """The sources of the caller's provider and whether each answered last; to others, none.

        INVARIANT: nothing of when or for whom a source was asked: that was other callers' doing.
        """
        if caller.role not in _SEES_SOURCES or caller.organisation is None:
            return ()
        deadline = (within or self.sit()).deadline
        provider, _ = await self._questions.provider(caller.organisation, deadline.at(TREE))
        if provider is None:
            raise SourcesUnavailable(_NOT_IN_THE_REGISTER)
        own = sorted({each.id for each in self._questions.every_source() if each.provider_oid == provider})
        last = {each: self._questions.last.get(each) for each in own}
        return tuple(
            SourceStatus(
                source=each,
                outcome=Outcome.OK if last[each] in HEALTHY else last[each],
                provider=labelled(Organisation(oid=provider), self._labels),
            )
            for each in own
        )

    async def standing(self, caller: Caller, *, within: Sitting | None = None) -> tuple[Standing, Text | None]:
        """What the caller is to students in the acting role, and the name of the acting organisation."""
        deadline = (within or self.sit()).deadline
        acting = {caller.organisation} if caller.organisation is not None else set()
        standing, (tree, _) = await asyncio.gather(
            self._questions.standing(caller, deadline), self._questions.tree(acting, deadline.at(TREE))
        )
        names = [node.organisation.name for node in tree.values()]
        return standing, names[0] if names else None

    async def self_of(self, caller: Caller, *, within: Sitting | None = None) -> tuple[Person, bool]:
        """Who the caller is as a learner, under which aliases, and whether the learner register told it."""
        oid = LearnerOid(caller.subject)
        people = await self._questions.people([oid], (within or self.sit()).deadline)
        return people.by_oid[oid], people.are_known

    async def provider_of(self, caller: Caller, *, within: Sitting | None = None) -> OrganisationOid | None:
        """The provider of the acting organisation; nothing where the register does not tell."""
        deadline = (within or self.sit()).deadline
        return (await self._questions.provider(caller.organisation, deadline.at(TREE)))[0]

    async def explain(self, caller: Caller, oid: LearnerOid) -> tuple[ExplainedRight, ...]:
        """Why the caller may see what of a student, right by right; reads no plan."""
        sitting = self.sit()
        standing, people = await asyncio.gather(
            self._questions.standing(caller, sitting.deadline), self._questions.people([oid], sitting.deadline)
        )
        (looked,) = await self._look(caller, standing, [people.by_oid[oid]], people.are_known, sitting)
        return explain(looked, self._policy, caller.role)

    async def students(
        self, caller: Caller, oids: Sequence[LearnerOid], *, within: Sitting | None = None
    ) -> dict[LearnerOid, Seen]:
        """Each asked student as the caller may see them."""
        if not self._policy.gives_anything_to(caller.role):
            return dict.fromkeys(oids)
        return await self._students(caller, oids, within or self.sit())

    async def by_rights(
        self, caller: Caller, rights: Sequence[StudyRightOid], *, within: Sitting | None = None
    ) -> dict[StudyRightOid, Seen]:
        """The student who holds each right, as the caller may see them."""
        keys = list(dict.fromkeys(rights))
        if not self._policy.gives_anything_to(caller.role):
            return dict.fromkeys(keys)
        sitting = within or self.sit()
        replies = await self._questions.holders(keys, sitting.deadline)
        # Each source may name another holder, and one of them wrongly: the one who has the right is taken.
        holders = {
            right: sorted({held for each in replies if (held := each.answers[right].value)}) or [_NOBODY]
            for right in keys
        }
        asked = sorted({oid for oids in holders.values() for oid in oids} | {_NOBODY})
        seen = await self._students(caller, asked, sitting)
        down = any(reply.outcome in FAILED for reply in replies) or isinstance(seen[_NOBODY], SourcesUnavailable)
        nobody = SourcesUnavailable(_CANNOT_TELL) if down else None
        # INVARIANT: a right that is hidden, one that is not the caller's and one that nobody holds come to the same,
        # sources down or not.
        return {
            right: next((view for oid in oids if (view := _with(seen[oid], right)) is not None), nobody)
            for right, oids in holders.items()
        }

    async def page(
        self, caller: Caller, *, after: LearnerOid | None, first: int, within: Sitting | None = None
    ) -> Page:
        """The next ``first`` students of the caller after an OID. Raises ``SourcesUnavailable``."""
        if not self._policy.gives_anything_to(caller.role):
            return Page((), more=False)
        sitting = within or self.sit()
        standing = await self._questions.standing(caller, sitting.deadline)
        people = await self._listed(caller, standing, sitting.deadline)
        waiting = [person for person in people if after is None or person.oid > after]
        sources = self._questions.of_rights
        shown: list[View] = []
        while waiting and len(shown) <= first:
            step, waiting = waiting[: first + _SPARE], waiting[first + _SPARE :]
            looked = await self._look(caller, standing, step, True, sitting)
            if any(each.own_sources_are_down(sources) for each in looked):
                raise SourcesUnavailable(_CANNOT_TELL)
            listed = [each for each in looked if each.is_listed]
            while listed and len(shown) <= first:
                # Whether a student may be seen is known only when the plans are read: one more than the page tells
                # whether more follow.
                room = first + 1 - len(shown)
                taken, listed = listed[:room], listed[room:]
                views = await self._views(taken, sitting.deadline)
                shown += [each for each in views.values() if isinstance(each, View)]
        return Page(tuple(shown[:first]), more=len(shown) > first)

    async def _students(self, caller: Caller, oids: Sequence[LearnerOid], sitting: Sitting) -> dict[LearnerOid, Seen]:
        standing, people = await asyncio.gather(
            self._questions.standing(caller, sitting.deadline), self._questions.people(oids, sitting.deadline)
        )
        looked = await self._look(caller, standing, people.distinct(), people.are_known, sitting)
        views = await self._views(looked, sitting.deadline)
        return {oid: views[people.by_oid[oid].oid] for oid in oids}

    async def _listed(self, caller: Caller, standing: Standing, deadline: Deadline) -> list[Person]:
        """Everyone who may be the caller's, by master OID: of the provider, related to the caller, or the caller."""
        if caller.role in OWNING:
            oids = await self._learners(caller.organisation, deadline)
        elif not standing.is_whole:
            raise SourcesUnavailable("the sources of appointments, assignments and consents did not answer")
        else:
            oids = {LearnerOid(caller.subject)} if caller.role is Role.STUDENT else standing.learners()
        if not oids:
            return []
        people = await self._questions.people(sorted(oids), deadline)
        if not people.are_known:
            raise SourcesUnavailable("the learner register did not answer")
        return sorted(people.distinct(), key=lambda person: person.oid)

    async def _learners(self, acting: OrganisationOid | None, deadline: Deadline) -> set[LearnerOid]:
        """Everybody whom the acting organisation's provider knows."""
        provider, _ = await self._questions.provider(acting, deadline.at(OWN))
        if provider is None:
            raise SourcesUnavailable(_NOT_IN_THE_REGISTER)
        replies = await self._questions.learners(provider, deadline)
        if any(reply.outcome in FAILED for reply in replies):
            raise SourcesUnavailable(_CANNOT_TELL)
        return set(everything_in(replies))

    # --- rights, facts, decision ------------------------------------------------------------------------------

    async def _look(
        self,
        caller: Caller,
        standing: Standing,
        people: Sequence[Person],
        identities_are_known: bool,
        sitting: Sitting,
    ) -> list[Looked]:
        """The rights of each person and what the caller may see of each."""
        deadline = sitting.deadline
        told = await self._questions.rights(people, deadline)
        named = organisations_named(caller.organisation, [(source, rights_in(reply)) for source, reply in told])
        (tree, down), standing = await asyncio.gather(
            self._questions.tree(named, deadline.at(TREE)), self._with_consents_given(caller, standing, told, deadline)
        )
        tree = tree_on(tree, sitting.day)
        looked = [self._decided(caller, standing.towards(person), person, told, tree, sitting.day) for person in people]
        return [
            msgspec.structs.replace(each, identity_is_known=identities_are_known, register_is_down=down)
            for each in looked
        ]

    async def _with_consents_given(
        self, caller: Caller, standing: Standing, told: Sequence[tuple[Source, RightsReply]], deadline: Deadline
    ) -> Standing:
        """For OPH, who discloses what others were given consent to: the consents that concern the rights at hand."""
        if caller.role is not Role.OPH:
            return standing
        rights = sorted({right.oid for _, reply in told for rights in rights_in(reply).values() for right in rights})
        consents, are_known = await self._questions.consents_given(rights, deadline)
        return msgspec.structs.replace(standing, consents=consents, is_whole=are_known)

    def _decided(
        self,
        caller: Caller,
        standing: Standing,
        person: Person,
        told: Sequence[tuple[Source, RightsReply]],
        tree: Tree,
        day: date,
    ) -> Looked:
        words, statuses = words_on_rights(person, told, tree)
        silent = {source.provider_oid for source, _ in told if _is_a_silent_register(source, statuses[source.id])}
        registers = {source.id for source, _ in told if source.precedence == REGISTER}
        rights = with_doubts(merge_rights(words, day), silent, registers, tree)
        links = find_links(rights, day)
        situation = Situation(
            day=day,
            is_the_student=Known.of(LearnerOid(caller.subject) in person.all_oids),
            # To be named in a consent makes an organisation no party to anything else of the student's.
            acting=caller.organisation if caller.role is not Role.CONSENT_RECIPIENT else None,
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
        wanted = [each.wanted(self._questions.of_plans) for each in looked]
        keys: dict[str, set[StudyRightOid]] = {}
        for each in wanted:
            for source_id, wants in each.items():
                keys.setdefault(source_id, set()).update(want.right for want in wants)
        plans = await self._questions.plans(keys, deadline)
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
        view = show(
            record,
            looked.grants,
            looked.person_items,
            evidence,
            looked.link_findings(),
            key=self._part_key,
            labels=self._labels,
        )
        if view is not None:
            origins = looked.origins(record, evidence)
            own = is_own(looked.role, looked.situation)
            view = msgspec.structs.replace(view, right_origins=origins[0], plan_origins=origins[1], is_own=own)
            return view.with_sources(self._statuses(looked, view, statuses))
        down = looked.own_sources_are_down(self._questions.of_rights)
        return SourcesUnavailable(_CANNOT_TELL) if down else None

    def _statuses(
        self, looked: Looked, view: View, of_plans: Mapping[str, tuple[Source, SourceStatus]]
    ) -> tuple[SourceStatus, ...]:
        """The sources in the caller's scope.

        INVARIANT: a healthy source appears only where everyone with this relation would see it, or where something
        visible came from it, and says only whether something visible did; so it tells nothing about a hidden plan or
        right. A source that failed under a grant is a gap and is shown.
        """
        shown = {each.id: looked.heard[each.id] for each in self._questions.of_rights if looked.sees_source(each)}
        for source_id, (source, status) in of_plans.items():
            if status.outcome in FAILED or source_id in view.came_from or looked.is_own_source(source):
                shown[source_id] = worse_of(shown[source_id], status) if source_id in shown else status
        if not looked.identity_is_known:
            shown[LEARNER_REGISTER] = SourceStatus(source=LEARNER_REGISTER, outcome=Outcome.UNAVAILABLE)
        statuses = (as_shown(shown[each], gave_something=each in view.came_from) for each in sorted(shown))
        return tuple(labelled(each, self._labels) for each in statuses)


def _with(seen: Seen, right: StudyRightOid) -> View | None:
    """A view in which the right, or the plan that covers it, is shown."""
    if isinstance(seen, View) and (seen.right(right) is not None or seen.plan(right) is not None):
        return seen
    return None


def _is_a_silent_register(source: Source, status: SourceStatus) -> bool:
    return source.precedence == REGISTER and status.outcome in FAILED

"""The read path, once for a whole batch of students: identify, look (rights, facts, decision), view (plans, redacted).

Each stage asks every source at most once. What a caller may not see is not fetched, and what was fetched is redacted
again by the grant before it comes here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from hoks.access.rules import Policy
from hoks.asking import Deadline
from hoks.caller import Caller, Role
from hoks.errors import SourcesUnavailable
from hoks.explaining import ExplainedRight, explain
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, with_check_digit
from hoks.labelled import labelled
from hoks.looked import Looked, Want
from hoks.looking import Looking
from hoks.outcomes import FAILED, HEALTHY, Outcome
from hoks.ports import ChangedPlans, Clock, Labels
from hoks.questions import OWN, TREE, People, Questions, Sources
from hoks.relations import Assignment
from hoks.showing import View
from hoks.sitting import Sitting
from hoks.standing import OWNING, Standing
from hoks.student import Person, SourceStatus
from hoks.told import (
    everything_in,
)
from hoks.values import Organisation, Text
from hoks.viewing import CANNOT_TELL, Seen, Selected, Viewing

NOBODY = LearnerOid(with_check_digit("98", "1000000000"))
"""A well-formed OID that is nobody's: what is not found is looked for by it, so that it costs and comes to the same."""

_SPARE = 50
"""How many more than a page are looked at in one go, so that a page costs one call although some are not listed."""

_RIGHTS_AT_ONCE, _PLANS_AT_ONCE = 1000, 100
"""How many students a walk looks at in one go, and of how many it holds the plans: what bounds calls and memory."""

_SEES_SOURCES = frozenset({Role.STAFF, Role.SYSTEM})

_NOT_IN_THE_REGISTER = "the acting organisation could not be found in the organisation register"


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
        self._looking = Looking(self._questions, policy, suspended_is_valid=suspended_is_valid)
        self._viewing = Viewing(self._questions, part_key=part_key, labels=labels)
        self._policy = policy
        self._clock = clock
        self._seconds = request_seconds
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
        provider = await self.acting_provider(caller, within=within or self.sit())
        own = sorted({each.id for each in self._questions.every_source() if each.provider_oid == provider})
        last = {each: self._questions.last.get(each) for each in own}
        return tuple(
            SourceStatus(
                source=each,
                outcome=Outcome.OK if last[each] in HEALTHY else last[each],
                guidance=self._questions.guidance_given(each),
                provider=labelled(Organisation(oid=provider), self._labels),
            )
            for each in own
        )

    async def acting_provider(self, caller: Caller, *, within: Sitting) -> OrganisationOid:
        """The provider of the acting organisation. Raises ``SourcesUnavailable`` where the register does not tell."""
        provider = await self.provider_of(caller, within=within)
        if provider is None:
            raise SourcesUnavailable(_NOT_IN_THE_REGISTER)
        return provider

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
        standing, people = await self._standing_and_people(caller, [oid], sitting)
        (looked,) = await self._looking.look(caller, standing, [people.by_oid[oid]], people.are_known, sitting)
        return explain(looked, self._policy, caller.role)

    async def students(
        self,
        caller: Caller,
        oids: Sequence[LearnerOid],
        *,
        within: Sitting | None = None,
        selected: Selected = None,
    ) -> dict[LearnerOid, Seen]:
        """Each asked student as the caller may see them, with every view or those that are selected."""
        if not self._policy.gives_anything_to(caller.role):
            return dict.fromkeys(oids)
        return await self._students(caller, oids, within or self.sit(), selected)

    async def by_rights(
        self,
        caller: Caller,
        rights: Sequence[StudyRightOid],
        *,
        within: Sitting | None = None,
        selected: Selected = None,
    ) -> dict[StudyRightOid, Seen]:
        """The student who holds each right, as the caller may see them, with every view or those that are selected."""
        keys = list(dict.fromkeys(rights))
        if not self._policy.gives_anything_to(caller.role):
            return dict.fromkeys(keys)
        sitting = within or self.sit()
        replies = await self._questions.holders(keys, sitting.deadline)
        # Each source may name another holder, and one of them wrongly: the one who has the right is taken.
        holders = {
            right: sorted({held for each in replies if (held := each.answers[right].value)}) or [NOBODY]
            for right in keys
        }
        asked = sorted({oid for oids in holders.values() for oid in oids} | {NOBODY})
        seen = await self._students(caller, asked, sitting, selected)
        down = any(reply.outcome in FAILED for reply in replies) or isinstance(seen[NOBODY], SourcesUnavailable)
        nobody = SourcesUnavailable(CANNOT_TELL) if down else None
        # INVARIANT: a right that is hidden, one that is not the caller's and one that nobody holds come to the same,
        # sources down or not.
        return {
            right: next((view for oid in oids if (view := _with(seen[oid], right)) is not None), nobody)
            for right, oids in holders.items()
        }

    async def page(
        self,
        caller: Caller,
        *,
        after: LearnerOid | None,
        first: int,
        within: Sitting | None = None,
        selected: Selected = None,
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
            looked = await self._looking.look(caller, standing, step, True, sitting)
            if any(each.own_sources_are_down(sources) for each in looked):
                raise SourcesUnavailable(CANNOT_TELL)
            listed = [each for each in looked if each.is_listed]
            while listed and len(shown) <= first:
                # Whether a student may be seen is known only when the plans are read: one more than the page tells
                # whether more follow.
                room = first + 1 - len(shown)
                taken, listed = listed[:room], listed[room:]
                views = await self._viewing.all(taken, sitting.deadline, selected)
                shown += [each for each in views.values() if isinstance(each, View)]
        return Page(tuple(shown[:first]), more=len(shown) > first)

    async def walk(
        self,
        caller: Caller,
        oids: Collection[LearnerOid] | None = None,
        *,
        after: LearnerOid | None = None,
        within: Sitting | None = None,
        selected: Selected = None,
        is_named: bool = True,
        skipping: Callable[[Looked, Mapping[str, Sequence[Want]]], bool] | None = None,
    ) -> AsyncIterator[tuple[Person, View | None]]:
        """The caller's own students, or those of ``oids`` who are, in order of OID, each as the caller may see them,
        with every view or those that are selected, and with names from the registers or without.

        Of whom ``skipping`` says so by their rights and by which plans are wanted of which source, no plan is read.
        Nothing is said of who is not the caller's; nothing stands for one of whom that could not be read. Holds the
        plans of a hundred at a time, whoever asks, and lets others be served in between. Raises ``SourcesUnavailable``.
        """
        if not self._policy.gives_anything_to(caller.role):
            return
        sitting = within or self.sit()
        standing = await self._questions.standing(caller, sitting.deadline)
        people = await self._walked(caller, standing, oids, sitting.deadline)
        waiting = [person for person in people if after is None or person.oid > after]
        for some in _lots(waiting, _RIGHTS_AT_ONCE):
            looked = (
                await self._looking.look(caller, standing, some, True, sitting.rest()) if not sitting.is_over else []
            )
            down = {each.person.oid for each in looked if each.own_sources_are_down(self._questions.of_rights)}
            by_oid = {each.person.oid: each for each in looked if each.is_listed and each.person.oid not in down}
            if skipping is not None:
                of_plans = self._questions.of_plans
                by_oid = {oid: each for oid, each in by_oid.items() if not skipping(each, each.wanted(of_plans))}
            unread = down if looked else {person.oid for person in some}
            for few in _lots(some, _PLANS_AT_ONCE):
                listed = [by_oid[each.oid] for each in few if each.oid in by_oid]
                views = self._viewing.in_turn(listed, sitting, selected, is_named=is_named)
                for person in few:
                    seen = await anext(views) if person.oid in by_oid else None
                    if person.oid in unread or seen is not None:
                        yield person, seen if isinstance(seen, View) else None

    async def _walked(
        self, caller: Caller, standing: Standing, oids: Collection[LearnerOid] | None, deadline: Deadline
    ) -> list[Person]:
        if oids is None:
            return await self._listed(caller, standing, deadline)
        people = await self._questions.people(sorted(oids), deadline)
        if not people.are_known:
            raise SourcesUnavailable("the learner register did not answer")
        return sorted(people.distinct(), key=lambda person: person.oid)

    async def guided(
        self, caller: Caller, *, within: Sitting | None = None
    ) -> tuple[Standing, tuple[Assignment, ...], bool]:
        """Whom the caller guides, everybody whom anybody at the provider guides, and whether that could not be read.

        Not for showing: who may be shown of it is decided student by student.
        """
        deadline = (within or self.sit()).deadline
        provider, _ = await self._questions.provider(caller.organisation, deadline.at(OWN))
        standing, (told, is_down) = await asyncio.gather(
            self._questions.standing(caller, deadline), self._questions.guided(provider, deadline)
        )
        return standing, told, is_down

    @property
    def tells_changes(self) -> frozenset[str]:
        """The sources of plans that can say which have changed or are gone."""
        return self._questions.tells_changes

    async def changed(
        self, since: Mapping[str, datetime], *, within: Sitting
    ) -> dict[str, tuple[datetime, ChangedPlans] | None]:
        """What those sources say has changed since their moment, and when they were asked; nothing of who failed.

        Not for showing: it may be of anybody.
        """
        return await self._questions.changed(since, within.deadline)

    @property
    def policy(self) -> Policy:
        """The rules by which it reads."""
        return self._policy

    async def _students(
        self, caller: Caller, oids: Sequence[LearnerOid], sitting: Sitting, selected: Selected
    ) -> dict[LearnerOid, Seen]:
        standing, people = await self._standing_and_people(caller, oids, sitting)
        looked = await self._looking.look(caller, standing, people.distinct(), people.are_known, sitting)
        views = await self._viewing.all(looked, sitting.deadline, selected)
        return {oid: views[people.by_oid[oid].oid] for oid in oids}

    async def _standing_and_people(
        self, caller: Caller, oids: Sequence[LearnerOid], sitting: Sitting
    ) -> tuple[Standing, People]:
        known = self._questions.people_at_hand(oids)
        if known is not None:
            return await self._questions.standing(caller, sitting.deadline), known
        return await asyncio.gather(
            self._questions.standing(caller, sitting.deadline), self._questions.people(oids, sitting.deadline)
        )

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
            raise SourcesUnavailable(CANNOT_TELL)
        return set(everything_in(replies))


def _lots(people: Sequence[Person], size: int) -> Iterator[Sequence[Person]]:
    return (people[start : start + size] for start in range(0, len(people), size))


def _with(seen: Seen, right: StudyRightOid) -> View | None:
    """A view in which the right, or the plan that covers it, is shown."""
    if isinstance(seen, View) and (seen.right(right) is not None or seen.plan(right) is not None):
        return seen
    return None

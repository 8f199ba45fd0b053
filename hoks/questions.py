"""The questions of a request, one per stage: each asks every source at most once, within the stage's share of time.

Whatever a source does, a question comes back with replies; what could not be told is told as such.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec

from hoks.asking import Deadline, ask, failed, told_at_hand
from hoks.caller import Caller, Role
from hoks.hearing import rights_told
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.looked import PlanSources
from hoks.organisations import Tree, TreeNode, tree_on
from hoks.outcomes import FAILED, Answer, Outcome, Reply
from hoks.ports import (
    Appointments,
    AppointmentSource,
    AssignmentSource,
    ChangedPlans,
    ChangeSource,
    Clock,
    Consents,
    GuidanceSource,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    RightsSource,
    RightsTogether,
    RightsTold,
    Source,
)
from hoks.relations import Appointment, Assignment, Consent, Statute
from hoks.standing import APPOINTED_AS, ASSIGNED, Standing, embedded, holding, of_the_role, recipient
from hoks.student import GuidanceGiven, Person
from hoks.told import PlansReply, all_answered, everything_in, person_of

# How much of a request's time is used up, at the latest, when a stage ends.
OWN, HOLDERS, LEARNERS, IDENTIFY, RIGHTS, TREE, PLANS = 0.15, 0.2, 0.3, 0.45, 0.65, 0.75, 0.95

LEARNER_REGISTER = "onr"
"""The name under which the learner register stands among the sources."""
ORGANISATION_REGISTER = "organisaatio"
CONSENTS = "consents"
APPOINTMENTS = "appointments"


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be asked."""

    identities: Identities
    organisations: Organisations
    rights: tuple[RightsSource, ...]
    plans: tuple[PlanSource, ...]
    rights_together: RightsTogether | None = None
    """Of those of rights the ones that are found together."""
    holders: tuple[HolderSource, ...] = ()
    appointments: tuple[AppointmentSource, ...] = ()
    made_here: Appointments | None = None
    """The appointments made through the gateway."""
    assignments: tuple[AssignmentSource, ...] = ()
    guidance: tuple[GuidanceSource, ...] = ()
    changes: tuple[ChangeSource, ...] = ()
    consents: Consents | None = None
    statutes: tuple[Statute, ...] = ()


class People(msgspec.Struct, frozen=True):
    """Who is behind OIDs, and whether the learner register told all of it."""

    by_oid: dict[LearnerOid, Person]
    are_known: bool

    def distinct(self) -> list[Person]:
        """Each person once."""
        return list({person.oid: person for person in self.by_oid.values()}.values())


class _Asked(NamedTuple):
    """A port, what it is asked and under which keys it answers, and the same as a question to be waited for."""

    port: object
    name: str
    asked: Collection[Any]
    keys: Collection[Any]
    question: Callable[[], Awaitable[Any]]
    source: Source


class _Placed(NamedTuple):
    """The tree of some organisations on a day, the answers that it was made of, and whether one was missing."""

    answers: Mapping[OrganisationOid, Answer[TreeNode]]
    day: date
    tree: Tree
    is_down: bool


MOST_PLACED = 256
"""Of how many sets of organisations it is remembered how they stand in the tree."""


def _people(reply: Reply[LearnerOid, Person]) -> People:
    people = {oid: person_of(oid, answer.value) for oid, answer in reply.answers.items()}
    return People(people, all_answered([reply]))


def _tree(reply: Reply[OrganisationOid, TreeNode]) -> tuple[Tree, bool]:
    tree = {oid: answer.value for oid, answer in reply.answers.items() if answer.value is not None}
    return tree, reply.outcome in FAILED


class Questions:
    """Asks the sources for one process; remembers of each only how it answered last."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._placed: dict[frozenset[OrganisationOid], _Placed] = {}
        together = sources.rights_together.sources if sources.rights_together is not None else ()
        self._apart = tuple(each for each in sources.rights if each.source not in together)
        self.last: dict[str, Outcome] = {}
        """How each source answered last, by source id."""
        self.of_rights = tuple(each.source for each in sources.rights)
        """The sources of rights."""
        self.of_plans = PlanSources(sources.plans)
        """The sources of plans."""

    async def people(self, oids: Collection[LearnerOid], deadline: Deadline) -> People:
        """The person behind each OID; where the register does not tell, the one OID alone."""
        keys = list(dict.fromkeys(oids))
        question = partial(self._sources.identities.identify, keys)
        return _people(await self._ask(question, keys, LEARNER_REGISTER, deadline.at(IDENTIFY)))

    def people_at_hand(self, oids: Collection[LearnerOid]) -> People | None:
        """The same where nobody has to be asked; else nothing."""
        keys = list(dict.fromkeys(oids))
        reply = self._at_hand(self._sources.identities, "identify", keys, keys, LEARNER_REGISTER)
        return _people(reply) if reply is not None else None

    async def tree(self, oids: Collection[OrganisationOid], until: float) -> tuple[Tree, bool]:
        """The place of each organisation, and whether the register was down."""
        if not oids:
            return {}, False
        return _tree(
            await self._ask(partial(self._sources.organisations.nodes, oids), oids, ORGANISATION_REGISTER, until)
        )

    def tree_at_hand(self, oids: frozenset[OrganisationOid], day: date) -> tuple[Tree, bool] | None:
        """The tree on a day, and whether the register was down, where nobody has to be asked; else nothing."""
        if not oids:
            return {}, False
        look = getattr(self._sources.organisations, "nodes_at_hand", None)
        reply: Reply[OrganisationOid, TreeNode] | None = (
            told_at_hand(partial(look, oids), oids) if look is not None else None
        )
        if reply is None:
            return None
        known = self._placed.get(oids)
        if known is None or known.answers is not reply.answers or known.day != day:
            self.last[ORGANISATION_REGISTER] = reply.outcome
            tree, is_down = _tree(reply)
            if len(self._placed) >= MOST_PLACED:
                self._placed.clear()
            known = self._placed[oids] = _Placed(reply.answers, day, tree_on(tree, day), is_down)
        return known.tree, known.is_down

    async def provider(self, acting: OrganisationOid | None, until: float) -> tuple[OrganisationOid | None, bool]:
        """The provider an organisation is or belongs to, and whether the register was down."""
        tree, down = await self.tree({acting} if acting is not None else set(), until)
        node = tree.get(acting) if acting is not None else None
        return (node.provider_oid if node is not None else None), down

    async def rights(self, people: Sequence[Person], deadline: Deadline) -> list[tuple[RightsTold, ...]]:
        """What the sources of rights tell of each person."""
        together = self._sources.rights_together
        known = together.at_hand(people) if together is not None else None
        asked = self._sources.rights if known is None else self._apart
        if known is not None and not asked:
            return [(each,) for each in known]
        keys, until = [person.oid for person in people], deadline.at(RIGHTS)
        replies = await self._each(
            [_Asked(each, "rights", people, keys, partial(each.rights, people), each.source) for each in asked], until
        )
        by_source = [(each.source, reply) for each, reply in zip(asked, replies, strict=True)]
        told = [rights_told(oid, by_source) for oid in keys]
        return [(each,) for each in told] if known is None else list(zip(known, told, strict=True))

    async def plans(
        self, wanted: Mapping[str, Collection[StudyRightOid]], deadline: Deadline
    ) -> dict[str, tuple[Source, PlansReply]]:
        """The plans that are wanted of each source, by source id."""
        asked = [(self.of_plans.by_id[each], sorted(rights)) for each, rights in wanted.items()]
        until = deadline.at(PLANS)
        replies = await self._each(
            [_Asked(each, "plans", keys, keys, partial(each.plans, keys, until), each.source) for each, keys in asked],
            until,
        )
        return {each.source.id: (each.source, reply) for (each, _), reply in zip(asked, replies, strict=True)}

    async def holders(self, rights: Sequence[StudyRightOid], deadline: Deadline) -> list[Reply[Any, Any]]:
        """Whom each source names as the holder of each right."""
        until = deadline.at(HOLDERS)
        sources = self._sources.holders
        return await asyncio.gather(
            *(self._ask(partial(each.holders, rights), rights, each.source, until) for each in sources)
        )

    async def learners(self, provider: OrganisationOid, deadline: Deadline) -> list[Reply[Any, Any]]:
        """Everybody whom a provider's own sources know."""
        until = deadline.at(LEARNERS)
        own = [each for each in self._sources.rights if each.source.provider_oid == provider]
        return await asyncio.gather(*(self._ask(each.learners, [provider], each.source, until) for each in own))

    async def standing(self, caller: Caller, deadline: Deadline) -> Standing:
        """What the caller is to students besides study rights; only what the acting role rests on is asked."""
        if caller.role in APPOINTED_AS:
            return await self._appointed(caller, deadline)
        if caller.role in ASSIGNED:
            return await self._assigned(caller, deadline)
        if caller.role is Role.CONSENT_RECIPIENT and self._sources.consents is not None:
            names = (recipient(caller),)
            question = partial(self._sources.consents.received, names)
            reply = await self._ask(question, names, CONSENTS, deadline.at(IDENTIFY))
            return Standing(consents=everything_in([reply]), is_whole=all_answered([reply]))
        statutes = (each for each in self._sources.statutes if each.organisation == caller.organisation)
        return Standing(statutes=tuple(statutes))

    async def consents_given(
        self, rights: Collection[StudyRightOid], deadline: Deadline
    ) -> tuple[tuple[Consent, ...], bool]:
        """The consents that concern rights, whoever the recipient is, and whether that is known."""
        if self._sources.consents is None or not rights:
            return (), True
        reply = await self._ask(partial(self._sources.consents.given, rights), rights, CONSENTS, deadline.at(TREE))
        return everything_in([reply]), all_answered([reply])

    async def _appointed(self, caller: Caller, deadline: Deadline) -> Standing:
        until, who = deadline.at(IDENTIFY), [caller.subject]
        sources = self._sources.appointments
        made_here, *replies = await asyncio.gather(
            self._made_here(who, until),
            *(self._ask(partial(each.appointments, who), who, each.source, until) for each in sources),
        )
        if not all_answered([made_here]):
            # INVARIANT: what staff have ended here is not open through another source because the store is silent.
            return Standing(is_whole=False)
        told = (
            msgspec.structs.replace(each, told_by=source.source.provider_oid, until=None, id=None)
            for source, reply in zip(sources, replies, strict=True)
            for each in everything_in([reply])
        )
        held = holding((*everything_in([made_here]), *told), self._clock.today())
        kind = APPOINTED_AS[caller.role]
        appointments = tuple(each for each in held if each.kind is kind)
        if caller.embedding is not None:
            appointments = embedded(appointments, caller.embedding)
        return Standing(appointments=appointments, is_whole=all_answered(replies))

    async def _made_here(self, who: Sequence[PersonOid], until: float) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """What persons were appointed to through the gateway."""
        if self._sources.made_here is None:
            return failed((), APPOINTMENTS, Outcome.ABSENT, self._clock)
        return await self._ask(partial(self._sources.made_here.appointments, who), who, APPOINTMENTS, until)

    async def _assigned(self, caller: Caller, deadline: Deadline) -> Standing:
        provider, down = await self.provider(caller.organisation, deadline.at(OWN))
        own = [each for each in self._sources.assignments if each.source.provider_oid == provider]
        until, who = deadline.at(IDENTIFY), [caller.subject]
        replies = await asyncio.gather(
            *(self._ask(partial(each.assignments, who), who, each.source, until) for each in own)
        )
        assignments = of_the_role(everything_in(replies), caller, provider)
        return Standing(assignments=assignments, is_whole=all_answered(replies) and not down)

    async def guided(self, provider: OrganisationOid | None, deadline: Deadline) -> tuple[tuple[Assignment, ...], bool]:
        """Everybody whom a provider's staff guide, as its own sources tell, and whether one of those did not answer."""
        own = [each for each in self._sources.guidance if each.source.provider_oid == provider]
        until = deadline.at(IDENTIFY)
        replies = await asyncio.gather(
            *(self._ask(each.guided, [each.source.provider_oid], each.source, until) for each in own)
        )
        told = (each for each in everything_in(replies) if each.provider == provider)
        return tuple(dict.fromkeys(told)), not all_answered(replies)

    @property
    def tells_changes(self) -> frozenset[str]:
        """The sources of plans that can say which have changed or are gone."""
        return frozenset(each.source.id for each in self._sources.changes)

    async def changed(
        self, since: Mapping[str, datetime], deadline: Deadline
    ) -> dict[str, tuple[datetime, ChangedPlans] | None]:
        """What those sources say has changed since their moment, and when they were asked; nothing of who failed."""
        asked_at, until = self._clock.now(), deadline.at(LEARNERS)
        asked = [each for each in self._sources.changes if each.source.id in since]
        replies = await asyncio.gather(
            *(
                self._ask(partial(each.changed, since[each.source.id]), [each.source.provider_oid], each.source, until)
                for each in asked
            )
        )
        told = (
            (each.source, reply.answers[each.source.provider_oid]) for each, reply in zip(asked, replies, strict=True)
        )
        return {source.id: (asked_at, answer.value) if answer.value is not None else None for source, answer in told}

    def guidance_given(self, source: str) -> GuidanceGiven:
        """What a source tells of groups and responsible teachers, as its settings say."""
        if any(each.source.id == source for each in self._sources.guidance):
            return GuidanceGiven.LISTS
        is_asked = any(each.source.id == source for each in self._sources.assignments)
        return GuidanceGiven.BY_PERSON if is_asked else GuidanceGiven.NONE

    def every_source(self) -> Iterable[Source]:
        """The sources of rights, of plans and of who guides whom."""
        of_guidance = (each.source for each in self._sources.assignments)
        return (*self.of_rights, *(each.source for each in self.of_plans), *of_guidance)

    async def _each(self, asked: Sequence["_Asked"], until: float) -> list[Reply[Any, Any]]:
        """What each comes to, in order; those that know at once are not waited for."""
        replies = [self._at_hand(each.port, each.name, each.asked, each.keys, each.source) for each in asked]
        waited = [
            self._ask(each.question, each.keys, each.source, until)
            for each, reply in zip(asked, replies, strict=True)
            if reply is None
        ]
        come = iter(await asyncio.gather(*waited) if waited else ())
        return [reply if reply is not None else next(come) for reply in replies]

    def _at_hand(
        self, port: object, name: str, asked: Collection[Any], keys: Collection[Any], source: Source | str
    ) -> Reply[Any, Any] | None:
        """What a port that keeps answers to the question of this name knows at once; else nothing.

        INVARIANT: it is what the question would come to just now, and is held to the same contract.
        """
        look = getattr(port, f"{name}_at_hand", None)
        reply: Reply[Any, Any] | None = told_at_hand(partial(look, asked), keys) if look is not None else None
        if reply is not None:
            self.last[source if isinstance(source, str) else source.id] = reply.outcome
        return reply

    async def _ask(
        self, question: Callable[[], Awaitable[Any]], keys: Collection[Any], source: Source | str, until: float
    ) -> Reply[Any, Any]:
        # Put only here: a request that fails elsewhere cancels what has not begun, which is then not left unawaited.
        name = source if isinstance(source, str) else source.id
        reply: Reply[Any, Any] = await ask(question(), keys, source=name, until=until, clock=self._clock)
        self.last[name] = reply.outcome
        return reply

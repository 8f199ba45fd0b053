"""Fake ports: every source of the world, answering from memory and remembering what it was asked."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from operator import itemgetter
from typing import TypeVar

import msgspec

from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.outcomes import Answer, Outcome, Reply
from hoks.plan import Hoks
from hoks.ports import ChangedPlans, Source
from hoks.student import Person
from hoks.study_right import StudyRight

K = TypeVar("K")
T = TypeVar("T")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a source: how every key comes out, how late, or that it breaks."""

    outcome: Outcome | None = None
    late: float = 0.0
    raises: bool = False


NO_FAULT = Fault()


class FixedClock:
    """A clock that stands at noon of one day, so that times of fetching are constant."""

    def __init__(self, day: date) -> None:
        self._day = day

    def today(self) -> date:
        """The one day."""
        return self._day

    def now(self) -> datetime:
        """Noon of the one day."""
        return datetime.combine(self._day, time(12), UTC)


class TickingClock:
    """A clock that reaches midnight after having told the day once."""

    def __init__(self, *days: date) -> None:
        self._days = list(days)

    def today(self) -> date:
        """The next of its days, and from then on the last."""
        return self._days.pop(0) if len(self._days) > 1 else self._days[0]

    def now(self) -> datetime:
        """Noon of the day that comes."""
        return datetime.combine(self._days[0], time(12), UTC)


class Asked:
    """Which keys each source was asked for, call by call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, tuple[str, ...]]] = []

    def note(self, source: str, question: str, keys: Iterable[str]) -> None:
        """Remember one call."""
        self.calls.append((source, question, tuple(sorted(keys))))

    def count(self, source: str, question: str) -> int:
        """How many times a source was asked a question."""
        return sum(1 for call in self.calls if call[:2] == (source, question))

    def keys(self, source: str, question: str) -> frozenset[str]:
        """All keys a source was asked for in a question."""
        return frozenset(key for call in self.calls if call[:2] == (source, question) for key in call[2])


@dataclass(frozen=True, slots=True)
class Manner:
    """How a fake source behaves: by which clock, where it notes what it is asked, and what is wrong with it."""

    clock: FixedClock
    asked: Asked
    fault: Fault = NO_FAULT


class FakeSource:
    """What every fake source does: note the question, be faulty, answer each key."""

    def __init__(self, name: str, manner: Manner) -> None:
        self._name = name
        self._clock = manner.clock
        self._asked = manner.asked
        self._fault = manner.fault

    async def reply(self, question: str, keys: Collection[K], found: Mapping[K, T]) -> Reply[K, T]:
        """Each key's value, or its absence, or the fault of the source."""
        self._asked.note(self._name, question, [str(key) for key in keys])
        if self._fault.late:
            await asyncio.sleep(self._fault.late)
        if self._fault.raises:
            raise RuntimeError("exploded over 010203-999X")
        return Reply(
            source=self._name,
            fetched_at=self._clock.now(),
            as_of=self._clock.now(),
            answers={key: self._answer(found.get(key)) for key in keys},
        )

    def _answer(self, value: T | None) -> Answer[T]:
        if self._fault.outcome is not None:
            return Answer(self._fault.outcome)
        return Answer(Outcome.ABSENT) if value is None else Answer(Outcome.OK, value)


class FakeProviderSource(FakeSource):
    """A fake source of one provider."""

    def __init__(self, source: Source, manner: Manner) -> None:
        super().__init__(source.id, manner)
        self.source = source


def told_by(keys: Collection[K], rows: Iterable[T], key: Callable[[T], object]) -> dict[K, tuple[T, ...]]:
    """The rows of each key that has any."""
    held = {each: tuple(row for row in rows if key(row) == each) for each in keys}
    return {each: found for each, found in held.items() if found}


class FakeIdentities(FakeSource):
    """The learner register."""

    def __init__(self, people: Sequence[Person], manner: Manner) -> None:
        super().__init__("onr", manner)
        self._people = {oid: each for each in people for oid in each.all_oids}

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        """The person behind each OID."""
        return await self.reply("identify", oids, self._people)


class FakeOrganisations(FakeSource):
    """The organisation register."""

    def __init__(self, nodes: Sequence[TreeNode], manner: Manner) -> None:
        super().__init__("organisaatio", manner)
        self._nodes = nodes

    async def nodes(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode]:
        """The place of each organisation."""
        return await self.reply("nodes", oids, {each.organisation.oid: each for each in self._nodes})


class FakeRights(FakeProviderSource):
    """A provider's source of study rights."""

    def __init__(self, source: Source, rights: Sequence[StudyRight], manner: Manner) -> None:
        super().__init__(source, manner)
        self._rights = rights

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """The rights of each person under any of their OIDs, as they are now."""
        of: dict[LearnerOid | None, list[tuple[int, StudyRight]]] = {}
        for place, each in enumerate(self._rights):
            of.setdefault(each.student_oid, []).append((place, each))
        held = {
            person.oid: tuple(each for _, each in sorted(found, key=itemgetter(0)))
            for person in people
            if (found := [told for oid in person.all_oids for told in of.get(oid, ())])
        }
        return await self.reply("rights", [person.oid for person in people], held)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is."""
        holders = {each.oid: each.student_oid for each in self._rights if each.student_oid is not None}
        return await self.reply("holders", rights, holders)

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """Everyone whom the source knows, in no particular order."""
        known = tuple({each.student_oid: None for each in self._rights if each.student_oid is not None})
        return await self.reply("learners", [self.source.provider_oid], {self.source.provider_oid: known})


class FakePlans(FakeProviderSource):
    """A provider's source of plans."""

    def __init__(self, source: Source, plans: Sequence[Hoks], manner: Manner) -> None:
        super().__init__(source, manner)
        self._plans: dict[StudyRightOid, tuple[Hoks, ...]] = {}
        for each in plans:
            self._plans[each.study_right_oid] = (*self._plans.get(each.study_right_oid, ()), each)

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plans of each right."""
        return await self.reply("plans", rights, {each: self._plans[each] for each in rights if each in self._plans})


class FakeChanges(FakeProviderSource):
    """What a provider's source of plans says of changes: by the moments of its plans, and which are gone since when."""

    def __init__(
        self, source: Source, plans: Sequence[Hoks], gone: Mapping[StudyRightOid, datetime], manner: Manner
    ) -> None:
        super().__init__(source, manner)
        self._plans = plans
        self._gone = gone

    async def changed(self, since: datetime) -> Reply[OrganisationOid, ChangedPlans]:
        """Every change after a moment."""
        dated = ((each.study_right_oid, each.updated_at) for each in self._plans)
        told = ChangedPlans(
            changed=frozenset(right for right, moment in dated if moment is not None and moment > since),
            gone={right: moment for right, moment in self._gone.items() if moment > since},
        )
        return await self.reply("changed", [self.source.provider_oid], {self.source.provider_oid: told})

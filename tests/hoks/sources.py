"""Sources that a test fills by hand: they answer from a table, count their calls, and can be told to misbehave."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from hoks.access.rules import Policy
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.organisations import Tree, TreeNode
from hoks.outcomes import Answer, Outcome, Reply
from hoks.plan import Hoks
from hoks.ports import Source
from hoks.questions import Sources
from hoks.reading import Reader
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.hoks.stories import DAY, KEY, NOW, PROVIDER_A, PROVIDER_B, PROVIDER_C, TREE

K = TypeVar("K")
V = TypeVar("V")

Q = str
"""A question, by the name of its method."""


class FixedClock:
    """A clock that stands still."""

    def today(self) -> date:
        """The day of the stories."""
        return DAY

    def now(self) -> datetime:
        """The moment of the stories."""
        return NOW


class Fake:
    """What all fakes share: calls are noted, and a question can be made to fail, hang, raise or answer nonsense."""

    def __init__(self) -> None:
        self.calls: list[tuple[Q, tuple[Any, ...]]] = []
        self.fails: dict[Q, Outcome] = {}
        self.raises: dict[Q, Exception] = {}
        self.hangs: set[Q] = set()
        self.nonsense: dict[Q, Any] = {}
        self.stale = False
        self.strays: dict[Any, Any] = {}
        self.silent_on: set[Any] = set()

    def count(self, question: Q) -> int:
        """How many times a question was asked."""
        return sum(1 for asked, _ in self.calls if asked == question)

    def asked(self, question: Q) -> list[tuple[Any, ...]]:
        """The keys of each asking."""
        return [keys for asked, keys in self.calls if asked == question]

    async def answer(self, question: Q, source: str, keys: Collection[K], known: Mapping[K, V]) -> Reply[K, V]:
        """The reply to a question."""
        self.calls.append((question, tuple(keys)))
        await asyncio.sleep(3600 if question in self.hangs else 0)
        if question in self.raises:
            raise self.raises[question]
        if question in self.nonsense:
            nonsense: Reply[K, V] = self.nonsense[question]
            return nonsense
        failure = self.fails.get(question)
        answers = {
            key: Answer[V](failure)
            if failure
            else (Answer(Outcome.OK, known[key]) if key in known else Answer[V](Outcome.ABSENT))
            for key in keys
            if key not in self.silent_on
        }
        return Reply(source=source, fetched_at=NOW, as_of=NOW, answers={**answers, **self.strays}, stale=self.stale)


class FakeIdentities(Fake):
    """The learner register; an OID it was not told of is a person of their own."""

    def __init__(self, *people: Person) -> None:
        super().__init__()
        self.people = {oid: person for person in people for oid in person.all_oids}

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        """The person behind each OID."""
        return await self.answer("identify", "onr", oids, {oid: Person(oid=oid) for oid in oids} | self.people)


class FakeOrganisations(Fake):
    """The organisation register."""

    def __init__(self, tree: Tree = TREE) -> None:
        super().__init__()
        self.tree = tree

    async def nodes(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode]:
        """The place of each organisation."""
        return await self.answer("nodes", "organisaatio", oids, self.tree)


class FakeRights(Fake):
    """A source of rights and of who holds them."""

    def __init__(self, name: str, provider: OrganisationOid, rights: Mapping[LearnerOid, Sequence[StudyRight]]) -> None:
        super().__init__()
        self.source = Source(id=name, provider_oid=provider)
        self.known = {oid: tuple(told) for oid, told in rights.items()}

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs."""
        told = {
            person.oid: tuple(right for oid in sorted(person.all_oids) for right in self.known.get(oid, ()))
            for person in people
        }
        known = {oid: found for oid, found in told.items() if found}
        return await self.answer("rights", self.source.id, list(told), known)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is."""
        held = {right.oid: oid for oid, told in self.known.items() for right in told}
        return await self.answer("holders", self.source.id, rights, held)

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """Everyone whom the source knows."""
        provider = self.source.provider_oid
        return await self.answer("learners", self.source.id, [provider], {provider: tuple(self.known)})


class FakePlans(Fake):
    """A source of plans."""

    def __init__(self, name: str, provider: OrganisationOid, *plans: Hoks) -> None:
        super().__init__()
        self.source = Source(id=name, provider_oid=provider)
        self.known: dict[StudyRightOid, tuple[Hoks, ...]] = {}
        for plan in plans:
            self.known[plan.study_right_oid] = (*self.known.get(plan.study_right_oid, ()), plan)

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plans of each right."""
        return await self.answer("plans", self.source.id, rights, self.known)


PROVIDERS = {"a": PROVIDER_A, "b": PROVIDER_B, "c": PROVIDER_C}


class World:
    """Providers ``a``, ``b`` and ``c``, each with a source of rights and one of plans, and the registries."""

    def __init__(
        self,
        rights: Mapping[str, Mapping[LearnerOid, Sequence[StudyRight]]],
        plans: Mapping[str, Sequence[Hoks]],
        people: Sequence[Person] = (),
    ) -> None:
        self.identities = FakeIdentities(*people)
        self.organisations = FakeOrganisations()
        self.rights = {name: FakeRights(f"{name}-rights", PROVIDERS[name], told) for name, told in rights.items()}
        self.plans = {name: FakePlans(f"{name}-plans", PROVIDERS[name], *told) for name, told in plans.items()}

    def reader(self, policy: Policy, seconds: float = 5.0) -> Reader:
        """A reader of this world."""
        sources = Sources(
            identities=self.identities,
            organisations=self.organisations,
            rights=tuple(self.rights.values()),
            plans=tuple(self.plans.values()),
            holders=tuple(self.rights.values()),
        )
        return Reader(sources, policy, FixedClock(), part_key=KEY, request_seconds=seconds)

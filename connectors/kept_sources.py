"""Every other source whose answers are kept, and the registers, which keep their own and whose fetches are shared.

Each wraps a port and is one itself.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from connectors.kept import APPOINTMENTS, ASSIGNMENTS, HOLDERS, IDENTITIES, ORGANISATIONS, PLANS, Kept
from connectors.limits import Reached, Remembered
from connectors.shelf import Shelf
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.outcomes import Reply
from hoks.plan import Hoks
from hoks.ports import (
    AppointmentSource,
    AssignmentSource,
    Clock,
    HolderSource,
    Identities,
    Organisations,
    PlanSource,
    Source,
)
from hoks.relations import Appointment, Assignment
from hoks.student import Person

K = TypeVar("K")
T = TypeVar("T")
AtHand = Callable[[Collection[K]], Reply[K, T] | None]
"""The answers to keys where nobody has to be asked; else nothing."""


class KeptPlans:
    """``PlanSource`` over another."""

    def __init__(self, inner: PlanSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._plans = Kept(PLANS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    def plans_at_hand(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Hoks, ...]] | None:
        """The plans of rights where they are kept."""
        return self._plans.at_hand(rights)

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right; more than one where the source wrongly holds several."""
        return await self._plans.reply(rights, lambda missing, end: self.inner.plans(missing, end), until)


class KeptHolders:
    """``HolderSource`` over another."""

    def __init__(self, inner: HolderSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._holders = Kept(HOLDERS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""
        return await self._holders.reply(rights, lambda missing, _: self.inner.holders(missing))


class KeptAppointments:
    """``AppointmentSource`` over another."""

    def __init__(self, inner: AppointmentSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._appointments = Kept(APPOINTMENTS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""
        return await self._appointments.reply(people, lambda missing, _: self.inner.appointments(missing))


class KeptAssignments:
    """``AssignmentSource`` over another."""

    def __init__(self, inner: AssignmentSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._assignments = Kept(ASSIGNMENTS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person, in whichever role."""
        return await self._assignments.reply(people, lambda missing, _: self.inner.assignments(missing))


# --- the registers, which keep their own answers: only fetches are shared ---------------------------------------


class SharedIdentities:
    """``Identities`` over another, whose fetches are shared."""

    def __init__(self, inner: Identities, source: str, settings: Reached, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._people = Kept(IDENTITIES, source, _nothing_kept(settings), shelf, clock)
        self.identify_at_hand: AtHand[LearnerOid, Person] = getattr(inner, "identify_at_hand", _nothing)
        """What the register itself keeps."""

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        """The person behind each OID, keyed by the OID that was asked."""
        return await self._people.reply(oids, lambda missing, _: self.inner.identify(missing))


class SharedOrganisations:
    """``Organisations`` over another, whose fetches are shared."""

    def __init__(self, inner: Organisations, source: str, settings: Reached, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self._nodes = Kept(ORGANISATIONS, source, _nothing_kept(settings), shelf, clock)
        self.nodes_at_hand: AtHand[OrganisationOid, TreeNode] = getattr(inner, "nodes_at_hand", _nothing)
        """What the register itself keeps."""

    async def nodes(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode]:
        """The place of each organisation in the tree."""
        return await self._nodes.reply(oids, lambda missing, _: self.inner.nodes(missing))


def _nothing(_: Collection[K]) -> None:
    return None


def _nothing_kept(settings: Reached) -> Remembered:
    return Remembered(seconds=settings.seconds, cache_seconds=0)

"""What an embed token may stand on: an appointment that holds today, named by the part that it shows or by its id."""

import asyncio
from typing import NamedTuple

from hoks.caller import Caller, Embedding, HeldRole, Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid
from hoks.narrow import planned_units
from hoks.nominating import APPOINTING
from hoks.ports import AppointmentById
from hoks.reading import Reader
from hoks.relations import Appointment, AppointmentKind
from hoks.showing import View
from hoks.sitting import Sitting
from hoks.standing import APPOINTED_AS

APPOINTED = frozenset(APPOINTED_AS)
MAY_ASK = APPOINTED | APPOINTING
"""Roles for which a token is made: appointed people for themselves, a provider for those whom its staff appointed."""
_AS = {kind: role for role, kind in APPOINTED_AS.items()}


class Ground(NamedTuple):
    """Whose place the bearer of a token takes, and the appointment that it stands on."""

    person: PersonOid
    role: Role
    learner: LearnerOid
    embedding: Embedding


class Grounds:
    """Finds the appointments on which tokens may stand. One per process."""

    def __init__(self, reader: Reader, book: AppointmentById) -> None:
        self._reader = reader
        self._book = book

    async def shown(self, caller: Caller, part: str, *, within: Sitting) -> Ground | None:
        """The caller's own appointment under which they are shown the part of that id. Raises ``SourcesUnavailable``.

        INVARIANT: a part that is hidden from the caller and one that never was come to the same.
        """
        standing, _ = await self._reader.standing(caller, within=within)
        views = await self._reader.students(caller, sorted(standing.learners()), within=within)
        learners = {oid for oid, view in views.items() if isinstance(view, View) and _shows(view, part, caller.role)}
        candidates = {each.part: each for each in _strictest_last(standing.appointments) if each.learner in learners}
        grounds = [_ground(each) for each in candidates.values()]
        alone = await asyncio.gather(*(self._shows(each, part, within) for each in grounds))
        found = next((each for each, shows in zip(grounds, alone, strict=True) if shows), None)
        if found is None and (
            not standing.is_whole or any(isinstance(each, SourcesUnavailable) for each in views.values())
        ):
            raise SourcesUnavailable("the sources of appointments or plans did not answer")
        return found

    async def made(self, appointment: str, provider: OrganisationOid, *, within: Sitting) -> Ground | None:
        """An appointment that the provider's staff made, that was accepted and holds. Raises ``SourcesUnavailable``."""
        made = await self._book.one(appointment, provider)
        if made is None or made.person is None:
            return None
        ground = _ground(made.appointment())
        return ground if await self.holds(bearer(ground), within=within) else None

    async def holds(self, caller: Caller, *, within: Sitting) -> bool:
        """Whether the appointment that a bearer's token stands on may still hold; the rules decide by what is known."""
        standing, _ = await self._reader.standing(caller, within=within)
        return bool(standing.appointments) or not standing.is_whole

    async def _shows(self, ground: Ground, part: str, within: Sitting) -> bool:
        views = await self._reader.students(bearer(ground), [ground.learner], within=within)
        view = views[ground.learner]
        return isinstance(view, View) and _shows(view, part, ground.role)


def bearer(ground: Ground, client: str | None = None) -> Caller:
    """Whoever bears a token on that ground."""
    acting = HeldRole(ground.role)
    return Caller(subject=ground.person, acting=acting, held=(acting,), client=client, embedding=ground.embedding)


def _ground(appointment: Appointment) -> Ground:
    embedding = Embedding(part=appointment.part, appointment=appointment.id)
    return Ground(appointment.person, _AS[appointment.kind], appointment.learner, embedding)


def _strictest_last(appointments: tuple[Appointment, ...]) -> list[Appointment]:
    """Those that can be ended here after those that student systems tell, so that of two to one part they stay."""
    return sorted(appointments, key=lambda each: each.id is not None)


def _shows(view: View, part: str, role: Role) -> bool:
    is_assessor = APPOINTED_AS[role] is AppointmentKind.ASSESSOR
    return any(
        each.id == part
        for plan in view.student.hoksit or ()
        for unit, _ in planned_units(plan)
        for each in (unit.demonstrations if is_assessor else unit.acquisitions) or ()
    )

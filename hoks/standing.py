"""A caller's standing: what appointments, assignments, consents and statutes make of them, gathered once a request.

Each role has one kind of relation, and only its sources are asked; a source that does not answer leaves the relation
unknown, and what is unknown opens nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from hoks.caller import Caller, Embedding, Role
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.student import Person

R = TypeVar("R", Appointment, Assignment, Consent)

APPOINTED_AS = {Role.INSTRUCTOR: AppointmentKind.INSTRUCTOR, Role.ASSESSOR: AppointmentKind.ASSESSOR}
"""Roles that an appointment gives, and the kind of it."""
ASSIGNED = frozenset(
    {
        Role.RESPONSIBLE_TEACHER,
        Role.GUIDANCE_COUNSELLOR,
        Role.SPECIAL_NEEDS_TEACHER,
        Role.SCHOOL_SOCIAL_WORKER,
    }
)
"""Guidance roles that reach only the students assigned to them."""
OWNING = frozenset({Role.STAFF, Role.SYSTEM, Role.HEAD_OF_TRAINING})
"""Roles whose students are those with a right at the acting organisation."""
CLAIMING = frozenset(
    {
        Role.STAFF,
        Role.SYSTEM,
        Role.RESPONSIBLE_TEACHER,
        Role.GUIDANCE_COUNSELLOR,
        Role.SPECIAL_NEEDS_TEACHER,
    }
)
"""Roles to which a valid right of the provider opens plans made elsewhere."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Every relation of the caller, over all students."""

    appointments: tuple[Appointment, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    consents: tuple[Consent, ...] = ()
    statutes: tuple[Statute, ...] = ()
    is_whole: bool = True
    """Whether every source that was asked answered."""

    def learners(self) -> set[LearnerOid]:
        """Everybody to whom the caller has a relation."""
        related: Iterable[Appointment | Assignment | Consent] = (*self.appointments, *self.assignments, *self.consents)
        return {each.learner for each in related}

    def towards_each(self, people: Iterable[Person]) -> "Iterator[Standing]":
        """The relations to each student, under any of the student's OIDs, in their order.

        Each relation is looked at once, however many students there are.
        """
        appointments, assignments = _by_learner(self.appointments), _by_learner(self.assignments)
        consents = _by_learner(self.consents)
        for person in people:
            yield msgspec.structs.replace(
                self,
                appointments=_of(person, appointments),
                assignments=_of(person, assignments),
                consents=_of(person, consents),
            )


def _by_learner(relations: Iterable[R]) -> dict[LearnerOid, list[tuple[int, R]]]:
    found: dict[LearnerOid, list[tuple[int, R]]] = {}
    for place, each in enumerate(relations):
        found.setdefault(each.learner, []).append((place, each))
    return found


def _of(person: Person, relations: Mapping[LearnerOid, Sequence[tuple[int, R]]]) -> tuple[R, ...]:
    placed = [each for oid in person.all_oids for each in relations.get(oid, ())]
    return tuple(each for _, each in sorted(placed, key=lambda each: each[0]))


def holding(appointments: Iterable[Appointment], day: date) -> tuple[Appointment, ...]:
    """The appointments that hold on a day.

    INVARIANT: where several name one person in one part, the most restrictive end decides for all of them: what staff
    have ended in the gateway is not open through another source.
    """
    told = tuple(appointments)
    over = {(each.person, each.part) for each in told if each.until is not None and each.until < day}
    return tuple(each for each in told if (each.person, each.part) not in over)


def embedded(appointments: Iterable[Appointment], embedding: Embedding) -> tuple[Appointment, ...]:
    """Of the appointments that hold, those that an embed token stands on; none once its own has ended."""
    kept = tuple(each for each in appointments if each.part == embedding.part)
    is_there = embedding.appointment is None or any(each.id == embedding.appointment for each in kept)
    return kept if is_there else ()


def recipient(caller: Caller) -> str:
    """Under which name a consent names the caller: as the acting organisation, or else as a person; never as both."""
    return caller.subject if caller.organisation is None else caller.organisation


def of_the_role(
    assignments: Iterable[Assignment], caller: Caller, provider: OrganisationOid | None
) -> tuple[Assignment, ...]:
    """The assignments that count: in the acting role and at the acting organisation's provider."""
    return tuple(each for each in assignments if each.role is caller.role and each.provider == provider)

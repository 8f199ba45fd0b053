"""Reads ``people.toml``: the people of the world as data, and the personas that may ask for a token."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from hoks.identifiers import with_check_digit
from hoks.items import Item

from . import texts

Letter = Literal["A", "B", "C", "D"]
AppointmentKind = Literal["instructor", "assessor"]
GuidanceRole = Literal["responsible_teacher", "guidance_counsellor", "special_needs_teacher", "school_social_worker"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class PlanEntry(_Entry, frozen=True):
    """What a plan is to hold; ``copied_to`` names a provider that keeps an older copy of it."""

    traits: frozenset[str]
    draft: bool = False
    copied_to: Letter | None = None


class LinkEntry(_Entry, frozen=True):
    """A link to another right of the same person, and the school that the link names, rightly or wrongly."""

    right: str
    school: str


class EarlierEntry(_Entry, frozen=True):
    """The school to which a right belonged until another took over."""

    until: date
    school: str


class RightEntry(_Entry, frozen=True):
    """A study right; ``key`` is unique within the person."""

    key: str
    school: str
    periods: tuple[tuple[str, date], ...]
    estimated_end: date
    type: Literal["ammatillinenkoulutus", "tuva"] = "ammatillinenkoulutus"
    qualification: str | None = None
    purchased: bool = False
    included_in: LinkEntry | None = None
    parallel_tuva: str | None = None
    locally_under: Literal["master", "slave", "nobody"] = "master"
    recorded_under: Literal["master", "slave"] = "master"
    history: tuple[EarlierEntry, ...] = ()
    plan: PlanEntry | None = None


class PersonEntry(_Entry, frozen=True):
    """A person of the cast, and why the person is in it."""

    number: int
    family_name: str
    given_names: str
    shows: str
    added_later: bool = False
    has_slave: bool = False
    non_disclosure: bool = False
    born: date | None = None
    right: tuple[RightEntry, ...] = ()


class RoleEntry(_Entry, frozen=True):
    """A role of a persona, at an organisation by its key."""

    role: str
    organisation: str | None = None


class PersonaEntry(_Entry, frozen=True):
    """Somebody who is not a student and may log in."""

    persona: str
    number: int
    title: str
    shows: str
    roles: tuple[RoleEntry, ...]


class AppointmentEntry(_Entry, frozen=True):
    """A persona named in one unit of a student's plan: in its workplace period or in its demonstration."""

    persona: str
    kind: AppointmentKind
    student: int
    right: str
    unit: str


class AssignmentEntry(_Entry, frozen=True):
    """Students whom a persona guides, as one provider's system tells."""

    persona: str
    role: GuidanceRole
    at: Letter
    students: tuple[int, ...]
    group: str | None = None


class ConsentEntry(_Entry, frozen=True):
    """A student's consent to one recipient."""

    id: str
    student: int
    right: str
    recipient: str
    items: tuple[Item, ...]
    start: date
    end: date
    withdrawn: bool = False


class StatuteEntry(_Entry, frozen=True):
    """A provision that gives an authority items, at an organisation by its key."""

    organisation: str
    citation: str
    items: tuple[Item, ...]
    express: tuple[Item, ...] = ()


class People(_Entry, frozen=True):
    """The whole of ``people.toml``."""

    persona: tuple[PersonaEntry, ...]
    person: tuple[PersonEntry, ...]
    appointment: tuple[AppointmentEntry, ...]
    assignment: tuple[AssignmentEntry, ...]
    consent: tuple[ConsentEntry, ...]
    statute: tuple[StatuteEntry, ...]

    def subject_of(self, persona: str) -> str:
        """The OID of somebody who is not a student and may log in."""
        return person_oid(next(each.number for each in self.persona if each.persona == persona))


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody whom the issuer signs a token for."""

    persona: str
    title: str
    shows: str
    subject: str
    roles: tuple[RoleEntry, ...]


def person_oid(number: int) -> str:
    """The OID of person ``number`` (the master, where the person has several)."""
    return with_check_digit("98", f"98{number:08d}")


def slave_oid(number: int) -> str:
    """The OID of the retired record of person ``number``."""
    return with_check_digit("98", f"98{number + 1000:08d}")


@cache
def people() -> People:
    """What ``people.toml`` says."""
    text = (files(__package__) / "people.toml").read_bytes()
    return msgspec.toml.decode(text, type=People)


def students_of(persona: str) -> tuple[int, ...]:
    """The students to whom somebody is tied: appointed, assigned or consented to; of a student the own number."""
    if persona.startswith("student-"):
        return (int(persona.removeprefix("student-")),)
    all_ = people()
    tied = [{each.student} for each in all_.appointment if each.persona == persona]
    tied += [set(each.students) for each in all_.assignment if each.persona == persona]
    tied += [{each.student} for each in all_.consent if each.recipient == persona and not each.withdrawn]
    return tuple(sorted(set().union(*tied)))


@cache
def cast() -> tuple[Persona, ...]:
    """Everybody who may log in: staff and systems first, then the students of the cast."""
    officials = tuple(
        Persona(persona=p.persona, title=p.title, shows=p.shows, subject=person_oid(p.number), roles=p.roles)
        for p in people().persona
    )
    students = tuple(
        Persona(
            persona=f"student-{p.number}",
            title=f"Student {p.number}: {texts.full_name(p.given_names, p.family_name)}",
            shows=p.shows,
            subject=person_oid(p.number),
            roles=(RoleEntry(role="student"),),
        )
        for p in people().person
    )
    return officials + students

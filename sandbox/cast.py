"""Reads ``people.toml``: the people of the world as data, and the personas that may ask for a token."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from hoks.identifiers import with_check_digit

from . import texts

Letter = Literal["A", "B", "C"]


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
    plan: PlanEntry | None = None


class PersonEntry(_Entry, frozen=True):
    """A person of the cast, and why the person is in it."""

    number: int
    family_name: str
    given_names: str
    shows: str
    has_slave: bool = False
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


class People(_Entry, frozen=True):
    """The whole of ``people.toml``."""

    persona: tuple[PersonaEntry, ...]
    person: tuple[PersonEntry, ...]


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

"""Reads ``texts.toml``: the qualifications, workplaces and words of which plans are made."""

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Language = Literal["fi", "sv"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Names(_Entry, frozen=True):
    """A name in the languages of the registers."""

    fi: str
    sv: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """The name as the registers write it."""
        return {"fi": self.fi, "sv": self.sv, "en": self.en}

    def in_language(self, language: Language) -> str:
        """The name in one of the two languages that plans are written in."""
        return self.sv if language == "sv" else self.fi


class WorkplaceNames(_Entry, frozen=True):
    """A workplace's name in Finnish and Swedish."""

    fi: str
    sv: str


class Lines(_Entry, frozen=True):
    """The same lines in Finnish and Swedish."""

    fi: tuple[str, ...]
    sv: tuple[str, ...]


class Qualification(_Entry, frozen=True):
    """A qualification with one competence area, its vocational units, and what is done in it."""

    key: str
    code: str
    requirements_number: str
    name: Names
    area_code: str
    area: Names
    title: Names
    units: tuple[str, ...]
    tasks: Lines
    situations: Lines


class CommonUnit(_Entry, frozen=True):
    """A common unit and the subareas of which its planning consists."""

    code: str
    subareas: tuple[str, ...]


class Workplace(_Entry, frozen=True):
    """An invented employer."""

    name: WorkplaceNames


class PeopleNames(_Entry, frozen=True):
    """Given and family names for teachers, instructors, assessors and background students."""

    given: tuple[str, ...]
    family: tuple[str, ...]


class Words(_Entry, frozen=True):
    """The free texts of a plan in one language."""

    teacher_roles: tuple[str, ...]
    buyer_roles: tuple[str, ...]
    period_details: tuple[str, ...]
    contents_lead: str
    environment_descriptions: tuple[str, ...]
    deviations: tuple[str, ...]
    criteria: tuple[str, ...]
    local_units: tuple[str, ...]
    local_goals: str
    study_skills: tuple[tuple[str, str], ...]


class BothWords(_Entry, frozen=True):
    """The free texts in both languages."""

    fi: Words
    sv: Words


class Texts(_Entry, frozen=True):
    """The whole of ``texts.toml``."""

    qualification: tuple[Qualification, ...]
    common_unit: tuple[CommonUnit, ...]
    workplace: tuple[Workplace, ...]
    people: PeopleNames
    words: BothWords

    def qualification_of(self, key: str) -> Qualification:
        """The qualification with this key."""
        return next(q for q in self.qualification if q.key == key)

    def words_in(self, language: Language) -> Words:
        """The free texts in one language."""
        return self.words.sv if language == "sv" else self.words.fi


@cache
def texts() -> Texts:
    """What ``texts.toml`` says."""
    return msgspec.toml.decode((files(__package__) / "texts.toml").read_bytes(), type=Texts)


def full_name(given_names: str, family_name: str) -> str:
    """A person's everyday name: the first given name and the family name."""
    return f"{given_names.split()[0]} {family_name}"

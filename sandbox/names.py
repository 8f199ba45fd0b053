"""Reads ``names.toml``: what the reference registers call codes and units."""

from functools import cache
from importlib.resources import files

import msgspec

from .texts import texts


class RegisteredName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name as a register has it; English is often missing."""

    fi: str
    sv: str
    en: str | None = None

    def by_language(self) -> dict[str, str]:
        """The name in the languages it is in."""
        return {"fi": self.fi, "sv": self.sv} | ({"en": self.en} if self.en is not None else {})


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vocational unit with its credits in its own qualification."""

    code: str
    credits: int
    name: RegisteredName


class Registered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``names.toml``."""

    unit: tuple[Unit, ...]
    code_set: dict[str, dict[str, RegisteredName]]

    def unit_of(self, code: str) -> Unit:
        """The unit with this code."""
        return next(each for each in self.unit if each.code == code)


@cache
def registered() -> Registered:
    """What ``names.toml`` says."""
    return msgspec.toml.decode((files(__package__) / "names.toml").read_bytes(), type=Registered)


@cache
def code_sets() -> dict[str, dict[str, RegisteredName]]:
    """Every code set by its name, with its codes by value: those of the file and those of the qualifications."""
    sets = {name: dict(codes) for name, codes in registered().code_set.items()}
    sets["tutkinnonosat"] |= {unit.code: unit.name for unit in registered().unit}
    for studied in texts().qualification:
        named = ((studied.code, studied.name, "koulutus"), (studied.area_code, studied.area, "osaamisala"))
        for value, name, code_set in named:
            told = RegisteredName(fi=name.fi, sv=name.sv, en=name.en)
            sets.setdefault(code_set, {})[value] = told
    return sets

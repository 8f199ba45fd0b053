"""The organisations of the world: four providers with schools and sites, one that has merged, and authorities."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from hoks.identifiers import OPH, with_check_digit

from .cast import Letter
from .texts import Language, Names

Kind = Literal["root", "provider", "school", "site", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One organisation; ``path`` runs from the root to its parent."""

    key: str
    oid: str
    kind: Kind
    name: Names
    path: tuple[str, ...]
    code: str = ""
    """Business id of a provider, institution number of a school."""
    ended: date | None = None
    """The last day of an organisation that is no more."""


def _names(fi: str, sv: str, en: str) -> Names:
    return Names(fi=fi, sv=sv, en=en)


# key, ten digits, kind, parent's key, code, names
_ROWS: tuple[tuple[str, str, Kind, str, str, Names], ...] = (
    ("A", "9900000001", "provider", "root", "9000101-4",
     _names("Aurajoen koulutuskuntayhtymä", "Aura ås utbildningssamkommun", "Aura River Education Authority")),
    ("A-school", "9900000011", "school", "A", "99011",
     _names("Aurajoen ammattiopisto", "Aura ås yrkesinstitut", "Aura River Vocational College")),
    ("A-adult", "9900000012", "school", "A", "99012",
     _names("Aurajoen aikuisopisto", "Aura ås vuxeninstitut", "Aura River Adult College")),
    ("A-site", "9900000013", "site", "A-school", "01",
     _names("Aurajoen ammattiopisto, Satamakatu", "Aura ås yrkesinstitut, Hamngatan",
            "Aura River Vocational College, Satamakatu")),
    ("B", "9900000002", "provider", "root", "9000201-7",
     _names("Betulan ammattikoulusäätiö", "Stiftelsen Betula yrkesskola", "Betula Vocational School Foundation")),
    ("B-school", "9900000021", "school", "B", "99021",
     _names("Betulan ammattiopisto", "Betula yrkesinstitut", "Betula Vocational College")),
    ("B-site", "9900000023", "site", "B-school", "01",
     _names("Betulan ammattiopisto, Koivukuja", "Betula yrkesinstitut, Björkgränden",
            "Betula Vocational College, Koivukuja")),
    ("C", "9900000003", "provider", "root", "9000302-8",
     _names("Ceder ammattiopisto kuntayhtymä", "Ceder Yrkesinstitut samkommun",
            "Ceder Vocational Institute Joint Authority")),
    ("C-school", "9900000031", "school", "C", "99031",
     _names("Ceder ammattiopisto", "Ceder Yrkesinstitut", "Ceder Vocational Institute")),
    ("C-site", "9900000033", "site", "C-school", "01",
     _names("Ceder ammattiopisto, Setrikatu", "Ceder Yrkesinstitut, Cedergatan",
            "Ceder Vocational Institute, Cedergatan")),
    ("merged", "9900000004", "provider", "root", "9000403-9",
     _names("Dalaniemen ammattikoulukuntayhtymä", "Dalanäs yrkesskolesamkommun", "Dalanäs Vocational Authority")),
    ("merged-school", "9900000041", "school", "merged", "99041",
     _names("Dalaniemen ammattikoulu", "Dalanäs yrkesskola", "Dalanäs Vocational School")),
    ("merged-adult", "9900000042", "school", "A", "99042",
     _names("Dalaniemen aikuisopisto", "Dalanäs vuxeninstitut", "Dalanäs Adult College")),
    ("D", "9900000007", "provider", "root", "9000705-2",
     _names("Duunilahden ammattiopistosäätiö", "Stiftelsen Duuniviken yrkesinstitut",
            "Duuni Bay Vocational Foundation")),
    ("D-school", "9900000071", "school", "D", "99071",
     _names("Duunilahden ammattiopisto", "Duuniviken yrkesinstitut", "Duuni Bay Vocational College")),
    ("D-site", "9900000073", "site", "D-school", "01",
     _names("Duunilahden ammattiopisto, Verstaskatu", "Duuniviken yrkesinstitut, Verkstadsgatan",
            "Duuni Bay Vocational College, Verstaskatu")),
    ("employment-services", "9900000051", "other", "root", "",
     _names("Kunnan työllisyyspalvelut", "Kommunens sysselsättningstjänster", "Municipal Employment Services")),
    ("inspection", "9900000052", "other", "root", "",
     _names("Seutukunnan tarkastusvirasto", "Regionens granskningsverk", "Regional Inspection Office")),
    ("fund", "9900000061", "other", "root", "",
     _names("Työllisyysrahasto", "Sysselsättningsfonden", "Employment Fund")),
)  # fmt: skip
_ENDED = {"merged": date(2025, 12, 31), "merged-school": date(2025, 12, 31)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """From a day on, one organisation stands where another stood; both by their keys."""

    merged: str
    into: str
    day: date


MERGERS = (
    Merger(merged="merged", into="A", day=date(2026, 1, 1)),
    Merger(merged="merged-school", into="A-school", day=date(2026, 1, 1)),
)
"""A provider merged into A."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Until a day one organisation stood under another than now; both by their keys."""

    moved: str
    was_under: str
    began: date
    day: date


MOVES = (Move(moved="merged-adult", was_under="merged", began=date(2018, 1, 1), day=date(2026, 1, 1)),)
"""What the register moved when a provider merged: a school that goes on stands under the successor since."""


def _tree() -> dict[str, Organisation]:
    root = Organisation(
        key="root",
        oid=OPH,
        kind="root",
        name=_names("Opetushallitus", "Utbildningsstyrelsen", "Finnish National Agency for Education"),
        path=(),
    )
    tree = {"root": root}
    for key, digits, kind, parent, code, name in _ROWS:
        above = tree[parent]
        tree[key] = Organisation(
            key=key,
            oid=with_check_digit("99", digits),
            kind=kind,
            name=name,
            path=(*above.path, above.oid),
            code=code,
            ended=_ENDED.get(key),
        )
    return tree


ORGANISATIONS = _tree()
"""Organisations by their key in this room."""

PROVIDERS: tuple[Letter, ...] = ("A", "B", "C", "D")

LANGUAGE: dict[Letter, Language] = {"A": "fi", "B": "fi", "C": "sv", "D": "fi"}
"""The language in which a provider writes its plans."""


def organisation(key: str) -> Organisation:
    """The organisation with this key."""
    return ORGANISATIONS[key]


def letter_of(school_key: str) -> Letter:
    """The provider to which a school belongs, or the one it merged into."""
    key = next((merger.into for merger in MERGERS if merger.merged == school_key), school_key)
    return next(letter for letter in PROVIDERS if key.startswith(letter))


def site_of(school_key: str) -> Organisation:
    """A school's site, or the school itself where it has none: a school may be its own site."""
    school = ORGANISATIONS[school_key]
    return next((o for o in ORGANISATIONS.values() if o.kind == "site" and o.path[-1] == school.oid), school)


def provider_of(school: Organisation) -> Organisation:
    """The provider to which a school belongs, of whatever letter."""
    return next(o for o in ORGANISATIONS.values() if o.kind == "provider" and o.oid in school.path)


def tree_of(letter: Letter) -> frozenset[str]:
    """The OIDs of a provider, its schools and its sites, and of what has merged into them."""
    top = ORGANISATIONS[letter].oid
    tree = {key for key, o in ORGANISATIONS.items() if o.oid == top or top in o.path}
    merged = {merger.merged for merger in MERGERS if merger.into in tree}
    return frozenset(ORGANISATIONS[key].oid for key in tree | merged)

"""Small values that records are made of: texts in three languages, codes, organisations, provenance.

A value has no policy of its own: it is seen where the field that holds it is seen.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from hoks.identifiers import OrganisationOid


@dataclass(frozen=True, slots=True)
class Said:
    """The description of a value's field."""

    text: str


def says(text: str) -> Said:
    """Describe a value's field, with the Finnish term."""
    return Said(text)


class Value(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Base of values: immutable, compared by content."""

    names: ClassVar[frozenset[str]] = frozenset()
    """The fields that say what the value is called; where only names may be seen, the rest is left out."""


class Text(Value, frozen=True, gc=False):
    """A name in Finnish, Swedish and English; what is missing is null."""

    fi: Annotated[str | None, says("Finnish (suomi).")] = None
    sv: Annotated[str | None, says("Swedish (ruotsi).")] = None
    en: Annotated[str | None, says("English (englanti).")] = None


class Code(Value, frozen=True, gc=False):
    """A code of a national code set (koodi): its URI as it came, its version, its name where the source gave one."""

    uri: Annotated[str, says("The code as it came (koodi-uri).")]
    version: Annotated[int | None, says("Version of the code (koodi-versio).")] = None
    name: Annotated[Text | None, says("Name, where known (nimi).")] = None


class Organisation(Value, frozen=True, gc=False):
    """An organisation named by a record: provider (koulutustoimija), school (oppilaitos) or site (toimipiste)."""

    oid: Annotated[OrganisationOid, says("OID of the organisation (organisaation oid).")]
    name: Annotated[Text | None, says("Name, where known (nimi).")] = None


class Provenance(Value, frozen=True, gc=False):
    """Where a record came from: whose statement it is, through which source, and how old it is."""

    provider: Annotated[Organisation, says("The provider that answers for the data (koulutuksen järjestäjä).")]
    source: Annotated[str, says("The source, as the operator named it.")]
    fetched_at: Annotated[
        datetime, says("When the gateway really read it: it may be earlier than the request, by seconds.")
    ]
    as_of: Annotated[datetime, says("The moment the data describe: the reading itself, or a snapshot's own time.")]
    stale: Annotated[bool, says("True when the source could not be asked and an earlier answer is shown.")] = False


def named(value: object) -> object:
    """What a value is called, and nothing else of it; of a plain text, the text."""
    if isinstance(value, tuple):
        return tuple(named(each) for each in value)
    if isinstance(value, Value):
        return type(value)(**{name: getattr(value, name) for name in value.names})
    return value

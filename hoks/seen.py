"""Who has seen a student's data, as the student reads it: records of the log folded by the hour, in plain words.

Of whoever looked the student is told the organisation and the role, never the person (C-579/21), and never anything of
other students.

INVARIANT: a row is made of the student's own records alone. What others were told of others changes no byte of it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec

from hoks.caller import Role
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.paging import Cursor, PageInfo
from hoks.values import Organisation, Text, Value, says
from hoks.wording import AIMS, EVENTS, GROUNDS, ITEMS, ROLES

HOUR = 3_600_000
"""Milliseconds. Finland is whole hours from UTC, so that an hour there is an hour here."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one record says, but for its moment: looks that are equal are folded."""

    subject: LearnerOid
    event: str
    organisation: OrganisationOid | None = None
    """In which the look was taken, or to which a consent was given."""
    role: str | None = None
    purpose: str | None = None
    right: StudyRightOid | None = None
    items: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    provider: OrganisationOid | None = None
    discloser: OrganisationOid | None = None
    source: str | None = None
    stale: bool = False


class Noted(NamedTuple):
    """A look and its moment, in milliseconds since 1970."""

    at: int
    look: Look


class Place(NamedTuple):
    """Where a row stands. Later looks of its hour do not move it: it is the moment of its first one."""

    first: int
    reference: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Equal looks of one hour."""

    look: Look
    first: int
    last: int
    count: int

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.first, reference(self.look, self.first))


class RowPage(msgspec.Struct, frozen=True):
    """Rows, newest first, and whether more follow."""

    rows: tuple[Row, ...]
    more: bool


def reference(look: Look, at: int) -> str:
    """By which a row can be spoken of, to whoever may know more: the same for the same looks of an hour."""
    told = msgspec.json.encode((at // HOUR, look))
    return hashlib.sha256(told).hexdigest()[:32]


def fold(noted: Iterable[Noted]) -> tuple[Row, ...]:
    """Equal looks of one hour as one row each, newest first, whatever order they came in."""
    moments: Mapping[tuple[int, Look], list[int]] = defaultdict(list)
    for at, look in noted:
        moments[at // HOUR, look].append(at)
    rows = (Row(look=look, first=min(each), last=max(each), count=len(each)) for (_, look), each in moments.items())
    return tuple(sorted(rows, key=lambda row: row.place, reverse=True))


class Term(Value, frozen=True, gc=False):
    """A code of the log or of the rules, and what it means."""

    code: Annotated[str, says("The code.")]
    name: Annotated[Text | None, says("What it means, in plain words; null for a code that is no longer known.")] = None


class Disclosure(Value, frozen=True, gc=False):
    """A row of the log about a student (luovutusloki), read by that student alone; equal looks of one hour are one."""

    reference: Annotated[str, says("By which to speak of it, when asking for more than is shown here.")]
    event: Annotated[Term, says("What happened.")]
    is_own: Annotated[bool, says("Whether it was the student's own doing.")]
    count: Annotated[int, says("How many times within the hour.")]
    first: Annotated[datetime, says("The first time.")]
    last: Annotated[datetime, says("The last time.")]
    items: Annotated[tuple[Term, ...], says("The items of the law that were there to be seen, or were consented to.")]
    grounds: Annotated[tuple[Term, ...], says("On what ground (peruste).")]
    laws: Annotated[tuple[str, ...], says("The provisions that the grounds follow from.")]
    consents: Annotated[tuple[str, ...], says("Ids of the consents that it concerns or rests on.")]
    may_be_older: Annotated[bool, says("Whether an earlier answer of the source was shown.")]
    role: Annotated[Term | None, says("In which role the data were looked at (rooli); never by whom.")] = None
    organisation: Annotated[
        Organisation | None,
        says("The organisation (organisaatio) in which they were looked at, or to which a consent was given."),
    ] = None
    purpose: Annotated[Term | None, says("To what end (käyttötarkoitus).")] = None
    study_right_oid: Annotated[
        StudyRightOid | None,
        says("The study right whose plan or state it was; null for what was told of the person apart from any."),
    ] = None
    provider: Annotated[Organisation | None, says("The provider that answers for the data.")] = None
    discloser: Annotated[
        Organisation | None, says("Who disclosed them: the provider, or after studies have ended OPH.")
    ] = None
    source: Annotated[str | None, says("The source that the data came from, as the operator named it.")] = None


class DisclosureEdge(Value, frozen=True, gc=False):
    """A row of the log in a page."""

    cursor: Annotated[Cursor, says("Where this row stands.")]
    node: Annotated[Disclosure | None, says("The row (luovutusloki).")] = None


class DisclosureConnection(Value, frozen=True, gc=False):
    """Rows of the log about a student, newest first. There is no total: every page is read as it is asked for."""

    edges: Annotated[tuple[DisclosureEdge, ...], says("The rows of this page.")]
    page_info: Annotated[PageInfo, says("Where the page ends.")]


def in_words(row: Row) -> Disclosure:
    """A row as its student reads it; the names of organisations are put on by ``labelled``."""
    look = row.look
    return Disclosure(
        reference=row.place.reference,
        event=Term(code=look.event, name=EVENTS.get(look.event)),
        is_own=look.role == Role.STUDENT or look.event.startswith("consent."),
        count=row.count,
        first=_moment(row.first),
        last=_moment(row.last),
        role=_term(look.role, ROLES),
        organisation=_organisation(look.organisation),
        purpose=_term(look.purpose, AIMS),
        items=_terms(look.items, ITEMS),
        grounds=_terms(look.grounds, GROUNDS),
        laws=look.laws,
        study_right_oid=look.right,
        provider=_organisation(look.provider),
        discloser=_organisation(look.discloser),
        source=look.source,
        consents=look.consents,
        may_be_older=look.stale,
    )


def _term(code: str | None, words: Mapping[str, Text]) -> Term | None:
    return Term(code=code, name=words.get(code)) if code is not None else None


def _terms(codes: Sequence[str], words: Mapping[str, Text]) -> tuple[Term, ...]:
    return tuple(Term(code=code, name=words.get(code)) for code in codes)


def _organisation(oid: OrganisationOid | None) -> Organisation | None:
    return Organisation(oid=oid) if oid is not None else None


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)

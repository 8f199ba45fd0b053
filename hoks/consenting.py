"""What a student may consent to, and for how long: refused in words before anything is kept.

A consent (suostumus, source 004:180, 196-197) is individualised: one recipient, one plan, exact items, a purpose and
days. It gives nobody the contact data of third persons.
"""

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.values import Value, says

LONGEST = timedelta(days=365)
"""A consent holds at most a year; who wants more gives it again (security 7.8)."""


class RecipientKind(StrEnum):
    """To whom a consent is given; with LINK to the one person who first accepts a share (jakolinkki) of it."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"
    LINK = "LINK"


class Purpose(StrEnum):
    """To what end a student lets somebody see items of a plan."""

    RECOGNITION = "RECOGNITION"
    WORKPLACE_LEARNING = "WORKPLACE_LEARNING"
    EMPLOYMENT = "EMPLOYMENT"
    FURTHER_STUDIES = "FURTHER_STUDIES"
    SERVICES = "SERVICES"
    OTHER = "OTHER"


class Language(StrEnum):
    """The language of the text that the student saw."""

    FI = "fi"
    SV = "sv"
    EN = "en"


SENSITIVE = frozenset({Item.D6u, Item.D6d, Item.D8, Item.D9, Item.D11b, Item.Gi})
"""Items that no consent opens unless the student has agreed to each by itself (ehoks 10.3 "explicit", security 7.8)."""


class ConsentFault(StrEnum):
    """Why a consent was not given, shared or withdrawn: lasting names that a client can act on."""

    END_BEFORE_START = "END_BEFORE_START"
    END_IN_THE_PAST = "END_IN_THE_PAST"
    START_TOO_FAR_AWAY = "START_TOO_FAR_AWAY"
    LONGER_THAN_A_YEAR = "LONGER_THAN_A_YEAR"
    NO_ITEM = "NO_ITEM"
    ITEM_NOT_FOR_CONSENT = "ITEM_NOT_FOR_CONSENT"
    SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY = "SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY"
    NO_SUCH_RECIPIENT = "NO_SUCH_RECIPIENT"
    NO_SUCH_PLAN = "NO_SUCH_PLAN"
    NO_SUCH_TEXT = "NO_SUCH_TEXT"
    NO_SUCH_CONSENT = "NO_SUCH_CONSENT"
    NO_SUCH_SHARE = "NO_SUCH_SHARE"
    ALREADY_ACCEPTED = "ALREADY_ACCEPTED"
    TOO_MANY_TRIES = "TOO_MANY_TRIES"
    TOO_MANY = "TOO_MANY"


class NewConsent(Value, frozen=True, gc=False):
    """A consent as a student words it: one recipient, one plan, exact items, a purpose and days."""

    study_right_oid: Annotated[
        StudyRightOid, says("The study right whose plan it concerns (opiskeluoikeuden oid); one of your own.")
    ]
    recipient_kind: Annotated[RecipientKind, says("Whether a person, an organisation or the holder of a link may see.")]
    items: Annotated[tuple[Item, ...], says("Exactly the items of the law that may be seen.")]
    purpose: Annotated[Purpose, says("To what end.")]
    end_date: Annotated[date, says("Last day (loppu), at most a year away.")]
    text_version: Annotated[str, says("The version of the text that you have been shown: `consentText.version`.")]
    language: Annotated[Language, says("The language in which you have been shown it.")]
    recipient: Annotated[
        str | None, says("Who may see: the OID of the person or the organisation; left out for a link.")
    ] = None
    start_date: Annotated[date | None, says("First day (alku); today where left out.")] = None
    express: Annotated[
        tuple[Item, ...],
        says("Once more, each of `items` that is sensitive (`consentText.sensitive`): agreed to by itself."),
    ] = ()


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as a student wants to give it."""

    subject: LearnerOid
    recipient_kind: RecipientKind
    recipient: str
    """Empty where a share is still to find one."""
    right: StudyRightOid
    items: frozenset[Item]
    purpose: Purpose
    start: date
    end: date
    text_version: str
    language: Language
    express: frozenset[Item] = frozenset()
    """The sensitive items that the student has agreed to one by one."""


class GivenConsent(Value, frozen=True, gc=False):
    """A consent that a student has given (suostumus); shown to that student alone."""

    id: Annotated[str, says("By which it is withdrawn.")]
    study_right_oid: Annotated[StudyRightOid, says("The study right whose plan it concerns (opiskeluoikeuden oid).")]
    recipient_kind: Annotated[RecipientKind, says("Whether a person, an organisation or the holder of a link may see.")]
    recipient: Annotated[
        str | None,
        says("Who may see: the OID of the person or the organisation; null while nobody has accepted a share of it."),
    ]
    items: Annotated[tuple[Item, ...], says("Exactly the items of the law that may be seen.")]
    purpose: Annotated[Purpose, says("To what end.")]
    start_date: Annotated[date, says("First day (alku).")]
    end_date: Annotated[date, says("Last day (loppu).")]
    is_in_force: Annotated[bool, says("Whether it holds today.")]
    text_version: Annotated[str, says("Which text the student saw.")]
    language: Annotated[Language, says("In which language.")]
    withdrawn_on: Annotated[date | None, says("The day on which it was withdrawn; null where it was not.")] = None
    uses: Annotated[int, says("How many times something was disclosed on its ground.")] = 0


def refuse(wish: Wish, today: date, may_be_given: Collection[Item]) -> None:
    """Raise ``BadRequest`` for a consent that no student can give."""
    beyond = sorted(item.value for item in wish.items if item not in may_be_given)
    silent = sorted(item.value for item in (wish.items & SENSITIVE) ^ wish.express)
    faults = (
        (wish.end < wish.start, ConsentFault.END_BEFORE_START, "the end is before the start"),
        (wish.end < today, ConsentFault.END_IN_THE_PAST, "the end is in the past"),
        (
            wish.start - today > LONGEST,
            ConsentFault.START_TOO_FAR_AWAY,
            "the start is more than a year away",
        ),
        (
            wish.end - max(wish.start, today) > LONGEST,
            ConsentFault.LONGER_THAN_A_YEAR,
            "a consent holds at most a year",
        ),
        (not wish.items, ConsentFault.NO_ITEM, "no item is named"),
        (bool(beyond), ConsentFault.ITEM_NOT_FOR_CONSENT, f"no consent opens {', '.join(beyond)}"),
        (
            bool(silent),
            ConsentFault.SENSITIVE_ITEM_NOT_NAMED_EXPRESSLY,
            f"`express` must name the sensitive ones of `items`, and no others: {', '.join(silent)}",
        ),
    )
    for is_there, fault, text in faults:
        if is_there:
            raise BadRequest(text, fault)

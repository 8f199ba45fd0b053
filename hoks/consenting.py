"""What a student may consent to, and for how long: refused in words before anything is kept.

A consent (suostumus, source 004:180, 196-197) is individualised: one recipient, one plan, exact items, a purpose and
days. It gives nobody the contact data of third persons.
"""

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from hoks.access.rules import Policy
from hoks.caller import Role
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item, items_in
from hoks.values import Value, says

LONGEST = timedelta(days=365)
"""A consent holds at most a year; who wants more gives it again (security 7.8)."""


class RecipientKind(StrEnum):
    """To whom a consent is given."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"


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


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as a student wants to give it."""

    subject: LearnerOid
    recipient_kind: RecipientKind
    recipient: str
    right: StudyRightOid
    items: frozenset[Item]
    purpose: Purpose
    start: date
    end: date
    text_version: str
    language: Language


class GivenConsent(Value, frozen=True, gc=False):
    """A consent that a student has given (suostumus); shown to that student alone."""

    id: Annotated[str, says("By which it is withdrawn.")]
    study_right_oid: Annotated[StudyRightOid, says("The study right whose plan it concerns (opiskeluoikeuden oid).")]
    recipient_kind: Annotated[RecipientKind, says("Whether a person or an organisation may see.")]
    recipient: Annotated[str, says("Who may see: the OID of the person or the organisation.")]
    items: Annotated[tuple[Item, ...], says("Exactly the items of the law that may be seen.")]
    purpose: Annotated[Purpose, says("To what end.")]
    start_date: Annotated[date, says("First day (alku).")]
    end_date: Annotated[date, says("Last day (loppu).")]
    is_in_force: Annotated[bool, says("Whether it holds today.")]
    text_version: Annotated[str, says("Which text the student saw.")]
    language: Annotated[Language, says("In which language.")]
    withdrawn_on: Annotated[date | None, says("The day on which it was withdrawn; null where it was not.")] = None
    uses: Annotated[int, says("How many times something was disclosed on its ground.")] = 0


def consentable(policy: Policy) -> frozenset[Item]:
    """The items that a student's consent can open at all."""
    rules = policy.for_role(Role.CONSENT_RECIPIENT, "plan")
    return frozenset[Item]().union(*(items_in(rule.items) for rule in rules)) - {Item.ID, Item.SR}


def refuse(wish: Wish, today: date, may_be_given: Collection[Item]) -> None:
    """Raise ``BadRequest`` for a consent that no student can give."""
    beyond = sorted(item.value for item in wish.items if item not in may_be_given)
    faults = {
        "the end is before the start": wish.end < wish.start,
        "the end is in the past": wish.end < today,
        "the start is more than a year away": wish.start - today > LONGEST,
        "a consent holds at most a year": wish.end - max(wish.start, today) > LONGEST,
        "no item is named": not wish.items,
        f"no consent opens {', '.join(beyond)}": bool(beyond),
    }
    for fault, is_there in faults.items():
        if is_there:
            raise BadRequest(fault)

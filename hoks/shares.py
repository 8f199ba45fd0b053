"""Shares (jakolinkit): a student, or the plan's provider on the student's consent, hands out a link once, and the first
person who accepts it becomes the consent's one recipient."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from hoks.consenting import Purpose
from hoks.identifiers import OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.values import Text, Value, says


class ShareState(StrEnum):
    """What a share is today."""

    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"
    OVER = "OVER"


class GivenShare(Value, frozen=True, gc=False):
    """A share of a consent (jakolinkki); shown to its student, and to who made it when it is made or revoked."""

    id: Annotated[str, says("By which it is revoked; it opens nothing.")]
    consent_id: Annotated[str, says("The consent on which it rests.")]
    study_right_oid: Annotated[StudyRightOid, says("The study right whose plan it concerns (opiskeluoikeuden oid).")]
    state: Annotated[
        ShareState,
        says("Waiting to be accepted, accepted, revoked, or over: not accepted in time, or the consent does not hold."),
    ]
    made_on: Annotated[date, says("The day on which it was made.")]
    accept_by: Annotated[date, says("The last day on which it can be accepted.")]
    made_by_oid: Annotated[
        OrganisationOid | None, says("The provider that made it (koulutuksen järjestäjä); null where you did.")
    ] = None
    made_by_name: Annotated[Text | None, says("Name of that provider (nimi).")] = None
    accepted_by: Annotated[PersonOid | None, says("Who accepted it: the consent's recipient.")] = None
    accepted_on: Annotated[date | None, says("The day on which it was accepted.")] = None
    failed_tries: Annotated[int, says("How often somebody tried it in vain.")] = 0


class MadeShare(Value, frozen=True, gc=False):
    """A share that has just been made, with its token."""

    share: Annotated[GivenShare, says("The share.")]
    token: Annotated[str, says("Accepts it. Shown here once and kept nowhere; put it in no URL, unless after a #.")]


class AcceptedShare(Value, frozen=True, gc=False):
    """What somebody who has accepted a share may see; the plan itself is among their `students`."""

    items: Annotated[tuple[Item, ...], says("Exactly the items of the law that may be seen.")]
    purpose: Annotated[Purpose, says("To what end.")]
    start_date: Annotated[date, says("First day (alku).")]
    end_date: Annotated[date, says("Last day (loppu).")]

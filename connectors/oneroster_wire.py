"""OneRoster's answers and rows, as far as we read them: users, organisations and enrolments.

What the law needs beside a window of enrolment stands where the vendor has put it, mostly in ``metadata``; a ``Place``
says where.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from typing import Annotated, Any

import msgspec

from connectors.bodies import members, parsed, sound
from connectors.client import Incoming
from connectors.failures import Reason, SourceFailure, SourceInvalid, outcome_of
from connectors.outline import clean
from hoks.identifiers import (
    Check,
    LearnerOid,
    OrganisationOid,
    PersonOid,
    StudyRightOid,
    check_learner_oid,
    check_organisation_oid,
    check_study_right_oid,
)
from hoks.outcomes import Outcome

ACTIVE, GONE = "active", "tobedeleted"
"""The status words of OneRoster 1.2; a row that is gone is only not yet taken away."""
STUDENT = "student"

Place = Annotated[str, msgspec.Meta(pattern=r"\A(metadata\.[^\n]{1,200}|[A-Za-z]{1,40})\Z")]
"""Where in a row a value stands: a field of OneRoster, or ``metadata.`` and a key of the vendor's."""


# --- the answer around the rows -------------------------------------------------------------------------------

_OUTCOME_OF_MINOR = {
    "unauthorisedrequest": Outcome.DENIED,
    "forbidden": Outcome.DENIED,
    "server_busy": Outcome.THROTTLED,
    "internal_server_error": Outcome.UNAVAILABLE,
}


MOST_MEMBERS = 20
"""Members of an answer: the collection, and what a server may add beside it."""


def rows_in(answer: Incoming, collection: str, at_most: int) -> tuple[bytes, ...]:
    """The rows of a collection, each still as JSON. Raises ``SourceFailure`` for an error or another document."""
    outcome = outcome_of(answer.status)
    if outcome is Outcome.ABSENT_OR_DENIED:
        # A collection is always there; a 404 is a wrong address and says nothing about persons.
        raise SourceInvalid(Reason.STATUS)
    if outcome is not Outcome.OK:
        raise SourceFailure(_outcome_told(answer.body) or outcome, Reason.STATUS)
    document = members(answer.body, at_most=MOST_MEMBERS)
    if collection not in document:
        raise SourceFailure(_outcome_told(answer.body) or Outcome.INVALID, Reason.UNREADABLE)
    try:
        rows = msgspec.json.decode(document[collection], type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SourceInvalid(Reason.UNREADABLE) from None
    if len(rows) > at_most:
        raise SourceInvalid(Reason.OVERSIZE)
    return tuple(map(bytes, rows))


def _outcome_told(body: bytes) -> Outcome | None:
    """What an error document (``imsx_StatusInfo``) says more exactly than the HTTP status; nothing where it is none."""
    try:
        document = parsed(body)
    except SourceInvalid:
        return None
    fields = _within(_within(document, "imsx_CodeMinor"), "imsx_codeMinorField")
    told = [_within(each, "imsx_codeMinorFieldValue") for each in fields] if isinstance(fields, list) else []
    outcomes = [_OUTCOME_OF_MINOR[word] for word in told if isinstance(word, str) and word in _OUTCOME_OF_MINOR]
    return outcomes[0] if outcomes else None


def key_of(row: bytes) -> str | bytes:
    """The row's own id, or the row itself where it has none that can be read."""
    try:
        return _KEYED.decode(row).source_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return row


class _Keyed(msgspec.Struct, frozen=True):
    source_id: str = msgspec.field(name="sourcedId")


_KEYED = msgspec.json.Decoder(_Keyed)


# --- rows -----------------------------------------------------------------------------------------------------


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the roster, by the roster's own id."""

    id: str
    learners: frozenset[LearnerOid]
    """The learner numbers the roster gives the person: one, or none of a member of staff."""
    status: str
    """As it came; only ``active`` opens anything."""


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A row of enrolment that may be a study right; nothing for what it does not say readably."""

    user: str | None
    oid: StudyRightOid | None
    oid_is_malformed: bool
    school: str | None
    """The roster's own id of the school."""
    is_active: bool
    row: Mapping[str, Any]


def user_in(body: bytes, id_type: str) -> User:
    """A row of ``users``. Raises ``SourceInvalid`` where it does not say who it is.

    A learner number that is none names nobody: people are matched by number alone.
    """
    row = row_in(body)
    source_id, ids, status = text_in(row.get("sourcedId")), row.get("userIds"), text_in(row.get("status"))
    if source_id is None or status is None or not isinstance(ids, list | None):
        raise SourceInvalid(Reason.UNREADABLE)
    return User(id=source_id, learners=frozenset(map(LearnerOid, _oids_in(ids or (), id_type))), status=status)


def persons_in(bodies: Iterable[bytes], id_type: str) -> dict[str, frozenset[PersonOid]]:
    """By which OIDs each row of ``users`` is known as a person who signs in; what cannot be read names nobody."""
    persons: dict[str, frozenset[PersonOid]] = {}
    for body in bodies:
        with suppress(SourceInvalid):
            row = row_in(body)
            source_id, ids = text_in(row.get("sourcedId")), row.get("userIds")
            if source_id is not None and isinstance(ids, list):
                persons[source_id] = frozenset(map(PersonOid, _oids_in(ids, id_type)))
    return persons


def _oids_in(ids: Iterable[Any], id_type: str) -> set[str]:
    numbers = {text_in(_within(each, "identifier")) for each in ids if _within(each, "type") == id_type}
    return {each for each in numbers if each and check_learner_oid(each) is not Check.MALFORMED}


def organisations_in(bodies: Iterable[bytes], place: str) -> dict[str, OrganisationOid | None]:
    """The OIDs of the rows of ``orgs`` by their ids in the roster; what is gone or unreadable is not there."""
    return dict(each for body in bodies if (each := _organisation_in(body, place)) is not None)


def _organisation_in(body: bytes, place: str) -> tuple[str, OrganisationOid | None] | None:
    try:
        row = row_in(body)
    except SourceInvalid:
        return None
    source_id, oid = text_in(row.get("sourcedId")), text_in(value_at(row, place))
    if source_id is None or row.get("status") == GONE:
        return None
    well_formed = oid is not None and check_organisation_oid(oid) is Check.OK
    return source_id, OrganisationOid(oid) if oid is not None and well_formed else None


def enrolment_in(body: bytes, place: str) -> Enrolment | None:
    """A row of ``enrollments``; nothing for a row that is gone or is not a student's."""
    row = row_in(body)
    role, status, told = row.get("role"), row.get("status"), value_at(row, place)
    if status == GONE or (isinstance(role, str) and role.lower() != STUDENT):
        return None
    oid = text_in(told)
    well_formed = oid is not None and check_study_right_oid(oid) is not Check.MALFORMED
    return Enrolment(
        user=reference_in(row, "user"),
        oid=StudyRightOid(oid) if oid is not None and well_formed else None,
        oid_is_malformed=told not in (None, "") and not well_formed,
        school=reference_in(row, "school"),
        is_active=status == ACTIVE and isinstance(role, str),
        row=row,
    )


def row_in(body: bytes) -> dict[str, Any]:
    """A row as it came. Raises ``SourceInvalid`` where it is none."""
    row = parsed(sound(body))
    if not isinstance(row, dict):
        raise SourceInvalid(Reason.UNREADABLE)
    return row


def value_at(row: Mapping[str, Any], place: str) -> Any:
    """What stands at a place of a row, of whatever kind; nothing where nothing does."""
    head, _, key = place.partition(".")
    return _within(row.get(head), key) if key else row.get(head)


def reference_in(row: Mapping[str, Any], to: str) -> str | None:
    """The roster's own id of what a row points to."""
    return text_in(_within(row.get(to), "sourcedId"))


_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)T00:00:00(?:\.0+)?Z?", re.ASCII)


def day_text(value: Any) -> Any:
    """A day as it came; some servers write it as that day's midnight."""
    midnight = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return midnight[1] if midnight else value


def day_in(value: Any) -> date | None:
    """A day; nothing where there is none. Raises ``ValueError`` for what is no day."""
    if value is None or value == "":
        return None
    text = day_text(value)
    if not isinstance(text, str) or len(text) != len("2026-01-01"):
        raise ValueError("expected a day")
    return date.fromisoformat(text)


def _within(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def text_in(value: Any) -> str | None:
    """A text, cleaned; nothing for anything else."""
    return clean(value) if isinstance(value, str) else None

"""Scalars of the graph: identifiers that say what they are, and the opaque cursor.

An argument is checked where it is used, so that a malformed one answers with our own words and repeats nothing.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry
from strawberry.types.scalar import ScalarDefinition

from hoks.errors import BadRequest
from hoks.identifiers import BusinessId, LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.paging import Cursor

T = TypeVar("T")


def checked(check: Callable[[str], T], given: object, argument: str) -> T:
    """The value of an argument. Raises ``BadRequest`` where it is not what ``check`` makes of a text."""
    try:
        return check(_text(given))
    except ValueError as error:
        raise BadRequest(f"`{argument}`: {error}") from None


def _scalar(name: str, description: str) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=str, parse_value=_text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("expected a string")


SCALARS: dict[object, ScalarDefinition] = {
    LearnerOid: _scalar("LearnerOid", "OID of a learner (oppijanumero): 1.2.246.562.24.… with its check digit."),
    PersonOid: _scalar("PersonOid", "OID of any person (henkilön oid)."),
    StudyRightOid: _scalar(
        "StudyRightOid", "OID of a study right (opiskeluoikeuden oid): 1.2.246.562.15.… with its check digit."
    ),
    OrganisationOid: _scalar("OrganisationOid", "OID of an organisation (organisaation oid): 1.2.246.562.10.…"),
    BusinessId: _scalar("BusinessId", "Finnish business id (Y-tunnus): seven digits, hyphen, check digit."),
    Cursor: _scalar("Cursor", "Where a page ends; opaque, and good only for the caller it was given to."),
}

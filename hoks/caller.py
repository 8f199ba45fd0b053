"""Who is asking: a verified person or system in exactly one acting role."""

from enum import StrEnum

import msgspec

from hoks.identifiers import OrganisationOid, PersonOid


class Role(StrEnum):
    """The roles a token can carry. A guidance role never implies ``staff``; there is no union across roles."""

    __hash__ = str.__hash__  # Enum's own is in Python, and many sets are looked into

    STUDENT = "student"
    STAFF = "staff"
    RESPONSIBLE_TEACHER = "responsible_teacher"
    GUIDANCE_COUNSELLOR = "guidance_counsellor"
    SPECIAL_NEEDS_TEACHER = "special_needs_teacher"
    SCHOOL_SOCIAL_WORKER = "school_social_worker"
    HEAD_OF_TRAINING = "head_of_training"
    INSTRUCTOR = "instructor"
    ASSESSOR = "assessor"
    CONSENT_RECIPIENT = "consent_recipient"
    AUTHORITY = "authority"
    EMPLOYMENT_FUND = "employment_fund"
    OPH = "oph"
    SYSTEM = "system"


WITHIN_AN_ORGANISATION = frozenset(
    {
        Role.STAFF,
        Role.RESPONSIBLE_TEACHER,
        Role.GUIDANCE_COUNSELLOR,
        Role.SPECIAL_NEEDS_TEACHER,
        Role.SCHOOL_SOCIAL_WORKER,
        Role.HEAD_OF_TRAINING,
        Role.AUTHORITY,
        Role.EMPLOYMENT_FUND,
        Role.OPH,
        Role.SYSTEM,
    }
)
"""Roles that are held in an organisation; the others are held by a person as such."""
EITHER_WAY = frozenset({Role.CONSENT_RECIPIENT})
"""Roles that can be held in either way: a consent names a person or an organisation."""


class HeldRole(msgspec.Struct, frozen=True):
    """One role that the token says the caller holds, and where."""

    role: Role
    organisation: OrganisationOid | None = None


class Embedding(msgspec.Struct, frozen=True, kw_only=True):
    """What the bearer of an embed token is narrowed to: one appointment, and so one student, and one operation."""

    id: str = ""
    """By which records name the token; it opens nothing."""
    part: tuple[object, ...]
    """What the person is appointed to, as ``Appointment.part`` tells it."""
    appointment: str | None
    """Of an appointment made through the gateway its id: with it the token ends, whatever else names the person."""
    operation: str = ""
    """The SHA-256 hash of the one document."""
    operation_name: str | None = None
    variables: str = "{}"
    """The one set of variables, as JSON in one order."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A verified caller, acting in one of the roles the token holds."""

    subject: PersonOid
    acting: HeldRole
    held: tuple[HeldRole, ...]
    client: str | None = None
    """The program through which they call, where the token names it."""
    embedding: Embedding | None = None
    """Of the bearer of an embed token, what it is narrowed to; it never widens what the role and the day give."""

    @property
    def role(self) -> Role:
        """The acting role."""
        return self.acting.role

    @property
    def organisation(self) -> OrganisationOid | None:
        """The acting organisation, for roles held in one."""
        return self.acting.organisation

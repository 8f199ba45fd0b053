"""Who is asking: a verified person or system in exactly one acting role."""

from enum import StrEnum

import msgspec

from hoks.identifiers import OrganisationOid, PersonOid


class Role(StrEnum):
    """The roles a token can carry. A guidance role never implies ``staff``; there is no union across roles."""

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


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A verified caller, acting in one of the roles the token holds."""

    subject: PersonOid
    acting: HeldRole
    held: tuple[HeldRole, ...]

    @property
    def role(self) -> Role:
        """The acting role."""
        return self.acting.role

    @property
    def organisation(self) -> OrganisationOid | None:
        """The acting organisation, for roles held in one."""
        return self.acting.organisation

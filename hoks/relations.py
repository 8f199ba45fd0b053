"""What makes somebody something to a student besides a study right: appointment, assignment, consent, statute.

Names in a plan identify nobody. An appointment binds an authenticated person to one period or one demonstration; an
assignment to one student; a consent names its recipient; a statute its authority. Each holds on a day, end days
inclusive.
"""

from datetime import date
from enum import StrEnum

from hoks.caller import Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.values import Value


class AppointmentKind(StrEnum):
    """What somebody is appointed to (nimitys)."""

    INSTRUCTOR = "INSTRUCTOR"
    ASSESSOR = "ASSESSOR"


class Appointment(Value, frozen=True, gc=False):
    """An authenticated person named in a plan: as responsible workplace instructor of one period (vastuullinen
    työpaikkaohjaaja) or as working-life assessor of one demonstration (työelämän arvioija)."""

    person: PersonOid
    kind: AppointmentKind
    learner: LearnerOid
    right: StudyRightOid
    part_key: str | None = None
    """The source's own key of the part: of a period its yksilöivä tunniste, of a demonstration its row key."""
    unit_uri: str | None = None
    """Without a key, a demonstration is known by its unit, its dates and its environment."""
    start_date: date | None = None
    end_date: date | None = None
    environment: str | None = None
    told_by: OrganisationOid | None = None
    """The provider whose source tells of it, stamped where replies are read."""
    until: date | None = None
    """Its own last day, where it has one; it never reaches beyond three months after the part's end."""
    id: str | None = None
    """Of one made through the gateway: by which the release gate looks at it again."""

    @property
    def part(self) -> tuple[object, ...]:
        """What it is an appointment to, and as what."""
        return (
            *(self.kind, self.right, self.part_key),
            *(self.unit_uri, self.start_date, self.end_date, self.environment),
        )


class Assignment(Value, frozen=True, gc=False):
    """A student who is a member of staff's to guide, in one role: as responsible teacher, through a group, by referral
    or by invitation to the student's case (source 001:163-239)."""

    person: PersonOid
    role: Role
    learner: LearnerOid
    provider: OrganisationOid
    group: str | None = None
    """The group (ryhmä) through which it holds."""


class Consent(Value, frozen=True, gc=False):
    """A student's individualised consent (suostumus): one recipient, one plan, exact items, from a day to a day."""

    id: str
    learner: LearnerOid
    right: StudyRightOid
    recipient: str
    """OID of a person or of an organisation."""
    items: frozenset[Item]
    start_date: date
    end_date: date
    withdrawn: bool = False

    def is_in_force(self, day: date) -> bool:
        """Whether it holds on ``day``."""
        return not self.withdrawn and self.start_date <= day <= self.end_date


class Statute(Value, frozen=True, gc=False):
    """A provision that gives an authority the right to items, the secret ones only when it names them expressly."""

    organisation: OrganisationOid
    citation: str
    items: frozenset[Item]
    express: frozenset[Item] = frozenset()
    """Items that the provision names expressly (source 004:176)."""

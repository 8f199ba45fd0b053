"""What the domain asks of the outside world: one narrow protocol per kind of question.

Implementations answer for every key that was asked and for no other, never raise for one bad key, and never decide
who may see what. They give records without ids and provenance: those are stamped where replies are merged.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from hoks.appointing import AppointmentWish, MadeAppointment
from hoks.consenting import GivenConsent, Wish
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.outcomes import Answer, Reply
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent
from hoks.seen import Place, RowPage
from hoks.shares import AcceptedShare, GivenShare
from hoks.student import Person
from hoks.study_right import StudyRight
from hoks.values import Text

REGISTER, STUDENT_SYSTEM = 0, 1
"""Whose word on a right comes first (registries 21.2): Koski's as the legal register, then a student system's."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the settings name it, and the provider for whose organisations alone it may speak."""

    id: str
    provider_oid: OrganisationOid
    precedence: int = STUDENT_SYSTEM
    """Its place among those who speak of one right: lower comes first."""


class Clock(Protocol):
    """The time, injected."""

    def today(self) -> date:
        """The day in Europe/Helsinki."""
        ...

    def now(self) -> datetime:
        """The moment, in UTC."""
        ...


class Identities(Protocol):
    """The learner register: which OIDs are one person (oppijanumerorekisteri, ONR)."""

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        """The person behind each OID, keyed by the OID that was asked."""
        ...


class Organisations(Protocol):
    """The organisation register (organisaatiopalvelu)."""

    async def nodes(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode]:
        """The place of each organisation in the tree."""
        ...


class RightsSource(Protocol):
    """A source of study rights (opiskeluoikeudet)."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        ...

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """The OIDs of all persons the source knows, keyed by the source's provider."""
        ...


class RightsTold(msgspec.Struct, frozen=True, gc=False):
    """What sources of rights told of one person: of each source its answer, which says itself when it was read."""

    sources: tuple[Source, ...]
    answers: tuple[Answer[tuple[StudyRight, ...]], ...]


class RightsTogether(Protocol):
    """Sources of rights whose answers are kept, so that what all of them told of a person is found by one look."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Which sources these are."""
        ...

    def at_hand(self, people: Sequence[Person]) -> list[RightsTold] | None:
        """What all of them told of each person: the very same for as long as none of it changes.

        Nothing where one of them has to be asked.
        """
        ...


class PlanSource(Protocol):
    """A source of plans (HOKSit)."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right; more than one where the source wrongly holds several.

        ``until`` is a moment on the event loop's clock: a source that asks right by right gives by then what it has.
        """
        ...


class ChangedPlans(msgspec.Struct, frozen=True):
    """Which plans a source says have changed, or are gone, since a moment: perhaps those of others among them."""

    changed: frozenset[StudyRightOid] = frozenset()
    gone: Mapping[StudyRightOid, datetime] = {}
    """When each was deleted."""


class ChangeSource(Protocol):
    """A source of plans that can say which of them have changed, deleted ones too."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def changed(self, since: datetime) -> Reply[OrganisationOid, ChangedPlans]:
        """Every change after a moment, keyed by the source's provider; in part it is a failure."""
        ...


class HolderSource(Protocol):
    """A source that can tell whose a study right is. Koski cannot: it has no such question."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, by any of the person's OIDs."""
        ...


class AppointmentSource(Protocol):
    """A student system's appointments to periods and demonstrations."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""
        ...


class Appointments(Protocol):
    """The appointments that staff have made through the gateway, of all providers."""

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person has accepted, ended ones too, each with the provider whose staff made it."""
        ...


class AppointmentBook(Protocol):
    """Where appointments made by staff are kept. What is written holds, on every instance, when the call returns."""

    async def make(self, wish: AppointmentWish) -> tuple[MadeAppointment, str]:
        """Keep an appointment; with it its code, told nobody again. Raises ``BadRequest``, ``SourcesUnavailable``."""
        ...

    async def accept(self, code: str, kind: AppointmentKind, person: PersonOid) -> MadeAppointment | None:
        """Bind the appointment of a code to a person; nothing alike whatever keeps the code from being used."""
        ...

    async def end(self, appointment: str, provider: OrganisationOid, by: PersonOid) -> MadeAppointment | None:
        """End an appointment made by the provider's staff; again is no fault, and nothing where there is none."""
        ...

    async def to(self, right: StudyRightOid, provider: OrganisationOid) -> tuple[MadeAppointment, ...]:
        """Everything to which the provider's staff have appointed somebody in a plan, newest first."""
        ...


class AppointmentById(Protocol):
    """Where an appointment made by staff is found again."""

    async def one(self, appointment: str, provider: OrganisationOid) -> MadeAppointment | None:
        """One appointment that the provider's staff made, ended or not. Raises ``SourcesUnavailable``."""
        ...


class AssignmentSource(Protocol):
    """A source of who guides whom: groups, responsible teachers, referrals."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person, in whichever role."""
        ...


class GuidanceSource(Protocol):
    """A source that can also list everybody whom its provider's staff guide: groups as a whole rest on it."""

    @property
    def source(self) -> Source:
        """Which source this is."""
        ...

    async def guided(self) -> Reply[OrganisationOid, tuple[Assignment, ...]]:
        """Every assignment the source knows, keyed by the source's provider."""
        ...


class Consents(Protocol):
    """The consents that students have given."""

    async def received(self, recipients: Collection[str]) -> Reply[str, tuple[Consent, ...]]:
        """The consents that name each recipient, a person or an organisation."""
        ...

    async def given(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Consent, ...]]:
        """The consents that concern each plan, whoever the recipient is."""
        ...


class ConsentBook(Protocol):
    """Where a student's consents are kept. What is written holds, on every instance, when the call returns."""

    async def give(self, wish: Wish) -> GivenConsent:
        """Keep a consent. Raises ``BadRequest`` for one that cannot be given, ``SourcesUnavailable``."""
        ...

    async def withdraw(self, consent: str, subjects: Collection[LearnerOid]) -> GivenConsent | None:
        """Withdraw a consent of a person known by any of these OIDs; again is no fault, and nothing where none is."""
        ...

    async def of(self, subjects: Collection[LearnerOid]) -> tuple[GivenConsent, ...]:
        """Everything the person has consented to, newest first. Raises ``SourcesUnavailable``."""
        ...


class ShareBook(Protocol):
    """Where shares are kept: of each only a digest of its token. All methods raise ``SourcesUnavailable``."""

    async def shareable(self, consent: str) -> Consent | None:
        """A consent that is given to the holder of a link and not withdrawn or over; nothing for any other."""
        ...

    async def make(
        self,
        consent: str,
        subjects: Collection[LearnerOid],
        *,
        provider: OrganisationOid | None,
        by: PersonOid,
    ) -> tuple[GivenShare, str] | None:
        """A share of such a consent of such a person, and its token, which nobody can be told again."""
        ...

    async def accept(self, token: str, person: PersonOid) -> AcceptedShare | None:
        """Bind a share to the first person who brings its token; nothing, alike, for a token that opens nothing.

        Raises ``BadRequest`` for a person who has failed too often within the hour.
        """
        ...

    async def revoke(
        self,
        share: str,
        by: PersonOid,
        *,
        subjects: Collection[LearnerOid] = (),
        provider: OrganisationOid | None = None,
    ) -> GivenShare | None:
        """Revoke a share of such a person's consent, or that such a provider made; again is no fault."""
        ...

    async def of(self, subjects: Collection[LearnerOid]) -> tuple[GivenShare, ...]:
        """Every share of the person's consents, newest first."""
        ...


class DisclosureLog(Protocol):
    """The log of what was disclosed, as the people it is about may read it."""

    async def page(self, oids: Collection[LearnerOid], *, after: Place | None, first: int) -> RowPage:
        """The next rows about the person known by these OIDs, newest first. Raises ``SourcesUnavailable``."""
        ...


class UnitLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What the national requirements say of a unit."""

    name: Text | None = None
    competence_points: float | None = None
    """Credits in the one document; nothing where it gives a range."""
    is_newest_of_code: bool = False
    """Whether it is only the newest of that code, from whichever document: its name, and never its credits."""


class Labels(Protocol):
    """Names from the reference registers: public, from memory alone, and nothing where a name is not known yet.

    Looking up never waits and never fails. What is looked up and missed may be asked of its register later, so only
    what the caller is shown is looked up.
    """

    @property
    def edition(self) -> object | None:
        """Another one whenever a name may be another than before; nothing where names are to be looked up each time."""
        ...

    def code(self, uri: str, version: int | None) -> Text | None:
        """The name of a code of a national code set, in the version named, else in the latest."""
        ...

    def requirements(self, register_number: str) -> Text | None:
        """The name of a requirement document."""
        ...

    def unit(self, register_number: str | None, uri: str) -> UnitLabel | None:
        """A unit as one document has it; without a register number the newest of that code, marked as such."""
        ...

    def local_unit(self, amosaa_id: str) -> Text | None:
        """The name of a provider's local unit by its four-part code; nothing for any other id."""
        ...

    def organisation(self, oid: OrganisationOid) -> Text | None:
        """The name of an organisation."""
        ...

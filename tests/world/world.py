"""The world as one value: people, organisations, rights, plans, relations, and the faults of their sources.

It builds the real reader under the real rules over fake ports; changing the world makes a new one.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from connectors.kept_rights import KeptRights, KeptTogether
from connectors.kept_sources import (
    KeptAppointments,
    KeptAssignments,
    KeptHolders,
    KeptPlans,
    SharedIdentities,
    SharedOrganisations,
)
from connectors.limits import Remembered
from connectors.shelf import Shelf
from hoks.access.rules import Policy, read_policy
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import OrganisationOid, PersonOid, StudyRightOid
from hoks.organisations import TreeNode
from hoks.plan import Hoks
from hoks.ports import Clock, Source
from hoks.questions import Sources
from hoks.reading import Reader
from hoks.relations import Appointment, Assignment, Consent, Statute
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.world.names import FakeLabels
from tests.world.places import LETTER_OF, PROVIDERS, TREE
from tests.world.ports import (
    NO_FAULT,
    Asked,
    FakeChanges,
    FakeIdentities,
    FakeOrganisations,
    FakePlans,
    FakeRights,
    Fault,
    FixedClock,
    Manner,
)
from tests.world.relations import FakeConsents, FakeMadeHere, FakeStaffList
from tests.world.rights import TODAY

PART_KEY = b"k" * 32
SOMEBODY = PersonOid("1.2.246.562.98.19999999994")


@cache
def real_policy() -> Policy:
    """The rules as they are in force."""
    return read_policy(files("hoks.access").joinpath("rules.toml").read_text(encoding="utf-8"))


def rights_source(provider: OrganisationOid) -> str:
    """The name of a provider's source of rights."""
    return f"rights-{LETTER_OF[provider]}"


def plans_source(provider: OrganisationOid) -> str:
    """The name of a provider's source of plans."""
    return f"plans-{LETTER_OF[provider]}"


def staff_source(provider: OrganisationOid) -> str:
    """The name of a provider's source of appointments and assignments."""
    return f"staff-{LETTER_OF[provider]}"


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is the case."""

    people: tuple[Person, ...]
    rights: tuple[StudyRight, ...] = ()
    """Each is told by its provider's source."""
    plans: tuple[tuple[OrganisationOid, Hoks], ...] = ()
    """Each with the provider whose source holds it."""
    day: date = TODAY
    tree: tuple[TreeNode, ...] = TREE
    faults: Mapping[str, Fault] = {}
    suspended_is_valid: bool = True
    appointments: tuple[tuple[OrganisationOid, Appointment], ...] = ()
    """Each with the provider whose source tells it."""
    assignments: tuple[tuple[OrganisationOid, Assignment], ...] = ()
    """Each with the provider whose source tells it."""
    made_here: tuple[Appointment, ...] = ()
    """What people were appointed to through the gateway."""
    tells_changes: frozenset[OrganisationOid] = frozenset()
    """The providers whose sources of plans say what has changed."""
    gone: tuple[tuple[OrganisationOid, StudyRightOid, datetime], ...] = ()
    """Deleted plans, each with the provider whose source says so, and since when."""
    consents: tuple[Consent, ...] = ()
    statutes: tuple[Statute, ...] = ()

    def but(self, **changes: Any) -> "World":
        """The same world with something changed."""
        return msgspec.structs.replace(self, **changes)

    def reader(
        self,
        asked: Asked | None = None,
        *,
        policy: Policy | None = None,
        seconds: float = 5.0,
        by: Clock | None = None,
        kept: bool = False,
    ) -> Reader:
        """The real reader over this world, by the world's day or by a clock of its own.

        ``kept``: with what is kept and shared before every source.
        """
        noted, clock = asked or Asked(), FixedClock(self.day)

        def manner(source: str) -> Manner:
            return Manner(clock, noted, self.faults.get(source, NO_FAULT))

        rights = tuple(self._rights_of(each, manner) for each in PROVIDERS)
        lists = tuple(self._staff_list_of(each, manner) for each in PROVIDERS)
        sources = Sources(
            identities=FakeIdentities(self.people, manner("onr")),
            organisations=FakeOrganisations(self.tree, manner("organisaatio")),
            rights=rights,
            holders=rights,
            plans=tuple(self._plans_of(each, manner) for each in PROVIDERS),
            appointments=lists,
            assignments=lists,
            guidance=lists,
            changes=tuple(self._changes_of(each, manner) for each in PROVIDERS if each in self.tells_changes),
            made_here=FakeMadeHere(self.made_here, manner("appointments")),
            consents=FakeConsents(self.consents, manner("consents")),
            statutes=self.statutes,
        )
        return Reader(
            _with_what_is_kept(sources, clock) if kept else sources,
            policy or real_policy(),
            by or clock,
            part_key=PART_KEY,
            request_seconds=seconds,
            suspended_is_valid=self.suspended_is_valid,
            labels=FakeLabels(noted),
        )

    def _rights_of(self, provider: OrganisationOid, manner: Callable[[str], Manner]) -> FakeRights:
        source = Source(id=rights_source(provider), provider_oid=provider)
        told = [each for each in self.rights if each.provider is not None and each.provider.oid == provider]
        return FakeRights(source, told, manner(source.id))

    def _plans_of(self, provider: OrganisationOid, manner: Callable[[str], Manner]) -> FakePlans:
        source = Source(id=plans_source(provider), provider_oid=provider)
        held = [plan for holder, plan in self.plans if holder == provider]
        return FakePlans(source, held, manner(source.id))

    def _changes_of(self, provider: OrganisationOid, manner: Callable[[str], Manner]) -> FakeChanges:
        source = Source(id=plans_source(provider), provider_oid=provider)
        held = [plan for holder, plan in self.plans if holder == provider]
        gone = {right: moment for holder, right, moment in self.gone if holder == provider}
        return FakeChanges(source, held, gone, manner(f"changes-{LETTER_OF[provider]}"))

    def _staff_list_of(self, provider: OrganisationOid, manner: Callable[[str], Manner]) -> FakeStaffList:
        source = Source(id=staff_source(provider), provider_oid=provider)
        return FakeStaffList(
            source,
            [each for teller, each in self.appointments if teller == provider],
            [each for teller, each in self.assignments if teller == provider],
            manner(source.id),
        )


def _with_what_is_kept(sources: Sources, clock: FixedClock) -> Sources:
    shelf, settings = Shelf(), Remembered()
    rights = tuple(KeptRights(each, settings, shelf, clock) for each in sources.rights)
    return msgspec.structs.replace(
        sources,
        identities=SharedIdentities(sources.identities, "onr", settings, shelf, clock),
        organisations=SharedOrganisations(sources.organisations, "organisaatio", settings, shelf, clock),
        rights=rights,
        rights_together=KeptTogether(rights, shelf, clock, 10_000_000),
        plans=tuple(KeptPlans(each, settings, shelf, clock) for each in sources.plans),
        holders=tuple(KeptHolders(each, settings, shelf, clock) for each in sources.holders),
        appointments=tuple(KeptAppointments(each, settings, shelf, clock) for each in sources.appointments),
        assignments=tuple(KeptAssignments(each, settings, shelf, clock) for each in sources.assignments),
    )


def caller(role: Role, organisation: OrganisationOid | None = None, subject: str = SOMEBODY) -> Caller:
    """A caller acting in the one role held."""
    acting = HeldRole(role, organisation)
    return Caller(subject=PersonOid(subject), acting=acting, held=(acting,))


def staff(organisation: OrganisationOid) -> Caller:
    """A member of staff."""
    return caller(Role.STAFF, organisation)


def student(subject: str) -> Caller:
    """A student."""
    return caller(Role.STUDENT, subject=subject)

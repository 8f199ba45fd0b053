"""Fake ports of what makes somebody something to a student: appointments, assignments, consents."""

from collections.abc import Collection, Sequence
from operator import attrgetter

from hoks.identifiers import OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Reply
from hoks.ports import Source
from hoks.relations import Appointment, Assignment, Consent
from tests.world.ports import FakeProviderSource, FakeSource, Manner, told_by


class FakeStaffList(FakeProviderSource):
    """A provider's source of appointments and assignments."""

    def __init__(
        self, source: Source, appointments: Sequence[Appointment], assignments: Sequence[Assignment], manner: Manner
    ) -> None:
        super().__init__(source, manner)
        self._appointments = appointments
        self._assignments = assignments

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""
        return await self.reply("appointments", people, told_by(people, self._appointments, attrgetter("person")))

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person."""
        return await self.reply("assignments", people, told_by(people, self._assignments, attrgetter("person")))

    async def guided(self) -> Reply[OrganisationOid, tuple[Assignment, ...]]:
        """Everybody whom anybody guides."""
        provider = self.source.provider_oid
        return await self.reply("guided", [provider], {provider: tuple(self._assignments)})


class FakeMadeHere(FakeSource):
    """What people were appointed to through the gateway."""

    def __init__(self, appointments: Sequence[Appointment], manner: Manner) -> None:
        super().__init__("appointments", manner)
        self._appointments = appointments

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person has accepted."""
        return await self.reply("appointments", people, told_by(people, self._appointments, attrgetter("person")))


class FakeConsents(FakeSource):
    """The consents that students have given, withdrawn ones among them."""

    def __init__(self, consents: Sequence[Consent], manner: Manner) -> None:
        super().__init__("consents", manner)
        self._consents = consents

    async def received(self, recipients: Collection[str]) -> Reply[str, tuple[Consent, ...]]:
        """The consents that name each recipient."""
        return await self.reply("received", recipients, told_by(recipients, self._consents, attrgetter("recipient")))

    async def given(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Consent, ...]]:
        """The consents that concern each plan."""
        return await self.reply("given", rights, told_by(rights, self._consents, attrgetter("right")))

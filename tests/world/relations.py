"""Fake ports of what makes somebody something to a student: appointments, assignments, consents."""

from collections.abc import Collection, Sequence

from hoks.identifiers import OrganisationOid, PersonOid, StudyRightOid
from hoks.outcomes import Reply
from hoks.ports import Source
from hoks.relations import Appointment, Assignment, Consent
from tests.world.ports import Asked, FakeSource, Fault, FixedClock


class FakeStaffList(FakeSource):
    """A provider's source of appointments and assignments."""

    def __init__(
        self,
        source: Source,
        appointments: Sequence[Appointment],
        assignments: Sequence[Assignment],
        clock: FixedClock,
        asked: Asked,
        fault: Fault | None,
    ) -> None:
        super().__init__(source.id, clock, asked, fault)
        self.source = source
        self._appointments = appointments
        self._assignments = assignments

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person is appointed to."""
        held = {
            person: found
            for person in people
            if (found := tuple(each for each in self._appointments if each.person == person))
        }
        return await self.reply("appointments", people, held)

    async def assignments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Assignment, ...]]:
        """Every student assigned to each person."""
        held = {
            person: found
            for person in people
            if (found := tuple(each for each in self._assignments if each.person == person))
        }
        return await self.reply("assignments", people, held)

    async def guided(self) -> Reply[OrganisationOid, tuple[Assignment, ...]]:
        """Everybody whom anybody guides."""
        provider = self.source.provider_oid
        return await self.reply("guided", [provider], {provider: tuple(self._assignments)})


class FakeMadeHere(FakeSource):
    """What people were appointed to through the gateway."""

    def __init__(
        self, appointments: Sequence[Appointment], clock: FixedClock, asked: Asked, fault: Fault | None
    ) -> None:
        super().__init__("appointments", clock, asked, fault)
        self._appointments = appointments

    async def appointments(self, people: Collection[PersonOid]) -> Reply[PersonOid, tuple[Appointment, ...]]:
        """Everything each person has accepted."""
        held = {
            person: found
            for person in people
            if (found := tuple(each for each in self._appointments if each.person == person))
        }
        return await self.reply("appointments", people, held)


class FakeConsents(FakeSource):
    """The consents that students have given, withdrawn ones among them."""

    def __init__(self, consents: Sequence[Consent], clock: FixedClock, asked: Asked, fault: Fault | None) -> None:
        super().__init__("consents", clock, asked, fault)
        self._consents = consents

    async def received(self, recipients: Collection[str]) -> Reply[str, tuple[Consent, ...]]:
        """The consents that name each recipient."""
        held = {
            recipient: found
            for recipient in recipients
            if (found := tuple(each for each in self._consents if each.recipient == recipient))
        }
        return await self.reply("received", recipients, held)

    async def given(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Consent, ...]]:
        """The consents that concern each plan."""
        held = {
            right: found for right in rights if (found := tuple(each for each in self._consents if each.right == right))
        }
        return await self.reply("given", rights, held)

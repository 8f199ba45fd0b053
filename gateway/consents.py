"""Consents held in memory: those that the sandbox's settings name. The records store takes their place."""

from collections.abc import Collection, Iterable
from typing import TypeVar

from hoks.identifiers import StudyRightOid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.relations import Consent

K = TypeVar("K")


class MemoryConsents:
    """``Consents`` over a fixed collection."""

    def __init__(self, consents: Iterable[Consent], clock: Clock) -> None:
        self._consents = tuple(consents)
        self._clock = clock

    async def received(self, recipients: Collection[str]) -> Reply[str, tuple[Consent, ...]]:
        """The consents that name each recipient."""
        return self._reply(
            {name: tuple(each for each in self._consents if each.recipient == name) for name in recipients}
        )

    async def given(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, tuple[Consent, ...]]:
        """The consents that concern each plan."""
        return self._reply({right: tuple(each for each in self._consents if each.right == right) for right in rights})

    def _reply(self, found: dict[K, tuple[Consent, ...]]) -> Reply[K, tuple[Consent, ...]]:
        now = self._clock.now()
        answers = {
            key: Answer(Outcome.OK, consents) if consents else Answer[tuple[Consent, ...]](Outcome.ABSENT)
            for key, consents in found.items()
        }
        return Reply(source="consents", fetched_at=now, as_of=now, answers=answers)

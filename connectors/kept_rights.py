"""Study rights kept: of one source, and of all of them together, so that who asks again looks in one place.

Each is the port that it stands before.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import cachetools

from connectors.kept import LEARNERS, RIGHTS, Kept
from connectors.limits import Remembered
from connectors.shelf import ENTRY_BYTES, Entry, Place, Shelf, place
from hoks.beside import Holding
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.outcomes import Reply
from hoks.ports import Clock, RightsSource, RightsTold, Source
from hoks.student import Person
from hoks.study_right import StudyRight


class KeptRights:
    """``RightsSource`` over another."""

    def __init__(self, inner: RightsSource, settings: Remembered, shelf: Shelf, clock: Clock) -> None:
        self.inner = inner
        self.kept = self._rights = Kept(RIGHTS, inner.source.id, settings, shelf, clock)
        self._learners = Kept(LEARNERS, inner.source.id, settings, shelf, clock)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self.inner.source

    def rights_at_hand(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]] | None:
        """The rights of persons where they are kept."""
        return None if _share_an_oid(people) else self._rights.at_hand(people)

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        if _share_an_oid(people):
            # Only the source, asked for all of them in one go, sees that two persons claim one OID.
            return await self.inner.rights(people)
        return await self._rights.reply(people, lambda missing, _: self.inner.rights(missing))

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """The OIDs of all persons the source knows, keyed by the source's provider."""
        return await self._learners.reply([self.source.provider_oid], lambda _, __: self.inner.learners())


class _Together(NamedTuple):
    """What every source told of a person, and until when none of them is replaced."""

    told: RightsTold
    stands_until: float
    size: int
    held: Holding


class KeptTogether:
    """``RightsTogether`` over sources whose answers are kept.

    INVARIANT: it tells nothing that the sources' own shelf would not tell just now: no answer of it is older than it
    may be, of another day, or of before something was forgotten.
    """

    def __init__(self, sources: Sequence[KeptRights], shelf: Shelf, clock: Clock, max_bytes: int) -> None:
        self.sources = tuple(each.source for each in sources)
        self._kept = tuple(each.kept for each in sources)
        self._shelf = shelf
        self._clock = clock
        self._together: cachetools.TLRUCache[Place, _Together] = cachetools.TLRUCache(
            max_bytes,
            ttu=lambda _, found, __: found.stands_until,
            timer=shelf.seconds,
            getsizeof=lambda found: found.size,
        )
        shelf.tell_what_is_forgotten(self.sources, self._together.clear)

    def at_hand(self, people: Sequence[Person]) -> list[RightsTold] | None:
        """What all of them told of each person, where every answer is kept."""
        self._shelf.sweep()
        self._together.expire()
        if _share_an_oid(people):
            return None
        day = self._clock.today().isoformat()
        told = []
        for person in people:
            found = self._found(person, day)
            if found is None:
                return None
            told.append(found.told)
        return told

    def _found(self, person: Person, day: str) -> _Together | None:
        where = place("", 0, RIGHTS.name, day, RIGHTS.asked(person))
        found = self._together.get(where)
        if found is not None:
            return found
        entries = []
        for each in self._kept:
            entry = each.entry(person)
            if entry is None:
                return None
            entries.append(entry)
        fresh = self._put_together(entries)
        if fresh.size <= self._together.maxsize:
            self._together[where] = fresh
        return fresh

    def _put_together(self, entries: Sequence[Entry]) -> _Together:
        told = RightsTold(self.sources, tuple([each.answer for each in entries]))
        # Counted here once more: an answer lives on here when the shelf has let go of it.
        size = ENTRY_BYTES + sum(each.size if each.answer.value else 0 for each in entries) + 8 * len(entries)
        return _Together(told, min(each.stands_until for each in entries), size, Holding([told]))


def _share_an_oid(people: Sequence[Person]) -> bool:
    if len(people) == 1:
        return False
    claims = Counter(oid for person in {person.oid: person for person in people}.values() for oid in person.all_oids)
    return any(count > 1 for count in claims.values())

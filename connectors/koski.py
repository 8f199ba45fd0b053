"""Study rights from Koski: asked in batches by every OID of each person, mapped back by those OIDs and nothing else.

Koski answers unordered, by its own master OID, and leaves out whom it does not know or may not show.
"""

import asyncio
import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from connectors.bodies import elements, sound, strings
from connectors.capabilities import ABSENT_OR_DENIED, BY_LEARNER, Capabilities, Capability
from connectors.client import HttpPort, Outgoing, opintopolku_headers
from connectors.failures import Reason, SourceFailure, SourceInvalid, outcome_of, refuse_failures, report, unexpected
from connectors.koski_wire import RightWire, right_of
from connectors.lenient import read
from connectors.limits import Remembered
from hoks.codes import TYPE_OF_CODE
from hoks.identifiers import Check, LearnerOid, OrganisationOid, StudyRightOid, check_learner_oid, check_study_right_oid
from hoks.outcomes import Answer, Outcome, Reply, worst
from hoks.ports import REGISTER, Clock, Source
from hoks.student import Person
from hoks.study_right import StudyRight

MAX_BATCH = 1000
PAGE_SIZE = 5000
MAX_PAGES = 1000
KEPT_TYPES = frozenset(TYPE_OF_CODE)
"""A HOKS belongs to vocational education or to preparatory education; other rights are left where they are."""


class KoskiSettings(Remembered, frozen=True, kw_only=True, tag_field="kind", tag="koski"):
    """Koski, as one provider's account sees it."""

    id: str
    provider: OrganisationOid
    base_url: str
    """Where the interface begins, ``/koski/api`` included."""
    username: str
    password_file: str
    caller_id: str
    gives: tuple[Literal["rights"], ...] = ("rights",)
    batch: Annotated[int, msgspec.Meta(ge=1, le=MAX_BATCH)] = MAX_BATCH
    """Persons in one call; fewer where their rights are long, for an answer over ``max_bytes`` is refused whole."""


class _PersonWire(msgspec.Struct, frozen=True):
    oid: str


class _RowWire(msgspec.Struct, frozen=True):
    person: _PersonWire = msgspec.field(name="henkilö")
    rights: tuple[msgspec.Raw, ...] = msgspec.field(name="opiskeluoikeudet")


_ROW = msgspec.json.Decoder(_RowWire)


class KoskiSource:
    """Study rights that one provider's account sees, from Koski."""

    def __init__(self, settings: KoskiSettings, http: HttpPort, clock: Clock, password: str) -> None:
        self._source = Source(id=settings.id, provider_oid=settings.provider, precedence=REGISTER)
        self._base = settings.base_url.rstrip("/")
        self._batch = settings.batch
        self._http = http
        self._clock = clock
        login = base64.b64encode(f"{settings.username}:{password}".encode()).decode()
        self._headers = opintopolku_headers(settings.caller_id) | {"authorization": f"Basic {login}"}

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self._source

    @property
    def capabilities(self) -> Capabilities:
        """What Koski can tell: whom it does not know and whom we may not see are one to it."""
        return Capabilities(
            (
                Capability(gives="rights", keys=BY_LEARNER, at_once=self._batch, absent=ABSENT_OR_DENIED),
                Capability(gives="learners", keys=("provider",), at_once=1),
            )
        )

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        """All rights of each person under any of their OIDs, keyed by the master OID."""
        owners = _owners(people)
        batches = list(_batches([oid for oid, owner in owners.items() if owner is not None], self._batch))
        tally = _Tally()
        fetched_at = self._clock.now()
        for batch, rows in zip(batches, await asyncio.gather(*map(self._rows, batches)), strict=True):
            tally.take(owners, batch, rows)
        report(self._source.id, tally.faults)
        return Reply(
            source=self._source.id,
            fetched_at=fetched_at,
            as_of=fetched_at,
            answers={person.oid: tally.answer(person, owners) for person in people},
        )

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        """The OIDs of all persons the account sees, keyed by the provider; a list cut short is a failure."""
        fetched_at = self._clock.now()
        try:
            answer = Answer(Outcome.OK, await self._all_learners())
        except SourceFailure as failure:
            report(self._source.id, [failure])
            answer = Answer(failure.outcome)
        except Exception as error:
            answer = Answer(unexpected(self._source.id, error).outcome)
        answers = {self._source.provider_oid: answer}
        return Reply(source=self._source.id, fetched_at=fetched_at, as_of=fetched_at, answers=answers)

    async def right(self, oid: StudyRightOid) -> Answer[StudyRight]:
        """One right; Koski does not tell absent from not ours, nor whose it is."""
        try:
            if check_study_right_oid(oid) is Check.MALFORMED:
                raise SourceInvalid(Reason.MISMATCH)
            right = _right(await self._get(f"/opiskeluoikeus/{oid}"), None)
            if right is not None and right.oid != oid:
                raise SourceInvalid(Reason.MISMATCH)
        except SourceFailure as failure:
            if failure.outcome is not Outcome.ABSENT_OR_DENIED:
                report(self._source.id, [failure])
            return Answer(failure.outcome)
        except Exception as error:
            return Answer(unexpected(self._source.id, error).outcome)
        return Answer(Outcome.ABSENT_OR_DENIED) if right is None else Answer(Outcome.OK, right)

    async def _all_learners(self) -> tuple[LearnerOid, ...]:
        found: set[LearnerOid] = set()
        for page in range(MAX_PAGES):
            oids, others = strings(await self._get(f"/oppija/oids?pageSize={PAGE_SIZE}&pageNumber={page}"))
            found.update(LearnerOid(oid) for oid in oids if check_learner_oid(oid) is not Check.MALFORMED)
            if len(oids) + others < PAGE_SIZE:
                return tuple(sorted(found))
        raise SourceInvalid(Reason.OVERSIZE)

    async def _get(self, path: str) -> bytes:
        answer = await self._http.send(Outgoing(method="GET", url=self._base + path, headers=self._headers))
        refuse_failures(answer.status)
        return answer.body

    async def _rows(self, oids: Sequence[LearnerOid]) -> "_Rows | SourceFailure":
        """The answer to one batch, taken apart by person."""
        url, body = f"{self._base}/sure/oids", msgspec.json.encode(list(oids))
        try:
            answer = await self._http.send(Outgoing(method="POST", url=url, headers=self._headers, body=body))
            if outcome_of(answer.status) is Outcome.ABSENT_OR_DENIED:
                # The call itself is always there; a 404 is a wrong address and says nothing about persons.
                raise SourceInvalid(Reason.STATUS)
            refuse_failures(answer.status)
            return _rows(answer.body)
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(self._source.id, error)


# --- whom to ask, and in which order --------------------------------------------------------------------------

_Owners = Mapping[LearnerOid, LearnerOid | None]
"""The master of each OID that is asked; nothing for an OID that two persons claim."""


def _owners(people: Iterable[Person]) -> _Owners:
    owners: dict[LearnerOid, LearnerOid | None] = {}
    for person in people:
        for oid in sorted(person.all_oids):
            # One malformed OID would spoil the whole batch.
            if check_learner_oid(oid) is not Check.MALFORMED:
                owners[oid] = person.oid if owners.get(oid, person.oid) == person.oid else None
    return owners


def _batches(oids: Sequence[LearnerOid], size: int) -> Iterator[Sequence[LearnerOid]]:
    return (oids[start : start + size] for start in range(0, len(oids), size))


# --- what came back -------------------------------------------------------------------------------------------


MOST_ROWS = 2_000
"""Rows that one batch can honestly come to: a thousand persons, and as many again for what is doubled."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows as Koski keyed them, and how many elements of the answer were no rows."""

    rows: tuple[tuple[str, tuple[bytes, ...]], ...]
    unreadable: int


def _rows(body: bytes) -> _Rows:
    rows: list[tuple[str, tuple[bytes, ...]]] = []
    given = elements(body, at_most=MOST_ROWS)
    for element in given:
        try:
            row = _ROW.decode(sound(element))
        except (SourceInvalid, msgspec.DecodeError, UnicodeDecodeError):
            continue
        rows.append((row.person.oid, tuple(map(bytes, row.rights))))
    return _Rows(tuple(rows), len(given) - len(rows))


def _right(body: bytes, student: LearnerOid | None) -> StudyRight | None:
    """The right, or nothing for a kind of right that has no HOKS."""
    wire, findings = read(body, RightWire)
    if wire.oid is None or check_study_right_oid(wire.oid) is Check.MALFORMED:
        raise SourceInvalid(Reason.UNREADABLE)
    if wire.type is not None and wire.type.value is not None and wire.type.value.lower() not in KEPT_TYPES:
        return None
    return right_of(wire, StudyRightOid(wire.oid), student, findings)


@dataclass(slots=True)
class _Tally:
    """Rights gathered from all batches, person by person.

    INVARIANT: a row counts for a person only by an OID of that person that was asked in the same call; where a row
    cannot be placed, whoever has no row of their own is not known to have none.
    """

    rights: dict[LearnerOid, dict[StudyRightOid, StudyRight]] = field(default_factory=lambda: defaultdict(dict))
    holders: dict[StudyRightOid, set[LearnerOid]] = field(default_factory=lambda: defaultdict(set))
    answered: set[LearnerOid] = field(default_factory=set)
    outcomes: dict[LearnerOid, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    faults: list[SourceFailure] = field(default_factory=list)

    def take(self, owners: _Owners, batch: Sequence[LearnerOid], answer: _Rows | SourceFailure) -> None:
        """Take in the answer to one batch."""
        asked = {owner for oid in batch if (owner := owners[oid]) is not None}
        if isinstance(answer, SourceFailure):
            self._fail(asked, answer)
            return
        placed: set[LearnerOid] = set()
        strange = [SourceInvalid(Reason.UNREADABLE)] * answer.unreadable
        for oid, rights in answer.rows:
            owner = owners.get(LearnerOid(oid))
            if owner is None or owner not in asked:
                strange.append(SourceInvalid(Reason.FOREIGN_PERSON))
                continue
            placed.add(owner)
            self._keep(owner, LearnerOid(oid), rights)
        self.answered |= placed
        if strange:
            self.faults += strange[1:]
            self._fail(asked - placed, strange[0])

    def answer(self, person: Person, owners: _Owners) -> Answer[tuple[StudyRight, ...]]:
        """What all batches together say of a person."""
        claims = [owners[oid] for oid in person.all_oids if oid in owners]
        rights = self.rights.get(person.oid, {})
        if not claims or None in claims:
            return Answer(Outcome.INVALID)
        if any(len(self.holders[oid]) > 1 for oid in rights):
            return Answer(Outcome.INVALID)
        found = tuple(rights[oid] for oid in sorted(rights))
        if outcomes := self.outcomes.get(person.oid):
            # A failure stays visible beside the rights that could be read.
            return Answer(worst(outcomes), found or None)
        if person.oid not in self.answered:
            return Answer(Outcome.ABSENT_OR_DENIED)
        return Answer(Outcome.OK, found)

    def _keep(self, owner: LearnerOid, student: LearnerOid, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            try:
                right = _right(body, student)
            except SourceInvalid as failure:
                self._fail({owner}, failure)
                continue
            if right is not None:
                self.holders[right.oid].add(owner)
                known = self.rights[owner].get(right.oid)
                self.rights[owner][right.oid] = right if known is None else max(known, right, key=_newness)

    def _fail(self, persons: Iterable[LearnerOid], failure: SourceFailure) -> None:
        self.faults.append(failure)
        for person in persons:
            self.outcomes[person].append(failure.outcome)


def _newness(right: StudyRight) -> tuple[Any, ...]:
    """Of two copies of a right the newer one counts, and of equally new ones always the same."""
    return (right.version or 0, msgspec.json.encode(right))

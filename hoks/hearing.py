"""What sources of rights told of one person, and how each answered; of many sources most told nothing.

A status is made when it is looked at: hundreds of sources may have been asked, and hardly any answer shows them.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hoks.identifiers import LearnerOid
from hoks.organisations import Tree
from hoks.outcomes import FAILED, HEALTHY, Answer, Outcome, Reading, Reply
from hoks.ports import RightsTold, Source
from hoks.student import SourceStatus
from hoks.study_right import StudyRight
from hoks.values import Organisation

RightsReply = Reply[LearnerOid, tuple[StudyRight, ...]]


def rights_told(person: LearnerOid, replies: Sequence[tuple[Source, RightsReply]]) -> RightsTold:
    """What replies tell of one person."""
    return RightsTold(tuple([source for source, _ in replies]), tuple([_dated(reply, person) for _, reply in replies]))


def _dated(reply: RightsReply, person: LearnerOid) -> Answer[tuple[StudyRight, ...]]:
    answer = reply.answers[person]
    return answer if answer.reading is not None else msgspec.structs.replace(answer, reading=reply.reading(person))


class Answering(msgspec.Struct, frozen=True):
    """Which sources did not answer well for a person, by source id."""

    foreign: frozenset[str] = frozenset()
    """Told of what is not theirs to tell."""
    failed: frozenset[str] = frozenset()
    """These and those whose answer leaves a gap."""
    unwell: frozenset[str] = frozenset()
    """These and those for which an old answer stands."""


def answering(told: Sequence[RightsTold], foreign: frozenset[str]) -> Answering:
    """Which did not, of those who told this."""
    failed, old = set(foreign), set[str]()
    for part in told:
        for source, answer in zip(part.sources, part.answers, strict=True):
            if answer.outcome in FAILED:
                failed.add(source.id)
            elif answer.outcome is Outcome.STALE or reading_of(answer).stale:
                old.add(source.id)
    return Answering(foreign, frozenset(failed), frozenset(failed | old))


def reading_of(answer: Answer[tuple[StudyRight, ...]]) -> Reading:
    """When an answer to one person was read."""
    assert answer.reading is not None, "each says when it was read"
    return answer.reading


class Heard(Mapping[str, SourceStatus]):
    """How each source of rights answered for a person, by source id."""

    __slots__ = ("_by_source", "_told", "_tree", "answering")

    def __init__(self, told: Sequence[RightsTold], answering: Answering, tree: Tree) -> None:
        self._told = told
        self._tree = tree
        self._by_source: dict[str, tuple[Source, Answer[tuple[StudyRight, ...]]]] | None = None
        self.answering = answering

    def __getitem__(self, source: str) -> SourceStatus:
        found, answer = self._sources[source]
        outcome = Outcome.INVALID if source in self.answering.foreign else answer.outcome
        return heard(found, reading_of(answer), outcome, self._tree)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def _sources(self) -> Mapping[str, tuple[Source, Answer[tuple[StudyRight, ...]]]]:
        if self._by_source is None:
            self._by_source = {
                source.id: (source, answer)
                for part in self._told
                for source, answer in zip(part.sources, part.answers, strict=True)
            }
        return self._by_source


def heard(source: Source, reading: Reading, outcome: Outcome, tree: Tree) -> SourceStatus:
    """How a source answered; an old answer says so whether or not it held something."""
    return SourceStatus(
        source=source.id,
        provider=provider_named(source, tree),
        outcome=Outcome.STALE if reading.stale and outcome in HEALTHY else outcome,
        fetched_at=reading.fetched_at,
        as_of=reading.as_of,
        stale=reading.stale,
    )


def provider_named(source: Source, tree: Tree) -> Organisation:
    """A source's provider, by the name that the tree gives it."""
    node = tree.get(source.provider_oid)
    return node.organisation if node is not None else Organisation(oid=source.provider_oid)

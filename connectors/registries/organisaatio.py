"""The organisation tree, from Organisaatio: each organisation with its ancestors, the provider it belongs to, and what
has taken its place.

The register changes seldom, so it is kept for a day, and shown as stale where it cannot be asked. What is decided is
decided on the tree of today, which is the register's own. There the schools of a merged provider stand under its
successor; that they were the merged one's is read from its history (``historia``), in the background and only where
something merged into an organisation that was asked for.
"""

import asyncio
import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import cachetools
import cachetools.keys
import msgspec

from connectors.bodies import elements
from connectors.capabilities import ABSENT, Capabilities, Capability
from connectors.client import HttpPort, Outgoing, opintopolku_headers
from connectors.failures import Reason, SourceFailure, SourceInvalid, outcome_of, refuse_failures, report, unexpected
from connectors.lenient import read
from connectors.limits import Reached
from connectors.registries.almanac import Almanac
from connectors.registries.mergers import children_in, is_well_formed, mergers_in
from connectors.registries.names import NamesWire, names_in
from connectors.wire import Open, Text
from hoks.identifiers import OPH, OrganisationOid
from hoks.organisations import Former, Succession, TreeNode
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.values import Organisation
from hoks.values import Text as Names

MAX_BATCH = 1000
MAX_CACHED = 20_000
MAX_PLACED = 4_000
"""How many sets of organisations, as requests name them, are kept with their places."""
ABSENT_SECONDS = 600
"""How long an organisation stays unknown after the register did not know it."""
PROVIDER_TYPE = "organisaatiotyyppi_01"
MERGERS = "liitokset"
MERGERS_MINUTES = 10
"""How often mergers are asked for at most; otherwise twice in the time that the tree is kept."""
MAX_HISTORIES = 2_000
MERGERS_IN_A_ROW = 3
"""How many mergers are followed from one organisation to the next."""
SOURCE = "organisaatio"


class OrganisaatioSettings(Reached, frozen=True, kw_only=True):
    """The organisation register."""

    base_url: str
    """Where the service begins, ``/organisaatio-service/api`` included."""
    caller_id: str
    cache_seconds: Annotated[float, msgspec.Meta(ge=0, le=24 * 3600)] = 24 * 3600
    """Mergers change who may read, so never more than a day."""
    stale_seconds: Annotated[float, msgspec.Meta(ge=0, le=7 * 24 * 3600)] = 24 * 3600
    """For how long after that the old answer is shown where the register cannot be asked."""


class OrganisationWire(Open, frozen=True, kw_only=True):
    """Organisaatio."""

    oid: Text | None
    names: NamesWire | None = msgspec.field(name="nimi", default=None)
    types: tuple[Text, ...] = msgspec.field(name="tyypit", default=())
    parent: Text | None = msgspec.field(name="parentOid", default=None)
    path: Text | None = msgspec.field(name="parentOidPath", default=None)


@dataclass(frozen=True, slots=True)
class _Mergers:
    """What each organisation has merged into, and when that was told."""

    into: Mapping[OrganisationOid, tuple[tuple[date, OrganisationOid], ...]]
    by_heir: Mapping[OrganisationOid, tuple[OrganisationOid, ...]]
    """What has merged into each organisation."""
    at: float


_History = Mapping[OrganisationOid, date]
"""Who once stood under an organisation, and the day on which each left."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the register said of an OID, and when; no organisation where it knew none."""

    organisation: Organisation | None
    ancestors: tuple[OrganisationOid, ...]
    is_provider: bool
    at: float


@dataclass(frozen=True, slots=True)
class _Placed:
    """The places of some organisations, until when they are as good as new, and what was told by then."""

    answers: Mapping[OrganisationOid, Answer[TreeNode]]
    fresh_until: float
    edition: tuple[int, ...]


class Organisaatio:
    """The organisation register over HTTP."""

    def __init__(
        self,
        settings: OrganisaatioSettings,
        http: HttpPort,
        clock: Clock,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = settings.base_url.rstrip("/")
        self._headers = opintopolku_headers(settings.caller_id)
        self._fresh_seconds = settings.cache_seconds
        self._stale_seconds = settings.cache_seconds + settings.stale_seconds
        self._http = http
        self._clock = clock
        self._seconds = seconds
        self._kept: cachetools.LRUCache[object, _Kept] = cachetools.LRUCache(MAX_CACHED)
        self._placed: cachetools.LRUCache[frozenset[OrganisationOid], _Placed] = cachetools.LRUCache(MAX_PLACED)
        self.told = 0
        """How often the register has told something of organisations."""
        self.mergers: Almanac[str, _Mergers] = Almanac(
            SOURCE,
            self._load_mergers,
            refresh_seconds=max(MERGERS_MINUTES * 60, settings.cache_seconds / 2),
            always=(MERGERS,),
            seconds=seconds,
        )
        self.histories: Almanac[OrganisationOid, _History] = Almanac(
            SOURCE,
            self._load_history,
            refresh_seconds=max(MERGERS_MINUTES * 60, settings.cache_seconds),
            most=MAX_HISTORIES,
            seconds=seconds,
        )

    @property
    def almanacs(self) -> tuple[Almanac[str, _Mergers], Almanac[OrganisationOid, _History]]:
        """What is loaded in the background: no request waits for it."""
        return self.mergers, self.histories

    @property
    def capabilities(self) -> Capabilities:
        """The places of organisations in the tree, and their names once they are known."""
        return Capabilities(
            (
                Capability(
                    gives="organisations", keys=("organisation",), at_once=MAX_BATCH, absent=ABSENT, stands_in=True
                ),
            )
        )

    def name(self, oid: OrganisationOid) -> Names | None:
        """The name of an organisation, if it is known already; however old, for a name is no secret."""
        entry = self._kept.get(_key(oid))
        return entry.organisation.name if entry is not None and entry.organisation is not None else None

    def nodes_at_hand(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode] | None:
        """The place of each organisation, where the same was asked before and all that it rests on is fresh still."""
        placed = self._placed.get(frozenset(oids))
        if placed is None or placed.edition != self._edition or self._seconds() > placed.fresh_until:
            return None
        now = self._clock.now()
        return Reply(source=SOURCE, fetched_at=now, as_of=now, answers=placed.answers)

    async def nodes(self, oids: Collection[OrganisationOid]) -> Reply[OrganisationOid, TreeNode]:
        """The place of each organisation in the tree."""
        reply, failures = await self._told(oids)
        report(SOURCE, failures)
        return reply

    async def name_told(self, oid: OrganisationOid) -> Names | None:
        """The name of an organisation as the register has it. Raises ``SourceFailure``, which nobody has reported."""
        reply, failures = await self._told([oid])
        answer = reply.answers[oid]
        if answer.value is None and failures:
            raise failures[0]
        report(SOURCE, failures)
        return answer.value.organisation.name if answer.value is not None else None

    async def _told(
        self, oids: Collection[OrganisationOid]
    ) -> tuple[Reply[OrganisationOid, TreeNode], list[SourceFailure]]:
        """The place of each organisation, and what went wrong, each failure once however many it concerns."""
        fetched_at, edition = self._clock.now(), self._edition
        asked = tuple(dict.fromkeys(oids))
        everything: dict[OrganisationOid, _Kept] = {}
        failed: dict[OrganisationOid, SourceFailure] = {}
        wanted: Collection[OrganisationOid] = asked
        for _ in range(1 + MERGERS_IN_A_ROW):
            found, failures = await self._with_ancestors(wanted)
            everything |= found
            failed |= failures
            wanted = {
                *(oid for each in everything for _, oid in self._merged_into(each)),
                *(merged for each in everything for merged, _ in self._was_under(each)),
            } - everything.keys()
            if not wanted:
                break
        answers = {oid: self._answer(oid, everything, failed) for oid in asked}
        if not failed:
            self._placed[frozenset(asked)] = _Placed(answers, self._fresh_until(everything), edition)
        stale = any(answer.outcome is Outcome.STALE for answer in answers.values())
        reply = Reply(source=SOURCE, fetched_at=fetched_at, as_of=fetched_at, answers=answers, stale=stale)
        return reply, list({id(each): each for each in failed.values()}.values())

    @property
    def _edition(self) -> tuple[int, ...]:
        """Another one whenever the register has told something."""
        return self.told, self.mergers.told, self.histories.told

    def _fresh_until(self, everything: Mapping[OrganisationOid, _Kept]) -> float:
        """Until when what was made of all this is as good as new."""
        ends = [entry.at + self._fresh_for(entry) for entry in everything.values()]
        mergers = self.mergers.get(MERGERS)
        return min([*ends, *([mergers.at + self._stale_seconds] if mergers is not None else [])], default=math.inf)

    async def _with_ancestors(
        self, oids: Collection[OrganisationOid]
    ) -> tuple[dict[OrganisationOid, _Kept], dict[OrganisationOid, SourceFailure]]:
        known, failures = await self._known(list(filter(is_well_formed, oids)))
        above = {oid for kept in known.values() for oid in kept.ancestors if oid != OPH} - known.keys()
        higher, more_failures = await self._known(sorted(filter(is_well_formed, above)))
        return known | higher, failures | more_failures

    def _merged_into(self, oid: OrganisationOid) -> tuple[tuple[date, OrganisationOid], ...]:
        """What an organisation merged into and when.

        INVARIANT: mergers give rights, so they count no longer than the tree itself does when it cannot be asked.
        """
        mergers = self.mergers.get(MERGERS)
        if mergers is None or self._seconds() - mergers.at > self._stale_seconds:
            return ()
        return mergers.into.get(oid, ())

    def _was_under(self, oid: OrganisationOid) -> Iterator[tuple[OrganisationOid, date]]:
        """Which organisation that has merged it once stood under, and until when.

        Only what merged into one that it stands under now is looked at: who was moved to somebody else is theirs.
        """
        entry = self._kept.get(_key(oid))
        mergers = self.mergers.get(MERGERS)
        if entry is None or mergers is None or self._seconds() - mergers.at > self._stale_seconds:
            return
        for heir in entry.ancestors:
            for merged in mergers.by_heir.get(heir, ()):
                history = self.histories.get(merged)
                if history is not None and oid in history:
                    yield merged, history[oid]

    async def _load_mergers(self, _: str) -> _Mergers:
        into: dict[OrganisationOid, list[tuple[date, OrganisationOid]]] = defaultdict(list)
        by_heir: dict[OrganisationOid, dict[OrganisationOid, None]] = defaultdict(dict)
        for merged, day, target in mergers_in(await self._get("/liitokset")):
            into[merged].append((day, target))
            by_heir[target][merged] = None
        return _Mergers(
            into={oid: tuple(sorted(told)) for oid, told in into.items()},
            by_heir={oid: tuple(merged) for oid, merged in by_heir.items()},
            at=self._seconds(),
        )

    async def _load_history(self, oid: OrganisationOid) -> _History:
        return dict(children_in(await self._get(f"/{oid}/historia")))

    async def _get(self, path: str) -> bytes:
        answer = await self._http.send(Outgoing(method="GET", url=self._base + path, headers=self._headers))
        if outcome_of(answer.status) is Outcome.ABSENT_OR_DENIED:
            raise SourceInvalid(Reason.STATUS)
        refuse_failures(answer.status)
        return answer.body

    async def _known(
        self, oids: Sequence[OrganisationOid]
    ) -> tuple[dict[OrganisationOid, _Kept], dict[OrganisationOid, SourceFailure]]:
        """What is kept or found of each OID; where the register fails, what is still kept, however old."""
        wanted = [oid for oid in oids if not self._is_fresh(self._kept.get(_key(oid)))]
        batches = [wanted[start : start + MAX_BATCH] for start in range(0, len(wanted), MAX_BATCH)]
        failures: dict[OrganisationOid, SourceFailure] = {}
        known: dict[OrganisationOid, _Kept] = {}
        for batch, found in zip(batches, await asyncio.gather(*map(self._found, batches)), strict=True):
            if isinstance(found, SourceFailure):
                failures |= dict.fromkeys(batch, found)
            else:
                known |= found
        kept = {oid: entry for oid in oids if (entry := self._kept.get(_key(oid))) and self._is_usable(entry)}
        return kept | known, failures

    async def _found(self, oids: Sequence[OrganisationOid]) -> dict[OrganisationOid, _Kept] | SourceFailure:
        """The register's answer to one batch, kept; an OID it leaves out is unknown or deleted."""
        url, body = f"{self._base}/findbyoids", msgspec.json.encode(list(oids))
        try:
            answer = await self._http.send(Outgoing(method="POST", url=url, headers=self._headers, body=body))
            if outcome_of(answer.status) is Outcome.ABSENT_OR_DENIED:
                raise SourceInvalid(Reason.STATUS)
            refuse_failures(answer.status)
            now = self._seconds()
            found = dict.fromkeys(oids, _Kept(None, (), False, now))
            for element in elements(answer.body, at_most=2 * MAX_BATCH):
                wire, _ = read(element, OrganisationWire)
                if wire.oid not in found:
                    # Whoever else is missing may be the one that came under a strange name, so nobody is known.
                    raise SourceInvalid(Reason.MISMATCH)
                found[OrganisationOid(wire.oid)] = _entry(wire, OrganisationOid(wire.oid), now)
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(SOURCE, error)
        self._kept.update({_key(oid): entry for oid, entry in found.items()})
        self.told += 1
        return found

    def _is_fresh(self, entry: _Kept | None) -> bool:
        if entry is None:
            return False
        return self._seconds() - entry.at <= self._fresh_for(entry)

    def _fresh_for(self, entry: _Kept) -> float:
        return self._fresh_seconds if entry.organisation else min(ABSENT_SECONDS, self._fresh_seconds)

    def _is_usable(self, entry: _Kept) -> bool:
        return self._is_fresh(entry) or (
            entry.organisation is not None and self._seconds() - entry.at <= self._stale_seconds
        )

    def _answer(
        self,
        oid: OrganisationOid,
        known: dict[OrganisationOid, _Kept],
        failed: dict[OrganisationOid, SourceFailure],
    ) -> Answer[TreeNode]:
        entry = known.get(oid)
        if entry is None or entry.organisation is None:
            return Answer(failed[oid].outcome if oid in failed else Outcome.ABSENT)
        line = (oid, *reversed(entry.ancestors))
        missing = next((failed[each] for each in line if each in failed and each not in known), None)
        if missing is not None:
            # Whose it is depends on an ancestor that could not be read, so the node is not known at all.
            return Answer(missing.outcome)
        provider = next((each for each in line if each in known and known[each].is_provider), None)
        node = TreeNode(
            organisation=entry.organisation,
            ancestors=entry.ancestors,
            provider_oid=provider,
            successions=tuple(self._successions(oid, known)),
            formerly=tuple(self._formerly(oid, known)),
        )
        return Answer(Outcome.STALE if any(each in failed for each in line) else Outcome.OK, node)

    def _formerly(self, oid: OrganisationOid, known: Mapping[OrganisationOid, _Kept]) -> Iterator[Former]:
        """The providers that have merged and that it, or one above it, was under before."""
        for each in _line(oid, known):
            for merged, until in self._was_under(each):
                line = _line(merged, known)
                provider = next((one for one in line if one in known and known[one].is_provider), None)
                if provider is not None:
                    yield Former(provider_oid=provider, until=until)

    def _successions(self, oid: OrganisationOid, known: Mapping[OrganisationOid, _Kept]) -> Iterator[Succession]:
        """What has come in place of an organisation or of one above it, one merger after another.

        A successor whose place cannot be told takes over nothing.
        """
        seen = {oid}
        waiting = [(date.min, each) for each in _line(oid, known)]
        while waiting:
            since, merged = waiting.pop(0)
            for day, target in self._merged_into(merged):
                line = _line(target, known)
                if target in seen or not line or any(each not in known for each in line if each != OPH):
                    continue
                seen.add(target)
                in_force = max(since, day)
                provider = next((each for each in line if each in known and known[each].is_provider), None)
                yield Succession(day=in_force, line=line, provider_oid=provider)
                waiting += [(in_force, each) for each in line if each != OPH]


def _line(oid: OrganisationOid, known: Mapping[OrganisationOid, _Kept]) -> tuple[OrganisationOid, ...]:
    """An organisation and those above it, nearest first; nothing of one that is not known."""
    entry = known.get(oid)
    return () if entry is None or entry.organisation is None else (oid, *reversed(entry.ancestors))


_SEPARATORS = re.compile(r"[|/]")


def ancestors_of(oid: OrganisationOid, path: str | None, parent: str | None) -> tuple[OrganisationOid, ...]:
    """The ancestors, root first, from a path in either notation: ``|root|…|parent|`` or ``self/parent/…/root``."""
    line = [OrganisationOid(each) for each in _SEPARATORS.split(path or "") if each and each != oid]
    if not line and parent:
        line = [OrganisationOid(parent)]
    self_first = (line[-1:] == [OPH]) or (parent is not None and line[:1] == [parent] and line[-1:] != [parent])
    if self_first and line[:1] != [OPH]:
        line.reverse()
    return tuple(line)


def _entry(wire: OrganisationWire, oid: OrganisationOid, at: float) -> _Kept:
    return _Kept(
        organisation=Organisation(oid=oid, name=names_in(wire.names)),
        ancestors=ancestors_of(oid, wire.path, wire.parent),
        is_provider=_has_type(wire.types, PROVIDER_TYPE),
        at=at,
    )


def _has_type(types: Iterable[str], wanted: str) -> bool:
    """Whether one of several types is ``wanted``; some answers add a version, as in ``…_01#1``."""
    return any(each.partition("#")[0] == wanted for each in types)


def _key(oid: OrganisationOid) -> object:
    return cachetools.keys.typedkey(oid)

"""Who is who, from the learner register (ONR): every OID of a person leads to one master and all its aliases.

Links may be undone at any time, so what is kept is kept for minutes, and of a person with a non-disclosure order
(turvakielto) nothing is.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import cachetools
import cachetools.keys
import msgspec

from connectors.bodies import elements, members
from connectors.capabilities import ABSENT_OR_DENIED, BY_LEARNER, Capabilities, Capability
from connectors.client import HttpPort, Outgoing, opintopolku_headers
from connectors.failures import Reason, SourceFailure, SourceInvalid, outcome_of, refuse_failures, report, unexpected
from connectors.lenient import read
from connectors.limits import Reached
from connectors.oauth import ClientCredentials
from connectors.wire import Open, Text
from hoks.identifiers import Check, LearnerOid, check_learner_oid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Clock
from hoks.student import Person

MAX_BATCH = 5000
MAX_CACHED = 50_000
SOURCE = "onr"


class CasLogin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="cas"):
    """An account at OPH's staff CAS, and the session that is opened with it."""

    cas_url: str
    """Where CAS begins, ``/cas`` included."""
    service: str
    """The register's security check, ``…/j_spring_cas_security_check``: for it tickets are asked, and taken there."""
    username: str
    password_file: str
    session_cookie: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,100}$")] = "JSESSIONID"
    """The name of the cookie by which the register knows the session."""


class TokenLogin(ClientCredentials, frozen=True, tag_field="kind", tag="client_credentials"):
    """An account at OPH's token server (otuva)."""


class OnrSettings(Reached, frozen=True, kw_only=True):
    """The learner register."""

    base_url: str
    """Where the service begins, ``/oppijanumerorekisteri-service`` included."""
    caller_id: str
    auth: CasLogin | TokenLogin | None = None
    """How the register knows us; nothing where something before it, such as a security server, shows who we are."""
    cache_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 300


class MasterWire(Open, frozen=True, kw_only=True):
    """The master record of an OID that was asked."""

    oid: Text | None = msgspec.field(name="oidHenkilo")
    given_names: Text | None = msgspec.field(name="etunimet", default=None)
    family_name: Text | None = msgspec.field(name="sukunimi", default=None)
    non_disclosure: bool | None = msgspec.field(name="turvakielto", default=None)


class LinkWire(Open, frozen=True, kw_only=True):
    """An alias and its master."""

    alias: Text | None = msgspec.field(name="henkiloOid")
    master: Text | None = msgspec.field(name="masterOid")


_Links = dict[LearnerOid, set[LearnerOid]]


class Onr:
    """The learner register over HTTP."""

    def __init__(
        self, settings: OnrSettings, http: HttpPort, clock: Clock, seconds: Callable[[], float] | None = None
    ) -> None:
        self._base = settings.base_url.rstrip("/")
        self._headers = opintopolku_headers(settings.caller_id)
        self._http = http
        self._clock = clock
        timer: dict[str, Any] = {} if seconds is None else {"timer": seconds}
        self._kept: cachetools.TTLCache[Any, Person] = cachetools.TTLCache(MAX_CACHED, settings.cache_seconds, **timer)

    @property
    def capabilities(self) -> Capabilities:
        """What the register can tell: whom it does not know and whom we may not see are one to it."""
        asked = Capability(gives="identities", keys=BY_LEARNER, at_once=MAX_BATCH, absent=ABSENT_OR_DENIED)
        return Capabilities((asked,))

    def identify_at_hand(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person] | None:
        """The person behind each OID where every one is kept; else nothing."""
        known = {oid: self._kept.get(_key(oid)) for oid in oids}
        return None if None in known.values() else _as_reply(known, {}, self._clock.now())

    async def identify(self, oids: Collection[LearnerOid]) -> Reply[LearnerOid, Person]:
        """The person behind each OID, keyed by the OID that was asked."""
        fetched_at = self._clock.now()
        asked = tuple(dict.fromkeys(oids))
        known = {oid: person for oid in asked if (person := self._kept.get(_key(oid))) is not None}
        wanted = [oid for oid in asked if oid not in known and check_learner_oid(oid) is not Check.MALFORMED]
        batches = [wanted[start : start + MAX_BATCH] for start in range(0, len(wanted), MAX_BATCH)]
        failed: dict[LearnerOid, Outcome] = {}
        for batch, found in zip(batches, await asyncio.gather(*map(self._found, batches)), strict=True):
            if isinstance(found, SourceFailure):
                report(SOURCE, [found])
                failed |= dict.fromkeys(batch, found.outcome)
            else:
                known |= found
        return _as_reply({oid: known.get(oid) for oid in asked}, failed, fetched_at)

    async def _found(self, oids: Sequence[LearnerOid]) -> dict[LearnerOid, Person] | SourceFailure:
        try:
            masters, links = await asyncio.gather(self._masters(oids), self._links(oids))
            # Asked with an alias, the register names its master but not the master's other aliases.
            unasked = sorted({master.oid for master in masters.values()} - set(oids))
            for start in range(0, len(unasked), MAX_BATCH):
                for master, aliases in (await self._links(unasked[start : start + MAX_BATCH])).items():
                    links[master] |= aliases
        except SourceFailure as failure:
            return failure
        except Exception as error:
            return unexpected(SOURCE, error)
        links = _without_disputed(links)
        found = {oid: _person(oid, master, links) for oid, master in masters.items()}
        for person in found.values():
            self._keep(person)
        return found

    def _keep(self, person: Person) -> None:
        """Keep the person under every OID.

        INVARIANT: nobody with a non-disclosure order is kept, and what was kept before the order is let go.
        """
        for oid in person.all_oids:
            if person.non_disclosure:
                self._kept.pop(_key(oid), None)
            else:
                self._kept[_key(oid)] = person

    async def _masters(self, oids: Sequence[LearnerOid]) -> dict[LearnerOid, Person]:
        """The master of each OID that the register knows, without aliases."""
        asked = frozenset(oids)
        body = await self._post("/henkilo/masterHenkilosByOidList", list(oids))
        found: dict[LearnerOid, Person] = {}
        for key, value in members(body, at_most=MAX_BATCH).items():
            wire, _ = read(value, MasterWire)
            oid = LearnerOid(key)
            if oid not in asked or wire.oid is None or check_learner_oid(wire.oid) is Check.MALFORMED:
                raise SourceInvalid(Reason.FOREIGN_PERSON)
            name = " ".join(filter(None, (wire.given_names, wire.family_name)))
            found[oid] = Person(oid=LearnerOid(wire.oid), name=name or None, non_disclosure=_is_in_hiding(wire, value))
        return found

    async def _links(self, oids: Sequence[LearnerOid]) -> _Links:
        """The aliases of each master that the register names."""
        links: _Links = defaultdict(set)
        for master, alias in _pairs(await self._post("/s2s/duplicateHenkilos", {"henkiloOids": list(oids)})):
            links[master].add(alias)
        return links

    async def _post(self, path: str, value: object) -> bytes:
        url, body = self._base + path, msgspec.json.encode(value)
        answer = await self._http.send(Outgoing(method="POST", url=url, headers=self._headers, body=body))
        if outcome_of(answer.status) is Outcome.ABSENT_OR_DENIED:
            # Batch calls are always there; a 404 is a wrong address and says nothing about persons.
            raise SourceInvalid(Reason.STATUS)
        refuse_failures(answer.status)
        return answer.body


def _is_in_hiding(wire: MasterWire, told: bytes) -> bool:
    """Whether a non-disclosure order is told; one that cannot be read is taken for one."""
    return wire.non_disclosure is True or (wire.non_disclosure is None and b'"turvakielto"' in told)


def _pairs(body: bytes) -> Iterator[tuple[LearnerOid, LearnerOid]]:
    for element in elements(body, at_most=20 * MAX_BATCH):
        wire, _ = read(element, LinkWire)
        if any(oid is None or check_learner_oid(oid) is Check.MALFORMED for oid in (wire.master, wire.alias)):
            raise SourceInvalid(Reason.UNREADABLE)
        yield LearnerOid(wire.master or ""), LearnerOid(wire.alias or "")


def _without_disputed(links: _Links) -> _Links:
    """The links without aliases that two masters claim: one person's data must never reach another."""
    claims = Counter(alias for aliases in links.values() for alias in aliases)
    kept: _Links = defaultdict(set)
    for master, aliases in links.items():
        kept[master] = {alias for alias in aliases if claims[alias] == 1}
    return kept


def _person(asked: LearnerOid, master: Person, links: _Links) -> Person:
    """The master with its aliases, the one that was asked among them."""
    aliases = (links.get(master.oid, set()) | {asked}) - {master.oid}
    return msgspec.structs.replace(master, aliases=frozenset(aliases))


def _as_reply(
    known: Mapping[LearnerOid, Person | None], failed: Mapping[LearnerOid, Outcome], at: datetime
) -> Reply[LearnerOid, Person]:
    answers = {oid: _answer(person, failed.get(oid)) for oid, person in known.items()}
    return Reply(source=SOURCE, fetched_at=at, as_of=at, answers=answers)


def _answer(person: Person | None, failed: Outcome | None) -> Answer[Person]:
    if person is not None:
        return Answer(Outcome.OK, person)
    return Answer(failed or Outcome.ABSENT_OR_DENIED)


def _key(oid: LearnerOid) -> Any:
    return cachetools.keys.typedkey(oid)

"""Plans from eHOKS: a service ticket for each call, from a right to its plan, and every answer checked.

An answer about another right than the one asked is dropped; whatever fails is an outcome of that right alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from connectors.bodies import strings
from connectors.capabilities import Capabilities, Capability
from connectors.cas import CasAccount, CasTickets
from connectors.client import HttpPort, Incoming, Outgoing
from connectors.ehoks_changes import changed_since
from connectors.ehoks_plan import plan_in
from connectors.ehoks_wire import HeadAnswer, HeadWire
from connectors.failures import (
    Reason,
    SourceDenied,
    SourceFailure,
    SourceInvalid,
    refuse_failures,
    report,
    unexpected,
)
from connectors.lenient import read
from connectors.limits import Remembered
from connectors.right_by_right import RightByRight
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import Check, OrganisationOid, StudyRightOid, check_study_right_oid
from hoks.items import Item
from hoks.outcomes import Answer, Outcome, Reply
from hoks.plan import Hoks
from hoks.ports import ChangedPlans, Clock, Source

PASSING = ("ticket",)
"""Headers that are new with each call; whose the answer is, the account behind them says."""


class EhoksSettings(Remembered, frozen=True, kw_only=True, tag_field="kind", tag="ehoks"):
    """An eHOKS that serves one provider's plans to that provider's account."""

    one_by_one: ClassVar[bool] = True

    id: str
    provider: OrganisationOid
    base_url: str
    """Where the transfer interface begins, ``…/api/v1/hoks`` included."""
    cas_url: str
    """Where CAS begins, ``/cas`` included."""
    service: str
    """The address for which tickets are asked: eHOKS's own security check."""
    username: str
    password_file: str
    caller_id: str
    gives: tuple[Literal["plans"], ...] = ("plans",)
    follow_changes_seconds: Annotated[float, msgspec.Meta(ge=5, le=300)] | None = None
    """How often to look which plans have changed, so that those which are kept are asked again; null: never."""
    tell_changes: bool = False
    """Whether `changes` is told by eHOKS's own list of changed and deleted plans, where the account may read it."""
    procurement: bool = True
    """Whether to ask which rights of others are included in a plan's right: one ticket and one call more a plan."""


# --- what eHOKS says when it says no (ehoks 2.5) --------------------------------------------------------------

_NO_PLAN = frozenset({"No HOKS found with given opiskeluoikeus", "HOKS not found"})
_NO_RIGHTS = ("No access is allowed", "Unable to check access rights", "User is not authorized")


def _texts(body: bytes) -> tuple[str, ...]:
    """The texts of an error, whatever eHOKS calls their key today."""
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return tuple(text for text in document.values() if isinstance(text, str)) if isinstance(document, dict) else ()


def _login_has_ended(answer: Incoming) -> bool:
    """Whether a 401 is about the ticket; eHOKS answers missing rights with 401 too."""
    return answer.status == 401 and not any(text.startswith(_NO_RIGHTS) for text in _texts(answer.body))


def _body_of(answer: Incoming) -> bytes | None:
    """The body of a success; nothing where eHOKS says that there is no plan."""
    if answer.status == 404:
        # INVARIANT: only eHOKS's own words mean that there is no plan; any other 404 is a wrong address.
        if _NO_PLAN.isdisjoint(_texts(answer.body)):
            raise SourceInvalid(Reason.STATUS)
        return None
    refuse_failures(answer.status)
    return answer.body


# --- the source -----------------------------------------------------------------------------------------------


class EhoksSource(RightByRight):
    """Plans of one provider, from eHOKS."""

    def __init__(
        self,
        settings: EhoksSettings,
        http: HttpPort,
        clock: Clock,
        password: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = settings.base_url.rstrip("/")
        self._caller_id = settings.caller_id
        self._procurement = settings.procurement
        self._tells_changes = settings.tell_changes
        self._clock = clock
        self._http = http
        account = CasAccount(
            cas_url=settings.cas_url,
            service=settings.service,
            username=settings.username,
            caller_id=settings.caller_id,
        )
        self._tickets = CasTickets(account, http, password, seconds)
        super().__init__(
            Source(id=settings.id, provider_oid=settings.provider),
            clock,
            concurrency=settings.concurrency,
            # One login before many calls: a wrong password must not be tried once for each right.
            first=self._tickets.granting,
        )

    @property
    def capabilities(self) -> Capabilities:
        """What eHOKS can tell: right by right, and of changes where the settings say so."""
        told = super().capabilities.told
        changes = Capability(gives="changes", keys=("provider",), at_once=None)
        return Capabilities((*told, changes) if self._tells_changes else told)

    async def changed(self, since: datetime) -> Reply[OrganisationOid, ChangedPlans]:
        """Every plan that has changed or was deleted after a moment, other providers' too, keyed by the provider."""
        read_at = self._clock.now()
        try:
            answer = Answer(Outcome.OK, await changed_since(self.get, since))
        except SourceFailure as failure:
            report(self._source.id, [failure])
            answer = Answer(failure.outcome)
        except Exception as error:
            answer = Answer(unexpected(self._source.id, error).outcome)
        answers = {self._source.provider_oid: answer}
        return Reply(source=self._source.id, fetched_at=read_at, as_of=read_at, answers=answers)

    async def _head(self, right: StudyRightOid) -> HeadWire | None:
        body = await self.get(f"/opiskeluoikeus/{right}")
        return None if body is None else _head_of(body, right)

    async def _named(self, right: StudyRightOid) -> str | None:
        try:
            head = await self._head(right)
        except SourceFailure as failure:
            if failure.outcome is Outcome.DENIED and failure.reason is Reason.STATUS:
                # Another provider's right: its own source knows whose it is.
                return None
            raise
        return None if head is None else head.oppija_oid

    async def _plan(self, right: StudyRightOid) -> tuple[Hoks] | None:
        head = await self._head(right)
        if head is None:
            return None
        if head.id is None:
            raise SourceInvalid(Reason.UNREADABLE)
        whole, (included, doubts) = await asyncio.gather(
            _caught(self.get(f"/{head.id}")), self._included(head.id) if self._procurement else _nothing_included()
        )
        if isinstance(whole, SourceFailure):
            raise whole
        return None if whole is None else (plan_in(whole, right, number=head.id, included=included, doubts=doubts),)

    async def _included(self, number: int) -> tuple[tuple[StudyRightOid, ...], tuple[Finding, ...]]:
        """Rights of others included in the plan's right; a failure here is a finding and never costs the plan."""
        doubt = (finding(FindingCode.UNREADABLE_VALUE, "includedStudyRightOids", Item.SR),)
        body = await _caught(self.get(f"/{number}/hankintakoulutukset"))
        try:
            if not isinstance(body, bytes):
                return (), doubt
            texts, unreadable = strings(body)
        except SourceFailure:
            return (), doubt
        oids = sorted({StudyRightOid(each) for each in texts if check_study_right_oid(each) is not Check.MALFORMED})
        return tuple(oids), doubt if unreadable or len(oids) < len(set(texts)) else ()

    async def get(self, path: str) -> bytes | None:
        """The body; nothing where there is no plan. A login that has ended is renewed once."""
        for _ in ("as we are", "with a new login"):
            granting = await self._tickets.granting()
            ticket = await self._tickets.ticket(granting)
            if ticket is not None:
                headers = {"caller-id": self._caller_id, "ticket": ticket}
                answer = await self._http.send(Outgoing(method="GET", url=self._base + path, headers=headers))
                if not _login_has_ended(answer):
                    return _body_of(answer)
            self._tickets.forget(granting)
        raise SourceDenied(Reason.LOGIN)


async def _caught(call: Awaitable[bytes | None]) -> bytes | SourceFailure | None:
    try:
        return await call
    except SourceFailure as failure:
        return failure


async def _nothing_included() -> tuple[tuple[StudyRightOid, ...], tuple[Finding, ...]]:
    return (), ()


def _head_of(body: bytes, right: StudyRightOid) -> HeadWire:
    """The top level of the plan, when it is of the right that was asked."""
    answer, _ = read(body, HeadAnswer)
    if answer.data is None:
        raise SourceInvalid(Reason.UNREADABLE)
    if answer.data.opiskeluoikeus_oid != right:
        raise SourceInvalid(Reason.MISMATCH)
    return answer.data

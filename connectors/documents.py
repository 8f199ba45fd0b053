"""Plans in eHOKS's own form of a document, whole, each at an address of the provider's own: one call a plan.

A student system that sends its plans to eHOKS has these documents already; nothing of them needs to be mapped.
"""

import asyncio
import re
from collections.abc import Collection
from typing import Annotated, ClassVar, Literal

import msgspec

from connectors.capabilities import Capabilities, Capability, Gives
from connectors.client import HttpPort, Outgoing
from connectors.each_right import EachRight
from connectors.ehoks_plan import plan_in
from connectors.failures import refuse_failures
from connectors.limits import Remembered
from connectors.rest.settings import Credential
from hoks.identifiers import Check, LearnerOid, OrganisationOid, StudyRightOid, check_learner_oid
from hoks.outcomes import Outcome, Reply
from hoks.plan import Hoks
from hoks.ports import Clock, Source

RIGHT = "{right}"
"""Where a path holds the right's OID."""
_PATH = re.compile(r"/[A-Za-z0-9/._~-]*\{right\}[A-Za-z0-9/._~-]*", re.ASCII)


class DocumentsSettings(Remembered, frozen=True, kw_only=True, tag_field="kind", tag="documents"):
    """A provider's own address at which each of its plans is, in eHOKS's form."""

    one_by_one: ClassVar[bool] = True

    id: str
    provider: OrganisationOid
    base_url: str
    path: Annotated[str, msgspec.Meta(max_length=200)] = f"/{RIGHT}"
    """The way from there to the plan of a right, whose OID stands where ``{right}`` does."""
    form: Literal["enveloped", "bare"] = "enveloped"
    """Whether the document stands under ``data``, as eHOKS sends it, or by itself."""
    auth: Credential
    absent: Literal["absent", "absent_or_denied"] = "absent_or_denied"
    """What a 404 means: that there is no plan, or that we may only not see it."""
    gives: tuple[Literal["plans"], ...] = ("plans",)

    def __post_init__(self) -> None:
        if _PATH.fullmatch(self.path) is None:
            raise ValueError(f"source `{self.id}`: path: expected a path with {RIGHT} in it once, got `{self.path}`")


_NOTHING = {"absent": Outcome.ABSENT, "absent_or_denied": Outcome.ABSENT_OR_DENIED}


class DocumentsSource:
    """Plans of one provider, each at its own address."""

    def __init__(self, settings: DocumentsSettings, http: HttpPort, clock: Clock) -> None:
        self._source = Source(id=settings.id, provider_oid=settings.provider)
        self._before, _, self._after = f"{settings.base_url.rstrip('/')}{settings.path}".partition(RIGHT)
        self._is_enveloped = settings.form == "enveloped"
        self._nothing = _NOTHING[settings.absent]
        self._http = http
        slots = asyncio.Semaphore(settings.concurrency)
        self._plans = EachRight(settings.id, self._plan, clock=clock, slots=slots, nothing=self._nothing)
        self._holders = EachRight(settings.id, self._holder, clock=clock, slots=slots, nothing=self._nothing)

    @property
    def source(self) -> Source:
        """Which source this is."""
        return self._source

    @property
    def capabilities(self) -> Capabilities:
        """What is told, right by right."""
        gives: tuple[Gives, ...] = ("plans", "holders")
        absent = frozenset({self._nothing})
        return Capabilities(tuple(Capability(gives=each, keys=("right",), at_once=1, absent=absent) for each in gives))

    async def plans(
        self, rights: Collection[StudyRightOid], until: float | None = None
    ) -> Reply[StudyRightOid, tuple[Hoks, ...]]:
        """The plan of each right, several at a time; what is not there by ``until`` is unavailable."""
        return await self._plans.reply(rights, until)

    async def holders(self, rights: Collection[StudyRightOid]) -> Reply[StudyRightOid, LearnerOid]:
        """Whose each right is, for rights that have a plan."""
        return await self._holders.reply(rights)

    async def _plan(self, right: StudyRightOid) -> tuple[Hoks, ...] | None:
        answer = await self._http.send(Outgoing(method="GET", url=f"{self._before}{right}{self._after}"))
        if answer.status == 404:
            return None
        refuse_failures(answer.status)
        return (plan_in(answer.body, right, enveloped=self._is_enveloped),)

    async def _holder(self, right: StudyRightOid) -> LearnerOid | None:
        plans = await self._plan(right)
        oid = plans[0].student_oid if plans else None
        return oid if oid is not None and check_learner_oid(oid) is not Check.MALFORMED else None

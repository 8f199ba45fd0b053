"""Plans in eHOKS's own form of a document, whole, each at an address of the provider's own: one call a plan.

A student system that sends its plans to eHOKS has these documents already; nothing of them needs to be mapped.
"""

import re
from typing import Annotated, ClassVar, Literal

import msgspec

from connectors.client import HttpPort, Outgoing
from connectors.ehoks_plan import plan_in
from connectors.failures import refuse_failures
from connectors.limits import Remembered
from connectors.rest.settings import Credential
from connectors.right_by_right import RightByRight
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.outcomes import Outcome
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


class DocumentsSource(RightByRight):
    """Plans of one provider, each at its own address."""

    def __init__(self, settings: DocumentsSettings, http: HttpPort, clock: Clock) -> None:
        self._before, _, self._after = f"{settings.base_url.rstrip('/')}{settings.path}".partition(RIGHT)
        self._is_enveloped = settings.form == "enveloped"
        self._http = http
        super().__init__(
            Source(id=settings.id, provider_oid=settings.provider),
            clock,
            concurrency=settings.concurrency,
            nothing=_NOTHING[settings.absent],
        )

    async def _plan(self, right: StudyRightOid) -> tuple[Hoks, ...] | None:
        answer = await self._http.send(Outgoing(method="GET", url=f"{self._before}{right}{self._after}"))
        if answer.status == 404:
            return None
        refuse_failures(answer.status)
        return (plan_in(answer.body, right, enveloped=self._is_enveloped),)

    async def _named(self, right: StudyRightOid) -> str | None:
        plans = await self._plan(right)
        return plans[0].student_oid if plans else None

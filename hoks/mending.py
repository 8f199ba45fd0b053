"""Mending: what is wrong in the data of a provider's own plans, the most severe first, a page at a time.

Each page is read anew and only its own findings are held: memory is of the page and of the plans in hand, never of
everything that is wrong.
"""

import heapq
from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

import msgspec

from hoks.access.decide import Grant
from hoks.access.reports import About, Report, answering
from hoks.caller import Caller
from hoks.errors import SourcesUnavailable
from hoks.findings import FindingCode, Severity
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.items import Item, attached, item, items_in, one_of
from hoks.quality import Problem, problems_of
from hoks.reading import Reader
from hoks.records import Record
from hoks.remedies import REMEDIES
from hoks.showing import Origin, View
from hoks.sitting import Sitting
from hoks.student import SourceStatus
from hoks.values import Text

_TOO_MANY = "not everybody could be read in the time that a request has"
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_HELD = 4
"""How many pages' findings are held before those that cannot be on this page are let go."""


class DataQualityFinding(Record, frozen=True, gc=False):
    """Something wrong in the data of a provider's own plan or right (havainto), and what to do about it."""

    gate: ClassVar[str | None] = "item"

    item: Annotated[Item, attached("The law item the finding is about.")]
    code: Annotated[FindingCode, one_of(tuple(Item), "item", "What was found.")]
    severity: Annotated[Severity, attached("How much it matters.")]
    message: Annotated[Text, attached("What was found, in words.")]
    remedy: Annotated[Text, attached("What to do about it, in words.")]
    study_right_oid: Annotated[
        StudyRightOid | None, item(Item.SR, "The study right it is about, or whose plan (opiskeluoikeuden oid).")
    ] = None
    student_oid: Annotated[LearnerOid | None, item(Item.ID, "The student (oppijanumero).")] = None
    place: Annotated[str, attached("Where: the field's path by its names in this graph, without positions.")] = ""
    part_id: Annotated[str | None, attached("Id of the part of the plan, where it is about one.")] = None


Place = tuple[int, str, str, str, str, str]
"""Where a finding stands: severity, code, right, place, part and item; the same findings come in the same order."""


class FoundProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A finding in a page, and what the answer rests on for the record of it."""

    place: Place
    finding: DataQualityFinding
    subject: LearnerOid
    right: StudyRightOid
    origin: Origin | None
    grant: Grant
    report: Report


class Problems(msgspec.Struct, frozen=True, kw_only=True):
    """A page of findings, whether more follow, and of how many students nothing could be read."""

    found: tuple[FoundProblem, ...]
    more: bool
    not_read: int
    gaps: tuple[SourceStatus, ...]


class Mending:
    """Findings for those who can mend them, over a reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def findings(
        self, caller: Caller, organisation: OrganisationOid, *, first: int, after: Place | None, within: Sitting
    ) -> Problems | None:
        """The next findings of the acting organisation's own plans; nothing for any other organisation.

        Raises ``SourcesUnavailable``.
        """
        known = {"the organisation asked about is the acting one"} if organisation == caller.organisation else set()
        report = answering(self._reader.policy.reports, About.FINDINGS, caller.role, known)
        if report is None:
            return None
        held: dict[Place, FoundProblem] = {}
        unread, gaps = 0, dict[str, SourceStatus]()
        async for _, view in self._reader.walk(caller, within=within, selected=(), is_named=False):
            if view is None:
                unread += 1
                continue
            gaps |= {each.source: each for each in view.student.sources}
            for found in _found(view, report, within.day):
                if after is None or found.place > after:
                    held[found.place] = found
            if len(held) > _HELD * (first + 1):
                held = {place: held[place] for place in heapq.nsmallest(first + 1, held)}
        if unread and within.is_over:
            raise SourcesUnavailable(_TOO_MANY)
        page = heapq.nsmallest(first + 1, held)
        return Problems(
            found=tuple(held[place] for place in page[:first]),
            more=len(page) > first,
            not_read=unread,
            gaps=tuple(gaps[each] for each in sorted(gaps)),
        )


def _found(view: View, report: Report, day: date) -> Iterator[FoundProblem]:
    """What is wrong with the student's own rights at the acting organisation, and with their own plans."""
    for oid, right in zip(view.rights, view.student.study_rights or (), strict=True):
        if oid in view.own:
            problems = (Problem(each) for each in right.findings or ())
            for problem in problems:
                yield from _shown(view, oid, problem, view.right_origins.get(oid), report)
    for oid, plan in zip(view.plans, view.student.hoksit or (), strict=True):
        if oid in view.own:
            for problem in problems_of(plan, view.right(oid), day):
                yield from _shown(view, oid, problem, view.plan_origins.get(oid), report)


def _shown(
    view: View, right: StudyRightOid, problem: Problem, origin: Origin | None, report: Report
) -> Iterator[FoundProblem]:
    found, grant = problem.finding, view.grants[right]
    if found.item not in grant.possible or found.item not in items_in(report.items):
        return
    part = problem.part_id or ""
    yield FoundProblem(
        place=(_RANK[found.severity], found.code.value, right, found.place, part, found.item.value),
        finding=DataQualityFinding(
            item=found.item,
            code=found.code,
            severity=found.severity,
            study_right_oid=right,
            student_oid=view.student.oid,
            place=found.place,
            part_id=problem.part_id,
            message=found.message,
            remedy=REMEDIES[found.code],
        ),
        subject=view.oid,
        right=right,
        origin=origin,
        grant=grant,
        report=report,
    )

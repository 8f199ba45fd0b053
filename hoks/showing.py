"""Showing: a student's whole record and the grants in, the student as the caller may see them out.

The answer also carries the grants of what it shows, from which the withheld items are told; a grant of something
that is not in the answer is not in scope and says nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from hoks.access.decide import Grant, together
from hoks.access.redact import redact
from hoks.beside import Beside, itself
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.items import Aspect, Item, Seen, Slice, items_in
from hoks.labelled import labelled
from hoks.links import Link
from hoks.merge import StudentRecord, shares
from hoks.narrow import Evidence, Scope
from hoks.plan import Hoks
from hoks.ports import Labels
from hoks.stamp import lacks_ids, stamp_shown
from hoks.student import Person, SourceStatus, Student
from hoks.study_right import StudyRight
from hoks.views import Reached, with_views

PLAN_ITEMS = frozenset(Item) - {Item.ID, Item.SR, Item.D2q, Item.Cs, Item.Ci, Item.X}
"""What a plan itself is made of: with none of these granted there is no plan to show."""

redact_plan: Beside[Hoks, Hoks | None] = Beside(redact, itself)
redact_right: Beside[StudyRight, StudyRight | None] = Beside(redact, itself)
"""Redaction of a plan or right that is merged, once for whoever may see the same of it.

INVARIANT: what it gives is of the very record and of exactly what may be seen, and nothing else decides what redaction
gives. A plan that was narrowed for one caller is nobody else's.
"""


class LinkFindings(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a procurement link, and of whom it tells something."""

    right: StudyRightOid
    target: StudyRightOid | None
    is_own: bool
    findings: tuple[Finding, ...]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where something shown came from, on which rules it is shown, and who discloses it.

    The provider that made the plan discloses while the right is valid, OPH after (source 004:200).
    """

    source: str
    provider: OrganisationOid | None
    discloser: OrganisationOid | None
    rules: tuple[str, ...]
    consents: frozenset[str]
    """The ids of the consents that it rests on."""
    appointments: frozenset[str]
    """The ids of the appointments, of those made through the gateway, that it rests on."""
    as_of: datetime | None
    fetched_at: datetime | None
    stale: bool


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A student as a caller may see them, the grants of what is shown, and which plan covers which right."""

    student: Student
    grants: Mapping[StudyRightOid, Grant]
    covering: Mapping[StudyRightOid, StudyRightOid]
    """Of each right with a plan that is shown, the right whose plan that is: itself, or the procuring one."""
    came_from: frozenset[str]
    """The sources that something shown came from."""
    oid: LearnerOid
    """Who it is, for the reader's own use: the student's OID is itself an item."""
    oids: frozenset[LearnerOid]
    """The same and every alias."""
    rights: tuple[StudyRightOid, ...]
    """Of each shown study right, in order: its OID is itself an item."""
    plans: tuple[StudyRightOid, ...]
    """Of each shown plan, in order, whose it is."""
    own: frozenset[StudyRightOid] = frozenset()
    """Of the shown rights, those that the acting organisation owns."""
    right_origins: Mapping[StudyRightOid, Origin] = {}
    plan_origins: Mapping[StudyRightOid, Origin] = {}
    appoints_in: frozenset[StudyRightOid] = frozenset()
    """The rights in whose plans the acting organisation appoints."""
    is_own: bool = False
    """Whether the student is the caller, acting as such."""

    def right(self, oid: StudyRightOid) -> StudyRight | None:
        """A right that is shown."""
        return next((right for right in self.student.study_rights or () if right.oid == oid), None)

    def plan(self, right: StudyRightOid) -> Hoks | None:
        """The plan shown that covers a right."""
        covering = self.covering.get(right)
        plans = (plan for plan in self.student.hoksit or () if plan.study_right_oid == covering)
        return next(plans, None) if covering is not None else None

    def with_sources(self, sources: tuple[SourceStatus, ...]) -> "View":
        """The same view, with the state of the sources in it."""
        return msgspec.structs.replace(self, student=msgspec.structs.replace(self.student, sources=sources))


def show(
    record: StudentRecord,
    grants: Mapping[StudyRightOid, Grant],
    person_items: Seen,
    evidence: Evidence,
    links: Collection[LinkFindings] = (),
    *,
    key: bytes,
    labels: Labels | None = None,
    selected: Collection[str] | None = None,
) -> View | None:
    """The redacted student, or nothing when nothing of them may be seen; ``key`` is of the parts' ids.

    Names from the registers are put on last, on what is shown alone, and the views are drawn from that: all of them,
    or those under a selected coordinate of the graph.
    """
    items = {right.oid: _items(right.oid, record, grants, evidence) for right in record.rights}
    rights = _with_link_findings(_shown_rights(record, items), items, links)
    rights = {oid: labelled(right, labels) for oid, right in rights.items()}
    reached = _shown_plans(record, grants, rights, evidence, key, labels)
    plans = tuple(oid for oid, _ in reached)
    in_scope = sorted({*rights, *plans})
    if not in_scope and not person_items:
        return None
    about_person = person_items.union(*(items[oid] for oid in in_scope))
    shown = [each for _, each in reached]
    student = _student(record.person, about_person, tuple(rights.values()))
    return View(
        student=with_views(student, shown, evidence.day, selected),
        grants={oid: grants[oid] for oid in in_scope},
        covering=_covering(record, rights, {*plans}),
        came_from=frozenset().union(
            *(right.told_by for right in record.rights if right.oid in rights),
            *({each.plan.provenance.source} for each in shown if each.plan.provenance is not None),
        ),
        oid=record.person.oid,
        oids=record.person.all_oids,
        rights=tuple(rights),
        plans=plans,
    )


def _items(
    right: StudyRightOid, record: StudentRecord, grants: Mapping[StudyRightOid, Grant], evidence: Evidence
) -> Seen:
    """What may be seen of a right, by any plan that covers it: its own, or a shared one that is shown itself.

    INVARIANT: by any, not by the first: a hidden plan beside a visible one changes nothing.
    """
    grant = grants[right]
    seen = grant.items(None, evidence)
    for plan in record.plans_covering(right):
        is_own = plan.study_right_oid == right
        if is_own or (not grant.is_of_one_plan and _is_shown(plan, grants[plan.study_right_oid], evidence)):
            reached = grant.reached(plan, evidence)
            seen = together((seen, grant.items(reached, evidence))) if reached is not None else seen
    return seen


def _is_shown(plan: Hoks, grant: Grant, evidence: Evidence) -> bool:
    reached = grant.reached(plan, evidence)
    return reached is not None and not items_in(grant.items(reached, evidence)).isdisjoint(PLAN_ITEMS)


def _shown_rights(record: StudentRecord, items: Mapping[StudyRightOid, Seen]) -> dict[StudyRightOid, StudyRight]:
    seen = {right.oid: redact_right(right.right, items[right.oid]) for right in record.rights}
    return {oid: right for oid, right in seen.items() if right is not None}


def _with_link_findings(
    rights: Mapping[StudyRightOid, StudyRight],
    items: Mapping[StudyRightOid, Seen],
    links: Collection[LinkFindings],
) -> dict[StudyRightOid, StudyRight]:
    """The rights with what is to be said of their links.

    INVARIANT: what a link's target is like is told only to those to whom the link is their own, or the target shown.
    """
    noted = dict(rights)
    for link in links:
        right = noted.get(link.right)
        if right is not None and Item.SR in items[link.right] and (link.is_own or link.target in rights):
            findings = (*(right.findings or ()), *link.findings)
            noted[link.right] = msgspec.structs.replace(right, findings=findings)
    return noted


def _shown_plans(
    record: StudentRecord,
    grants: Mapping[StudyRightOid, Grant],
    rights: Mapping[StudyRightOid, StudyRight],
    evidence: Evidence,
    key: bytes,
    labels: Labels | None,
) -> list[tuple[StudyRightOid, Reached]]:
    """The plans that may be seen, each with its right and with what is doubtful about its being there."""
    seen: list[tuple[StudyRightOid, Hoks, Seen]] = []
    for plan in record.plans:
        grant = grants[plan.study_right_oid]
        reached = grant.reached(plan, evidence)
        items = grant.items(reached, evidence) if reached is not None else frozenset()
        redacted = redact_plan(reached, items) if reached and not items_in(items).isdisjoint(PLAN_ITEMS) else None
        if redacted is not None:
            source = plan.provenance.source if plan.provenance is not None else ""
            whole = stamp_shown(redacted, source, plan.study_right_oid, key) if lacks_ids(plan) else redacted
            seen.append((plan.study_right_oid, whole, items))
    shown = [oid for oid, _, _ in seen]
    # INVARIANT: two plans of one right are ordered by what is seen of them, never by what is hidden.
    is_one = len({*shown}) == len(shown)
    seen.sort(key=lambda each: (each[0], b"" if is_one else msgspec.json.encode(each[1])))
    shown.sort()
    plans: list[tuple[StudyRightOid, Reached]] = []
    for oid, plan, items in seen:
        doubts = _doubts(oid, shown, record.links) if Item.SR in items else ()
        findings = tuple(dict.fromkeys((*(plan.findings or ()), *doubts)))
        named = labelled(plan, labels)
        whole = msgspec.structs.replace(named, study_right=rights.get(oid), findings=findings)
        plans.append((oid, Reached(whole, items, is_whole=grants[oid].scope is Scope.ALL)))
    return plans


def _doubts(right: StudyRightOid, shown: Sequence[StudyRightOid], links: Sequence[Link]) -> tuple[Finding, ...]:
    """What is doubtful about a plan's being there, told from the plans that are shown beside it and no others."""
    codes: list[FindingCode] = []
    if shown.count(right) > 1:
        codes.append(FindingCode.SEVERAL_PLANS_FOR_ONE_RIGHT)
    if any(link.procuring and shares(link, right) and link.procuring.oid in shown for link in links):
        codes.append(FindingCode.PLAN_ON_BOTH_SIDES_OF_LINK)
    return tuple(finding(code, "hoksit", Item.SR) for code in codes)


def _covering(
    record: StudentRecord, rights: Collection[StudyRightOid], shown: Collection[StudyRightOid]
) -> dict[StudyRightOid, StudyRightOid]:
    """Of each right with a plan that is shown, the right whose plan that is.

    INVARIANT: a right that is hidden leads nowhere, or asking by it would tell that it exists.
    """
    covering = {oid: oid for oid in shown}
    for right in rights:
        plans = (plan.study_right_oid for plan in record.plans_covering(right))
        first = next((oid for oid in plans if oid in shown), None)
        if first is not None:
            covering[right] = first
    return covering


def _student(person: Person, items: Seen, rights: tuple[StudyRight, ...]) -> Student:
    is_named = Item.ID in items or Slice(Item.ID, Aspect.NAMES) in items
    return Student(
        oid=person.oid if Item.ID in items else None,
        name=person.name if is_named else None,
        study_rights=rights,
    )

"""Showing: a student's whole record and the grants in, the student as the caller may see them out.

The answer also carries the grants of what it shows, from which the withheld items are told; a grant of something
that is not in the answer is not in scope and says nothing.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from hoks.access.decide import Grant
from hoks.access.redact import redact
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.links import Link
from hoks.merge import StudentRecord, shares
from hoks.plan import Hoks
from hoks.student import Person, SourceStatus, Student
from hoks.study_right import StudyRight
from hoks.views import all_findings, combined_units, workplace_learning

PLAN_ITEMS = frozenset(Item) - {Item.ID, Item.SR, Item.D2q, Item.Cs, Item.Ci, Item.X}
"""What a plan itself is made of: with none of these granted there is no plan to show."""


class View(msgspec.Struct, frozen=True):
    """A student as a caller may see them, the grants of what is shown, and which plan covers which right."""

    student: Student
    grants: Mapping[StudyRightOid, Grant]
    covering: Mapping[StudyRightOid, StudyRightOid]
    """Of each right with a plan that is shown, the right whose plan that is: itself, or the procuring one."""
    came_from: frozenset[str]
    """The sources that something shown came from."""

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
    person_items: frozenset[Item],
) -> View | None:
    """The redacted student, or nothing when nothing of them may be seen."""
    items = {right.oid: _items(grants[right.oid], record.plans_covering(right.oid)) for right in record.rights}
    rights = _shown_rights(record, items)
    plans = _shown_plans(record, grants, rights)
    in_scope = sorted({*rights, *(oid for oid, _ in plans)})
    if not in_scope and not person_items:
        return None
    about_person = person_items.union(*(items[oid] for oid in in_scope))
    shown = tuple(plan for _, plan in plans)
    return View(
        _student(record.person, about_person, tuple(rights.values()), shown),
        {oid: grants[oid] for oid in in_scope},
        _covering(record, rights, {oid for oid, _ in plans}),
        frozenset().union(
            *(right.told_by for right in record.rights if right.oid in rights),
            *({plan.provenance.source} for plan in shown if plan.provenance is not None),
        ),
    )


def _items(grant: Grant, plans: Sequence[Hoks]) -> frozenset[Item]:
    """What may be seen of a right, by any plan that covers it.

    INVARIANT: by any, not by the first: a hidden plan beside a visible one changes nothing.
    """
    return grant.items(None).union(*(grant.items(plan) for plan in plans))


def _shown_rights(
    record: StudentRecord, items: Mapping[StudyRightOid, frozenset[Item]]
) -> dict[StudyRightOid, StudyRight]:
    seen = {right.oid: redact(right.right, items[right.oid]) for right in record.rights}
    return {oid: right for oid, right in seen.items() if right is not None}


def _shown_plans(
    record: StudentRecord, grants: Mapping[StudyRightOid, Grant], rights: Mapping[StudyRightOid, StudyRight]
) -> list[tuple[StudyRightOid, Hoks]]:
    """The plans that may be seen, each with its right and with what is doubtful about its being there."""
    seen: list[tuple[StudyRightOid, Hoks, frozenset[Item]]] = []
    for plan in record.plans:
        items = grants[plan.study_right_oid].items(plan)
        redacted = redact(plan, items) if not items.isdisjoint(PLAN_ITEMS) else None
        if redacted is not None:
            seen.append((plan.study_right_oid, redacted, items))
    # INVARIANT: two plans of one right are ordered by what is seen of them, never by what is hidden.
    seen.sort(key=lambda each: (each[0], msgspec.json.encode(each[1])))
    shown = [oid for oid, _, _ in seen]
    plans: list[tuple[StudyRightOid, Hoks]] = []
    for oid, plan, items in seen:
        doubts = _doubts(oid, shown, record.links) if Item.SR in items else ()
        findings = tuple(dict.fromkeys((*(plan.findings or ()), *doubts)))
        plans.append((oid, msgspec.structs.replace(plan, study_right=rights.get(oid), findings=findings)))
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


def _student(
    person: Person, items: frozenset[Item], rights: tuple[StudyRight, ...], plans: tuple[Hoks, ...]
) -> Student:
    is_named = Item.ID in items
    student = Student(
        oid=person.oid if is_named else None,
        name=person.name if is_named else None,
        study_rights=rights,
        hoksit=plans,
    )
    return msgspec.structs.replace(
        student,
        workplace_learning=workplace_learning(student),
        combined_units=combined_units(student),
        findings=all_findings(student),
    )

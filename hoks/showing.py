"""Showing: a student's whole record and the grants in, the student as the caller may see them out.

The answer also carries the grants of what it shows, from which the withheld items are told; a grant of something
that is not in the answer is not in scope and says nothing.
"""

from collections.abc import Mapping

import msgspec

from hoks.access.decide import Grant
from hoks.access.redact import redact
from hoks.identifiers import StudyRightOid
from hoks.items import Item
from hoks.merge import StudentRecord
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
    """Of each right shown, the right whose plan covers it: itself, or over a procurement link the procuring one."""
    came_from: frozenset[str]
    """The sources that something shown came from."""

    def right(self, oid: StudyRightOid) -> StudyRight | None:
        """A right that is shown."""
        return next((right for right in self.student.study_rights or () if right.oid == oid), None)

    def plan(self, right: StudyRightOid) -> Hoks | None:
        """The plan shown that covers a right."""
        covering = self.covering.get(right, right)
        return next((plan for plan in self.student.hoksit or () if plan.study_right_oid == covering), None)

    def with_sources(self, sources: tuple[SourceStatus, ...]) -> "View":
        """The same view, with the state of the sources in it."""
        return msgspec.structs.replace(self, student=msgspec.structs.replace(self.student, sources=sources))


def show(
    record: StudentRecord,
    grants: Mapping[StudyRightOid, Grant],
    person_items: frozenset[Item],
) -> View | None:
    """The redacted student, or nothing when nothing of them may be seen."""
    rights: dict[StudyRightOid, StudyRight] = {}
    for merged in record.rights:
        right = redact(merged.right, grants[merged.oid].items(record.plan_covering(merged.oid)))
        if right is not None:
            rights[merged.oid] = right
    plans: list[Hoks] = []
    for plan in record.plans:
        items = grants[plan.study_right_oid].items(plan)
        seen = redact(plan, items) if not items.isdisjoint(PLAN_ITEMS) else None
        if seen is not None:
            plans.append(msgspec.structs.replace(seen, study_right=rights.get(plan.study_right_oid)))
    in_scope = {oid: grants[oid] for oid in sorted({*rights, *(plan.study_right_oid for plan in plans)})}
    if not in_scope and not person_items:
        return None
    about_person = frozenset[Item]().union(
        person_items, *(grant.items(record.plan_covering(oid)) for oid, grant in in_scope.items())
    )
    return View(
        _student(record.person, about_person, tuple(rights.values()), tuple(plans)),
        in_scope,
        {oid: covering.study_right_oid for oid in rights if (covering := record.plan_covering(oid)) is not None},
        frozenset().union(
            *(right.told_by for right in record.rights if right.oid in rights),
            *({plan.provenance.source} for plan in plans if plan.provenance is not None),
        ),
    )


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

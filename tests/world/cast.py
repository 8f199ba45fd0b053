"""The cast of the non-interference world: for every relation a visible sibling and a hidden one, and who sees which.

Rights and plans are named by person and provider: ``1A`` is person 1's right at provider A. ``HIDDEN`` is written by
hand from ``design.md`` 5 and 11 and ``ehoks.md`` 10.2; it is the reference policy of the test.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import msgspec

from hoks.caller import Caller, Role
from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, WorkplaceInstructor, WorkplaceLearning
from hoks.findings import FindingCode, finding
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.relations import Assignment
from hoks.student import Person
from hoks.study_right import StudyRight
from hoks.units import (
    LearningSupport,
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PriorCommonUnit,
    PriorCommonUnitSubarea,
)
from hoks.values import Code
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, PROVIDERS, A, B, C, D
from tests.world.ports import Fault
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    SIX_YEARS_AGO,
    THREE_YEARS_AGO,
    UNKNOWN,
    Periods,
    ended,
    learner,
    right,
    right_oid,
)
from tests.world.world import World, staff, student

Plans = tuple[tuple[OrganisationOid, Hoks], ...]

OIDS: Mapping[int, LearnerOid] = {number: learner(number * 100) for number in range(1, 12)}


TEACHER = PersonOid("1.2.246.562.98.19999999978")
"""The responsible teacher of everybody at every provider, so that each group also lists whom its provider's staff may
not see."""


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """The world by names, so that a test can say what it changes."""

    people: Mapping[int, Person]
    rights: Mapping[str, StudyRight]
    plans: Mapping[str, Plans]
    faults: Mapping[str, Fault] = {}

    def world(self) -> World:
        """The world as the fake ports know it."""
        return World(
            people=tuple(self.people.values()),
            rights=tuple(self.rights.values()),
            plans=tuple(each for plans in self.plans.values() for each in plans),
            faults=self.faults,
            assignments=tuple(
                (
                    provider,
                    Assignment(
                        person=TEACHER,
                        role=Role.RESPONSIBLE_TEACHER,
                        learner=person.oid,
                        provider=provider,
                        group="everybody",
                    ),
                )
                for provider in PROVIDERS
                for person in self.people.values()
            ),
        )


def plan_of(held: StudyRight, name: str, *, approved: bool = True) -> Hoks:
    """A small plan with contact data, sensitive items, workplace learning, and units that other plans hold too."""
    instructor = WorkplaceInstructor(name="Ohjaaja", email=f"{name}@work.example", phone="+358 40")
    return Hoks(
        study_right_oid=held.oid,
        student_oid=held.student_oid,
        source_id=name,
        version=1,
        student_email=f"{name}@students.example",
        career_plan_goal=Code(uri="urasuunnitelma_0001"),
        first_approved_on=date(2020, 9, 1) if approved else None,
        updated_at=datetime(2024, 9, 1, 8, tzinfo=UTC),
        competence_acquisition_needed=True,
        learning_support=(LearningSupport(support_type=Code(uri="oppimisentuki_01"), start_date=date(2024, 1, 1)),),
        planned_vocational_units=(
            PlannedVocationalUnit(
                unit=Code(uri="tutkinnonosat_106945"),
                essential_circumstance_exists=True,
                acquisitions=(
                    CompetenceAcquisition(
                        mode=AcquisitionMode.TRAINING_AGREEMENT,
                        start_date=date(2024, 2, 1),
                        end_date=date(2024, 3, 1),
                        source_key=f"{name} period",
                        workplace_learning=WorkplaceLearning(
                            responsible_workplace_instructor=instructor, workplace_name="Paja", key_tasks=("Work",)
                        ),
                    ),
                    CompetenceAcquisition(
                        mode=AcquisitionMode.APPRENTICESHIP,
                        start_date=date(2026, 9, 7),
                        end_date=date(2026, 12, 11),
                        working_time_percent=60,
                        source_key=f"{name} period now",
                    ),
                ),
                demonstrations=(
                    CompetenceDemonstration(
                        start_date=date(2024, 3, 2),
                        deviation_from_requirements=f"{name} deviation",
                        individual_assessment_criteria=(f"{name} criterion",),
                    ),
                ),
            ),
        ),
        planned_common_units=(
            PlannedCommonUnit(
                unit=Code(uri="tutkinnonosat_106728"),
                subareas=(PlannedCommonUnitSubarea(subarea=Code(uri="ammatillisenoppiaineet_VVTK")),),
            ),
        ),
        planned_local_units=(PlannedLocalUnit(name=f"{name} local unit", goals_and_contents=f"{name} goals"),),
        prior_common_units=(
            PriorCommonUnit(
                unit=Code(uri="tutkinnonosat_106727"),
                recognition_process=RecognitionProcess.DIRECT,
                subareas=(
                    PriorCommonUnitSubarea(
                        subarea=Code(uri="ammatillisenoppiaineet_VVTK"),
                        recognition_process=RecognitionProcess.VIA_ASSESSORS,
                    ),
                ),
            ),
        ),
        findings=(finding(FindingCode.MISSING_REQUIRED_VALUE, "learningSupport.supportType", Item.D9),),
    )


_RIGHTS: tuple[tuple[str, OrganisationOid, Periods, OrganisationOid | None, str | None], ...] = (
    # name, provider, state, school where not the first, the right it is included in
    ("1A", A, CURRENT, None, None),
    ("1B", B, CURRENT, None, None),
    ("1C", C, CURRENT, None, None),
    ("1D", D, ANNULLED, None, None),
    ("1A old", A, ended(SIX_YEARS_AGO), None, None),
    ("1C ended", C, ended(THREE_YEARS_AGO), None, None),
    ("2A", A, CURRENT, None, None),
    ("2B", B, CURRENT, None, "2A"),
    ("2C", C, CURRENT, None, None),
    ("2D", D, ended(THREE_YEARS_AGO), None, None),
    ("3A", A, ended(THREE_YEARS_AGO), None, None),
    ("3C", C, CURRENT, None, None),
    ("4C", C, CURRENT, None, None),
    ("5A", A, CURRENT, A_SECOND_SCHOOL, None),
    ("6A", A, ANNULLED, None, None),
    ("7A", A, ended(SIX_YEARS_AGO), None, None),
    ("8A", A, CURRENT, None, None),
    ("8B", B, CURRENT, None, "8A, wrong school"),
    ("8D", D, UNKNOWN, None, None),
    ("9A", A, CURRENT, None, None),
    ("9B", B, CURRENT, None, "9A"),
    ("9C", C, CURRENT, None, None),
    ("10A", A, CURRENT, None, None),
    ("10A second", A, CURRENT, None, None),
    ("10C", C, CURRENT, None, None),
    ("11A", A, CURRENT, None, None),
    ("11C", C, CURRENT, None, None),
)

NUMBER: Mapping[str, int] = {name: 1000 + 100 * place for place, (name, *_) in enumerate(_RIGHTS)}
"""What makes the OID of each right, with room between for others."""

NOT_APPROVED = frozenset({"1B", "2C", "9A", "10A second"})
WITHOUT_PLAN = frozenset({"2B", "8B"})


def person_of(name: str) -> int:
    """The number of the person whose right or plan it is."""
    return int("".join(each for each in name.split()[0] if each.isdigit()))


def _right(
    name: str, provider: OrganisationOid, states: Periods, school: OrganisationOid | None, included_in: str | None
) -> StudyRight:
    link = None
    if included_in is not None:
        target, _, fault = included_in.partition(", ")
        link = (right_oid(NUMBER[target]), A_SECOND_SCHOOL if fault else A_SCHOOL)
    return right(right_oid(NUMBER[name]), OIDS[person_of(name)], provider, states, school=school, included_in=link)


def cast() -> Cast:
    """Everybody, as they are before anything is changed."""
    rights = {name: _right(name, *rest) for name, *rest in _RIGHTS}  # type: ignore[arg-type]  # a row of the table
    providers = {name: provider for name, provider, *_ in _RIGHTS}
    plans: dict[str, Plans] = {
        name: ((providers[name], plan_of(rights[name], name, approved=name not in NOT_APPROVED)),)
        for name in rights
        if name not in WITHOUT_PLAN
    }
    # A fault of the source: two plans for one right, of which only one is approved.
    plans["11A not approved"] = ((A, plan_of(rights["11A"], "11A not approved", approved=False)),)
    return Cast(
        people={number: Person(oid=oid, name=f"Person {number}") for number, oid in OIDS.items()},
        rights=rights,
        plans=plans,
    )


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may not see: whole people, whole rights, plans, and the contact data in visible plans."""

    myself: int | None = None
    """The student who is asking; they see the state of every right of theirs that is not over."""
    people: frozenset[int] = frozenset()
    rights: frozenset[str] = frozenset()
    """Whole rights with their plans, of people of whom something is seen."""
    plans: frozenset[str] = frozenset()
    """Plans of rights that are seen themselves."""
    contacts: frozenset[str] = frozenset()
    """Plans that are seen without contact data."""
    own_links: frozenset[str] = frozenset()
    """Hidden rights that a right of the caller's own is linked to: a finding says whether each exists and stands."""

    @property
    def all_rights(self) -> frozenset[str]:
        """Hidden rights, those of hidden people included."""
        return self.rights | {name for name, *_ in _RIGHTS if person_of(name) in self.people}

    @property
    def all_plans(self) -> frozenset[str]:
        """Hidden plans, those of hidden rights and people included."""
        second = {"11A not approved"} if "11A" in self.all_rights else set()
        return (self.plans | self.all_rights | second) - WITHOUT_PLAN


def _people(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


CALLERS: Mapping[str, Caller] = {
    "student 1": student(OIDS[1]),
    "student 6": student(OIDS[6]),
    "staff of A": staff(A),
    "staff of A's school": staff(A_SCHOOL),
    "staff of B": staff(B),
    "staff of C": staff(C),
    "staff of D": staff(D),
}

HIDDEN: Mapping[str, Hidden] = {
    # Their own data only (S1), nothing over five years old (P2*), of an annulled right its state and no plan.
    "student 1": Hidden(
        myself=1, people=_people(2, 3, 4, 5, 6, 7, 8, 9, 10, 11), rights=_names("1A old"), plans=_names("1D")
    ),
    "student 6": Hidden(myself=6, people=_people(1, 2, 3, 4, 5, 7, 8, 9, 10, 11), plans=_names("6A")),
    # 1B, 2C: not approved elsewhere. 1D, 8D: annulled, unknown. 8B: wrong link and no plan. 3A: ended, so not 3C.
    "staff of A": Hidden(
        people=_people(4, 6, 7),
        rights=_names("1B", "1D", "1A old", "2C", "3C", "8B", "8D"),
        contacts=_names("1C", "1C ended", "2D", "3A", "9B", "9C", "10C", "11C"),
    ),
    # The same from one school: nothing of the second school's.
    "staff of A's school": Hidden(
        people=_people(4, 5, 6, 7),
        rights=_names("1B", "1D", "1A old", "2C", "3C", "8B", "8D"),
        contacts=_names("1C", "1C ended", "2D", "3A", "9B", "9C", "10C", "11C"),
    ),
    # 9A: not approved, and so hidden from the procurement partner too.
    "staff of B": Hidden(
        people=_people(3, 4, 5, 6, 7, 10, 11),
        rights=_names("1D", "1A old", "2C", "8D", "9A"),
        contacts=_names("1A", "1C", "1C ended", "2D", "8A", "9C"),
        own_links=_names("9A"),
    ),
    "staff of C": Hidden(
        people=_people(5, 6, 7, 8),
        rights=_names("1B", "1D", "1A old", "9A", "10A second"),
        plans=_names("11A not approved"),
        contacts=_names("1A", "1C ended", "2A", "2D", "3A", "9B", "10A", "11A"),
    ),
    # Only an ended right: its own plan, and nobody else's.
    "staff of D": Hidden(
        people=_people(1, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        rights=_names("2A", "2B", "2C"),
        contacts=_names("2D"),
    ),
}

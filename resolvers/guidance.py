"""The questions about a group's follow-up meeting and about a unit's plans in counts."""

from operator import attrgetter
from typing import Annotated

import strawberry

from hoks.guidance import THEMES, GuidanceState, GuidanceStudent, GuidanceTheme
from hoks.guidance_phase import GuidancePhase
from hoks.guiding import Counts, Summary
from hoks.identifiers import OrganisationOid, PersonOid
from hoks.values import Text
from resolvers.context import Info
from resolvers.types import graph_enum, graph_type

GUIDANCE_STUDENT = graph_type(GuidanceStudent)
STATE, THEME, PHASE = (graph_enum(each) for each in (GuidanceState, GuidanceTheme, GuidancePhase))
TEXT = graph_type(Text)


@strawberry.type(
    description="A group (ryhmä) as its follow-up meeting (HOKS-seurantakokous) sees it: nothing of any student's own, "
    "for the students are not there."
)
class GuidanceGroup:
    """What the graph shows of a ``Group``."""

    id: strawberry.ID = strawberry.field(description="The group as the student system names it.")
    theme: Annotated[GuidanceTheme, THEME] = strawberry.field(description="The meeting's theme.")
    theme_text: TEXT = strawberry.field(  # type: ignore[valid-type]  # derived type
        description="Which students the theme picks, in words."
    )
    is_in_plans: bool = strawberry.field(
        description="False for what no HOKS holds, such as absences: then no student is listed."
    )
    students: list[GUIDANCE_STUDENT] = strawberry.field(  # type: ignore[valid-type]  # derived type
        description="The students of the group whom the theme picks, by name."
    )
    not_read: int = strawberry.field(description="How many students of the group, or their plans, could not be read.")


@strawberry.type(description="How many students' plans are in one state.")
class GuidanceStateCount:
    """One cell of ``Counts.states``."""

    state: Annotated[GuidanceState, STATE] | None = strawberry.field(
        description="The state; null for plans that could not be read."
    )
    students: int | None = strawberry.field(
        description="How many; null where it would be fewer than five, or would tell such a count by subtraction."
    )


@strawberry.type(description="How many students are in one phase of guidance.")
class GuidancePhaseCount:
    """One cell of ``Counts.phases``."""

    phase: Annotated[GuidancePhase, PHASE] | None = strawberry.field(
        description="The phase; null where the plan does not tell it."
    )
    students: int | None = strawberry.field(
        description="How many; null where it would be fewer than five, would tell such a count, or a state is null."
    )


@strawberry.type(description="The students of one responsible teacher (vastuuopettaja) in counts.")
class ResponsibleTeacherSummary:
    """What the graph shows of ``Counts``."""

    responsible_teacher: PersonOid | None = strawberry.field(
        description="OID of the teacher; null for students without one, and for teachers put together."
    )
    is_folded: bool = strawberry.field(
        description="True for the teachers who have so few students that they are put together."
    )
    students: int | None = strawberry.field(description="Students with a right that is not over; null below five.")
    approved: int | None = strawberry.field(description="Those whose plan has been approved; null where states are.")
    updated: int | None = strawberry.field(
        description="Those whose approved plan has been updated within the weeks of the settings."
    )
    states: list[GuidanceStateCount] = strawberry.field(description="Of every state how many.")
    phases: list[GuidancePhaseCount] = strawberry.field(description="Of every phase how many.")


@strawberry.type(
    description="The plans of a unit by responsible teacher, in counts that tell of no single student, "
    "not by subtraction either."
)
class GuidanceSummary:
    """What the graph shows of a ``Summary``."""

    teachers: list[ResponsibleTeacherSummary] = strawberry.field(description="The teachers, by OID.")
    not_read: int | None = strawberry.field(description="Students who could not be read; null for one to four.")


async def guidance_group(
    info: Info,
    group: Annotated[strawberry.ID, strawberry.argument(name="id")],
    theme: Annotated[GuidanceTheme, THEME] = GuidanceTheme.PLAN_CHECK,
) -> GuidanceGroup | None:
    """One group, or null alike for "not yours" and "does not exist"."""
    context = info.context
    found = await context.guidance.group(context.caller, str(group), theme, context.sitting)
    if found is None:
        return None
    context.reported(info._raw_info, found.rows, attrgetter("student"))
    context.missed(found.gaps)
    about = THEMES[theme]
    return GuidanceGroup(
        id=strawberry.ID(found.id),
        theme=found.theme,
        theme_text=about.text,
        is_in_plans=about.is_in_plans,
        students=[row.student for row in found.rows],
        not_read=found.not_read,
    )


async def guidance_summary(info: Info, organisation_oid: OrganisationOid) -> GuidanceSummary | None:
    """The counts of the acting organisation, or null for any other."""
    context = info.context
    found: Summary | None = await context.guidance.summary(context.caller, organisation_oid, context.sitting)
    if found is None:
        return None
    return GuidanceSummary(teachers=[_teacher(each) for each in found.rows], not_read=found.not_read)


def _teacher(counts: Counts) -> ResponsibleTeacherSummary:
    return ResponsibleTeacherSummary(
        responsible_teacher=counts.teacher,
        is_folded=counts.is_folded,
        students=counts.students,
        approved=counts.approved,
        updated=counts.updated,
        states=[GuidanceStateCount(state=state, students=students) for state, students in counts.states],
        phases=[GuidancePhaseCount(phase=phase, students=students) for phase, students in counts.phases],
    )

"""The questions about a group's follow-up meeting and about a unit's plans in counts."""

import os
from operator import attrgetter
from typing import Annotated

import msgspec
import strawberry

from hoks.errors import BadRequest
from hoks.guidance import THEMES, GuidanceState, GuidanceStudent, GuidanceTheme
from hoks.guidance_phase import GuidancePhase
from hoks.guiding import Counts, Summary, SummaryPlace
from hoks.identifiers import OrganisationOid, PersonOid
from hoks.paging import Cursor, PageInfo
from hoks.values import Text
from resolvers.context import Info
from resolvers.types import graph_enum, graph_type

GUIDANCE_STUDENT = graph_type(GuidanceStudent)
STATE, THEME, PHASE = (graph_enum(each) for each in (GuidanceState, GuidanceTheme, GuidancePhase))
TEXT = graph_type(Text)
PAGE_INFO = graph_type(PageInfo)


@strawberry.type(
    description="A group (ryhmä) as its follow-up meeting (HOKS-seurantakokous) sees it: nothing of any student's own, "
    "for the students are not there."
)
class GuidanceGroup:
    """What the graph shows of a ``Group``."""

    id: strawberry.ID = strawberry.field(description="The group as the student system names it.")
    theme: Annotated[GuidanceTheme, THEME] = strawberry.field(description="The meeting's theme.")
    theme_text: TEXT = strawberry.field(  # type: ignore[valid-type]  # a type derived from the record while it runs
        description="Which students the theme picks, in words."
    )
    is_in_plans: bool = strawberry.field(
        description="False for what no HOKS holds, such as absences: then no student is listed."
    )
    students: list[GUIDANCE_STUDENT] = strawberry.field(  # type: ignore[valid-type]  # a type derived from the record while it runs
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

    teachers: list[ResponsibleTeacherSummary] = strawberry.field(
        description="The teachers, by OID; none yet while `pageInfo.hasNextPage`."
    )
    not_read: int | None = strawberry.field(description="Students who could not be read; null for one to four.")
    page_info: PAGE_INFO = strawberry.field(  # type: ignore[valid-type]  # a type derived from the record while it runs
        description="Of a unit that takes more than one request, where to go on: while more follow, nothing is told, "
        "and `endCursor` is passed as `after` on the same day. Where it is not selected, such a unit is an error."
    )


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


async def guidance_summary(
    info: Info, organisation_oid: OrganisationOid, after: Cursor | None = None
) -> GuidanceSummary | None:
    """The counts of the acting organisation, or null for any other."""
    context = info.context
    place = _opened(info, organisation_oid, after) if after is not None else None
    found: Summary | None = await context.guidance.summary(
        context.caller,
        organisation_oid,
        context.sitting,
        place,
        in_parts=_GOES_ON in context.operation.beneath(info._raw_info),
    )
    if found is None:
        return None
    return GuidanceSummary(
        teachers=[_teacher(each) for each in found.rows],
        not_read=found.not_read,
        page_info=PageInfo(
            has_next_page=found.rest is not None,
            end_cursor=_sealed(info, organisation_oid, found.rest) if found.rest is not None else None,
        ),
    )


_GOES_ON = "GuidanceSummary.pageInfo"
_LONGER_BY = 1_024
_PLACE = msgspec.msgpack.Decoder(SummaryPlace)


def _sealed(info: Info, organisation: OrganisationOid, place: SummaryPlace) -> Cursor:
    """The cursor of a count under way.

    INVARIANT: it tells nothing of what it holds: two of the same counts differ, and its length is about the same.
    """
    told = msgspec.msgpack.encode(place)
    salted = len(told).to_bytes(4, "big") + os.urandom(16) + told
    return info.context.cursors.sealed(
        info.context.caller, f"summary {organisation}", salted.ljust(-(-len(salted) // _LONGER_BY) * _LONGER_BY, b"\0")
    )


def _opened(info: Info, organisation: OrganisationOid, after: Cursor) -> SummaryPlace:
    """How far a count is. Raises ``BadRequest`` for a cursor of another one, or of another day."""
    raw = info.context.cursors.opened(info.context.caller, f"summary {organisation}", after)
    place = _PLACE.decode(raw[20 : 20 + int.from_bytes(raw[:4], "big")])
    if place.day != info.context.sitting.day:
        raise BadRequest("`after` is of another day; begin the count anew")
    return place


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

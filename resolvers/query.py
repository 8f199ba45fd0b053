"""The questions of the graph. A resolver checks its arguments, asks the reader, and returns whole redacted records.

Below these roots everything is an attribute read: no resolver, no permission class, no I/O.
"""

from typing import Annotated, Any, Optional

import strawberry

from hoks.appointing import PlanAppointment
from hoks.caller import Role
from hoks.consent_texts import ConsentText
from hoks.consenting import Language
from hoks.errors import BadRequest
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid, learner_oid, study_right_oid
from hoks.paging import Cursor, PageInfo
from hoks.plan import Hoks
from hoks.relations import AppointmentKind
from hoks.student import SourceStatus, Student
from hoks.study_right import StudyRight
from hoks.values import Text
from resolvers import appointing, keyed
from resolvers.changing import PlanChangeConnection, changes
from resolvers.context import Info
from resolvers.guidance import GuidanceGroup, GuidanceSummary, guidance_group, guidance_summary
from resolvers.mending import DataQualityConnection, findings
from resolvers.pages import MOST_STUDENTS, Edge, connection
from resolvers.scalars import checked
from resolvers.types import graph_enum, graph_type

STUDENT, HOKS, STUDY_RIGHT = graph_type(Student), graph_type(Hoks), graph_type(StudyRight)
SOURCE_STATUS = graph_type(SourceStatus)
ROLE, APPOINTMENT_KIND = graph_enum(Role), graph_enum(AppointmentKind)
TEXT, CONSENT_TEXT, PAGE_INFO = graph_type(Text), graph_type(ConsentText), graph_type(PageInfo)
LANGUAGE, PLAN_APPOINTMENT = graph_enum(Language), graph_type(PlanAppointment)


@strawberry.type(name="HeldRole", description="A role the token says the caller holds, and where.")
class HeldRoleType:
    """One entry of ``Viewer.heldRoles``."""

    role: Annotated[Role, ROLE] = strawberry.field(description="The role (rooli).")
    organisation: OrganisationOid | None = strawberry.field(
        description="Where it is held (organisaatio); null for a role held by a person as such."
    )


@strawberry.type(description="Something the caller is appointed to (nimitys); which part it is, the plans show.")
class ViewerAppointment:
    """One entry of ``Viewer.appointments``."""

    kind: Annotated[AppointmentKind, APPOINTMENT_KIND] = strawberry.field(description="What it is an appointment to.")


@strawberry.type(description="Who is asking: the verified caller in one acting role.")
class Viewer:
    """The caller."""

    oid: PersonOid = strawberry.field(description="The caller's own OID (henkilön oid).")
    role: Annotated[Role, ROLE] = strawberry.field(description="The acting role (rooli).")
    organisation: OrganisationOid | None = strawberry.field(description="The acting organisation (organisaatio).")
    organisation_name: Optional[TEXT] = strawberry.field(  # type: ignore[valid-type]  # a type derived from the record while it runs  # noqa: UP045
        description="Name of the acting organisation, where the register knows it."
    )
    appointments: list[ViewerAppointment] = strawberry.field(
        description="What the caller is appointed to in the acting role, one entry a period or demonstration."
    )
    groups: list[str] = strawberry.field(description="Groups (ryhmät) of students assigned to the caller.")
    held_roles: list[HeldRoleType] = strawberry.field(description="Every role the token holds; one acts at a time.")


@strawberry.type(description="A student in a page.")
class StudentEdge:
    """What the graph shows of an ``Edge``."""

    cursor: Cursor = strawberry.field(description="Where this student stands.")
    node: Optional[STUDENT] = strawberry.field(description="The student (opiskelija).")  # type: ignore[valid-type]  # a type derived from the record while it runs  # noqa: UP045


@strawberry.type(description="Students in order of OID. There is no total: it would count what is not shown.")
class StudentConnection:
    """What the graph shows of a ``Connection``."""

    edges: list[StudentEdge] = strawberry.field(description="The students of this page.")
    page_info: PAGE_INFO = strawberry.field(description="Where the page ends.")  # type: ignore[valid-type]  # a type derived from the record while it runs


async def viewer(info: Info) -> Viewer:
    """The caller as verified."""
    context, caller = info.context, info.context.caller
    standing, name = await context.reader.standing(caller, within=context.sitting)
    # A part that both the student system and the gateway's own staff name the caller in is one.
    appointments = {each.part: each for each in standing.appointments}
    return Viewer(
        oid=caller.subject,
        role=caller.role,
        organisation=caller.organisation,
        organisation_name=name,
        appointments=[ViewerAppointment(kind=each.kind) for each in appointments.values()],
        groups=sorted({each.group for each in standing.assignments if each.group}),
        held_roles=[HeldRoleType(role=each.role, organisation=each.organisation) for each in caller.held],
    )


async def student(info: Info, oid: LearnerOid) -> Any:
    """One student, or null alike for "not yours" and "does not exist"."""
    return await keyed.student(info, checked(learner_oid, oid, "oid"))


async def students(info: Info, first: int = 20, after: Cursor | None = None) -> Any:
    """A page of the caller's own students."""
    if not 1 <= first <= MOST_STUDENTS:
        raise BadRequest(f"`first` must be from 1 to {MOST_STUDENTS}")
    context = info.context
    start = context.cursors.read(context.caller, after) if after is not None else None
    page = await context.reader.page(
        context.caller, after=start, first=first, within=context.sitting, selected=context.selected
    )
    for view in page.views:
        context.shown(info._raw_info, view)
    edges = tuple(
        Edge(cursor=context.cursors.after(context.caller, view.oid), node=view.student) for view in page.views
    )
    return connection(edges, more=page.more)


async def hoks(info: Info, study_right_oid: StudyRightOid) -> Any:
    """The plan that covers a study right."""
    return await keyed.covering_plan(info, checked(_right, study_right_oid, "studyRightOid"))


async def study_right(info: Info, oid: StudyRightOid) -> Any:
    """One study right."""
    return await keyed.study_right(info, checked(_right, oid, "oid"))


async def sources(info: Info) -> Any:
    """The sources in the caller's scope."""
    context = info.context
    return await context.reader.sources(context.caller, within=context.sitting)


async def consent_text(info: Info, language: Annotated[Language, LANGUAGE], version: str | None = None) -> Any:
    """What a student is shown before consenting."""
    giving = info.context.desks.giving
    return giving.texts.text(language, version) if giving is not None else None


async def appointments(info: Info, study_right_oid: StudyRightOid) -> Any:
    """Whom the acting provider's staff have appointed in a plan."""
    oid = checked(_right, study_right_oid, "studyRightOid")
    view = await info.context.holder(oid)
    return await appointing.appointments(info, view, oid) if view is not None else None


_right = study_right_oid


@strawberry.type(description="The questions. Every answer holds only what the acting role may see today.")
class Query:
    """Root of the graph."""

    viewer: Viewer = strawberry.field(resolver=viewer, description="Who I am: acting role, organisation, roles I hold.")
    student: Any = strawberry.field(
        resolver=student,
        graphql_type=Optional[STUDENT],  # noqa: UP045 - derived type
        description="One student by OID or any alias of it; null alike for `not yours` and `does not exist`.",
    )
    students: Any = strawberry.field(
        resolver=students,
        graphql_type=StudentConnection,
        description="My own students in order of OID: of staff those with a right at the acting organisation, "
        "of a student the one self.",
    )
    hoks: Any = strawberry.field(
        resolver=hoks,
        graphql_type=Optional[HOKS],  # noqa: UP045 - derived type
        description="The plan (HOKS) that covers a study right; of a procured right its procurer's plan.",
    )
    study_right: Any = strawberry.field(
        resolver=study_right,
        graphql_type=Optional[STUDY_RIGHT],  # noqa: UP045 - derived type
        description="One study right (opiskeluoikeus).",
    )
    guidance_group: GuidanceGroup | None = strawberry.field(
        resolver=guidance_group,
        description="A group for its follow-up meeting, to those it is assigned to and to own staff; null alike for "
        "`not yours` and `does not exist`.",
    )
    guidance_summary: GuidanceSummary | None = strawberry.field(
        resolver=guidance_summary,
        description="The plans of the acting organisation by responsible teacher, in counts; null for any other.",
    )
    findings: DataQualityConnection | None = strawberry.field(
        resolver=findings,
        description="What is wrong in the data of the acting organisation's own plans, the most severe first, to those "
        "who can mend it; null for any other organisation.",
    )
    changes: PlanChangeConnection | None = strawberry.field(
        resolver=changes,
        description="Which plans of its students, at whichever provider, have changed, for a provider's own system; "
        "null for every other role.",
    )
    sources: Any = strawberry.field(
        resolver=sources,
        graphql_type=list[SOURCE_STATUS],  # type: ignore[valid-type]  # a type derived from the record while it runs
        description="My organisation's sources and how each answered last; empty for other roles.",
    )
    consent_text: Any = strawberry.field(
        resolver=consent_text,
        graphql_type=Optional[CONSENT_TEXT],  # noqa: UP045 - derived type
        description="What a student must be shown before consenting: the current text, or an earlier version of it.",
    )
    appointments: Any = strawberry.field(
        resolver=appointments,
        graphql_type=Optional[list[PLAN_APPOINTMENT]],  # type: ignore[valid-type]  # a type derived from the record while it runs  # noqa: UP045
        description="Whom my organisation's staff have appointed (nimitykset) in the plan that covers a study right, "
        "newest first; null alike for `not yours` and `does not exist`.",
    )

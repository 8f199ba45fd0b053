"""Appointments through the graph: made, listed and ended by staff, accepted by whoever brings the code.

A code comes in the body of a request and in no address; neither it nor anything of an appointment is logged.
"""

from datetime import date
from typing import Annotated, Any

import strawberry

from hoks.appointing import ITEM
from hoks.disclosing import Told
from hoks.identifiers import StudyRightOid
from hoks.nominating import Nominating
from hoks.relations import AppointmentKind
from hoks.showing import View
from resolvers.context import Info, desk


async def appoint_instructor(
    info: Info, study_right_oid: StudyRightOid, period: strawberry.ID, until: date | None = None
) -> Any:
    """Appoint whoever will bring the code as instructor of a period."""
    return await _appoint(info, AppointmentKind.INSTRUCTOR, study_right_oid, period, until)


async def appoint_assessor(
    info: Info, study_right_oid: StudyRightOid, demonstration: strawberry.ID, until: date | None = None
) -> Any:
    """Appoint whoever will bring the code as assessor of a demonstration."""
    return await _appoint(info, AppointmentKind.ASSESSOR, study_right_oid, demonstration, until)


async def accept_appointment(info: Info, code: str) -> Any:
    """Accept the appointment of a code."""
    return await _nominating(info).accept(info.context.caller, code)


async def end_appointment(info: Info, appointment: Annotated[strawberry.ID, strawberry.argument(name="id")]) -> Any:
    """End an appointment."""
    context = info.context
    return await _nominating(info).end(context.caller, appointment, within=context.sitting)


async def appointments(info: Info, view: View, right: StudyRightOid) -> Any:
    """Everybody whom the acting provider's staff have appointed in the plan that covers a right."""
    context = info.context
    found = await _nominating(info).to(context.caller, view, right, within=context.sitting)
    if found is None:
        return None
    plan, listed = found
    context.shown(info._raw_info, view, [])
    # Who instructs or assesses is told of the student whose plan it is.
    items = frozenset(ITEM[each.kind] for each in listed)
    if items:
        origin = view.plan_origins.get(plan) or view.right_origins.get(plan)
        context.told.append(Told(subject=view.oid, right=plan, origin=origin, items=items))
    return listed


async def _appoint(info: Info, kind: AppointmentKind, right: StudyRightOid, part: str, until: date | None) -> Any:
    context = info.context
    return await _nominating(info).appoint(context.caller, kind, right, part, until, within=context.sitting)


def _nominating(info: Info) -> Nominating:
    return desk(info.context.desks.nominating)

"""One student, study right or plan by its key, noted as shown; null alike for "not yours" and "does not exist".

Keys that are asked for together are read together.
"""

from typing import Any

from hoks.identifiers import LearnerOid, StudyRightOid
from resolvers.context import Info


async def student(info: Info, oid: LearnerOid) -> Any:
    """One student."""
    view = await info.context.student(oid)
    if view is None:
        return None
    info.context.shown(info._raw_info, view, kind="Student")
    return view.student


async def study_right(info: Info, oid: StudyRightOid) -> Any:
    """One study right."""
    view = await info.context.holder(oid)
    right = view.right(oid) if view is not None else None
    if view is None or right is None:
        return None
    info.context.shown(info._raw_info, view, [oid], kind="StudyRight")
    return right


async def covering_plan(info: Info, right: StudyRightOid) -> Any:
    """The plan that covers a study right: its own, or the one of the right that procured it."""
    view = await info.context.holder(right)
    plan = view.plan(right) if view is not None else None
    if view is None or plan is None:
        return None
    info.context.shown(info._raw_info, view, [plan.study_right_oid], kind="Hoks")
    return plan


async def own_plan(info: Info, right: StudyRightOid) -> Any:
    """The plan of a study right, where it has one of its own."""
    view = await info.context.holder(right)
    is_its_own = view is not None and view.covering.get(right) == right
    return await covering_plan(info, right) if is_its_own else None

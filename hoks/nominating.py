"""Appointments made through the gateway: by staff of the provider whose plan it is, for whoever brings the code.

What was accepted counts from then on like an appointment that a student system tells.
"""

from datetime import date

from hoks.appointing import (
    AcceptedAppointment,
    AppointmentFault,
    AppointmentWish,
    EndedAppointment,
    NewAppointment,
    PlanAppointment,
    as_shown,
    point_at,
)
from hoks.caller import Caller, Role
from hoks.errors import BadRequest, SourcesUnavailable, WrongRole
from hoks.identifiers import StudyRightOid, study_right_oid
from hoks.outcomes import FAILED
from hoks.plan import Hoks
from hoks.ports import AppointmentBook, Clock
from hoks.reading import Reader
from hoks.relations import AppointmentKind
from hoks.showing import View
from hoks.sitting import Sitting
from hoks.standing import APPOINTED_AS

APPOINTING = frozenset({Role.STAFF, Role.SYSTEM})
"""Roles that appoint; a guidance role does not."""


class Nominating:
    """What staff and workplaces do with appointments. One per process."""

    def __init__(self, reader: Reader, book: AppointmentBook, clock: Clock) -> None:
        self._reader = reader
        self._book = book
        self._clock = clock

    async def appoint(
        self,
        caller: Caller,
        kind: AppointmentKind,
        asked: StudyRightOid,
        part: str,
        until: date | None,
        *,
        within: Sitting,
    ) -> NewAppointment:
        """Appoint whoever will bring the code. Raises ``WrongRole``, ``BadRequest``, ``SourcesUnavailable``."""
        as_staff(caller)
        view, plan = await self._plan(caller, asked, within)
        right = view.covering[asked]
        if right not in view.appoints_in:
            text = "the plan is another provider's: its own staff appoint"
            raise BadRequest(text, AppointmentFault.OTHER_PROVIDERS_PLAN)
        wish = AppointmentWish(
            kind=kind,
            provider=await self._reader.acting_provider(caller, within=within),
            learner=view.oid,
            right=right,
            pointer=point_at(plan, kind, part, until=until, today=within.day),
            until=until,
            by=caller.subject,
        )
        made, code = await self._book.make(wish)
        return NewAppointment(id=made.id, kind=made.kind, code=code, code_valid_until=made.code_until)

    async def accept(self, caller: Caller, code: str) -> AcceptedAppointment:
        """Accept the appointment of a code. Raises ``WrongRole``, ``BadRequest``, ``SourcesUnavailable``.

        INVARIANT: whatever keeps a code from being used, the answer is one.
        """
        kind = APPOINTED_AS.get(caller.role)
        if kind is None:
            raise WrongRole("only an instructor or an assessor, acting as such, can do this")
        made = await self._book.accept(code, kind, caller.subject)
        if made is None or made.accepted_at is None:
            raise BadRequest("this code cannot be used", AppointmentFault.CODE_CANNOT_BE_USED)
        return AcceptedAppointment(kind=made.kind, accepted_at=made.accepted_at)

    async def end(self, caller: Caller, appointment: str, *, within: Sitting) -> EndedAppointment:
        """End an appointment of the acting organisation's provider, at once; again is no fault. Reads no plan."""
        as_staff(caller)
        provider = await self._reader.acting_provider(caller, within=within)
        ended = await self._book.end(appointment, provider, caller.subject)
        if ended is None or ended.ended_on is None:
            raise BadRequest("there is no such appointment of yours", AppointmentFault.NO_SUCH_APPOINTMENT)
        return EndedAppointment(id=ended.id, ended_on=ended.ended_on)

    async def to(
        self, caller: Caller, view: View, asked: StudyRightOid, *, within: Sitting
    ) -> tuple[StudyRightOid, tuple[PlanAppointment, ...]] | None:
        """The plan, and everybody whom the acting provider's own staff have appointed in it; to others nothing."""
        if caller.role not in APPOINTING:
            return None
        plan, right = view.plan(asked), view.covering.get(asked, asked)
        made = await self._book.to(right, await self._reader.acting_provider(caller, within=within))
        is_known = plan is not None or not _has_a_gap(view)
        now, today = self._clock.now(), within.day
        return right, tuple(as_shown(each, plan, plan_is_known=is_known, now=now, today=today) for each in made)

    async def _plan(self, caller: Caller, asked: StudyRightOid, within: Sitting) -> tuple[View, Hoks]:
        """The plan that covers a right.

        INVARIANT: a plan that is hidden from the caller and one that never was come to the same.
        """
        right = _checked_right(asked)
        view = (await self._reader.by_rights(caller, [right], within=within))[right]
        if isinstance(view, SourcesUnavailable):
            raise view
        plan = view.plan(right) if view is not None else None
        if view is not None and plan is not None:
            return view, plan
        if view is not None and _has_a_gap(view):
            raise SourcesUnavailable("a source of plans did not answer")
        raise BadRequest("there is no such plan of yours", AppointmentFault.NO_SUCH_PLAN)


def as_staff(caller: Caller) -> None:
    """Raise ``WrongRole`` unless the caller acts as a provider's staff."""
    if caller.role not in APPOINTING:
        raise WrongRole("only a provider's staff, acting as such, can do this")


def _has_a_gap(view: View) -> bool:
    return any(each.outcome in FAILED for each in view.student.sources)


def _checked_right(text: str) -> StudyRightOid:
    try:
        return study_right_oid(text)
    except ValueError as error:
        raise BadRequest(f"`studyRightOid`: {error}") from None

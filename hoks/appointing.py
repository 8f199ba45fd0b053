"""What staff may appoint somebody to, refused in words; and what an appointment made through the gateway comes to.

An appointment (nimitys) finds its part again by the source's own key: for a period the yksilöivä tunniste, which stays
when the whole plan is written anew. A demonstration without a key is found by unit, dates and environment, and where
one of them changes nothing is granted any more: the provider is told by a finding, and appoints again.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from hoks.competence import CompetenceAcquisition
from hoks.errors import BadRequest
from hoks.findings import Finding, FindingCode, finding
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.narrow import AppointablePart, appointable_parts, parts_named, three_months_after
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind
from hoks.values import Value, says

LONGEST_NAME = 200
"""Letters of a key, a code or an environment that can be kept."""

ITEM = {AppointmentKind.INSTRUCTOR: Item.W1, AppointmentKind.ASSESSOR: Item.D12}
"""The law item that who is appointed is part of."""
_PLACE = {AppointmentKind.INSTRUCTOR: "acquisitions", AppointmentKind.ASSESSOR: "demonstrations"}

_NOBODY, _NO_LEARNER = PersonOid(""), LearnerOid("")


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """How an appointment finds its part: by the source's own key, or else by unit, dates and environment."""

    part_key: str | None = None
    unit_uri: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    environment: str | None = None


class AppointmentState(StrEnum):
    """What has become of an appointment."""

    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    LAPSED = "LAPSED"
    ENDED = "ENDED"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment as a member of staff wants to make it."""

    kind: AppointmentKind
    provider: OrganisationOid
    """Whose staff appoints."""
    learner: LearnerOid
    right: StudyRightOid
    """Whose plan it is: of a procured right the procuring one."""
    pointer: Pointer
    until: date | None
    by: PersonOid


class MadeAppointment(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment made through the gateway, as it is kept."""

    id: str
    kind: AppointmentKind
    provider: OrganisationOid
    learner: LearnerOid
    right: StudyRightOid
    pointer: Pointer
    made_at: datetime
    code_until: datetime
    code_is_dead: bool
    """Whether its code was tried wrongly too often."""
    version: int
    until: date | None = None
    ended_on: date | None = None
    person: PersonOid | None = None
    accepted_at: datetime | None = None

    def appointment(self) -> Appointment:
        """It as the domain decides by it; until somebody has accepted it, nobody's."""
        return Appointment(
            person=self.person or _NOBODY,
            kind=self.kind,
            learner=self.learner,
            right=self.right,
            told_by=self.provider,
            # INVARIANT: what was ended holds on no day at all, whatever the clock says.
            until=date.min if self.ended_on is not None else self.until,
            id=self.id,
            **msgspec.structs.asdict(self.pointer),
        )


class PlanAppointment(Value, frozen=True, gc=False):
    """An appointment made through the gateway (nimitys), as staff of the provider that made it see it."""

    id: Annotated[str, says("By which it is ended.")]
    kind: Annotated[AppointmentKind, says("What it is an appointment to.")]
    state: Annotated[
        AppointmentState,
        says("Waiting for its code, accepted by a person, lapsed because the code was not used in time, or ended."),
    ]
    part_id: Annotated[
        str | None, says("The part, by its id in the plan; null where the plan has no such part any more.")
    ]
    person_oid: Annotated[PersonOid | None, says("Who accepted it (henkilön oid); null until then.")]
    last_day: Annotated[
        date | None, says("The last day on which the part may be seen, as the plan stands; null where it names none.")
    ]
    made_at: Annotated[datetime, says("When it was made.")]
    code_valid_until: Annotated[datetime, says("Until when its one-time code can be used.")]
    accepted_at: Annotated[datetime | None, says("When it was accepted.")]
    ended_on: Annotated[date | None, says("The day on which staff ended it.")]
    findings: Annotated[tuple[Finding, ...], says("What keeps it from counting (havainnot).")]


def point_at(plan: Hoks, kind: AppointmentKind, part_id: str, *, until: date | None, today: date) -> Pointer:
    """How an appointment to the part of that id is to find it again. Raises ``BadRequest`` where none can be made."""
    found = [(part, uri) for part, uri in appointable_parts(plan, kind) if part.id == part_id]
    if not found:
        raise BadRequest(_NO_SUCH_PART[kind])
    part, uri = found[0]
    pointer = _pointer(part, uri)
    last_day = _last_day(part, None)
    faults = {
        _WITHOUT_KEY[kind]: pointer is None,
        "the part has no last day, so an appointment to it would never end": last_day is None,
        "the part ended more than three months ago": last_day is not None and last_day < today,
        "the end is in the past": until is not None and until < today,
        "an appointment ends at the latest three months after its part": last_day is not None
        and until is not None
        and last_day < until,
        f"a key, a code or an environment has more than {LONGEST_NAME} letters": pointer is not None
        and any(len(name) > LONGEST_NAME for name in _names(pointer)),
        "the plan has several such parts that nothing tells apart": pointer is not None
        and len(parts_named(plan, _pointing(plan, kind, pointer))) > 1,
    }
    for fault, is_there in faults.items():
        if is_there:
            raise BadRequest(fault)
    assert pointer is not None  # refused above
    return pointer


def as_shown(
    made: MadeAppointment, plan: Hoks | None, *, plan_is_known: bool, now: datetime, today: date
) -> PlanAppointment:
    """An appointment as its provider's staff see it beside the plan, where there is one and it could be read."""
    parts = parts_named(plan, made.appointment()) if plan is not None else ()
    last_day = _last_day(parts[0], made.until) if parts else made.until
    is_lost = plan_is_known and not parts
    return PlanAppointment(
        id=made.id,
        kind=made.kind,
        state=_state(made, last_day, now, today),
        part_id=parts[0].id if parts else None,
        person_oid=made.person,
        last_day=last_day,
        made_at=made.made_at,
        code_valid_until=made.code_until,
        accepted_at=made.accepted_at,
        ended_on=made.ended_on,
        findings=(_lost(made.kind),) if is_lost else (),
    )


def _state(made: MadeAppointment, last_day: date | None, now: datetime, today: date) -> AppointmentState:
    if made.ended_on is not None or (last_day is not None and last_day < today):
        return AppointmentState.ENDED
    if made.person is not None:
        return AppointmentState.ACCEPTED
    is_lapsed = made.code_is_dead or made.code_until < now
    return AppointmentState.LAPSED if is_lapsed else AppointmentState.WAITING


def _lost(kind: AppointmentKind) -> Finding:
    return finding(FindingCode.APPOINTMENT_NAMES_NO_PART, _PLACE[kind], ITEM[kind])


def _last_day(part: AppointablePart, until: date | None) -> date | None:
    """The last day on which the part may be seen under an appointment: the earlier of its two ends."""
    if part.end_date is None:
        return None
    last_day = three_months_after(part.end_date)
    return min(last_day, until) if until is not None else last_day


def _pointer(part: AppointablePart, uri: str | None) -> Pointer | None:
    """By the source's own key; a demonstration without one by unit, dates and environment, where all are known."""
    if part.source_key is not None:
        return Pointer(part_key=part.source_key)
    if isinstance(part, CompetenceAcquisition):
        return None
    place = part.environment.name if part.environment is not None else None
    if None in (uri, part.start_date, part.end_date, place):
        return None
    return Pointer(unit_uri=uri, start_date=part.start_date, end_date=part.end_date, environment=place)


def _pointing(plan: Hoks, kind: AppointmentKind, pointer: Pointer) -> Appointment:
    by = msgspec.structs.asdict(pointer)
    return Appointment(person=_NOBODY, kind=kind, learner=_NO_LEARNER, right=plan.study_right_oid, **by)


def _names(pointer: Pointer) -> tuple[str, ...]:
    return tuple(each for each in (pointer.part_key, pointer.unit_uri, pointer.environment) if each is not None)


_NO_SUCH_PART = {
    AppointmentKind.INSTRUCTOR: "the plan has no period at a workplace of that id",
    AppointmentKind.ASSESSOR: "the plan has no demonstration of that id",
}
_WITHOUT_KEY = {
    AppointmentKind.INSTRUCTOR: "the period has no key of its own (yksilöivä tunniste), by which to find it again",
    AppointmentKind.ASSESSOR: "the demonstration has no key of its own, and its unit, dates or environment are missing",
}

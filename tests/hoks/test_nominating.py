"""Appointing over a world whose sources fail: what cannot be read is never taken for what is not there."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hoks.appointing import AppointmentFault, AppointmentWish, MadeAppointment, Pointer
from hoks.caller import Caller, Role
from hoks.errors import BadRequest, SourcesUnavailable, WrongRole
from hoks.identifiers import OrganisationOid, PersonOid, StudyRightOid
from hoks.nominating import Nominating
from hoks.relations import AppointmentKind
from hoks.showing import View
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, A, B, C
from tests.world.ports import FixedClock
from tests.world.rights import CURRENT, TODAY, YESTERDAY, ended
from tests.world.role_scene import MASTER, RIGHTS, SOMEBODY_ELSE, at_b, plans_of, role_world
from tests.world.world import World, caller, staff

INSTRUCTOR = AppointmentKind.INSTRUCTOR
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
A1, B1 = RIGHTS["A1"], RIGHTS["B1"]
P1 = "A1/X/p1/other/key"
"""The key of the period, as it is drawn."""


def kept(key: str, right: StudyRightOid = A1) -> MadeAppointment:
    """An appointment to a period, as it is kept."""
    return MadeAppointment(
        id="1" * 32,
        kind=INSTRUCTOR,
        provider=A,
        learner=MASTER,
        right=right,
        pointer=Pointer(part_key=key),
        made_at=NOON,
        code_until=NOON,
        code_is_dead=False,
        version=1,
        person=SOMEBODY_ELSE,
    )


class Book:
    """A book of appointments that holds one, and notes what is wanted of it."""

    def __init__(self, *held: MadeAppointment) -> None:
        self.held = held
        self.wishes: list[AppointmentWish] = []
        self.asked: list[tuple[str, ...]] = []

    async def make(self, wish: AppointmentWish) -> tuple[MadeAppointment, str]:
        self.wishes.append(wish)
        return kept(wish.pointer.part_key or "", wish.right), "CODE"

    async def accept(self, code: str, kind: AppointmentKind, person: PersonOid) -> MadeAppointment | None:
        self.asked.append((code, kind, person))
        return None

    async def end(self, appointment: str, provider: OrganisationOid, by: PersonOid) -> MadeAppointment | None:
        self.asked.append((appointment, provider, by))
        return None

    async def to(self, right: StudyRightOid, provider: OrganisationOid) -> tuple[MadeAppointment, ...]:
        self.asked.append((right, provider))
        return self.held


def nominating(world: World, book: Book) -> Nominating:
    """The desk over a world."""
    return Nominating(world.reader(), book, FixedClock(TODAY))


async def seen(world: World, by: Caller, right: StudyRightOid = A1) -> View:
    """A student as staff see them."""
    view = (await world.reader().by_rights(by, [right]))[right]
    assert isinstance(view, View)
    return view


async def period(world: World, by: Caller | None = None) -> str:
    """The id of the period in the plan at A."""
    plan = (await seen(world, by or staff(A))).plan(A1)
    assert plan is not None
    units = plan.planned_vocational_units or ()
    return next(each.id for unit in units for each in unit.acquisitions or () if each.source_key == P1)


async def appoint(world: World, by: Caller, book: Book, right: StudyRightOid = A1, part: str | None = None) -> Any:
    """Appoint somebody to the period."""
    desk = nominating(world, book)
    part = part or await period(world)
    return await desk.appoint(by, INSTRUCTOR, right, part, None, within=world.reader().sit())


async def listed(world: World, by: Caller, right: StudyRightOid = A1, book: Book | None = None) -> Any:
    """The appointments in the plan, as staff see them."""
    book = book or Book(kept(P1))
    view = await seen(world, by, right)
    return await nominating(world, book).to(by, view, right, within=world.reader().sit())


async def test_a_school_appoints_in_the_name_of_its_provider() -> None:
    book = Book()
    made = await appoint(role_world(school=A_SCHOOL), staff(A_SCHOOL), book)
    (wish,) = book.wishes
    assert (wish.provider, wish.learner, wish.right, wish.pointer) == (A, MASTER, A1, Pointer(part_key=P1))
    assert made.code == "CODE"


PROCURED = role_world(CURRENT, at_b(units=None, included_in=(A1, A_SCHOOL)))


async def test_who_carries_the_training_out_appoints_in_the_plan_of_who_procures_it() -> None:
    book = Book()
    await appoint(PROCURED, staff(B), book, B1)
    (wish,) = book.wishes
    assert (wish.provider, wish.right) == (B, A1)
    found = await listed(PROCURED, staff(B), B1, book)
    assert found is not None and book.asked == [(A1, B)]


@pytest.mark.parametrize(
    "world",
    [
        role_world(CURRENT, at_b()),
        role_world(CURRENT, at_b(units=None, included_in=(A1, A_SECOND_SCHOOL))),
        role_world(CURRENT, at_b(ended(YESTERDAY), units=None, included_in=(A1, A_SCHOOL))),
    ],
    ids=["concurrent", "linked to the wrong school", "ended"],
)
async def test_who_only_sees_a_plan_or_has_no_say_in_it_any_more_does_not_appoint(world: World) -> None:
    book = Book()
    with pytest.raises(BadRequest) as refused:
        await appoint(world, staff(B), book)
    assert refused.value.reason is AppointmentFault.OTHER_PROVIDERS_PLAN
    assert book.wishes == []
    # What its staff have made before, they still see.
    _, rows = await listed(world, staff(B))
    assert [each.part_id for each in rows] == [await period(world, by=staff(B))]


async def test_a_plan_whose_source_is_silent_is_no_plan_that_is_not_there() -> None:
    world = role_world(down=[plans_of(A)])
    with pytest.raises(SourcesUnavailable):
        await appoint(world, staff(A), Book(), part="anything")
    _, (row,) = await listed(world, staff(A))
    assert (row.part_id, row.findings) == (None, ())


async def test_a_plan_that_is_gone_leaves_appointments_that_name_nothing_and_say_so() -> None:
    _, (row,) = await listed(role_world(units=None), staff(A))
    assert (row.part_id, [each.code.value for each in row.findings]) == (None, ["APPOINTMENT_NAMES_NO_PART"])
    with pytest.raises(BadRequest) as refused:
        await appoint(role_world(units=None), staff(A), Book(), part="anything")
    assert refused.value.reason is AppointmentFault.NO_SUCH_PLAN


async def test_a_right_that_is_no_right_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(BadRequest, match="studyRightOid"):
        await appoint(role_world(), staff(A), Book(), StudyRightOid("1.2.246.562.15.1"), part="anything")


@pytest.mark.parametrize("role", [each for each in Role if each not in (Role.STAFF, Role.SYSTEM)])
async def test_no_other_role_appoints_lists_or_ends(role: Role) -> None:
    book, world = Book(), role_world()
    desk, by, within = nominating(world, book), caller(role, C), world.reader().sit()
    with pytest.raises(WrongRole):
        await desk.appoint(by, INSTRUCTOR, A1, "anything", None, within=within)
    with pytest.raises(WrongRole):
        await desk.end(by, "1" * 32, within=within)
    assert await desk.to(by, await seen(world, staff(A)), A1, within=within) is None
    if role not in (Role.INSTRUCTOR, Role.ASSESSOR):
        with pytest.raises(WrongRole):
            await desk.accept(by, "CODE")
    assert book.asked == []

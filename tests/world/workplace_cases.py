"""Who is named at a workplace, in which world, and which column of 10.3 then applies to which parts.

The parts are written by hand. The plan looked at is always the one of ``A1``.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from hoks.caller import Caller
from hoks.items import Item
from hoks.relations import Appointment, AppointmentKind
from tests.hoks.matrix_10_3 import ASSESSOR, NOTHING, ONE_OF_SEVERAL, THE_ONLY_ONE, Column
from tests.world.drawn import COMMON, Demo, Period, Unit
from tests.world.places import A_SCHOOL, A_SECOND_SCHOOL, A, B, C, D
from tests.world.rights import (
    ANNULLED,
    CURRENT,
    FIVE_YEARS_AND_A_DAY_AGO,
    LAST_DAY,
    ON_LEAVE,
    ONE_YEAR_AGO,
    SUSPENDED,
    TODAY,
    TOMORROW,
    UNKNOWN,
    UPCOMING,
    WITHOUT_STATE,
    YESTERDAY,
    ended,
)
from tests.world.role_scene import (
    ALIASES,
    ANOTHER,
    AT_B,
    INSTRUCTOR,
    RIGHTS,
    SOMEBODY_ELSE,
    Held,
    assesses,
    assesses_without_key,
    at_b,
    changed,
    instructs,
    plans_of,
    role_world,
)
from tests.world.role_scene import ASSESSOR as THE_ASSESSOR
from tests.world.world import World, caller, rights_source, staff_source

FUTURE = (date(2027, 1, 11), date(2027, 5, 28))
NOW = (date(2026, 9, 21), date(2026, 12, 4))


class RoleCase(msgspec.Struct, frozen=True):
    """One row of the matrix: who, in which world, gets which column, of which parts, and why."""

    name: str
    caller: Caller
    column: Column
    ground: str
    world: World
    parts: Mapping[str, frozenset[str]] = {}
    """Per scope of a cell, the parts it holds for."""
    named: frozenset[Item] = frozenset()
    """What the consent or the statute names."""
    express: frozenset[Item] = frozenset()
    """What the statute names expressly."""
    person: str | None = None
    """The cell of the person's name and OID where another right of theirs is seen too."""


def of(units: Iterable[str] = (), periods: Iterable[str] = (), demos: Iterable[str] = ()) -> dict[str, frozenset[str]]:
    """Parts by scope."""
    return {
        "units": frozenset(units),
        "periods": frozenset(periods),
        "demonstrations": frozenset(demos),
        "periods and units": frozenset({*units, *periods}),
    }


P1 = of(["u1"], ["p1"], ["n1"])
P2 = of(["u2"], ["p2"], ["n2"])
Row = tuple[str, Column, str, World, Mapping[str, frozenset[str]]]


def _rows(who: str, caller: Caller, rows: Iterable[Row]) -> list[RoleCase]:
    return [
        RoleCase(f"{who}: {name}", caller, column, ground, world, parts) for name, column, ground, world, parts in rows
    ]


def _only_one() -> list[RoleCase]:
    me = instructs("p1")
    sub = changed(more={"u4": Period("p4")}, without=["p1"])
    rows: list[Row] = [
        ("of the period that goes on", THE_ONLY_ONE, "T1", role_world(named=me), P1),
        ("named twice", THE_ONLY_ONE, "security 3.3: duplicates", role_world(named=(*me, *me)), P1),
        ("named under an alias", THE_ONLY_ONE, "T0", role_world(named=instructs("p1", learner=ALIASES["B1"])), P1),
        (
            "of two periods in two units",
            THE_ONLY_ONE,
            "T1",
            role_world(named=instructs("p1", "p2")),
            of(["u1", "u2"], ["p1", "p2"], ["n1", "n2"]),
        ),
        (
            "also of B's period",
            THE_ONLY_ONE,
            "*: all providers",
            role_world(CURRENT, at_b(), named=(*me, *instructs("q1", tag="B1"))),
            P1,
        ),
        (
            "named by B's system, which carries the plan out",
            THE_ONLY_ONE,
            "P5: one plan of both",
            role_world(CURRENT, at_b(units=None, included_in=(RIGHTS["A1"], A_SCHOOL)), named=me, told_by=B),
            P1,
        ),
        ("nobody is anywhere now", THE_ONLY_ONE, "*", _world(named=instructs("p2"), without=["p1"]), P2),
        ("period ended 3 months ago today", THE_ONLY_ONE, "10.3 Time", _p1(date(2026, 5, 4), date(2026, 7, 5)), P1),
        ("period ends today", THE_ONLY_ONE, "10.3 Time", _p1(date(2026, 9, 1), TODAY), P1),
        (
            "period ended in a longer month, last day",
            THE_ONLY_ONE,
            "Act 150/1930",
            _p1(date(2026, 9, 1), date(2026, 11, 30), day=date(2027, 2, 28), without=["p2"]),
            P1,
        ),
        ("period without a first day", THE_ONLY_ONE, "10.3 Time", _p1(None, date(2026, 12, 18)), P1),
        ("unit shared with a past instructor", THE_ONLY_ONE, "*: current periods", _shared((2, 1), (4, 30)), P1),
        (
            "of a subarea's period",
            THE_ONLY_ONE,
            "T1",
            role_world(named=instructs("p4"), units=sub),
            of(["u4", COMMON], ["p4"], ["n4"]),
        ),
        *(
            (f"right {name}", THE_ONLY_ONE, "10.3 Time: from approval", role_world(states, named=me), P1)
            for name, states in (
                ("on leave", ON_LEAVE),
                ("upcoming", UPCOMING),
                ("suspended", SUSPENDED),
                ("on its last day", LAST_DAY),
                ("ended yesterday", ended(YESTERDAY)),
                ("ended a year ago", ended(ONE_YEAR_AGO)),
            )
        ),
        *(
            (f"another instructor at B, {name}", THE_ONLY_ONE, "*: valid rights, approved", world, P1)
            for name, world in (
                ("plan not approved", role_world(CURRENT, at_b(approved=False), named=me)),
                ("right upcoming", role_world(CURRENT, at_b(UPCOMING), named=me)),
                ("right ended", role_world(CURRENT, at_b(ended(YESTERDAY)), named=me)),
                ("right annulled", role_world(CURRENT, at_b(ANNULLED), named=me)),
                ("right unknown", role_world(CURRENT, at_b(UNKNOWN), named=me)),
                (
                    "right suspended and set not to be valid",
                    role_world(CURRENT, at_b(SUSPENDED), named=me, suspended_is_valid=False),
                ),
                ("period over since yesterday", _beside_b(date(2026, 8, 31), YESTERDAY)),
                ("period from tomorrow", _beside_b(TOMORROW, date(2026, 12, 11))),
            )
        ),
        (
            "a period at B that is not at a workplace",
            THE_ONLY_ONE,
            "*: workplace periods",
            role_world(CURRENT, at_b(units=(Unit("b1", periods=(Period("q1", "school"),)),)), named=me),
            P1,
        ),
        ("plans of C fail, where there is no right", THE_ONLY_ONE, "*", role_world(named=me, down=[plans_of(C)]), P1),
    ]
    return _rows("the only instructor", INSTRUCTOR, rows)


def _world(*, named: tuple[Appointment, ...], without: Iterable[str]) -> World:
    return role_world(named=named, units=changed(without=without))


def _p1(start: date | None, end: date | None, *, day: date = TODAY, without: Iterable[str] = ()) -> World:
    return role_world(named=instructs("p1"), units=changed(periods={"p1": (start, end)}, without=without), day=day)


def _beside_b(start: date | None, end: date | None) -> World:
    return role_world(CURRENT, at_b(units=changed(periods={"q1": (start, end)}, units=AT_B)), named=instructs("p1"))


def _shared(start: tuple[int, int], end: tuple[int, int], *others: Held) -> World:
    """Unit ``u1`` with another instructor's period in 2026."""
    period = Period("p9", "agreement", date(2026, *start), date(2026, *end))
    return role_world(CURRENT, *others, named=instructs("p1"), units=changed(more={"u1": period}))


def _one_of_several() -> list[RoleCase]:
    me = instructs("p1")
    p1_alone = of(["u1"], ["p1"], [])
    rows: list[Row] = [
        (
            "another in another unit",
            ONE_OF_SEVERAL,
            "T2",
            role_world(named=me, units=changed(periods={"p2": NOW})),
            P1,
        ),
        ("another in the same unit", ONE_OF_SEVERAL, "T2, Smaller entity", _shared((9, 14), (11, 27)), p1_alone),
        (
            "another in the same unit, from today",
            ONE_OF_SEVERAL,
            "T2, Smaller entity",
            _shared((10, 5), (11, 27)),
            p1_alone,
        ),
        (
            "another in the same unit, until today",
            ONE_OF_SEVERAL,
            "T2, Smaller entity",
            _shared((9, 14), (10, 5)),
            p1_alone,
        ),
        ("another at B", ONE_OF_SEVERAL, "*: all providers", role_world(CURRENT, at_b(), named=me), P1),
        (
            "another at B, suspended",
            ONE_OF_SEVERAL,
            "*: valid rights",
            role_world(CURRENT, at_b(SUSPENDED), named=me),
            P1,
        ),
        (
            "another at B on its last day",
            ONE_OF_SEVERAL,
            "*: valid rights",
            role_world(CURRENT, at_b(LAST_DAY), named=me),
            P1,
        ),
        (
            "another at B, and in the same unit earlier",
            ONE_OF_SEVERAL,
            "T2: every workplace period of the unit",
            _shared((2, 1), (4, 30), at_b()),
            p1_alone,
        ),
        (
            "of both periods of a unit, another at B",
            ONE_OF_SEVERAL,
            "T2: the only one of the unit",
            role_world(
                CURRENT,
                at_b(),
                named=instructs("p1", "p9"),
                units=changed(more={"u1": Period("p9", "agreement", date(2026, 9, 14), date(2026, 11, 27))}),
            ),
            of(["u1"], ["p1", "p9"], ["n1"]),
        ),
        (
            "of a period to come, another now",
            ONE_OF_SEVERAL,
            "*: current periods",
            role_world(named=instructs("p2")),
            P2,
        ),
        ("another at B without a last day", ONE_OF_SEVERAL, "unknown closes", _beside_b(date(2026, 9, 7), None), P1),
        ("another at B without a first day", ONE_OF_SEVERAL, "unknown closes", _beside_b(None, date(2026, 12, 7)), P1),
        (
            "plans of B fail",
            ONE_OF_SEVERAL,
            "unknown closes",
            role_world(CURRENT, at_b(units=None), named=me, down=[plans_of(B)]),
            P1,
        ),
        (
            "rights of B fail",
            ONE_OF_SEVERAL,
            "unknown closes",
            role_world(CURRENT, at_b(), named=me, down=[rights_source(B)]),
            P1,
        ),
        (
            "the other is named at B by an appointment of their own",
            ONE_OF_SEVERAL,
            "T2",
            role_world(CURRENT, at_b(), named=(*me, *instructs("q1", tag="B1", person=SOMEBODY_ELSE))),
            P1,
        ),
        (
            "named in the period at B by D's system",
            ONE_OF_SEVERAL,
            "S15: a source speaks for its own provider",
            role_world(CURRENT, at_b(), named=me).but(
                appointments=(*((A, each) for each in me), *((D, each) for each in instructs("q1", tag="B1")))
            ),
            P1,
        ),
    ]
    return _rows("one of several instructors", INSTRUCTOR, rows)


def _no_instructor() -> list[RoleCase]:
    me = instructs("p1")
    rows: list[tuple[str, str, World]] = [
        ("named nowhere", "T0", role_world()),
        ("somebody else is named", "T0", role_world(named=instructs("p1", person=SOMEBODY_ELSE))),
        ("named by A's key in B's plan", "T1", role_world(CURRENT, at_b(), named=instructs("p1", right="B1"))),
        ("named in a period that is not there", "T1", role_world(named=instructs("p8"))),
        ("named for another student", "T0", role_world(named=instructs("p1", learner=ANOTHER))),
        ("named as assessor", "T0", role_world(named=instructs("p1", kind=AppointmentKind.ASSESSOR))),
        ("named in a demonstration", "T1", role_world(named=instructs("n1"))),
        ("named in a period at school", "T1: mode", role_world(named=instructs("s1"))),
        ("named by B's system", "S15", role_world(CURRENT, at_b(), named=me, told_by=B)),
        ("named by D's system", "S15", role_world(named=me, told_by=D)),
        (
            "named by B's system, linked to the wrong school",
            "S15",
            role_world(CURRENT, at_b(units=None, included_in=(RIGHTS["A1"], A_SECOND_SCHOOL)), named=me, told_by=B),
        ),
        (
            "named by B's system, which carried the plan out over 5 years ago",
            "S15, P2*",
            role_world(
                CURRENT,
                at_b(ended(FIVE_YEARS_AND_A_DAY_AGO), units=None, included_in=(RIGHTS["A1"], A_SCHOOL)),
                named=me,
                told_by=B,
            ),
        ),
        (
            "named by B's system, whose right in the plan is annulled",
            "S15, design 11",
            role_world(CURRENT, at_b(ANNULLED, units=None, included_in=(RIGHTS["A1"], A_SCHOOL)), named=me, told_by=B),
        ),
        ("named in a period long over", "10.3 Time", role_world(named=instructs("p3"))),
        ("period ended 3 months and a day ago", "10.3 Time", _p1(date(2026, 5, 4), date(2026, 7, 4))),
        (
            "period ended in a longer month, a day late",
            "Act 150/1930",
            _p1(date(2026, 9, 1), date(2026, 11, 30), day=date(2027, 3, 1), without=["p2"]),
        ),
        ("period without a last day", "10.3 Time", _p1(date(2026, 9, 1), None)),
        ("plan not approved", "X3", role_world(named=me, approved=False)),
        ("right annulled", "design 11", role_world(ANNULLED, named=me)),
        ("right unknown", "design 11", role_world(UNKNOWN, named=me)),
        ("right without state", "design 11", role_world(WITHOUT_STATE, named=me)),
        ("right ended 5 years and a day ago", "P2*", role_world(ended(FIVE_YEARS_AND_A_DAY_AGO), named=me)),
        ("appointments fail", "unknown closes", role_world(named=me, down=[staff_source(A)])),
        ("plans of A fail", "unknown closes", role_world(named=me, down=[plans_of(A)])),
    ]
    return [
        *(RoleCase(f"no instructor: {name}", INSTRUCTOR, NOTHING, ground, world) for name, ground, world in rows),
        RoleCase(
            "no instructor: named only in B's period",
            INSTRUCTOR,
            NOTHING,
            "T1",
            role_world(CURRENT, at_b(), named=instructs("q1", tag="B1")),
            person="N",
        ),
        RoleCase("no instructor: acting as assessor", THE_ASSESSOR, NOTHING, "no union", role_world(named=me)),
        RoleCase(
            "no instructor: somebody else asks",
            caller(INSTRUCTOR.role, None, SOMEBODY_ELSE),
            NOTHING,
            "T0",
            role_world(named=me),
        ),
    ]


def _assessor() -> list[RoleCase]:
    me, n1 = assesses("n1"), of(["u1"], [], ["n1"])
    keyless = changed(keyless=["n1", "n2", "n3", "n4"])
    days = (date(2026, 12, 7), date(2026, 12, 8))
    rows: list[Row] = [
        ("of one demonstration", ASSESSOR, "T3", role_world(named=me), n1),
        ("of two", ASSESSOR, "T3", role_world(named=assesses("n1", "n2")), of(["u1", "u2"], [], ["n1", "n2"])),
        ("of one in a local unit", ASSESSOR, "T3", _n3(date(2026, 7, 5)), of(["u3"], [], ["n3"])),
        ("of one in a subarea", ASSESSOR, "T3", role_world(named=assesses("n4")), of(["u4", COMMON], [], ["n4"])),
        (
            "beside another in the unit",
            ASSESSOR,
            "T3",
            role_world(
                named=me,
                units=tuple(
                    msgspec.structs.replace(unit, demos=(*unit.demos, Demo("n9", date(2026, 11, 2), date(2026, 11, 3))))
                    if unit.key == "u1"
                    else unit
                    for unit in changed()
                ),
            ),
            n1,
        ),
        (
            "without a key, by unit, days and environment",
            ASSESSOR,
            "10.3 Identity",
            role_world(named=assesses_without_key("u1", *days, "n1"), units=keyless),
            n1,
        ),
        *(
            (f"right {name}", ASSESSOR, "10.3 Time: from approval", role_world(states, named=me), n1)
            for name, states in (
                ("on leave", ON_LEAVE),
                ("upcoming", UPCOMING),
                ("suspended", SUSPENDED),
                ("on its last day", LAST_DAY),
                ("ended a year ago", ended(ONE_YEAR_AGO)),
            )
        ),
    ]
    nothing: list[tuple[str, str, World]] = [
        ("named nowhere", "T0", role_world()),
        ("somebody else is named", "T0", role_world(named=assesses("n1", person=SOMEBODY_ELSE))),
        ("named as instructor", "T0", role_world(named=assesses("n1", kind=AppointmentKind.INSTRUCTOR))),
        ("named in a period", "T3", role_world(named=assesses("p1"))),
        ("named for another student", "T0", role_world(named=assesses("n1", learner=ANOTHER))),
        ("named by A's key in B's plan", "T3", role_world(CURRENT, at_b(), named=assesses("n1", right="B1"))),
        ("named by D's system", "S15", role_world(named=me, told_by=D)),
        ("ended 3 months and a day ago", "10.3 Time", _n3(date(2026, 7, 4))),
        ("without a last day", "10.3 Time", _n3(None)),
        ("plan not approved", "X3", role_world(named=me, approved=False)),
        ("right annulled", "design 11", role_world(ANNULLED, named=me)),
        ("right unknown", "design 11", role_world(UNKNOWN, named=me)),
        ("right ended 5 years and a day ago", "P2*", role_world(ended(FIVE_YEARS_AND_A_DAY_AGO), named=me)),
        ("appointments fail", "unknown closes", role_world(named=me, down=[staff_source(A)])),
        *(
            (f"without a key, {name}", "10.3 Identity", role_world(named=named, units=keyless))
            for name, named in (
                ("another environment", assesses_without_key("u1", *days, "n2")),
                ("no environment", assesses_without_key("u1", *days, None)),
                ("another unit", assesses_without_key("u2", *days, "n1")),
                ("another day", assesses_without_key("u1", date(2026, 12, 6), days[1], "n1")),
            )
        ),
    ]
    return [
        *_rows("assessor", THE_ASSESSOR, rows),
        *(RoleCase(f"no assessor: {name}", THE_ASSESSOR, NOTHING, ground, world) for name, ground, world in nothing),
        RoleCase("no assessor: acting as instructor", INSTRUCTOR, NOTHING, "no union", role_world(named=me)),
    ]


def _n3(end: date | None) -> World:
    units = changed(demos={"n3": (date(2026, 3, 25), end)})
    return role_world(named=assesses("n3"), units=units)


WORKPLACE_CASES = (*_only_one(), *_one_of_several(), *_no_instructor(), *_assessor())

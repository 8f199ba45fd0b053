"""The world of everyone whom the law names beside students and staff, visible and hidden siblings for each relation.

``LOOKING`` says by hand, from ``ehoks.md`` 10.3-10.4, which column and which parts of which plan each caller has. One
person holds every workplace role, so that what a role sees by another role's relation would show.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

import msgspec

from hoks.caller import Caller, Role
from hoks.identifiers import OPH, LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.records import Part, Record
from hoks.relations import Appointment, AppointmentKind, Assignment, Consent, Statute
from hoks.student import Person
from hoks.study_right import IncludedIn, StudyRight
from tests.hoks import matrix_10_3, matrix_10_4
from tests.world.drawn import GATES, Demo, Period, Unit, draw_plan, draw_right, part_key
from tests.world.places import A_SCHOOL, A, B, C
from tests.world.rights import CURRENT, SIX_YEARS_AGO, THREE_YEARS_AGO, ended, learner, right, right_oid
from tests.world.unseen import Kind, Sees
from tests.world.world import SOMEBODY, World, caller

R = TypeVar("R", bound=Record)

AUTHORITY, OTHER_AUTHORITY = (OrganisationOid(f"1.2.246.562.99.100000000{number}") for number in (81, 82))
SOMEBODY_ELSE = PersonOid("1.2.246.562.98.19999999986")

NUMBERS = tuple(range(1, 10))
OIDS: Mapping[int, LearnerOid] = {number: learner(number * 100) for number in NUMBERS}
_PROVIDERS = {"A": A, "B": B, "C": C}
TAGS = tuple(f"{letter}{number}" for number in NUMBERS for letter in _PROVIDERS)
RIGHTS: Mapping[str, StudyRightOid] = {
    tag: right_oid(1000 * int(tag[1:]) + 100 * place) for tag in TAGS for place in [ord(tag[0]) - 64]
}
ALIASES: Mapping[str, LearnerOid] = {
    tag: learner(40_000 + 1000 * int(tag[1:]) + 100 * (ord(tag[0]) - 64)) for tag in TAGS
}

AT_A = (
    Unit("u1", periods=(Period("p1"), Period("s1", "school")), demos=(Demo("n1"), Demo("k1", keyed=False))),
    Unit(
        "u2",
        periods=(
            Period("p2", "apprenticeship", date(2026, 9, 1), date(2027, 5, 28)),
            Period("p5", "agreement", date(2026, 9, 7), date(2026, 12, 11)),
        ),
        demos=(Demo("n2"),),
    ),
    Unit("u3", "local", (Period("p3", "agreement", date(2026, 1, 7), date(2026, 3, 31)),), (Demo("n3"),)),
    Unit("u4", "subarea", (Period("s4", "school"),), (Demo("n4"),)),
)
"""``p1`` and ``p2`` name the instructor where they are named; ``p5`` is somebody else's, in a unit of theirs."""
_OVER = date(2026, 3, 25)
AT_A_OVER = (
    Unit("u1", periods=(Period("p1", "agreement", date(2026, 1, 7), _OVER),), demos=(Demo("n1", _OVER, _OVER),)),
    AT_A[3],
)
"""Nothing at a workplace goes on; what there was has been over for more than three months."""
AT_B = (Unit("b1", periods=(Period("q1", "agreement", date(2026, 9, 7), date(2026, 12, 11)),), demos=(Demo("m1"),)),)
AT_C = (Unit("c1", periods=(Period("r1", "school"),)),)

_UNITS = {"A": AT_A, "B": AT_B, "C": AT_C}
_OTHER_UNITS = {"A2": AT_A_OVER, "A3": AT_A_OVER}
_STATES = {"A8": ended(THREE_YEARS_AGO), "A9": ended(SIX_YEARS_AGO)}
_NO_RIGHT = frozenset({"B8", "C8", "B9", "C9"})
"""Students 8 and 9 have nothing but a right that is over: for three years, and for six."""

SOME = frozenset({Item.D1, Item.D2q, Item.D2u, Item.D3, Item.D10})
OTHERS = frozenset({Item.ID, Item.SR, Item.D12, Item.G, Item.W1, Item.D9})
FEW = frozenset({Item.W3, Item.D11b})
STATUTORY, EXPRESS = frozenset({Item.D2q, Item.D2u, Item.W4, Item.D9, Item.D8, Item.Gi}), frozenset({Item.D8})


def _named(kind: AppointmentKind, tag: str, *parts: str, person: PersonOid = SOMEBODY) -> tuple[Appointment, ...]:
    return tuple(
        Appointment(
            person=person,
            kind=kind,
            learner=OIDS[int(tag[1:])],
            right=RIGHTS[tag],
            part_key=part_key(tag, part),
        )
        for part in parts
    )


_I, _S = AppointmentKind.INSTRUCTOR, AppointmentKind.ASSESSOR
_APPOINTED = {
    # Students at two providers; the third one's period is over, the fourth works at the same place under another.
    "A1": (*_named(_I, "A1", "p1", "p2"), *_named(_S, "A1", "n1", "n3")),
    "B2": _named(_I, "B2", "q1"),
    "A2": _named(_S, "A2", "n4"),
    "A3": (*_named(_I, "A3", "p1"), *_named(_S, "A3", "n1")),
    "A4": (*_named(_I, "A4", "p1", person=SOMEBODY_ELSE), *_named(_S, "A4", "n1", person=SOMEBODY_ELSE)),
    "C5": _named(_I, "C5", "r1"),
    "A9": _named(_I, "A9", "p1"),
}


def _consent(number: int, tag: str, items: frozenset[Item], **changes: object) -> Consent:
    given = Consent(
        id=f"consent-{number}",
        learner=OIDS[int(tag[1:])],
        right=RIGHTS[tag],
        recipient=SOMEBODY,
        items=items,
        start_date=date(2026, 9, 1),
        end_date=date(2026, 12, 31),
    )
    return msgspec.structs.replace(given, **changes)


_CONSENTS = (
    _consent(1, "A1", SOME),
    _consent(2, "B2", OTHERS),
    _consent(3, "A4", FEW),
    _consent(4, "A3", frozenset(Item), withdrawn=True),
    _consent(5, "A5", frozenset(Item), end_date=date(2026, 10, 4)),
    _consent(6, "C6", frozenset(Item)),
    _consent(7, "A7", frozenset(Item), recipient=SOMEBODY_ELSE),
    _consent(8, "A8", SOME, recipient=SOMEBODY_ELSE),
    _consent(9, "A9", frozenset(Item), recipient=SOMEBODY_ELSE),
)
_GUIDING = (
    Role.RESPONSIBLE_TEACHER,
    Role.GUIDANCE_COUNSELLOR,
    Role.SPECIAL_NEEDS_TEACHER,
    Role.SCHOOL_SOCIAL_WORKER,
)


def _assigned(role: Role, number: int, person: PersonOid = SOMEBODY) -> Assignment:
    return Assignment(person=person, role=role, learner=OIDS[number], provider=A, group="group")


def _plans_of(rights: Mapping[str, StudyRight]) -> dict[str, Hoks]:
    """Plans at C are not approved: nobody outside C sees them."""
    return {
        tag: draw_plan(tag, ALIASES[tag], held, _OTHER_UNITS.get(tag, _UNITS[tag[0]]), approved=tag[0] != "C")
        for tag, held in rights.items()
    }


def _keyed(record: R, place: str = "") -> R:
    """A record in which every part has a key of its own at its source."""
    changes: dict[str, Any] = {
        name: tuple(_keyed(each, f"{place}/{name}{number}") for number, each in enumerate(value))
        for name in record.__struct_fields__
        if isinstance(value := getattr(record, name), tuple) and value and isinstance(value[0], Part)
    }
    if isinstance(record, Part) and record.source_key is None and record.module_id is None:
        changes["module_id"] = f"module {place}"
    return msgspec.structs.replace(record, **changes)


def everyone(*, keyless: bool = False) -> World:
    """Everybody and everything, before anything is changed; where keyless, some parts have no key at their source."""
    rights = {
        tag: draw_right(
            tag,
            ALIASES[tag],
            right(RIGHTS[tag], OIDS[int(tag[1:])], _PROVIDERS[tag[0]], _STATES.get(tag, CURRENT)),
        )
        for tag in TAGS
        if tag not in _NO_RIGHT
    }
    return World(
        people=tuple(
            Person(
                oid=oid,
                aliases=frozenset(alias for tag, alias in ALIASES.items() if int(tag[1:]) == number),
                name=f"Person {number}",
            )
            for number, oid in OIDS.items()
        ),
        rights=tuple(rights.values()),
        plans=tuple(
            (_PROVIDERS[tag[0]], drawn if keyless else _keyed(drawn)) for tag, drawn in _plans_of(rights).items()
        ),
        appointments=tuple((_PROVIDERS[tag[0]], each) for tag, named in _APPOINTED.items() for each in named),
        assignments=tuple(
            (A, each)
            for role in _GUIDING
            for each in (
                *(_assigned(role, number) for number in (1, 2, 8)),
                _assigned(role, 4, SOMEBODY_ELSE),
            )
        ),
        consents=_CONSENTS,
        statutes=(
            Statute(organisation=AUTHORITY, citation="Act 1 §", items=STATUTORY, express=EXPRESS),
            Statute(organisation=OTHER_AUTHORITY, citation="Act 2 §", items=frozenset(Item), express=frozenset(Item)),
        ),
    )


def copied() -> World:
    """Everyone, where C carries out student 1's plan at A and holds an older copy of it in which a unit differs."""
    world = everyone()
    link = IncludedIn(oid=RIGHTS["A1"], school_oid=A_SCHOOL)
    (plan,) = (plan for _, plan in world.plans if plan.study_right_oid == RIGHTS["A1"])
    units = tuple(msgspec.structs.replace(each, name="The copy's") for each in plan.planned_local_units or ())
    assert plan.updated_at is not None and units
    older = plan.updated_at - timedelta(days=30)
    return world.but(
        rights=tuple(
            msgspec.structs.replace(each, included_in=link) if each.oid == RIGHTS["C1"] else each
            for each in world.rights
        ),
        plans=(*world.plans, (C, msgspec.structs.replace(plan, planned_local_units=units, updated_at=older))),
    )


# --- who sees what, by hand -----------------------------------------------------------------------------------


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has of one right and its plan: a column of the tables, of which parts, and of which items."""

    cells: Mapping[Item, str]
    parts: Mapping[str, frozenset[str]] = {}
    """Per scope of a cell, the parts it holds for."""
    named: frozenset[Item] = frozenset()
    express: frozenset[Item] = frozenset()

    def sees(self, item: Item, part: str, kind: Kind) -> bool:
        """Whether the cell of an item gives it, of this part and kind of value."""
        cell = self.cells[item].partition(";")[0]
        aspect, _, condition = cell.partition(" ")
        if not {"F": True, "N": kind == "name", "T": kind == "date"}.get(aspect, False):
            return False
        gate = GATES.get(part)
        if gate is not None and gate is not item and not self.sees(gate, part, "other"):
            return False
        word, _, scope = condition.partition(" ")
        if word == "of":
            return item in (Item.ID, Item.D2q) or part in self.parts[scope]
        if word == "if":
            return item in (self.named & self.express if scope == "express" else self.named)
        return True


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """A caller, and what they have of each right; of those not named, nothing."""

    caller: Caller
    columns: Mapping[str, Column]
    people: frozenset[int] = frozenset()
    """Whose name is seen."""

    def sees(self, tag: str) -> Sees:
        """Whether something of a right or its plan is seen."""
        column = self.columns.get(tag)
        return column.sees if column is not None else _sees_nothing

    @property
    def periods_are_facts(self) -> bool:
        """Whether it depends on others' periods what is seen: on who else instructs."""
        return self.caller.role is Role.INSTRUCTOR


def _sees_nothing(item: Item, part: str, kind: Kind) -> bool:
    return False


def _parts(units: str = "", periods: str = "", demos: str = "") -> dict[str, frozenset[str]]:
    return {
        "units": frozenset(units.split()),
        "periods": frozenset(periods.split()),
        "demonstrations": frozenset(demos.split()),
        "periods and units": frozenset((units + " " + periods).split()),
    }


def _guides(role: Role, own: Mapping[Item, str], elsewhere: Mapping[Item, str] | None, *numbers: int) -> Looking:
    columns = {f"A{number}": Column(cells=own) for number in numbers}
    if elsewhere is not None:
        columns |= {f"B{number}": Column(cells=elsewhere) for number in numbers}
    return Looking(caller=caller(role, A), columns=columns, people=frozenset(numbers))


_CONSENT = matrix_10_3.CONSENT
LOOKING: Mapping[str, Looking] = {
    # Another's period at B (student 1) goes on, nobody else's anywhere (student 2).
    "instructor": Looking(
        caller=caller(Role.INSTRUCTOR),
        columns={
            "A1": Column(cells=matrix_10_3.ONE_OF_SEVERAL, parts=_parts("u1 u2", "p1 p2", "n1 k1")),
            "B2": Column(cells=matrix_10_3.THE_ONLY_ONE, parts=_parts("b1", "q1", "m1")),
        },
        people=frozenset({1, 2}),
    ),
    "assessor": Looking(
        caller=caller(Role.ASSESSOR),
        columns={
            "A1": Column(cells=matrix_10_3.ASSESSOR, parts=_parts("u1 u3", "", "n1 n3")),
            "A2": Column(cells=matrix_10_3.ASSESSOR, parts=_parts("u4 common", "", "n4")),
        },
        people=frozenset({1, 2}),
    ),
    "consent recipient": Looking(
        caller=caller(Role.CONSENT_RECIPIENT),
        columns={
            "A1": Column(cells=_CONSENT, named=SOME),
            "B2": Column(cells=_CONSENT, named=OTHERS),
            "A4": Column(cells=_CONSENT, named=FEW),
        },
        people=frozenset({2}),
    ),
    "responsible teacher": _guides(Role.RESPONSIBLE_TEACHER, matrix_10_4.TEACHER, matrix_10_4.TEACHER_ELSEWHERE, 1, 2),
    "guidance counsellor": _guides(
        Role.GUIDANCE_COUNSELLOR, matrix_10_4.COUNSELLOR, matrix_10_4.COUNSELLOR_ELSEWHERE, 1, 2
    ),
    "special needs teacher": _guides(
        Role.SPECIAL_NEEDS_TEACHER, matrix_10_4.SPECIAL_NEEDS, matrix_10_4.SPECIAL_NEEDS_ELSEWHERE, 1, 2
    ),
    "school social worker": _guides(Role.SCHOOL_SOCIAL_WORKER, matrix_10_4.SOCIAL_WORKER, None, 1, 2),
    "head of training": _guides(Role.HEAD_OF_TRAINING, matrix_10_4.HEAD, None, *range(1, 8)),
    "authority": Looking(
        caller=caller(Role.AUTHORITY, AUTHORITY),
        columns={
            tag: Column(cells=matrix_10_3.AUTHORITY, named=STATUTORY, express=EXPRESS)
            for tag in TAGS
            if tag[0] != "C" and tag not in (*_NO_RIGHT, "A9")
        },
    ),
    "authority without a statute": Looking(caller=caller(Role.AUTHORITY, A_SCHOOL), columns={}),
    "OPH": Looking(
        caller=caller(Role.OPH, OPH), columns={"A8": Column(cells=matrix_10_3.OPH_AFTER_THE_END, named=SOME)}
    ),
    "student": Looking(
        caller=caller(Role.STUDENT, subject=OIDS[1]),
        columns={tag: Column(cells=dict.fromkeys(Item, "F")) for tag in ("A1", "B1", "C1")},
        people=frozenset({1}),
    ),
}
"""Demonstration ``k1`` has no key of its own; an appointment by key names it not."""

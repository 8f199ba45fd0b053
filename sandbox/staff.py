"""Who is appointed to which part of a plan and who guides whom, as rows of the system of the provider that knows it.

An appointment points at a part that the generated plan really has, by the key that its source gives to it.
"""

from collections.abc import Iterable, Iterator

from .cast import AppointmentEntry, GuidanceRole, Letter, people
from .rows import Row, Tables, person_key, plan_key
from .world import Person, Plan, World

LARGE_GROUP = "SUURI-26"
"""The name of the one large group, which a world has only when asked for."""
_LARGE_GROUPS_COUNSELLOR = "counsellor-a"
_WITHOUT_DEMONSTRATION_KEYS = frozenset({"A"})
"""Providers whose plans have no lasting key of a demonstration: eHOKS gives none."""
_FIND_LEARNER_BY_RIGHT = frozenset({"B"})
"""Providers that name the right alone in an appointment, and leave the learner to their own rows."""


def staff_tables(world: World, letter: Letter, made: Tables) -> Tables:
    """The appointments and assignments that one provider knows; ``made`` are its plans as rows."""
    return {
        "appointments": list(_appointments(world, letter, made)),
        "assignments": list(_assignments(world, letter)),
    }


def _appointments(world: World, letter: Letter, made: Tables) -> Iterator[Row]:
    for entry in people().appointment:
        right = world.cast_right(entry.student, entry.right)
        if right.provider != letter:
            continue
        plan = next(p for p in world.plans_of(letter) if p.right is right and not p.copied)
        yield {
            "person_oid": people().subject_of(entry.persona),
            "kind": entry.kind,
            "right_oid": right.oid,
            "learner_oid": None if letter in _FIND_LEARNER_BY_RIGHT else right.known_as,
            **_part(entry, letter, plan, made),
        }


def _part(entry: AppointmentEntry, letter: Letter, plan: Plan, made: Tables) -> Row:
    """What the appointment points at: the period's or demonstration's key, or else what tells the demonstration."""
    code = f"tutkinnonosat_{entry.unit}"
    unit = _only(row for row in made["units"] if row["plan_key"] == plan_key(plan) and row["code"] == code)
    unknown: Row = dict.fromkeys(("part_key", "unit_code", "start", "end", "environment"))
    if entry.kind == "instructor":
        period = _only(row for row in made["periods"] if row["unit_key"] == unit["key"] and row["source_key"])
        return unknown | {"part_key": period["source_key"]}
    shown = _only(row for row in made["demonstrations"] if row["unit_key"] == unit["key"])
    if letter not in _WITHOUT_DEMONSTRATION_KEYS:
        return unknown | {"part_key": shown["key"]}
    return unknown | {
        "unit_code": code,
        "start": shown["start"],
        "end": shown["end"],
        "environment": shown["environment_name"],
    }


def _only(rows: Iterable[Row]) -> Row:
    (row,) = rows
    return row


def _assignments(world: World, letter: Letter) -> Iterator[Row]:
    at_provider = {right.person.number: right.person for right in world.rights_of(letter)}
    for entry in people().assignment:
        if entry.at == letter:
            for number in entry.students:
                yield _assignment(entry.persona, entry.role, letter, at_provider[number], entry.group)
    if letter == "A":
        for person in world.large_group:
            yield _assignment(_LARGE_GROUPS_COUNSELLOR, "guidance_counsellor", letter, person, LARGE_GROUP)


def _assignment(persona: str, role: GuidanceRole, letter: Letter, student: Person, group: str | None) -> Row:
    return {
        "person_oid": people().subject_of(persona),
        "role": role,
        "person_key": person_key(letter, student),
        "group": group,
    }

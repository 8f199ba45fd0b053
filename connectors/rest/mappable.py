"""Which rows and columns of ours the answers to each question can be mapped to, and how rows hang together."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.rest.calls import Entity, RowSet
from connectors.table.settings import COLUMNS, REQUIRED, Given

SUBJECT = "subject"
"""What an answer has for each OID that was asked: no row of ours, but what other sets may stand under."""

TABLES: dict[Entity, tuple[str, ...]] = {
    "rights": (SUBJECT, "rights", "states"),
    "learners": ("learners",),
    "plans": (SUBJECT, "plans", "units", "periods", "environments", "interruptions", "demonstrations", "assessors",
              "prior_units"),
    "holders": ("holders",),
    "appointments": (SUBJECT, "appointments"),
    "assignments": (SUBJECT, "assignments"),
    "guides": ("guides",),
}  # fmt: skip
_STATE = ("state", "state_start", "state_end")
_GIVEN_BY_THE_KEY = {
    "rights": {"person_key"},
    "plans": {"right_key", "right_oid"},
    "appointments": {"person_oid"},
    "assignments": {"person_oid", "person_key"},
}
"""Columns that the key of the call fills."""
ALLOWED: dict[str, tuple[str, ...]] = {
    name: tuple(column for column in columns if column not in _GIVEN_BY_THE_KEY.get(name, ()))
    for name, columns in COLUMNS.items()
    if name != "people"
} | {SUBJECT: (), "learners": (), "guides": (), "holders": ("learner_oid",), "states": _STATE}
ALLOWED["plans"] += ("learner_oid",)
"""Columns that may be mapped."""
LISTS = frozenset(
    {("periods", "key_tasks"), ("demonstrations", "subareas"), ("demonstrations", "contents"),
     ("demonstrations", "criteria")}
)  # fmt: skip
"""Columns that hold several texts."""
PARENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "states": (("rights", ""),),
    "units": (("plans", "plan_key"), ("units", "parent_key")),
    "prior_units": (("plans", "plan_key"), ("prior_units", "parent_key")),
    "periods": (("units", "unit_key"),),
    "environments": (("periods", "period_key"),),
    "interruptions": (("periods", "period_key"),),
    "demonstrations": (("units", "unit_key"), ("prior_units", "prior_key")),
    "assessors": (("demonstrations", "demonstration_key"), ("prior_units", "prior_key")),
}
"""What the rows of a table belong to, and the column that says to which: filled from the row that they stand under."""
ONE_PARENT = frozenset({"demonstrations", "assessors"})
"""Tables whose rows belong to the nearest alone of what they stand under."""
_NOT_REQUIRED = {"key", "state", "state_start"}
NEEDED: dict[Given, tuple[Entity, ...]] = {
    "rights": ("rights", "learners"),
    "plans": ("plans",),
    "appointments": ("appointments",),
    "assignments": ("assignments",),
}
"""Which questions each kind of data needs. Who gives rights must be able to list whose: lists of students need it."""


def required_of(table: str) -> tuple[str, ...]:
    """Columns that must be mapped, wherever the rows stand."""
    links = {column for _, column in PARENTS.get(table, ())}
    filled = links | _NOT_REQUIRED | _GIVEN_BY_THE_KEY.get(table, set())
    needed = tuple(column for column in REQUIRED.get(table, ()) if column not in filled)
    return needed + (("learner_oid",) if table in ("appointments", "assignments", "holders") else ())


def ancestors_of(each: RowSet, sets: Mapping[str, RowSet]) -> Iterator[RowSet]:
    """The sets that a set stands under, the nearest first."""
    while each.under:
        each = sets[each.under]
        yield each


def links_of(each: RowSet, sets: Sequence[RowSet], declared: Sequence[RowSet]) -> Iterator[tuple[str, str]]:
    """The mapped columns that name another row, and under which set such rows are told apart."""
    around = {"", *(one.known_as for one in ancestors_of(each, {one.known_as: one for one in sets}))}
    for table, column in PARENTS.get(each.table, ()):
        if column not in each.columns:
            continue
        scopes = {one.under for one in declared if one.table == table}
        if len(scopes) != 1 or not scopes <= around:
            raise ValueError(
                f"columns.{column}: the rows of `{table}` stand where this one cannot name one for certain"
            )
        yield column, scopes.pop()

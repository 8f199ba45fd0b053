"""Rows hung together by the provider's local keys alone; what a key cannot place for certain is left out, counted."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import get_args

from connectors.table.settings import AppointmentKind, GuidanceRole
from connectors.table.statements import sql
from connectors.table.writing import Counts

_INDEXES = {
    "people": ("key", "oid"),
    "rights": ("key", "oid", "person_key", "included_in_oid"),
    "plans": ("key", "for_right"),
    "units": ("key", "plan_key"),
    "periods": ("key", "unit_key"),
    "environments": ("period_key",),
    "interruptions": ("period_key",),
    "demonstrations": ("key", "unit_key", "prior_key"),
    "assessors": ("demonstration_key", "prior_key"),
    "prior_units": ("key", "plan_key"),
    "appointments": ("person_oid",),
    "assignments": ("person_oid",),
}


# INVARIANT: a key leads to one owner. Two rows with the same key and different owners would let what hangs on the
# key reach the wrong student, so such a key is taken away from both: the rows stay with their owners, bare.
_OWNERS = {
    "people": "coalesce(oid, '')",
    "rights": "oid",
    "plans": "coalesce(right_key, '') || ' ' || coalesce(right_oid, '')",
    "units": "coalesce(plan_key, '')",
    "periods": "coalesce(unit_key, '')",
    "demonstrations": "coalesce(unit_key, '') || ' ' || coalesce(prior_key, '')",
    "prior_units": "coalesce(plan_key, '')",
}
_FILL = """
UPDATE rights SET {column} = (SELECT max({column}) FROM rights AS other WHERE other.key = rights.key)
WHERE {column} IS NULL AND key IN (SELECT key FROM rights GROUP BY key HAVING count(DISTINCT {column}) = 1)"""
_TAKE_KEY = """
UPDATE {table} SET key = NULL WHERE key IN (SELECT key FROM {table} GROUP BY key HAVING count(DISTINCT {owner}) > 1)"""
_FIND_RIGHTS = """
UPDATE plans SET for_right = coalesce(
    (SELECT oid FROM rights WHERE rights.key = plans.right_key AND oid IS NOT NULL LIMIT 1), right_oid)"""
_TAKE_RIGHTS = """
UPDATE plans SET for_right = NULL WHERE right_oid IS NOT NULL AND for_right <> right_oid"""
_TAKE_DEMONSTRATIONS = """
UPDATE demonstrations SET unit_key = NULL, prior_key = NULL WHERE unit_key IS NOT NULL AND prior_key IS NOT NULL"""
# A right with several holders, or a key with several, tells of none.
_FIND_APPOINTED_LEARNERS = """
UPDATE appointments SET learner_oid = (
    SELECT max(people.oid) FROM rights JOIN people ON people.key = rights.person_key
    WHERE rights.oid = appointments.right_oid HAVING count(DISTINCT people.oid) = 1
) WHERE learner_oid IS NULL"""
_FIND_ASSIGNED_LEARNERS = """
UPDATE assignments SET learner_oid = (SELECT oid FROM people WHERE people.key = assignments.person_key LIMIT 1)
WHERE learner_oid IS NULL"""

_PLACED = "EXISTS (SELECT 1 FROM {parent} AS parent WHERE parent.key = child.{key}{kind})"
_WITH_PERIODS = " AND parent.kind IN ('vocational', 'local', 'subarea')"
_UNDER_COMMON = "(kind IS NOT 'subarea' OR parent_key IN (SELECT key FROM {table} AS parent\
 WHERE parent.plan_key = child.plan_key AND parent.kind = 'common'))"


def _texts(literal: object) -> str:
    """The words of a ``Literal`` of the settings, as texts in a statement."""
    return ", ".join(f"'{word}'" for word in get_args(literal))


def _placed(parent: str, key: str, kind: str = "") -> str:
    return sql(_PLACED, parent=parent, key=key, kind=kind)


_IN_PLACE: tuple[tuple[str, str, str], ...] = (
    ("people", "without a learner number", "oid IS NOT NULL"),
    ("rights", "without an OID", "oid IS NOT NULL"),
    ("rights", "of an unknown person", _placed("people", "person_key")),
    ("plans", "without one right that has an OID", "for_right IS NOT NULL"),
    ("units", "of an unknown plan", _placed("plans", "plan_key")),
    ("units", "of an unknown common unit", sql(_UNDER_COMMON, table="units")),
    ("periods", "of an unknown unit", _placed("units", "unit_key", _WITH_PERIODS)),
    ("environments", "of an unknown period", _placed("periods", "period_key")),
    ("interruptions", "of an unknown period", _placed("periods", "period_key")),
    (
        "demonstrations",
        "of an unknown unit",
        f"({_placed('units', 'unit_key', _WITH_PERIODS)} OR {_placed('prior_units', 'prior_key')})",
    ),
    (
        "assessors",
        "of an unknown demonstration or prior unit",
        f"({_placed('demonstrations', 'demonstration_key')} OR {_placed('prior_units', 'prior_key')})",
    ),
    ("prior_units", "of an unknown plan", _placed("plans", "plan_key")),
    ("prior_units", "of an unknown common unit", sql(_UNDER_COMMON, table="prior_units")),
)
"""What must hold of each row for it to be shown at all; the rows of which it does not are counted."""

# INVARIANT: a row appoints or assigns somebody only where all of it is certain. What cannot be read is not left out
# of the row: the row is left out.
_CERTAIN: tuple[tuple[str, str, str], ...] = (
    ("appointments", "without the OID of a person", "person_oid <> '?'"),
    ("appointments", "of an unknown kind", f"kind IN ({_texts(AppointmentKind)})"),
    ("appointments", "without the OID of a right", "right_oid <> '?'"),
    ("appointments", "without one learner", "learner_oid <> '?'"),
    ("appointments", "with an unreadable date", "start IS NOT '?' AND \"end\" IS NOT '?'"),
    (
        "appointments",
        "that point at no part",
        "part_key IS NOT NULL OR (kind = 'assessor' AND unit_code IS NOT NULL AND start IS NOT NULL"
        ' AND "end" IS NOT NULL AND environment IS NOT NULL)',
    ),
    ("assignments", "without the OID of a person", "person_oid <> '?'"),
    ("assignments", "of an unknown role", f"role IN ({_texts(GuidanceRole)})"),
    ("assignments", "without one learner", "learner_oid <> '?'"),
    (
        "assignments",
        "that name two learners",
        "person_key IS NULL OR learner_oid = (SELECT oid FROM people WHERE people.key = person_key LIMIT 1)",
    ),
)
"""What must hold of a row that gives somebody access; the rows of which it does not are counted and taken out."""


def tidy(connection: sqlite3.Connection, filled: Collection[str]) -> Counts:
    """Index the tables that have rows, find the owners of their rows, and count what is left out."""
    counts: Counts = {}
    _find_owners(connection, counts, filled)
    for table, reason, holds in _of(filled, _IN_PLACE):
        # What is null is not known to hold, so it is counted too.
        query = sql("SELECT count(*) FROM {table} AS child WHERE NOT coalesce({holds}, 0)", table=table, holds=holds)
        counts[table, f"rows {reason}"] = connection.execute(query).fetchone()[0]
    for table, reason, holds in _of(filled, _CERTAIN):
        statement = sql("DELETE FROM {table} WHERE NOT coalesce({holds}, 0)", table=table, holds=holds)
        counts[table, f"rows {reason}"] = connection.execute(statement).rowcount
    return counts


def _of(filled: Collection[str], conditions: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    return (each for each in conditions if each[0] in filled)


def _find_owners(connection: sqlite3.Connection, counts: Counts, filled: Collection[str]) -> None:
    for table in filled:
        for column in _INDEXES[table]:
            connection.execute(sql("CREATE INDEX {table}_{column} ON {table} ({column})", table=table, column=column))
    # A status row that leaves out what its right's other rows say is still a row of that right.
    for column in ("oid", "person_key"):
        connection.execute(sql(_FILL, column=column))
    for table, owner in _OWNERS.items():
        if table not in filled:
            continue
        taken = connection.execute(sql(_TAKE_KEY, table=table, owner=owner)).rowcount
        counts[table, "rows share a key but not its owner"] = taken
    for statement in (
        _FIND_RIGHTS,
        _TAKE_RIGHTS,
        _TAKE_DEMONSTRATIONS,
        _FIND_APPOINTED_LEARNERS,
        _FIND_ASSIGNED_LEARNERS,
    ):
        connection.execute(statement)

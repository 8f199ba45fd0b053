"""Rows of a provider as an indexed SQLite database in memory, asked by key and never walked through.

Rows hang together by the provider's local keys alone. What a key cannot place for certain is left out and counted.
"""

import hashlib
import logging
import re
import sqlite3
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, get_args

import msgspec

from connectors.table.cells import UNREADABLE_CELL, Row, clean, day_of
from connectors.table.drop import Drop
from connectors.table.settings import COLUMNS, AppointmentKind, GuidanceRole, RowSettings, TableSettings
from hoks.identifiers import Check, check_learner_oid, check_study_right_oid

log = logging.getLogger(__name__)

KEYS_AT_ONCE = 500
"""How many keys one query asks for at most."""

_COMPUTED = {"plans": ("for_right",)}
"""Columns that are found out when all rows are there."""
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


def _is_key(column: str) -> bool:
    return column == "key" or column.endswith("_key")


_KEYS = {(table, column) for table, columns in COLUMNS.items() for column in columns if _is_key(column)} | {
    ("rights", "included_in_oid")
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

_UNREADABLE = "?"
"""Stands in a cell that says something nobody can read: the row is not taken as if the cell were empty."""

_PLACED = "EXISTS (SELECT 1 FROM {parent} AS parent WHERE parent.key = child.{key}{kind})"
_WITH_PERIODS = " AND parent.kind IN ('vocational', 'local', 'subarea')"
_UNDER_COMMON = "(kind IS NOT 'subarea' OR parent_key IN (SELECT key FROM {table} AS parent\
 WHERE parent.plan_key = child.plan_key AND parent.kind = 'common'))"


def sql(template: str, **names: str) -> str:
    """A statement with names of tables and columns, which are always our own and never a provider's."""
    for name, value in names.items():
        template = template.replace("{" + name + "}", value)
    return template


def _listed(columns: Iterable[str]) -> str:
    """Names of columns in a statement, quoted: one of them is a word of SQL."""
    return ", ".join(f'"{column}"' for column in columns)


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


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """A provider's data as of one moment."""

    as_of: datetime
    connection: sqlite3.Connection
    left_out: Mapping[tuple[str, str], int]
    """How many rows, by table and reason."""
    lock: threading.Lock

    def ask(self, query: str, keys: Collection[str]) -> list[Row]:
        """The rows of a query on ``{keys}``, asked for some hundreds of keys at a time."""
        found: list[Row] = []
        # What no text of a row can hold would spoil the question for the other keys.
        wanted = sorted(key for key in set(keys) if not _SURROGATE.search(key))
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            some = wanted[start : start + KEYS_AT_ONCE]
            marks = ",".join(f"?{place}" for place in range(1, len(some) + 1))
            found += self.rows(query.replace("{keys}", marks), some)
        return found

    def rows(self, query: str, values: Sequence[str] = ()) -> list[Row]:
        """The rows of one query."""
        with self.lock:
            cursor = self.connection.execute(query, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, cells, strict=True)) for cells in cursor.fetchall()]


_SURROGATE = re.compile("[\ud800-\udfff]")

_SCHEMA = "\n".join(
    sql("CREATE TABLE {table} ({columns});", table=table, columns=_listed((*columns, *_COMPUTED.get(table, ()))))
    for table, columns in COLUMNS.items()
)


class Rows(Protocol):
    """Rows of cells, all as wide as their header; they are gone through once."""

    header: tuple[str, ...]
    too_wide: int

    def column(self, table: str, name: str) -> int:
        """The place of a column that the settings name."""
        ...

    def rows(self) -> Iterator[list[str]]:
        """The rows; an empty cell is an empty text."""
        ...


def take_snapshot(settings: TableSettings) -> Snapshot:
    """Load the drop that lies in the folder, or raise ``DropRefused``."""
    drop = Drop(settings)
    sheets = ((drop.sheet(name), drop.tables(name)) for name in drop.names())
    snapshot = snapshot_of_sheets(settings, sheets, drop.as_of)
    drop.check_unchanged()
    return _with_losses_told(settings, snapshot)


def snapshot_of_sheets(
    settings: TableSettings, sheets: Iterable[tuple[Rows, Sequence[str]]], as_of: datetime
) -> Snapshot:
    """Rows under the provider's names of columns, each lot of them loaded into its tables."""

    def fill(connection: sqlite3.Connection) -> Counts:
        counts: Counts = {}
        for sheet, tables in sheets:
            counts |= _fill_from(connection, settings, sheet, tables)
        return counts

    return _snapshot(as_of, fill, COLUMNS)


def snapshot_of(settings: RowSettings, tables: Mapping[str, Collection[Row]], as_of: datetime) -> Snapshot:
    """Rows by our names of tables and columns, their keys clean already; a column that is left out is empty."""

    def fill(connection: sqlite3.Connection) -> Counts:
        cleaners = {place: ready for place, ready in _cleaners(settings).items() if not _is_key(place[1])}
        counts: Counts = {}
        for table, rows in tables.items():
            writer = _Writer(connection, table, COLUMNS[table], cleaners)
            for row in rows:
                writer.write([row.get(column) for column in COLUMNS[table]])
            writer.flush()
            counts[table, "rows repeated in full"] = writer.repeated
        return counts

    # Answers to calls fill few tables, and a statement on an empty one costs as much as on a small one.
    return _with_losses_told(settings, _snapshot(as_of, fill, [table for table, rows in tables.items() if rows]))


Counts = dict[tuple[str, str], int]
"""How many rows were left out, by table and reason."""


def _with_losses_told(settings: RowSettings, snapshot: Snapshot) -> Snapshot:
    for (table, reason), count in snapshot.left_out.items():
        log.warning("source %s: table %s: %d %s", settings.id, table, count, reason)
    return snapshot


def _snapshot(as_of: datetime, fill: Callable[[sqlite3.Connection], Counts], filled: Collection[str]) -> Snapshot:
    # Only ever used under the snapshot's lock, so threads may share it.
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    try:
        left_out = _load(connection, fill, filled)
    except BaseException:
        connection.close()
        raise
    snapshot = Snapshot(as_of, connection, left_out, threading.Lock())
    weakref.finalize(snapshot, connection.close)
    return snapshot


def _load(
    connection: sqlite3.Connection, fill: Callable[[sqlite3.Connection], Counts], filled: Collection[str]
) -> Counts:
    connection.executescript(_SCHEMA)
    connection.execute("BEGIN")
    counts = fill(connection)
    _tidy(connection, counts, filled)
    for table, reason, holds in _of(filled, _IN_PLACE):
        # What is null is not known to hold, so it is counted too.
        query = sql("SELECT count(*) FROM {table} AS child WHERE NOT coalesce({holds}, 0)", table=table, holds=holds)
        counts[table, f"rows {reason}"] = connection.execute(query).fetchone()[0]
    for table, reason, holds in _of(filled, _CERTAIN):
        statement = sql("DELETE FROM {table} WHERE NOT coalesce({holds}, 0)", table=table, holds=holds)
        counts[table, f"rows {reason}"] = connection.execute(statement).rowcount
    connection.execute("COMMIT")
    return {key: count for key, count in counts.items() if count}


def _of(filled: Collection[str], conditions: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    return (each for each in conditions if each[0] in filled)


def _tidy(connection: sqlite3.Connection, counts: Counts, filled: Collection[str]) -> None:
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


Cleaner = Callable[[str], str | None]


def _cleaners(settings: RowSettings) -> dict[tuple[str, str], Cleaner]:
    """How a cell is made ready for joining; every other cell is read when somebody asks for it."""
    cleaners: dict[tuple[str, str], Cleaner] = dict.fromkeys(_KEYS, clean)
    return cleaners | {
        ("people", "oid"): _well_formed(check_learner_oid),
        ("rights", "oid"): _well_formed(check_study_right_oid),
        ("plans", "right_oid"): _well_formed(check_study_right_oid),
        ("units", "kind"): _word(settings.codes.unit_kind),
        ("prior_units", "kind"): _word(settings.codes.prior_kind),
        ("assessors", "kind"): _word(settings.codes.assessor_kind),
        ("appointments", "kind"): _word(settings.codes.appointment_kind),
        ("assignments", "role"): _word(settings.codes.guidance_role),
        **dict.fromkeys((("appointments", "unit_code"), ("appointments", "environment")), clean),
        **dict.fromkeys((("appointments", "start"), ("appointments", "end")), _day(settings)),
        **dict.fromkeys((("appointments", "person_oid"), ("assignments", "person_oid")), _certain(check_learner_oid)),
        **dict.fromkeys((("appointments", "learner_oid"), ("assignments", "learner_oid")), _certain(check_learner_oid)),
        ("appointments", "right_oid"): _certain(check_study_right_oid),
        ("assignments", "group"): clean,
    }


def _well_formed(check: Callable[[str], Check]) -> Cleaner:
    def oid(text: str) -> str | None:
        cleaned = clean(text)
        return None if cleaned is None or check(cleaned) is Check.MALFORMED else cleaned

    return oid


def _certain(check: Callable[[str], Check]) -> Cleaner:
    def oid(text: str) -> str | None:
        if text == UNREADABLE_CELL:
            return _UNREADABLE
        cleaned = clean(text)
        return cleaned if cleaned is None or check(cleaned) is not Check.MALFORMED else _UNREADABLE

    return oid


def _day(settings: RowSettings) -> Cleaner:
    def day(text: str) -> str | None:
        if text == UNREADABLE_CELL:
            return _UNREADABLE
        cleaned = clean(text)
        if cleaned is None:
            return None
        read = day_of(cleaned, settings.date_format)
        return read.isoformat() if read else _UNREADABLE

    return day


def _word(words: Mapping[str, str]) -> Cleaner:
    def translated(text: str) -> str | None:
        cleaned = clean(text)
        return None if cleaned is None else words.get(cleaned, cleaned)

    return translated


def _fill_from(connection: sqlite3.Connection, settings: TableSettings, sheet: Rows, tables: Sequence[str]) -> Counts:
    """Load every table that is in these rows; rows of none are only gone through, which checks them."""
    columns = {table: settings.tables[table].columns for table in tables}
    places = {table: [sheet.column(table, theirs) for theirs in columns[table].values()] for table in tables}
    writers = [_Writer(connection, table, columns[table], _cleaners(settings)) for table in tables]
    for cells in sheet.rows():
        for writer in writers:
            writer.write([cells[place] for place in places[writer.table]])
    counts: Counts = {}
    for writer in writers:
        writer.flush()
        counts[writer.table, "rows wider than the header"] = sheet.too_wide
        counts[writer.table, "rows repeated in full"] = writer.repeated
    if tables:
        used = {name for table in tables for name in settings.tables[table].columns.values()}
        counts[tables[0], "columns not mapped"] = len(set(sheet.header) - used)
    return counts


class _Writer:
    """Puts the cells of rows into one table; a row that is repeated in full is one row."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        columns: Collection[str],
        cleaners: Mapping[tuple[str, str], Cleaner],
    ) -> None:
        self.table = table
        self.repeated = 0
        self._connection = connection
        self._cleaners = [cleaners.get((table, column)) for column in columns]
        self._insert = sql(
            "INSERT INTO {table} ({columns}) VALUES ({marks})",
            table=table,
            columns=_listed(columns),
            marks=", ".join("?" * len(columns)),
        )
        self._seen: set[bytes] = set()
        self._waiting: list[tuple[str | None, ...]] = []

    def write(self, cells: Sequence[str | None]) -> None:
        """Take the cells of one row."""
        values = tuple(
            ready(cell) if ready and cell is not None else cell
            for ready, cell in zip(self._cleaners, cells, strict=True)
        )
        digest = hashlib.blake2b(msgspec.msgpack.encode(values), digest_size=16).digest()
        if digest in self._seen:
            self.repeated += 1
            return
        self._seen.add(digest)
        self._waiting.append(values)
        if len(self._waiting) >= 1000:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        self._connection.executemany(self._insert, self._waiting)
        self._waiting.clear()


def grouped(rows: Collection[Row], column: str) -> dict[str, list[Row]]:
    """Rows by a key, in the order in which they came."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if (key := row[column]) is not None:
            groups.setdefault(key, []).append(row)
    return groups

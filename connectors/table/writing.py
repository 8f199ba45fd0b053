"""Rows into tables of an SQLite database, their cells made ready for joining; what is repeated in full comes once."""

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from connectors.table.cells import UNREADABLE_CELL, clean, day_of
from connectors.table.settings import COLUMNS, RowSettings, TableSettings
from connectors.table.statements import listed, sql
from hoks.identifiers import Check, check_learner_oid, check_study_right_oid

_COMPUTED = {"plans": ("for_right",)}
"""Columns that are found out when all rows are there."""


def is_key(column: str) -> bool:
    """Whether a column joins rows."""
    return column == "key" or column.endswith("_key")


_KEYS = {(table, column) for table, columns in COLUMNS.items() for column in columns if is_key(column)} | {
    ("rights", "included_in_oid")
}

UNREADABLE = "?"
"""Stands in a cell that says something nobody can read: the row is not taken as if the cell were empty."""

SCHEMA = "\n".join(
    sql("CREATE TABLE {table} ({columns});", table=table, columns=listed((*columns, *_COMPUTED.get(table, ()))))
    for table, columns in COLUMNS.items()
)

Counts = dict[tuple[str, str], int]
"""How many rows were left out, by table and reason."""


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


Cleaner = Callable[[str], str | None]


def cleaners_of(settings: RowSettings) -> dict[tuple[str, str], Cleaner]:
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
            return UNREADABLE
        cleaned = clean(text)
        return cleaned if cleaned is None or check(cleaned) is not Check.MALFORMED else UNREADABLE

    return oid


def _day(settings: RowSettings) -> Cleaner:
    def day(text: str) -> str | None:
        if text == UNREADABLE_CELL:
            return UNREADABLE
        cleaned = clean(text)
        if cleaned is None:
            return None
        read = day_of(cleaned, settings.date_format)
        return read.isoformat() if read else UNREADABLE

    return day


def _word(words: Mapping[str, str]) -> Cleaner:
    def translated(text: str) -> str | None:
        cleaned = clean(text)
        return None if cleaned is None else words.get(cleaned, cleaned)

    return translated


def fill_from(connection: sqlite3.Connection, settings: TableSettings, sheet: Rows, tables: Sequence[str]) -> Counts:
    """Load every table that is in these rows; rows of none are only gone through, which checks them."""
    columns = {table: settings.tables[table].columns for table in tables}
    places = {table: [sheet.column(table, theirs) for theirs in columns[table].values()] for table in tables}
    writers = [Writer(connection, table, columns[table], cleaners_of(settings)) for table in tables]
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


class Writer:
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
            columns=listed(columns),
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

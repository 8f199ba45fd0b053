"""Rows of a provider as an indexed SQLite database in memory, asked by key and never walked through."""

import logging
import re
import sqlite3
import threading
import weakref
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from cachetools import LRUCache

from connectors.shelf import held_in, size_of
from connectors.table.cells import Row
from connectors.table.drop import Drop
from connectors.table.settings import COLUMNS, RowSettings, TableSettings
from connectors.table.tidying import tidy
from connectors.table.writing import SCHEMA, Counts, Rows, Writer, cleaners_of, fill_from, is_key
from hoks.beside import Holding
from hoks.outcomes import Answer

log = logging.getLogger(__name__)

MOST_TOLD = 16_000_000
"""How many bytes of what was read of a snapshot are kept beside its rows."""
KEYS_AT_ONCE = 500
"""How many keys one query asks for at most."""


class Told(NamedTuple):
    """An answer that was read, whose records are held with it."""

    answer: Answer[Any]
    held: Holding | None

    @classmethod
    def of(cls, answer: Answer[Any]) -> "Told":
        """An answer to be kept."""
        return cls(answer, held_in(answer))


def _size_of(told: Told) -> int:
    """About how many bytes an answer takes in memory."""
    return size_of(told.answer.value)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """A provider's data as of one moment."""

    as_of: datetime
    connection: sqlite3.Connection
    left_out: Mapping[tuple[str, str], int]
    """How many rows, by table and reason."""
    lock: threading.Lock
    told: "LRUCache[Hashable, Told]" = field(default_factory=lambda: LRUCache(MOST_TOLD, _size_of))
    """What was read of it lately, under what was asked: as true as the rows, and gone with them."""

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
            counts |= fill_from(connection, settings, sheet, tables)
        return counts

    return _snapshot(as_of, fill, COLUMNS)


def snapshot_of(settings: RowSettings, tables: Mapping[str, Collection[Row]], as_of: datetime) -> Snapshot:
    """Rows by our names of tables and columns, their keys clean already; a column that is left out is empty."""

    def fill(connection: sqlite3.Connection) -> Counts:
        cleaners = {place: ready for place, ready in cleaners_of(settings).items() if not is_key(place[1])}
        counts: Counts = {}
        for table, rows in tables.items():
            writer = Writer(connection, table, COLUMNS[table], cleaners)
            for row in rows:
                writer.write([row.get(column) for column in COLUMNS[table]])
            writer.flush()
            counts[table, "rows repeated in full"] = writer.repeated
        return counts

    # Answers to calls fill few tables, and a statement on an empty one costs as much as on a small one.
    return _with_losses_told(settings, _snapshot(as_of, fill, [table for table, rows in tables.items() if rows]))


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
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    counts = fill(connection)
    counts |= tidy(connection, filled)
    connection.execute("COMMIT")
    return {key: count for key, count in counts.items() if count}


def grouped(rows: Collection[Row], column: str) -> dict[str, list[Row]]:
    """Rows by a key, in the order in which they came."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if (key := row[column]) is not None:
            groups.setdefault(key, []).append(row)
    return groups

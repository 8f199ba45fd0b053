"""The views of a provider's database, read in one transaction per answer that sees one state and can write nothing.

Statements are made of the names of the settings, always quoted; what is asked for goes beside them as bound values.
A failure says which kind it is and nothing of what was asked or of where the database is.
"""

import math
import time
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from sqlalchemy import exc
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope
from sqlalchemy.sql.elements import quoted_name

from connectors.failures import Reason, SourceDenied, SourceFailure, SourceInvalid, SourceUnavailable
from connectors.table.cells import HELSINKI, moment_of
from connectors.table.paths import STEPS, WHOLE, Question, Step
from connectors.table.settings import DatabaseSettings, TableSettings
from connectors.table.snapshot import KEYS_AT_ONCE, Snapshot, snapshot_of_sheets
from connectors.table.typed import Bound, KeyOf, asked_by, written
from connectors.table.unfit import ViewsDoNotFit
from hoks.ports import Clock

ROWS_AT_ONCE = 5_000
"""How many rows of a whole view are taken at a time."""
_ASKED_BY = {(step.table, step.by) for steps in STEPS.values() for step in steps if step.by}
_FOLLOWED = {(step.table_of_values, step.values) for steps in STEPS.values() for step in steps if step.values}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A column by which a view is asked."""

    column: sa.ColumnElement[Any]
    key: KeyOf


@dataclass(frozen=True, slots=True)
class _View:
    """A view whose columns are known to exist."""

    selected: sa.Select[Any]
    columns: tuple[str, ...]
    """Our names of the selected columns."""
    asked: Mapping[str, _Asked]


class Database:
    """A provider's views behind a bounded pool of connections. Its methods block: they run in threads."""

    def __init__(
        self, settings: TableSettings, database: DatabaseSettings, clock: Clock, password: str | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._database = database
        self._engine = _engine(database, password)
        self._is_closed = False
        self._views: Mapping[str, _View] | None = None

    def check(self) -> None:
        """Look whether the views are as the settings say. Raises ``ViewsDoNotFit`` or ``SourceFailure``."""
        with self._transaction() as connection:
            self._views = _views(connection, self._settings, self._database)

    def read(self, question: Question | None, keys: Collection[str], until: float) -> Snapshot:
        """The rows that bear on a question, or all rows, as of one moment; ``until`` is of the monotonic clock.

        Raises ``ViewsDoNotFit`` or ``SourceFailure``.
        """
        begun = self._clock.now()
        try:
            with self._transaction() as connection:
                if self._views is None:
                    self._views = _views(connection, self._settings, self._database)
                reading = _Reading(connection, self._views, self._settings, self._database.row_limit, until)
                as_of = _as_of(connection, self._settings, self._database) or begun
                reading.follow(STEPS[question] if question else WHOLE, keys)
        except SourceInvalid:
            # The views may have been made anew: look at them again before the next question.
            self._views = None
            raise
        return snapshot_of_sheets(self._settings, reading.sheets(), as_of)

    def close(self) -> None:
        """Close all connections: those in use when they are given back."""
        self._is_closed = True
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                try:
                    yield connection
                finally:
                    if self._is_closed:
                        # The pool that it would go back to is gone.
                        connection.detach()
        except exc.SQLAlchemyError as error:
            raise _failure(error) from None


class _Reading:
    """One answer being read: what was taken of each view, and what is left of its limits."""

    def __init__(
        self,
        connection: sa.Connection,
        views: Mapping[str, _View],
        settings: TableSettings,
        row_limit: int,
        until: float,
    ) -> None:
        self._connection = connection
        self._views = views
        self._settings = settings
        self._rows_left = row_limit
        self._until = until
        self._rows: dict[str, dict[tuple[str, ...], None]] = {table: {} for table in views}
        self._values: defaultdict[tuple[str, str], set[object]] = defaultdict(set)
        self._asked: defaultdict[tuple[str, str], set[Bound]] = defaultdict(set)

    def follow(self, steps: Sequence[Step], keys: Collection[str]) -> None:
        """Take the rows of each step; what was asked of a column once is not asked again."""
        for step in steps:
            view = self._views.get(step.table)
            if view is None:
                continue
            if not step.by:
                self._take(step.table, view.selected, {"yield_per": ROWS_AT_ONCE})
            elif asked := view.asked.get(step.by):
                values = self._values[step.table_of_values, step.values] if step.values else keys
                already = self._asked[step.table, step.by]
                wanted = {key for value in values if (key := asked.key(value)) is not None} - already
                already |= wanted
                for some in _lots(sorted(wanted)):
                    self._take(step.table, view.selected.where(asked.column.in_(some)), {})

    def sheets(self) -> Iterator[tuple["_Taken", tuple[str]]]:
        """The rows of each table. A database has no order of its own, so theirs is that of their cells."""
        for table, rows in self._rows.items():
            yield _Taken(self._settings, table, sorted(rows, key=_place)), (table,)

    def _take(self, table: str, statement: sa.Select[Any], options: dict[str, int]) -> None:
        if time.monotonic() >= self._until:
            raise SourceUnavailable(Reason.TIMEOUT)
        columns = self._views[table].columns
        taken = self._rows[table]
        with self._connection.execute(statement.limit(self._rows_left + 1), execution_options=options) as rows:
            for row in rows:
                self._rows_left -= 1
                if self._rows_left < 0:
                    raise SourceUnavailable(Reason.OVERSIZE)
                cells = list(zip(columns, row, strict=True))
                for column, value in cells:
                    if (table, column) in _FOLLOWED and value is not None and isinstance(value, Hashable):
                        self._values[table, column].add(value)
                taken[tuple(written(value, column, self._settings) for column, value in cells)] = None


class _Taken:
    """Rows of one table in the order in which they are loaded."""

    def __init__(self, settings: TableSettings, table: str, rows: Sequence[tuple[str, ...]]) -> None:
        self.header = tuple(settings.provider_columns(table).values())
        self.too_wide = 0
        self._rows = rows

    def column(self, table: str, name: str) -> int:  # noqa: ARG002 - they are of one table
        """The place of a column that the settings name."""
        return self.header.index(name)

    def rows(self) -> Iterator[list[str]]:
        """The rows."""
        return map(list, self._rows)


def _lots(keys: Sequence[Bound]) -> Iterator[Sequence[Bound]]:
    return (keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE))


def _place(row: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Shorter before longer: numbers stand in their own order."""
    return tuple((len(cell), cell) for cell in row)


# --- the views ------------------------------------------------------------------------------------------------


def _views(connection: sa.Connection, settings: TableSettings, database: DatabaseSettings) -> dict[str, _View]:
    """The views by table, once all that the settings name is there. Raises ``ViewsDoNotFit``."""
    types = _Types(connection, settings, database)
    if database.as_of:
        types.of("as_of", database.as_of.view, database.as_of.column)
    return {table: _view(table, types, settings, database) for table in settings.tables}


def _view(table: str, types: "_Types", settings: TableSettings, database: DatabaseSettings) -> _View:
    name, columns = settings.tables[table].view, settings.provider_columns(table)
    asked: dict[str, _Asked] = {}
    for ours, theirs in columns.items():
        kind = types.of(f"table `{table}`", name, theirs)
        if (table, ours) in _ASKED_BY:
            bound = asked_by(kind)
            if bound is None and database.reads == "live":
                raise types.misfit(f"table `{table}`", f"view `{name}` cannot be asked by the column `{theirs}`")
            if bound:
                asked[ours] = _Asked(sa.column(_quoted(theirs), bound[0]), bound[1])
    # Without a type a value comes as the driver gives it.
    selected: list[sa.Label[Any]] = [
        sa.column(_quoted(theirs)).label(f"c{place}") for place, theirs in enumerate(columns.values())
    ]
    return _View(sa.select(*selected).select_from(_named(name, database)), tuple(columns), asked)


class _Types:
    """The types of the columns of the views that the settings name."""

    def __init__(self, connection: sa.Connection, settings: TableSettings, database: DatabaseSettings) -> None:
        self._source = settings.id
        views = {table.view for table in settings.tables.values()}
        if database.as_of:
            views.add(database.as_of.view)
        found = sa.inspect(connection).get_multi_columns(
            schema=database.db_schema, filter_names=sorted(views), kind=ObjectKind.ANY, scope=ObjectScope.ANY
        )
        self._types = {name: {each["name"]: each["type"] for each in columns} for (_, name), columns in found.items()}

    def of(self, place: str, view: str, column: str) -> sa.types.TypeEngine[Any]:
        """The type of a column. Raises ``ViewsDoNotFit``."""
        if view not in self._types:
            raise self.misfit(place, f"there is no view `{view}`")
        if column not in self._types[view]:
            raise self.misfit(place, f"the view `{view}` has no column `{column}`")
        return self._types[view][column]

    def misfit(self, place: str, text: str) -> ViewsDoNotFit:
        """A complaint about a place in the settings."""
        return ViewsDoNotFit(f"source `{self._source}`, {place}: {text}")


def _as_of(connection: sa.Connection, settings: TableSettings, database: DatabaseSettings) -> datetime | None:
    """How old the data are, where the settings say by which column that is known."""
    if database.as_of is None:
        return None
    column: sa.ColumnClause[Any] = sa.column(_quoted(database.as_of.column))
    view = _named(database.as_of.view, database)
    oldest = connection.execute(sa.select(sa.func.min(column)).select_from(view)).scalar()
    if isinstance(oldest, str):
        oldest = moment_of(oldest, settings.instant_format)
    if not isinstance(oldest, datetime):
        # Data of which nobody knows the age are not shown as if they were of today.
        raise SourceInvalid(Reason.UNREADABLE)
    return (oldest if oldest.tzinfo else oldest.replace(tzinfo=HELSINKI)).astimezone(UTC)


def _named(view: str, database: DatabaseSettings) -> sa.TableClause:
    schema = _quoted(database.db_schema) if database.db_schema else None
    return sa.table(_quoted(view), schema=schema)


def _quoted(name: str) -> quoted_name:
    # INVARIANT: a name of the settings is always between quotation marks, whatever is in it.
    return quoted_name(name, quote=True)


# --- the connection -------------------------------------------------------------------------------------------


def _engine(database: DatabaseSettings, password: str | None) -> sa.Engine:
    seconds = math.ceil(database.read_seconds)
    statement = int(1000 * (database.statement_seconds or database.read_seconds))
    # INVARIANT: nothing can be written. Each transaction says so itself; the session does too, should one not.
    options = {
        "default_transaction_read_only": "on",
        "statement_timeout": statement,
        "lock_timeout": statement,
        "idle_in_transaction_session_timeout": 1000 * seconds,
        "datestyle": "ISO",
    }
    verified = {"sslmode": "verify-full", "sslrootcert": database.root_certificates}
    engine = sa.create_engine(
        database.address.set(password=password),
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        pool_size=database.connections,
        max_overflow=0,
        pool_timeout=database.read_seconds,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            **(verified if database.root_certificates else {"sslmode": "prefer"}),
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "application_name": "hoks-gateway",
            "connect_timeout": seconds,
            # A machine that vanished is noticed, and its thread set free.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )
    sa.event.listen(engine, "connect", _read_what_python_cannot_hold)
    return engine


def _read_what_python_cannot_hold(connection: Any, _: object) -> None:
    """A date such as ``infinity`` costs its own cell, not the whole answer: it comes as the text that it is."""
    for kind, loader in (("date", _Date), ("timestamp", _Timestamp), ("timestamptz", _Timestamptz)):
        connection.adapters.register_loader(kind, loader)


class _Date(DateLoader):
    def load(self, data: Buffer) -> Any:
        return _or_text(super().load, data)


class _Timestamp(TimestampLoader):
    def load(self, data: Buffer) -> Any:
        return _or_text(super().load, data)


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Buffer) -> Any:
        return _or_text(super().load, data)


def _or_text(load: Any, data: Buffer) -> Any:
    try:
        return load(data)
    except psycopg.DataError:
        return bytes(data).decode()


# --- what went wrong ------------------------------------------------------------------------------------------


_FAILURES: tuple[tuple[str, type[SourceUnavailable | SourceDenied | SourceInvalid], Reason], ...] = (
    ("57014", SourceUnavailable, Reason.TIMEOUT),
    ("55P03", SourceUnavailable, Reason.TIMEOUT),
    ("28", SourceDenied, Reason.LOGIN),
    ("42501", SourceDenied, Reason.STATUS),
    ("25006", SourceInvalid, Reason.MISMATCH),  # a view that writes
    ("42", SourceInvalid, Reason.MISMATCH),
    ("22", SourceInvalid, Reason.UNREADABLE),
)
"""By the beginning of the SQLSTATE; whatever is not here is a server that does not answer."""


def _failure(error: exc.SQLAlchemyError) -> SourceFailure:
    """What a fault of the database comes to. Its own text is not kept: it may hold an address or a row."""
    if isinstance(error, exc.TimeoutError):
        return SourceUnavailable(Reason.TIMEOUT)
    original = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", None) or ""
    for beginning, failure, reason in _FAILURES:
        if state.startswith(beginning):
            return failure(reason)
    # The server's word comes without its state when it lets nobody in.
    if not state and "authentication failed" in str(original):
        return SourceDenied(Reason.LOGIN)
    if isinstance(original, psycopg.DataError):
        return SourceInvalid(Reason.UNREADABLE)
    return SourceUnavailable(Reason.CONNECT)

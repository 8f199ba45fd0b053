"""What every answer waits for, said to the database's driver as it stands: that spares most of what it would cost."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

AT_ONCE = 32
"""Rows that one statement inserts: each statement lets the other threads go first."""


def said(connection: Connection, statement: str, values: Sequence[Any] = ()) -> Any:
    """The driver's cursor over what it answers, in the transaction. Raises ``DBAPIError``, as any other way would."""
    try:
        # SQLAlchemy knows nothing of a driver; both of ours, sqlite3 and psycopg, have `execute`.
        driver: Any = connection.connection.driver_connection
        return driver.execute(statement, values)
    except connection.dialect.loaded_dbapi.Error as fault:
        # Neither statement nor values: they are nobody's to read in an error.
        raise DBAPIError.instance(None, None, fault, connection.dialect.loaded_dbapi.Error) from None


def insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, in the order of the table's columns."""
    for at in range(0, len(rows), AT_ONCE):
        some = rows[at : at + AT_ONCE]
        said(connection, _inserting(table, connection.dialect, len(some)), [*chain.from_iterable(some)])


@cache
def _inserting(table: Table, dialect: Dialect, rows: int) -> str:
    quoted = dialect.identifier_preparer
    columns = ", ".join(quoted.format_column(column) for column in table.columns)
    row = f"({', '.join([mark(dialect)] * len(table.columns))})"
    return f"INSERT INTO {quoted.format_table(table)} ({columns}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - our own names alone


def mark(dialect: Dialect) -> str:
    """What stands for a value."""
    return "?" if dialect.paramstyle == "qmark" else "%s"

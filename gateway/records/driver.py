"""What every answer waits for, said to the database's driver as it stands: that spares most of what it would cost."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

AT_ONCE = 32
"""Rows that one statement inserts."""


class Columns(NamedTuple):
    """A table and its columns, in the order in which rows are inserted."""

    table: str
    names: tuple[str, ...]


class Driver:
    """A connection of a database's driver, in a transaction. Raises whatever the driver does."""

    def __init__(self, connection: Any, mark: str) -> None:
        """Both of our drivers, sqlite3 and psycopg, have ``execute``; ``mark`` is what stands for a value."""
        self._connection = connection
        self._mark = mark
        self.is_shared = mark == "%s"
        """Whether it is a server, where rows are locked one by one."""

    def say(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The cursor over what a statement comes to; ``?`` stands for a value."""
        return self._connection.execute(_marked(statement, self._mark), values)

    def insert(self, columns: Columns, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows."""
        for at in range(0, len(rows), AT_ONCE):
            some = rows[at : at + AT_ONCE]
            self.say(_inserting(columns, len(some)), [*chain.from_iterable(some)])


@cache
def _marked(statement: str, mark: str) -> str:
    return statement.replace("?", mark)


@cache
def _inserting(columns: Columns, rows: int) -> str:
    row = f"({', '.join('?' * len(columns.names))})"
    return f"INSERT INTO {columns.table} ({', '.join(columns.names)}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - our own names alone

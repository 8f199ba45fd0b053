"""The log as the store's own jobs write it, and its records found again by the person they are about."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from gateway.records.chain import Sealed, opened
from gateway.records.driver import Driver
from gateway.records.stream import Entry, Stream
from gateway.records.tables import LOG, SUBJECT


class Log:
    """One stream of the log, inside the transactions of a store."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._stream = Stream(stream)

    def append(self, connection: Connection, entries: Sequence[Entry], at: int) -> tuple[Sealed, ...]:
        """Append to the stream; ``at`` in milliseconds since 1970, and at least the last record's."""
        return self._stream.append(_Beneath(connection), entries, at)

    def latest(self, connection: Connection) -> int:
        """The moment of the stream's last record; 0 before the first."""
        return self._stream.head(_Beneath(connection)).at


class _Beneath(Driver):
    """The driver beneath a connection of SQLAlchemy. Raises ``DBAPIError``, as any other way to the database would."""

    def __init__(self, connection: Connection) -> None:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        super().__init__(connection.connection.driver_connection, mark)
        self._error = connection.dialect.loaded_dbapi.Error

    def say(self, statement: str, values: Sequence[Any] = ()) -> Any:
        try:
            return super().say(statement, values)
        except self._error as fault:
            # Neither statement nor values: they are nobody's to read in an error.
            raise DBAPIError.instance(None, None, fault, self._error) from None


def bodies_of(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Everything recorded of a person that has not been erased, oldest first."""
    rows = connection.execute(
        select(LOG.c.body)
        .join(SUBJECT, (SUBJECT.c.stream == LOG.c.stream) & (SUBJECT.c.seq == LOG.c.seq))
        .where(SUBJECT.c.subject == subject, LOG.c.body.is_not(None))
        .order_by(LOG.c.at, LOG.c.stream, LOG.c.seq)
    )
    return [opened(row.body) for row in rows]

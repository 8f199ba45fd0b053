"""A provider's database on a real server: tables of rows, views over them, and a reader who may only look."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from connectors.table import TableSettings, TableSource
from hoks.outcomes import Answer
from hoks.ports import Clock
from tests.connectors.table.drops import Files, FixedClock, described
from tests.postgres import PostgresServer

READER, PASSWORD = "reader", "s3cret-of-the-reader"
SCHEMA = "gateway"


class ProvidersDatabase:
    """One provider's database; what is done here is done by its owner."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name
        with self.owner() as owner:
            owner.execute(f"DO $$ BEGIN CREATE ROLE {READER} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
            owner.execute(f"ALTER ROLE {READER} PASSWORD '{PASSWORD}'")
            owner.execute(f"CREATE SCHEMA {SCHEMA}")
            owner.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {READER}")
            owner.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT SELECT ON TABLES TO {READER}")

    def owner(self) -> AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]:
        """A connection of the owner."""
        return self.server.connect(self.name)

    def run(self, *statements: str) -> None:
        """Run statements as the owner."""
        with self.owner() as owner:
            for statement in statements:
                owner.execute(statement.encode())

    def fill(self, name: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Make a table of columns with their types, and a view of it; a column that a row leaves out is null."""
        table, view = sql.Identifier(SCHEMA, f"{name} "), sql.Identifier(SCHEMA, name)
        defined = sql.SQL(", ").join(sql.SQL("{} ").format(sql.Identifier(c)) + sql.SQL(t) for c, t in columns.items())
        with self.owner() as owner:
            owner.execute(sql.SQL("CREATE TABLE {} ({})").format(table, defined))
            owner.execute(sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(view, table))
            with owner.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                for row in rows:
                    copy.write_row([row.get(column) for column in columns])

    def fill_from(self, settings: TableSettings, files: Files) -> None:
        """Every view of the settings, all columns texts, with the rows of a drop; an empty cell is null."""
        for table in settings.tables.values():
            rows = [{name: cell or None for name, cell in row.items()} for row in files.get(f"{table.view}.csv", ())]
            self.fill(table.view, dict.fromkeys(table.columns.values(), "text"), rows)

    def settings(self, said: Mapping[str, Any], **changed: Any) -> TableSettings:
        """The settings of a provider as if its files were views of this database."""
        tables = {
            name: {"view": table["file"].removesuffix(".csv"), "columns": table["columns"]}
            for name, table in said["tables"].items()
        }
        address = {"url": self.server.address(self.name, READER), "schema": SCHEMA}
        kept = {key: value for key, value in said.items() if key not in ("folder", "manifest")}
        return msgspec.convert(kept | {"tables": tables, "database": address | changed}, TableSettings)

    def filled(self, which: str, files: Files, **changed: Any) -> TableSettings:
        """The settings of B or C over the rows of a drop."""
        settings = self.settings(described(which), **changed)
        self.fill_from(settings, files)
        return settings


def source_over(settings: TableSettings, clock: Clock | None = None, password: str = PASSWORD) -> TableSource:
    """The connector, as its reader."""
    return TableSource(settings, clock or FixedClock(), password)


def unordered(value: Any) -> Any:
    """A record whose parts stand in no order, as a database's rows do not; its texts keep theirs.

    Of an answer nothing is said of when it was read: drops and views are read at different times.
    """
    match value:
        case Answer():
            return {"outcome": value.outcome, "value": unordered(value.value)}
        case msgspec.Struct():
            return {name: unordered(getattr(value, name)) for name in value.__struct_fields__}
        case tuple() if any(isinstance(each, msgspec.Struct) for each in value):
            return sorted((unordered(each) for each in value), key=repr)
        case _:
            return value

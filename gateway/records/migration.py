"""Brings a store's tables to the form that this version needs, or back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from gateway.records.store import StoreBroken

_SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate up to a revision; of several instances that start at once, one. Raises ``StoreBroken``."""
    if connection.dialect.name == "postgresql":
        for statement in _ALONE_AND_FOR_AS_LONG_AS_IT_TAKES:
            connection.exec_driver_sql(statement)
    try:
        command.upgrade(_config(connection), revision)
    except CommandError:
        raise StoreBroken("they are of a later version of the gateway") from None


_ALONE_AND_FOR_AS_LONG_AS_IT_TAKES = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SELECT pg_advisory_xact_lock(hashtext('hoks-gateway records'))",
)


def downgrade(connection: Connection, revision: str) -> None:
    """Migrate down to a revision; ``base`` is before the first one."""
    command.downgrade(_config(connection), revision)


def is_current(connection: Connection) -> bool:
    """Whether the tables have the form that this version needs."""
    heads = ScriptDirectory(str(_SCRIPTS)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config

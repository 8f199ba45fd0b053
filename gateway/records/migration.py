"""Brings a store's tables to the form that this version needs, or back."""

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from gateway.records.faults import StoreBroken

_SCRIPTS = Path(__file__).with_name("migrations")
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32)))

# Alembic is imported where something is to be migrated: a gateway that serves is done with it, or never needs it.


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate up to a revision; of several instances that start at once, one. Raises ``StoreBroken``."""
    if connection.dialect.name == "postgresql":
        for statement in _ALONE_AND_FOR_AS_LONG_AS_IT_TAKES:
            connection.exec_driver_sql(statement)
    from alembic import command
    from alembic.util import CommandError

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
    from alembic import command

    command.downgrade(_config(connection), revision)


def is_current(connection: Connection) -> bool:
    """Whether the tables have the form that this version needs."""
    if not inspect(connection).has_table(_VERSION.name):
        return False
    return connection.execute(select(_VERSION.c.version_num)).scalars().all() == [latest()]


@cache
def latest() -> str:
    """The revision that this version needs: that of the last script, whose names begin with theirs."""
    return max(script.name for script in (_SCRIPTS / "versions").glob("*.py")).partition("_")[0]


def _config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config

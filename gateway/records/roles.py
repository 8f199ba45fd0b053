"""What each role of a PostgreSQL database may do to the tables: the gateway adds to the log, and cannot change it.

The tables belong to a role of their own, which nobody but the operator uses: to bring them up to date and to grant.
"""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection, text

from gateway.records import migration
from gateway.records.tables import METADATA

SELECT, INSERT, UPDATE, DELETE = "SELECT", "INSERT", "UPDATE", "DELETE"

GATEWAY: Mapping[str, tuple[str, ...]] = {
    "log": (SELECT, INSERT),
    "log_subject": (SELECT, INSERT),
    "anchor": (SELECT, INSERT, "UPDATE (handed_out_at)"),
    "consent": (SELECT, INSERT, "UPDATE (recipient, withdrawn_at, version)"),
    "consent_use": (SELECT, INSERT),
    "share": (SELECT, INSERT, UPDATE),
    "appointment": (SELECT, INSERT, UPDATE),
    "failed_code": (SELECT, INSERT, DELETE),
    "embed_token": (SELECT, INSERT, DELETE, "UPDATE (revoked_at)"),
    "alembic_version": (SELECT,),
}
"""The role with which the gateway serves. It changes no record, and deletes only counted tries and embed tokens that
are over."""

ERASURE: Mapping[str, tuple[str, ...]] = {
    "log": (SELECT, INSERT, "UPDATE (salt, body)"),
    "log_subject": (SELECT, INSERT, DELETE),
    "anchor": (SELECT, INSERT, "UPDATE (handed_out_at)"),
    "consent": (SELECT, DELETE, "UPDATE (version)"),
    "consent_use": (SELECT, DELETE),
    "share": (SELECT, DELETE),
    "appointment": (SELECT, DELETE, "UPDATE (version)"),
    "failed_code": (SELECT, DELETE),
    "embed_token": (SELECT, DELETE),
    "alembic_version": (SELECT,),
}
"""The role that erases what its time is over. What a record's hash covers it cannot change either.

It may update a version only because PostgreSQL asks that of whoever locks a row.
"""


class RoleRefused(Exception):
    """A role that cannot be given its rights as they are meant; the text is one line for the operator."""


def prepare(connection: Connection, gateway: str, erasure: str | None = None) -> None:
    """Bring the tables up to date as their owner, and grant the roles their rights and no others.

    In the caller's transaction, and again is no fault. Raises ``RoleRefused``.
    """
    migration.upgrade(connection)
    for role, rights in ((gateway, GATEWAY), (erasure, ERASURE)):
        if role is not None:
            _refuse_mighty(connection, role)
            for statement in _granted(role, rights):
                connection.execute(text(statement))


def may_change_the_log(connection: Connection) -> bool:
    """Whether the role of this connection could change or delete what the log holds. Always so in a file."""
    if connection.dialect.name != "postgresql":
        return True
    asked = text("SELECT has_any_column_privilege('log', 'UPDATE') OR has_table_privilege('log', 'DELETE, TRUNCATE')")
    return bool(connection.execute(asked).scalar_one())


def _refuse_mighty(connection: Connection, role: str) -> None:
    """A role that owns the tables, or is a member of whoever does, may do everything whatever it is granted."""
    asked = text("SELECT rolsuper OR pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = :role")
    mighty = connection.execute(asked, {"role": role}).scalar()
    if mighty is None:
        raise RoleRefused(
            f"role `{role}`: expected a role that exists; make it with CREATE ROLE ... LOGIN PASSWORD ..."
        )
    if mighty:
        raise RoleRefused(f"role `{role}`: expected one that is neither a superuser nor a member of the tables' owner")


def _granted(role: str, rights: Mapping[str, Iterable[str]]) -> Iterator[str]:
    quoted = '"' + role.replace('"', '""') + '"'
    yield f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {quoted}"
    yield f"GRANT USAGE ON SCHEMA public TO {quoted}"
    for table in (*(each.name for each in METADATA.sorted_tables), "alembic_version"):
        yield f"REVOKE ALL ON TABLE {table} FROM PUBLIC, {quoted}"
    for table, allowed in rights.items():
        yield f"GRANT {', '.join(allowed)} ON TABLE {table} TO {quoted}"

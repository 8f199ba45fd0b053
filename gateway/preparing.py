"""Prepares the database of the records as its owner, for the role with which a gateway's settings say it serves."""

from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from connectors.network import SettingsRefusedError, secret
from gateway.records.faults import StoreBroken
from gateway.records.roles import RoleRefused, prepare
from gateway.records.store import postgresql
from gateway.settings import SettingsError
from gateway.settings_file import load


async def prepared(config: Path, owner: str, password_file: Path, erasure: str | None) -> str:
    """Bring the tables up to date and grant; the role that was granted. Raises ``SettingsError`` with one line."""
    database = load(config).records.database
    if database is None:
        raise SettingsError(f"{config}: key `records.database`: expected a database; a file has nothing to prepare")
    role = make_url(database).username
    if role is None:
        raise SettingsError(f"{config}: key `records.database`: expected the role of the gateway before the `@`")
    try:
        password = secret(password_file)
        store = postgresql(make_url(database).set(username=owner, password=password))
        try:
            await store.write(partial(prepare, gateway=role, erasure=erasure))
        finally:
            await store.aclose()
    except (SettingsRefusedError, RoleRefused, StoreBroken) as fault:
        raise SettingsError(f"{config}: records: {fault}") from None
    return role

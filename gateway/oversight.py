"""What an operator does with what is kept, at the command line: reads the log about somebody, erases what is over.

Beside a running gateway, in a stream of the log of its own, so that neither waits for the other's place in a chain.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import make_url

from connectors.network import SettingsRefusedError, secret
from gateway.clock import clock_of
from gateway.records import migration
from gateway.records.faults import StoreBroken
from gateway.records.inspection import Enquiry, Inspection
from gateway.records.keeping import Keeping, RecordsSettings, open_records
from gateway.serving import UserError
from gateway.settings import SettingsError
from gateway.settings_file import load
from hoks.ports import Clock

T = TypeVar("T")
OPERATORS = ".operator"
"""What is appended to the name of the instance's stream."""


async def read_log(config: Path, enquiry: Enquiry) -> list[str]:
    """The records about a person as lines of JSON. Raises ``UserError``."""

    async def reading(keeping: Keeping, clock: Clock) -> list[str]:
        told = await Inspection(keeping.store, keeping.log, clock).read(enquiry)
        return [json.dumps(each, ensure_ascii=False) for each in told]

    return await _with_records(config, reading)


async def erase_what_is_over(config: Path, role: str | None = None, password_file: Path | None = None) -> str:
    """What was erased, in one line; of a database as the ``role`` that may. Raises ``UserError``."""

    async def erasing(keeping: Keeping, _: Clock) -> str:
        bodies, consents, appointments = await keeping.retention.run()
        return f"erased: {bodies} bodies of records, {consents} consents, {appointments} appointments"

    return await _with_records(config, erasing, role, password_file)


async def _with_records(
    config: Path,
    work: Callable[[Keeping, Clock], Awaitable[T]],
    role: str | None = None,
    password_file: Path | None = None,
) -> T:
    """Do some work on the records of a settings file, and anchor at once what it has recorded."""
    try:
        settings = load(config)
        clock = clock_of(settings.fixed_day)
        async with _opened(_as_role(settings.records, role, password_file), clock) as keeping:
            done = await work(keeping, clock)
            await keeping.anchor(at_once=True)
            return done
    except (SettingsError, SettingsRefusedError, ValueError) as refused:
        raise UserError(f"{config}: {refused}" if str(config) not in str(refused) else str(refused)) from None
    except (StoreBroken, OSError) as broken:
        raise UserError(f"{config}: the records could not be read or written: {broken}") from None


def _as_role(records: RecordsSettings, role: str | None, password_file: Path | None) -> RecordsSettings:
    if role is None:
        return records
    if records.database is None:
        raise SettingsError("`--role` is for a database; a file has no roles")
    url = make_url(records.database).set(username=role)
    return msgspec.structs.replace(records, database=url.render_as_string(), password_file=password_file)


@asynccontextmanager
async def _opened(records: RecordsSettings, clock: Clock) -> AsyncIterator[Keeping]:
    if records.store_path is not None and not records.store_path.is_file():
        raise SettingsError("there are no records yet: the gateway makes them when it starts")
    own = msgspec.structs.replace(records, stream=records.stream + OPERATORS)
    password = secret(records.password_file) if records.password_file is not None else None
    keeping = open_records(own, clock, password)
    try:
        if not await keeping.store.read(migration.is_current):
            raise SettingsError("the records have another form than this version's: start the gateway once")
        yield keeping
    finally:
        await keeping.aclose()

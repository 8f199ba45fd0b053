"""Everything that is kept, put together from the settings: store, log, what is given and made, gate, and the task that
tends it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Meta
from sqlalchemy import make_url

from gateway.records import migration
from gateway.records.anchors import Anchor, Anchors, FileSink, Sink
from gateway.records.appointments import CODE_DAYS, Appointments
from gateway.records.consents import Consents
from gateway.records.dictation import Beginning, in_thread
from gateway.records.embeds import Embeds
from gateway.records.export import Exports
from gateway.records.faults import StoreBroken
from gateway.records.gate import Gate
from gateway.records.log import Log
from gateway.records.looks import Looks
from gateway.records.retention import Kept, Retention
from gateway.records.roles import may_change_the_log
from gateway.records.shares import Shares
from gateway.records.store import Store, postgresql, sqlite
from hoks.ports import Clock
from hoks.relations import Consent

LOOK_SECONDS = 5.0
"""How often it is looked whether an anchor is due."""
GRACE_SECONDS = 24 * 3600
"""For how long answers are given while anchors cannot be kept outside."""

log = logging.getLogger(__name__)


class RecordsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the log and the consents are kept, and how its state is proven outside."""

    anchor_key_file: Path
    """The Ed25519 key (PEM) that signs the anchors."""
    store_path: Path | None = None
    """One file on this machine (SQLite); or else ``database`` and ``password_file``."""
    database: str | None = None
    """A PostgreSQL database, without a password: ``postgresql+psycopg://user@host/name``."""
    password_file: Path | None = None
    stream: Annotated[str, Meta(min_length=1, max_length=48)] = "main"
    """The name of this instance's stream; of several instances on one database each has its own."""
    anchors_path: Path | None = None
    """A file to which anchors are appended, on another host or a medium that is written once."""
    keep: Kept = Kept()
    """For how many years what is kept."""
    erase_daily: bool = False
    """Whether the service erases by itself, each day, what its time is over; else ``records retain`` does."""
    appointment_code_days: Annotated[int, Meta(ge=1, le=90)] = CODE_DAYS
    """For how many days the one-time code of an appointment can be used."""

    def __post_init__(self) -> None:
        if (self.store_path is None) == (self.database is None):
            raise ValueError("records: expected either `store_path` or `database`")
        if (self.database is None) != (self.password_file is None):
            raise ValueError("records: `database` and `password_file` go together")


class Keeping:
    """What the gateway remembers, open; closed with ``aclose``."""

    def __init__(
        self,
        store: Store,
        stream: str,
        key: Ed25519PrivateKey,
        sink: Sink | None,
        clock: Clock,
        *,
        seconds: Callable[[], float] = time.monotonic,
        code_days: int = CODE_DAYS,
        kept: Kept | None = None,
        erase_daily: bool = False,
    ) -> None:
        self.store = store
        self.log = Log(stream)
        self.consents = Consents(store, self.log, clock)
        self.shares = Shares(store, self.log, clock)
        self.appointments = Appointments(store, self.log, clock, code_days=code_days)
        self.embeds = Embeds(store, self.log, clock)
        self.gate = Gate(store, self.log, clock)
        self.looks = Looks(store)
        self.retention = Retention(store, self.log, clock, kept or Kept())
        self._erase_daily = erase_daily
        self._erased_on: date | None = None
        self.exports = Exports(store, key, clock)
        self._anchors = Anchors(stream, key)
        self._sink = sink
        self._clock = clock
        self._seconds = seconds
        self._kept_back_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Bring the tables up to date, where they are not. Raises ``StoreBroken`` with one line for the operator."""
        if not await self.store.read(migration.is_current):
            try:
                await self.store.write(migration.upgrade)
            except StoreBroken as fault:
                raise StoreBroken(
                    f"the tables are not up to date and could not be brought so ({fault}):"
                    " of a database their owner does it with `hoks-gateway records prepare`"
                ) from None
        if not await self.store.is_writable():
            raise StoreBroken("cannot be written")
        await self.gate.start()

    async def start(self, consents: Iterable[Consent] = ()) -> None:
        """Bring the tables up to date, keep the sandbox's own consents, and tend it. Raises ``StoreBroken``."""
        await self.prepare()
        if self.store.engine.dialect.name == "postgresql" and await self.store.read(may_change_the_log):
            log.warning("the role of the records' database may change the log: see docs/records.md")
        await self.consents.keep(consents)
        await self._anchor_if_possible()
        self._task = asyncio.create_task(self._tend())

    async def is_ready(self) -> bool:
        """Whether answers can be recorded: tried, where none just was."""
        with suppress(StoreBroken):
            is_current = await self.store.read(migration.is_current)
            is_well = is_current and self.gate.is_well
            return is_well and await self.store.is_writable() and await self.gate.is_writable()
        return False

    async def anchor(self, *, at_once: bool = False) -> None:
        """Make the anchors that are due, and hand outside what waits. Raises ``StoreBroken`` and ``OSError``."""
        now = int(self._clock.now().timestamp() * 1000)
        while (due := await self.store.read(partial(self._anchors.due, at=now, at_once=at_once))) is not None:
            await self.store.write(partial(self._anchors.keep, anchor=due))
        if self._sink is None:
            return
        waiting = await self.store.read(self._anchors.waiting)
        for anchor in waiting:
            try:
                await asyncio.to_thread(self._sink.keep, anchor)
            except OSError:
                self.gate.is_closed = self._is_kept_back_too_long(anchor, now)
                raise
            self._kept_back_since = None
            await self.store.write(partial(self._anchors.handed_out, anchor=anchor, at=now))
        self.gate.is_closed = False

    def _is_kept_back_too_long(self, anchor: Anchor, now: int) -> bool:
        """By the clock, which a restart does not forget, or by the time that has passed, which nobody can set back."""
        if self._kept_back_since is None:
            self._kept_back_since = self._seconds()
        by_clock = now - anchor.at > GRACE_SECONDS * 1000
        return by_clock or self._seconds() - self._kept_back_since > GRACE_SECONDS

    async def erase(self) -> None:
        """Erase what its time is over, once a day, where the settings ask for it. Raises ``StoreBroken``."""
        today = self._clock.today()
        if not self._erase_daily or self._erased_on == today:
            return
        erased = await self.retention.run()
        self._erased_on = today
        log.info("erased: %d bodies of records, %d consents, %d appointments", *erased)

    async def aclose(self) -> None:
        """Stop anchoring, write what waits, close."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.store.aclose()

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._anchor_if_possible()
            try:
                await self.erase()
            except StoreBroken as fault:
                log.error("what its time is over could not be erased (%s)", fault)

    async def _anchor_if_possible(self) -> None:
        try:
            await self.anchor()
        except (StoreBroken, OSError) as fault:
            log.error("the log's anchors could not be made or kept outside (%s)", type(fault).__name__)


def _signing_key(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("key `records.anchor_key_file`: expected an Ed25519 private key (PEM) without a password")
    return key


def open_records(
    settings: RecordsSettings, clock: Clock, password: str | None = None, scribe: Beginning = in_thread
) -> Keeping:
    """What the settings name. Raises ``StoreBroken`` and ``ValueError`` where it cannot be opened."""
    key = _signing_key(settings.anchor_key_file)
    if settings.store_path is not None:
        store = sqlite(settings.store_path, scribe=scribe)
    else:
        store = postgresql(make_url(settings.database or "").set(password=password), scribe=scribe)
    sink = FileSink(settings.anchors_path) if settings.anchors_path is not None else None
    return Keeping(
        store,
        settings.stream,
        key,
        sink,
        clock,
        code_days=settings.appointment_code_days,
        kept=settings.keep,
        erase_daily=settings.erase_daily,
    )

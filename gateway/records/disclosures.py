"""What an answer tells, as records of the log: who, in which role, of whom, which items, on which ground; no values.

Who looked, and which request it was, stand apart: the person whose data they are is shown everything else.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from io import StringIO
from typing import NamedTuple, Protocol

import msgspec

from gateway.records.chain import SALT_BYTES, written
from gateway.records.releases import Disclosure
from hoks.access.reports import ReportGround
from hoks.access.rules import Ground, Policy
from hoks.caller import Caller
from hoks.disclosing import PURPOSES, Told
from hoks.items import Item

FORM = 1
"""The version of the form of a record's body."""
MOST_COMBINATIONS = 1024
"""Of rules, and of items, of which it is remembered how the log says them."""
_PERSON_SOURCE = "onr"


class Recording(Protocol):
    """The gate, as the recorder needs it."""

    async def release(self, disclosures: Sequence[Disclosure]) -> None:
        """Record everything, durably, or nothing. Raises ``GroundChanged`` and ``StoreBroken``."""
        ...


class _Shown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What of a record's body its person is shown.

    INVARIANT: the fields stand in the order of their names and hold no float, so that it is encoded in the canonical
    form (``chain.canonical``) as it stands.
    """

    acting_org: str | None
    appointments: list[str]
    as_of: datetime | None
    consents: list[str]
    discloser: str | None
    embed: str | msgspec.UnsetType
    """The embed token by which it was asked for, where it was."""
    event: str
    fetched_at: datetime | None
    grounds: tuple[str, ...]
    items: tuple[str, ...]
    laws: tuple[str, ...]
    plan: str | None
    policy: str
    provider: str | None
    purpose: str
    role: str
    rules: tuple[str, ...]
    source: str
    stale: bool
    subject: str
    v: int


class _Apart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What stands apart; in the order of names, as above."""

    nonce: str
    op: str
    request: str
    viewer: str


class _Asker(NamedTuple):
    """What all records of an answer say alike."""

    role: str
    organisation: str | None
    purpose: str
    embed: str | msgspec.UnsetType


class _Basis(NamedTuple):
    """Rules in words of the log."""

    rules: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()


class Recorder:
    """Lets an answer go once what it tells is recorded."""

    def __init__(self, gate: Recording, policy: Policy) -> None:
        self._gate = gate
        self._policy = policy.sha256
        self._grounds: dict[str, Ground | ReportGround] = {rule.id: rule.ground for rule in policy.rules}
        self._grounds |= {report.id: report.ground for report in policy.reports}
        self._basis = lru_cache(MOST_COMBINATIONS)(self._basis_of)

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """Record what is told to a caller. Raises ``GroundChanged`` and ``StoreBroken``: then nothing may leave."""
        told = [*told]
        asker = _Asker(
            role=caller.role.value,
            organisation=caller.organisation,
            purpose=PURPOSES[caller.role],
            embed=caller.embedding.id if caller.embedding is not None else msgspec.UNSET,
        )
        request, op = secrets.token_hex(16), hashlib.sha256(operation.encode()).hexdigest()
        nonces = StringIO(secrets.token_hex(SALT_BYTES * len(told)))
        disclosures = []
        for each in told:
            apart = _Apart(viewer=caller.subject, request=request, op=op, nonce=nonces.read(2 * SALT_BYTES))
            disclosures.append(
                Disclosure(
                    subject=each.subject,
                    body=written(_encoded(self._shown(asker, each)), _encoded(apart)),
                    consents=each.origin.consents if each.origin is not None else frozenset(),
                    appointments=each.origin.appointments if each.origin is not None else frozenset(),
                )
            )
        await self._gate.release(disclosures)

    def _shown(self, asker: _Asker, told: Told) -> _Shown:
        origin = told.origin
        rules, grounds, laws = self._basis(origin.rules) if origin is not None else _Basis()
        return _Shown(
            v=FORM,
            event="disclosed",
            role=asker.role,
            acting_org=asker.organisation,
            subject=told.subject,
            plan=told.right,
            source=origin.source if origin is not None else _PERSON_SOURCE,
            provider=origin.provider if origin is not None else None,
            discloser=origin.discloser if origin is not None else None,
            embed=asker.embed,
            items=_sorted(told.items),
            rules=rules,
            grounds=grounds,
            laws=laws,
            consents=sorted(origin.consents) if origin is not None else [],
            appointments=sorted(origin.appointments) if origin is not None else [],
            purpose=asker.purpose,
            policy=self._policy,
            as_of=origin.as_of if origin is not None else None,
            fetched_at=origin.fetched_at if origin is not None else None,
            stale=origin is not None and origin.stale,
        )

    def _basis_of(self, rules: tuple[str, ...]) -> _Basis:
        grounds = [self._grounds[rule] for rule in rules]
        return _Basis(
            tuple(sorted({*rules})),
            tuple(sorted({code for ground in grounds for code in ground.code.split()})),
            tuple(sorted({ground.law for ground in grounds})),
        )


_encoded = msgspec.json.Encoder().encode


@lru_cache(MOST_COMBINATIONS)
def _sorted(items: frozenset[Item]) -> tuple[str, ...]:
    return tuple(sorted(item.value for item in items))

"""What an answer tells, as records of the log: who, in which role, of whom, which items, on which ground; no values.

Who looked, and which request it was, stand apart: the person whose data they are is shown everything else.
"""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from gateway.records.chain import APART
from gateway.records.gate import Disclosure, Gate
from hoks.access.reports import ReportGround
from hoks.access.rules import Ground, Policy
from hoks.caller import Caller
from hoks.disclosing import PURPOSES, Told

FORM = 1
"""The version of the form of a record's body."""
_PERSON_SOURCE = "onr"


class Recorder:
    """Lets an answer go once what it tells is recorded."""

    def __init__(self, gate: Gate, policy: Policy) -> None:
        self._gate = gate
        self._policy = policy.sha256
        self._grounds: dict[str, Ground | ReportGround] = {rule.id: rule.ground for rule in policy.rules}
        self._grounds |= {report.id: report.ground for report in policy.reports}

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """Record what is told to a caller. Raises ``GroundChanged`` and ``StoreBroken``: then nothing may leave."""
        request, hashed = secrets.token_hex(16), hashlib.sha256(operation.encode()).hexdigest()
        await self._gate.release(
            [
                Disclosure(
                    subject=each.subject,
                    body={
                        **self._body(caller, each),
                        APART: {"viewer": caller.subject, "request": request, "op": hashed},
                    },
                    consents=each.origin.consents if each.origin is not None else frozenset(),
                    appointments=each.origin.appointments if each.origin is not None else frozenset(),
                )
                for each in told
            ]
        )

    def _body(self, caller: Caller, told: Told) -> dict[str, Any]:
        origin = told.origin
        rules = sorted(set(origin.rules)) if origin is not None else []
        return {
            "v": FORM,
            "event": "disclosed",
            "role": caller.role.value,
            "acting_org": caller.organisation,
            "subject": told.subject,
            "plan": told.right,
            "source": origin.source if origin is not None else _PERSON_SOURCE,
            "provider": origin.provider if origin is not None else None,
            "discloser": origin.discloser if origin is not None else None,
            "items": sorted(item.value for item in told.items),
            "rules": rules,
            "grounds": sorted({code for rule in rules for code in self._grounds[rule].code.split()}),
            "laws": sorted({self._grounds[rule].law for rule in rules}),
            "consents": sorted(origin.consents) if origin is not None else [],
            "appointments": sorted(origin.appointments) if origin is not None else [],
            **({"embed": caller.embedding.id} if caller.embedding is not None else {}),
            "purpose": PURPOSES[caller.role],
            "policy": self._policy,
            "as_of": _moment(origin.as_of if origin is not None else None),
            "fetched_at": _moment(origin.fetched_at if origin is not None else None),
            "stale": origin is not None and origin.stale,
        }


def _moment(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None

"""The gateway with one piece out of work, for measuring what the piece costs: ``python -m bench.bare PIECE serve …``.

The application is the real one, composed by ``create_app``, to which one piece is handed in a permissive form. No
setting does that, and nothing outside this room can.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, cast

import jwt
import msgspec

import gateway.app
import hoks.looking
import hoks.showing
from gateway.cli import main
from gateway.records.disclosures import Recorder
from gateway.records.gate import Gate
from gateway.records.releases import Disclosure
from hoks.access.decide import Grant, decide
from hoks.caller import Caller, HeldRole, Role
from hoks.disclosing import Told
from hoks.identifiers import PersonOid


class Anybody:
    """Takes every caller for the learner that the token claims to be."""

    async def identify(self, authorization: str | None, _: str | None) -> Caller:
        """The caller that is claimed."""
        student = HeldRole(Role.STUDENT)
        return Caller(subject=_claimed(authorization or ""), acting=student, held=(student,))


@cache
def _claimed(authorization: str) -> PersonOid:
    """The subject of a token, unverified."""
    claims = jwt.decode(authorization.partition(" ")[2], options={"verify_signature": False})
    return PersonOid(str(claims["sub"]))


class NoGate:
    """Lets every answer go."""

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """Nothing."""


class NoLog:
    """Keeps nothing of what is told."""

    async def release(self, disclosures: Sequence[Disclosure]) -> None:
        """Nothing."""


def without_authentication() -> None:
    """No token is verified."""
    _endpoint_with(callers=Anybody())


def without_access() -> None:
    """One decision stands for all, and nothing is redacted."""
    decided: list[Grant] = []

    def once(policy: Any, role: Any, situation: Any, right: Any) -> Grant:
        if not decided:
            grant = decide(policy, role, situation, right)
            if not grant.anything:
                return grant
            decided.append(grant)
        return msgspec.structs.replace(decided[0], right=right.oid)

    _put(hoks.looking, "decide", once)
    _put(hoks.showing, "redact", lambda record, *_: record)


def without_gate() -> None:
    """Nothing is looked at again, made into records or written."""
    _endpoint_with(gate=NoGate())


def without_log() -> None:
    """Records are made as ever and not written."""
    _put(gateway.app, "Recorder", lambda _, policy: Recorder(cast(Gate, NoLog()), policy))


def without_any() -> None:
    """Nothing of all that."""
    without_authentication()
    without_access()
    without_gate()


_OFF: Mapping[str, Callable[[], None]] = {
    "authentication": without_authentication,
    "access": without_access,
    "gate": without_gate,
    "log": without_log,
    "any": without_any,
}


def _endpoint_with(**pieces: object) -> None:
    """The endpoint, whatever it is by now, with these pieces in the place of its own."""
    endpoint = cast(Callable[..., object], vars(gateway.app)["GraphQLEndpoint"])
    _put(gateway.app, "GraphQLEndpoint", lambda **given: endpoint(**{**given, **pieces}))


def _put(module: ModuleType, name: str, value: object) -> None:
    """Put something in the place of what must be there: a piece that was moved is not off unnoticed."""
    assert name in vars(module), f"{module.__name__}.{name} is no more"
    vars(module)[name] = value


if __name__ == "__main__":
    _OFF[sys.argv.pop(1)]()
    sys.exit(main())

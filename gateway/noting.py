"""What is noted of one request for whoever runs the gateway: kinds, codes and times, and nothing of anybody's data.

Any code of a request may add to the note; outside a request there is one that nobody reads.
"""

import random
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar

from gateway.errors import Code
from hoks.waiting import Waits

CLOCK = time.perf_counter
"""Not the event loop's: that one stands still between its rounds."""
ANSWERED = "OK"
"""Stands where a request has no code of an error."""


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
OTHER_METHOD = "_OTHER"
"""OpenTelemetry's word for a method that nobody knows."""


class Note:
    """One request. INVARIANT: every value is one of a closed list, a number, or made here; nothing is what was sent."""

    __slots__ = (
        *("began", "bytes", "code", "id", "is_trusted", "kind", "method", "name", "own_seconds", "parent", "role"),
        *("route", "seconds", "source_seconds", "status", "waits"),
    )

    def __init__(self, route: str = "", began: float = 0.0, *, method: str = "POST", parent: str | None = None) -> None:
        self.id = f"{random.getrandbits(64):016x}"
        self.method = method if method in METHODS else OTHER_METHOD
        self.route = route
        """The path as the gateway knows it, never as it was sent."""
        self.began = began
        """By ``CLOCK`` (seconds)."""
        self.seconds = 0.0
        """How long it took."""
        self.own_seconds = 0.0
        """For how long the gateway itself worked: what was left while nobody was waited for."""
        self.source_seconds: Mapping[str, float] = {}
        """For how long each source was waited for."""
        self.status = 500
        self.bytes = 0
        """Of the answer's body."""
        self.kind: str | None = None
        """The kind of operation: query or mutation."""
        self.is_trusted = False
        """Whether the document is of a client's manifest."""
        self.name: str | None = None
        """The name of the operation, of a trusted document alone: any other's may be whatever its caller likes."""
        self.role: str | None = None
        """The acting role."""
        self.code = ANSWERED
        """The code of the first error."""
        self.waits = Waits(CLOCK)
        self.parent = parent
        """The trace context of whoever stands before the gateway, where it is believed."""

    def end(self, now: float) -> None:
        """Work out what took how long."""
        self.seconds = now - self.began
        waited, self.source_seconds = self.waits.split()
        self.own_seconds = max(0.0, self.seconds - waited)


NOTE: ContextVar[Note | None] = ContextVar("note", default=None)


def noted() -> Note:
    """The note of the request that this code works for."""
    note = NOTE.get()
    return Note() if note is None else note


def code_of(content: Mapping[str, object]) -> str:
    """The code of the first error of an answer, in the one shape of errors."""
    errors = content.get("errors")
    for each in errors if isinstance(errors, Iterable) else ():
        match each:
            case {"extensions": {"code": str(code)}} if code in _CODES:
                return code
        return Code.INTERNAL.value
    return ANSWERED


_CODES = frozenset(code.value for code in Code)

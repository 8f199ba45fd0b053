"""Around everything that is served: each request gets an id, is timed, and is told to those who count and log.

A request that nobody counts or logs pays for a note and its id alone.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from gateway.noting import CLOCK, NOTE, Note
from hoks.waiting import WAITS

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Told = Callable[[Note], None]

ELSEWHERE = "elsewhere"
"""The route of every path that is none of ours."""
_TRACEPARENT = b"traceparent"
_CLOSE = (b"connection", b"close")


class Observing:
    """The layer, as an ASGI application around another."""

    def __init__(
        self,
        app: App,
        *,
        routes: Sequence[str],
        told: Sequence[Told],
        is_stopping: Callable[[], bool] = lambda: False,
        believed: Sequence[str] = (),
    ) -> None:
        """``told`` hear of each request when it is over; ``believed`` are addresses whose trace context is taken."""
        self._app = app
        self._routes = frozenset(routes)
        self._named = [(each.partition("{")[0], each) for each in routes if "{" in each]
        self._told = told
        self._is_stopping = is_stopping
        self._believed = frozenset(believed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        route = path if path in self._routes else self._route(path)
        note = Note(route, CLOCK(), method=scope["method"], parent=self._parent(scope))

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                note.status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", note.id.encode())]
                # Whoever keeps the connection is told to come back by another one, to an instance that stays.
                message["headers"] = [*headers, _CLOSE] if self._is_stopping() else headers
            else:
                note.bytes += len(message.get("body", b""))
            await send(message)

        mine, waits = NOTE.set(note), WAITS.set(note.waits)
        try:
            await self._app(scope, receive, sent)
        finally:
            NOTE.reset(mine)
            WAITS.reset(waits)
            if self._told:
                note.end(CLOCK())
                for tell in self._told:
                    tell(note)

    def _route(self, path: str) -> str:
        """The route of a path that names something, never with the name."""
        return next((route for begins, route in self._named if path.startswith(begins)), ELSEWHERE)

    def _parent(self, scope: Scope) -> str | None:
        """The trace context that was sent, from an address that is believed; who uses it checks what it says."""
        if not self._believed or (scope.get("client") or ("",))[0] not in self._believed:
            return None
        sent = [value for name, value in scope["headers"] if name == _TRACEPARENT]
        return sent[0].decode("latin-1") if len(sent) == 1 else None

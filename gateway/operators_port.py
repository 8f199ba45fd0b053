"""``/metrics`` and ``/ready`` in full, for operators: a port of this machine alone, answered by a thread of its own.

So it answers while the event loop stands still, and says that it does.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import TimeoutError as TooLate
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec
from prometheus_client import CollectorRegistry, make_wsgi_app

from gateway.readiness import Told

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 1.0
"""For how long the event loop is waited for, before it is said to stand still."""
_STILL = Told("the event loop stands still", False, {})


class OperatorsPort:
    """The port while it is open."""

    def __init__(
        self,
        port: int,
        registry: CollectorRegistry,
        readiness: Callable[[], Coroutine[Any, Any, Told]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Open it. Raises ``OSError`` where it is taken. ``readiness`` is asked in ``loop``."""
        self._metrics: WSGIApplication = make_wsgi_app(registry)
        self._readiness = readiness
        self._loop = loop
        self._server = _Server((LOOPBACK, port), _Silent)
        self._server.set_app(self._answer)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="operators", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "GET", "/metrics":
                return self._metrics(environ, start_response)
            case "GET", "/ready":
                told = self._told()
                status = "200 OK" if told.is_ready else "503 Service Unavailable"
                start_response(status, [("content-type", "application/json"), ("cache-control", "no-store")])
                return [msgspec.json.encode(told)]
        start_response("404 Not Found", [])
        return []

    def _told(self) -> Told:
        asked = asyncio.run_coroutine_threadsafe(self._readiness(), self._loop)
        try:
            return asked.result(PATIENCE_SECONDS)
        except TooLate:
            asked.cancel()
            return _STILL


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """As it is, without a look for the name of this machine, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]
        self.setup_environ()


class _Silent(WSGIRequestHandler):
    timeout = 5

    def log_message(self, *_: object) -> None:
        """Nothing: who reads figures every few seconds leaves no line."""

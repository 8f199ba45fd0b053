"""Serves a gateway on one address until it is told to stop, and stops in order."""

import asyncio
import logging
import math
import signal
import socket
from collections.abc import Coroutine
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

from gateway.memory import give_back_large_blocks

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10.0

log = logging.getLogger("gateway.serving")

# What a gateway is made of is imported inside the functions: other commands need none of it and should start at once.


class UserError(Exception):
    """Something that the user can mend; the text is one line."""


async def served(config: Path) -> int:
    """Serve the gateway of a settings file until a signal; the exit code."""
    from gateway.logs import say_no_texts_of_exceptions, write_logs

    app, host, port = app_of(config)
    write_logs(logging.INFO, app.state.settings.log.form)
    say_no_texts_of_exceptions()
    try:
        await _refuse_misfits(app, config)
        with listener_on(host, port) as listener:
            log.info("serving http://%s:%d/graphql", host, port)
            server = server_of(app)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            stop = stop_signal()
            stopping = asyncio.create_task(stop.wait())
            await first_of(serving, stopping)
            if stopping.done():
                await drained(app, stop)
            return await ended(server, serving, stopping)
    finally:
        # Where it never came to serving, nobody else does.
        await app.state.aclose()


async def _refuse_misfits(app: Any, config: Path) -> None:
    from connectors.catalogue import SettingsRefusedError

    try:
        await app.state.refuse_misfits()
    except SettingsRefusedError as refused:
        raise UserError(f"{config}: {refused}") from None


async def drained(app: Any, stop: asyncio.Event) -> None:
    """Go on serving, unready, until who sends requests has seen it, or until we are told once more to stop."""
    stop.clear()
    log.info("stopping: not ready from now on")
    await app.state.readiness.stop_after(app.state.settings.server.drain_seconds, stop)


async def first_of(*tasks: asyncio.Task[Any]) -> None:
    """Wait until one of the tasks has ended."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def ended(server: Any, serving: asyncio.Task[None], stopping: asyncio.Task[Any]) -> int:
    """Stop serving in order; 0 where we were told to stop, 1 where the server ended by itself."""
    told = stopping.done()
    server.should_exit = True
    await serving
    stopping.cancel()
    return 0 if told else 1


def app_of(config: Path) -> tuple[Any, str, int]:
    """The application of a settings file, with the address that the file gives it."""
    from gateway.clock import clock_of
    from gateway.settings import SettingsError
    from gateway.settings_file import load

    try:
        settings = load(config)
        from gateway.app import create_app  # after the settings: it loads everything, and they may be wrong

        return create_app(settings, clock_of(settings.fixed_day)), settings.server.host, settings.server.port
    except SettingsError as refused:
        text = " ".join(str(refused).split())
        raise UserError(text if text.startswith(str(config)) else f"{config}: {text}") from None


def server_of(app: Any) -> Any:
    """A server for the application."""
    import uvicorn

    class Server(uvicorn.Server):
        """A server that leaves signals to the command that runs it."""

        def capture_signals(self) -> Any:
            return nullcontext()

    return Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=math.ceil(app.state.settings.server.stop_seconds),
        )
    )


def listener_on(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ``UserError`` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # A bound port that nobody listens on may be bound again by another process.
        listener.listen()
    except OSError as fault:
        listener.close()
        raise UserError(f"cannot listen on {host}:{port} ({fault.strerror}): choose another port") from None
    return listener


def in_event_loop(work: Coroutine[Any, Any, T]) -> T:
    """What the work comes to, in an event loop of its own."""
    import uvloop

    give_back_large_blocks()
    return uvloop.run(work)


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop

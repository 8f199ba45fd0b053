"""Serves a gateway on one address until it is told to stop, and stops in order; by itself, or with several workers."""

import asyncio
import gc
import logging
import math
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.memory import give_back_large_blocks
from gateway.starter import READY, tell

if TYPE_CHECKING:
    from gateway.hearsay import Hearsay
    from gateway.settings import Instance, Settings
    from gateway.workers import Post

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10.0
KEEP_SECONDS = 60
"""How long a connection is kept on which nobody asks."""
KILL_SECONDS = 5.0
"""After what a worker may take to stop, so much longer it is waited for."""

COLLECTING = 5_000, 20, 100
"""How many more objects there must be for the collector to look at the young, how often that for the middle-aged, and
so on: what lives long is documents and kept plans, and a look at all of it holds every answer up."""

log = logging.getLogger("gateway.serving")

# What a gateway is made of is imported inside the functions: other commands need none of it and should start at once.


class UserError(Exception):
    """Something that the user can mend; the text is one line."""


def serve(config: Path, workers: int | None = None, own: "Instance | None" = None) -> int:
    """Serve the gateway of a settings file until a signal, with as many workers as it says; the exit code.

    ``own`` is what this one of several instances has for itself.
    """
    from gateway.logs import write_logs

    settings = _settings(config)
    settings = settings.of_instance(own) if own is not None else settings
    write_logs(logging.INFO, settings.log.form)
    number = workers or settings.server.workers
    return in_event_loop(served(config, settings)) if number == 1 else _served_by(number, config, settings)


async def served(config: Path, settings: "Settings | None" = None) -> int:
    """Serve in this process until a signal; the exit code."""
    app = _app(config, settings or _settings(config))
    try:
        await _refuse_misfits(app, config)
        with _listener(app.state.settings) as listener:
            return await _until_stopped(app, server_of(app, partial(tell, READY)), listener, stop_signal())
    finally:
        # Where it never came to serving, nobody else does.
        await app.state.aclose()


def _served_by(number: int, config: Path, settings: "Settings") -> int:
    # What every worker is made of is there before the first begins: they share it, and whoever replaces one is quick.
    import uvicorn  # noqa: F401
    import uvloop  # noqa: F401

    import gateway.app  # noqa: F401
    from gateway.hearsay import among
    from gateway.workers import Workers

    with _listener(settings) as listener, among(number) as hearsay:

        def work(post: "Post") -> int:
            own = settings.of_worker(post.number)
            return in_event_loop(_worked(config, own, listener, post, hearsay[post.number - 1]))

        gc.collect()
        gc.freeze()
        server = settings.server
        return Workers(work, number, stop_seconds=server.drain_seconds + server.stop_seconds + KILL_SECONDS).run()


async def _worked(config: Path, settings: "Settings", listener: socket.socket, post: "Post", hearsay: "Hearsay") -> int:
    """Be one of several workers until a signal, or until nobody keeps them any more; the exit code."""
    app = _app(config, settings, hearsay)

    def serving() -> None:
        post.serving()
        tell(READY)

    try:
        await _refuse_misfits(app, config)
        stop = stop_signal()
        asyncio.get_running_loop().add_reader(post.orphaned, stop.set)
        return await _until_stopped(app, server_of(app, serving), listener, stop)
    finally:
        await app.state.aclose()


async def _until_stopped(app: Any, server: Any, listener: socket.socket, stop: asyncio.Event) -> int:
    from gateway.logs import say_no_texts_of_exceptions

    say_no_texts_of_exceptions()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await first_of(serving, stopping)
    if stopping.done():
        await drained(app, stop)
    return await ended(server, serving, stopping)


def _listener(settings: "Settings") -> socket.socket:
    host, port = settings.server.host, settings.server.port
    listener = listener_on(host, port)
    log.info("serving http://%s:%d/graphql", host, port)
    return listener


async def _refuse_misfits(app: Any, config: Path) -> None:
    from connectors.network import SettingsRefusedError

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
    settings = _settings(config)
    return _app(config, settings), settings.server.host, settings.server.port


def _settings(config: Path) -> "Settings":
    from gateway.settings import SettingsError
    from gateway.settings_file import load

    try:
        return load(config)
    except SettingsError as refused:
        raise _mistake(config, refused) from None


def _app(config: Path, settings: "Settings", hearsay: "Hearsay | None" = None) -> Any:
    from gateway.clock import clock_of
    from gateway.settings import SettingsError

    try:
        from gateway.app import create_app  # after the settings: it loads everything, and they may be wrong
        from gateway.records.dictation import fitting

        return create_app(settings, clock_of(settings.fixed_day), hearsay=hearsay, scribe=fitting())
    except SettingsError as refused:
        raise _mistake(config, refused) from None


def _mistake(config: Path, refused: Exception) -> UserError:
    text = " ".join(str(refused).split())
    return UserError(text if text.startswith(str(config)) else f"{config}: {text}")


def server_of(app: Any, serving: Callable[[], None] = lambda: None) -> Any:
    """A server for the application, which calls ``serving`` once it serves."""
    import uvicorn

    class Server(uvicorn.Server):
        """A server that leaves signals to the command that runs it."""

        def capture_signals(self) -> Any:
            return nullcontext()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # What the start has made stays: the collector need not look through it again and again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*COLLECTING)
            serving()

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
            # Longer than whoever stands before us keeps a connection: it must not ask by one that we are just closing.
            timeout_keep_alive=KEEP_SECONDS,
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

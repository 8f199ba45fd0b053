"""Starts the whole sandbox in one event loop, on loopback only, and stops it cleanly."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from . import ehoks
from .amosaa import amosaa_app
from .campus import campus_app
from .cas import Cas
from .dialects import DIALECTS
from .drop import write_drop
from .ehoks import ehoks_app
from .eperusteet import eperusteet_app
from .faults import Board, Droppable, Faulty
from .issuer import issuer_app
from .koodisto import koodisto_app
from .koski import koski_app
from .oneroster import roster_app, roster_rows
from .registries import onr_app, organisation_app
from .settings import HOST, ROSTER_CLIENT, SERVERS, USERNAME, secrets_in, url
from .world import World, build_world


def lay_out(folder: Path, world: World | None = None) -> World:
    """Put the secrets and the drops in the folder: what the gateway reads before any server runs."""
    world = world or build_world()
    secrets_in(folder)
    for letter in DIALECTS:
        write_drop(world, letter, folder / letter.lower())
    return world


async def serve(
    port: int,
    folder: Path,
    *,
    stop: asyncio.Event | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve the sandbox beside the gateway's ``port`` until ``stop`` is set or the task is cancelled.

    ``ready`` is called once, when every server answers. ``OSError`` when a port is taken.
    """
    # All ports or none, and before a file is touched that another sandbox on these ports is serving.
    sockets = _bind(port)
    try:
        world = lay_out(folder)
    except BaseException:
        for bound in sockets:
            bound.close()
        raise
    servers = [_Quiet(_config(app)) for app in apps(port, folder, world)]
    running = [
        asyncio.create_task(server.serve(sockets=[bound])) for server, bound in zip(servers, sockets, strict=True)
    ]
    try:
        await _started(servers, running)
        if ready is not None:
            ready()
        await _first_end(running, stop or asyncio.Event())
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running, return_exceptions=True)


def apps(port: int, folder: Path, world: World) -> tuple[Starlette, ...]:
    """The applications in the order of their ports."""
    secrets = secrets_in(folder)
    board = Board()
    issuer = issuer_app(url(port, "issuer"), pages=[f"http://{HOST}:{port}", f"http://localhost:{port}"])
    issuer.routes.extend(board.routes())
    sources = {
        "a-ehoks": ehoks_app(world, Cas(USERNAME, secrets.ehoks_password), url(port, "eHOKS") + ehoks.SERVICE_PATH),
        "a-koski": koski_app(world, USERNAME, secrets.koski_password),
        "onr": onr_app(world),
        "organisaatio": organisation_app(),
        "d-campus": campus_app(world, secrets.campus_secret),
        "c-roster": roster_app(roster_rows(world), ROSTER_CLIENT, secrets.roster_secret),
        "koodisto": koodisto_app(),
        "eperusteet": eperusteet_app(),
        "amosaa": amosaa_app(),
    }
    for source, app in sources.items():
        app.add_middleware(Faulty, board=board, source=source)
    return (issuer, *sources.values())


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Droppable,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
    )


def _bind(port: int) -> list[socket.socket]:
    bound: list[socket.socket] = []
    for place, name in enumerate(SERVERS, start=1):
        # Named as TCP: only then does asyncio send each write at once, and not when the last one is acknowledged.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port + place))
            # A bound port that nobody listens on may be bound again by another process.
            listener.listen()
        except OSError as fault:
            for opened in bound:
                opened.close()
            need = f"the sandbox's {name} needs {HOST}:{port + place}"
            raise OSError(fault.errno, f"{need} ({fault.strerror}): choose another port") from fault
    return bound


async def _started(servers: list[_Quiet], running: list[asyncio.Task[None]]) -> None:
    while not all(server.started for server in servers):
        if ended := [task for task in running if task.done()]:
            await ended[0]
            raise RuntimeError("a sandbox server ended before it had started")
        await asyncio.sleep(0.01)


async def _first_end(running: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    for task in running:
        if task.done():
            # A server that broke down takes the sandbox with it, aloud.
            task.result()

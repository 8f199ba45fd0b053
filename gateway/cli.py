"""The command ``hoks-gateway``: run it with a sandbox, serve it, check its settings, print its schema, get a token.

Exit codes: 0 done, 1 something unexpected, 2 the user can mend it, said in one line.
"""

import argparse
import asyncio
import http.client
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import nullcontext, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from gateway.sandbox_faults import FaultRefusedError, add_fault_command, told_of_faults

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
READY_SECONDS = 15.0
STOP_SECONDS = 10.0
LAST_PORT = 65_535 - 5
"""The sandbox takes the five ports after the gateway's."""

log = logging.getLogger("gateway.cli")

# The modules of the gateway are imported inside the commands: `token` needs none of them and should start at once.


class UserError(Exception):
    """Something that the user can mend; the text is one line."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = chosen.command
    try:
        return command(chosen)
    except UserError as mistake:
        print(f"hoks-gateway: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hoks-gateway", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="start the sandbox and a gateway in front of it")
    _add_port(run)
    run.set_defaults(command=_run)

    serve = commands.add_parser("serve", help="start the gateway with a settings file")
    serve.add_argument("--config", type=Path, required=True, metavar="FILE", help="the settings (TOML)")
    serve.set_defaults(command=_serve)

    sandbox = commands.add_parser("sandbox", help="start the sandbox alone and write settings for it")
    _add_port(sandbox)
    sandbox.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    sandbox.set_defaults(command=_sandbox)
    add_fault_command(sandbox, _port, _sandbox_fault)

    token = commands.add_parser("token", help="print a token of a persona of the running sandbox")
    token.add_argument("persona", help="for example staff-a or student-1")
    _add_port(token)
    token.set_defaults(command=_token)

    schema = commands.add_parser("schema", help="print the GraphQL schema")
    schema.set_defaults(command=_schema)

    explain = commands.add_parser("explain", help="print the access rules, or why somebody sees what they see")
    explain.add_argument("--as", dest="role", metavar="ROLE", help="only the rules of one role, for example instructor")
    explain.add_argument("--persona", help="of the running sandbox: explain what this persona sees of --student")
    explain.add_argument("--student", metavar="OID", help="the student to explain")
    _add_port(explain)
    explain.set_defaults(command=_explain)

    check = commands.add_parser("check-config", help="load a settings file, the rules and the schema, and say OK")
    check.add_argument("config", type=Path, metavar="FILE", help="the settings (TOML)")
    check.set_defaults(command=_check_config)
    return parser


def _add_port(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("PORT") or "8080"
    text = "port of the gateway, the sandbox takes the five after it (default: PORT or 8080)"
    parser.add_argument("--port", type=_port, default=default, help=text)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 1 to {LAST_PORT}")


def _version() -> str:
    try:
        return version("hoks-gateway")
    except PackageNotFoundError:
        return "unknown (not installed)"


# --- commands


def _schema(_: argparse.Namespace) -> int:
    from resolvers.schema import build, sdl

    print(sdl(build()), end="")
    return 0


def _explain(chosen: argparse.Namespace) -> int:
    from gateway.explain import explain_rules, explain_student
    from gateway.settings import SettingsError

    try:
        if chosen.persona is None and chosen.student is None:
            print(explain_rules(chosen.role), end="")
            return 0
        if chosen.persona is None or chosen.student is None:
            raise UserError("`--persona` and `--student` go together")
        token = _token_of(chosen.persona, chosen.port)
        config = _folder(chosen.port) / "gateway.toml"
        print("\n".join(_in_event_loop(explain_student(config, token, chosen.student, chosen.role))))
        return 0
    except SettingsError as refused:
        raise UserError(str(refused)) from None


def _check_config(chosen: argparse.Namespace) -> int:
    from gateway.explain import check_sources
    from gateway.settings import SettingsError

    _app(chosen.config)
    try:
        _in_event_loop(check_sources(chosen.config))
    except SettingsError as refused:
        raise UserError(f"{chosen.config}: {refused}") from None
    print("OK")
    return 0


def _token(chosen: argparse.Namespace) -> int:
    print(_token_of(chosen.persona, chosen.port))
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    _log(logging.INFO)
    return _in_event_loop(_served(chosen.config))


def _sandbox(chosen: argparse.Namespace) -> int:
    _log(logging.WARNING)
    return _in_event_loop(_sandboxed(chosen.port, until_stdin_closes=chosen.until_stdin_closes))


def _sandbox_fault(chosen: argparse.Namespace) -> int:
    try:
        print(told_of_faults(chosen, _asked))
    except FaultRefusedError as refused:
        raise UserError(str(refused)) from None
    return 0


def _run(chosen: argparse.Namespace) -> int:
    _log(logging.WARNING)
    return _in_event_loop(_ran(chosen.port))


# --- serving


async def _served(config: Path) -> int:
    app, host, port = _app(config)
    with _listener(host, port) as listener:
        log.info("serving http://%s:%d/graphql", host, port)
        server = _server(app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        stopping = asyncio.create_task(_stop_signal().wait())
        await _first_of(serving, stopping)
        return await _ended(server, serving, stopping)


async def _sandboxed(port: int, *, until_stdin_closes: bool) -> int:
    from sandbox import server, settings

    folder = _folder(port)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "gateway.toml"
    stop = _stop_signal()

    def ready() -> None:
        config.write_text(settings.settings_text(port, folder))
        _say(f"sandbox ready, settings in {config}")

    if until_stdin_closes:
        _stop_when_stdin_closes(stop)
    try:
        await server.serve(port, folder, stop=stop, ready=ready)
    except OSError as fault:
        raise UserError(fault.strerror or "a port of the sandbox is taken") from None
    return 0


async def _ran(port: int) -> int:
    stop = _stop_signal()
    with _listener(LOOPBACK, port) as listener:
        sandbox = await _start_sandbox(port)
        sandbox_ended = asyncio.create_task(sandbox.wait())
        stopping = asyncio.create_task(stop.wait())
        try:
            if not await _first_line(sandbox, stopping):
                return 0 if stop.is_set() else await sandbox_ended or 1
            app, _, _ = _app(_folder(port) / "gateway.toml")
            server = _server(app)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            welcoming = asyncio.create_task(_welcome(port))
            await _first_of(serving, stopping, sandbox_ended, welcoming)
            if welcoming.done() and welcoming.exception() is None:
                _say(welcoming.result())
                await _first_of(serving, stopping, sandbox_ended)
            if sandbox_ended.done():
                print("hoks-gateway: the sandbox ended, so the gateway stops", file=sys.stderr)
            code = await _ended(server, serving, stopping)
            welcoming.cancel()
            with suppress(asyncio.CancelledError):
                await welcoming
            return code
        finally:
            stopping.cancel()
            await _stop_sandbox(sandbox, sandbox_ended)


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def _start_sandbox(port: int) -> asyncio.subprocess.Process:
    # Its own session: Ctrl-C reaches only us, and we stop it in order. The pipe ends it should we be killed.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway.cli", "sandbox", "--port", str(port), "--until-stdin-closes"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _first_line(sandbox: asyncio.subprocess.Process, stopping: asyncio.Task[Any]) -> bytes:
    """What the sandbox says when it is ready; nothing where it ended, or we were told to stop, before that."""
    assert sandbox.stdout is not None
    reading = asyncio.create_task(sandbox.stdout.readline())
    await _first_of(reading, stopping)
    return await reading if reading.done() else b""


async def _stop_sandbox(sandbox: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    with suppress(ProcessLookupError):
        sandbox.terminate()
    await asyncio.wait([ended], timeout=STOP_SECONDS)
    if not ended.done():
        sandbox.kill()
        await ended


async def _ended(server: Any, serving: asyncio.Task[None], stopping: asyncio.Task[Any]) -> int:
    """Stop serving in order; 0 where we were told to stop, 1 where the server ended by itself."""
    told = stopping.done()
    server.should_exit = True
    await serving
    stopping.cancel()
    return 0 if told else 1


def _app(config: Path) -> tuple[Any, str, int]:
    """The application of a settings file, with the address that the file gives it."""
    from gateway.clock import clock_of
    from gateway.settings import SettingsError, load

    try:
        settings = load(config)
        from gateway.app import create_app  # after the settings: it loads everything, and they may be wrong

        return create_app(settings, clock_of(settings.fixed_day)), settings.server.host, settings.server.port
    except SettingsError as refused:
        text = " ".join(str(refused).split())
        raise UserError(text if text.startswith(str(config)) else f"{config}: {text}") from None


def _server(app: Any) -> Any:
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
            timeout_graceful_shutdown=int(STOP_SECONDS),
        )
    )


def _listener(host: str, port: int) -> socket.socket:
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


def _in_event_loop(work: Coroutine[Any, Any, T]) -> T:
    import uvloop

    return uvloop.run(work)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _stop_when_stdin_closes(stop: asyncio.Event) -> None:
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def look() -> None:
        if not os.read(stdin, 1024):
            loop.remove_reader(stdin)
            stop.set()

    loop.add_reader(stdin, look)


def _folder(port: int) -> Path:
    return Path("var") / f"sandbox-{port}"


def _log(level: int) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)


def _say(text: str) -> None:
    print(text, flush=True)


# --- what a newcomer sees

EXAMPLE = """{
  procured: student(oid: "PERSON_1") { ...both }
  concurrent: student(oid: "PERSON_7") { ...both }
}
fragment both on Student {
  oid
  name
  studyRights { oid state provider { oid } }
  hoksit { studyRightOid firstApprovedOn updatedAt provider { oid } plannedVocationalUnits { unit { uri } } }
}"""


async def _welcome(port: int) -> str:
    """A command to try, the addresses and the cast, once the gateway is ready."""
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    while not await asyncio.to_thread(_is_ready, port):
        if asyncio.get_running_loop().time() > deadline:
            raise UserError(f"the gateway was not ready within {READY_SECONDS:.0f} seconds")
        await asyncio.sleep(0.05)
    token = await asyncio.to_thread(_token_of, "staff-a", port)
    return "\n".join((_curl(port, token), "", *_addresses(port), "", *_cast()))


def _curl(port: int, token: str) -> str:
    from sandbox.cast import person_oid

    query = " ".join(EXAMPLE.replace("PERSON_1", person_oid(1)).replace("PERSON_7", person_oid(7)).split())
    # JSON escapes whatever could end the quotes of the shell but an apostrophe, and the query has none.
    return (
        f"curl -s http://{LOOPBACK}:{port}/graphql -H 'Authorization: Bearer {token}'"
        f" -H 'Content-Type: application/json' -d '{json.dumps({'query': query})}'"
    )


def _addresses(port: int) -> list[str]:
    from sandbox.settings import SERVERS, url

    servers = [f"  {name:<13} {url(port, name)}" for name in SERVERS]
    return ["Addresses", f"  {'gateway':<13} http://{LOOPBACK}:{port}/graphql", *servers]


def _cast() -> list[str]:
    from sandbox.cast import cast

    told = [f"  {each.persona:<15} {each.title} - {each.shows}" for each in cast()]
    return [f"Cast (a token of anyone: {sys.argv[0]} token PERSONA)", *told, "", "Ctrl-C stops everything."]


# --- talking to what runs


def _is_ready(port: int) -> bool:
    try:
        return _asked(port, "GET", "/ready")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def _token_of(persona: str, port: int) -> str:
    unreachable = f"no sandbox answers on {LOOPBACK}:{port + 1}: start one with `hoks-gateway run --port {port}`"
    try:
        status, body = _asked(port + 1, "POST", "/token", {"persona": persona})
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        raise UserError(unreachable) from None
    match status, answer:
        case 200, {"access_token": str(token)}:
            return token
        case 404, {"personas": list(personas)}:
            raise UserError(f"unknown persona; expected one of: {', '.join(map(str, personas))}")
        case _:
            raise UserError(unreachable)


def _asked(port: int, method: str, path: str, content: object = None) -> tuple[int, bytes]:
    # Not urllib: that would follow the proxy settings of the environment, even to loopback.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())

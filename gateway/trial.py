"""The sandbox beside a gateway to try it with: its process, a first command to try, and tokens of its cast."""

import asyncio
import http.client
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.serving import (
    LOOPBACK,
    STOP_SECONDS,
    UserError,
    app_of,
    ended,
    first_of,
    listener_on,
    server_of,
    stop_signal,
)

READY_SECONDS = 15.0
LAST_PORT = 65_535 - 10
"""The sandbox takes the ten ports after the gateway's."""


async def ran(port: int) -> int:
    """Start the sandbox and a gateway in front of it, and say what to try; the exit code."""
    stop = stop_signal()
    with listener_on(LOOPBACK, port) as listener:
        sandbox = await _start_sandbox(port)
        sandbox_ended = asyncio.create_task(sandbox.wait())
        stopping = asyncio.create_task(stop.wait())
        try:
            if not await _first_line(sandbox, stopping):
                return 0 if stop.is_set() else await sandbox_ended or 1
            app, _, _ = app_of(folder_of(port) / "gateway.toml")
            server = server_of(app)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            welcoming = asyncio.create_task(_welcome(port))
            await first_of(serving, stopping, sandbox_ended, welcoming)
            if welcoming.done() and welcoming.exception() is None:
                _say(welcoming.result())
                await first_of(serving, stopping, sandbox_ended)
            if sandbox_ended.done():
                print("hoks-gateway: the sandbox ended, so the gateway stops", file=sys.stderr)
            code = await ended(server, serving, stopping)
            welcoming.cancel()
            with suppress(asyncio.CancelledError):
                await welcoming
            return code
        finally:
            stopping.cancel()
            await _stop_sandbox(sandbox, sandbox_ended)


async def sandboxed(port: int, *, until_stdin_closes: bool, records: tuple[str, Path] | None = None) -> int:
    """Serve the sandbox alone beside ``port`` and write settings for a gateway there; the exit code.

    ``records`` are the database for the gateway's records and the file of its password, in place of a file.
    """
    from sandbox import server, settings

    folder = folder_of(port)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "gateway.toml"
    stop = stop_signal()

    def ready() -> None:
        config.write_text(settings.settings_text(port, folder, records))
        _say(f"sandbox ready, settings in {config}")

    if until_stdin_closes:
        _stop_when_stdin_closes(stop)
    try:
        await server.serve(port, folder, stop=stop, ready=ready)
    except OSError as fault:
        raise UserError(fault.strerror or "a port of the sandbox is taken") from None
    return 0


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
    await first_of(reading, stopping)
    return await reading if reading.done() else b""


async def _stop_sandbox(sandbox: asyncio.subprocess.Process, gone: asyncio.Task[int]) -> None:
    with suppress(ProcessLookupError):
        sandbox.terminate()
    await asyncio.wait([gone], timeout=STOP_SECONDS)
    if not gone.done():
        sandbox.kill()
        await gone


def _stop_when_stdin_closes(stop: asyncio.Event) -> None:
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def look() -> None:
        if not os.read(stdin, 1024):
            loop.remove_reader(stdin)
            stop.set()

    loop.add_reader(stdin, look)


def folder_of(port: int) -> Path:
    """Where the sandbox beside a port keeps its files."""
    return Path("var") / f"sandbox-{port}"


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
    token = await asyncio.to_thread(token_of, "staff-a", port)
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
    from gateway.graphiql import is_laid_out
    from sandbox.settings import SERVERS, url

    servers = [f"  {name:<13} {url(port, name)}" for name in SERVERS]
    own = {
        "gateway": "graphql",
        "view": "view",
        **({"GraphiQL": "graphiql"} if is_laid_out(folder_of(port).parent / "graphiql") else {}),
    }
    return ["Addresses", *(f"  {name:<13} http://{LOOPBACK}:{port}/{path}" for name, path in own.items()), *servers]


def _cast() -> list[str]:
    from sandbox.cast import cast

    told = [f"  {each.persona:<15} {each.title} - {each.shows}" for each in cast()]
    return [f"Cast (a token of anyone: {sys.argv[0]} token PERSONA)", *told, "", "Ctrl-C stops everything."]


# --- talking to what runs


def _is_ready(port: int) -> bool:
    try:
        return asked(port, "GET", "/ready")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def token_of(persona: str, port: int, client: str | None = None) -> str:
    """A token of a persona of the running sandbox, issued to a client if one is named. Raises ``UserError``."""
    unreachable = f"no sandbox answers on {LOOPBACK}:{port + 1}: start one with `hoks-gateway run --port {port}`"
    try:
        wanted = {"persona": persona} if client is None else {"persona": persona, "client": client}
        status, body = asked(port + 1, "POST", "/token", wanted)
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


def asked(port: int, method: str, path: str, content: object = None) -> tuple[int, bytes]:
    """Send a request to a port of this machine; the answer's status and body."""
    # Not urllib: that would follow the proxy settings of the environment, even to loopback.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()

"""``hoks-gateway sandbox fault``: lets a source of the running sandbox fail, to watch what the gateway then tells."""

import argparse
import http.client
import json
from collections.abc import Callable
from typing import Any

Asked = Callable[[int, str, str, object], tuple[int, bytes]]
"""Sends a request to a port of this machine: method, path and JSON; gives status and body."""


class FaultRefusedError(Exception):
    """The sandbox cannot do that, or there is none; the text is one line."""


def add_fault_command(
    sandbox: argparse.ArgumentParser, port: Callable[[str], int], command: Callable[[argparse.Namespace], int]
) -> None:
    """Add ``fault`` under ``sandbox``, which keeps its own meaning where nothing follows."""
    fault = sandbox.add_subparsers(metavar="[fault]").add_parser(
        "fault", help="let a source of the running sandbox fail, or heal it"
    )
    fault.add_argument("source", nargs="?", help="for example a-ehoks or onr")
    fault.add_argument("kind", nargs="?", help="for example slow or 503; none heals")
    fault.add_argument("--list", action="store_true", dest="everything", help="print every source and its faults")
    # Without a default of its own: the one of `sandbox` holds, and so does a port that was given there.
    fault.add_argument(
        "--port", type=port, default=argparse.SUPPRESS, help="port of the gateway (default: PORT or 8080)"
    )
    fault.set_defaults(command=command)


def told_of_faults(chosen: argparse.Namespace, asked: Asked) -> str:
    """Carry out the command; what to print. Raises ``FaultRefusedError``."""
    issuer = chosen.port + 1
    if chosen.source is None or chosen.everything:
        states = _answer(asked, issuer, "GET", "/faults", None)
        return "\n".join(line for source, state in states.items() for line in _lines(source, state))
    if chosen.kind is None:
        raise FaultRefusedError("say which fault, or `none` to heal; `sandbox fault --list` prints them all")
    state = _answer(asked, issuer, "PUT", f"/faults/{chosen.source}", {"fault": chosen.kind})
    name = state["fault"]
    return f"{chosen.source} {state['kinds'][name]}" if name in state["kinds"] else f"{chosen.source} is well"


def _answer(asked: Asked, issuer: int, method: str, path: str, content: object) -> dict[str, Any]:
    try:
        status, body = asked(issuer, method, path, content)
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        status, answer = 0, None
    match status, answer:
        case 200, dict():
            return answer
        case ((400 | 404), {"error": str(error), "expected": list(expected)}):
            raise FaultRefusedError(f"{error.replace('_', ' ')}; expected one of: {', '.join(map(str, expected))}")
        case _:
            raise FaultRefusedError(f"no sandbox answers on 127.0.0.1:{issuer}: start one with `hoks-gateway run`")


def _lines(source: str, state: dict[str, Any]) -> list[str]:
    now = state["fault"]
    return [
        f"{source} (now: {now})" if now in state["kinds"] else f"{source} (well)",
        *(f"  {name:<14} {says}" for name, says in state["kinds"].items()),
    ]

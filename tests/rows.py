"""Rows of free ports that one process of tests has for itself: tests run in several, and what they start binds late."""

import socket

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT, PORTS_IN_A_ROW = 21_000, 32_000, 20
"""Below what the system gives to whoever asks for any port, or connects."""
MOST_ROWS = 12
"""As many are asked for before one is given again that was given already and is free again."""

_given: dict[int, socket.socket] = {}
"""The rows of this process, the one given last at the end, each with what keeps others from it."""


def free_ports(number: int) -> int:
    """The first of so many free ports in a row.

    Raises ``AssertionError`` where there is none.
    """
    assert number <= PORTS_IN_A_ROW
    old: list[int] = list(_given) if len(_given) >= MOST_ROWS else []
    rows: list[int] = [*old, *range(FIRST_PORT, LAST_PORT, PORTS_IN_A_ROW)]
    for first in rows:
        if first in _given and first not in old:
            continue
        claim = _given.pop(first, None) or _claim(first)
        if claim is None:
            continue
        if all(_is_free(port) for port in range(first, first + number)):
            _given[first] = claim
            return first
        if first in old:
            # Something of ours is still there.
            _given[first] = claim
        else:
            claim.close()
    raise AssertionError("no free ports in a row")


def _claim(first: int) -> socket.socket | None:
    """What only one process can have of a row, until it ends: the same port of UDP, on which nobody says anything."""
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((HOST, first))
    except OSError:
        claim.close()
        return None
    return claim


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True

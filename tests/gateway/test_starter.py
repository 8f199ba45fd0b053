"""Whoever started the gateway and listens is told that it serves; nobody else is."""

import socket
from pathlib import Path

import pytest

from gateway.starter import ADDRESS, READY, tell


@pytest.mark.parametrize("kind", ["in a folder", "in no folder"])
def test_who_listens_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = str(tmp_path / "told") if kind == "in a folder" else f"@hoks-gateway-{tmp_path.name}-{id(tmp_path)}"
    monkeypatch.setenv(ADDRESS, name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0") if name.startswith("@") else name)
        listener.settimeout(1)
        tell(READY)
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", [None, "", "elsewhere", "/nobody/listens"])
def test_where_nobody_listens_nothing_happens(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    if address is not None:
        monkeypatch.setenv(ADDRESS, address)
    tell(READY)

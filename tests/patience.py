"""How long tests wait for what has other work too: a store, its disk and server, and a turn at a gateway."""

import pytest

from gateway.records import store

PATIENCE_SECONDS, READING_SECONDS = store.PATIENCE_SECONDS, store.READING_SECONDS
"""As in service; ``as_in_service`` is for the tests of how soon a store that fails is given up."""
_LOCKS_IN_SERVICE, _LOCKS = "lock_timeout=450", "lock_timeout=9000"
_SERVER = store._SERVER
assert _LOCKS_IN_SERVICE in _SERVER
_OVERLOAD = "\n[overload]\ncrowded = 256\nwaiting_seconds = 60\n"


def patiently(settings: str) -> str:
    """Settings of a gateway that refuses nobody for the machine being slow, where they say nothing of overload."""
    return settings if "[overload]" in settings else settings + _OVERLOAD


def be_patient() -> None:
    """Wait longer, in this process."""
    store.PATIENCE_SECONDS = store.READING_SECONDS = 10.0
    setattr(store, "_SERVER", tuple(_LOCKS if each == _LOCKS_IN_SERVICE else each for each in _SERVER))  # noqa: B010


@pytest.fixture
def as_in_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for as long as a gateway does."""
    monkeypatch.setattr(store, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(store, "READING_SECONDS", READING_SECONDS)
    monkeypatch.setattr(store, "_SERVER", _SERVER)

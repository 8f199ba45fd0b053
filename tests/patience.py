"""How long tests wait for what has other work too: a store, its disk and server, and a turn at a gateway."""

import pytest

from gateway.records import opening, store

PATIENCE_SECONDS, READING_SECONDS = opening.PATIENCE_SECONDS, store.READING_SECONDS
"""As in service; ``as_in_service`` is for the tests of how soon a store that fails is given up."""
_LOCKS_IN_SERVICE, _LOCKS = "lock_timeout=450", "lock_timeout=9000"
_OPTIONS = str(opening.CLIENT["options"])
assert _LOCKS_IN_SERVICE in _OPTIONS
_OVERLOAD = "\n[overload]\ncrowded = 256\nwaiting_seconds = 60\n"


def patiently(settings: str) -> str:
    """Settings of a gateway that refuses nobody for the machine being slow, where they say nothing of overload."""
    return settings if "[overload]" in settings else settings + _OVERLOAD


def be_patient() -> None:
    """Wait longer, in this process."""
    opening.PATIENCE_SECONDS = store.READING_SECONDS = 10.0
    opening.CLIENT["options"] = _OPTIONS.replace(_LOCKS_IN_SERVICE, _LOCKS)


@pytest.fixture
def as_in_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for as long as a gateway does."""
    monkeypatch.setattr(opening, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(store, "READING_SECONDS", READING_SECONDS)
    monkeypatch.setitem(opening.CLIENT, "options", _OPTIONS)

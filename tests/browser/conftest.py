"""The Chromium of this machine, one gateway over its sandbox, and windows that must have nothing to complain of."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.watch import Watch, watched
from tests.conformance.standing import ROOT, Standing, standing


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, without a window on the screen."""
    command = shutil.which("chromium")
    if command is None:
        pytest.exit("these tests need Chromium: install the Debian package `chromium`", returncode=2)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=command) as browser:
        yield browser


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A gateway over the sandbox, each on a port of its own; ``token`` and ``headers`` are those of a persona."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "var").mkdir()
    (folder / "var/graphiql").symlink_to(ROOT / "var/graphiql")
    with standing(folder) as running:
        yield running


@pytest.fixture
def watch(chromium: Browser, gateway: Standing) -> Iterator[Watch]:
    """A window for pages of the gateway: they ask it and its issuer alone, and keep nothing; a fault fails the test."""
    with watched(chromium, gateway.origin, gateway.issuer) as window:
        yield window
        assert window.faults() == []

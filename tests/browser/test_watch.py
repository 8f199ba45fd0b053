"""What a page should not do is noticed: each kind once, on pages that do it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.watch import Watch, watched

OWN = "http://own.test"
POLICY = {"content-security-policy": "script-src 'unsafe-inline'; img-src 'none'"}


@pytest.fixture
def window(chromium: Browser) -> Iterator[Watch]:
    with watched(chromium, OWN) as one:
        yield one


def shown(window: Watch, script: str) -> list[str]:
    """The faults of a page with a script; what it asks for is there, but for what is named missing or broken."""

    def answer(route: Route) -> None:
        if route.request.url.endswith("/broken"):
            route.abort()
        elif route.request.url.endswith("/missing"):
            route.fulfill(status=404)
        else:
            headers = {"access-control-allow-origin": "*", **POLICY}
            route.fulfill(body=f"<!doctype html><script>{script}</script>", content_type="text/html", headers=headers)

    window.context.route("**/*", answer)
    page = window.open(f"{OWN}/")
    page.evaluate("window.done")
    return window.faults()


def test_a_page_that_does_nothing_has_no_fault(window: Watch) -> None:
    assert shown(window, "") == []
    assert window.requested == [f"{OWN}/"]


@pytest.mark.parametrize(
    ("script", "fault"),
    {
        "console.error('so')": "console: so",
        "setTimeout(() => { throw new Error('so') }); done = new Promise((go) => setTimeout(go, 50))": "uncaught: so",
        "done = fetch('/missing')": f"refused: 404 {OWN}/missing",
        "done = fetch('/broken').catch(() => 0)": f"failed: {OWN}/broken net::ERR_FAILED",
        "done = fetch('http://other.test/').then(() => 0)": "foreign: http://other.test/",
        "localStorage.setItem('so', '1'); localStorage.removeItem('so')": "localStorage: so",
        "sessionStorage.setItem('so', '1'); sessionStorage.clear()": "sessionStorage: so",
        "localStorage.so = '1'": "left: so",
        "sessionStorage['so'] = '1'": "left: so",
        "document.cookie = 'so=1; max-age=0'": "cookie: so",
        "document.cookie = 'so=1; max-age=60'": "left: so",
        "indexedDB.open('so')": "indexedDB: so",
        "new Image().src = '/any'; done = new Promise((go) => setTimeout(go, 50))": f"policy: img-src {OWN}/any",
    }.items(),
)
def test_what_a_page_should_not_do_is_noticed(window: Watch, script: str, fault: str) -> None:
    assert any(each.startswith(fault) for each in shown(window, script)), window.faults()


def test_what_a_test_has_seen_is_no_fault_any_more(window: Watch) -> None:
    assert shown(window, "console.error('so')")
    window.forget()
    assert window.faults() == []

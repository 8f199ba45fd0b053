"""Everything a page does that it should not, from its first byte: errors, failed and foreign requests, kept data."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, Route, WebError

NOTES = """(() => {
  const note = (what, name) => window.noteFault(what, String(name));
  const setItem = Storage.prototype.setItem;
  Storage.prototype.setItem = function (name, value) {
    note(this === window.sessionStorage ? 'sessionStorage' : 'localStorage', name);
    return setItem.call(this, name, value);
  };
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(Document.prototype, 'cookie', {
    ...cookie,
    set(text) { note('cookie', text.split('=')[0]); cookie.set.call(this, text); },
  });
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (name, ...rest) {
    note('indexedDB', name);
    return open.call(this, name, ...rest);
  };
  document.addEventListener('securitypolicyviolation', (event) => {
    note('policy', `${event.effectiveDirective} ${event.blockedURI}`);
  });
})();"""
"""Runs before anything of a page: tells of what is kept as it is written, although it may be taken away again."""
LEFT = "() => [...Object.keys(sessionStorage), ...Object.keys(localStorage)]"
NOWHERE = "https://nowhere.invalid/"
INSIDE = frozenset({"data", "blob", "about"})
"""Schemes of addresses that lead nowhere."""


class Watch:
    """A browser window without a past, and the faults of its pages."""

    def __init__(self, context: BrowserContext, origins: Collection[str]) -> None:
        self.context = context
        self.requested: list[str] = []
        self._origins = frozenset(origins)
        self._faults: list[str] = []
        # From the first byte on, what is asked can be answered by a test. Begun later, Chromium lets one more through.
        context.route(NOWHERE, Route.abort)
        context.expose_binding("noteFault", lambda _, what, name: self._note(what, name))
        context.add_init_script(NOTES)
        context.on("console", self._console)
        context.on("weberror", self._uncaught)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def open(self, url: str) -> Page:
        """A new page at an address, loaded."""
        page = self.context.new_page()
        page.goto(url)
        return page

    def faults(self) -> list[str]:
        """What went wrong so far, each with its kind before a colon, and what is kept at this moment."""
        left = [f"left: {name}" for page in self.context.pages for name in page.evaluate(LEFT)]
        return self._faults + left + [f"left: {each['name']}" for each in self.context.cookies()]

    def forget(self) -> None:
        """Take the faults so far as seen: for a test that provokes one."""
        self._faults.clear()

    def _note(self, what: str, about: str) -> None:
        self._faults.append(f"{what}: {about}")

    def _console(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._note("console", said.text)

    def _uncaught(self, fault: WebError) -> None:
        self._note("uncaught", str(fault.error))

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)
        address = urlsplit(request.url)
        if address.scheme not in INSIDE and f"{address.scheme}://{address.netloc}" not in self._origins:
            self._note("foreign", request.url)

    def _failed(self, request: Request) -> None:
        self._note("failed", f"{request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note("refused", f"{response.status} {response.url}")


@contextmanager
def watched(browser: Browser, *origins: str) -> Iterator[Watch]:
    """A window whose pages may ask these origins alone, until the end of the block."""
    context = browser.new_context(service_workers="block")
    context.set_default_timeout(20_000)
    try:
        yield Watch(context, origins)
    finally:
        context.close()

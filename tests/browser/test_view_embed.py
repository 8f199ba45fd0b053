"""The elements in the page of somebody else: on another origin, with an embed token, themed, and small."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from gateway.cli import main
from sandbox.settings import TOOL, TOOL_ORIGIN
from tests.browser.viewing import violations
from tests.browser.watch import Watch, watched
from tests.conformance.standing import Standing

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/embed.md").read_text(encoding="utf-8")
(PAGE,) = re.findall(r"```html element\n(.*?)```", GUIDE, re.DOTALL)
MOST_BYTES = 40_000
PARTS = """
{ students { edges { node { name hoksit { plannedVocationalUnits { unit { name { fi } } acquisitions { id } } } } } } }
"""


@cache
def operation(name: str) -> str:
    """The hash of an operation of the elements."""
    text = (ROOT / "view/operations.js").read_text()
    (found,) = re.findall(rf'  {name}: "(\w+)"', text)
    return str(found)


class Tool:
    """The pages of the workplace tool, on an origin of its own, and its server's requests for tokens."""

    def __init__(self, gateway: Standing) -> None:
        self.gateway = gateway
        self.page = ""

    def register(self, folder: Path) -> None:
        """The commands of the guide: the elements' documents fetched, and added to the tool's manifest."""
        (fetched, added) = re.findall(r"```\n(curl .*)\nhoks-gateway (operations add view.*)\n```", GUIDE)[0]
        assert fetched == "curl -s http://127.0.0.1:8080/view/operations.json -o view.json"
        connection = HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        connection.request("GET", "/view/operations.json")
        (folder / "view.json").write_bytes(connection.getresponse().read())
        connection.close()
        places = {"view.json": "view.json", "var/sandbox-8080/gateway.toml": "gateway.toml"}
        assert main([str(folder / places[word]) if word in places else word for word in added.split()]) == 0

    def serve(self, page: str, token: str) -> None:
        """What its one address gives from now on."""
        self.page = page.replace("127.0.0.1:8080", f"127.0.0.1:{self.gateway.port}").replace("TOKEN", token)

    def post(self, path: str, body: object, persona: str) -> dict[str, Any]:
        """A request of the tool's server for somebody who has logged in."""
        connection = HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        headers = {"authorization": f"Bearer {self.gateway.token(persona, TOOL)}", "content-type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def token(self, name: str) -> dict[str, str]:
        """An embed token of the instructor for their first period: its id and itself."""
        plans = self.gateway.ask("instructor-1", PARTS)["data"]["students"]["edges"][0]["node"]["hoksit"]
        part = plans[0]["plannedVocationalUnits"][0]["acquisitions"][0]["id"]
        order = {"operation": operation(name), "variables": {}, "part": part, "origin": TOOL_ORIGIN}
        return self.post("/embed-token", order, "instructor-1")

    def revoke(self, embed: str) -> None:
        """End a token."""
        connection = HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        headers = {"authorization": f"Bearer {self.gateway.token('instructor-1', TOOL)}"}
        connection.request("DELETE", f"/embed-token/{embed}", headers=headers)
        assert connection.getresponse().status == 204
        connection.close()


@pytest.fixture(scope="module")
def tool(gateway: Standing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.getbasetemp()
    (folder,) = {each.resolve() for each in base.glob(f"*/var/sandbox-{gateway.port}")}
    one = Tool(gateway)
    one.register(folder)

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = one.page.encode()
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    host, port = TOOL_ORIGIN.removeprefix("http://").split(":")
    with http.server.ThreadingHTTPServer((host, int(port)), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield one
        server.shutdown()


@pytest.fixture
def window(chromium: Browser, gateway: Standing) -> Iterator[Watch]:
    with watched(chromium, gateway.origin, TOOL_ORIGIN) as one:
        yield one
        assert one.faults() == []


def loaded(page: Page, element: str) -> None:
    page.locator(f"{element} h2").wait_for()


def test_the_page_of_the_guide_shows_the_period_on_another_origin(tool: Tool, window: Watch) -> None:
    assert len(PAGE.splitlines()) <= 30
    tool.serve(PAGE, tool.token("Period")["token"])
    page = window.open(f"{TOOL_ORIGIN}/")
    loaded(page, "hoks-period")
    told = page.locator("hoks-period").locator("h2, h3, dt").all_inner_texts()
    assert "Aino Elviira Lehtovirta" in told
    assert "Työtehtävät" in told
    assert page.locator("#told").inner_text() == "Jakso on luettu."
    font = page.locator("hoks-period h2").evaluate("(each) => getComputedStyle(each).fontFamily")
    assert font.startswith("Georgia")
    border = page.locator("hoks-period article section").first.evaluate("(e) => getComputedStyle(e).borderTopColor")
    assert border == "rgb(0, 89, 59)"
    assert violations(page) == []


@pytest.mark.parametrize(("element", "name"), [("hoks-plan", "OwnPlan"), ("hoks-period", "Period")])
def test_all_modules_that_a_page_loads_are_at_most_40_kilobytes(
    tool: Tool, window: Watch, element: str, name: str
) -> None:
    sizes: dict[str, int] = {}
    window.context.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    tool.serve(PAGE.replace("hoks-period", element), tool.token(name)["token"])
    loaded(window.open(f"{TOOL_ORIGIN}/"), element)
    modules = {url: size for url, size in sizes.items() if "/view/" in url}
    assert len(modules) > 10
    assert 20_000 < sum(modules.values()) <= MOST_BYTES


def test_the_plan_tells_by_events_what_was_loaded_and_what_is_withheld_and_of_nobody(tool: Tool, window: Watch) -> None:
    noted = """<script>
      window.told = []
      for (const name of ["hoks-loaded", "hoks-withheld", "hoks-failed"]) {
        document.addEventListener(name, ({ detail }) => told.push([name, detail]))
      }
    </script></html>"""
    made = tool.token("OwnPlan")
    tool.serve(PAGE.replace("hoks-period", "hoks-plan").replace("</html>", noted), made["token"])
    page = window.open(f"{TOOL_ORIGIN}/")
    loaded(page, "hoks-plan")
    page.wait_for_function("() => told.length >= 2")
    (first, loaded_with), (second, withheld) = page.evaluate("() => told")
    assert (first, loaded_with) == ("hoks-loaded", {"isEmpty": False, "gaps": []})
    assert second == "hoks-withheld"
    assert "Hoks.studentEmail" in withheld["coordinates"]
    assert "Lehtovirta" not in json.dumps(page.evaluate("() => told"))

    tool.revoke(made["id"])
    page.evaluate("() => document.querySelector('hoks-plan').refresh()")
    page.locator("hoks-plan .notice.expired").wait_for()
    assert page.evaluate("() => told.at(-1)") == ["hoks-failed", {"reason": "expired"}]
    assert page.locator("hoks-plan h2").count() == 0
    window.forget()


def test_a_function_that_gives_the_token_is_asked_again_when_one_has_run_out(tool: Tool, window: Watch) -> None:
    over, fresh = tool.token("Period"), tool.token("Period")
    tool.revoke(over["id"])
    given = f'(anew) => (anew ? "{fresh["token"]}" : "{over["token"]}")'
    tool.serve(PAGE.replace('"TOKEN"', given), "")
    loaded(window.open(f"{TOOL_ORIGIN}/"), "hoks-period")
    window.forget()


def test_a_token_is_no_attribute(tool: Tool, window: Watch) -> None:
    made = tool.token("Period")
    tool.serve(PAGE.replace('lang="fi">', f'lang="fi" token="{made["token"]}">').replace('"TOKEN"', '""'), "")
    page = window.open(f"{TOOL_ORIGIN}/")
    page.wait_for_timeout(300)
    assert page.locator("hoks-period h2").count() == 0


def test_a_language_is_changed_by_its_attribute_without_asking_again(
    tool: Tool, window: Watch, gateway: Standing
) -> None:
    tool.serve(PAGE, tool.token("Period")["token"])
    page = window.open(f"{TOOL_ORIGIN}/")
    loaded(page, "hoks-period")
    before = window.requested.count(gateway.url)
    page.evaluate("() => document.querySelector('hoks-period').setAttribute('lang', 'sv-FI')")
    page.locator("hoks-period").get_by_text("Arbetsuppgifter").wait_for()
    assert window.requested.count(gateway.url) == before

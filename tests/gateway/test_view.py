"""The page and the elements over HTTP: what is served, with which headers, and to whom."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from gateway.settings import Settings, ViewSettings
from gateway.settings_file import load
from gateway.view import View, clients, is_served
from sandbox.settings import secrets_in, settings_text

ISSUER = "http://127.0.0.1:8081"


def served(issuer: str | None = ISSUER) -> httpx.AsyncClient:
    app = Starlette(routes=View("hoks-view", issuer).routes())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


def directives(headers: Mapping[str, str]) -> dict[str, str]:
    parts = (each.strip().partition(" ") for each in headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


async def test_the_page_may_run_its_own_files_and_nothing_else() -> None:
    answer = await served().get("/view")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = directives(answer.headers)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == f"'self' {ISSUER}"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert " on" not in answer.text.partition("<body")[2]


async def test_outside_a_sandbox_the_page_asks_the_gateway_alone_and_knows_no_personas() -> None:
    client = served(issuer=None)
    assert directives((await client.get("/view")).headers)["connect-src"] == "'self'"
    assert (await client.get("/view/settings.json")).json() == {"client": "hoks-view", "personas": None, "today": None}


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("hoks-plan.js", "text/javascript; charset=utf-8"),
        ("texts/sv.js", "text/javascript; charset=utf-8"),
        ("pages/page.css", "text/css; charset=utf-8"),
        ("pages/icon.svg", "image/svg+xml"),
        ("operations.json", "application/json"),
    ],
)
async def test_a_file_is_for_the_pages_of_others_too(name: str, media_type: str) -> None:
    answer = await served().get(f"/view/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["", "texts", "texts/", "pages/index.html", "__init__.py", "operations/Plan.graphql", "..%2fREADME.md", "none.js"],
)
async def test_what_is_no_file_of_the_view_is_not_found(name: str) -> None:
    assert (await served().get(f"/view/{name}")).status_code == 404


async def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    client = served()
    first = await client.get("/view/render.js")
    again = await client.get("/view/render.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a sandbox."""
    secrets_in(tmp_path)
    config = tmp_path / "gateway.toml"
    config.write_text(settings_text(8080, tmp_path))
    return load(config)


def in_production(settings: Settings, **view: object) -> Settings:
    return replace(settings, mode="production", view=ViewSettings(**view))  # type: ignore[arg-type]  # whatever a test sets


def test_it_is_served_in_a_sandbox_and_in_production_where_the_settings_say_so(settings: Settings) -> None:
    assert is_served(settings)
    assert not is_served(replace(settings, view=ViewSettings(served=False)))
    assert not is_served(in_production(settings))
    assert is_served(in_production(settings, served=True))


def test_its_client_is_bound_to_its_own_documents(settings: Settings) -> None:
    *others, own = clients(in_production(settings, served=True, client="portal"))
    assert tuple(others) == settings.client
    assert (own.id, own.trusted_only) == ("portal", True)
    assert own.manifest_path is not None and own.manifest_path.name == "operations.json"
    assert clients(in_production(settings)) == settings.client


def test_a_client_of_the_settings_takes_the_place_of_its_own(settings: Settings) -> None:
    chosen = in_production(settings, served=True, client=settings.client[0].id)
    assert clients(chosen) == settings.client

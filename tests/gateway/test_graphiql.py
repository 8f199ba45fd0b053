"""The page on which a sandbox is asked by hand: its files and no others, under a policy that lets nothing else in."""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from gateway.graphiql import OURS, SHIPPED, GraphiqlPage
from sandbox import graphiql as fetched

ISSUER = "http://127.0.0.1:8081"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' "
    "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='; font-src data:; img-src 'self' data:; "
    f"connect-src 'self' {ISSUER}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """GraphiQL as it is laid out, and a secret beside it."""
    laid = tmp_path / "graphiql"
    laid.mkdir()
    for name in SHIPPED:
        (laid / name).write_text(f"this is {name}")
    (laid / "made-of").write_text("react 18")
    (tmp_path / "secret.key").write_text("the secret")
    return laid


@pytest.fixture
def client(folder: Path) -> httpx.AsyncClient:
    app = Starlette(routes=GraphiqlPage(folder, ISSUER).routes())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


async def test_the_page_and_all_that_it_loads_come_under_the_policy(client: httpx.AsyncClient) -> None:
    for name in ("", "/settings.json", *(f"/{each}" for each in (*OURS, *SHIPPED))):
        answer = await client.get(f"/graphiql{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/graphiql")).headers["content-type"] == "text/html; charset=utf-8"
    assert (await client.get("/graphiql/graphiql.min.js")).text == "this is graphiql.min.js"
    assert (await client.get("/graphiql/settings.json")).json() == {"graph": "/graphql", "issuer": ISSUER}


@pytest.mark.parametrize(
    "path",
    [
        *("../secret.key", "..%2fsecret.key", "%2e%2e%2fsecret.key", "%2e%2e/secret.key", "..%5csecret.key"),
        *("%2fetc%2fpasswd", "/etc/passwd", "page.js%00", "PAGE.JS", "page.js/../../secret.key", "made-of"),
    ],
)
async def test_nothing_else_is_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(httpx.URL("http://gateway", raw_path=f"/graphiql/{path}".encode()))
    assert answer.status_code == 404
    assert answer.text == "Not Found"


async def test_the_page_asks_for_no_file_that_is_not_served_and_holds_no_script(client: httpx.AsyncClient) -> None:
    page = (await client.get("/graphiql")).text
    loaded = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    assert [each for each in loaded if each.removeprefix("/graphiql/") not in OURS.keys() | SHIPPED.keys()] == [
        "data:,"
    ]
    assert "style=" not in page
    assert page.count("<script") == page.count("></script>")


async def test_where_graphiql_was_not_fetched_there_is_no_page(client: httpx.AsyncClient, folder: Path) -> None:
    (folder / "graphiql.min.js").unlink()
    assert (await client.get("/graphiql")).status_code == 404
    assert (await client.get("/graphiql/graphiql.min.js")).status_code == 404


# --- fetching it ----------------------------------------------------------------------------------------------

Npm = Callable[[str], None]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Puts a program that calls itself npm on the path."""

    def put(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return put


def packed(monkeypatch: pytest.MonkeyPatch, into: Path) -> None:
    """Packages as npm gives them, and the table that names them."""
    made = []
    for package in fetched.PACKAGES:
        with tarfile.open(into / f"{package.name}-{package.version}.tgz", "w:gz") as archive:
            for file in package.files:
                content = f"this is {file}".encode()
                entry = tarfile.TarInfo(f"package/{file}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        digest = hashlib.sha512((into / f"{package.name}-{package.version}.tgz").read_bytes()).digest()
        made.append(package._replace(sha512=base64.b64encode(digest).decode()))
    monkeypatch.setattr(fetched, "PACKAGES", tuple(made))


def test_what_npm_ships_is_laid_out_once(tmp_path: Path, npm: Npm, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {*fetched.FILES, fetched.EXAMPLES} == SHIPPED.keys()
    packed(monkeypatch, tmp_path)
    npm(f'echo "$*" >> {tmp_path}/called; cp {tmp_path}/*.tgz .')
    for _ in ("it is fetched", "it is there"):
        assert fetched.main(tmp_path / "graphiql") == 0
    assert {each.name for each in (tmp_path / "graphiql").iterdir()} == {*SHIPPED, "made-of"}
    assert (tmp_path / "graphiql/react.production.min.js").read_text() == "this is umd/react.production.min.js"
    examples = json.loads((tmp_path / "graphiql/examples.json").read_text())
    assert examples[0].keys() == {"page", "title", "persona", "query"}
    (call,) = (tmp_path / "called").read_text().splitlines()
    assert call.startswith("pack ")
    assert call.endswith(" react@18.3.1 react-dom@18.3.1 graphiql@4.1.2")
    npm("exit 1")
    (tmp_path / "graphiql/made-of").write_text("another version")
    assert fetched.main(tmp_path / "graphiql") == 1


def test_a_package_that_is_another_than_it_was_is_not_taken(
    tmp_path: Path, npm: Npm, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    true = fetched.PACKAGES
    packed(monkeypatch, tmp_path)
    monkeypatch.setattr(fetched, "PACKAGES", true)
    npm(f"cp {tmp_path}/*.tgz .")
    assert fetched.main(tmp_path / "graphiql") == 1
    assert "react 18.3.1 is not what it was" in capfd.readouterr().err
    assert list((tmp_path / "graphiql").iterdir()) == []


@pytest.mark.parametrize("script", ["echo 'no network' >&2; exit 1", "true"])
def test_where_it_cannot_be_fetched_one_line_says_so(
    tmp_path: Path, npm: Npm, script: str, capfd: pytest.CaptureFixture[str]
) -> None:
    npm(script)
    assert fetched.main(tmp_path / "graphiql") == 1
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err.startswith("GraphiQL is not there: ")
    assert told.err.count("\n") == 1

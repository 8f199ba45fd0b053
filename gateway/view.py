"""``/view``: the page and the elements of the room ``view``, each file as it stands, under a policy that lets a page
run nothing but them.

INVARIANT: only the files of the room that were there at the start are served, by their names; nothing of a request's
path is looked for on the disk, and nothing here tells of anybody.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.settings import ClientSettings, Settings

PATH = "/view"
PAGE = "pages/index.html"
MANIFEST = "operations.json"
_MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


class File(NamedTuple):
    """A file as it is served."""

    content: bytes
    media_type: str
    etag: str


class View:
    """The page and the elements; ``issuer`` is the origin that gives tokens of personas and ``today`` its day, of a
    sandbox alone."""

    def __init__(self, client: str, issuer: str | None = None, today: date | None = None) -> None:
        settings = orjson.dumps({"client": client, "personas": issuer, "today": today})
        self._files = {**dict(_files(_room())), "settings.json": _file(settings, ".json")}
        self._policy = policy(issuer)

    def routes(self) -> list[Route]:
        """The page, and what it and the pages of others load."""
        return [Route(PATH, self._page), Route(f"{PATH}/{{name:path}}", self._named)]

    async def _page(self, request: Request) -> Response:
        own = {"content-security-policy": self._policy, "cross-origin-opener-policy": "same-origin"}
        return _told(self._files[PAGE], request, own)

    async def _named(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files or name == PAGE:
            raise HTTPException(404)
        return _told(self._files[name], request, _FOR_PAGES_OF_OTHERS)


# Nothing in these files is anybody's: any page may load them, and what they may ask is the token's matter.
_FOR_PAGES_OF_OTHERS = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}


def policy(issuer: str | None) -> str:
    """The content security policy of the page: its own files, and no text that becomes markup or script."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {issuer}" if issuer else "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def is_served(settings: Settings) -> bool:
    """Whether the settings want the page: of a sandbox unless they say no, in production only where they say yes."""
    return settings.mode == "sandbox" if settings.view.served is None else settings.view.served


def clients(settings: Settings) -> tuple[ClientSettings, ...]:
    """The clients, with the page's own: bound to its trusted documents where no [[client]] says otherwise."""
    name = settings.view.client
    if not is_served(settings) or any(each.id == name for each in settings.client):
        return settings.client
    own = ClientSettings(id=name, trusted_only=True, manifest_path=_room() / MANIFEST)
    return (*settings.client, own)


def _room() -> Path:
    return Path(str(resources.files("view")))


def _files(room: Path) -> Iterator[tuple[str, File]]:
    for path in sorted(room.rglob("*")):
        if path.suffix in _MEDIA_TYPES and path.is_file():
            yield path.relative_to(room).as_posix(), _file(path.read_bytes(), path.suffix)


def _file(content: bytes, suffix: str) -> File:
    return File(content, _MEDIA_TYPES[suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _told(file: File, request: Request, headers: Mapping[str, str]) -> Response:
    """A file, or that the browser has it already."""
    said = {
        "cache-control": "no-cache",
        "etag": file.etag,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        **headers,
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=said)
    return Response(file.content, headers=said, media_type=file.media_type)

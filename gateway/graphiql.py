"""``/graphiql``: the page on which the graph of a sandbox is asked by hand, out of files of this machine alone.

The page is ours; GraphiQL is what npm ships, laid into a folder at set-up. INVARIANT: only the files of the table are
served, by their names in it; nothing of a request's path is looked for on the disk.
"""

from pathlib import Path

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/graphiql"
OWN = Path(__file__).with_name("graphiql_page")
_JS, _CSS, _JSON = "text/javascript", "text/css", "application/json"
PAGE = "page.html"
SETTINGS = "settings.json"
OURS = {PAGE: "text/html", "page.js": _JS, "page.css": _CSS}
SHIPPED = {
    "react.production.min.js": _JS,
    "react-dom.production.min.js": _JS,
    "graphiql.min.js": _JS,
    "graphiql.min.css": _CSS,
    "examples.json": _JSON,
}
"""What the folder holds after ``make graphiql``."""
MEDIA_TYPES = {SETTINGS: _JSON, **OURS, **SHIPPED}


def is_laid_out(folder: Path) -> bool:
    """Whether GraphiQL is in the folder."""
    return all((folder / name).is_file() for name in SHIPPED)


class GraphiqlPage:
    """The page, for a sandbox whose people are given tokens by an issuer, named by its origin."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self._folder = folder
        self._files = {name: OWN / name for name in OURS} | {name: folder / name for name in SHIPPED}
        self._settings = orjson.dumps({"graph": "/graphql", "issuer": issuer})
        self._headers = {**_HEADERS, "content-security-policy": policy(issuer)}

    def routes(self) -> list[Route]:
        """The page, and what it loads."""
        return [Route(PATH, self._page), Route(f"{PATH}/{{name}}", self._file)]

    async def _page(self, _: Request) -> Response:
        if not is_laid_out(self._folder):
            raise HTTPException(404)
        return self._told(PAGE, self._content(PAGE))

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        return self._told(name, self._settings if name == SETTINGS else self._content(name))

    def _content(self, name: str) -> bytes:
        try:
            return self._files[name].read_bytes()
        except (KeyError, OSError):
            raise HTTPException(404) from None

    def _told(self, name: str, content: bytes) -> Response:
        return Response(content, headers=self._headers, media_type=MEDIA_TYPES[name])


_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


DIALOG = "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='"
"""The one style that GraphiQL writes into the page: what lies under a dialog does not scroll."""


def policy(issuer: str) -> str:
    """The content security policy: nothing from elsewhere, but for tokens from the issuer of the sandbox."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' {DIALOG}",
            # Its fonts and icons are in its style sheet.
            "font-src data:",
            "img-src 'self' data:",
            f"connect-src 'self' {issuer}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )

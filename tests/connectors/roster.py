"""A roster server at the HTTP seam: pages, counts and filters what a test puts in it, for whoever has its token."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.client import Incoming, Outgoing
from hoks.identifiers import OrganisationOid, with_check_digit
from tests.connectors.wires import learner, right, said

HOST = "https://roster.example"
TOKEN_URL = "https://login.example/token"
BASE = f"{HOST}/ims/oneroster/rostering/v1p2"
SCHOOL = OrganisationOid(with_check_digit("99", "9900000031"))
Row = dict[str, Any]


def user(number: int, *learners: str, **changed: Any) -> Row:
    """A user with learner numbers, by default the number's own."""
    numbers = learners or (learner(number),)
    row: Row = {
        "sourcedId": f"u-{number}",
        "status": "active",
        "dateLastModified": "2026-08-01T08:00:00Z",
        "enabledUser": "true",
        "givenName": "Aino",
        "familyName": "Koivu",
        "userIds": [
            {"type": "studentNumber", "identifier": f"1000{number}"},
            *({"type": "oppijanumero", "identifier": each} for each in numbers),
        ],
        "roles": [{"roleType": "primary", "role": "student", "org": {"sourcedId": "o-1", "type": "org"}}],
    }
    return row | changed


def enrolment(number: int, of: int = 1, metadata: Row | None = None, **changed: Any) -> Row:
    """An enrolment of a user, by default open since August 2025, in the right of its own number."""
    row: Row = {
        "sourcedId": f"e-{number}",
        "status": "active",
        "dateLastModified": "2026-08-01T08:00:00Z",
        "user": {"href": f"{BASE}/users/u-{of}", "sourcedId": f"u-{of}", "type": "user"},
        "class": {"href": f"{BASE}/classes/c-1", "sourcedId": "c-1", "type": "class"},
        "school": {"href": f"{BASE}/schools/o-1", "sourcedId": "o-1", "type": "org"},
        "role": "student",
        "primary": "true",
        "beginDate": "2025-08-11",
        "metadata": {"studyRightOid": right(number)} | (metadata or {}),
    }
    return row | changed


def org(number: int = 1, oid: str = SCHOOL, **changed: Any) -> Row:
    """A school."""
    row: Row = {"sourcedId": f"o-{number}", "status": "active", "name": "School", "type": "school", "identifier": oid}
    return row | changed


class RosterServer:
    """Answers as a server of OneRoster 1.2 does; ``fault`` may answer in its place."""

    def __init__(
        self,
        users: list[Row] | None = None,
        enrollments: list[Row] | None = None,
        orgs: list[Row] | None = None,
        *,
        most: int = 100,
    ) -> None:
        self.rows: dict[str, list[Row]] = {
            "users": users or [],
            "enrollments": enrollments or [],
            "orgs": [org()] if orgs is None else orgs,
        }
        self.most = most
        self.tokens = 0
        self.in_force: str | None = None
        self.sent: list[Outgoing] = []
        self.fault: Callable[[Outgoing], Incoming | None] = lambda request: None

    async def send(self, request: Outgoing) -> Incoming:
        self.sent.append(request)
        if request.url == TOKEN_URL:
            self.tokens += 1
            self.in_force = f"token-{self.tokens}"
            return said({"access_token": self.in_force, "token_type": "Bearer", "expires_in": 60})
        if request.headers.get("authorization") != f"Bearer {self.in_force}":
            return imsx("unauthorisedrequest", 401)
        return self.fault(request) or self._page(request)

    def _page(self, request: Outgoing) -> Incoming:
        parts = urlsplit(request.url)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        collection = parts.path.rsplit("/", 1)[1]
        rows = [row for row in self.rows[collection] if _passes(row, asked.get("filter"))]
        offset, limit = int(asked["offset"]), min(int(asked["limit"]), self.most)
        shown = rows[offset : offset + limit]
        answer = said({collection: shown})
        headers = {"x-total-count": str(len(rows))}
        if offset + limit < len(rows):
            headers["link"] = f'<{BASE}/{collection}?limit={limit}&offset={offset + limit}>; rel="next"'
        return Incoming(status=200, headers=headers, body=answer.body)

    def asked(self, collection: str) -> list[dict[str, str]]:
        """The queries that came for a collection."""
        urls = [urlsplit(each.url) for each in self.sent]
        return [
            {key: values[0] for key, values in parse_qs(url.query).items()}
            for url in urls
            if url.path.endswith(f"/{collection}")
        ]


def imsx(minor: str, status: int) -> Incoming:
    """An error document."""
    fields = [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}]
    return said(
        {
            "imsx_codeMajor": "failure",
            "imsx_severity": "error",
            "imsx_description": "…",
            "imsx_CodeMinor": {"imsx_codeMinorField": fields},
        },
        status,
    )


def _passes(row: Row, told: str | None) -> bool:
    if told is None:
        return True
    path, wanted = re.fullmatch(r"([\w.]+)='([^']*)'", told).groups()  # type: ignore[union-attr]  # asked by us alone
    head, _, key = path.partition(".")
    parts = row[head] if isinstance(row[head], list) else [row[head]]
    return any(part[key] == wanted for part in parts)

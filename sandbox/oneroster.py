"""Provider C's roster over HTTP as OneRoster 1.2: people and enrolments in pages of two, for a token of a minute.

OneRoster knows windows of enrolment only. What the law needs beside them stands in ``metadata``, as a vendor would put
it there: the study right's OID, a state other than present, the link to the right it is included in.
"""

import base64
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .cast import AssignmentEntry, people
from .dialects import DIALECTS
from .organisations import ORGANISATIONS, organisation, tree_of
from .parts import Json, present
from .rows import Row, person_key, tables
from .world import World

SERVICE = "/ims/oneroster/rostering/v1p2"
TOKEN_PATH = "/token"  # noqa: S105  (a path)
SCOPE = "roster-core.readonly"
TOKEN_SECONDS = 60
MAX_PAGE = 2
CHANGED = "2026-10-05T03:00:00.000Z"

STATE_WORDS = {word: ours for word, ours in DIALECTS["C"].codes["state"].items() if ours != "lasna"}
"""C's words for states in ``metadata``; a window without one is presence."""
GUIDES: Mapping[str, str] = {
    "responsible_teacher": "teacher",
    "guidance_counsellor": "ext:guidanceCounsellor",
    "special_needs_teacher": "ext:specialNeedsTeacher",
}
"""C's words for what staff are to the students of a homeroom."""
PERSON_ID_TYPE = "henkiloOid"
TYPE_WORDS = DIALECTS["C"].codes["right_type"]


def roster_app(
    rows: dict[str, list[Json]], client_id: str, secret: str, clock: Callable[[], float] = time.monotonic
) -> Starlette:
    """The app, for one account. ``rows`` are its collections; what is changed in them is served from then on."""
    return Starlette(routes=_Roster(rows, client_id, secret, clock).routes())


class _Roster:
    def __init__(self, rows: dict[str, list[Json]], client_id: str, secret: str, clock: Callable[[], float]) -> None:
        self._rows = rows
        self._account = (client_id, secret)
        self._clock = clock
        self._tokens: dict[str, float] = {}

    def routes(self) -> list[Route]:
        return [
            Route(TOKEN_PATH, self._grant, methods=["POST"]),
            Route(SERVICE + "/{collection}", self._collection),
        ]

    async def _grant(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if not self._is_account(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid_client"}, 401)
        if not any(scope.endswith(f"/scope/{SCOPE}") for scope in form.get("scope", "").split()):
            return JSONResponse({"error": "invalid_scope"}, 400)
        token, now = secrets.token_urlsafe(24), self._clock()
        self._tokens = {each: until for each, until in self._tokens.items() if until > now}
        self._tokens[token] = now + TOKEN_SECONDS
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": form["scope"]}
        return JSONResponse(granted, headers={"Cache-Control": "no-store"})

    def _is_account(self, authorization: str) -> bool:
        try:
            name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        except ValueError:
            return False
        ours = ":".join(self._account)
        return compare_digest(f"{unquote_plus(name)}:{unquote_plus(secret)}".encode(), ours.encode())

    async def _collection(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) < self._clock():
            return _error(401, "unauthorisedrequest", "The request was not correctly authorised.")
        name = request.path_params["collection"]
        if name not in self._rows:
            return _error(404, "unknownobject", "There is no such collection.")
        try:
            limit, offset = int(request.query_params.get("limit", "100")), int(request.query_params.get("offset", "0"))
            order = request.query_params.get("sort", "sourcedId")
            passes = _filter(request.query_params.get("filter"))
        except ValueError:
            return _error(400, "invalid_filter_field", "A parameter is not as it should be.")
        if limit < 1 or offset < 0:
            return _error(400, "invalid_selection_field", "limit or offset is out of range.")
        found = [row for row in self._rows[name] if passes(row)]
        found.sort(key=lambda row: str(row.get(order, "")), reverse=request.query_params.get("orderBy") == "desc")
        limit = min(limit, MAX_PAGE)
        headers = {"X-Total-Count": str(len(found))}
        if links := _links(request, offset, limit, len(found)):
            headers["Link"] = links
        return _json({name: found[offset : offset + limit]}, headers=headers)


_EQUALS = re.compile(r"([\w.]+)='([^']*)'")


def _filter(text: str | None) -> Callable[[Json], bool]:
    """A filter of one comparison; a path with a point leads into an object, or into each of a list."""
    if text is None:
        return lambda _: True
    compared = _EQUALS.fullmatch(text)
    if compared is None:
        raise ValueError("expected a field, = and a value in apostrophes")
    path, wanted = compared.groups()
    return lambda row: wanted in _values(row, path.split("."))


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _values(each, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])


def _links(request: Request, offset: int, limit: int, total: int) -> str:
    places = {"first": 0, "prev": offset - limit, "next": offset + limit, "last": max(0, (total - 1) // limit * limit)}
    others = {key: value for key, value in request.query_params.items() if key not in ("limit", "offset")}
    links = []
    for name, place in places.items():
        if 0 <= place < total and place != offset:
            query = urlencode({**others, "limit": limit, "offset": place}, quote_via=quote)
            links.append(f'<{request.url.replace(query=query)}>; rel="{name}"')
    return ", ".join(links)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def _error(status: int, minor: str, description: str) -> Response:
    fields = [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}]
    return _json(
        {
            "imsx_codeMajor": "failure",
            "imsx_severity": "error",
            "imsx_description": description,
            "imsx_CodeMinor": {"imsx_codeMinorField": fields},
        },
        status,
    )


# --- what is in it --------------------------------------------------------------------------------------------


def roster_rows(world: World) -> dict[str, list[Json]]:
    """Provider C's collections: its organisations, classes, students and staff, and their enrolments."""
    made = tables(world, "C")
    users = [_user(row) for row in made["people"]]
    groups = [each for each in people().assignment if each.at == "C" and each.group]
    homes = {person_key("C", world.cast_right(number, "c").person): _class_of(each)
             for each in groups for number in each.students}  # fmt: skip
    enrolments = list(_enrolments(made["rights"], homes))
    classes = {row["class"]["sourcedId"] for row in enrolments} | {"class-tuva"}
    # A teacher is in a roster too, and what was entered by mistake stays until it is taken away.
    users += [_teacher(), _user({**made["people"][0], "key": "C99999"}) | {"status": "tobedeleted"}]
    users += [_staff(f"T1000{number}", people().subject_of(each.persona)) for number, each in enumerate(groups)]
    enrolments += [_teaching("T00001", "class-tuva", "teacher"), _mistake(enrolments[0])]
    enrolments += [_teaching(f"T1000{number}", _class_of(each), GUIDES[each.role])
                   for number, each in enumerate(groups)]  # fmt: skip
    return {"orgs": [_org(key) for key in ORGANISATIONS if ORGANISATIONS[key].oid in tree_of("C")],
            "classes": [_class(each, homes.values()) for each in sorted(classes)],
            "users": users, "enrollments": enrolments}  # fmt: skip


def _class_of(entry: AssignmentEntry) -> str:
    return f"class-{entry.group}"


def _class(source_id: str, homes: Collection[str]) -> Json:
    return {
        **_record(source_id),
        "title": source_id.removeprefix("class-"),
        "classType": "homeroom" if source_id in homes else "scheduled",
        "course": _reference(f"course-{source_id}", "course"),
        "school": _reference("c-school", "org"),
        "terms": [],
    }


def _record(source_id: str) -> Json:
    return {"sourcedId": source_id, "status": "active", "dateLastModified": CHANGED}


def _reference(source_id: str, sort: str) -> Json:
    return {"href": f"{SERVICE}/{sort}s/{source_id}", "sourcedId": source_id, "type": sort}


_SORTS = {"provider": "district", "school": "school", "site": "department"}


def _org(key: str) -> Json:
    ours = organisation(key)
    return {
        **_record(key.lower()),
        "name": ours.name.sv,
        "type": _SORTS[ours.kind],
        "identifier": ours.oid,
        **present(parent=_reference(_org_id(ours.path[-1]), "org") if ours.kind != "provider" else None),
    }


def _org_id(oid: object) -> str:
    return next(key.lower() for key, each in ORGANISATIONS.items() if each.oid == oid)


def _user(row: Row) -> Json:
    return {
        **_record(str(row["key"])),
        "enabledUser": "true",
        "givenName": row["given_names"],
        "familyName": row["family_name"],
        "userIds": [
            {"type": "studentNumber", "identifier": row["key"]},
            {"type": "oppijanumero", "identifier": row["oid"]},
        ],
        "roles": [{"roleType": "primary", "role": "student", "org": _reference("c-school", "org")}],
    }


def _teacher() -> Json:
    return {
        **_record("T00001"),
        "enabledUser": "true",
        "givenName": "Alva",
        "familyName": "Sundqvist",
        "userIds": [{"type": "staffNumber", "identifier": "T00001"}],
        "roles": [{"roleType": "primary", "role": "teacher", "org": _reference("c-school", "org")}],
    }


def _staff(source_id: str, subject: str) -> Json:
    """One of the staff who signs in: known by an OID."""
    ids = [{"type": "staffNumber", "identifier": source_id}, {"type": PERSON_ID_TYPE, "identifier": subject}]
    return {**_teacher(), "sourcedId": source_id, "givenName": "Frej", "familyName": "Holmberg", "userIds": ids}


def _enrolments(rights: list[Row], homes: Mapping[str, str]) -> Iterator[Json]:
    """One enrolment for each status period of a right; its end is the day after the last one.

    ``homes`` are the homerooms of those who have one, by local number; others are enrolled by what they study.
    """
    places: dict[object, int] = {}
    for row in rights:
        places[row["key"]] = places.get(row["key"], 0) + 1
        number = places[row["key"]]
        yield {
            **_record(f"{row['key']}" if number == 1 else f"{row['key']}.{number}"),
            "user": _reference(str(row["person_key"]), "user"),
            "class": _reference(
                homes.get(str(row["person_key"]), f"class-{row['qualification_code'] or row['type']}"), "class"
            ),
            "school": _reference(_org_id(row["school_oid"]), "org"),
            "role": "student",
            "primary": "true",
            **present(beginDate=_day(row["state_start"]), endDate=_day(row["state_end"], after=1)),
            "metadata": _metadata(row),
        }


def _metadata(row: Row) -> Json:
    states = {ours: word for word, ours in STATE_WORDS.items()}
    types = {ours: word for word, ours in TYPE_WORDS.items()}
    return present(
        studyRightOid=row["oid"],
        state=states.get(str(row["state"])),
        kind=types[str(row["type"])],
        site=row["site_oid"],
        plannedEnd=_day(row["estimated_end"]),
        includedInOid=row["included_in_oid"],
        includedInSchool=row["included_in_school"],
        purchased="true" if row["purchased"] else "false",
        qualification=f"koulutus_{row['qualification_code']}" if row["qualification_code"] else None,
        qualificationName=row["qualification_name"],
        requirementsNo=row["requirements_number"],
        requirementsName=row["requirements_name"],
        area=f"osaamisala_{row['area_code']}" if row["area_code"] else None,
        areaName=row["area_name"],
    )


def _day(value: object, after: int = 0) -> str | None:
    return (value + timedelta(days=after)).isoformat() if isinstance(value, date) else None


def _teaching(user: str, to: str, role: str) -> Json:
    return {
        **_record(f"{user}-1"),
        "user": _reference(user, "user"),
        "class": _reference(to, "class"),
        "school": _reference("c-school", "org"),
        "role": role,
        "primary": "true",
        "beginDate": "2026-08-10",
    }


def _mistake(enrolment: Json) -> Json:
    return {**enrolment, "sourcedId": f"{enrolment['sourcedId']}.0", "status": "tobedeleted"}

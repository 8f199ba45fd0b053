"""What an operator declares of a provider's interface, refused at start where it is wrong.

The left side of a mapping is a column of ours, the right side says where the provider has it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Literal

import msgspec

from connectors.limits import (
    DEFAULT_CACHE_SECONDS,
    DEFAULT_CONCURRENCY,
    DEFAULT_MAX_BYTES,
    DEFAULT_SECONDS,
    DEFAULT_WAITING,
    CacheSeconds,
    Concurrency,
    MaxBytes,
    Remembered,
    Seconds,
    StaleSeconds,
    Waiting,
)
from connectors.oauth import ClientCredentials
from connectors.rest.expressions import Expression
from connectors.table.cells import LISTED
from connectors.table.settings import COLUMNS, ONE_OF, REQUIRED, Given, RowSettings, Strict

Entity = Literal["rights", "learners", "plans", "holders", "appointments", "assignments", "guides"]
"""What is asked of a provider: one question each, with its own key."""

# --- credentials ----------------------------------------------------------------------------------------------

Text = Annotated[str, msgspec.Meta(min_length=1)]
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"})
"""Headers that the client itself answers for."""


class NoCredential(Strict, frozen=True, tag_field="kind", tag="none"):
    """The provider knows us by our network alone, as behind a security server."""


class BearerCredential(Strict, frozen=True, tag_field="kind", tag="bearer"):
    """A token that lasts, in a file."""

    secret_file: Text


class BasicCredential(Strict, frozen=True, tag_field="kind", tag="basic"):
    """A user name, and a password in a file."""

    username: Text
    secret_file: Text


class HeaderCredential(Strict, frozen=True, tag_field="kind", tag="header"):
    """A key in a header of the provider's own."""

    header: Text
    secret_file: Text


class TokenCredential(ClientCredentials, frozen=True, tag_field="kind", tag="client_credentials"):
    """An account at a token server (OAuth2 client credentials)."""


Credential = NoCredential | BearerCredential | BasicCredential | HeaderCredential | TokenCredential

# --- pages ----------------------------------------------------------------------------------------------------

MaxPages = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class NumberedPages(Strict, frozen=True, tag_field="kind", tag="page"):
    """``{page}`` counts pages. They end at one without rows, at ``total`` rows, or where ``more`` is not true."""

    first: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1
    more: str | None = None
    total: str | None = None
    max_pages: MaxPages = 100


class OffsetPages(Strict, frozen=True, tag_field="kind", tag="offset"):
    """``{offset}`` counts the rows that came so far. They end at a page without rows, or at ``total`` rows."""

    total: str | None = None
    max_pages: MaxPages = 100


class CursorPages(Strict, frozen=True, tag_field="kind", tag="cursor"):
    """``{cursor}`` is what the page before gave as ``next``; a parameter with it is left out of the first call."""

    next: str
    total: str | None = None
    max_pages: MaxPages = 100


class LinkedPages(Strict, frozen=True, tag_field="kind", tag="link"):
    """The address of the next page: in the ``Link`` header, or in the body where ``next`` says."""

    next: str | None = None
    total: str | None = None
    max_pages: MaxPages = 100


Paging = NumberedPages | OffsetPages | CursorPages | LinkedPages

# --- calls ----------------------------------------------------------------------------------------------------


class RowSet(Strict, frozen=True):
    """Rows in an answer: where they are, what they are rows of, and where each column stands in a row."""

    table: str
    rows: str
    """From the whole answer, or, with ``under``, from one row of another set."""
    key: str = ""
    """Only of a set that is not under another: the OID that was asked, as the row itself names it."""
    name: str = ""
    """What others call this set by, where not the table's name."""
    under: str = ""
    members: bool = False
    """Whether the rows are the members of an object: each is then ``{name, value}``."""
    columns: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def known_as(self) -> str:
        """By what other sets call this one."""
        return self.name or self.table


class Call(Strict, frozen=True):
    """One call: where ``{key}`` stands it is made for each key, where ``{keys}`` stands for many at once.

    Without either it lists everything, whoever is asked about.
    """

    path: str
    rows: tuple[RowSet, ...]
    method: Literal["GET", "POST"] = "GET"
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    body: dict[str, Any] | None = None
    max_batch: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 100
    """Keys in one call, where ``{keys}`` stands."""
    separator: str | None = ","
    """Between the keys in a path or parameter."""
    repeat: bool = False
    """Whether a parameter with ``{keys}`` is instead repeated for each key."""
    paging: Paging | None = None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What the call asks to be put in it."""
        return tuple(name for text in _texts([self.path, self.parameters, self.body]) for name in _NAME.findall(text))


_NAME = re.compile(r"\{([^{}]*)\}")
_PAGING_NAMES: dict[type, str] = {NumberedPages: "page", OffsetPages: "offset", CursorPages: "cursor"}
_KNOWN_NAMES = ("key", "keys", "page", "offset", "cursor")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)


# --- what may be mapped ---------------------------------------------------------------------------------------

SUBJECT = "subject"
"""What an answer has for each OID that was asked: no row of ours, but what other sets may stand under."""

TABLES: dict[Entity, tuple[str, ...]] = {
    "rights": (SUBJECT, "rights", "states"),
    "learners": ("learners",),
    "plans": (SUBJECT, "plans", "units", "periods", "environments", "interruptions", "demonstrations", "assessors",
              "prior_units"),
    "holders": ("holders",),
    "appointments": (SUBJECT, "appointments"),
    "assignments": (SUBJECT, "assignments"),
    "guides": ("guides",),
}  # fmt: skip
_STATE = ("state", "state_start", "state_end")
_GIVEN_BY_THE_KEY = {
    "rights": {"person_key"},
    "plans": {"right_key", "right_oid"},
    "appointments": {"person_oid"},
    "assignments": {"person_oid", "person_key"},
}
"""Columns that the key of the call fills."""
ALLOWED: dict[str, tuple[str, ...]] = {
    name: tuple(column for column in columns if column not in _GIVEN_BY_THE_KEY.get(name, ()))
    for name, columns in COLUMNS.items()
    if name != "people"
} | {SUBJECT: (), "learners": (), "guides": (), "holders": ("learner_oid",), "states": _STATE}
ALLOWED["plans"] += ("learner_oid",)
"""Columns that may be mapped."""
LISTS = frozenset(
    {("periods", "key_tasks"), ("demonstrations", "subareas"), ("demonstrations", "contents"),
     ("demonstrations", "criteria")}
)  # fmt: skip
"""Columns that hold several texts."""
PARENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "states": (("rights", ""),),
    "units": (("plans", "plan_key"), ("units", "parent_key")),
    "prior_units": (("plans", "plan_key"), ("prior_units", "parent_key")),
    "periods": (("units", "unit_key"),),
    "environments": (("periods", "period_key"),),
    "interruptions": (("periods", "period_key"),),
    "demonstrations": (("units", "unit_key"), ("prior_units", "prior_key")),
    "assessors": (("demonstrations", "demonstration_key"), ("prior_units", "prior_key")),
}
"""What the rows of a table belong to, and the column that says to which: filled from the row that they stand under."""
ONE_PARENT = frozenset({"demonstrations", "assessors"})
"""Tables whose rows belong to the nearest alone of what they stand under."""
_NOT_REQUIRED = {"key", "state", "state_start"}
_NEEDED: dict[Given, tuple[Entity, ...]] = {
    "rights": ("rights", "learners"),
    "plans": ("plans",),
    "appointments": ("appointments",),
    "assignments": ("assignments",),
}
"""Which questions each kind of data needs. Who gives rights must be able to list whose: lists of students need it."""


def required_of(table: str) -> tuple[str, ...]:
    """Columns that must be mapped, wherever the rows stand."""
    links = {column for _, column in PARENTS.get(table, ())}
    filled = links | _NOT_REQUIRED | _GIVEN_BY_THE_KEY.get(table, set())
    needed = tuple(column for column in REQUIRED.get(table, ()) if column not in filled)
    return needed + (("learner_oid",) if table in ("appointments", "assignments", "holders") else ())


# --- the source -----------------------------------------------------------------------------------------------


class JsonSettings(RowSettings, frozen=True, kw_only=True, tag_field="kind", tag="json"):
    """One provider's JSON interface: where it is, how it knows us, what is asked how, and what its answers mean."""

    base_url: str
    auth: Credential
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """On every call: what a security server or a gateway in between asks for."""
    absent: Literal["absent", "absent_or_denied"] = "absent_or_denied"
    """What it means that an answer lacks a key: that there is nothing, or that we may only not see it."""
    rights: tuple[Call, ...] = ()
    learners: tuple[Call, ...] = ()
    plans: tuple[Call, ...] = ()
    holders: tuple[Call, ...] = ()
    appointments: tuple[Call, ...] = ()
    assignments: tuple[Call, ...] = ()
    guides: tuple[Call, ...] = ()
    """Lists everybody who guides somebody, by their OIDs: with it, groups as a whole can be told."""
    list_separator: str = LISTED
    """Only for a provider that writes several texts in one; a list is a list."""
    true_values: tuple[str, ...] = ("true",)
    false_values: tuple[str, ...] = ("false",)
    concurrency: Concurrency = DEFAULT_CONCURRENCY
    waiting: Waiting = DEFAULT_WAITING
    seconds: Seconds = DEFAULT_SECONDS
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES
    private_network: bool = False
    cache_seconds: CacheSeconds = DEFAULT_CACHE_SECONDS
    stale_seconds: StaleSeconds = 0
    invalidate_key_file: str | None = None

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise ValueError(f"source `{self.id}`: {fault}")

    @property
    def reached(self) -> Remembered:
        """What every source over HTTP can be told: a record has one base, and this one's is how rows are written."""
        return Remembered(**{name: getattr(self, name) for name in Remembered.__struct_fields__})

    def calls(self, entity: Entity) -> tuple[Call, ...]:
        """The calls that answer one question, in the order of the settings."""
        calls: tuple[Call, ...] = getattr(self, entity)
        return calls


def _faults(settings: JsonSettings) -> Iterator[str]:
    yield from settings.faults_of_values()
    names = [*settings.headers, *([settings.auth.header] if isinstance(settings.auth, HeaderCredential) else [])]
    for name in names:
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            yield f"`{name}` is no header that may be set"
    for value in settings.headers.values():
        if not value.isascii() or not value.isprintable():
            yield "headers: expected values of printable ASCII"
    if not settings.gives:
        yield "gives: expected at least one of rights, plans, appointments, assignments"
    for given in settings.gives:
        for entity in _NEEDED[given]:
            if not settings.calls(entity):
                yield f"`{entity}` is needed for what the source gives: add [[source.{entity}]]"
    if settings.guides and "assignments" not in settings.gives:
        yield "guides: accepted only of a source that gives assignments"
    for entity in TABLES:
        yield from _faults_of_entity(entity, settings.calls(entity))


def _faults_of_entity(entity: Entity, calls: tuple[Call, ...]) -> Iterator[str]:
    for place, call in enumerate(calls):
        for fault in chain(_faults_of_call(call, entity), _faults_of_sets(entity, call.rows)):
            yield f"{entity}[{place}].{fault}"
    if not calls:
        return
    sets = [each for call in calls for each in call.rows]
    for place, call in enumerate(calls):
        for number, each in enumerate(call.rows):
            try:
                list(links_of(each, call.rows, sets))
            except (ValueError, KeyError) as fault:
                yield f"{entity}[{place}].rows[{number}].{fault}"
    main = TABLES[entity][1] if TABLES[entity][0] == SUBJECT else TABLES[entity][0]
    if not any(each.table == main for each in sets):
        yield f"{entity}: expected rows with table = `{main}`"
    if entity == "rights":
        columns = {column for each in sets for column in each.columns}
        yield from (f"rights: column `{c}` must be mapped" for c in ("state", "state_start") if c not in columns)


def _faults_of_call(call: Call, entity: Entity) -> Iterator[str]:
    if not call.path.startswith("/") or "?" in call.path or "#" in call.path or ".." in call.path:
        yield "path: expected a path that begins with `/`; what comes after `?` belongs in `parameters`"
    names = set(call.placeholders)
    if unknown := sorted(names - set(_KNOWN_NAMES)):
        yield f"path: there is no `{{{unknown[0]}}}`; what may stand there is {', '.join(_KNOWN_NAMES)}"
    if "{cursor}" in call.path:
        yield "path: `{cursor}` is the provider's text; it may stand in parameters or body only"
    if any("{keys}" in text and text != "{keys}" for text in _texts(call.body)):
        yield "body: expected `{keys}` to be the whole of a text: it becomes a list"
    if {"key", "keys"} <= names:
        yield "path: expected `{key}` or `{keys}`, not both"
    if entity in ("learners", "guides") and names & {"key", "keys"}:
        yield "path: expected no key: everybody is listed"
    if call.body is not None and call.method != "POST":
        yield 'body: accepted only with method = "POST"'
    wanted = _PAGING_NAMES.get(type(call.paging)) if call.paging else None
    for name in _PAGING_NAMES.values():
        if name == wanted and name not in names:
            yield f"paging: `{{{name}}}` must stand in path, parameters or body"
        if name != wanted and name in names:
            yield f"path: `{{{name}}}` stands there without its kind of `paging`"
    for key in ("next", "more", "total"):
        if text := getattr(call.paging, key, None):
            yield from _faults_of_expression(f"paging.{key}", text)


def _faults_of_sets(entity: Entity, sets: tuple[RowSet, ...]) -> Iterator[str]:
    seen: dict[str, RowSet] = {}
    for place, each in enumerate(sets):
        at = f"rows[{place}]"
        if each.table not in TABLES[entity]:
            yield f"{at}.table: there is no `{each.table}` here; there are {', '.join(TABLES[entity])}"
            return
        if each.known_as in seen:
            yield f"{at}.name: there is another set `{each.known_as}` in this call; give this one a `name` of its own"
            return
        if each.under and each.under not in seen:
            yield f"{at}.under: there is no set `{each.under}` before this one; there are {', '.join(seen) or 'none'}"
            return
        yield from (f"{at}.{fault}" for fault in _faults_of_set(each, seen))
        seen[each.known_as] = each
    if not sets:
        yield "rows: expected at least one [[…rows]]"


def _faults_of_set(each: RowSet, above: Mapping[str, RowSet]) -> Iterator[str]:
    if each.under and each.key:
        yield "key: accepted only of a set that is not under another"
    if not each.under and not each.key:
        yield "key: expected where a row names the OID that was asked; a row is never known by its place"
    yield from _faults_of_expression("rows", each.rows)
    if each.key:
        yield from _faults_of_expression("key", each.key)
    for column, text in each.columns.items():
        if column not in ALLOWED[each.table]:
            accepted = ", ".join(ALLOWED[each.table]) or "none"
            yield f"columns.{column}: there is no such column in `{each.table}`; the columns are {accepted}"
        yield from _faults_of_expression(f"columns.{column}", text)
    yield from (f"columns.{c}: must be mapped" for c in required_of(each.table) if c not in each.columns)
    if each.table in ONE_OF and each.table != "plans" and each.table != "assignments":
        names = ONE_OF[each.table]
        if not set(names) & each.columns.keys():
            yield f"columns: {' or '.join(f'`{name}`' for name in names)} must be mapped"
    parents = PARENTS.get(each.table, ())
    tables = {ancestor.table for ancestor in ancestors_of(each, above)}
    if parents and not any(table in tables or (column and column in each.columns) for table, column in parents):
        wanted = ", ".join(f"`{table}`" for table, _ in parents)
        yield f"under: expected a set of {wanted}, or the column that says to which row of them this one belongs"


def ancestors_of(each: RowSet, sets: Mapping[str, RowSet]) -> Iterator[RowSet]:
    """The sets that a set stands under, the nearest first."""
    while each.under:
        each = sets[each.under]
        yield each


def links_of(each: RowSet, sets: Sequence[RowSet], declared: Sequence[RowSet]) -> Iterator[tuple[str, str]]:
    """The mapped columns that name another row, and under which set such rows are told apart."""
    around = {"", *(one.known_as for one in ancestors_of(each, {one.known_as: one for one in sets}))}
    for table, column in PARENTS.get(each.table, ()):
        if column not in each.columns:
            continue
        scopes = {one.under for one in declared if one.table == table}
        if len(scopes) != 1 or not scopes <= around:
            raise ValueError(
                f"columns.{column}: the rows of `{table}` stand where this one cannot name one for certain"
            )
        yield column, scopes.pop()


def _faults_of_expression(key: str, text: str) -> Iterator[str]:
    try:
        Expression(text)
    except ValueError as fault:
        yield f"{key}: {fault}"

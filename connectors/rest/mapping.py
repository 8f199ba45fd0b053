"""One answer to rows by our names, each under the OID that it names itself.

INVARIANT: a row is never known by its place in an answer, and its local keys live within the OID that it is of: what
two students' rows say of their keys cannot bring them together. A row that nobody asked for refuses the answer.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.failures import Reason, SourceInvalid
from connectors.rest.calls import Entity, RowSet
from connectors.rest.expressions import Expression, Unreadable, cell
from connectors.rest.mappable import LISTS, ONE_PARENT, PARENTS, SUBJECT, links_of
from connectors.rest.settings import JsonSettings
from connectors.table.cells import PLACE, SCOPE, UNREADABLE_CELL, Row, clean
from connectors.table.settings import COLUMNS

MOST_ROWS = 100_000
"""Rows, of all tables, that one question may come to."""


@dataclass(slots=True)
class Gathered:
    """What one or several whole answers came to."""

    tables: defaultdict[str, list[dict[str, str | None]]] = field(default_factory=lambda: defaultdict(list))
    answered: set[str] = field(default_factory=set)
    """The OIDs of which an answer says anything at all."""
    learners: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Whose each right is, where the answers say so; a text that cannot be read is there as nothing."""
    unread: Counter[str] = field(default_factory=Counter)
    """Columns of which values are no text, and how often."""
    keys: set[str] = field(default_factory=set)

    def add(self, other: "Gathered") -> None:
        """Take in what another answer came to."""
        for table, rows in other.tables.items():
            self.tables[table] += rows
        for key, learners in other.learners.items():
            self.learners[key] |= learners
        self.answered |= other.answered
        self.unread += other.unread


@dataclass(frozen=True, slots=True)
class _Set:
    """A set of rows with its expressions compiled, and what stands under it."""

    declared: RowSet
    rows: Expression
    key: Expression | None
    columns: tuple[tuple[str, Expression, bool], ...]
    """Our name, where it is, and whether it holds several texts."""
    links: dict[str, str]
    """Mapped columns that name a row of another set: under which set that row stands too, or none for the answer."""
    under: "tuple[_Set, ...]"


@dataclass(frozen=True, slots=True)
class _Above:
    """A row that others stand under."""

    table: str
    name: str
    key: str


class AnswerMap:
    """How the answers to one question are read; ``ValueError`` where links between its sets cannot be followed."""

    def __init__(self, entity: Entity, settings: JsonSettings) -> None:
        self._settings = settings
        self._is_about_rights = entity in ("plans", "holders")
        calls = settings.calls(entity)
        declared = [each for call in calls for each in call.rows]
        self._sets = {place: _compiled(call.rows, "", declared) for place, call in enumerate(calls)}

    def count(self, place: int, document: Any) -> int:
        """How many rows of the first set a page holds."""
        return len(_elements(self._sets[place][0], document))

    def read(self, place: int, documents: Sequence[Any], asked: Collection[str], *, strays: bool) -> Gathered:
        """The rows of one answer, page by page, under the OIDs that were asked.

        ``strays`` says that others may be in it, as in a listing; else ``SourceInvalid``, and nothing of it is kept.
        """
        reading = _Reading(self._settings, place, Gathered())
        seen: set[bytes] = set()
        for document in documents:
            for each in self._sets[place]:
                for record in _elements(each, document):
                    # A page that shifts while it is turned repeats a row; a row is one row.
                    digest = each.declared.known_as.encode() + msgspec.json.encode(record)
                    if digest not in seen:
                        seen.add(digest)
                        self._take(reading, each, record, asked, strays=strays)
        return reading.gathered

    def _take(self, reading: "_Reading", each: _Set, record: Any, asked: Collection[str], *, strays: bool) -> None:
        key = _key_of(each, record)
        if key not in asked:
            if strays:
                return
            raise SourceInvalid(Reason.MISMATCH if self._is_about_rights else Reason.FOREIGN_PERSON)
        reading.gathered.answered.add(key)
        reading.take(each, record, key, ())

    def keys(self, place: int, documents: Sequence[Any]) -> set[str]:
        """The keys of all rows of a listing."""
        return {
            _key_of(each, record)
            for document in documents
            for each in self._sets[place]
            for record in _elements(each, document)
        }


def _key_of(each: _Set, record: Any) -> str:
    """The OID that a row is of, as it says itself."""
    try:
        value = each.key.of(record) if each.key and isinstance(record, dict) else None
    except Unreadable:
        value = None
    key = clean(value) if isinstance(value, str) else None
    if key is None:
        raise SourceInvalid(Reason.UNREADABLE)
    return key


def _elements(each: _Set, document: Any) -> list[Any]:
    """The rows of a set in an answer. That there are none must be said: a list, not a missing one."""
    found = _found(each, document)
    if found is None:
        raise SourceInvalid(Reason.UNREADABLE)
    return found


def _found(each: _Set, record: Any) -> list[Any] | None:
    try:
        if not each.declared.members:
            return each.rows.elements_of(record)
        value = each.rows.of(record)
        if value is None:
            return None
        if isinstance(value, dict):
            return [{"name": name, "value": member} for name, member in value.items()]
    except Unreadable:
        pass
    raise SourceInvalid(Reason.UNREADABLE)


@dataclass(slots=True)
class _Reading:
    """One answer being read."""

    settings: JsonSettings
    call: int
    gathered: Gathered
    taken: int = 0

    def take(self, each: _Set, record: Any, asked: str, above: tuple[_Above, ...]) -> None:
        """Take a row and all that stands under it."""
        self.taken += 1
        if self.taken > MOST_ROWS:
            raise SourceInvalid(Reason.OVERSIZE)
        table = each.declared.table
        if table == SUBJECT:
            self._take_under(each, record, asked, (_Above(SUBJECT, each.declared.known_as, asked),))
            return
        cells = self._cells(each, record)
        row = _implied(table, asked) | _parents(table, above) | cells
        for column, scope in each.links.items():
            row[column] = _scoped(row[column], _scope(scope, asked, above))
        row["key"] = key = self._full_key(cells.get("key"), asked, above)
        self._write(each, record, row, asked)
        self._take_under(each, record, asked, (_Above(table, each.declared.known_as, key), *above))

    def _take_under(self, each: _Set, record: Any, asked: str, above: tuple[_Above, ...]) -> None:
        for inner in each.under:
            if inner.declared.table != "states":
                for part in self._parts(inner, record):
                    self.take(inner, part, asked, above)

    def _parts(self, each: _Set, record: Any) -> list[Any]:
        """The rows under a row. What cannot be read as rows is one row that says nothing, so that it is seen."""
        try:
            return _found(each, record) or []
        except SourceInvalid:
            return [None]

    def _write(self, each: _Set, record: Any, row: dict[str, str | None], asked: str) -> None:
        table, tables = each.declared.table, self.gathered.tables
        if table == "rights":
            tables["rights"] += [row | states for states in self._states(each, record)] or [row]
        elif table in ("plans", "holders") and "learner_oid" in row:
            learner = row.pop("learner_oid")
            if learner is not None:
                self.gathered.learners[asked].add(clean(learner) or "")
        if table in COLUMNS and table != "rights":
            tables[table].append(row)

    def _states(self, each: _Set, record: Any) -> list[dict[str, str | None]]:
        """The periods of a right's status, where they stand under it."""
        sets = [inner for inner in each.under if inner.declared.table == "states"]
        return [self._cells(inner, part) for inner in sets for part in self._parts(inner, record)]

    def _cells(self, each: _Set, record: Any) -> dict[str, str | None]:
        cells: dict[str, str | None] = {}
        for column, expression, several in each.columns:
            try:
                text = cell(expression.of(record), self.settings, several=several)
            except Unreadable:
                text = UNREADABLE_CELL
            if text == UNREADABLE_CELL:
                self.gathered.unread[f"{each.declared.table}.{column}"] += 1
            cells[column] = clean(text) if column == "key" or column.endswith("_key") else text
        return cells

    def _full_key(self, own: str | None, asked: str, above: tuple[_Above, ...]) -> str:
        """The key by which other rows find this one: the provider's own, within what the row stands under."""
        full = f"{above[0].key if above else asked}{SCOPE}{own or ''}"
        keys = self.gathered.keys
        if own is None or (above and full in keys):
            full += f"{PLACE}{self.call}.{len(keys)}"
        keys.add(full)
        return full


def _implied(table: str, asked: str) -> dict[str, str | None]:
    """What the key of a call says of a row."""
    match table:
        case "rights":
            return {"person_key": asked}
        case "plans":
            return {"right_oid": asked}
        case "appointments" | "assignments":
            return {"person_oid": asked}
        case _:
            return {}


def _parents(table: str, above: tuple[_Above, ...]) -> dict[str, str | None]:
    """The columns that say what a row belongs to, from the rows that it stands under."""
    columns = dict(PARENTS.get(table, ()))
    found: dict[str, str | None] = {}
    for each in above:
        if (column := columns.get(each.table)) and column not in found:
            found[column] = each.key
            if table in ONE_PARENT:
                break
    return found


def _scope(name: str, asked: str, above: tuple[_Above, ...]) -> str:
    return next((each.key for each in above if each.name == name), asked) if name else asked


def _scoped(own: str | None, scope: str) -> str | None:
    return None if own is None else f"{scope}{SCOPE}{own}"


def rows_of_subjects(gathered: Gathered, *, rights: bool) -> dict[str, list[Row]]:
    """The tables that tell whose rights these are: everyone who was asked, or whom the answers say a right is of."""
    if not rights:
        return {"people": [{"key": each, "oid": each} for each in sorted(gathered.answered)]}
    held = [(right, learner) for right, learners in sorted(gathered.learners.items()) for learner in sorted(learners)]
    return {
        "people": [{"key": right, "oid": learner} for right, learner in held],
        "rights": [{"key": right, "person_key": right, "oid": right} for right, _ in held],
    }


# --- compiling ------------------------------------------------------------------------------------------------


def _compiled(sets: Sequence[RowSet], under: str, declared: Sequence[RowSet]) -> tuple[_Set, ...]:
    return tuple(
        _Set(
            declared=each,
            rows=Expression(each.rows),
            key=Expression(each.key) if each.key else None,
            columns=tuple(
                (column, Expression(text), (each.table, column) in LISTS) for column, text in each.columns.items()
            ),
            links=dict(links_of(each, sets, declared)),
            under=_compiled(sets, each.known_as, declared),
        )
        for each in sets
        if each.under == under
    )

"""What of the declared calls and mappings could not work, each fault in one line that names the key."""

from collections.abc import Iterator, Mapping
from itertools import chain

from connectors.rest.calls import KNOWN_NAMES, PAGING_NAMES, Call, Entity, RowSet, texts_of
from connectors.rest.expressions import Expression
from connectors.rest.mappable import ALLOWED, PARENTS, SUBJECT, TABLES, ancestors_of, links_of, required_of
from connectors.table.settings import ONE_OF


def faults_of_calls(entity: Entity, calls: tuple[Call, ...]) -> Iterator[str]:
    """What is wrong with the calls that answer one question."""
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
    if unknown := sorted(names - set(KNOWN_NAMES)):
        yield f"path: there is no `{{{unknown[0]}}}`; what may stand there is {', '.join(KNOWN_NAMES)}"
    if "{cursor}" in call.path:
        yield "path: `{cursor}` is the provider's text; it may stand in parameters or body only"
    if any("{keys}" in text and text != "{keys}" for text in texts_of(call.body)):
        yield "body: expected `{keys}` to be the whole of a text: it becomes a list"
    if {"key", "keys"} <= names:
        yield "path: expected `{key}` or `{keys}`, not both"
    if entity in ("learners", "guides") and names & {"key", "keys"}:
        yield "path: expected no key: everybody is listed"
    if call.body is not None and call.method != "POST":
        yield 'body: accepted only with method = "POST"'
    wanted = PAGING_NAMES.get(type(call.paging)) if call.paging else None
    for name in PAGING_NAMES.values():
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


def _faults_of_expression(key: str, text: str) -> Iterator[str]:
    try:
        Expression(text)
    except ValueError as fault:
        yield f"{key}: {fault}"

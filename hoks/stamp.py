"""Stamping: every part of a plan gets its provenance and an opaque id of its own.

An id is a keyed hash of the source, the right and the source's own key of the part; where the source gives none, of
what the reader is shown of its kind, code and dates. Never of other content or of a position: an id must not move
when something hidden changes.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from operator import is_
from typing import Any, TypeVar, get_type_hints

import msgspec

from hoks.access.redact import record_type_in
from hoks.beside import Beside, itself
from hoks.identifiers import StudyRightOid
from hoks.items import classification
from hoks.plan import Hoks
from hoks.records import Part, Record
from hoks.values import Provenance

R = TypeVar("R", bound=Record)


def stamp(plan: Hoks, provenance: Provenance, key: bytes) -> Hoks:
    """The plan with provenance on it and on every part, and under ``key`` (32 bytes) the ids of parts with a key."""
    return _stamped(plan, provenance, key)


def stamp_shown(plan: Hoks, source: str, right: StudyRightOid, key: bytes) -> Hoks:
    """The redacted plan with the ids of its parts without a key.

    INVARIANT: made after redaction, of what is left: two readers may hold two ids, and none tells what it hides.
    """

    def stamped(part: Part) -> dict[str, Any]:
        return {"id": part_id(part, source, right, key)} if part.id == "" else {}

    return _each_part(plan, stamped)


def lacks_ids(plan: Hoks) -> bool:
    """Whether some part of a stamped plan has no key of its own, and so no id yet."""
    return _lacking_ids(plan)


def _stamp(plan: Hoks, provenance: Provenance, key: bytes) -> Hoks:
    right = plan.study_right_oid

    def stamped(part: Part) -> dict[str, Any]:
        own = part_id(part, provenance.source, right, key) if _has_key(part) else ""
        return {"id": own, "provenance": provenance}

    return msgspec.structs.replace(_each_part(plan, stamped), provenance=provenance)


_stamped: Beside[Hoks, Hoks] = Beside(_stamp, itself)


def _lacks_id(record: Record) -> bool:
    if isinstance(record, Part) and record.id == "":
        return True
    for name in _record_fields(type(record)):
        value = getattr(record, name)
        if value and (any(map(_lacks_id, value)) if isinstance(value, tuple) else _lacks_id(value)):
            return True
    return False


_lacking_ids: Beside[Hoks, bool] = Beside(_lacks_id)


def _each_part(record: R, stamped: Callable[[Part], dict[str, Any]]) -> R:
    """The record with ``stamped`` put on every part in it; the very record where there is nothing to put on."""
    changes: dict[str, Any] = {}
    for name in _record_fields(type(record)):
        value = getattr(record, name)
        if not value:
            continue
        if isinstance(value, tuple):
            made = [_each_part(each, stamped) for each in value]
            if not all(map(is_, made, value)):
                changes[name] = tuple(made)
        else:
            one = _each_part(value, stamped)
            if one is not value:
                changes[name] = one
    if isinstance(record, Part):
        changes |= stamped(record)
    return msgspec.structs.replace(record, **changes) if changes else record


def _has_key(part: Part) -> bool:
    return bool(part.source_key or part.module_id)


def part_id(part: Part, source: str, right: StudyRightOid, key: bytes) -> str:
    """The opaque id of a part: 32 hexadecimal digits."""
    own = part.source_key or part.module_id
    named = ("key", type(part).__name__, own) if own else ("seen", *part.kind_and_dates)
    # Encoded as JSON so that no two different lists of names run together.
    message = msgspec.json.encode((source, right, *named))
    return hashlib.blake2b(message, key=key, digest_size=16).hexdigest()


@cache
def _record_fields(kind: type[Record]) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    return tuple(
        name
        for name in classification(kind)
        if (held := record_type_in(hints[name])) is not None and _holds_parts(held, frozenset())
    )


def _holds_parts(kind: type[Record], seen: frozenset[type[Record]]) -> bool:
    if issubclass(kind, Part):
        return True
    hints = get_type_hints(kind)
    held = {record_type_in(hints[name]) for name in kind.__struct_fields__} - {None} - seen
    return any(_holds_parts(each, seen | {kind}) for each in held if each is not None)

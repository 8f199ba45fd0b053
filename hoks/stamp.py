"""Stamping: every part of a plan gets its provenance and an opaque id of its own.

An id is a keyed hash of the source, the right and the source's own key of the part; where the source gives none, of
what everyone who sees the part sees of it. Never of other content or of a position: an id must not move when
something hidden changes.
"""

import hashlib
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from hoks.access.redact import record_type_in
from hoks.identifiers import StudyRightOid
from hoks.items import classification
from hoks.plan import Hoks
from hoks.records import Part, Record
from hoks.values import Provenance

R = TypeVar("R", bound=Record)


def stamp(plan: Hoks, provenance: Provenance, key: bytes) -> Hoks:
    """The plan with provenance on it and on every part, and with every part's id under ``key`` (32 bytes)."""
    stamped = _stamp(plan, provenance, key, plan.study_right_oid)
    return msgspec.structs.replace(stamped, provenance=provenance)


def _stamp(record: R, provenance: Provenance, key: bytes, right: StudyRightOid) -> R:
    changes: dict[str, Any] = {}
    for name in _record_fields(type(record)):
        value = getattr(record, name)
        if isinstance(value, tuple):
            if value:
                changes[name] = tuple(_stamp(each, provenance, key, right) for each in value)
        elif value is not None:
            changes[name] = _stamp(value, provenance, key, right)
    if isinstance(record, Part):
        changes["id"] = part_id(record, provenance.source, right, key)
        changes["provenance"] = provenance
    return msgspec.structs.replace(record, **changes) if changes else record


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

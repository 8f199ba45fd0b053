"""Reads the body of a GraphQL request strictly: one JSON object with known keys of the right types, or a refusal."""

import json
import math
from collections.abc import Collection, Mapping
from typing import NoReturn, cast

import msgspec
import orjson

from gateway.errors import Code, RefusedError

MOST_DIGITS = 20
LONGEST_ID = 200
DEEPEST = 50


class Envelope(msgspec.Struct, frozen=True):
    """What the caller asks for."""

    query: str
    """The document; empty where it is only named."""
    operation_name: str | None
    variables: dict[str, object]
    document_id: str | None = None
    """By which a document of the client's manifest is named."""
    sha256: str | None = None
    """The same by the extension ``persistedQuery``; or the hash of the document that comes with it."""

    @property
    def named(self) -> str | None:
        """By what the document is named."""
        return self.document_id if self.document_id is not None else self.sha256


def envelope(body: bytes) -> Envelope:
    """The request in ``body``."""
    content = _strict_json(body)
    if isinstance(content, list):
        _refuse("batches are not supported: send one JSON object")
    if not isinstance(content, dict):
        _refuse("the request body must be a JSON object")
    members = cast("dict[str, object]", content)
    if not members.keys() <= _MEMBERS.keys():
        _refuse(f"the request may hold only {', '.join(_MEMBERS)}")
    for name, (kind, said) in _MEMBERS.items():
        if not isinstance(members.get(name), kind):
            _refuse(f"{name} must be {said}")
    document_id = cast("str | None", members.get("documentId"))
    sha256 = _persisted(cast("dict[str, object]", members.get("extensions") or {}))
    if members.get("query") is None and document_id is None and sha256 is None:
        _refuse("query must be a string")
    if document_id is not None and (members.get("query") or sha256 is not None):
        _refuse("documentId stands instead of query and of extensions.persistedQuery")
    return Envelope(
        query=cast("str", members.get("query") or ""),
        operation_name=cast("str | None", members.get("operationName")),
        variables=cast("dict[str, object]", members.get("variables") or {}),
        document_id=document_id,
        sha256=sha256,
    )


def _persisted(extensions: dict[str, object]) -> str | None:
    """The hash of a persisted query, as Apollo's clients send it."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    members = persisted if isinstance(persisted, dict) else {}
    hashed = members.get("sha256Hash")
    if not isinstance(hashed, str) or not 0 < len(hashed) <= LONGEST_ID or members.get("version") != 1:
        _refuse("extensions.persistedQuery must be an object with version 1 and a sha256Hash")
    return hashed


_NOTHING = type(None)
_MEMBERS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "query": ((str, _NOTHING), "a string"),
    "documentId": ((str, _NOTHING), "a string or null"),
    "operationName": ((str, _NOTHING), "a string or null"),
    "variables": ((dict, _NOTHING), "an object or null"),
    "extensions": ((dict, _NOTHING), "an object or null"),
}


def _strict_json(body: bytes) -> object:
    try:
        # Refuses invalid UTF-8, a byte order mark, lone surrogates, NaN and infinities; knows no duplicate keys.
        orjson.loads(body)
        content: object = json.loads(
            body, object_pairs_hook=_without_duplicates, parse_int=_short_int, parse_float=_short_float
        )
    except (ValueError, RecursionError):
        _refuse("the request body must be valid JSON in UTF-8")
    if _is_deeper(content, DEEPEST):
        _refuse(f"the request body must not be nested deeper than {DEEPEST}")
    return content


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("the request body must not repeat a key")
    return members


def _short_int(text: str) -> int:
    return int(_short(text))


def _short_float(text: str) -> float:
    number = float(_short(text))
    if not math.isfinite(number):
        _refuse("a number in the request body is too large")
    return number


def _short(text: str) -> str:
    if sum(character.isdigit() for character in text) > MOST_DIGITS:
        _refuse(f"a number in the request body has more than {MOST_DIGITS} digits")
    return text


def _is_deeper(content: object, limit: int) -> bool:
    level = [content]
    for _ in range(limit):
        level = [child for each in level for child in _children(each) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def _children(content: object) -> Collection[object]:
    if isinstance(content, dict):
        return content.values()
    return content if isinstance(content, list) else ()


def _refuse(message: str) -> NoReturn:
    raise RefusedError(Code.BAD_REQUEST, message)

"""Reads a GraphQL request strictly: known members of the right types, of a JSON object or of a URL, or a refusal."""

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NoReturn, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
import orjson

from gateway.errors import Code, RefusedError
from gateway.settings import Limits

LONGEST_ID = 200
UNLESS_SET = Limits()

Number = TypeVar("Number", int, float)


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


def envelope(body: bytes, limits: Limits = UNLESS_SET) -> Envelope:
    """The request in the body of a POST."""
    content = _strict_json(body, limits, "the request body")
    if isinstance(content, list):
        _refuse("batches are not supported: send one JSON object")
    if not isinstance(content, dict):
        _refuse("the request body must be a JSON object")
    return _of_members(cast("dict[str, object]", content))


def envelope_of_url(query_string: bytes, limits: Limits) -> Envelope:
    """The request in the URL of a GET: the same members, and those that are objects as JSON."""
    if len(query_string) > limits.body_bytes:
        raise RefusedError(Code.PAYLOAD_TOO_LARGE)
    try:
        pairs: list[tuple[str, object]] = list(
            parse_qsl(
                query_string.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=True,
                errors="strict",
                max_num_fields=len(_MEMBERS),
            )
        )
    except ValueError:
        _refuse("the URL must hold a GraphQL query in form encoding and UTF-8")
    members = _without_duplicates(pairs)
    for name in _JSON_IN_URL & members.keys():
        members[name] = _strict_json(str(members[name]).encode(), limits, name)
    # As the specification has it: an empty name is none.
    return _of_members({**members, "operationName": members.get("operationName") or None})


def _of_members(members: dict[str, object]) -> Envelope:
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


_JSON_IN_URL = frozenset({"variables", "extensions"})


def _strict_json(text: bytes, limits: Limits, what: str) -> object:
    try:
        # Refuses invalid UTF-8, a byte order mark, lone surrogates, NaN and infinities; knows no duplicate keys.
        orjson.loads(text)
        content: object = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_int=_short(int, limits.json_digits),
            parse_float=_short(float, limits.json_digits),
        )
    except (ValueError, RecursionError):
        _refuse(f"{what} must be valid JSON in UTF-8")
    if _is_deeper(content, limits.json_depth):
        _refuse(f"{what} must not be nested deeper than {limits.json_depth}")
    return content


def _without_duplicates(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("the request must not repeat a key")
    return members


def _short(number: Callable[[str], Number], digits: int) -> Callable[[str], Number]:
    """Reads a number of no more than so many digits."""

    def read(text: str) -> Number:
        # Almost every number is short as a whole, and there may be fifty thousand of them.
        if len(text) > digits and sum(character.isdigit() for character in text) > digits:
            _refuse(f"a number in the request has more than {digits} digits")
        value = number(text)
        if not math.isfinite(value):
            _refuse("a number in the request is too large")
        return value

    return read


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

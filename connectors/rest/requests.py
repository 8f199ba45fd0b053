"""Keys to calls: one call for each key, one for a list of them, or one listing for all."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from connectors.client import Outgoing
from connectors.rest.calls import Call

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")

Values = Mapping[str, Any]
"""What stands for each placeholder; nothing for a cursor that there is none of yet."""


def at_once(calls: Iterable[Call]) -> int | None:
    """Keys in the smallest of the calls that answer a question; nothing where all of them list everything."""
    sizes = [1 if "key" in call.placeholders else call.max_batch for call in calls if _names_keys(call)]
    return min(sizes, default=None)


def _names_keys(call: Call) -> bool:
    return bool({"key", "keys"} & set(call.placeholders))


def batches(call: Call, keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The keys of each call that is made; no key, no call."""
    names = call.placeholders
    size = 1 if "key" in names else call.max_batch if "keys" in names else len(keys)
    for start in range(0, len(keys), size or 1):
        yield tuple(keys[start : start + size])


def request(base: str, call: Call, batch: Sequence[str], position: Values) -> Outgoing:
    """The call for a batch, at a position among its pages."""
    values = {"key": batch[0] if batch else "", "keys": tuple(batch), **position}
    path = _PLACEHOLDER.sub(lambda found: quote(_in_words(values[found[1]], call), safe=","), call.path)
    query = urlencode(list(_parameters(call, values)))
    body = b"" if call.body is None else msgspec.json.encode(_filled(call.body, values))
    headers = {"content-type": "application/json"} if body else {}
    url = base.rstrip("/") + path + (f"?{query}" if query else "")
    return Outgoing(method=call.method, url=url, headers=headers, body=body)


def _in_words(value: Any, call: Call) -> str:
    return (call.separator or "").join(value) if isinstance(value, tuple) else str(value)


def _parameters(call: Call, values: Values) -> Iterator[tuple[str, str]]:
    for name, text in call.parameters.items():
        if any(values[found] is None for found in _PLACEHOLDER.findall(text)):
            continue
        if call.repeat and text == "{keys}":
            for key in values["keys"]:
                yield name, key
        else:
            yield name, _PLACEHOLDER.sub(lambda found: _in_words(values[found[1]], call), text)


_LEFT_OUT = object()


def _filled(value: Any, values: Values) -> Any:
    """A part of the body with its placeholders filled; one that is the whole of a text keeps its kind."""
    match value:
        case str() if (whole := _PLACEHOLDER.fullmatch(value)) is not None:
            filled = values[whole[1]]
            return _LEFT_OUT if filled is None else filled
        case str():
            return _PLACEHOLDER.sub(lambda found: str(values[found[1]] or ""), value)
        case list():
            return [each for each in (_filled(one, values) for one in value) if each is not _LEFT_OUT]
        case dict():
            members = {name: _filled(each, values) for name, each in value.items()}
            return {name: each for name, each in members.items() if each is not _LEFT_OUT}
        case _:
            return value

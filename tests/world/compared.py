"""What a caller is answered to many questions over one world, and where two such answers differ by a byte."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import orjson

from hoks.caller import Caller
from hoks.reading import Reader
from hoks.showing import View
from resolvers.graph import Graph
from resolvers.prepared import PreparedDocument
from resolvers.schema import build

SCHEMA = build()
KEY = b"c" * 32

Answers = Mapping[str, Any]


async def answers(
    reader: Reader, caller: Caller, questions: Mapping[str, PreparedDocument], variables: Mapping[str, Any]
) -> dict[str, bytes]:
    """The answer to each question as it would leave."""
    graph = Graph(SCHEMA, reader, cursor_key=KEY)
    return {
        name: orjson.dumps((await graph.answer(document, None, variables, caller)).content)
        for name, document in questions.items()
    }


async def records(reader: Reader, caller: Caller, oids: Any, rights: Any) -> dict[str, bytes]:
    """Everybody and every right as the caller may see them: all that any question could select of them."""
    students = await reader.students(caller, list(oids))
    holders = await reader.by_rights(caller, list(rights))
    said = {f"student {oid}": _said(seen) for oid, seen in students.items()}
    for oid, seen in holders.items():
        found = (seen.right(oid), seen.plan(oid)) if isinstance(seen, View) else str(seen)
        said[f"right {oid}"] = msgspec.json.encode(found)
    return said


def _said(seen: Any) -> bytes:
    if not isinstance(seen, View):
        return str(seen).encode()
    return msgspec.json.encode((seen.student, sorted(seen.grants), sorted(seen.covering.items())))


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Where two sets of answers differ, for whoever has to mend it."""
    found: list[str] = []
    for name, answer in other.items():
        if one[name] != answer:
            found += list(_differences(_read(one[name]), _read(answer), name)) or [f"{name}: order of keys"]
    return found


def _read(answer: bytes) -> Any:
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        return answer


def _differences(one: Any, other: Any, place: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from _differences(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (each, its_other) in enumerate(zip(one, other, strict=True)):
            yield from _differences(each, its_other, f"{place}[{index}]")
    elif one != other:
        yield f"{place}: {str(one)[:120]} != {str(other)[:120]}"

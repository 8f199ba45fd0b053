"""What does not fit the shape of the settings, in words that name the key and what would be accepted there."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import inspect

from gateway.settings import Settings

_FAULT = re.compile(r"(?P<text>.*?)(?: - at `(?:key in )?\$(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<fault>contains unknown|missing required) field `(?P<field>.*)`", re.DOTALL)


def explained(fault: str, written: Mapping[str, Any]) -> str:
    """A fault of msgspec's about what is written, in the operator's words."""
    match = _FAULT.fullmatch(fault)
    text, place = (match["text"], (match["place"] or "").lstrip(".")) if match else (fault, "")
    field = _FIELD.fullmatch(text)
    if field is None:
        words = ", ".join(_words_for(text, place, written))
        return f"key `{place}`: {text[:1].lower()}{text[1:]}" + (f"; expected one of: {words}" if words else "")
    key = f"{place}.{field['field']}" if place else field["field"]
    accepted = ", ".join(_keys_at(place, written))
    if field["fault"] == "missing required":
        return f"key `{key}` is missing; the keys here are: {accepted}"
    return f"key `{key}` is unknown; the keys here are: {accepted}"


def _keys_at(place: str, written: Mapping[str, Any]) -> list[str]:
    """The keys that the section at a place such as ``source[0].manifest`` may hold."""
    kind = _kind_at(place, written)
    if not isinstance(kind, inspect.StructType):
        return []
    tag = [kind.tag_field] if kind.tag_field else []
    return tag + [field.encode_name for field in kind.fields]


def _words_for(text: str, place: str, written: Mapping[str, Any]) -> list[str]:
    """The words that would be accepted where a fault is about a word."""
    if text.startswith("Invalid enum value"):
        return _words_at(place, written)
    if text.startswith("Invalid value"):
        section, _ = _reached(place.rpartition(".")[0], written)
        kinds = section.types if isinstance(section, inspect.UnionType) else (section,)
        return [str(each.tag) for each in kinds if isinstance(each, inspect.StructType) and each.tag is not None]
    return []


def _words_at(place: str, written: Mapping[str, Any]) -> list[str]:
    """The words of which the value at a place such as ``statute[0].items[1]`` may be one."""
    match _kind_at(place, written):
        case inspect.EnumType(cls=words):
            return [str(word.value) for word in words]
        case inspect.LiteralType(values=literals):
            return [str(word) for word in literals]
        case _:
            return []


def _kind_at(place: str, written: Mapping[str, Any]) -> inspect.Type:
    return _chosen(*_reached(place, written))


def _reached(place: str, written: Mapping[str, Any]) -> tuple[inspect.Type, Any]:
    """The kind of section at a place, and what is written there."""
    kind: inspect.Type = inspect.type_info(Settings)
    value: Any = written
    for step in re.findall(r"\[(?:\d+|\.\.\.)\]|[^.\[\]]+", place):
        kind, value = _below(_chosen(kind, value), value, step)
    return kind, value


def _below(kind: inspect.Type, value: Any, step: str) -> tuple[inspect.Type, Any]:
    match kind:
        case inspect.StructType():
            return {field.encode_name: field.type for field in kind.fields}[step], value.get(step)
        case inspect.VarTupleType() | inspect.ListType():
            return kind.item_type, value[int(step[1:-1])]
        case inspect.DictType():
            return kind.value_type, None
        case _:
            return kind, None


def _chosen(kind: inspect.Type, value: Any) -> inspect.Type:
    """Of several possible kinds of section the one that ``value`` says it is."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    structs = [each for each in kind.types if isinstance(each, inspect.StructType)]
    return next((each for each in structs if _is_tagged_as(each, value)), structs[0] if structs else kind)


def _is_tagged_as(kind: inspect.StructType, value: Any) -> bool:
    return isinstance(value, dict) and kind.tag_field is not None and value.get(kind.tag_field) == kind.tag

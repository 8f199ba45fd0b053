"""The graph's types, derived from the domain's records: one source for fields, descriptions and law items.

A field of a record is nullable whenever a rule could withhold it, and shows its law item as ``@item``. A value is
seen where the field that holds it is seen and carries no item of its own.
"""

import re
from enum import Enum
from functools import cache, partial
from typing import Any, Optional, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import strawberry
from msgspec import NODEFAULT
from strawberry.schema_directive import Location

from hoks.items import Item, Shown, classification
from hoks.paging import Cursor, PageInfo
from hoks.records import Record
from hoks.values import Said, Value
from resolvers.filled import FILLED, own_alone
from resolvers.listed import LISTED

V = TypeVar("V", bound=Value)

strawberry.enum(Item, description="Data item of the law (Act 884/2017 9 §), or one of the few the law leaves unnamed.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="item",
    description="The law item of a person's datum; the access rules say who gets it. "
    "With several codes, the record itself decides which one applies.",
)
class ItemOf:
    """``@item(code: [D1])``."""

    code: list[Item]


@cache
def graph_type(kind: type[Record] | type[Value]) -> type:
    """The Strawberry type of a record or a value. Raises ``TypeError`` for an unclassified or undescribed field."""
    hints = get_type_hints(kind, include_extras=True)
    classified = classification(kind) if issubclass(kind, Record) else {}
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for name in kind.__struct_fields__:
        shown = classified.get(name)
        annotation = _annotation(name, hints[name], shown)
        if shown is not None and shown.is_listed:
            annotation = Optional[_connection(_element(hints[name]))]  # noqa: UP045 - built at run time
        namespace["__annotations__"][name] = annotation
        namespace[name] = strawberry.field(
            description=shown.text if shown else _said(kind, name, hints[name]),
            directives=[ItemOf(code=list(shown.items))] if shown and shown.items else (),
            **_filled_in(f"{kind.__name__}.{name}", annotation, shown),
        )
    return strawberry.type(type(kind.__name__, (), namespace), description=_first_paragraph(kind))


def _connection(kind: type[Record]) -> type:
    """The Strawberry type of a page of records of a kind."""
    name, node = kind.__name__, graph_type(kind)
    edge: Any = _plain_type(
        f"{name}Edge",
        "An element of a page.",
        {"cursor": (Cursor, "Where it stands."), "node": (node | None, "The element.")},
    )
    return _plain_type(
        f"{name}Connection",
        "A page. There is no total: it would count what is not shown.",
        {
            "edges": (list[edge], "The elements of this page, in order."),
            "page_info": (graph_type(PageInfo), "Where the page ends."),
        },
    )


def _plain_type(name: str, text: str, fields: dict[str, tuple[Any, str]]) -> type:
    namespace: dict[str, Any] = {
        "__annotations__": {field: kind for field, (kind, _) in fields.items()},
        "__module__": __name__,
        **{field: strawberry.field(description=said) for field, (_, said) in fields.items()},
    }
    return strawberry.type(type(name, (), namespace), description=text)


def _element(hint: Any) -> Any:
    """The kind of record that a field lists."""
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint
    return next((found for each in get_args(hint) if (found := _element(each)) is not None), None)


@cache
def graph_input(kind: type[Value]) -> type:
    """The Strawberry input of a value, by the name of the value and ``Input``. Raises ``TypeError`` where undescribed.

    ``value_of`` makes the value again of what a caller has put in.
    """
    hints = get_type_hints(kind, include_extras=True)
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for name, default in zip(kind.__struct_fields__, _defaults(kind), strict=True):
        namespace["__annotations__"][name] = _graph_hint(hints[name])
        given: dict[str, Any] = {} if default is NODEFAULT else {"default_factory": partial(_as_input, default)}
        namespace[name] = strawberry.field(description=_said(kind, name, hints[name]), **given)
    return strawberry.input(type(f"{kind.__name__}Input", (), namespace), description=_first_paragraph(kind))


def value_of(kind: type[V], given: Any) -> V:
    """The value that a caller has put in."""
    put_in = ((name, getattr(given, name)) for name in kind.__struct_fields__)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in put_in})


def _defaults(kind: type[Value]) -> tuple[Any, ...]:
    """Of each field of a value its default, or ``NODEFAULT``."""
    fields = msgspec.structs.fields(kind)
    return tuple(each.default for each in fields)


def _as_input(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default


def _filled_in(coordinate: str, annotation: Any, shown: Shown | None) -> dict[str, Any]:
    """How a field gets what the record itself never holds. Raises ``TypeError`` where there is no way, or no need."""
    fill, pages = FILLED.get(coordinate), LISTED.get(coordinate)
    if (pages is not None) != (shown is not None and shown.is_listed):
        raise TypeError(f"{coordinate}: what is listed page by page, and nothing else, is drawn by `listed`")
    if pages is not None:
        return {"resolver": pages, "graphql_type": annotation}
    if (fill is not None) != (shown is not None and shown.is_kept):
        raise TypeError(f"{coordinate}: what the gateway keeps, and nothing else, is filled in by `filled`")
    return {"resolver": own_alone(fill), "graphql_type": annotation} if fill is not None else {}


def _annotation(name: str, hint: Any, shown: Shown | None) -> Any:
    if name == "id":
        return strawberry.ID
    annotation = _graph_hint(hint)
    is_withheld_somewhere = shown is not None and not shown.attached
    return Optional[annotation] if is_withheld_somewhere else annotation  # noqa: UP045 - built at run time


def _graph_hint(hint: Any) -> Any:
    """The annotation Strawberry is to see for a model annotation."""
    if hasattr(hint, "__metadata__"):
        return _graph_hint(hint.__origin__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return list[_graph_hint(arguments[0])]  # type: ignore[misc]  # built at run time
    if type(None) in arguments:
        return Optional[_graph_hint(next(each for each in arguments if each is not type(None)))]  # noqa: UP045
    if isinstance(hint, type) and issubclass(hint, Record | Value):
        return graph_type(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return graph_enum(hint)
    return hint


@cache
def graph_enum(kind: type[Enum]) -> type[Enum]:
    """An enum as the graph shows it."""
    if kind is Item:
        return kind
    return strawberry.enum(kind, description=_first_paragraph(kind))


def _said(kind: type, name: str, hint: Any) -> str:
    said = [each.text for each in getattr(hint, "__metadata__", ()) if isinstance(each, Said)]
    if len(said) != 1:
        raise TypeError(f"{kind.__name__}.{name} needs a description")
    return said[0]


def _first_paragraph(kind: type) -> str:
    paragraph = (kind.__doc__ or "").strip().split("\n\n")[0]
    return re.sub(r"\s+", " ", paragraph)

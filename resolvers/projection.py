"""A selection on plain data, compiled once to one function from a value to its answer.

What graphql-core would answer field by field, the function answers in one expression. It never answers anything else:
where a value does not fit its type it raises, and the executor goes field by field, as if there were no projection.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from operator import methodcaller
from typing import Any, NoReturn, Protocol

from graphql import (
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry.schema.schema_converter import CustomGraphQLEnumType
from strawberry.types.field import StrawberryField

Details = list[Any]
"""The places of one field in an operation, as graphql-core collects them."""
Project = Callable[[Any], dict[str, Any]]
"""From a value to its answer. Raises whatever it raises where the value does not fit its type."""

SMALL = 6
"""So few leaves are answered where they stand."""
MOST_DAYS = 4_096
"""Of so many days it is known how they are said."""
_TYPENAME = "__typename"
_EXACTLY_TEXT = "type({0}) is str"
_AS_IT_IS: Mapping[str, str] = {
    "String": _EXACTLY_TEXT,
    "ID": _EXACTLY_TEXT,
    "Boolean": "type({0}) is bool",
    "Float": "type({0}) is float and -inf < {0} < inf",
    "Int": "type({0}) is int and -2147483648 <= {0} <= 2147483647",
}
"""When each scalar of the specification answers a value as it is; what else it can say, it is asked."""
_ISO_FORMAT = repr(methodcaller("isoformat"))
"""How Strawberry says a day and a moment."""


class Collecting(Protocol):
    """graphql-core's executor, as the compiler needs it."""

    schema: GraphQLSchema

    def collect_subfields(self, return_type: GraphQLObjectType, field_details_list: Details) -> Any:
        """The fields selected beneath a field, by response name."""
        ...


class NotPlain(Exception):
    """The selection reaches a field that has to be resolved."""


def attribute(field: GraphQLField) -> str | None:
    """The attribute that a field shows and nothing besides; nothing where the field has to be resolved."""
    defined = field.extensions.get("strawberry-definition")
    if not isinstance(defined, StrawberryField) or not getattr(field.resolve, "_is_default", False) or field.args:
        return None
    return defined.python_name


def compiled(executor: Collecting, kind: GraphQLObjectType, details: Details) -> Project | None:
    """The function that answers what is selected of a value of this type; nothing where some of it is not plain."""
    source = _Source(executor)
    try:
        name = source.function(kind, details)
    except NotPlain:
        return None
    return source.loaded(name)


class _Source:
    """The source text of a projection, and the values that it refers to.

    INVARIANT: only names made here and ``repr`` of names that the schema and the grammar of GraphQL allow go into it.
    """

    def __init__(self, executor: Collecting) -> None:
        self._executor = executor
        self._functions: dict[tuple[str, tuple[int, ...]], str] = {}
        self._lines: list[str] = []
        self._values: dict[str, Any] = {"listed": _listed, "misfit": _misfit, "inf": math.inf}
        self._values |= {"date": date, "datetime": datetime, "days": _DAYS}
        self._names: dict[int, str] = {}

    def loaded(self, name: str) -> Project:
        """The function of a name."""
        # Source that is made of the schema, as dataclasses do it; nothing that a caller wrote is in it but names.
        exec(compile("\n".join(self._lines), "<projection>", "exec"), self._values)  # noqa: S102
        return self._values[name]  # type: ignore[no-any-return]  # `exec` has just defined it

    def function(self, kind: GraphQLObjectType, details: Details) -> str:
        """The name of the function for a selection. Raises ``NotPlain``."""
        key = (kind.name, tuple(id(each.node) for each in details))
        if key not in self._functions:
            answer = self._object(kind, self._selected(kind, details), "x", depth=0)
            name = self._functions[key] = f"f{len(self._functions)}"
            self._lines.append(f"def {name}(x): return {answer}")
        return self._functions[key]

    def _selected(self, kind: GraphQLObjectType, details: Details) -> Mapping[str, Details]:
        if kind.is_type_of is not None:
            raise NotPlain
        selected: Mapping[str, Details] = self._executor.collect_subfields(kind, details).grouped_field_set
        return selected

    def _object(self, kind: GraphQLObjectType, selected: Mapping[str, Details], value: str, depth: int) -> str:
        entries = ", ".join(f"{name!r}: {self._field(kind, each, value, depth)}" for name, each in selected.items())
        # Where nothing is read of the value, nothing else would notice that it stands for a failure.
        is_read = f"{value}." in entries
        return f"{{{entries}}}" if is_read else f"(misfit() if isinstance({value}, Exception) else {{{entries}}})"

    def _field(self, kind: GraphQLObjectType, details: Details, value: str, depth: int) -> str:
        name = details[0].node.name.value
        if name == _TYPENAME:
            return repr(kind.name)
        field = kind.fields[name]
        shown = attribute(field)
        if shown is None or not shown.isidentifier():
            raise NotPlain
        return self._value(field.type, f"{value}.{shown}", details, depth)

    def _value(self, kind: GraphQLOutputType, value: str, details: Details, depth: int) -> str:
        if is_non_null_type(kind):
            kind = kind.of_type
            return (
                self._leaf_value(kind, value, depth, is_nullable=False)
                if is_leaf_type(kind)
                else self._present(kind, value, details, depth)
            )
        if is_leaf_type(kind):
            return self._leaf_value(kind, value, depth, is_nullable=True)
        held = f"v{depth}"
        return f"None if ({held} := {value}) is None else {self._present(kind, held, details, depth)}"

    def _present(self, kind: GraphQLOutputType, value: str, details: Details, depth: int) -> str:
        if is_list_type(kind):
            item = f"i{depth}"
            listed = (
                f"{value} if type({value}) is tuple else listed({value})" if _is_name(value) else f"listed({value})"
            )
            return f"[{self._value(kind.of_type, item, details, depth + 1)} for {item} in ({listed})]"
        if not is_object_type(kind):
            raise NotPlain
        if _is_name(value) and _is_small(kind, selected := self._selected(kind, details)):
            return self._object(kind, selected, value, depth)
        return f"{self.function(kind, details)}({value})"

    def _leaf_value(self, kind: GraphQLLeafType, value: str, depth: int, *, is_nullable: bool) -> str:
        held = f"w{depth}"
        fits, said = _AS_IT_IS.get(kind.name, _EXACTLY_TEXT), held
        if isinstance(kind, CustomGraphQLEnumType):
            names = _names(kind)
            is_shown_by_name = all(member.name == name for member, name in names.items())
            fits = f"type({{0}}) is {self._named(kind.wrapped_cls)}"
            # To look a member up costs more than to read its name.
            said = f"{held}._name_" if is_shown_by_name else f"{self._named(names)}[{held}]"
        elif repr(kind.coerce_output_value) == _ISO_FORMAT:
            fits = "(type({0}) is date or type({0}) is datetime)"
            said = f"(days[{held}] if type({held}) is date else {held}.isoformat())"
        elif kind.name not in _AS_IT_IS and kind.coerce_output_value is not str:
            # Nobody knows what it takes as it is.
            fits = "type({0}) is None"
        else_ = f"{self._named(_coercion(kind))}({held})"
        taken, fit = f"({held} := {value})", fits.format(held)
        if is_nullable and said == held:
            return f"({held} if {taken} is None or {fit} else {else_})"
        if is_nullable:
            return f"(None if {taken} is None else {said} if {fit} else {else_})"
        return f"({said} if {fits.replace('{0}', taken, 1).format(held)} else {else_})"

    def _named(self, value: Any) -> str:
        """The name by which the source refers to a value."""
        name = self._names.setdefault(id(value), f"k{len(self._names)}")
        self._values[name] = value
        return name


def _is_name(value: str) -> bool:
    return value.isidentifier()


def _is_small(kind: GraphQLObjectType, selected: Mapping[str, Details]) -> bool:
    """Whether it is answered where it stands: a few leaves, which need no function of their own."""
    names = [each[0].node.name.value for each in selected.values()]
    return len(names) <= SMALL and all(
        name == _TYPENAME or is_leaf_type(get_nullable_type(kind.fields[name].type)) for name in names
    )


class _Days(dict[date, str]):
    """How each day is said, which costs several times as much as to look it up."""

    def __missing__(self, day: date) -> str:
        if len(self) >= MOST_DAYS:
            self.clear()
        said = self[day] = day.isoformat()
        return said


_DAYS = _Days()


def _misfit() -> NoReturn:
    raise TypeError


def _listed(value: Any) -> Any:
    return value if type(value) in _LISTS else _misfit()


_LISTS = (tuple, list)
_SIMPLE = (str, int, float, bool, date, datetime)


@cache
def _names(kind: CustomGraphQLEnumType) -> Mapping[Any, str]:
    members: Any = kind.wrapped_cls
    return {member: kind.coerce_output_value(member) for member in members}


@cache
def _coercion(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    coerce = kind.coerce_output_value

    def checked(value: Any) -> Any:
        # Anything else might be a promise or a failure.
        answer = coerce(value) if type(value) in _SIMPLE else None
        return answer if answer is not None and answer is not Undefined else _misfit()

    return checked

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

_TYPENAME = "__typename"
_EXACTLY_TEXT = "type({0}) is str"
_AS_IT_IS: Mapping[str, str] = {
    "String": _EXACTLY_TEXT,
    "ID": _EXACTLY_TEXT,
    "Boolean": "type({0}) is bool",
    "Float": "type({0}) is float and -inf < {1} < inf",
    "Int": "type({0}) is int and -2147483648 <= {1} <= 2147483647",
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
        self._values |= {"date": date, "datetime": datetime}
        self._names: dict[int, str] = {}

    def loaded(self, name: str) -> Project:
        """The function of a name."""
        # Source that is made of the schema, as dataclasses do it; nothing that a caller wrote is in it but names.
        exec(compile("\n".join(self._lines), "<projection>", "exec"), self._values)  # noqa: S102
        return self._values[name]  # type: ignore[no-any-return]

    def function(self, kind: GraphQLObjectType, details: Details) -> str:
        """The name of the function for a selection. Raises ``NotPlain``."""
        key = (kind.name, tuple(id(each.node) for each in details))
        if key not in self._functions:
            if kind.is_type_of is not None:
                raise NotPlain
            fields = self._executor.collect_subfields(kind, details).grouped_field_set
            entries = ", ".join(f"{name!r}: {self._field(kind, each)}" for name, each in fields.items())
            name = self._functions[key] = f"f{len(self._functions)}"
            # Where nothing is read of the value, nothing else would notice that it stands for a failure.
            answer = f"{{{entries}}}" if "x." in entries else f"misfit() if isinstance(x, Exception) else {{{entries}}}"
            self._lines.append(f"def {name}(x): return {answer}")
        return self._functions[key]

    def _field(self, kind: GraphQLObjectType, details: Details) -> str:
        name = details[0].node.name.value
        if name == _TYPENAME:
            return repr(kind.name)
        field = kind.fields[name]
        shown = attribute(field)
        if shown is None or not shown.isidentifier():
            raise NotPlain
        return self._value(field.type, f"x.{shown}", details, depth=0)

    def _value(self, kind: GraphQLOutputType, value: str, details: Details, depth: int) -> str:
        if is_non_null_type(kind):
            return self._present(kind.of_type, value, details, depth)
        held = f"v{depth}"
        return f"None if ({held} := {value}) is None else {self._present(kind, held, details, depth + 1)}"

    def _present(self, kind: GraphQLOutputType, value: str, details: Details, depth: int) -> str:
        if is_list_type(kind):
            item = f"i{depth}"
            return f"[{self._value(kind.of_type, item, details, depth + 1)} for {item} in listed({value})]"
        if is_leaf_type(kind):
            return self._leaf_value(kind, value, depth)
        if is_object_type(kind):
            return f"{self.function(kind, details)}({value})"
        raise NotPlain

    def _leaf_value(self, kind: GraphQLLeafType, value: str, depth: int) -> str:
        held = f"w{depth}"
        fits, said = _AS_IT_IS.get(kind.name, _EXACTLY_TEXT), held
        if isinstance(kind, CustomGraphQLEnumType):
            fits, said = f"type({{0}}) is {self._named(kind.wrapped_cls)}", f"{self._named(_names(kind))}[{held}]"
        elif repr(kind.coerce_output_value) == _ISO_FORMAT:
            fits, said = "type({0}) in (date, datetime)", f"{held}.isoformat()"
        elif kind.name not in _AS_IT_IS and kind.coerce_output_value is not str:
            return f"{self._named(_coercion(kind))}({value})"
        # The first mention takes the value.
        condition = fits.format(f"({held} := {value})", held)
        return f"({said} if {condition} else {self._named(_coercion(kind))}({held}))"

    def _named(self, value: Any) -> str:
        """The name by which the source refers to a value."""
        name = self._names.setdefault(id(value), f"k{len(self._names)}")
        self._values[name] = value
        return name


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

"""Which schema coordinates an operation selects, and which law items each of them is.

Every coordinate of a person's data has exactly one entry, taken from the record it was derived from; a type of the
graph that is neither a record, a value nor declared free of personal data stops the build.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)

from hoks.access.redact import days_of, items_of
from hoks.items import Item, classification
from hoks.records import Record
from hoks.values import Value

WITHOUT_PERSONAL_DATA = frozenset(
    {
        "Query",
        "Mutation",
        "Viewer",
        "ViewerAppointment",
        "HeldRole",
        "StudentConnection",
        "StudentEdge",
        "TimelineEntryConnection",
        "TimelineEntryEdge",
        "PageInfo",
        "SourceStatus",
        "GuidanceGroup",
        "GuidanceSummary",
        "ResponsibleTeacherSummary",
        "GuidanceStateCount",
        "GuidancePhaseCount",
        "DataQualityConnection",
        "PlanChangeConnection",
        "PlanChangeEdge",
        "DataQualityEdge",
        "_Service",
    }
)
"""Types of the graph that hold no student's data themselves."""

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


class Entry(msgspec.Struct, frozen=True):
    """The policy entry of one coordinate: its items, whether it only holds other fields, whether it is a day.

    What the gateway keeps of a student is of no item, and shown to the student alone.
    """

    items: frozenset[Item]
    is_structure: bool
    is_day: bool = False
    is_kept: bool = False


def policy_entries(schema: GraphQLSchema) -> dict[str, Entry]:
    """The entry of every coordinate of a person's data. Raises ``TypeError`` for a coordinate without one."""
    records = {kind.__name__: kind for kind in _kinds(Record)}
    values = {kind.__name__ for kind in _kinds(Value)}
    entries: dict[str, Entry] = {}
    for name, graph_type in schema.type_map.items():
        if name.startswith("__") or not isinstance(graph_type, GraphQLObjectType):
            continue
        if name in records:
            entries.update(_entries(graph_type, records[name]))
        elif name not in values and name not in WITHOUT_PERSONAL_DATA:
            raise TypeError(f"type {name} is neither a record nor a value nor declared to be without personal data")
    return entries


def _entries(graph_type: GraphQLObjectType, kind: type[Record]) -> Iterator[tuple[str, Entry]]:
    items, shown, days = items_of(kind), classification(kind), days_of(kind)
    by_graph_name = {_camel(name): name for name in items}
    for field in graph_type.fields:
        name = by_graph_name.get(field)
        if name is None:
            raise TypeError(f"{graph_type.name}.{field} has no policy entry")
        is_structure = not shown[name].items
        yield (
            f"{graph_type.name}.{field}",
            Entry(items[name], is_structure, is_day=name in days, is_kept=shown[name].is_kept),
        )


def selected_coordinates(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> frozenset[str]:
    """Every coordinate that the operation selects under these variables, wherever it stands."""
    root = schema.get_root_type(operation.operation)
    if root is None:
        return frozenset()
    return _selected(schema, [operation.selection_set], root, fragments, _truths(operation, variables))


def selected_beneath(info: GraphQLResolveInfo[Any], kind: str | None = None) -> frozenset[str]:
    """Every coordinate that is selected beneath the field that is being resolved, or of one type that it may hold."""
    held = get_named_type(info.return_type) if kind is None else info.schema.type_map[kind]
    if not isinstance(held, Composite):
        return frozenset()
    selections = [node.selection_set for node in info.field_nodes if node.selection_set is not None]
    return _selected(info.schema, selections, held, info.fragments, info.variable_values.coerced)


def _selected(
    schema: GraphQLSchema,
    selections: Iterable[SelectionSetNode],
    held_by: Composite,
    fragments: Mapping[str, FragmentDefinitionNode],
    truths: Mapping[str, Any],
) -> frozenset[str]:
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()

    def walk(selections: SelectionSetNode, parent: Composite | None) -> None:
        if parent is None:
            return
        for node in selections.selections:
            if not _is_included(node, truths):
                continue
            if isinstance(node, FieldNode):
                field = None if isinstance(parent, GraphQLUnionType) else parent.fields.get(node.name.value)
                if field is not None:
                    found.add(f"{parent.name}.{node.name.value}")
                    held = get_named_type(field.type)
                    if node.selection_set and isinstance(held, Composite):
                        walk(node.selection_set, held)
            elif isinstance(node, InlineFragmentNode):
                walk(node.selection_set, narrowed(node.type_condition, parent))
            elif isinstance(node, FragmentSpreadNode) and (node.name.value, parent.name) not in seen:
                seen.add((node.name.value, parent.name))
                fragment = fragments[node.name.value]
                walk(fragment.selection_set, narrowed(fragment.type_condition, parent))

    def narrowed(node: Any, parent: Composite) -> Any:
        """What a fragment is on, of what its parent may be; nothing where the parent is something else."""
        condition = schema.type_map[node.name.value] if node is not None else parent
        if not isinstance(parent, GraphQLObjectType) or condition is parent:
            return condition
        return parent if is_abstract_type(condition) and schema.is_sub_type(condition, parent) else None

    for each in selections:
        walk(each, held_by)
    return frozenset(found)


def _truths(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The Boolean variables of the operation, defaults included."""
    truths = {
        each.variable.name.value: each.default_value.value
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, BooleanValueNode)
    }
    return {**truths, **variables}


def _is_included(node: SelectionNode, truths: Mapping[str, Any]) -> bool:
    for directive in node.directives or ():
        wanted = {"skip": False, "include": True}.get(directive.name.value)
        if wanted is not None and _truth((directive.arguments or ())[0].value, truths) is not wanted:
            return False
    return True


def _truth(value: ValueNode, truths: Mapping[str, Any]) -> bool:
    if isinstance(value, VariableNode):
        return bool(truths.get(value.name.value))
    return isinstance(value, BooleanValueNode) and value.value


def _kinds(base: type[Any]) -> Iterator[type[Any]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)

"""A document's operations, each with what is worked out of it but once: its selections and its projections.

It lives and goes with the document, so that a place in the document is known by the identity of its node.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cachetools import LRUCache
from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.language import DirectiveNode

from resolvers.coordinates import Entry, selected_beneath, selected_coordinates
from resolvers.projection import Collecting, Details, Project, compiled
from resolvers.withheld import Withholding

ENTITIES = "_entities"
"""The field of routers that names many things at once."""
MOST_FORMS = 4
"""Of how many combinations of true and false variables one document keeps what was worked out."""


class PreparedOperation:
    """One operation under one combination of true and false variables."""

    def __init__(
        self,
        node: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        truths: Mapping[str, bool],
        *,
        is_projected: bool,
    ) -> None:
        self._node = node
        self._fragments = fragments
        self._truths = truths
        self._is_projected = is_projected
        self._selected: frozenset[str] | None = None
        self._withholding: Withholding | None = None
        self._beneath: dict[tuple[str | None, tuple[int, ...]], frozenset[str]] = {}
        self._projections: dict[tuple[str, tuple[int, ...]], Project | None] = {}

    @property
    def asks_one_question(self) -> bool:
        """Whether it surely asks for no two things side by side, which would have to be read together."""
        first, *others = self._node.selection_set.selections
        return not others and isinstance(first, FieldNode) and first.name.value != ENTITIES

    def selected(self, schema: GraphQLSchema) -> frozenset[str]:
        """Every coordinate that the operation selects."""
        if self._selected is None:
            self._selected = selected_coordinates(schema, self._node, self._fragments, self._truths)
        return self._selected

    def withholding(self, schema: GraphQLSchema, entries: Mapping[str, Entry]) -> Withholding:
        """What of the operation is withheld under which grants."""
        if self._withholding is None:
            self._withholding = Withholding(self.selected(schema), entries)
        return self._withholding

    def beneath(self, info: GraphQLResolveInfo[Any], kind: str | None = None) -> frozenset[str]:
        """Every coordinate that is selected beneath the field that is being resolved, or of one type it may hold."""
        key = (kind, tuple(id(node) for node in info.field_nodes))
        if key not in self._beneath:
            self._beneath[key] = selected_beneath(info, kind)
        return self._beneath[key]

    def projection(self, executor: Collecting, kind: GraphQLObjectType, details: Details) -> Project | None:
        """The function for what is selected of a value here; nothing where it goes field by field."""
        if not self._is_projected:
            return None
        key = (kind.name, tuple([id(each.node) for each in details]))
        if key not in self._projections:
            self._projections[key] = compiled(executor, kind, details)
        return self._projections[key]


class PreparedDocument:
    """A valid document and its operations by name, ``None`` for a nameless one.

    ``costs`` are of its operations in their order: what each was estimated to cost.
    """

    def __init__(
        self, node: DocumentNode, *, is_projected: bool = True, costs: Sequence[Mapping[str, int]] = ()
    ) -> None:
        self.node = node
        self.operations = {
            each.name.value if each.name else None: each
            for each in node.definitions
            if isinstance(each, OperationDefinitionNode)
        }
        self._costs = dict(zip(self.operations, costs, strict=False))
        self._fragments = {
            each.name.value: each for each in node.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._conditions = _conditions(node)
        self._is_projected = is_projected
        self._forms: LRUCache[tuple[str | None, tuple[bool | None, ...]], PreparedOperation] = LRUCache(MOST_FORMS)

    def cost(self, name: str | None) -> Mapping[str, int] | None:
        """What the operation of a name, or the only one, was estimated to cost; nothing where that was not done."""
        return self._costs.get(name) if name is not None else next(iter(self._costs.values()), None)

    def operation(self, name: str | None, variables: Mapping[str, Any]) -> PreparedOperation:
        """The operation of a name, or the only one, under these variables. Raises ``KeyError``."""
        node = self.operations[name] if name is not None else next(iter(self.operations.values()))
        truths = {**_defaults(node), **{key: variables[key] for key in self._conditions if key in variables}}
        truths = {key: value for key, value in truths.items() if isinstance(value, bool)}
        form = (name, tuple(truths.get(key) for key in self._conditions))
        prepared = self._forms.get(form)
        if prepared is None:
            prepared = PreparedOperation(node, self._fragments, truths, is_projected=self._is_projected)
            self._forms[form] = prepared
        return prepared


class _Conditions(Visitor):
    """Collects the variables that say whether something is included."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Note the variable of a condition."""
        if node.name.value in ("skip", "include"):
            self.names |= {
                each.value.name.value for each in node.arguments or () if isinstance(each.value, VariableNode)
            }


def _conditions(document: DocumentNode) -> tuple[str, ...]:
    found = _Conditions()
    visit(document, found)
    return tuple(sorted(found.names))


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: each.default_value.value
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, BooleanValueNode)
    }

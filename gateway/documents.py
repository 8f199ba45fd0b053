"""Parses, limits and validates each GraphQL document once, and keeps the good ones by their exact text.

Limits are counted on the expanded document and before validation, whose rules can be quadratic. No error text
repeats a literal of the document.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Lexer,
    OperationDefinitionNode,
    OperationType,
    Source,
    TokenKind,
    parse,
    specified_rules,
    validate,
)
from graphql.language import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    SelectionSetNode,
)
from graphql.validation import ASTValidationRule, ValuesOfCorrectTypeRule

from gateway.errors import Code, ErrorBody, error
from gateway.settings import Limits
from resolvers.prepared import PreparedDocument

CACHED_DOCUMENTS = 512
LONGEST_PAGE = 50
"""How many students a field lists at most: a page multiplies what is asked of each."""
LISTINGS = {"students": ("first", 20), "_entities": ("representations", LONGEST_PAGE)}
"""The fields that list students, the argument that says how many, and how many without it."""
LONGEST_CACHED_TEXT = 16_384
"""Longer texts are validated each time, so that 512 padded documents cannot fill the memory."""
MOST_ERRORS = 20
_INTROSPECTION = frozenset({"__schema", "__type"})


class Documents:
    """The documents of one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, projection: bool = True) -> None:
        self._schema = schema
        self._limits = limits
        self._projection = projection
        self._known: LRUCache[str, PreparedDocument] = LRUCache(CACHED_DOCUMENTS)

    def document(self, text: str) -> PreparedDocument | list[ErrorBody]:
        """The document, or what is wrong with it. Only good documents are kept."""
        known = self._known.get(text)
        if known is not None:
            return known
        fresh = self._read(text)
        if isinstance(fresh, PreparedDocument) and len(text) <= LONGEST_CACHED_TEXT:
            self._known[text] = fresh
        return fresh

    def _read(self, text: str) -> PreparedDocument | list[ErrorBody]:
        source = Source(text)
        try:
            if _has_more_tokens(source, self._limits.tokens):
                return [_beyond("tokens", self._limits.tokens)]
            node = parse(source)
        except GraphQLSyntaxError as broken:
            return [error(Code.GRAPHQL_PARSE_FAILED, locations=_locations(broken))]
        return self._limited(node) or self._validated(node)

    def _limited(self, node: DocumentNode) -> list[ErrorBody]:
        sizes = _Sizes(node)
        operations = [_operation_size(sizes, o) for o in _operations(node)]
        # A fragment that no operation spreads is validated all the same, so what costs there is measured there.
        everything = operations + [sizes.of_fragment(name) for name in sizes.fragments]
        measured = {
            "depth": max((size.depth for size in operations), default=0),
            "aliases": max((size.aliases for size in everything), default=0),
            "root_fields": max((size.fields_here for size in operations), default=0),
            "expanded_fields": max((size.fields for size in everything), default=0),
            "directives": max((size.directives for size in everything), default=0),
            "listed_fields": max((size.listed for size in everything), default=0),
        }
        limits = {name: getattr(self._limits, name) for name in measured}
        return [_beyond(name, limits[name]) for name, amount in measured.items() if amount > limits[name]]

    def _validated(self, node: DocumentNode) -> PreparedDocument | list[ErrorBody]:
        operations = _operations(node)
        if any(o.operation is OperationType.SUBSCRIPTION for o in operations):
            return [error(Code.GRAPHQL_VALIDATION_FAILED, "subscriptions are not supported")]
        if not operations:
            return [error(Code.GRAPHQL_VALIDATION_FAILED, "the document must hold an operation")]
        errors = validate(self._schema, node, _RULES, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors:
            return [error(Code.GRAPHQL_VALIDATION_FAILED, e.message, locations=_locations(e)) for e in errors]
        return PreparedDocument(node, is_projected=self._projection)


class _SilentAboutValues(ValuesOfCorrectTypeRule):
    """The rule on literals, whose own texts would repeat the literal."""

    def report_error(self, error: GraphQLError) -> None:
        """Report the place and a fixed text."""
        super().report_error(GraphQLError("the value is not of the type that the schema expects here", error.nodes))


# INVARIANT: of the specified rules only this one puts literals into its texts; the others name schema elements,
# operations, fragments and variables. tests/gateway/test_documents.py holds a document against each rule.
_RULES: tuple[type[ASTValidationRule], ...] = tuple(
    _SilentAboutValues if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
)


class _Size(NamedTuple):
    """What a selection set amounts to with its fragments put in their places."""

    fields_here: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    listed: int = 0
    """Fields, each as often as the page it stands in may hold students."""

    def beside(self, other: "_Size") -> "_Size":
        """Both, one after the other at the same level."""
        return _Size(
            self.fields_here + other.fields_here,
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            max(self.depth, other.depth),
            self.listed + other.listed,
        )


class _Sizes:
    """Sizes within one document. Each fragment is measured once, so nested spreads cost no exponential work."""

    def __init__(self, node: DocumentNode) -> None:
        self.fragments = {d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)}
        self._measured: dict[str, _Size] = {}

    def of_fragment(self, name: str) -> _Size:
        """The size of a fragment; nothing where it is unknown or spreads itself, which validation refuses."""
        fragment = self.fragments.get(name)
        if fragment is None:
            return _Size()
        if name not in self._measured:
            self._measured[name] = _Size()
            own = _Size(directives=len(fragment.directives or ()))
            self._measured[name] = own.beside(self.of(fragment.selection_set))
        return self._measured[name]

    def of(self, selections: SelectionSetNode) -> _Size:
        """The size of a selection set."""
        size = _Size()
        for selection in selections.selections:
            size = size.beside(_Size(directives=len(selection.directives or ())))
            if isinstance(selection, FieldNode):
                below = self.of(selection.selection_set) if selection.selection_set else _Size()
                size = size.beside(_field_size(selection, below))
            elif isinstance(selection, InlineFragmentNode):
                size = size.beside(self.of(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                size = size.beside(self.of_fragment(selection.name.value))
        return size


def _field_size(field: FieldNode, below: _Size) -> _Size:
    # Introspection goes deep by its nature; the library's own rule keeps it from going round in circles.
    depth = 1 if field.name.value in _INTROSPECTION else 1 + below.depth
    aliases = below.aliases + (field.alias is not None)
    return _Size(1, 1 + below.fields, aliases, below.directives, depth, 1 + below.listed * _page(field))


def _page(field: FieldNode) -> int:
    """How many students the field may list; a variable may be anything that is allowed."""
    if field.name.value not in LISTINGS:
        return 1
    name, default = LISTINGS[field.name.value]
    asked = (each.value for each in field.arguments or () if each.name.value == name)
    match next(asked, None):
        case None:
            return default
        case IntValueNode(value=number):
            return min(int(number), LONGEST_PAGE)
        case ListValueNode(values=values):
            return min(len(values), LONGEST_PAGE)
        case _:
            return LONGEST_PAGE


def _operation_size(sizes: _Sizes, operation: OperationDefinitionNode) -> _Size:
    own: list[Iterable[DirectiveNode]] = [operation.directives or ()]
    own += [variable.directives or () for variable in operation.variable_definitions or ()]
    return sizes.of(operation.selection_set).beside(_Size(directives=sum(len(tuple(d)) for d in own)))


def _operations(node: DocumentNode) -> list[OperationDefinitionNode]:
    return [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]


def _has_more_tokens(source: Source, limit: int) -> bool:
    lexer = Lexer(source)
    return all(lexer.advance().kind is not TokenKind.EOF for _ in range(limit + 1))


def _beyond(limit: str, maximum: int) -> ErrorBody:
    return error(Code.LIMIT_EXCEEDED, f"the document exceeds the limit of {maximum} for {limit.replace('_', ' ')}")


def _locations(broken: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in broken.locations or ()]

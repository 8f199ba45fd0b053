"""Parses, limits and validates each GraphQL document once, and keeps the good ones by their exact text.

Limits are counted on the expanded document and before validation, whose rules can be quadratic. No error text
repeats a literal of the document.
"""

from collections.abc import Callable, Iterable
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
    get_named_type,
    is_introspection_type,
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
    SelectionSetNode,
)
from graphql.validation import (
    ASTValidationRule,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValidationRule,
    ValuesOfCorrectTypeRule,
)
from graphql.validation.validate import ValidationAbortedError

from gateway import trees
from gateway.costs import Cost, share
from gateway.errors import Code, ErrorBody, error
from gateway.settings import Limits
from resolvers.prepared import PreparedDocument

KEPT_DOCUMENTS, KEPT_TOKENS = 512, 100_000
"""Documents that are kept at most, and tokens in all of them: the collector of garbage looks at each of them."""
LONGEST_CACHED_TEXT = 16_384
"""Longer texts are validated each time, so that 512 padded documents cannot fill the memory."""
MOST_ERRORS = 20
_INTROSPECTION = frozenset({"__schema", "__type"})


class Documents:
    """The documents of one schema."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, *, projection: bool = True, introspection: bool = False
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._projection = projection
        self._rules = _rules(limits.comparisons, introspection=introspection)
        self._known: LRUCache[str, _Kept] = LRUCache(KEPT_TOKENS, getsizeof=_tokens_of)

    def document(self, text: str) -> PreparedDocument | list[ErrorBody]:
        """The document, or what is wrong with it. Only good documents are kept."""
        known = self._known.get(text)
        if known is not None:
            return known.document
        fresh = self._read(text)
        if isinstance(fresh, _Kept):
            if len(text) <= LONGEST_CACHED_TEXT:
                self._known[text] = fresh
            return fresh.document
        return fresh

    def _read(self, text: str) -> "_Kept | list[ErrorBody]":
        source = Source(text)
        try:
            tokens = _tokens(source, self._limits.tokens)
            if tokens is None:
                return [_beyond("tokens", self._limits.tokens)]
            node = parse(source)
        except GraphQLSyntaxError as broken:
            return [error(Code.GRAPHQL_PARSE_FAILED, locations=_locations(broken))]
        sizes = _Sizes(node)
        operations = [_operation_size(sizes, each) for each in _operations(node)]
        if wrong := self._limited(sizes, operations) or self._validated(node):
            return wrong
        costs = [Cost(size.listed, size.subjects, size.source_calls).told() for size in operations]
        return _Kept(PreparedDocument(trees.kept(source), is_projected=self._projection, costs=costs), tokens)

    def _limited(self, sizes: "_Sizes", operations: "list[_Size]") -> list[ErrorBody]:
        # A fragment that no operation spreads is validated all the same, so what costs there is measured there.
        everything = operations + [sizes.of_fragment(name) for name in sizes.fragments]
        measured = {
            "depth": max((size.depth for size in operations), default=0),
            "aliases": max((size.aliases for size in everything), default=0),
            "root_fields": max((size.fields_here for size in operations), default=0),
            "expanded_fields": max((size.fields for size in everything), default=0),
            "directives": max((size.directives for size in everything), default=0),
            "directives_in_one_place": max((size.directives_here for size in everything), default=0),
            "listed_fields": max((size.listed for size in operations), default=0),
            "subjects": max((size.subjects for size in operations), default=0),
            "source_calls": max((size.source_calls for size in operations), default=0),
        }
        limits = {name: getattr(self._limits, name) for name in measured}
        return [_beyond(name, limits[name]) for name, amount in measured.items() if amount > limits[name]]

    def _validated(self, node: DocumentNode) -> list[ErrorBody]:
        operations = _operations(node)
        if any(o.operation is OperationType.SUBSCRIPTION for o in operations):
            return [error(Code.GRAPHQL_VALIDATION_FAILED, "subscriptions are not supported")]
        if not operations:
            return [error(Code.GRAPHQL_VALIDATION_FAILED, "the document must hold an operation")]
        errors = validate(self._schema, node, self._rules, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MOST_ERRORS:
            return [_beyond("comparisons", self._limits.comparisons)]
        return [error(Code.GRAPHQL_VALIDATION_FAILED, _without_hint(e), locations=_locations(e)) for e in errors]


class _Kept(NamedTuple):
    """A good document, and how many tokens it has."""

    document: PreparedDocument
    tokens: int


def _tokens_of(kept: _Kept) -> int:
    return max(kept.tokens, KEPT_TOKENS // KEPT_DOCUMENTS)


class _SilentAboutValues(ValuesOfCorrectTypeRule):
    """The rule on literals, whose own texts would repeat the literal."""

    def report_error(self, error: GraphQLError) -> None:
        """Report the place and a fixed text."""
        super().report_error(GraphQLError("the value is not of the type that the schema expects here", error.nodes))


class _NoIntrospection(ValidationRule):
    """Refuses what tells the schema; whether there is a type of a name, which validation tells too, may be asked."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Report a field that leads into the schema."""
        kind = get_named_type(self.context.get_type())
        if kind is not None and is_introspection_type(kind) and node.name.value != "__type":
            self.report_error(GraphQLError("introspection is off: the schema is published as schema.graphql", node))


def _comparing(most: int) -> type[ASTValidationRule]:
    """The rule on fields of one name: it holds each against each, so that its work grows with their square."""

    class Comparing(OverlappingFieldsCanBeMergedRule):
        """The rule within so much work; what goes beyond aborts the validation."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = most

    return Comparing


def _rules(comparisons: int, *, introspection: bool) -> tuple[type[ASTValidationRule], ...]:
    # INVARIANT: of the specified rules only the one on values puts literals into its texts; the others name schema
    # elements, operations, fragments and variables. tests/gateway/test_documents.py holds a document against each.
    ours: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
        ValuesOfCorrectTypeRule: _SilentAboutValues,
        OverlappingFieldsCanBeMergedRule: _comparing(comparisons),
    }
    rules = tuple(ours.get(rule, rule) for rule in specified_rules)
    return rules if introspection else (_NoIntrospection, *rules)


class _Size(NamedTuple):
    """What a selection set amounts to with its fragments put in their places."""

    fields_here: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    directives_here: int = 0
    """The most directives in one place."""
    listed: int = 0
    """Of the fields at this level, were it the root: fields, each as often as there may be students in its root field.
    So also the next two."""
    subjects: int = 0
    source_calls: int = 0

    @classmethod
    def together(cls, sizes: "Iterable[_Size]") -> "_Size":
        """All of them, one after the other at the same level."""
        columns = tuple(zip(*sizes, strict=True))
        return cls(*(count(column) for count, column in zip(_TOGETHER, columns, strict=True))) if columns else cls()


_TOGETHER: tuple[Callable[[tuple[int, ...]], int], ...] = tuple(
    max if name in ("depth", "directives_here") else sum for name in _Size._fields
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
            sizes = self.of(fragment.selection_set)
            self._measured[name] = _Size.together((sizes, _decorated(fragment.directives)))
        return self._measured[name]

    def of(self, selections: SelectionSetNode) -> _Size:
        """The size of a selection set."""
        sizes = []
        for selection in selections.selections:
            if selection.directives:
                sizes.append(_decorated(selection.directives))
            if isinstance(selection, FieldNode):
                below = self.of(selection.selection_set) if selection.selection_set else _NOTHING
                sizes.append(_field_size(selection, below))
            elif isinstance(selection, InlineFragmentNode):
                sizes.append(self.of(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                sizes.append(self.of_fragment(selection.name.value))
        return _Size.together(sizes)


_NOTHING = _Size()


def _field_size(field: FieldNode, below: _Size) -> _Size:
    # Introspection goes deep by its nature; the library's own rule keeps it from going round in circles.
    depth = 1 if field.name.value in _INTROSPECTION else 1 + below.depth
    aliases = below.aliases + (field.alias is not None)
    own = share(field)
    return _Size(
        fields_here=1,
        fields=1 + below.fields,
        aliases=aliases,
        directives=below.directives,
        depth=depth,
        directives_here=below.directives_here,
        listed=1 + below.fields * max(1, own.subjects),
        subjects=own.subjects,
        source_calls=own.calls,
    )


def _decorated(directives: Iterable[DirectiveNode] | None) -> _Size:
    count = len(tuple(directives or ()))
    return _Size(directives=count, directives_here=count)


def _operation_size(sizes: _Sizes, operation: OperationDefinitionNode) -> _Size:
    own = [_decorated(operation.directives)]
    own += [_decorated(variable.directives) for variable in operation.variable_definitions or ()]
    return _Size.together([sizes.of(operation.selection_set), *own])


def _operations(node: DocumentNode) -> list[OperationDefinitionNode]:
    return [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]


def _tokens(source: Source, limit: int) -> int | None:
    """How many tokens there are, the last one of every document included; nothing where they are more than that."""
    lexer = Lexer(source)
    return next((number for number in range(limit + 1) if lexer.advance().kind is TokenKind.EOF), None)


def _beyond(limit: str, maximum: int) -> ErrorBody:
    return error(Code.LIMIT_EXCEEDED, f"the document exceeds the limit of {maximum} for {limit.replace('_', ' ')}")


def _without_hint(fault: GraphQLError) -> str:
    # The library's switch for suggestions leaves one, to a field that lacks its subfields.
    return fault.message.partition(" Did you mean ")[0]


def _locations(broken: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in broken.locations or ()]

"""What a projection answers is what graphql-core answers field by field: data in value and order, and errors."""

import asyncio
import gc
import json
import os
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)

from hoks.findings import Severity
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.records import Record
from hoks.values import Value
from resolvers import projection
from resolvers.executor import ProjectingExecutor
from resolvers.prepared import PreparedDocument
from resolvers.projection import attribute
from resolvers.schema import build, executable
from tests.resolvers.random_documents import Maker, Writer

FULL = os.environ.get("HOKS_PROVE") == "1"
ROUNDS = 20 if FULL else 2
DOCUMENTS = 170 if FULL else 25
"""How many documents each round asks, of one plan each, under one set of fields that are resolved."""
TRUE = {"yes": True, "no": False}


def root_of(name: str) -> Callable[..., Any]:
    """A resolver that finds what the root holds under a name."""
    return lambda root, info: root[name]


def schema() -> GraphQLSchema:
    """The graph's own types under roots that hold what the test made."""
    types: Mapping[str, Any] = executable(build(subgraph=True)).type_map
    roots = {
        "student": types["Student"],
        "hoks": types["Hoks"],
        "right": GraphQLNonNull(types["StudyRight"]),
        "students": GraphQLNonNull(types["StudentConnection"]),
        "sources": GraphQLNonNull(GraphQLList(GraphQLNonNull(types["SourceStatus"]))),
        "entities": GraphQLNonNull(GraphQLList(types["_Entity"])),
    }
    fields = {name: GraphQLField(kind, resolve=root_of(name)) for name, kind in roots.items()}
    return GraphQLSchema(GraphQLObjectType("Query", fields))


SCHEMA = schema()
assert SCHEMA.query_type is not None
ROOTS = {name: field.type for name, field in SCHEMA.query_type.fields.items()}
OBJECTS: list[GraphQLObjectType] = [
    each for each in SCHEMA.type_map.values() if isinstance(each, GraphQLObjectType) and each.name[0] != "_"
]


def kinds(base: type[Any]) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from kinds(each)


def whole(kind: Any) -> Callable[..., Any]:
    """A record of the domain with nothing in the fields that the graph does not show."""
    return lambda **shown: kind(**{name: shown.get(name) for name in kind.__struct_fields__})


KINDS: Mapping[str, Callable[..., Any]] = {each.__name__: whole(each) for each in (*kinds(Record), *kinds(Value))}


async def answered(
    document: PreparedDocument, root: Any, *, projected: bool, over: GraphQLSchema | None = None
) -> tuple[ExecutionResult, Any]:
    """The result of an operation, and the operation as it was prepared."""
    operation = document.operation(None, TRUE)
    options: dict[str, Any] = {"executor_class": ProjectingExecutor} if projected else {}
    context = SimpleNamespace(operation=operation)
    result = execute(over or SCHEMA, document.node, root, context, variable_values=TRUE, **options)
    done = await result if isinstance(result, Awaitable) else result
    # What was begun beside a field that failed is settled in the background.
    await asyncio.sleep(0)
    return done, operation


def faults(result: ExecutionResult) -> list[Any]:
    return [each.formatted for each in result.errors or ()]


def failing(*_: Any, **__: Any) -> Any:
    raise ValueError("refused")


def resolved(field: GraphQLField, *, late: bool) -> Callable[..., Any]:
    """A resolver that shows the same as the field does without one, at once or later."""
    plain = field.resolve
    assert plain is not None

    async def later(source: Any, info: Any) -> Any:
        await asyncio.sleep(0)
        return plain(source, info)

    return later if late else lambda source, info: plain(source, info)


@contextmanager
def turned(random: Random, *, late: bool) -> Iterator[None]:
    """Some fields of the schema resolved by functions, some of which fail."""
    fields = [each for kind in OBJECTS if kind is not SCHEMA.query_type for each in kind.fields.values()]
    chosen = random.sample(fields, len(fields) // 20)
    before = [each.resolve for each in chosen]
    for each in chosen:
        each.resolve = failing if random.random() < 0.2 else resolved(each, late=late and random.random() < 0.7)
    try:
        yield
    finally:
        for each, resolve in zip(chosen, before, strict=True):
            each.resolve = resolve


def one_field_of_each_leaf() -> dict[str, tuple[GraphQLObjectType, str]]:
    """For each leaf of the graph a type and its field that holds one."""
    return {
        get_named_type(field.type).name: (kind, name)
        for kind in OBJECTS
        for name, field in kind.fields.items()
        if is_leaf_type(get_named_type(field.type)) and kind.name != "Query" and not field.args
    }


ODD: tuple[Any, ...] = (
    None, True, 1, 0, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 1.0, 1.5, float("nan"), float("inf"), "", "x", "fi",
    b"x", (), ("x",), ("x", None), [1.5], {}, date(2026, 1, 1), datetime(2026, 1, 1), ValueError("no"), object,
    *(member for kind in (Item, Severity, Outcome) for member in list(kind)[:2]),
)  # fmt: skip


@pytest.mark.parametrize("leaf", one_field_of_each_leaf())
async def test_every_leaf_says_and_refuses_what_graphql_core_says_and_refuses(leaf: str) -> None:
    kind, name = one_field_of_each_leaf()[leaf]
    shown = attribute(kind.fields[name])
    assert shown is not None
    over = GraphQLSchema(GraphQLObjectType("Query", {"held": GraphQLField(kind, resolve=root_of("held"))}))
    document = PreparedDocument(parse(f"{{ held {{ {name} }} }}"))
    for value in ODD:
        root = {"held": SimpleNamespace(**{shown: value})}
        usual, _ = await answered(document, root, projected=False, over=over)
        ours, _ = await answered(document, root, projected=True, over=over)
        assert repr(ours.data) == repr(usual.data)
        assert faults(ours) == faults(usual)


async def test_a_document_that_is_not_to_be_projected_goes_field_by_field() -> None:
    document = PreparedDocument(parse("{ hoks { version } }"), is_projected=False)
    result, operation = await answered(document, {"hoks": SimpleNamespace(version=3)}, projected=True)
    assert result.data == {"hoks": {"version": 3}}
    assert not operation._projections


async def test_every_day_is_said_as_itself_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "MOST_DAYS", 2)
    document = PreparedDocument(parse("{ hoks { firstApprovedOn } }"))
    days = ["2026-01-01", "2026-01-02", "2024-02-29", "0001-01-01", "9999-12-31"]
    for day in [*days, *reversed(days), *days]:
        root = {"hoks": SimpleNamespace(first_approved_on=date.fromisoformat(day))}
        result, _ = await answered(document, root, projected=True)
        assert result.data == {"hoks": {"firstApprovedOn": day}}


async def test_a_failure_of_which_nothing_is_read_is_told_as_a_failure() -> None:
    document = PreparedDocument(parse("{ right { oid provider { __typename } } }"))
    right = KINDS["StudyRight"](oid="1.2.3", provider=ValueError("refused"))
    usual, _ = await answered(document, {"right": right}, projected=False)
    ours, operation = await answered(document, {"right": right}, projected=True)
    assert ours.data == usual.data == {"right": {"oid": "1.2.3", "provider": None}}
    assert faults(ours) == faults(usual) != []
    assert operation._projections


@pytest.fixture
def dropped() -> Iterator[None]:
    """graphql-core drops the promises of a selection in which a sibling failed; they are no fault of either answer."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited")
        yield
        gc.collect()


@pytest.mark.usefixtures("dropped")
@pytest.mark.proves("a projection answers as graphql-core does")
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize(
    ("turn", "late"), [(False, False), (True, False), (True, True)], ids=["plain", "resolved", "resolved later"]
)
async def test_random_operations_are_answered_as_graphql_core_answers_them(
    turn: bool, late: bool, seed: int, record_property: Callable[[str, object], None]
) -> None:
    random = Random(f"{seed} {turn} {late}")
    projected = 0
    with turned(random, late=late) if turn else nullcontext():
        for number in range(DOCUMENTS):
            document = PreparedDocument(parse(Writer(SCHEMA, random).operation()))
            assert not (wrong := validate(SCHEMA, document.node)), wrong[0].message
            maker = Maker(random, misfits=0.0 if number % 2 else 0.01, kinds=KINDS)
            root = {name: maker.value(kind) for name, kind in ROOTS.items()}
            usual, _ = await answered(document, root, projected=False)
            for _ in ("compiled", "kept"):
                ours, operation = await answered(document, root, projected=True)
                assert json.dumps(ours.data) == json.dumps(usual.data)
                if late:
                    # Which of several failing siblings is told, is a matter of time: the specification allows both.
                    assert bool(ours.errors) == bool(usual.errors)
                else:
                    assert faults(ours) == faults(usual)
            projected += sum(each is not None for each in operation._projections.values())
    assert projected >= DOCUMENTS // 2
    record_property("cases", DOCUMENTS)

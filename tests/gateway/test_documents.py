"""Documents: within the limits, valid, read once, and never echoed."""

import gc
import time

import pytest
from graphql import DocumentNode, build_schema, execute_sync, get_introspection_query, parse, print_ast
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Documents
from gateway.settings import Limits
from resolvers.prepared import PreparedDocument

SCHEMA = build_schema("""
    scalar LearnerOid
    enum Language { FI SV }
    input Filter { language: Language, size: Int }
    type Query { student(oid: LearnerOid, language: Language, first: Int, filter: Filter): Student, hoks: Hoks }
    type Mutation { forget(oid: LearnerOid!): Boolean }
    type Subscription { changes: Int }
    type Student { oid: LearnerOid, friend: Student, name(upper: Boolean): String, either: Either }
    type Hoks { id: ID!, student: Student }
    union Either = Student | Hoks
""")
SECRET = "ZQ7secret"


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA, Limits())


def codes(outcome: PreparedDocument | list[dict[str, object]]) -> list[str]:
    assert not isinstance(outcome, PreparedDocument)
    return [error["extensions"]["code"] for error in outcome]  # type: ignore[index] # the one error shape


def messages(outcome: PreparedDocument | list[dict[str, object]]) -> str:
    assert not isinstance(outcome, PreparedDocument)
    return "\n".join(str(error["message"]) for error in outcome)


def test_a_good_document_is_kept_by_its_exact_text(documents: Documents) -> None:
    first = documents.document("{ student { oid } }")
    assert isinstance(first, PreparedDocument)
    assert isinstance(first.node, DocumentNode)
    assert documents.document("{ student { oid } }") is first
    assert documents.document("{ student { oid }  }") is not first


def test_operations_are_found_by_name(documents: Documents) -> None:
    named = documents.document("query A { student { oid } } mutation B { forget(oid: 1) }")
    assert isinstance(named, PreparedDocument)
    assert sorted(map(str, named.operations)) == ["A", "B"]
    nameless = documents.document("{ student { oid } }")
    assert isinstance(nameless, PreparedDocument)
    assert list(nameless.operations) == [None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{ student { oid } } }",
        f'{{ student(oid: "{SECRET}" }}',
        f'{{ a(x: "{SECRET}) }}',
        "\x00",
        "{ä}",
        "[" * 500,
    ],
)
def test_what_is_not_graphql_is_a_parse_failure_that_repeats_nothing(documents: Documents, text: str) -> None:
    outcome = documents.document(text)
    assert codes(outcome) == ["GRAPHQL_PARSE_FAILED"]
    assert SECRET not in str(outcome)


def test_a_parse_failure_says_where(documents: Documents) -> None:
    outcome = documents.document("{\n  student {")
    assert isinstance(outcome, list)
    assert outcome[0]["locations"] == [{"line": 2, "column": 12}]


def test_a_failure_of_execution_says_where_in_a_document_that_is_kept(documents: Documents) -> None:
    kept = documents.document("{\n  student {\n    oid } }")
    assert isinstance(kept, PreparedDocument)
    told = execute_sync(SCHEMA, kept.node, root_value={"student": {"oid": OSError("broken")}})
    assert told.errors is not None
    assert [each.formatted["locations"] for each in told.errors] == [[{"line": 3, "column": 5}]]


def test_a_kept_tree_is_the_parsed_one_and_the_collector_looks_at_three_objects_for_a_field(
    documents: Documents,
) -> None:
    text = "query Q($a: Int = 1) { student(first: $a) { " + "name(upper: true) friend { oid } " * 50 + "} }"
    documents.document("query Q($a: Int = 1) { student(first: $a) { name(upper: true) friend { oid } } }")
    gc.collect()
    before = len(gc.get_objects())
    kept = documents.document(text)
    gc.collect()
    added = len(gc.get_objects()) - before
    assert isinstance(kept, PreparedDocument)
    assert print_ast(kept.node) == print_ast(parse(text))
    assert added <= 3 * 152 + 50


def test_so_many_documents_are_kept_and_fewer_where_they_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.documents.KEPT_DOCUMENTS", 10)
    monkeypatch.setattr("gateway.documents.KEPT_TOKENS", 100)
    documents = Documents(SCHEMA, Limits())

    def still_kept(texts: list[str]) -> list[bool]:
        first = [documents.document(text) for text in texts]
        # The newest first: to read an older one anew makes another go.
        again = [documents.document(text) is one for text, one in zip(reversed(texts), reversed(first), strict=True)]
        return again[::-1]

    assert still_kept(["{ student { oid } }" + " " * place for place in range(11)]) == [False] + [True] * 10
    assert still_kept(["{ student { " + "oid " * size + "} }" for size in (49, 40, 45)]) == [False, True, True]


# --- limits


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("tokens", "{ student { " + "oid " * 1_000 + "} }"),
        ("depth", "{ student " + "{ friend " * 11 + "{ oid }" + " }" * 11 + " }"),
        ("aliases", "{ student { " + " ".join(f"a{n}: oid" for n in range(31)) + " } }"),
        ("root fields", "{ " + " ".join(f"a{n}: student {{ oid }}" for n in range(6)) + " }"),
        ("directives", "{ student { " + "oid @include(if: true) " * 51 + "} }"),
        ("directives", "query " + "@skip(if: true) " * 51 + "{ student { oid } }"),
        ("depth", "{ ...A } fragment A on Query { student { ...B } } fragment B on Student "
         + "{ friend " * 11 + "{ oid }" + " }" * 11),
        ("root fields", "{ ...A ...B } fragment A on Query { a: hoks { id } b: hoks { id } c: hoks { id } } "
         "fragment B on Query { ... on Query { ...A } }"),
        ("comparisons", "{ student { " + "oid name " * 495 + "} }"),
        ("comparisons", "{ student { " + "friend { oid name } " * 190 + "} }"),
        ("directives in one place", "{ student { oid " + "@include(if: true) " * 6 + "} }"),
        ("directives in one place", "query " + "@skip(if: true) " * 6 + "{ student { oid } }"),
        ("directives in one place", "query ($a: Int " + "@b " * 6 + ") { student(first: $a) { oid } }"),
        ("directives in one place", "{ student { ...A " + "@b " * 6 + "} } fragment A on Student { oid }"),
        ("directives in one place", "{ student { oid } } fragment A on Student " + "@b " * 6 + "{ oid }"),
        ("aliases", "{ student { ...A friend { ...A friend { ...A friend { ...A } } } } } fragment A on Student { "
         + " ".join(f"a{n}: oid" for n in range(8)) + " }"),
    ],
)  # fmt: skip
def test_a_document_beyond_a_limit_is_refused_by_the_name_of_the_limit(
    documents: Documents, limit: str, text: str
) -> None:
    outcome = documents.document(text)
    assert set(codes(outcome)) == {"LIMIT_EXCEEDED"}
    assert f" for {limit}" in messages(outcome)


@pytest.mark.parametrize(
    "text",
    [
        "{ student " + "{ friend " * 10 + "{ oid }" + " }" * 10 + " }",
        "{ student { " + " ".join(f"a{n}: oid" for n in range(30)) + " } }",
        "{ " + " ".join(f"a{n}: student {{ oid }}" for n in range(5)) + " }",
        "{ student { " + "oid @include(if: true) " * 50 + "} }",
        "{ student { " + "oid name " * 60 + "} }",
        "query { student { oid @include(if: true) @skip(if: false) } }",
    ],
)
def test_a_document_at_a_limit_is_good(documents: Documents, text: str) -> None:
    assert isinstance(documents.document(text), PreparedDocument)


def nested(levels: int, spreads: int, *, entered: bool) -> str:
    fragments = [f"fragment F{n} on Student {{ friend {{ {f'...F{n + 1} ' * spreads} }} }}" for n in range(levels)]
    last = f"fragment F{levels} on Student {{ oid }}"
    return f"{{ student {{ {'...F0' if entered else 'oid'} }} }} {' '.join(fragments)} {last}"


@pytest.mark.parametrize("entered", [True, False])
@pytest.mark.parametrize(("levels", "spreads"), [(10, 30), (40, 5), (60, 2)])
def test_a_bomb_of_nested_fragments_is_refused_fast(
    documents: Documents, levels: int, spreads: int, entered: bool
) -> None:
    text = nested(levels, spreads, entered=entered)
    started = time.thread_time()
    outcome = documents.document(text)
    assert time.thread_time() - started < 0.5
    assert set(codes(outcome)) == {"LIMIT_EXCEEDED"}


def test_a_flat_bomb_of_fragments_is_refused_as_too_many_expanded_fields(documents: Documents) -> None:
    wide = "fragment F0 on Student { " + "oid " * 100 + "} " + "fragment F1 on Student { " + "...F0 " * 30 + "}"
    outcome = documents.document("{ student { ...F1 } } " + wide)
    assert messages(outcome) == "the document exceeds the limit of 2000 for expanded fields"


@pytest.mark.parametrize(
    "text",
    [
        "{ student { ...A } } fragment A on Student { friend { ...A } }",
        "{ student { ...A } } fragment A on Student { ...B } fragment B on Student { friend { ...A } }",
        "{ ...Q } fragment Q on Query { ...Q }",
        "{ student { ...Missing } }",
    ],
)
def test_fragments_that_spread_themselves_or_nothing_are_invalid(documents: Documents, text: str) -> None:
    assert set(codes(documents.document(text))) == {"GRAPHQL_VALIDATION_FAILED"}


def test_the_worst_document_within_the_limits_is_validated_in_a_moment(documents: Documents) -> None:
    text = "{ student { " + "oid name either { __typename } friend { __typename } " * 20 + "} }"
    started = time.thread_time()
    assert isinstance(documents.document(text), PreparedDocument)
    assert time.thread_time() - started < 0.5


def test_introspection_where_it_is_on_is_allowed_as_deep_as_tools_ask() -> None:
    assert isinstance(
        Documents(SCHEMA, Limits(), introspection=True).document(get_introspection_query()), PreparedDocument
    )


@pytest.mark.parametrize(
    "text",
    [
        get_introspection_query(),
        "{ __schema { __typename } }",
        "{ a: __schema { types { name fields { name } } } }",
        '{ __type(name: "Student") { fields { name } } }',
        '{ __type(name: "Student") { kind } }',
        "{ ...Q } fragment Q on Query { __schema { queryType { name } } }",
        "{ student { oid } } fragment T on __Type { ofType { name } }",
    ],
    ids=lambda text: text[:60],
)
def test_nobody_reads_the_schema_unless_it_is_switched_on(documents: Documents, text: str) -> None:
    outcome = documents.document(text)
    assert set(codes(outcome)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert "introspection is off" in messages(outcome)
    assert "friend" not in messages(outcome)


@pytest.mark.parametrize("text", ["{ __typename }", '{ __type(name: "Student") { name description __typename } }'])
def test_whether_there_is_a_type_may_be_asked_for_validation_tells_it_too(documents: Documents, text: str) -> None:
    assert isinstance(documents.document(text), PreparedDocument)


def test_introspection_that_goes_in_circles_is_invalid() -> None:
    circles = "{ __schema { types { " + "fields { type { " * 6 + "name" + " } }" * 6 + " } } }"
    outcome = Documents(SCHEMA, Limits(), introspection=True).document(circles)
    assert set(codes(outcome)) == {"GRAPHQL_VALIDATION_FAILED"}


# --- validation


@pytest.mark.parametrize(
    "text",
    [
        "subscription { changes }",
        "query A { student { oid } } subscription B { changes }",
        "fragment A on Student { oid }",
        "type Query { a: Int }",
        "{ student { oid @defer } }",
        "{ student }",
        "{ student { oid { a } } }",
        "query A { hoks { id } } query A { hoks { id } }",
        "query ($a: Int) { hoks { id } }",
        "{ student(first: $a) { oid } }",
        "{ student { oid: name oid } }",
    ],
)
def test_a_document_that_does_not_fit_the_schema_is_invalid(documents: Documents, text: str) -> None:
    assert set(codes(documents.document(text))) == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    "text",
    [
        "{ studen { oid } }",
        "{ student }",
        "{ student { nam } }",
        "{ student(firs: 1) { oid } }",
        "{ student { oid @skipp(if: true) } }",
        "{ student { ... on Studen { oid } } }",
        "query ($a: LearnrOid) { student(oid: $a) { oid } }",
        "{ student(filter: { languag: FI }) { oid } }",
        "{ student(language: FO) { oid } }",
        "{ student(oid: 1) { either { oid } } }",
    ],
)
def test_nothing_is_suggested(documents: Documents, text: str) -> None:
    outcome = documents.document(text)
    assert set(codes(outcome)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert "did you mean" not in messages(outcome).lower()


@pytest.mark.parametrize(
    "text",
    [
        f'{{ student(first: "{SECRET}") {{ oid }} }}',
        f'{{ student(language: "{SECRET}") {{ oid }} }}',
        f"{{ student(language: {SECRET}) {{ oid }} }}",
        f"{{ student(first: {{ {SECRET}: 1 }}) {{ oid }} }}",
        f'{{ student(filter: {{ size: "{SECRET}" }}) {{ oid }} }}',
        f'{{ student(filter: "{SECRET}") {{ oid }} }}',
        f'{{ student(filter: ["{SECRET}"]) {{ oid }} }}',
        f'query ($a: Int = "{SECRET}") {{ student(first: $a) {{ oid }} }}',
        f'{{ student {{ oid @include(if: "{SECRET}") }} }}',
        f'{{ student {{ name(upper: "{SECRET}") }} }}',
        f'{{ student(oid: "{SECRET}") {{ oid }} student(oid: "other") {{ oid }} }}',
        f'{{ student(oid: "{SECRET}", oid: "{SECRET}") {{ oid }} }}',
        f'{{ student(nothing: "{SECRET}") {{ oid }} }}',
        f'query ($a: String = "{SECRET}") {{ student(first: $a) {{ oid }} }}',
    ],
)
def test_no_literal_is_repeated(documents: Documents, text: str) -> None:
    outcome = documents.document(text)
    assert set(codes(outcome)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert SECRET not in str(outcome)


def test_at_most_twenty_errors_and_a_word_about_it_are_told(documents: Documents) -> None:
    assert len(codes(documents.document("{ student { " + "nothing " * 60 + "} }"))) == 21


def test_a_bad_document_is_not_kept_and_a_padded_one_neither(documents: Documents) -> None:
    padded = "{ student { oid } } #" + " " * 20_000
    first, second = documents.document(padded), documents.document(padded)
    assert isinstance(first, PreparedDocument)
    assert first is not second


@given(st.text(max_size=200))
def test_any_text_has_an_outcome(text: str) -> None:
    outcome = Documents(SCHEMA, Limits()).document(text)
    assert isinstance(outcome, PreparedDocument | list)


PAGES = build_schema(
    """
    type Query { students(first: Int): [Student!]!  _entities(representations: [_Any!]!): [Student]! }
    scalar _Any
    type Student { oid: String name: String }
    """
)


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("{ students(first: 9) { oid name } }", False),  # 1 + 9 x 2 = 19
        ("{ students(first: 10) { oid name } }", True),  # 1 + 10 x 2 = 21
        ("{ students { oid } }", True),  # 1 + 20 by default
        ("query ($n: Int) { students(first: $n) { oid } }", True),  # a variable may be 50
        ("{ _entities(representations: [1, 2, 3, 4, 5, 6, 7, 8, 9]) { oid name } }", False),
        ("{ _entities(representations: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) { oid name } }", True),
        ("query ($of: [_Any!]!) { _entities(representations: $of) { oid } }", True),  # a variable may hold 50
        ("{ students(first: 3) { ...f ...f } } fragment f on Student { a: oid b: oid c: oid d: oid }", True),
    ],
)
def test_a_page_multiplies_what_is_asked_of_each_student(text: str, is_refused: bool) -> None:
    outcome = Documents(PAGES, Limits(listed_fields=20)).document(text)
    assert isinstance(outcome, PreparedDocument) is not is_refused
    assert isinstance(outcome, PreparedDocument) or codes(outcome) == ["LIMIT_EXCEEDED"]

"""Entities of a supergraph: each in its place, null alike, read together, decided and recorded as its question is."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest
from graphql import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.caller import Caller
from hoks.outcomes import Outcome
from hoks.reading import Reader
from resolvers.graph import Answered, Graph
from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable, sdl, subgraph_sdl
from tests.world.asking import KEY, STAFF_OF_A, WORLD, ask, codes, oid_of
from tests.world.cast import CALLERS, HIDDEN, NUMBER, OIDS, WITHOUT_PLAN
from tests.world.places import A, B, C
from tests.world.ports import Asked, Fault
from tests.world.rights import learner, right_oid
from tests.world.world import World, plans_source, rights_source

SUBGRAPH = build(subgraph=True)
Representation = Mapping[str, Any]

OIDS_ALONE = """query($of: [_Any!]!) { _entities(representations: $of) {
  __typename ... on Student { student: oid } ... on StudyRight { right: oid } ... on Hoks { plan: studyRightOid }
} }"""
"""Asks of every entity its key."""
KEYS = {"Student": ("oid", "student"), "StudyRight": ("oid", "right"), "Hoks": ("studyRightOid", "plan")}
"""By hand: of each type the key, and what the question above calls it."""
SECRET = "010203-999X"


def graph(world: World = WORLD, asked: Asked | None = None) -> Graph:
    """The graph as a subgraph."""
    return Graph(SUBGRAPH, world.reader(asked), cursor_key=KEY)


async def answered(text: str, of: Sequence[Any], by: Caller, over: Graph | None = None) -> Answered:
    """The answer about some entities, and what it tells."""
    return await (over or graph()).answer(PreparedDocument(parse(text)), None, {"of": list(of)}, by)


async def entities(
    of: Sequence[Any], by: Caller = STAFF_OF_A, text: str = OIDS_ALONE, over: Graph | None = None
) -> dict[str, Any]:
    """The answer about some entities."""
    return (await answered(text, of, by, over)).content


def entity(kind: str, key: str | None) -> Representation:
    """What a router says of an entity."""
    return {"__typename": kind, KEYS[kind][0]: key}


def shown(kind: str, key: str) -> dict[str, str]:
    """What it is answered with."""
    return {"__typename": kind, KEYS[kind][1]: key}


# --- each in its place ----------------------------------------------------------------------------------------


def visible(who: str, kind: str, name: int | str) -> bool:
    """By the hand-written policy of the cast, whether a caller sees an entity."""
    hidden = HIDDEN[who]
    if kind == "Student":
        return name not in hidden.people
    return name not in (hidden.all_rights if kind == "StudyRight" else hidden.all_plans | WITHOUT_PLAN)


EVERYBODY: tuple[tuple[str, int | str], ...] = (
    *(("Student", number) for number in OIDS),
    *((kind, name) for kind in ("StudyRight", "Hoks") for name in NUMBER),
)


def key_of(kind: str, name: int | str) -> str:
    return OIDS[name] if isinstance(name, int) else oid_of(name)


@pytest.mark.proves("an entity stands in the place of its representation, and is nobody else's")
@settings(max_examples=300 if os.environ.get("HOKS_PROVE") == "1" else 10, deadline=None)
@given(st.sampled_from(sorted(CALLERS)), st.lists(st.sampled_from(EVERYBODY), max_size=50))
def test_entities_stand_where_they_were_asked_for_whatever_the_order_and_however_often(
    who: str, asked: list[tuple[str, int | str]]
) -> None:
    answer = asyncio.run(entities([entity(kind, key_of(kind, name)) for kind, name in asked], CALLERS[who]))
    assert answer["data"]["_entities"] == [
        shown(kind, key_of(kind, name)) if visible(who, kind, name) else None for kind, name in asked
    ]
    assert "errors" not in answer


async def test_a_plan_is_the_entity_of_its_own_right_alone() -> None:
    procured = oid_of("2B")
    by_question = await ask(
        "query($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { studyRightOid } }",
        {"oid": procured},
        CALLERS["staff of B"],
    )
    assert by_question["data"]["hoks"] == {"studyRightOid": oid_of("2A")}
    answer = await entities([entity("Hoks", procured), entity("Hoks", oid_of("2A"))], CALLERS["staff of B"])
    assert answer["data"]["_entities"] == [None, shown("Hoks", oid_of("2A"))]


async def test_an_alias_of_a_student_is_the_student() -> None:
    alias = learner(424_242)
    people = tuple(
        each if each.oid != OIDS[1] else type(each)(oid=each.oid, aliases=frozenset({alias}), name=each.name)
        for each in WORLD.people
    )
    answer = await entities([entity("Student", alias)], over=graph(WORLD.but(people=people)))
    assert answer["data"]["_entities"] == [shown("Student", OIDS[1])]


ALL_OF_THEM = """{ students(first: 50) { edges { node {
  __typename ...OfStudent studyRights { __typename ...OfRight } hoksit { __typename ...OfPlan }
} } } }"""
OF_KIND = {"Student": "...OfStudent", "StudyRight": "...OfRight", "Hoks": "...OfPlan"}
ALL_PARTS = " ".join(OF_KIND.values())
OF_ENTITIES = f"query($of: [_Any!]!) {{ _entities(representations: $of) {{ __typename {ALL_PARTS} }} }}"
PARTS = """
fragment OfStudent on Student { oid name findings { code } sources { source outcome } timeline(first: 3) {
  edges { cursor node { kind } } pageInfo { hasNextPage } } consents { id } }
fragment OfRight on StudyRight { right: oid phase periods { startDate state } provenance { source } }
fragment OfPlan on Hoks { studyRightOid version studentEmail studyRight { phase }
  plannedVocationalUnits { id unit { uri } acquisitions { id workplaceLearning { keyTasks } } } }
"""


@pytest.mark.parametrize("who", CALLERS)
async def test_what_an_answer_holds_is_the_same_when_it_is_resolved_again_by_its_key(who: str) -> None:
    listed = await ask(ALL_OF_THEM + PARTS, by=CALLERS[who], over=graph())
    found: dict[tuple[str, str], Any] = {}
    for edge in listed["data"]["students"]["edges"]:
        node = edge["node"]
        rights, plans = node.pop("studyRights"), node.pop("hoksit")
        found.setdefault(("Student", node["oid"]), node)
        for right in rights:
            found.setdefault(("StudyRight", right["right"]), right)
        for plan in plans:
            # Of two plans for one right, a fault of the source, the first is the entity.
            found.setdefault(("Hoks", plan["studyRightOid"]), plan)
    again = await entities([entity(*key) for key in found], CALLERS[who], OF_ENTITIES + PARTS)
    assert len(found) > 1
    assert again["data"]["_entities"] == list(found.values())


# --- null alike -----------------------------------------------------------------------------------------------

NOT_FOR_A = {
    "a student of another provider": entity("Student", OIDS[4]),
    "a student annulled at A": entity("Student", OIDS[6]),
    "an unknown student": entity("Student", learner(99_999)),
    "a foreign right": entity("StudyRight", oid_of("4C")),
    "a hidden right of a student of A": entity("StudyRight", oid_of("3C")),
    "an unknown right": entity("StudyRight", right_oid(99_999)),
    "a foreign plan": entity("Hoks", oid_of("4C")),
    "a hidden plan of a student of A": entity("Hoks", oid_of("1B")),
    "the plan of a procured right": entity("Hoks", oid_of("2B")),
    "an unknown plan": entity("Hoks", right_oid(99_999)),
    "an entity whose key is not known to the caller": entity("Student", None),
}
NOTHING_FOR_A = (
    b'{"data":{"_entities":[null]},"extensions":{"access":{"role":"staff","organisation":"1.2.246.562.99.10000000010",'
    b'"withheld":[]}}}'
)


@pytest.mark.parametrize("which", NOT_FOR_A)
async def test_an_entity_that_is_not_the_callers_is_null_with_the_same_bytes(which: str) -> None:
    assert orjson.dumps(await entities([NOT_FOR_A[which]])) == NOTHING_FOR_A


@pytest.mark.parametrize("source", [rights_source(A), rights_source(B), plans_source(C), "onr", "organisaatio"])
@pytest.mark.parametrize("kind", KEYS)
async def test_unknown_and_foreign_are_alike_also_while_a_source_is_down(kind: str, source: str) -> None:
    down = graph(WORLD.but(faults={source: Fault(outcome=Outcome.UNAVAILABLE)}))
    foreign, unknown = (OIDS[4], learner(99_999)) if kind == "Student" else (oid_of("4C"), right_oid(99_999))
    visible = entity("Student", OIDS[2])
    assert orjson.dumps(await entities([visible, entity(kind, foreign)], over=down)) == orjson.dumps(
        await entities([visible, entity(kind, unknown)], over=down)
    )


# --- decided, read and recorded as the question of the same key -----------------------------------------------

ROOTS = {
    "Student": "query($key: LearnerOid!) { student(oid: $key) { __typename ...OfStudent } }",
    "StudyRight": "query($key: StudyRightOid!) { studyRight(oid: $key) { __typename ...OfRight } }",
    "Hoks": "query($key: StudyRightOid!) { hoks(studyRightOid: $key) { __typename ...OfPlan } }",
}
WITH_VIEWS = PARTS.replace("fragment OfStudent on Student {", "fragment OfStudent on Student { hoksit { studentPhone }")


@pytest.mark.parametrize("who", ["student 1", "staff of A", "staff of C"])
async def test_entities_tell_and_withhold_what_their_questions_tell_and_withhold(who: str) -> None:
    by, asked = CALLERS[who], [("Student", OIDS[1]), ("StudyRight", oid_of("1C")), ("Hoks", oid_of("1A"))]
    for kind, key in asked:
        document = PreparedDocument(parse(ROOTS[kind] + WITH_VIEWS))
        question = await graph().answer(document, None, {"key": key}, by)
        of_kind = OF_ENTITIES.replace(ALL_PARTS, OF_KIND[kind])
        answer = await answered(of_kind + WITH_VIEWS, [entity(kind, key)], by)
        assert [*question.content["data"].values()] == answer.content["data"]["_entities"]
        assert question.content["extensions"] == answer.content["extensions"]
        assert question.told == answer.told != ()


async def test_what_is_selected_of_one_type_is_not_told_of_another() -> None:
    text = """query($of: [_Any!]!) { _entities(representations: $of) {
      ... on Student { name } ... on _Entity { ... on StudyRight { phase } } ... on Hoks { studentEmail } } }"""
    told = (await answered(text, [entity("Student", OIDS[5])], STAFF_OF_A)).told
    assert [(each.subject, each.right, sorted(each.items)) for each in told] == [(OIDS[5], None, ["ID"])]
    told = (await answered(text, [entity("StudyRight", oid_of("5A"))], STAFF_OF_A)).told
    assert [(each.subject, each.right, sorted(each.items)) for each in told] == [(OIDS[5], oid_of("5A"), ["SR"])]


async def test_what_is_withheld_of_entities_is_told() -> None:
    text = "query($of: [_Any!]!) { _entities(representations: $of) { ... on Hoks { studentEmail } } }"
    answer = await entities([entity("Hoks", oid_of("1A"))], CALLERS["staff of C"], text)
    (row,) = answer["extensions"]["access"]["withheld"]
    assert (row["coordinate"], row["item"]) == ("Hoks.studentEmail", "Cs")


async def test_entities_are_projected_to_the_same_answer_as_field_by_field() -> None:
    of = [entity(kind, key_of(kind, name)) for kind, name in EVERYBODY[:40]]
    text = OF_ENTITIES + PARTS
    usual = await graph().answer(PreparedDocument(parse(text), is_projected=False), None, {"of": of}, STAFF_OF_A)
    projected = PreparedDocument(parse(text))
    ours = await graph().answer(projected, None, {"of": of}, STAFF_OF_A)
    assert orjson.dumps(ours.content) == orjson.dumps(usual.content)
    operation = projected.operation(None, {})
    assert {name for (name, _), each in operation._projections.items() if each is not None} >= {"StudyRight"}


# --- read together, within the limits -------------------------------------------------------------------------


async def test_all_entities_of_a_request_are_read_in_one_call_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, list[str]]] = []

    def counted(name: str) -> Any:
        whole = getattr(Reader, name)

        async def read(reader: Reader, by: Caller, keys: Sequence[str], **within: Any) -> Any:
            calls.append((name, sorted(keys)))
            return await whole(reader, by, keys, **within)

        return read

    for name in ("students", "by_rights"):
        monkeypatch.setattr(Reader, name, counted(name))
    asked, rights = Asked(), [oid_of("1A"), oid_of("2A"), oid_of("4C"), right_oid(99_999)]
    of = [entity("Student", OIDS[1]), *(entity(kind, right) for right in rights for kind in ("Hoks", "StudyRight"))]
    await entities([*of, *reversed(of), entity("Student", OIDS[4])], over=graph(asked=asked))
    assert sorted(calls) == [("by_rights", sorted(rights)), ("students", sorted([OIDS[1], OIDS[4]]))]
    assert asked.count("onr", "identify") == 2


async def test_a_request_may_ask_for_as_many_entities_as_a_page_holds_students_however_it_asks() -> None:
    one = entity("Student", OIDS[1])
    assert codes(await entities([one] * 50)) == []
    assert codes(await entities([one] * 51)) == ["BAD_USER_INPUT"]
    twice = (
        "query($of: [_Any!]!) { a: _entities(representations: $of) { __typename } "
        "b: _entities(representations: $of) { __typename } }"
    )
    assert codes(await entities([one] * 25, text=twice)) == []
    assert codes(await entities([one] * 26, text=twice)) == ["BAD_USER_INPUT"]


MALFORMED: Mapping[str, Any] = {
    "no object": SECRET,
    "nothing": [],
    "no type": {"oid": SECRET},
    "a type that is no text": {"__typename": [SECRET], "oid": OIDS[1]},
    "an unknown type": {"__typename": SECRET, "oid": OIDS[1]},
    "a type that is no entity": {"__typename": "Code", "uri": SECRET},
    "no key": {"__typename": "Student"},
    "another field than the key": {"__typename": "Hoks", "oid": oid_of("1A")},
    "a key that is no text": {"__typename": "Student", "oid": 1},
    "a key that is no OID": {"__typename": "Student", "oid": SECRET},
    "a key of another type": {"__typename": "Student", "oid": oid_of("1A")},
}


@pytest.mark.parametrize("which", MALFORMED)
async def test_a_malformed_representation_is_the_callers_fault_and_spoils_no_other(which: str) -> None:
    one = entity("Student", OIDS[1])
    answer = await entities([one, MALFORMED[which], one])
    found = shown("Student", OIDS[1])
    assert answer["data"]["_entities"] == [found, None, found]
    assert [(each["extensions"]["code"], each["path"]) for each in answer["errors"]] == [
        ("BAD_USER_INPUT", ["_entities", 1])
    ]
    assert SECRET.encode() not in orjson.dumps(answer)


async def test_what_else_a_representation_says_is_not_heard() -> None:
    (found,) = (await entities([{**entity("Student", OIDS[1]), "name": SECRET, "hoksit": [SECRET]}]))["data"][
        "_entities"
    ]
    assert found == shown("Student", OIDS[1])


async def test_while_the_callers_own_source_is_down_no_entity_is_called_absent() -> None:
    down = graph(WORLD.but(faults={rights_source(A): Fault(outcome=Outcome.UNAVAILABLE)}))
    answer = await entities([entity("Student", OIDS[5]), entity("Hoks", oid_of("5A"))], over=down)
    assert answer["data"]["_entities"] == [None, None]
    assert [(code, each["path"][1]) for code, each in zip(codes(answer), answer["errors"], strict=True)] == [
        ("UNAVAILABLE", 0),
        ("UNAVAILABLE", 1),
    ]


# --- the schema of the subgraph -------------------------------------------------------------------------------


async def test_the_service_tells_the_printed_schema_with_keys_and_nothing_else() -> None:
    told = (await entities([], text="query { _service { sdl } }"))["data"]["_service"]["sdl"]
    assert told == subgraph_sdl()
    clients = set(sdl(build()).splitlines())
    added = [line for line in told.splitlines() if line not in clients]
    assert added == [
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])',
        'type Hoks @key(fields: "studyRightOid") {',
        'type Student @key(fields: "oid") {',
        'type StudyRight @key(fields: "oid") {',
    ]


def test_without_the_setting_the_schema_has_nothing_of_a_subgraph() -> None:
    with_it, without = executable(SUBGRAPH).type_map, executable(build()).type_map
    assert with_it.keys() - without.keys() == {"_Service", "_Entity", "_Any"}
    assert without.keys() <= with_it.keys()
    queries: list[Any] = [with_it["Query"], without["Query"]]
    assert queries[0].fields.keys() - queries[1].fields.keys() == {"_service", "_entities"}

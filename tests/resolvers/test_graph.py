"""The one door into the graph: null alike, masked errors, what was withheld, gaps, cursors, and how often it asks."""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import pytest
from graphql import parse

from hoks.caller import Caller, Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.reading import Page, Reader, Seen
from resolvers.graph import Graph
from resolvers.schema import build
from tests.world.cast import CALLERS, NUMBER, OIDS, cast
from tests.world.places import B_SCHOOL, A, B, C
from tests.world.ports import Asked, Fault
from tests.world.rights import CURRENT, UPCOMING, learner, right, right_oid
from tests.world.world import World, caller, plans_source, real_policy, rights_source, staff, student

SCHEMA = build()
KEY = b"c" * 32
WORLD = cast().world()
STAFF_OF_A = CALLERS["staff of A"]
SECRET = "010203-999X"


def graph(world: World = WORLD, asked: Asked | None = None) -> Graph:
    """The graph over a world."""
    return Graph(SCHEMA, world.reader(asked), cursor_key=KEY)


async def ask(
    text: str,
    variables: Mapping[str, Any] | None = None,
    by: Caller = STAFF_OF_A,
    over: Graph | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The answer to a question."""
    return await (over or graph()).answer(parse(text), name, variables or {}, by)


def oid_of(name: str) -> StudyRightOid:
    """The OID of a right of the cast."""
    return right_oid(NUMBER[name])


def codes(answer: Mapping[str, Any]) -> list[str]:
    """The codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


def withheld(answer: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Per coordinate, the item and the reason."""
    rows = answer["extensions"]["access"]["withheld"]
    return {row["coordinate"]: (row["item"], row["reason"]) for row in rows}


# --- null alike -----------------------------------------------------------------------------------------------

BY_STUDENT = (
    "query($oid: LearnerOid!) { student(oid: $oid) { oid name hoksit { version studentEmail } sources { source } } }"
)
BY_PLAN = "query($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { version studentEmail } }"
BY_RIGHT = "query($oid: StudyRightOid!) { studyRight(oid: $oid) { oid phase } }"

NOT_FOR_A: Mapping[str, LearnerOid] = {
    "of another provider": OIDS[4],
    "annulled at A": OIDS[6],
    "over for six years at A": OIDS[7],
    "unknown": learner(99_999),
}
RIGHTS_NOT_FOR_A: Mapping[str, StudyRightOid] = {
    "of another provider's student": oid_of("4C"),
    "annulled at A": oid_of("6A"),
    "over for six years at A": oid_of("7A"),
    "not approved elsewhere": oid_of("1B"),
    "elsewhere after the end at A": oid_of("3C"),
    "annulled elsewhere": oid_of("1D"),
    "unknown": right_oid(99_999),
}


async def bytes_of(text: str, oid: str, by: Caller = STAFF_OF_A, world: World = WORLD) -> bytes:
    """The answer as it leaves."""
    return orjson.dumps(await ask(text, {"oid": oid}, by, graph(world)))


NOTHING_FOR_A = (
    b'{"data":{"student":null},"extensions":{"access":{"role":"staff","organisation":"1.2.246.562.99.10000000010",'
    b'"withheld":[]}}}'
)


@pytest.mark.parametrize("who", NOT_FOR_A)
async def test_a_student_who_is_not_the_callers_is_null_with_the_same_bytes(who: str) -> None:
    assert await bytes_of(BY_STUDENT, NOT_FOR_A[who]) == NOTHING_FOR_A


@pytest.mark.parametrize("which", RIGHTS_NOT_FOR_A)
async def test_a_plan_that_is_not_the_callers_is_null_with_the_same_bytes(which: str) -> None:
    expected = NOTHING_FOR_A.replace(b'"student"', b'"hoks"')
    assert await bytes_of(BY_PLAN, RIGHTS_NOT_FOR_A[which]) == expected


@pytest.mark.parametrize("which", RIGHTS_NOT_FOR_A)
async def test_a_right_that_is_not_the_callers_is_null_with_the_same_bytes(which: str) -> None:
    expected = NOTHING_FOR_A.replace(b'"student"', b'"studyRight"')
    assert await bytes_of(BY_RIGHT, RIGHTS_NOT_FOR_A[which]) == expected


@pytest.mark.parametrize("source", [rights_source(A), rights_source(B), rights_source(C), plans_source(C)])
@pytest.mark.parametrize("text", [BY_PLAN, BY_RIGHT], ids=["plan", "right"])
@pytest.mark.parametrize("who", ["staff of A", "student 6", "staff of D"])
async def test_unknown_and_foreign_are_alike_also_while_a_source_is_down(who: str, text: str, source: str) -> None:
    world = WORLD.but(faults={source: Fault(outcome=Outcome.UNAVAILABLE)})
    foreign = await bytes_of(text, oid_of("4C"), CALLERS[who], world)
    unknown = await bytes_of(text, right_oid(99_999), CALLERS[who], world)
    assert foreign == unknown


@pytest.mark.parametrize("source", [rights_source(A), rights_source(B), "onr", "organisaatio"])
@pytest.mark.parametrize("who", ["staff of A", "student 6", "staff of D"])
async def test_unknown_and_foreign_students_are_alike_also_while_a_source_is_down(who: str, source: str) -> None:
    world = WORLD.but(faults={source: Fault(outcome=Outcome.UNAVAILABLE)})
    foreign = await bytes_of(BY_STUDENT, OIDS[4], CALLERS[who], world)
    unknown = await bytes_of(BY_STUDENT, learner(99_999), CALLERS[who], world)
    assert foreign == unknown


async def test_another_student_is_null_to_a_student() -> None:
    answer = await ask(BY_STUDENT, {"oid": OIDS[2]}, CALLERS["student 1"])
    assert answer["data"] == {"student": None}
    assert answer["extensions"]["access"] == {"role": "student", "organisation": None, "withheld": []}


@pytest.mark.parametrize("role", [Role.INSTRUCTOR, Role.ASSESSOR, Role.CONSENT_RECIPIENT])
async def test_a_person_without_an_appointment_or_consent_gets_null_and_an_empty_list(role: Role) -> None:
    text = "query($oid: LearnerOid!) { student(oid: $oid) { oid } students { edges { cursor } } sources { source } }"
    answer = await ask(text, {"oid": OIDS[1]}, caller(role))
    assert answer["data"] == {"student": None, "students": {"edges": []}, "sources": []}


# --- errors ---------------------------------------------------------------------------------------------------

MALFORMED = ["nonsense", "1.2.246.562.98.1", "1.2.246.562.98.10000000011", "1.2.246.562.15.10000001009", "", " "]


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize(
    ("literal", "variable"),
    [
        ("student(oid: VALUE) { oid }", "query($v: LearnerOid!) { student(oid: $v) { oid } }"),
        ("hoks(studyRightOid: VALUE) { version }", "query($v: StudyRightOid!) { hoks(studyRightOid: $v) { version } }"),
        ("studyRight(oid: VALUE) { oid }", "query($v: StudyRightOid!) { studyRight(oid: $v) { oid } }"),
    ],
    ids=["student", "hoks", "studyRight"],
)
async def test_a_malformed_oid_is_the_callers_fault_and_is_not_echoed(literal: str, variable: str, value: str) -> None:
    marked = value + SECRET
    for answer in (
        await ask("{ " + literal.replace("VALUE", orjson.dumps(marked).decode()) + " }"),
        await ask(variable, {"v": marked}),
    ):
        assert codes(answer) == ["BAD_USER_INPUT"]
        assert SECRET.encode() not in orjson.dumps(answer)


@pytest.mark.parametrize("value", MALFORMED)
async def test_a_malformed_oid_as_it_is_gives_no_student_and_a_bad_user_input(value: str) -> None:
    answer = await ask("query($v: LearnerOid!) { student(oid: $v) { oid } }", {"v": value})
    assert (answer["data"], codes(answer)) == ({"student": None}, ["BAD_USER_INPUT"])


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($v: LearnerOid!) { student(oid: $v) { oid } }", {"v": {"a": SECRET}}),
        ("query($v: LearnerOid!) { student(oid: $v) { oid } }", {"v": [SECRET]}),
        ("query($v: LearnerOid!) { student(oid: $v) { oid } }", {"v": None}),
        ("query($v: LearnerOid!) { student(oid: $v) { oid } }", {}),
        ("query($v: Int!) { students(first: $v) { edges { cursor } } }", {"v": SECRET}),
        ("query($v: Cursor) { students(after: $v) { edges { cursor } } }", {"v": {"a": SECRET}}),
        ("query($v: Boolean!) { viewer { oid @include(if: $v) } }", {"v": SECRET}),
    ],
)
async def test_a_variable_of_the_wrong_type_is_the_callers_fault_and_its_value_is_masked(
    text: str, variables: dict[str, Any]
) -> None:
    answer = await ask(text, variables)
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert "`$v`" in answer["errors"][0]["message"]
    assert SECRET.encode() not in orjson.dumps(answer)


class Exploding(Reader):
    """A reader whose every answer is an error that repeats personal data."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def students(self, caller: Caller, oids: Any) -> dict[LearnerOid, Seen]:
        """Break."""
        raise self._error

    async def by_rights(self, caller: Caller, rights: Any) -> dict[StudyRightOid, Seen]:
        """Break."""
        raise self._error

    async def page(self, caller: Caller, *, after: LearnerOid | None, first: int) -> Page:
        """Break."""
        raise self._error

    async def sources(self, caller: Caller) -> Any:
        """Break."""
        raise self._error


ROOTS = {
    "student": f'{{ student(oid: "{OIDS[1]}") {{ oid }} }}',
    "hoks": f'{{ hoks(studyRightOid: "{oid_of("1A")}") {{ version }} }}',
    "studyRight": f'{{ studyRight(oid: "{oid_of("1A")}") {{ oid }} }}',
    "students": "{ students { edges { cursor } } }",
    "sources": "{ sources { source } }",
}


@pytest.mark.parametrize("root", ROOTS)
async def test_an_unforeseen_error_is_internal_and_its_text_stays_inside(
    root: str, caplog: pytest.LogCaptureFixture
) -> None:
    exploding = Graph(SCHEMA, Exploding(RuntimeError(f"cannot read {SECRET}")), cursor_key=KEY)
    answer = await ask(ROOTS[root], over=exploding)
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"], error["path"]) == ("internal error", {"code": "INTERNAL"}, [root])
    assert SECRET.encode() not in orjson.dumps(answer)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("root", ["students", "sources"])
async def test_sources_that_did_not_answer_are_unavailable(root: str) -> None:
    unavailable = Graph(SCHEMA, Exploding(SourcesUnavailable("the sources did not answer")), cursor_key=KEY)
    assert codes(await ask(ROOTS[root], over=unavailable)) == ["UNAVAILABLE"]


@pytest.mark.parametrize("fault", [Fault(outcome=Outcome.UNAVAILABLE), Fault(raises=True)], ids=["down", "exploding"])
@pytest.mark.parametrize("root", ["student", "students", "hoks", "studyRight"])
async def test_while_the_callers_own_source_of_rights_is_down_nothing_is_called_absent(root: str, fault: Fault) -> None:
    down = WORLD.but(faults={rights_source(A): fault})
    answer = await ask(ROOTS[root].replace(OIDS[1], OIDS[5]).replace(oid_of("1A"), oid_of("5A")), over=graph(down))
    assert codes(answer) == ["UNAVAILABLE"]
    assert SECRET.encode() not in orjson.dumps(answer)


async def test_one_root_that_fails_leaves_the_others() -> None:
    answer = await ask('{ viewer { role } bad: student(oid: "x") { oid } }')
    assert answer["data"] == {"viewer": {"role": "STAFF"}, "bad": None}
    assert [error["path"] for error in answer["errors"]] == [["bad"]]


# --- extensions.access ----------------------------------------------------------------------------------------

CONTACTS = "query($oid: LearnerOid!) { student(oid: $oid) { oid hoksit { version studentPhone studentEmail } } }"


async def test_what_is_withheld_is_told_by_coordinate_sorted_with_item_reason_and_rules() -> None:
    answer = await ask(CONTACTS, {"oid": OIDS[1]}, CALLERS["staff of C"])
    access = answer["extensions"]["access"]
    assert (access["role"], access["organisation"]) == ("staff", "1.2.246.562.99.10000000030")
    assert list(access) == ["role", "organisation", "withheld"]
    assert [row["coordinate"] for row in access["withheld"]] == ["Hoks.studentEmail", "Hoks.studentPhone"]
    for row in access["withheld"]:
        assert (row["item"], row["reason"]) == ("Cs", "CONDITION_NOT_MET")
        assert row["rules"] == sorted(row["rules"]) != []
        assert set(row) == {"coordinate", "item", "reason", "rules"}


async def test_only_what_was_selected_is_told() -> None:
    text = "query($oid: LearnerOid!) { student(oid: $oid) { oid hoksit { version } } }"
    assert withheld(await ask(text, {"oid": OIDS[1]}, CALLERS["staff of C"])) == {}


@pytest.mark.parametrize(
    ("directive", "variables", "told"),
    [
        ("@skip(if: $v)", {"v": True}, False),
        ("@skip(if: $v)", {"v": False}, True),
        ("@include(if: $v)", {"v": True}, True),
        ("@include(if: $v)", {"v": False}, False),
    ],
)
async def test_what_skip_and_include_leave_out_is_not_told(
    directive: str, variables: dict[str, bool], told: bool
) -> None:
    shown = f"hoksit {{ version studentEmail {directive} }}"
    text = f"query($oid: LearnerOid!, $v: Boolean!) {{ student(oid: $oid) {{ {shown} }} }}"
    answer = await ask(text, {"oid": OIDS[1], **variables}, CALLERS["staff of C"])
    assert set(withheld(answer)) == ({"Hoks.studentEmail"} if told else set())


async def test_nothing_is_withheld_from_a_provider_of_its_own_current_plan() -> None:
    assert withheld(await ask(CONTACTS, {"oid": OIDS[5]})) == {}


async def test_what_is_withheld_does_not_depend_on_whether_there_are_data() -> None:
    plans = tuple(
        (holder, msgspec.structs.replace(plan, student_email=None, student_phone=None)) for holder, plan in WORLD.plans
    )
    with_data = await ask(CONTACTS, {"oid": OIDS[1]}, CALLERS["staff of C"])
    without = await ask(CONTACTS, {"oid": OIDS[1]}, CALLERS["staff of C"], graph(WORLD.but(plans=plans)))
    assert with_data["extensions"] == without["extensions"]


async def test_an_item_that_no_rule_gives_the_role_is_told_as_no_rule() -> None:
    policy = real_policy()
    rules = tuple(msgspec.structs.replace(rule, items=rule.items - {Item.Cs}) for rule in policy.rules)
    reader = WORLD.reader(policy=msgspec.structs.replace(policy, rules=rules))
    answer = await ask(CONTACTS, {"oid": OIDS[5]}, over=Graph(SCHEMA, reader, cursor_key=KEY))
    assert answer["extensions"]["access"]["withheld"] == [
        {"coordinate": "Hoks.studentEmail", "item": "Cs", "reason": "NO_RULE", "rules": []},
        {"coordinate": "Hoks.studentPhone", "item": "Cs", "reason": "NO_RULE", "rules": []},
    ]


async def test_a_fact_that_could_not_be_known_is_told_as_unknown() -> None:
    # Whose right is included in 2A cannot be known while B is not in the tree: it might be the caller's own.
    tree = tuple(each for each in WORLD.tree if each.organisation.oid not in (B, B_SCHOOL))
    answer = await ask(CONTACTS, {"oid": OIDS[2]}, CALLERS["staff of C"], graph(WORLD.but(tree=tree)))
    assert withheld(answer) == {
        "Hoks.studentEmail": ("Cs", "UNKNOWN_FACT"),
        "Hoks.studentPhone": ("Cs", "UNKNOWN_FACT"),
    }


async def test_the_operation_asked_for_is_the_one_that_is_told_of() -> None:
    text = (
        f'query One {{ student(oid: "{OIDS[1]}") {{ hoksit {{ studentEmail }} }} }} '
        f'query Two {{ student(oid: "{OIDS[1]}") {{ hoksit {{ version }} }} }}'
    )
    by = CALLERS["staff of C"]
    assert set(withheld(await ask(text, by=by, name="One"))) == {"Hoks.studentEmail"}
    assert set(withheld(await ask(text, by=by, name="Two"))) == set()


async def test_only_the_plan_asked_for_by_its_right_is_told_of() -> None:
    text = "query($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { studentEmail } }"
    own = await ask(text, {"oid": oid_of("1C")}, CALLERS["staff of C"])
    others = await ask(text, {"oid": oid_of("1A")}, CALLERS["staff of C"])
    assert withheld(own) == {}
    assert withheld(others) == {"Hoks.studentEmail": ("Cs", "CONDITION_NOT_MET")}


# --- gaps -----------------------------------------------------------------------------------------------------


async def test_a_source_that_failed_under_a_grant_is_a_gap() -> None:
    down = WORLD.but(faults={plans_source(C): Fault(outcome=Outcome.UNAVAILABLE)})
    answer = await ask(CONTACTS, {"oid": OIDS[1]}, over=graph(down))
    assert answer["extensions"]["gaps"] == [{"source": "plans-c", "outcome": "UNAVAILABLE"}]
    assert [plan["version"] for plan in answer["data"]["student"]["hoksit"]] == [1]


async def test_a_source_that_explodes_is_a_gap_and_its_text_stays_inside() -> None:
    down = WORLD.but(faults={plans_source(C): Fault(raises=True)})
    answer = await ask(CONTACTS, {"oid": OIDS[1]}, over=graph(down))
    assert answer["extensions"]["gaps"] == [{"source": "plans-c", "outcome": "UNAVAILABLE"}]
    assert SECRET.encode() not in orjson.dumps(answer)


async def test_without_a_failure_there_are_no_gaps() -> None:
    assert "gaps" not in (await ask(CONTACTS, {"oid": OIDS[1]}))["extensions"]


async def test_a_source_that_no_grant_asks_is_no_gap() -> None:
    down = WORLD.but(faults={plans_source(A): Fault(outcome=Outcome.UNAVAILABLE)})
    answer = await ask(CONTACTS, {"oid": OIDS[2]}, CALLERS["staff of D"], graph(down))
    assert answer["data"]["student"] is not None
    assert "gaps" not in answer["extensions"]


# --- how often it asks ----------------------------------------------------------------------------------------


async def test_two_aliases_and_two_students_cost_one_call_of_each_source() -> None:
    asked = Asked()
    text = (
        f'{{ a: student(oid: "{OIDS[1]}") {{ oid hoksit {{ version }} }} b: student(oid: "{OIDS[1]}") {{ name }} '
        f'c: student(oid: "{OIDS[2]}") {{ hoksit {{ version }} studyRights {{ oid }} }} }}'
    )
    await ask(text, over=graph(asked=asked))
    assert asked.count("onr", "identify") == 1
    assert asked.keys("onr", "identify") == {OIDS[1], OIDS[2]}
    assert asked.count("organisaatio", "nodes") == 1
    for provider in (A, B, C):
        assert asked.count(rights_source(provider), "rights") == 1
        assert asked.count(plans_source(provider), "plans") <= 1


async def test_plans_that_no_grant_opens_are_not_asked_for() -> None:
    asked = Asked()
    await ask(CONTACTS, {"oid": OIDS[2]}, CALLERS["staff of D"], graph(asked=asked))
    assert {key for _, question, keys in asked.calls if question == "plans" for key in keys} == {oid_of("2D")}


async def test_two_requests_share_no_answer() -> None:
    asked = Asked()
    shared = graph(asked=asked)
    await ask(CONTACTS, {"oid": OIDS[1]}, over=shared)
    await ask(CONTACTS, {"oid": OIDS[1]}, over=shared)
    assert asked.count("onr", "identify") == 2


# --- pages ----------------------------------------------------------------------------------------------------

PAGE = (
    "query($first: Int!, $after: Cursor) { students(first: $first, after: $after) "
    "{ edges { cursor node { oid } } pageInfo { hasNextPage endCursor } } }"
)


async def page(first: int, after: str | None = None, by: Caller = STAFF_OF_A) -> dict[str, Any]:
    """A page of students."""
    return await ask(PAGE, {"first": first, "after": after}, by)


async def test_pages_hold_the_callers_own_students_in_order_of_oid_and_end() -> None:
    found: list[str] = []
    after, more = None, True
    while more:
        students = (await page(2, after))["data"]["students"]
        found += [edge["node"]["oid"] for edge in students["edges"]]
        after, more = students["pageInfo"]["endCursor"], students["pageInfo"]["hasNextPage"]
        assert len(students["edges"]) <= 2
    # 4 has no right at A; 6's is annulled; 7's has been over for six years.
    assert found == [OIDS[number] for number in (1, 2, 3, 5, 8, 9, 10, 11)]


async def test_a_student_lists_the_one_self() -> None:
    students = (await page(5, by=CALLERS["student 1"]))["data"]["students"]
    assert [edge["node"]["oid"] for edge in students["edges"]] == [OIDS[1]]
    assert students["pageInfo"]["hasNextPage"] is False


async def test_an_upcoming_right_lists_its_student() -> None:
    soon = WORLD.but(rights=(*WORLD.rights, right(right_oid(50), OIDS[4], A, UPCOMING)))
    answer = await ask(PAGE, {"first": 50}, over=graph(soon))
    assert OIDS[4] in [edge["node"]["oid"] for edge in answer["data"]["students"]["edges"]]


async def test_a_right_elsewhere_that_the_caller_may_see_does_not_list_its_student() -> None:
    # B sees 9's plan of C, and lists 9 for its own right; a student whom only C has is listed by C alone.
    students = (await page(50, by=CALLERS["staff of B"]))["data"]["students"]
    assert [edge["node"]["oid"] for edge in students["edges"]] == [OIDS[number] for number in (1, 2, 8, 9)]


@pytest.mark.parametrize("first", [0, -1, 51, 2_000_000])
async def test_a_page_out_of_range_is_the_callers_fault(first: int) -> None:
    assert codes(await page(first)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("first", [1, 50])
async def test_the_ends_of_the_range_are_in_it(first: int) -> None:
    assert codes(await page(first)) == []


async def a_cursor() -> str:
    """A cursor that the list gave to staff of A."""
    cursor: str = (await page(1))["data"]["students"]["pageInfo"]["endCursor"]
    return cursor


async def test_a_cursor_shows_no_position_and_works_for_its_caller() -> None:
    assert codes(await page(1, await a_cursor())) == []


@pytest.mark.parametrize("place", [0, 5, 20, 30, -3])
async def test_a_tampered_cursor_is_the_callers_fault_and_is_not_echoed(place: int) -> None:
    cursor = await a_cursor()
    changed = list(cursor)
    changed[place] = "A" if changed[place] != "A" else "B"
    answer = await page(1, "".join(changed))
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert "".join(changed).encode() not in orjson.dumps(answer)


@pytest.mark.parametrize("cursor", ["", "AAAA", "!", "å", "A" * 400, "\ud800".encode("utf-16", "surrogatepass").hex()])
async def test_a_cursor_that_was_never_given_is_the_callers_fault(cursor: str) -> None:
    assert codes(await page(1, cursor)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "other",
    [
        staff(C),
        caller(Role.STAFF, A, "1.2.246.562.98.12345678903"),
        caller(Role.SYSTEM, A),
        student(OIDS[1]),
    ],
    ids=["another organisation", "another person", "another role", "a student"],
)
async def test_a_cursor_of_another_caller_is_the_callers_fault(other: Caller) -> None:
    assert codes(await page(1, await a_cursor(), other)) == ["BAD_USER_INPUT"]


# --- procurement ----------------------------------------------------------------------------------------------

PLAN = "query($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { studyRightOid studentEmail } }"


@pytest.mark.parametrize("who", ["staff of A", "staff of B"])
async def test_over_a_valid_link_an_implementing_right_gives_the_procurers_plan(who: str) -> None:
    answer = await ask(PLAN, {"oid": oid_of("2B")}, CALLERS[who])
    assert answer["data"]["hoks"] == {"studyRightOid": oid_of("2A"), "studentEmail": "2A@students.example"}


async def test_over_a_wrong_link_an_implementing_right_gives_no_plan() -> None:
    answer = await ask(PLAN, {"oid": oid_of("8B")}, CALLERS["staff of B"])
    assert answer["data"]["hoks"] is None


async def test_a_right_without_a_link_gives_its_own_plan() -> None:
    answer = await ask(PLAN, {"oid": oid_of("1C")}, CALLERS["staff of A"])
    assert answer["data"]["hoks"] == {"studyRightOid": oid_of("1C"), "studentEmail": None}


async def test_over_a_link_the_partner_gets_nothing_of_a_plan_that_is_not_approved() -> None:
    answer = await ask(PLAN, {"oid": oid_of("9A")}, CALLERS["staff of B"])
    assert answer["data"]["hoks"] is None
    # 9B has, by fault, a plan of its own: that one is B's to see.
    answer = await ask(PLAN, {"oid": oid_of("9B")}, CALLERS["staff of B"])
    assert answer["data"]["hoks"] == {"studyRightOid": oid_of("9B"), "studentEmail": "9B@students.example"}


async def test_a_right_whose_student_the_register_does_not_know_is_still_its_providers() -> None:
    stray = WORLD.but(rights=(*WORLD.rights, right(right_oid(51), learner(31_337), A, CURRENT)))
    answer = await ask(BY_RIGHT, {"oid": right_oid(51)}, over=graph(stray))
    assert answer["data"]["studyRight"] == {"oid": right_oid(51), "phase": "CURRENT"}

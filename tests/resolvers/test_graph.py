"""The one door into the graph: null alike, masked errors, what was withheld, gaps, and how often it asks."""

import gc
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import pytest

from hoks.asking import Deadline
from hoks.caller import Caller, Role
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.items import Item
from hoks.outcomes import Outcome
from hoks.reading import Page, Reader
from hoks.sitting import Sitting
from hoks.viewing import Seen
from resolvers.graph import Graph
from tests.world.asking import KEY, SCHEMA, STAFF_OF_A, WORLD, ask, codes, graph, oid_of, withheld
from tests.world.cast import CALLERS, OIDS
from tests.world.places import B_SCHOOL, A, B, C
from tests.world.ports import Asked, Fault
from tests.world.rights import TODAY, learner, right_oid
from tests.world.world import World, caller, plans_source, real_policy, rights_source

SECRET = "010203-999X"

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


async def test_a_root_that_fails_leaves_no_question_of_another_root_hanging(recwarn: pytest.WarningsRecorder) -> None:
    text = "{ students(first: 51) { edges { cursor } } viewer { oid } }"
    answer = await ask(text, by=caller(Role.RESPONSIBLE_TEACHER, A))
    gc.collect()
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert [str(each.message) for each in recwarn] == []


class Exploding(Reader):
    """A reader whose every answer is an error that repeats personal data."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def sit(self) -> Sitting:
        """Any day will do."""
        return Sitting(TODAY, Deadline(0.0, 5.0))

    async def students(
        self, caller: Caller, oids: Any, *, within: Any = None, selected: Any = None
    ) -> dict[LearnerOid, Seen]:
        """Break."""
        raise self._error

    async def by_rights(
        self, caller: Caller, rights: Any, *, within: Any = None, selected: Any = None
    ) -> dict[StudyRightOid, Seen]:
        """Break."""
        raise self._error

    async def page(
        self, caller: Caller, *, after: LearnerOid | None, first: int, within: Any = None, selected: Any = None
    ) -> Page:
        """Break."""
        raise self._error

    async def sources(self, caller: Caller, *, within: Any = None) -> Any:
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

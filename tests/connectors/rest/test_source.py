"""A system connected by settings alone keeps every source's contract, and never gives one student another's data."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.client import Incoming, Outgoing
from hoks.caller import Role
from hoks.codes import AcquisitionMode, StudyRightState, StudyRightType
from hoks.competence import Interruption
from hoks.findings import FindingCode
from hoks.identifiers import PersonOid
from hoks.outcomes import Answer, Outcome
from hoks.plan import Hoks
from hoks.relations import AppointmentKind, Assignment
from hoks.student import Person
from hoks.values import Code
from tests.connectors import contract
from tests.connectors.rest.campus import answers, asked_numbers, of, plan, source_of, student
from tests.connectors.wires import NOW, PROVIDER, learner, right, said, silent

ONE, TWO, THREE = (Person(oid=learner(number)) for number in (1, 2, 3))
WITH_ALIAS = Person(oid=learner(2), aliases=frozenset({learner(1002)}))
GUIDE = PersonOid(learner(900))


def campus(request: Outgoing) -> Incoming:
    """The system as it should be: students 1 and 2, their rights and plans."""
    if request.url.endswith("/students/search"):
        held: dict[str, Any] = {learner(number): student(number) for number in (1, 2)}
        return said({"students": [held[oid] for oid in asked_numbers(request) if oid in held]})
    if "/students?page=" in request.url:
        return said({"students": [student(1), student(2)] if request.url.endswith("=1") else []})
    if "/plans?" in request.url:
        return said({"plans": [plan(number) for number in (2, 1) if right(number) in request.url]})
    return said({}, 404)


# --- contract -------------------------------------------------------------------------------------------------


async def test_rights_keep_the_contract() -> None:
    source, _ = source_of(campus)
    await contract.rights_answer_everyone_who_was_asked_and_nobody_else(source, [ONE, WITH_ALIAS, THREE])
    await contract.rights_survive_a_malformed_person(source, ONE)
    await contract.rights_of_nobody_are_no_answers(source)


async def test_plans_keep_the_contract() -> None:
    source, _ = source_of(campus)
    await contract.plans_answer_every_right_that_was_asked_and_no_other(source, [right(1), right(2), right(3)])
    await contract.plans_survive_a_malformed_right(source, right(1))
    await contract.plans_of_no_right_are_no_answers(source)


@pytest.mark.parametrize("absent", ["absent", "absent_or_denied"])
async def test_it_tells_what_it_declares_and_nothing_else(absent: str) -> None:
    def nothing(request: Outgoing) -> Incoming:
        return said({}, 404) if "/rights/" in request.url else campus(request)

    source, _ = source_of(nothing, lambda written: written.update(absent=absent))
    assert source.capabilities.of("rights").at_once == 3
    assert source.capabilities.of("holders").at_once == 1
    assert source.capabilities.of("learners").at_once is None
    await contract.everything_declared_is_told(source)
    await contract.everything_declared_fails_as_declared(source_of(silent)[0])


BROKEN = [
    pytest.param(silent, id="silent"),
    pytest.param(lambda _: said({}, 500), id="500"),
    pytest.param(lambda _: said({}, 401), id="401"),
    pytest.param(lambda _: said({}, 429), id="429"),
    pytest.param(lambda _: Incoming(status=200, body=b"<html>Maintenance</html>"), id="a page of HTML"),
    pytest.param(lambda _: Incoming(status=200, body=b""), id="nothing"),
    pytest.param(lambda _: said(None), id="null"),
    pytest.param(lambda _: said([]), id="a list for an object"),
    pytest.param(lambda _: said({"error": "no such thing"}), id="an error with 200"),
    pytest.param(lambda _: said({"students": "none", "plans": 7}), id="texts for lists"),
    pytest.param(lambda _: said({"students": [1, None], "plans": [[]]}), id="no rows in the lists"),
    pytest.param(lambda _: said({"students": [{"number": 5}], "plans": [{"right": None}]}), id="rows without keys"),
    pytest.param(lambda _: Incoming(status=200, body=b'{"students":' + b"[" * 5_000), id="a deep nest"),
    pytest.param(lambda _: Incoming(status=200, body=b"[" + b"1," * 200_000 + b"1]"), id="too much"),
]


@pytest.mark.parametrize("answer", BROKEN)
async def test_a_broken_system_is_an_outcome_of_every_key(answer: Any) -> None:
    source, _ = source_of(answer)
    await contract.broken_rights_are_outcomes(source, [ONE, WITH_ALIAS])
    await contract.broken_plans_are_outcomes(source, [right(1), right(2)])


# --- whose an answer is ---------------------------------------------------------------------------------------

NUMBERS = range(1, 6)


def _shuffled(real: Sequence[Any]) -> st.SearchStrategy[list[Any]]:
    """An answer permuted, cut short, doubled, or longer by rows of others."""
    others = [*real, *({"foreign": number} for number in (8, 9))]
    return st.lists(st.sampled_from(others), max_size=8)


@settings(deadline=None)
@given(st.data(), st.sets(st.sampled_from(NUMBERS), min_size=1))
async def test_no_answer_gives_a_right_somebody_elses_plan(data: st.DataObject, asked: set[int]) -> None:
    given_ = data.draw(_shuffled([{"own": number} for number in NUMBERS]))
    numbers = [each.get("own") or each["foreign"] for each in given_]
    source, _ = source_of(lambda _: said({"plans": [plan(number) for number in numbers]}), _one_batch)
    reply = await source.plans([right(number) for number in asked])
    strays = set(numbers) - asked
    for number in asked:
        answer = reply.answers[right(number)]
        if strays:
            assert answer == Answer(Outcome.INVALID)
        elif number in numbers:
            # Repeated in full or not: one plan, and everything in it of its own student.
            (found,) = answer.value or ()
            assert _marks(found) == _marks_of(number)
        else:
            assert answer == Answer(Outcome.ABSENT_OR_DENIED)


@settings(deadline=None)
@given(st.data(), st.sets(st.sampled_from(NUMBERS), min_size=1))
async def test_no_answer_gives_a_person_somebody_elses_right(data: st.DataObject, asked: set[int]) -> None:
    given_ = data.draw(_shuffled([{"own": number} for number in NUMBERS]))
    numbers = [each.get("own") or each["foreign"] for each in given_]
    source, _ = source_of(lambda _: said({"students": [student(number) for number in numbers]}), _one_batch)
    reply = await source.rights([Person(oid=learner(number)) for number in asked])
    strays = set(numbers) - asked
    for number in asked:
        answer = reply.answers[learner(number)]
        if strays:
            assert answer == Answer(Outcome.INVALID)
        elif number in numbers:
            (found,) = answer.value or ()
            assert (found.oid, found.student_oid, found.source_system_id) == (
                right(number), learner(number), f"E{number}",
            )  # fmt: skip
        else:
            assert answer == Answer(Outcome.ABSENT_OR_DENIED)


def _one_batch(written: dict[str, Any]) -> None:
    for entity in ("rights", "plans"):
        written[entity][0]["max_batch"] = 100


def _marks(found: Hoks) -> tuple[Any, ...]:
    """What in a plan says whose it is, from its top to its last leaf."""
    (unit,) = of(found.planned_vocational_units)
    (period,), (shown,) = of(unit.acquisitions), of(unit.demonstrations)
    (prior,), (common,) = of(found.prior_vocational_units), of(found.planned_common_units)
    work = period.workplace_learning
    return (
        found.student_oid, unit.unit, unit.deviation_from_requirements,
        work and (work.workplace_name, work.key_tasks),
        [each.name for each in of(shown.provider_assessors)], prior.unit, len(of(common.subareas)),
    )  # fmt: skip


def _marks_of(number: int) -> tuple[Any, ...]:
    return (
        learner(number), Code(uri=f"tutkinnonosat_{100_000 + number}"), f"of {number}",
        (f"Workplace {number}", (f"task of {number}", "another")),
        [f"Assessor {number}"], Code(uri=f"tutkinnonosat_{200_000 + number}"), 1,
    )  # fmt: skip


async def test_a_stray_costs_its_own_call_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: Outgoing) -> Incoming:
        numbers = [number for number in range(1, 7) if right(number) in request.url]
        return said({"plans": [plan(number) for number in (*numbers, *([9] if 1 in numbers else []))]})

    source, port = source_of(answer)
    reply = await source.plans([right(number) for number in range(1, 7)])
    assert len(port.sent) == 2
    assert [reply.answers[right(number)].outcome for number in range(1, 7)] == [Outcome.INVALID] * 3 + [Outcome.OK] * 3
    assert [record.getMessage() for record in caplog.records] == ["source d-json: INVALID (mismatch) x 1"]
    assert right(9) not in caplog.text


async def test_a_row_may_name_another_oid_of_the_same_person() -> None:
    source, _ = source_of(lambda _: said({"students": [student(2, number=learner(1002))]}))
    reply = await source.rights([WITH_ALIAS])
    (found,) = reply.answers[learner(2)].value or ()
    assert (reply.answers[learner(2)].outcome, found.student_oid) == (Outcome.OK, learner(1002))


async def test_a_right_that_two_persons_are_given_is_nobodys() -> None:
    both = [student(1), student(2, enrolments=student(1)["enrolments"])]
    source, _ = source_of(lambda _: said({"students": both}))
    reply = await source.rights([ONE, TWO])
    assert set(reply.answers.values()) == {Answer(Outcome.INVALID)}


async def test_an_oid_that_two_persons_claim_is_asked_for_neither() -> None:
    source, port = source_of(campus)
    reply = await source.rights([ONE, Person(oid=learner(2), aliases=frozenset({learner(1)}))])
    assert {answer.outcome for answer in reply.answers.values()} == {Outcome.INVALID}
    assert [asked_numbers(each) for each in port.sent] == [[learner(2)]]


@pytest.mark.parametrize(
    "plans",
    [
        pytest.param([plan(1), plan(1, id=2, student=learner(2))], id="two learners for one right"),
        pytest.param([plan(1, student="S-4711")], id="a learner that is no OID"),
    ],
)
async def test_a_plan_that_cannot_be_of_one_learner_is_invalid(plans: list[Any]) -> None:
    source, _ = source_of(lambda _: said({"plans": plans}))
    assert (await source.plans([right(1)])).answers == {right(1): Answer(Outcome.INVALID)}


async def test_local_keys_that_repeat_within_a_plan_part_its_rows_all_the_same() -> None:
    first, second = plan(1)["units"][0], {"id": 1, "kind": "local", "periods": [], "note": "another with the same key"}
    source, _ = source_of(lambda _: said({"plans": [plan(1, units=[first, second])]}))
    (found,) = (await source.plans([right(1)])).answers[right(1)].value or ()
    (vocational,), (local,) = of(found.planned_vocational_units), of(found.planned_local_units)
    assert (len(of(vocational.acquisitions)), len(of(local.acquisitions))) == (1, 0)
    assert (vocational.source_key, local.source_key) == ("1", "1")


async def test_rows_without_keys_have_none_and_keep_what_stands_under_them() -> None:
    units = [{**plan(number)["units"][0], "id": None} for number in (1, 2)]
    source, _ = source_of(lambda _: said({"plans": [plan(1, id=None, units=units)]}))
    (found,) = (await source.plans([right(1)])).answers[right(1)].value or ()
    assert found.source_id is None
    assert [(unit.source_key, len(of(unit.acquisitions))) for unit in of(found.planned_vocational_units)] == [
        (None, 1)
    ] * 2


# --- what absence means ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said_so", "outcome"), [("absent", Outcome.ABSENT), ("absent_or_denied", Outcome.ABSENT_OR_DENIED)]
)
async def test_a_missing_key_means_what_the_settings_say(said_so: str, outcome: Outcome) -> None:
    def change(written: dict[str, Any]) -> None:
        written["absent"] = said_so

    source, _ = source_of(campus, change)
    assert (await source.rights([THREE])).answers[learner(3)] == Answer(outcome)
    assert (await source.plans([right(3)])).answers[right(3)] == Answer(outcome)
    assert (await source.holders([right(3)])).answers[right(3)] == Answer(outcome)


async def test_a_student_without_rights_is_known_to_have_none() -> None:
    source, _ = source_of(lambda _: said({"students": [student(1, enrolments=[])]}))
    assert (await source.rights([ONE])).answers[learner(1)] == Answer(Outcome.OK, ())


async def test_a_call_for_many_that_is_not_there_says_nothing_about_anybody() -> None:
    source, _ = source_of(lambda _: said({}, 404))
    assert (await source.plans([right(1)])).answers[right(1)] == Answer(Outcome.INVALID)


async def test_no_content_is_no_row() -> None:
    source, _ = source_of(lambda _: Incoming(status=204))
    assert (await source.plans([right(1)])).answers[right(1)] == Answer(Outcome.ABSENT_OR_DENIED)


async def test_failed_rights_stay_visible_beside_those_that_were_read() -> None:
    def answer(request: Outgoing) -> Incoming:
        return said({"students": [student(2)]}) if asked_numbers(request) == [learner(2)] else said({}, 503)

    def one_at_a_time(written: dict[str, Any]) -> None:
        written["rights"][0]["max_batch"] = 1

    source, _ = source_of(answer, one_at_a_time)
    answer_ = (await source.rights([WITH_ALIAS])).answers[learner(2)]
    assert answer_.outcome is Outcome.UNAVAILABLE
    assert [found.oid for found in answer_.value or ()] == [right(2)]


# --- what is in an answer -------------------------------------------------------------------------------------


async def test_a_right_is_read_with_its_states() -> None:
    history = [{"is": "gone", "since": "1.9.2026"}, {"is": "here", "since": "1.8.2026"}]
    enrolment = {**student(1)["enrolments"][0], "history": history}
    source, _ = source_of(lambda _: said({"students": [student(1, enrolments=[enrolment])]}))
    reply = await source.rights([ONE])
    (found,) = reply.answers[learner(1)].value or ()
    assert [(each.state, each.start_date) for each in of(found.periods)] == [
        (StudyRightState.PRESENT, date(2026, 8, 1)),
        (StudyRightState.DISCONTINUED, date(2026, 9, 1)),
    ]
    assert (found.type, found.end_date, found.source_system_id) == (StudyRightType.VOCATIONAL, date(2026, 9, 1), "E1")
    assert (found.provider and found.provider.oid, reply.as_of, reply.fetched_at) == (PROVIDER, NOW, NOW)


@pytest.mark.parametrize(
    "history",
    [None, [], "here", [None], [{"is": {}, "since": "1.8.2026"}], [{"is": "odd", "since": "1.8.2026"}],
     [{"is": "gone", "since": None}], [{"is": "gone", "since": 20260801}]],
)  # fmt: skip
async def test_a_state_that_cannot_be_read_closes_the_right(history: Any) -> None:
    enrolment = {**student(1)["enrolments"][0], "history": history}
    source, _ = source_of(lambda _: said({"students": [student(1, enrolments=[enrolment])]}))
    (found,) = (await source.rights([ONE])).answers[learner(1)].value or ()
    assert {each.state for each in of(found.periods)} <= {StudyRightState.UNKNOWN}
    assert FindingCode.UNKNOWN_STATE in {each.code for each in of(found.findings)}


async def test_a_plan_is_read_to_its_leaves() -> None:
    source, _ = source_of(campus)
    (found,) = (await source.plans([right(1)])).answers[right(1)].value or ()
    assert (found.study_right_oid, found.student_oid, found.source_id) == (right(1), learner(1), "1")
    assert (found.first_approved_on, found.version) == (date(2026, 9, 2), 3)
    (unit,), (common,) = of(found.planned_vocational_units), of(found.planned_common_units)
    assert (unit.teaching_and_guidance_hours, unit.source_key) == (12.5, "1")
    assert [each.subarea for each in of(common.subareas)] == [Code(uri="ammatillisenoppiaineet_VVAI")]
    (period,), (shown,) = of(unit.acquisitions), of(unit.demonstrations)
    assert (period.source_key, period.mode) == ("p1", AcquisitionMode.TRAINING_AGREEMENT)
    assert (period.start_date, period.end_date) == (date(2026, 10, 1), date(2026, 11, 30))
    assert period.interruptions == (Interruption(start_date=date(2026, 10, 12), end_date=date(2026, 10, 16)),)
    assert (shown.source_key, shown.content_descriptions) == ("7", ("One", "Two"))
    assert of(found.findings) == ()


async def test_one_bad_value_never_loses_a_plan(caplog: pytest.LogCaptureFixture) -> None:
    written = plan(1)
    written["units"][0] |= {
        "hours": "many",
        "note": {"fi": "x"},
        "periods": ["oops", {**written["units"][0]["periods"][0], "to": "31.2.2026"}],
    }
    written |= {"version": {"n": 1}, "approved": ["2.9.2026"], "recognised": 5}
    source, _ = source_of(lambda _: said({"plans": [written]}))
    (found,) = (await source.plans([right(1)])).answers[right(1)].value or ()
    (unit,) = of(found.planned_vocational_units)
    assert (unit.teaching_and_guidance_hours, unit.deviation_from_requirements) == (None, None)
    assert [each.end_date for each in of(unit.acquisitions)] == [None, None]
    assert (found.version, found.first_approved_on) == (None, None)
    places = {(each.place, each.code) for each in of(found.findings)}
    assert places >= {
        ("version", FindingCode.UNREADABLE_VALUE),
        ("firstApprovedOn", FindingCode.UNREADABLE_VALUE),
        ("plannedVocationalUnits.teachingAndGuidanceHours", FindingCode.UNREADABLE_VALUE),
        ("plannedVocationalUnits.acquisitions.endDate", FindingCode.UNREADABLE_VALUE),
        ("plannedVocationalUnits.acquisitions.startDate", FindingCode.MISSING_REQUIRED_VALUE),
    }
    assert "source d-json: units.deviation: 1 values are no text" in caplog.messages


@pytest.mark.parametrize(
    ("separator", "tasks", "read"),
    [
        (None, ["a, b", "c"], ("a, b", "c")),
        (", ", ["a, b", "c"], ("a, b", "c")),
        (", ", ["a, b"], ("a, b",)),
        (", ", "a, b", ("a", "b")),
        (None, "a, b|c", ("a, b|c",)),
        (None, [1, True, 2.5, ""], ("1", "true", "2.5")),
        (None, ["a", {}], ()),
        (None, [], ()),
    ],
)
async def test_several_texts_come_as_a_list_or_parted_by_the_providers_separator(
    separator: str | None, tasks: Any, read: tuple[str, ...]
) -> None:
    written = plan(1)
    written["units"][0]["periods"][0]["tasks"] = tasks
    change = {"list_separator": separator} if separator else {}
    source, _ = source_of(lambda _: said({"plans": [written]}), lambda written: written.update(change))
    (found,) = (await source.plans([right(1)])).answers[right(1)].value or ()
    (unit,) = of(found.planned_vocational_units)
    (period,) = of(unit.acquisitions)
    assert period.workplace_learning is not None
    assert period.workplace_learning.key_tasks == read


async def test_control_characters_of_ours_in_a_source_mean_nothing() -> None:
    written = plan(1)
    written["units"][0] |= {"id": "1\x1f2\x1e3", "note": "a\x1db\x00c"}
    source, _ = source_of(lambda _: said({"plans": [written]}))
    (found,) = (await source.plans([right(1)])).answers[right(1)].value or ()
    (unit,) = of(found.planned_vocational_units)
    assert (unit.source_key, unit.deviation_from_requirements, len(of(unit.acquisitions))) == ("123", "abc", 1)


async def test_everybody_listed_is_a_learner() -> None:
    source, port = source_of(campus)
    reply = await source.learners()
    assert reply.answers == {PROVIDER: Answer(Outcome.OK, (learner(1), learner(2)))}
    assert [each.url.rpartition("=")[2] for each in port.sent] == ["1", "2"]


async def test_a_right_is_held_by_whom_the_system_says() -> None:
    source, _ = source_of(answers(f"/rights/{right(1)}", {"oid": right(1), "student": learner(1)}))
    assert (await source.holders([right(1)])).answers == {right(1): Answer(Outcome.OK, learner(1))}


async def test_a_holder_of_another_right_is_no_holder() -> None:
    source, _ = source_of(answers(f"/rights/{right(1)}", {"oid": right(2), "student": learner(2)}))
    assert (await source.holders([right(1)])).answers == {right(1): Answer(Outcome.INVALID)}


def _appointment(**changed: Any) -> dict[str, Any]:
    whole = {"person": GUIDE, "kind": "instructor", "right": right(1), "student": learner(1), "part": "p1",
             "from": "1.10.2026", "to": None}  # fmt: skip
    return whole | changed


async def test_an_appointment_names_person_part_and_time() -> None:
    source, _ = source_of(answers(f"/people/{GUIDE}/appointments", {"appointments": [_appointment()]}))
    (found,) = (await source.appointments([GUIDE])).answers[GUIDE].value or ()
    assert (found.kind, found.learner, found.right) == (AppointmentKind.INSTRUCTOR, learner(1), right(1))
    assert (found.part_key, found.start_date, found.end_date) == ("p1", date(2026, 10, 1), None)


@pytest.mark.parametrize(
    "changed",
    [{"kind": "boss"}, {"right": "5"}, {"student": None}, {"student": {}}, {"part": None}, {"part": {}},
     {"from": "soon"}, {"from": {}}, {"to": ["1.1.2027"]}],
)  # fmt: skip
async def test_an_appointment_that_is_not_certain_appoints_nobody(changed: dict[str, Any]) -> None:
    source, _ = source_of(answers("/appointments", {"appointments": [_appointment(**changed)]}))
    assert not (await source.appointments([GUIDE])).answers[GUIDE].value


async def test_an_appointment_of_somebody_else_is_invalid() -> None:
    source, _ = source_of(answers("/appointments", {"appointments": [_appointment(person=learner(901))]}))
    assert (await source.appointments([GUIDE])).answers[GUIDE] == Answer(Outcome.INVALID)


OTHER_GUIDE = PersonOid(learner(901))


def _with_guides(described: dict[str, Any]) -> None:
    described["guides"] = [{"path": "/guides", "rows": [{"table": "guides", "rows": "[]", "key": "oid"}]}]


def _groups_of(fails: str = "") -> Callable[[Outgoing], Incoming]:
    """Two guides, each of one student in a group; the groups of one of them may not be had."""

    def answer(request: Outgoing) -> Incoming:
        if request.url.endswith("/guides"):
            return said([{"oid": GUIDE}, {"oid": OTHER_GUIDE}])
        guide, number = (GUIDE, 1) if GUIDE in request.url else (OTHER_GUIDE, 2)
        if guide == fails:
            return said({}, 503)
        row = {"guide": guide, "role": "responsible_teacher", "student": learner(number), "group": "G1"}
        return said([{"students": [row]}])

    return answer


async def test_everybody_who_is_guided_is_listed_guide_by_guide() -> None:
    source, port = source_of(_groups_of(), _with_guides)
    reply = await source.guided()
    assert reply.answers[PROVIDER].outcome is Outcome.OK
    assert [(each.person, each.learner, each.group) for each in reply.answers[PROVIDER].value or ()] == [
        (GUIDE, learner(1), "G1"),
        (OTHER_GUIDE, learner(2), "G1"),
    ]
    assert len(port.sent) == 3
    assert "guides" in [each.gives for each in source.capabilities.told]


async def test_a_guide_of_whom_nothing_could_be_read_leaves_no_list_in_part() -> None:
    source, _ = source_of(_groups_of(fails=OTHER_GUIDE), _with_guides)
    assert (await source.guided()).answers == {PROVIDER: Answer(Outcome.UNAVAILABLE)}


async def test_a_list_of_guides_that_cannot_be_had_is_a_failure() -> None:
    source, _ = source_of(lambda _: said({}, 503), _with_guides)
    assert (await source.guided()).answers == {PROVIDER: Answer(Outcome.UNAVAILABLE)}


async def test_an_assignment_names_guide_student_and_group() -> None:
    groups = [{"students": [{"guide": GUIDE, "role": "guidance_counsellor", "student": learner(1), "group": "G1"}]}]
    source, _ = source_of(answers(f"/people/{GUIDE}/groups", groups))
    assert (await source.assignments([GUIDE])).answers[GUIDE].value == (
        Assignment(person=GUIDE, role=Role.GUIDANCE_COUNSELLOR, learner=learner(1), provider=PROVIDER, group="G1"),
    )


# --- time -----------------------------------------------------------------------------------------------------


async def test_what_is_not_there_in_time_is_unavailable_and_the_rest_is_kept() -> None:
    async def answer(request: Outgoing) -> Incoming:
        if right(4) in request.url:
            await asyncio.sleep(30)
        return campus(request)

    source, port = source_of(campus)
    port.answer = answer
    until = asyncio.get_running_loop().time() + 0.6
    reply = await source.plans([right(number) for number in (1, 2, 3, 4)], until)
    assert [reply.answers[right(number)].outcome for number in (1, 2, 3, 4)] == [
        Outcome.OK, Outcome.OK, Outcome.ABSENT_OR_DENIED, Outcome.UNAVAILABLE,
    ]  # fmt: skip

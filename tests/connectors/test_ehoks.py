"""eHOKS: tickets, the way from a right to its plan, what each refusal means, and what is never taken."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from connectors.cas import GRANTING_TICKET_SECONDS
from connectors.client import Incoming, Outgoing
from connectors.ehoks import EhoksSettings
from connectors.failures import Reason, SourceUnavailable
from hoks.codes import AcquisitionMode
from hoks.findings import FindingCode
from hoks.items import Item
from hoks.outcomes import Answer, Outcome
from hoks.plan import Hoks
from tests.connectors import contract
from tests.connectors.ehoks_stub import PASSWORD, Ehoks, a_plan
from tests.connectors.wires import learner, right, said, silent

ONE, TWO, THREE = right(1), right(2), right(3)


def _plan_of(answer: Answer[tuple[Hoks, ...]]) -> Hoks:
    assert answer.outcome is Outcome.OK
    assert answer.value is not None
    (plan,) = answer.value
    return plan


async def _outcome(ehoks: Ehoks) -> Outcome:
    return (await ehoks.source().plans([ONE])).answers[ONE].outcome


# --- contract -------------------------------------------------------------------------------------------------


async def test_every_right_that_was_asked_is_answered_and_no_other() -> None:
    ehoks = Ehoks(a_plan(ONE, 1), a_plan(TWO, 2))
    await contract.plans_answer_every_right_that_was_asked_and_no_other(ehoks.source(), [ONE, TWO, THREE])


async def test_a_malformed_right_spoils_no_other() -> None:
    await contract.plans_survive_a_malformed_right(Ehoks(a_plan(ONE, 1)).source(), ONE)


async def test_asking_for_no_right_calls_nobody() -> None:
    ehoks = Ehoks()
    await contract.plans_of_no_right_are_no_answers(ehoks.source())
    assert ehoks.port.sent == []


async def test_a_source_that_is_down_gives_outcomes() -> None:
    ehoks = Ehoks()
    ehoks.port.answer = silent
    await contract.broken_plans_are_outcomes(ehoks.source(), [ONE, TWO])


async def test_it_tells_what_it_declares_and_nothing_else() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    await contract.everything_declared_is_told(ehoks.source())
    ehoks.port.answer = silent
    await contract.everything_declared_fails_as_declared(ehoks.source())


# --- tickets --------------------------------------------------------------------------------------------------


async def test_each_call_has_a_ticket_of_its_own_and_one_login_serves_all() -> None:
    ehoks = Ehoks(a_plan(ONE, 1), a_plan(TWO, 2))
    reply = await ehoks.source().plans([ONE, TWO])
    assert reply.outcome is Outcome.OK
    tickets = [request.headers["ticket"] for request in ehoks.port.sent if "ticket" in request.headers]
    assert len(tickets) == len(set(tickets)) == 6
    assert ehoks.logins == 1


async def test_the_login_is_kept_for_two_hours_and_no_longer() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    source = ehoks.source()
    await source.plans([ONE])
    ehoks.time = GRANTING_TICKET_SECONDS - 1.0
    await source.plans([ONE])
    assert ehoks.logins == 1
    ehoks.time = GRANTING_TICKET_SECONDS
    await source.plans([ONE])
    assert ehoks.logins == 2


async def test_a_granting_ticket_that_cas_forgot_is_renewed_once() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    source = ehoks.source()
    await source.plans([ONE])
    ehoks.granting.clear()
    assert (await source.plans([ONE])).outcome is Outcome.OK
    assert ehoks.logins == 2


async def test_a_401_about_the_ticket_renews_the_login_once_and_is_then_denied() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead[ONE] = lambda: said({"error": "Invalid ticket"}, 401)
    assert await _outcome(ehoks) is Outcome.DENIED
    assert ehoks.logins == 2


async def test_a_401_about_missing_rights_is_denied_without_a_new_login() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    text = "No access is allowed. Check Opintopolku privileges and 'opiskeluoikeus'"
    ehoks.instead[ONE] = lambda: said({"error": text}, 401)
    assert await _outcome(ehoks) is Outcome.DENIED
    assert ehoks.logins == 1


async def test_a_wrong_password_is_tried_once_for_a_whole_batch() -> None:
    ehoks = Ehoks(a_plan(ONE, 1), a_plan(TWO, 2))
    ehoks.password = "another"
    reply = await ehoks.source().plans([ONE, TWO, THREE])
    assert {answer.outcome for answer in reply.answers.values()} == {Outcome.DENIED}
    assert ehoks.logins == 1


async def test_only_the_login_is_never_sent_twice() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    await ehoks.source().plans([ONE])
    once = [request.url for request in ehoks.port.sent if not request.repeatable]
    assert once == ["https://ehoks.example/cas/v1/tickets"]


async def test_a_wrong_password_is_tried_once_for_all_who_ask_at_once() -> None:
    ehoks = Ehoks(a_plan(ONE, 1), a_plan(TWO, 2))
    ehoks.password = "another"
    answer, source = ehoks.port.answer, ehoks.source()

    async def slowly(request: Outgoing) -> Incoming:
        await asyncio.sleep(0)
        said = answer(request)
        assert isinstance(said, Incoming)
        return said

    ehoks.port.answer = slowly
    replies = await asyncio.gather(*(source.plans([oid]) for oid in (ONE, TWO, THREE)))
    assert {reply.outcome for reply in replies} == {Outcome.DENIED}
    assert ehoks.logins == 1
    ehoks.password = PASSWORD
    assert (await source.plans([ONE])).outcome is Outcome.OK


async def test_the_granting_ticket_is_used_at_our_address_wherever_cas_says_it_is() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.place = "https://evil.example/cas"
    assert await _outcome(ehoks) is Outcome.OK
    assert all(request.url.startswith("https://ehoks.example/") for request in ehoks.port.sent)


# --- what refusals mean (ehoks 2.5) ---------------------------------------------------------------------------

REFUSALS: list[tuple[int, Any, Outcome]] = [
    (400, {"errors": {"data": "(not (map? nil))"}, "type": "schema"}, Outcome.INVALID),
    (400, {"error": "Opiskeluoikeus `x` not in index"}, Outcome.INVALID),
    (401, {"error": "Caller-Id header is missing"}, Outcome.DENIED),
    (401, {"reason": "Unable to check access rights"}, Outcome.DENIED),
    (401, {"info": "User is not authorized"}, Outcome.DENIED),
    (403, {"error": "User type 'PALVELU' is required"}, Outcome.DENIED),
    (404, {"error": "No HOKS found with given opiskeluoikeus"}, Outcome.ABSENT),
    (404, {"error": "HOKS not found"}, Outcome.ABSENT),
    (404, {"message": "HOKS not found"}, Outcome.ABSENT),
    (404, {"reason": "Route not found"}, Outcome.INVALID),
    (410, {"message": "Route is deprected."}, Outcome.UNAVAILABLE),
    (423, {"message": "Shared link not yet active"}, Outcome.UNAVAILABLE),
    (429, {}, Outcome.THROTTLED),
    (500, {"error": "(transient?) failure in call to a linked system, maybe downtime"}, Outcome.UNAVAILABLE),
    (503, "<html>", Outcome.UNAVAILABLE),
]


@pytest.mark.parametrize(("status", "body", "outcome"), REFUSALS)
async def test_each_refusal_has_its_outcome(status: int, body: Any, outcome: Outcome) -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead[ONE] = lambda: said(body, status)
    assert await _outcome(ehoks) is outcome


async def test_a_404_page_of_a_wrong_address_does_not_look_like_no_plan() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead[ONE] = lambda: Incoming(status=404, body=b"<html>Not found</html>")
    assert await _outcome(ehoks) is Outcome.INVALID


HOSTILE: list[bytes] = [
    b"",
    b"<html>log in</html>",
    b"null",
    b"[]",
    b'"text"',
    b'{"meta":{}}',
    b'{"meta":{},"data":null}',
    b'{"meta":{},"data":[]}',
    b'{"meta":{},"data":{}}',
    b'{"meta":{},"data":' + b"[" * 5000 + b"]" * 5000 + b"}",
    b"\xff\xfe\x00",
    b'{"data": {"id": 1',
]


@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize("path", [ONE, "/1"])
async def test_a_200_that_is_no_plan_is_invalid(body: bytes, path: str) -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead[path] = lambda: Incoming(status=200, body=body)
    assert await _outcome(ehoks) is Outcome.INVALID


# --- what is taken --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ONE, "/1"])
async def test_a_plan_of_another_right_is_never_taken(path: str) -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead[path] = lambda: said({"meta": {}, "data": a_plan(TWO, 1)})
    assert await _outcome(ehoks) is Outcome.INVALID


async def test_a_failure_of_one_right_leaves_the_others() -> None:
    ehoks = Ehoks(a_plan(ONE, 1), a_plan(TWO, 2))
    ehoks.instead["/1"] = lambda: said({}, 500)
    answers = (await ehoks.source().plans([ONE, TWO])).answers
    assert answers[ONE].outcome is Outcome.UNAVAILABLE
    assert answers[TWO].outcome is Outcome.OK


async def test_included_rights_come_with_the_plan_in_order_and_once() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.included[1] = [THREE, TWO, TWO]
    plan = _plan_of((await ehoks.source().plans([ONE])).answers[ONE])
    assert plan.included_study_right_oids == tuple(sorted([TWO, THREE]))
    assert plan.findings == ()


@pytest.mark.parametrize(
    "answer",
    [
        lambda: said({}, 500),
        lambda: said({"error": "No access is allowed"}, 401),
        lambda: said({"not": "a list"}),
        lambda: said([1, "not an oid"]),
    ],
)
async def test_a_failed_look_for_included_rights_is_a_finding_and_never_costs_the_plan(
    answer: Callable[[], Incoming],
) -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead["/hankintakoulutukset"] = answer
    plan = _plan_of((await ehoks.source().plans([ONE])).answers[ONE])
    assert plan.included_study_right_oids == ()
    assert [(each.code, each.place, each.item) for each in plan.findings or ()] == [
        (FindingCode.UNREADABLE_VALUE, "includedStudyRightOids", Item.SR)
    ]


async def test_included_rights_are_not_asked_where_the_settings_say_so() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    assert (await ehoks.source(procurement=False).plans([ONE])).outcome is Outcome.OK
    assert not any(request.url.endswith("hankintakoulutukset") for request in ehoks.port.sent)


async def test_a_plan_that_breaks_its_schema_is_kept_with_findings() -> None:
    unit = {
        "module-id": "m",
        "tutkinnon-osa-koodi-uri": "tutkinnonosat_1",
        "osaamisen-hankkimistavat": [
            {
                "module-id": "n",
                "yksiloiva-tunniste": "jakso-1",
                "alku": "soon",
                "loppu": "2026-12-18",
                "osaamisen-hankkimistapa-koodi-uri": "osaamisenhankkimistapa_muu",
                "tyopaikalla-jarjestettava-koulutus": {
                    "vastuullinen-tyopaikka-ohjaaja": {"nimi": "  Olli Ohjaaja \n"},
                    "tyopaikan-nimi": "Paja",
                    "tyopaikan-y-tunnus": "1234567-2",
                    "keskeiset-tyotehtavat": ["hitsaus", "", 7],
                },
            },
            "no period at all",
        ],
    }
    ehoks = Ehoks(a_plan(ONE, 1, **{"hankittavat-ammat-tutkinnon-osat": [unit], "versio": "3", "uutta": 1}))
    plan = _plan_of((await ehoks.source().plans([ONE])).answers[ONE])
    (planned,) = plan.planned_vocational_units or ()
    (period,) = planned.acquisitions or ()
    workplace = period.workplace_learning
    assert workplace is not None
    assert workplace.responsible_workplace_instructor is not None
    assert plan.version == 3
    assert (period.start_date, period.end_date) == (None, date(2026, 12, 18))
    assert period.source_key == "jakso-1"
    assert period.mode is AcquisitionMode.UNKNOWN
    assert period.mode_code is not None
    assert period.mode_code.uri == "osaamisenhankkimistapa_muu"
    assert workplace.responsible_workplace_instructor.name == "Olli Ohjaaja"
    assert workplace.workplace_business_id == "1234567-2"
    assert workplace.key_tasks == ("hitsaus",)
    place = "plannedVocationalUnits.acquisitions"
    assert {(each.code.value, each.place, each.item.value) for each in plan.findings or ()} == {
        ("UNKNOWN_FIELDS", "", "X"),
        ("UNREADABLE_VALUE", place, "G"),
        ("UNREADABLE_VALUE", f"{place}.startDate", "X"),
        ("UNKNOWN_CODE", f"{place}.modeCode", "G"),
        ("BAD_CHECK_DIGIT", f"{place}.workplaceLearning.workplaceBusinessId", "W1"),
        ("UNREADABLE_VALUE", f"{place}.workplaceLearning.keyTasks", "W3"),
    }


async def test_an_instant_without_a_zone_is_utc() -> None:
    ehoks = Ehoks(a_plan(ONE, 1, hyvaksytty="2026-08-20T10:00:00", paivitetty="2026-08-20T13:00:00+03:00"))
    plan = _plan_of((await ehoks.source().plans([ONE])).answers[ONE])
    moment = datetime(2026, 8, 20, 10, tzinfo=UTC)
    assert (plan.approved_at, plan.updated_at) == (moment, moment)


async def test_ids_and_provenance_are_left_to_the_merge() -> None:
    ehoks = Ehoks(a_plan(ONE, 1, **{"opiskeluvalmiuksia-tukevat-opinnot": [{"nimi": "Luku", "kuvaus": "k"}]}))
    plan = _plan_of((await ehoks.source().plans([ONE])).answers[ONE])
    (studies,) = plan.studies_supporting_study_skills or ()
    assert (plan.provenance, studies.id, studies.provenance) == (None, "", None)


# --- holders, load, logs --------------------------------------------------------------------------------------


async def test_the_holder_of_a_right_is_the_student_of_its_plan() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    text = "No access is allowed. Check Opintopolku privileges and 'opiskeluoikeus'"
    ehoks.instead[TWO] = lambda: said({"error": text}, 401)
    answers = (await ehoks.source().holders([ONE, TWO, THREE])).answers
    assert answers[ONE] == Answer(Outcome.OK, learner(1))
    assert (answers[TWO].outcome, answers[THREE].outcome) == (Outcome.ABSENT, Outcome.ABSENT)


async def test_at_most_as_many_plans_as_the_settings_allow_are_on_their_way() -> None:
    ehoks = Ehoks(*(a_plan(right(n), n) for n in range(1, 21)))
    usual, under_way, most = ehoks.port.answer, 0, 0

    async def counted(request: Outgoing) -> Incoming:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        answer = usual(request)
        assert isinstance(answer, Incoming)
        return answer

    ehoks.port.answer = counted
    reply = await ehoks.source(concurrency=3, procurement=False).plans([right(n) for n in range(1, 21)])
    assert reply.outcome is Outcome.OK
    assert most <= 3


async def test_a_failure_is_logged_without_anything_personal(caplog: pytest.LogCaptureFixture) -> None:
    ehoks = Ehoks(a_plan(ONE, 1))
    ehoks.instead["/1"] = lambda: said({"error": f"secret of {ONE}"}, 500)
    with caplog.at_level("DEBUG"):
        await ehoks.source().plans([ONE])
    assert caplog.messages == ["source a-ehoks: UNAVAILABLE (status) x 1"]


async def test_cancelling_a_read_is_not_turned_into_an_outcome() -> None:
    ehoks = Ehoks(a_plan(ONE, 1))

    async def never(_: Outgoing) -> Incoming:
        await asyncio.Event().wait()
        raise SourceUnavailable(Reason.TIMEOUT)

    ehoks.port.answer = never
    task = asyncio.create_task(ehoks.source().plans([ONE]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_settings_are_refused_with_an_unknown_key() -> None:
    written = json.dumps({"kind": "ehoks", "id": "x", "colour": "red"})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(written, type=EhoksSettings)

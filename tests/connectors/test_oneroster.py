"""A roster interface: whom it is asked for, whose an answer is, and what becomes of what goes wrong."""

import asyncio
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.client import Incoming, Outgoing
from connectors.failures import Reason, SourceUnavailable
from connectors.oauth import AccessTokens, ClientCredentials, TokenHttp
from connectors.oneroster import OneRosterSource
from connectors.oneroster_groups import GroupPlaces
from connectors.oneroster_right import RightPlaces
from connectors.oneroster_settings import OneRosterSettings
from hoks.outcomes import Answer, Outcome
from hoks.student import Person
from hoks.study_right import StudyRight
from tests.connectors import contract
from tests.connectors.roster import BASE, HOST, SCHOOL, TOKEN_URL, RosterServer, Row, enrolment, imsx, org, user
from tests.connectors.wires import PROVIDER, StillClock, learner, right, said

ACCOUNT = ClientCredentials(token_url=TOKEN_URL, client_id="gateway", secret_file="unused", scopes=("roster",))
SETTINGS = OneRosterSettings(id="c-roster", provider=PROVIDER, base_url=HOST, account=ACCOUNT)
ONE, TWO = Person(oid=learner(1)), Person(oid=learner(2), aliases=frozenset({learner(1002)}))
THREE = Person(oid=learner(3))
WHOLE, FILTERED = {"filter_at_most": 0}, {"filter_at_most": 10}
BOTH_WAYS = pytest.mark.parametrize("way", [WHOLE, FILTERED], ids=["whole", "filtered"])


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def roster(server: RosterServer, seconds: Seconds | None = None, **settings: Any) -> OneRosterSource:
    """The connector before a server."""
    changed = msgspec.structs.replace(SETTINGS, **settings)
    http = TokenHttp(server, AccessTokens(ACCOUNT, server, "secret"))
    return OneRosterSource(changed, http, StillClock(), seconds or Seconds())


async def answers(server: RosterServer, *people: Person, **settings: Any) -> list[Answer[tuple[StudyRight, ...]]]:
    """What the connector answers for each of these persons."""
    reply = await roster(server, **settings).rights(people)
    return [reply.answers[person.oid] for person in people]


def oids(answer: Answer[tuple[StudyRight, ...]]) -> list[str]:
    return [each.oid for each in answer.value or ()]


async def whatever_is_running() -> None:
    """Wait for what nobody waits for."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


def two_people() -> RosterServer:
    return RosterServer([user(1), user(2)], [enrolment(1, of=1), enrolment(2, of=2), enrolment(3, of=2)], most=2)


# --- contract -------------------------------------------------------------------------------------------------


@BOTH_WAYS
async def test_every_person_who_was_asked_is_answered_and_nobody_else(way: Row) -> None:
    await contract.rights_answer_everyone_who_was_asked_and_nobody_else(
        roster(two_people(), **way), [ONE, TWO, Person(oid=learner(9))]
    )


@BOTH_WAYS
async def test_a_malformed_person_spoils_nobody(way: Row) -> None:
    await contract.rights_survive_a_malformed_person(roster(two_people(), **way), ONE)


async def test_asking_about_nobody_calls_nobody() -> None:
    server = two_people()
    await contract.rights_of_nobody_are_no_answers(roster(server))
    assert server.sent == []


@BOTH_WAYS
async def test_a_source_that_is_down_gives_outcomes(way: Row) -> None:
    server = two_people()

    def silent(_: Outgoing) -> Incoming:
        raise SourceUnavailable(Reason.TIMEOUT)

    server.fault = silent
    await contract.broken_rights_are_outcomes(roster(server, **way), [ONE, TWO])


@BOTH_WAYS
async def test_it_tells_what_it_declares_and_nothing_else(way: Row) -> None:
    server = two_people()
    await contract.everything_declared_is_told(roster(server, **way))
    server.fault = lambda _: said({}, 503)
    await contract.everything_declared_fails_as_declared(roster(server, **way))


# --- asking ---------------------------------------------------------------------------------------------------


async def test_the_whole_roster_is_asked_page_by_page_with_the_token_and_in_one_order() -> None:
    server = two_people()
    await roster(server, page_size=50).rights([ONE])
    assert {"limit": "50", "offset": "0", "sort": "sourcedId", "orderBy": "asc"} in server.asked("users")
    assert [each["offset"] for each in server.asked("enrollments")] == ["0", "2", "0", "2"]
    calls = [each for each in server.sent if each.url != TOKEN_URL]
    assert {(each.method, each.headers["authorization"]) for each in calls} == {("GET", "Bearer token-1")}
    assert all(each.url.startswith(f"{BASE}/") for each in calls)


async def test_few_people_are_asked_by_filter_and_more_in_one_reading_of_the_whole() -> None:
    server = two_people()
    source = roster(server, filter_at_most=1)
    assert (await source.rights([TWO])).outcome is Outcome.OK
    asked = {f"userIds.identifier='{oid}'" for oid in TWO.all_oids}
    assert {each["filter"] for each in server.asked("users")} == asked
    assert {each["filter"] for each in server.asked("enrollments")} == {"user.sourcedId='u-2'"}
    server.sent.clear()
    assert (await source.rights([ONE, TWO])).outcome is Outcome.OK
    assert all("filter" not in each for each in server.asked("users"))


async def test_the_whole_is_read_once_for_all_and_kept_for_a_while() -> None:
    server, seconds = two_people(), Seconds()
    source = roster(server, seconds, kept_seconds=30)
    await asyncio.gather(source.rights([ONE]), source.learners(), source.holders([right(1)]))
    calls = len(server.sent)
    assert len(server.asked("users")) == 1
    seconds.now += 14
    await source.rights([TWO])
    assert len(server.sent) == calls
    server.rows["enrollments"].clear()
    seconds.now += 16
    assert oids((await source.rights([TWO])).answers[TWO.oid]) == []


async def test_a_whole_that_has_not_changed_is_read_anew_in_one_reading() -> None:
    server, seconds = two_people(), Seconds()
    source = roster(server, seconds, kept_seconds=30)
    await source.rights([ONE])
    assert [each["offset"] for each in server.asked("enrollments")] == ["0", "2", "0", "2"]
    server.sent.clear()
    seconds.now += 3600
    await source.rights([ONE])
    assert [each["offset"] for each in server.asked("enrollments")] == ["0", "2"]


class Stuck(RosterServer):
    """Answers when it is let."""

    gate = asyncio.Event()

    async def send(self, request: Outgoing) -> Incoming:
        await self.gate.wait()
        return await super().send(request)


async def test_a_whole_that_takes_longer_than_it_may_be_kept_is_given_up() -> None:
    server = Stuck([user(1)], [enrolment(1)])
    server.gate = asyncio.Event()
    settings = msgspec.structs.replace(SETTINGS, kept_seconds=0, seconds=0.05)
    source = OneRosterSource(
        settings, TokenHttp(server, AccessTokens(ACCOUNT, server, "secret")), StillClock(), Seconds()
    )
    assert (await source.rights([ONE])).outcome is Outcome.UNAVAILABLE
    server.gate.set()
    assert (await source.rights([ONE])).outcome is Outcome.OK


async def test_a_whole_that_was_being_read_when_it_changed_is_joined_by_nobody() -> None:
    server, seconds = two_people(), Seconds()
    source = roster(server, seconds, kept_seconds=30)
    begun = asyncio.Event()
    server.fault = lambda request: begun.set() if "/enrollments" in request.url else None
    waiting = asyncio.create_task(source.rights([ONE]))
    await begun.wait()
    source.forget()
    joining = asyncio.create_task(source.rights([TWO]))
    server.rows["enrollments"].clear()
    assert (await waiting).outcome is Outcome.OK, "who waited is answered all the same"
    assert oids((await joining).answers[TWO.oid]) == []
    assert oids((await source.rights([TWO])).answers[TWO.oid]) == []


async def test_a_whole_that_was_being_read_when_it_changed_is_not_kept() -> None:
    server, seconds = two_people(), Seconds()
    source = roster(server, seconds, kept_seconds=30)
    begun = asyncio.Event()
    server.fault = lambda request: begun.set() if "/enrollments" in request.url else None
    waiting = asyncio.create_task(source.rights([ONE]))
    await begun.wait()
    source.forget()
    await waiting
    server.rows["enrollments"].clear()
    assert oids((await source.rights([TWO])).answers[TWO.oid]) == []


async def test_from_half_its_time_on_the_whole_is_read_anew_while_nobody_waits() -> None:
    server, seconds = two_people(), Seconds()
    source = roster(server, seconds, kept_seconds=30)
    await source.rights([ONE])
    server.rows["enrollments"].clear()
    seconds.now += 15
    assert oids((await source.rights([TWO])).answers[TWO.oid]) == [right(2), right(3)]
    await whatever_is_running()
    assert oids((await source.rights([TWO])).answers[TWO.oid]) == []


async def test_what_is_kept_outlives_a_failure_until_its_end_and_no_longer() -> None:
    server, seconds = two_people(), Seconds()
    source = roster(server, seconds, kept_seconds=30)
    await source.rights([ONE])
    server.fault = lambda _: said({}, 503)
    seconds.now += 29
    assert (await source.rights([ONE])).outcome is Outcome.OK
    await whatever_is_running()
    seconds.now += 1
    assert (await source.rights([ONE])).outcome is Outcome.UNAVAILABLE


async def test_nothing_is_kept_where_the_settings_say_so() -> None:
    server = two_people()
    source = roster(server, kept_seconds=0)
    await source.rights([ONE])
    server.rows["enrollments"].clear()
    assert oids((await source.rights([ONE])).answers[ONE.oid]) == []


async def test_a_failure_is_not_kept() -> None:
    server = two_people()
    source = roster(server)
    server.fault = lambda _: said({}, 503)
    assert (await source.rights([ONE])).outcome is Outcome.UNAVAILABLE
    server.fault = lambda _: None
    assert (await source.rights([ONE])).outcome is Outcome.OK


async def test_who_gives_up_takes_the_roster_from_nobody() -> None:
    source = roster(two_people())
    first, second = asyncio.create_task(source.rights([ONE])), asyncio.create_task(source.rights([ONE]))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).outcome is Outcome.OK


@BOTH_WAYS
async def test_a_token_that_ends_between_two_pages_is_renewed_and_nothing_is_lost(way: Row) -> None:
    server = two_people()

    def end_at_second_page(request: Outgoing) -> Incoming | None:
        if "enrollments" in request.url and server.tokens == 1:
            server.in_force = None
            return imsx("unauthorisedrequest", 401)
        return None

    server.fault = end_at_second_page
    (answer,) = await answers(server, TWO, **way)
    assert (answer.outcome, oids(answer)) == (Outcome.OK, [right(2), right(3)])
    assert server.tokens == 2


async def test_an_account_that_is_refused_is_denied() -> None:
    server = two_people()
    server.fault = lambda _: imsx("unauthorisedrequest", 401)
    assert [each.outcome for each in await answers(server, ONE)] == [Outcome.DENIED]


# --- whose an answer is ---------------------------------------------------------------------------------------


@BOTH_WAYS
async def test_each_person_has_the_rights_of_their_own_enrolments(way: Row) -> None:
    one, two, nobody = await answers(two_people(), ONE, TWO, THREE, **way)
    assert (one.outcome, oids(one)) == (Outcome.OK, [right(1)])
    assert (two.outcome, oids(two)) == (Outcome.OK, [right(2), right(3)])
    assert (nobody.outcome, nobody.value) == (Outcome.ABSENT, None)


@BOTH_WAYS
async def test_a_person_known_by_a_retired_number_is_the_person(way: Row) -> None:
    server = RosterServer([user(2, learner(1002))], [enrolment(1, of=2)])
    (answer,) = await answers(server, TWO, **way)
    assert [(each.oid, each.student_oid) for each in answer.value or ()] == [(right(1), learner(1002))]


@BOTH_WAYS
async def test_two_records_of_one_person_are_one_person(way: Row) -> None:
    server = RosterServer([user(2), user(3, learner(1002))], [enrolment(1, of=2), enrolment(2, of=3)])
    (answer,) = await answers(server, TWO, **way)
    assert (answer.outcome, oids(answer)) == (Outcome.OK, [right(1), right(2)])


@BOTH_WAYS
async def test_a_record_that_names_two_persons_is_neither(way: Row) -> None:
    server = RosterServer([user(1, learner(1), learner(3))], [enrolment(1)])
    assert [(each.outcome, each.value) for each in await answers(server, ONE, THREE, **way)] == [
        (Outcome.INVALID, None)
    ] * 2


@BOTH_WAYS
async def test_a_right_in_which_two_persons_are_enrolled_is_nobodys(way: Row) -> None:
    server = RosterServer([user(1), user(2)], [enrolment(1), enrolment(2, of=2, metadata={"studyRightOid": right(1)})])
    found = await answers(server, ONE, TWO, **way)
    assert [(each.outcome, each.value) for each in found] == [(Outcome.INVALID, None)] * 2


@BOTH_WAYS
async def test_rows_to_be_deleted_are_gone(way: Row) -> None:
    server = RosterServer(
        [user(1), user(2, status="tobedeleted")],
        [enrolment(1, status="tobedeleted"), enrolment(2), enrolment(3, of=2)],
    )
    one, two = await answers(server, ONE, TWO, **way)
    assert (one.outcome, oids(one)) == (Outcome.OK, [right(2)])
    assert (two.outcome, two.value) == (Outcome.ABSENT, None)


@BOTH_WAYS
async def test_a_user_of_an_unknown_status_opens_nothing(way: Row) -> None:
    server = RosterServer([user(1, status="inactive")], [enrolment(1)])
    assert [(each.outcome, each.value) for each in await answers(server, ONE, **way)] == [(Outcome.INVALID, None)]


@BOTH_WAYS
async def test_only_a_student_enrolment_is_a_right(way: Row) -> None:
    server = RosterServer([user(1)], [enrolment(1, role="teacher"), enrolment(2, role="Student")])
    (answer,) = await answers(server, ONE, **way)
    assert oids(answer) == [right(2)]


@BOTH_WAYS
async def test_an_enrolment_without_a_right_is_no_right_and_is_told_to_the_operator(
    way: Row, caplog: pytest.LogCaptureFixture
) -> None:
    server = RosterServer([user(1)], [enrolment(1), enrolment(2, metadata={"studyRightOid": None})])
    with caplog.at_level(logging.WARNING):
        (answer,) = await answers(server, ONE, **way)
    assert (answer.outcome, oids(answer)) == (Outcome.OK, [right(1)])
    # Where the whole is read, the operator is told how many there are; of one person nothing is logged.
    told = ["source c-roster: 1 enrolments without a study right OID"]
    assert caplog.messages == (told if way == WHOLE else [])


@BOTH_WAYS
async def test_a_right_whose_oid_cannot_be_read_is_a_failure_beside_the_others(way: Row) -> None:
    server = RosterServer([user(1)], [enrolment(1), enrolment(2, metadata={"studyRightOid": "../users"})])
    (answer,) = await answers(server, ONE, **way)
    assert (answer.outcome, oids(answer)) == (Outcome.INVALID, [right(1)])


async def test_a_user_that_cannot_be_read_leaves_those_without_a_record_open() -> None:
    server = RosterServer([user(1), {"sourcedId": 7}], [enrolment(1)])
    one, three = await answers(server, ONE, THREE)
    assert (one.outcome, oids(one)) == (Outcome.OK, [right(1)])
    assert three.outcome is Outcome.INVALID


async def test_an_enrolment_of_nobody_leaves_everybody_open_and_its_right_is_nobodys() -> None:
    server = RosterServer(
        [user(1)], [enrolment(1), enrolment(2), enrolment(3, of=9, metadata={"studyRightOid": right(2)})]
    )
    (answer,) = await answers(server, ONE)
    assert (answer.outcome, oids(answer)) == (Outcome.INVALID, [right(1)])


async def test_an_enrolment_that_says_nothing_readable_closes_everything() -> None:
    server = RosterServer([user(1)], [enrolment(1)])
    server.rows["enrollments"].append("a line of text")  # type: ignore[arg-type]  # wrong on purpose
    assert [(each.outcome, each.value) for each in await answers(server, ONE)] == [(Outcome.INVALID, None)]


async def test_who_comes_between_two_readings_is_read_again() -> None:
    server = RosterServer([user(1)], [enrolment(1), enrolment(3, of=3)])

    def comes(request: Outgoing) -> None:
        if "/enrollments" in request.url:
            server.rows["users"] = [user(1), user(3)]

    server.fault = comes
    one, three = await answers(server, ONE, THREE)
    assert (one.outcome, three.outcome, oids(three)) == (Outcome.OK, Outcome.OK, [right(3)])


async def test_a_filter_that_is_not_kept_to_is_no_answer_about_anybody() -> None:
    server = two_people()
    everybody = Incoming(status=200, headers={"x-total-count": "2"}, body=said({"users": [user(1), user(2)]}).body)
    server.fault = lambda request: everybody if "/users" in request.url else None
    assert [(each.outcome, each.value) for each in await answers(server, ONE, **FILTERED)] == [(Outcome.INVALID, None)]


async def test_enrolments_of_somebody_else_drop_the_whole_answer() -> None:
    server = two_people()
    mixed = said({"enrollments": [enrolment(1), enrolment(2, of=2)]}).body
    answer = Incoming(status=200, headers={"x-total-count": "2"}, body=mixed)
    server.fault = lambda request: answer if "/enrollments" in request.url else None
    assert [(each.outcome, each.value) for each in await answers(server, ONE, **FILTERED)] == [(Outcome.INVALID, None)]


async def test_an_id_that_means_something_in_a_filter_is_not_asked() -> None:
    server = RosterServer([user(1, sourcedId="x' OR status='active")], [enrolment(1)])
    assert [each.outcome for each in await answers(server, ONE, **FILTERED)] == [Outcome.INVALID]
    assert server.asked("enrollments") == []


NUMBERS = [learner(1), learner(2), learner(1002), learner(3)]


@given(
    users=st.lists(st.lists(st.sampled_from(NUMBERS), max_size=2), max_size=4),
    enrolled=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), max_size=6),
    filtered=st.booleans(),
)
async def test_nothing_a_roster_holds_gives_one_persons_right_to_another(
    users: list[list[str]], enrolled: list[tuple[int, int]], filtered: bool
) -> None:
    rows = [user(place, userIds=[{"type": "oppijanumero", "identifier": n} for n in numbers])
            for place, numbers in enumerate(users)]  # fmt: skip
    taken = [enrolment(n, of=who, sourcedId=f"e-{place}", metadata={"studyRightOid": right(n)})
             for place, (who, n) in enumerate(enrolled)]  # fmt: skip
    people = [ONE, TWO, THREE]
    found = await answers(RosterServer(rows, taken, most=2), *people, **(FILTERED if filtered else WHOLE))
    for person, answer in zip(people, found, strict=True):
        for each in answer.value or ():
            theirs = [who for who, n in enrolled if right(n) == each.oid and who < len(users)]
            of_theirs = [who for who in theirs if set(users[who]) & person.all_oids]
            assert of_theirs
            assert all(set(users[who]) <= person.all_oids for who in of_theirs)
            assert filtered or of_theirs == theirs
    # Asked together, no right is given to two, whichever way they are asked.
    given_to = [each.oid for answer in found for each in answer.value or ()]
    assert len(given_to) == len(set(given_to))


# --- lists and holders ----------------------------------------------------------------------------------------


async def test_everybody_with_a_learner_number_is_listed() -> None:
    server = RosterServer(
        [user(2), user(1), user(3, status="tobedeleted"), user(4, userIds=[]), user(5, "12345"), user(6, "")], most=2
    )
    answer = (await roster(server).learners()).answers[PROVIDER]
    assert (answer.outcome, answer.value) == (Outcome.OK, (learner(1), learner(2)))


async def test_a_list_in_which_a_row_cannot_be_read_is_a_failure() -> None:
    server = RosterServer([user(1), {"sourcedId": 7}])
    assert (await roster(server).learners()).answers[PROVIDER].outcome is Outcome.INVALID


async def test_a_list_that_breaks_off_is_a_failure_and_no_short_list() -> None:
    server = two_people()
    server.rows["users"].append(user(3))
    server.fault = lambda request: said({}, 500) if "users" in request.url and "offset=2" in request.url else None
    answer = (await roster(server).learners()).answers[PROVIDER]
    assert (answer.outcome, answer.value) == (Outcome.UNAVAILABLE, None)


async def test_whose_a_right_is_is_told_by_any_number_of_the_person() -> None:
    server = RosterServer([user(1), user(2, learner(1002))], [enrolment(1), enrolment(2, of=2)])
    reply = await roster(server).holders([right(1), right(2), right(9)])
    assert {key: (each.outcome, each.value) for key, each in reply.answers.items()} == {
        right(1): (Outcome.OK, learner(1)),
        right(2): (Outcome.OK, learner(1002)),
        right(9): (Outcome.ABSENT, None),
    }


async def test_whose_a_right_is_is_not_told_where_a_row_could_not_be_placed() -> None:
    server = RosterServer([user(1)], [enrolment(1), enrolment(2, of=9)])
    reply = await roster(server).holders([right(1), right(2)])
    assert reply.answers[right(1)] == Answer(Outcome.OK, learner(1))
    assert reply.answers[right(2)] == Answer(Outcome.INVALID)


async def test_doubt_is_told_to_the_operator_without_a_word_on_whom(caplog: pytest.LogCaptureFixture) -> None:
    server = RosterServer([user(1)], [enrolment(1), enrolment(2, of=9)])
    with caplog.at_level(logging.WARNING):
        await answers(server, ONE)
    assert caplog.messages == ["source c-roster: INVALID (unreadable) x 1"]


async def test_holders_of_nothing_are_no_answers_and_of_a_broken_source_failures() -> None:
    server = two_people()
    source = roster(server)
    assert dict((await source.holders([])).answers) == {}
    server.fault = lambda _: said({}, 503)
    assert (await source.holders([right(1)])).answers == {right(1): Answer(Outcome.UNAVAILABLE)}


# --- faults ---------------------------------------------------------------------------------------------------


def page(value: Any, total: object = 1, **headers: str) -> Incoming:
    return Incoming(status=200, headers={"x-total-count": str(total)} | headers, body=said(value).body)


FAULTS: dict[str, tuple[Incoming, Outcome]] = {
    "HTML": (Incoming(status=200, headers={"x-total-count": "1"}, body=b"<html>maintenance</html>"), Outcome.INVALID),
    "cut off": (Incoming(status=200, headers={"x-total-count": "1"}, body=b'{"users":[{"sour'), Outcome.INVALID),
    "a list without its envelope": (page([user(1)]), Outcome.INVALID),
    "another envelope": (page({"classes": []}, 0), Outcome.INVALID),
    "no list in it": (page({"users": {}, "enrollments": {}, "orgs": {}}), Outcome.INVALID),
    "nothing": (page(None), Outcome.INVALID),
    "deep": (Incoming(status=200, headers={"x-total-count": "1"}, body=b"[" * 5000 + b"]" * 5000), Outcome.INVALID),
    "no count": (Incoming(status=200, body=said({"users": [], "enrollments": [], "orgs": []}).body), Outcome.INVALID),
    "a count beyond belief": (page({"users": [user(1)], "enrollments": [], "orgs": []}, 10**9), Outcome.INVALID),
    "a next page elsewhere": (
        page({"users": [], "enrollments": [], "orgs": []}, 0, link='<https://evil.example/users>; rel="next"'),
        Outcome.INVALID,
    ),
    "an error with status 200": (imsx("invalid_filter_field", 200), Outcome.INVALID),
    "busy with status 200": (imsx("server_busy", 200), Outcome.THROTTLED),
    "400": (imsx("invalid_filter_field", 400), Outcome.INVALID),
    "403": (imsx("forbidden", 403), Outcome.DENIED),
    "404": (imsx("unknownobject", 404), Outcome.INVALID),
    "429": (Incoming(status=429, headers={"retry-after": "30"}, body=b"slow down"), Outcome.THROTTLED),
    "500": (imsx("internal_server_error", 500), Outcome.UNAVAILABLE),
    "500 that is a busy server": (imsx("server_busy", 500), Outcome.THROTTLED),
    "503": (Incoming(status=503, body=b""), Outcome.UNAVAILABLE),
}


@BOTH_WAYS
@pytest.mark.parametrize("fault", FAULTS)
async def test_what_goes_wrong_is_an_outcome_for_everyone(
    fault: str, way: Row, caplog: pytest.LogCaptureFixture
) -> None:
    answer, outcome = FAULTS[fault]
    server = two_people()
    server.fault = lambda _: answer
    source = roster(server, **way)
    with caplog.at_level(logging.WARNING):
        reply = await source.rights([ONE, TWO])
        listed = (await source.learners()).answers[PROVIDER]
    assert {(each.outcome, each.value) for each in reply.answers.values()} == {(outcome, None)}
    assert (listed.outcome, listed.value) == (outcome, None)
    assert "1.2.246" not in caplog.text
    assert "http" not in caplog.text
    assert "unexpected" not in caplog.text


async def test_pages_that_repeat_are_bounded_and_no_roster() -> None:
    server = RosterServer([user(number) for number in range(6)], [enrolment(1)], most=2)
    first = page({"users": [user(0), user(1)]}, 6)
    server.fault = lambda request: first if "/users" in request.url else None
    assert [each.outcome for each in await answers(server, ONE)] == [Outcome.UNAVAILABLE]
    assert len(server.asked("users")) == 15


async def test_one_person_who_cannot_be_read_by_filter_costs_nobody_else() -> None:
    server = two_people()
    server.fault = lambda request: said({}, 503) if learner(1) in request.url else None
    one, two = await answers(server, ONE, TWO, **FILTERED)
    assert (one.outcome, two.outcome) == (Outcome.UNAVAILABLE, Outcome.OK)


@pytest.mark.parametrize("rows", [["x"], [None], [7], [[]], [{}], [{"sourcedId": {}}], [{"userIds": 3, "user": "u-1"}]])
async def test_rows_of_any_shape_never_raise(rows: Sequence[Any]) -> None:
    server = RosterServer()
    server.rows = {"users": [user(1), *rows], "enrollments": [enrolment(1), *rows], "orgs": [org(), *rows]}
    for way in (WHOLE, FILTERED):
        server.fault = lambda _: None
        for answer in await answers(server, ONE, THREE, **way):
            assert answer.outcome in Outcome


async def test_a_school_that_is_unknown_or_gone_is_no_school_and_no_provider() -> None:
    for orgs in ([], [org(status="tobedeleted")], [org(oid="10076")], [org(2)]):
        (answer,) = await answers(RosterServer([user(1)], [enrolment(1)], orgs), ONE)
        (found,) = answer.value or ()
        assert (found.school, found.provider) == (None, None)
        assert "school" in {each.place for each in found.findings or ()}


async def test_the_organisations_oid_stands_where_the_settings_say() -> None:
    orgs = [org(oid="10076", metadata={"oid": SCHOOL})]
    (answer,) = await answers(RosterServer([user(1)], [enrolment(1)], orgs), ONE, organisation_oid="metadata.oid")
    (found,) = answer.value or ()
    assert (found.school and found.school.oid, found.provider and found.provider.oid) == (SCHOOL, PROVIDER)


def test_a_state_that_is_none_of_ours_refuses_the_start() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"codes\.state: expected a state of Koski, got `paalla`"):
        msgspec.convert(
            {**msgspec.to_builtins(SETTINGS), "kind": "oneroster", "codes": {"state": {"on": "paalla"}}},
            OneRosterSettings,
        )


# --- what operators are told ----------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "oneroster.md").read_text()


def test_the_page_on_rosters_names_every_setting() -> None:
    settings = {name for name in OneRosterSettings.__struct_fields__ if name not in ("id", "provider", "gives")}
    named = set(re.findall(r"`([\w.]+)`", PAGE))
    missing = (
        settings - {"codes"}
        | set(RightPlaces.__struct_fields__)
        | set(ClientCredentials.__struct_fields__)
        | set(GroupPlaces.__struct_fields__)
    ) - named
    assert missing == set()


def test_the_pages_examples_are_accepted() -> None:
    source, groups = (
        msgspec.toml.decode(each)["source"][0] for each in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    )
    read = msgspec.convert(source, OneRosterSettings)
    assert (read.kept_seconds, read.page_size, read.max_rows, read.language) == (30, 100, 100_000, "fi")
    guided = msgspec.convert(source | groups, OneRosterSettings).groups
    assert guided is not None
    assert guided.roles == {"teacher": "responsible_teacher", "ext:counsellor": "guidance_counsellor"}

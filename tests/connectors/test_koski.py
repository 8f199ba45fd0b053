"""Koski: whom it is asked for, whose an answer is, and what a right becomes."""

import base64
import json
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.client import Incoming, Outgoing
from connectors.koski import KoskiSettings, KoskiSource
from hoks.codes import StudyRightState, StudyRightType
from hoks.findings import FindingCode
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.ports import REGISTER, STUDENT_SYSTEM
from hoks.student import Person
from hoks.study_right import CompetenceArea, IncludedIn, Phase, Qualification, StudyRight, phase_on
from hoks.values import Code, Organisation
from hoks.values import Text as Names
from tests.connectors import contract
from tests.connectors.wires import PROVIDER, Port, StillClock, learner, right, said, silent

BASE = "https://koski.example/koski/api"
CALLER = "1.2.246.562.10.00000000001.test"
SETTINGS = KoskiSettings(
    id="a-koski",
    provider=PROVIDER,
    base_url=BASE,
    username="gateway",
    password_file="unused",
    caller_id=CALLER,
)
ONE, TWO = Person(oid=learner(1)), Person(oid=learner(2), aliases=frozenset({learner(1002)}))


def a_right(number: int, **more: Any) -> dict[str, Any]:
    """A right that breaks no rule of the schema."""
    return {
        "oid": right(number),
        "versionumero": 1,
        "oppilaitos": {"oid": "1.2.246.562.10.11111111111"},
        "tila": {"opiskeluoikeusjaksot": [{"alku": "2026-08-10", "tila": {"koodiarvo": "lasna"}}]},
        "suoritukset": [],
        "tyyppi": {"koodiarvo": "ammatillinenkoulutus"},
        **more,
    }


def row(person: str, *rights: Any) -> dict[str, Any]:
    """A person's row of a batch answer."""
    return {"henkilö": {"oid": person}, "opiskeluoikeudet": list(rights)}


def koski(answer: Callable[[Outgoing], Any], **settings: Any) -> tuple[KoskiSource, Port]:
    """The connector before a Koski that answers so."""
    port = Port(answer)
    return KoskiSource(msgspec.structs.replace(SETTINGS, **settings), port, StillClock(), "pässword"), port


def always(value: Any, status: int = 200) -> KoskiSource:
    return koski(lambda _: said(value, status))[0]


def _found(source_answers: Any, person: Person) -> tuple[StudyRight, ...]:
    answer = source_answers.answers[person.oid]
    assert answer.outcome is Outcome.OK
    rights: tuple[StudyRight, ...] = answer.value
    return rights


def test_koski_is_the_register_of_rights_and_its_word_comes_before_a_student_systems() -> None:
    assert always([]).source.precedence == REGISTER < STUDENT_SYSTEM


async def read(**more: Any) -> StudyRight:
    """One right as the connector gives it."""
    (only,) = _found(await always([row(ONE.oid, a_right(1, **more))]).rights([ONE]), ONE)
    return only


# --- contract -------------------------------------------------------------------------------------------------


async def test_every_person_who_was_asked_is_answered_and_nobody_else() -> None:
    source = always([row(TWO.oid, a_right(2)), row(ONE.oid, a_right(1)), row(learner(9), a_right(9))])
    await contract.rights_answer_everyone_who_was_asked_and_nobody_else(source, [ONE, TWO, Person(oid=learner(3))])


async def test_a_malformed_person_spoils_nobody_and_is_not_sent() -> None:
    source, port = koski(lambda _: said([row(ONE.oid, a_right(1))]))
    await contract.rights_survive_a_malformed_person(source, ONE)
    assert json.loads(port.sent[0].body) == [ONE.oid]


async def test_asking_about_nobody_calls_nobody() -> None:
    source, port = koski(silent)
    await contract.rights_of_nobody_are_no_answers(source)
    assert port.sent == []


async def test_a_source_that_is_down_gives_outcomes() -> None:
    await contract.broken_rights_are_outcomes(koski(silent)[0], [ONE, TWO])


async def test_it_tells_what_it_declares_and_nothing_else() -> None:
    source, _ = koski(lambda request: said([]))
    await contract.everything_declared_is_told(source)
    await contract.everything_declared_fails_as_declared(koski(silent)[0])


# --- asking ---------------------------------------------------------------------------------------------------


async def test_all_oids_of_each_person_are_asked_with_what_the_staff_host_wants() -> None:
    source, port = koski(lambda _: said([]))
    await source.rights([ONE, TWO])
    (request,) = port.sent
    assert (request.method, request.url) == ("POST", f"{BASE}/sure/oids")
    assert sorted(json.loads(request.body)) == sorted([learner(1), learner(2), learner(1002)])
    assert request.headers["caller-id"] == CALLER
    assert request.headers["csrf"] == CALLER
    assert request.headers["cookie"] == f"CSRF={CALLER}"
    assert request.headers["content-type"] == "application/json"
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == "gateway:pässword"


async def test_long_lists_are_cut_into_batches() -> None:
    def echo(request: Outgoing) -> Incoming:
        return said([row(oid) for oid in json.loads(request.body)])

    source, port = koski(echo, batch=2)
    people = [Person(oid=learner(n)) for n in range(5)]
    assert (await source.rights(people)).outcome is Outcome.OK
    assert [len(json.loads(request.body)) for request in port.sent] == [2, 2, 1]


async def test_learners_are_read_page_by_page() -> None:
    everybody = [learner(n) for n in range(7000)]

    def page(request: Outgoing) -> Incoming:
        query = dict(part.split("=") for part in request.url.partition("?")[2].split("&"))
        size, number = int(query["pageSize"]), int(query["pageNumber"])
        return said(everybody[size * number : size * (number + 1)])

    source, port = koski(page)
    answer = (await source.learners()).answers[PROVIDER]
    assert answer.value == tuple(sorted(everybody))
    assert len(port.sent) == 2


async def test_a_list_of_learners_that_breaks_off_is_a_failure_and_no_short_list() -> None:
    pages = iter([said([learner(n) for n in range(5000)]), said({}, 500)])
    source, _ = koski(lambda _: next(pages))
    assert (await source.learners()).answers[PROVIDER].outcome is Outcome.UNAVAILABLE


async def test_one_right_by_its_oid_is_that_right_or_nothing() -> None:
    assert (await always(a_right(1)).right(right(1))).outcome is Outcome.OK
    assert (await always(a_right(2)).right(right(1))).outcome is Outcome.INVALID
    gone = [{"key": "notFound.opiskeluoikeuttaEiLöydyTaiEiOikeuksia", "message": "…"}]
    assert (await always(gone, 404).right(right(1))).outcome is Outcome.ABSENT_OR_DENIED
    assert (await always(a_right(1)).right(StudyRightOid("../oppija"))).outcome is Outcome.INVALID


# --- whose an answer is ---------------------------------------------------------------------------------------


async def test_a_person_who_is_left_out_is_absent_or_denied() -> None:
    reply = await always([row(ONE.oid, a_right(1))]).rights([ONE, TWO])
    assert reply.answers[TWO.oid].outcome is Outcome.ABSENT_OR_DENIED


async def test_rows_under_any_oid_of_a_person_are_theirs_and_counted_once() -> None:
    rows = [row(learner(1002), a_right(1)), row(TWO.oid, a_right(2)), row(TWO.oid, a_right(1))]
    assert [each.oid for each in _found(await always(rows).rights([TWO]), TWO)] == [right(1), right(2)]


async def test_of_two_copies_of_a_right_the_newer_one_counts_in_whatever_order() -> None:
    old, new = a_right(1, versionumero=1), a_right(1, versionumero=2)
    for rights in ([old, new], [new, old]):
        (only,) = _found(await always([row(ONE.oid, *rights)]).rights([ONE]), ONE)
        assert only.version == 2


async def test_a_foreign_person_is_dropped_and_nobody_looks_like_having_nothing() -> None:
    source = always([row(learner(9), a_right(9)), row(ONE.oid, a_right(1))])
    reply = await source.rights([ONE, TWO])
    assert [each.oid for each in _found(reply, ONE)] == [right(1)]
    assert reply.answers[TWO.oid].outcome is Outcome.INVALID


async def test_a_right_under_two_persons_is_nobodys() -> None:
    reply = await always([row(ONE.oid, a_right(1)), row(TWO.oid, a_right(1))]).rights([ONE, TWO])
    assert {(answer.outcome, answer.value) for answer in reply.answers.values()} == {(Outcome.INVALID, None)}


async def test_an_oid_that_two_persons_claim_is_not_asked_and_leaves_both_open() -> None:
    claimed = learner(1002)
    source, port = koski(lambda _: said([row(claimed, a_right(1))]))
    other = Person(oid=learner(3), aliases=frozenset({claimed}))
    reply = await source.rights([TWO, other])
    assert claimed not in json.loads(port.sent[0].body)
    assert {answer.outcome for answer in reply.answers.values()} == {Outcome.INVALID}


async def test_a_row_that_cannot_be_read_leaves_those_without_a_row_open() -> None:
    reply = await always([row(ONE.oid, a_right(1)), {"henkilö": None}, 7]).rights([ONE, TWO])
    assert reply.answers[ONE.oid].outcome is Outcome.OK
    assert reply.answers[TWO.oid].outcome is Outcome.INVALID


async def test_a_right_that_cannot_be_read_stays_visible_as_a_failure_beside_the_others() -> None:
    answer = (await always([row(ONE.oid, a_right(1), "no right", {"oid": 7})]).rights([ONE])).answers[ONE.oid]
    assert answer.outcome is Outcome.INVALID
    assert [each.oid for each in answer.value or ()] == [right(1)]


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        (b"<html>", 200, Outcome.INVALID),
        (b"null", 200, Outcome.INVALID),
        (b"{}", 200, Outcome.INVALID),
        (b'[{"henkil', 200, Outcome.INVALID),
        (b"[" * 5000 + b"]" * 5000, 200, Outcome.INVALID),
        (b'[{"key":"badRequest.queryParam","message":"x"}]', 400, Outcome.INVALID),
        (b"[]", 401, Outcome.DENIED),
        (b"[]", 403, Outcome.DENIED),
        (b"[]", 404, Outcome.INVALID),
        (b"[]", 415, Outcome.INVALID),
        (b"[]", 429, Outcome.THROTTLED),
        (b"[]", 503, Outcome.UNAVAILABLE),
    ],
)
async def test_a_batch_that_fails_is_an_outcome_for_everyone_in_it(body: bytes, status: int, outcome: Outcome) -> None:
    source, _ = koski(lambda _: Incoming(status=status, body=body))
    reply = await source.rights([ONE, TWO])
    assert {answer.outcome for answer in reply.answers.values()} == {outcome}


PEOPLE = tuple(Person(oid=learner(n), aliases=frozenset({learner(1000 + n)})) for n in range(6))
STRANGERS = tuple(learner(2000 + n) for n in range(3))
WHOSE = {right(n): PEOPLE[n % 6] for n in range(18)}


@given(
    asked=st.lists(st.sampled_from(PEOPLE), unique=True),
    answered=st.lists(
        st.tuples(
            st.sampled_from([*(oid for person in PEOPLE for oid in sorted(person.all_oids)), *STRANGERS]),
            st.integers(0, 17),
        )
    ),
)
async def test_no_order_length_or_repetition_of_an_answer_gives_one_students_right_to_another(
    asked: Sequence[Person], answered: Sequence[tuple[LearnerOid, int]]
) -> None:
    rows = [row(oid, a_right(number)) for oid, number in answered]
    reply = await always(rows).rights(asked)
    assert set(reply.answers) == {person.oid for person in asked}
    for person in asked:
        told = {right(number) for oid, number in answered if oid in person.all_oids}
        given_to_person = {each.oid for each in reply.answers[person.oid].value or ()}
        assert given_to_person <= told
        if reply.answers[person.oid].outcome is Outcome.OK:
            assert given_to_person == told


@given(st.permutations(sorted(WHOSE)))
async def test_the_order_of_an_answer_changes_nothing(order: Sequence[StudyRightOid]) -> None:
    numbers = {right(n): n for n in range(18)}
    shuffled = [row(WHOSE[oid].oid, a_right(numbers[oid])) for oid in order]
    in_order = [row(WHOSE[oid].oid, a_right(numbers[oid])) for oid in sorted(WHOSE)]
    assert await always(shuffled).rights(PEOPLE) == await always(in_order).rights(PEOPLE)


# --- what a right becomes -------------------------------------------------------------------------------------


async def test_a_right_is_read_whole() -> None:
    found = await read(
        aikaleima="2026-08-11T09:46:24.834939",
        lähdejärjestelmänId={
            "id": "1051",
            "lähdejärjestelmä": {"koodiarvo": "primus", "koodistoUri": "lahdejarjestelma", "koodistoVersio": 1},
        },
        koulutustoimija={"oid": "1.2.246.562.10.22222222222", "nimi": {"fi": " Kuntayhtymä", "sv": "Samkommun"}},
        sisältyyOpiskeluoikeuteen={"oid": right(5), "oppilaitos": {"oid": "1.2.246.562.10.33333333333"}},
        ostettu=False,
        alkamispäivä="2026-08-10",
        arvioituPäättymispäivä="2029-05-31",
        päättymispäivä="2029-06-01",
        suoritukset=[
            {
                "koulutusmoduuli": {
                    "tunniste": {"koodiarvo": "351407", "koodistoUri": "koulutus", "nimi": {"fi": "Sähköala"}},
                    "perusteenDiaarinumero": "OPH-1-2026",
                    "perusteenNimi": {"fi": "Peruste"},
                },
                "tyyppi": {"koodiarvo": "ammatillinentutkinto", "koodistoUri": "suorituksentyyppi"},
                "tutkintonimike": [{"koodiarvo": "10083", "koodistoUri": "tutkintonimikkeet"}],
                "osaamisala": [
                    {"osaamisala": {"koodiarvo": "1590", "koodistoUri": "osaamisala"}, "alku": "2026-08-10"}
                ],
                "toimipiste": {"oid": "1.2.246.562.10.44444444444"},
                "suorituskieli": {"koodiarvo": "FI", "koodistoUri": "kieli"},
            }
        ],
    )
    assert found.findings == ()
    assert found.student_oid == ONE.oid
    assert found.type is StudyRightType.VOCATIONAL
    assert found.provider == Organisation(
        oid=_oid("1.2.246.562.10.22222222222"), name=Names(fi="Kuntayhtymä", sv="Samkommun")
    )
    assert found.school == Organisation(oid=_oid("1.2.246.562.10.11111111111"))
    assert found.site == Organisation(oid=_oid("1.2.246.562.10.44444444444"))
    assert found.included_in == IncludedIn(oid=right(5), school_oid=_oid("1.2.246.562.10.33333333333"))
    assert found.purchased is False
    assert (found.start_date, found.estimated_end_date, found.end_date) == (
        date(2026, 8, 10),
        date(2029, 5, 31),
        date(2029, 6, 1),
    )
    assert found.updated_at == datetime(2026, 8, 11, 6, 46, 24, 834939, tzinfo=UTC)
    assert found.source_system == Code(uri="lahdejarjestelma_primus", version=1)
    assert found.source_system_id == "1051"
    assert found.qualifications == (
        Qualification(
            code=Code(uri="koulutus_351407", name=Names(fi="Sähköala")),
            requirements_register_number="OPH-1-2026",
            requirements_name=Names(fi="Peruste"),
            titles=(Code(uri="tutkintonimikkeet_10083"),),
            kind=Code(uri="suorituksentyyppi_ammatillinentutkinto"),
            language=Code(uri="kieli_FI"),
        ),
    )
    assert found.competence_areas == (
        CompetenceArea(area=Code(uri="osaamisala_1590"), start_date=date(2026, 8, 10), end_date=None),
    )


def _oid(text: str) -> Any:
    return text


async def test_letters_that_came_apart_are_put_together_again() -> None:
    whole = json.dumps(
        [row(ONE.oid, a_right(1, sisältyyOpiskeluoikeuteen={"oid": right(5), "oppilaitos": {"oid": PROVIDER}}))],
        ensure_ascii=False,
    )
    apart = unicodedata.normalize("NFD", whole).encode()
    assert apart != whole.encode()
    source, _ = koski(lambda _: Incoming(status=200, body=apart))
    (only,) = _found(await source.rights([ONE]), ONE)
    assert only.included_in is not None
    assert only.included_in.oid == right(5)


async def test_periods_are_ordered_by_date() -> None:
    jaksot = [
        {"alku": "2026-12-01", "tila": {"koodiarvo": "eronnut"}},
        {"alku": "2026-08-10", "tila": {"koodiarvo": "lasna"}},
    ]
    found = await read(tila={"opiskeluoikeusjaksot": jaksot})
    assert [each.state for each in found.periods or ()] == [StudyRightState.PRESENT, StudyRightState.DISCONTINUED]


TODAY = date(2026, 10, 5)


@pytest.mark.parametrize(
    "periods",
    [
        [{"alku": "2026-08-10", "tila": {"koodiarvo": "opintovapaalla"}}],
        [{"alku": "2026-08-10", "tila": {}}],
        [{"alku": "2026-08-10"}],
        [{"alku": "2026-08-10", "tila": {"koodiarvo": "lasna"}}, {"tila": {"koodiarvo": "eronnut"}}],
        [{"alku": "2026-08-10", "tila": {"koodiarvo": "lasna"}}, {"alku": "?", "tila": {"koodiarvo": "eronnut"}}],
        [{"alku": "2026-08-10", "tila": {"koodiarvo": "lasna"}}, "eronnut"],
        "lasna",
        [],
    ],
)
async def test_a_state_that_is_not_known_closes_the_right_and_is_a_finding(periods: Any) -> None:
    found = await read(tila={"opiskeluoikeusjaksot": periods})
    assert phase_on(found, TODAY) is Phase.UNKNOWN
    assert FindingCode.UNKNOWN_STATE in {each.code for each in found.findings or ()}


async def test_an_annulment_is_believed_beside_a_period_that_cannot_be_read() -> None:
    found = await read(tila={"opiskeluoikeusjaksot": ["?", {"alku": "2026-08-10", "tila": {"koodiarvo": "mitatoity"}}]})
    assert phase_on(found, TODAY) is Phase.ANNULLED


@pytest.mark.parametrize(
    ("code", "type_"), [("ammatillinenkoulutus", StudyRightType.VOCATIONAL), ("tuva", StudyRightType.PREPARATORY)]
)
async def test_rights_that_may_have_a_plan_are_kept(code: str, type_: StudyRightType) -> None:
    assert (await read(tyyppi={"koodiarvo": code})).type is type_


@pytest.mark.parametrize("code", ["perusopetus", "lukiokoulutus", "muukuinsaanneltykoulutus"])
async def test_rights_that_cannot_have_a_plan_are_knowingly_left_out(code: str) -> None:
    reply = await always([row(ONE.oid, a_right(1, tyyppi={"koodiarvo": code}))]).rights([ONE])
    assert _found(reply, ONE) == ()


async def test_a_right_without_a_readable_type_is_kept_with_a_finding() -> None:
    found = await read(tyyppi={})
    assert found.type is None
    assert [(each.code, each.place) for each in found.findings or ()] == [(FindingCode.MISSING_REQUIRED_VALUE, "type")]


async def test_nothing_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        await always([row(learner(9), a_right(9)), 7]).rights([ONE])
    assert sorted(caplog.messages) == [
        "source a-koski: INVALID (foreign_person) x 1",
        "source a-koski: INVALID (unreadable) x 1",
    ]

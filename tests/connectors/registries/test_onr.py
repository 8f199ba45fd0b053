"""ONR: from any OID to the person, with few calls, and nothing guessed where it does not tell."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from connectors.client import Incoming, Outgoing
from connectors.registries.onr import Onr, OnrSettings
from hoks.identifiers import LearnerOid
from hoks.outcomes import Answer, Outcome
from hoks.student import Person
from tests.connectors import contract
from tests.connectors.wires import Port, StillClock, learner, said, silent

BASE = "https://onr.example/oppijanumerorekisteri-service"
MASTER, OLD, OLDER, OTHER = learner(1), learner(1001), learner(2001), learner(2)
ALIASES = {MASTER: (OLD, OLDER), OTHER: ()}


class Register:
    """An ONR that knows two persons, one under three OIDs."""

    def __init__(self) -> None:
        self.port = Port(self._answer)
        self.time = 0.0
        self.instead: dict[str, Incoming] = {}
        self.aliases: dict[LearnerOid, tuple[LearnerOid, ...]] = dict(ALIASES)
        self.in_hiding: set[LearnerOid] = set()

    def onr(self, **settings: Any) -> Onr:
        made = OnrSettings(base_url=BASE, caller_id="1.2.246.562.10.00000000001.test")
        return Onr(msgspec.structs.replace(made, **settings), self.port, StillClock(), seconds=lambda: self.time)

    @property
    def asked(self) -> list[str]:
        return [request.url.rpartition("/")[2] for request in self.port.sent]

    def _answer(self, request: Outgoing) -> Incoming:
        call = request.url.rpartition("/")[2]
        if call in self.instead:
            return self.instead[call]
        if call == "masterHenkilosByOidList":
            return said({oid: self._person(oid) for oid in json.loads(request.body) if self._master(oid)})
        oids = json.loads(request.body)["henkiloOids"]
        pairs = [(alias, master) for master, aliases in self.aliases.items() for alias in aliases]
        return said([{"henkiloOid": a, "masterOid": m} for a, m in pairs if a in oids or m in oids])

    def _person(self, oid: str) -> Mapping[str, Any]:
        return {
            "oidHenkilo": self._master(oid),
            "etunimet": "Aino Maria",
            "sukunimi": "Alku",
            "duplicate": False,
            "turvakielto": self._master(oid) in self.in_hiding,
        }

    def _master(self, oid: str) -> str | None:
        return next((master for master, aliases in self.aliases.items() if oid in (master, *aliases)), None)


async def test_it_tells_what_it_declares_and_nothing_else() -> None:
    register = Register()
    await contract.everything_declared_is_told(register.onr())
    register.port.answer = silent
    await contract.everything_declared_fails_as_declared(register.onr())


WHOLE = Person(oid=MASTER, aliases=frozenset({OLD, OLDER}), name="Aino Maria Alku")


@pytest.mark.parametrize("asked", [MASTER, OLD, OLDER])
async def test_every_oid_leads_to_the_person_with_all_aliases(asked: LearnerOid) -> None:
    reply = await Register().onr().identify([asked])
    assert reply.answers == {asked: Answer(Outcome.OK, WHOLE)}


async def test_an_oid_that_is_unknown_or_malformed_is_absent_or_denied() -> None:
    register = Register()
    unknown, malformed = learner(9), LearnerOid("1.2.3")
    reply = await register.onr().identify([MASTER, unknown, malformed])
    assert reply.answers[MASTER].outcome is Outcome.OK
    assert {reply.answers[oid] for oid in (unknown, malformed)} == {Answer(Outcome.ABSENT_OR_DENIED)}
    assert all(malformed.encode() not in request.body for request in register.port.sent)


async def test_a_batch_costs_two_calls() -> None:
    register = Register()
    await register.onr().identify([MASTER, OTHER])
    assert sorted(register.asked) == ["duplicateHenkilos", "masterHenkilosByOidList"]


async def test_a_person_is_remembered_under_every_oid_and_not_for_long() -> None:
    register = Register()
    onr = register.onr(cache_seconds=300)
    await onr.identify([MASTER])
    assert (await onr.identify([OLDER])).answers[OLDER].value == WHOLE
    assert len(register.port.sent) == 2
    register.time = 301
    await onr.identify([MASTER])
    assert len(register.port.sent) == 4


async def test_nobody_asked_is_nobody_called() -> None:
    register = Register()
    assert dict((await register.onr().identify([])).answers) == {}
    assert register.port.sent == []


async def test_a_register_that_is_down_is_unavailable_and_not_remembered() -> None:
    register = Register()
    usual, register.port.answer = register.port.answer, silent
    onr = register.onr()
    assert (await onr.identify([MASTER])).answers == {MASTER: Answer(Outcome.UNAVAILABLE)}
    register.port.answer = usual
    assert (await onr.identify([MASTER])).answers[MASTER].value == WHOLE


@pytest.mark.parametrize("call", ["masterHenkilosByOidList", "duplicateHenkilos"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said(None), Outcome.INVALID),
        (said("<html>"), Outcome.INVALID),
        (said({learner(9): {"oidHenkilo": learner(9)}}), Outcome.INVALID),
        (said({MASTER: {"oidHenkilo": None}}), Outcome.INVALID),
        (said([{"henkiloOid": "x", "masterOid": MASTER}]), Outcome.INVALID),
        (said({}, 401), Outcome.DENIED),
        (said({}, 404), Outcome.INVALID),
        (said({}, 500), Outcome.UNAVAILABLE),
    ],
)
async def test_half_an_answer_is_no_identity(call: str, answer: Incoming, outcome: Outcome) -> None:
    register = Register()
    register.instead[call] = answer
    assert (await register.onr().identify([MASTER])).answers == {MASTER: Answer(outcome)}


async def test_an_alias_whose_link_is_undone_is_somebody_else_within_the_time_it_is_kept() -> None:
    register = Register()
    onr = register.onr(cache_seconds=300)
    assert (await onr.identify([OLD])).answers[OLD].value == WHOLE
    register.aliases = {MASTER: (OLDER,), OLD: ()}
    register.time = 301
    told = (await onr.identify([MASTER, OLD])).answers
    assert told[MASTER].value == Person(oid=MASTER, aliases=frozenset({OLDER}), name="Aino Maria Alku")
    assert told[OLD].value == Person(oid=OLD, name="Aino Maria Alku")


async def test_a_master_that_becomes_anothers_alias_leads_to_the_new_master() -> None:
    register = Register()
    onr = register.onr(cache_seconds=300)
    await onr.identify([MASTER, OTHER])
    register.aliases = {OTHER: (MASTER, OLD, OLDER)}
    register.time = 301
    person = Person(oid=OTHER, aliases=frozenset({MASTER, OLD, OLDER}), name="Aino Maria Alku")
    assert (await onr.identify([MASTER])).answers[MASTER].value == person


async def test_a_non_disclosure_order_is_told_and_such_a_person_is_never_kept() -> None:
    register = Register()
    register.in_hiding = {MASTER}
    onr = register.onr(cache_seconds=300)
    for calls in (2, 4):
        person = (await onr.identify([OLD])).answers[OLD].value
        assert person == msgspec.structs.replace(WHOLE, non_disclosure=True)
        # Asked with an alias, the master's other aliases are one call more.
        assert len(register.asked) == calls + calls // 2
    assert (await onr.identify([OTHER])).answers[OTHER].value == Person(oid=OTHER, name="Aino Maria Alku")


async def test_who_was_kept_before_the_order_is_let_go_under_every_oid() -> None:
    register = Register()
    onr = register.onr(cache_seconds=300)
    await onr.identify([MASTER])
    register.in_hiding = {MASTER}
    await onr.identify([learner(9), OTHER])
    assert (await onr.identify([OLDER])).answers[OLDER].value == WHOLE, "not asked again before its time"
    register.time = 301
    for oid in (OLDER, MASTER, OLD):
        answer = (await onr.identify([oid])).answers[oid]
        assert answer.value is not None
        assert answer.value.non_disclosure


@pytest.mark.parametrize("flag", [None, "kyllä", 1])
async def test_an_order_that_cannot_be_read_is_taken_for_one(flag: object) -> None:
    register = Register()
    register.instead["masterHenkilosByOidList"] = said({MASTER: {"oidHenkilo": MASTER, "turvakielto": flag}})
    person = (await register.onr().identify([MASTER])).answers[MASTER].value
    assert person is not None
    assert person.non_disclosure


async def test_more_persons_than_one_call_takes_are_asked_in_several() -> None:
    register = Register()
    await register.onr().identify([learner(10_000 + each) for each in range(5_001)])
    sizes = [len(json.loads(each.body)) for each in register.port.sent if each.url.endswith("ByOidList")]
    assert sizes == [5_000, 1]

"""Organisaatio: who stands under whom, whose provider is whose, and what is shown when it cannot be asked."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.client import Incoming, Outgoing
from connectors.registries.organisaatio import Organisaatio, OrganisaatioSettings, ancestors_of
from hoks.identifiers import OPH, OrganisationOid, with_check_digit
from hoks.organisations import TreeNode
from hoks.outcomes import Answer, Outcome
from hoks.values import Organisation, Text
from tests.connectors.wires import Port, StillClock, said, silent

BASE = "https://organisaatio.example/organisaatio-service/api"
HOUR = 3600.0


def oid(number: int) -> OrganisationOid:
    return OrganisationOid(with_check_digit("99", f"{9_800_000_000 + number}"))


PROVIDER, SCHOOL, SITE, OFFICE = oid(1), oid(11), oid(111), oid(12)
TREE: dict[OrganisationOid, dict[str, Any]] = {
    PROVIDER: {"oid": PROVIDER, "tyypit": ["organisaatiotyyppi_01"], "parentOidPath": f"|{OPH}|"},
    SCHOOL: {"oid": SCHOOL, "tyypit": ["organisaatiotyyppi_02"], "parentOidPath": f"|{OPH}|{PROVIDER}|"},
    SITE: {
        "oid": SITE,
        "nimi": {"fi": "Toimipiste ", "sv": "Verksamhetsställe", "en": "Site"},
        "tyypit": ["organisaatiotyyppi_03"],
        "parentOid": SCHOOL,
        "parentOidPath": f"|{OPH}|{PROVIDER}|{SCHOOL}|",
    },
    OFFICE: {
        "oid": OFFICE,
        "tyypit": ["organisaatiotyyppi_04", "organisaatiotyyppi_01"],
        "parentOidPath": f"|{OPH}|{PROVIDER}|",
    },
}
NAMED_SITE = TreeNode(
    organisation=Organisation(oid=SITE, name=Text(fi="Toimipiste", sv="Verksamhetsställe", en="Site")),
    ancestors=(OPH, PROVIDER, SCHOOL),
    provider_oid=PROVIDER,
)


class Register:
    """An organisation register with one provider."""

    def __init__(self) -> None:
        self.tree: dict[OrganisationOid, Any] = dict(TREE)
        self.port = Port(self._answer)
        self.time = 0.0

    def organisaatio(self, **settings: Any) -> Organisaatio:
        made = OrganisaatioSettings(base_url=BASE, caller_id="1.2.246.562.10.00000000001.test")
        replaced = msgspec.structs.replace(made, **settings)
        return Organisaatio(replaced, self.port, StillClock(), seconds=lambda: self.time)

    def _answer(self, request: Outgoing) -> Incoming:
        asked = json.loads(request.body)
        return said([organisation for each, organisation in reversed(self.tree.items()) if each in asked])


async def test_a_site_stands_under_its_school_and_provider() -> None:
    reply = await Register().organisaatio().nodes([SITE])
    assert reply.answers == {SITE: Answer(Outcome.OK, NAMED_SITE)}


async def test_the_provider_is_the_nearest_of_that_type_oneself_included() -> None:
    answers = (await Register().organisaatio().nodes([PROVIDER, SCHOOL, OFFICE])).answers
    assert {each: answers[each].value.provider_oid for each in answers if answers[each].value} == {  # type: ignore[union-attr]  # filtered
        PROVIDER: PROVIDER,
        SCHOOL: PROVIDER,
        OFFICE: OFFICE,
    }


async def test_ancestors_are_fetched_in_one_more_call_and_everything_is_kept() -> None:
    register = Register()
    organisaatio = register.organisaatio()
    await organisaatio.nodes([SITE])
    assert [sorted(json.loads(request.body)) for request in register.port.sent] == [[SITE], sorted([PROVIDER, SCHOOL])]
    await organisaatio.nodes([SITE, SCHOOL])
    assert len(register.port.sent) == 2


async def test_an_unknown_organisation_is_absent_and_asked_again_before_long() -> None:
    register = Register()
    organisaatio = register.organisaatio()
    unknown, malformed = oid(99), OrganisationOid("x")
    for _ in range(2):
        reply = await organisaatio.nodes([unknown, malformed])
        assert reply.answers == {unknown: Answer(Outcome.ABSENT), malformed: Answer(Outcome.ABSENT)}
    assert [json.loads(request.body) for request in register.port.sent] == [[unknown]]
    register.time = HOUR
    await organisaatio.nodes([unknown])
    assert len(register.port.sent) == 2


async def test_an_organisation_that_was_not_asked_makes_the_answer_invalid_and_nobody_absent() -> None:
    register = Register()
    register.tree[SCHOOL] = {**TREE[SCHOOL], "oid": oid(77)}
    organisaatio = register.organisaatio()
    assert (await organisaatio.nodes([SCHOOL])).answers == {SCHOOL: Answer(Outcome.INVALID)}
    register.tree[SCHOOL] = TREE[SCHOOL]
    assert (await organisaatio.nodes([SCHOOL])).answers[SCHOOL].outcome is Outcome.OK


async def test_after_a_day_the_register_is_asked_again() -> None:
    register = Register()
    organisaatio = register.organisaatio()
    await organisaatio.nodes([SCHOOL])
    register.tree[SCHOOL] = {**TREE[SCHOOL], "parentOidPath": f"|{OPH}|{OFFICE}|"}
    register.time = 24 * HOUR + 1
    node = (await organisaatio.nodes([SCHOOL])).answers[SCHOOL].value
    assert node is not None
    assert node.provider_oid == OFFICE


async def test_where_it_cannot_be_asked_the_old_answer_is_stale_for_a_day() -> None:
    register = Register()
    organisaatio = register.organisaatio()
    await organisaatio.nodes([SITE])
    register.port.answer = silent
    register.time = 24 * HOUR + 1
    reply = await organisaatio.nodes([SITE])
    assert (reply.stale, reply.answers) == (True, {SITE: Answer(Outcome.STALE, NAMED_SITE)})
    register.time = 48 * HOUR + 1
    assert (await organisaatio.nodes([SITE])).answers == {SITE: Answer(Outcome.UNAVAILABLE)}


async def test_a_node_is_not_known_while_its_ancestors_are_not() -> None:
    register = Register()
    usual = register.port.answer

    def only_the_site(request: Outgoing) -> Incoming:
        answer = usual(request) if SITE in json.loads(request.body) else silent(request)
        assert isinstance(answer, Incoming)
        return answer

    register.port.answer = only_the_site
    assert (await register.organisaatio().nodes([SITE])).answers == {SITE: Answer(Outcome.UNAVAILABLE)}


@pytest.mark.parametrize("answer", [said(None), said({}), said("x"), said([], 404), said([7])])
async def test_an_answer_that_is_none_is_invalid(answer: Incoming) -> None:
    register = Register()
    register.port.answer = lambda _: answer
    assert (await register.organisaatio().nodes([SITE])).answers == {SITE: Answer(Outcome.INVALID)}


async def test_organisations_that_nobody_asked_for_are_dropped() -> None:
    register = Register()
    register.port.answer = lambda _: said([TREE[PROVIDER], TREE[OFFICE]])
    assert set((await register.organisaatio().nodes([PROVIDER])).answers) == {PROVIDER}


@given(st.lists(st.integers(0, 9999), unique=True, max_size=5))
def test_both_notations_of_a_path_give_the_same_ancestors(numbers: list[int]) -> None:
    line = [OPH, *(oid(100 + number) for number in numbers)]
    itself, parent = oid(1), line[-1]
    expected = tuple(line)
    assert ancestors_of(itself, f"|{'|'.join(line)}|", parent) == expected
    assert ancestors_of(itself, "/".join([itself, *reversed(line)]), parent) == expected
    assert ancestors_of(itself, "/".join([itself, *reversed(line)]), None) == expected
    assert ancestors_of(itself, f"|{'|'.join(line)}|", None) == expected


def test_without_a_path_the_parent_is_what_is_known() -> None:
    assert ancestors_of(SITE, None, SCHOOL) == (SCHOOL,)
    assert ancestors_of(OPH, "", None) == ()

"""Organisaatio: who stands under whom, whose provider is whose, and what is shown when it cannot be asked."""

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.client import Incoming, Outgoing
from connectors.registries.organisaatio import Organisaatio, OrganisaatioSettings, ancestors_of
from hoks.identifiers import OPH, OrganisationOid, with_check_digit
from hoks.organisations import Former, Succession, TreeNode
from hoks.outcomes import Answer, Outcome
from hoks.values import Organisation, Text
from sandbox.organisations import organisation
from sandbox.registries import organisation_app
from tests.connectors import contract
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
        self.mergers: Incoming = said([])
        self.histories: dict[str, Incoming] = {}

    def organisaatio(self, **settings: Any) -> Organisaatio:
        made = OrganisaatioSettings(base_url=BASE, caller_id="1.2.246.562.10.00000000001.test")
        replaced = msgspec.structs.replace(made, **settings)
        return Organisaatio(replaced, self.port, StillClock(), seconds=lambda: self.time)

    def _answer(self, request: Outgoing) -> Incoming:
        if request.method == "GET":
            if (asked_for := request.url.removeprefix(BASE)) == "/liitokset":
                return self.mergers
            return self.histories[asked_for.removesuffix("/historia").lstrip("/")]
        asked = json.loads(request.body)
        return said([organisation for each, organisation in reversed(self.tree.items()) if each in asked])


async def test_it_tells_what_it_declares_and_nothing_else() -> None:
    register = Register()
    await contract.everything_declared_is_told(register.organisaatio())
    register.port.answer = silent
    await contract.everything_declared_fails_as_declared(register.organisaatio())


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


async def test_places_that_were_told_are_at_hand_until_the_register_tells_something_or_they_grow_old() -> None:
    register = Register()
    organisaatio = register.organisaatio()
    assert organisaatio.nodes_at_hand([SITE]) is None
    for _ in range(2):
        await organisaatio.nodes([SITE])
    assert organisaatio.nodes_at_hand([SITE]) == await organisaatio.nodes([SITE])
    assert organisaatio.nodes_at_hand([SITE, SCHOOL]) is None
    await organisaatio.nodes([OFFICE])
    assert organisaatio.nodes_at_hand([SITE]) is None
    await organisaatio.nodes([SITE])
    register.time = 24 * HOUR
    assert organisaatio.nodes_at_hand([SITE]) is not None
    register.time = 24 * HOUR + 1
    assert organisaatio.nodes_at_hand([SITE]) is None
    register.port.answer = silent
    assert (await organisaatio.nodes([SITE])).stale
    assert organisaatio.nodes_at_hand([SITE]) is None


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


# --- mergers ----------------------------------------------------------------------------------------------------

GONE, GONE_SCHOOL, HEIR, HEIR_SCHOOL, LAST = oid(2), oid(21), oid(3), oid(31), oid(4)
MERGED: dict[OrganisationOid, dict[str, Any]] = {
    each: {"oid": each, "tyypit": [f"organisaatiotyyppi_0{kind}"], "parentOidPath": "|".join(["", *above, ""])}
    for each, kind, above in (
        (GONE, 1, [OPH]),
        (GONE_SCHOOL, 2, [OPH, GONE]),
        (HEIR, 1, [OPH]),
        (HEIR_SCHOOL, 2, [OPH, HEIR]),
        (LAST, 1, [OPH]),
    )
}


def merger(merged: str, into: str, day: object) -> dict[str, Any]:
    return {"organisaatio": {"oid": merged, "nimi": {"fi": "X"}}, "kohde": {"oid": into}, "alkuPvm": day}


class WithMergers(Register):
    """A register in which an organisation has merged into another, and that into a third."""

    def __init__(self, *mergers: Any) -> None:
        super().__init__()
        self.tree |= MERGED
        self.mergers = said(list(mergers))

    async def told(self) -> Organisaatio:
        organisaatio = self.organisaatio()
        await organisaatio.mergers.load_due()
        return organisaatio


async def successions(organisaatio: Organisaatio, of: OrganisationOid) -> tuple[Succession, ...]:
    node = (await organisaatio.nodes([of])).answers[of].value
    assert node is not None
    return node.successions


async def test_a_school_of_a_merged_provider_tells_what_took_its_place_and_when() -> None:
    organisaatio = await WithMergers(merger(GONE, HEIR, "2026-01-01")).told()
    expected = (Succession(day=date(2026, 1, 1), line=(HEIR, OPH), provider_oid=HEIR),)
    assert await successions(organisaatio, GONE_SCHOOL) == expected
    assert await successions(organisaatio, GONE) == expected
    assert await successions(organisaatio, HEIR) == ()
    assert await successions(organisaatio, SITE) == ()


async def test_a_school_that_merged_into_a_school_stands_under_that_schools_provider_too() -> None:
    organisaatio = await WithMergers(merger(GONE_SCHOOL, HEIR_SCHOOL, 1_767_218_400_000)).told()
    assert await successions(organisaatio, GONE_SCHOOL) == (
        Succession(day=date(2026, 1, 1), line=(HEIR_SCHOOL, HEIR, OPH), provider_oid=HEIR),
    )


async def test_mergers_in_a_row_count_from_the_later_day_and_a_circle_ends() -> None:
    row = [merger(GONE, HEIR, "2026-01-01"), merger(HEIR, LAST, "2025-01-01"), merger(LAST, GONE, "2027-01-01")]
    organisaatio = await WithMergers(*row).told()
    assert await successions(organisaatio, GONE) == (
        Succession(day=date(2026, 1, 1), line=(HEIR, OPH), provider_oid=HEIR),
        Succession(day=date(2026, 1, 1), line=(LAST, OPH), provider_oid=LAST),
    )


@pytest.mark.parametrize(
    "bad",
    [
        7,
        {},
        merger(GONE, "x", "2026-01-01"),
        merger(GONE, GONE, "2026-01-01"),
        merger(GONE, HEIR, None),
        merger(GONE, HEIR, "pian"),
        {"kohde": {"oid": HEIR}, "alkuPvm": "2026-01-01"},
    ],
)
async def test_a_merger_that_cannot_be_read_is_none_and_costs_no_other(bad: Any) -> None:
    organisaatio = await WithMergers(bad, merger(GONE_SCHOOL, LAST, "2026-02-01")).told()
    (told,) = await successions(organisaatio, GONE_SCHOOL)
    assert told.provider_oid == LAST


async def test_a_successor_that_the_register_does_not_know_takes_over_nothing() -> None:
    register = WithMergers(merger(GONE, oid(77), "2026-01-01"))
    assert await successions(await register.told(), GONE) == ()


async def test_no_question_waits_for_the_mergers_and_without_them_nobody_takes_over() -> None:
    register = WithMergers(merger(GONE, HEIR, "2026-01-01"))
    organisaatio = register.organisaatio()
    assert await successions(organisaatio, GONE) == ()
    assert [request.method for request in register.port.sent] == ["POST"]


async def test_mergers_count_no_longer_than_the_tree_itself_when_they_cannot_be_asked() -> None:
    register = WithMergers(merger(GONE, HEIR, "2026-01-01"))
    organisaatio = await register.told()
    register.mergers, register.time = said({}, 503), 47 * HOUR
    await organisaatio.mergers.load_due()
    assert len(await successions(organisaatio, GONE)) == 1
    register.time = 48 * HOUR + 1
    await organisaatio.mergers.load_due()
    assert await successions(organisaatio, GONE) == ()


def left(child: str, day: object) -> dict[str, Any]:
    return {"alkuPvm": "2018-01-01", "loppuPvm": day, "child": {"oid": child}, "parent": {"oid": GONE}}


async def formerly(register: WithMergers, of: OrganisationOid) -> tuple[Former, ...]:
    """What is told once everything that the question missed has been loaded."""
    organisaatio = await register.told()
    await organisaatio.nodes([of])
    await organisaatio.histories.load_due()
    node = (await organisaatio.nodes([of])).answers[of].value
    assert node is not None
    return node.formerly


@pytest.mark.parametrize("day", ["2026-01-01", 1_767_218_400_000])
async def test_a_school_that_came_with_a_merger_tells_whose_it_was(day: object) -> None:
    register = WithMergers(merger(GONE, HEIR, "2026-01-01"))
    register.histories[GONE] = said({"childSuhteet": [left(HEIR_SCHOOL, day)], "parentSuhteet": []})
    assert await formerly(register, HEIR_SCHOOL) == (Former(provider_oid=GONE, until=date(2026, 1, 1)),)


async def test_a_school_that_was_always_the_successors_was_nobody_elses() -> None:
    register = WithMergers(merger(GONE, HEIR, "2026-01-01"))
    register.histories[GONE] = said({"childSuhteet": [left(oid(99), "2026-01-01")]})
    assert await formerly(register, HEIR_SCHOOL) == ()


async def test_a_school_that_went_to_somebody_else_than_the_successor_is_not_looked_at() -> None:
    register = WithMergers(merger(GONE, LAST, "2026-01-01"))
    assert await formerly(register, HEIR_SCHOOL) == ()
    assert not [each for each in register.port.sent if each.url.endswith("historia")]


@pytest.mark.parametrize(
    "bad",
    [
        said({}, 503),
        said({}),
        said([]),
        said({"childSuhteet": [7, {}, left("x", "2026-01-01"), left(HEIR_SCHOOL, None)]}),
    ],
)
async def test_a_history_that_cannot_be_read_tells_of_nobody_and_fails_no_question(bad: Incoming) -> None:
    register = WithMergers(merger(GONE, HEIR, "2026-01-01"))
    register.histories[GONE] = bad
    assert await formerly(register, HEIR_SCHOOL) == ()


async def test_the_sandboxes_register_tells_of_its_merged_provider() -> None:
    served = httpx.AsyncClient(transport=httpx.ASGITransport(organisation_app()))

    async def send(request: Outgoing) -> Incoming:
        answer = await served.request(request.method, request.url, headers=dict(request.headers), content=request.body)
        return Incoming(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    settings = OrganisaatioSettings(base_url="http://sandbox/organisaatio-service/api", caller_id="caller")
    organisaatio = Organisaatio(settings, Sending(send), StillClock())
    school = OrganisationOid(organisation("merged-adult").oid)
    await organisaatio.mergers.load_due()
    await organisaatio.nodes([school])
    await organisaatio.histories.load_due()
    node = (await organisaatio.nodes([school])).answers[school].value
    assert node is not None
    assert node.provider_oid == organisation("A").oid
    merged = OrganisationOid(organisation("merged").oid)
    assert node.formerly == (Former(provider_oid=merged, until=date(2026, 1, 1)),)


class Sending:
    """The HTTP port over a function."""

    def __init__(self, send: Callable[[Outgoing], Awaitable[Incoming]]) -> None:
        self._send = send

    async def send(self, request: Outgoing) -> Incoming:
        return await self._send(request)


async def test_a_name_is_told_without_a_call_once_it_is_known() -> None:
    register = Register()
    organisaatio = register.organisaatio()
    assert organisaatio.name(SITE) is None
    await organisaatio.nodes([SITE])
    assert organisaatio.name(SITE) == NAMED_SITE.organisation.name
    assert organisaatio.name(SCHOOL) is None, "the register gives it no name"

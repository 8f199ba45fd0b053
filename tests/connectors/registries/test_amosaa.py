"""AMOSAA: a local unit is its provider's, by a code of exactly four parts."""

from typing import Any

import pytest

from connectors.client import Incoming, Outgoing
from connectors.registries.amosaa import Amosaa, AmosaaSettings, local_code
from hoks.identifiers import OrganisationOid, with_check_digit
from hoks.values import Text
from tests.connectors.wires import PROVIDER, Port, said, silent

BASE = "https://amosaa.example/eperusteet-amosaa-service/api"
ANOTHER = OrganisationOid(with_check_digit("99", "9900000002"))
CODE = "1983"


def place(provider: str, **names: str) -> dict[str, Any]:
    text = {"id": 1, "nimi": {**names, "_id": "351821"}}
    return {
        "id": 2,
        "tekstiKappale": text,
        "owner": {"tila": "julkaistu", "koulutustoimija": {"organisaatio": provider}},
    }


class Register:
    """An AMOSAA with the same code at two providers."""

    def __init__(self) -> None:
        self.port = Port(self._answer)
        self.told = {
            f"paikallinen_tutkinnonosa_{PROVIDER}_{CODE}": [place(ANOTHER, fi="Lainattu"), place(PROVIDER, fi="Oma")],
            f"paikallinen_tutkinnonosa_{ANOTHER}_{CODE}": [7, {"owner": None}, place(ANOTHER, fi="Toinen", sv="Annan")],
        }

    def amosaa(self) -> Amosaa:
        return Amosaa(AmosaaSettings(base_url=BASE, caller_id="x.test"), self.port)

    def _answer(self, request: Outgoing) -> Incoming:
        assert request.url.startswith(f"{BASE}/julkinen/koodi/")
        return said(self.told.get(request.url.rpartition("/")[2], []))


async def name_of(register: Register, provider: OrganisationOid, code: str = CODE) -> Text | None:
    amosaa = register.amosaa()
    assert amosaa.unit(provider, code) is None
    for almanac in amosaa.almanacs:
        await almanac.load_due()
    return amosaa.unit(provider, code)


async def test_the_same_code_at_two_providers_is_two_units() -> None:
    assert await name_of(Register(), PROVIDER) == Text(fi="Oma")
    assert await name_of(Register(), ANOTHER) == Text(fi="Toinen", sv="Annan")


async def test_a_unit_that_nobody_knows_has_no_name() -> None:
    assert await name_of(Register(), PROVIDER, "7") is None


@pytest.mark.parametrize(
    "answer", [said({}), Incoming(status=200, body=b"<html>"), said([], 404), Incoming(status=204), said([], 500)]
)
async def test_an_answer_that_is_none_gives_no_name(answer: Incoming) -> None:
    register = Register()
    register.port.answer = lambda _: answer
    assert await name_of(register, PROVIDER) is None
    register.port.answer = silent
    assert await name_of(register, PROVIDER) is None


def test_a_four_part_code_is_a_provider_and_a_code() -> None:
    assert local_code(f"paikallinen_tutkinnonosa_{PROVIDER}_{CODE}") == (PROVIDER, CODE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "700001",
        f"paikallinen_tutkinnonosa_{PROVIDER}",
        f"paikallinen_tutkinnonosa_{PROVIDER}_a_b",
        f"paikallinen_tutkinnonosa_{PROVIDER}_",
        f"paikallinen_tutkinnonosa_{PROVIDER}_a/b",
        f"toinen_tutkinnonosa_{PROVIDER}_1",
        "paikallinen_tutkinnonosa_1.2.3_1",
    ],
)
def test_anything_else_is_free_text(text: str) -> None:
    assert local_code(text) is None

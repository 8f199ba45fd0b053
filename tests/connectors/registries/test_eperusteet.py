"""ePerusteet: the document that has just that number, the credits of that document, and no guess from another."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from connectors.client import Incoming, Outgoing
from connectors.registries.eperusteet import Eperusteet, EperusteetSettings
from hoks.ports import UnitLabel
from hoks.values import Text
from tests.connectors.wires import Port, said, silent

BASE = "https://eperusteet.example/eperusteet-service/api/external"
SERVICE = "tutkinnonosat_100001"
OTHER = "tutkinnonosat_100002"
NEW, OLD = "OPH-1-2026", "43/011/2014"
DAY = 24 * 3600.0


def unit(number: int, uri: str, **names: str) -> dict[str, Any]:
    return {"id": number, "koodiUri": uri, "nimi": {**names, "_id": "7"}, "kuvaus": None, "osaAlueet": []}


def document(identity: int, number: str, points: dict[int, Any], *units: Any, way: str = "reformi") -> dict[str, Any]:
    places = [{"_tutkinnonOsa": str(each), "laajuus": extent, "jarjestys": 1} for each, extent in points.items()]
    return {
        "id": identity,
        "diaarinumero": number,
        "muokattu": 1_700_000_000_000 + identity,
        "nimi": {"fi": f"Perusteet {number}", "_id": "1"},
        "suoritustavat": [{"suoritustapakoodi": way, "tutkinnonOsaViitteet": places, "rakenne": None}],
        "tutkinnonOsat": list(units),
    }


NEWER = document(11, NEW, {1: 30.0, 2: 15}, unit(1, SERVICE, fi="Palvelu", sv="Service"), unit(2, OTHER, fi="Muu"))
OLDER = document(9, OLD, {5: 25}, unit(5, SERVICE, fi="Palvelu ennen"))
PARTLY = document(13, f"{NEW}-1", {6: 1}, unit(6, SERVICE, fi="Väärä"))


class Register:
    """An ePerusteet with three documents, of which one number holds another's."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.documents = documents or (PARTLY, NEWER, OLDER)
        self.port = Port(self._answer)
        self.time = 0.0

    def eperusteet(self, *numbers: str) -> Eperusteet:
        settings = EperusteetSettings(base_url=BASE, caller_id="x.test", register_numbers=numbers)
        return Eperusteet(settings, self.port, seconds=lambda: self.time)

    @property
    def asked(self) -> list[str]:
        return [request.url.removeprefix(BASE) for request in self.port.sent]

    def _answer(self, request: Outgoing) -> Incoming:
        parts = urlsplit(request.url)
        if parts.path.endswith("/perusteet"):
            query = {key: value for key, (value,) in parse_qs(parts.query).items()}
            assert query["poistuneet"] == "true"
            size, page = int(query["sivukoko"]), int(query["sivu"])
            found = [each for each in self.documents if query["diaarinumero"] in each["diaarinumero"]]
            return said({"data": found[page * size : (page + 1) * size], "sivu": page})
        last = parts.path.rpartition("/")[2]
        if last.startswith("tutkinnonosat_"):
            held = [each for every in self.documents for each in every["tutkinnonOsat"] if each["koodiUri"] == last]
            return said(held[0]) if held else Incoming(status=404, body=b'{"syy":"ei ole"}')
        return next(said(each) for each in self.documents if str(each["id"]) == last)


async def load(eperusteet: Eperusteet) -> None:
    for almanac in eperusteet.almanacs:
        await almanac.load_due()


async def loaded(register: Register, *numbers: str) -> Eperusteet:
    eperusteet = register.eperusteet(*numbers)
    await load(eperusteet)
    return eperusteet


async def test_the_same_unit_code_has_the_credits_and_name_of_the_document_it_is_studied_by() -> None:
    eperusteet = await loaded(Register(), NEW, OLD)
    assert eperusteet.unit(NEW, SERVICE) == UnitLabel(name=Text(fi="Palvelu", sv="Service"), competence_points=30)
    assert eperusteet.unit(OLD, SERVICE) == UnitLabel(name=Text(fi="Palvelu ennen"), competence_points=25)
    assert eperusteet.requirements(OLD) == Text(fi=f"Perusteet {OLD}")


async def test_a_number_that_is_found_in_part_is_another_document() -> None:
    register = Register()
    eperusteet = await loaded(register, NEW, "OPH-1")
    assert eperusteet.unit(NEW, SERVICE) != eperusteet.unit(f"{NEW}-1", SERVICE)
    assert eperusteet.requirements("OPH-1") is None
    assert register.asked == [
        "/perusteet?diaarinumero=OPH-1-2026&poistuneet=true&sivu=0&sivukoko=50",
        "/peruste/11",
        "/perusteet?diaarinumero=OPH-1&poistuneet=true&sivu=0&sivukoko=50",
    ]


async def test_slashes_of_an_old_number_stay_within_the_question() -> None:
    register = Register()
    await loaded(register, OLD)
    assert register.asked[0].startswith("/perusteet?diaarinumero=43%2F011%2F2014&")


async def test_the_document_is_found_on_a_later_page() -> None:
    crowd = [document(100 + each, f"{NEW}-{each}", {}) for each in range(60)]
    register = Register(*crowd, NEWER)
    assert (await loaded(register, NEW)).requirements(NEW) == Text(fi=f"Perusteet {NEW}")
    assert [each.rpartition("poistuneet=true")[2] for each in register.asked] == [
        "&sivu=0&sivukoko=50",
        "&sivu=1&sivukoko=50",
        "/peruste/11",
    ]


async def test_of_two_documents_with_one_number_the_newer_counts() -> None:
    again = document(12, NEW, {1: 35}, unit(1, SERVICE, fi="Palvelu nyt"))
    eperusteet = await loaded(Register(again, NEWER), NEW)
    label = eperusteet.unit(NEW, SERVICE)
    assert label is not None
    assert label.competence_points == 35


async def test_a_document_that_a_plan_names_is_read_later_and_kept() -> None:
    register = Register()
    eperusteet = await loaded(register)
    assert eperusteet.unit(NEW, SERVICE) is None
    await load(eperusteet)
    assert eperusteet.unit(NEW, SERVICE) is not None
    assert eperusteet.unit(NEW, OTHER) is not None
    assert len(register.port.sent) == 2


async def test_a_unit_that_its_document_does_not_have_is_not_taken_from_another() -> None:
    eperusteet = await loaded(Register(), NEW, OLD)
    assert eperusteet.unit(OLD, OTHER) is None


async def test_by_the_code_alone_the_newest_is_marked_and_has_no_credits() -> None:
    register = Register()
    eperusteet = await loaded(register, NEW)
    assert eperusteet.unit(None, OTHER) is None
    await load(eperusteet)
    assert eperusteet.unit(None, OTHER) == UnitLabel(name=Text(fi="Muu"), is_newest_of_code=True)
    assert register.asked[-1] == f"/peruste/tutkinnonosa/{OTHER}"
    eperusteet.unit(None, "tutkinnonosat_999999")
    await load(eperusteet)
    assert eperusteet.unit(None, "tutkinnonosat_999999") is None


@pytest.mark.parametrize("number", ["", "x", "a b", "../x", "OPH-1?x=1", "é" * 10, "A" * 41])
async def test_what_cannot_be_a_register_number_is_not_asked_for(number: str) -> None:
    register = Register()
    eperusteet = register.eperusteet()
    assert eperusteet.unit(number, SERVICE) is None
    assert eperusteet.requirements(number) is None
    assert eperusteet.unit(None, f"{number}/../x") is None
    await load(eperusteet)
    assert register.port.sent == []


@pytest.mark.parametrize(
    ("ways", "points"),
    [
        ([("reformi", 30.0, None)], 30.0),
        ([("ops", 20, None), ("naytto", 20, None)], 20.0),
        ([("ops", 20, None), ("naytto", 25, None)], None),
        ([("ops", 20, None), ("reformi", 25, None)], 25.0),
        ([("reformi", 5, 30)], None),
        ([("reformi", None, None)], None),
        ([("reformi", "x", None)], None),
    ],
)
async def test_credits_are_told_only_where_the_document_says_one_figure(
    ways: list[tuple[str, Any, Any]], points: float | None
) -> None:
    told = [
        {
            "suoritustapakoodi": way,
            "tutkinnonOsaViitteet": [{"_tutkinnonOsa": "1", "laajuus": least, "laajuusMaksimi": most}],
        }
        for way, least, most in ways
    ]
    eperusteet = await loaded(Register({**NEWER, "suoritustavat": told}), NEW)
    label = eperusteet.unit(NEW, SERVICE)
    assert label is not None
    assert label.competence_points == points


async def test_one_bad_unit_never_loses_the_others() -> None:
    broken = [7, "x", {"id": "z", "nimi": 3}, {"koodi": {"uri": OTHER}, "nimi": {"fi": "Koodista"}}]
    eperusteet = await loaded(Register({**NEWER, "tutkinnonOsat": [*broken, *NEWER["tutkinnonOsat"][:1]]}), NEW)
    assert eperusteet.unit(NEW, SERVICE) is not None
    assert eperusteet.unit(NEW, OTHER) == UnitLabel(name=Text(fi="Koodista"))


async def test_another_document_than_was_asked_for_is_no_answer() -> None:
    register = Register()
    usual = register.port.answer
    register.port.answer = lambda request: said(OLDER) if request.url.endswith("/peruste/11") else usual(request)
    assert (await loaded(register, NEW)).unit(NEW, SERVICE) is None


@pytest.mark.parametrize(
    "answer", [Incoming(status=200, body=b"<html>"), said([]), said({}, 503), Incoming(status=204), said({}, 404)]
)
async def test_a_register_that_gives_no_answer_costs_nothing_that_is_known(answer: Incoming) -> None:
    register = Register()
    eperusteet = await loaded(register, NEW)
    register.port.answer, register.time = lambda _: answer, DAY
    await load(eperusteet)
    assert eperusteet.unit(NEW, SERVICE) is not None
    register.port.answer, register.time = silent, 2 * DAY
    await load(eperusteet)
    assert eperusteet.unit(NEW, SERVICE) is not None


async def test_a_document_that_is_no_more_has_no_units_after_a_day() -> None:
    register = Register()
    eperusteet = await loaded(register, NEW)
    register.documents, register.time = (OLDER,), DAY
    await load(eperusteet)
    assert eperusteet.unit(NEW, SERVICE) is None


def test_a_document_may_be_larger_than_other_answers() -> None:
    settings = EperusteetSettings(base_url=BASE, caller_id="x")
    assert settings.max_bytes == 10_000_000
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"base_url": BASE, "caller_id": "x", "max_bytes": 200_000_000}, EperusteetSettings)

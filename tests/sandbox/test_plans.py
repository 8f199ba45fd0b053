"""The plans are whole: every field of the model is filled somewhere, and what the plan says fits together."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

import orjson
import pytest

from sandbox import BUSINESS_DAY
from sandbox.parts import Json
from sandbox.plans import LISTS
from sandbox.world import Plan, World

UNIT = {"vaatimuksista-tai-tavoitteista-poikkeaminen", "koulutuksen-jarjestaja-oid", "olennainen-seikka", "module-id"}
PLANNED = {*UNIT, "osaamisen-hankkimistavat", "osaamisen-osoittaminen", "opetus-ja-ohjaus-maara"}
VERIFIED = {
    "valittu-todentamisen-prosessi-koodi-uri",
    "valittu-todentamisen-prosessi-koodi-versio",
    "tarkentavat-tiedot-naytto",
    "tarkentavat-tiedot-osaamisen-arvioija",
}
CODED = {"tutkinnon-osa-koodi-uri", "tutkinnon-osa-koodi-versio"}
SUBAREA = {"osa-alue-koodi-uri", "osa-alue-koodi-versio"}
SCHOOL_PERSON = {"nimi", "rooli", "oppilaitos-oid"}
LOCAL = {"amosaa-tunniste", "nimi", "laajuus", "tavoitteet-ja-sisallot"}

# Every object of the model with all its fields, by the way that leads to it. Lists are gone through.
MODEL: dict[str, set[str]] = {
    "": {
        "id", "eid", "oppija-oid", "sahkoposti", "puhelinnumero", "opiskeluoikeus-oid", "tuva-opiskeluoikeus-oid",
        "urasuunnitelma-koodi-uri", "urasuunnitelma-koodi-versio", "versio", "ensikertainen-hyvaksyminen", "hyvaksytty",
        "paivitetty", "osaamisen-saavuttamisen-pvm", "osaamisen-hankkimisen-tarve", "manuaalisyotto", *LISTS,
    },
    "hankittavat-ammat-tutkinnon-osat": {*PLANNED, *CODED, "tutkinnon-osan-perusteen-diaarinro"},
    "hankittavat-paikalliset-tutkinnon-osat": {*PLANNED, *LOCAL},
    "hankittavat-yhteiset-tutkinnon-osat": {*CODED, "module-id", "osa-alueet", "koulutuksen-jarjestaja-oid"},
    "hankittavat-yhteiset-tutkinnon-osat/osa-alueet": {*PLANNED, *SUBAREA},
    "aiemmin-hankitut-ammat-tutkinnon-osat": {*UNIT, *CODED, *VERIFIED, "tutkinnon-osan-perusteen-diaarinro"},
    "aiemmin-hankitut-paikalliset-tutkinnon-osat": {*UNIT, *LOCAL, *VERIFIED},
    "aiemmin-hankitut-yhteiset-tutkinnon-osat": {
        *CODED, *VERIFIED, "module-id", "osa-alueet", "koulutuksen-jarjestaja-oid",
    },
    "aiemmin-hankitut-yhteiset-tutkinnon-osat/osa-alueet": {*UNIT, *SUBAREA, *VERIFIED},
    "aiemmin-hankitut-ammat-tutkinnon-osat/tarkentavat-tiedot-osaamisen-arvioija": {
        "lahetetty-arvioitavaksi", "aiemmin-hankitun-osaamisen-arvioijat",
    },
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat": {
        "module-id", "yksiloiva-tunniste", "alku", "loppu", "ajanjakson-tarkenne", "osaamisen-hankkimistapa-koodi-uri",
        "osaamisen-hankkimistapa-koodi-versio", "jarjestajan-edustaja", "hankkijan-edustaja",
        "tyopaikalla-jarjestettava-koulutus", "muut-oppimisymparistot", "osa-aikaisuustieto",
        "oppisopimuksen-perusta-koodi-uri", "oppisopimuksen-perusta-koodi-versio", "keskeytymisajanjaksot",
    },
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat/hankkijan-edustaja": SCHOOL_PERSON,
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat/jarjestajan-edustaja": SCHOOL_PERSON,
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat/muut-oppimisymparistot": {
        "oppimisymparisto-koodi-uri", "oppimisymparisto-koodi-versio", "alku", "loppu",
    },
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat/keskeytymisajanjaksot": {"alku", "loppu"},
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat/tyopaikalla-jarjestettava-koulutus": {
        "vastuullinen-tyopaikka-ohjaaja", "tyopaikan-nimi", "tyopaikan-y-tunnus", "keskeiset-tyotehtavat",
    },
    "hankittavat-ammat-tutkinnon-osat/osaamisen-hankkimistavat/tyopaikalla-jarjestettava-koulutus"
    "/vastuullinen-tyopaikka-ohjaaja": {"nimi", "sahkoposti", "puhelinnumero"},
    "hankittavat-ammat-tutkinnon-osat/osaamisen-osoittaminen": {
        "module-id", "alku", "loppu", "jarjestaja", "osa-alueet", "nayttoymparisto", "sisallon-kuvaus",
        "koulutuksen-jarjestaja-osaamisen-arvioijat", "tyoelama-osaamisen-arvioijat",
        "vaatimuksista-tai-tavoitteista-poikkeaminen", "yksilolliset-kriteerit",
    },
    "hankittavat-ammat-tutkinnon-osat/osaamisen-osoittaminen/nayttoymparisto": {"nimi", "y-tunnus", "kuvaus"},
    "hankittavat-ammat-tutkinnon-osat/osaamisen-osoittaminen/jarjestaja": {"oppilaitos-oid"},
    "hankittavat-ammat-tutkinnon-osat/osaamisen-osoittaminen/osa-alueet": {"koodi-uri", "koodi-versio"},
    "hankittavat-ammat-tutkinnon-osat/osaamisen-osoittaminen/tyoelama-osaamisen-arvioijat/organisaatio": {
        "nimi", "y-tunnus",
    },
    "opiskeluvalmiuksia-tukevat-opinnot": {"nimi", "kuvaus", "alku", "loppu"},
    "oppimisen-tuki": {"oppimisen-tuen-tyyppi-koodi-uri", "alku", "loppu", "tutkinnon-osan-tyyppi-koodi-uri"},
    "hankittavat-koulutuksen-osat": {
        "koulutuksen-osa-koodi-uri", "koulutuksen-osa-koodi-versio", "alku", "loppu", "laajuus",
    },
}  # fmt: skip


def cast_plans(world: World) -> list[Plan]:
    return [p for p in world.plans if p.right.person.shows]


def filled(part: Any, way: str, found: defaultdict[str, set[str]]) -> None:
    if isinstance(part, list):
        for item in part:
            filled(item, way, found)
    elif isinstance(part, dict):
        for key, value in part.items():
            if value not in (None, "", [], {}):
                found[way].add(key)
            filled(value, f"{way}/{key}".lstrip("/"), found)


@pytest.fixture(scope="module")
def fields(world: World) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for plan in cast_plans(world):
        filled(plan.document, "", found)
    return found


@pytest.mark.parametrize("way", MODEL)
def test_every_field_of_the_model_is_filled_somewhere_in_the_cast_and_no_other(
    way: str, fields: defaultdict[str, set[str]]
) -> None:
    assert fields[way] == MODEL[way]


def test_provider_a_alone_fills_all_nine_lists(world: World) -> None:
    full = {name for p in world.plans_of("A") for name in LISTS if p.document[name]}
    assert full == set(LISTS)
    assert all(set(LISTS) <= p.document.keys() for p in world.plans)


def test_plans_of_the_cast_weigh_ten_to_forty_kilobytes(world: World) -> None:
    weights = [len(orjson.dumps(p.document)) for p in cast_plans(world) if p.right.type != "tuva"]
    assert min(weights) > 10_000
    assert max(weights) < 40_000


def test_prior_competence_is_verified_in_every_way(world: World) -> None:
    ways = {
        unit.get("valittu-todentamisen-prosessi-koodi-uri", "none")[-4:]
        for p in cast_plans(world)
        for unit in p.document["aiemmin-hankitut-ammat-tutkinnon-osat"]
    }
    assert ways == {"0001", "0002", "0003", "none"}


def periods(plan: Json) -> list[Json]:
    units = plan["hankittavat-ammat-tutkinnon-osat"] + plan["hankittavat-paikalliset-tutkinnon-osat"]
    units += [s for u in plan["hankittavat-yhteiset-tutkinnon-osat"] for s in u["osa-alueet"]]
    return [period for unit in units for period in unit["osaamisen-hankkimistavat"]]


def test_periods_lie_within_the_studies_and_their_interruptions_within_them(world: World) -> None:
    for plan in world.plans:
        for period in periods(plan.document):
            assert plan.right.start.isoformat() <= period["alku"] <= period["loppu"]
            gaps = period.get("keskeytymisajanjaksot", [])
            assert all("loppu" in gap for gap in gaps[:-1])
            assert all(a["loppu"] < b["alku"] for a, b in pairwise(gaps))
            assert all(period["alku"] <= gap["alku"] <= gap.get("loppu", "9") for gap in gaps)


def test_keys_of_workplace_periods_are_unique_within_a_plan(world: World) -> None:
    for plan in world.plans:
        keys = [p["yksiloiva-tunniste"] for p in periods(plan.document) if "yksiloiva-tunniste" in p]
        assert len(keys) == len(set(keys))


def test_contacts_of_instructors_are_wiped_three_months_after_the_period(world: World) -> None:
    seen = set()
    for plan in cast_plans(world):
        for period in periods(plan.document):
            work = period.get("tyopaikalla-jarjestettava-koulutus")
            if work:
                kept = "sahkoposti" in work["vastuullinen-tyopaikka-ohjaaja"]
                assert kept == (period["loppu"] >= "2026-07-05")
                seen.add(kept)
    assert seen == {True, False}


def test_a_running_plan_has_somebody_at_a_workplace_today(world: World) -> None:
    today = BUSINESS_DAY.isoformat()
    running = [p for p in cast_plans(world) if p.right.person.number in {1, 3, 5, 7} and not p.copied]
    for plan in running:
        assert any(
            period["alku"] <= today <= period["loppu"] and "tyopaikalla-jarjestettava-koulutus" in period
            for period in periods(plan.document)
        )


def test_remedial_teaching_has_dates_and_other_support_has_none(world: World) -> None:
    for plan in world.plans:
        for support in plan.document["oppimisen-tuki"]:
            assert ("alku" in support) == support["oppimisen-tuen-tyyppi-koodi-uri"].endswith("_01")

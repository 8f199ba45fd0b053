"""The nightly files of providers B and C hold what their manifests say, each in its own way of writing."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest

from sandbox.cast import Letter
from sandbox.dialects import DIALECTS
from sandbox.drop import drop, write_drop
from sandbox.rows import TABLES
from sandbox.world import World, build_world

HEADERS: dict[Letter, dict[str, str]] = {
    "A": {
        "people.csv": "key;oid",
        "nimitykset.csv": "henkilo_oid;laji;oo_oid;oppijanumero;tunniste;naytto_koodi;alku;loppu;ymparisto",
        "ryhmat.csv": "henkilo_oid;rooli;opiskelija;ryhma",
    },
    "B": {
        "nimitykset.csv": "henkilo_oid;laji;oo_oid;oppijanumero;tunniste;naytto_koodi;alku;loppu;ymparisto",
        "ryhmat.csv": "henkilo_oid;rooli;opnro;ryhma",
        "opiskelijat.csv": "opnro;oppijanumero;sukunimi;etunimet;ryhma",
        "keskeytykset.csv": "jakso_id;alku;loppu",
        "naytot.csv": "naytto_id;osa_id;aiempi_id;alku;loppu;jarjestaja_oid;osa_alueet;ymparisto;ymparisto_ytunnus;"
        "ymparisto_kuvaus;sisalto;poikkeaminen;kriteerit",
        "arvioijat.csv": "naytto_id;aiempi_id;laji;nimi;org_oid;org_nimi;org_ytunnus",
    },
    "C": {
        "appointments.csv": "person_oid,kind,right_oid,learner_oid,part,unit,start,end,place",
        "roles.csv": "person_oid,role,student_no,group",
        "people.csv": "student_no,learner_oid,last_name,first_names",
        "breaks.csv": "period_no,start,end",
        "environments.csv": "period_no,code,start,end",
        "assessors.csv": "demo_no,prior_no,kind,name,org_oid,org_name,org_id",
    },
}


def read(content: bytes, letter: Letter) -> list[dict[str, str]]:
    dialect = DIALECTS[letter]
    text = io.StringIO(content.decode(dialect.encoding), newline="")
    return list(csv.DictReader(text, delimiter=dialect.delimiter, strict=True))


@pytest.fixture(scope="module")
def b(world: World) -> dict[str, bytes]:
    return drop(world, "B")


@pytest.fixture(scope="module")
def c(world: World) -> dict[str, bytes]:
    return drop(world, "C")


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_the_manifest_counts_and_hashes_every_file(letter: Letter, world: World) -> None:
    files = drop(world, letter)
    keys = DIALECTS[letter].manifest
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest[keys.complete] is True
    assert manifest[keys.snapshot_at] == "2026-10-05T02:10:00+03:00"
    assert manifest[keys.files].keys() == files.keys()
    for name, content in files.items():
        told = manifest[keys.files][name]
        assert told[keys.sha256] == hashlib.sha256(content).hexdigest()
        assert told[keys.rows] == len(read(content, letter)) > 0


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_the_same_seed_makes_the_same_bytes(letter: Letter, world: World) -> None:
    assert drop(build_world(), letter) == drop(world, letter)


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_headers_are_as_agreed(letter: Letter, world: World) -> None:
    files, dialect = drop(world, letter), DIALECTS[letter]
    for name, header in HEADERS[letter].items():
        assert files[name].decode(dialect.encoding).split(dialect.line_end)[0] == header


def test_bs_files_are_windows_1252_and_not_utf_8(b: dict[str, bytes]) -> None:
    text = b["jaksot.csv"]
    assert all(letter.encode("cp1252") in text for letter in "åäö–")
    with pytest.raises(UnicodeDecodeError):
        text.decode("utf-8")
    assert text.count(b"\r\n") == text.count(b"\n")


def test_b_writes_dates_numbers_and_codes_in_its_own_way(b: dict[str, bytes]) -> None:
    rights, units = read(b["opinto_oikeudet.csv"], "B"), read(b["osat.csv"], "B")
    plans, periods = read(b["hoks.csv"], "B"), read(b["jaksot.csv"], "B")
    assert {"L", "K", "E"} <= {r["tila"] for r in rights} <= {"L", "LO", "K", "V", "E", "M", "P", "KE"}
    assert {r["tyyppi"] for r in rights} == {"AMM", "TUVA"}
    assert next(r for r in rights if r["tila"] == "K")["tila_alku"] == "1.9.2026"
    assert {u["laji"] for u in units} == {"AMM", "PAIK", "YTO", "YTOOSA", "TUVA", "OPVA", "TUKI"}
    assert "112,5" in {u["ohjaus_h"] for u in units}
    assert all(u["koodi"].startswith("109") for u in units if u["laji"] == "AMM")
    assert "vvai22" in {u["koodi"] for u in units}
    assert {p["urasuunnitelma"] for p in plans} <= {"0001", "0002", "0003"}
    assert {p["tapa"] for p in periods} == {"KOSO", "OPSO", "OPPIL"}
    assert any(" | " in p["tehtavat"] for p in periods)


def test_c_writes_swedish_in_utf_8_with_whole_codes(c: dict[str, bytes]) -> None:
    units, plans, periods = read(c["units.csv"], "C"), read(c["plans.csv"], "C"), read(c["periods.csv"], "C")
    rights = read(c["enrolments.csv"], "C")
    assert {"active", "holiday", "void"} <= {r["status"] for r in rights}
    assert {u["kind"] for u in units} == {
        "vocational", "local", "common", "subarea", "preparatory", "study_skills", "support",
    }  # fmt: skip
    assert all(u["code"].startswith("tutkinnonosat_") for u in units if u["kind"] == "vocational")
    assert all(p["updated_at"].endswith(("+02:00", "+03:00")) for p in plans)
    assert {p["mode"] for p in periods} == {"agreement", "apprenticeship", "school"}
    assert any("Före perioden" in p["detail"] for p in periods)
    assert "\n" not in DIALECTS["C"].list_separator


def test_list_values_never_hold_their_own_separator(world: World) -> None:
    for letter, dialect in DIALECTS.items():
        if "plans" not in dialect.tables:
            continue
        for plan in world.plans_of(letter):
            texts = [
                text
                for unit in plan.document["hankittavat-ammat-tutkinnon-osat"]
                for shown in unit["osaamisen-osoittaminen"]
                for text in [*shown["sisallon-kuvaus"], *shown.get("yksilolliset-kriteerit", [])]
            ]
            assert not any(dialect.list_separator in text for text in texts)


def test_an_ended_right_has_one_row_per_status_period(b: dict[str, bytes], world: World) -> None:
    oid = world.cast_right(3, "b").oid
    rows = [r for r in read(b["opinto_oikeudet.csv"], "B") if r["oo_oid"] == oid]
    assert [(r["tila"], r["tila_alku"], r["tila_loppu"]) for r in rows] == [
        ("L", "2.9.2024", "29.9.2025"),
        ("E", "30.9.2025", ""),
    ]


def test_b_knows_two_persons_by_a_slave_and_one_by_no_oid_at_all(b: dict[str, bytes], world: World) -> None:
    oids = [r["oppijanumero"] for r in read(b["opiskelijat.csv"], "B")]
    slaves = {world.cast_right(n, "b").person.slaves[0] for n in (2, 15)}
    assert slaves <= set(oids)
    assert oids.count("") == 1


def test_bs_copy_of_as_plan_is_filed_under_the_right_and_not_under_an_own_row(
    b: dict[str, bytes], world: World
) -> None:
    rows = read(b["hoks.csv"], "B")
    copies = [r for r in rows if r["oo_oid"]]
    assert [r["oo_oid"] for r in copies] == [world.cast_right(2, "a").oid]
    assert all(bool(r["oo_id"]) != bool(r["oo_oid"]) for r in rows)


def test_cs_drop_still_lists_the_annulled_right_and_its_plan(c: dict[str, bytes], world: World) -> None:
    rows = [r for r in read(c["enrolments.csv"], "C") if r["right_oid"] == world.cast_right(6, "c").oid]
    assert [r["status"] for r in rows] == ["active", "void"]
    assert rows[0]["enrolment_no"] in {p["enrolment_no"] for p in read(c["plans.csv"], "C")}


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_every_key_that_a_row_points_at_exists(letter: Letter, world: World) -> None:
    dialect, files = DIALECTS[letter], drop(world, letter)
    rows = {name: read(files[table.file], letter) for name, table in dialect.tables.items()}
    keys = {
        name: {row[dialect.tables[name].columns["key"]] for row in rows[name]}
        for name in TABLES
        if name in rows and "key" in dialect.tables[name].columns
    }
    pointers = {
        "person_key": ("people",), "right_key": ("rights",), "plan_key": ("plans",), "unit_key": ("units",),
        "period_key": ("periods",), "demonstration_key": ("demonstrations",), "prior_key": ("prior_units",),
        "parent_key": ("units", "prior_units"),
    }  # fmt: skip
    for name, table in dialect.tables.items():
        for pointer, targets in pointers.items():
            if pointer in table.columns:
                known = set().union(*(keys[target] for target in targets))
                pointed = {row[table.columns[pointer]] for row in rows[name]} - {""}
                assert pointed <= known


def test_a_drop_lands_whole_and_may_be_written_again(tmp_path: Path, world: World) -> None:
    for _ in range(2):
        write_drop(world, "B", tmp_path / "b")
        assert {f.name for f in (tmp_path / "b").iterdir()} == drop(world, "B").keys()
    assert list(drop(world, "B"))[-1] == "manifest.json"

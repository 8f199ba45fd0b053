import logging
from pathlib import Path

import pytest

from connectors.table.plans import read_plans
from connectors.table.rights import learners_of, rows_by_person, study_rights
from connectors.table.settings import TableSettings
from connectors.table.snapshot import Snapshot, take_snapshot
from hoks.identifiers import LearnerOid, StudyRightOid, with_check_digit
from hoks.plan import Hoks
from hoks.study_right import Phase, StudyRight, phase_on
from tests.connectors.table.drops import (
    AINO,
    EERO,
    RIGHT_1,
    RIGHT_2,
    RIGHT_3,
    Files,
    FixedClock,
    of,
    settings_for,
    write_drop,
)

SECRET_NAME = "Salanimi Tuntematon"


def two_students() -> dict[str, list[dict[str, str]]]:
    """Two students with a plan each, both with a unit, a period and a demonstration."""
    return {
        "opiskelijat.csv": [of(opnro="1", oppijanumero=AINO), of(opnro="2", oppijanumero=EERO)],
        "opinto_oikeudet.csv": [
            of(oo_id="11", opnro="1", oo_oid=RIGHT_1, tila="L", tila_alku="17.8.2024"),
            of(oo_id="12", opnro="2", oo_oid=RIGHT_2, tila="L", tila_alku="17.8.2024"),
        ],
        "hoks.csv": [of(hoks_id="21", oo_id="11"), of(hoks_id="22", oo_id="12")],
        "osat.csv": [
            of(osa_id="31", hoks_id="21", laji="AMM", koodi="101"),
            of(osa_id="32", hoks_id="22", laji="AMM", koodi="102"),
        ],
        "jaksot.csv": [
            of(jakso_id="41", osa_id="31", tyopaikka="Ainon työpaikka"),
            of(jakso_id="42", osa_id="32", tyopaikka="Eeron työpaikka"),
        ],
        "keskeytykset.csv": [of(jakso_id="41", alku="1.9.2026"), of(jakso_id="42", alku="2.9.2026")],
        "naytot.csv": [
            of(naytto_id="51", osa_id="31", ymparisto="Ainon näyttö"),
            of(naytto_id="52", osa_id="32", ymparisto="Eeron näyttö"),
        ],
        "arvioijat.csv": [
            of(naytto_id="51", laji="J", nimi="Ainon arvioija"),
            of(naytto_id="52", laji="J", nimi="Eeron arvioija"),
        ],
    }


def taken(folder: Path, files: Files) -> tuple[Snapshot, TableSettings]:
    settings = write_drop(folder, "b", files)
    return take_snapshot(settings), settings


def plan_of(folder: Path, files: Files, right: StudyRightOid) -> Hoks:
    snapshot, settings = taken(folder, files)
    (plan,) = read_plans(snapshot, [right], settings)[right]
    return plan


def rights_of(folder: Path, files: Files, person: LearnerOid) -> tuple[StudyRight, ...]:
    snapshot, settings = taken(folder, files)
    return study_rights(rows_by_person(snapshot, [person]).get(person, []), settings)


def words_of(plan: Hoks) -> str:
    return repr(plan)


def test_each_plan_holds_its_own_rows(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, two_students(), RIGHT_1)
    (unit,) = plan.planned_vocational_units or ()
    (period,) = unit.acquisitions or ()
    (shown,) = unit.demonstrations or ()
    assert period.workplace_learning is not None
    assert period.workplace_learning.workplace_name == "Ainon työpaikka"
    assert len(period.interruptions or ()) == 1
    assert [assessor.name for assessor in shown.provider_assessors or ()] == ["Ainon arvioija"]


# --- keys that lead to two owners -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "row", "lost"),
    [
        ("opiskelijat.csv", of(opnro="2", oppijanumero=AINO), "right"),
        ("opiskelijat.csv", of(opnro="2", oppijanumero=""), "right"),
        ("opinto_oikeudet.csv", of(oo_id="12", opnro="1", oo_oid=RIGHT_3, tila="L", tila_alku="1.1.2025"), "plan"),
        ("hoks.csv", of(hoks_id="22", oo_id="11"), "units"),
        ("osat.csv", of(osa_id="32", hoks_id="21", laji="PAIK"), "periods"),
        ("jaksot.csv", of(jakso_id="42", osa_id="31"), "interruptions"),
        ("naytot.csv", of(naytto_id="52", osa_id="31"), "assessors"),
    ],
)
def test_what_hangs_on_a_key_of_two_owners_reaches_neither(
    tmp_path: Path, file: str, row: dict[str, str], lost: str
) -> None:
    files = two_students()
    files[file].append(row)
    snapshot, settings = taken(tmp_path, files)
    aino = repr(study_rights(rows_by_person(snapshot, [AINO]).get(AINO, []), settings))
    aino += repr(read_plans(snapshot, [RIGHT_1, RIGHT_3], settings))
    eero = repr(study_rights(rows_by_person(snapshot, [EERO]).get(EERO, []), settings))
    eero_plans = read_plans(snapshot, [RIGHT_2], settings)
    assert "Eeron" not in aino
    assert RIGHT_2 not in aino
    assert "Ainon" not in repr(eero_plans)
    left = {
        "right": RIGHT_2 in eero,
        "plan": bool(eero_plans),
        "units": "tutkinnonosat_102" in repr(eero_plans),
        "periods": "Eeron työpaikka" in repr(eero_plans),
        "interruptions": "datetime.date(2026, 9, 2)" in repr(eero_plans),
        "assessors": "Eeron arvioija" in repr(eero_plans),
    }
    assert not left[lost]
    assert snapshot.left_out[_table_of(settings, file), "rows share a key but not its owner"] == 2


def _table_of(settings: TableSettings, file: str) -> str:
    return next(name for name, table in settings.tables.items() if table.file == file)


def test_a_demonstration_of_two_owners_reaches_neither(tmp_path: Path) -> None:
    files = two_students() | {"aiemmat.csv": [of(aiempi_id="61", hoks_id="21", laji="AMM", koodi="103")]}
    files["naytot.csv"][1]["aiempi_id"] = "61"
    snapshot, settings = taken(tmp_path, files)
    assert "Eeron näyttö" not in repr(read_plans(snapshot, [RIGHT_1, RIGHT_2], settings))
    assert snapshot.left_out["demonstrations", "rows of an unknown unit"] == 1


def test_a_plan_that_names_two_rights_belongs_to_neither(tmp_path: Path) -> None:
    files = two_students()
    files["hoks.csv"][0]["oo_oid"] = RIGHT_2
    snapshot, settings = taken(tmp_path, files)
    assert RIGHT_1 not in read_plans(snapshot, [RIGHT_1, RIGHT_2], settings)
    assert snapshot.left_out["plans", "rows without one right that has an OID"] == 1


def test_a_status_row_without_an_oid_belongs_to_the_right_of_its_key(tmp_path: Path) -> None:
    files = two_students()
    files["opinto_oikeudet.csv"].append(of(oo_id="11", opnro="1", oo_oid="", tila="E", tila_alku="1.5.2026"))
    (right,) = rights_of(tmp_path, files, AINO)
    assert phase_on(right, FixedClock().today()) is Phase.ENDED


# --- rows that are left out -----------------------------------------------------------------------------------


def test_a_row_that_is_repeated_in_full_is_one_row(tmp_path: Path) -> None:
    files = two_students()
    once = words_of(plan_of(tmp_path, files, RIGHT_1))
    twice = {file: [*rows, *rows] for file, rows in files.items()}
    assert words_of(plan_of(tmp_path, twice, RIGHT_1)) == once


def test_orphans_are_counted_and_shown_nowhere(tmp_path: Path) -> None:
    files = two_students()
    files["opinto_oikeudet.csv"].append(of(oo_id="19", opnro="99", oo_oid=RIGHT_3, tila="L", tila_alku="1.1.2025"))
    files["hoks.csv"].append(of(hoks_id="29", oo_id="98"))
    files["osat.csv"] += [
        of(osa_id="38", hoks_id="97", laji="AMM", koodi="900"),
        of(osa_id="39", hoks_id="21", ylaosa_id="96", laji="YTOOSA", koodi="900"),
        of(osa_id="37", hoks_id="21", ylaosa_id="32", laji="YTOOSA", koodi="900"),
    ]
    files["jaksot.csv"].append(of(jakso_id="49", osa_id="95", tarkenne="orpo"))
    files["keskeytykset.csv"].append(of(jakso_id="94", alku="9.9.2026"))
    files["naytot.csv"].append(of(naytto_id="59", osa_id="93", ymparisto="orpo"))
    files["arvioijat.csv"].append(of(naytto_id="92", laji="J", nimi="orpo"))
    files["aiemmat.csv"] = [of(aiempi_id="69", hoks_id="91", laji="AMM", koodi="900")]
    snapshot, settings = taken(tmp_path, files)
    plans = repr(read_plans(snapshot, [RIGHT_1, RIGHT_2, RIGHT_3], settings))
    assert "orpo" not in plans
    assert "900" not in plans
    assert {key: count for key, count in snapshot.left_out.items() if "mapped" not in key[1]} == {
        ("rights", "rows of an unknown person"): 1,
        ("plans", "rows without one right that has an OID"): 1,
        ("units", "rows of an unknown plan"): 1,
        ("units", "rows of an unknown common unit"): 2,
        ("periods", "rows of an unknown unit"): 1,
        ("interruptions", "rows of an unknown period"): 1,
        ("demonstrations", "rows of an unknown unit"): 1,
        ("assessors", "rows of an unknown demonstration or prior unit"): 1,
        ("prior_units", "rows of an unknown plan"): 1,
    }


def test_a_person_without_a_learner_number_is_counted_and_never_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = two_students()
    files["opiskelijat.csv"] += [
        of(opnro="3", sukunimi=SECRET_NAME),
        of(opnro="4", oppijanumero="ei tiedossa", sukunimi=SECRET_NAME),
    ]
    with caplog.at_level(logging.INFO):
        snapshot, _ = taken(tmp_path, files)
    assert learners_of(snapshot) == (AINO, EERO)
    assert snapshot.left_out["people", "rows without a learner number"] == 2
    assert "source b-primus: table people: 2 rows without a learner number" in caplog.messages
    assert SECRET_NAME not in caplog.text
    assert AINO not in caplog.text


def test_a_right_without_an_oid_is_no_right(tmp_path: Path) -> None:
    files = two_students()
    files["opinto_oikeudet.csv"][0]["oo_oid"] = ""
    snapshot, settings = taken(tmp_path, files)
    assert rows_by_person(snapshot, [AINO]) == {}
    assert RIGHT_1 not in read_plans(snapshot, [RIGHT_1], settings)
    assert snapshot.left_out["rights", "rows without an OID"] == 1
    assert snapshot.left_out["plans", "rows without one right that has an OID"] == 1


def test_a_column_that_is_not_mapped_is_counted_and_not_kept(tmp_path: Path) -> None:
    write_drop(tmp_path, "b", {})
    rows = f"opnro;oppijanumero;sukunimi;etunimet;ryhma\r\n1;{AINO};;;{SECRET_NAME}\r\n"
    (tmp_path / "opiskelijat.csv").write_bytes(rows.encode("cp1252"))
    snapshot = take_snapshot(settings_for("b", tmp_path, manifest=None))
    assert snapshot.left_out["people", "columns not mapped"] == 1
    everything = "".join(snapshot.connection.iterdump())
    assert AINO in everything
    assert SECRET_NAME not in everything


# --- queries --------------------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow_with_the_students(tmp_path: Path) -> None:
    numbers = [f"{serial:03d}" for serial in range(300)]
    people = {n: LearnerOid(with_check_digit("98", f"9800000{n}")) for n in numbers}
    rights = {n: StudyRightOid(with_check_digit("15", f"1500000{n}")) for n in numbers}
    files: Files = {
        "opiskelijat.csv": [of(opnro=n, oppijanumero=people[n]) for n in numbers],
        "opinto_oikeudet.csv": [
            of(oo_id=n, opnro=n, oo_oid=rights[n], tila="L", tila_alku="17.8.2024") for n in numbers
        ],
        "hoks.csv": [of(hoks_id=n, oo_id=n) for n in numbers],
        "osat.csv": [of(osa_id=f"{n}-{k}", hoks_id=n, laji="AMM", koodi="1") for n in numbers for k in "abc"],
        "jaksot.csv": [of(jakso_id=f"{n}-{k}", osa_id=f"{n}-{k}", tapa="KOSO") for n in numbers for k in "abc"],
    }
    snapshot, settings = taken(tmp_path, files)
    asked: list[str] = []
    snapshot.connection.set_trace_callback(asked.append)
    assert len(rows_by_person(snapshot, people.values())) == 300
    assert len(asked) == 1
    plans = read_plans(snapshot, rights.values(), settings)
    assert len(plans) == 300
    assert all(
        len(unit.acquisitions or ()) == 1 for (plan,) in plans.values() for unit in plan.planned_vocational_units or ()
    )
    assert len(asked) <= 1 + 8


def test_many_keys_are_asked_some_hundreds_at_a_time(tmp_path: Path) -> None:
    snapshot, _ = taken(tmp_path, two_students())
    asked: list[str] = []
    snapshot.connection.set_trace_callback(asked.append)
    others = [LearnerOid(f"1.2.246.562.98.{number}") for number in range(1200)]
    assert set(rows_by_person(snapshot, [*others, AINO])) == {AINO}
    assert len(asked) == 3


def test_every_query_finds_its_rows_by_an_index(tmp_path: Path) -> None:
    snapshot, settings = taken(tmp_path, two_students())
    asked: list[str] = []
    snapshot.connection.set_trace_callback(asked.append)
    rows_by_person(snapshot, [AINO])
    read_plans(snapshot, [RIGHT_1], settings)
    snapshot.connection.set_trace_callback(None)
    steps = [str(row["detail"]) for query in asked for row in snapshot.rows(f"EXPLAIN QUERY PLAN {query}")]
    assert steps
    assert [step for step in steps if step.startswith("SCAN")] == []

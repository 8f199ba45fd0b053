from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.table import TableSettings
from tests.connectors.table.drops import described, settings_for


def convert(said: dict[str, Any]) -> TableSettings:
    return msgspec.convert(said, TableSettings)


def test_two_providers_are_described_in_settings_alone(tmp_path: Path) -> None:
    b, c = settings_for("b", tmp_path), settings_for("c", tmp_path)
    assert (b.encoding, b.date_format, b.tables["rights"].columns["state_start"]) == ("cp1252", "d.m.yyyy", "tila_alku")
    assert (c.encoding, c.date_format, c.tables["rights"].columns["state_start"]) == ("utf-8", "yyyy-mm-dd", "from")
    assert "environments" not in b.tables
    assert "environments" in c.tables


def test_a_key_that_is_not_known_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="seperator"):
        convert(described("b") | {"seperator": ";"})


@pytest.mark.parametrize("name", ["people", "periods"])
def test_a_logical_column_that_does_not_exist_is_refused_by_its_table_and_name(name: str) -> None:
    said = described("b")
    said["tables"][name]["columns"]["shoe_size"] = "kengan_numero"
    with pytest.raises(msgspec.ValidationError, match=rf"source `b-primus`: table `{name}`.*`shoe_size`"):
        convert(said)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoding": "windows-nonsense"}, "encoding"),
        ({"encoding": "base64"}, "encoding"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"date_format": "%d.%m.%Y"}, "date_format"),
        ({"instant_format": "d.m.yy"}, "instant_format"),
        ({"decimal": ";"}, "decimal"),
        ({"list_separator": ""}, "list_separator"),
        ({"false_values": ["e", "k"]}, "true_values and false_values"),
        ({"codes": {"state": {"L": "here"}}}, "codes.state"),
        ({"codes": {"unit_kind": {"AMM": "hobby"}}}, "unit_kind"),
        ({"code_prefixes": {"weather": "x_"}}, "weather"),
        ({"tables": {}}, "table `people`"),
    ],
)
def test_a_description_that_means_nothing_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        convert(described("b") | change)


@pytest.mark.parametrize("file", ["../b/opiskelijat.csv", "/tmp/opiskelijat.csv", ""])
def test_a_file_outside_the_folder_is_refused(file: str) -> None:
    said = described("b")
    said["tables"]["people"]["file"] = file
    with pytest.raises(msgspec.ValidationError, match="table `people`: expected the name of a file"):
        convert(said)


def test_plans_that_name_rights_by_key_need_the_table_of_rights() -> None:
    said = described("b") | {"gives": ["plans"]}
    del said["tables"]["rights"]
    with pytest.raises(msgspec.ValidationError, match="right_key"):
        convert(said)


def test_plans_that_name_rights_by_oid_stand_alone() -> None:
    said = described("b") | {"gives": ["plans"]}
    del said["tables"]["rights"], said["tables"]["plans"]["columns"]["right_key"]
    assert convert(said).gives == ("plans",)


STAFF: dict[str, Any] = {
    "id": "a-staff",
    "kind": "table",
    "provider": "1.2.246.562.99.99000000010",
    "gives": ["appointments", "assignments"],
    "folder": "a",
    "tables": {
        "appointments": {
            "file": "appointments.csv",
            "columns": {"person_oid": "p", "kind": "k", "right_oid": "r", "learner_oid": "l", "part_key": "t"},
        },
        "assignments": {
            "file": "roles.csv",
            "columns": {"person_oid": "p", "role": "r", "learner_oid": "l"},
        },
    },
}


def staff(table: str, *without: str, **columns: str) -> dict[str, Any]:
    """The settings with other columns in one table."""
    said = STAFF["tables"][table]
    kept = {name: theirs for name, theirs in said["columns"].items() if name not in without}
    return STAFF | {"tables": STAFF["tables"] | {table: said | {"columns": kept | columns}}}


def test_a_source_of_appointments_and_assignments_alone_needs_neither_rights_nor_plans_nor_people() -> None:
    assert convert(STAFF).gives == ("appointments", "assignments")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (STAFF | {"tables": {}}, "table `appointments` is needed"),
        (staff("appointments", "person_oid"), "table `appointments`: column `person_oid` must be mapped"),
        (staff("appointments", "kind"), "table `appointments`: column `kind` must be mapped"),
        (staff("appointments", "right_oid"), "table `appointments`: column `right_oid` must be mapped"),
        (staff("appointments", "part_key"), "table `appointments`: column `part_key` or `unit_code` must be mapped"),
        (staff("appointments", "learner_oid"), "table `appointments`: column `learner_oid` must be mapped where"),
        (staff("appointments", name="n"), "table `appointments`: there is no column `name`"),
        (staff("assignments", "role"), "table `assignments`: column `role` must be mapped"),
        (
            staff("assignments", "learner_oid"),
            "table `assignments`: column `person_key` or `learner_oid` must be mapped",
        ),
        (staff("assignments", person_key="k"), "table `assignments`, column `person_key`: there is no table `people`"),
        (STAFF | {"codes": {"appointment_kind": {"x": "teacher"}}}, "appointment_kind"),
        (STAFF | {"codes": {"guidance_role": {"x": "staff"}}}, "guidance_role"),
        (STAFF | {"gives": ["consents"]}, "gives"),
    ],
)
def test_a_source_of_appointments_that_could_not_be_read_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        convert(said)

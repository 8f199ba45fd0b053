import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.table import TableSettings
from tests.connectors.table.drops import HERE, described, settings_for


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


# --- databases ------------------------------------------------------------------------------------------------

URL = "postgresql://reader@127.0.0.1:5432/sis"
VIEWS: dict[str, Any] = {
    "id": "b-views",
    "kind": "table",
    "provider": "1.2.246.562.99.99000000028",
    "gives": ["assignments"],
    "database": {"url": URL, "schema": "gateway"},
    "tables": {
        "assignments": {"view": "Ryhmät 2026", "columns": {"person_oid": "p", "role": "r", "learner_oid": "l"}},
    },
}


def reached(**database: Any) -> dict[str, Any]:
    """The settings with another database."""
    return VIEWS | {"database": VIEWS["database"] | database}


def test_views_need_no_files_and_a_view_may_have_any_name() -> None:
    settings = convert(VIEWS)
    assert settings.database is not None
    assert (settings.tables["assignments"].view, settings.database.db_schema) == ("Ryhmät 2026", "gateway")
    assert (settings.database.reads, settings.database.read_seconds, settings.database.row_limit) == (
        "live",
        3.0,
        100_000,
    )


def test_the_example_of_the_documentation_is_taken() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", (HERE.parents[2] / "docs/table.md").read_text(), re.DOTALL)
    (said,) = tomllib.loads(text)["source"]
    assert convert(said).tables["people"].columns == {"key": "student_no", "oid": "learner_oid"}


def test_reading_whole_views_may_take_longer() -> None:
    database = convert(reached(reads="snapshot")).database
    assert database is not None
    assert (database.read_seconds, database.row_limit) == (120.0, 5_000_000)


@pytest.mark.parametrize(
    ("url", "certificates"),
    [
        (URL, None),
        ("postgresql://reader@localhost/sis", None),
        ("postgresql+psycopg://reader@[::1]/sis", None),
        ("postgresql://reader@/sis?host=/run/postgresql", None),
        ("postgresql://reader@db.example/sis", "ca.pem"),
    ],
)
def test_an_address_on_this_machine_or_with_known_authorities_is_taken(url: str, certificates: str | None) -> None:
    database = convert(reached(url=url, root_certificates=certificates)).database
    assert database is not None
    assert database.is_on_this_machine is (certificates is None)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (reached(url="postgresql://reader:hunter2@127.0.0.1/sis"), "expected no password in the address"),
        (reached(url="postgresql://reader@db.example/sis"), "root_certificates: must name"),
        (reached(url="postgresql://reader@10.0.0.1/sis"), "root_certificates: must name"),
        (reached(url="postgresql://reader@db.example/sis?sslmode=disable", root_certificates="a"), "nothing else"),
        (reached(url="postgresql://reader@127.0.0.1/sis?host=db.example"), "nothing else"),
        (reached(url="postgresql://reader@/sis?host=db.example"), "root_certificates: must name"),
        (reached(url="postgresql://reader@/sis?options=-c%20x"), "nothing else"),
        (reached(url="mysql://reader@127.0.0.1/sis"), "expected an address such as"),
        (reached(url="sqlite:///sis.db"), "expected an address such as"),
        (reached(url="postgresql://127.0.0.1/sis"), "expected an address such as"),
        (reached(url="postgresql://reader@127.0.0.1"), "expected an address such as"),
        (reached(url="not an address"), "expected an address such as"),
        (reached(connections=0), "connections"),
        (reached(max_rows=0), "max_rows"),
        (reached(seconds=0), "seconds"),
        (reached(schema=""), "schema"),
        (reached(reads="sometimes"), "reads"),
        (VIEWS | {"folder": "b"}, "expected either `folder`"),
        ({key: value for key, value in VIEWS.items() if key != "database"}, "expected either `folder`"),
        (VIEWS | {"manifest": described("b")["manifest"]}, "manifest: views have none"),
        (VIEWS | {"tables": STAFF["tables"]}, "table `appointments`: expected the name of a view"),
        (
            STAFF | {"tables": VIEWS["tables"], "gives": ["assignments"]},
            "table `assignments`: expected the name of a file",
        ),
    ],
)
def test_a_database_that_could_not_be_read_safely_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words) as refused:
        convert(said)
    assert "hunter2" not in str(refused.value)

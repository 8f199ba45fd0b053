"""At the command line: the log read by an operator, and what is over erased."""

import json
import os
from pathlib import Path

import pytest

from deploy import log_verify
from gateway.cli import main
from gateway.clock import SystemClock
from gateway.records.keeping import open_records
from gateway.settings_file import load
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import build_world
from tests.gateway.records.test_consents import AINO
from tests.gateway.records.test_looks import NINE, note
from tests.shown import command

ELIAS = "1.2.246.562.98.98000000079"


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """The settings of a sandbox, with a record of each of two students in its store."""
    folder = tmp_path / "sandbox"
    lay_out(folder, build_world())
    config = folder / "gateway.toml"
    outside = tmp_path / "anchors.jsonl"
    text = settings_text(8080, folder).replace("[records]", f'[records]\nanchors_path = "{outside}"')
    config.write_text(text)
    keeping = open_records(load(config).records, SystemClock())
    await keeping.start()
    for days in (7 * 365, 1):
        for subject in (ELIAS, AINO):
            await note(keeping.store, NINE - days * 86_400_000, subject, stream="main")
    await keeping.aclose()
    return config


def read(config: Path, *more: str, reason: str = "a complaint") -> int:
    return main(["log", "read", "--config", str(config), "--subject", ELIAS, "--reason", reason, *more])


def test_the_records_are_printed_as_lines_and_the_reading_is_the_last_of_them(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read(config, "--operator", "Olli") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in lines] == ["disclosed", "disclosed", "log.read"]
    assert {each["subject"] for each in lines} == {ELIAS}
    assert lines[-1]["apart"]["operator"] == "Olli"
    assert lines[-1]["apart"]["account"]
    (outside,) = log_verify.outside_anchors(config.parent.parent / "anchors.jsonl")
    assert (outside.stream, outside.first, outside.last) == ("main.operator", 1, 1)


def test_the_commands_of_the_page_read_and_erase(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, settings = "docs/records.md", {"gateway.toml": config}
    assert main(command(page, "hoks-gateway log read", {**settings, "1.2.246.562.24.…": ELIAS})) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in lines] == ["disclosed", "disclosed", "log.read"]
    assert lines[-1]["apart"]["reason"] == "complaint 12/2026"
    assert main(command(page, "hoks-gateway records retain", settings)) == 0
    assert capsys.readouterr().out == "erased: 2 bodies of records, 0 consents, 0 appointments\n"


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_printed(config: Path, capsys: pytest.CaptureFixture[str], reason: str) -> None:
    assert read(config, reason=reason) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "hoks-gateway: `--reason`: say why you read the log\n")


def test_where_the_anchor_cannot_be_kept_outside_nothing_is_printed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent.parent / "anchors.jsonl").mkdir()
    assert read(config) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("wrong", [["--subject", "1.2.3"], ["--provider", "x"]])
def test_what_is_no_oid_is_refused(config: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    assert read(config, *wrong) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("hoks-gateway: expected an OID: ")


def test_before_the_gateway_has_started_once_there_is_nothing_to_read_and_nothing_is_made(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = load(config).records.store_path
    assert store is not None
    for file in store.parent.iterdir():
        file.unlink()
    assert read(config) == 2
    assert "there are no records yet" in capsys.readouterr().err
    assert not store.exists()


def test_what_is_over_is_erased_by_a_command_that_can_run_again(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for expected in (2, 0):
        assert main(["records", "retain", "--config", str(config)]) == 0
        told = f"erased: {expected} bodies of records, 0 consents, 0 appointments\n"
        assert capsys.readouterr().out == told
    store = load(config).records.store_path
    assert store is not None
    records = list(log_verify.records_of(store))
    assert [(each.stream, each.body is None) for each in records] == [
        ("main", True), ("main", True), ("main", False), ("main", False), ("main.operator", False),
    ]  # fmt: skip
    outside = log_verify.outside_anchors(config.parent.parent / "anchors.jsonl")
    assert [(each.stream, each.last) for each in outside] == [("main.operator", 1)]


def test_the_account_is_told_where_the_machine_has_no_name_for_it(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert read(config) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["apart"]["account"] == f"user {os.getuid()}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--role", "eraser"], "`--role` and `--password-file` go together"),
        (["--password-file", "p"], "`--role` and `--password-file` go together"),
        (["--role", "eraser", "--password-file", "p"], "`--role` is for a database; a file has no roles"),
    ],
)
def test_a_role_without_its_password_or_for_a_file_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["records", "retain", "--config", str(config), *words]) == 2
    assert capsys.readouterr().err.endswith(f"{told}\n")

"""Manifests of trusted documents: what the usual compilers emit is read, what does not fit is named, and what is added
holds at once."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from graphql import build_schema

from gateway.cli import main
from gateway.manifests import Manifest, ManifestRefusedError, add_to_manifest, misfits, name_of, read_manifest
from gateway.settings import Limits
from sandbox.server import lay_out
from sandbox.settings import TOOL, settings_text
from sandbox.world import build_world
from tests.shown import command

SCHEMA = build_schema("type Query { greeting(to: Int): String } type Mutation { forget: Boolean }")
GREETING = "query Greeting { greeting }"
Printed = pytest.CaptureFixture[str]


def hashed(text: str, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, text.encode()).hexdigest()


def written(file: Path, documents: Mapping[str, str]) -> Path:
    file.write_text(json.dumps(documents))
    return file


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_what_relay_and_graphql_codegen_emit_is_read(tmp_path: Path, algorithm: str) -> None:
    file = written(tmp_path / "persisted.json", {hashed(GREETING, algorithm): GREETING})
    assert read_manifest(file) == {hashed(GREETING, algorithm): GREETING}


def test_a_hash_may_name_its_algorithm(tmp_path: Path) -> None:
    file = written(tmp_path / "persisted.json", {f"sha256:{hashed(GREETING)}": GREETING})
    assert Manifest(file).document(hashed(GREETING)) == GREETING
    assert Manifest(file).document(f"sha256:{hashed(GREETING)}") == GREETING
    assert Manifest(file).document(f"md5:{hashed(GREETING)}") is None


@pytest.mark.parametrize(
    "content",
    ["[]", "{", '{"a": 1}', "\xff", '{"a": "\\ud800"}', "[" * 100_000, json.dumps({hashed("{ other }"): GREETING}),
     json.dumps({"greeting": GREETING}), json.dumps({hashed(GREETING).upper(): GREETING}),
     json.dumps({f"sha1:{hashed(GREETING)}": GREETING}), " " * 5_000_001],
)  # fmt: skip
def test_what_is_no_manifest_is_refused_in_one_line_that_names_the_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "persisted.json"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(ManifestRefusedError) as refused:
        read_manifest(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert "\n" not in str(refused.value)


def test_each_document_that_does_not_fit_is_told_with_its_file_its_name_and_the_reason(tmp_path: Path) -> None:
    texts = {
        "": GREETING,
        "Cannot query field 'shout' on type 'Query'.": "query Shout { shout }",
        "the document exceeds the limit of 1 for aliases": "query Twice { a: greeting b: greeting }",
        "the document is not GraphQL: its syntax breaks here": "query Broken {",
        "the value is not of the type that the schema expects here": 'query Wrong { greeting(to: "1.2.246.562") }',
        "the document must hold an operation": "fragment F on Query { greeting }",
    }
    file, documents = tmp_path / "persisted.json", {hashed(text): text for text in texts.values()}
    told = list(misfits(file, documents, SCHEMA, Limits(aliases=1)))
    names = ("Shout", "Twice", "(nameless)", "Wrong", "(nameless)")
    assert told == [
        f"{file}: operation {name} ({hashed(text)[:12]}): {reason}"
        for name, (reason, text) in zip(names, list(texts.items())[1:], strict=True)
    ]


def test_a_document_of_several_operations_is_named_by_all() -> None:
    assert name_of("query A { a } mutation B { b }") == "A, B"
    assert name_of("{ a }") == "(nameless)"


def test_what_is_added_stands_beside_what_was_there_and_twice_is_once(tmp_path: Path) -> None:
    file = tmp_path / "operations" / "tool.json"
    other = "{ greeting }"
    assert add_to_manifest(file, {hashed(GREETING): GREETING}) == 1
    assert add_to_manifest(file, {hashed(GREETING): GREETING, hashed(other): other}) == 1
    assert read_manifest(file) == {hashed(GREETING): GREETING, hashed(other): other}
    assert [each.name for each in file.parent.iterdir()] == ["tool.json"]


def test_a_manifest_holds_what_its_file_holds_now(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "tool.json"
    manifest = Manifest(file)
    assert manifest.document(hashed(GREETING)) is None
    add_to_manifest(file, {hashed(GREETING): GREETING})
    assert manifest.holds(GREETING)
    assert manifest.document(hashed(GREETING)) == GREETING
    file.write_text("{")
    os.utime(file, ns=(1, 1))
    assert manifest.holds(GREETING)
    assert manifest.holds(GREETING)
    assert [each.message.split(":")[0] for each in caplog.records] == [
        "a manifest of trusted documents was not taken over"
    ]
    file.unlink()
    assert not manifest.holds(GREETING)
    assert manifest.document(hashed(GREETING)) is None


# --- the commands

GOOD, BAD = "query Mine { viewer { oid } }", "query Old { nothing }"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sandbox")
    lay_out(folder, build_world())
    file = folder / "gateway.toml"
    file.write_text(settings_text(8080, folder))
    return file


def test_operations_are_added_and_listed_with_hash_name_and_client(
    config: Path, tmp_path: Path, capsys: Printed
) -> None:
    emitted = written(tmp_path / "persisted-documents.json", {hashed(GOOD, "sha1"): GOOD})
    adding = ["operations", "add", str(emitted), "--config", str(config), "--client", TOOL]
    manifest = config.parent / "operations" / f"{TOOL}.json"
    assert main(adding) == 0
    assert capsys.readouterr().out == f"1 operations added to {manifest}; 0 were there\n"
    assert main(adding) == 0
    assert capsys.readouterr().out == f"0 operations added to {manifest}; 1 were there\n"
    assert main(["operations", "list", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"{hashed(GOOD, 'sha1')}  Mine  {TOOL}\n"
    assert main(["operations", "list", "--config", str(config), "--client", "nobody"]) == 2


def test_the_commands_of_the_page_check_add_and_list(tmp_path: Path, config: Path, capsys: Printed) -> None:
    places = {"persisted-documents.json": written(tmp_path / "emitted.json", {hashed(GOOD): GOOD})}
    own = config.with_name("own.toml")
    own.write_text(config.read_text().replace(f"/operations/{TOOL}", f"/own/{TOOL}"))
    settings = {"gateway.toml": own}
    page, told = "docs/operations.md", []
    for begins, known in (("check", places), ("add", places | settings), ("list", settings)):
        assert main(command(page, f"hoks-gateway operations {begins}", known)) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == "1 operations fit\n"
    assert told[1] == f"1 operations added to {config.parent / 'own' / TOOL}.json; 0 were there\n"
    assert told[2] == f"{hashed(GOOD)}  Mine  {TOOL}\n"


@pytest.mark.parametrize("command", ["add", "check"])
def test_nothing_is_added_of_a_file_with_one_operation_that_does_not_fit(
    config: Path, tmp_path: Path, capsys: Printed, command: str
) -> None:
    emitted = written(tmp_path / "persisted-documents.json", {hashed(GOOD): GOOD, hashed(BAD): BAD})
    manifest = config.parent / "operations" / f"{TOOL}.json"
    before = manifest.read_bytes() if manifest.exists() else None
    client = ["--client", TOOL] if command == "add" else []
    assert main(["operations", command, str(emitted), "--config", str(config), *client]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        f"{emitted}: operation Old ({hashed(BAD)[:12]}): Cannot query field 'nothing' on type 'Query'.",
        f"hoks-gateway: {emitted}: 1 of 2 operations refused, nothing added",
    ]
    assert (manifest.read_bytes() if manifest.exists() else None) == before


def test_check_needs_no_settings_and_writes_nothing(tmp_path: Path, capsys: Printed) -> None:
    emitted = written(tmp_path / "persisted-documents.json", {hashed(GOOD): GOOD})
    assert main(["operations", "check", str(emitted)]) == 0
    assert capsys.readouterr().out == "1 operations fit\n"
    assert list(tmp_path.iterdir()) == [emitted]
    assert main(["operations", "check", str(tmp_path / "nowhere.json")]) == 2


def test_operations_of_a_client_without_a_manifest_cannot_be_added(
    config: Path, tmp_path: Path, capsys: Printed
) -> None:
    emitted = written(tmp_path / "persisted-documents.json", {hashed(GOOD): GOOD})
    assert main(["operations", "add", str(emitted), "--config", str(config), "--client", "nobody"]) == 2
    assert "expected a [[client]] with id = 'nobody'" in capsys.readouterr().err


def test_a_gateway_does_not_start_with_a_manifest_that_cannot_be_used(tmp_path: Path, capsys: Printed) -> None:
    lay_out(tmp_path, build_world())
    config, manifest = tmp_path / "gateway.toml", tmp_path / "operations" / f"{TOOL}.json"
    config.write_text(settings_text(8080, tmp_path))
    manifest.parent.mkdir()
    written(manifest, {hashed(BAD): GOOD})
    assert main(["serve", "--config", str(config)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"hoks-gateway: {config}: key `client.manifest_path`: {manifest}: operation Mine: ")
    assert told.count("\n") == 1

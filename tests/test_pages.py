"""Every block of the README and of the pages is executed by a test, or stands here with the reason why it is not.

A new block fails until it is one or the other.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.settings import Settings
from sandbox.pages import Block, blocks
from sandbox.settings import settings_text
from tests.shown import PROGRAMS, SHELL, lines, program

ROOT = Path(__file__).parents[1]
HERE = "tests/test_pages.py"

WHOLE: Mapping[tuple[str, str], str] = {
    ("README.md", "graphql"): "tests/stories/test_readme.py",
    ("README.md", "json"): "tests/stories/test_readme.py",
    ("docs/appointments.md", "graphql"): "tests/stories/test_pages.py",
    ("docs/connect-a-provider.md", "http"): "tests/connectors/rest/test_page.py",
    ("docs/connect-a-provider.md", "json"): "tests/connectors/rest/test_page.py tests/connectors/test_documents.py",
    ("docs/connect-a-provider.md", "toml"): "tests/connectors/rest/test_page.py tests/connectors/test_documents.py",
    ("docs/embed.md", ""): "tests/stories/test_embedding.py",
    ("docs/embed.md", "html"): "tests/stories/test_embedding.py",
    ("docs/embed.md", "json"): "tests/stories/test_embedding.py",
    ("docs/freshness.md", "python"): "tests/gateway/test_invalidate.py",
    ("docs/guidance.md", "graphql"): "tests/stories/test_pages.py",
    ("docs/oneroster.md", "toml"): "tests/connectors/test_oneroster.py",
    ("docs/operations.md", ""): "tests/gateway/test_manifests.py",
    ("docs/recognition.md", "graphql"): "tests/stories/test_readme.py",
    ("docs/records.md", "graphql"): "tests/stories/test_records_guide.py",
    ("docs/table.md", "toml"): "tests/connectors/table/test_settings.py",
}
"""All blocks of a language on a page, and the tests that take every one of them from the page. Settings of every other
page are read below."""

SETTINGS = [each for each in blocks() if each.language == "toml" and (each.page, "toml") not in WHOLE]

COMMANDS: Mapping[str, str] = {
    "make run": "tests/gateway/test_run.py",
    "make test": ".ci/run",
    ".venv/bin/hoks-gateway sandbox fault": "tests/gateway/test_sandbox_faults.py",
    "hoks-gateway log read": "tests/gateway/test_oversight.py",
    "hoks-gateway records prepare": "tests/gateway/records/test_roles.py",
    "hoks-gateway records retain": "tests/gateway/test_oversight.py",
    "hoks-log-verify --export": "tests/stories/test_export.py",
    "hoks-log-verify records/records.db": "tests/gateway/records/test_verifier.py",
    "psql": "tests/gateway/records/test_verifier.py",
}
"""What a block of commands begins with, and what runs it; of ``make`` what the target does."""

REASONS: Mapping[str, str] = {
    "docs/freshness.md plain POST /invalidate": "the shape of a request; the lines below it are executed",
    'docs/operations.md json { "documentId"': "the shapes of two bodies, with hashes cut short",
    "docs/table.md sql CREATE SCHEMA": "views over tables that the reader alone has",
    "README.md plain token →": "a drawing",
}
"""Why a block is not executed, by its page, language and first words."""


def executed_by(block: Block) -> str | None:
    """What executes a block, or why nothing does."""
    if (found := WHOLE.get((block.page, block.language))) is not None:
        return found
    if block in SETTINGS:
        return HERE
    if block.language in SHELL:
        begun = next((each for each in COMMANDS if block.text.startswith(each)), None)
        if begun is not None:
            return COMMANDS[begun]
    opening = f"{block.page} {block.language or 'plain'} {block.text}"
    return next((reason for begins, reason in REASONS.items() if opening.startswith(begins)), None)


def test_every_block_is_executed_or_has_a_reason_why_not() -> None:
    assert [each.place for each in blocks() if executed_by(each) is None] == []


def test_what_is_said_to_execute_a_page_reads_it() -> None:
    for (page, _), tests in WHOLE.items():
        for test in tests.split():
            assert Path(page).name in (ROOT / test).read_text(), (page, test)
    for begins, test in COMMANDS.items():
        if not begins.startswith("make"):
            assert begins.removeprefix(".venv/bin/") in (ROOT / test).read_text(), (begins, test)


def test_nothing_is_listed_that_no_page_shows() -> None:
    shown = {(each.page, each.language) for each in blocks()}
    assert WHOLE.keys() <= shown
    texts = [each.text for each in blocks() if each.language in SHELL]
    assert [each for each in COMMANDS if not any(text.startswith(each) for text in texts)] == []
    openings = [f"{each.page} {each.language or 'plain'} {each.text}" for each in blocks()]
    assert [each for each in REASONS if not any(text.startswith(each) for text in openings)] == []


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        named = set(re.findall(r"`(?:\w+=\S+ )?make ([\w-]+)", page.read_text()))
        assert named <= targets, page.name


def test_a_block_of_commands_holds_nothing_else() -> None:
    for block in blocks():
        if block.language in SHELL and any(block.text.startswith(each) for each in COMMANDS):
            assert set(map(program, lines(block))) <= PROGRAMS | {"make", "psql"}, block.place


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.place)
def test_settings_that_a_page_shows_are_taken(block: Block, tmp_path: Path) -> None:
    usual, said = tomllib.loads(settings_text(8080, tmp_path)), tomllib.loads(block.text)
    settings = msgspec.convert(merged(usual, said), Settings, dec_hook=lambda kind, value: kind(value))
    assert said.keys() <= set(Settings.__struct_fields__)
    assert settings.mode == "sandbox"


def merged(usual: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others in their places; of a list, what is said of a source of a kind goes into the first of it."""
    both = dict(usual)
    for name, value in said.items():
        if isinstance(value, dict):
            both[name] = merged(usual.get(name, {}), value)
        elif name == "source":
            (one,) = value
            first = next(each for each in usual["source"] if each["kind"] == one["kind"])
            both[name] = [{**first, **one}]
        else:
            both[name] = value
    return both

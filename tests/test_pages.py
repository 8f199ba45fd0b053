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
from tests.shown import SHELL, lines

ROOT = Path(__file__).parents[1]

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
    "hoks-gateway sandbox fault": "tests/gateway/test_sandbox_faults.py",
    "hoks-gateway log read": "tests/gateway/test_oversight.py",
    "hoks-gateway records prepare": "tests/gateway/records/test_roles.py",
    "hoks-gateway records retain": "tests/gateway/test_oversight.py",
    "hoks-log-verify --export": "tests/stories/test_export.py",
    "hoks-log-verify records/records.db": "tests/gateway/records/test_verifier.py",
    "psql service=records": "tests/gateway/records/test_verifier.py",
}
"""What a command begins with, and what runs it; of ``make`` what the target does."""

SCRIPTS: Mapping[str, str] = {
    "python3 -m venv /opt/build": "tests/test_deploy.py",  # the same commands as in the image, which conformance runs
    "useradd ": "tests/conformance/test_deploy.py",
    "HOKS_SECRETS=": "tests/conformance/test_deploy.py",  # its SQL there, its commands in test_roles and test_run
    "cp deploy/hoks-gateway@": "tests/conformance/test_deploy.py",
    "apt-get install haproxy": "tests/conformance/test_deploy.py",
    "systemctl restart": "tests/conformance/test_deploy.py",
}
"""What a block of commands begins with that is run as a whole."""

REASONS: Mapping[str, str] = {
    "docs/freshness.md plain POST /invalidate": "the shape of a request; the lines below it are executed",
    'docs/operations.md json { "documentId"': "the shapes of two bodies, with hashes cut short",
    "docs/run-in-production.md sh openssl req": "no containers on our machines: what they run conformance runs without",
    "docs/table.md sql CREATE SCHEMA": "views over tables that the reader alone has",
    "README.md plain token →": "a drawing",
}
"""Why a block is not executed, by its page, language and first words."""


def begun(text: str, table: Mapping[str, str]) -> str | None:
    """The entry with which a text begins."""
    return next((each for each in table if text.removeprefix(".venv/bin/").startswith(each)), None)


def is_accounted_for(block: Block) -> bool:
    """Whether something executes a block, or a reason is given why nothing does."""
    if (block.page, block.language) in WHOLE or block in SETTINGS:
        return True
    if block.language in SHELL and begun(block.text, SCRIPTS) is not None:
        return True
    if block.language in SHELL and all(begun(each, COMMANDS) is not None for each in lines(block)):
        return True
    return begun(opening(block), REASONS) is not None


def opening(block: Block) -> str:
    """A block as reasons name it."""
    return f"{block.page} {block.language or 'plain'} {block.text}"


def test_every_block_is_executed_or_has_a_reason_why_not() -> None:
    assert [each.place for each in blocks() if not is_accounted_for(each)] == []


def test_what_is_said_to_execute_a_page_reads_it() -> None:
    for block in blocks():
        told = WHOLE.get((block.page, block.language), "").split()
        if block.language in SHELL and (script := begun(block.text, SCRIPTS)) is not None:
            told.append(SCRIPTS[script])
        elif block.language in SHELL:
            commands = [begun(each, COMMANDS) for each in lines(block)]
            told += [COMMANDS[each] for each in commands if each and not each.startswith("make ")]
        for test in told:
            assert Path(block.page).name in (ROOT / test).read_text(), (block.place, test)


def test_nothing_is_listed_that_no_page_shows() -> None:
    assert WHOLE.keys() <= {(each.page, each.language) for each in blocks()}
    scripts = [each for each in blocks() if each.language in SHELL]
    assert {begun(line, COMMANDS) for each in scripts for line in lines(each)} - {None} == COMMANDS.keys()
    assert {begun(each.text, SCRIPTS) for each in scripts} - {None} == SCRIPTS.keys()
    assert {begun(opening(each), REASONS) for each in blocks()} - {None} == REASONS.keys()


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        named = set(re.findall(r"`(?:\w+=\S+ )?make ([\w-]+)", page.read_text()))
        assert named <= targets, page.name


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

"""``hoks-gateway sandbox fault`` on a sandbox that runs: a person sees the gateway lose one source and get it back."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from tests.rows import free_ports
from tests.shown import command as command_of

ROOT = Path(__file__).parents[2]
QUERY = '{ student(oid: "1.2.246.562.98.98000000079") { hoksit { studyRightOid } sources { source outcome } } }'
SETTLED_SECONDS = 20.0
"""Longer than a source that has failed is left alone."""


@pytest.fixture(scope="module")
def port() -> int:
    """A port with free ones after it for every server of the sandbox."""
    return free_ports(11)


@pytest.fixture(scope="module")
def token(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The header of a student's token, while a gateway and its sandbox run."""
    folder = tmp_path_factory.mktemp("faults")
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "run", "--port", str(port)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert shlex.split(process.stdout.readline())[0] == "curl"
        yield f"Bearer {command(port, 'token', 'student-7').stdout.strip()}"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def command(port: int, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *words, "--port", str(port)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def fault(port: int, *words: str) -> subprocess.CompletedProcess[str]:
    return command(port, "sandbox", "fault", *words)


def told(port: int, token: str) -> dict[str, Any]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        headers = {"authorization": token, "content-type": "application/json"}
        connection.request("POST", "/graphql", json.dumps({"query": QUERY}), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    return answer


def told_once(port: int, token: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What is told as soon as it is so: what was just read is kept for two seconds."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while not is_so(answer := told(port, token)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return answer


def sources(answer: dict[str, Any]) -> dict[str, str]:
    return {each["source"]: each["outcome"] for each in answer["data"]["student"]["sources"]}


@pytest.mark.parametrize(
    ("source", "kind", "outcome"),
    [
        ("a-ehoks", "503", "UNAVAILABLE"),
        ("a-ehoks", "other-student", "INVALID"),
        ("a-koski", "broken-json", "INVALID"),
        ("a-koski", "down", "UNAVAILABLE"),
        # The last of its source: who asks to be left alone is only tried now and then for a while.
        ("a-koski", "429", "THROTTLED"),
    ],
)
def test_a_source_that_is_made_to_fail_is_told_as_a_gap_and_is_back_when_healed(
    port: int, token: str, source: str, kind: str, outcome: str
) -> None:
    before = told(port, token)

    switched = fault(port, source, kind)
    during = told_once(port, token, lambda answer: "gaps" in answer["extensions"])
    healed = fault(port, source, "none")

    assert (switched.returncode, switched.stderr) == (0, "")
    assert switched.stdout.startswith(f"{source} ")
    assert during["extensions"]["gaps"] == [{"source": source, "outcome": outcome}]
    assert "1.2.246.562.15.15000070233" in [each["studyRightOid"] for each in during["data"]["student"]["hoksit"]]
    assert healed.stdout == f"{source} is well\n"
    deadline = time.monotonic() + SETTLED_SECONDS
    while sources(told(port, token)) != sources(before):
        assert time.monotonic() < deadline, "the source is not back"
        time.sleep(0.5)


@pytest.mark.usefixtures("token")
def test_the_commands_of_the_readme_do_what_it_says(
    port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(port))
    told = []
    for words in ("a-ehoks slow", "a-ehoks none", "--list"):
        assert main(command_of("README.md", f"hoks-gateway sandbox fault {words}", {})) == 0
        told.append(capsys.readouterr().out)
    assert told[0].startswith("a-ehoks ")
    assert told[1] == "a-ehoks is well\n"
    assert "a-koski (well)" in told[2].splitlines()


@pytest.mark.usefixtures("token")
def test_everything_that_can_fail_is_listed_with_what_fails_just_now(port: int) -> None:
    fault(port, "onr", "html")
    lines = fault(port, "--list").stdout.splitlines()
    fault(port, "onr", "none")
    assert "onr (now: html)" in lines
    assert {"a-ehoks (well)", "a-koski (well)", "organisaatio (well)"} <= set(lines)
    assert sum("closes the connection without a word" in line for line in lines) == 9
    assert sum("another student" in line for line in lines) == 5


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("b-primus", "slow"),
            "unknown source; expected one of: a-ehoks, a-koski, onr, c-roster, d-campus, organisaatio",
        ),
        (("organisaatio", "other-student"), "unknown fault; expected one of: down, slow"),
        (("onr",), "say which fault"),
    ],
)
def test_what_cannot_fail_so_is_refused_in_one_line(port: int, words: tuple[str, ...], text: str) -> None:
    refused = fault(port, *words)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"hoks-gateway: {text}")
    assert refused.stderr.count("\n") == 1


def test_without_a_sandbox_the_user_is_told_how_to_start_one() -> None:
    refused = fault(1, "onr", "down")
    assert refused.returncode == 2
    assert "no sandbox answers" in refused.stderr

"""``hoks-gateway run`` as a newcomer meets it: one command to copy, and everything gone after Ctrl-C."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from gateway.graphiql import SHIPPED
from tests.rows import free_ports

PROVIDER_A = "1.2.246.562.99.99000000010"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def port() -> int:
    """A port with ten free ones after it."""
    return free_ports(11)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it runs; GraphiQL has been fetched there."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "var/graphiql").mkdir(parents=True)
    for name in SHIPPED:
        (folder / "var/graphiql" / name).write_text(name)
    return folder


def start(port: int, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "run", "--port", str(port)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_welcome(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("Ctrl-C"):
            break
    return lines


@pytest.fixture(scope="module")
def running(port: int, folder: Path) -> Iterator[list[str]]:
    """What a running gateway has printed."""
    with start(port, folder) as process:
        yield read_welcome(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_the_first_line_is_a_complete_curl_command(running: list[str], port: int) -> None:
    words = shlex.split(running[0])
    assert words[:3] == ["curl", "-s", f"http://127.0.0.1:{port}/graphql"]
    assert re.fullmatch(r"Authorization: Bearer [\w-]+\.[\w-]+\.[\w-]+", words[4])
    assert words[3::2] == ["-H", "-H", "-d"]
    assert list(json.loads(words[-1])) == ["query"]


def test_the_command_is_answered_with_both_persons_and_their_providers(running: list[str], port: int) -> None:
    words = shlex.split(running[0])
    headers = dict(words[place].split(": ", 1) for place in (4, 6))
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/graphql", words[-1], headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    assert response.status == 200
    assert "errors" not in answer
    for person in ("procured", "concurrent"):
        student = answer["data"][person]
        assert len({right["provider"]["oid"] for right in student["studyRights"]}) == 2
        assert all(plan["provider"]["oid"] for plan in student["hoksit"])


def test_the_addresses_and_everybody_of_the_cast_are_told(running: list[str], port: int) -> None:
    text = "\n".join(running)
    for each in range(port, port + 11):
        assert f"http://127.0.0.1:{each}" in text
    for persona in ("staff-a", "staff-b", "staff-c", "staff-a-school", "system-a", "student-1", "student-17"):
        assert re.search(rf"^  {persona} +\S.+$", text, re.MULTILINE)


def test_graphiql_is_told_and_served_where_it_was_fetched(running: list[str], port: int) -> None:
    assert f"  GraphiQL      http://127.0.0.1:{port}/graphiql" in running
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/graphiql")
        response = connection.getresponse()
        assert (response.status, response.headers.get_content_type()) == (200, "text/html")


def test_a_token_can_be_had_while_it_runs(running: list[str], port: int) -> None:
    command = [sys.executable, "-m", "gateway.cli", "token", "student-7", "--port", str(port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr, done.stdout.count(".")) == (0, "", 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_gateway_ends_the_sandbox(folder: Path, number: int) -> None:
    port = free_ports(11)
    with start(port, folder) as process:
        read_welcome(process)
        process.send_signal(number)
        process.wait(20)
        # The sandbox writes to the same standard error: it closes only when both have ended.
        assert process.stderr is not None
        process.stderr.read()
    assert process.returncode == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    for each in range(port, port + 11):
        socket.create_server(("127.0.0.1", each)).close()


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A second command beside the running gateway."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.usefixtures("running")
def test_why_a_persona_sees_what_they_see_is_explained_right_by_right(port: int, folder: Path) -> None:
    student = "1.2.246.562.98.98000000145"  # a link that names the wrong school
    told = command(folder, "explain", "--persona", "staff-b", "--student", student, "--port", str(port))
    lines = told.stdout.splitlines()
    assert told.returncode == 0
    assert lines[0].endswith(f"acting as staff@1.2.246.562.99.99000000028, student {student}")
    assert "  applies: provider-concurrent" in lines
    assert "  does not apply: procurement-shared" in lines
    assert [line for line in lines if line.startswith("  gives by ")]


@pytest.mark.usefixtures("running")
def test_every_source_of_the_settings_is_tried_and_a_missing_column_is_named(port: int, folder: Path) -> None:
    config = folder / "var" / f"sandbox-{port}" / "gateway.toml"
    elsewhere = config.with_name("elsewhere.toml")
    assert "/records/records.db" in config.read_text()
    elsewhere.write_text(config.read_text().replace("/records/records.db", "/not-made/records.db"))
    good = command(folder, "check-config", str(elsewhere))
    assert not (config.parent / "not-made").exists(), "who only looks makes no store"
    what, _, how = good.stdout.partition("\n\n")
    told = {tuple(words[:2]): words[2:] for line in what.splitlines() if (words := re.split(" {2,}", line))}
    assert told["source", "gives"] == ["asked by", "keys in a call", "freshness", "what it lacks is"]
    assert told["a-koski", "rights"] == ["learner, alias", "1000", "live", "absent_or_denied"]
    assert told["a-ehoks", "plans"] == ["right", "1", "live", "absent"]
    assert told["b-primus", "rights"] == ["learner, alias", "the whole is read", "snapshot", "absent"]
    assert told["d-campus", "learners"] == ["provider", "the whole is read", "live", "-"]
    assert told["onr", "identities"] == ["learner, alias", "5000", "live", "absent_or_denied"]
    rows = {words[0]: words[1:] for line in how.splitlines() if (words := line.split())}
    assert good.returncode == 0
    assert rows["source"] == ["kind", "reachable", "authenticated", "gives", "answered", "ms"]
    assert rows["a-koski"][:5] == ["koski", "yes", "yes", "rights", "absent_or_denied"]
    assert rows["a-ehoks"][:5] == ["ehoks", "yes", "yes", "plans", "absent"]
    for register in ("onr", "organisaatio", "koodisto", "eperusteet", "amosaa"):
        assert rows[register][:3] == ["register", "yes", "yes"]
    assert rows[PROVIDER_A][:3] == ["provider", "yes", "yes"]
    assert rows["OK"] == []
    assert any(re.fullmatch(r"a-koski: absent_or_denied in \d+ ms", line) for line in good.stderr.splitlines())
    wrong = config.with_name("wrong.toml")
    wrong.write_text(config.read_text().replace('oid = "oppijanumero"', 'oid = "oppijanro"'))
    bad = command(folder, "check-config", str(wrong))
    assert bad.returncode == 2
    assert "oppijanro" in bad.stderr.splitlines()[-1]


@pytest.mark.usefixtures("running")
def test_a_source_that_is_down_one_that_refuses_us_and_an_unknown_provider_are_named(port: int, folder: Path) -> None:
    config = folder / "var" / f"sandbox-{port}" / "gateway.toml"
    password = config.with_name("wrong.password")
    password.write_text("not the password")
    password.chmod(0o600)
    written = config.read_text()
    for right, wrong in {
        f"http://127.0.0.1:{port + 4}/": "http://127.0.0.1:1/",  # ONR
        f"http://127.0.0.1:{port + 8}/koodisto-service": f"http://127.0.0.1:{port + 8}/elsewhere",
        "secrets/a-koski.password": "wrong.password",
        f'provider = "{PROVIDER_A}"': 'provider = "1.2.246.562.99.99000099999"',
    }.items():
        assert right in written
        written = written.replace(right, wrong)
    wrong_config = config.with_name("not-well.toml")
    wrong_config.write_text(written)

    told = command(folder, "check-config", str(wrong_config))

    rows = {words[0]: words[1:] for line in told.stdout.partition("\n\n")[2].splitlines() if (words := line.split())}
    assert rows["onr"][1:3] == ["no", "unknown"]
    assert rows["a-koski"][1:3] == ["yes", "no"]
    assert rows["1.2.246.562.99.99000099999"][-2] == "absent"
    assert "OK" not in rows
    assert told.returncode == 2
    assert told.stderr.splitlines()[-1] == (
        "hoks-gateway: the settings can be used; not well: a-koski, onr, 1.2.246.562.99.99000099999, koodisto"
    )

"""The command line: what it says, and the code it ends with."""

import http.server
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.documents import Documents
from gateway.settings import Limits
from gateway.trial import EXAMPLE
from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable, sdl, subgraph_sdl

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """The port of a gateway beside which nobody answers: the one after it is taken, and nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1]) - 1


class _Issuer(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        known = asked == {"persona": "staff-a"}
        answer = {"access_token": "a.b.c"} if known else {"error": "unknown_persona", "personas": ["staff-a"]}
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def issuer_port() -> Iterator[int]:
    """The port of a gateway beside which an issuer answers."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Issuer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port - 1
        server.shutdown()
        thread.join()


def one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text.strip()


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["run"],
        ["serve"],
        ["sandbox"],
        ["token"],
        ["schema"],
        ["explain"],
        ["check-config"],
        ["log"],
        ["log", "read"],
        ["records", "retain"],
        ["operations"],
        ["operations", "add"],
        ["operations", "list"],
        ["operations", "check"],
    ],
)
def test_help_is_given_for_every_command(command: list[str], capsys: Printed) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: hoks-gateway")


def test_the_version_is_one_line(capsys: Printed) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert one_line(capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["serve"], ["token"], ["check-config"], ["run", "--port", "x"], ["run", "--port", "0"],
     ["run", "--port", "65531"], ["token", "staff-a", "--port", "-1"]],
)  # fmt: skip
def test_a_misused_command_ends_with_2(arguments: list[str], capsys: Printed) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


def test_a_token_is_printed_alone(issuer_port: int, capsys: Printed) -> None:
    assert main(["token", "staff-a", "--port", str(issuer_port)]) == 0
    assert capsys.readouterr().out == "a.b.c\n"


def test_an_unknown_persona_ends_with_2_and_the_known_ones(issuer_port: int, capsys: Printed) -> None:
    assert main(["token", "nobody", "--port", str(issuer_port)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert one_line(printed.err) == "hoks-gateway: unknown persona; expected one of: staff-a"


def test_a_token_when_nothing_runs_ends_with_2_and_one_line(silent_port: int, capsys: Printed) -> None:
    assert main(["token", "staff-a", "--port", str(silent_port)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"no sandbox answers on 127.0.0.1:{silent_port + 1}" in one_line(printed.err)


def test_the_port_of_the_environment_is_the_default(silent_port: int) -> None:
    command = [sys.executable, "-m", "gateway.cli", "token", "staff-a"]
    done = subprocess.run(command, env={"PORT": str(silent_port)}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert f"127.0.0.1:{silent_port + 1}" in done.stderr


def test_a_token_does_not_wait_for_the_gateways_modules() -> None:
    code = "import sys, gateway.cli; print(sorted({'graphql', 'httpx', 'msgspec', 'uvicorn'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", [["check-config"], ["serve", "--config"]])
def test_settings_that_cannot_be_used_end_with_2_and_one_line(
    command: list[str], tmp_path: Path, capsys: Printed
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("moode = 1\n")
    assert main([*command, str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert one_line(printed.err).startswith(f"hoks-gateway: {file}: key `")


def test_a_taken_port_ends_with_2_and_one_line(capsys: Printed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        assert main(["run", "--port", str(port)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"cannot listen on 127.0.0.1:{port}" in one_line(printed.err)


def test_the_schema_is_printed_as_it_is_built(capsys: Printed) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == sdl(build())


def test_the_schema_is_printed_as_that_of_a_subgraph(capsys: Printed) -> None:
    assert main(["schema", "--subgraph"]) == 0
    assert capsys.readouterr().out == subgraph_sdl()


def test_the_example_of_run_fits_the_schema_and_the_limits_and_one_pair_of_quotes() -> None:
    assert isinstance(Documents(executable(build()), Limits()).document(EXAMPLE), PreparedDocument)
    assert "'" not in EXAMPLE
    assert EXAMPLE.count("provider { oid }") == 2


def test_the_rules_of_one_role_are_printed(capsys: Printed) -> None:
    assert main(["explain", "--as", "assessor"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## Working-life assessor (työelämän osaamisen arvioija)")
    assert "assessor-demonstration" in printed
    assert "provider-own" not in printed


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--as", "nobody"], "instructor"), (["--persona", "staff-a"], "--student")]
)
def test_an_explanation_that_cannot_be_given_ends_with_2_and_one_line(
    arguments: list[str], word: str, capsys: Printed
) -> None:
    assert main(["explain", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert word in line

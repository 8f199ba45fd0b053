"""What an operator deploys with says what is so: settings, units, image and front agree with the gateway.

What needs a program that is not ours (HAProxy, systemd, pip) is tried in `tests/conformance`.
"""

import configparser
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.app import GRAPH, assemble
from gateway.cli import main
from gateway.clock import clock_of
from gateway.errors import Code
from gateway.serving import KEEP_SECONDS, KILL_SECONDS
from gateway.settings import Settings, SettingsError
from gateway.settings_file import load
from gateway.view import PATH as VIEW

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
EXAMPLE = (DEPLOY / "gateway.toml").read_text()
GUIDE = (ROOT / "docs/run-in-production.md").read_text()
FRONT = (DEPLOY / "haproxy.cfg").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()
UNITS = ("hoks-gateway@.service", "hoks-gateway-retain.service")
BLANK = re.compile(r"<[a-z][\w ]*>", re.I)
FILLED = {
    "<OID of the provider>": "1.2.246.562.99.99000000010",
    "<host of PostgreSQL>": "db.example",
    "<host of your token issuer>": "issuer.example",
    "<path of its keys>": "jwks",
    "<name of the gateway at your issuer>": "hoks-gateway",
    "<path to a file outside>": "/mnt/outside/anchors.jsonl",
    "<service user at the learner register>": "gateway-onr",
    "<service user at Koski>": "gateway-koski",
    "<service user at eHOKS>": "gateway-ehoks",
}


def write(folder: Path, text: str) -> Path:
    """The settings as a file, with the secrets that they name."""
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name in {*re.findall(r'"secrets/([^"]+)"', text)}:
        (secrets / name).write_bytes(
            Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            if name.endswith(".pem")
            else b"not-a-real-secret"
        )
        (secrets / name).chmod(0o600)
    config = folder / "gateway.toml"
    config.write_text(text)
    return config


def filled(text: str) -> str:
    return BLANK.sub(lambda found: FILLED[found[0]], text)


# --- settings


def test_the_example_settings_are_refused_key_by_key_until_all_is_filled_in(tmp_path: Path) -> None:
    text, left = EXAMPLE, len(BLANK.findall(EXAMPLE)) + 1
    while BLANK.search(text):
        with pytest.raises(SettingsError) as refused:
            load(write(tmp_path, text))
        told = re.fullmatch(r".*: key `([\w.\[\]]+)`: expected your own in place of `(<[\w ]+>)`", str(refused.value))
        assert told is not None, refused.value
        place = told[1].rpartition(".")[2]
        text, count = re.subn(rf"(?m)^({place} = .*){re.escape(told[2])}", rf"\g<1>{FILLED[told[2]]}", text)
        assert count
        assert (left := left - 1)
    assert text == filled(EXAMPLE)


async def test_the_example_settings_once_filled_in_are_what_a_gateway_is_made_of(tmp_path: Path) -> None:
    settings = load(write(tmp_path, filled(EXAMPLE)))
    assert settings.mode == "production"
    parts = assemble(settings, clock_of(settings.fixed_day))
    assert [each.source.id for each in parts.connected.rights] == ["koski"]
    assert [each.source.id for each in parts.connected.plans] == ["ehoks"]
    await parts.aclose()


def test_what_the_example_has_as_a_comment_is_accepted_too(tmp_path: Path) -> None:
    whole = re.sub(r"(?m)^# (\[+\w+\]+|\w+ = )", r"\1", filled(EXAMPLE))
    settings = load(write(tmp_path, whole))
    assert (settings.metrics.port, settings.tracing.share, settings.client[0].id) == (18101, 0.05, "workplace-tool")


@pytest.mark.parametrize("name", ["server", "overload", "limits", "cache"])
def test_the_example_says_what_is_so_without_it(name: str) -> None:
    told = tomllib.loads(filled(EXAMPLE))[name]
    usual = Settings.__struct_fields__.index(name) - len(Settings.__struct_fields__)
    default = Settings.__struct_defaults__[usual]
    assert {key: value for key, value in told.items() if key != "port"} == {
        key: getattr(default, key) for key in told if key != "port"
    }


# --- units


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's keys have capitals
    parser.read(DEPLOY / name)
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_the_units_say_a_command_of_ours(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = str(tmp_path / "gateway.toml")
    words = shlex.split(unit(name)["Service"]["ExecStart"].replace("%i", "8101").replace("%H", "one.example"))
    assert words[0] == "/opt/hoks-gateway/bin/hoks-gateway"
    assert main([word.replace("/etc/hoks-gateway/gateway.toml", missing) for word in words[1:]]) == 2
    assert capsys.readouterr().err == f"hoks-gateway: {missing}: cannot be read: No such file or directory\n"


def test_the_units_give_a_gateway_the_time_to_stop_and_no_rights() -> None:
    server = tomllib.loads(filled(EXAMPLE))["server"]
    service = unit(UNITS[0])["Service"]
    needed = server["drain_seconds"] + server["stop_seconds"] + KILL_SECONDS
    assert int(service["TimeoutStopSec"]) >= needed
    assert (service["Type"], service["NotifyAccess"], service["RestartPreventExitStatus"]) == ("notify", "all", "2")
    hardened = [dict(unit(name)["Service"]) for name in UNITS]
    for key in ("User", "Group", "ProtectSystem", "NoNewPrivileges", "CapabilityBoundingSet", "SystemCallFilter"):
        assert hardened[0][key] == hardened[1][key]


# --- front


def of_front(pattern: str) -> str:
    (found,) = {each if isinstance(each, str) else each[-1] for each in re.findall(pattern, FRONT, re.M)}
    return found


def seconds(text: str) -> float:
    number, kind = re.fullmatch(r"(\d+)(ms|s)", text).groups()  # type: ignore[union-attr]  # HAProxy's form
    return int(number) / {"ms": 1000, "s": 1}[kind]


def test_the_front_lets_through_the_paths_of_the_gateway_and_no_others() -> None:
    served = {*re.findall(r'Route\("(/[^"{]+)"', (ROOT / "gateway/app.py").read_text()), GRAPH, VIEW}
    through = {*of_front(r"acl ours path (.*)$").split()}
    assert of_front(r"acl ours path_beg (.*)$") == f"/embed-token/ {VIEW}/"
    assert through == served - {"/health", "/ready", "/invalidate"} | {"/invalidate/1", "/invalidate/2"}


def test_the_front_waits_for_a_slow_client_no_longer_than_it_may() -> None:
    assert seconds(of_front(r"timeout http-request (\S+)$")) <= 5
    assert seconds(of_front(r"wait-for-body time (\S+) ")) <= 10
    assert seconds(of_front(r"timeout http-keep-alive (\S+)$")) < KEEP_SECONDS


def test_the_front_and_the_settings_have_the_same_figures() -> None:
    told = tomllib.loads(filled(EXAMPLE))
    largest = told["limits"]["body_bytes"]
    assert {*re.findall(r"(?:content-length\)|req.body_size) gt (\d+)", FRONT)} == {"0", str(largest)}
    assert of_front(r"at-least (\d+)") == str(largest + 1)
    headers = int(of_front(r"req.hdrs,length gt (\d+)"))
    assert int(of_front(r"tune.bufsize (\d+)")) >= largest + headers + 1024
    held = int(of_front(r"default-server .* maxconn (\d+)"))
    assert held == told["overload"]["open"] + told["overload"]["waiting"]
    assert of_front(r"presetenv HOKS_GATEWAY_1 (\S+)") == f"127.0.0.1:{told['server']['port']}"


def test_the_front_takes_a_gateway_out_before_it_has_drained_and_in_before_the_next_goes_out() -> None:
    pace = dict(zip(*[iter(of_front(r"default-server check (.*)$").split())] * 2, strict=False))
    until_in = seconds(pace["downinter"]) * int(pace["rise"])
    soonest = seconds(pace["fastinter"]) * (int(pace["fall"]) - 1)
    until_out = seconds(pace["inter"]) + soonest
    assert until_out < tomllib.loads(filled(EXAMPLE))["server"]["drain_seconds"]
    assert until_in < soonest


def test_what_the_front_itself_refuses_has_the_shape_of_every_other_error() -> None:
    told = re.findall(r"http-error status (\d+) content-type application/json .*string '(.*)'$", FRONT, re.M)
    assert [int(status) for status, _ in told] == [400, 404, 408, 413, 502, 503, 504]
    for _, text in told:
        (error,) = json.loads(text)["errors"]
        assert error.keys() == {"message", "extensions"}
        assert Code(error["extensions"]["code"])


# --- image


def test_the_image_copies_what_is_there_and_all_that_is_installed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    copied = [word for line in re.findall(r"(?m)^COPY (?!--from)(.*)$", CONTAINER) for word in shlex.split(line)[:-1]]
    for name in copied:
        assert any(each == name or each.startswith(f"{name}/") for each in tracked), name
    ignored = (ROOT / ".containerignore").read_text().split()
    assert not {name.partition("/")[0] for name in copied} & {*ignored}
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {room.rstrip("*") for room in rooms} <= {name.partition("/")[0] for name in copied}


def test_the_image_serves_as_nobody_of_importance_on_the_port_of_the_settings() -> None:
    last = CONTAINER.rpartition("\nFROM ")[2]
    assert CONTAINER.count("\nFROM ") == 2
    user, group = re.findall(r"(?m)^USER (\d+):(\d+)$", last)[-1]
    assert min(int(user), int(group)) > 1000
    assert f"useradd --uid {user} --gid {group}" in last
    assert re.findall(r"(?m)^EXPOSE (\d+)$", last) == [str(tomllib.loads(filled(EXAMPLE))["server"]["port"])]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    (entry,) = json.loads(re.findall(r"(?m)^ENTRYPOINT (.*)$", last)[0])
    assert entry in scripts


def test_no_command_of_the_image_installs_what_has_no_hash() -> None:
    for line in re.findall(r"(?m)^RUN .*pip install.*$", CONTAINER):
        assert "--require-hashes" in line or ("--no-index" in line and "--no-deps" in line)


# --- guide


def said() -> list[str]:
    """Every line of a shell that the guide says."""
    return "\n".join(re.findall(r"(?s)```sh\n(.*?)```", GUIDE)).splitlines()


def test_the_guide_installs_as_the_image_does() -> None:
    told = [line.replace("python3", "python") for line in said() if " -m venv " in line or " -m pip " in line]
    runs = "\n".join(re.findall(r"(?m)^RUN (.*)$", CONTAINER)).replace(" && ", "\n")
    done = [line.replace("--no-cache-dir --disable-pip-version-check ", "") for line in runs.splitlines()]
    assert {*told} == {line for line in done if " -m " in line}


def test_the_guide_says_commands_of_ours(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing, tried = str(tmp_path / "gateway.toml"), 0
    for line in said():
        if line.startswith("hoks-gateway "):
            words = shlex.split(line.replace("/etc/hoks-gateway/gateway.toml", missing))
            assert main(words[1:]) == 2
            assert capsys.readouterr().err.endswith(f"{missing}: cannot be read: No such file or directory\n")
            tried += 1
    assert tried == 2


def test_what_the_guide_names_is_there() -> None:
    names = {*re.findall(r"(?<![\w/])deploy/[\w.@-]+\w", GUIDE)} - {"deploy/front.pem"}
    assert {name for name in names if not (ROOT / name).is_file()} == set()
    assert {f"deploy/{each.name}" for each in DEPLOY.iterdir() if each.suffix not in (".py", ".pem", "")} <= names
    ports = {*re.findall(r"hoks-gateway@(\d+)", GUIDE)}
    assert ports == {port.rpartition(":")[2] for port in re.findall(r"presetenv HOKS_GATEWAY_\d (\S+)", FRONT)}

"""What stands in `deploy/`, tried with the programs that read it: HAProxy, systemd, and pip in a clean environment.

No image can be built where this runs. So the commands of the Containerfile are run one after the other under another
root folder, and those of the compose file by what they have installed, without a container around them.
"""

import asyncio
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.front import front
from gateway.app import assemble
from gateway.clock import clock_of
from gateway.settings_file import load
from tests.chaos.certificates import certified
from tests.chaos.proxy import HOST
from tests.conformance.programs import PATH, program
from tests.postgres import running_server
from tests.rows import free_ports

pytestmark = pytest.mark.suite("what an operator deploys")

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONTAINER = (DEPLOY / "Containerfile").read_text()
UNITS = ("hoks-gateway@.service", "hoks-gateway-retain.service", "hoks-gateway-retain.timer")
SECONDS = 120.0


def done(command: list[str | Path], **how: Any) -> str:
    """What a command says that has come to its good end."""
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **how)
    assert ran.returncode == 0, (command, ran.stdout[-3000:], ran.stderr[-3000:])
    told: str = ran.stdout + ran.stderr
    return told


def tracked() -> list[str]:
    return done(["git", "ls-files"], cwd=ROOT).split()


# --- HAProxy, systemd -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("unprivileged", [{}, {"HOKS_UNPRIVILEGED": "1"}])
def test_haproxy_takes_the_front_without_a_word(unprivileged: dict[str, str], tmp_path: Path) -> None:
    certified(tmp_path)
    env = {"PATH": PATH, "HOKS_CERTIFICATE": str(tmp_path / "good.pem"), **unprivileged}
    told = done([program("haproxy"), "-c", "-f", DEPLOY / "haproxy.cfg"], env=env)
    assert told == "Configuration file is valid\n"


def test_systemd_takes_the_units_without_a_word(tmp_path: Path) -> None:
    command = tmp_path / "hoks-gateway"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    units = []
    for name in UNITS:
        written = (DEPLOY / name).read_text().replace("/opt/hoks-gateway/bin/hoks-gateway", str(command))
        units.append(tmp_path / name.replace("@.", "@8101."))
        units[-1].write_text(written)
    assert done([program("systemd-analyze"), "verify", *units]) == ""


# --- the guide -------------------------------------------------------------------------------------------------


def test_the_guide_leads_to_settings_that_are_accepted_units_and_a_front(tmp_path: Path) -> None:
    blocks = re.findall(r"(?s)```sh\n(.*?)```", (ROOT / "docs/run-in-production.md").read_text())
    root, stubs, log = tmp_path / "root", tmp_path / "stubs", tmp_path / "said"
    for each in ("etc/haproxy", "etc/systemd/system"):
        (root / each).mkdir(parents=True)
    stubs.mkdir()
    # What changes the machine itself is only noted.
    for name in ("useradd", "systemctl", "apt-get"):
        (stubs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {log}\n')
        (stubs / name).chmod(0o755)
    certified(tmp_path)
    (tmp_path / "certificate.pem").write_bytes((tmp_path / "good.pem").read_bytes())
    (tmp_path / "key.pem").write_text("")
    (tmp_path / "deploy").symlink_to(DEPLOY)
    env = {
        "PATH": f"{stubs}:{PATH}",
        "HOKS_UNPRIVILEGED": "1",
        "HOKS_CERTIFICATE": f"{root}/etc/haproxy/hoks-gateway.pem",
    }
    for begins in ("useradd ", "cp deploy/hoks-gateway@", "apt-get install haproxy", "systemctl restart"):
        (block,) = [each for each in blocks if each.startswith(begins)]
        done(["sh", "-euc", block.replace("/etc/", f"{root}/etc/")], cwd=tmp_path, env=env)
    assert len(log.read_text().splitlines()) == 7
    assert sorted(each.name for each in (root / "etc/systemd/system").iterdir()) == sorted(UNITS)
    secrets = root / "etc/hoks-gateway/secrets"
    for name in ("onr", "koski", "ehoks"):
        (secrets / f"{name}.password").write_text("x")
        (secrets / f"{name}.password").chmod(0o600)
    config = root / "etc/hoks-gateway/gateway.toml"
    config.write_text(re.sub("<OID[^>]*>", "1.2.246.562.99.99000000010", config.read_text()))
    config.write_text(re.sub("<[a-z][^>]*>", "filled.example", config.read_text()))
    parts = assemble(load(config), clock_of(None))
    asyncio.run(parts.aclose())


# --- the image ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image has under its root folder, once the commands of its first stage have run."""
    root = tmp_path_factory.mktemp("image")
    inside = re.compile(r"(?<![\w.])/(?=opt/|build\b)")
    stage = re.search(r"(?m)^FROM .* AS build\n((?:(?!FROM ).*\n)*)", CONTAINER)
    assert stage is not None
    # As in the base image, and with what leads pip to a registry; nothing of the environment of these tests.
    env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP", "http"))}
    base = tmp_path_factory.mktemp("base")
    (base / "python").symlink_to(Path(sys.executable).resolve())
    env |= {"PATH": f"{base}:{os.defpath}", "HOME": str(root)}
    here = root
    for line in stage[1].splitlines():
        word, _, rest = line.partition(" ")
        match word:
            case "WORKDIR":
                here = root / rest.lstrip("/")
                here.mkdir(parents=True)
            case "COPY":
                *sources, target = shlex.split(rest)
                for source in sources:
                    copied = here / (source if target == "./" else target)
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    done(["cp", "--recursive", ROOT / source, copied])
            case "RUN":
                done(["sh", "-euc", inside.sub(f"{root}/", rest)], cwd=here, env=env)
    return root


def test_the_gateway_that_the_image_has_is_whole(image: Path) -> None:
    command, empty = image / "opt/hoks-gateway/bin/hoks-gateway", image / "empty"
    empty.mkdir(exist_ok=True)
    alone = {"PATH": os.defpath}
    assert done([command, "schema"], cwd=empty, env=alone) == (ROOT / "schema.graphql").read_text()
    assert done([command, "explain"], cwd=empty, env=alone) == (ROOT / "docs/access.md").read_text()
    pip = image / "opt/hoks-gateway/bin/python"
    listed = json.loads(done([pip, "-m", "pip", "list", "--format=json"]))
    installed = {each["name"].lower().replace("_", "-") for each in listed}
    locked = {*re.findall(r"(?m)^([\w.-]+)==", (ROOT / "requirements.txt").read_text())}
    assert installed <= locked | {"hoks-gateway", "pip", "setuptools"}
    assert not {"pytest", "mypy", "wheel"} & installed


# --- containers -----------------------------------------------------------------------------------------------


def mounts(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for each in service.get("volumes", ()):
        source, target, *_ = each.split(":")
        yield source, target


def test_the_containers_name_only_what_there_is() -> None:
    files = tracked()
    for name, service in SERVICES.items():
        assert {*service.get("depends_on", {})} <= SERVICES.keys(), name
        kind, _, other = service.get("network_mode", "none").partition(":")
        assert kind == "none" or (kind == "service" and other in SERVICES), name
        assert {*service.get("networks", ())} <= COMPOSE["networks"].keys(), name
        for source, _ in mounts(service):
            if source.startswith("./") and source != "./front.pem":
                assert f"deploy/{source.removeprefix('./')}" in files, source
            elif not source.startswith("./"):
                assert source in COMPOSE["volumes"], source
        if "build" in service:
            built = (DEPLOY / service["build"]["context"]).resolve()
            assert built == ROOT and (built / service["build"]["dockerfile"]).is_file()


def test_no_container_of_ours_may_do_more_than_it_has_to() -> None:
    (user,) = {*re.findall(r"(?m)^USER (\S+)$", CONTAINER)}
    for name in SERVICES.keys() - {"db"}:
        service = SERVICES[name]
        assert (service["user"], service["read_only"], service["cap_drop"]) == (user, True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        writes = [each for each in service.get("volumes", ()) if not each.endswith(":ro")]
        assert not writes or name in ("passwords", "sandbox"), name
    assert [each for each in SERVICES if "ports" in SERVICES[each]] == ["front"]
    assert COMPOSE["networks"]["records"] == {"internal": True}


def test_the_front_finds_the_gateways_where_they_are() -> None:
    found = re.findall(r"presetenv HOKS_GATEWAY_\d (\S+)", (DEPLOY / "haproxy.cfg").read_text())
    ports = [
        word.partition("=")[2]
        for name in ("gateway-1", "gateway-2")
        for word in SERVICES[name]["command"]
        if word.startswith("--port=")
    ]
    assert found == [f"127.0.0.1:{port}" for port in ports]
    assert {SERVICES[name]["network_mode"] for name in ("gateway-1", "gateway-2", "sandbox")} == {"service:front"}
    streams = [word for name in SERVICES for word in SERVICES[name].get("command", ()) if "--stream" in word]
    assert len({*streams}) == 2


def test_what_the_containers_run_comes_to_two_gateways_behind_the_front(image: Path, tmp_path: Path) -> None:
    first = free_ports(15)
    with ExitStack() as until:
        server = until.enter_context(running_server())
        # Places that a container would have for itself, and the ports of the one network.
        ports = {"8080": str(first), "8101": str(first + 11), "8102": str(first + 12)}
        places = {"@db/hoks": f"@/hoks?host={server.folder}", "--host=db": f"--host={server.folder}"}
        places |= {"/roles.sql": str(DEPLOY / "roles.sql"), "/var/lib/hoks-gateway": str(tmp_path), "$$": "$"}
        env = {"PATH": f"{image}/opt/hoks-gateway/bin:{server.program('psql').parent}:{os.defpath}", "PORT": str(first)}

        def words(name: str) -> list[str]:
            service = SERVICES[name]
            said = [*service.get("entrypoint", ["hoks-gateway"]), *service["command"]]
            for old, new in (ports | places).items():
                said = [word.replace(old, new) for word in said]
            return said

        def own(name: str) -> dict[str, str]:
            given = SERVICES[name].get("environment", {})
            return env | {key: value.replace("/var/lib/hoks-gateway", str(tmp_path)) for key, value in given.items()}

        running: dict[str, subprocess.Popen[bytes]] = {}

        def start(name: str) -> None:
            log = until.enter_context((tmp_path / f"{name}.log").open("w"))
            command = [shutil.which(words(name)[0], path=env["PATH"]) or "", *words(name)[1:]]
            running[name] = subprocess.Popen(command, cwd=tmp_path, env=own(name), stdout=log, stderr=log)
            until.callback(running[name].wait, 30)
            until.callback(running[name].send_signal, signal.SIGTERM)

        def comes(holds: Callable[[], bool]) -> None:
            def is_there() -> bool:
                for name, process in running.items():
                    assert process.poll() is None, (tmp_path / f"{name}.log").read_text()[-3000:]
                return holds()

            until_holds(is_there)

        def once(name: str) -> None:
            done([shutil.which(words(name)[0], path=env["PATH"]) or "", *words(name)[1:]], cwd=tmp_path, env=own(name))

        once("passwords")
        secrets = tmp_path / "secrets"
        assert {each.stat().st_mode & 0o777 for each in secrets.iterdir()} == {0o600}
        once("passwords")
        with server.connect("postgres") as owner:
            owner.execute(f"ALTER ROLE postgres PASSWORD '{(secrets / 'superuser.password').read_text()}'")
        once("roles")
        once("roles")
        start("sandbox")
        check = SERVICES["sandbox"]["healthcheck"]["test"]
        assert check[0] == "CMD-SHELL"
        healthy = ["sh", "-c", check[1].replace("8080", ports["8080"])]
        comes(lambda: subprocess.run(healthy, cwd=tmp_path, env=env, capture_output=True).returncode == 0)
        once("prepare")
        start("gateway-1")
        start("gateway-2")
        certificates, port = certified(tmp_path), first + 13
        until.enter_context(
            front(f"{HOST}:{port}", [first + 11, first + 12], tmp_path / "good.pem", tmp_path / "front.log")
        )
        token = done([image / "opt/hoks-gateway/bin/hoks-gateway", "token", "staff-a"], env=env).strip()

        def asked() -> Any:
            return ask(port, certificates.trust(), token)

        comes(lambda: asked() is not None)
        assert [asked() for _ in range(20)] == [{"data": {"viewer": {"role": "STAFF"}}}] * 20
        comes(lambda: {asked() is not None and one_line(tmp_path / "front.log") for _ in range(9)} == {"one", "two"})


def ask(port: int, trusted: ssl.SSLContext, token: str) -> Any:
    """The data of an answer through the front; nothing while there is none."""
    connection = http.client.HTTPSConnection(HOST, port, timeout=20, context=trusted)
    trusted.check_hostname = False  # it is known by its name, and asked by its address
    try:
        body = json.dumps({"query": "{ viewer { role } }"})
        connection.request(
            "POST", "/graphql", body, {"content-type": "application/json", "authorization": f"Bearer {token}"}
        )
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return {"data": told["data"]} if answer.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


def one_line(log: Path) -> str:
    """Which gateway the last request went to."""
    return str(json.loads(log.read_text().splitlines()[-1])["gateway"])


def until_holds(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        with suppress(OSError, ValueError, IndexError):
            if holds():
                return
        assert time.monotonic() < deadline
        time.sleep(0.2)

"""Views that are not those of the settings stop the start in one line; a database that is down does not."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.checking import try_sources
from gateway.serving import UserError, served
from gateway.settings import SettingsError
from gateway.settings_file import load
from tests.connectors.table.views import PASSWORD, READER, SCHEMA, ProvidersDatabase
from tests.postgres import PostgresServer

ONR = '{ base_url = "http://127.0.0.1:9/onr", caller_id = "1.2.246.562.99.99000000016.hoks-gateway" }'
GATEWAY = f"""
part_id_key_file = "part-id.key"
onr = {ONR}
organisaatio = {ONR}

[records]
store_path = "records.db"
anchor_key_file = "anchors.pem"

[server]
port = PORT

[[issuer]]
issuer = "https://issuer.test"
audience = "hoks-gateway"
jwks_url = "https://issuer.test/jwks"

[[source]]
id = "b-views"
kind = "table"
provider = "1.2.246.562.99.99000000028"
gives = ["assignments"]

[source.database]
url = "URL"
password_file = "db.password"
schema = "{SCHEMA}"

[source.tables.assignments]
view = "roles"
columns = {{ person_oid = "who", role = "role", learner_oid = "learner" }}
"""


@pytest.fixture
def provider(postgres: PostgresServer, database: str) -> ProvidersDatabase:
    return ProvidersDatabase(postgres, database)


@pytest.fixture
def config(tmp_path: Path, provider: ProvidersDatabase) -> Path:
    """Settings of a gateway that finds its port taken: it gets as far as listening, and no further."""
    for name, secret in (("part-id.key", "a" * 64), ("db.password", PASSWORD)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "anchors.pem").write_bytes(pem)
    (tmp_path / "anchors.pem").chmod(0o600)
    file = tmp_path / "gateway.toml"
    file.write_text(GATEWAY.replace("URL", provider.server.address(provider.name, READER)).replace("PORT", "1"))
    return file


def test_a_view_that_is_not_there_stops_the_start(config: Path, provider: ProvidersDatabase) -> None:
    with pytest.raises(UserError) as refused:
        asyncio.run(served(config))
    assert str(refused.value) == f"{config}: source `b-views`, table `assignments`: there is no view `roles`"
    with pytest.raises(SettingsError, match="there is no view `roles`"):
        asyncio.run(try_sources(config, lambda _: None))


def test_a_column_that_is_not_there_stops_the_start(config: Path, provider: ProvidersDatabase) -> None:
    provider.fill("roles", {"who": "text", "role": "text"}, [])
    with pytest.raises(UserError, match="table `assignments`: the view `roles` has no column `learner`"):
        asyncio.run(served(config))


def test_a_database_that_is_down_does_not_stop_the_start(config: Path) -> None:
    config.write_text(config.read_text().replace("?host=", "?host=/nowhere"))
    with pytest.raises(UserError, match="cannot listen on"):
        asyncio.run(served(busy(config)))


def busy(config: Path) -> Path:
    """The same settings with a host that is not ours, so that listening fails at once."""
    config.write_text(config.read_text().replace("[server]", '[server]\nhost = "192.0.2.1"'))
    return config


def test_what_is_wrong_with_the_address_is_said_with_its_key_and_without_it(config: Path) -> None:
    text = config.read_text()
    config.write_text(text.replace(f"//{READER}@", f"//{READER}:hunter2@"))
    with pytest.raises(SettingsError) as refused:
        load(config)
    assert "database" in str(refused.value) and "expected no password in the address" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_password_that_others_can_read_stops_the_start(config: Path) -> None:
    (config.parent / "db.password").chmod(0o644)
    with pytest.raises(SettingsError, match=r"source\[0\]\.database\.password_file.*only its owner can read"):
        load(config)

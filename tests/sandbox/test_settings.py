"""The rendered settings are TOML that names what the sandbox serves and writes."""

import stat
import tomllib
from datetime import date
from pathlib import Path

from sandbox.drop import DIALECTS, drop
from sandbox.organisations import organisation
from sandbox.server import lay_out
from sandbox.settings import secrets_in, settings_text
from sandbox.world import World


def test_the_settings_parse_and_name_the_servers_beside_the_port(tmp_path: Path) -> None:
    settings = tomllib.loads(settings_text(9000, tmp_path))
    assert settings["mode"] == "sandbox"
    assert settings["fixed_day"] == date(2026, 10, 5)
    assert settings["server"] == {"host": "127.0.0.1", "port": 9000}
    assert settings["issuer"][0]["jwks_url"] == "http://127.0.0.1:9001/jwks"
    koski, ehoks, b, c = settings["source"]
    assert koski["base_url"] == "http://127.0.0.1:9003/koski/api"
    assert ehoks["base_url"] == "http://127.0.0.1:9002/ehoks-virkailija-backend/api/v1/hoks"
    assert ehoks["service"] == "http://127.0.0.1:9002/ehoks-virkailija-backend/cas-security-check"
    assert [s["provider"] for s in (b, c)] == [organisation("B").oid, organisation("C").oid]
    assert settings["onr"]["base_url"] == "http://127.0.0.1:9004/oppijanumerorekisteri-service"
    assert settings["organisaatio"]["base_url"] == "http://127.0.0.1:9005/organisaatio-service/api"


def test_the_mapping_names_files_and_columns_that_the_drop_has(tmp_path: Path, world: World) -> None:
    sources = tomllib.loads(settings_text(9000, tmp_path))["source"]
    for source, (letter, dialect) in zip(sources[2:], DIALECTS.items(), strict=True):
        files = drop(world, letter)
        for table in source["tables"].values():
            header = files[table["file"]].decode(source["encoding"]).splitlines()[0].split(source["delimiter"])
            assert set(table["columns"].values()) <= set(header)
        assert source["codes"] == dialect.codes
        assert "_group" not in source["tables"]["people"]["columns"]


def test_a_folder_with_awkward_letters_is_quoted(tmp_path: Path) -> None:
    folder = tmp_path / 'åäö "x" \\ y'
    settings = tomllib.loads(settings_text(9000, folder))
    assert settings["source"][2]["folder"] == str(folder / "b")


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path, world: World) -> None:
    lay_out(tmp_path, world)
    first = secrets_in(tmp_path)
    settings = tomllib.loads(settings_text(9000, tmp_path))
    assert secrets_in(tmp_path) == first
    assert first.ehoks_password not in repr(first)
    assert Path(settings["source"][1]["password_file"]).read_text() == first.ehoks_password
    assert len(bytes.fromhex(Path(settings["part_id_key_file"]).read_text())) == 32
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "secrets").iterdir()} == {0o600}
    assert (tmp_path / "b" / "manifest.json").exists()
    assert (tmp_path / "c" / "manifest.json").exists()

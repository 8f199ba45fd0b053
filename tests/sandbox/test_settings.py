"""The rendered settings are TOML that names what the sandbox serves and writes."""

import stat
import tomllib
from datetime import date
from pathlib import Path

from gateway.settings_file import load
from sandbox import BUSINESS_DAY
from sandbox.dialects import DIALECTS
from sandbox.drop import drop
from sandbox.organisations import organisation
from sandbox.server import lay_out
from sandbox.settings import secrets_in, settings_text
from sandbox.world import World


def test_the_settings_parse_and_name_the_servers_beside_the_port(tmp_path: Path) -> None:
    settings = tomllib.loads(settings_text(9000, tmp_path))
    assert settings["mode"] == "sandbox"
    assert settings["fixed_day"] == date(2026, 10, 5)
    assert settings["server"] == {"host": "127.0.0.1", "port": 9000, "drain_seconds": 0}
    assert settings["issuer"][0]["jwks_url"] == "http://127.0.0.1:9001/jwks"
    koski, ehoks, a, b, c, d, roster = settings["source"]
    assert koski["base_url"] == "http://127.0.0.1:9003/koski/api"
    assert ehoks["base_url"] == "http://127.0.0.1:9002/ehoks-virkailija-backend/api/v1/hoks"
    assert ehoks["service"] == "http://127.0.0.1:9002/ehoks-virkailija-backend/cas-security-check"
    assert [s["provider"] for s in (a, b, c)] == [organisation(letter).oid for letter in "ABC"]
    assert [s["id"] for s in (a, b, c)] == ["a-staff", "b-primus", "c-table"]
    assert a["gives"] == ["appointments", "assignments"]
    assert b["gives"] == ["rights", "plans", "appointments", "assignments"]
    assert c["gives"] == ["plans", "appointments", "assignments"]
    assert (d["id"], d["kind"], d["provider"]) == ("d-campus", "json", organisation("D").oid)
    assert d["base_url"] == "http://127.0.0.1:9006/api/v2"
    assert d["auth"]["token_url"] == "http://127.0.0.1:9006/oauth2/token"
    assert (roster["id"], roster["provider"]) == ("c-roster", organisation("C").oid)
    assert roster["gives"] == ["rights", "assignments"]
    assert roster["groups"]["roles"]["ext:guidanceCounsellor"] == "guidance_counsellor"
    assert roster["base_url"] == "http://127.0.0.1:9007"
    assert roster["account"]["token_url"] == "http://127.0.0.1:9007/token"
    assert settings["onr"]["base_url"] == "http://127.0.0.1:9004/oppijanumerorekisteri-service"
    assert settings["organisaatio"]["base_url"] == "http://127.0.0.1:9005/organisaatio-service/api"
    assert settings["koodisto"]["base_url"] == "http://127.0.0.1:9008/koodisto-service/rest"
    assert settings["eperusteet"]["base_url"] == "http://127.0.0.1:9009/eperusteet-service/api/external"
    assert settings["amosaa"]["base_url"] == "http://127.0.0.1:9010/eperusteet-amosaa-service/api"


def test_the_mapping_names_files_and_columns_that_the_drop_has(tmp_path: Path, world: World) -> None:
    sources = tomllib.loads(settings_text(9000, tmp_path))["source"]
    for source, (letter, dialect) in zip(sources[2:5], DIALECTS.items(), strict=True):
        files = drop(world, letter)
        for table in source["tables"].values():
            header = files[table["file"]].decode(source["encoding"]).splitlines()[0].split(source["delimiter"])
            assert set(table["columns"].values()) <= set(header)
        assert source["codes"] == dialect.codes
        assert "_group" not in source["tables"]["people"]["columns"]


def test_a_folder_with_awkward_letters_is_quoted(tmp_path: Path) -> None:
    folder = tmp_path / 'åäö "x" \\ y'
    settings = tomllib.loads(settings_text(9000, folder))
    assert settings["source"][3]["folder"] == str(folder / "b")


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path, world: World) -> None:
    lay_out(tmp_path, world)
    first = secrets_in(tmp_path)
    settings = tomllib.loads(settings_text(9000, tmp_path))
    assert secrets_in(tmp_path) == first
    assert first.ehoks_password not in repr(first)
    assert Path(settings["source"][5]["auth"]["secret_file"]).read_text() == first.campus_secret
    assert first.roster_secret not in repr(first)
    assert Path(settings["source"][1]["password_file"]).read_text() == first.ehoks_password
    assert Path(settings["source"][6]["account"]["secret_file"]).read_text() == first.roster_secret
    assert len(bytes.fromhex(Path(settings["part_id_key_file"]).read_text())) == 32
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "secrets").iterdir()} == {0o600}
    assert all((tmp_path / letter / "manifest.json").exists() for letter in "abc")


def test_consents_and_the_statute_of_the_cast_are_in_the_settings(tmp_path: Path, world: World) -> None:
    settings = tomllib.loads(settings_text(9000, tmp_path))
    given, withdrawn = settings["sandbox_consent"]
    assert given == {
        "id": "consent-7",
        "learner": world.cast_right(7, "a").person.oid,
        "right": world.cast_right(7, "a").oid,
        "recipient": "1.2.246.562.98.98000009195",
        "items": ["D1", "D2q", "D2u", "D3", "D10"],
        "start": date(2026, 9, 1),
        "end": date(2026, 12, 31),
        "withdrawn": False,
    }
    assert (withdrawn["right"], withdrawn["withdrawn"]) == (world.cast_right(4, "a").oid, True)
    (statute,) = settings["statute"]
    assert statute["organisation"] == organisation("employment-services").oid
    assert (statute["items"], statute["express"]) == (["D1", "D2q", "D2u"], [])


def test_the_gateway_accepts_the_whole_text(tmp_path: Path, world: World) -> None:
    lay_out(tmp_path, world)
    file = tmp_path / "gateway.toml"
    file.write_text(settings_text(9000, tmp_path))
    settings = load(file)
    assert [each.is_in_force(BUSINESS_DAY) for each in settings.sandbox_consents] == [True, False]
    assert [each.organisation for each in settings.statutes] == [organisation("employment-services").oid]

"""The catalogue: settings make sources, and what is insecure or wrong refuses in one line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.breaker import State
from connectors.catalogue import SourceSettings, connect, with_scopes
from connectors.kept_rights import KeptRights
from connectors.kept_sources import KeptHolders, KeptPlans
from connectors.network import SettingsRefusedError, secret
from connectors.oauth import ClientCredentials
from connectors.registries.onr import OnrSettings
from connectors.registries.organisaatio import OrganisaatioSettings
from connectors.table import TableSource
from tests.connectors.wires import PROVIDER, StillClock

CALLER = "1.2.246.562.10.00000000001.test"
KOSKI = {
    "kind": "koski",
    "id": "a-koski",
    "provider": PROVIDER,
    "gives": ["rights"],
    "base_url": "https://koski.example/koski/api",
    "username": "gateway",
    "password_file": "koski.password",
    "caller_id": CALLER,
    "concurrency": 4,
    "seconds": 2.5,
    "max_bytes": 1_000_000,
}
EHOKS = {
    "kind": "ehoks",
    "id": "a-ehoks",
    "provider": PROVIDER,
    "gives": ["plans"],
    "base_url": "https://ehoks.example/ehoks-virkailija-backend/api/v1/hoks",
    "cas_url": "https://ehoks.example/cas",
    "service": "https://ehoks.example/ehoks-virkailija-backend/cas-security-check",
    "username": "gateway",
    "password_file": "ehoks.password",
    "caller_id": CALLER,
}
ROSTER: dict[str, Any] = {
    "kind": "oneroster",
    "id": "c-roster",
    "provider": PROVIDER,
    "base_url": "https://roster.example",
    "account": {"token_url": "https://login.example/token", "client_id": "gateway", "secret_file": "roster.secret"},
    "right": {"oid": "metadata.studyRightOid", "state": "metadata.state"},
    "codes": {"state": {"paused": "valiaikaisestikeskeytynyt"}},
}
TABLE: dict[str, Any] = {
    "kind": "table",
    "id": "b-drop",
    "provider": PROVIDER,
    "gives": ["rights"],
    "folder": "b",
    "tables": {
        "people": {"file": "people.csv", "columns": {"key": "k", "oid": "o"}},
        "rights": {
            "file": "rights.csv",
            "columns": {"key": "k", "person_key": "p", "oid": "o", "state": "s", "state_start": "f"},
        },
    },
}


STAFF: dict[str, Any] = {
    "kind": "table",
    "id": "a-staff",
    "provider": PROVIDER,
    "gives": ["appointments", "assignments"],
    "folder": "a",
    "tables": {
        "appointments": {
            "file": "appointments.csv",
            "columns": {"person_oid": "p", "kind": "k", "right_oid": "r", "learner_oid": "l", "part_key": "t"},
        },
        "assignments": {"file": "roles.csv", "columns": {"person_oid": "p", "role": "r", "learner_oid": "l"}},
    },
}


def settings(*written: dict[str, Any]) -> list[SourceSettings]:
    return msgspec.convert(list(written), list[SourceSettings])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("koski.password", "ehoks.password", "roster.secret"):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path


async def test_each_kind_becomes_its_source(folder: Path) -> None:
    connected = connect(
        settings(KOSKI, EHOKS, ROSTER, TABLE),
        StillClock(),
        onr=OnrSettings(base_url="https://onr.example", caller_id=CALLER),
        organisaatio=OrganisaatioSettings(base_url="https://organisaatio.example", caller_id=CALLER),
        folder=folder,
    )
    assert [type(each) for each in connected.rights] == [KeptRights, KeptRights, TableSource]
    assert [type(each) for each in connected.plans] == [KeptPlans]
    assert [type(each) for each in connected.holders] == [KeptHolders, KeptHolders, TableSource]
    assert [each.source.id for each in connected.rights] == ["a-koski", "c-roster", "b-drop"]
    assert connected.identities is not None
    assert connected.organisations is not None
    assert "secret" not in repr(connected)
    await connected.aclose()


def test_a_table_stands_where_its_settings_say_that_it_gives_something() -> None:
    both = {**TABLE, "gives": ["rights", "assignments"], "tables": {**TABLE["tables"], **STAFF["tables"]}}
    connected = connect(settings(STAFF, both), StillClock())
    assert [each.source.id for each in connected.appointments] == ["a-staff"]
    assert [each.source.id for each in connected.assignments] == ["a-staff", "b-drop"]
    assert [each.source.id for each in connected.rights] == ["b-drop"]
    assert [each.source.id for each in connected.holders] == ["b-drop"]
    assert [each.source.id for each in connected.tables] == ["a-staff", "b-drop"]
    assert connected.plans == ()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_secret_that_others_can_read_refuses_the_start(folder: Path, mode: int) -> None:
    (folder / "koski.password").chmod(mode)
    with pytest.raises(SettingsRefusedError, match=r"koski\.password: others can read this secret"):
        connect(settings(KOSKI), StillClock(), folder=folder)


def test_a_secret_that_is_missing_or_empty_refuses_the_start(folder: Path) -> None:
    with pytest.raises(SettingsRefusedError, match="cannot be read"):
        secret(folder / "none")
    (folder / "koski.password").write_text(" \n")
    with pytest.raises(SettingsRefusedError, match="is empty"):
        secret(folder / "koski.password")


def test_the_secret_with_which_a_source_signs_must_be_long(folder: Path) -> None:
    key = folder / "invalidate.key"
    key.write_text("k" * 31)
    key.chmod(0o600)
    signing = settings({**KOSKI, "invalidate_key_file": "invalidate.key"})
    with pytest.raises(SettingsRefusedError, match=r"invalidate\.key: this secret is too short; expected at least 32"):
        connect(signing, StillClock(), folder=folder)
    key.write_text("k" * 32)
    connected = connect(signing, StillClock(), folder=folder)
    assert connected.invalidate_keys == {"a-koski": b"k" * 32}
    assert "kkkk" not in repr(connected)


def test_plain_http_to_another_machine_refuses_the_start(folder: Path) -> None:
    with pytest.raises(SettingsRefusedError, match=r"source `a-koski`: expected an https address for koski\.example"):
        connect(settings({**KOSKI, "base_url": "http://koski.example/koski/api"}), StillClock(), folder=folder)


def test_a_private_address_refuses_the_start_unless_the_settings_say_so(folder: Path) -> None:
    private = {**KOSKI, "base_url": "https://10.1.2.3/koski/api"}
    with pytest.raises(SettingsRefusedError, match=r"source `a-koski`: expected a public address, got 10\.1\.2\.3"):
        connect(settings(private), StillClock(), folder=folder)
    connect(settings({**private, "private_network": True}), StillClock(), folder=folder)


async def test_each_source_over_http_has_a_condition_of_its_own(folder: Path) -> None:
    connected = connect(
        settings(KOSKI, TABLE, EHOKS),
        StillClock(),
        onr=OnrSettings(base_url="https://onr.example", caller_id=CALLER),
        folder=folder,
    )
    assert [(each.source, each.breaker, each.calls) for each in connected.conditions()] == [
        ("a-koski", State.CLOSED, 0),
        ("a-ehoks", State.CLOSED, 0),
        ("onr", State.CLOSED, 0),
    ]
    await connected.aclose()


def test_two_sources_of_one_id_refuse_the_start(folder: Path) -> None:
    with pytest.raises(SettingsRefusedError, match="source `a-koski` is there twice"):
        connect(settings(KOSKI, KOSKI), StillClock(), folder=folder)


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"kind": "wilma"},
        {"gives": ["plans"]},
        {"seconds": 0},
        {"cache_seconds": 61},
        {"concurrency": 0},
        {"waiting": -1},
        {"batch": 1001},
    ],
)
def test_a_key_or_value_that_is_not_known_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings({**KOSKI, **change})


VIEWS: dict[str, Any] = {
    "kind": "table",
    "id": "b-views",
    "provider": PROVIDER,
    "gives": ["assignments"],
    "database": {"url": "postgresql://reader@127.0.0.1:1/sis", "password_file": "db.password"},
    "tables": {"assignments": {"view": "roles", "columns": {"person_oid": "p", "role": "r", "learner_oid": "l"}}},
}


async def test_a_database_is_a_source_whose_password_only_its_owner_may_read(folder: Path) -> None:
    (folder / "db.password").write_text("hunter2\n")
    (folder / "db.password").chmod(0o640)
    with pytest.raises(SettingsRefusedError, match=r"db\.password: others can read this secret"):
        connect(settings(VIEWS), StillClock(), folder=folder)
    (folder / "db.password").chmod(0o600)
    connected = connect(settings(VIEWS), StillClock(), folder=folder)
    assert [each.source.id for each in connected.assignments] == ["b-views"]
    assert "hunter2" not in repr(connected)
    await connected.refuse_misfits()
    await connected.aclose()


def test_authorities_that_are_not_there_refuse_the_start(folder: Path) -> None:
    database = {"url": "postgresql://reader@db.example/sis", "root_certificates": "none.pem"}
    with pytest.raises(SettingsRefusedError, match="source `b-views`, root_certificates: expected a file"):
        connect(settings(VIEWS | {"database": database}), StillClock(), folder=folder)


@pytest.mark.parametrize(
    "change",
    [
        {"page_size": 1},
        {"kept_seconds": 61},
        {"kept_seconds": 31},
        {"gives": ["plans"]},
        {"right": {"oid": "metadata."}},
        {"right": {"colour": "metadata.colour"}},
        {"after_end": "lasna"},
        {"codes": {"state": {"paused": "tauolla"}}},
    ],
)
def test_a_roster_key_or_value_that_is_not_known_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings({**ROSTER, **change})


@pytest.mark.parametrize("server", ["base_url", "token_url"])
def test_a_roster_over_plain_http_refuses_the_start(folder: Path, server: str) -> None:
    account = {**ROSTER["account"], **({"token_url": "http://login.example"} if server == "token_url" else {})}
    changed = {**ROSTER, "account": account} | ({"base_url": "http://roster.example"} if server == "base_url" else {})
    with pytest.raises(SettingsRefusedError, match=r"source `c-roster`: expected an https address"):
        connect(settings(changed), StillClock(), folder=folder)


def test_an_account_without_scopes_asks_for_the_usual_ones() -> None:
    account = ClientCredentials(token_url="https://login.example", client_id="gateway", secret_file="unused")
    assert with_scopes(account, "usual").scopes == ("usual",)
    assert with_scopes(msgspec.structs.replace(account, scopes=("own",)), "usual").scopes == ("own",)

"""The catalogue: settings make sources, and what is insecure or wrong refuses in one line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.breaker import State
from connectors.catalogue import SettingsRefusedError, SourceSettings, connect, secret
from connectors.ehoks import EhoksSource
from connectors.koski import KoskiSource
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
    for name in ("koski.password", "ehoks.password"):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path


async def test_each_kind_becomes_its_source(folder: Path) -> None:
    connected = connect(
        settings(KOSKI, EHOKS, TABLE),
        StillClock(),
        onr=OnrSettings(base_url="https://onr.example", caller_id=CALLER),
        organisaatio=OrganisaatioSettings(base_url="https://organisaatio.example", caller_id=CALLER),
        folder=folder,
    )
    assert [type(each) for each in connected.rights] == [KoskiSource, TableSource]
    assert [type(each) for each in connected.plans] == [EhoksSource]
    assert [type(each) for each in connected.holders] == [EhoksSource, TableSource]
    assert [each.source.id for each in connected.rights] == ["a-koski", "b-drop"]
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
        {"concurrency": 0},
        {"waiting": -1},
        {"batch": 1001},
    ],
)
def test_a_key_or_value_that_is_not_known_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings({**KOSKI, **change})

"""What is kept, put together: refused where it cannot be, anchored by itself, closed to disclosures after a day."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy import log_verify
from gateway.records.faults import StoreBroken
from gateway.records.keeping import Keeping, RecordsSettings, open_records
from gateway.records.releases import Disclosure
from gateway.records.store import Store
from hoks.items import Item
from hoks.relations import Consent
from tests.gateway.records.test_consents import AINO, RIGHT, WORKPLACE, Clock

TOLD = [Disclosure(subject="nobody", body={"event": "disclosed"})]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "anchors.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def kept_in(folder: Path, clock: Clock, outside: str = "anchors.jsonl") -> Keeping:
    settings = RecordsSettings(
        anchor_key_file=folder / "anchors.pem", store_path=folder / "records.db", anchors_path=folder / outside
    )
    return open_records(settings, clock)


async def test_what_was_disclosed_is_anchored_and_the_anchor_kept_outside(
    tmp_path: Path, clock: Clock, key: Ed25519PrivateKey
) -> None:
    keeping = kept_in(tmp_path, clock)
    await keeping.start()
    await keeping.gate.release(TOLD)
    await keeping.anchor()
    assert not (tmp_path / "anchors.jsonl").exists(), "a record waits for its anchor, up to a minute"
    clock.moment += timedelta(seconds=60)
    await keeping.anchor()
    await keeping.anchor()
    await keeping.aclose()
    outside = log_verify.outside_anchors(tmp_path / "anchors.jsonl")
    assert [(each.stream, each.first, each.last) for each in outside] == [("main", 1, 1)]
    store = tmp_path / "records.db"
    verified = log_verify.verify(log_verify.records_of(store), log_verify.anchors_of(store), outside, key.public_key())
    assert (verified.records, verified.anchors) == (1, 2)


@pytest.mark.usefixtures("key")
async def test_anchors_that_cannot_be_kept_outside_for_a_day_end_all_disclosures_until_they_can(
    tmp_path: Path, clock: Clock
) -> None:
    keeping = kept_in(tmp_path, clock, "outside/anchors.jsonl")
    await keeping.start()
    await keeping.gate.release(TOLD)
    clock.moment += timedelta(minutes=2)
    with pytest.raises(FileNotFoundError):
        await keeping.anchor()
    await keeping.gate.release(TOLD)
    clock.moment += timedelta(hours=24, minutes=1)
    with pytest.raises(FileNotFoundError):
        await keeping.anchor()
    with pytest.raises(StoreBroken):
        await keeping.gate.release(TOLD)
    (tmp_path / "outside").mkdir()
    await keeping.anchor()
    await keeping.gate.release(TOLD)
    await keeping.aclose()


async def test_instances_that_begin_on_an_empty_store_at_the_same_moment_all_begin_and_keep_each_consent_once(
    opened: Callable[[], Store], clock: Clock, key: Ed25519PrivateKey
) -> None:
    given = [
        Consent(
            id=f"{number}",
            learner=AINO,
            right=RIGHT,
            recipient=WORKPLACE,
            items=frozenset({Item.D1}),
            start_date=clock.today(),
            end_date=clock.today(),
        )
        for number in range(20)
    ]
    instances = [Keeping(opened(), stream, key, None, clock) for stream in "abcd"]
    await asyncio.gather(*(each.start(given) for each in instances))
    assert len(await instances[0].consents.of([AINO])) == len(given)
    await asyncio.gather(*(each.aclose() for each in instances))


async def test_a_key_of_another_kind_or_none_at_all_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, clock: Clock
) -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in (other, b"not a key"):
        (tmp_path / "anchors.pem").write_bytes(text)
        with pytest.raises(ValueError, match=r"^key `records\.anchor_key_file`: expected an Ed25519 private key"):
            kept_in(tmp_path, clock)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"store_path": Path("a"), "database": "postgresql+psycopg://u@h/n"},
        {"database": "postgresql+psycopg://u@h/n"},
    ],
)
def test_a_store_is_a_file_or_a_database_with_its_password(wrong: dict[str, str | Path]) -> None:
    with pytest.raises(ValueError, match=r"^records: "):
        RecordsSettings(anchor_key_file=Path("k"), **wrong)  # type: ignore[arg-type]  # wrong on purpose

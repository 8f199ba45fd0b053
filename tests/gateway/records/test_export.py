"""What a person takes along is provable by the separate program, and nothing else is; on both databases."""

import base64
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from deploy import log_verify
from gateway.records import chain, export
from gateway.records.anchors import Anchors
from gateway.records.export import Exports
from gateway.records.store import Store
from gateway.records.tables import LOG
from hoks.errors import SourcesUnavailable
from tests.gateway.records.test_consents import AINO, EERO, Clock
from tests.gateway.records.test_looks import AINO_BEFORE, NINE, note
from tests.strategies import LAW

Document = dict[str, Any]


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


async def anchored(store: Store, key: Ed25519PrivateKey, stream: str = "a") -> list[log_verify.Anchor]:
    """Anchor what has no anchor yet."""
    anchors = Anchors(stream, key)
    made = await store.read(lambda connection: anchors.due(connection, NINE, at_once=True))
    assert made is not None
    await store.write(lambda connection: anchors.keep(connection, made))
    return [log_verify.Anchor(*(getattr(made, name) for name in log_verify.Anchor._fields))]


async def exported(store: Store, key: Ed25519PrivateKey, *oids: Any, before: int | None = None) -> str:
    clock = Clock()
    clock.moment += timedelta(hours=1)
    return (await Exports(store, key, clock).of(oids or (AINO,), before)).decode()


def look(text: str, key: Ed25519PrivateKey, *outside: log_verify.Anchor) -> log_verify.VerifiedExport:
    return log_verify.verify_export(text, outside, key.public_key())


def signed(document: Document, key: Ed25519PrivateKey) -> str:
    """A document as whoever has the key would sign it."""
    written = chain.canonical(document)
    signature = base64.b64encode(key.sign(b"hoks-gateway log export 1\n" + written)).decode()
    return json.dumps({"document": document, "signature": signature})


@pytest.fixture
async def whole(store: Store, key: Ed25519PrivateKey) -> str:
    """An export over two anchors of one stream and one of another, with a record that has none yet."""
    for number in range(5):
        await note(store, NINE + number, AINO, EERO, items=["D1", f"ä{number}"])
    await anchored(store, key)
    for number in range(3):
        await note(store, NINE + 10 + number, EERO, AINO)
        await note(store, NINE + 10 + number, AINO, stream="b")
    await anchored(store, key)
    await anchored(store, key, "b")
    await note(store, NINE + 20, AINO)
    return await exported(store, key)


async def test_an_export_is_whole_and_says_how_much_of_it_is_proven(whole: str, key: Ed25519PrivateKey) -> None:
    assert look(whole, key) == log_verify.VerifiedExport(
        records=12, anchors=3, unanchored=1, since=0, until=NINE + 3_600_000
    )
    told = json.loads(whole)
    pretty = json.dumps(told, indent=2, ensure_ascii=True)
    assert look(pretty, key).records == 12, "how it is laid out does not matter"


async def test_it_holds_no_viewer_no_request_and_nobody_else(whole: str) -> None:
    assert EERO not in whole
    assert "98000009013" not in whole
    document = json.loads(whole)["document"]
    for record in document["records"]:
        assert not {"viewer", "request", "op", "nonce", "apart"} & record["shown"].keys()
        assert len(base64.b64decode(record["apart_hash"])) == 32


async def test_records_under_an_earlier_number_of_the_same_person_are_in_it(
    store: Store, key: Ed25519PrivateKey
) -> None:
    await note(store, NINE, AINO_BEFORE)
    await note(store, NINE, AINO)
    assert look(await exported(store, key, AINO, AINO_BEFORE), key).records == 2


async def test_a_person_of_whom_nothing_is_said_takes_along_an_empty_one(store: Store, key: Ed25519PrivateKey) -> None:
    await note(store, NINE, EERO)
    assert look(await exported(store, key), key).records == 0


async def test_each_byte_counts(whole: str, key: Ed25519PrivateKey) -> None:
    raw = whole.encode()
    dice = random.Random(7)
    places = [*dice.sample(range(len(raw)), 300), *range(len(raw) - 100, len(raw))]
    for place in places:
        changed = raw[:place] + bytes([raw[place] ^ (1 << dice.randrange(8))]) + raw[place + 1 :]
        with pytest.raises(log_verify.Fault):
            look(changed.decode(errors="surrogateescape"), key)


def removed(document: Document) -> None:
    document["records"].pop(3)


def removed_and_counted(document: Document) -> None:
    document["records"].pop(3)
    document["count"] -= 1


def of_another(document: Document) -> None:
    document["subjects"] = [EERO]


def twice(document: Document) -> None:
    document["records"].append(document["records"][0])
    document["count"] += 1


def too_late(document: Document) -> None:
    document["until"] = NINE + 5


def too_early(document: Document) -> None:
    document["since"] = NINE + 1


def other_items(document: Document) -> None:
    document["records"][0]["shown"]["items"] = []


def other_viewer(document: Document) -> None:
    document["records"][0]["apart_hash"] = base64.b64encode(bytes(32)).decode()


def other_time(document: Document) -> None:
    document["records"][0]["at"] += 1


def other_place(document: Document) -> None:
    document["records"][0]["seq"] += 1


def other_anchor(document: Document) -> None:
    document["records"][0]["anchor"] = 1


def shorter_way(document: Document) -> None:
    document["records"][0]["proof"].pop()


def longer_way(document: Document) -> None:
    document["records"][0]["proof"].append(base64.b64encode(bytes(32)).decode())


def forged_anchor(document: Document) -> None:
    document["anchors"][0]["root"] = base64.b64encode(bytes(32)).decode()


def no_records(document: Document) -> None:
    del document["records"]


EDITS: list[Callable[[Document], None]] = [
    removed, of_another, twice, too_late, too_early, other_items, other_viewer, other_time, other_place, other_anchor,
    shorter_way, longer_way, forged_anchor, no_records,
]  # fmt: skip


@pytest.mark.proves("an edit of an export is found by its verifier")
@pytest.mark.parametrize("edit", [*EDITS, removed_and_counted])
async def test_what_is_edited_without_the_key_is_found(
    whole: str, key: Ed25519PrivateKey, edit: Callable[[Document], None]
) -> None:
    told = json.loads(whole)
    edit(told["document"])
    with pytest.raises(log_verify.Fault, match="signature of the export is wrong"):
        look(json.dumps(told), key)


@pytest.mark.proves("an edit of an export is found by its verifier")
@pytest.mark.parametrize("edit", EDITS)
async def test_what_is_edited_and_signed_anew_is_found_but_a_row_left_out_and_not_counted(
    whole: str, key: Ed25519PrivateKey, edit: Callable[[Document], None]
) -> None:
    """Whoever has the key cannot change what the anchors prove; only that nothing is left out is their word alone."""
    document = json.loads(whole)["document"]
    edit(document)
    with pytest.raises(log_verify.Fault) as found:
        look(signed(document, key), key)
    assert "signature of the export" not in str(found.value)


async def test_another_key_and_what_is_no_export_are_refused(whole: str, key: Ed25519PrivateKey) -> None:
    with pytest.raises(log_verify.Fault, match="signature of the export is wrong"):
        look(whole, Ed25519PrivateKey.generate())
    doubled = whole[:-1] + ',"signature":"' + json.loads(whole)["signature"] + '"}'
    for text in ("", "[]", "{}", "null", '{"document": 1.5}', "[" * 100_000, doubled, whole[:-1] + ',"more":1}'):
        with pytest.raises(log_verify.Fault, match="this is no export"):
            look(text, key)


async def test_its_anchors_are_held_against_those_kept_outside(store: Store, key: Ed25519PrivateKey) -> None:
    await note(store, NINE, AINO)
    own = await anchored(store, key)
    await note(store, NINE, EERO)
    other = await anchored(store, key)
    text = await exported(store, key)
    assert look(text, key, *own, *other).records == 1
    with pytest.raises(log_verify.Fault, match="not among those kept outside"):
        look(text, key, *other)


async def test_of_very_many_records_the_newest_are_exported_and_the_rest_before_them(
    store: Store, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_RECORDS", 4)
    for number in range(5):
        await note(store, NINE + number, AINO, AINO)
    await anchored(store, key)
    seen, before = [], None
    while True:
        text = await exported(store, key, before=before)
        found = look(text, key)
        seen.append((found.records, found.since))
        if found.since == 0:
            break
        before = found.since
    # Two records of one moment are never told apart by a bound.
    assert seen == [(4, NINE + 3), (4, NINE + 1), (2, 0)]


async def test_more_records_of_one_moment_than_an_export_holds_are_in_one(
    store: Store, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_RECORDS", 2)
    await note(store, NINE - 1, AINO)
    await note(store, NINE, AINO, AINO, AINO, AINO)
    found = look(await exported(store, key), key)
    assert (found.records, found.since) == (4, NINE)
    assert look(await exported(store, key, before=found.since), key).records == 1


async def test_a_log_that_cannot_be_read_gives_no_export(store: Store, key: Ed25519PrivateKey) -> None:
    await store.write(lambda connection: LOG.drop(connection))
    with pytest.raises(SourcesUnavailable):
        await exported(store, key)


# --- every record, and no other ---------------------------------------------------------------------------------

HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70, unique=True)


@LAW
@given(HASHES, st.binary(min_size=32, max_size=32), st.data())
def test_every_record_is_provable_at_its_place_and_no_other_is(
    hashes: list[bytes], foreign: bytes, data: st.DataObject
) -> None:
    tree = chain.levels(hashes)
    anchor = log_verify.Anchor("a", 11, 10 + len(hashes), 0, chain.merkle_root(hashes), hashes[-1], b"")

    def proves(hashed: bytes, place: int, proof: tuple[bytes, ...]) -> bool:
        record = log_verify.Record("a", 11 + place, 0, b"", b"", hashed, None, None)
        try:
            log_verify._check_way(record, anchor, list(proof))
        except log_verify.Fault:
            return False
        return True

    place = data.draw(st.integers(0, len(hashes) - 1))
    for each, hashed in enumerate(hashes):
        assert proves(hashed, each, chain.path(tree, each))
        assert proves(hashed, place, chain.path(tree, place)) == (each == place)
    if foreign not in hashes:
        assert not any(proves(foreign, each, chain.path(tree, each)) for each in range(len(hashes)))
    for beyond in (-1, len(hashes), 2 * len(hashes)):
        assert not proves(hashes[place], beyond, chain.path(tree, place))


@LAW
@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()))))
def test_both_programs_write_a_document_alike(document: Document) -> None:
    assert (
        chain.canonical(document)
        == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )

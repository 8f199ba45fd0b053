"""The log is read only by somebody named, for a reason, and after that is on record; on both databases."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from gateway.records.faults import StoreBroken
from gateway.records.inspection import LOG_READ, Enquiry, Inspection
from gateway.records.log import Log, bodies_of
from gateway.records.looks import Looks
from gateway.records.store import Store
from gateway.records.stream import Entry
from hoks.identifiers import OrganisationOid
from hoks.wording import EVENTS
from tests.gateway.records.test_consents import AINO, EERO, Clock
from tests.gateway.records.test_looks import HOUR, NINE, body, note

PROVIDER_A = OrganisationOid("1.2.246.562.99.99000000016")
PROVIDER_B = OrganisationOid("1.2.246.562.99.99000000024")
STAFF = "1.2.246.562.98.98000009013"
ENQUIRY = Enquiry(subject=AINO, operator="Olli Operaattori", account="root", reason="asked by the student")


async def test_who_reads_about_whom_and_why_is_on_record_and_the_person_reads_of_it_without_a_name(
    store: Store,
) -> None:
    await note(store, NINE - HOUR, AINO, EERO)
    told = await Inspection(store, Log("a.operator"), Clock()).read(ENQUIRY)
    assert [(each["event"], each["stream"]) for each in told] == [("disclosed", "a"), ("log.read", "a.operator")]
    assert told[0]["apart"]["viewer"] == STAFF
    assert told[1]["apart"]["operator"] == "Olli Operaattori"
    assert told[1]["apart"]["reason"] == "asked by the student"
    read, seen = (await Looks(store).page([AINO], after=None, first=9)).rows
    assert (read.look.event, read.look.role, read.look.purpose) == ("log.read", "operator", "LOG_READING")
    assert "Olli" not in repr(read)
    assert seen.place.reference == told[0]["reference"], "by what is shown to the student they can ask for more"
    assert [row.look.event for row in (await Looks(store).page([EERO], after=None, first=9)).rows] == ["disclosed"]


async def test_nothing_is_read_before_the_enquiry_is_on_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await note(store, NINE, AINO)

    async def broken(_: object) -> None:
        raise StoreBroken("disk full")

    async def must_not(_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(store, "write", broken)
    monkeypatch.setattr(store, "read", must_not)
    with pytest.raises(StoreBroken):
        await Inspection(store, Log("a.operator"), Clock()).read(ENQUIRY)


@pytest.mark.parametrize("change", [{"reason": "  "}, {"operator": ""}])
async def test_without_a_reason_or_a_name_nothing_is_read_and_nothing_recorded(
    store: Store,
    change: dict[str, Any],
) -> None:
    with pytest.raises(ValueError, match="only for a reason"):
        await Inspection(store, Log("a.operator"), Clock()).read(msgspec.structs.replace(ENQUIRY, **change))
    assert await store.read(lambda connection: bodies_of(connection, AINO)) == []


async def test_a_providers_enquiry_shows_its_own_plans_alone_and_of_viewers_its_own(store: Store) -> None:
    def append(connection: Connection) -> None:
        entries = [
            Entry(body=body(AINO, items=["D1"]), subject=AINO),
            Entry(body=body(AINO, items=["D2u"], acting_org=PROVIDER_B), subject=AINO),
            Entry(body=body(AINO, items=["D3"], provider=PROVIDER_B), subject=AINO),
            Entry(body=body(AINO, items=["ID"], provider=None, plan=None), subject=AINO),
        ]
        Log("a").append(connection, entries, NINE - HOUR)

    await store.write(append)
    own = Enquiry(subject=AINO, operator="o", account="o", reason="r", provider=PROVIDER_A)
    told = await Inspection(store, Log("a.operator"), Clock()).read(own)
    assert [(each["items"], "apart" in each) for each in told if each["event"] == "disclosed"] == [
        (["D1"], True),
        (["D2u"], False),
    ]
    row, *_ = (await Looks(store).page([AINO], after=None, first=9)).rows
    assert (row.look.event, row.look.provider) == ("log.read", PROVIDER_A)


def test_the_event_is_one_that_its_person_reads() -> None:
    assert LOG_READ in EVENTS

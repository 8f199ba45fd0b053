"""What the log says of answers: what was in them, to whom, on which ground; and nothing leaves that it does not say."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from deploy import log_verify
from gateway.records import chain
from tests.stories.conftest import Gateway

STAFF_A = "1.2.246.562.99.99000000010"
ELIAS = "1.2.246.562.98.98000000079"
AT_A, AT_C = "1.2.246.562.15.15000070118", "1.2.246.562.15.15000070233"
NAME_AND_DATES = f'{{ student(oid: "{ELIAS}") {{ name hoksit {{ firstApprovedOn }} }} }}'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The store of the running gateway."""
    return tmp_path / "sandbox" / "records" / "records.db"


def recorded(store: Path) -> list[dict[str, Any]]:
    """The bodies in the log, in order."""
    bodies = [chain.opened(record.body or b"{}") for record in log_verify.records_of(store)]
    return [body for body in bodies if body["event"] == "disclosed"]


async def test_each_plan_that_an_answer_tells_of_is_a_record_with_its_items_and_ground(
    gateway: Gateway, store: Path
) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    person, own, other = recorded(store)
    assert (person["plan"], person["items"]) == (None, ["ID"])
    assert (own["plan"], own["source"], own["provider"], own["discloser"]) == (AT_A, "a-ehoks", STAFF_A, STAFF_A)
    assert (other["plan"], other["source"]) == (AT_C, "c-table")
    assert own["items"] == other["items"] == ["D1"]
    assert own["rules"] == ["provider-own-valid"]
    assert other["rules"] == ["provider-concurrent"]
    apart = [each["apart"] for each in (person, own, other)]
    assert {each["viewer"] for each in apart} == {"1.2.246.562.98.98000009013"}
    assert len({each["request"] for each in apart}) == 1
    assert len({each["nonce"] for each in apart}) == 3
    for each in (person, own, other):
        assert (each["role"], each["acting_org"], each["subject"]) == ("staff", STAFF_A, ELIAS)
        assert each["purpose"] == "GUIDANCE"


async def test_nothing_of_the_data_stands_in_the_log(gateway: Gateway, store: Path) -> None:
    answer = await gateway.ask(
        "staff-a", f'{{ student(oid: "{ELIAS}") {{ name hoksit {{ studentEmail careerPlanGoal {{ uri }} }} }} }}'
    )
    written = everything_written(store)
    student = answer["data"]["student"]
    for value in (student["name"], student["hoksit"][0]["studentEmail"]):
        assert value
        assert value.encode() not in written


async def test_what_is_empty_withheld_or_not_selected_was_not_told(gateway: Gateway, store: Path) -> None:
    await gateway.ask("staff-a", f'{{ student(oid: "{ELIAS}") {{ hoksit {{ studentEmail }} }} }}')
    # C's plan is shown without contact data: only the provider whose plan it is gives them.
    assert [(each["plan"], each["items"]) for each in recorded(store)] == [(AT_A, ["Cs"])]


def everything_written(store: Path) -> bytes:
    return b"".join(file.read_bytes() for file in store.parent.iterdir())


@pytest.mark.parametrize(
    ("persona", "query"),
    [
        ("staff-a", "{ viewer { role } }"),
        ("staff-a", '{ student(oid: "1.2.246.562.98.98000099996") { name } }'),
        ("student-1", NAME_AND_DATES),
        ("staff-a", "{ sources { source outcome } }"),
    ],
)
async def test_an_answer_that_tells_of_nobody_leaves_no_record(
    gateway: Gateway, store: Path, persona: str, query: str
) -> None:
    await gateway.ask(persona, query)
    assert recorded(store) == []


async def test_a_consents_use_is_recorded_with_the_consent(gateway: Gateway, store: Path) -> None:
    answer = await gateway.ask(
        "recipient-1", "{ students { edges { node { hoksit { plannedVocationalUnits { unit { uri } } } } } } }"
    )
    assert answer["data"]["students"]["edges"]
    told = recorded(store)
    assert told
    for each in told:
        assert each["consents"]
        assert each["purpose"] == "CONSENT"
    with sqlite3.connect(store) as database:
        uses = {row[0] for row in database.execute("SELECT consent FROM consent_use")}
    assert uses == {consent for each in told for consent in each["consents"]}


async def test_a_workplace_instructors_record_names_the_period_items_alone(gateway: Gateway, store: Path) -> None:
    periods = "workplaceLearning { acquisition { startDate } } hoksit { firstApprovedOn }"
    answer = await gateway.ask("instructor-1", f"{{ students {{ edges {{ node {{ name {periods} }} }} }} }}")
    assert "errors" not in answer
    items = {item for each in recorded(store) for item in each["items"]}
    # The days of a training agreement's period are W4: neither G nor an apprenticeship's W5.
    assert items == {"ID", "D1", "W4"}


async def test_while_the_store_cannot_be_written_nothing_leaves_and_the_gateway_is_not_ready(
    gateway: Gateway, store: Path
) -> None:
    with sqlite3.connect(store) as database:
        database.execute("DROP TABLE log")
        database.execute("DELETE FROM alembic_version")
    response = await gateway.post("staff-a", NAME_AND_DATES)
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert (await gateway.get("/ready")).status_code == 503


async def test_the_log_of_a_run_is_whole(gateway: Gateway, store: Path) -> None:
    for persona in ("staff-a", "staff-c", "student-7"):
        await gateway.ask(persona, NAME_AND_DATES)
    key = Ed25519PublicKey.from_public_bytes(bytes(32))
    assert log_verify.verify(log_verify.records_of(store), [], [], key).records >= 9

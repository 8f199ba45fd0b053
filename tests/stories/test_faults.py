"""A source that is down, slow or talks nonsense: the rest is served, the gap is said, and the deadline holds."""

import asyncio

import httpx
import pytest

from tests.stories.conftest import Fault, Gateway

SECONDS = 2.0

BOTH = """
{ student(oid: "1.2.246.562.98.98000000079") {
    hoksit { studyRightOid plannedVocationalUnits { unit { uri } } }
    sources { source outcome }
} }
"""
OWN = '{ student(oid: "1.2.246.562.98.98000000079") { hoksit { studyRightOid } sources { source outcome } } }'


@pytest.fixture
def request_seconds() -> float:
    """A shorter deadline than the default, so that the tests are short too."""
    return SECONDS


def down(_: httpx.Request) -> None:
    raise httpx.ConnectError("refused")


async def slow(_: httpx.Request) -> None:
    await asyncio.sleep(30)


def answered(status: int, body: bytes) -> httpx.Response:
    """A response as it comes off the wire: its body still to be read."""
    return httpx.Response(status, stream=httpx.ByteStream(body))


def nonsense(_: httpx.Request) -> httpx.Response:
    return answered(200, b"<html>maintenance</html>")


def error(_: httpx.Request) -> httpx.Response:
    return answered(503, b'{"error":"down"}')


FAULTS: dict[str, Fault] = {"down": down, "slow": slow, "nonsense": nonsense, "error": error}


@pytest.mark.parametrize("fault", FAULTS)
async def test_when_one_source_of_plans_fails_the_other_providers_plan_is_served_unchanged(
    gateway: Gateway, fault: str
) -> None:
    whole = await gateway.ask("staff-a", BOTH)
    gateway.later(60)
    gateway.loopback.faults["eHOKS"] = FAULTS[fault]
    started = asyncio.get_running_loop().time()

    answer = await gateway.ask("staff-a", BOTH)

    assert asyncio.get_running_loop().time() - started < SECONDS + 0.05
    plans = {plan["studyRightOid"][-5:]: plan for plan in answer["data"]["student"]["hoksit"]}
    of_c = next(plan for plan in whole["data"]["student"]["hoksit"] if plan["studyRightOid"].endswith("70233"))
    assert plans == {"70233": of_c}
    outcomes = {each["source"]: each["outcome"] for each in answer["data"]["student"]["sources"]}
    assert outcomes["c-table"] == outcomes["c-roster"] == "OK"
    assert outcomes["a-ehoks"] in {"UNAVAILABLE", "INVALID"}
    assert answer["extensions"]["gaps"] == [{"source": "a-ehoks", "outcome": outcomes["a-ehoks"]}]


@pytest.mark.parametrize("fault", FAULTS)
async def test_staff_whose_own_source_of_rights_fails_get_an_error_and_never_nothing(
    gateway: Gateway, fault: str
) -> None:
    gateway.loopback.faults["Koski"] = FAULTS[fault]

    own = await gateway.post("staff-a", OWN)
    unknown = await gateway.post("staff-a", OWN.replace("98000000079", "12345678903"))

    assert own.json()["data"] == {"student": None}
    assert own.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert own.content == unknown.content


@pytest.mark.parametrize("fault", FAULTS)
async def test_when_a_roster_fails_its_providers_staff_get_an_error_and_others_see_their_own(
    gateway: Gateway, fault: str
) -> None:
    gateway.loopback.faults["OneRoster"] = FAULTS[fault]

    staff_of_a = await gateway.ask("staff-a", BOTH)
    staff_of_c = await gateway.ask("staff-c", BOTH)

    (plan,) = staff_of_a["data"]["student"]["hoksit"]
    assert plan["studyRightOid"].endswith("70118")
    (gap,) = staff_of_a["extensions"]["gaps"]
    assert gap["source"] == "c-roster"
    assert gap["outcome"] in {"UNAVAILABLE", "INVALID"}
    assert staff_of_c["data"] == {"student": None}
    assert staff_of_c["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_a_student_still_sees_the_other_providers_plan_when_koski_is_down(gateway: Gateway) -> None:
    gateway.loopback.faults["Koski"] = down

    answer = await gateway.ask("student-7", BOTH)

    student = answer["data"]["student"]
    assert [plan["studyRightOid"][-5:] for plan in student["hoksit"]] == ["70233"]
    assert {"source": "a-koski", "outcome": "UNAVAILABLE"} in student["sources"]
    assert answer["extensions"]["gaps"] == [{"source": "a-koski", "outcome": "UNAVAILABLE"}]


async def test_when_the_learner_register_is_down_the_one_oid_is_read_alone(gateway: Gateway) -> None:
    gateway.loopback.faults["ONR"] = down

    answer = await gateway.ask("staff-a", OWN)

    assert len(answer["data"]["student"]["hoksit"]) == 2


async def test_when_the_organisation_register_is_down_staff_see_an_error_and_the_student_their_own(
    gateway: Gateway,
) -> None:
    gateway.loopback.faults["Organisaatio"] = down

    staff = await gateway.ask("staff-a", OWN)
    student = await gateway.ask("student-7", OWN)

    assert staff["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert len(student["data"]["student"]["hoksit"]) == 2


async def test_everything_down_is_never_told_as_no_plan(gateway: Gateway) -> None:
    await gateway.ask("staff-a", "{ viewer { role } }")
    await gateway.ask("student-7", "{ viewer { role } }")
    for server in ("eHOKS", "Koski", "ONR", "Organisaatio"):
        gateway.loopback.faults[server] = slow
    started = asyncio.get_running_loop().time()

    staff, student = await asyncio.gather(gateway.ask("staff-a", OWN), gateway.ask("student-7", OWN))

    assert asyncio.get_running_loop().time() - started < SECONDS + 0.05
    assert staff["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert {"source": "a-koski", "outcome": "UNAVAILABLE"} in student["data"]["student"]["sources"]


async def test_a_persons_other_plan_survives_one_broken_document(gateway: Gateway) -> None:
    def broken(request: httpx.Request) -> httpx.Response | None:
        # Whole plans are asked for by number; the way there stays intact.
        is_whole = request.method == "GET" and request.url.path.rsplit("/", 1)[1].isdigit()
        return answered(200, b'{"meta":{},"data":{"opiskeluoikeus') if is_whole else None

    gateway.loopback.faults["eHOKS"] = broken

    answer = await gateway.ask("staff-a", BOTH)

    assert [plan["studyRightOid"][-5:] for plan in answer["data"]["student"]["hoksit"]] == ["70233"]

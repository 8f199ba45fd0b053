"""A student takes along what the log says of them, and the separate program finds it whole, and anything changed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from deploy import log_verify
from tests.shown import command
from tests.stories.conftest import Gateway

ELIAS = "1.2.246.562.98.98000000079"
NAME_AND_DATES = f'{{ student(oid: "{ELIAS}") {{ name hoksit {{ firstApprovedOn }} }} }}'
OTHERS = '{ student(oid: "1.2.246.562.98.98000000012") { name } }'


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """The file of the public key that an operator would publish."""
    return tmp_path / "anchors.pub"


async def export(gateway: Gateway, persona: str = "student-7", query: str = "", **headers: str) -> httpx.Response:
    authorization = {"authorization": f"Bearer {await gateway.token(persona)}"}
    return await gateway.client.get(f"/disclosures/export{query}", headers={**authorization, **headers})


def verified(file: Path, public: Path, folder: Path) -> tuple[int, str]:
    """What the program says of a file, and of the anchors kept outside, called as the page says."""
    key = load_pem_private_key((folder / "secrets" / "anchors.pem").read_bytes(), None)
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    program = str(Path(log_verify.__file__))
    anchors = folder / "anchors.jsonl"
    anchors.touch()
    places = {"disclosures.json": file, "anchors.pub": public, "anchors.jsonl": anchors}
    words = command("docs/records.md", "hoks-log-verify --export", places)
    told = subprocess.run(
        [sys.executable, "-I", program, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return told.returncode, told.stdout


async def test_a_student_takes_along_their_own_records_and_the_program_finds_them_whole(
    gateway: Gateway, tmp_path: Path, public: Path
) -> None:
    for persona in ("staff-a", "student-7"):
        await gateway.ask(persona, NAME_AND_DATES)
    await gateway.ask("staff-a", OTHERS)
    response = await export(gateway)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-disposition"] == 'attachment; filename="disclosures.json"'
    document = response.json()["document"]
    assert {each["shown"]["subject"] for each in document["records"]} == {ELIAS}
    assert {each["shown"]["role"] for each in document["records"]} == {"staff", "student"}
    viewer = (await gateway.ask("staff-a", "{ viewer { oid } }"))["data"]["viewer"]["oid"]
    assert viewer not in response.text
    file = tmp_path / "disclosures.json"
    file.write_bytes(response.content)
    assert verified(file, public, tmp_path / "sandbox") == (
        0,
        "whole: 6 records from the beginning to 2026-10-05T06:30:00.000+00:00, each proven by one of 0 anchors but for"
        " 6 that had none yet\n",
    )
    file.write_bytes(response.content.replace(b"GUIDANCE", b"OWN_USE", 1))
    assert verified(file, public, tmp_path / "sandbox") == (
        1,
        "NOT WHOLE: the signature of the export is wrong: it was changed, or another key made it\n",
    )
    file.write_bytes(response.content.replace(b"GUIDANCE", b"GUIDANC\xc5", 1))
    assert verified(file, public, tmp_path / "sandbox")[0] == 1


async def test_taking_them_along_leaves_no_record_and_does_not_change_them(gateway: Gateway) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    one, other = await export(gateway), await export(gateway)
    assert one.content == other.content


async def test_an_export_before_a_moment_holds_what_was_before_it(gateway: Gateway) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    at = (await export(gateway)).json()["document"]["records"][0]["at"]
    assert (await export(gateway, query=f"?before={at + 1}")).json()["document"]["count"] == 3
    assert (await export(gateway, query=f"?before={at}")).json()["document"]["count"] == 0


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "1" * 16, "1.5"])
async def test_a_moment_that_is_none_is_refused(gateway: Gateway, before: str) -> None:
    response = await export(gateway, query=f"?before={before}")
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


def code(response: httpx.Response) -> Any:
    return response.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("persona", ["staff-a", "instructor-1", "recipient-1", "oph-1"])
async def test_nobody_takes_along_anything_but_a_student_their_own(gateway: Gateway, persona: str) -> None:
    await gateway.ask("staff-a", NAME_AND_DATES)
    response = await export(gateway, persona)
    assert (response.status_code, code(response)) == (403, "ACTING_ROLE_NOT_HELD")
    assert ELIAS not in response.text
    others = (await export(gateway, "student-1")).json()["document"]
    assert others["records"] == []
    assert ELIAS not in json.dumps(others)


async def test_without_a_token_and_by_another_method_it_is_refused(gateway: Gateway) -> None:
    assert code(await gateway.client.get("/disclosures/export")) == "UNAUTHENTICATED"
    refused = await gateway.client.post("/disclosures/export")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


async def test_while_the_learner_register_is_silent_half_of_it_does_not_pass_for_the_whole(gateway: Gateway) -> None:
    gateway.loopback.faults["ONR"] = lambda _: httpx.Response(503)
    response = await export(gateway)
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")

"""A client that is bound to its trusted documents, over HTTP: what is added to its manifest it runs at once, and
nothing else."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest

from gateway.manifests import add_to_manifest
from sandbox.settings import TOOL
from sandbox.world import World
from tests.stories.conftest import Gateway, running
from tests.stories.test_records import recorded

MINE = "query Mine { students(first: 5) { edges { node { name } } } }"
CHANGE = "mutation Change($code: String!) { acceptAppointment(code: $code) { kind } }"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def posted(gateway: Gateway, body: dict[str, Any], client: str | None = TOOL) -> tuple[int, Any]:
    """The answer to a request of an instructor through a client."""
    token = await gateway.token("instructor-1", client)
    answer = await gateway.client.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def by_hash(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}}


async def test_a_bound_client_runs_what_was_added_to_its_manifest_and_nothing_else(
    tmp_path: Path, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "sandbox"
    caplog.set_level(logging.INFO, "gateway.requests")
    async with running(folder, world) as gateway:
        refused = await posted(gateway, {"query": MINE})
        assert refused[0] == 403
        assert refused[1]["errors"][0]["extensions"] == {"code": "OPERATION_NOT_TRUSTED"}
        assert set(refused[1]) == {"errors"}

        add_to_manifest(folder / "operations" / f"{TOOL}.json", {sha256(MINE): MINE})
        whole = await posted(gateway, {"query": MINE}, client=None)
        assert len(whole[1]["data"]["students"]["edges"]) == 2
        for body in ({"documentId": sha256(MINE)}, by_hash(MINE), {"query": MINE}):
            assert await posted(gateway, body) == whole
        for body in (
            {"query": "{ viewer { oid } }"},
            {"query": CHANGE, "variables": {"code": "A"}},
            {"query": MINE + " ", **by_hash(MINE + " ")},
            by_hash("{ viewer { oid } }"),
        ):
            assert await posted(gateway, body) == refused

        hashes = {each["apart"]["op"] for each in recorded(folder / "records" / "records.db")}
        assert hashes == {sha256(MINE)}

    # Whoever runs the gateway is told the names of documents of a manifest, and of no other.
    lines = [vars(each)["fields"] for each in caplog.records if each.name == "gateway.requests"]
    assert [each.get("operation_name") for each in lines] == [None, None, "Mine", "Mine", "Mine", *[None] * 4]


async def test_others_register_by_sending_and_only_for_themselves(gateway: Gateway) -> None:
    missing = await posted(gateway, by_hash(MINE), client=None)
    assert missing == (
        200,
        {"errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]},
    )
    sent = await posted(gateway, {"query": MINE, **by_hash(MINE)}, client=None)
    assert await posted(gateway, by_hash(MINE), client=None) == sent
    assert await posted(gateway, by_hash(MINE), client="another") == missing
    token = await gateway.token("instructor-2")
    answer = await gateway.client.post("/graphql", json=by_hash(MINE), headers={"authorization": f"Bearer {token}"})
    assert answer.json() == missing[1]

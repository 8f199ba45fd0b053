"""As part of a supergraph: a router is answered as a caller is, and what it is told is recorded."""

from pathlib import Path

from sandbox.world import World
from tests.stories.conftest import running
from tests.stories.test_disclosures import ELIAS, STAFF_A, rows

ENTITIES = "query($of: [_Any!]!) { _entities(representations: $of) { ... on Student { name hoksit { version } } } }"


def with_subgraph(settings: str) -> str:
    assert "[graph]\n" in settings
    return settings.replace("[graph]\n", "[graph]\nsubgraph = true\n")


async def test_what_entities_tell_stands_in_the_students_log(tmp_path: Path, world: World) -> None:
    of = {"of": [{"__typename": "Student", "oid": ELIAS}]}
    async with running(tmp_path, world, with_subgraph) as gateway:
        anonymous = await gateway.client.post("/graphql", json={"query": ENTITIES, "variables": of})
        others = await gateway.ask("student-1", ENTITIES, of)
        staff = await gateway.ask("staff-a", ENTITIES, of)
        told = await rows(gateway)
    assert anonymous.status_code == 401
    assert others["data"] == {"_entities": [None]}
    assert staff["data"]["_entities"][0]["name"]
    assert {each["organisation"]["oid"] for each in told} == {STAFF_A}
    assert {item["code"] for each in told for item in each["items"]} == {"ID", "X"}

"""The operations of the pages, each asked as it stands by the persona that it names."""

from typing import Any

from sandbox.pages import Block
from tests.shown import shown
from tests.stories.conftest import Gateway
from tests.stories.test_appointments import ASSESSOR, AT_A, INSTRUCTOR, the_part


async def answered(gateway: Gateway, block: Block, variables: dict[str, Any] | None = None) -> Any:
    """What the one field of an operation is answered."""
    assert block.persona is not None, block.place
    answer = await gateway.ask(block.persona, block.text, variables)
    assert "errors" not in answer, (block.place, answer["errors"])
    (value,) = answer["data"].values()
    return value


async def test_what_the_page_on_guidance_asks_is_answered(gateway: Gateway) -> None:
    group, unit, findings, changes = [await answered(gateway, each) for each in shown("docs/guidance.md", "graphql")]
    assert [each["name"] for each in group["students"]]
    assert unit["teachers"]
    assert findings["edges"]
    assert changes["pageInfo"]["endCursor"]


async def test_what_the_page_on_appointments_shows_is_what_happens(gateway: Gateway) -> None:
    instructor, assessor, accept, listing, end = shown("docs/appointments.md", "graphql")
    period, demonstration = await the_part(gateway, INSTRUCTOR), await the_part(gateway, ASSESSOR)
    made = await answered(gateway, instructor, {"right": AT_A, "part": period})
    await answered(gateway, assessor, {"right": AT_A, "part": demonstration})
    accepted = await answered(gateway, accept, {"code": made["code"]})
    assert accepted["kind"] == "INSTRUCTOR"
    states = {each["kind"]: each["state"] for each in await answered(gateway, listing, {"right": AT_A})}
    assert states == {"INSTRUCTOR": "ACCEPTED", "ASSESSOR": "WAITING"}
    ended = await answered(gateway, end, {"id": made["id"]})
    assert ended == {"id": made["id"], "endedOn": "2026-10-05"}

"""Follows docs/records.md: every operation it shows, in its order, as the persona it names, does what it says."""

import re
from pathlib import Path
from typing import Any

from hoks.consenting import ConsentFault
from tests.stories.conftest import Gateway

GUIDE = (Path(__file__).parents[2] / "docs/records.md").read_text()
PART = GUIDE[GUIDE.index("## Consents") : GUIDE.index("## That nobody has changed it")]


async def test_what_the_guide_shows_is_what_happens(gateway: Gateway) -> None:
    answers: list[dict[str, Any]] = []
    known: dict[str, str] = {}
    for persona, query in re.findall(r"```graphql\n# (\S+)\n(.*?)```", PART, re.DOTALL):
        variables = {name: known[name] for name in re.findall(r"\$(\w+):", query)}
        answer = await gateway.ask(persona, query, variables)
        assert "errors" not in answer, (query, answer)
        data = answer["data"]
        answers.append(data)
        if "giveConsent" in data:
            known["consent"] = data["giveConsent"]["id"]
        if "createShare" in data:
            known |= {"token": data["createShare"]["token"], "share": data["createShare"]["share"]["id"]}
    text, given, listed, withdrawn, linked, made, accepted, shares, revoked = answers

    assert text["consentText"]["version"] == "2026-1"
    assert given["giveConsent"]["isInForce"]
    (of_elias,) = listed["students"]["edges"]
    # The sandbox's own consent was given at the same moment of its clock.
    assert {"D2u", "D13", "D9"} in [set(each["items"]) for each in of_elias["node"]["consents"]]
    assert withdrawn["withdrawConsent"]["isInForce"] is False
    assert linked["giveConsent"]["recipient"] is None
    assert made["createShare"]["share"]["state"] == "WAITING"
    assert accepted["acceptShare"]["items"] == ["D13", "D2u"]
    (share,) = shares["students"]["edges"][0]["node"]["shares"]
    assert share["state"] == "ACCEPTED"
    assert revoked["revokeShare"] == {"state": "REVOKED"}


def test_the_guide_lists_every_reason() -> None:
    others = {"BAD_USER_INPUT", "UNAVAILABLE", "ACTING_ROLE_NOT_HELD", "LINK"}
    listed = set(re.findall(r"`([A-Z_]+)`", PART)) - others
    assert listed == {fault.value for fault in ConsentFault}

"""What is recorded of an answer stands in the one canonical form, whatever it tells."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.records import chain
from gateway.records.disclosures import Recorder
from gateway.records.releases import Disclosure
from hoks.caller import Caller, HeldRole, Role
from hoks.disclosing import Told
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid
from hoks.items import Item
from hoks.showing import Origin
from tests.world.world import real_policy

AINO = LearnerOid("1.2.246.562.98.98000000079")
PLAN = StudyRightOid("1.2.246.562.15.15000000018")
SCHOOL = OrganisationOid("1.2.246.562.99.99000000016")
STAFF = HeldRole(Role.STAFF, SCHOOL)
CALLER = Caller(subject=PersonOid("1.2.246.562.98.98000000902"), acting=STAFF, held=(STAFF,))
POLICY = real_policy()
RULES = tuple(sorted(rule.id for rule in POLICY.rules))[:2]


class Gate:
    """A gate that keeps what it is asked to record."""

    def __init__(self) -> None:
        self.recorded: list[Disclosure] = []
        self.bodies: list[bytes] = []

    async def release(self, disclosures: Sequence[Disclosure]) -> None:
        self.recorded += disclosures
        self.bodies += [each.body for each in disclosures if isinstance(each.body, bytes)]


async def test_a_body_is_canonical_and_only_who_looked_stands_apart() -> None:
    gate = Gate()
    moment = datetime(2026, 10, 5, 6, 30, tzinfo=UTC)
    origin = Origin(
        source="a-ehoks", provider=SCHOOL, discloser=None, rules=(*reversed(RULES), RULES[0]),
        consents=frozenset({"c2", "c1"}), appointments=frozenset(), as_of=None, fetched_at=moment, stale=True,
    )  # fmt: skip
    told = [
        Told(subject=AINO, right=None, origin=None, items=frozenset({Item.ID})),
        Told(subject=AINO, right=PLAN, origin=origin, items=frozenset({Item.D9, Item.D10, Item.D1})),
    ]
    await Recorder(gate, POLICY).release(CALLER, told, "{ student }")
    assert [each.consents for each in gate.recorded] == [frozenset(), frozenset({"c1", "c2"})]
    assert {each.subject for each in gate.recorded} == {AINO}
    person, plan = gate.bodies
    for each in (person, plan):
        for line in each.split(b"\n"):
            assert chain.canonical(json.loads(line)) == line
    body = chain.opened(plan)
    apart = body.pop(chain.APART)
    assert set(apart) == {"nonce", "op", "request", "viewer"}
    assert (apart["viewer"], len(apart["nonce"])) == (CALLER.subject, 32)
    grounds = {rule.id: rule.ground for rule in POLICY.rules}
    assert body == {
        "v": 1, "event": "disclosed", "role": "staff", "acting_org": SCHOOL, "subject": AINO, "plan": PLAN,
        "source": "a-ehoks", "provider": SCHOOL, "discloser": None, "items": ["D1", "D10", "D9"],
        "rules": sorted(RULES), "grounds": sorted({code for rule in RULES for code in grounds[rule].code.split()}),
        "laws": sorted({grounds[rule].law for rule in RULES}), "consents": ["c1", "c2"], "appointments": [],
        "purpose": "GUIDANCE", "policy": POLICY.sha256, "as_of": None, "fetched_at": "2026-10-05T06:30:00Z",
        "stale": True,
    }  # fmt: skip
    assert chain.opened(person)["source"] == "onr"

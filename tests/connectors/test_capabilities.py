"""What sources declare: the contract suite finds a connector that answers otherwise, and every kind declares."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.capabilities import ABSENT_OR_DENIED, BY_LEARNER, Capabilities, Capability
from connectors.catalogue import connect
from gateway.settings_file import load
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.outcomes import Answer, Outcome, Reply
from hoks.ports import Source
from hoks.student import Person
from hoks.study_right import StudyRight
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import build_world
from tests.connectors import contract
from tests.connectors.wires import PROVIDER, StillClock, learner

ONE = Person(oid=learner(1))


class Answering:
    """A connector that declares what Koski does, and answers everybody alike."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.source = Source(id="x", provider_oid=PROVIDER)
        self.capabilities = Capabilities(
            (Capability(gives="rights", keys=BY_LEARNER, at_once=1000, absent=ABSENT_OR_DENIED),)
        )

    async def rights(self, people: Sequence[Person]) -> Reply[LearnerOid, tuple[StudyRight, ...]]:
        now = StillClock().now()
        answers = {person.oid: Answer[tuple[StudyRight, ...]](self._outcome) for person in people}
        return Reply(source="x", fetched_at=now, as_of=now, answers=answers)

    async def learners(self) -> Reply[OrganisationOid, tuple[LearnerOid, ...]]:
        raise NotImplementedError


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.ABSENT_OR_DENIED, Outcome.DENIED, Outcome.UNAVAILABLE])
async def test_an_outcome_that_is_declared_passes(outcome: Outcome) -> None:
    await contract.rights_answer_everyone_who_was_asked_and_nobody_else(Answering(outcome), [ONE])


@pytest.mark.parametrize("outcome", [Outcome.ABSENT, Outcome.STALE])
async def test_an_outcome_that_is_not_declared_fails_the_suite(outcome: Outcome) -> None:
    with pytest.raises(AssertionError):
        await contract.rights_answer_everyone_who_was_asked_and_nobody_else(Answering(outcome), [ONE])


async def test_a_source_that_has_something_for_a_key_of_nobody_fails_the_suite() -> None:
    with pytest.raises(AssertionError):
        await contract.everything_declared_is_told(Answering(Outcome.OK))


async def test_every_source_and_register_of_the_sandbox_declares_what_it_gives(tmp_path: Path) -> None:
    lay_out(tmp_path, build_world())
    config = tmp_path / "gateway.toml"
    config.write_text(settings_text(8080, tmp_path))
    settings = load(config)
    connected = connect(
        settings.source,
        StillClock(),
        onr=settings.onr,
        organisaatio=settings.organisaatio,
        koodisto=settings.koodisto,
        eperusteet=settings.eperusteet,
        amosaa=settings.amosaa,
    )
    declared = {name: [each.gives for each in can.told] for name, can in connected.capabilities.items()}
    await connected.aclose()
    assert declared == {
        "a-koski": ["rights", "learners"],
        "a-ehoks": ["plans", "holders", "changes"],
        "a-staff": ["appointments", "assignments", "guides"],
        "b-primus": ["rights", "learners", "plans", "holders", "appointments", "assignments", "guides"],
        "c-table": ["plans", "holders", "appointments", "assignments", "guides"],
        "c-roster": ["rights", "learners", "holders", "assignments", "guides"],
        "d-campus": ["rights", "learners", "plans", "holders"],
        "onr": ["identities"],
        "organisaatio": ["organisations"],
        "koodisto": ["names"],
        "eperusteet": ["names"],
        "amosaa": ["names"],
    }

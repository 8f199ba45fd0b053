"""What every source keeps, whatever is behind it. Each function takes a source and asserts one promise."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from connectors.capabilities import Capabilities, Gives
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid, StudyRightOid, with_check_digit
from hoks.outcomes import FAILED, Outcome, Reply
from hoks.ports import Identities, Organisations, PlanSource, RightsSource
from hoks.student import Person

NO_OID = "1.2.3"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NOBODY = LearnerOid(with_check_digit("98", "1000000001"))
NO_RIGHT = StudyRightOid(with_check_digit("15", "1000000001"))
NOWHERE = OrganisationOid("1.2.246.562.99.99999999999")


class Declares(Protocol):
    """Whatever says what it can tell."""

    @property
    def capabilities(self) -> Capabilities: ...


class DeclaredRights(RightsSource, Declares, Protocol):
    """A source of rights that says what it can tell."""


class DeclaredPlans(PlanSource, Declares, Protocol):
    """A source of plans that says what it can tell."""


class DeclaredIdentities(Identities, Declares, Protocol):
    """A learner register that says what it can tell."""


class DeclaredOrganisations(Organisations, Declares, Protocol):
    """An organisation register that says what it can tell."""


def _is_as_declared(source: Declares, gives: Gives, reply: Reply[Any, Any]) -> None:
    """No outcome but those that the source declares."""
    assert {answer.outcome for answer in reply.answers.values()} <= source.capabilities.of(gives).outcomes


async def _ask(source: Any, gives: Gives, keys: Sequence[Any]) -> Reply[Any, Any]:
    if gives == "changes":
        told: Reply[Any, Any] = await source.changed(LONG_AGO)
        return told
    reply: Reply[Any, Any] = await (
        getattr(source, _LISTED[gives])() if gives in _LISTED else getattr(source, _ASKED[gives])(keys)
    )
    return reply


_LISTED: Mapping[Gives, str] = {"learners": "learners", "guides": "guided"}
_ASKED: Mapping[Gives, str] = {
    "rights": "rights",
    "plans": "plans",
    "holders": "holders",
    "appointments": "appointments",
    "assignments": "assignments",
    "identities": "identify",
    "organisations": "nodes",
}
_LACKED: Mapping[Gives, Callable[[], list[Any]]] = {
    "rights": lambda: [Person(oid=NOBODY)],
    "learners": list,
    "guides": list,
    "changes": list,
    "plans": lambda: [NO_RIGHT],
    "holders": lambda: [NO_RIGHT],
    "appointments": lambda: [PersonOid(NOBODY)],
    "assignments": lambda: [PersonOid(NOBODY)],
    "identities": lambda: [NOBODY],
    "organisations": lambda: [NOWHERE],
}
"""A well-formed key of each thing that no source has anything for."""


async def everything_declared_is_told(source: Declares) -> None:
    """Each thing that a healthy source declares can be asked for, and what it lacks is absent as it declares."""
    assert source.capabilities.told
    for each in source.capabilities.told:
        reply = await _ask(source, each.gives, _LACKED[each.gives]())
        expected = each.absent or {Outcome.OK}
        assert {answer.outcome for answer in reply.answers.values()} <= expected, each.gives
        assert reply.answers, each.gives


async def everything_declared_fails_as_declared(broken: Declares) -> None:
    """Each thing that a source declares comes, where the source fails, to a failure and never to an absence."""
    for each in broken.capabilities.told:
        reply = await _ask(broken, each.gives, _LACKED[each.gives]())
        assert {answer.outcome for answer in reply.answers.values()} <= FAILED, each.gives


async def rights_answer_everyone_who_was_asked_and_nobody_else(
    source: DeclaredRights, people: Sequence[Person]
) -> None:
    """Keys of the answer are the masters that were asked; what was read is under its own person."""
    reply = await source.rights(people)
    _is_as_declared(source, "rights", reply)
    assert set(reply.answers) == {person.oid for person in people}
    assert reply.source == source.source.id
    for person in people:
        for right in reply.answers[person.oid].value or ():
            assert right.student_oid is None or right.student_oid in person.all_oids


async def rights_survive_a_malformed_person(source: DeclaredRights, known: Person) -> None:
    """A malformed OID gets an answer and spoils nobody else's."""
    bad = Person(oid=LearnerOid(NO_OID))
    reply = await source.rights([bad, known])
    _is_as_declared(source, "rights", reply)
    assert set(reply.answers) == {bad.oid, known.oid}
    assert reply.answers[known.oid].outcome is Outcome.OK
    assert not reply.answers[bad.oid].value


async def rights_of_nobody_are_no_answers(source: DeclaredRights) -> None:
    """Asking about nobody is allowed."""
    assert dict((await source.rights([])).answers) == {}


async def broken_rights_are_outcomes(broken: DeclaredRights, people: Sequence[Person]) -> None:
    """A source that fails says so for every key, and raises nothing."""
    reply = await broken.rights(people)
    _is_as_declared(broken, "rights", reply)
    assert set(reply.answers) == {person.oid for person in people}
    assert {answer.outcome for answer in reply.answers.values()} <= FAILED
    listed = await broken.learners()
    assert listed.answers[broken.source.provider_oid].outcome in FAILED


async def plans_answer_every_right_that_was_asked_and_no_other(
    source: DeclaredPlans, rights: Sequence[StudyRightOid]
) -> None:
    """Keys of the answer are the rights that were asked; each plan is of the right it stands under."""
    reply = await source.plans(rights)
    _is_as_declared(source, "plans", reply)
    assert set(reply.answers) == set(rights)
    assert reply.source == source.source.id
    for oid, answer in reply.answers.items():
        assert all(plan.study_right_oid == oid for plan in answer.value or ())


async def plans_survive_a_malformed_right(source: DeclaredPlans, known: StudyRightOid) -> None:
    """A malformed OID gets an answer and spoils nobody else's."""
    bad = StudyRightOid(NO_OID)
    reply = await source.plans([bad, known])
    _is_as_declared(source, "plans", reply)
    assert set(reply.answers) == {bad, known}
    assert reply.answers[known].outcome is Outcome.OK
    assert not reply.answers[bad].value


async def plans_of_no_right_are_no_answers(source: DeclaredPlans) -> None:
    """Asking about no right is allowed."""
    assert dict((await source.plans([])).answers) == {}


async def broken_plans_are_outcomes(broken: DeclaredPlans, rights: Sequence[StudyRightOid]) -> None:
    """A source that fails says so for every key, and raises nothing."""
    reply = await broken.plans(rights)
    _is_as_declared(broken, "plans", reply)
    assert set(reply.answers) == set(rights)
    assert {answer.outcome for answer in reply.answers.values()} <= FAILED

"""What every source keeps, whatever is behind it. Each function takes a source and asserts one promise."""

from collections.abc import Sequence

from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.outcomes import FAILED, Outcome
from hoks.ports import PlanSource, RightsSource
from hoks.student import Person

NO_OID = "1.2.3"


async def rights_answer_everyone_who_was_asked_and_nobody_else(source: RightsSource, people: Sequence[Person]) -> None:
    """Keys of the answer are the masters that were asked; what was read is under its own person."""
    reply = await source.rights(people)
    assert set(reply.answers) == {person.oid for person in people}
    assert reply.source == source.source.id
    for person in people:
        for right in reply.answers[person.oid].value or ():
            assert right.student_oid is None or right.student_oid in person.all_oids


async def rights_survive_a_malformed_person(source: RightsSource, known: Person) -> None:
    """A malformed OID gets an answer and spoils nobody else's."""
    bad = Person(oid=LearnerOid(NO_OID))
    reply = await source.rights([bad, known])
    assert set(reply.answers) == {bad.oid, known.oid}
    assert reply.answers[known.oid].outcome is Outcome.OK
    assert not reply.answers[bad.oid].value


async def rights_of_nobody_are_no_answers(source: RightsSource) -> None:
    """Asking about nobody is allowed."""
    assert dict((await source.rights([])).answers) == {}


async def broken_rights_are_outcomes(broken: RightsSource, people: Sequence[Person]) -> None:
    """A source that fails says so for every key, and raises nothing."""
    reply = await broken.rights(people)
    assert set(reply.answers) == {person.oid for person in people}
    assert {answer.outcome for answer in reply.answers.values()} <= FAILED
    listed = await broken.learners()
    assert listed.answers[broken.source.provider_oid].outcome in FAILED


async def plans_answer_every_right_that_was_asked_and_no_other(
    source: PlanSource, rights: Sequence[StudyRightOid]
) -> None:
    """Keys of the answer are the rights that were asked; each plan is of the right it stands under."""
    reply = await source.plans(rights)
    assert set(reply.answers) == set(rights)
    assert reply.source == source.source.id
    for oid, answer in reply.answers.items():
        assert all(plan.study_right_oid == oid for plan in answer.value or ())


async def plans_survive_a_malformed_right(source: PlanSource, known: StudyRightOid) -> None:
    """A malformed OID gets an answer and spoils nobody else's."""
    bad = StudyRightOid(NO_OID)
    reply = await source.plans([bad, known])
    assert set(reply.answers) == {bad, known}
    assert reply.answers[known].outcome is Outcome.OK
    assert not reply.answers[bad].value


async def plans_of_no_right_are_no_answers(source: PlanSource) -> None:
    """Asking about no right is allowed."""
    assert dict((await source.plans([])).answers) == {}


async def broken_plans_are_outcomes(broken: PlanSource, rights: Sequence[StudyRightOid]) -> None:
    """A source that fails says so for every key, and raises nothing."""
    reply = await broken.plans(rights)
    assert set(reply.answers) == set(rights)
    assert {answer.outcome for answer in reply.answers.values()} <= FAILED

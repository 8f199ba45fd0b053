from datetime import timedelta

import pytest

from hoks.hearing import Answering, Heard, answering, heard, rights_told
from hoks.identifiers import LearnerOid, OrganisationOid
from hoks.organisations import Tree
from hoks.outcomes import Answer, Outcome, Reading, Reply
from hoks.plan import Hoks
from hoks.ports import RightsTold, Source
from hoks.student import Person, SourceStatus
from hoks.study_right import StudyRight
from hoks.told import (
    all_answered,
    as_shown,
    is_of,
    may_speak_for,
    organisations_named,
    told_right,
    words_on_rights,
    worse_of,
)
from hoks.values import Organisation, Text
from tests.hoks.stories import (
    A1,
    AINO,
    B1,
    C1,
    EINO,
    NOW,
    OLD_AINO,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    SCHOOL_A,
    SCHOOL_B,
    SITE_A,
    TREE,
    a_right,
    node,
)

A_SOURCE = Source(id="a-rights", provider_oid=PROVIDER_A)
NOWHERE = OrganisationOid("1.2.246.562.99.90000000001")


@pytest.mark.parametrize(
    ("right", "may"),
    [
        pytest.param(a_right(A1, PROVIDER_A), True, id="own"),
        pytest.param(StudyRight(oid=A1, student_oid=None, site=Organisation(oid=SITE_A)), True, id="own site"),
        pytest.param(a_right(B1, PROVIDER_B), False, id="foreign"),
        pytest.param(a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A), True, id="included in own"),
        pytest.param(a_right(B1, PROVIDER_B, included_in=C1, link_school=SCHOOL_B), False, id="included elsewhere"),
        pytest.param(a_right(B1, PROVIDER_B, included_in=A1), False, id="included, no school named"),
        pytest.param(a_right(B1, PROVIDER_B, school=NOWHERE), False, id="foreign, its school not in the tree"),
    ],
)
def test_a_source_speaks_for_its_provider_s_rights_and_those_included_in_them(right: StudyRight, may: bool) -> None:
    assert may_speak_for(A_SOURCE, right, TREE) is may


def test_a_source_whose_provider_is_not_in_the_tree_cannot_be_refuted() -> None:
    assert may_speak_for(Source(id="x", provider_oid=NOWHERE), a_right(B1, PROVIDER_B), TREE)


@pytest.mark.parametrize(("named", "is_theirs"), [(AINO, True), (OLD_AINO, True), (None, True), (EINO, False)])
def test_a_plan_is_a_person_s_by_any_of_their_oids(named: LearnerOid | None, is_theirs: bool) -> None:
    person = Person(oid=AINO, aliases=frozenset({OLD_AINO}))
    assert is_of(Hoks(study_right_oid=A1, student_oid=named), person) is is_theirs


def test_every_organisation_that_a_decision_needs_is_named() -> None:
    rights = (a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A),)
    told = RightsTold((A_SOURCE,), (Answer(Outcome.OK, rights),))
    named = organisations_named(PROVIDER_C, [told])
    assert named == {PROVIDER_C, PROVIDER_A, PROVIDER_B, SCHOOL_B, SCHOOL_A}
    assert organisations_named(None, []) == set()


def test_a_told_right_gets_the_tree_s_names_and_says_where_it_came_from() -> None:
    place = node(SCHOOL_A, PROVIDER_A)
    named = Organisation(oid=SCHOOL_A, name=Text(fi="Oppilaitos"))
    tree: Tree = {**TREE, SCHOOL_A: type(place)(organisation=named, provider_oid=PROVIDER_A)}
    told = told_right(A_SOURCE, Reading(NOW, NOW, stale=True), a_right(A1, PROVIDER_A), tree)
    assert told.right.school == named
    assert told.right.provenance is not None
    assert (told.right.provenance.source, told.right.provenance.stale) == ("a-rights", True)
    assert (told.source, told.precedence) == ("a-rights", 1)


def test_a_right_that_names_no_provider_is_its_source_s_provider_s() -> None:
    told = told_right(A_SOURCE, Reading(NOW, NOW), StudyRight(oid=A1, student_oid=None), TREE)
    assert told.right.provider == Organisation(oid=PROVIDER_A)


@pytest.mark.parametrize(
    ("outcome", "stale", "said"),
    [
        (Outcome.OK, False, Outcome.OK),
        (Outcome.OK, True, Outcome.STALE),
        (Outcome.ABSENT, True, Outcome.STALE),
        (Outcome.ABSENT, False, Outcome.ABSENT),
        (Outcome.UNAVAILABLE, True, Outcome.UNAVAILABLE),
        (Outcome.INVALID, True, Outcome.INVALID),
    ],
)
def test_an_old_answer_says_so_and_a_failed_one_says_that_it_failed(
    outcome: Outcome, stale: bool, said: Outcome
) -> None:
    status = heard(A_SOURCE, Reading(NOW, NOW, stale), outcome, TREE)
    assert (status.source, status.outcome, status.stale) == ("a-rights", said, stale)
    assert status.provider == Organisation(oid=PROVIDER_A)


EARLIER = NOW - timedelta(seconds=25)
READ_EARLIER = Reading(EARLIER, EARLIER)
OLD = Reading(EARLIER, EARLIER, stale=True)


def test_each_person_s_rights_say_when_they_were_read_themselves() -> None:
    answers = {
        AINO: Answer(Outcome.OK, (a_right(A1, PROVIDER_A),), READ_EARLIER),
        EINO: Answer(Outcome.OK, (a_right(B1, PROVIDER_A),)),
    }
    reply = Reply(source="a-rights", fetched_at=NOW, as_of=NOW, answers=answers)
    said = {}
    for person in (Person(oid=AINO), Person(oid=EINO)):
        told = [rights_told(person.oid, [(A_SOURCE, reply)])]
        (word,), _ = words_on_rights(told, TREE)
        assert word.right.provenance is not None
        status = Heard(told, Answering(), TREE)["a-rights"]
        said[person.oid] = (word.right.provenance.fetched_at, status.fetched_at)
    assert said == {AINO: (EARLIER, EARLIER), EINO: (NOW, NOW)}


@pytest.mark.parametrize("told", [(), (a_right(A1, PROVIDER_A),)], ids=["nothing", "a right"])
def test_old_rights_count_as_known_and_say_that_they_are_old(told: tuple[StudyRight, ...]) -> None:
    reply = Reply(source="a-rights", fetched_at=NOW, as_of=NOW, answers={AINO: Answer(Outcome.STALE, told, OLD)})
    of_aino = [rights_told(AINO, [(A_SOURCE, reply)])]
    words, foreign = words_on_rights(of_aino, TREE)
    assert [word.right.provenance.stale for word in words if word.right.provenance] == [True] * len(told)
    found = answering(of_aino, foreign)
    status = Heard(of_aino, found, TREE)["a-rights"]
    assert (status.outcome, status.stale) == (Outcome.STALE, True)
    assert not found.failed and found.unwell == {"a-rights"}
    assert all_answered([reply])


@pytest.mark.parametrize(
    ("outcome", "gave_something", "said"),
    [
        (Outcome.OK, True, Outcome.OK),
        (Outcome.OK, False, Outcome.ABSENT),
        (Outcome.ABSENT, False, Outcome.ABSENT),
        (Outcome.ABSENT_OR_DENIED, False, Outcome.ABSENT),
        (Outcome.UNAVAILABLE, False, Outcome.UNAVAILABLE),
        (Outcome.DENIED, True, Outcome.DENIED),
        (Outcome.STALE, False, Outcome.STALE),
    ],
)
def test_a_source_that_answered_says_only_whether_something_shown_came_from_it(
    outcome: Outcome, gave_something: bool, said: Outcome
) -> None:
    status = SourceStatus(source="a", outcome=outcome)
    assert as_shown(status, gave_something=gave_something).outcome is said


def test_of_a_source_that_was_asked_twice_the_worse_answer_stands() -> None:
    good, bad = (SourceStatus(source="a", outcome=each) for each in (Outcome.OK, Outcome.UNAVAILABLE))
    assert worse_of(good, bad) is bad
    assert worse_of(bad, good) is bad


def test_a_foreign_right_is_dropped_and_logged_without_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    rights = (a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B))
    answers = {AINO: Answer(Outcome.OK, rights)}
    told = [(A_SOURCE, Reply(source="a-rights", fetched_at=NOW, as_of=NOW, answers=answers))]
    of_aino = [rights_told(AINO, told)]
    words, foreign = words_on_rights(of_aino, TREE)
    assert [word.right.oid for word in words] == [A1]
    found = answering(of_aino, foreign)
    assert Heard(of_aino, found, TREE)["a-rights"].outcome is Outcome.INVALID
    assert found.failed == {"a-rights"}
    assert [record.getMessage() for record in caplog.records] == ["source a-rights: INVALID (foreign) x 1"]

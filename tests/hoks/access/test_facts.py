import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.access.facts import CONDITIONS, PERSON_CONDITIONS, PLAN_CONDITIONS, Situation, all_of, any_of
from hoks.codes import StudyRightState
from hoks.identifiers import OrganisationOid, PersonOid, StudyRightOid
from hoks.merged import MergedRight
from hoks.organisations import Known, Tree
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind
from tests.hoks.stories import (
    A1,
    AINO,
    ALONE,
    ANNULLED,
    B1,
    C1,
    DAY,
    DISCONTINUED,
    GRADUATED,
    ON_LEAVE,
    OTHER_SCHOOL_A,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    SCHOOL_A,
    SCHOOL_B,
    SITE_A,
    SUSPENDED,
    TREE,
    UNKNOWN,
    a_right,
    situation,
)

OWN = "the right is the acting organisation's own"
OTHERS = "the right is another provider's"
VALID = "the right is valid today"
UPCOMING = "the right is upcoming"
IS_SUSPENDED = "the right is suspended"
STANDS = "the right stands"
ENDED = "the right ended at most five years ago"
NOT_OVER = "the right has not been over for more than five years"
CLAIM = "the acting provider has a valid right for the student"
INCLUDED = "a valid right of the acting provider is included in this right"
WAS_INCLUDED = "a right of the acting provider that ended at most five years ago was included in this right"

YES, NO, UNSURE = Known.YES, Known.NO, Known.UNKNOWN


def right_of(known: Situation, oid: StudyRightOid) -> MergedRight:
    return next(each for each in known.rights if each.oid == oid)


def holds(condition: str, known: Situation, oid: StudyRightOid = A1) -> Known:
    return CONDITIONS[condition](known, right_of(known, oid))


# --- three-valued truth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "all_hold", "one_holds"),
    [
        ([], YES, NO),
        ([YES], YES, YES),
        ([NO], NO, NO),
        ([UNSURE], UNSURE, UNSURE),
        ([YES, NO], NO, YES),
        ([YES, UNSURE], UNSURE, YES),
        ([NO, UNSURE], NO, UNSURE),
        ([YES, NO, UNSURE], NO, YES),
    ],
)
def test_what_several_facts_come_to(facts: list[Known], all_hold: Known, one_holds: Known) -> None:
    assert all_of(facts) is all_hold
    assert any_of(facts) is one_holds


@given(st.lists(st.sampled_from(Known)), st.data())
def test_a_fact_that_becomes_unknown_never_makes_anything_hold(facts: list[Known], data: st.DataObject) -> None:
    fewer = [data.draw(st.sampled_from((fact, UNSURE))) for fact in facts]
    assert not (all_of(fewer) is YES and all_of(facts) is not YES)
    assert not (any_of(fewer) is YES and any_of(facts) is not YES)


# --- the right on the day -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "holding"),
    [
        (PRESENT, {VALID, STANDS, NOT_OVER}),
        (ON_LEAVE, {VALID, STANDS, NOT_OVER}),
        (SUSPENDED, {VALID, IS_SUSPENDED, STANDS, NOT_OVER}),
        (GRADUATED, {STANDS, ENDED, NOT_OVER}),
        (DISCONTINUED, {STANDS, ENDED, NOT_OVER}),
        (ANNULLED, {NOT_OVER}),
        (UNKNOWN, {NOT_OVER}),
    ],
)
def test_what_holds_of_a_right_in_each_state(state: StudyRightState, holding: set[str]) -> None:
    known = situation([a_right(A1, PROVIDER_A, ("2025-08-01", PRESENT), ("2026-09-01", state))])
    of_the_right = (VALID, UPCOMING, IS_SUSPENDED, STANDS, ENDED, NOT_OVER)
    assert {each for each in of_the_right if holds(each, known) is YES} == holding


def test_a_right_that_has_not_begun_is_upcoming_and_not_valid() -> None:
    known = situation([a_right(A1, PROVIDER_A, ("2026-10-06", PRESENT))])
    assert holds(UPCOMING, known) is YES
    assert holds(VALID, known) is NO
    assert holds(STANDS, known) is YES


def test_whether_a_right_of_unknown_state_stands_is_not_known() -> None:
    assert holds(STANDS, situation([a_right(A1, PROVIDER_A, ("2025-08-01", UNKNOWN))])) is UNSURE


def test_suspension_is_valid_or_not_by_the_setting() -> None:
    right = a_right(A1, PROVIDER_A, ("2025-08-01", PRESENT), ("2026-09-01", SUSPENDED))
    assert holds(VALID, situation([right], suspended_is_valid=True)) is YES
    assert holds(VALID, situation([right], suspended_is_valid=False)) is NO
    assert holds(IS_SUSPENDED, situation([right], suspended_is_valid=False)) is YES


@pytest.mark.parametrize(
    ("ended", "recently"),
    [("2021-10-05", YES), ("2021-10-04", NO), ("2026-10-04", YES), ("2020-01-01", NO)],
)
def test_five_years_count_from_the_end_with_the_anniversary(ended: str, recently: Known) -> None:
    known = situation([a_right(A1, PROVIDER_A, ("2018-08-01", PRESENT), (ended, GRADUATED))])
    assert holds(ENDED, known) is recently
    assert holds(NOT_OVER, known) is recently


# --- the caller -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_the_student", list(Known))
def test_the_caller_is_the_student_as_far_as_is_known(is_the_student: Known) -> None:
    known = situation([a_right(A1, PROVIDER_A)], None, is_the_student=is_the_student)
    assert holds("the caller is the student", known) is is_the_student
    assert PERSON_CONDITIONS["the caller is the student"](known) is is_the_student


def test_who_acts_for_no_organisation_owns_nothing() -> None:
    assert holds(OWN, situation([a_right(A1, PROVIDER_A)], None)) is NO


@pytest.mark.parametrize(
    ("acting", "own"),
    [
        (PROVIDER_A, YES),
        (SCHOOL_A, YES),
        (OTHER_SCHOOL_A, NO),
        (SITE_A, NO),
        (PROVIDER_B, NO),
        (SCHOOL_B, NO),
        (OrganisationOid("1.2.246.562.99.99999999999"), UNSURE),
    ],
)
def test_a_right_is_own_at_its_school_and_above(acting: OrganisationOid, own: Known) -> None:
    assert holds(OWN, situation([a_right(A1, PROVIDER_A)], acting)) is own


def without(*gone: OrganisationOid) -> Tree:
    return {oid: node for oid, node in TREE.items() if oid not in gone}


@pytest.mark.parametrize(
    ("tree", "own"),
    [
        (without(PROVIDER_A), UNSURE),
        (without(SCHOOL_A), YES),
        (without(SCHOOL_A, PROVIDER_A), UNSURE),
        ({}, UNSURE),
    ],
)
def test_what_the_tree_does_not_know_is_never_known_to_be_own(tree: Tree, own: Known) -> None:
    assert holds(OWN, situation([a_right(A1, PROVIDER_A)], tree=tree)) is own


@pytest.mark.parametrize(
    ("state", "claim"),
    [(PRESENT, YES), (ON_LEAVE, YES), (SUSPENDED, YES), (GRADUATED, NO), (ANNULLED, NO), (UNKNOWN, NO)],
)
def test_only_a_valid_right_of_one_s_own_is_a_claim_on_another_s(state: StudyRightState, claim: Known) -> None:
    own = a_right(A1, PROVIDER_A, ("2025-08-01", PRESENT), ("2026-09-01", state))
    assert holds(CLAIM, situation([own, a_right(B1, PROVIDER_B)]), B1) is claim


def test_an_upcoming_right_is_no_claim_yet() -> None:
    own = a_right(A1, PROVIDER_A, ("2026-10-06", PRESENT))
    assert holds(CLAIM, situation([own, a_right(B1, PROVIDER_B)]), B1) is NO


@pytest.mark.parametrize("acting", [PROVIDER_A, SCHOOL_A, OTHER_SCHOOL_A, SITE_A])
def test_a_claim_is_the_whole_provider_s_whichever_of_its_schools_acts(acting: OrganisationOid) -> None:
    known = situation([a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B)], acting)
    assert holds(CLAIM, known, B1) is YES


@pytest.mark.parametrize(
    ("acting", "tree", "others"),
    [
        (PROVIDER_A, TREE, NO),
        (OTHER_SCHOOL_A, TREE, NO),
        (PROVIDER_B, TREE, YES),
        (None, TREE, YES),
        (PROVIDER_B, without(PROVIDER_B), UNSURE),
        (PROVIDER_B, without(PROVIDER_A, SCHOOL_A), UNSURE),
    ],
)
def test_a_right_is_another_provider_s_only_where_both_providers_are_known(
    acting: OrganisationOid | None, tree: Tree, others: Known
) -> None:
    assert holds(OTHERS, situation([a_right(A1, PROVIDER_A)], acting, tree=tree)) is others


# --- procurement ----------------------------------------------------------------------------------------------


def procured(
    *told: tuple[str, StudyRightState], school: OrganisationOid = SCHOOL_A, acting: OrganisationOid = PROVIDER_B
) -> Situation:
    """B's right, with these periods, is included in A's valid one by a link that names ``school``."""
    implementing = a_right(B1, PROVIDER_B, *told, included_in=A1, link_school=school)
    return situation([a_right(A1, PROVIDER_A), implementing, a_right(C1, PROVIDER_C)], acting)


def test_a_valid_link_shares_the_procuring_right_and_no_other() -> None:
    assert holds(INCLUDED, procured(), A1) is YES
    assert holds(INCLUDED, procured(), B1) is NO
    assert holds(INCLUDED, procured(), C1) is NO


def test_a_link_shares_with_the_implementing_provider_and_nobody_else() -> None:
    assert holds(INCLUDED, procured(acting=PROVIDER_C), A1) is NO
    assert holds(INCLUDED, procured(acting=PROVIDER_A), A1) is NO


def test_a_link_that_names_the_wrong_school_shares_nothing() -> None:
    assert holds(INCLUDED, procured(school=SCHOOL_B), A1) is NO
    assert holds(WAS_INCLUDED, procured(school=SCHOOL_B), A1) is NO


def test_when_the_implementing_right_has_ended_the_plan_was_included() -> None:
    known = procured(("2025-08-01", PRESENT), ("2026-05-31", GRADUATED))
    assert holds(INCLUDED, known, A1) is NO
    assert holds(WAS_INCLUDED, known, A1) is YES
    assert holds(WAS_INCLUDED, known, C1) is NO


def test_what_was_included_is_forgotten_after_five_years() -> None:
    known = procured(("2019-08-01", PRESENT), ("2021-10-04", GRADUATED))
    assert holds(WAS_INCLUDED, known, A1) is NO


@pytest.mark.parametrize(
    ("procuring_ended", "kept"),
    [("2026-06-01", YES), ("2026-05-31", YES), ("2026-05-30", NO)],
)
def test_the_plan_is_kept_only_if_it_was_shared_until_the_implementing_right_ended(
    procuring_ended: str, kept: Known
) -> None:
    known = situation(
        [
            a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), (procuring_ended, GRADUATED)),
            a_right(
                B1,
                PROVIDER_B,
                ("2025-08-01", PRESENT),
                ("2026-05-31", GRADUATED),
                included_in=A1,
                link_school=SCHOOL_A,
            ),
        ],
        PROVIDER_B,
    )
    assert holds(WAS_INCLUDED, known, A1) is kept


# --- the plan -------------------------------------------------------------------------------------------------


def test_a_plan_is_approved_by_its_first_approval_alone() -> None:
    approved = PLAN_CONDITIONS["the plan has been approved"]
    assert approved(Hoks(study_right_oid=A1, first_approved_on=DAY), ALONE)
    assert not approved(Hoks(study_right_oid=A1), ALONE)
    assert not approved(None, ALONE)


# --- relations ------------------------------------------------------------------------------------------------

INSTRUCTS = "the caller is appointed instructor of a period in this plan"
ASSESSES = "the caller is appointed assessor of a demonstration in this plan"
ASSIGNED = "the student is assigned to the caller"


def appointed(kind: AppointmentKind, right: StudyRightOid) -> Appointment:
    return Appointment(person=PersonOid("1.2.246.562.98.19999999994"), kind=kind, learner=AINO, right=right)


@pytest.mark.parametrize(("all_answered", "found_nothing"), [(True, NO), (False, UNSURE)])
def test_a_relation_that_is_not_found_is_unknown_where_a_source_did_not_answer(
    all_answered: bool, found_nothing: Known
) -> None:
    known = msgspec.structs.replace(situation([a_right(A1, PROVIDER_A)]), every_relation_is_known=all_answered)
    assert [holds(each, known) for each in (INSTRUCTS, ASSESSES, ASSIGNED)] == [found_nothing] * 3
    named = msgspec.structs.replace(known, appointments=(appointed(AppointmentKind.ASSESSOR, A1),))
    assert holds(ASSESSES, named) is YES


def test_who_is_both_instructor_and_assessor_is_in_each_plan_what_they_are_appointed_to_there() -> None:
    known = situation([a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B), a_right(C1, PROVIDER_C)])
    both = (appointed(AppointmentKind.INSTRUCTOR, A1), appointed(AppointmentKind.ASSESSOR, B1))
    known = msgspec.structs.replace(known, appointments=both)
    assert [holds(INSTRUCTS, known, each) for each in (A1, B1, C1)] == [YES, NO, NO]
    assert [holds(ASSESSES, known, each) for each in (A1, B1, C1)] == [NO, YES, NO]


def test_a_valid_right_is_not_known_to_be_valid_while_a_register_is_silent() -> None:
    known = situation([a_right(A1, PROVIDER_A)])
    (right,) = known.rights
    doubtful = msgspec.structs.replace(right, is_doubtful=True)
    assert [known.validity(each) for each in (right, doubtful)] == [YES, UNSURE]
    claimed = msgspec.structs.replace(known, rights=(doubtful,))
    assert holds(CLAIM, claimed) is UNSURE

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.codes import StudyRightState
from hoks.identifiers import OrganisationOid
from hoks.organisations import (
    Former,
    Known,
    Succession,
    Tree,
    answers_for,
    is_within,
    may_tell_of,
    organisations_of,
    owns,
    provider_of,
    tree_on,
)
from hoks.study_right import StatePeriod, StudyRight
from hoks.values import Organisation
from tests.hoks.stories import (
    A1,
    OTHER_SCHOOL_A,
    PROVIDER_A,
    PROVIDER_B,
    ROOT,
    SCHOOL_A,
    SCHOOL_B,
    SITE_A,
    TREE,
    node,
)

NOWHERE = OrganisationOid("1.2.246.562.99.90000000001")


def right(*periods: StatePeriod, **named: OrganisationOid) -> StudyRight:
    """A right of the provider, school and site that are named."""
    provider, school, site = (
        Organisation(oid=named[place]) if place in named else None for place in ("provider", "school", "site")
    )
    return StudyRight(oid=A1, student_oid=None, provider=provider, school=school, site=site, periods=periods)


WHOLE = right(provider=PROVIDER_A, school=SCHOOL_A, site=SITE_A)


@pytest.mark.parametrize(
    ("acting", "expected"),
    [
        (PROVIDER_A, Known.YES),
        (SCHOOL_A, Known.YES),
        (SITE_A, Known.YES),
        (OTHER_SCHOOL_A, Known.NO),
        (PROVIDER_B, Known.NO),
        (SCHOOL_B, Known.NO),
        (NOWHERE, Known.UNKNOWN),
    ],
)
def test_a_right_is_owned_by_its_organisations_and_whatever_stands_above(
    acting: OrganisationOid, expected: Known
) -> None:
    assert owns(acting, WHOLE, TREE) is expected


@pytest.mark.parametrize(
    ("told", "acting", "expected"),
    [
        (right(site=SITE_A), PROVIDER_A, Known.YES),
        (right(site=SITE_A), SCHOOL_A, Known.YES),
        (right(site=SITE_A), OTHER_SCHOOL_A, Known.NO),
        (right(school=SCHOOL_A), SITE_A, Known.NO),
        (right(provider=PROVIDER_A), SCHOOL_A, Known.NO),
        (right(), PROVIDER_A, Known.UNKNOWN),
        (right(school=NOWHERE), PROVIDER_A, Known.UNKNOWN),
        (right(provider=PROVIDER_A, school=NOWHERE), PROVIDER_A, Known.YES),
        (right(provider=PROVIDER_A, school=NOWHERE), PROVIDER_B, Known.UNKNOWN),
    ],
)
def test_what_is_not_told_of_a_right_is_not_guessed(told: StudyRight, acting: OrganisationOid, expected: Known) -> None:
    assert owns(acting, told, TREE) is expected


def test_in_an_unknown_tree_nobody_owns_anything_for_certain() -> None:
    for acting in (PROVIDER_A, SCHOOL_A, PROVIDER_B):
        assert owns(acting, WHOLE, {}) is Known.UNKNOWN


def test_an_acting_organisation_that_the_tree_does_not_know_owns_nothing_even_by_its_own_name() -> None:
    less = {oid: place for oid, place in TREE.items() if oid != PROVIDER_A}
    assert owns(PROVIDER_A, WHOLE, less) is Known.UNKNOWN


@pytest.mark.parametrize(
    ("oid", "above", "expected"),
    [
        (SITE_A, SITE_A, True),
        (SITE_A, SCHOOL_A, True),
        (SITE_A, PROVIDER_A, True),
        (SITE_A, ROOT, True),
        (SCHOOL_A, SITE_A, False),
        (SCHOOL_A, SCHOOL_B, False),
        (NOWHERE, NOWHERE, False),
        (NOWHERE, PROVIDER_A, False),
    ],
)
def test_an_organisation_stands_within_itself_and_its_ancestors(
    oid: OrganisationOid, above: OrganisationOid, expected: bool
) -> None:
    assert is_within(oid, above, TREE) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (WHOLE, PROVIDER_A),
        (right(site=SITE_A), PROVIDER_A),
        (right(school=SCHOOL_B), PROVIDER_B),
        (right(provider=PROVIDER_B, school=SCHOOL_A), PROVIDER_A),
        (right(provider=PROVIDER_B, school=NOWHERE), PROVIDER_B),
        (right(provider=NOWHERE), None),
        (right(), None),
    ],
)
def test_the_provider_of_a_right_is_the_tree_s_word_and_not_the_source_s(
    told: StudyRight, expected: OrganisationOid | None
) -> None:
    assert provider_of(told, TREE) == expected


def test_an_organisation_under_no_provider_has_none() -> None:
    tree: Tree = {SCHOOL_A: node(SCHOOL_A, None, ROOT)}
    assert provider_of(right(school=SCHOOL_A), tree) is None


def test_the_organisations_of_a_right_are_its_school_its_site_and_its_provider() -> None:
    assert organisations_of(WHOLE) == (SCHOOL_A, SITE_A, PROVIDER_A)
    assert organisations_of(right()) == ()


def test_a_truth_that_is_known() -> None:
    assert Known.of(True) is Known.YES
    assert Known.of(False) is Known.NO


# --- mergers ----------------------------------------------------------------------------------------------------

DAY_OF_MERGER = date(2026, 1, 1)
ACTING = (PROVIDER_A, SCHOOL_A, SITE_A, OTHER_SCHOOL_A, PROVIDER_B, SCHOOL_B, ROOT)
RIGHT_OF_B = right(provider=PROVIDER_B, school=SCHOOL_B)
INTO_A = Succession(day=DAY_OF_MERGER, line=(PROVIDER_A, ROOT), provider_oid=PROVIDER_A)
INTO_SCHOOL_A = Succession(day=DAY_OF_MERGER, line=(SCHOOL_A, PROVIDER_A, ROOT), provider_oid=PROVIDER_A)


def with_merger(*successions: Succession) -> Tree:
    """The tree in which B and its school have merged, or will."""
    merging = {oid: msgspec.structs.replace(TREE[oid], successions=successions) for oid in (PROVIDER_B, SCHOOL_B)}
    return {**TREE, **merging}


@pytest.mark.parametrize(
    ("acting", "into_the_provider", "into_the_school"),
    [
        (PROVIDER_A, Known.YES, Known.YES),
        (SCHOOL_A, Known.NO, Known.YES),
        (OTHER_SCHOOL_A, Known.NO, Known.NO),
        (SITE_A, Known.NO, Known.NO),
        (PROVIDER_B, Known.YES, Known.YES),
        (SCHOOL_B, Known.YES, Known.YES),
        (ROOT, Known.NO, Known.NO),
    ],
)
def test_from_its_day_a_merged_providers_rights_are_its_successors_own_too(
    acting: OrganisationOid, into_the_provider: Known, into_the_school: Known
) -> None:
    assert owns(acting, RIGHT_OF_B, tree_on(with_merger(INTO_A), DAY_OF_MERGER)) is into_the_provider
    assert owns(acting, RIGHT_OF_B, tree_on(with_merger(INTO_SCHOOL_A), DAY_OF_MERGER)) is into_the_school


def test_the_successor_answers_for_the_merged_ones_rights_and_the_merged_one_for_none_of_its() -> None:
    tree = tree_on(with_merger(INTO_A), DAY_OF_MERGER)
    assert answers_for(PROVIDER_A, RIGHT_OF_B, tree)
    assert answers_for(PROVIDER_B, RIGHT_OF_B, tree)
    assert not answers_for(PROVIDER_B, WHOLE, tree)
    assert provider_of(RIGHT_OF_B, tree) == PROVIDER_B
    for merged in (PROVIDER_B, SCHOOL_B):
        assert owns(merged, WHOLE, tree) is Known.NO


MOVED = msgspec.structs.replace(TREE[SCHOOL_A], formerly=(Former(provider_oid=PROVIDER_B, until=DAY_OF_MERGER),))


@pytest.mark.parametrize(("days_before", "may_tell"), [(1, True), (400, True), (0, False), (-30, False), (None, False)])
def test_a_merged_providers_system_tells_of_rights_that_began_while_the_school_was_its_own(
    days_before: int | None, may_tell: bool
) -> None:
    tree = tree_on({**TREE, SCHOOL_A: MOVED}, DAY_OF_MERGER)
    begun = None if days_before is None else DAY_OF_MERGER - timedelta(days=days_before)
    told = right(*([StatePeriod(start_date=begun, state=StudyRightState.PRESENT)] if begun else []), school=SCHOOL_A)
    assert may_tell_of(PROVIDER_B, told, tree) is may_tell
    assert may_tell_of(PROVIDER_A, told, tree)


def test_whose_a_moved_school_once_was_opens_nothing_to_the_merged_provider() -> None:
    tree = tree_on({**TREE, SCHOOL_A: MOVED}, DAY_OF_MERGER)
    told = right(school=SCHOOL_A)
    assert owns(PROVIDER_B, told, tree) is Known.NO
    assert not answers_for(PROVIDER_B, told, tree)
    assert provider_of(told, tree) == PROVIDER_A


@given(
    days_before=st.integers(1, 5_000),
    acting=st.sampled_from(ACTING),
    told=st.sampled_from([RIGHT_OF_B, WHOLE, right(school=SCHOOL_B), right(provider=PROVIDER_B), right()]),
    succession=st.sampled_from([INTO_A, INTO_SCHOOL_A]),
)
def test_before_its_day_a_merger_changes_nothing(
    days_before: int, acting: OrganisationOid, told: StudyRight, succession: Succession
) -> None:
    tree = tree_on(with_merger(succession), DAY_OF_MERGER - timedelta(days=days_before))
    assert owns(acting, told, tree) is owns(acting, told, TREE)
    assert answers_for(acting, told, tree) is answers_for(acting, told, TREE)
    assert provider_of(told, tree) == provider_of(told, TREE)


@given(
    days_after=st.integers(0, 5_000),
    acting=st.sampled_from(ACTING),
    told=st.sampled_from([RIGHT_OF_B, WHOLE, right(school=SCHOOL_B), right(provider=PROVIDER_B), right()]),
    succession=st.sampled_from([INTO_A, INTO_SCHOOL_A]),
)
def test_from_its_day_a_merger_takes_nothing_away(
    days_after: int, acting: OrganisationOid, told: StudyRight, succession: Succession
) -> None:
    tree = tree_on(with_merger(succession), DAY_OF_MERGER + timedelta(days=days_after))
    assert owns(acting, told, TREE) in (owns(acting, told, tree), Known.NO)
    assert answers_for(acting, told, tree) or not answers_for(acting, told, TREE)
    if acting not in (PROVIDER_A, SCHOOL_A):
        assert owns(acting, told, tree) is owns(acting, told, TREE), "only the successor gains"

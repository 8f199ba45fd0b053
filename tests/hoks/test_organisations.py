import pytest

from hoks.identifiers import OrganisationOid
from hoks.organisations import Known, Tree, is_within, organisations_of, owns, provider_of
from hoks.study_right import StudyRight
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


def right(**named: OrganisationOid) -> StudyRight:
    """A right of the provider, school and site that are named."""
    provider, school, site = (
        Organisation(oid=named[place]) if place in named else None for place in ("provider", "school", "site")
    )
    return StudyRight(oid=A1, student_oid=None, provider=provider, school=school, site=site)


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

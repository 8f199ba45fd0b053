from collections.abc import Sequence

import pytest

from hoks.findings import FindingCode
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item
from hoks.links import Link, LinkState, find_links, findings_of
from hoks.study_right import StudyRight
from tests.hoks.stories import (
    A1,
    ANNULLED,
    B1,
    B2,
    C1,
    DAY,
    GRADUATED,
    OLD_AINO,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    SCHOOL_A,
    SCHOOL_B,
    SCHOOL_C,
    SUSPENDED,
    UNKNOWN,
    a_right,
    merged,
)

NOWHERE = StudyRightOid("1.2.246.562.15.90000000016")


def links(rights: Sequence[StudyRight]) -> dict[StudyRightOid, Link]:
    return {link.implementing.oid: link for link in find_links(merged(rights), DAY)}


def included(
    target: StudyRightOid = A1,
    school: OrganisationOid | None = SCHOOL_A,
    oid: StudyRightOid = B1,
    provider: OrganisationOid = PROVIDER_B,
) -> StudyRight:
    return a_right(oid, provider, included_in=target, link_school=school)


def codes(link: Link, *, every_source_answered: bool = True) -> list[FindingCode]:
    return [each.code for each in findings_of(link, every_source_answered=every_source_answered)]


def test_rights_without_links_have_none() -> None:
    assert links([a_right(A1, PROVIDER_A), a_right(B1, PROVIDER_B)]) == {}


def test_a_link_that_names_the_right_s_own_school_is_valid() -> None:
    link = links([a_right(A1, PROVIDER_A), included()])[B1]
    assert link.state is LinkState.VALID
    assert link.procuring is not None
    assert (link.implementing.oid, link.procuring.oid) == (B1, A1)
    assert not link.chained
    assert codes(link) == []


def test_a_link_across_aliases_of_one_person_is_valid() -> None:
    implementing = a_right(B1, PROVIDER_B, included_in=A1, link_school=SCHOOL_A, student=OLD_AINO)
    assert links([a_right(A1, PROVIDER_A), implementing])[B1].state is LinkState.VALID


def test_person_14_a_link_that_names_the_wrong_school_is_a_finding_and_not_valid() -> None:
    link = links([a_right(A1, PROVIDER_A), included(school=SCHOOL_B)])[B1]
    assert link.state is LinkState.WRONG_SCHOOL
    assert codes(link) == [FindingCode.LINK_NAMES_WRONG_SCHOOL]


def test_a_link_names_the_school_and_not_the_provider() -> None:
    assert links([a_right(A1, PROVIDER_A), included(school=PROVIDER_A)])[B1].state is LinkState.WRONG_SCHOOL


def test_a_link_that_names_no_school_cannot_be_checked_and_is_not_valid() -> None:
    link = links([a_right(A1, PROVIDER_A), included(school=None)])[B1]
    assert link.state is LinkState.SCHOOL_UNKNOWN
    assert codes(link) == [FindingCode.LINK_NAMES_WRONG_SCHOOL]


def test_person_16_each_link_of_a_chain_is_one_step_and_the_first_is_a_finding() -> None:
    chain = links(
        [
            a_right(A1, PROVIDER_A),
            included(A1, SCHOOL_A),
            included(B1, SCHOOL_B, C1, PROVIDER_C),
        ]
    )
    assert {oid: link.state for oid, link in chain.items()} == {B1: LinkState.VALID, C1: LinkState.VALID}
    assert {oid: link.procuring.oid for oid, link in chain.items() if link.procuring} == {B1: A1, C1: B1}
    assert {oid: codes(link) for oid, link in chain.items()} == {B1: [], C1: [FindingCode.LINK_CHAIN]}


@pytest.mark.parametrize("state", [ANNULLED, UNKNOWN])
def test_person_17a_a_link_to_an_annulled_or_unknown_right_is_dead(state: object) -> None:
    gone = a_right(A1, PROVIDER_A, ("2025-08-01", PRESENT), ("2026-01-01", state))  # type: ignore[arg-type]  # a state
    link = links([gone, included()])[B1]
    assert link.state is LinkState.TARGET_GONE
    assert codes(link) == [FindingCode.LINK_TARGET_UNKNOWN]


def test_a_dead_link_says_the_same_whichever_school_it_names() -> None:
    gone = a_right(A1, PROVIDER_A, ("2025-08-01", ANNULLED))
    assert {links([gone, included(school=school)])[B1].state for school in (SCHOOL_A, SCHOOL_B, None)} == {
        LinkState.TARGET_GONE
    }


def test_person_17b_a_link_to_an_ended_right_is_a_finding_and_not_valid() -> None:
    ended = a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-05-31", GRADUATED))
    link = links([ended, included()])[B1]
    assert link.state is LinkState.TARGET_ENDED
    assert codes(link) == [FindingCode.LINK_TARGET_ENDED]


def test_a_link_to_a_right_that_is_out_of_the_store_reads_as_one_to_no_right() -> None:
    old = a_right(A1, PROVIDER_A, ("2018-08-01", PRESENT), ("2021-10-04", GRADUATED))
    link = links([old, included()])[B1]
    assert link.state is LinkState.TARGET_GONE
    assert codes(link) == [FindingCode.LINK_TARGET_UNKNOWN]


@pytest.mark.parametrize("told", [("2026-11-01", PRESENT), ("2025-08-01", SUSPENDED)])
def test_a_link_to_a_right_that_is_upcoming_or_suspended_is_valid(told: tuple[str, object]) -> None:
    link = links([a_right(A1, PROVIDER_A, told), included()])[B1]  # type: ignore[arg-type]  # a state
    assert link.state is LinkState.VALID


def test_an_ended_implementing_right_keeps_its_link() -> None:
    ended = a_right(
        B1, PROVIDER_B, ("2024-08-01", PRESENT), ("2026-05-31", GRADUATED), included_in=A1, link_school=SCHOOL_A
    )
    assert links([a_right(A1, PROVIDER_A), ended])[B1].state is LinkState.VALID


def test_a_link_to_a_right_that_no_source_knows_is_a_finding() -> None:
    link = links([included(NOWHERE)])[B1]
    assert (link.state, link.procuring) == (LinkState.TARGET_UNKNOWN, None)
    assert codes(link) == [FindingCode.LINK_TARGET_UNKNOWN]


def test_a_right_that_a_failed_source_may_hold_is_not_called_unknown() -> None:
    assert codes(links([included(NOWHERE)])[B1], every_source_answered=False) == []


def test_a_failed_source_silences_no_other_finding() -> None:
    wrong = links([a_right(A1, PROVIDER_A), included(school=SCHOOL_B)])[B1]
    assert codes(wrong, every_source_answered=False) == [FindingCode.LINK_NAMES_WRONG_SCHOOL]


def test_several_sellers_of_one_right_are_each_valid() -> None:
    found = links(
        [
            a_right(A1, PROVIDER_A),
            included(A1, SCHOOL_A, B1, PROVIDER_B),
            included(A1, SCHOOL_A, B2, PROVIDER_B),
            included(A1, SCHOOL_A, C1, PROVIDER_C),
        ]
    )
    assert {oid: link.state for oid, link in found.items()} == dict.fromkeys((B1, B2, C1), LinkState.VALID)
    assert all(not codes(link) for link in found.values())


def test_a_right_that_is_included_in_itself_is_a_cycle() -> None:
    link = links([included(B1, SCHOOL_B)])[B1]
    assert link.state is LinkState.CYCLE
    assert FindingCode.LINK_CYCLE in codes(link)


def test_a_cycle_of_three_is_not_followed_anywhere() -> None:
    found = links(
        [
            included(B1, SCHOOL_B, A1, PROVIDER_A),
            included(C1, SCHOOL_C, B1, PROVIDER_B),
            included(A1, SCHOOL_A, C1, PROVIDER_C),
        ]
    )
    assert {link.state for link in found.values()} == {LinkState.CYCLE}
    assert all(FindingCode.LINK_CYCLE in codes(link) for link in found.values())


def test_a_link_into_a_cycle_is_one_step_and_ends() -> None:
    found = links(
        [
            included(B1, SCHOOL_B, A1, PROVIDER_A),
            included(A1, SCHOOL_A, B1, PROVIDER_B),
            included(B1, SCHOOL_B, C1, PROVIDER_C),
        ]
    )
    assert found[C1].state is LinkState.VALID
    assert found[C1].chained


def test_findings_of_a_link_are_about_the_right_s_item() -> None:
    (found,) = findings_of(links([included(NOWHERE)])[B1], every_source_answered=True)
    assert (found.item, found.place) == (Item.SR, "includedIn")

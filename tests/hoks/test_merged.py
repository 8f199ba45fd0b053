from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.codes import StudyRightState, StudyRightType
from hoks.findings import FindingCode, finding
from hoks.identifiers import OrganisationOid
from hoks.items import Item
from hoks.merged import MergedRight, Told, merge_rights
from hoks.study_right import Phase, StudyRight
from hoks.values import Organisation
from tests.hoks.stories import (
    A1,
    ANNULLED,
    B1,
    DAY,
    DISCONTINUED,
    GRADUATED,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    SITE_A,
    SUSPENDED,
    UNKNOWN,
    a_right,
)
from tests.strategies import LAW, records


def koski(right: StudyRight) -> Told:
    return Told(right=right, precedence=0, source="koski")


def system(right: StudyRight, source: str = "primus") -> Told:
    return Told(right=right, precedence=1, source=source)


def one(*told: Told) -> MergedRight:
    (merged,) = merge_rights(told, DAY)
    return merged


def codes(merged: MergedRight) -> list[FindingCode]:
    return [each.code for each in merged.right.findings or ()]


def in_state(state: StudyRightState) -> StudyRight:
    return a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-09-01", state))


def test_one_right_comes_out_for_each_oid_in_order() -> None:
    rights = [koski(a_right(B1, PROVIDER_B)), system(a_right(A1, PROVIDER_A)), koski(a_right(A1, PROVIDER_A))]
    assert [each.oid for each in merge_rights(rights, DAY)] == [A1, B1]


def test_nothing_told_is_nothing() -> None:
    assert merge_rights([], DAY) == ()


def test_a_right_says_its_phase_and_state_on_the_day() -> None:
    merged = one(koski(in_state(SUSPENDED)))
    assert merged.phase is merged.right.phase is Phase.SUSPENDED
    assert merged.right.state is SUSPENDED
    assert merged.ended_on is None


def test_it_is_told_which_sources_told_of_a_right() -> None:
    assert one(koski(in_state(PRESENT)), system(in_state(PRESENT))).told_by == {"koski", "primus"}


def test_koski_s_word_comes_before_a_student_system_s() -> None:
    first = msgspec.structs.replace(in_state(PRESENT), version=7, source_system_id="koski's")
    second = msgspec.structs.replace(in_state(PRESENT), version=2, source_system_id="primus's")
    for told in ([koski(first), system(second)], [system(second), koski(first)]):
        assert (one(*told).right.version, one(*told).right.source_system_id) == (7, "koski's")


def test_what_the_first_source_lacks_is_taken_from_the_next() -> None:
    first = in_state(PRESENT)
    second = msgspec.structs.replace(
        in_state(PRESENT),
        type=StudyRightType.VOCATIONAL,
        estimated_end_date=date(2027, 5, 31),
    )
    merged = one(koski(first), system(second)).right
    assert merged.type is StudyRightType.VOCATIONAL
    assert merged.estimated_end_date == date(2027, 5, 31)


def test_whose_a_right_is_is_never_put_together_from_two_sources() -> None:
    first = msgspec.structs.replace(in_state(PRESENT), site=None, included_in=None)
    second = msgspec.structs.replace(in_state(PRESENT), site=Organisation(oid=SITE_A))
    assert one(koski(first), system(second)).right.site is None


def placed(right: StudyRight, provider: OrganisationOid, precedence: int, *, is_own: bool = True) -> Told:
    """A right as a source places it."""
    source = f"{precedence}-{provider}"
    return Told(right=right, precedence=precedence, source=source, provider=provider, is_own=is_own)


def test_the_register_decides_whose_a_right_is() -> None:
    mine, forged = in_state(PRESENT), a_right(A1, PROVIDER_B)
    merged = one(placed(mine, PROVIDER_A, 0), placed(forged, PROVIDER_B, 1))
    assert merged.right.provider == mine.provider
    assert merged.phase is Phase.CURRENT


def test_a_right_that_two_student_systems_claim_opens_nothing_and_says_so() -> None:
    merged = one(placed(in_state(PRESENT), PROVIDER_A, 1), placed(a_right(A1, PROVIDER_B), PROVIDER_B, 1))
    assert merged.phase is Phase.UNKNOWN
    assert [each.code for each in merged.right.findings or ()] == [FindingCode.SOURCES_DISAGREE_ON_PROVIDER]


def test_a_no_is_a_word_and_is_not_filled_in() -> None:
    first, second = (msgspec.structs.replace(in_state(PRESENT), purchased=each) for each in (False, True))
    assert one(koski(first), system(second)).right.purchased is False


def test_every_source_s_findings_are_kept_once() -> None:
    a, b = (finding(FindingCode.UNKNOWN_CODE, place, Item.SR) for place in ("type", "state"))
    first, second = (msgspec.structs.replace(in_state(PRESENT), findings=each) for each in ((a,), (a, b)))
    assert one(koski(first), system(second)).right.findings == (a, b)


@pytest.mark.parametrize(
    ("one_says", "other_says", "phase"),
    [
        (PRESENT, SUSPENDED, Phase.SUSPENDED),
        (PRESENT, DISCONTINUED, Phase.ENDED),
        (SUSPENDED, GRADUATED, Phase.ENDED),
        (PRESENT, UNKNOWN, Phase.UNKNOWN),
        (GRADUATED, UNKNOWN, Phase.UNKNOWN),
        (GRADUATED, ANNULLED, Phase.ANNULLED),
        (UNKNOWN, ANNULLED, Phase.ANNULLED),
    ],
)
def test_where_sources_disagree_the_more_restrictive_state_decides_and_it_is_a_finding(
    one_says: StudyRightState, other_says: StudyRightState, phase: Phase
) -> None:
    for first, second in ((one_says, other_says), (other_says, one_says)):
        merged = one(koski(in_state(first)), system(in_state(second)))
        assert merged.phase is merged.right.phase is phase
        assert codes(merged) == [FindingCode.SOURCES_DISAGREE_ON_STATE]


def test_sources_that_agree_on_what_the_right_is_make_no_finding() -> None:
    merged = one(koski(in_state(GRADUATED)), system(in_state(DISCONTINUED)))
    assert merged.phase is Phase.ENDED
    assert codes(merged) == []


def test_the_earliest_end_that_a_source_knows_starts_the_clock() -> None:
    early = a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-03-01", DISCONTINUED))
    late = a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-05-31", GRADUATED))
    assert one(koski(late), system(early)).ended_on == date(2026, 3, 1)
    assert one(koski(in_state(PRESENT)), system(late)).ended_on == date(2026, 5, 31)


def test_an_annulled_right_has_no_end() -> None:
    ended = a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-03-01", DISCONTINUED))
    assert one(koski(ended), system(in_state(ANNULLED))).ended_on is None


tellings = st.lists(
    st.builds(
        Told,
        right=st.sampled_from((A1, B1)).flatmap(lambda oid: records(StudyRight, oid=oid)),
        precedence=st.sampled_from((0, 1)),
        source=st.sampled_from(("koski", "primus", "wilma")),
    ),
    max_size=4,
)


@LAW
@given(tellings, st.data())
def test_the_order_and_repetition_of_answers_do_not_matter(told: list[Told], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(told))
    assert merge_rights([*turned, *told[:1]], DAY) == merge_rights(told, DAY)


@LAW
@given(tellings)
def test_nothing_that_a_source_knows_is_lost_for_want_of_another(told: list[Told]) -> None:
    merged = {each.oid: each.right for each in merge_rights(told, DAY)}
    assert set(merged) == {each.right.oid for each in told}
    for each in told:
        for name in ("end_date", "qualifications", "source_system_id"):
            assert getattr(each.right, name) in (None, ()) or getattr(merged[each.right.oid], name) not in (None, ())
        assert set(each.right.findings or ()) <= set(merged[each.right.oid].findings or ())

"""In which phase of guidance a plan is, sign by sign, and that who sees less is told the same or nothing."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.codes import StudyRightState
from hoks.guidance_phase import PHASE_NAMES, REASONS, TOLD_BY, Guidance, GuidancePhase, PhaseReason, Signs, guidance
from hoks.items import Aspect, Item, Seen, Slice
from hoks.plan import Hoks
from hoks.student import Student
from hoks.study_right import Phase
from hoks.values import Code
from hoks.views import Reached, with_views
from tests.hoks.side_by_side import EVERYTHING, on, planned, shown
from tests.hoks.stories import A1, DAY, PROVIDER_A, a_right
from tests.strategies import LAW

GOING_ON = Signs(
    day=DAY,
    shown=frozenset(TOLD_BY),
    right=Phase.CURRENT,
    state=StudyRightState.PRESENT,
    start=on("2025-08-11"),
    end=on("2028-06-02"),
    approved=on("2025-08-24"),
    planned=8,
    demonstrated=3,
)
"""Studies in their second year."""


def told(**changes: object) -> tuple[str | None, str | None]:
    """Phase and reason with these signs changed."""
    made = guidance(GOING_ON._replace(**changes))  # type: ignore[arg-type]  # fields by name
    return made.phase, made.reason


@pytest.mark.parametrize(
    ("changes", "phase", "reason"),
    [
        ({}, "PROGRESSING", "UNDER_WAY"),
        ({"right": Phase.SUSPENDED}, "PROGRESSING", "UNDER_WAY"),
        ({"right": Phase.UPCOMING}, "STARTING", "NOT_BEGUN"),
        ({"approved": None}, "STARTING", "NOT_APPROVED"),
        ({"start": DAY - timedelta(days=59)}, "STARTING", "JUST_BEGUN"),
        ({"start": DAY - timedelta(days=60)}, "PROGRESSING", "UNDER_WAY"),
        ({"demonstrated": 6}, "FINAL", "MOST_DEMONSTRATED"),
        ({"demonstrated": 5}, "PROGRESSING", "UNDER_WAY"),
        ({"end": DAY + timedelta(days=183)}, "FINAL", "END_APPROACHES"),
        ({"end": DAY + timedelta(days=184)}, "PROGRESSING", "UNDER_WAY"),
        ({"end": DAY + timedelta(days=60)}, "GRADUATING", "END_IS_NEAR"),
        ({"end": DAY + timedelta(days=61)}, "FINAL", "END_APPROACHES"),
        ({"demonstrated": 8}, "GRADUATING", "ALL_DEMONSTRATED"),
        ({"planned": 0, "demonstrated": 0}, "PROGRESSING", "UNDER_WAY"),
        ({"end": None}, "PROGRESSING", "UNDER_WAY"),
        ({"right": Phase.ENDED, "state": StudyRightState.GRADUATED}, "GRADUATING", "GRADUATED"),
        ({"right": Phase.ENDED, "state": StudyRightState.DISCONTINUED}, None, "STUDIES_ENDED"),
        ({"right": Phase.ANNULLED}, None, "STUDIES_ENDED"),
        ({"right": Phase.UNKNOWN}, None, "NOT_KNOWN"),
        ({"right": None}, None, "NOT_KNOWN"),
        ({"start": None}, None, "NOT_KNOWN"),
    ],
)
def test_the_first_sign_that_holds_tells_the_phase(changes: dict[str, object], phase: str | None, reason: str) -> None:
    assert told(**changes) == (phase, reason)


@pytest.mark.parametrize("hidden", TOLD_BY)
def test_where_a_sign_cannot_be_told_there_is_no_phase(hidden: Item) -> None:
    assert told(shown=frozenset(TOLD_BY) - {hidden}) == (None, "NOT_KNOWN")


def test_a_sign_that_comes_first_is_told_without_what_the_later_ones_need() -> None:
    assert told(shown=frozenset({Item.SR}), right=Phase.UPCOMING) == ("STARTING", "NOT_BEGUN")
    assert told(shown=frozenset({Item.SR, Item.D1}), approved=None) == ("STARTING", "NOT_APPROVED")


@given(
    st.builds(
        Signs,
        day=st.just(DAY),
        shown=st.just(frozenset(TOLD_BY)),
        right=st.sampled_from(Phase),
        state=st.sampled_from(StudyRightState),
        start=st.none() | st.dates(date(2024, 1, 1), date(2027, 1, 1)),
        end=st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)),
        approved=st.none() | st.just(DAY),
        planned=st.integers(0, 4),
        demonstrated=st.integers(0, 4),
    ),
    st.frozensets(st.sampled_from(TOLD_BY)),
)
@LAW
def test_who_is_shown_less_is_told_the_same_phase_or_none(signs: Signs, hidden: frozenset[Item]) -> None:
    less = guidance(signs._replace(shown=signs.shown - hidden))
    assert less.reason is PhaseReason.NOT_KNOWN or less == guidance(signs)


def test_every_phase_and_reason_has_words_in_three_languages() -> None:
    for words, named in ((PHASE_NAMES, GuidancePhase), (REASONS, PhaseReason)):
        assert set(words) == set(named)
        assert all(each.fi and each.sv and each.en for each in words.values())
    made = guidance(GOING_ON._replace(approved=None))
    assert made.phase_name is not None
    assert made.reason_text is not None
    assert (made.phase_name.fi, made.reason_text.fi) == ("Opintoja aloitettaessa", "HOKSia ei ole vielä hyväksytty.")


def test_a_phase_rests_on_the_items_of_every_sign_that_was_looked_at() -> None:
    assert guidance(GOING_ON._replace(right=Phase.UPCOMING)).told_by == {Item.SR}
    assert guidance(GOING_ON._replace(approved=None)).told_by == {Item.SR, Item.D1}
    assert guidance(GOING_ON).told_by == {Item.SR, Item.D1, Item.D2u, Item.D10}
    assert Guidance().told_by == guidance(GOING_ON._replace(right=None)).told_by == frozenset()


# --- from a plan ----------------------------------------------------------------------------------------------

RIGHT = msgspec.structs.replace(
    a_right(A1, PROVIDER_A),
    phase=Phase.CURRENT,
    start_date=None,
    estimated_end_date=on("2028-06-02"),
    state=StudyRightState.PRESENT,
)
PLAN = shown(
    A1,
    first_approved_on=on("2025-08-24"),
    career_plan_goal=Code(uri="urasuunnitelma_0002"),
    planned_vocational_units=(planned("a", shows=["2026-09-30"]), planned("b", shows=["2027-09-30"])),
)


def guidance_of(plan: Hoks, seen: Seen = EVERYTHING, *, is_whole: bool = True) -> Guidance:
    """The guidance phase as the plan's reader is shown it."""
    whole = msgspec.structs.replace(plan, study_right=RIGHT)
    (made,) = with_views(Student(oid=None), [Reached(whole, seen, is_whole)], DAY).hoksit or ()
    assert made.guidance_phase is not None
    return made.guidance_phase


def test_signs_are_read_from_the_plan_and_its_right_with_the_career_plan_beside() -> None:
    made = guidance_of(PLAN)
    assert (made.phase, made.reason) == (GuidancePhase.PROGRESSING, PhaseReason.UNDER_WAY)
    assert made.career_plan_goal == Code(uri="urasuunnitelma_0002")
    done = msgspec.structs.replace(PLAN, planned_vocational_units=(planned("a", shows=["2026-09-30"]),))
    assert guidance_of(done).reason is PhaseReason.ALL_DEMONSTRATED


def test_days_alone_are_enough_to_tell_it_by() -> None:
    days: Seen = frozenset({Item.SR, Item.D2u, Slice(Item.D1, Aspect.DATES), Slice(Item.D10, Aspect.DATES)})
    assert guidance_of(PLAN, days).reason is PhaseReason.UNDER_WAY


def test_a_plan_that_is_reached_in_part_tells_no_phase_by_its_units() -> None:
    assert guidance_of(PLAN, is_whole=False).reason is PhaseReason.NOT_KNOWN
    assert guidance_of(msgspec.structs.replace(PLAN, first_approved_on=None), is_whole=False).reason is (
        PhaseReason.NOT_APPROVED
    )


def test_a_hidden_approval_is_not_a_missing_one() -> None:
    unapproved = msgspec.structs.replace(PLAN, first_approved_on=None)
    assert guidance_of(unapproved).reason is PhaseReason.NOT_APPROVED
    assert guidance_of(unapproved, EVERYTHING - {Item.D1}).reason is PhaseReason.NOT_KNOWN

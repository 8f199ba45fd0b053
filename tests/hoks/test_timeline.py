"""The timeline: what stands in it, in which order, which days of it are asked for, and page by page the same."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.access.redact import redact
from hoks.codes import AcquisitionMode, RecognitionProcess
from hoks.competence import CompetenceDemonstration, Interruption
from hoks.items import Item
from hoks.plan import Hoks
from hoks.study_right import StudyRight
from hoks.timeline import Placement, TimelineEntry, TimelineKind, page, timeline
from hoks.units import (
    AssessorReferral,
    LearningSupport,
    PreparatoryEducationPart,
    PriorLocalUnit,
    StudySkillsStudies,
)
from hoks.values import Code, Organisation
from tests.hoks.side_by_side import EVERYTHING, WELDING, at_work, on, planned, prior, shown
from tests.hoks.stories import (
    A1,
    B1,
    GRADUATED,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    SUSPENDED,
    a_right,
)
from tests.strategies import LAW, plans, records

RIGHT = msgspec.structs.replace(
    a_right(A1, PROVIDER_A, ("2025-08-11", PRESENT), ("2026-03-02", SUSPENDED), ("2026-05-04", PRESENT)),
    estimated_end_date=on("2028-06-02"),
)
SUPPORT = Code(uri="ammatillinenkoulutusoppimisentuentyyppi_01")
PLAN = shown(
    A1,
    first_approved_on=on("2025-08-24"),
    approved_at=datetime(2026, 1, 7, 22, 30, tzinfo=UTC),
    updated_at=datetime(2026, 10, 2, 9, tzinfo=UTC),
    competence_achieved_on=on("2026-10-03"),
    learning_support=(
        LearningSupport(id="s", support_type=SUPPORT, start_date=on("2026-08-10"), end_date=on("2026-12-04")),
        LearningSupport(id="undated"),
    ),
    studies_supporting_study_skills=(StudySkillsStudies(id="k", start_date=on("2025-09-01")),),
    planned_vocational_units=(
        planned(
            "u",
            periods=[
                msgspec.structs.replace(
                    at_work("p", "2026-09-14", "2026-11-27"),
                    interruptions=(
                        Interruption(start_date=on("2026-09-21"), end_date=on("2026-09-25")),
                        Interruption(start_date=on("2026-10-01")),
                    ),
                )
            ],
            shows=["2026-11-20"],
        ),
    ),
    planned_preparatory_parts=(
        PreparatoryEducationPart(id="t", part=WELDING, start_date=on("2025-08-11"), end_date=on("2025-12-19")),
    ),
    prior_vocational_units=(
        prior(
            "v",
            RecognitionProcess.VIA_ASSESSORS,
            assessor_referral=AssessorReferral(sent_for_assessment_on=on("2025-08-20")),
        ),
    ),
    prior_local_units=(
        PriorLocalUnit(id="l", skills_demonstrations=(CompetenceDemonstration(id="d", start_date=on("2025-05-05")),)),
    ),
)


def in_short(entries: tuple[TimelineEntry, ...]) -> list[tuple[str, str, str]]:
    """Kind, first day and last day of each entry, in order."""
    ordered = page(entries, first=1000).entries
    return [(str(each.kind), str(each.start_date), str(each.end_date)) for _, each in ordered]


def test_everything_with_a_day_stands_in_order_of_days() -> None:
    assert in_short(timeline([RIGHT], [PLAN])) == [
        ("DEMONSTRATION", "2025-05-05", "None"),
        ("STUDY_RIGHT_STATE", "2025-08-11", "2026-03-01"),
        ("LEARNING", "2025-08-11", "2025-12-19"),
        ("SENT_FOR_ASSESSMENT", "2025-08-20", "None"),
        ("FIRST_APPROVAL", "2025-08-24", "None"),
        ("SUPPORT", "2025-09-01", "None"),
        ("APPROVAL", "2026-01-08", "None"),  # after midnight in Helsinki
        ("STUDY_RIGHT_STATE", "2026-03-02", "2026-05-03"),
        ("STUDY_RIGHT_STATE", "2026-05-04", "None"),
        ("SUPPORT", "2026-08-10", "2026-12-04"),
        ("LEARNING", "2026-09-14", "2026-11-27"),
        ("INTERRUPTION", "2026-09-21", "2026-09-25"),
        ("INTERRUPTION", "2026-10-01", "None"),
        ("UPDATE", "2026-10-02", "None"),
        ("COMPETENCE_ACHIEVED", "2026-10-03", "None"),
        ("DEMONSTRATION", "None", "2026-11-20"),
        ("ESTIMATED_END", "2028-06-02", "None"),
    ]


def test_an_entry_says_what_it_is_of_and_on_which_items_it_rests() -> None:
    period = next(each for each in timeline([], [PLAN]) if each.kind is TimelineKind.LEARNING and each.mode)
    assert (period.study_right_oid, period.provider, period.part_id) == (A1, Organisation(oid=PROVIDER_A), "p")
    assert (period.unit, period.mode, period.workplace_name) == (WELDING, AcquisitionMode.TRAINING_AGREEMENT, "Paja")
    assert (period.what_it_is, period.unit_items) == (frozenset({Item.W4}), frozenset({Item.D2u}))
    sent = next(each for each in timeline([], [PLAN]) if each.kind is TimelineKind.SENT_FOR_ASSESSMENT)
    assert (sent.what_it_is, sent.unit_items) == (frozenset({Item.D4}), frozenset({Item.D4}))
    shows = next(each for each in timeline([], [PLAN]) if each.part_id == "d")
    assert (shows.what_it_is, shows.unit_items, shows.unit_kind) == (frozenset({Item.D10}), frozenset(), None)
    state = next(each for each in timeline([RIGHT], []) if each.start_date == on("2026-03-02"))
    assert (state.state, state.what_it_is, state.part_id) == (SUSPENDED, frozenset({Item.SR}), None)


def test_a_right_that_has_an_end_has_no_estimated_one() -> None:
    ended = msgspec.structs.replace(
        a_right(B1, PROVIDER_B, ("2025-08-11", PRESENT), ("2026-05-29", GRADUATED), end="2026-05-29"),
        estimated_end_date=on("2028-06-02"),
    )
    assert in_short(timeline([ended], [])) == [
        ("STUDY_RIGHT_STATE", "2025-08-11", "2026-05-28"),
        ("STUDY_RIGHT_STATE", "2026-05-29", "None"),
    ]


def test_two_states_from_one_day_and_days_at_the_ends_of_the_calendar_do_no_harm() -> None:
    right = a_right(A1, PROVIDER_A, ("0001-01-01", PRESENT), ("0001-01-01", SUSPENDED))
    plan = shown(A1, approved_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC), first_approved_on=date.max)
    assert in_short(timeline([right], [plan])) == [
        ("STUDY_RIGHT_STATE", "0001-01-01", "0001-01-01"),
        ("STUDY_RIGHT_STATE", "0001-01-01", "None"),
        ("FIRST_APPROVAL", "9999-12-31", "None"),
    ]


@pytest.mark.parametrize(
    ("since", "until", "kinds"),
    [
        ("2026-11-27", "2026-11-27", ["STUDY_RIGHT_STATE", "SUPPORT", "LEARNING", "INTERRUPTION"]),
        ("2026-11-28", "2026-11-30", ["STUDY_RIGHT_STATE", "SUPPORT", "INTERRUPTION"]),
        ("2028-06-02", None, ["STUDY_RIGHT_STATE", "INTERRUPTION", "ESTIMATED_END"]),
        (None, "2025-08-10", ["DEMONSTRATION"]),
        ("2025-05-05", "2025-05-05", ["DEMONSTRATION"]),
        ("2025-05-06", "2025-08-10", []),
        ("2026-12-31", "2026-01-01", []),
    ],
)
def test_what_touches_the_days_asked_for_is_there(since: str | None, until: str | None, kinds: list[str]) -> None:
    found = page(
        timeline([RIGHT], [PLAN]), first=100, since=on(since) if since else None, until=on(until) if until else None
    )
    assert [str(each.kind) for _, each in found.entries] == kinds


def test_entries_that_are_alike_have_places_of_their_own() -> None:
    twice = (LearningSupport(start_date=on("2026-08-10")), LearningSupport(start_date=on("2026-08-10")))
    entries = timeline([], [shown(A1, learning_support=twice)])
    first = page(entries, first=1)
    rest = page(entries, first=5, after=first.entries[-1][0])
    assert (first.more, rest.more, len(rest.entries)) == (True, False, 1)


# --- laws -----------------------------------------------------------------------------------------------------

TWO_PLANS = st.tuples(plans(A1), plans(B1))


@given(TWO_PLANS, records(StudyRight), st.integers(1, 7))
@settings(LAW, max_examples=15)
def test_page_by_page_it_is_the_same_as_at_once(two: tuple[Hoks, Hoks], right: StudyRight, size: int) -> None:
    entries = timeline([right], two)
    at_once = page(entries, first=10_000)
    assert len(at_once.entries) == len(entries)
    after: Placement | None = None
    by_page: list[tuple[Placement, TimelineEntry]] = []
    while True:
        found = page(entries, first=size, after=after)
        by_page += found.entries
        if not found.more:
            break
        after = found.entries[-1][0]
    assert tuple(by_page) == at_once.entries


@given(TWO_PLANS, records(StudyRight))
@settings(LAW, max_examples=15)
def test_the_order_of_plans_does_not_matter(two: tuple[Hoks, Hoks], right: StudyRight) -> None:
    one, other = two
    ordered = [
        [place for place, _ in page(timeline([right], order), first=10_000).entries]
        for order in ((one, other), (other, one))
    ]
    assert ordered[0] == ordered[1]


@given(plans(A1), st.frozensets(st.sampled_from(Item), max_size=6))
@settings(LAW, max_examples=25)
def test_who_sees_less_sees_no_day_that_who_sees_more_does_not(plan: Hoks, hidden: frozenset[Item]) -> None:
    def days(shown_: Hoks) -> set[tuple[object, ...]]:
        return {(each.kind, each.start_date, each.end_date) for each in timeline([], [shown_])}

    less = redact(plan, EVERYTHING - hidden)
    assert less is None or days(less) <= days(plan)

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.codes import StudyRightState
from hoks.study_right import Phase, StatePeriod, StudyRight, ended_on, period_on, phase_on, within_five_years
from tests.hoks.stories import (
    A1,
    ANNULLED,
    CONSIDERED_DISCONTINUED,
    DAY,
    DISCONTINUED,
    GRADUATED,
    ON_LEAVE,
    PRESENT,
    PROVIDER_A,
    REVOKED,
    SUSPENDED,
    UNKNOWN,
    a_right,
)

Told = tuple[str, StudyRightState]


def right(*told: Told, end: str | None = None) -> StudyRight:
    return a_right(A1, PROVIDER_A, *told, end=end)


def without_periods(end: str | None = None) -> StudyRight:
    return msgspec.structs.replace(right(end=end), periods=())


def phase(*told: Told, day: date = DAY) -> Phase:
    return phase_on(right(*told), day)


# --- the phase ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([("2025-08-01", PRESENT)], Phase.CURRENT, id="present"),
        pytest.param([("2026-10-05", PRESENT)], Phase.CURRENT, id="present from today"),
        pytest.param([("2026-10-06", PRESENT)], Phase.UPCOMING, id="begins tomorrow"),
        pytest.param([("2025-08-01", PRESENT), ("2026-06-15", ON_LEAVE)], Phase.CURRENT, id="on leave"),
        pytest.param([("2025-08-01", PRESENT), ("2026-09-01", SUSPENDED)], Phase.SUSPENDED, id="suspended"),
        pytest.param([("2025-08-01", PRESENT), ("2026-10-05", SUSPENDED)], Phase.SUSPENDED, id="suspended today"),
        pytest.param([("2024-08-01", PRESENT), ("2026-10-04", GRADUATED)], Phase.ENDED, id="graduated yesterday"),
        pytest.param([("2024-08-01", PRESENT), ("2026-10-05", GRADUATED)], Phase.CURRENT, id="the last day"),
        pytest.param([("2024-08-01", PRESENT), ("2026-10-06", GRADUATED)], Phase.CURRENT, id="graduates tomorrow"),
        pytest.param([("2024-08-01", PRESENT), ("2027-05-31", GRADUATED)], Phase.CURRENT, id="graduates in spring"),
        pytest.param([("2024-08-01", PRESENT), ("2026-05-31", DISCONTINUED)], Phase.ENDED, id="resigned"),
        pytest.param(
            [("2024-08-01", PRESENT), ("2026-05-31", CONSIDERED_DISCONTINUED)],
            Phase.ENDED,
            id="deemed resigned",
        ),
        pytest.param([("2024-08-01", PRESENT), ("2026-05-31", REVOKED)], Phase.ENDED, id="revoked"),
        pytest.param(
            [("2023-08-01", PRESENT), ("2025-05-31", DISCONTINUED), ("2026-08-01", PRESENT)],
            Phase.CURRENT,
            id="reopened",
        ),
        pytest.param(
            [("2023-08-01", PRESENT), ("2025-05-31", DISCONTINUED), ("2026-11-01", PRESENT)],
            Phase.ENDED,
            id="reopens next month",
        ),
        pytest.param([("2024-08-01", SUSPENDED), ("2026-10-05", GRADUATED)], Phase.SUSPENDED, id="last day suspended"),
        pytest.param(
            [("2024-08-01", PRESENT), ("2026-09-01", DISCONTINUED), ("2026-10-05", GRADUATED)],
            Phase.ENDED,
            id="ended twice, the second time today",
        ),
        pytest.param([("2026-10-05", GRADUATED)], Phase.ENDED, id="nothing but an end today"),
        pytest.param([("2025-08-01", ANNULLED)], Phase.ANNULLED, id="annulled"),
        pytest.param([("2025-08-01", ANNULLED), ("2026-08-01", PRESENT)], Phase.ANNULLED, id="annulled before"),
        pytest.param([("2025-08-01", PRESENT), ("2027-01-01", ANNULLED)], Phase.ANNULLED, id="annulled ahead"),
        pytest.param([("2025-08-01", UNKNOWN)], Phase.UNKNOWN, id="unknown"),
        pytest.param([("2025-08-01", PRESENT), ("2026-09-01", UNKNOWN)], Phase.UNKNOWN, id="unknown since September"),
        pytest.param([("2025-08-01", UNKNOWN), ("2026-09-01", PRESENT)], Phase.CURRENT, id="unknown until September"),
        pytest.param([("2025-08-01", PRESENT), ("2026-12-01", UNKNOWN)], Phase.CURRENT, id="unknown ahead"),
        pytest.param([("2025-08-01", UNKNOWN), ("2026-10-05", GRADUATED)], Phase.UNKNOWN, id="last day of an unknown"),
        pytest.param([("2026-09-01", PRESENT), ("2026-09-01", SUSPENDED)], Phase.SUSPENDED, id="same day, suspended"),
        pytest.param([("2026-09-01", GRADUATED), ("2026-09-01", PRESENT)], Phase.ENDED, id="same day, ended"),
        pytest.param([("2026-09-01", UNKNOWN), ("2026-09-01", GRADUATED)], Phase.UNKNOWN, id="same day, unknown"),
        pytest.param(
            [("2025-08-01", PRESENT), ("2026-10-05", PRESENT), ("2026-10-05", GRADUATED)],
            Phase.CURRENT,
            id="same day, the last",
        ),
    ],
)
def test_a_right_is_on_the_day_what_its_periods_make_it(told: list[Told], expected: Phase) -> None:
    assert phase(*told) is expected


def test_a_right_without_periods_is_unknown() -> None:
    assert phase_on(without_periods(), DAY) is Phase.UNKNOWN
    assert phase_on(msgspec.structs.replace(right(), periods=None), DAY) is Phase.UNKNOWN
    assert period_on(without_periods(), DAY) is None


def test_a_right_goes_through_its_phases_day_by_day() -> None:
    told = (("2026-08-03", PRESENT), ("2026-09-01", SUSPENDED), ("2026-09-15", PRESENT), ("2026-12-18", GRADUATED))
    walked = {
        "2026-08-02": Phase.UPCOMING,
        "2026-08-03": Phase.CURRENT,
        "2026-08-31": Phase.CURRENT,
        "2026-09-01": Phase.SUSPENDED,
        "2026-09-14": Phase.SUSPENDED,
        "2026-09-15": Phase.CURRENT,
        "2026-12-18": Phase.CURRENT,
        "2026-12-19": Phase.ENDED,
    }
    assert {day: phase(*told, day=date.fromisoformat(day)) for day in walked} == walked


states = st.sampled_from(StudyRightState)
timelines = st.lists(
    st.builds(
        StatePeriod,
        start_date=st.integers(-3, 3).map(lambda days: DAY + timedelta(days=days)),
        state=states,
    ),
    min_size=1,
    max_size=5,
)


@given(timelines, st.data())
def test_the_phase_does_not_depend_on_the_order_of_periods(told: list[StatePeriod], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(told))
    there, back = (msgspec.structs.replace(right(), periods=tuple(each)) for each in (told, turned))
    assert phase_on(there, DAY) is phase_on(back, DAY)
    assert ended_on(there, DAY) == ended_on(back, DAY)


@given(timelines, st.integers(1, 400), states.filter(lambda state: state is not ANNULLED))
def test_a_future_period_never_changes_today_s_phase(
    told: list[StatePeriod], days: int, state: StudyRightState
) -> None:
    now = msgspec.structs.replace(right(), periods=tuple(told))
    ahead = StatePeriod(start_date=DAY + timedelta(days=days), state=state)
    later = msgspec.structs.replace(now, periods=(*told, ahead))
    assert phase_on(later, DAY) is phase_on(now, DAY)
    assert ended_on(later, DAY) == ended_on(now, DAY)


@given(timelines, st.sampled_from((None, "2026-10-03", "2026-10-07")))
def test_an_ended_right_has_a_day_on_which_it_ended_and_no_other_has(told: list[StatePeriod], end: str | None) -> None:
    known = msgspec.structs.replace(right(end=end), periods=tuple(told))
    ended = ended_on(known, DAY)
    assert (ended is not None) == (phase_on(known, DAY) is Phase.ENDED)
    assert ended is None or ended <= DAY


# --- the end --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "end", "expected"),
    [
        pytest.param([("2024-08-01", PRESENT), ("2026-05-31", GRADUATED)], None, "2026-05-31", id="graduated"),
        pytest.param([("2024-08-01", PRESENT), ("2026-05-31", GRADUATED)], "2026-05-31", "2026-05-31", id="both"),
        pytest.param([("2024-08-01", PRESENT), ("2026-05-31", GRADUATED)], "2026-05-20", "2026-05-20", id="earlier"),
        pytest.param([("2024-08-01", PRESENT), ("2026-05-31", GRADUATED)], "2026-06-20", "2026-05-31", id="later"),
        pytest.param([("2024-08-01", PRESENT)], "2026-05-31", None, id="an entered end without an end state"),
        pytest.param([("2024-08-01", PRESENT), ("2026-10-05", GRADUATED)], None, None, id="the last day"),
        pytest.param([("2024-08-01", PRESENT), ("2027-05-31", GRADUATED)], "2027-05-31", None, id="ahead"),
        pytest.param(
            [("2020-08-01", PRESENT), ("2022-05-31", DISCONTINUED), ("2024-08-01", PRESENT), ("2026-05-31", GRADUATED)],
            None,
            "2026-05-31",
            id="reopened and ended again",
        ),
        pytest.param(
            [("2020-08-01", PRESENT), ("2025-05-31", DISCONTINUED), ("2025-12-01", GRADUATED)],
            None,
            "2025-05-31",
            id="two end states in a row",
        ),
        pytest.param(
            [("2020-08-01", PRESENT), ("2022-05-31", GRADUATED), ("2026-01-01", UNKNOWN)],
            None,
            None,
            id="unknown",
        ),
        pytest.param([("2020-08-01", PRESENT), ("2022-05-31", ANNULLED)], "2022-05-31", None, id="annulled"),
        pytest.param(
            [("2023-08-01", PRESENT), ("2023-08-01", GRADUATED)], None, "2023-08-01", id="began and ended on one day"
        ),
    ],
)
def test_the_end_is_the_start_of_the_end_state_or_an_earlier_entered_day(
    told: list[Told], end: str | None, expected: str | None
) -> None:
    assert ended_on(right(*told, end=end), DAY) == (date.fromisoformat(expected) if expected else None)


# --- five years -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("2021-10-05", "2026-10-05"),
        ("2021-12-31", "2026-12-31"),
        ("2022-01-01", "2027-01-01"),
        ("2024-02-29", "2029-02-28"),
        ("2024-02-28", "2029-02-28"),
        ("2023-02-28", "2028-02-28"),
        ("2024-03-01", "2029-03-01"),
    ],
)
def test_five_years_end_with_the_anniversary_or_with_the_month_that_lacks_it(end: str, last: str) -> None:
    ended, last_day = date.fromisoformat(end), date.fromisoformat(last)
    assert within_five_years(ended, ended)
    assert within_five_years(ended, last_day)
    assert not within_five_years(ended, last_day + timedelta(days=1))

"""The gateway's own clock jumps between two fetches: no answer is lost, late or taken for a newer one than it is."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pytest

from gateway.clock import HELSINKI, FixedDayClock, day_in_helsinki
from sandbox import BUSINESS_DAY
from tests.chaos.faults import ELIAS
from tests.chaos.scene import Scene, Told, gateway, listening
from tests.chaos.verdict import PERSONAL, TROUBLE

QUERY_OF_TIMES = f'{{ student(oid: "{ELIAS}") {{ hoksit {{ provenance {{ source fetchedAt }} }} }} }}'


class JumpingClock:
    """A clock that jumps when a test says so, and then goes on."""

    def __init__(self) -> None:
        self._still = FixedDayClock(BUSINESS_DAY)
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.combine(BUSINESS_DAY, datetime.min.time(), HELSINKI) + timedelta(hours=12) + self.ahead

    def today(self) -> date:
        return day_in_helsinki(self.now())


def keeping(text: str) -> str:
    """Settings in which what sources told is kept for a moment."""
    return text.replace("cache_seconds = 0", "cache_seconds = 30")


HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
OLD_FILES = {"b-primus": "STALE", "c-table": "STALE"}
JUMPS: Mapping[str, tuple[timedelta, bool, Mapping[str, str]]] = {
    "an hour on": (HOUR, False, {}),
    "an hour back": (-HOUR, False, {}),
    "to the next day": (DAY, True, {}),
    "to the day before": (-DAY, True, {}),
    "half a year on": (YEAR / 2, True, OLD_FILES),
    "half a year back": (-YEAR / 2, True, {}),
}
"""How far each goes, whether what was kept is asked for anew, as it is kept for its day alone, and which gaps are told:
files that are half a year old are told as such."""


@pytest.mark.parametrize("name", JUMPS)
async def test_a_clock_that_jumps_costs_nobody_an_answer_and_makes_none_newer_than_it_is(
    here: Scene, undisturbed: Mapping[str, Told], name: str
) -> None:
    ahead, is_asked_anew, gaps = JUMPS[name]
    here.heal()
    clock = JumpingClock()
    began = clock.now()
    with listening() as log:
        async with gateway(here, clock=clock, change=keeping) as front:
            first = await front.ask("student-7")
            calls = here.proxies["eHOKS"].calls.total()
            clock.ahead = ahead
            jumped, times = await front.ask("student-7"), await front.ask("student-7", QUERY_OF_TIMES)
            assert (here.proxies["eHOKS"].calls.total() > calls) is is_asked_anew
            clock.ahead = timedelta()
            back = await front.ask("student-7")
    assert not any(each.is_late or each.codes for each in (first, jumped, times, back))
    assert [each.gaps for each in (first, jumped, times, back)] == [{}, gaps, gaps, {}]
    assert first.plans == undisturbed["student-7"].plans
    assert back.plans == first.plans
    assert jumped.plans.keys() == first.plans.keys()
    read = _read_at(times)
    assert read["a-ehoks"] == (began + ahead if is_asked_anew else began)
    assert [line for line in log.lines if PERSONAL.search(line) or TROUBLE.search(line)] == []


async def test_what_is_kept_is_not_shown_after_this_machine_has_slept(here: Scene) -> None:
    here.heal()
    slept = [0.0]
    async with gateway(here, change=keeping, seconds=lambda: slept[0]) as front:
        await front.ask("student-7")
        calls = here.proxies["eHOKS"].calls.total()
        await front.ask("student-7")
        assert here.proxies["eHOKS"].calls.total() == calls
        slept[0] = 8 * 3600.0
        after = await front.ask("student-7")
    assert here.proxies["eHOKS"].calls.total() > calls
    assert (after.gaps, after.codes) == ({}, [])


def _read_at(told: Told) -> dict[str, datetime]:
    plans = (told.student or {})["hoksit"]
    return {each["provenance"]["source"]: datetime.fromisoformat(each["provenance"]["fetchedAt"]) for each in plans}

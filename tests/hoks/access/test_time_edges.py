"""The edges of time (``security.md`` 4.1): a day begins and ends in Helsinki, and a request lives in one day."""

import os
import subprocess
import sys
from datetime import date, timedelta

import pytest

from hoks.caller import Caller
from hoks.identifiers import LearnerOid
from hoks.items import Item
from hoks.narrow import three_months_after
from hoks.ports import Clock, Source
from hoks.questions import Sources
from hoks.reading import Reader
from hoks.relations import Consent
from hoks.showing import View
from hoks.study_right import StudyRight, within_five_years
from tests.running import run
from tests.world.places import TREE, A, C
from tests.world.ports import (
    Asked,
    FakeIdentities,
    FakeOrganisations,
    FakePlans,
    FakeRights,
    FixedClock,
    Manner,
    TickingClock,
)
from tests.world.rights import CURRENT, FIVE_YEARS_AGO, TODAY, TOMORROW, ended, right, right_oid
from tests.world.role_scene import INSTRUCTOR, RECIPIENT, changed, consent, instructs, role_world
from tests.world.scene import ANOTHER, MASTER, STUDENT_SELF, at_c, world
from tests.world.world import PART_KEY, World, plans_source, real_policy, rights_source, staff

pytestmark = pytest.mark.proves("an edge of time is on the side the law says")

LAST_DAY_OF_2021, LEAP_DAY = date(2021, 12, 31), date(2024, 2, 29)

# --- which day it is ------------------------------------------------------------------------------------------

DAYS = {
    # Winter time: a day begins at 22:00 UTC.
    "2026-12-31T21:59:59": "2026-12-31",
    "2026-12-31T22:00:00": "2027-01-01",
    "2028-02-28T21:59:59": "2028-02-28",
    "2028-02-28T22:00:00": "2028-02-29",
    # Summer time: at 21:00 UTC.
    "2026-07-14T20:59:59": "2026-07-14",
    "2026-07-14T21:00:00": "2026-07-15",
    # 25.10.2026 has 25 hours, and 03:30 twice.
    "2026-10-24T20:59:59": "2026-10-24",
    "2026-10-24T21:00:00": "2026-10-25",
    "2026-10-25T00:30:00": "2026-10-25",
    "2026-10-25T01:30:00": "2026-10-25",
    "2026-10-25T21:59:59": "2026-10-25",
    "2026-10-25T22:00:00": "2026-10-26",
    # 28.3.2027 has 23 hours, and no 03:30.
    "2027-03-27T21:59:59": "2027-03-27",
    "2027-03-27T22:00:00": "2027-03-28",
    "2027-03-28T00:59:59": "2027-03-28",
    "2027-03-28T01:00:00": "2027-03-28",
    "2027-03-28T20:59:59": "2027-03-28",
    "2027-03-28T21:00:00": "2027-03-29",
}
"""A moment in UTC, and the day in Helsinki, by hand."""

STANDING_STILL = """
import datetime, sys

class At(datetime.datetime):
    moment = None
    @classmethod
    def now(cls, tz=None):
        return cls.moment.astimezone(tz)

plain, datetime.datetime = datetime.datetime, At
from gateway.clock import FixedDayClock, SystemClock
for line in sys.stdin.read().split():
    moment, _, day = line.partition("/")
    At.moment = plain.fromisoformat(moment).replace(tzinfo=datetime.timezone.utc)
    clock = FixedDayClock(datetime.date.fromisoformat(day)) if day else SystemClock()
    print(clock.today().isoformat(), clock.now().replace(tzinfo=None).isoformat(), clock.now().utcoffset())
"""
"""The gateway's clocks in a process of their own, where the machine's time stands still."""

ZONES = ("UTC", "Etc/GMT+12", "Etc/GMT-14", "Europe/Helsinki")


def told_by_the_clock(zone: str, lines: list[str]) -> list[list[str]]:
    """What the clocks of a server in a zone tell: the day, the moment and its distance from UTC."""
    done = subprocess.run(
        [sys.executable, "-c", STANDING_STILL],
        input="\n".join(lines),
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("zone", ZONES)
def test_the_day_is_helsinkis_in_whatever_zone_the_server_stands(zone: str) -> None:
    told = told_by_the_clock(zone, list(DAYS))
    assert told == [[day, moment, "0:00:00"] for moment, day in DAYS.items()]


@pytest.mark.parametrize("zone", ZONES)
def test_an_hour_that_comes_twice_is_the_first_and_one_that_never_comes_is_within_its_day(zone: str) -> None:
    half_past_three = "2026-10-05T00:30:00"
    told = told_by_the_clock(zone, [f"{half_past_three}/2026-10-25", f"{half_past_three}/2027-03-28"])
    assert told[0] == ["2026-10-25", "2026-10-25T00:30:00", "0:00:00"]
    assert told[1] == ["2027-03-28", "2027-03-28T01:30:00", "0:00:00"]


# --- reading on a day -----------------------------------------------------------------------------------------


def seen_by(caller: Caller, place: World) -> View | None:
    """The student as the caller sees them."""
    seen = run(place.reader().students(caller, [MASTER]))[MASTER]
    return seen if isinstance(seen, View) else None


def sees_the_plan(caller: Caller, place: World) -> bool:
    """Whether the caller sees a plan of the student."""
    view = seen_by(caller, place)
    return view is not None and bool(view.student.hoksit)


@pytest.mark.parametrize(
    ("end", "day", "sees"),
    [
        (LAST_DAY_OF_2021, date(2026, 12, 31), True),
        (LAST_DAY_OF_2021, date(2027, 1, 1), False),
        (LEAP_DAY, date(2029, 2, 28), True),
        (LEAP_DAY, date(2029, 3, 1), False),
        (date(2023, 2, 28), date(2028, 2, 28), True),
        (date(2023, 2, 28), date(2028, 2, 29), False),
    ],
)
def test_a_plan_is_seen_for_five_years_to_the_day_and_not_after(end: date, day: date, sees: bool) -> None:
    over = world(ended(end), day=day)
    assert sees_the_plan(staff(A), over) is sees
    assert sees_the_plan(STUDENT_SELF, over) is sees
    assert within_five_years(end, day) is sees


@pytest.mark.parametrize(
    ("start", "end", "day", "sees"),
    [
        (date(2026, 9, 1), date(2026, 12, 31), date(2026, 8, 31), False),
        (date(2026, 9, 1), date(2026, 12, 31), date(2026, 9, 1), True),
        (date(2026, 9, 1), date(2026, 12, 31), date(2026, 12, 31), True),
        (date(2026, 9, 1), date(2026, 12, 31), date(2027, 1, 1), False),
        (TODAY, TODAY, TODAY, True),  # of one day
        (TODAY, TODAY, TOMORROW, False),
        (date(2026, 10, 1), date(2026, 10, 25), date(2026, 10, 25), True),  # the day of 25 hours
        (date(2026, 10, 1), date(2026, 10, 25), date(2026, 10, 26), False),
        (date(2027, 3, 1), date(2027, 3, 28), date(2027, 3, 28), True),  # the day of 23 hours
        (date(2027, 3, 1), date(2027, 3, 28), date(2027, 3, 29), False),
        (TOMORROW, TODAY, TODAY, False),  # ends before it starts
        (TOMORROW, TODAY, TOMORROW, False),
    ],
)
def test_a_consent_holds_from_its_first_day_through_its_last(start: date, end: date, day: date, sees: bool) -> None:
    given: Consent = consent({Item.D1, Item.D2u}, start=start, end=end)
    assert given.is_in_force(day) is sees
    assert sees_the_plan(RECIPIENT, role_world(consents=[given], day=day)) is sees


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (date(2026, 7, 5), date(2026, 10, 5)),
        (date(2026, 9, 30), date(2026, 12, 30)),
        (date(2026, 10, 31), date(2027, 1, 31)),
        (date(2026, 11, 30), date(2027, 2, 28)),
        (date(2027, 11, 30), date(2028, 2, 29)),
        (date(2027, 11, 29), date(2028, 2, 29)),
        (date(2027, 11, 28), date(2028, 2, 28)),
        (date(2026, 12, 31), date(2027, 3, 31)),
        (date(2027, 1, 31), date(2027, 4, 30)),
    ],
)
def test_an_instructor_sees_a_period_for_three_months_and_not_a_day_longer(end: date, last: date) -> None:
    past = changed(periods={"p1": (date(2026, 1, 7), end)}, without=["p2", "p3"])
    assert three_months_after(end) == last
    for day, sees in ((last, True), (last + timedelta(days=1), False)):
        assert sees_the_plan(INSTRUCTOR, role_world(named=instructs("p1"), units=past, day=day)) is sees


# --- one request, one day -------------------------------------------------------------------------------------


def reader_of(clock: Clock, told: list[StudyRight], place: World, at_the_sources: FixedClock) -> Reader:
    """A reader with a clock of its own over A's sources, which have theirs; ``told`` may change between requests."""
    manner = Manner(at_the_sources, Asked())
    rights = FakeRights(Source(id=rights_source(A), provider_oid=A), told, manner)
    plans = [plan for _, plan in place.plans]
    sources = Sources(
        identities=FakeIdentities(place.people, manner),
        organisations=FakeOrganisations(TREE, manner),
        rights=(rights,),
        holders=(rights,),
        plans=(FakePlans(Source(id=plans_source(A), provider_oid=A), plans, manner),),
    )
    return Reader(sources, real_policy(), clock, part_key=PART_KEY, request_seconds=5.0)


def seen_among(reader: Reader, *people: LearnerOid) -> list[bool]:
    """Of each person, whether staff of A sees them, in one request."""
    seen = run(reader.students(staff(A), people))
    return [isinstance(seen[each], View) for each in people]


FIVE_YEARS_TODAY = [right(right_oid(n), who, A, ended(FIVE_YEARS_AGO)) for n, who in ((1, MASTER), (2, ANOTHER))]
"""Two students' rights that are seen today for the last time."""


@pytest.mark.parametrize("day", [TODAY, TOMORROW])
def test_a_request_that_spans_midnight_is_decided_on_one_day_for_all_its_students(day: date) -> None:
    clock = TickingClock(day, TOMORROW)
    place = world()
    reader = reader_of(clock, FIVE_YEARS_TODAY, place, FixedClock(TODAY))
    assert seen_among(reader, MASTER, ANOTHER) == [day == TODAY] * 2


def test_a_page_that_spans_midnight_is_decided_on_one_day() -> None:
    reader = reader_of(TickingClock(TODAY, TOMORROW), FIVE_YEARS_TODAY, world(), FixedClock(TODAY))
    page = run(reader.page(staff(A), after=None, first=10))
    assert [view.student.oid for view in page.views] == sorted([MASTER, ANOTHER])


def test_the_next_request_after_midnight_is_decided_on_the_new_day() -> None:
    reader = reader_of(TickingClock(TODAY, TOMORROW), FIVE_YEARS_TODAY, world(), FixedClock(TODAY))
    assert seen_among(reader, MASTER) == [True]
    assert seen_among(reader, MASTER) == [False]


@pytest.mark.parametrize("astray", [date(2025, 10, 5), date(2027, 10, 5)])
def test_a_source_whose_clock_is_a_year_off_changes_nothing(astray: date) -> None:
    one_day_late = [right(right_oid(1), MASTER, A, ended(FIVE_YEARS_AGO - timedelta(days=1)))]
    for told, sees in ((FIVE_YEARS_TODAY[:1], True), (one_day_late, False)):
        reader = reader_of(FixedClock(TODAY), told, world(), FixedClock(astray))
        assert seen_among(reader, MASTER) == [sees]


def test_a_right_that_is_reopened_is_seen_again_in_the_next_request() -> None:
    place = world()
    over = [right(right_oid(1), MASTER, A, ended(date(2020, 10, 5)))]
    reader = reader_of(FixedClock(TODAY), over, place, FixedClock(TODAY))
    assert seen_among(reader, MASTER) == [False]
    over[:] = [right(right_oid(1), MASTER, A, CURRENT)]
    assert seen_among(reader, MASTER) == [True]
    assert sees_the_plan(staff(A), place)


def test_a_reopened_right_opens_the_others_again_too() -> None:
    assert not sees_the_plan(staff(C), world(CURRENT, at_c(ended(date(2026, 10, 1)))))
    assert sees_the_plan(staff(C), world(CURRENT, at_c()))

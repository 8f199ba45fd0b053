"""Study rights of the world in every state that a rule looks at, by the day the world stands at."""

from datetime import date, timedelta

from hoks.codes import StudyRightState, StudyRightType
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, with_check_digit
from hoks.study_right import IncludedIn, StatePeriod, StudyRight
from hoks.values import Organisation
from tests.world.places import SCHOOL_OF

TODAY = date(2026, 10, 5)
YESTERDAY, TOMORROW = date(2026, 10, 4), date(2026, 10, 6)
FIVE_YEARS_AGO, FIVE_YEARS_AND_A_DAY_AGO = date(2021, 10, 5), date(2021, 10, 4)
ONE_YEAR_AGO, TWO_YEARS_AGO, THREE_YEARS_AGO, SIX_YEARS_AGO = (
    date(2025, 10, 5),
    date(2024, 10, 5),
    date(2023, 10, 5),
    date(2020, 10, 5),
)
BEGAN = date(2016, 8, 1)

Periods = tuple[StatePeriod, ...]


def periods(*states: tuple[date, StudyRightState]) -> Periods:
    """Status periods by their first days."""
    return tuple(StatePeriod(start_date=day, state=state) for day, state in states)


CURRENT = periods((BEGAN, StudyRightState.PRESENT))
ON_LEAVE = periods((BEGAN, StudyRightState.PRESENT), (YESTERDAY, StudyRightState.ON_LEAVE))
UPCOMING = periods((TOMORROW, StudyRightState.PRESENT))
SUSPENDED = periods((BEGAN, StudyRightState.PRESENT), (ONE_YEAR_AGO, StudyRightState.SUSPENDED))
UNKNOWN = periods((BEGAN, StudyRightState.PRESENT), (ONE_YEAR_AGO, StudyRightState.UNKNOWN))
WITHOUT_STATE: Periods = ()
ANNULLED = periods((BEGAN, StudyRightState.PRESENT), (ONE_YEAR_AGO, StudyRightState.ANNULLED))


def ended(day: date, state: StudyRightState = StudyRightState.GRADUATED) -> Periods:
    """A right whose terminal state began on ``day``."""
    return periods((BEGAN, StudyRightState.PRESENT), (day, state))


LAST_DAY = ended(TODAY)
GRADUATES_TOMORROW = ended(TOMORROW)


def right_oid(number: int) -> StudyRightOid:
    """A study right OID with its check digit."""
    return StudyRightOid(with_check_digit("15", f"{1_000_000_000 + number}"))


def learner(number: int) -> LearnerOid:
    """A learner OID of the test node with its check digit."""
    return LearnerOid(with_check_digit("98", f"{1_000_000_000 + number}"))


def right(
    oid: StudyRightOid,
    student: LearnerOid,
    provider: OrganisationOid,
    states: Periods,
    *,
    school: OrganisationOid | None = None,
    site: OrganisationOid | None = None,
    included_in: tuple[StudyRightOid, OrganisationOid | None] | None = None,
    end_date: date | None = None,
) -> StudyRight:
    """A vocational study right at a provider's school."""
    return StudyRight(
        oid=oid,
        student_oid=student,
        provider=Organisation(oid=provider),
        school=Organisation(oid=school or SCHOOL_OF[provider]),
        site=Organisation(oid=site) if site else None,
        type=StudyRightType.VOCATIONAL,
        periods=states,
        included_in=IncludedIn(oid=included_in[0], school_oid=included_in[1]) if included_in else None,
        end_date=end_date,
    )


def days_after(day: date, number: int) -> date:
    """The day a number of days later."""
    return day + timedelta(days=number)

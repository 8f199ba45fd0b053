"""Enrolments as a study right: what windows and the vendor's own keys say, and that nothing lost opens anything."""

import contextlib
import json
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.failures import SourceInvalid
from connectors.oneroster_right import RightPlaces, RightReading, RosterCodes, right_of
from connectors.oneroster_wire import Enrolment, enrolment_in, organisations_in, user_in
from hoks.codes import StudyRightState, StudyRightType
from hoks.findings import FindingCode
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid, with_check_digit
from hoks.study_right import CompetenceArea, IncludedIn, Phase, Qualification, StatePeriod, StudyRight, phase_on
from hoks.values import Code, Organisation
from hoks.values import Text as Names

PROVIDER = OrganisationOid(with_check_digit("99", "9900000003"))
SCHOOL = OrganisationOid(with_check_digit("99", "9900000031"))
SITE = OrganisationOid(with_check_digit("99", "9900000033"))
BUYERS_SCHOOL = OrganisationOid(with_check_digit("99", "9900000011"))
RIGHT = StudyRightOid(with_check_digit("15", "1500007023"))
BUYERS = StudyRightOid(with_check_digit("15", "1500007011"))
STUDENT = LearnerOid(with_check_digit("98", "9800000007"))
TODAY = date(2026, 10, 5)
PLACES = RightPlaces(
    state="metadata.state",
    type="metadata.kind",
    site="metadata.site",
    estimated_end="metadata.plannedEnd",
    included_in="metadata.includedInOid",
    included_in_school="metadata.includedInSchool",
    purchased="metadata.purchased",
    qualification_code="metadata.qualification",
    qualification_name="metadata.qualificationName",
    requirements_number="metadata.requirementsNo",
    requirements_name="metadata.requirementsName",
    area_code="metadata.area",
    area_name="metadata.areaName",
)
READING = RightReading(
    provider=PROVIDER,
    places=PLACES,
    codes=RosterCodes(
        state={"paused": "valiaikaisestikeskeytynyt", "void": "mitatoity"},
        right_type={"vet": "ammatillinenkoulutus"},
    ),
    after_end="eronnut",
    language="sv",
)
PRESENT, SUSPENDED, ENDED = StudyRightState.PRESENT, StudyRightState.SUSPENDED, StudyRightState.DISCONTINUED
ANNULLED, UNKNOWN = StudyRightState.ANNULLED, StudyRightState.UNKNOWN

# A row as a vendor sends it.
ROW = """
{
  "sourcedId": "enr-000702",
  "status": "active",
  "dateLastModified": "2026-09-01T06:30:00.000Z",
  "metadata": {
    "studyRightOid": "1.2.246.562.15.15000070233",
    "kind": "vet",
    "site": "1.2.246.562.99.99000000333",
    "plannedEnd": "2028-06-02",
    "includedInOid": "1.2.246.562.15.15000070118",
    "includedInSchool": "1.2.246.562.99.99000000119",
    "purchased": "false",
    "qualification": "koulutus_331101",
    "qualificationName": "Grundexamen inom affärsverksamhet",
    "requirementsNo": "OPH-2593-2017",
    "requirementsName": "Affärsverksamhet",
    "area": "osaamisala_1765",
    "areaName": "Kundbetjäning"
  },
  "user": {"href": "https://c.example/users/u-7", "sourcedId": "u-7", "type": "user"},
  "class": {"href": "https://c.example/classes/k-1", "sourcedId": "k-1", "type": "class"},
  "school": {"href": "https://c.example/schools/o-1", "sourcedId": "o-1", "type": "org"},
  "role": "student",
  "primary": "true",
  "beginDate": "2025-08-18"
}
"""


def windows(*rows: dict[str, Any], **reading: Any) -> StudyRight:
    """The right of these enrolments; ``state`` and the like go where the places say."""
    found = [_enrolment(number, dict(row)) for number, row in enumerate(rows)]
    changed = msgspec.structs.replace(READING, **reading)
    return right_of(RIGHT, STUDENT, found, {"o-1": SCHOOL}, changed, TODAY)


def _enrolment(number: int, row: dict[str, Any]) -> Enrolment:
    metadata = {"studyRightOid": RIGHT} | {key: row.pop(key) for key in ("state", "plannedEnd") if key in row}
    whole = {
        "sourcedId": f"e-{number}",
        "status": "active",
        "role": "student",
        "user": {"sourcedId": "u-7"},
        "school": {"sourcedId": "o-1"},
        "metadata": metadata,
    }
    enrolment = enrolment_in(json.dumps(whole | row).encode(), PLACES.oid)
    assert enrolment is not None
    return enrolment


def periods(right: StudyRight) -> list[tuple[str, StudyRightState]]:
    return [(each.start_date.isoformat(), each.state) for each in right.periods or ()]


def phases(right: StudyRight, *days: str) -> list[Phase]:
    return [phase_on(right, date.fromisoformat(day)) for day in days]


def found(right: StudyRight) -> set[tuple[FindingCode, str]]:
    return {(each.code, each.place) for each in right.findings or ()}


# --- a row whole ----------------------------------------------------------------------------------------------


def test_a_row_is_read_whole() -> None:
    enrolment = enrolment_in(ROW.encode(), PLACES.oid)
    assert enrolment is not None
    assert (enrolment.user, enrolment.oid, enrolment.school, enrolment.is_active) == ("u-7", RIGHT, "o-1", True)
    assert right_of(RIGHT, STUDENT, [enrolment], {"o-1": SCHOOL}, READING, TODAY) == StudyRight(
        oid=StudyRightOid("1.2.246.562.15.15000070233"),
        student_oid=STUDENT,
        provider=Organisation(oid=PROVIDER),
        school=Organisation(oid=SCHOOL),
        site=Organisation(oid=SITE),
        type=StudyRightType.VOCATIONAL,
        type_code=Code(uri="opiskeluoikeudentyyppi_ammatillinenkoulutus"),
        periods=(StatePeriod(start_date=date(2025, 8, 18), state=PRESENT),),
        start_date=date(2025, 8, 18),
        estimated_end_date=date(2028, 6, 2),
        included_in=IncludedIn(oid=BUYERS, school_oid=BUYERS_SCHOOL),
        purchased=False,
        qualifications=(
            Qualification(
                code=Code(uri="koulutus_331101", name=Names(sv="Grundexamen inom affärsverksamhet")),
                requirements_register_number="OPH-2593-2017",
                requirements_name=Names(sv="Affärsverksamhet"),
            ),
        ),
        competence_areas=(CompetenceArea(area=Code(uri="osaamisala_1765", name=Names(sv="Kundbetjäning"))),),
        source_system_id="enr-000702",
    )


def test_what_has_no_place_in_the_settings_is_not_read() -> None:
    enrolment = enrolment_in(ROW.encode(), PLACES.oid)
    assert enrolment is not None
    bare = msgspec.structs.replace(READING, places=RightPlaces())
    right = right_of(RIGHT, STUDENT, [enrolment], {"o-1": SCHOOL}, bare, TODAY)
    assert (right.type, right.site, right.included_in, right.purchased, right.qualifications) == (
        None, None, None, None, (),
    )  # fmt: skip


# --- windows --------------------------------------------------------------------------------------------------


def test_an_open_window_is_present_from_its_first_day() -> None:
    right = windows({"beginDate": "2025-08-18"})
    assert periods(right) == [("2025-08-18", PRESENT)]
    assert phases(right, "2025-08-17", "2025-08-18", "2026-10-05") == [Phase.UPCOMING, Phase.CURRENT, Phase.CURRENT]
    assert found(right) == set()


def test_the_day_before_the_end_is_the_last_day() -> None:
    # OneRoster's end date is exclusive; the law's last day is still current.
    right = windows({"beginDate": "2025-08-18", "endDate": "2026-06-06"})
    assert phases(right, "2026-06-05", "2026-06-06") == [Phase.CURRENT, Phase.ENDED]
    assert right.end_date == date(2026, 6, 5)


def test_without_a_word_for_it_the_end_closes_the_right() -> None:
    right = windows({"beginDate": "2025-08-18", "endDate": "2026-06-06"}, after_end=None)
    assert phases(right, "2026-06-05", "2026-06-06") == [Phase.CURRENT, Phase.UNKNOWN]
    assert right.end_date is None
    assert found(right) == {(FindingCode.UNKNOWN_STATE, "periods.state")}


def test_an_end_that_lies_ahead_is_no_finding_yet() -> None:
    right = windows({"beginDate": "2025-08-18", "endDate": "2026-12-19"}, after_end=None)
    assert found(right) == set()
    assert phases(right, "2026-10-05", "2026-12-19") == [Phase.CURRENT, Phase.UNKNOWN]


def test_enrolments_in_several_classes_are_one_right_from_the_first_to_the_last_day() -> None:
    right = windows(
        {"beginDate": "2026-01-07", "endDate": "2026-06-06"},
        {"beginDate": "2025-08-18", "endDate": "2026-02-01"},
        {"beginDate": "2025-09-01", "endDate": "2025-10-01"},
    )
    assert periods(right) == [("2025-08-18", PRESENT), ("2026-06-05", ENDED)]


def test_days_that_no_window_covers_are_after_the_end() -> None:
    right = windows({"beginDate": "2025-08-18", "endDate": "2025-12-20"}, {"beginDate": "2026-01-07"})
    assert phases(right, "2025-12-19", "2025-12-20", "2026-01-06", "2026-01-07") == [
        Phase.CURRENT, Phase.ENDED, Phase.ENDED, Phase.CURRENT,
    ]  # fmt: skip


# --- states ---------------------------------------------------------------------------------------------------


def test_states_hold_in_their_windows() -> None:
    right = windows(
        {"beginDate": "2025-01-07", "endDate": "2026-09-01", "state": "lasna"},
        {"beginDate": "2026-09-01", "state": "paused"},
    )
    assert right.periods == (
        StatePeriod(start_date=date(2025, 1, 7), state=PRESENT, state_code=Code(uri="koskiopiskeluoikeudentila_lasna")),
        StatePeriod(
            start_date=date(2026, 9, 1),
            state=SUSPENDED,
            state_code=Code(uri="koskiopiskeluoikeudentila_valiaikaisestikeskeytynyt"),
        ),
    )


def test_on_a_day_the_most_restrictive_window_counts() -> None:
    right = windows(
        {"beginDate": "2025-08-18"},
        {"beginDate": "2026-01-07", "endDate": "2026-03-02", "state": "paused"},
        {"beginDate": "2026-02-01", "endDate": "2026-04-01", "state": "lasna"},
    )
    assert phases(right, "2026-01-06", "2026-02-15", "2026-03-02") == [Phase.CURRENT, Phase.SUSPENDED, Phase.CURRENT]


def test_an_annulled_right_is_annulled_on_every_day() -> None:
    right = windows(
        {"beginDate": "2025-08-18", "endDate": "2026-03-02"},
        {"beginDate": "2026-03-02", "endDate": "2026-03-03", "state": "void"},
    )
    assert phases(right, "2025-09-01", "2026-03-02", "2026-10-05") == [Phase.ANNULLED] * 3


def test_an_end_once_entered_does_not_end() -> None:
    right = windows(
        {"beginDate": "2023-08-14", "endDate": "2026-05-29"},
        {"beginDate": "2026-05-29", "endDate": "2026-05-30", "state": "valmistunut"},
    )
    assert periods(right) == [("2023-08-14", PRESENT), ("2026-05-29", StudyRightState.GRADUATED)]
    assert right.end_date == date(2026, 5, 29)


def test_a_state_that_is_not_known_closes_the_right() -> None:
    right = windows({"beginDate": "2025-08-18", "state": "on"})
    assert periods(right) == [("2025-08-18", UNKNOWN)]
    assert found(right) == {(FindingCode.UNKNOWN_STATE, "periods.state")}


# --- nothing lost opens anything ------------------------------------------------------------------------------

OPEN = {"beginDate": "2025-08-18"}


@pytest.mark.parametrize(
    ("lost", "finding"),
    [
        ({}, (FindingCode.MISSING_REQUIRED_VALUE, "periods.startDate")),
        ({"beginDate": "18.8.2025"}, (FindingCode.UNREADABLE_VALUE, "periods.startDate")),
        ({"beginDate": "2025-08-18", "endDate": "soon"}, (FindingCode.UNREADABLE_VALUE, "endDate")),
        ({"beginDate": "2025-08-18", "endDate": 20260606}, (FindingCode.UNREADABLE_VALUE, "endDate")),
        ({"beginDate": "2025-08-18", "endDate": "2025-08-18"}, (FindingCode.UNKNOWN_STATE, "periods.state")),
        ({"beginDate": "2025-08-18", "endDate": "2025-08-01"}, (FindingCode.UNKNOWN_STATE, "periods.state")),
        ({"beginDate": "2025-08-18", "state": 5}, (FindingCode.UNREADABLE_VALUE, "periods.state")),
        ({"beginDate": "2025-08-18", "status": "lasna"}, (FindingCode.UNKNOWN_STATE, "periods.state")),
        ({"beginDate": "2025-08-18", "role": None}, (FindingCode.UNKNOWN_STATE, "periods.state")),
    ],
)
def test_a_window_that_cannot_be_placed_closes_the_others_too(
    lost: dict[str, Any], finding: tuple[FindingCode, str]
) -> None:
    right = windows(OPEN, lost)
    assert phases(right, "2025-09-01", "2026-10-05") == [Phase.UNKNOWN] * 2
    assert {finding, (FindingCode.UNKNOWN_STATE, "periods.state")} <= found(right)


def test_an_annulment_stands_beside_a_window_that_cannot_be_placed() -> None:
    right = windows({"beginDate": "2026-03-02", "state": "void"}, {"beginDate": "?"})
    assert phases(right, "2026-10-05") == [Phase.ANNULLED]


def test_a_day_may_be_written_as_its_midnight() -> None:
    right = windows({"beginDate": "2025-08-18T00:00:00.000Z", "endDate": "2026-06-06T00:00:00"})
    assert periods(right) == [("2025-08-18", PRESENT), ("2026-06-05", ENDED)]
    assert phases(windows({"beginDate": "2025-08-18T21:00:00Z"}), "2026-10-05") == [Phase.UNKNOWN]


DAYS = st.integers(0, 12).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
STATES = st.sampled_from([None, "lasna", "loma", "paused", "valmistunut", "eronnut", "void", "nonsense"])
OPENNESS = {Phase.CURRENT: 0, Phase.SUSPENDED: 1, Phase.ENDED: 2, Phase.UNKNOWN: 3, Phase.ANNULLED: 4}


@given(st.lists(st.tuples(DAYS, st.none() | DAYS, STATES), min_size=1, max_size=4), DAYS, st.booleans())
def test_on_no_day_is_a_right_more_open_than_a_window_that_covers_the_day(
    given_windows: list[tuple[date, date | None, str | None]], day: date, worded: bool
) -> None:
    rows = [
        {"beginDate": start.isoformat()}
        | ({"endDate": end.isoformat()} if end else {})
        | ({"state": state} if state else {})
        for start, end, state in given_windows
    ]
    right = windows(*rows, after_end="eronnut" if worded else None)
    phase = phase_on(right, day)
    covering = [state for start, end, state in given_windows if start <= day and (end is None or day < end)]
    if phase is Phase.CURRENT and not any(
        state in ("valmistunut", "eronnut") and start == day for start, _, state in given_windows
    ):
        assert covering
        assert set(covering) <= {None, "lasna", "loma"}
    if any(state == "void" for _, _, state in given_windows):
        assert phase is Phase.ANNULLED
    if phase is not Phase.ANNULLED and any(end is not None and end <= start for start, end, _ in given_windows):
        assert phase in (Phase.UNKNOWN, Phase.UPCOMING)


@given(st.permutations(range(4)))
def test_the_order_of_rows_says_nothing(order: list[int]) -> None:
    rows: list[dict[str, Any]] = [
        {"sourcedId": "a", "beginDate": "2025-01-07", "endDate": "2026-09-01", "plannedEnd": "2027-06-01"},
        {"sourcedId": "b", "beginDate": "2026-09-01", "state": "paused"},
        {"sourcedId": "c", "beginDate": "2026-09-01", "state": "loma"},
        {"sourcedId": "d", "beginDate": "2025-01-07", "plannedEnd": "2028-06-01"},
    ]
    assert windows(*(rows[place] for place in order)) == windows(*rows)


HOSTILE: list[Any] = [
    *(None, True, 5, -1, 1e300, 10**30, float("inf"), "", " ", "\ud800", "\x00", "9" * 60, "2026-13-45", "0001-01-01"),
    *("9999-12-31", [], [[]], {}, {"sourcedId": {}}, {"type": "oppijanumero", "identifier": []}, [None], [{"type": 1}]),
]
JSON = st.sampled_from(HOSTILE)
KEYS = ["sourcedId", "status", "role", "beginDate", "endDate", "user", "school", "metadata", "userIds", "identifier"]
META = ["studyRightOid", "state", "kind", "site", "plannedEnd", "includedInOid", "purchased", "qualification", "area"]


@given(
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4),
    st.dictionaries(st.sampled_from(META), JSON, max_size=4),
)
def test_whatever_stands_in_a_row_it_is_a_right_or_none_and_never_an_error(
    changed: dict[str, Any], metadata: dict[str, Any]
) -> None:
    row = json.loads(ROW)
    row = row | {"metadata": row["metadata"] | metadata} | changed
    body = json.dumps(row).encode()
    organisations_in([body], "identifier")
    with contextlib.suppress(SourceInvalid):
        user_in(body, "oppijanumero")
    enrolment = enrolment_in(body, PLACES.oid)
    if enrolment is not None:
        schools: dict[str, OrganisationOid | None] = {"o-1": SCHOOL}
        right = right_of(RIGHT, STUDENT, [enrolment, enrolment], schools, READING, TODAY)
        msgspec.json.encode(right)


# --- rows that are something else -----------------------------------------------------------------------------


def test_a_procurement_link_may_be_wrong_and_is_told() -> None:
    row = json.loads(ROW)
    row["metadata"]["includedInOid"] = "1.2.246.562.15.15000070119"
    enrolment = enrolment_in(json.dumps(row).encode(), PLACES.oid)
    assert enrolment is not None
    right = right_of(RIGHT, STUDENT, [enrolment], {"o-1": SCHOOL}, READING, TODAY)
    assert found(right) == {(FindingCode.BAD_CHECK_DIGIT, "includedIn.oid")}


@pytest.mark.parametrize("place", ["metadata.fi.oph.oid", "sourcedId"])
def test_the_oid_stands_where_the_settings_say(place: str) -> None:
    row = {"sourcedId": RIGHT, "status": "active", "role": "student", "metadata": {"fi.oph.oid": RIGHT}}
    enrolment = enrolment_in(json.dumps(row).encode(), place)
    assert enrolment is not None
    assert enrolment.oid == RIGHT


def test_a_user_is_known_by_learner_numbers_of_the_agreed_type_alone() -> None:
    row = {
        "sourcedId": "u-7",
        "status": "active",
        "userIds": [
            {"type": "oppijanumero", "identifier": f" {STUDENT} "},
            {"type": "SSID", "identifier": with_check_digit("98", "9800000008")},
            {"type": "oppijanumero", "identifier": None},
            {"type": "oppijanumero", "identifier": "070707"},
            "oppijanumero",
        ],
    }
    assert user_in(json.dumps(row).encode(), "oppijanumero").learners == {STUDENT}


def test_schools_are_known_by_their_oids_and_what_is_gone_or_unreadable_is_not_there() -> None:
    rows: list[Any] = [
        {"sourcedId": "o-1", "status": "active", "identifier": SCHOOL},
        {"sourcedId": "o-2", "status": "active", "identifier": "10076"},
        {"sourcedId": "o-3", "status": "tobedeleted", "identifier": SITE},
        {"status": "active", "identifier": SITE},
        "o-4",
    ]
    found = organisations_in([json.dumps(row).encode() for row in rows], "identifier")
    assert found == {"o-1": SCHOOL, "o-2": None}

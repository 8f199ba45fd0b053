from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.table.rights import study_rights
from connectors.table.settings import COLUMNS
from hoks.codes import StudyRightState, StudyRightType
from hoks.findings import FindingCode
from hoks.identifiers import OrganisationOid
from hoks.items import Item
from hoks.study_right import IncludedIn, Phase, StatePeriod, StudyRight, phase_on
from hoks.values import Code, Organisation, Text
from tests.connectors.table.drops import (
    AINO,
    B_PROVIDER,
    B_SCHOOL,
    C_PROVIDER,
    RIGHT_1,
    RIGHT_2,
    RIGHT_3,
    settings_for,
)

TODAY = date(2026, 10, 5)
A_SCHOOL = OrganisationOid("1.2.246.562.99.99000000119")
B = settings_for("b", Path("b"))


def right_of(**cells: str) -> dict[str, str | None]:
    """One status row by logical columns."""
    row: dict[str, str | None] = dict.fromkeys((*COLUMNS["rights"], "person_oid"))
    return row | {"key": "7", "oid": RIGHT_1, "person_oid": AINO, "type": "AMM", "state": "L"} | cells


def one(*rows: dict[str, str | None]) -> StudyRight:
    (right,) = study_rights(rows, B)
    return right


def test_a_right_is_read_whole() -> None:
    right = one(
        right_of(
            state_start="17.8.2024",
            state_end="31.12.2025",
            school_oid=B_SCHOOL,
            site_oid="1.2.246.562.99.99000000234",
            estimated_end="4.6.2027",
            qualification_code="331101",
            qualification_name="Liiketoiminnan perustutkinto",
            requirements_number="OPH-9101-2026",
            requirements_name="Liiketoiminta",
            area_code="3901",
            area_name="Myynnin osaamisala",
            included_in_oid=RIGHT_2,
            included_in_school=A_SCHOOL,
            purchased="E",
        ),
        right_of(state="LO", state_start="1.1.2026"),
    )
    assert right.oid == RIGHT_1
    assert right.student_oid == AINO
    assert right.provider == Organisation(oid=B_PROVIDER)
    assert right.school == Organisation(oid=B_SCHOOL)
    assert right.type is StudyRightType.VOCATIONAL
    assert right.type_code == Code(uri="opiskeluoikeudentyyppi_ammatillinenkoulutus")
    assert right.periods == (
        StatePeriod(
            start_date=date(2024, 8, 17),
            state=StudyRightState.PRESENT,
            state_code=Code(uri="koskiopiskeluoikeudentila_lasna"),
        ),
        StatePeriod(
            start_date=date(2026, 1, 1),
            state=StudyRightState.ON_LEAVE,
            state_code=Code(uri="koskiopiskeluoikeudentila_loma"),
        ),
    )
    assert (right.start_date, right.estimated_end_date, right.end_date) == (date(2024, 8, 17), date(2027, 6, 4), None)
    assert right.included_in == IncludedIn(oid=RIGHT_2, school_oid=A_SCHOOL)
    assert right.purchased is False
    (qualification,) = right.qualifications or ()
    assert qualification.code == Code(uri="koulutus_331101", name=Text(fi="Liiketoiminnan perustutkinto"))
    assert qualification.requirements_register_number == "OPH-9101-2026"
    (area,) = right.competence_areas or ()
    assert area.area == Code(uri="osaamisala_3901", name=Text(fi="Myynnin osaamisala"))
    assert right.source_system_id == "7"
    assert right.findings == ()
    assert (right.phase, right.provenance) == (None, None)


def test_a_terminal_row_ends_the_right_on_its_first_day() -> None:
    right = one(right_of(state_start="17.8.2024", state_end="30.4.2026"), right_of(state="E", state_start="1.5.2026"))
    assert right.end_date == date(2026, 5, 1)
    assert phase_on(right, TODAY) is Phase.ENDED


def test_an_end_without_a_state_after_it_invents_none() -> None:
    right = one(right_of(state_start="17.8.2024", state_end="30.4.2026"))
    assert [period.state for period in right.periods or ()] == [StudyRightState.PRESENT]
    assert right.end_date is None


@given(st.permutations([("L", "17.8.2024"), ("K", "1.2.2025"), ("L", "1.3.2025"), ("V", "31.12.2026")]))
def test_the_order_of_status_rows_does_not_matter(order: list[tuple[str, str]]) -> None:
    right = one(*(right_of(state=state, state_start=start) for state, start in order))
    assert [period.start_date for period in right.periods or ()] == [
        date(2024, 8, 17),
        date(2025, 2, 1),
        date(2025, 3, 1),
        date(2026, 12, 31),
    ]
    assert phase_on(right, TODAY) is Phase.CURRENT


def test_a_row_that_comes_twice_is_one_period() -> None:
    right = one(right_of(state_start="17.8.2024"), right_of(state_start="17.8.2024"))
    assert len(right.periods or ()) == 1


def test_the_latest_row_speaks_for_the_right_and_leaves_the_rest_to_the_one_before() -> None:
    right = one(
        right_of(state="LO", state_start="1.1.2026", estimated_end="4.6.2028"),
        right_of(state_start="17.8.2024", estimated_end="4.6.2027", school_oid=B_SCHOOL),
    )
    assert right.estimated_end_date == date(2028, 6, 4)
    assert right.school == Organisation(oid=B_SCHOOL)


LAST_DAY = {"state": "LO", "state_start": "1.1.2026"}


@given(st.permutations(["", RIGHT_2, RIGHT_3]))
def test_rows_of_one_day_that_name_different_links_name_none(links: list[str]) -> None:
    right = one(
        right_of(state_start="17.8.2024", included_in_oid=RIGHT_2),
        *(right_of(**LAST_DAY, included_in_oid=link) for link in links),
    )
    assert right.included_in is None
    assert [(each.code, each.place) for each in right.findings or ()] == [
        (FindingCode.UNREADABLE_VALUE, "includedIn.oid")
    ]


@given(st.permutations([RIGHT_2, "", RIGHT_2]))
def test_a_link_that_some_rows_of_the_last_day_leave_out_is_the_link(links: list[str]) -> None:
    right = one(*(right_of(**LAST_DAY, included_in_oid=link) for link in links))
    assert right.included_in == IncludedIn(oid=RIGHT_2)
    assert not right.findings


@given(st.permutations(["4.6.2027", "4.6.2028", "3.9.2027"]))
def test_rows_of_one_day_say_the_same_whichever_stands_first(ends: list[str]) -> None:
    right = one(*(right_of(**LAST_DAY, estimated_end=end) for end in ends))
    assert right.estimated_end_date == date(2028, 6, 4)


def test_an_unknown_state_word_is_unknown_and_closes_the_right() -> None:
    right = one(right_of(state="X9", state_start="17.8.2024"))
    assert [(period.state, period.state_code) for period in right.periods or ()] == [
        (StudyRightState.UNKNOWN, Code(uri="X9"))
    ]
    assert phase_on(right, TODAY) is Phase.UNKNOWN
    (found,) = right.findings or ()
    assert (found.code, found.place, found.item) == (FindingCode.UNKNOWN_STATE, "periods.state", Item.SR)


@pytest.mark.parametrize("start", ["", "kesällä"])
@pytest.mark.parametrize("state", ["E", "V", "K", "M", "X9", ""])
def test_an_end_or_a_suspension_whose_day_is_lost_never_leaves_the_right_open(state: str, start: str) -> None:
    right = one(right_of(state_start="17.8.2024"), right_of(state=state, state_start=start))
    assert phase_on(right, TODAY) is Phase.UNKNOWN
    assert FindingCode.UNKNOWN_STATE in {found.code for found in right.findings or ()}


def test_a_lost_day_of_presence_is_a_finding_and_opens_nothing() -> None:
    right = one(right_of(state="K", state_start="17.8.2024"), right_of(state="L", state_start="31.2.2025"))
    assert phase_on(right, TODAY) is Phase.SUSPENDED
    (found,) = right.findings or ()
    assert (found.code, found.place) == (FindingCode.UNREADABLE_VALUE, "periods.startDate")


def test_what_cannot_be_read_is_null_and_a_finding_by_its_place() -> None:
    right = one(
        right_of(
            state_start="17.8.2024",
            type="KURSSI",
            estimated_end="ensi vuonna",
            school_oid="Betulan ammattiopisto",
            included_in_oid="sopimus 4",
            purchased="ehkä",
        )
    )
    assert (right.estimated_end_date, right.school, right.included_in, right.purchased) == (None, None, None, None)
    assert right.type is StudyRightType.OTHER
    assert {(found.code, found.place) for found in right.findings or ()} == {
        (FindingCode.UNKNOWN_CODE, "type"),
        (FindingCode.UNREADABLE_VALUE, "estimatedEndDate"),
        (FindingCode.UNREADABLE_VALUE, "school"),
        (FindingCode.UNREADABLE_VALUE, "includedIn.oid"),
        (FindingCode.UNREADABLE_VALUE, "purchased"),
    }


def test_a_wrong_check_digit_is_kept_with_a_finding() -> None:
    (right,) = study_rights([right_of(state_start="17.8.2024", oid="1.2.246.562.15.15000001015")], B)
    assert right.oid == "1.2.246.562.15.15000001015"
    assert [(found.code, found.place) for found in right.findings or ()] == [(FindingCode.BAD_CHECK_DIGIT, "oid")]


def test_names_in_the_language_of_the_provider() -> None:
    settings = settings_for("c", Path("c"))
    row = right_of(state="active", state_start="2024-08-17", type="vet", qualification_code="381141")
    (right,) = study_rights([row | {"qualification_name": "Grundexamen"}], settings)
    (qualification,) = right.qualifications or ()
    assert qualification.code == Code(uri="381141", name=Text(sv="Grundexamen"))
    assert right.provider == Organisation(oid=C_PROVIDER)

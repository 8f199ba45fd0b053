from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.table.cells import Cells, Notes, camel, clean, day_of, moment_of
from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition
from hoks.findings import FindingCode
from hoks.items import Item
from tests.connectors.table.drops import settings_for

B = settings_for("b", Path("b"))
C = settings_for("c", Path("c"))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("", None),
        (" \t\r\n ", None),
        ("  Äänekoski\u00a0", "Äänekoski"),
        ("A\u0308a\u0308nekoski", "Äänekoski"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("a\x00b\x1b[0m\x85c\x7f", "ab[0mc"),
    ],
)
def test_a_text_is_trimmed_composed_and_free_of_control_characters(text: str, cleaned: str | None) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "pattern", "day"),
    [
        ("5.10.2026", "d.m.yyyy", date(2026, 10, 5)),
        ("05.10.2026", "d.m.yyyy", date(2026, 10, 5)),
        ("5.10.2026", "dd.mm.yyyy", None),
        ("2026-10-05", "yyyy-mm-dd", date(2026, 10, 5)),
        ("2026-10-05", "iso", date(2026, 10, 5)),
        ("20261005", "yyyymmdd", date(2026, 10, 5)),
        ("29.2.2025", "d.m.yyyy", None),
        ("5.10.26", "d.m.yyyy", None),
        ("5.10.2026 8:00", "d.m.yyyy", None),
        ("٥.10.2026", "d.m.yyyy", None),
        ("0.0.0000", "d.m.yyyy", None),
    ],
)
def test_a_day_is_read_by_its_pattern_and_nothing_else(text: str, pattern: str, day: date | None) -> None:
    assert day_of(text, pattern) == day


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("5.10.2026 08:30", "d.m.yyyy HH:MM", datetime(2026, 10, 5, 5, 30, tzinfo=UTC)),
        ("5.1.2026 08:30", "d.m.yyyy HH:MM", datetime(2026, 1, 5, 6, 30, tzinfo=UTC)),
        ("05.01.2026 08:30:09", "dd.mm.yyyy HH:MM:SS", datetime(2026, 1, 5, 6, 30, 9, tzinfo=UTC)),
        ("2026-10-05T08:30:00+03:00", "iso", datetime(2026, 10, 5, 5, 30, tzinfo=UTC)),
        ("2026-10-05T05:30:00Z", "iso", datetime(2026, 10, 5, 5, 30, tzinfo=UTC)),
        ("2026-10-05T08:30", "iso", datetime(2026, 10, 5, 5, 30, tzinfo=UTC)),
        ("2026-W40-1", "iso", None),
        ("0001-01-01T00:00:00+14:00", "iso", None),
        ("5.10.2026 24:30", "d.m.yyyy HH:MM", None),
        ("5.10.2026", "d.m.yyyy HH:MM", None),
    ],
)
def test_a_moment_without_an_offset_is_local_time_in_helsinki(text: str, pattern: str, moment: datetime | None) -> None:
    assert moment_of(text, pattern) == moment


def test_numbers_and_truths_are_read_by_the_providers_signs() -> None:
    cells = Cells({"a": "1 200", "b": "12,5", "c": "15,0", "d": "k", "e": "1"}, B)
    assert cells.number("b", "x") == 12.5
    assert cells.whole("c", "x") == 15
    assert cells.truth("d", "x") is True
    assert Cells({"a": "2147483647"}, B).whole("a", "x") == 2147483647
    assert Cells({"a": "2147483648"}, B).whole("a", "x") is None
    assert (cells.number("a", "x"), cells.whole("b", "x"), cells.truth("e", "x")) == (None, None, None)
    assert Cells({"b": "12.5"}, C).number("b", "x") == 12.5
    assert Cells({"b": "12,5"}, C).number("b", "x") is None


def test_lists_are_split_at_the_providers_separator_and_empty_pieces_fall_out() -> None:
    assert Cells({"a": "yksi | kaksi; kolme"}, B).texts("a") == ("yksi", "kaksi; kolme")
    assert Cells({"a": "ett; två | tre; "}, C).texts("a") == ("ett", "två | tre")
    assert Cells({"a": None}, C).texts("a") == ()


def test_a_prefix_is_put_before_a_bare_code_only() -> None:
    cells = Cells({"a": "105668", "b": "tutkinnonosat_105668", "v": "2"}, B)
    bare, whole = (cells.code(column, "unit", "tutkinnonosat_", version="v") for column in "ab")
    assert bare == whole
    assert bare is not None
    assert (bare.uri, bare.version) == ("tutkinnonosat_105668", 2)


def test_a_wrong_check_digit_is_kept_with_a_finding_and_a_wrong_shape_is_not() -> None:
    cells = Cells({"a": "1.2.246.562.15.15000001015", "b": "opiskeluoikeus 7", "c": "9100040-1"}, B)
    assert cells.study_right_oid("a", "start_date") == "1.2.246.562.15.15000001015"
    assert cells.study_right_oid("b", "start_date") is None
    assert cells.business_id("c", "start_date") == "9100040-1"
    notes = Notes()
    cells.settle(CompetenceAcquisition(), "", notes)
    assert {found.code for found in notes.all()} == {FindingCode.BAD_CHECK_DIGIT, FindingCode.UNREADABLE_VALUE}


@pytest.mark.parametrize(
    ("mode", "item"),
    [(AcquisitionMode.TRAINING_AGREEMENT, Item.W4), (AcquisitionMode.APPRENTICESHIP, Item.W5), (None, Item.G)],
)
def test_a_finding_is_about_the_item_that_the_finished_record_gives_its_field(
    mode: AcquisitionMode | None, item: Item
) -> None:
    cells, notes = Cells({"start": "soon"}, B), Notes()
    start = cells.day("start", "start_date")
    cells.settle(CompetenceAcquisition(start_date=start, mode=mode), "planned_vocational_units.acquisitions", notes)
    (found,) = notes.all()
    assert (found.code, found.place, found.item) == (
        FindingCode.UNREADABLE_VALUE,
        "plannedVocationalUnits.acquisitions.startDate",
        item,
    )


@given(st.text(max_size=40))
def test_no_text_makes_a_reader_raise(text: str) -> None:
    for settings in (B, C):
        cells = Cells({"a": text}, settings)
        cells.day("a", "start_date")
        cells.moment("a", "start_date")
        cells.number("a", "start_date")
        cells.whole("a", "start_date")
        cells.truth("a", "start_date")
        cells.texts("a")
        cells.code("a", "start_date", "x_", version="a")
        cells.study_right_oid("a", "start_date")
        cells.organisation_oid("a", "start_date")
        cells.business_id("a", "start_date")
        cells.settle(CompetenceAcquisition(), "", Notes())


def test_places_are_named_as_in_the_graph() -> None:
    assert (
        camel("planned_common_units.subareas.acquisitions.end_date")
        == "plannedCommonUnits.subareas.acquisitions.endDate"
    )

from datetime import date

import pytest

from hoks.competence import CompetenceAcquisition
from hoks.identifiers import StudyRightOid
from hoks.plan import Hoks
from hoks.records import Part, iso, uri_of
from hoks.units import PlannedVocationalUnit
from hoks.values import Code
from tests.hoks.stories import A1, B1


def test_a_record_cannot_be_changed() -> None:
    plan = Hoks(study_right_oid=A1)
    with pytest.raises(AttributeError):
        plan.study_right_oid = StudyRightOid(B1)  # type: ignore[misc]  # this is what is tried


def test_records_are_compared_and_hashed_by_content() -> None:
    one, other = (PlannedVocationalUnit(id="1", unit=Code(uri="x")) for _ in range(2))
    assert one == other
    assert len({one, other}) == 1
    assert one != PlannedVocationalUnit(id="2", unit=Code(uri="x"))


def test_a_part_says_what_everyone_who_sees_it_sees() -> None:
    assert PlannedVocationalUnit(unit=Code(uri="x")).kind_and_dates == ("planned vocational unit", "x")
    period = CompetenceAcquisition(start_date=date(2026, 9, 1))
    assert period.kind_and_dates == ("acquisition", "2026-09-01", None)
    with pytest.raises(NotImplementedError):
        _ = Part().kind_and_dates


def test_what_is_absent_has_no_text() -> None:
    assert (uri_of(None), iso(None)) == (None, None)
    assert (uri_of(Code(uri="x")), iso(date(2026, 9, 1))) == ("x", "2026-09-01")

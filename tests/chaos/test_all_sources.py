"""Everything fails at once: whoever asks is told so in time, and nobody is ever told that there is no plan."""

from collections.abc import Callable

import pytest

from hoks.outcomes import FAILED
from tests.chaos.conftest import WHOLE, both
from tests.chaos.expected import EXPECTED
from tests.chaos.faults import FAULTS
from tests.chaos.scene import Front, Scene, listening
from tests.chaos.verdict import PERSONAL, TROUBLE

EVERYWHERE = ("plan", "koski", "onr", "organisaatio")
FAILING = tuple(name for name, by_kind in EXPECTED.items() if all(by_kind.get(kind) in FAILED for kind in EVERYWHERE))
SAMPLE = ("black-hole", "html-200")


@pytest.mark.proves("with every source failing, no answer says that there is no plan")
@pytest.mark.parametrize("name", FAILING if WHOLE else SAMPLE)
async def test_everything_failing_is_told_as_such(
    here: Scene, front: Front, name: str, record_property: Callable[[str, object], None]
) -> None:
    here.play_all(FAULTS[name])
    with listening() as log:
        told = await both(front)
    staff, student = told["staff-a"], told["student-7"]
    assert [each.status for each in told.values()] == [200, 200]
    assert not any(each.is_late for each in told.values())
    assert staff.student is None
    assert staff.codes == ["UNAVAILABLE"]
    # C's files still say that the student has a right there; A's right is a gap and not a "no".
    assert student.sources["a-koski"] == EXPECTED[name]["koski"]
    assert student.gaps["a-koski"] == EXPECTED[name]["koski"]
    assert student.gaps["onr"] == "UNAVAILABLE"
    assert "a-ehoks" not in student.plans
    assert [line for line in log.lines if PERSONAL.search(line) or TROUBLE.search(line)] == []
    record_property("cases", len(EVERYWHERE))

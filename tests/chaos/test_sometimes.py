"""A fault that comes once, now and then, or on a kept connection: each answer is whole, or says what is missing."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pytest

from tests.chaos.conftest import WHOLE, both
from tests.chaos.expected import EXPECTED
from tests.chaos.faults import FAULTS, path_of
from tests.chaos.scene import Front, Scene, Told, gateway, listening
from tests.chaos.verdict import PERSONAL, TROUBLE, faults_of_answers

HOW: Mapping[str, dict[str, Any]] = {
    "once": {"times": 1},
    "now and then": {"share": 0.3},
    "on a kept connection": {"only_on_reused": True},
    "once on a kept connection": {"only_on_reused": True, "times": 1},
}
SAMPLE = (("reset-before-headers", "once on a kept connection"), ("status-503", "now and then"))
ALL = (
    *("reset-before-headers", "close-before-headers", "reset-mid-body", "close-mid-body", "length-too-large"),
    *("stall-after-headers", "stall-at-99-percent", "latency-10", "chunked-cut", "not-http", "gzip-cut", "utf-16"),
    *("html-200", "json-cut-in-half", "status-401", "status-429", "status-500", "status-503", "302-other-host"),
    *("other-student", "two-answers", "extra-bytes", "length-too-small"),
)
ROUNDS = 3


@pytest.mark.proves("a fault that comes and goes leaves each answer whole or explicit")
@pytest.mark.parametrize(("name", "how"), list(product(ALL, HOW)) if WHOLE else SAMPLE)
async def test_a_fault_that_comes_and_goes_is_told_or_not_there(
    here: Scene,
    undisturbed: Mapping[str, Told],
    name: str,
    how: str,
    record_property: Callable[[str, object], None],
) -> None:
    kinds = tuple(EXPECTED[name]) if WHOLE else ("plan",)
    for kind in kinds:
        here.heal()
        with listening() as log:
            async with gateway(here) as front:
                # The first answers open the connections that are then kept.
                await both(front)
                here.play(FAULTS[name], kind, **HOW[how])
                for _ in range(ROUNDS):
                    told = await both(front)
                    wrong = list(faults_of_answers(kind, None, told, undisturbed))
                    assert not wrong, (kind, wrong, told["student-7"].sources)
        assert [line for line in log.lines if PERSONAL.search(line) or TROUBLE.search(line)] == []
    here.heal()
    record_property("cases", len(kinds) * ROUNDS)


@pytest.mark.parametrize("kind", ["head", "plan"])
async def test_a_login_that_has_ended_is_renewed_and_nobody_notices(
    here: Scene, front: Front, undisturbed: Mapping[str, Told], kind: str
) -> None:
    plan = here.play(FAULTS["status-401"], kind, times=1)
    told = await front.ask("student-7")
    assert plan.met == 1
    assert (told.plans, told.sources) == (undisturbed["student-7"].plans, undisturbed["student-7"].sources)


async def test_pages_without_an_end_are_cut_off_in_time(here: Scene, front: Front) -> None:
    oids = ",".join(f'"1.2.246.562.98.{number:011}"' for number in range(5000))
    endless = FAULTS["text-plain"].__class__(name="endless-pages", body=f"[{oids}]".encode())
    plan = here.play(endless, "koski")
    told = await front.ask("staff-a", "{ students(first: 5) { edges { node { oid } } } }")
    assert plan.met > 1
    assert not told.is_late
    assert told.codes == ["UNAVAILABLE"]


def test_the_paths_of_the_kinds_do_not_overlap() -> None:
    paths = ("/cas/v1/tickets", "/x/api/v1/hoks/opiskeluoikeus/1.2", "/x/api/v1/hoks/41011")
    for kind, path in zip(("cas", "head", "plan"), paths, strict=True):
        assert [other for other in ("cas", "head", "plan") if path_of(other).search(path)] == [kind]

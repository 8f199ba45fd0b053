"""Answers that would fill the memory do not: a real gateway process, its own figures, and no answer of it late."""

from pathlib import Path

import httpx
import pytest

from tests.chaos.conftest import WHOLE
from tests.chaos.faults import FAULTS
from tests.chaos.proxy import HEALTHY
from tests.chaos.scene import Front, Scene
from tests.chaos.verdict import PERSONAL, TROUBLE
from tests.chaos.worker import MB, answers, counted_anew, figure, worker

MOST_OF_A_REQUEST = 32 * MB
MOST_OF_A_WORKER = 300 * MB
HUGE = ("gzip-bomb", "million-empty-objects", "100000-deep", "huge-string", "10-mb-of-text", "1-mb-header")
KINDS = ("plan", "koski", "onr", "organisaatio") if WHOLE else ("plan", "koski")

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


@pytest.mark.proves("no answer of a source takes more than 32 MB of memory")
async def test_no_answer_of_a_source_fills_the_memory(here: Scene, tmp_path: Path) -> None:
    here.heal()
    log = tmp_path / "log"
    over: list[str] = []
    with worker(here, log) as (pid, address):
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
            await answers(client)
            front = Front(here, client)
            for _ in range(3):
                await front.ask("student-7")
            for name in HUGE if WHOLE else HUGE[:2]:
                for kind in KINDS:
                    before = counted_anew(pid)
                    plan = here.play(FAULTS[name], kind)
                    told = await front.ask("student-7")
                    more = figure(pid, "VmHWM") - before
                    here.play(HEALTHY, kind)
                    await front.ask("student-7")
                    if told.status != 200 or told.is_late or not plan.met:
                        over.append(f"{name} of {kind}: {told.status}, {told.seconds:.3f} s, met {plan.met}")
                    if more > MOST_OF_A_REQUEST:
                        over.append(f"{name} of {kind}: {more / MB:.0f} MB more")
            assert figure(pid, "VmRSS") < MOST_OF_A_WORKER
    lines = log.read_text().splitlines()
    assert not over, "\n" + "\n".join(over)
    assert [line for line in lines if TROUBLE.search(line)] == []
    # The process says its own address when it starts; nothing else that names anything may be there.
    assert [line for line in lines if PERSONAL.search(line) and "serving http" not in line] == []

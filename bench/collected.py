"""What kept plans cost the collector of garbage: ``python -m bench.collected``. A full one with and without them.

The gateway's own parts in this process, over the comparison's sources; students are asked about until so many plans are
kept. What the process began with is frozen before, as in service. Figures are the least of many collections.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import world
from bench.ours import KEPT_SECONDS, settled
from bench.scene import place
from bench.targets import Place
from gateway.app import assemble
from gateway.clock import FixedDayClock
from gateway.settings_file import load
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid
from hoks.reading import Reader
from hoks.showing import View

KEPT = (0, 500, 2_000)
"""How many plans are kept; each student has two."""
QUICK = (0, 20)
AT_ONCE = 10
COLLECTIONS = 12
MOST_ADDED = 5.0
"""Milliseconds by which a collection may be longer with all plans kept than with none."""
STAFF = HeldRole(Role.STAFF, OrganisationOid(world.provider_oid(0)))
CALLER = Caller(subject=PersonOid("1.2.246.562.24.10000000012"), acting=STAFF, held=(STAFF,))


async def measured(here: Place, folder: Path, sizes: Sequence[int]) -> dict[int, float]:
    """Milliseconds of a full collection by how many plans are kept."""
    parts = assemble(
        load(settled(here, folder, 8080, plans=KEPT_SECONDS, people=KEPT_SECONDS)), FixedDayClock(world.TODAY)
    )
    try:
        await parts.connected.warm()
        gc.collect()
        gc.freeze()
        found: dict[int, float] = {}
        for number in sizes:
            await _filled(parts.reader, number)
            found[number] = _collection()
        return found
    finally:
        gc.unfreeze()
        await parts.aclose()


async def _filled(reader: Reader, number: int) -> None:
    for first in range(0, number // 2, AT_ONCE):
        oids = [LearnerOid(world.learner_oid(each)) for each in range(first, first + AT_ONCE)]
        views = await reader.students(CALLER, oids)
        for view in views.values():
            assert isinstance(view, View) and len(view.student.hoksit or ()) == 2, "both plans are read"


def _collection() -> float:
    found = []
    for _ in range(COLLECTIONS):
        began = time.perf_counter()
        gc.collect()
        found.append(time.perf_counter() - began)
    return 1000 * min(found)


def main(*, quick: bool = False) -> int:
    """Measure and print; the exit code: 0, or 1 where kept plans cost too much."""
    with tempfile.TemporaryDirectory() as name, place(Path(name), together=True) as here:
        found = asyncio.run(measured(here, Path(name) / "ours", QUICK if quick else KEPT))
    print(f"{'plans kept':<16}{'full collection':>20}{'added':>12}")
    for number, cost in found.items():
        print(f"{number:<16,}{cost:>17.1f} ms{cost - found[0]:>9.1f} ms", flush=True)
    added = max(found.values()) - found[0]
    if added > MOST_ADDED:
        print(f"more than {MOST_ADDED} ms: MISS")
    return 1 if added > MOST_ADDED else 0


if __name__ == "__main__":
    sys.exit(main(quick="--quick" in sys.argv[1:]))

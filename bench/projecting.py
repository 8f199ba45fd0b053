"""What a projection is worth: ``python -m bench.projecting``. One answer, compiled and by graphql-core field by field.

The comparison's question about one student with two plans, who is read already; both make the same answer in one
process and one run, by turns. Figures are microseconds of processor time, the least of all rounds; ratios are the
median of those within a round.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.endpoint import STUDENT, Scene, scene
from bench.question import WHOLE
from gateway.documents import Documents
from resolvers.prepared import PreparedDocument

ROUNDS, TIMES = 9, 5
QUICK = (1, 2)
"""Rounds, and answers field by field in each, of a run that only shows that it runs."""
QUERY = f"query One($oid: LearnerOid!) {{ student(oid: $oid) {{ hoksit {WHOLE.text} }} }}"
CHEAPER = 40
"""How many times as often the cheap ones are made in a round."""


async def measured(folder: Path, *, quick: bool) -> None:
    """Print what each costs, and how the one compares to the other."""
    rounds, times = QUICK if quick else (ROUNDS, TIMES)
    async with scene(folder) as here:
        variables: dict[str, Any] = {"oid": STUDENT}
        compiled, plain = (_document(here, projection=each) for each in (True, False))
        told = await here.graph.answer(compiled, None, variables, here.caller)
        again = await here.graph.answer(plain, None, variables, here.caller)
        assert told.content == again.content, "both are the same answer"
        (project,) = (each for each in compiled.operation(None, variables)._projections.values() if each is not None)

        async def selection() -> None:
            project(here.view.student)

        works: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
            "the selection alone, compiled": (selection, times * CHEAPER),
            "the whole answer, compiled": (
                lambda: here.graph.answer(compiled, None, variables, here.caller),
                times * CHEAPER,
            ),
            "the whole answer, field by field": (
                lambda: here.graph.answer(plain, None, variables, here.caller),
                times,
            ),
        }
        found: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, (work, often) in works.items():
                found[name].append(await _cost(work, often))
    for name, costs in found.items():
        print(f"{name:<40}{min(costs) * 1e6:>10.0f} us")
    selection_alone, whole, by_fields = found.values()
    worth = median(
        (slow - (fast - alone)) / alone for alone, fast, slow in zip(selection_alone, whole, by_fields, strict=True)
    )
    print(f"{'the selection, graphql-core to compiled':<40}{worth:>10.1f} x")
    whole_worth = median(slow / fast for fast, slow in zip(whole, by_fields, strict=True))
    print(f"{'the whole answer, the same':<40}{whole_worth:>10.1f} x")


def _document(here: Scene, *, projection: bool) -> PreparedDocument:
    document = Documents(here.schema, here.settings.limits, projection=projection).document(QUERY)
    assert isinstance(document, PreparedDocument), document
    return document


async def _cost(work: Callable[[], Awaitable[object]], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - began) / times


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measured(Path(folder), quick=quick))


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])

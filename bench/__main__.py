"""Everything that is measured, table after table, on a quiet machine: ``make bench``.

``--quick`` takes few of each, to see that it runs; its figures say nothing. ``--only NAME`` takes one: a measure of
this gateway alone, or a table of the comparison. The whole is kept in ``bench/RESULTS.md``.
"""

import argparse
import io
import logging
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import NamedTuple

from bench import collected, comparison, gate, guidance, projecting, verifier, warm, workers


class Measure(NamedTuple):
    """A measure of this gateway alone, which prints its figures."""

    title: str
    main: Callable[..., object]


MEASURES = {
    "projecting": Measure("A compiled selection beside graphql-core's own work", projecting.main),
    "warm": Measure("A warm read in process, stage by stage", warm.main),
    "gate": Measure("What the release gate adds to a request", gate.main),
    "verifier": Measure("The log's verifier", verifier.main),
    "guidance": Measure("Follow-up of many students", guidance.main),
    "collected": Measure("A full collection of garbage beside kept plans", collected.main),
    "workers": Measure("Two workers beside one, the load on the same processors", workers.main),
}


class Aloud(io.StringIO):
    """Keeps what is printed, and prints it."""

    def __init__(self) -> None:
        super().__init__()
        self._out = sys.stdout

    def write(self, text: str) -> int:
        """Keep and print."""
        self._out.write(text)
        self._out.flush()
        return super().write(text)


def main() -> None:
    """Measure what is chosen, or everything."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").splitlines()[0])
    names = (*MEASURES, *comparison.TABLES)
    parser.add_argument("--quick", action="store_true", help="few of each: the figures say nothing")
    parser.add_argument("--only", action="append", default=[], choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--gateway", action="append", default=[], metavar="WORD", help="of gateways, those so named")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    alone = []
    for name, measure in MEASURES.items():
        if not chosen.only or name in chosen.only:
            print(f"### {measure.title}\n", flush=True)
            began = time.perf_counter()
            with redirect_stdout(Aloud()) as told:
                measure.main(quick=chosen.quick)
            print(f"{time.perf_counter() - began:.0f} s\n", flush=True)
            figures = told.getvalue().strip("\n")
            alone.append(f"### {measure.title}\n\n```text\n{figures}\n```\n")
    rows = [name for name in chosen.only if name not in MEASURES]
    if rows or not chosen.only:
        comparison.compare(rows, chosen.gateway, quick=chosen.quick, before=alone)


if __name__ == "__main__":
    main()

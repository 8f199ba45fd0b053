"""Everything that is measured, table after table, on a quiet machine: ``make bench``; a quarter of an hour.

``--quick`` takes few of each, to see that it runs; its figures say nothing. ``--only NAME`` takes one: ``gate``,
``verifier``, ``guidance``, ``warm`` or a table of the comparison; whole, that is kept in ``bench/RESULTS.md``.
"""

import argparse
import logging
import time
from collections.abc import Callable, Mapping

from bench import comparison, gate, guidance, verifier, warm

MEASURES: Mapping[str, Callable[..., object]] = {
    "gate": gate.main,
    "verifier": verifier.main,
    "guidance": guidance.main,
    "warm": warm.main,
}


def main() -> None:
    """Measure what is chosen, or everything."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").splitlines()[0])
    names = (*MEASURES, *comparison.TABLES)
    parser.add_argument("--quick", action="store_true", help="few of each: the figures say nothing")
    parser.add_argument("--only", action="append", default=[], choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--gateway", action="append", default=[], metavar="WORD", help="of gateways, those so named")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    for name, measure in MEASURES.items():
        if not chosen.only or name in chosen.only:
            print(name, flush=True)
            began = time.perf_counter()
            measure(quick=chosen.quick)
            print(f"{time.perf_counter() - began:.0f} s\n", flush=True)
    rows = [name for name in chosen.only if name not in MEASURES]
    if rows or not chosen.only:
        comparison.compare(rows, chosen.gateway, quick=chosen.quick)


if __name__ == "__main__":
    main()

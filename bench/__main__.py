"""Everything that is measured on a quiet machine, one table after the other: ``make bench``.

``--quick`` takes few of each, to see that it runs; its figures say nothing.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping

from bench import gate, guidance, warm

MEASURES: Mapping[str, Callable[..., object]] = {
    "the release gate": gate.main,
    "follow-up of many students": guidance.main,
    "a warm read": warm.main,
}


def main() -> None:
    """Measure everything."""
    logging.disable(logging.CRITICAL)
    for what, measure in MEASURES.items():
        print(what, flush=True)
        began = time.perf_counter()
        measure(quick="--quick" in sys.argv[1:])
        print(f"{time.perf_counter() - began:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()

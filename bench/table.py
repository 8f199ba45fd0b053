"""The figures as Markdown, as they are printed and as they are kept in ``bench/RESULTS.md``."""

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.rows import Figures
from bench.targets import Target

RESULTS = Path(__file__).parent / "RESULTS.md"
FLOOR = "floor: fetch"
HEADS = (
    *("gateway", "answers/s", "of the fetch floor", "CPU ms", "answers/s per core", "p50 ms", "p99 ms", "RSS MiB"),
    *("source calls", "wrong"),
)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are figures."""
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def timed(figures: dict[str, Figures]) -> str:
    """The table of one row."""
    floor = figures.get(FLOOR)
    return table(HEADS, (_line(name, each, floor) for name, each in figures.items()))


def _line(name: str, figures: Figures, floor: Figures | None) -> Sequence[str]:
    if not figures.samples:
        return (name, figures.failed or "-", *[""] * (len(HEADS) - 2))
    cost = figures.of(lambda each: each.cost)
    return (
        name,
        f"{figures.of(lambda each: each.rate):,.0f}",
        f"{figures.beside(floor):.2f}" if floor is not None and floor.samples else "",
        f"{cost:.2f}",
        f"{1000 / cost:,.0f}" if cost else "",
        f"{figures.of(lambda each: each.quantile(0.5)):.1f}",
        f"{figures.of(lambda each: each.quantile(0.99)):.1f}",
        f"{figures.megabytes:.0f}",
        f"{figures.of(lambda each: each.calls / len(each.seconds)):.1f}",
        str(figures.wrong),
    )


def machine() -> str:
    """What it was measured on, and with what: a class of machine, no name."""
    model = next((each.partition(":")[2].strip() for each in _lines("/proc/cpuinfo") if "model name" in each), "?")
    memory = next((int(each.split()[1]) for each in _lines("/proc/meminfo") if each.startswith("MemTotal")), 0)
    packages = ("strawberry-graphql", "graphql-core", "msgspec", "orjson", "uvicorn", "uvloop")
    return "\n".join(
        (
            f"- {datetime.now(UTC):%Y-%m-%d}, commit {_said('git', 'rev-parse', '--short=12', 'HEAD')}",
            f"- {os.cpu_count()} cores of {model}, {memory / 2**20:.0f} GiB; {platform.system()}",
            f"- Python {platform.python_version()}, " + ", ".join(f"{each} {version(each)}" for each in packages),
            f"- Node {_said('node', '--version')}",
        )
    )


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=RESULTS.parent).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not on this machine"


def document(targets: Sequence[Target], tables: Sequence[str], binary: str, before: Sequence[str] = ()) -> str:
    """Everything as it is kept, with what was measured and how; ``binary`` is which program one peer is.

    ``before`` are the measures of this gateway alone.
    """
    what = "\n".join(f"- **{each.name}**: {each.what}" for each in targets)
    return f"""# Beside other gateways

Written by `make bench`: everything in one run on one machine, turns interleaved. Compare figures within a table, never
with another run's.

{machine()}{f", {binary}" if binary else ""}

Each question asks for plans of two providers, from two sources that hold them ready as bytes; another student in each
request, nothing shared between callers. Every gateway's answers were compared with the right ones before it was timed,
and each answer while it was. The load and the sources have one core, the gateway the other. Figures are medians of
turns; the ratio is the median of the ratios within a turn. CPU is the processor time of the gateway's processes for an
answer, calls are all that the sources had, tickets, persons and rights included. The peers know no callers, decide
nothing and record nothing; ours does all of it in every row that does not say otherwise.

{"".join(f"{each}{chr(10)}" for each in tables)}
## The gateways

{what}

## This gateway alone

{"".join(f"{each}{chr(10)}" for each in before)}"""

"""What became of changing the deciding code: fails on a change that no test notices and that is not listed.

``python -m tests.mutants FOLDER [MUTMUT]`` reads the results of a run of mutmut in a folder; ``make mutate`` runs both.
A survivor is listed in ``hoks/access/mutants.toml`` with what the change is, so that a number that moved is noticed,
and with the reason why no test can notice it.
"""

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

LISTED = Path(__file__).parent / "hoks/access/mutants.toml"


class Survivor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change that no test can notice."""

    mutant: str
    becomes: str
    reason: str


def listed() -> tuple[Survivor, ...]:
    """The survivors that are known, with reasons."""
    return msgspec.convert(tomllib.loads(LISTED.read_text(encoding="utf-8"))["survivor"], tuple[Survivor, ...])


def unnoticed(results: str) -> dict[str, str]:
    """The mutants that a run did not kill and how each came out, from what ``mutmut results`` prints."""
    lines = (line.strip().rpartition(": ") for line in results.splitlines())
    return {name: outcome for name, _, outcome in lines if "__mutmut_" in name and outcome not in ("killed", "timeout")}


def complaints(found: Mapping[str, str], changes: Mapping[str, str], known: Iterable[Survivor]) -> list[str]:
    """What a run found that is not as it is listed."""
    by_name = {each.mutant: each for each in known}
    new = [f"{name}: {found[name]}, and not listed: {changes[name]}" for name in sorted(found.keys() - by_name.keys())]
    gone = [f"{name}: listed, and noticed by a test after all" for name in sorted(by_name.keys() - found.keys())]
    moved = [
        f"{name}: listed as `{by_name[name].becomes}`, and is now `{changes[name]}`"
        for name in sorted(found.keys() & by_name.keys())
        if changes[name] != by_name[name].becomes
    ]
    return new + gone + moved


def change_in(shown: str) -> str:
    """The lines that a mutant puts in, from the difference that ``mutmut show`` prints."""
    lines = (line[1:].strip() for line in shown.splitlines() if line.startswith("+") and not line.startswith("+++"))
    return " ".join(lines)


def main(folder: str, mutmut: str = "mutmut") -> int:
    """Compare a run with the list."""

    def said(*arguments: str) -> str:
        return subprocess.run([mutmut, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

    every = [line for line in said("results", "--all", "true").splitlines() if "__mutmut_" in line]
    found = unnoticed("\n".join(every))
    wrong = complaints(found, {name: change_in(said("show", name)) for name in found}, listed())
    print(f"{len(every)} changes, {len(found)} not noticed, {len(listed())} of them listed with a reason")
    print("\n".join(wrong))
    return 1 if wrong or not every else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

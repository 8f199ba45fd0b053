"""A network that parts in earnest: whoever asks is told in time what is missing, and it is whole again when it is.

It needs root, or namespaces of a user's own, and the commands of iproute2 and nftables; as root on Debian they are
fetched. Where it cannot be tried that is said first, and with ``HOKS_PARTITIONS_REQUIRED=1`` it is a failure.
"""

import os
import subprocess
import sys

import msgspec
import pytest

from tests.conformance.partitions import ROOT, SCENES, SECONDS, Seen, alone, obstacle

pytestmark = pytest.mark.suite("partitions of a real network")

LIMIT_SECONDS = SECONDS + 0.05
REQUIRED = os.environ.get("HOKS_PARTITIONS_REQUIRED") == "1"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Seen]]:
    """What was seen in each scene."""
    if why := obstacle():
        pytest.fail(why) if REQUIRED else pytest.skip(why)
    folder = tmp_path_factory.mktemp("partitions")
    with (folder / "log").open("w") as log:
        program = [*alone(), sys.executable, "-m", "tests.conformance.partitions", str(folder)]
        ended = subprocess.run(
            program,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=log,
            check=False,
        )
    assert ended.returncode == 0, (folder / "log").read_text()[-3_000:]
    return msgspec.json.decode(ended.stdout, type=dict[str, list[Seen]])


def test_every_answer_comes_in_time_and_says_what_is_missing(seen: dict[str, list[Seen]]) -> None:
    assert list(seen) == [scene.__name__ for scene in SCENES]
    late = {name: each.seconds for name, found in seen.items() for each in found if each.seconds > LIMIT_SECONDS}
    assert late == {}
    assert {each.status for found in seen.values() for each in found} == {200}
    # What has no part in it is as ever.
    others = [each.outcomes["c-roster"] for found in seen.values() for each in found]
    assert others == ["OK"] * len(others)


def test_before_each_fault_a_connection_is_kept_and_after_it_everything_is_whole(seen: dict[str, list[Seen]]) -> None:
    for name, found in seen.items():
        before, met, after = found[0], found[1], found[-1]
        assert before.gaps == after.gaps == {}, name
        assert after.stale == before.stale == {"a-ehoks": False, "c-table": False}, name
        assert met.held >= 1, name


@pytest.mark.parametrize("name", ["cut_while_kept", "near_unplugged", "far_unplugged"])
def test_a_source_that_is_cut_off_is_unavailable_on_a_kept_connection_and_on_a_new_one(
    seen: dict[str, list[Seen]], name: str
) -> None:
    _, kept, new, _ = seen[name]
    assert [each.gaps for each in (kept, new)] == [{"a-koski": "UNAVAILABLE"}] * 2
    assert (new.held, "a-ehoks" in new.stale) == (0, False)


def test_an_earlier_answer_is_shown_as_old_while_its_source_is_cut_off(seen: dict[str, list[Seen]]) -> None:
    _, old, _ = seen["cut_with_an_answer_kept"]
    assert (old.gaps, old.stale) == ({"a-ehoks": "STALE"}, {"a-ehoks": True, "c-table": False})


def test_a_source_that_was_restarted_behind_the_partition_is_asked_anew_and_nobody_notices(
    seen: dict[str, list[Seen]],
) -> None:
    _, first = seen["rebooted"]
    assert (first.gaps, first.held) == ({}, 1)

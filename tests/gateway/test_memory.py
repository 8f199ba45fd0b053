"""Large blocks go back to the system, although small ones that stay were made between them."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")

PROGRAM = """
import sys
from pathlib import Path
from gateway.memory import give_back_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "told" and not give_back_large_blocks():
    sys.exit(3)
before, kept = resident(), []
for number in range(40):
    large = [bytearray(5_000_000) for _ in range(3)]
    for each in large:
        each[::4096] = b"x" * len(each[::4096])
    kept.append(bytes(2_000))
    del large, each
print(resident() - before)
"""


def left_over(how: str) -> int:
    """Bytes that a process still has after it let go of large blocks."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip("this C library cannot be told")
    return int(done.stdout)


def test_large_blocks_are_given_back() -> None:
    assert left_over("told") < 1_000_000


def test_left_to_itself_the_c_library_keeps_them() -> None:
    left_over("told")
    assert left_over("untold") > 3_000_000, "glibc has changed: gateway.memory is no longer needed"

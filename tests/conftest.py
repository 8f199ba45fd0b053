"""Says which tests are not collected, and why; and, of a full run of the proofs, what was proven in how many cases."""

import asyncio
import gc
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import HealthCheck, settings

from tests import samples, strace
from tests.patience import as_in_service, be_patient
from tests.postgres import PostgresServer, running_server
from tests.schedule import PatientLoop

__all__ = ["as_in_service"]

NEEDED = {
    "samples: not found, their tests are not collected (HOKS_SAMPLES names the folder)": (
        samples.are_there() or samples.REQUIRED,
        ["connectors/test_samples.py", "connectors/test_samples_of_names.py"],
    ),
    "strace: not installed, the tests of the order of writing and answering are not collected": (
        strace.is_there() or strace.REQUIRED,
        ["gateway/records/test_order.py"],
    ),
}
"""What a machine may lack, said in one line of the header, and the tests that need it."""
LEFT_OUT = {line: files for line, (is_there, files) in NEEDED.items() if not is_there}
# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
be_patient()
collect_ignore = [file for files in LEFT_OUT.values() for file in files]


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """What is logged, and where to, after each test as before it: a command sets both for its whole process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this run. A test that stops it starts it again."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database of the test's own."""
    with postgres.database() as name:
        yield name


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "proves(what): the property a test tries; record_property('cases', n) where it tries more than one"
    )


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test that waits does so on a loop that no busy machine makes late."""
    return {"patient": PatientLoop}


def pytest_collection_finish() -> None:
    """Never look for garbage in all that was collected: that takes half a second, at some moment of some test."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> list[str]:
    """One line in the header for each thing that is missing."""
    return list(LEFT_OUT)


def pytest_itemcollected(item: pytest.Item) -> None:
    if mark := item.get_closest_marker("proves"):
        item.user_properties.append(("proves", mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per property with the cases tried, and how many tests of it failed."""
    if os.environ.get("HOKS_PROVE") != "1":
        return
    tried: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            said = dict(report.user_properties)
            if "proves" in said:
                tried[said["proves"]] += int(said.get("cases", 1))
                failed[said["proves"]] += outcome != "passed"
    terminalreporter.section("proven")
    for what, cases in tried.items():
        terminalreporter.line(f"{cases:>8,}  {what}" + (f"  ({failed[what]} FAILED)" if failed[what] else ""))

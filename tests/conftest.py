"""Says which tests are not collected, and why: those of the samples, where the samples are not."""

from tests.samples import REQUIRED, are_there

LEFT_OUT = not are_there() and not REQUIRED
collect_ignore = ["connectors/test_samples.py"] if LEFT_OUT else []


def pytest_report_header() -> list[str]:
    """One line in the header where the samples are missing."""
    return ["samples: not found, their tests are not collected (HOKS_SAMPLES names the folder)"] if LEFT_OUT else []

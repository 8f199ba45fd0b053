"""Where the public sample answers of the national services are: read in place, never copied here."""

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = Path(os.environ.get("HOKS_SAMPLES", ROOT / ".." / "shared" / "data"))
REQUIRED = os.environ.get("HOKS_SAMPLES_REQUIRED") == "1"


def are_there() -> bool:
    """Whether the samples can be read."""
    return (SAMPLES / "ehoks").is_dir()


def sample(name: str) -> Any:
    """A sample document by its path under the folder."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))
